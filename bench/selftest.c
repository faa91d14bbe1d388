// SPDX-License-Identifier: MIT
/*
 * What the benchmarks rest on: histograms against a sorted array, the count of what was
 * lost, came twice or out of order against streams that were spoilt on purpose. TAP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/bench.h"
#include "support/sequence.h"

#define VALUES 20000u

static int failures, tests;

static void ok(bool fine, const char *what)
{
	printf("%sok %d %s\n", fine ? "" : "not ", ++tests, what);
	failures += !fine;
}

static uint64_t draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Not below the true one, and at most 1/128 above it. */
static bool is_near(const struct hist *h, const uint64_t *sorted, double q)
{
	uint64_t at = (uint64_t)(q * VALUES), truth, told = hist_percentile(h, q);

	if ((double)at < q * VALUES)
		at++;
	truth = sorted[at ? at - 1 : 0];
	return told >= truth && told - truth <= truth / 128;
}

static void histograms(void)
{
	static struct hist one, two, sum;
	static uint64_t values[VALUES];
	uint64_t seed = 88172645463325252ULL;
	bool near = true, ordered = true, back = true;

	for (uint32_t i = 0; i < VALUES; i++) {
		/* All sizes: from 1 bit to 60. */
		values[i] = draw(&seed) >> (4 + draw(&seed) % 59);
		hist_add(i % 2 ? &one : &two, values[i]);
	}
	hist_merge(&sum, &one);
	hist_merge(&sum, &two);
	qsort(values, VALUES, sizeof(values[0]), by_value);
	for (int i = 1; i < 1000; i++)
		near &= is_near(&sum, values, i / 1000.);
	ok(near && is_near(&sum, values, 1), "percentiles are those of the sorted values, to 1/128");
	ok(sum.count == VALUES && sum.max == values[VALUES - 1], "two histograms are added up");
	for (uint32_t i = 0; i + 1 < HIST_BUCKETS; i++)
		ordered &= hist_value(i) < hist_value(i + 1);
	ok(ordered, "buckets are in order");
	for (uint32_t i = 0; i < HIST_BUCKETS; i++)
		back &= hist_index(hist_value(i)) == i &&
			(i + 1 == HIST_BUCKETS || hist_index(hist_value(i) + 1) == i + 1);
	ok(back, "a bucket's highest value is in it, one more is in the next");
	hist_clear(&sum);
	ok(!hist_percentile(&sum, .5), "an empty one has no percentile");
}

/* The numbers of a stream, with an end of -1. */
static struct bench_sample counted(const int *numbers, uint64_t sent)
{
	struct bench_sample s = { 0 };
	struct sequence q = { 0 };

	for (; *numbers >= 0; numbers++)
		sequence_saw(&q, (uint64_t)*numbers);
	sequence_end(&q, sent, &s);
	return s;
}

static void sequences(void)
{
	struct bench_sample s;

	s = counted((const int[]){ 0, 1, 2, 3, -1 }, 4);
	ok(!s.lost && !s.duplicated && !s.reordered && s.ops == 4, "all in order: nothing to tell");
	s = counted((const int[]){ 0, 1, 3, -1 }, 4);
	ok(s.lost == 1 && !s.duplicated && !s.reordered, "one is lost within");
	s = counted((const int[]){ 0, 1, -1 }, 4);
	ok(s.lost == 2 && !s.duplicated && !s.reordered, "two are lost at the end");
	s = counted((const int[]){ 0, 1, 1, 2, 3, -1 }, 4);
	ok(!s.lost && s.duplicated == 1 && !s.reordered, "one comes twice");
	s = counted((const int[]){ 0, 2, 1, 3, -1 }, 4);
	ok(!s.lost && !s.duplicated && s.reordered == 1, "two change places");
}

int main(void)
{
	histograms();
	sequences();
	printf("1..%d\n", tests);
	return failures ? 1 : 0;
}
