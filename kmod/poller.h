/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A polling thread of a domain, opt-in: it takes what clients submit without a system
 * call, in the same turns under the same lock as they do inline. It starts with the
 * first client, stops with the last, and sleeps when nothing came for a while.
 */
#ifndef WN_POLLER_H
#define WN_POLLER_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/wait.h>

struct task_struct;
struct wn_client;
struct wn_domain;

struct wn_poller {
	struct mutex lock;	/* outside domain->lock */
	struct task_struct *task;
	bool wanted;
	int cpu;		/* -1: any */
	u64 idle_ns;
	u32 next;		/* the thread's own: whose turn it is */
	atomic_t kicks;
	wait_queue_head_t wait;
};

void wn_poller_init(struct wn_poller *poller);

/* Neither with domain->lock held. */
void wn_poller_client_came(struct wn_domain *domain);
void wn_poller_client_went(struct wn_domain *domain);

/*
 * Somebody entered: there may be more to do again. One that is on its way to sleep may miss
 * it, for who entered did his own.
 */
void wn_poller_kick(struct wn_domain *domain);
/* Something is left to the thread, asleep or on its way there. */
void wn_poller_call(struct wn_domain *domain);

/* WN_IOC_POLL. */
long wn_poller_ioctl(struct wn_client *client, void __user *uarg);

#endif
