// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "wheel.h"

#define TICKS_MAX	((1ULL << WN_WHEEL_BITS * WN_WHEEL_LEVELS) - 1)

/* The first tick that begins at a time or later: nothing comes early. */
static u64 tick_of(u64 at)
{
	const u64 tick = (at >> WN_TICK_BITS) + !!(at & (WN_TICK - 1));

	/* Of the last tick, in the year 2554 of a host that never slept. */
	return tick > TICKS_MAX ? TICKS_MAX : tick;
}

static void place(struct wn_wheel *wheel, struct wn_due *due)
{
	const u64 tick = tick_of(due->at);
	u32 level, slot;

	if (tick <= wheel->now) {
		wn_list_push(wheel->tx, &wheel->due, &due->link);
		return;
	}
	level = wn_fls64(tick ^ wheel->now) / WN_WHEEL_BITS;
	slot = tick >> level * WN_WHEEL_BITS & (WN_WHEEL_SLOTS - 1);
	wn_list_push(wheel->tx, &wheel->slots[level][slot], &due->link);
	WN_TX_SET(wheel->tx, wheel->full[level], wheel->full[level] | 1ULL << slot);
}

/* What comes due, and when, is state. Leases are a matter of events. */
static void mark(const struct wn_wheel *wheel, const struct wn_due *due)
{
	if (due->kind == WN_DUE_PROMISE)
		wn_tx_dirty(wheel->tx, WN_DIRTY_TIMERS, due->who);
}

void wn_wheel_add(struct wn_wheel *wheel, struct wn_due *due, u64 at, u32 kind, u32 who)
{
	if (wn_bug_on(wn_wheel_has(due)))
		return;
	wn_tx_save(wheel->tx, due, sizeof(*due) / sizeof(u64));
	due->at = at;
	due->kind = kind;
	due->who = who;
	mark(wheel, due);
	place(wheel, due);
}

void wn_wheel_del(struct wn_wheel *wheel, struct wn_due *due)
{
	const u32 first = wn_link_name(wheel->tx, &wheel->slots[0][0]);
	const u32 head = due->link.next, at = head - first;
	u64 *full;

	if (!wn_wheel_has(due))
		return;
	mark(wheel, due);
	/* The last of its list: both neighbours are the head, perhaps a slot's. */
	if (due->link.prev == head && at < WN_WHEEL_LEVELS * WN_WHEEL_SLOTS) {
		full = &wheel->full[at / WN_WHEEL_SLOTS];
		WN_TX_SET(wheel->tx, *full, *full & ~(1ULL << at % WN_WHEEL_SLOTS));
	}
	wn_list_drop(wheel->tx, &due->link);
}

wn_static_assert(WN_WHEEL_LEVELS == 8);

/* The first slot that is not empty: when its time comes, in ticks; false: there is none. */
static bool first_slot(const struct wn_wheel *wheel, u32 *level, u32 *slot, u64 *start)
{
	const u64 *full = wheel->full;
	u32 shift;

	/* The usual case at once. */
	if (!(full[0] | full[1] | full[2] | full[3] | full[4] | full[5] | full[6] | full[7]))
		return false;
	for (*level = 0; *level < WN_WHEEL_LEVELS; ++*level) {
		if (!wheel->full[*level])
			continue;
		shift = *level * WN_WHEEL_BITS;
		*slot = wn_ffs64(wheel->full[*level]);
		*start = (wheel->now >> shift & ~(u64)(WN_WHEEL_SLOTS - 1)) << shift |
			 (u64)*slot << shift;
		return true;
	}
	return false;
}

static struct wn_due *due_of(struct wn_link *link)
{
	return (struct wn_due *)((char *)link - __builtin_offsetof(struct wn_due, link));
}

/* One step towards @tick; false: nothing is left up to it. */
static bool turn(struct wn_wheel *wheel, u64 tick)
{
	struct wn_link *link = wn_list_first(wheel->tx, &wheel->spread);
	u32 level, slot;
	u64 start;

	if (link) {
		wn_list_drop(wheel->tx, link);
		place(wheel, due_of(link));
		return true;
	}
	if (!first_slot(wheel, &level, &slot, &start) || start > tick) {
		/* What is there lies beyond, and by the same digits. */
		if (tick > wheel->now)
			WN_TX_SET(wheel->tx, wheel->now, tick);
		return false;
	}
	WN_TX_SET(wheel->tx, wheel->now, start);
	WN_TX_SET(wheel->tx, wheel->full[level], wheel->full[level] & ~(1ULL << slot));
	wn_list_splice(wheel->tx, &wheel->slots[level][slot], level ? &wheel->spread : &wheel->due);
	return true;
}

struct wn_due *wn_wheel_take(struct wn_wheel *wheel, u64 now, u32 *steps)
{
	struct wn_link *link;

	for (; *steps; --*steps) {
		link = wn_list_first(wheel->tx, &wheel->due);
		if (link) {
			--*steps;
			wn_list_drop(wheel->tx, link);
			mark(wheel, due_of(link));
			return due_of(link);
		}
		if (!turn(wheel, now >> WN_TICK_BITS))
			break;
	}
	return NULL;
}

u64 wn_wheel_next(const struct wn_wheel *wheel)
{
	u32 level, slot;
	u64 start;

	if (!wn_list_is_empty(wheel->tx, &wheel->due) ||
	    !wn_list_is_empty(wheel->tx, &wheel->spread))
		return 0;
	return first_slot(wheel, &level, &slot, &start) ? start << WN_TICK_BITS : WN_NEVER;
}
