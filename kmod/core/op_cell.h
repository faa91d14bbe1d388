/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What ops on cells begin with. */
#ifndef WN_CORE_OP_CELL_H
#define WN_CORE_OP_CELL_H

#include "clock.h"
#include "node.h"
#include "op.h"

/* The stamp that the op will get if it succeeds: a refused one takes none. */
static inline u64 wn_call_coming(const struct wn_call *call)
{
	return call->hlc ? call->hlc : wn_clock_next(call->core->hlc, call->env->now->realtime);
}

/* The cell arg of the op's node: its index, or -ESTALE. */
static __always_inline int wn_call_cell(const struct wn_call *call)
{
	const struct wn_cells *cells = &call->core->cells;
	const int index = wn_cell_find(cells, call->sqe->arg);

	if (index < 0 ||
	    wn_cell(cells, (u32)index)->node != wn_node(call->core, call->node)->handle)
		return -ESTALE;
	return index;
}

#endif
