/* SPDX-License-Identifier: MIT */
/*
 * A histogram of every value, none thrown away: buckets as wide as 1/128 of what they
 * hold, from 1 ns to 584 years, so percentiles are right to 0.8 % and it costs an
 * increment to record. Histograms of many runs are added up.
 */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <stdint.h>

#define HIST_SUB_BITS	7
#define HIST_SUB	(1u << HIST_SUB_BITS)
#define HIST_BUCKETS	((64u - HIST_SUB_BITS + 1) * HIST_SUB)

struct hist {
	uint64_t count;
	uint64_t max;
	uint64_t bucket[HIST_BUCKETS];
};

static inline uint32_t hist_index(uint64_t v)
{
	uint32_t shift;

	if (v < HIST_SUB)
		return (uint32_t)v;
	shift = 63u - (uint32_t)__builtin_clzll(v) - HIST_SUB_BITS;
	return (shift + 1) * HIST_SUB + (uint32_t)((v >> shift) - HIST_SUB);
}

static inline void hist_add(struct hist *h, uint64_t v)
{
	h->bucket[hist_index(v)]++;
	h->count++;
	if (v > h->max)
		h->max = v;
}

/* The highest value that counts as bucket i. */
uint64_t hist_value(uint32_t i);

/* The value that a share q (0 to 1) of all does not exceed; 0 of an empty one. */
uint64_t hist_percentile(const struct hist *h, double q);

void hist_merge(struct hist *to, const struct hist *from);
void hist_clear(struct hist *h);

#endif
