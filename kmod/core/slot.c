// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "slot.h"

#include "client.h"
#include "clock.h"
#include "journal.h"

wn_static_assert(sizeof(struct wn_slot_line) == 8 * WN_LINE_WORDS);
wn_static_assert(sizeof(struct wn_cell_slots) == WN_CELL_INLINE);

/* Slots of one client that are folded in a row because capabilities expired. */
#define EXPIRE_FOLDS 16u

static struct wn_slot_own *own_of(const struct wn_core *core, u32 client, u32 slot)
{
	return &core->slots.own[client * core->slots.each + slot];
}

void wn_slots_init(struct wn_slots *slots, void *own, void *used, u32 each)
{
	slots->own = own;
	slots->used = used;
	slots->each = each;
	slots->lines = wn_slot_lines(each);
	slots->words = wn_slot_words(each);
}

/* -------------------------------------------------------------- lists */

static u32 line_of(const struct wn_core *core, u32 name)
{
	return wn_slot_client(name) * core->slots.lines + wn_slot_number(name) / WN_SLOT_LINE;
}

u32 wn_slot_follow(const struct wn_core *core, u32 name)
{
	const wn_word *line = core->tx->tables[WN_TABLE_SLOTS].truth +
			      (u64)line_of(core, name) * WN_LINE_WORDS;

	return ((const wn_half *)line)[wn_slot_number(name) % WN_SLOT_LINE];
}

static void set_next(struct wn_core *core, u32 name, u32 next)
{
	wn_half *line = wn_tx_edit(core->tx, WN_TABLE_SLOTS, line_of(core, name), 1);

	line[wn_slot_number(name) % WN_SLOT_LINE] = next;
}

u32 wn_slot_first(const struct wn_core *core, u32 cell)
{
	return *(const wn_half *)wn_cell(&core->cells, cell)->bytes;
}

static void set_first(struct wn_core *core, u32 cell, u32 name)
{
	*(wn_half *)wn_cell_edit(&core->cells, cell, WN_CELL_VALUE)->bytes = name;
}

int wn_slot_find(struct wn_core *core, u32 cell, u32 client)
{
	u32 at, i;

	/* At most one of each client. */
	for (i = 0, at = wn_slot_first(core, cell); at && i < core->bounds.clients; i++) {
		core->tx->steps++;
		if (wn_slot_client(at) == client)
			return (int)wn_slot_number(at);
		at = wn_slot_follow(core, at);
	}
	wn_bug_on(at);
	return -ENOENT;
}

static void unlink(struct wn_core *core, u32 cell, u32 name)
{
	u32 at = wn_slot_first(core, cell), i;

	if (at == name) {
		set_first(core, cell, wn_slot_follow(core, name));
		return;
	}
	for (i = 0; at && i < core->bounds.clients; i++, at = wn_slot_follow(core, at)) {
		core->tx->steps++;
		if (wn_slot_follow(core, at) != name)
			continue;
		set_next(core, at, wn_slot_follow(core, name));
		return;
	}
	wn_bug_on(true);
}

/* --------------------------------------------------------------- bits */

static u64 *used_word(const struct wn_core *core, u32 client, u32 slot)
{
	return &core->slots.used[client * core->slots.words + slot / 64];
}

int wn_slot_free(const struct wn_core *core, u32 client)
{
	const struct wn_slots *slots = &core->slots;
	u32 i, at;

	for (i = 0; i < slots->words; i++) {
		const u64 word = ~slots->used[client * slots->words + i];

		if (!word)
			continue;
		at = i * 64 + wn_ffs64(word);
		return at < slots->each ? (int)at : -ENOSPC;
	}
	return -ENOSPC;
}

u32 wn_slot_next(const struct wn_core *core, u32 place)
{
	const struct wn_slots *slots = &core->slots;
	u32 client = place / slots->each, slot = place % slots->each, i;
	u64 word;

	for (; client < core->bounds.clients; client++, slot = 0) {
		for (i = slot / 64; i < slots->words; i++) {
			word = slots->used[client * slots->words + i];
			if (i == slot / 64)
				word &= ~0ULL << slot % 64;
			if (word)
				return client * slots->each + i * 64 + wn_ffs64(word);
		}
	}
	return core->bounds.clients * slots->each;
}

/* -------------------------------------------------------------- slots */

u64 wn_slot_load(struct wn_core *core, u32 client, u32 slot)
{
	const u64 *slots = core->clients[client].slots;
	u64 value;

	core->tx->steps++;
	if (wn_bug_on(!slots))
		return 0;
	/* In a replay the page is not there; when that ends what was sampled is all. */
	value = unlikely(core->replay) ? own_of(core, client, slot)->start :
					 READ_ONCE(slots[slot]);
	if (unlikely(core->replay || core->journal))
		value = wn_input_word(core, WN_READ_SLOT | wn_slot_name(client, slot), value);
	return value;
}

static bool is_escrow(const struct wn_core *core, u32 cell)
{
	return wn_cell(&core->cells, cell)->type == WN_CELL_ESCROW;
}

/* Look at a client's slots at a time, or sooner. */
static void wake_at(struct wn_core *core, u32 client, u64 at)
{
	struct wn_due *due = &core->clients[client].expiry;

	if (!at || (wn_wheel_has(due) && due->at <= at))
		return;
	wn_wheel_del(&core->wheel, due);
	wn_wheel_add(&core->wheel, due, at, WN_DUE_CAP, client);
}

