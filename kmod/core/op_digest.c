// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* The op that reads digests. It changes nothing that is state. */
#include "op_cell.h"

/* BLAKE2s blocks of one call: a fifth of a millisecond or so. */
#define BUDGET 1024

/* Steps of one that sorts names as well. */
#define MERGE_BUDGET 4096

/* The merge digest of the node's subtree. */
static s64 merged(struct wn_call *call, u8 *out)
{
	struct wn_core *core = call->core;
	u32 budget = MERGE_BUDGET;

	if (!wn_merged_slice(core, call->node, &budget))
		return 1;
	wn_merged_digest(core, call->node, out);
	return 0;
}

s64 wn_op_digest(struct wn_call *call)
{
	const bool merge = call->sqe->op_flags & WN_DIGEST_MERGE;
	const u64 where = call->sqe->w[0];
	struct wn_core *core = call->core;
	u32 budget = BUDGET;
	bool done;
	u8 *out;
	s64 err;

	if (!merge && (!wn_cap_is_whole(core, call->cap) || wn_node(core, call->node)->parent))
		return -EACCES;
	if (merge && wn_node(core, call->node)->tier == WN_TIER_LOCAL)
		return -EINVAL;
	err = wn_call_room(call, (u32)where, (u32)(where >> 32), &out);
	if (err)
		return err;
	if (where >> 32 < WN_DIGEST_BYTES)
		return -ENOBUFS;
	if (merge)
		return merged(call, out);
	done = wn_digest_slice(core, &budget);
	core->tx->steps += BUDGET - budget;
	if (!done)
		return 1;
	wn_digest_state(core, out);
	return 0;
}
