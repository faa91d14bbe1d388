// SPDX-License-Identifier: MIT
/*
 * Row 1: the node pool against allocators. "pair": one taken and given back; "burst":
 * 10,000 taken, then given back in a shuffled order; both with the first byte written.
 * "two threads": pairs of both at once; the pool has one owner, the engine, so each
 * turn of 16 pairs is under the domain's mutex, as ops of two clients are.
 *
 * The other allocators are this program again with LD_PRELOAD set: they replace
 * malloc for a whole process, so each run is a process of its own, which warms up first.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kmod/core/pool.h"

#include "../../support/pair.h"
#include "../../support/preload.h"
#include "../rows.h"

#define HELD	10000u
#define BYTES	256u
#define TURN	16u
#define CELLS	16384u

enum kind { PAIR, BURST, TWO };

static const char *const kinds[] = { "pair", "burst", "two" };

static struct wn_pool pool;
static unsigned char *cells;
static uint64_t handles[HELD];
static void *blocks[HELD];
static uint32_t order[HELD];
static pthread_mutex_t engine = PTHREAD_MUTEX_INITIALIZER;

static void prepare(void)
{
	const size_t bytes = wn_pool_bytes(CELLS);
	uint32_t seed = 777;

	if (cells)
		return;
	cells = zeroed(CELLS * BYTES);
	/* As in a domain, where a struct lies before it. */
	if (wn_pool_init(&pool, (char *)zeroed(bytes + 512) + 512, CELLS))
		bench_die("pool");
	for (uint32_t i = 0; i < HELD; i++)
		order[i] = i;
	for (uint32_t i = HELD - 1; i; i--) {
		uint32_t j, t;

		seed = seed * 1664525u + 1013904223u;
		j = (seed >> 8) % (i + 1);
		t = order[i];
		order[i] = order[j];
		order[j] = t;
	}
}

static inline uint64_t take(void)
{
	uint64_t handle = wn_pool_alloc(&pool);

	cells[wn_handle_index(handle) * BYTES] = 1;
	bench_opaque(handle);
	return handle;
}

static inline void give(uint64_t handle)
{
	if (wn_pool_free(&pool, handle))
		bench_die("a good handle was refused");
}

static void turns(void *arg)
{
	const uint32_t n = *(const uint32_t *)arg;

	for (uint32_t i = 0; i < n; i += TURN) {
		pthread_mutex_lock(&engine);
		for (uint32_t k = 0; k < TURN; k++)
			give(take());
		pthread_mutex_unlock(&engine);
	}
}

static void ours(struct bench_sample *s, const void *arg)
{
	uint32_t n = (uint32_t)bench_scale(800000);
	const enum kind kind = *(const enum kind *)arg;
	uint64_t start;

	prepare();
	if (kind == TWO) {
		const struct pair p = { turns, turns, &n, 1 };

		s->value = pair_threads(&p) / n / 2;
		return;
	}
	start = cpu_ns();
	if (kind == PAIR) {
		for (uint32_t i = 0; i < n; i++)
			give(take());
	} else {
		n = n / HELD * HELD;
		for (uint32_t r = 0; r < n / HELD; r++) {
			for (uint32_t i = 0; i < HELD; i++)
				handles[i] = take();
			for (uint32_t i = 0; i < HELD; i++)
				give(handles[order[i]]);
		}
	}
	s->value = (double)(cpu_ns() - start) / n;
}

static inline void *grab(void)
{
	unsigned char *p = malloc(BYTES);

	*p = 1;
	bench_opaque(p);
	/* The caller frees it. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	return p;
}

static void grabs(void *arg)
{
	const uint32_t n = *(const uint32_t *)arg;

	for (uint32_t i = 0; i < n; i++)
		free(grab());
}

static double heap(enum kind kind, uint32_t n)
{
	uint64_t start;

	prepare();
	if (kind == TWO) {
		const struct pair p = { grabs, grabs, &n, 1 };

		return pair_threads(&p) / n / 2;
	}
	start = cpu_ns();
	if (kind == PAIR) {
		grabs(&n);
	} else {
		n = n / HELD * HELD;
		for (uint32_t r = 0; r < n / HELD; r++) {
			for (uint32_t i = 0; i < HELD; i++)
				blocks[i] = grab();
			for (uint32_t i = 0; i < HELD; i++)
				free(blocks[order[i]]);
		}
	}
	return (double)(cpu_ns() - start) / n;
}

/* In the process with the other allocator: wnbench --malloc KIND N. */
int preload_main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	pin_to(0);
	for (unsigned int k = 0; k < 3; k++) {
		if (strcmp(argv[0], kinds[k]))
			continue;
		heap((enum kind)k, (uint32_t)atoi(argv[1]) / 4);
		printf("%.3f\n", heap((enum kind)k, (uint32_t)atoi(argv[1])));
		return 0;
	}
	return 2;
}

struct other {
	const char *library;	/* NULL: the C library's own */
	const char *package;
	enum kind kind;
};

static void theirs(struct bench_sample *s, const void *arg)
{
	const struct other *o = arg;
	char n[16];

	snprintf(n, sizeof(n), "%u", (unsigned int)bench_scale(800000));
	s->value = preload_run(o->library, kinds[o->kind], n);
	if (s->value < 0)
		s->missing = o->package;
}

static void run(const void *arg)
{
	static const enum kind kind[3] = { PAIR, BURST, TWO };
	static const char *const what[3] = {
		"256 B taken and given back", "256 B, 10,000 taken, then given back shuffled; per cell",
		"256 B pairs, two threads at once; per pair of both",
	};
	static const struct other others[3][3] = {
#define OTHERS(k) { { NULL, "", k }, { "libjemalloc.so.2", "libjemalloc2", k },	\
		    { "libmimalloc.so.2", "libmimalloc2.0", k } }
		OTHERS(PAIR), OTHERS(BURST), OTHERS(TWO)
	};
	unsigned int k;

	for (k = 0; k < 3; k++) {
		const struct bench_compare c = {
			.id = kinds[k], .what = what[k], .unit = "ns",
			.engine = k == TWO ? "core, 16 pairs a turn" : "core",
			.where = k == TWO ? "CPU 0 and 1" : "CPU 0",
			.sides = {
				{ .name = "pool", .run = ours, .arg = &kind[k] },
				{ .name = "glibc malloc", .run = theirs, .arg = &others[k][0] },
				{ .name = "jemalloc", .run = theirs, .arg = &others[k][1] },
				{ .name = "mimalloc", .run = theirs, .arg = &others[k][2] },
			},
			.checks = {
				{ .what = "one allocation", .figure = 50, .bar = 100 },
				{ .what = "times faster than malloc", .against = 1, .figure = 8 },
			},
		};

		bench_compare(&c);
	}
	bench_note("malloc at 400 ns, as the claim has it, is no current allocator's; so 8x is out "
		   "of reach where malloc itself takes about 10 ns.");
}

const struct bench_row row_pool = {
	.name = "1", .system = "WorknodeOS",
	.claim = "pool allocation 50 ns (bar: < 100), 8x faster than malloc at 400 ns",
	.run = run, .seconds = 15,
};
