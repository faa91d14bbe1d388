/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A client as the core knows it: a number, what it may do, what it did lately.
 * Its rings are the turn's, its memory and process are the caller's.
 */
#ifndef WN_CORE_CLIENT_H
#define WN_CORE_CLIENT_H

#include "cap.h"
#include "core.h"
#include "idem.h"
#include "list.h"
#include "wheel.h"

struct wn_core_client {
	u64 first_id;		/* of its first capability */
	u64 life;		/* counts the uses of the number; odd: open */
	struct wn_cap *caps;	/* bounds.caps */
	const u64 *slots;	/* bounds.slots words that it writes; NULL: none */
	struct wn_idem_ring idem;
	struct wn_due expiry;	/* of the first capability under which it has attached slots */
	u32 subs;		/* subscriptions that it holds */
	u32 cap_hint;		/* where the next free slot is looked for */
	u32 caps_used;		/* live ones; saved together with the one below */
	u32 caps_given;		/* of them by others */
	struct wn_link held;	/* promises that it made */
	struct wn_link ready;	/* those that are to be told to it */
	struct wn_link peers;	/* those that its death ends */
	u32 promises;		/* that it made and that are not over */
	u32 accounts;		/* that were made under its capabilities */
	u32 bequests;		/* nodes that it made with an on-death policy */
	u32 next_dying;		/* client + 1 */
	bool dying;		/* what it left is not yet taken apart */
};

/* The first capability of a client. */
struct wn_core_open {
	u64 node;		/* 0: the root */
	u64 expires;		/* boottime; 0: never */
	u64 badge;
	u32 rights;
	u32 quota_nodes;	/* 0: none */
	const u64 *slots;	/* bounds.slots words of its page, there until it is closed; or NULL */
};

/*
 * 0; -EINVAL: no such number, rights; -EBUSY: open, or what was granted by who had the
 * number before is still being revoked by slices; -ESTALE: no such node; -ENOSPC: no
 * account for a quota.
 */
int wn_core_client_open(struct wn_core *core, u32 number, const struct wn_core_open *first);

/* Whatever its state: dead at once. What it granted is revoked; the rest is death.h's. */
void wn_core_client_close(struct wn_core *core, u32 number);

static inline bool wn_core_client_is_open(const struct wn_core_client *client)
{
	return client->life & 1;
}

#endif
