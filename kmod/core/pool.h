/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Pool: which cells of a fixed array are in use, and under which handle.
 *
 * It hands out indexes; what lies at an index is the caller's. The lowest free
 * index is always the next one, so that the same calls give the same handles
 * on every run: replay depends on it. A cell is in one of three states:
 *
 *	free --alloc--> live --free--> free
 *			     --free of the last generation--> retired, for ever
 *
 * Free cells are found through a tree of 64-bit words with a bit set where
 * something below is free: two words deep up to 4,096 cells, three up to
 * 262,144, four up to the limit, and never more words than that are touched by
 * an alloc or a free.
 *
 * Each cell has one word of its own. Live, it is the cell's handle; otherwise it
 * is the last handle with all index bits set. So one comparison tells whether a
 * handle is good, and no handle of another cell, generation or state can pass it.
 *
 * Only the engine calls, one call at a time. Handles may come from anybody: each
 * call here that takes one checks it first, and refuses with -ESTALE without a
 * change, whatever is wrong with it, so that the answer reveals nothing.
 */
#ifndef WN_CORE_POOL_H
#define WN_CORE_POOL_H

#include "handle.h"
#include "port.h"

#define WN_POOL_CAPACITY_MAX WN_INDEX_NONE

/* Words that one wn_pool_next() looks at: 4,096 cells. */
#define WN_POOL_SCAN_WORDS 64

struct wn_pool {
	u64 top;	/* the tree's root; 0: the pool is full */
	u64 *cells;	/* a word for each cell, see above */
	u64 *leaves;	/* a bit for each cell: free */
	u64 *inner;	/* a bit for each leaf; NULL: the root does that */
	u64 *upper;	/* a bit for each inner word; NULL: the root does that */
	u32 capacity;
	u32 used;	/* live cells */
	u32 retired;
	u32 high;	/* no cell at or above it was ever used */
};

/* Bytes that wn_pool_init() wants for @capacity cells; 0: no such pool can be. */
u64 wn_pool_bytes(u32 capacity);

/*
 * Every cell free, none ever used. @mem is aligned to 8, holds
 * wn_pool_bytes(capacity), is written in full, and stays the caller's.
 * -EINVAL: no memory, unaligned, or no cells; -E2BIG: more than the limit.
 */
int wn_pool_init(struct wn_pool *pool, void *mem, u32 capacity) __must_check;

/* The handle of a cell, live from now on; 0: full, and nothing changed. */
u64 wn_pool_alloc(struct wn_pool *pool) __must_check;

/* 0, or -ESTALE. The handle never becomes good again. */
int wn_pool_free(struct wn_pool *pool, u64 handle) __must_check;

/*
 * For rolling back: take back one wn_pool_alloc() or wn_pool_free() that gave 0,
 * as if it had never been. In reverse order the pool becomes bit for bit what it
 * was. Only for handles of which nobody has heard: a taken-back alloc gives the
 * same handle again. A handle that does not fit is the engine's own bug: it is
 * reported, -ESTALE, and nothing changes.
 */
int wn_pool_undo_alloc(struct wn_pool *pool, u64 handle) __must_check;
int wn_pool_undo_free(struct wn_pool *pool, u64 handle) __must_check;

/*
 * Look for the first live cell at or after *@cursor, which may be any number.
 * 1: *@cursor is its index. 0: there is none, *@cursor is the capacity.
 * -EAGAIN: none yet after WN_POOL_SCAN_WORDS words; call again with *@cursor.
 */
int wn_pool_next(const struct wn_pool *pool, u32 *cursor) __must_check;

/* The index behind a handle, or -ESTALE. */
static inline int wn_pool_lookup(const struct wn_pool *pool, u64 handle)
{
	u32 index = wn_handle_index(handle);

	if (unlikely(index >= pool->capacity))
		return -ESTALE;
	index = wn_index_nospec(index, pool->capacity);
	if (unlikely(pool->cells[index] != handle))
		return -ESTALE;
	return (int)index;
}

/* The handle of the live cell at an index, or 0. */
static inline u64 wn_pool_handle(const struct wn_pool *pool, u32 index)
{
	u64 cell;

	if (unlikely(index >= pool->capacity))
		return 0;
	index = wn_index_nospec(index, pool->capacity);
	cell = pool->cells[index];
	return wn_handle_index(cell) == index ? cell : 0;
}

static inline u32 wn_pool_capacity(const struct wn_pool *pool)
{
	return pool->capacity;
}

static inline u32 wn_pool_count(const struct wn_pool *pool)
{
	return pool->used;
}

static inline u32 wn_pool_retired(const struct wn_pool *pool)
{
	return pool->retired;
}

static inline bool wn_pool_is_full(const struct wn_pool *pool)
{
	return !pool->top;
}

#endif
