// SPDX-License-Identifier: MIT
/*
 * Row 24: domains side by side, one to a CPU, against one, and against two clients of one;
 * throughput of 1 to 8 domains on one CPU and on two.
 */
#include <pthread.h>
#include <stdio.h>

#include "../support/domain.h"
#include "../support/pair.h"
#include "../support/worker.h"
#include "rows.h"

#define DOMAINS	8u

static struct worker workers[2];

static unsigned int rounds(void)
{
	return (unsigned int)bench_scale(15000);
}

static void here(void *arg)
{
	worker_rounds(&workers[0], rounds());
}

static void there(void *arg)
{
	worker_rounds(&workers[1], rounds());
}

static void nothing(void *arg)
{
}

struct layout {
	unsigned int clients;
	bool apart;		/* a domain each */
};

static void side_by_side(struct bench_sample *s, const void *arg)
{
	const struct layout *l = arg;
	const struct pair p = { here, l->clients > 1 ? there : nothing, NULL, 1 };
	double ns;

	domain_make("embed:one", NULL);
	domain_make("embed:two", NULL);
	worker_open(&workers[0], "embed:one", 0);
	worker_open(&workers[1], l->apart ? "embed:two" : "embed:one", 1);
	ns = pair_threads(&p);
	for (unsigned int i = 0; i < 2; i++) {
		s->ops += workers[i].good;
		s->lost += workers[i].bad;
		worker_close(&workers[i]);
	}
	domain_drop("embed:one");
	domain_drop("embed:two");
	s->value = (double)s->ops / ns * 1e9;
}

/* ------------------------------------------------- domains on so many CPUs */

static struct member {
	struct worker worker;
	pthread_t thread;
	uint64_t begun, ended;
	int cpu;
	unsigned int rounds;
} members[DOMAINS];
static pthread_barrier_t start;

static void *work(void *arg)
{
	struct member *m = arg;

	pin_to(m->cpu);
	pthread_barrier_wait(&start);
	m->begun = wall_ns();
	worker_rounds(&m->worker, m->rounds);
	m->ended = wall_ns();
	return NULL;
}

/* A thread for each domain, in turn on the CPUs; the same ops in all. */
static void spread(struct bench_sample *s, const void *arg)
{
	const struct bench_point *p = arg;
	const unsigned int cpus = *(const unsigned int *)p->arg, n = (unsigned int)p->x;
	char domain[32];
	uint64_t from = ~0ULL, to = 0;

	pthread_barrier_init(&start, NULL, n);
	for (unsigned int i = 0; i < n; i++) {
		snprintf(domain, sizeof(domain), "embed:spread-%u", i);
		domain_make(domain, NULL);
		worker_open(&members[i].worker, domain, 0);
		members[i].cpu = (int)(i % cpus);
		members[i].rounds = rounds() * 2 / n;
		if (pthread_create(&members[i].thread, NULL, work, &members[i]))
			bench_die("no thread");
	}
	for (unsigned int i = 0; i < n; i++)
		pthread_join(members[i].thread, NULL);
	for (unsigned int i = 0; i < n; i++) {
		/* Their own clocks: who makes them may not have run when they began. */
		from = members[i].begun < from ? members[i].begun : from;
		to = members[i].ended > to ? members[i].ended : to;
		s->ops += members[i].worker.good;
		s->lost += members[i].worker.bad;
		worker_close(&members[i].worker);
		snprintf(domain, sizeof(domain), "embed:spread-%u", i);
		domain_drop(domain);
	}
	pthread_barrier_destroy(&start);
	s->value = (double)s->ops / (double)(to - from) * 1e9;
}

static void curves(void)
{
	static const double at[] = { 1, 2, 4, 8 };
	static const unsigned int one = 1, two = 2;
	static const unsigned int *const cpus[] = { &one, &two };

	for (unsigned int i = 0; i < 2; i++)
		bench_curve(&(struct bench_curve){
			.id = i ? "domains-2-cpus" : "domains-1-cpu",
			.what = i ? "domains, a thread each, on two CPUs" : "domains, a thread each, on one CPU",
			.x = "domains", .unit = "ops/s", .engine = "embedded, inline",
			.where = i ? "CPU 0 and 1 in turn" : "CPU 0", .points = 4, .at = at, .run = spread,
			.arg = cpus[i], .more = true, .slack = .1 });
}

static void run_cores(const void *arg)
{
	static const struct layout two = { 2, true }, one = { 1, true }, shared = { 2, false };
	const struct bench_compare c = {
		.id = "domains", .what = "domains on a CPU each, all ops together", .unit = "ops/s",
		.engine = "embedded, inline", .where = "CPU 0 and 1", .more = true,
		.sides = {
			{ .name = "two domains, two CPUs", .run = side_by_side, .arg = &two },
			{ .name = "one domain, one CPU", .run = side_by_side, .arg = &one, .ours = true },
			{ .name = "two clients of one domain, two CPUs", .run = side_by_side, .arg = &shared, .ours = true },
		},
		.checks = { { .what = "times as much on two CPUs", .against = 1, .figure = 2, .bar = 1.8 } },
	};

	bench_compare(&c);
	curves();
	bench_note("A domain has one engine, so two clients of one domain are not faster together; "
		   "the unit that scales is the domain. This machine's CPUs are all that was tried.");
}

const struct bench_row row_cores = {
	.name = "24", .system = "INOS, VeridianOS", .claim = "scales linearly with cores",
	.run = run_cores, .seconds = 20,
};
