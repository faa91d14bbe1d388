// SPDX-License-Identifier: GPL-2.0-only
#include "wait.h"
#include "main.h"

#include <linux/hrtimer.h>
#include <linux/sched/signal.h>

#include "client.h"
#include "engine.h"
#include "uarg.h"

/* Sleep until so many completions lie in the ring: 0, -ETIME or -ERESTARTSYS. */
static int wait(struct wn_client *client, u32 min_complete, u64 deadline)
{
	ktime_t expires = ns_to_ktime(deadline);
	DEFINE_WAIT(entry);
	int err = 0;

	for (;;) {
		/* C: sets the state with a full barrier before the ring is looked at; see B. */
		prepare_to_wait(&client->wait, &entry, TASK_INTERRUPTIBLE);
		if (wn_ring_published(&client->ring) >= min_complete)
			break;
		if (signal_pending(current)) {
			err = -ERESTARTSYS;
			break;
		}
		if (deadline == WN_ENTER_NO_DEADLINE) {
			schedule();
		} else if (!schedule_hrtimeout_range_clock(&expires, 0, HRTIMER_MODE_ABS,
							   CLOCK_BOOTTIME)) {
			if (wn_ring_published(&client->ring) < min_complete)
				err = -ETIME;
			break;
		}
	}
	finish_wait(&client->wait, &entry);
	return err;
}

long wn_enter(struct wn_client *client, void __user *uarg)
{
	struct wn_enter e = {};
	u32 taken = 0;
	int usize, err;

	usize = wn_uarg_get(&e, sizeof(e), sizeof(e), uarg);
	if (usize < 0)
		return usize;
	if (e.flags || e.reserved || e.deadline > KTIME_MAX)
		return -EINVAL;
	err = wn_client_check_owner(client);
	if (err)
		return err;
	if (e.min_complete > client->ring.cq_entries)
		return -EINVAL;

	if (e.to_submit)
		taken = wn_engine_run(client, e.to_submit);
	if (e.min_complete)
		err = wait(client, e.min_complete, e.deadline);
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
	poll_wait(file, &client->wait, table);	/* first: a change after the look wakes */
	if (smp_load_acquire(&client->state) != WN_CLIENT_ENABLED)
		return EPOLLERR;
	return wn_ring_published(&client->ring) ? EPOLLIN | EPOLLRDNORM : 0;
}
