/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The tree: who is whose child. Indexes are good ones; every call is part of
 * the transaction and leaves versions and stamps to its caller.
 */
#ifndef WN_CORE_TREE_H
#define WN_CORE_TREE_H

#include "node.h"

/*
 * Walk from a node up to the root: how many levels, or -ESTALE if that is not
 * where it ends, because a node above was destroyed. *met (NULL: of no
 * interest) says whether @find was the node or one of those above it.
 */
int wn_tree_climb(struct wn_core *core, u32 index, u32 find, bool *met);

/* Whether nodes wait for wn_core_slice(). */
static inline bool wn_tree_is_torn(const struct wn_core *core)
{
	return core->doomed != WN_INDEX_NONE;
}

/* Make a node, which has no parent now, the first child of another. */
void wn_tree_link(struct wn_core *core, u32 index, u32 parent);

/* Take it out of its parent's children. Its record's parent is as before. */
void wn_tree_unlink(struct wn_core *core, u32 index);

/* Free a node's cell and all that finds it; it has no children and is unlinked. */
void wn_tree_drop(struct wn_core *core, u32 index);

/* Take an unlinked node's handle and leave those below it to wn_core_slice(). */
void wn_tree_doom(struct wn_core *core, u32 index);

/* All of these that destroying a node takes, which hangs on a living parent. */
void wn_tree_destroy(struct wn_core *core, u32 index, u64 hlc);

#endif
