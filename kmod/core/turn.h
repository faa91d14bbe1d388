/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A turn: take a client's submissions, apply them, post the completions.
 * An entry is taken only when its completion has room, so none is ever lost.
 * At its end a turn does a bounded part of what earlier ops left to be done.
 */
#ifndef WN_CORE_TURN_H
#define WN_CORE_TURN_H

#include "op.h"
#include "ring.h"

struct wn_turn {
	struct wn_ring *ring;
	struct wn_op_env env;	/* but its now, which the turn is told */
	bool takes_back;	/* the caller sees to wn_turn_release() */
};

/* Steps after which a turn takes no more entries: some hundred microseconds. */
#define WN_TURN_STEPS 16384u

/*
 * Take at most max slots, but an atomic group whole; returns how many slots were
 * taken.
 *
 * A revocation ends the turn. With takes_back what it completed with is held: it is
 * published by wn_turn_release(), and nothing more is taken before that.
 */
u32 wn_turn_run(struct wn_core *core, struct wn_turn *turn, u32 max,
		const struct wn_now *now);

/*
 * Publish what was held, if the revocation is done: after the caller has taken back
 * what it gave to those whom wn_caps_touched() names. Whether something was published.
 */
bool wn_turn_release(struct wn_core *core, struct wn_ring *ring);

#endif
