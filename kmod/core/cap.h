/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Capabilities: what a client may do, and where. Every op passes wn_cap_use(),
 * and wn_cap_reach() for each node that it names.
 */
#ifndef WN_CORE_CAP_H
#define WN_CORE_CAP_H

#include "core.h"

struct wn_cap {
	u64 node;		/* whose subtree it is good for; 0: no capability */
	u64 expires;		/* boottime in ns; 0: never */
	u64 badge;
	u32 rights;
	u32 quota_nodes;	/* 0: no quota */
	u32 used_nodes;		/* created under it and still there */
	u32 reserved;
};

/* Scratch: that a node was found below a capability's node. */
struct wn_reach {
	u64 node, below, epoch;
};

#define WN_REACH_ENTRIES 16	/* a client */

/*
 * The capability at an index of the client's table, for these rights; or NULL
 * and *err: -EACCES: there is none, or it lacks a right; -EKEYEXPIRED. The
 * answer does not depend on any node.
 */
struct wn_cap *wn_cap_use(struct wn_core *core, u32 client, u32 index, u32 rights,
			  const struct wn_now *now, s64 *err);

/*
 * The index of the node behind a handle, which 0 stands for the capability's
 * own, or -ESTALE: there is none, or it lies outside the subtree.
 */
int wn_cap_reach(struct wn_core *core, u32 client, const struct wn_cap *cap, u64 handle);

/* Put a capability into the table: for wn_core_client_open, and for grants to come. */
void wn_cap_put(struct wn_core *core, u32 client, u32 index, const struct wn_cap *cap);

/* Whether one more node can be created under a capability. */
static inline bool wn_cap_may_charge(const struct wn_cap *cap)
{
	return !cap->quota_nodes || cap->used_nodes < cap->quota_nodes;
}

/* A node is created under a capability (its own part is saved), and goes again. */
void wn_cap_charge(struct wn_core *core, u32 client, struct wn_cap *cap, u32 node);
void wn_cap_uncharge(struct wn_core *core, u32 node);

/* Whether a capability covers the whole domain. */
static inline bool wn_cap_is_whole(const struct wn_core *core, const struct wn_cap *cap)
{
	return cap->node == core->root;
}

#endif
