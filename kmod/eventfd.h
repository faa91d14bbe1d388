/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Eventfds of a client: one is told of completions, one of events in the inbox; the
 * same may be both. They are held from registering to unregistering or death.
 */
#ifndef WN_EVENTFD_H
#define WN_EVENTFD_H

#include <linux/poll.h>
#include <linux/spinlock.h>

struct eventfd_ctx;
struct wn_client;

struct wn_eventfds {
	spinlock_t lock;	/* inside domain->lock */
	struct eventfd_ctx *ctx[2]; /* stored under lock; NULL: none */
};

void wn_eventfds_init(struct wn_eventfds *fds);

/* Of EPOLLIN and EPOLLPRI; behind a full barrier after what is told of was published. */
bool wn_eventfds_signal(struct wn_eventfds *fds, __poll_t events);

/* Death, under client->setup: none from now on. */
void wn_eventfds_end(struct wn_client *client);

/* WN_IOC_EVENTFD. */
long wn_eventfd_ioctl(struct wn_client *client, void __user *uarg);

static inline bool wn_eventfds_any(const struct wn_eventfds *fds)
{
	return READ_ONCE(fds->ctx[0]) || READ_ONCE(fds->ctx[1]);
}

#endif
