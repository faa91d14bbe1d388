/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Revocation in memory: what a client had mapped by a right goes with the right.
 *
 *	core: revoked --slices: folded, free--> touched --wn_revoke_run--> windows taken
 *	      completions of the revocation are published then, wn_turn_release()
 *
 * Public state and others' slot pages are for who has READ over the whole domain; a lane
 * is for who may send to its node.
 */
#ifndef WN_REVOKE_H
#define WN_REVOKE_H

#include <linux/types.h>

struct wn_client;
struct wn_domain;
struct wn_now;

/* Of a domain; under its lock. */
struct wn_revoke {
	u64 due;	/* boottime when something expires that is mapped, at the earliest */
	u32 lane;	/* the next to be looked at */
	bool lanes;	/* some are */
	bool busy;	/* the last run left some of its work */
};

void wn_revoke_init(struct wn_revoke *revoke);

/* Take back a part of what is to be; true: that was all. */
bool wn_revoke_run(struct wn_domain *domain, const struct wn_now *now);

/* A client that is in the domain's table got its windows. */
void wn_revoke_look(struct wn_client *client);

#endif
