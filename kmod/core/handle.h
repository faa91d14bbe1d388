/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Handles: how everything outside the engine names a cell of a pool.
 *
 *	63               24 23        0
 *	|   generation     |   index   |
 *
 * The generation counts the uses of the cell and begins at 1, so no valid
 * handle is 0 and a handle, once stale, never fits again. The last index is
 * never a cell: it says "none".
 *
 * A handle from outside is just a number: only wn_pool_lookup() and what
 * stands on it may turn one into an index that is used.
 */
#ifndef WN_CORE_HANDLE_H
#define WN_CORE_HANDLE_H

#include <linux/worknode.h>

#include "port.h"

wn_static_assert(WN_HANDLE_INDEX_MASK == (1ULL << WN_HANDLE_INDEX_BITS) - 1);

#define WN_HANDLE_GENERATION_MAX (~0ULL >> WN_HANDLE_INDEX_BITS)

#define WN_INDEX_NONE ((u32)WN_HANDLE_INDEX_MASK)

/* The design promises generations of at least 40 bits. */
wn_static_assert(WN_HANDLE_GENERATION_MAX >= (1ULL << 40) - 1);

static inline u64 wn_handle_make(u64 generation, u32 index)
{
	return generation << WN_HANDLE_INDEX_BITS | index;
}

static inline u32 wn_handle_index(u64 handle)
{
	return (u32)(handle & WN_HANDLE_INDEX_MASK);
}

static inline u64 wn_handle_generation(u64 handle)
{
	return handle >> WN_HANDLE_INDEX_BITS;
}

#endif
