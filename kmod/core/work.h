/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What ops leave to be done between them, a bounded part at a time: destroyed trees
 * and cells are taken apart, subscribers are told.
 */
#ifndef WN_CORE_WORK_H
#define WN_CORE_WORK_H

#include "core.h"
#include "sub.h"

/* Whether there is anything to do. */
static inline bool wn_work_waits(const struct wn_core *core)
{
	return core->doomed != WN_INDEX_NONE || core->cells.doomed != WN_INDEX_NONE ||
	       wn_sub_has_work(core);
}

/* Do a part of it, which the end of a turn can afford; whether more is left. */
bool wn_work_slice(struct wn_core *core, const struct wn_now *now);

#endif
