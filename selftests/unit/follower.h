/* SPDX-License-Identifier: MIT */
/*
 * A naive follower of a subscription: it believes nothing but events and what it
 * looks up under its own capability, and keeps a picture of the subtree by them.
 */
#ifndef WN_UNIT_FOLLOWER_H
#define WN_UNIT_FOLLOWER_H

#include "world.h"

#define FOLLOWER_NODES 128

struct followed {
	u64 node;		/* handle; 0: nothing */
	u64 parent, version, cells;
	u32 state;
};

struct follower {
	struct world *w;
	u32 client, cap;
	u64 top;		/* the subtree */
	u32 kinds;		/* WN_SUB_* */
	struct followed seen[FOLLOWER_NODES];	/* by index */
	struct { u64 node, hlc; } told[FOLLOWER_NODES];	/* the last event of each node */
	u32 changes, states, rescans, lives, ends, doubles, strays;
	u32 end_error;
};

void follower_init(struct follower *f, struct world *w, u32 client, u32 cap, u64 top, u32 kinds);

/* Take in one event. */
void follower_hear(struct follower *f, const struct wn_event *event);

/* Whether the picture is the truth: every node of the subtree, and no other. */
bool follower_is_right(const struct follower *f);

#endif
