// SPDX-License-Identifier: MIT
/*
 * Row 10: many clients of one domain at once, each doing short rounds of ops of all kinds and
 * reading every answer: as threads of the process with the engine, and as processes of
 * their own, whose engine is in another one. And throughput against how many there are.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wn_embed.h>

#include "../support/domain.h"
#include "../support/hosted.h"
#include "../support/pair.h"
#include "../support/worker.h"
#include "rows.h"

#define WORKERS	100u

static double used;

static void make(const char *domain)
{
	struct wn_bounds bounds = domain_bounds();

	bounds.clients = 128;
	domain_make(domain, &bounds);
}

/* --------------------------------------------------------------- threads */

struct member {
	struct worker worker;
	pthread_t thread;
	uint64_t begun, ended;
	unsigned int rounds;
};

static struct member members[WORKERS];
static pthread_barrier_t start;

static void *work(void *arg)
{
	struct member *m = arg;

	pthread_barrier_wait(&start);
	m->begun = wall_ns();
	worker_rounds(&m->worker, m->rounds);
	m->ended = wall_ns();
	return NULL;
}

static void threads(struct bench_sample *s, unsigned int n, unsigned int rounds)
{
	struct wn_domain_info info = { .size = sizeof(info) };
	uint64_t from = ~0ULL, to = 0;

	unpin();
	make("embed:crowd");
	pthread_barrier_init(&start, NULL, n);
	for (unsigned int i = 0; i < n; i++) {
		worker_open(&members[i].worker, "embed:crowd", i);
		members[i].rounds = rounds;
		if (pthread_create(&members[i].thread, NULL, work, &members[i]))
			bench_die("no thread");
	}
	good(wn_domain_info("embed:crowd", &info), "wn_domain_info");
	used = (double)(info.bytes + info.client_bytes);
	for (unsigned int i = 0; i < n; i++) {
		pthread_join(members[i].thread, NULL);
		/* Their own clocks: who makes them may not have run when they began. */
		from = members[i].begun < from ? members[i].begun : from;
		to = members[i].ended > to ? members[i].ended : to;
		s->ops += members[i].worker.good;
		s->lost += members[i].worker.bad;
		worker_close(&members[i].worker);
	}
	pthread_barrier_destroy(&start);
	domain_drop("embed:crowd");
	pin_to(0);
	s->value = (double)s->ops / (double)(to - from) * 1e9;
}

static void hundred(struct bench_sample *s, const void *arg)
{
	threads(s, WORKERS, (unsigned int)bench_scale(1000));
}

/* ------------------------------------------------------------- processes */

struct tally {
	uint32_t ready, go;
	struct {
		_Alignas(64) uint64_t good, bad, end;
	} each[WORKERS];
};

static void process(struct tally *t, const char *domain, unsigned int number, unsigned int rounds)
{
	struct worker w;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A child makes its own. */
	good(wn_embed_init(0), "wn_embed_init");
	worker_open(&w, domain, number);
	__atomic_add_fetch(&t->ready, 1, __ATOMIC_ACQ_REL);
	while (!__atomic_load_n(&t->go, __ATOMIC_ACQUIRE))
		usleep(1000);
	worker_rounds(&w, rounds);
	t->each[number].end = wall_ns();
	t->each[number].good = w.good;
	t->each[number].bad = w.bad;
	worker_close(&w);
	_exit(0);
}

