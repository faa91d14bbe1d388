/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waiting until the epoch of a domain, or the version of a node, is not what it was.
 *
 * Who waits looks, and enters the list, under domain->lock, under which all epochs
 * change; who held the lock goes through the list before it lets go. So no change is
 * missed, and where nobody waits it costs one look at a list's head.
 */
#ifndef WN_EPOCH_H
#define WN_EPOCH_H

#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/types.h>

struct wn_client;
struct wn_domain;

struct wn_epochs {
	struct list_head sleepers;
	u64 told;		/* the domain's epoch that all of them know not to be enough */
};

void wn_epochs_init(struct wn_epochs *epochs);

/* Under domain->lock, after what may have changed something; somebody sleeps. */
void wn_epochs_look(struct wn_domain *domain);

/* Under domain->lock: a client died, its sleepers wait for nothing. */
void wn_epochs_end(struct wn_domain *domain, struct wn_client *client);

/* WN_IOC_WAIT_EPOCH. */
long wn_epoch_wait(struct wn_client *client, void __user *uarg);

#endif
