// SPDX-License-Identifier: MIT
/*
 * The pool against the C library's malloc, in one run, turn about.
 *
 *	pair	one cell taken and given back, over and over
 *	burst	10,000 taken, then given back in a shuffled order; per cell
 *	churn	10,000 held, a random one given back and another taken
 *
 * "bare" is the allocator alone. In "byte" both sides write the first byte of
 * what they got. The pool gives indexes, so its cells lie in an array beside it,
 * at a stride that is a power of two: first bytes then share a quarter of the
 * cache's sets, and beyond some thousands of them that costs more than the pool
 * does. malloc's 16 bytes of header spread them. A user who fills a node pays
 * for all its lines on both sides.
 *
 * "malloc" is the C library as a program finds it: it gives the heap's top back
 * to the kernel after each burst, which is most of its time there. In "no trim"
 * it keeps it. The pool checks each handle that comes back; malloc does not.
 *
 * Time is the thread's own CPU time: nothing here sleeps, and waiting for a CPU
 * that others use is not the allocator's. What they do to the caches remains.
 */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "kmod/core/pool.h"

#include "timing.h"

#define HELD 10000
#define PAIRS 1000000
#define ROUNDS 40
#define RUNS_MAX 101

static struct wn_pool pool;
static unsigned char *nodes;
static uint64_t handles[HELD];
static void *blocks[HELD];
static uint32_t order[HELD];

struct load {
	size_t bytes;
	int touch;
};

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* What is taken passes through here, so that no compiler sees a pair as a whole. */
#define opaque(x) __asm__ volatile("" : "+r"(x) : : "memory")

static inline uint64_t pool_take(const struct load l, unsigned char *at)
{
	uint64_t handle = wn_pool_alloc(&pool);

	if (l.touch)
		at[wn_handle_index(handle) * l.bytes] = 1;
	opaque(handle);
	return handle;
}

static inline void pool_give(uint64_t handle)
{
	if (wn_pool_free(&pool, handle)) {
		fprintf(stderr, "bench/pool: a good handle was refused\n");
		exit(1);
	}
}

static inline void *malloc_take(const struct load l)
{
	unsigned char *p = malloc(l.bytes);

	if (l.touch)
		*p = 1;
	opaque(p);
	return p;
}

static double pair_pool(const struct load l)
{
	unsigned char *const at = nodes;
	const uint64_t start = cpu_ns();

	for (int i = 0; i < PAIRS; i++)
		pool_give(pool_take(l, at));
	return (double)(cpu_ns() - start) / PAIRS;
}

static double pair_malloc(const struct load l)
{
	const uint64_t start = cpu_ns();

	for (int i = 0; i < PAIRS; i++)
		free(malloc_take(l));
	return (double)(cpu_ns() - start) / PAIRS;
}

static double burst_pool(const struct load l)
{
	unsigned char *const at = nodes;
	const uint64_t start = cpu_ns();

	for (int r = 0; r < ROUNDS; r++) {
		for (int i = 0; i < HELD; i++)
			handles[i] = pool_take(l, at);
		for (int i = 0; i < HELD; i++)
			pool_give(handles[order[i]]);
	}
	return (double)(cpu_ns() - start) / ((double)ROUNDS * HELD);
}

static double burst_malloc(const struct load l)
{
	const uint64_t start = cpu_ns();

	for (int r = 0; r < ROUNDS; r++) {
		for (int i = 0; i < HELD; i++)
			blocks[i] = malloc_take(l);
		for (int i = 0; i < HELD; i++)
			free(blocks[order[i]]);
	}
	return (double)(cpu_ns() - start) / ((double)ROUNDS * HELD);
}

static double churn_pool(const struct load l)
{
	unsigned char *const at = nodes;
	uint32_t seed = 12345;
	uint64_t start, spent;

	for (int i = 0; i < HELD; i++)
		handles[i] = pool_take(l, at);
	start = cpu_ns();
	for (int i = 0; i < PAIRS / 2; i++) {
		const uint32_t k = next_random(&seed) % HELD;

		pool_give(handles[k]);
		handles[k] = pool_take(l, at);
	}
	spent = cpu_ns() - start;
	for (int i = 0; i < HELD; i++)
		pool_give(handles[i]);
	return (double)spent / (PAIRS / 2);
}

