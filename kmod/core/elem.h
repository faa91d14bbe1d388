/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Elements: what sets, maps, multi-value registers and flags are made of. One
 * element is one dot that lives, with the key and the value that came with it.
 *
 *   - An index by (cell, key) finds those of a key: chains with a bound, under a
 *     key that nobody knows. A key has at most one element of each replica: a new
 *     dot of a replica ends the one before it.
 *   - For each row (cell, replica) a list in the order of the dots. New dots go to
 *     its end, so a delta is walked from there backwards.
 *
 * Private memory; every change is undone by a rollback. Key and value lie one
 * after the other, 64 bytes in the element, the rest in the slab.
 */
#ifndef WN_CORE_ELEM_H
#define WN_CORE_ELEM_H

#include "slab.h"
#include "vv.h"

#define WN_ELEM_INLINE	64u

/* Elements of one chain, those with the same key included. */
#define WN_ELEM_CHAIN	(WN_REPLICAS_MAX + 32)

struct wn_cells;
struct wn_row;

struct wn_elem {
	u64 dot;		/* number of its replica */
	u32 cell;		/* index */
	u16 replica;
	u16 key_len;
	u32 prev, next;		/* of the same row, by dot; next also of the free ones */
	u32 chain;		/* next of those with a like hash */
	u32 hash;		/* low bits: the chain */
	u32 blocks;		/* what does not fit */
	u16 val_len;
	u16 reserved;
	u64 x, y;		/* of maps: the stamp; or what was added and taken */
	u64 reserved1;
	u8 bytes[WN_ELEM_INLINE];
};

struct wn_elems {
	struct wn_elem *at;
	u32 *heads;		/* of chains, a power of two */
	u32 mask;
	u32 count;
	u64 used;		/* saved together with the two below */
	u32 free, fresh;
};

/* A key and a value as they come from outside. */
struct wn_item {
	const u8 *bytes;	/* the key, then the value */
	u16 key_len, val_len;
	u64 x, y;
	u32 hash;		/* wn_elem_hash() */
};

u32 wn_elem_heads(u32 elems);
void wn_elems_init(struct wn_elems *elems, void *at, void *heads, u32 count);

u32 wn_elem_hash(const struct wn_cells *cells, u32 cell, const u8 *key, u32 len);

/* The first element of a key, and the one that follows it; WN_INDEX_NONE. */
u32 wn_elem_find(const struct wn_cells *cells, u32 cell, const struct wn_item *item);
u32 wn_elem_same(const struct wn_cells *cells, u32 elem);

/* Whether one more can be put, once @leaving of the same key have gone: 0 or -ENOSPC. */
int wn_elem_fits(const struct wn_cells *cells, u32 cell, const struct wn_item *item, u32 leaving);

/* A new element at the end of its row, which has no later dot. There is room for it. */
void wn_elem_put(struct wn_cells *cells, u32 cell, struct wn_row *row, u64 dot,
		 const struct wn_item *item);

/* It is gone. */
void wn_elem_kill(struct wn_cells *cells, struct wn_row *row, u32 elem);

/* The first element of a row with a dot above @from, or WN_INDEX_NONE. */
u32 wn_elem_seek(struct wn_cells *cells, u32 cell, const struct wn_row *row, u64 from);

/* Copy key and value out: key_len + val_len bytes. */
void wn_elem_get(const struct wn_cells *cells, const struct wn_elem *elem, u8 *to);

#endif
