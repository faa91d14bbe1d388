// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* The op that reads digests. It changes nothing that is state. */
#include "op_cell.h"

/* BLAKE2s blocks of one call: a fifth of a millisecond or so. */
#define BUDGET 1024

s64 wn_op_digest(struct wn_call *call)
{
	const u64 where = call->sqe->w[0];
	struct wn_core *core = call->core;
	u32 budget = BUDGET;
	bool done;
	u8 *out;
	s64 err;

	if (!wn_cap_is_whole(core, call->cap) || wn_node(core, call->node)->parent)
		return -EACCES;
	err = wn_call_room(call, (u32)where, (u32)(where >> 32), &out);
	if (err)
		return err;
	if (where >> 32 < WN_DIGEST_BYTES)
		return -ENOBUFS;
	done = wn_digest_slice(core, &budget);
	core->tx->steps += BUDGET - budget;
	if (!done)
		return 1;
	wn_digest_state(core, out);
	return 0;
}
