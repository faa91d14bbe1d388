// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "slab.h"

wn_static_assert(sizeof(struct wn_slab_block) == 64);

void wn_slab_init(struct wn_slab *slab, void *blocks, u32 count)
{
	slab->blocks = blocks;
	slab->count = count;
	slab->used = 0;
	slab->free = WN_INDEX_NONE;
	slab->fresh = 0;
}

/* A block to write to, the first of the chain given back last. */
static u32 take(struct wn_tx *tx, struct wn_slab *slab)
{
	const u32 at = slab->free;
	struct wn_slab_block *block;

	tx->steps++;
	if (at == WN_INDEX_NONE) {
		if (wn_bug_on(slab->fresh == slab->count))
			return WN_INDEX_NONE;
		return slab->fresh++;
	}
	block = &slab->blocks[at];
	if (block->next == WN_INDEX_NONE) {
		slab->free = block->chain;
	} else {
		WN_TX_SET(tx, slab->blocks[block->next].chain, block->chain);
		slab->free = block->next;
	}
	return at;
}

static u32 smaller(u32 a, u32 b)
{
	return a < b ? a : b;
}

u32 wn_slab_put(struct wn_tx *tx, struct wn_slab *slab, const u8 *bytes, u32 len)
{
	u32 first = WN_INDEX_NONE, *link = &first, at, part;
	struct wn_slab_block *block;

	if (!len)
		return WN_INDEX_NONE;
	wn_tx_save(tx, &slab->used, 2);
	slab->used += wn_slab_need(len);
	for (; len; len -= part, bytes += part) {
		at = take(tx, slab);
		if (at == WN_INDEX_NONE)
			break;
		part = smaller(len, WN_SLAB_BYTES);
		block = &slab->blocks[at];
		wn_tx_save(tx, block, sizeof(*block) / sizeof(u64));
		wn_memset(block, 0, sizeof(*block));
		wn_memcpy(block->bytes, bytes, part);
		block->next = WN_INDEX_NONE;
		*link = at;
		link = &block->next;
	}
	return first;
}

void wn_slab_drop(struct wn_tx *tx, struct wn_slab *slab, u32 chain, u32 len)
{
	if (!len)
		return;
	tx->steps++;
	WN_TX_SET(tx, slab->used, slab->used - wn_slab_need(len));
	WN_TX_SET(tx, slab->blocks[chain].chain, slab->free);
	WN_TX_SET(tx, slab->free, chain);
}

void wn_slab_get(const struct wn_slab *slab, u32 chain, u8 *to, u32 len)
{
	u32 part;

	for (; len; len -= part, to += part) {
		part = smaller(len, WN_SLAB_BYTES);
		wn_memcpy(to, slab->blocks[chain].bytes, part);
		chain = slab->blocks[chain].next;
	}
}

bool wn_slab_equal(const struct wn_slab *slab, u32 chain, const u8 *bytes, u32 len)
{
	u32 part;

	for (; len; len -= part, bytes += part) {
		part = smaller(len, WN_SLAB_BYTES);
		if (wn_memcmp(slab->blocks[chain].bytes, bytes, part))
			return false;
		chain = slab->blocks[chain].next;
	}
	return true;
}
