// SPDX-License-Identifier: MIT
/*
 * The pool: random histories beside the model of the core's own self test, at
 * every size where the tree changes its shape, and each promise of pool.h alone.
 */
#include <string.h>

#include "kmod/core/pool.h"
#include "kmod/core/selftest.h"
#include "tap.h"

/* A pool in memory of exactly its size, so that the sanitizer sees a byte too far. */
struct fixture {
	struct wn_pool pool;
	void *mem;
};

static void setup(struct fixture *f, u32 capacity)
{
	f->mem = malloc(wn_pool_bytes(capacity));
	if (!f->mem || wn_pool_init(&f->pool, f->mem, capacity))
		tap_die("no pool");
}

static void teardown(struct fixture *f)
{
	free(f->mem);
}

/* Not to be believed, nor to be changed by, any of them. */
static bool refuses(struct fixture *f, u64 handle)
{
	const u64 bytes = wn_pool_bytes(f->pool.capacity);
	const struct wn_pool before = f->pool;
	void *copy = malloc(bytes);
	bool same;

	if (!copy)
		tap_die("no memory");
	memcpy(copy, f->mem, bytes);
	same = wn_pool_lookup(&f->pool, handle) == -ESTALE &&
	       wn_pool_free(&f->pool, handle) == -ESTALE && !memcmp(copy, f->mem, bytes) &&
	       !memcmp(&before, &f->pool, sizeof(before));
	free(copy);
	return same;
}

/* The next alloc of this free cell gives that generation. */
static void age(struct fixture *f, u32 index, u64 generation)
{
	f->pool.cells[index] = wn_handle_make(generation - 1, WN_INDEX_NONE);
}

static void test_init(void)
{
	u64 word[4];
	struct wn_pool pool;

	ok(wn_pool_init(&pool, word, 0) == -EINVAL && wn_pool_bytes(0) == 0, "no cells: -EINVAL");
	ok(wn_pool_init(&pool, word, WN_POOL_CAPACITY_MAX + 1) == -E2BIG &&
		   wn_pool_init(&pool, word, ~0u) == -E2BIG &&
		   wn_pool_bytes(WN_POOL_CAPACITY_MAX + 1) == 0 && wn_pool_bytes(~0u) == 0,
	   "above the limit: -E2BIG");
	ok(wn_pool_init(&pool, NULL, 1) == -EINVAL, "no memory: -EINVAL");
	ok(wn_pool_init(&pool, (char *)word + 4, 1) == -EINVAL, "unaligned memory: -EINVAL");
	ok(wn_pool_bytes(1) == 16 && wn_pool_bytes(WN_POOL_CAPACITY_MAX) > 8ULL * WN_POOL_CAPACITY_MAX &&
		   wn_pool_bytes(200000) <= 9ULL * 200000,
	   "a word for each cell, and little beside");
}

static void test_order(void)
{
	struct fixture f;
	u64 h[5], again;
	bool rising = true;

	setup(&f, 5);
	for (u32 i = 0; i < 5; i++) {
		h[i] = wn_pool_alloc(&f.pool);
		rising = rising && h[i] == wn_handle_make(1, i);
	}
	ok(rising, "a new pool gives its cells from the lowest, generation 1");
	ok(wn_pool_alloc(&f.pool) == 0 && wn_pool_is_full(&f.pool) && wn_pool_count(&f.pool) == 5,
	   "a full pool gives 0");
	ok(!wn_pool_free(&f.pool, h[3]) && !wn_pool_free(&f.pool, h[1]), "cells are given back");
	again = wn_pool_alloc(&f.pool);
	ok(again == wn_handle_make(2, 1), "the lowest free cell comes first, a generation on");
	ok(wn_pool_lookup(&f.pool, again) == 1 && wn_pool_handle(&f.pool, 1) == again &&
		   wn_pool_handle(&f.pool, 3) == 0 && wn_pool_handle(&f.pool, 5) == 0 &&
		   wn_pool_handle(&f.pool, ~0u) == 0,
	   "index and handle lead to one another, for live cells only");
	teardown(&f);
}

