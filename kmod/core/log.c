// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "log.h"

#include "node.h"

#define KINDS	((1u << WN_LOG_KINDS) - 1)

wn_static_assert(sizeof(struct wn_log_rec) == 64);

u32 wn_log_capacity(u32 records)
{
	const u32 power = 1u << wn_fls64(records);

	return power == records ? power : 2 * power;
}

void wn_log_init(struct wn_log *log, void *zeroed, void *marks, u32 records)
{
	*log = (struct wn_log){
		.records = zeroed,
		.marks = marks,
		.mask = wn_log_capacity(records) - 1,
		.head = 1,
		.read = 1,
	};
}

void wn_log_mark(struct wn_core *core, u32 index, u32 what)
{
	if (core->log.readers)
		core->log.marks[index] |= what;
}

const struct wn_log_rec *wn_log_of(const struct wn_core *core, u32 index)
{
	const struct wn_log_rec *rec = wn_log_at(&core->log, core->own[index].logged);

	return rec && rec->node == wn_node(core, index)->handle ? rec : NULL;
}

/* The last record of a node, if what comes may still join it; else a new one. */
static struct wn_log_rec *take(struct wn_core *core, u32 index, u64 *number)
{
	struct wn_log *log = &core->log;
	struct wn_log_rec *last = (struct wn_log_rec *)wn_log_of(core, index), *rec;
	u64 *logged = &core->own[index].logged, kinds[WN_LOG_KINDS] = {};
	u32 k;

	if (last && *logged >= log->read) {
		*number = *logged;
		return last;
	}
	for (k = 0; last && k < WN_LOG_KINDS; k++)
		kinds[k] = last->last[k];
	if (last)
		last->next = log->head;
	*number = *logged = log->head++;
	rec = &log->records[*number & log->mask];
	rec->node = wn_node(core, index)->handle;
	rec->next = 0;
	for (k = 0; k < WN_LOG_KINDS; k++)
		rec->last[k] = kinds[k];
	return rec;
}

static void note(struct wn_core *core, u32 index, u32 what)
{
	struct wn_log_rec *rec;
	u64 number;
	u32 k;

	rec = take(core, index, &number);
	rec->version = wn_node(core, index)->version;
	rec->hlc = core->hlc;
	for (k = 0; k < WN_LOG_KINDS; k++)
		if (what & 1u << k)
			rec->last[k] = number;
}

static void commit_node(struct wn_core *core, u32 index)
{
	const u32 what = core->log.marks[index];

	core->log.marks[index] = 0;
	/* Of one that went its parent's change tells. */
	if (what & WN_LOG_TOUCHED && wn_node(core, index)->handle)
		note(core, index, what & KINDS ? what : WN_CHANGE_FIELDS);
}

static void commit_cell(struct wn_core *core, u32 index)
{
	const struct wn_cell_rec *cell = wn_cell(&core->cells, index);
	const int at = cell->handle ? wn_node_find(core, cell->node) : -ESTALE;

	if (at < 0)
		return;
	/* Not the node's own stamp: who waits for that one does not wake for each count. */
	core->own[at].cells_hlc = core->hlc;
	core->changed.low[(u32)at / WN_CHANGED_LOW] = core->hlc;
	core->changed.high[(u32)at / WN_CHANGED_HIGH] = core->hlc;
	if (core->log.readers)
		note(core, (u32)at, WN_CHANGE_CELLS);
}

void wn_log_commit(struct wn_core *core)
{
	const struct wn_tx *tx = core->tx;
	u32 i;

	for (i = 0; i < tx->nr_edits; i++) {
		const u32 table = tx->edits[i] >> 24, index = tx->edits[i] & WN_INDEX_NONE;

		if (table == WN_TABLE_CELLS)
			commit_cell(core, index);
		else if (table == WN_TABLE_NODES && core->log.readers)
			commit_node(core, index);
	}
}

void wn_log_forget(struct wn_core *core)
{
	const struct wn_tx *tx = core->tx;
	u32 i;

	for (i = 0; core->log.readers && i < tx->nr_edits; i++)
		if (tx->edits[i] >> 24 == WN_TABLE_NODES)
			core->log.marks[tx->edits[i] & WN_INDEX_NONE] = 0;
}
