// SPDX-License-Identifier: MIT
/*
 * Row 4: one more in a counter: to an attached slot, against an atomic add and a mutex;
 * alone, and with another thread that does the same; and beside a plain word with one writer.
 * A node's record read without a lock, in cache. What was counted is held against
 * what was added.
 */
#include <pthread.h>

#include "../support/domain.h"
#include "../support/pair.h"
#include "rows.h"

static struct wn clients[2];
static struct wn_counter slots[2];
static uint64_t node, cell, before;
static struct {
	_Alignas(64) uint64_t word;
	_Alignas(64) pthread_mutex_t lock;
} plain = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uint32_t adds(void)
{
	return (uint32_t)bench_scale(4000000);
}

static void prepare(void)
{
	domain_make("embed:counter", NULL);
	client_open(&clients[0], "embed:counter", NULL);
	client_open(&clients[1], "embed:counter", NULL);
	node = good(wn_create(&clients[0], 0, "node"), "wn_create");
	cell = good(wn_cell_create(&clients[0], 0, 1, WN_CELL_PNCOUNTER, 0), "wn_cell_create");
	for (int i = 0; i < 2; i++)
		good(wn_counter_attach(&slots[i], &clients[i], 0, cell), "wn_counter_attach");
}

static void by_slot(struct wn_counter *c)
{
	for (uint32_t i = adds(); i; i--) {
		wn_counter_add(c, 1);
		__asm__ volatile("" : : : "memory");
	}
}

static void slot_here(void *arg)
{
	by_slot(&slots[0]);
}

static void slot_there(void *arg)
{
	by_slot(&slots[1]);
}

/* What a word with one writer costs at the least: load, add, store. Each thread has its own. */
static struct {
	_Alignas(64) volatile uint64_t word;
} own[2];

static void by_word(volatile uint64_t *word)
{
	for (uint32_t i = adds(); i; i--)
		*word = *word + 1;
}

static void word_here(void *arg)
{
	by_word(&own[0].word);
}

static void word_there(void *arg)
{
	by_word(&own[1].word);
}

static void atomic_here(void *arg)
{
	for (uint32_t i = adds() / 4; i; i--)
		__atomic_fetch_add(&plain.word, 1, __ATOMIC_RELAXED);
}

static void mutex_here(void *arg)
{
	for (uint32_t i = adds() / 8; i; i--) {
		pthread_mutex_lock(&plain.lock);
		plain.word++;
		pthread_mutex_unlock(&plain.lock);
	}
}

struct way {
	void (*here)(void *);
	void (*there)(void *);
	uint32_t part;		/* of adds() */
	bool two;
};

static uint64_t value_of(const struct way *w)
{
	__u64 value;

	if (w->here == word_here)
		return own[0].word + own[1].word;
	if (w->here != slot_here)
		return plain.word;
	good(wn_counter_read(&clients[0], 0, cell, &value), "wn_counter_read");
	return value;
}

static void count(struct bench_sample *s, const void *arg)
{
	const struct way *w = arg;
	const uint32_t n = adds() / w->part;
	const struct pair p = { w->here, w->there, NULL, 1 };
	uint64_t start;

	before = value_of(w);
	if (w->two) {
		s->value = pair_threads(&p) / n;
	} else {
		start = cpu_ns();
		w->here(NULL);
		s->value = (double)(cpu_ns() - start) / n;
	}
	s->ops = (uint64_t)n << w->two;
	if (value_of(w) - before < s->ops)
		s->lost = s->ops - (value_of(w) - before);
	else
		s->duplicated = value_of(w) - before - s->ops;
}

/* One record over and over, and whole each time. */
static void reads(struct bench_sample *s, const void *arg)
{
	const uint32_t n = adds() / 4;
	struct wn_node_rec rec;
	uint64_t start = cpu_ns();

	for (uint32_t i = n; i; i--) {
		good(wn_node_read(&clients[0], node, &rec), "wn_node_read");
		__asm__ volatile("" : : "r"(&rec) : "memory");
	}
	s->value = (double)(cpu_ns() - start) / n;
	s->ops = n;
}

static void run(const void *arg)
{
	static const struct bench_compare read = {
		.id = "node-read", .what = "a node's record read without a lock, in cache", .unit = "ns",
		.engine = "none: mapped state", .where = "CPU 0",
		.sides = { { .name = "wn_node_read", .run = reads } },
		.checks = { { .what = "a read (our own aim)", .figure = 15 } },
	};

	static const struct way ways[2][4] = {
		{ { slot_here, slot_there, 1, false }, { atomic_here, atomic_here, 4, false },
		  { mutex_here, mutex_here, 8, false }, { word_here, word_there, 1, false } },
		{ { slot_here, slot_there, 1, true }, { atomic_here, atomic_here, 4, true },
		  { mutex_here, mutex_here, 8, true }, { word_here, word_there, 1, true } },
	};
	static const char *const id[2] = { "alone", "contended" };
	static const char *const what[2] = {
		"an add, alone", "an add, while another thread adds, too",
	};

	prepare();
	for (int two = 0; two < 2; two++) {
		const struct bench_compare c = {
			.id = id[two], .what = what[two], .unit = "ns",
			.engine = "embedded; no engine in an add",
			.where = two ? "CPU 0 and 1" : "CPU 0",
			.sides = {
				{ .name = "wn_counter_add, attached", .run = count, .arg = &ways[two][0] },
				{ .name = "atomic add", .run = count, .arg = &ways[two][1] },
				{ .name = "mutex", .run = count, .arg = &ways[two][2] },
				/* No alternative, for nobody else could read it whole: the floor. */
				{ .name = "a plain word of one writer", .run = count, .arg = &ways[two][3],
				  .ours = true },
			},
			.checks = {
				{ .what = "one increment", .figure = 15 },
				{ .what = "times faster than a mutex", .against = 2, .figure = two ? 66 : 2,
				  .bar = 2 },
				/* The aim of the slots: 1.2 times the plain add, at most. */
				{ .what = "our own aim: of a plain add's speed", .against = 3, .figure = 1, .bar = 1 / 1.2 },
			},
		};

		bench_compare(&c);
	}
	bench_compare(&read);
	for (int i = 0; i < 2; i++) {
		good(wn_counter_detach(&slots[i], NULL), "wn_counter_detach");
		wn_close(&clients[i]);
	}
	domain_drop("embed:counter");
}

const struct bench_row row_counter = {
	.name = "4", .system = "WorknodeOS",
	.claim = "CRDT increment 15 ns, 2x to 66x faster than a mutex",
	.run = run, .seconds = 10,
};
