// SPDX-License-Identifier: MIT
/*
 * Row 2: the next event handed to another node's handler, by the library's event loop,
 * against a switch to another thread. 64 actors, an event to each in a turn that no two
 * follow each other; what is timed is the loop alone, with the events in the inbox.
 */
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../support/domain.h"
#include "../support/pair.h"
#include "rows.h"

#define ACTORS	64u
#define EVENTS	1024u

static struct wn wn;
static struct wn_loop loop;
static struct wn_actor actors[ACTORS];
static uint64_t handled[ACTORS], wrong;

static int handle(struct wn_loop *l, struct wn_actor *actor, const struct wn_event *event)
{
	uint64_t *count = actor->arg, word;

	__builtin_memcpy(&word, event->data, sizeof(word));
	if (word != *count)
		wrong++;
	++*count;
	return 0;
}

static void prepare(void)
{
	struct wn_bounds bounds = domain_bounds();
	const struct wn_params params = {
		.sq_entries = 256, .inbox_entries = { EVENTS, 1, 1, 1 },
	};
	char name[16];

	bounds.inbox_entries = 4 * EVENTS;
	domain_make("embed:dispatch", &bounds);
	client_open(&wn, "embed:dispatch", &params);
	wn_loop_init(&loop, &wn);
	for (unsigned int i = 0; i < ACTORS; i++) {
		snprintf(name, sizeof(name), "actor-%u", i);
		actors[i].node = good(wn_create(&wn, 0, name), name);
		actors[i].handle = handle;
		actors[i].arg = &handled[i];
		good(wn_bind(&wn, actors[i].node, WN_POLICY_FAIL), "wn_bind");
		good(wn_loop_add(&loop, &actors[i]), "wn_loop_add");
		handled[i] = 0;
	}
}

static void ours(struct bench_sample *s, const void *arg)
{
	const unsigned int rounds = (unsigned int)bench_scale(400);
	static uint64_t sent[ACTORS];
	uint64_t spent = 0, start;

	__builtin_memcpy(sent, handled, sizeof(sent));
	wrong = 0;
	for (unsigned int r = 0; r < rounds; r++) {
		unsigned int left = EVENTS;

		for (unsigned int i = 0; i < EVENTS; i++) {
			/* 29 and 64 have no common factor: all of them, none twice in a row. */
			const unsigned int to = i * 29 % ACTORS;

			wn_prep_emit_word(wn_get_sqe(&wn), actors[to].node, 0, 1, sent[to]++, i);
			if (i % 128 == 127)
				submit_and_check(&wn, 128);
		}
		start = cpu_ns();
		while (left) {
			const int n = wn_loop_once(&loop, 1);

			if (n <= 0)
				break;
			left -= (unsigned int)n < left ? (unsigned int)n : left;
		}
		spent += cpu_ns() - start;
		s->lost += left;
	}
	s->ops = (uint64_t)rounds * EVENTS;
	s->reordered = wrong;
	s->value = (double)spent / (double)s->ops;
}

/* ------------------------------------------------------ thread switches */

struct switches {
	uint32_t turn;		/* whose; a futex */
	uint32_t n;
};

static void hand_over(struct switches *w, uint32_t to)
{
	__atomic_store_n(&w->turn, to, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &w->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void wait_for(struct switches *w, uint32_t me)
{
	uint32_t now;

	while ((now = __atomic_load_n(&w->turn, __ATOMIC_ACQUIRE)) != me)
		syscall(SYS_futex, &w->turn, FUTEX_WAIT_PRIVATE, now, NULL, NULL, 0);
}

static void first(void *arg)
{
	struct switches *w = arg;

	for (uint32_t i = 0; i < w->n; i++) {
		hand_over(w, 1);
		wait_for(w, 0);
	}
}

static void second(void *arg)
{
	struct switches *w = arg;

	for (uint32_t i = 0; i < w->n; i++) {
		wait_for(w, 1);
		hand_over(w, 0);
	}
}

static void by_futex(struct bench_sample *s, const void *arg)
{
	struct switches w = { .n = (uint32_t)bench_scale(20000) };
	const struct pair p = { first, second, &w, 0 };

	s->value = pair_threads(&p) / w.n / 2;
}

static void yields(void *arg)
{
	const struct switches *w = arg;

	for (uint32_t i = 0; i < w->n; i++)
		sched_yield();
}

static void by_yield(struct bench_sample *s, const void *arg)
{
	struct switches w = { .n = (uint32_t)bench_scale(50000) };
	const struct pair p = { yields, yields, &w, 0 };

	s->value = pair_threads(&p) / w.n / 2;
}

static void run(const void *arg)
{
	const struct bench_compare c = {
		.id = "dispatch", .what = "to the next node's handler, 64 actors", .unit = "ns",
		.engine = "embedded; no engine in what is timed", .where = "CPU 0",
		.sides = {
			{ .name = "wn_loop_once, an event", .run = ours },
			{ .name = "thread switch by futex", .run = by_futex },
			{ .name = "thread switch by sched_yield", .run = by_yield },
		},
		.checks = {
			{ .what = "one switch", .figure = 30, .bar = 50 },
			{ .what = "times faster than a futex switch", .against = 1, .figure = 23 },
			{ .what = "times faster than sched_yield", .against = 2, .figure = 23 },
		},
	};

	prepare();
	bench_compare(&c);
	wn_close(&wn);
	domain_drop("embed:dispatch");
}

const struct bench_row row_dispatch = {
	.name = "2", .system = "WorknodeOS",
	.claim = "actor switch 30 ns (bar: < 50), 23x faster than a thread switch at 700 ns",
	.run = run, .seconds = 10,
};
