/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Capabilities: what a client may do, and where. Every op passes wn_cap_use(),
 * and wn_cap_reach() for each node that it names.
 *
 *	free --open, grant--> live --revoke--> doomed --slices--> revoked --grant--> live
 *
 * Those that were granted under one hang below it. One that is revoked takes all
 * below with it: at once, for while any is doomed each use looks at those above; and
 * slices then free the branch, leaves first, so that no use needs to look any more.
 */
#ifndef WN_CORE_CAP_H
#define WN_CORE_CAP_H

#include "core.h"
#include "wheel.h"

/* Capabilities in a row, each granted under the one before. */
#define WN_CAP_DEPTH	16

/* Most grants of a domain's life. */
#define WN_CAP_IDS	((1ULL << 40) - 1)

enum wn_cap_state { WN_CAP_FREE, WN_CAP_LIVE, WN_CAP_REVOKED };

struct wn_cap {
	u64 node;		/* whose subtree it is good for; a handle */
	u64 expires;		/* boottime in ns; 0: never */
	u64 badge;
	u64 id;			/* of this use of the slot, never the same again */
	u32 rights;
	u32 account;		/* number; 0: no quota anywhere */
	u32 parent, child;	/* numbers of capabilities + 1; 0: none */
	u32 next, prev;		/* of the same parent */
	u32 next_doomed;
	u8 state;		/* enum wn_cap_state */
	u8 depth;
	u8 owns_account;	/* the account is its own, not its parent's */
	u8 given;		/* by another client */
};

/* Scratch: that a node was found below a capability's node. */
struct wn_reach {
	u64 node, below, epoch;
};

#define WN_REACH_ENTRIES 16	/* a client */

/*
 * The capability at an index of the client's table, for these rights; or NULL
 * and *err: -EACCES: there is none, or it lacks a right; -EKEYREVOKED;
 * -EKEYEXPIRED. The answer does not depend on any node.
 */
struct wn_cap *wn_cap_use(struct wn_core *core, u32 client, u32 index, u32 rights,
			  const struct wn_now *now, s64 *err);

/*
 * The index of the node behind a handle, which 0 stands for the capability's
 * own, or -ESTALE: there is none, or it lies outside the subtree.
 */
int wn_cap_reach(struct wn_core *core, u32 client, const struct wn_cap *cap, u64 handle);

/*
 * Outside of ops: both at once, for whoever does by a capability what the core knows
 * nothing of. *cap: the capability, also if the node is out of its reach; NULL: it may
 * not be used so.
 */
int wn_cap_ask(struct wn_core *core, u32 client, u32 index, u32 rights, u64 node,
	       const struct wn_now *now, const struct wn_cap **cap);

struct wn_core_open;

/*
 * Put one that was granted by nobody into the table, in place of what is there, under
 * which nothing was granted; with node 0 none. Outside of ops. -ENOSPC: no account for its quota.
 */
int wn_cap_put(struct wn_core *core, u32 client, u32 index, const struct wn_core_open *first);

/* The same, as part of an input. */
int wn_cap_place(struct wn_core *core, u32 client, u32 index, const struct wn_core_open *first);

/* What one that is granted adds to those of its parent. */
struct wn_cap_grant {
	u64 node, expires, badge;
	u32 rights;
	u32 quota[WN_QUOTAS];	/* all 0: the parent's account */
};

static inline bool wn_cap_has_quota(const struct wn_cap_grant *grant)
{
	return grant->quota[0] | grant->quota[1] | grant->quota[2] | grant->quota[3];
}

wn_static_assert(WN_QUOTAS == 4);

/* Whether a holder of @cap may grant that: 0, -EINVAL: malformed, -EACCES: it is more. */
s64 wn_cap_check_grant(const struct wn_cap *cap, const struct wn_grant *grant);

/*
 * Whether one more of @by's making fits below a parent (NULL: below none) and into a
 * client's table, but for a slot and an account: 0, -ENOSPC, -EDQUOT.
 */
s64 wn_cap_fits(struct wn_core *core, const struct wn_cap *parent, u32 client, u32 by);

/* A refusal that had no capability: counted, and audited. error: above zero. */
void wn_cap_refused(struct wn_core *core, u32 client, u32 error);

/*
 * A capability below another, or below none, for a slot that wn_cap_slot() found. The
 * grant is checked, and so is that one more fits; the caller saw to an account.
 */
void wn_cap_add(struct wn_core *core, struct wn_cap *parent, u32 client, u32 index,
		const struct wn_cap_grant *grant);

/* The slot of a client that is taken next, or -ENOSPC. */
int wn_cap_slot(struct wn_core *core, u32 client);

/* Revoke a live one and all below it. */
void wn_cap_doom(struct wn_core *core, struct wn_cap *cap);

/* One step of freeing what was revoked, for the caller to commit. Some is doomed. */
void wn_caps_step(struct wn_core *core);

/* Whether that step frees one, and whose. */
bool wn_caps_leaf(const struct wn_core *core, u32 *client, u32 *index);

/*
 * For who maps memory for clients and takes it back: a client whose table changed since
 * it was told of for the last time, or -1.
 */
int wn_caps_touched(struct wn_core *core);
void wn_caps_touch_all(struct wn_core *core);

/*
 * Whether a client may do so over the whole domain; if so *until is the boottime at
 * which that ends, or WN_NEVER.
 */
bool wn_caps_cover(struct wn_core *core, u32 client, u32 rights, u64 boottime, u64 *until);

/*
 * Revocations: what the last one was, and whether it and all before it are done: the
 * branch is free, what was attached under it folded.
 */
static inline u64 wn_caps_last_branch(const struct wn_core *core)
{
	return core->caps.branches;
}

static inline bool wn_caps_are_freed(const struct wn_core *core, u64 branch)
{
	return core->caps.freed >= branch;
}

/* A client went: all of its table, and what was granted under that. Outside of ops. */
void wn_caps_client_gone(struct wn_core *core, u32 client);

/* Bring the public counters of capabilities up to date: at the end of a turn. */
void wn_caps_publish(struct wn_core *core);

static inline bool wn_caps_are_doomed(const struct wn_core *core)
{
	return core->caps.doomed;
}

/* Whether a capability hangs below another, or is it. */
bool wn_cap_is_below(struct wn_core *core, const struct wn_cap *cap, const struct wn_cap *above);

/* Names of capabilities that others may hear: its id, and its number in the low bits. */
u64 wn_cap_handle(const struct wn_core *core, const struct wn_cap *cap);
struct wn_cap *wn_cap_find(struct wn_core *core, u64 handle);

/* Whether what was begun under the capability with that handle may go on at a time. */
bool wn_cap_lasts(struct wn_core *core, u64 handle, const struct wn_now *now);

/*
 * Whether the capability that had that handle is revoked by now. Not where it is gone
 * because its client is.
 */
bool wn_cap_was_revoked(struct wn_core *core, u64 handle);

/* Whether a capability covers the whole domain. */
static inline bool wn_cap_is_whole(const struct wn_core *core, const struct wn_cap *cap)
{
	return cap->node == core->root;
}

#endif