static void test_refusals(void)
{
	struct fixture f;
	u64 first, second, live;
	bool whole = true;

	setup(&f, 70);
	first = wn_pool_alloc(&f.pool);
	live = wn_pool_alloc(&f.pool);
	ok(!wn_pool_free(&f.pool, first) && refuses(&f, first), "double free: -ESTALE");
	second = wn_pool_alloc(&f.pool);
	ok(wn_handle_index(second) == wn_handle_index(first) && refuses(&f, first),
	   "a stale handle of a cell in use again: -ESTALE");
	ok(refuses(&f, wn_handle_make(2, 1)) && refuses(&f, wn_handle_make(3, 0)),
	   "a generation that is still to come: -ESTALE");
	ok(refuses(&f, 0) && refuses(&f, 1) && refuses(&f, 2), "generation 0: -ESTALE");
	ok(refuses(&f, wn_handle_make(1, 2)), "a cell never used: -ESTALE");
	ok(refuses(&f, wn_handle_make(1, 70)) && refuses(&f, wn_handle_make(2, 71)) &&
		   refuses(&f, wn_handle_make(2, WN_INDEX_NONE - 1)),
	   "an index out of range: -ESTALE");
	ok(!wn_pool_free(&f.pool, second) && refuses(&f, f.pool.cells[0]) &&
		   refuses(&f, f.pool.cells[1] | WN_HANDLE_INDEX_MASK) && refuses(&f, f.pool.cells[5]) &&
		   refuses(&f, ~0ULL),
	   "the word of a free cell as a handle: -ESTALE");
	for (int bit = 0; bit < 64; bit++)
		whole = whole && refuses(&f, live ^ 1ULL << bit);
	ok(whole, "a good handle with any one bit flipped: -ESTALE");
	ok(wn_pool_lookup(&f.pool, live) == 1 && !wn_pool_free(&f.pool, live),
	   "and the good handle is still good");
	teardown(&f);
}

static void test_retirement(void)
{
	struct fixture f;
	u64 last;

	setup(&f, 2);
	age(&f, 0, WN_HANDLE_GENERATION_MAX - 1);
	last = wn_pool_alloc(&f.pool);
	ok(wn_handle_generation(last) == WN_HANDLE_GENERATION_MAX - 1 && !wn_pool_free(&f.pool, last) &&
		   wn_pool_retired(&f.pool) == 0,
	   "one generation before the last, a cell comes back");
	last = wn_pool_alloc(&f.pool);
	ok(last == wn_handle_make(WN_HANDLE_GENERATION_MAX, 0) && wn_pool_lookup(&f.pool, last) == 0,
	   "the last generation is good");
	ok(!wn_pool_free(&f.pool, last) && wn_pool_retired(&f.pool) == 1 && wn_pool_count(&f.pool) == 0,
	   "given back, its cell is retired and counted");
	ok(refuses(&f, last) && refuses(&f, ~0ULL) && refuses(&f, 0) && refuses(&f, wn_handle_make(1, 0)) &&
		   wn_pool_handle(&f.pool, 0) == 0,
	   "no handle leads to it any more");
	ok(wn_pool_alloc(&f.pool) == wn_handle_make(1, 1) && wn_pool_alloc(&f.pool) == 0 &&
		   wn_pool_is_full(&f.pool),
	   "it is never handed out again");
	teardown(&f);
}

