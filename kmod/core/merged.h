/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The merge digest: 256 bits of a subtree that are the same at all replicas which know the
 * same. It covers paths, and what is in cells; no handle, index, version or stamp of a
 * node, nor who was where first. What is LOCAL does not leave a host and has no part in it.
 *
 *	cell	id, type, flags; its whole state as a delta, which has one form
 *	node	its cells by id; its children by name, each with its hash
 *
 * A hash of each node and each cell is kept. No change marks anything: a cell is hashed
 * again when its version is another; and a node when it changed since, which is found
 * through changed.h, or when one below it did. To hash is sliced down to a few steps, and
 * the state may change in between. All of this is scratch.
 */
#ifndef WN_CORE_MERGED_H
#define WN_CORE_MERGED_H

#include "blake2s.h"
#include "port.h"

struct wn_core;
struct wn_bounds;

/* A cell that was hashed. */
struct wn_merged_cell {
	u64 handle, version;
	u8 hash[WN_BLAKE2S_BYTES];
};

/* A node on the way from the one that was asked for down to the one that is at work. */
struct wn_merged_step {
	u64 handle;
	u32 index;
	u32 child;		/* that is looked at next; WN_INDEX_NONE: all are hashed */
};

enum wn_merged_phase { WN_MERGED_IDLE, WN_MERGED_CELLS, WN_MERGED_SORT, WN_MERGED_CHILDREN };

struct wn_merged {
	u8 *hash;		/* 32 bytes a node */
	u8 *good;		/* a byte a node: the hash is, as far as changes were looked at */
	struct wn_merged_cell *cells;
	struct wn_merged_step *way;	/* WN_DEPTH_MAX + 1 */
	u32 *heap;		/* bounds.children: those of the node at work, by name */
	u32 nr_way, nr_heap;

	u64 seen;		/* changes up to this stamp are looked at */
	u64 until;		/* and then those up to this one will be; 0: none are */
	u32 cursor;		/* the node that is looked at next */

	/* The node at work is the last of the way. */
	u32 phase;		/* enum wn_merged_phase */
	u32 child;		/* SORT: the next one for the heap */
	u64 id;			/* CELLS: all with a lower id are in */
	bool some, again;	/* one is; what is at work changed */
	struct wn_blake2s node;

	/* The cell at work. */
	u64 cell, version, told;	/* handle, 0: none */
	struct wn_blake2s content;
};

/* Zeroed memory. */
void wn_merged_init(struct wn_merged *merged, void *hash, void *good, void *cells, void *way,
		    void *heap);

/*
 * Hash what changed of the subtree of a node (index); takes steps and BLAKE2s blocks off the
 * budget, and may take WN_MERGED_STEP more. False: more is left.
 */
bool wn_merged_slice(struct wn_core *core, u32 index, u32 *budget);
#define WN_MERGED_STEP 8192

/* The slice said true, and nothing changed since. */
void wn_merged_digest(const struct wn_core *core, u32 index, u8 digest[WN_BLAKE2S_BYTES]);

#endif
