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
	const u64 *allowed;	/* WN_OP_WORDS words: opcodes the client may use */
	u32 client;		/* its number; ops on nodes need wn_core_client_open() */
	u8 *out;		/* the arena to the client, 8-aligned; NULL: none */
	u32 out_bytes;
	const u8 *in;		/* the arena from the client; NULL: none */
	u32 in_bytes;
};

/* Steps after which a turn takes no more entries: some hundred microseconds. */
#define WN_TURN_STEPS 16384u

/*
 * Take at most max slots, but an atomic group whole; returns how many slots were
 * taken.
 */
u32 wn_turn_run(struct wn_core *core, const struct wn_turn *turn, u32 max,
		const struct wn_now *now);

#endif
