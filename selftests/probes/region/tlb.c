// SPDX-License-Identifier: MIT
/*
 * What huge pages are worth for 51 MB of state, at native speed: dependent
 * reads of random words, over 4 KB and over 2 MB pages. Emulation has no TLB
 * to speak of, so this runs on the host, over memory of its own.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define HUGE	(2UL << 20)
#define SIZE	(51UL << 20)
#define WORDS	(SIZE / sizeof(uint64_t))
#define READS	200000U
#define ROUNDS	101

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static unsigned long huge_kb(void)
{
	unsigned long kb, sum = 0;
	char line[256];
	FILE *f = fopen("/proc/self/smaps", "re");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "AnonHugePages: %lu kB", &kb) == 1)
			sum += kb;
	fclose(f);
	return sum;
}

/* One node of 64 bytes leads to the next: a cycle over all cache lines. */
static void fill(uint64_t *m)
{
	size_t n = WORDS / 8, i;
	uint32_t *order = malloc(n * sizeof(*order));

	if (!order)
		exit(1);
	srand48(7);
	for (i = 0; i < n; i++)
		order[i] = i;
	for (i = n - 1; i; i--) {
		size_t j = lrand48() % (i + 1);
		uint32_t t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
	for (i = 0; i < n; i++)
		m[order[i] * 8UL] = order[(i + 1) % n] * 8UL;
	free(order);
}

static uint64_t *make(int advice)
{
	char *room = mmap(NULL, SIZE + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	uint64_t *m = (uint64_t *)(((uintptr_t)room + HUGE - 1) & ~(HUGE - 1));

	if (room == MAP_FAILED)
		exit(1);
	madvise(m, SIZE, advice);
	memset(m, 0, SIZE);
	fill(m);
	return m;
}

/* By turns, so that what else the machine does falls on both alike. */
int main(void)
{
	static const char *const name[] = { "4 KB", "2 MB" };
	uint64_t *m[2] = { make(MADV_NOHUGEPAGE), make(MADV_HUGEPAGE) };
	volatile uint64_t sink;
	double ns[2][ROUNDS];
	uint64_t at = 0;
	unsigned int i, r, k;

	printf("of 51 MB huge: %lu kB\n", huge_kb());
	for (r = 0; r < ROUNDS; r++) {
		for (k = 0; k < 2; k++) {
			double t = now();

			for (i = 0; i < READS; i++)
				at = m[k][at];
			ns[k][r] = (now() - t) / READS;
		}
	}
	sink = at;
	(void)sink;
	for (k = 0; k < 2; k++) {
		qsort(ns[k], ROUNDS, sizeof(ns[k][0]), by_value);
		printf("%s pages: %.1f ns a read, best %.1f, worst %.1f\n", name[k],
		       ns[k][ROUNDS / 2], ns[k][0], ns[k][ROUNDS - 1]);
	}
	return 0;
}
