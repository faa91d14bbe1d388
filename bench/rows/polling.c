// SPDX-License-Identifier: MIT
/*
 * The engine in a thread on the other CPU: ops are stores, nobody enters. Against io_uring's
 * thread, which does the same for NOPs, and of an event against a cache line that goes there
 * and back.
 */
#include "../peers/peers.h"
#include "../support/domain.h"
#include "../support/pair.h"
#include "rows.h"

#define PATH	"embed:polling"
#define RING	256u

static struct wn wn;
static __u64 node;

/* The thread is there, awake, and takes what comes. */
static void begin(void)
{
	const struct wn_params params = { .sq_entries = RING, .inbox_entries = { 64, 1, 1, 1 } };

	pin_to(0);
	domain_make(PATH, NULL);
	client_open(&wn, PATH, &params);
	node = good(wn_create(&wn, 0, "node"), "wn_create");
	good(wn_bind(&wn, node, WN_POLICY_FAIL), "wn_bind");
	good(wn_poller_start(&wn, 1000000, 1), "wn_poller_start");
	while (__atomic_load_n(&wn.kern->flags, __ATOMIC_ACQUIRE) & WN_KR_F_NEED_WAKEUP)
		bench_relax();
}

static void finish(void)
{
	wn_close(&wn);
	domain_drop(PATH);
}

/* What has come: each in its turn, each good. */
static unsigned int reap(struct bench_sample *s, unsigned int *seen)
{
	const struct wn_cqe *cqe;
	unsigned int n = 0;
	__u32 pos;

	wn_for_each_cqe(&wn, pos, cqe) {
		if (WN_RES_IS_ERROR(cqe->res))
			s->lost++;
		if (cqe->user_data != (*seen)++)
			s->reordered++;
		n++;
	}
	wn_cq_advance(&wn, n);
	return n;
}

static void nops(struct bench_sample *s, const void *arg)
{
	const unsigned int batch = *(const unsigned int *)arg, ops = (unsigned int)bench_scale(400000);
	unsigned int n, i, left, got, seen = 0;
	uint64_t start;

	begin();
	start = wall_ns();
	for (n = 0; n < ops; n += batch) {
		for (i = 0; i < batch; i++)
			wn_prep_nop(wn_get_sqe(&wn), n + i);
		good(wn_submit(&wn), "wn_submit");
		for (left = batch; left; left -= got) {
			got = reap(s, &seen);
			if (!got)
				bench_relax();
		}
	}
	s->ops = n;
	s->value = (double)(wall_ns() - start) / n;
	finish();
}

/* 64 at a time, as many on their way as the ring holds. */
static void updates(struct bench_sample *s, const void *arg)
{
	const unsigned int ops = (unsigned int)bench_scale(2000000);
	unsigned int sent = 0, seen = 0, i;
	struct wn_sqe *sqe;
	uint64_t start;

	begin();
	start = wall_ns();
	while (seen < ops) {
		/* Completions are seen before their slots are free: it may be full for a moment. */
		for (i = 0; i < 64 && sent < ops && (sqe = wn_get_sqe(&wn)); i++, sent++)
			wn_prep_set_word(sqe, node, 1, sent, sent);
		if (i)
			good(wn_submit(&wn), "wn_submit");
		reap(s, &seen);
	}
	s->ops = seen;
	s->value = seen * 1e9 / (double)(wall_ns() - start);
	finish();
}

static void events(struct bench_sample *s, const void *arg)
{
	const unsigned int rounds = (unsigned int)bench_scale(50000);
	const struct wn_event *event;
	unsigned int i, seen = 0;
	uint64_t start, at;

	begin();
	start = wall_ns();
	for (i = 0; i < rounds; i++) {
		at = wall_ns();
		wn_prep_emit_word(wn_get_sqe(&wn), node, 0, 1, i, i);
		good(wn_submit(&wn), "wn_submit");
		while (!(event = wn_peek_event(&wn)))
			bench_relax();
		s->reordered += event->data[0] != (i & 0xff);
		wn_event_seen(&wn);
		if (s->hist)
			hist_add(s->hist, wall_ns() - at);
		while (!reap(s, &seen))
			bench_relax();
	}
	s->ops = rounds;
	s->value = (double)(wall_ns() - start) / rounds;
	finish();
}

