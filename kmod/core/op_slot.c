// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Ops on slots. Each checks all before it changes the first thing. */
#include "op_cell.h"

#include "client.h"
#include "slot.h"

/* A call of SAMPLE takes so many. */
#define SAMPLE_SLOTS 256

static bool is_counter(const struct wn_core *core, u32 cell)
{
	const u8 type = wn_cell(&core->cells, cell)->type;

	return type == WN_CELL_GCOUNTER || type == WN_CELL_PNCOUNTER;
}

static bool is_escrow(const struct wn_core *core, u32 cell)
{
	return wn_cell(&core->cells, cell)->type == WN_CELL_ESCROW;
}

/* A slot's value as a result: any 64 bits. */
static s64 answer(struct wn_call *call, u64 value)
{
	call->aux = (u32)(value >> 32);
	return (u32)value;
}

/* Rows that an attached slot must be able to count on: this replica's, and its holder's. */
static bool rows_fit(const struct wn_core *core, u32 cell)
{
	const struct wn_cells *cells = &core->cells;
	const u32 want = (cells->own[cell].mine == WN_INDEX_NONE) + is_escrow(core, cell);

	return cells->nr_rows - cells->rows_used >= want;
}

s64 wn_op_attach(struct wn_call *call)
{
	struct wn_core *core = call->core;
	const u32 client = call->env->client;
	const int cell = wn_call_cell(call);
	struct wn_slot_new new;
	int slot;

	if (cell < 0)
		return cell;
	if (!is_counter(core, (u32)cell) && !is_escrow(core, (u32)cell))
		return -EINVAL;
	if (!core->clients[client].slots)
		return -ENXIO;
	if (wn_slot_find(core, (u32)cell, client) >= 0)
		return -EBUSY;
	slot = wn_slot_free(core, client);
	if (slot < 0)
		return slot;
	if (!rows_fit(core, (u32)cell))
		return -ENOSPC;
	new = (struct wn_slot_new){
		.cell = (u32)cell, .client = client, .slot = (u32)slot, .cap = call->sqe->cap,
		.hlc = wn_call_stamp(call), .boottime = call->env->now->boottime };
	wn_slot_attach(core, &new);
	return slot;
}

s64 wn_op_detach(struct wn_call *call)
{
	struct wn_core *core = call->core;
	const int cell = wn_call_cell(call);
	int slot;

	if (cell < 0)
		return cell;
	/* Of other types the place of the list holds a value: anything. */
	if (!is_counter(core, (u32)cell) && !is_escrow(core, (u32)cell))
		return -EINVAL;
	slot = wn_slot_find(core, (u32)cell, call->env->client);
	if (slot < 0)
		return slot;
	return answer(call, wn_slot_detach(core, call->env->client, (u32)slot,
					   wn_call_stamp(call)));
}

/* The client's slot of the escrow: its number, or -errno. */
static int find_lent(struct wn_call *call, u32 *cell)
{
	const int at = wn_call_cell(call);

	if (at < 0)
		return at;
	*cell = (u32)at;
	return is_escrow(call->core, *cell) ?
		wn_slot_find(call->core, *cell, call->env->client) : -EINVAL;
}

/* What the slot may rise to. */
static s64 answer_limit(struct wn_call *call, u32 cell, u32 slot)
{
	const struct wn_core *core = call->core;
	const u32 client = call->env->client;

	return answer(call, core->slots.own[client * core->slots.each + slot].start +
			    wn_escrow_holds(&core->cells, cell, client));
}

s64 wn_op_escrow_take(struct wn_call *call)
{
	struct wn_core *core = call->core;
	const u32 client = call->env->client;
	u32 cell;
	const int slot = find_lent(call, &cell);
	u64 hlc;
	int err;

	if (slot < 0)
		return slot;
	hlc = wn_call_coming(call);
	err = wn_escrow_take(&core->cells, cell, client, call->sqe->w[0], hlc,
			     call->env->now->boottime);
	if (err)
		return err;
	wn_call_stamp(call);
	wn_slot_sample(core, client, (u32)slot, hlc);
	return answer_limit(call, cell, (u32)slot);
}

s64 wn_op_escrow_give(struct wn_call *call)
{
	struct wn_core *core = call->core;
	const u32 client = call->env->client;
	u32 cell;
	const int slot = find_lent(call, &cell);
	u64 hlc, spent;
	int err;

	if (slot < 0)
		return slot;
	hlc = wn_call_coming(call);
	spent = wn_slot_load(core, client, (u32)slot) -
		core->slots.own[client * core->slots.each + (u32)slot].start;
	err = wn_escrow_give(&core->cells, cell, client, call->sqe->w[0], spent, hlc);
	if (err)
		return err;
	wn_call_stamp(call);
	return answer_limit(call, cell, (u32)slot);
}

/* One slot; the op has its stamp when something changed. */
static void sample(struct wn_call *call, u32 client, u32 slot)
{
	if (wn_slot_sample(call->core, client, slot, wn_call_coming(call)))
		wn_call_stamp(call);
}

static s64 sample_all(struct wn_call *call)
{
	const struct wn_sqe *sqe = call->sqe;
	struct wn_core *core = call->core;
	const u32 each = core->slots.each, end = core->bounds.clients * each;
	u32 at, i;

	if (sqe->node || sqe->arg || sqe->w[0] >= end)
		return -EINVAL;
	if (!wn_cap_is_whole(core, call->cap))
		return -EACCES;
	at = wn_slot_next(core, wn_index_nospec((u32)sqe->w[0], end));
	for (i = 0; at < end && i < SAMPLE_SLOTS; i++) {
		if (is_counter(core, core->slots.own[at].cell))
			sample(call, at / each, at % each);
		at = wn_slot_next(core, at + 1);
	}
	return at < end ? at : 0;
}

s64 wn_op_sample(struct wn_call *call)
{
	struct wn_core *core = call->core;
	int cell;
	u32 at;

	if (call->sqe->op_flags)
		return sample_all(call);
	if (call->sqe->w[0])
		return -EINVAL;
	cell = wn_call_cell(call);
	if (cell < 0)
		return cell;
	if (!is_counter(core, (u32)cell))
		return -EINVAL;
	for (at = wn_slot_first(core, (u32)cell); at; at = wn_slot_follow(core, at))
		sample(call, wn_slot_client(at), wn_slot_number(at));
	return (s64)wn_cell(&core->cells, (u32)cell)->version;
}
