/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The journal: the core's inputs (input.h), written down as they come.
 *
 * Whoever runs the core hands in a buffer, before the first client is opened, and takes
 * out what lies in it between calls: to a file, to another core, to nobody. The core
 * calls nobody and waits for nobody, so the room must be there before an input is. Each
 * call that is an input looks, and where there is none
 *
 *	ops, opening a client, asking and putting a capability are refused (ENOBUFS);
 *	slices, pumps and retries do nothing: they are called again when there is room;
 *	a client's end is written all the same. Room for that of each is kept.
 *
 * Nor does one client take all the room: what it wrote since the last taking out may be as
 * much as is left for everybody, and no more (ENOBUFS, of it alone). So of many that write
 * without end each has an equal part, one alone has half, and who comes last finds room.
 * Comings and goings have such a share together, for numbers are nobody's.
 *
 * So nothing is ever applied that is not written down. Should a record not fit after all,
 * which is a bug, the journal is *broken*: nothing is written any more, what was written
 * until then is good, and there is no room ever again.
 *
 * A record is written in the course of its call and whole when that is over. Ops that are
 * refused for their form alone (EINVAL, EPERM ...) are no inputs: they change nothing.
 * Without a journal all this is one branch an op.
 */
#ifndef WN_CORE_JOURNAL_H
#define WN_CORE_JOURNAL_H

#include "input.h"
#include "op.h"

struct wn_journal {
	u8 *bytes;		/* the first are those of the oldest input not yet taken out */
	u32 size, used;
	u32 reserve;		/* below that there is no room but for ends of clients */
	u32 open;		/* where the record begins that is being written */
	bool is_open;
	bool broken;
	bool put_off;		/* something, for a client's share */
	u64 inputs;		/* ever; the next one's number */
	u64 total;		/* bytes ever taken out */
};

/* What a client, or the last: all who come and go, wrote; in scratch. */
struct wn_journal_share {
	u64 since;		/* journal->total of that time; of another one it counts nothing */
	u64 bytes;
};

/*
 * Write from now on, first how the core began: it is as wn_core_init() left it for this
 * ident, and stays where it is. The buffer is 8-aligned.
 */
void wn_journal_begin(struct wn_core *core, struct wn_journal *journal, void *bytes, u32 size,
		      const struct wn_core_ident *ident);
void wn_journal_end(struct wn_core *core);

/* The most bytes that one input takes. */
u32 wn_journal_input_max(const struct wn_bounds *bounds);

/* The smallest buffer that inputs of all kinds find room in. */
u64 wn_journal_bytes_min(const struct wn_bounds *bounds);

static inline u32 wn_journal_room(const struct wn_journal *journal)
{
	return journal->size - journal->used;
}

/* A whole number of records: bytes [0, used) were taken out. */
static inline void wn_journal_taken(struct wn_journal *journal)
{
	journal->total += journal->used;
	journal->used = 0;
	journal->put_off = false;
}

/* Go on in another buffer of that size; the bytes [0, used) of this one were taken out. */
static inline void wn_journal_swap(struct wn_journal *journal, void *bytes)
{
	wn_journal_taken(journal);
	journal->bytes = bytes;
}

/* Whether any input has room, or there is no journal. */
static inline bool wn_journal_has_room(const struct wn_core *core)
{
	const struct wn_journal *j = core->journal;

	return likely(!j) || (!j->broken && wn_journal_room(j) >= j->reserve);
}

/*
 * Whether an input of a client's has room, and its share is not used up; of
 * bounds.clients: of one that comes. Only where core->journal is there.
 */
bool wn_journal_has_share(struct wn_core *core, u32 client);

/* Whether something was refused or waits until what was written is taken out. */
static inline bool wn_journal_puts_off(const struct wn_core *core)
{
	return !wn_journal_has_room(core) || (core->journal && core->journal->put_off);
}

/*
 * Note the state digest, so that a replay can be held against it; false: more is to be
 * hashed first, call again. The budget is that of wn_digest_slice().
 */
bool wn_journal_digest(struct wn_core *core, u32 *budget);

/* ---- for who takes inputs: only where core->journal is there. */

void wn_journal_open(struct wn_core *core, u32 kind, u32 client, const struct wn_now *now);
void wn_journal_put(struct wn_core *core, const void *bytes, u32 len);
void wn_journal_arg(struct wn_core *core, u32 flags, u32 arg);

/* The body ends here; what follows are reads. */
void wn_journal_body(struct wn_core *core);
void wn_journal_close(struct wn_core *core, s64 result);

void wn_journal_ops(struct wn_core *core, u32 kind, const struct wn_op_env *env,
		    const struct wn_sqe *slots, u32 n);

void wn_journal_ask(struct wn_core *core, u32 client, u32 index, const u64 body[2],
		    const struct wn_now *now);

struct wn_core_open;
void wn_journal_cap(struct wn_core *core, u32 kind, u32 client, u32 index,
		    const struct wn_core_open *first);

/* ---- reads: through these alone, so that they are written down, or come from a replay. */

/* Bytes that somebody else may write to, to private memory. */
void wn_input_bytes(struct wn_core *core, void *to, const void *from, u32 len);

/* A word that was read; or, in a replay, the one that was read then. */
u64 wn_input_word(struct wn_core *core, u64 name, u64 value);

#endif
