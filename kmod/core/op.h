/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Ops: one entry point, one table. An op comes as a private copy of what the
 * client submitted; it is validated here and nowhere else.
 */
#ifndef WN_CORE_OP_H
#define WN_CORE_OP_H

#include <linux/worknode.h>

#include "core.h"

#define WN_OP_WORDS	4	/* opcodes as bits: wn_query.ops */

/* Opcodes this core knows. */
void wn_op_supported(u64 ops[WN_OP_WORDS]);

/*
 * Apply one op. data: the second slot of a wide entry, or NULL. Returns the
 * completion's result, 0 or more or -errno; an error has changed nothing.
 */
s64 wn_op_apply(struct wn_core *core, const struct wn_sqe *sqe, const struct wn_sqe *data,
		const struct wn_now *now);

#endif
