// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "reap.h"

#include "cap.h"
#include "journal.h"
#include "slot.h"
#include "tree.h"

/* The oldest destroyed node has nothing below it any more: its cell is free. */
static void finish(struct wn_core *core, u32 index)
{
	wn_tx_dirty(core->tx, WN_DIRTY_NODES, index);
	wn_bug_on(wn_tx_free(core->tx, &core->nodes, wn_pool_handle(&core->nodes, index)));
	WN_TX_SET(core->tx, core->doomed, core->own[index].next_doomed);
	if (core->doomed == WN_INDEX_NONE)
		WN_TX_SET(core->tx, core->last_doomed, WN_INDEX_NONE);
	WN_TX_SET(core->tx, core->reaping, WN_INDEX_NONE);
}

static void step(struct wn_core *core)
{
	const u32 at = core->reaping == WN_INDEX_NONE ? core->doomed : core->reaping;
	const struct wn_node_rec *rec = wn_node(core, at);
	u32 parent;

	if (rec->first_child != WN_INDEX_NONE) {
		WN_TX_SET(core->tx, core->reaping, rec->first_child);
	} else if (at == core->doomed) {
		finish(core, at);
	} else {
		parent = wn_handle_index(rec->parent);
		wn_tree_unlink(core, at);
		wn_tree_drop(core, at);
		WN_TX_SET(core->tx, core->reaping, parent);
	}
	wn_core_commit(core);
}

/*
 * Its slots first: their clients may have them for others. Once it is free it is
 * charged to nobody any more.
 */
static bool cell_step(struct wn_core *core)
{
	const u32 cell = core->cells.doomed, used = wn_pool_count(&core->cells.pool);
	const struct wn_cell_charge *charge;

	if (wn_slot_step(core))
		return true;
	if (!wn_cells_step(&core->cells))
		return false;
	charge = &core->accounts.cells[cell];
	if (wn_pool_count(&core->cells.pool) != used) {
		wn_account_charge(core, charge->account, WN_QUOTA_BYTES, -(s64)charge->bytes);
		wn_account_charge(core, charge->account, WN_QUOTA_CELLS, -1);
	}
	return true;
}

/* What was attached under a revoked capability goes before it does. */
static void cap_step(struct wn_core *core, u32 *steps)
{
	u32 client, index;

	if (wn_caps_leaf(core, &client, &index) &&
	    !wn_slot_client_gone(core, client, index, steps))
		return;
	wn_tx_begin(core->tx, false);
	wn_caps_step(core);
	wn_core_commit(core);
	*steps -= !!*steps;
}

u32 wn_reap_slice(struct wn_core *core, u32 steps)
{
	const u32 given = steps;

	wn_tx_begin(core->tx, false);
	for (; steps && core->doomed != WN_INDEX_NONE; steps--)
		step(core);
	for (; steps && cell_step(core); steps--)
		wn_core_commit(core);
	while (steps && wn_caps_are_doomed(core))
		cap_step(core, &steps);
	return given - steps;
}

bool wn_core_slice(struct wn_core *core, u32 steps)
{
	bool more;

	if (unlikely(core->journal)) {
		if (!wn_journal_has_room(core))
			return true;
		wn_journal_open(core, WN_INPUT_REAP, 0, NULL);
		wn_journal_arg(core, 0, steps);
	}
	wn_reap_slice(core, steps);
	more = core->doomed != WN_INDEX_NONE || core->cells.doomed != WN_INDEX_NONE ||
	       wn_caps_are_doomed(core);
	if (unlikely(core->journal))
		wn_journal_close(core, more);
	return more;
}
