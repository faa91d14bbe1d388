// SPDX-License-Identifier: MIT
/*
 * Row 8: from a change to the watcher's notice. The changer stamps the time into a
 * node's word and submits; the watcher looks at the domain's epoch in mapped memory, or
 * sleeps until it is another one, or until an event comes. Against an eventfd that is written to. A change waits until
 * the one before was noticed, so that each is a signal of its own.
 */
#include <sys/eventfd.h>
#include <unistd.h>

#include "../support/domain.h"
#include "../support/pair.h"
#include "rows.h"

struct signal {
	struct wn changer, watcher;
	uint64_t node;
	unsigned int n;
	uint64_t noticed;	/* how many */
	uint64_t stamp;		/* of the eventfd's sender */
	int fd;
	struct hist *hist;
	uint64_t sum;
	uint64_t epoch;		/* before the first change */
};

static void begin(struct signal *g)
{
	domain_make("embed:signal", NULL);
	client_open(&g->changer, "embed:signal", NULL);
	client_open(&g->watcher, "embed:signal", NULL);
	g->node = good(wn_create(&g->changer, 0, "watched"), "wn_create");
	good(wn_bind(&g->watcher, g->node, WN_POLICY_FAIL), "wn_bind");
	g->epoch = wn_epoch(&g->watcher);
}

static void finish(struct signal *g)
{
	wn_close(&g->changer);
	wn_close(&g->watcher);
	domain_drop("embed:signal");
}

static void note(struct signal *g, uint64_t stamp)
{
	const uint64_t ns = wall_ns() - stamp;

	g->sum += ns;
	if (g->hist)
		hist_add(g->hist, ns);
	__atomic_store_n(&g->noticed, g->noticed + 1, __ATOMIC_RELEASE);
}

static void await_notice(struct signal *g, unsigned int i)
{
	while (__atomic_load_n(&g->noticed, __ATOMIC_ACQUIRE) != i + 1)
		bench_relax();
}

/* Polling: the epoch moves, then the word says when. */
static void poll_change(void *arg)
{
	struct signal *g = arg;

	for (unsigned int i = 0; i < g->n; i++) {
		wn_prep_set_word(wn_get_sqe(&g->changer), g->node, 0, wall_ns(), i);
		submit_and_check(&g->changer, 1);
		await_notice(g, i);
	}
}

static void poll_watch(void *arg)
{
	struct signal *g = arg;
	uint64_t last = wn_epoch(&g->watcher) & ~1ULL, now, seen = 0;
	struct wn_node_rec rec;

	for (unsigned int i = 0; i < g->n; i++) {
		do {
			/* Changes that were there before the first look count, too. */
			while (((now = wn_epoch(&g->watcher)) & ~1ULL) == last && i)
				bench_relax();
			last = now & ~1ULL;
			good(wn_node_read(&g->watcher, g->node, &rec), "wn_node_read");
		} while (rec.user[0] == seen);
		seen = rec.user[0];
		note(g, seen);
	}
}

/* Sleeping: until the epoch is not the one last seen; the word says when it was changed. */
static void epoch_change(void *arg)
{
	struct signal *g = arg;

	for (unsigned int i = 0; i < g->n; i++) {
		usleep(50);
		wn_prep_set_word(wn_get_sqe(&g->changer), g->node, 0, wall_ns(), i);
		submit_and_check(&g->changer, 1);
		await_notice(g, i);
	}
}

static void epoch_watch(void *arg)
{
	struct signal *g = arg;
	__u64 seen = g->epoch;
	uint64_t last = 0;
	struct wn_node_rec rec;

	for (unsigned int i = 0; i < g->n; i++) {
		do {
			good(wn_wait_epoch(&g->watcher, &seen, 0), "wn_wait_epoch");
			good(wn_node_read(&g->watcher, g->node, &rec), "wn_node_read");
		} while (rec.user[0] == last);
		last = rec.user[0];
		note(g, last);
	}
}

static void sleep_change(void *arg)
{
	struct signal *g = arg;

	for (unsigned int i = 0; i < g->n; i++) {
		usleep(50);
		wn_prep_emit_word(wn_get_sqe(&g->changer), g->node, 0, 1, wall_ns(), i);
		submit_and_check(&g->changer, 1);
		await_notice(g, i);
	}
}

