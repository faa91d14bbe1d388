// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "facet.h"

#define WIDTH 64u

static u32 words_for(u32 bits)
{
	return (bits + WIDTH - 1) / WIDTH;
}

static u32 bucket_of(u32 value)
{
	value ^= value >> 12 ^ value >> 24;
	return (value ^ value >> 6) % WN_FACET_BUCKETS;
}

static u64 bit_of(u32 at)
{
	return 1ULL << (at % WIDTH);
}

u64 wn_facet_bytes(u32 capacity)
{
	const u32 low = words_for(capacity), mid = words_for(low);

	return (u64)WN_FACET_BUCKETS * (low + mid + 2) * sizeof(u64);
}

void wn_facet_init(struct wn_facet *facet, void *zeroed, u32 capacity)
{
	facet->capacity = capacity;
	facet->low_words = words_for(capacity);
	facet->mid_words = words_for(facet->low_words);
	facet->low = zeroed;
	facet->mid = facet->low + (u64)WN_FACET_BUCKETS * facet->low_words;
	facet->top = facet->mid + (u64)WN_FACET_BUCKETS * facet->mid_words;
	facet->count = facet->top + WN_FACET_BUCKETS;
}

void wn_facet_add(struct wn_tx *tx, struct wn_facet *facet, u32 value, u32 index)
{
	const u32 b = bucket_of(value), at = index / WIDTH;
	u64 *low = &facet->low[(u64)b * facet->low_words + at];
	u64 *mid = &facet->mid[(u64)b * facet->mid_words + at / WIDTH];
	const u64 low_before = *low, mid_before = *mid;

	tx->steps++;
	WN_TX_SET(tx, *low, low_before | bit_of(index));
	WN_TX_SET(tx, facet->count[b], facet->count[b] + 1);
	if (low_before)
		return;
	WN_TX_SET(tx, *mid, mid_before | bit_of(at));
	if (!mid_before)
		WN_TX_SET(tx, facet->top[b], facet->top[b] | bit_of(at / WIDTH));
}

void wn_facet_remove(struct wn_tx *tx, struct wn_facet *facet, u32 value, u32 index)
{
	const u32 b = bucket_of(value), at = index / WIDTH;
	u64 *low = &facet->low[(u64)b * facet->low_words + at];
	u64 *mid = &facet->mid[(u64)b * facet->mid_words + at / WIDTH];

	tx->steps++;
	WN_TX_SET(tx, *low, *low & ~bit_of(index));
	WN_TX_SET(tx, facet->count[b], facet->count[b] - 1);
	if (*low)
		return;
	WN_TX_SET(tx, *mid, *mid & ~bit_of(at));
	if (!*mid)
		WN_TX_SET(tx, facet->top[b], facet->top[b] & ~bit_of(at / WIDTH));
}

/* The bits of a word from @from on; 0 for those of words before. */
static u64 from_on(u64 word, u32 from)
{
	return word & (~0ULL << (from % WIDTH));
}

u32 wn_facet_next(const struct wn_facet *facet, u32 value, u32 from)
{
	const u32 b = bucket_of(value);
	const u64 *low = &facet->low[(u64)b * facet->low_words];
	const u64 *mid = &facet->mid[(u64)b * facet->mid_words];
	u64 word;
	u32 at;

	if (from >= facet->capacity)
		return facet->capacity;
	at = from / WIDTH;
	word = from_on(low[at], from);
	if (word)
		return at * WIDTH + wn_ffs64(word);
	/* The next word of low that is not 0. */
	at++;
	word = at < facet->low_words ? from_on(mid[at / WIDTH], at) : 0;
	if (!word) {
		/* The next word of mid that is not 0. */
		at = at / WIDTH + 1;
		word = at < facet->mid_words ? from_on(facet->top[b], at) : 0;
		if (!word)
			return facet->capacity;
		at = wn_ffs64(word) * WIDTH;
		word = mid[at / WIDTH];
	}
	at = at / WIDTH * WIDTH + wn_ffs64(word);
	return at * WIDTH + wn_ffs64(low[at]);
}

u64 wn_facet_count(const struct wn_facet *facet, u32 value)
{
	return facet->count[bucket_of(value)];
}