static void processes(struct bench_sample *s, unsigned int n, unsigned int rounds)
{
	struct tally *t = shared_memory(sizeof(*t));
	uint64_t from, end = 0;
	char domain[96];
	int status;

	unpin();
	make(hosted_path(domain, sizeof(domain), "crowd"));
	fflush(NULL);
	for (unsigned int i = 0; i < n; i++) {
		const pid_t pid = fork();

		if (pid < 0)
			bench_die("no process");
		if (!pid)
			process(t, domain, i, rounds);
	}
	while (__atomic_load_n(&t->ready, __ATOMIC_ACQUIRE) < n)
		usleep(1000);
	from = wall_ns();
	__atomic_store_n(&t->go, 1, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < n; i++)
		if (wait(&status) < 0 || status)
			bench_die("a worker's process failed");
	for (unsigned int i = 0; i < n; i++) {
		s->ops += t->each[i].good;
		s->lost += t->each[i].bad;
		end = t->each[i].end > end ? t->each[i].end : end;
	}
	domain_drop(domain);
	unmapped(t, sizeof(*t));
	pin_to(0);
	s->value = (double)s->ops / (double)(end - from) * 1e9;
}

static void hundred_processes(struct bench_sample *s, const void *arg)
{
	processes(s, WORKERS, (unsigned int)bench_scale(200));
}

static void run_crowd(const void *arg)
{
	const struct bench_compare apart = {
		.id = "worker-processes", .what = "100 processes on one domain, all ops together",
		.unit = "ops/s", .engine = "hosted in another process", .where = "not pinned", .more = true,
		.sides = { { .name = "Worknode", .run = hundred_processes } },
		.checks = { { .what = "ops a second", .figure = 10000 } },
	};
	const struct bench_compare together = {
		.id = "workers", .what = "100 threads on one domain, all ops together", .unit = "ops/s",
		.engine = "embedded, inline", .where = "not pinned", .more = true,
		.sides = { { .name = "Worknode", .run = hundred } },
		.checks = { { .what = "ops a second", .figure = 10000 } },
	};

	hosted_begin();
	bench_compare(&apart);
	hosted_end();
	bench_compare(&together);
	bench_fact(&(struct bench_fact){
		.id = "memory", .what = "the domain and its 100 clients", .unit = "bytes", .value = used,
		.check = { .what = "shared memory", .figure = 16.8e6 } });
	bench_note("Every op must succeed: one that does not is counted as lost, and fails the run. "
		   "make bench adds 100 processes with the engine in a kernel.");
}

const struct bench_row row_crowd = {
	.name = "10", .system = "INOS",
	.claim = "100 workers, > 10k ops/s, > 95 % success, 16 MB shared", .run = run_crowd, .seconds = 20,
};

/* ------------------------------------------- throughput against clients */

/* The same ops in all, however many do them. */
static unsigned int share(double ops, unsigned int n)
{
	const unsigned int rounds = (unsigned int)(bench_scale(ops) / WORKER_ROUND / n);

	return rounds ? rounds : 1;
}

static void some_threads(struct bench_sample *s, const void *arg)
{
	const struct bench_point *p = arg;

	threads(s, (unsigned int)p->x, share(800000, (unsigned int)p->x));
}

static void some_processes(struct bench_sample *s, const void *arg)
{
	const struct bench_point *p = arg;

	processes(s, (unsigned int)p->x, share(64000, (unsigned int)p->x));
}

static void run_throughput(const void *arg)
{
	static const double at[] = { 1, 2, 4, 10, 25, 50, 100 };

	bench_curve(&(struct bench_curve){
		.id = "clients-threads", .what = "threads, a client each, 16 ops a round", .x = "clients",
		.unit = "ops/s", .engine = "embedded, inline", .where = "not pinned", .points = 7, .at = at,
		.run = some_threads, .more = true, .slack = .15 });
	hosted_begin();
	bench_curve(&(struct bench_curve){
		.id = "clients-processes", .what = "processes, a client each, 16 ops a round", .x = "clients",
		.unit = "ops/s", .engine = "hosted in another process", .where = "not pinned", .points = 7,
		.at = at, .run = some_processes, .more = true, .slack = .15 });
	hosted_end();
}

const struct bench_row row_curve_throughput = {
	.name = "curve-throughput", .claim = "clients at once do not get in each other's way, 1 to 100",
	.run = run_throughput, .seconds = 40,
};