static void test_undo(void)
{
	struct fixture f;
	struct wn_pool before;
	u64 last, a;

	setup(&f, 2);
	age(&f, 0, WN_HANDLE_GENERATION_MAX);
	last = wn_pool_alloc(&f.pool);
	before = f.pool;
	ok(!wn_pool_free(&f.pool, last) && !wn_pool_undo_free(&f.pool, last) &&
		   !memcmp(&before, &f.pool, sizeof(before)) && wn_pool_lookup(&f.pool, last) == 0,
	   "a retirement is taken back");
	a = wn_pool_alloc(&f.pool);
	ok(!wn_pool_undo_alloc(&f.pool, a) && wn_pool_alloc(&f.pool) == a,
	   "an alloc that was taken back comes again");
	ok(wn_pool_undo_free(&f.pool, a) == -ESTALE && tap_reports() == 1,
	   "undo of a free that was none: reported");
	ok(!wn_pool_free(&f.pool, a) && wn_pool_undo_alloc(&f.pool, a) == -ESTALE && tap_reports() == 1,
	   "undo of an alloc that was none: reported");
	ok(wn_pool_undo_free(&f.pool, wn_handle_make(1, 2)) == -ESTALE &&
		   wn_pool_undo_free(&f.pool, 1) == -ESTALE &&
		   wn_pool_undo_alloc(&f.pool, wn_handle_make(1, 2)) == -ESTALE && tap_reports() == 3,
	   "undo of what no cell ever had: reported");
	ok(wn_handle_index(a) == 1 && !wn_pool_free(&f.pool, last) &&
		   wn_pool_undo_free(&f.pool, wn_handle_make(WN_HANDLE_GENERATION_MAX, 2)) == -ESTALE &&
		   tap_reports() == 1 && wn_pool_retired(&f.pool) == 1,
	   "undo with an index out of range: reported, whatever the first cell holds");
	teardown(&f);
	setup(&f, 2);
	ok(wn_pool_undo_free(&f.pool, 0) == -ESTALE && tap_reports() == 1 &&
		   wn_pool_alloc(&f.pool) == wn_handle_make(1, 0),
	   "undo of a cell never used: reported, and the pool is as it was");
	teardown(&f);
}

static void test_cursor(void)
{
	const u32 capacity = 4096 * 3 + 10, last = capacity - 1;
	struct fixture f;
	u64 *h = malloc(capacity * sizeof(*h));
	u32 cursor;
	int got, calls = 0;

	setup(&f, capacity);
	cursor = 0;
	ok(wn_pool_next(&f.pool, &cursor) == 0 && cursor == capacity, "nothing is live in a new pool");
	for (u32 i = 0; i < capacity; i++)
		h[i] = wn_pool_alloc(&f.pool);
	cursor = 70;
	ok(wn_pool_next(&f.pool, &cursor) == 1 && cursor == 70, "a live cell is found where it is");
	for (u32 i = 0; i < last; i++)
		if (wn_pool_free(&f.pool, h[i]))
			tap_die("a good handle was refused");
	cursor = 0;
	do {
		got = wn_pool_next(&f.pool, &cursor);
		calls++;
	} while (got == -EAGAIN && calls < 100);
	ok(got == 1 && cursor == last && calls == 4, "a far one after bounded calls (%d)", calls);
	cursor++;
	ok(wn_pool_next(&f.pool, &cursor) == 0 && cursor == capacity, "then none");
	cursor = ~0u;
	ok(wn_pool_next(&f.pool, &cursor) == 0 && cursor == capacity, "a cursor far outside finds none");
	ok(!wn_pool_free(&f.pool, h[last]), "the last is given back");
	age(&f, 0, WN_HANDLE_GENERATION_MAX);
	ok(!wn_pool_free(&f.pool, wn_pool_alloc(&f.pool)) && wn_pool_retired(&f.pool) == 1 &&
		   wn_pool_alloc(&f.pool) == wn_handle_make(2, 1),
	   "a retired cell lies before a live one");
	cursor = 0;
	ok(wn_pool_next(&f.pool, &cursor) == 1 && cursor == 1, "the walk passes it");
	teardown(&f);
	free(h);
}

/* Words of the tree that differ, the root included. */
static u32 touched(const struct fixture *f, const u64 *tree, u64 root, u32 words)
{
	u32 n = root != f->pool.top;

	for (u32 i = 0; i < words; i++)
		n += tree[i] != ((const u64 *)f->mem)[i];
	return n;
}

