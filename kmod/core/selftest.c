// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "selftest.h"

#include "pool.h"

/* Calls that are made and then taken back as one group, as an ATOMIC group is. */
#define GROUP 64
/* Groups in one run: each compares the pool's whole memory. */
#define GROUPS 8

enum state { FREE, LIVE, RETIRED };

/* The model: what each cell is and how often it was used. Nothing is clever. */
struct model {
	u64 *generation;	/* of the last handle; 0: never used */
	u8 *state;
	u32 lowest;		/* no free cell below it */
	u32 live, retired;
};

struct run {
	struct wn_core_selftest *test;
	struct wn_pool pool;
	struct model model;
	void *pool_mem;
	void *pool_copy;
	u64 pool_bytes;
	u64 random;
	u32 capacity;
	bool group_free[GROUP];
	u64 group_handle[GROUP];
};

static int failed(struct run *run, u32 line, const char *what)
{
	run->test->what = what;
	run->test->line = line;
	run->test->capacity = run->capacity;
	return -EIO;
}

#define EXPECT(run, cond)                                     \
	do {                                                  \
		if (!(cond))                                  \
			return failed(run, __LINE__, #cond);  \
	} while (0)

/* splitmix64: any seed will do, 0 too. */
static u64 next_random(struct run *run)
{
	u64 x = run->random += 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/* Without a 64-bit division, which 32-bit kernels do not have. */
static u32 below(struct run *run, u32 bound)
{
	return (u32)((next_random(run) >> 32) * bound >> 32);
}

/* A place where there is something to hit: mostly among what is used. */
static u32 any_index(struct run *run)
{
	const u32 used = run->pool.high + 2;

	return below(run, used < run->capacity && below(run, 8) ? used : run->capacity);
}

static u64 last_handle(const struct run *run, u32 index)
{
	return wn_handle_make(run->model.generation[index], index);
}

static int model_lookup(const struct run *run, u64 handle)
{
	const u32 index = wn_handle_index(handle);

	if (index >= run->capacity || run->model.state[index] != LIVE ||
	    last_handle(run, index) != handle)
		return -ESTALE;
	return (int)index;
}

/* What the next alloc must give. */
static u64 model_next(struct run *run)
{
	struct model *model = &run->model;

	while (model->lowest < run->capacity && model->state[model->lowest] != FREE)
		model->lowest++;
	if (model->lowest == run->capacity)
		return 0;
	return wn_handle_make(model->generation[model->lowest] + 1, model->lowest);
}

static void model_alloc(struct run *run, u64 handle)
{
	run->model.generation[wn_handle_index(handle)] = wn_handle_generation(handle);
	run->model.state[wn_handle_index(handle)] = LIVE;
	run->model.live++;
}

static void model_free(struct run *run, u64 handle)
{
	const u32 index = wn_handle_index(handle);

	run->model.live--;
	if (wn_handle_generation(handle) == WN_HANDLE_GENERATION_MAX) {
		run->model.state[index] = RETIRED;
		run->model.retired++;
		return;
	}
	run->model.state[index] = FREE;
	if (index < run->model.lowest)
		run->model.lowest = index;
}

static int try_alloc(struct run *run, u64 *handle)
{
	const u64 expected = model_next(run);

	*handle = wn_pool_alloc(&run->pool);
	EXPECT(run, *handle == expected);
	if (!*handle)
		return 0;
	model_alloc(run, *handle);
	EXPECT(run, wn_pool_lookup(&run->pool, *handle) == (int)wn_handle_index(*handle));
	return 0;
}

/* Good handles are given back, all others refused, twice. */
static int try_free(struct run *run, u64 handle)
{
	const int expected = model_lookup(run, handle);

	EXPECT(run, wn_pool_lookup(&run->pool, handle) == expected);
	EXPECT(run, wn_pool_free(&run->pool, handle) == (expected < 0 ? expected : 0));
	EXPECT(run, wn_pool_lookup(&run->pool, handle) == -ESTALE);
	EXPECT(run, wn_pool_free(&run->pool, handle) == -ESTALE);
	if (expected >= 0)
		model_free(run, handle);
	return 0;
}

/* What a client could make up. */
static u64 forged(struct run *run)
{
	const u64 near = last_handle(run, any_index(run));

	switch (below(run, 6)) {
	case 0: /* the one that the cell will give next */
		return near + (1ULL << WN_HANDLE_INDEX_BITS);
	case 1: /* generation 0 */
		return wn_handle_index(near);
	case 2: /* a word of a free cell, as it is stored */
		return near | WN_HANDLE_INDEX_MASK;
	case 3: /* just outside */
		return wn_handle_make(wn_handle_generation(near), run->capacity);
	case 4: /* one bit off: another cell, or another generation, near or far */
		return near ^ 1ULL << below(run, 64);
	default:
		return next_random(run);
	}
}

/* Near the end of a free cell's generations, or it would take 2^40 uses. */
static int age(struct run *run)
{
	const u32 index = any_index(run);
	const u64 generation = WN_HANDLE_GENERATION_MAX - 1 - below(run, 2);

	if (run->model.state[index] != FREE || !run->model.generation[index])
		return 0;
	EXPECT(run, run->pool.cells[index] == (last_handle(run, index) | WN_HANDLE_INDEX_MASK));
	run->pool.cells[index] = wn_handle_make(generation, WN_INDEX_NONE);
	run->model.generation[index] = generation;
	return 0;
}

static int check_counts(struct run *run)
{
	EXPECT(run, wn_pool_capacity(&run->pool) == run->capacity);
	EXPECT(run, wn_pool_count(&run->pool) == run->model.live);
	EXPECT(run, wn_pool_retired(&run->pool) == run->model.retired);
	EXPECT(run, wn_pool_is_full(&run->pool) == !model_next(run));
	return 0;
}

/* Every cell by its handle, and the walk over the live ones from one end to the other. */
static int check_all(struct run *run)
{
	u32 index, cursor = 0;
	int got = -EAGAIN;

	for (index = 0; index < run->capacity; index++) {
		const bool live = run->model.state[index] == LIVE;

		EXPECT(run, wn_pool_handle(&run->pool, index) ==
				    (live ? last_handle(run, index) : 0));
		if (!live)
			continue;
		/* Each call of the walk gets further: there can be no more than these. */
		do {
			EXPECT(run, cursor <= index);
			got = wn_pool_next(&run->pool, &cursor);
		} while (got == -EAGAIN);
		EXPECT(run, got == 1 && cursor == index);
		cursor++;
	}
	for (index = 0; index <= run->capacity && got != 0; index++) {
		got = wn_pool_next(&run->pool, &cursor);
		EXPECT(run, got == 0 || got == -EAGAIN);
	}
	EXPECT(run, got == 0 && cursor == run->capacity);
	EXPECT(run, wn_pool_handle(&run->pool, run->capacity) == 0);
	return check_counts(run);
}

static int fill(struct run *run)
{
	u64 handle;
	u32 n;
	int err;

	for (n = 0; n <= run->capacity; n++) {
		err = try_alloc(run, &handle);
		if (err)
			return err;
		if (!handle)
			return check_all(run);
	}
	return failed(run, __LINE__, "the pool has an end");
}

/* A stride that meets each index once, far from the last. */
static u32 stride_of(u32 capacity)
{
	static const u32 primes[] = { 7919, 104729, 611953 };
	u32 i;

	for (i = 0; i < 3; i++)
		if (primes[i] < capacity && capacity % primes[i])
			return primes[i];
	return 1;
}

static int drain(struct run *run)
{
	const u32 stride = stride_of(run->capacity);
	u32 n, at = below(run, run->capacity);
	int err;

	for (n = 0; n < run->capacity; n++) {
		err = try_free(run, last_handle(run, at));
		if (err)
			return err;
		at = at < run->capacity - stride ? at + stride : at - (run->capacity - stride);
	}
	EXPECT(run, run->model.live == 0);
	return check_all(run);
}

/* What a group did is taken back from its end, and nothing may tell that it was. */
static int roll_back(struct run *run)
{
	const struct wn_pool before = run->pool;
	u32 n, done = 0;
	u64 handle;
	int index;

	wn_memcpy(run->pool_copy, run->pool_mem, run->pool_bytes);
	for (n = 0; n < GROUP; n++) {
		handle = last_handle(run, any_index(run));
		index = wn_pool_lookup(&run->pool, handle);
		run->group_free[done] = index >= 0 && below(run, 2);
		if (run->group_free[done])
			EXPECT(run, wn_pool_free(&run->pool, handle) == 0);
		else
			handle = wn_pool_alloc(&run->pool);
		run->group_handle[done] = handle;
		done += !!handle;
	}
	while (done--) {
		handle = run->group_handle[done];
		if (run->group_free[done])
			EXPECT(run, wn_pool_undo_free(&run->pool, handle) == 0);
		else
			EXPECT(run, wn_pool_undo_alloc(&run->pool, handle) == 0);
	}
	EXPECT(run, !wn_memcmp(&run->pool, &before, sizeof(before)));
	EXPECT(run, !wn_memcmp(run->pool_copy, run->pool_mem, run->pool_bytes));
	return 0;
}

/* Runs of mostly taking and of mostly giving back, so that both ends are reached. */
static int one_step(struct run *run, u32 step)
{
	const bool taking = step / 256 % 2 == 0;
	u64 handle;

	switch (below(run, 16)) {
	case 0 ... 8:
		if (taking)
			return try_alloc(run, &handle);
		return try_free(run, last_handle(run, any_index(run)));
	case 9 ... 12:
		if (!taking)
			return try_alloc(run, &handle);
		return try_free(run, last_handle(run, any_index(run)));
	case 13 ... 14:
		return try_free(run, forged(run));
	default:
		return below(run, 4) ? check_counts(run) : age(run);
	}
}

static int histories(struct run *run, u32 steps)
{
	const u32 pause = steps / GROUPS + 1;
	u32 step;
	int err;

	for (step = 0; step < steps; step++) {
		run->test->step = step;
		err = one_step(run, step);
		if (!err && step % pause == 0)
			err = roll_back(run);
		if (!err && step % pause == 0)
			err = check_all(run);
		if (err)
			return err;
	}
	err = fill(run);
	return err ? err : drain(run);
}

static u64 model_bytes(u32 capacity)
{
	return ((u64)capacity * (sizeof(u64) + sizeof(u8)) + 7) & ~7ULL;
}

u64 wn_pool_selftest_bytes(u32 capacity)
{
	const u64 pool_bytes = wn_pool_bytes(capacity);

	if (!pool_bytes)
		return 0;
	return ((sizeof(struct run) + 7) & ~7ULL) + 2 * pool_bytes + model_bytes(capacity);
}

int wn_pool_selftest(struct wn_core_selftest *test, u32 capacity, u32 steps)
{
	struct run *run = test->mem;
	const u64 bytes = wn_pool_selftest_bytes(capacity);
	u8 *at = test->mem;
	int err;

	if (!at || (unsigned long)at % sizeof(u64) || !bytes || test->bytes < bytes)
		return -EINVAL;
	wn_memset(at, 0, bytes);
	test->what = NULL;
	test->step = 0;
	run->test = test;
	run->capacity = capacity;
	run->random = test->seed;
	run->pool_bytes = wn_pool_bytes(capacity);
	at += (sizeof(*run) + 7) & ~7ULL;
	run->pool_mem = at;
	at += run->pool_bytes;
	run->pool_copy = at;
	at += run->pool_bytes;
	run->model.generation = (u64 *)at;
	run->model.state = at + capacity * sizeof(u64);

	/* A pool must not live on what its memory held before. */
	wn_memset(run->pool_mem, 0xa5, run->pool_bytes);
	EXPECT(run, wn_pool_init(&run->pool, run->pool_mem, capacity) == 0);
	err = check_all(run);
	/* While there are cells that were never used. */
	if (!err)
		err = roll_back(run);
	if (!err)
		err = check_all(run);
	if (!err)
		err = fill(run);
	if (!err)
		err = drain(run);
	return err ? err : histories(run, steps);
}

int wn_core_selftest(struct wn_core_selftest *test)
{
	static const u32 capacities[] = { 1, 2, 63, 64, 65, 128, 4095, 4096, 4097 };
	u32 i;
	int err;

	for (i = 0; i < sizeof(capacities) / sizeof(capacities[0]); i++) {
		err = wn_pool_selftest(test, capacities[i], 4000);
		if (err)
			return err;
	}
	return 0;
}
