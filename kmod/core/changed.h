/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Where changes are: the highest stamp in each 64 and each 4,096 nodes. Stamps
 * only grow, so a change writes its own into two words; a node that goes leaves
 * them too high, which costs its block a look.
 */
#ifndef WN_CORE_CHANGED_H
#define WN_CORE_CHANGED_H

#include "tx.h"

#define WN_CHANGED_LOW 64u
#define WN_CHANGED_HIGH 4096u

struct wn_changed {
	u64 *low;
	u64 *high;
	u32 capacity;
};

static inline u64 wn_changed_bytes(u32 capacity)
{
	return (capacity / WN_CHANGED_LOW + capacity / WN_CHANGED_HIGH + 2) * (u64)sizeof(u64);
}

static inline void wn_changed_init(struct wn_changed *changed, void *zeroed, u32 capacity)
{
	changed->capacity = capacity;
	changed->low = zeroed;
	changed->high = changed->low + capacity / WN_CHANGED_LOW + 1;
}

static inline void wn_changed_note(struct wn_tx *tx, struct wn_changed *changed, u32 index, u64 hlc)
{
	WN_TX_SET(tx, changed->low[index / WN_CHANGED_LOW], hlc);
	WN_TX_SET(tx, changed->high[index / WN_CHANGED_HIGH], hlc);
}

/*
 * The first index at or after @from whose block has a change after @since, or
 * the capacity. One block of either size a call: *@skipped says that the answer
 * was not looked at yet, ask again.
 */
static inline u32 wn_changed_next(const struct wn_changed *changed, u64 since, u32 from,
				  bool *skipped)
{
	u32 next;

	*skipped = false;
	if (from >= changed->capacity)
		return changed->capacity;
	if (changed->high[from / WN_CHANGED_HIGH] <= since)
		next = (from / WN_CHANGED_HIGH + 1) * WN_CHANGED_HIGH;
	else if (changed->low[from / WN_CHANGED_LOW] <= since)
		next = (from / WN_CHANGED_LOW + 1) * WN_CHANGED_LOW;
	else
		return from;
	*skipped = next < changed->capacity;
	return *skipped ? next : changed->capacity;
}

#endif
