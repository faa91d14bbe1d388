/* SPDX-License-Identifier: MIT */
/*
 * Random histories of a core and its model, side by side. A history is a list of
 * seeds, one a step; what a step does follows from its seed and the state that
 * it meets, so that a list with steps left out is a history too.
 */
#ifndef WN_UNIT_HISTORY_H
#define WN_UNIT_HISTORY_H

#include "model.h"

struct history {
	struct wn_bounds bounds;
	u64 *steps;
	u32 nr_steps;
	u64 ops;		/* applied, those in groups counted singly */
	u64 refused;
	u64 by_errno[4096];
	bool thorough;		/* hold all state against each op that was refused */
	u32 failed_at;		/* step */
	char what[256];		/* that did not hold */
};

/* True: core and model agreed to the end. verbose: print each step. */
bool history_run(struct history *h, bool verbose);

/* Leave out what a failing history does not need to fail. */
void history_shrink(struct history *h);

#endif
