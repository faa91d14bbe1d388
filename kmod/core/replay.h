/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Replay: do again what a journal (journal.h) says, in a fresh core.
 *
 *	wn_replay_read_begin()	what the first record says of bounds and ident
 *	wn_core_init()		with these
 *	wn_replay_begin()
 *	wn_replay_next() ...	a record each time
 *	wn_replay_end()
 *
 * The bytes may be anybody's: each is looked at before it is used, and an input is held
 * against what it gave then. It may write a journal of its own meanwhile, of the same
 * bytes. In a replay nothing reads or writes memory of clients: reads come from the
 * record, events go nowhere, answers to memory that is handed in for that.
 */
#ifndef WN_CORE_REPLAY_H
#define WN_CORE_REPLAY_H

#include "input.h"

struct wn_replay {
	const u8 *at, *end;	/* reads of the record that are left */
	u8 *out;		/* for answers */
	u32 out_bytes;
	u64 inputs;		/* the next one's number */
	bool wrong;		/* a read was not the one that is there */
	bool over;		/* there are no records any more */
};

/* -EINVAL: no such record; -EPROTO: of another form; -E2BIG: bounds beyond the limits. */
int wn_replay_read_begin(const u8 *bytes, u32 len, struct wn_bounds *bounds,
			 struct wn_core_ident *ident);

/* Answers go to @out, 8-aligned, which is at least as large as any client's arena was. */
void wn_replay_begin(struct wn_core *core, struct wn_replay *replay, void *out, u32 out_bytes);

/*
 * Do the input at @bytes again, of which at most @len are there, 8-aligned. The bytes
 * that it took; 0: there is not a whole one. -EAGAIN: some was done, call again with the
 * same. -EINVAL: no input; -E2BIG: an arena was larger than @out; -EPROTO: one is missing before it, or what it gave then is not
 * what it gives here, or the digest is another: this is not the core's journal.
 */
s64 wn_replay_next(struct wn_core *core, const u8 *bytes, u32 len);

/*
 * The journal ends here, and so did all clients: they are closed. What lay in their slots
 * beyond what was sampled nobody knows any more. Then the core is as any other.
 */
void wn_replay_end(struct wn_core *core);

/* ---- for reads, see wn_input_bytes(). */
void wn_replay_bytes(struct wn_replay *replay, void *to, u32 len);

/* Where no record is left: @known. */
u64 wn_replay_word(struct wn_replay *replay, u64 name, u64 known);

#endif
