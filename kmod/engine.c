// SPDX-License-Identifier: GPL-2.0-only
#include "engine.h"
#include "main.h"

#include <linux/poll.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>

#include "client.h"
#include "core/turn.h"
#include "domain.h"

u32 wn_engine_run(struct wn_client *client, u32 max)
{
	struct wn_domain *domain = client->domain;
	const struct wn_turn turn = { .ring = &client->ring, .allowed = client->allowed };
	struct wn_now now;
	u32 taken;

	mutex_lock(&domain->lock);
	now.realtime = ktime_get_real_ns();
	now.boottime = ktime_get_boottime_ns();
	taken = wn_turn_run(domain->core, &turn, max, &now);
	mutex_unlock(&domain->lock);

	/*
	 * B: the full barrier in wq_has_sleeper, between the publishing of
	 * cq_tail and the look at the queue, pairs with C in wait.c.
	 */
	if (taken && wq_has_sleeper(&client->wait))
		wake_up_interruptible_poll(&client->wait, EPOLLIN | EPOLLRDNORM);
	return taken;
}
