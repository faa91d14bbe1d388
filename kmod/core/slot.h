/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Slots: words of a client's own page, attached to counters and escrows. The client
 * stores to them plainly, at any time; readers sum them (struct wn_cell_rec).
 *
 *	free --attach--> attached to a cell --detach, death, the cell's end--> free
 *				 or when the capability that allowed it is revoked or expires
 *
 * The engine never writes one. It loads a slot once when it begins to count and
 * once when it ends, each time behind the odd seq of the cell (wn_tx_open), under
 * which the cell's list of slots changes too. selftests/model/counter_slots.pml has
 * the argument. Whatever a slot holds is only a number.
 *
 * A client's page is there until its last slot is folded.
 */
#ifndef WN_CORE_SLOT_H
#define WN_CORE_SLOT_H

#include <linux/worknode.h>

#include "port.h"

struct wn_core;
struct wn_now;

struct wn_slot_own {
	u64 start;		/* what it held when it began to count, or was sampled */
	u32 cell;		/* index */
	u16 cap;		/* it was attached under, by index in the client's table */
	u16 reserved;
};

struct wn_slots {
	struct wn_slot_own *own;	/* each client's, by number */
	u64 *used;			/* each client's bits */
	u32 each;			/* bounds.slots */
	u32 lines, words;		/* of links and bits, a client */
};

/* Any capability. */
#define WN_SLOT_ANY_CAP	(~0u)

static inline u32 wn_slot_lines(u32 slots)
{
	return (slots + WN_SLOT_LINE - 1) / WN_SLOT_LINE;
}

static inline u32 wn_slot_words(u32 slots)
{
	return (slots + 63) / 64;
}

/* How lists name a slot; 0: none. */
static inline u32 wn_slot_name(u32 client, u32 slot)
{
	return (client << 16 | slot) + 1;
}

static inline u32 wn_slot_client(u32 name)
{
	return (name - 1) >> 16;
}

static inline u32 wn_slot_number(u32 name)
{
	return (name - 1) & 0xffff;
}

/* A cell's list: bounds.clients names at most. */
u32 wn_slot_first(const struct wn_core *core, u32 cell);
u32 wn_slot_follow(const struct wn_core *core, u32 name);

/* Zeroed memory. */
void wn_slots_init(struct wn_slots *slots, void *own, void *used, u32 each);

/* The slot of a client that is attached to a cell: its number, or -ENOENT. */
int wn_slot_find(struct wn_core *core, u32 cell, u32 client);

/* The lowest slot of a client that is free, or -ENOSPC. */
int wn_slot_free(const struct wn_core *core, u32 client);

/* What it holds now. */
u64 wn_slot_load(struct wn_core *core, u32 client, u32 slot);

struct wn_slot_new {
	u32 cell, client, slot;
	u32 cap;
	u64 hlc, boottime;
};

/* It is free, and the cell has room for it. A transaction is open. */
void wn_slot_attach(struct wn_core *core, const struct wn_slot_new *new);

/* It is attached: what was taken of it. */
u64 wn_slot_detach(struct wn_core *core, u32 client, u32 slot, u64 hlc);

/* It is attached: what was added since becomes the cell's. False: nothing changed. */
bool wn_slot_sample(struct wn_core *core, u32 client, u32 slot, u64 hlc);

/* The first attached slot at or after a place (client * each + slot), or the end. */
u32 wn_slot_next(const struct wn_core *core, u32 place);

/*
 * Fold what a dead client has attached, or only what came under one capability:
 * a transaction for each. Takes its steps off the budget; false: more is left.
 */
bool wn_slot_client_gone(struct wn_core *core, u32 client, u32 cap, u32 *budget);

/*
 * Some capability of a client may have expired: fold what it attached under those that have,
 * a transaction for each, a part of them at a time, and come again. Returns its steps.
 */
u32 wn_slot_expire(struct wn_core *core, u32 client, const struct wn_now *now);

/* One slot of the first doomed cell, for the caller to commit; false: it has none. */
bool wn_slot_step(struct wn_core *core);

#endif
