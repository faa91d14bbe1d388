/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lanes: rings of bytes between two clients. We make them, wake their sleepers and
 * tell the other side of an end; what goes through them we never look at.
 *
 *	connect --> pending --accept--> in use --one side closes or dies--> half
 *	    `--------------------------------------- both ---------------------> gone
 *
 * A lane lives as long as one of its ends does. Its pages are its own, go back to the
 * kernel with it, and are never given to anybody else.
 */
#ifndef WN_LANE_H
#define WN_LANE_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/wait.h>

struct wn_client;
struct wn_domain;
struct wn_lane_info;
struct wn_now;

/* A client's. */
struct wn_lanes {
	struct list_head pending;	/* to be accepted; under domain->lock */
	u32 made;			/* lanes that count in its share; under domain->lock */
	bool woken;			/* one of its lanes was, or one was connected */
	wait_queue_head_t wait;
};

void wn_lanes_init(struct wn_lanes *lanes);

/* The client has left its domain: all its ends go. Under client->setup. */
void wn_lanes_end(struct wn_client *client);

/*
 * Lanes whose producer has lost the capability that it connected by: both sides lose
 * them, and are told. Goes on at *at; false: the budget is used up. *due: no later than
 * the next of these capabilities expires. Under domain->lock.
 */
bool wn_lanes_revoke(struct wn_domain *domain, const struct wn_now *now, u32 *at, u32 *budget,
		     u64 *due);

/* Whether there is something that nobody waited for yet. */
bool wn_lanes_told(const struct wn_client *client);

/* How the lane of a number is, if there is one: under domain->lock. */
bool wn_lane_look(const struct wn_domain *domain, u32 number, struct wn_lane_info *info);

long wn_lane_list(struct wn_client *client, void __user *uarg);
long wn_lane_connect(struct wn_client *client, void __user *uarg);
long wn_lane_accept(struct wn_client *client, void __user *uarg);
long wn_lane_wait(struct wn_client *client, void __user *uarg);
long wn_lane_wake(struct wn_client *client, unsigned long number);
long wn_lane_close(struct wn_client *client, unsigned long number);

#endif
