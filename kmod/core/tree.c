// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "tree.h"

#include "cap.h"
#include "names.h"
#include "queue.h"

struct wn_node_rec *wn_node_touch(struct wn_core *core, u32 index, u64 hlc)
{
	struct wn_node_rec *rec = wn_node_edit(core, index, WN_NODE_HEAD);

	rec->version++;
	rec->hlc = hlc;
	wn_log_mark(core, index, WN_LOG_TOUCHED);
	wn_changed_note(core->tx, &core->changed, index, hlc);
	return rec;
}

int wn_tree_climb(struct wn_core *core, u32 index, u32 find, bool *met)
{
	bool found = false;
	int levels;

	for (levels = 0; levels <= WN_DEPTH_MAX; levels++) {
		const struct wn_node_rec *rec = wn_node(core, index);

		core->tx->steps++;
		found |= index == find;
		if (!rec->handle)
			return -ESTALE;	/* destroyed, and those below it wait */
		if (!rec->parent) {
			if (met)
				*met = found;
			return levels;
		}
		index = wn_handle_index(rec->parent);
	}
	wn_bug_on(levels > WN_DEPTH_MAX);
	return -ESTALE;
}

/* Children came below: those above are higher, as far as it matters. */
static void raise(struct wn_core *core, u32 index, u32 height)
{
	while (core->own[index].height < height && height <= WN_DEPTH_MAX) {
		core->tx->steps++;
		WN_TX_SET(core->tx, core->own[index].height, height);
		if (!wn_node(core, index)->parent)
			return;
		index = wn_handle_index(wn_node(core, index)->parent);
		height++;
	}
}

void wn_tree_link(struct wn_core *core, u32 index, u32 parent)
{
	struct wn_node_rec *above = wn_node_edit(core, parent, WN_NODE_HEAD | WN_NODE_LINKS);
	struct wn_node_rec *rec = wn_node_edit(core, index, WN_NODE_HEAD | WN_NODE_LINKS);

	wn_log_mark(core, parent, WN_CHANGE_TREE);
	wn_log_mark(core, index, WN_CHANGE_TREE);
	rec->parent = above->handle;
	rec->next = above->first_child;
	if (rec->next != WN_INDEX_NONE)
		WN_TX_SET(core->tx, core->own[rec->next].prev, index);
	WN_TX_SET(core->tx, core->own[index].prev, WN_INDEX_NONE);
	above->first_child = index;
	above->nr_children++;
	raise(core, parent, core->own[index].height + 1u);
}

void wn_tree_unlink(struct wn_core *core, u32 index)
{
	const struct wn_node_rec *rec = wn_node(core, index);
	const u32 parent = wn_handle_index(rec->parent), prev = core->own[index].prev;
	struct wn_node_rec *above = wn_node_edit(core, parent, WN_NODE_HEAD | WN_NODE_LINKS);

	wn_log_mark(core, parent, WN_CHANGE_TREE);
	if (prev == WN_INDEX_NONE)
		above->first_child = rec->next;
	else
		wn_node_edit(core, prev, WN_NODE_LINKS)->next = rec->next;
	if (rec->next != WN_INDEX_NONE)
		WN_TX_SET(core->tx, core->own[rec->next].prev, prev);
	if (!--above->nr_children)
		WN_TX_SET(core->tx, core->own[parent].height, 0);
}

/* What finds a node, but for its parent; and its cells, which nobody finds but by it. */
static void hide(struct wn_core *core, u32 index)
{
	const struct wn_node_rec *rec = wn_node(core, index);

	wn_names_remove(core, index);
	wn_facet_remove(core->tx, &core->types, rec->type, index);
	wn_facet_remove(core->tx, &core->states, rec->state, index);
	wn_account_charge(core, core->own[index].account, WN_QUOTA_NODES, -1);
	wn_cells_doom(&core->cells, rec->first_cell);
	wn_queue_node_gone(core, index);
	wn_promise_node_gone(core, index);
	wn_death_node_gone(core, index);
}

void wn_tree_drop(struct wn_core *core, u32 index)
{
	const u64 handle = wn_node(core, index)->handle;

	hide(core, index);
	wn_node_edit(core, index, WN_NODE_HEAD)->handle = 0;
	wn_bug_on(wn_tx_free(core->tx, &core->nodes, handle));
	++*core->tree_epoch;
}

void wn_tree_doom(struct wn_core *core, u32 index)
{
	struct wn_node_rec *rec;

	hide(core, index);
	rec = wn_node_edit(core, index, WN_NODE_HEAD);
	rec->handle = 0;
	rec->parent = 0;
	WN_TX_SET(core->tx, core->own[index].next_doomed, WN_INDEX_NONE);
	if (core->doomed == WN_INDEX_NONE)
		WN_TX_SET(core->tx, core->doomed, index);
	else
		WN_TX_SET(core->tx, core->own[core->last_doomed].next_doomed, index);
	WN_TX_SET(core->tx, core->last_doomed, index);
	++*core->tree_epoch;
}

void wn_tree_destroy(struct wn_core *core, u32 index, u64 hlc)
{
	const struct wn_node_rec *rec = wn_node(core, index);
	const u32 parent = wn_handle_index(rec->parent);

	wn_tree_unlink(core, index);
	if (rec->nr_children)
		wn_tree_doom(core, index);
	else
		wn_tree_drop(core, index);
	wn_node_touch(core, parent, hlc);
}
