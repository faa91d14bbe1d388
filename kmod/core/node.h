/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A node: its record, of which readers have a picture, and what is the engine's
 * alone. An index here is good: it comes from wn_node_find() or from the tree.
 */
#ifndef WN_CORE_NODE_H
#define WN_CORE_NODE_H

#include "core.h"

/* Lines of struct wn_node_rec. */
#define WN_NODE_HEAD	1u
#define WN_NODE_LINKS	2u
#define WN_NODE_NAME	4u

wn_static_assert(sizeof(struct wn_node_rec) == 3 * 8 * WN_LINE_WORDS);
wn_static_assert(__builtin_offsetof(struct wn_node_rec, user) == 8 * WN_LINE_WORDS);
wn_static_assert(__builtin_offsetof(struct wn_node_rec, name) == 2 * 8 * WN_LINE_WORDS);

struct wn_node_own {
	u32 prev;		/* younger sibling, or WN_INDEX_NONE */
	u32 next_doomed;	/* destroyed after it and not yet gone, or WN_INDEX_NONE */
	u64 hash;		/* of its name, below its parent */
	u32 account;		/* that it is charged to; 0: none */
	u8 height;		/* levels below it, or more: see docs/core.md */
	u8 on_death;		/* WN_DEATH_*, while its owner is not buried */
	u8 reserved[2];
	u64 logged;		/* number of its last record in the change log, or of another's */
	u64 cells_hlc;		/* domain clock of the last change of a cell of it */
	u64 reader_cap;		/* under which its reader was bound: a handle, or WN_READER_QUEUE */
	u32 reader;		/* its number + 1; 0: nobody */
	u32 letter;		/* the last one about it in a backlog that conflates; perhaps gone */
	u64 owner_life;		/* of the client that made it; 0: an orphan */
	struct wn_link promises; /* those that its end ends */
};

static inline const struct wn_node_rec *wn_node(const struct wn_core *core, u32 index)
{
	return (const struct wn_node_rec *)core->tx->tables[WN_TABLE_NODES].truth + index;
}

static inline struct wn_node_rec *wn_node_edit(struct wn_core *core, u32 index, u32 lines)
{
	return wn_tx_edit(core->tx, WN_TABLE_NODES, index, lines);
}

/* The index behind a handle, or -ESTALE. */
static inline int wn_node_find(const struct wn_core *core, u64 handle)
{
	u32 index = wn_handle_index(handle);

	if (unlikely(index >= core->bounds.nodes || !handle))
		return -ESTALE;
	index = wn_index_nospec(index, core->bounds.nodes);
	return likely(wn_node(core, index)->handle == handle) ? (int)index : -ESTALE;
}

/* The record changed: edit its head, and give version and stamps. */
struct wn_node_rec *wn_node_touch(struct wn_core *core, u32 index, u64 hlc);

#endif
