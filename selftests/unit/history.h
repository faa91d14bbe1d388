/* SPDX-License-Identifier: MIT */
/*
 * Random histories of a core and its model, side by side.
 */
#ifndef WN_UNIT_HISTORY_H
#define WN_UNIT_HISTORY_H

#include "model.h"
#include "shrink.h"

/* Of all histories. */
struct history_sums {
	u64 ops;		/* applied, those in groups counted singly */
	u64 refused;
	u64 by_errno[4096];
};

/* A play of steps (shrink.h) in a core of these bounds. */
extern struct wn_bounds history_bounds;
extern struct history_sums history_sums;
void history_play(struct steps *s);

#endif
