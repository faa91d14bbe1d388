/* SPDX-License-Identifier: GPL-2.0-only */
/* Entering the engine and waiting for what it completes. */
#ifndef WN_WAIT_H
#define WN_WAIT_H

#include <linux/poll.h>

struct wn_client;

/* WN_IOC_ENTER. */
long wn_enter(struct wn_client *client, void __user *uarg);

/* WN_IOC_SUBMIT. */
long wn_submit(struct wn_client *client, unsigned long max);

/*
 * Sleep in the state that the caller has set, until woken or, if deadline is not
 * WN_ENTER_NO_DEADLINE, that time of boottime; false: it has come.
 */
bool wn_sleep_until(u64 deadline);

/*
 * Something was published for the client: wake who waits for it. Whoever calls it
 * holds domain->lock or the client's file.
 */
void wn_wake(struct wn_client *client, __poll_t events);

/* EPOLLIN: completions lie in the ring; EPOLLPRI: events in the inbox. */
__poll_t wn_poll(struct wn_client *client, struct file *file, poll_table *table);

#endif
