/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Timing wheel: what is to happen at a time of boottime.
 *
 * An entry (struct wn_due) is part of its owner's record, in any array of private
 * memory; all changes are logged. Eight levels of 64 slots, the lowest of one tick
 * (65.5 us) each, hold every time there is. An entry lies at the level of the highest
 * digit in which its tick differs from the wheel's; when that digit's time comes its
 * slot is spread over the levels below.
 *
 *	add --> slot --its time comes--> spread --one a step--> lower slot, or due --> take
 *
 * It comes due never early and at most a tick late; those of one tick in the order in
 * which they were added, as far as they lay at the same level. To add and to take out
 * are O(1). Time may jump by any amount: a call looks at no slot that is empty, and
 * each entry is moved at most once a level.
 */
#ifndef WN_CORE_WHEEL_H
#define WN_CORE_WHEEL_H

#include "list.h"
#include "port.h"

#define WN_TICK_BITS	16	/* of nanoseconds */
#define WN_TICK		(1ULL << WN_TICK_BITS)

#define WN_WHEEL_BITS	6
#define WN_WHEEL_SLOTS	(1u << WN_WHEEL_BITS)
#define WN_WHEEL_LEVELS	8

wn_static_assert(WN_TICK_BITS + WN_WHEEL_BITS * WN_WHEEL_LEVELS == 64);

#define WN_NEVER	(~0ULL)

/* Whose entry it is: slice.c calls the noun. */
enum wn_due_kind {
	WN_DUE_PROMISE = 1,
	WN_DUE_LEASE,
	WN_DUE_CAP,
};

struct wn_due {
	u64 at;			/* boottime, ns */
	struct wn_link link;
	u32 kind;		/* WN_DUE_* */
	u32 who;		/* of that kind: an index */
};

struct wn_wheel {
	struct wn_tx *tx;
	u64 now;		/* in ticks: slots before it are empty */
	u64 full[WN_WHEEL_LEVELS];	/* a bit for each slot that is not empty */
	struct wn_link slots[WN_WHEEL_LEVELS][WN_WHEEL_SLOTS];
	struct wn_link spread;	/* of slots whose time has come, to be moved down */
	struct wn_link due;
};

/* Zeroed memory is an empty wheel but for this. */
static inline void wn_wheel_init(struct wn_wheel *wheel, struct wn_tx *tx)
{
	wheel->tx = tx;
}

/* Whether an entry waits in a wheel. */
static inline bool wn_wheel_has(const struct wn_due *due)
{
	return wn_link_is_in(&due->link);
}

/* Let an entry that is in no wheel come due at a time; one that is over: at once. */
void wn_wheel_add(struct wn_wheel *wheel, struct wn_due *due, u64 at, u32 kind, u32 who);

/* Take an entry out, if it is in. */
void wn_wheel_del(struct wn_wheel *wheel, struct wn_due *due);

/*
 * Take the next entry out that is due by now, in at most *steps steps, which are
 * counted down; NULL: there is none, or no step is left.
 */
struct wn_due *wn_wheel_take(struct wn_wheel *wheel, u64 now, u32 *steps);

/*
 * When wn_wheel_take() has something to do: 0: at once; WN_NEVER: nothing is
 * there. Not after the first entry is due, perhaps before: then slots are spread.
 */
u64 wn_wheel_next(const struct wn_wheel *wheel);

#endif