struct line {
	uint64_t ball __attribute__((aligned(64)));
	uint64_t n;
	struct hist *hist;
};

static void serve(void *arg)
{
	struct line *l = arg;
	uint64_t i, at;

	for (i = 0; i < l->n; i++) {
		at = wall_ns();
		__atomic_store_n(&l->ball, 2 * i + 1, __ATOMIC_RELEASE);
		while (__atomic_load_n(&l->ball, __ATOMIC_ACQUIRE) != 2 * i + 2)
			bench_relax();
		if (l->hist)
			hist_add(l->hist, wall_ns() - at);
	}
}

static void send_back(void *arg)
{
	struct line *l = arg;
	uint64_t i;

	for (i = 0; i < l->n; i++) {
		while (__atomic_load_n(&l->ball, __ATOMIC_ACQUIRE) != 2 * i + 1)
			bench_relax();
		__atomic_store_n(&l->ball, 2 * i + 2, __ATOMIC_RELEASE);
	}
}

static void cache_line(struct bench_sample *s, const void *arg)
{
	struct line l = { .n = (uint64_t)bench_scale(50000), .hist = s->hist };
	const struct pair p = { serve, send_back, &l, 1 };

	s->value = pair_threads(&p) / (double)l.n;
	s->ops = l.n;
}

#ifdef HAVE_URING
#define PEER_SQPOLL	{ .name = "io_uring NOP, SQPOLL", .run = uring_sqpoll, .arg = b }
#else
#define PEER_SQPOLL	{ .name = "io_uring NOP, SQPOLL", .missing = "liburing-dev" }
#endif

static void measure(const void *arg)
{
	static const unsigned int batches[] = { 1, 16, 256 };
	static const double times[] = { 2.5, 4, 4 };
	static const char *const ids[] = { "polling-1", "polling-16", "polling-256" };
	static const char *const what[] = { "a NOP, one at a time", "a NOP, 16 at a time",
					    "a NOP, 256 at a time" };

	for (unsigned int i = 0; i < 3; i++) {
		const unsigned int *b = &batches[i];
		const struct bench_compare c = {
			.id = ids[i], .what = what[i], .unit = "ns", .engine = "embedded, polling",
			.where = "CPU 0 and 1",
			.sides = { { .name = "submitted, done, read", .run = nops, .arg = b },
				   PEER_SQPOLL },
			.checks = { { .what = "times as fast as io_uring with SQPOLL", .against = 1,
				      .figure = times[i] } },
		};

		bench_compare(&c);
	}
	bench_compare(&(struct bench_compare){
		.id = "polling-updates", .what = "NODE_SET a second, 64 a submission",
		.unit = "ops/s", .engine = "embedded, polling", .where = "CPU 0 and 1",
		.more = true,
		.sides = { { .name = "NODE_SET", .run = updates } },
		.checks = { { .what = "updates a second", .figure = 20e6 } },
	});
	bench_compare(&(struct bench_compare){
		.id = "polling-event", .what = "an event to the sender's own inbox",
		.unit = "ns", .engine = "embedded, polling", .where = "CPU 0 and 1",
		.sides = { { .name = "emitted, read", .run = events, .hist = true },
			   { .name = "a cache line there and back", .run = cache_line, .hist = true } },
		.checks = { { .what = "times as fast as a bare cache line", .stat = BENCH_P50,
			      .against = 1, .figure = 0.4 } },
	});
}

const struct bench_row row_polling = {
	.name = "polling", .system = "Worknode",
	.claim = "its own aims for the engine in a thread on the other CPU: a NOP 4x as fast as io_uring "
		 "with SQPOLL, 20M updates/s, an event there and back within 2.5 cache lines' time",
	.run = measure, .seconds = 20,
};
