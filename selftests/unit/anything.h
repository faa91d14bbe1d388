/* SPDX-License-Identifier: MIT */
/*
 * Random inputs of every kind to one core: ops of all opcodes, alone, in groups and
 * through a ring; arenas, slots and inboxes that clients use as they like; clients that
 * come and go; slices, time. No model says what is right: this is for tests that hold two
 * cores, or one with itself, against each other.
 */
#ifndef WN_UNIT_ANYTHING_H
#define WN_UNIT_ANYTHING_H

#include "kmod/core/mail.h"
#include "kmod/core/turn.h"
#include "kmod/core/work.h"
#include "world.h"

#define ANY_CLIENTS	5
#define ANY_SLOTS	4
#define ANY_KNOWN	48
#define ANY_RING	8		/* inbox entries of each priority */
#define ANY_ENTRIES	64		/* of a submission ring */
#define ANY_ARENA	2048

/* Handles of one kind that were met, the last ones, each with another word, and by whom. */
struct any_known {
	u64 at[ANY_KNOWN], with[ANY_KNOWN];
	u32 who[ANY_KNOWN];
	u32 n;
};

/* What a client has mapped. */
struct any_client {
	struct wn_user_ring user;
	struct wn_kern_ring kern;
	struct wn_sqe sqes[ANY_ENTRIES];
	struct wn_cqe cqes[ANY_ENTRIES];
	struct wn_event events[WN_PRIORITIES * ANY_RING];
	struct wn_ring ring;
	struct wn_inbox inbox;
	u64 slots[ANY_SLOTS];
	u8 in[ANY_ARENA] __attribute__((aligned(8)));
};

struct anything {
	struct world w;
	u64 seed;
	struct any_known nodes, cells, attached, caps, promises, subs, calls, leases;
	struct any_client clients[ANY_CLIENTS];
	u8 token[sizeof(struct wn_token)];
	u32 who;		/* for whom the op that was drawn last makes sense */
	u64 ops, refused;
	u64 done[256];		/* ops that succeeded, by opcode */
	u64 events;
};

struct wn_bounds any_bounds(void);
struct wn_core_ident any_ident(u64 seed);

/* The world is made (world_make), and has no client yet. */
void any_begin(struct anything *a, u64 seed);
void any_step(struct anything *a);

#endif
