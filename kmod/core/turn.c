// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "turn.h"

/* Whether the client's list holds the opcode. */
static bool allowed(const struct wn_turn *turn, u8 opcode)
{
	return turn->allowed[opcode / 64] & (1ULL << (opcode % 64));
}

u32 wn_turn_run(struct wn_core *core, const struct wn_turn *turn, u32 max,
		const struct wn_now *now)
{
	struct wn_ring *ring = turn->ring;
	const u32 pending = wn_ring_pending(ring);
	u32 room = wn_ring_room(ring);
	u32 limit = pending < max ? pending : max;
	u32 taken = 0, done = 0, refused = 0;

	while (taken < limit && room) {
		struct wn_sqe sqe[2];
		struct wn_cqe cqe = {};
		bool wide;

		wn_ring_take(ring, &sqe[0]);
		taken++;
		wide = sqe[0].flags & WN_SQE_WIDE;
		if (wide && taken == pending) {
			wide = false;	/* its second slot was never submitted */
			cqe.res = -EINVAL;
		} else if (wide) {
			wn_ring_take(ring, &sqe[1]);
			taken++;
		}
		if (ring->chain_broken)
			cqe.res = -ECANCELED;
		else if (!cqe.res && !allowed(turn, sqe[0].opcode))
			cqe.res = -EPERM;
		else if (!cqe.res)
			cqe.res = wn_op_apply(core, &sqe[0], wide ? &sqe[1] : NULL, now);

		ring->chain_broken = sqe[0].flags & WN_SQE_LINK && cqe.res < 0;
		if (cqe.res < 0)
			refused++;
		else if (sqe[0].flags & WN_SQE_QUIET)
			continue;
		cqe.user_data = sqe[0].user_data;
		wn_ring_post(ring, &cqe);
		room--;
		done++;
	}
	/* Told even if nothing could be taken: that is when it matters most. */
	wn_ring_flag(ring, WN_KR_F_CQ_FULL, !room && taken < pending);
	if (!taken)
		return 0;
	wn_ring_publish(ring);
	wn_core_count(core, WN_STAT_SUBMITTED, taken);
	wn_core_count(core, WN_STAT_COMPLETED, done);
	wn_core_count(core, WN_STAT_REFUSED, refused);
	wn_core_count(core, WN_STAT_TURNS, 1);
	return taken;
}