/* The most words of the tree that any call wrote, where most of them must be. */
static u32 worst_touched(u32 capacity, u64 seed)
{
	const u32 words = (u32)(wn_pool_bytes(capacity) / 8) - capacity;
	u64 *tree = malloc(words * sizeof(*tree));
	u64 *h = malloc(capacity * sizeof(*h));
	struct fixture f;
	u32 worst = 0, n;
	u64 root;

	setup(&f, capacity);
	for (u32 i = 0; i < capacity; i++)
		h[i] = wn_pool_alloc(&f.pool);
	for (int step = 0; step < 400; step++) {
		/* A lone free cell of a full pool: all words above it change, twice. */
		const u32 i = (u32)((seed + (u64)step * 2654435761u) % capacity);

		memcpy(tree, f.mem, words * sizeof(*tree));
		root = f.pool.top;
		if (wn_pool_free(&f.pool, h[i]))
			tap_die("a good handle was refused");
		n = touched(&f, tree, root, words);
		worst = n > worst ? n : worst;

		memcpy(tree, f.mem, words * sizeof(*tree));
		root = f.pool.top;
		h[i] = wn_pool_alloc(&f.pool);
		n = touched(&f, tree, root, words);
		worst = n > worst ? n : worst;
	}
	teardown(&f);
	free(h);
	free(tree);
	return worst;
}

static void test_words(void)
{
	static const struct {
		u32 capacity, words;
	} shapes[] = { { 1, 2 },      { 64, 2 },      { 4096, 2 },    { 4097, 3 },
		       { 200000, 3 }, { 262144, 3 }, { 262145, 4 }, { 1000000, 4 } };

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const u32 worst = worst_touched(shapes[i].capacity, tap_seed());

		ok(worst == shapes[i].words, "%u cells: %u words of the tree at most (%u)",
		   shapes[i].capacity, shapes[i].words, worst);
	}
}

static void test_limit(void)
{
	struct fixture f;

	setup(&f, WN_POOL_CAPACITY_MAX);
	/* All but the last cell of the largest pool: as init leaves it, minus their bits. */
	for (u32 i = 0; i < WN_POOL_CAPACITY_MAX - 1; i++)
		if (!wn_pool_alloc(&f.pool))
			tap_die("a pool is smaller than it says");
	ok(wn_pool_alloc(&f.pool) == wn_handle_make(1, WN_INDEX_NONE - 1) && !wn_pool_alloc(&f.pool),
	   "the largest pool reaches its last cell");
	ok(refuses(&f, wn_handle_make(1, WN_INDEX_NONE)), "and no further");
	teardown(&f);
}

static void test_histories(void)
{
	static const u32 capacities[] = { 1,	2,    63,   64,	    65,	    100,    127,    128,
					  4095, 4096, 4097, 200000, 262143, 262144, 262145, 1000000 };
	struct wn_core_selftest test = { .seed = tap_seed() };

	for (size_t i = 0; i < sizeof(capacities) / sizeof(capacities[0]); i++) {
		const u32 capacity = capacities[i], steps = capacity < 10000 ? 20000 : 60000;
		int err = 0;

		test.bytes = wn_pool_selftest_bytes(capacity);
		test.mem = malloc(test.bytes);
		if (!test.mem)
			tap_die("no memory");
		for (u64 round = 0; round < tap_rounds() && !err; round++) {
			test.seed = tap_seed() + round;
			err = wn_pool_selftest(&test, capacity, steps);
		}
		if (!ok(!err, "%u cells: as the model, %u random calls", capacity, steps))
			diag("error %d at step %u of seed %#llx: selftest.c:%u: %s", err, test.step,
			     test.seed, test.line, test.what);
		free(test.mem);
	}
}

static void test_selftest(void)
{
	struct wn_core_selftest test = { .bytes = WN_CORE_SELFTEST_BYTES, .seed = tap_seed() };

	test.mem = malloc(test.bytes);
	if (!test.mem)
		tap_die("no memory");
	if (!ok(wn_core_selftest(&test) == 0, "the self test that a debug module runs"))
		diag("%u cells, step %u: selftest.c:%u: %s", test.capacity, test.step, test.line,
		     test.what);
	test.bytes = 1000;
	ok(wn_core_selftest(&test) == -EINVAL, "it refuses too little memory");
	free(test.mem);
}

int main(void)
{
	tap_plan(67);
	test_init();
	test_order();
	test_refusals();
	test_retirement();
	test_undo();
	test_cursor();
	test_words();
	test_limit();
	test_histories();
	test_selftest();
	return tap_done();
}