static void sleep_watch(void *arg)
{
	struct signal *g = arg;
	const struct wn_event *event;
	uint64_t stamp;

	for (unsigned int i = 0; i < g->n; i++) {
		good(wn_wait_event(&g->watcher, &event, 0), "wn_wait_event");
		__builtin_memcpy(&stamp, event->data, sizeof(stamp));
		wn_event_seen(&g->watcher);
		note(g, stamp);
	}
}

static void eventfd_change(void *arg)
{
	struct signal *g = arg;
	const uint64_t one = 1;

	for (unsigned int i = 0; i < g->n; i++) {
		usleep(50);
		g->stamp = wall_ns();
		if (write(g->fd, &one, sizeof(one)) != sizeof(one))
			bench_die("eventfd");
		await_notice(g, i);
	}
}

static void eventfd_watch(void *arg)
{
	struct signal *g = arg;
	uint64_t count;

	for (unsigned int i = 0; i < g->n; i++) {
		if (read(g->fd, &count, sizeof(count)) != sizeof(count))
			bench_die("eventfd");
		note(g, g->stamp);
	}
}

struct how {
	void (*watch)(void *);
	void (*change)(void *);
	double n;
	bool rate;
};

static void measure(struct bench_sample *s, const void *arg)
{
	const struct how *how = arg;
	struct signal g = { .n = (unsigned int)bench_scale(how->n), .hist = s->hist };
	const struct pair p = { how->watch, how->change, &g, 1 };
	double ns;

	begin(&g);
	g.fd = eventfd(0, EFD_CLOEXEC);
	ns = pair_threads(&p);
	close(g.fd);
	finish(&g);
	s->ops = g.n;
	s->lost = g.n - g.noticed;
	s->value = how->rate ? g.n / ns * 1e9 : (double)g.sum / g.n;
}

static void run(const void *arg)
{
	static const struct how poll = { poll_watch, poll_change, 50000, false };
	static const struct how asleep_epoch = { epoch_watch, epoch_change, 4000, false };
	static const struct how sleeping = { sleep_watch, sleep_change, 4000, false };
	static const struct how fd = { eventfd_watch, eventfd_change, 4000, false };
	static const struct how rate = { poll_watch, poll_change, 50000, true };
	const struct bench_compare latency = {
		.id = "polling", .what = "a change to the notice of who polls the epoch; mean", .unit = "ns",
		.engine = "embedded, inline", .where = "CPU 1 to 0",
		.sides = {
			{ .name = "epoch", .run = measure, .arg = &poll, .hist = true },
		},
		.checks = {
			{ .what = "mean, ns", .figure = 10000 },
			{ .what = "99 of 100, ns", .stat = BENCH_P99, .figure = 100000 },
			{ .what = "worst, ns", .stat = BENCH_WORST, .figure = 100000 },
		},
	};
	const struct bench_compare asleep = {
		.id = "sleeping", .what = "a change to the notice of who sleeps; mean", .unit = "ns",
		.engine = "embedded, inline", .where = "CPU 1 to 0",
		.sides = {
			{ .name = "epoch, wn_wait_epoch", .run = measure, .arg = &asleep_epoch, .hist = true },
			{ .name = "event, wn_wait_event", .run = measure, .arg = &sleeping, .hist = true, .ours = true },
			{ .name = "eventfd", .run = measure, .arg = &fd, .hist = true },
		},
		.checks = {
			{ .what = "mean, ns", .figure = 10000 },
			{ .what = "worst, ns", .stat = BENCH_WORST, .figure = 100000 },
		},
	};
	const struct bench_compare many = {
		.id = "rate", .what = "changes a second, each noticed before the next", .unit = "/s",
		.engine = "embedded, inline", .where = "CPU 1 to 0", .more = true,
		.sides = { { .name = "epoch", .run = measure, .arg = &rate } },
		.checks = { { .what = "signals a second", .figure = 100000 } },
	};

	bench_compare(&latency);
	bench_compare(&asleep);
	bench_compare(&many);
	bench_note("The worst case is the scheduler's: a watcher that is not on its CPU notices nothing.");
}

const struct bench_row row_signal = {
	.name = "8", .system = "INOS",
	.claim = "epoch signal < 10 us mean, < 100 us max, > 100k signals/s", .run = run, .seconds = 15,
};
