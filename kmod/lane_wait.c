// SPDX-License-Identifier: GPL-2.0-only
#include "lane.h"
#include "lane_own.h"
#include "main.h"

#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "client.h"
#include "domain.h"
#include "trace.h"
#include "uarg.h"
#include "wait.h"

/* ------------------------------------------------------------------ wakes */

void wn_lane_tell(struct wn_client *client)
{
	WRITE_ONCE(client->lanes.woken, true);
	wake_up_interruptible_all(&client->lanes.wait);
	wake_up_interruptible_poll(&client->polls, EPOLLIN | EPOLLMSG);
}

void wn_lane_wake_end(struct wn_lane_end *end)
{
	lockdep_assert_held(&end->lane->lock);

	WRITE_ONCE(end->woken, true);
	wake_up_interruptible_all(&end->wait);
	if (end->client)
		wn_lane_tell(end->client);
}

void wn_lane_wake_others(struct wn_lane_end *end)
{
	struct wn_lane *lane = end->lane;
	u32 i;

	lockdep_assert_held(&lane->lock);

	if (!lane->fan || end->side == WN_CONSUMER) {
		wn_lane_wake_end(&lane->end[!end->side]);
		return;
	}
	for (i = 0; i < lane->fan->nr; i++)
		if (lane->seat[i])
			wn_lane_wake_end(lane->seat[i]);
}

bool wn_lanes_told(const struct wn_client *client)
{
	return READ_ONCE(client->lanes.woken) || !list_empty_careful(&client->lanes.pending);
}

/* ---------------------------------------------------------- wait and wake */

/* Nobody will wake it any more. */
static bool is_over(const struct wn_lane_end *end)
{
	const struct wn_lane *lane = end->lane;

	if (!READ_ONCE(end->client))
		return true;
	/* A fan goes on without consumers. */
	if (lane->fan && end->side == WN_PRODUCER)
		return false;
	return READ_ONCE(end->lost) || !READ_ONCE(lane->end[!end->side].client);
}

/* Whether what was waited for is there; takes it. end: NULL for any. */
static bool take_wake(struct wn_client *client, struct wn_lane_end *end)
{
	if (!end)
		return xchg(&client->lanes.woken, false) ||
			!list_empty_careful(&client->lanes.pending) ||
			READ_ONCE(client->state) == WN_CLIENT_DEAD;
	return xchg(&end->woken, false) || is_over(end);
}

static int sleep(struct wn_client *client, struct wn_lane_end *end, u64 deadline)
{
	wait_queue_head_t *queue = end ? &end->wait : &client->lanes.wait;
	DEFINE_WAIT(entry);
	int err = 0;

	for (;;) {
		/* Sets the state with a full barrier before the look, as C in wait.c. */
		prepare_to_wait(queue, &entry, TASK_INTERRUPTIBLE);
		if (take_wake(client, end))
			break;
		if (signal_pending(current)) {
			err = -ERESTARTSYS;
			break;
		}
		trace_wn_sleep(client->domain->id, client->number, WN_TRACE_LANE,
			       end ? end->lane->number : WN_LANE_ANY, deadline);
		if (!wn_sleep_until(deadline)) {
			if (!take_wake(client, end))
				err = -ETIME;
			break;
		}
	}
	finish_wait(queue, &entry);
	return smp_load_acquire(&client->state) == WN_CLIENT_DEAD ? -ESHUTDOWN : err;
}

long wn_lane_wait(struct wn_client *client, void __user *uarg)
{
	struct wn_lane_wait w = {};
	struct wn_lane_end *end = NULL;
	int usize, err;

	usize = wn_uarg_get(&w, sizeof(w), sizeof(w), uarg);
	if (usize < 0)
		return usize;
	if (w.flags || w.reserved || w.deadline > KTIME_MAX)
		return -EINVAL;
	if (w.lane != WN_LANE_ANY) {
		end = wn_lane_end_get(client, w.lane);
		if (IS_ERR(end))
			return PTR_ERR(end);
	} else {
		err = wn_client_check_owner(client);
		if (err)
			return err;
	}
	err = sleep(client, end, w.deadline);
	if (end)
		wn_lane_end_put(end);
	return err;
}

long wn_lane_wake(struct wn_client *client, unsigned long number)
{
	struct wn_lane_end *end = wn_lane_end_get(client, number);
	bool linked;

	if (IS_ERR(end))
		return PTR_ERR(end);
	spin_lock(&end->lane->lock);
	/* While it is being connected it has windows, but there is no other side yet. */
	linked = end->client;
	if (linked)
		wn_lane_wake_others(end);
	spin_unlock(&end->lane->lock);
	if (linked)
		trace_wn_lane(client->domain->id, client->number, number, WN_TRACE_WOKEN);
	wn_lane_end_put(end);
	return linked ? 0 : -ENOENT;
}