void wn_slot_attach(struct wn_core *core, const struct wn_slot_new *new)
{
	const u32 cell = new->cell, client = new->client, slot = new->slot;
	struct wn_slot_own *own = own_of(core, client, slot);
	u64 *used = used_word(core, client, slot);
	const u32 name = wn_slot_name(client, slot);
	struct wn_cells *cells = &core->cells;
	struct wn_cell_rec *rec;

	wn_tx_open(core->tx, WN_TABLE_CELLS, cell);
	wn_tx_save(core->tx, own, sizeof(*own) / sizeof(u64));
	own->start = wn_slot_load(core, client, slot);
	own->cell = cell;
	own->cap = (u16)new->cap;
	wake_at(core, client, core->clients[client].caps[own->cap].expires);
	WN_TX_SET(core->tx, *used, *used | 1ULL << slot % 64);
	if (is_escrow(core, cell)) {
		wn_bug_on(wn_escrow_take(cells, cell, client, 0, new->hlc,
					 new->boottime));
		/* It is there from now on: a fold cannot fail for want of it. */
		wn_bug_on(!wn_row_mine(cells, cell));
		rec = wn_cell_edit(cells, cell, WN_CELL_HEAD);
		rec->value += own->start;
		rec->nr_slots++;
	} else {
		wn_bug_on(wn_cell_attach(cells, cell, own->start, new->hlc));
	}
	set_next(core, name, wn_slot_first(core, cell));
	set_first(core, cell, name);
}

u64 wn_slot_detach(struct wn_core *core, u32 client, u32 slot, u64 hlc)
{
	const struct wn_slot_own *own = own_of(core, client, slot);
	u64 *used = used_word(core, client, slot);
	struct wn_cells *cells = &core->cells;
	const u32 cell = own->cell;
	struct wn_cell_rec *rec;
	u64 value;

	wn_tx_open(core->tx, WN_TABLE_CELLS, cell);
	value = wn_slot_load(core, client, slot);
	wn_trace_fold(core, client, slot, cell, value - own->start);
	unlink(core, cell, wn_slot_name(client, slot));
	WN_TX_SET(core->tx, *used, *used & ~(1ULL << slot % 64));
	if (is_escrow(core, cell)) {
		wn_bug_on(wn_escrow_fold(cells, cell, client, value - own->start, hlc));
		rec = wn_cell_edit(cells, cell, WN_CELL_HEAD);
		rec->value -= own->start;
		rec->nr_slots--;
	} else {
		wn_cell_detach(cells, cell, own->start, value, hlc);
	}
	return value;
}

bool wn_slot_sample(struct wn_core *core, u32 client, u32 slot, u64 hlc)
{
	struct wn_slot_own *own = own_of(core, client, slot);
	const u64 value = wn_slot_load(core, client, slot);
	u64 start;

	/* Readers' sums stay what they are, so the cell need not be open. */
	if (is_escrow(core, own->cell))
		start = own->start + wn_escrow_spent(&core->cells, own->cell, client,
						     value - own->start, hlc);
	else
		start = wn_cell_sample(&core->cells, own->cell, own->start, value, hlc);
	if (start == own->start)
		return false;
	if (is_escrow(core, own->cell))
		wn_cell_edit(&core->cells, own->cell, WN_CELL_HEAD)->value += start - own->start;
	WN_TX_SET(core->tx, own->start, start);
	return true;
}

bool wn_slot_client_gone(struct wn_core *core, u32 client, u32 cap, u32 *budget)
{
	const u32 begin = client * core->slots.each, end = begin + core->slots.each;
	u32 at;

	for (at = wn_slot_next(core, begin); at < end; at = wn_slot_next(core, at + 1)) {
		if (cap != WN_SLOT_ANY_CAP && core->slots.own[at].cap != cap)
			continue;
		if (!*budget)
			return false;
		core->tx->steps = 0;
		wn_tx_begin(core->tx, false);
		/* No time is at hand: the stamp that follows the last. */
		core->hlc = wn_clock_next(core->hlc, 0);
		wn_slot_detach(core, client, at - begin, core->hlc);
		wn_core_commit(core);
		*budget -= core->tx->steps < *budget ? core->tx->steps : *budget;
	}
	return true;
}

u32 wn_slot_expire(struct wn_core *core, u32 client, const struct wn_now *now)
{
	const u32 begin = client * core->slots.each, end = begin + core->slots.each;
	u64 next = 0, expires;
	u32 at, steps = 0, folds = 0;

	for (at = wn_slot_next(core, begin); at < end; at = wn_slot_next(core, at + 1)) {
		steps++;
		expires = core->clients[client].caps[core->slots.own[at].cap].expires;
		if (!expires || now->boottime < expires || folds == EXPIRE_FOLDS) {
			if (expires && (!next || expires < next))
				next = expires;
			continue;
		}
		core->tx->steps = 0;
		wn_slot_detach(core, client, at - begin, wn_core_stamp(core, now));
		wn_core_commit(core);
		steps += core->tx->steps;
		folds++;
	}
	wake_at(core, client, next);
	return steps;
}

bool wn_slot_step(struct wn_core *core)
{
	const u32 cell = core->cells.doomed;
	u32 name;

	if (cell == WN_INDEX_NONE || !wn_cell(&core->cells, cell)->nr_slots)
		return false;
	name = wn_slot_first(core, cell);
	wn_slot_detach(core, wn_slot_client(name), wn_slot_number(name), core->hlc);
	return true;
}
