// SPDX-License-Identifier: GPL-2.0-only
#include "wait.h"
#include "main.h"

#include <linux/hrtimer.h>
#include <linux/sched/signal.h>

#include "client.h"
#include "domain.h"
#include "engine.h"
#include "trace.h"
#include "uarg.h"

/* Who sleeps in enter, and what for. */
struct sleeper {
	struct wait_queue_entry entry;
	struct wn_client *client;
	u32 min_complete;
	u32 flags;		/* WN_ENTER_* */
};

static bool is_enough(const struct sleeper *s)
{
	u32 n = wn_ring_published(&s->client->ring);

	if (s->flags & WN_ENTER_EVENTS)
		n += wn_inbox_unread(&s->client->inbox);
	return n >= s->min_complete || READ_ONCE(s->client->state) == WN_CLIENT_DEAD;
}

/* Only for what it waits for: to wake somebody is the dear part. */
static int wake_one(wait_queue_entry_t *entry, unsigned int mode, int sync, void *key)
{
	struct sleeper *s = container_of(entry, struct sleeper, entry);

	if (!is_enough(s))
		return 0;
	atomic_inc(&s->client->domain->woken);
	trace_wn_wake(s->client->domain->id, s->client->number, WN_TRACE_ENTER);
	return autoremove_wake_function(entry, mode, sync, key);
}

void wn_wake(struct wn_client *client, __poll_t events)
{
	const struct wn_user_ring *user = client->memory.user_ring.addr;

	/*
	 * B: the full barrier in wq_has_sleeper, between the publishing of tails
	 * and the look at the queue, pairs with C, with the one in poll_wait and with
	 * the one in eventfd.c.
	 */
	if (wq_has_sleeper(&client->wait))
		wake_up_interruptible_all(&client->wait);
	if (!waitqueue_active(&client->polls) && likely(!wn_eventfds_any(&client->eventfds)))
		return;
	if (READ_ONCE(user->flags) & WN_UR_F_NO_WAKEUP && !(events & EPOLLHUP))
		return;
	if (wn_eventfds_signal(&client->eventfds, events)) {
		atomic_inc(&client->domain->woken);
		trace_wn_wake(client->domain->id, client->number, WN_TRACE_EVENTFD);
	}
	if (!waitqueue_active(&client->polls))
		return;
	atomic_inc(&client->domain->woken);
	trace_wn_wake(client->domain->id, client->number, WN_TRACE_POLL);
	wake_up_interruptible_poll(&client->polls, events);
}

bool wn_sleep_until(u64 deadline)
{
	ktime_t expires = ns_to_ktime(deadline);

	if (deadline == WN_ENTER_NO_DEADLINE) {
		schedule();
		return true;
	}
	return schedule_hrtimeout_range_clock(&expires, 0, HRTIMER_MODE_ABS, CLOCK_BOOTTIME);
}

/* Sleep until it is enough: 0, -ETIME or -ERESTARTSYS. */
static int wait(struct wn_client *client, const struct wn_enter *e)
{
	struct sleeper s = {
		.client = client, .min_complete = e->min_complete, .flags = e->flags,
	};
	int err = 0;

	init_wait_entry(&s.entry, 0);
	s.entry.func = wake_one;
	for (;;) {
		/* C: sets the state with a full barrier before the rings are looked at; see B. */
		prepare_to_wait(&client->wait, &s.entry, TASK_INTERRUPTIBLE);
		if (is_enough(&s))
			break;
		if (signal_pending(current)) {
			err = -ERESTARTSYS;
			break;
		}
		trace_wn_sleep(client->domain->id, client->number, WN_TRACE_ENTER,
			       e->min_complete, e->deadline);
		if (!wn_sleep_until(e->deadline)) {
			if (!is_enough(&s))
				err = -ETIME;
			break;
		}
	}
	finish_wait(&client->wait, &s.entry);
	return smp_load_acquire(&client->state) == WN_CLIENT_DEAD ? -ESHUTDOWN : err;
}

long wn_enter(struct wn_client *client, void __user *uarg)
{
	struct wn_enter e = {};
	u32 taken = 0;
	int usize, err;

	usize = wn_uarg_get(&e, sizeof(e), sizeof(e), uarg);
	if (usize < 0)
		return usize;
	if (e.flags & ~WN_ENTER_EVENTS || e.reserved || e.deadline > KTIME_MAX)
		return -EINVAL;
	err = wn_client_check_owner(client);
	if (err)
		return err;
	if (e.min_complete > client->ring.cq_entries)
		return -EINVAL;

	if (e.to_submit)
		taken = wn_engine_run(client, e.to_submit);
	if (READ_ONCE(client->ring.kern->flags) & WN_KR_F_BACKLOG)
		wn_engine_collect(client);
	if (e.min_complete)
		err = wait(client, &e);
	e.completed = wn_ring_published(&client->ring);
	/* An error writes nothing: the call may be started again with what lies there. */
	if (taken || !err)
		err = wn_uarg_put(&e, sizeof(e), usize, uarg);
	/* Progress beats error: entries that were taken are taken. */
	return taken ? (long)taken : err;
}

long wn_submit(struct wn_client *client, unsigned long max)
{
	int err;

	if (max > INT_MAX)
		return -EINVAL;
	err = wn_client_check_owner(client);
	if (err)
		return err;
	return max ? wn_engine_run(client, max) : 0;
}

__poll_t wn_poll(struct wn_client *client, struct file *file, poll_table *table)
{
	__poll_t events = 0;

	poll_wait(file, &client->polls, table);	/* first: a change after the look wakes */
	smp_mb();	/* C, for pollers: poll_wait may have queued us without any */
	switch (smp_load_acquire(&client->state)) {
	case WN_CLIENT_NEW:
	case WN_CLIENT_READY:
		return EPOLLERR;
	case WN_CLIENT_DEAD:
		events = EPOLLERR | EPOLLHUP;
		break;
	case WN_CLIENT_ENABLED:
		break;
	}
	if (wn_ring_published(&client->ring))
		events |= EPOLLIN | EPOLLRDNORM;
	if (wn_inbox_unread(&client->inbox))
		events |= EPOLLPRI | EPOLLRDBAND;
	if (wn_lanes_told(client))
		events |= EPOLLIN | EPOLLMSG;
	return events;
}
