// SPDX-License-Identifier: MIT
/*
 * Rows 10 and 24: many at once. 100 workers, each a thread with a client of its own on one
 * domain, each doing short rounds of ops of all kinds and reading every answer; and
 * domains side by side, one to a CPU, against one.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/domain.h"
#include "../support/pair.h"
#include "rows.h"

#define WORKERS	100u
#define ROUND	16u

struct worker {
	pthread_t thread;
	struct wn wn;
	uint64_t board, good, bad;
	unsigned int rounds;
};

static struct worker workers[WORKERS];
static pthread_barrier_t start;

/* Each answer is looked at; an error is a failure of the row, not of the program. */
static void answers(struct worker *w, unsigned int n, __u64 *last)
{
	const struct wn_cqe *cqe;
	__u32 pos, seen = 0;

	good(wn_submit(&w->wn), "wn_submit");
	wn_for_each_cqe(&w->wn, pos, cqe) {
		if (WN_RES_IS_ERROR(cqe->res))
			w->bad++;
		else
			w->good++;
		*last = (__u64)cqe->res;
		seen++;
	}
	w->bad += n - seen;
	wn_cq_advance(&w->wn, seen);
}

static void one_round(struct worker *w, unsigned int r)
{
	__u64 made = 0;
	void *data;
	struct wn_sqe *sqe;
	unsigned int i;

	for (i = 0; i < ROUND - 2; i++)
		wn_prep_set_word(wn_get_sqe(&w->wn), w->board, i % 4, r + i, i);
	sqe = wn_get_sqe_wide(&w->wn, &data);
	wn_prep_create(sqe, data, w->board, "job", 1, r, 0, i);
	answers(w, ROUND - 1, &made);
	wn_prep_destroy(wn_get_sqe(&w->wn), made, 0, 0);
	answers(w, 1, &made);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	pthread_barrier_wait(&start);
	for (unsigned int r = 0; r < w->rounds; r++)
		one_round(w, r);
	return NULL;
}

static void open_worker(struct worker *w, const char *domain, unsigned int number)
{
	const struct wn_params params = { .sq_entries = 32, .cq_entries = 32 };
	char name[32];

	snprintf(name, sizeof(name), "worker-%u", number);
	client_open(&w->wn, domain, &params);
	w->board = good(wn_create(&w->wn, 0, name), name);
	w->good = 0;
	w->bad = 0;
}

static double used;

static void hundred(struct bench_sample *s, const void *arg)
{
	struct wn_domain_info info = { .size = sizeof(info) };
	struct wn_bounds bounds = domain_bounds();
	uint64_t from, ns;

	bounds.clients = 128;
	domain_make("embed:crowd", &bounds);
	pthread_barrier_init(&start, NULL, WORKERS + 1);
	for (unsigned int i = 0; i < WORKERS; i++) {
		open_worker(&workers[i], "embed:crowd", i);
		workers[i].rounds = (unsigned int)bench_scale(1000);
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			bench_die("no thread");
	}
	good(wn_domain_info("embed:crowd", &info), "wn_domain_info");
	used = (double)(info.bytes + info.client_bytes);
	from = wall_ns();
	pthread_barrier_wait(&start);
	for (unsigned int i = 0; i < WORKERS; i++)
		pthread_join(workers[i].thread, NULL);
	ns = wall_ns() - from;
	for (unsigned int i = 0; i < WORKERS; i++) {
		s->ops += workers[i].good;
		s->lost += workers[i].bad;
		wn_close(&workers[i].wn);
	}
	pthread_barrier_destroy(&start);
	domain_drop("embed:crowd");
	s->value = (double)s->ops / (double)ns * 1e9;
}

static void run_crowd(const void *arg)
{
	const struct bench_compare c = {
		.id = "workers", .what = "100 workers on one domain, all ops together", .unit = "ops/s",
		.engine = "embedded, inline; workers are threads", .where = "not pinned", .more = true,
		.sides = { { .name = "Worknode", .run = hundred } },
		.checks = { { .what = "ops a second", .figure = 10000 } },
	};

	bench_compare(&c);
	bench_fact(&(struct bench_fact){
		.id = "memory", .what = "the domain and its 100 clients", .unit = "bytes", .value = used,
		.check = { .what = "shared memory", .figure = 16.8e6 } });
	bench_note("Every op must succeed: one that does not is counted as lost, and fails the run.");
}

const struct bench_row row_crowd = {
	.name = "10", .system = "INOS",
	.claim = "100 workers, > 10k ops/s, > 95 % success, 16 MB shared", .run = run_crowd, .seconds = 15,
};

/* ------------------------------------------------------------- side by side */

static void here(void *arg)
{
	for (unsigned int r = 0; r < workers[0].rounds; r++)
		one_round(&workers[0], r);
}

static void there(void *arg)
{
	for (unsigned int r = 0; r < workers[1].rounds; r++)
		one_round(&workers[1], r);
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
	open_worker(&workers[0], "embed:one", 0);
	open_worker(&workers[1], l->apart ? "embed:two" : "embed:one", 1);
	workers[0].rounds = workers[1].rounds = (unsigned int)bench_scale(15000);
	ns = pair_threads(&p);
	for (unsigned int i = 0; i < 2; i++) {
		s->ops += workers[i].good;
		s->lost += workers[i].bad;
		wn_close(&workers[i].wn);
	}
	domain_drop("embed:one");
	domain_drop("embed:two");
	s->value = (double)s->ops / ns * 1e9;
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
	bench_note("A domain has one engine, so two clients of one domain are not faster together; "
		   "the unit that scales is the domain. This machine's CPUs are all that was tried.");
}

const struct bench_row row_cores = {
	.name = "24", .system = "INOS, VeridianOS", .claim = "scales linearly with cores",
	.run = run_cores, .seconds = 10,
};
