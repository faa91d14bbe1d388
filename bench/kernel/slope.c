// SPDX-License-Identifier: MIT
/*
 * slope DOMAIN: what one op more in a batch costs: a line through the cost of batches of
 * 1 to 128 ops, submitted by one ioctl each, done inline, answers read. Its slope is the
 * engine's and the library's work for an op; what a system call costs is in the offset.
 * So it is native speed in User-Mode Linux, whose system calls are dear, and exact
 * instruction counts in a guest where a nanosecond is an instruction. JSON on stdout.
 *
 * slope DOMAIN OP SIZE: the same submission over and over until it is killed, for who
 * looks at where the work is done (bench/profile/path).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <wn.h>

#define RUNS	11
#define SIZES	8	/* 1, 2, 4 ... 128 */

static struct wn wn;
static __u64 node, cell, reader;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static __u64 good(__s64 res, const char *what)
{
	if (WN_RES_IS_ERROR(res)) {
		fprintf(stderr, "slope: %s: %s\n", what, wn_strerror((int)res));
		exit(1);
	}
	return (__u64)res;
}

static void nop(unsigned int i)
{
	wn_prep_nop(wn_get_sqe(&wn), i);
}

static void set(unsigned int i)
{
	wn_prep_set_word(wn_get_sqe(&wn), node, 1, i, i);
}

static void add(unsigned int i)
{
	wn_prep_cell_count(wn_get_sqe(&wn), node, cell, WN_CELL_ADD, 1, i);
}

static void event(unsigned int i)
{
	wn_prep_emit_word(wn_get_sqe(&wn), reader, 0, 1, i, i);
}

static void batch_of(void (*fill)(unsigned int), unsigned int size)
{
	const struct wn_cqe *cqe;
	unsigned int i, seen = 0;
	__u32 pos;

	for (i = 0; i < size; i++)
		fill(i);
	good(wn_submit(&wn), "wn_submit");
	wn_for_each_cqe(&wn, pos, cqe) {
		good(cqe->res, "an op");
		seen++;
	}
	if (seen != size)
		good(-EPROTO, "completions");
	wn_cq_advance(&wn, seen);
	if (fill == event) {
		for (i = 0; wn_peek_event(&wn); i++)
			wn_event_seen(&wn);
		if (i != size)
			good(-EPROTO, "events");
	}
}

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double cost(void (*fill)(unsigned int), unsigned int size, unsigned int calls)
{
	double ns[RUNS], start;
	unsigned int r, i;

	for (i = 0; i < calls / 4 + 1; i++)
		batch_of(fill, size);
	for (r = 0; r < RUNS; r++) {
		start = now();
		for (i = 0; i < calls; i++)
			batch_of(fill, size);
		ns[r] = (now() - start) / calls;
	}
	qsort(ns, RUNS, sizeof(ns[0]), ascending);
	/* The least: what others do to this only makes it more. */
	return ns[0];
}

static const struct {
	const char *name;
	void (*fill)(unsigned int i);
} ops[] = {
	{ "NOP", nop },
	{ "NODE_SET", set },
	{ "CELL_UPDATE", add },
	{ "EMIT and delivery", event },
};

#define OPS	(sizeof(ops) / sizeof(ops[0]))

static int for_ever(const char *name, unsigned int size)
{
	unsigned int i;

	for (i = 0; i < OPS; i++) {
		if (strcmp(ops[i].name, name) || !size || size > 1u << (SIZES - 1))
			continue;
		puts("slope: it runs");
		fflush(stdout);
		for (;;)
			batch_of(ops[i].fill, size);
	}
	fprintf(stderr, "slope: %s %u: no op of that name, or not 1 to %u of it\n", name, size,
		1u << (SIZES - 1));
	return 2;
}

static void measure(const char *name, void (*fill)(unsigned int), unsigned int calls, int last)
{
	double x, y, sx = 0, sy = 0, sxx = 0, sxy = 0, slope;
	unsigned int i;

	printf("  { \"op\": \"%s\", \"batches\": [", name);
	for (i = 0; i < SIZES; i++) {
		x = 1u << i;
		y = cost(fill, 1u << i, calls);
		sx += x;
		sy += y;
		sxx += x * x;
		sxy += x * y;
		printf("%s[%u, %.1f]", i ? ", " : "", 1u << i, y);
	}
	slope = (SIZES * sxy - sx * sy) / (SIZES * sxx - sx * sx);
	printf("], \"slope\": %.2f, \"offset\": %.1f }%s\n", slope, (sy - slope * sx) / SIZES,
	       last ? "" : ",");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const unsigned int calls = argc > 2 ? (unsigned int)atoi(argv[2]) : 200;
	const struct wn_params params = { .inbox_entries = { 128, 1, 1, 1 } };
	double start, least = 1e18, ns;
	unsigned int i, r;

	if (argc < 2 || argc > 4 || (argc < 4 && !calls)) {
		fprintf(stderr, "usage: slope DOMAIN [CALLS], slope DOMAIN OP SIZE\n");
		return 2;
	}
	good(wn_open(&wn, argv[1], &params), argv[1]);
	node = good(wn_create(&wn, 0, "node"), "create");
	cell = good(wn_cell_create(&wn, node, 1, WN_CELL_PNCOUNTER, 0), "cell");
	reader = good(wn_create(&wn, 0, "reader"), "create");
	good(wn_bind(&wn, reader, WN_POLICY_FAIL), "bind");
	if (argc == 4)
		return for_ever(argv[2], (unsigned int)atoi(argv[3]));
	for (r = 0; r < RUNS; r++) {
		start = now();
		for (i = 0; i < calls; i++)
			syscall(SYS_getppid);
		ns = (now() - start) / calls;
		least = ns < least ? ns : least;
	}
	printf("{ \"getppid\": %.1f, \"ops\": [\n", least);
	for (i = 0; i < OPS; i++)
		measure(ops[i].name, ops[i].fill, calls, i + 1 == OPS);
	printf("]\n}\n");
	/* As it was: it may run again. */
	good(wn_destroy(&wn, node), "destroy");
	good(wn_destroy(&wn, reader), "destroy");
	wn_close(&wn);
	return 0;
}
