/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client: one open of a domain.
 *
 *   new --setup--> ready --enable--> enabled --owner's exit--> dead --last close--> gone
 *
 * Only an enabled client's ops are taken, and only from the process that
 * enabled it. A restriction may come at any time after setup and only shrinks
 * what is allowed.
 */
#ifndef WN_CLIENT_H
#define WN_CLIENT_H

#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/worknode.h>

#include "charge.h"
#include "core/inbox.h"
#include "core/op.h"
#include "core/turn.h"
#include "eventfd.h"
#include "lane.h"
#include "pages.h"
#include "region.h"

struct pid;
struct wn_domain;

enum wn_client_state {
	WN_CLIENT_NEW,
	WN_CLIENT_READY,
	WN_CLIENT_ENABLED,
	WN_CLIENT_DEAD,
};

/* Memory that is this client's own. */
struct wn_client_memory {
	struct wn_pages user_ring;
	struct wn_pages sqes;
	struct wn_pages kern_ring;
	struct wn_pages cqes;
	struct wn_pages inbox;
	struct wn_pages slots;
	struct wn_pages arena_in;
	struct wn_pages arena_out;
};

struct wn_client {
	struct wn_domain *domain;
	struct inode *space;	/* whose address space the file maps */
	u32 first_rights;	/* of its first capability */

	struct mutex setup;
	/*
	 * Stored with release under setup, loaded with acquire by all: what a
	 * state promises below is there when the state is seen.
	 */
	enum wn_client_state state;

	/* From ready on. */
	u32 number;		/* in the domain's table */
	u64 bytes;
	struct wn_charge charge;
	struct wn_client_memory memory;
	struct wn_ring ring;	/* under domain->lock, as the inbox */
	struct wn_inbox inbox;
	u64 allowed[WN_OP_WORDS]; /* under domain->lock */
	struct wn_turn turn;	/* of its ring: under domain->lock */

	/* From enabled on. */
	struct pid *owner;	/* of the thread group */
	struct wait_queue_entry owner_wait;
	struct work_struct owner_work;

	struct wn_lanes lanes;
	struct wn_windows windows;
	wait_queue_head_t wait;	/* those in enter */
	u32 epoch_sleepers;	/* those in epoch.c; under domain->lock */
	wait_queue_head_t polls; /* pollers, who may ask not to be woken */
	struct wn_eventfds eventfds; /* who may ask for that, too */
};

extern const struct file_operations wn_client_fops;

/* 0, -ENXIO: not enabled; -EOWNERDEAD: the caller is not the owner; -ESHUTDOWN: dead. */
int wn_client_check_owner(struct wn_client *client);

/* The same, but before it is enabled all may. */
int wn_client_check_user(struct wn_client *client);

#endif
