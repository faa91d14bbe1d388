/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain: one isolated world. Its inode holds it; it ends with the inode,
 * when its name is gone and its last client closed, as files do.
 *
 * domain->lock makes its holder the engine: the only one to touch the core,
 * the rings and the table of clients.
 */
#ifndef WN_DOMAIN_H
#define WN_DOMAIN_H

#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>
#include <linux/worknode.h>

#include "charge.h"
#include "debugfs.h"
#include "epoch.h"
#include "pages.h"
#include "poller.h"
#include "region.h"
#include "revoke.h"

struct wn_client;
struct wn_core;
struct wn_lane;
struct wn_recording;

struct wn_domain {
	u64 id;
	struct wn_bounds bounds;
	struct wn_budget *mount;
	struct wn_charge charge;
	u64 bytes;		/* all of it, clients apart */
	u32 rights[WN_CLASSES];	/* of those who open it; stored under the inode's lock */

	struct mutex lock;
	struct {		/* under lock */
		struct wn_core *core;
		struct wn_client **clients;	/* bounds.clients entries; changed under table, too */
		struct wn_lane **lanes;		/* bounds.lanes entries, by number */
		u32 nr_clients;
		u32 nr_lanes;	/* that have a number */
		u64 client_bytes;
		u64 due;	/* boottime of the work item: 0: queued; WN_NEVER: nothing to do */
		struct wn_epochs epochs;
		bool ended;
		bool polled;	/* a thread is awake: nobody needs to enter */
		bool held;	/* completions of some client wait for a revocation */
		struct wn_revoke revoke;
	};
	spinlock_t table;	/* inside lock: for who only looks whether clients wait */
	struct work_struct work;	/* the engine's, as the timer that queues it */
	struct hrtimer timer;
	atomic_t woken;			/* sleepers, not in the stats yet */

	struct wn_recording *recording;	/* or NULL; stays */
	struct wn_slot_pages slots;
	struct wn_poller poller;
	struct wn_debugfs debugfs;

	struct wn_pages public;
	struct wn_pages private;
};

/* What a domain of such (checked) bounds takes; 0: more than can be counted. */
u64 wn_domain_cost(const struct wn_bounds *bounds);

/*
 * bounds are checked here. journal_kb: see WN_IOC_CREATE. uid pays, within the mount's
 * budget.
 */
struct wn_domain *wn_domain_new(const struct wn_bounds *bounds, u32 journal_kb, kuid_t uid,
				struct wn_budget *mount);
void wn_domain_free(struct wn_domain *domain);

/* Enter a client into the table: its number, or -ENOSPC. */
int wn_domain_join(struct wn_domain *domain, struct wn_client *client, u64 bytes);
void wn_domain_leave(struct wn_domain *domain, struct wn_client *client, u32 number, u64 bytes);

/* One more in wn_public.stats. */
void wn_domain_count(struct wn_domain *domain, u32 stat);

/* WN_IOC_INFO. */
long wn_domain_info(struct wn_domain *domain, void __user *uarg);

#endif