static double churn_malloc(const struct load l)
{
	uint32_t seed = 12345;
	uint64_t start, spent;

	for (int i = 0; i < HELD; i++)
		blocks[i] = malloc_take(l);
	start = cpu_ns();
	for (int i = 0; i < PAIRS / 2; i++) {
		const uint32_t k = next_random(&seed) % HELD;

		free(blocks[k]);
		blocks[k] = malloc_take(l);
	}
	spent = cpu_ns() - start;
	for (int i = 0; i < HELD; i++)
		free(blocks[i]);
	return (double)spent / (PAIRS / 2);
}

static void compare(const char *what, double (*ours)(struct load), double (*theirs)(struct load),
		    const struct load l, int runs)
{
	double a[RUNS_MAX], b[RUNS_MAX];

	ours(l);
	theirs(l);
	for (int i = 0; i < runs; i++) {
		a[i] = ours(l);
		b[i] = theirs(l);
	}
	qsort(a, (size_t)runs, sizeof(*a), ascending);
	qsort(b, (size_t)runs, sizeof(*b), ascending);
	printf("%-6s %-4s %7u %5zu  %6.2f %6.2f %6.2f   %6.2f %6.2f %6.2f   %5.2f\n", what,
	       l.touch ? "byte" : "bare", wn_pool_capacity(&pool), l.bytes, a[runs / 2], a[0],
	       a[runs - 1], b[runs / 2], b[0], b[runs - 1], b[runs / 2] / a[runs / 2]);
	fflush(stdout);
}

static void bench(uint32_t capacity, size_t bytes, int runs)
{
	const size_t pool_bytes = wn_pool_bytes(capacity), node_bytes = HELD * 2 * bytes;
	/* From the kernel, so that the heap is malloc's alone and in the state it likes. */
	unsigned char *mem = zeroed(pool_bytes + 512);

	/* As in a domain, where a struct lies before it: not at a page's begin. */
	if (wn_pool_init(&pool, mem + 512, capacity))
		exit(1);
	nodes = zeroed(node_bytes);
	for (int touch = 0; touch < 2; touch++) {
		const struct load l = { .bytes = bytes, .touch = touch };

		compare("pair", pair_pool, pair_malloc, l, runs);
		compare("burst", burst_pool, burst_malloc, l, runs);
		compare("churn", churn_pool, churn_malloc, l, runs);
	}
	unmapped(nodes, node_bytes);
	unmapped(mem, pool_bytes + 512);
}

int main(int argc, char **argv)
{
	const int runs = argc > 1 ? atoi(argv[1]) : 11;
	uint32_t seed = 777;

	if (runs < 7 || runs > RUNS_MAX) {
		fprintf(stderr, "usage: pool [RUNS], 7 to %d runs (11 when not given)\n", RUNS_MAX);
		return 2;
	}
	if (pin_to(0))
		printf("# not pinned: the spread is the scheduler's too\n");
	for (uint32_t i = 0; i < HELD; i++)
		order[i] = i;
	for (uint32_t i = HELD - 1; i > 0; i--) {
		const uint32_t j = next_random(&seed) % (i + 1), t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
	printf("# ns of CPU time per cell, %d runs, CPU 0, one thread, compiler %s\n", runs, __VERSION__);
	for (int trim = 1; trim >= 0; trim--) {
		if (!trim)
			mallopt(M_TRIM_THRESHOLD, 1 << 30);
		printf("%-6s %-4s %7s %5s  %6s %6s %6s   %6s %6s %6s   %s\n", "what", "", "cells",
		       "bytes", "pool", "min", "max", trim ? "malloc" : "notrim", "min", "max",
		       "ratio");
		bench(16384, 256, runs);
		bench(200000, 256, runs);
		bench(1000000, 256, runs);
		bench(16384, 1024, runs);
	}
	return 0;
}
