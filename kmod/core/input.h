/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Inputs: all that a core ever learns from outside. Given the same inputs in the same
 * order it is in the same state, bit for bit; so a list of them is a journal (journal.h),
 * and what was written down can be done again (replay.h).
 *
 * An input is a call with all that it was handed, and what it read meanwhile of memory
 * that others write to: bytes of a client's arena, slots, how much room an inbox had.
 * Those are its *reads*, in the order in which they were made. In a record all is
 * little-endian and a multiple of eight bytes:
 *
 *   head   48   below
 *   body        of the kind, as many bytes as the head says
 *   reads       u64 name; then a word, or, of bytes, as many as the name's low half
 *               says, padded with zeroes
 *
 * Inputs are numbered from 0, so that one that is missing is noticed.
 */
#ifndef WN_CORE_INPUT_H
#define WN_CORE_INPUT_H

#include "core.h"
#include "form.h"

enum wn_input_kind {
	WN_INPUT_BEGIN = 1,	/* body: WN_INPUT_BEGIN_BYTES; the core is as wn_core_init() left it */
	WN_INPUT_OP,		/* body: u32 bytes of each arena, in and out; one slot or two */
	WN_INPUT_GROUP,		/* the same with the slots of all ops, one behind the other */
	WN_INPUT_WORK,		/* a slice of wn_work_slice() */
	WN_INPUT_REAP,		/* of wn_core_slice(); arg: steps */
	WN_INPUT_OPEN,		/* of a client; body: WN_INPUT_CAP_BYTES */
	WN_INPUT_CLOSE,
	WN_INPUT_CAP,		/* wn_cap_put(): arg: index; body: WN_INPUT_CAP_BYTES */
	WN_INPUT_ASK,		/* wn_cap_ask(): arg: index; body: u64 rights, u64 node */
	WN_INPUT_PUMP,
	WN_INPUT_RETRY,
	WN_INPUT_DIGEST,	/* no input, but where the state stands: body: the state digest */
	WN_INPUT_KINDS
};

/* In the head, at: */
#define WN_INPUT_AT_BYTES	0	/* u32: of the record */
#define WN_INPUT_AT_KIND	4	/* u8 */
#define WN_INPUT_AT_FLAGS	5	/* u8 */
#define WN_INPUT_AT_CLIENT	6	/* u16 */
#define WN_INPUT_AT_NUMBER	8	/* u64 */
#define WN_INPUT_AT_REALTIME	16	/* u64: now, where the call has one, else 0 */
#define WN_INPUT_AT_BOOTTIME	24	/* u64 */
#define WN_INPUT_AT_RESULT	32	/* s64: what the call gave */
#define WN_INPUT_AT_BODY	40	/* u32: its bytes */
#define WN_INPUT_AT_ARG		44	/* u32 */
#define WN_INPUT_HEAD		48

#define WN_INPUT_F_SLOTS	1u	/* OPEN: it has a page of slots */
#define WN_INPUT_NO_ARENA	(~0u)	/* in place of its bytes */

/* BEGIN: u32 form, u32 replica, all bounds, then domain, name key, secret. */
#define WN_INPUT_FORM		1
#define WN_INPUT_BOUNDS		8
#define WN_INPUT_IDENT		(WN_INPUT_BOUNDS + sizeof(struct wn_bounds))
#define WN_INPUT_BEGIN_BYTES	(WN_INPUT_IDENT + 5 * sizeof(u64))

/* OPEN, CAP: node, expires, badge; rights and quota of nodes, u32 each. */
#define WN_INPUT_CAP_BYTES	32
#define WN_INPUT_ASK_BYTES	16

/* Names of reads: what it is, then which, or how many bytes. */
#define WN_READ_BYTES		(1ULL << 32)
#define WN_READ_SLOT		(2ULL << 32)	/* wn_slot_name() */
#define WN_READ_ROOM		(3ULL << 32)	/* priority; events that an inbox could take */

wn_static_assert(sizeof(struct wn_bounds) % sizeof(u64) == 0);
wn_static_assert(WN_INPUT_HEAD % sizeof(u64) == 0);

#endif
