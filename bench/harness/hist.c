// SPDX-License-Identifier: MIT
#include "hist.h"

#include <string.h>

uint64_t hist_value(uint32_t i)
{
	const uint32_t shift = i / HIST_SUB;

	if (!shift)
		return i;
	return ((uint64_t)(HIST_SUB + i % HIST_SUB + 1) << (shift - 1)) - 1;
}

uint64_t hist_percentile(const struct hist *h, double q)
{
	uint64_t want = (uint64_t)(q * (double)h->count), seen = 0;

	if (!h->count)
		return 0;
	if ((double)want < q * (double)h->count || !want)
		want++;
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen >= want)
			return hist_value(i) < h->max ? hist_value(i) : h->max;
	}
	return h->max;
}

void hist_merge(struct hist *to, const struct hist *from)
{
	to->count += from->count;
	if (from->max > to->max)
		to->max = from->max;
	for (uint32_t i = 0; i < HIST_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
}

void hist_clear(struct hist *h)
{
	memset(h, 0, sizeof(*h));
}
