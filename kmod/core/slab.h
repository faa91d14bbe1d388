/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Slab: bytes that do not fit into their record, in chains of blocks of one size,
 * so nothing ever fragments. Private memory. What a free chain holds is kept on the
 * undo log when it is written over, so a rollback brings it back.
 */
#ifndef WN_CORE_SLAB_H
#define WN_CORE_SLAB_H

#include "handle.h"
#include "tx.h"

#define WN_SLAB_BYTES	56	/* of a value, in a block of 64 */

struct wn_slab_block {
	u32 next;		/* of the same chain */
	u32 chain;		/* in the first block of a free chain: the next one */
	u8 bytes[WN_SLAB_BYTES];
};

struct wn_slab {
	struct wn_slab_block *blocks;
	u32 count;		/* all there are */
	u32 reserved;
	u64 used;		/* saved together with the two below */
	u32 free;		/* chains that were given back, the last first */
	u32 fresh;		/* none from here on was ever used */
};

static inline u32 wn_slab_need(u32 bytes)
{
	return (bytes + WN_SLAB_BYTES - 1) / WN_SLAB_BYTES;
}

static inline bool wn_slab_fits(const struct wn_slab *slab, u32 bytes)
{
	return wn_slab_need(bytes) <= slab->count - slab->used;
}

void wn_slab_init(struct wn_slab *slab, void *blocks, u32 count);

/* The first block of a chain that holds these bytes; they fit. No bytes: none. */
u32 wn_slab_put(struct wn_tx *tx, struct wn_slab *slab, const u8 *bytes, u32 len);

/* Give a chain of so many bytes back: in a few steps, however long it is. */
void wn_slab_drop(struct wn_tx *tx, struct wn_slab *slab, u32 chain, u32 len);

void wn_slab_get(const struct wn_slab *slab, u32 chain, u8 *to, u32 len);
bool wn_slab_equal(const struct wn_slab *slab, u32 chain, const u8 *bytes, u32 len);

#endif
