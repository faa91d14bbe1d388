// SPDX-License-Identifier: GPL-2.0-only
#include "engine.h"
#include "main.h"

#include <linux/minmax.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>

#include "client.h"
#include "core/turn.h"
#include "domain.h"

/*
 * Entries taken under one hold of the lock: a client with a long ring lets the
 * others in between.
 */
#define WN_TURN_BUDGET	256U

/* One look at the clock for both: reading the hardware is the dear part. */
void wn_engine_now(struct wn_now *now)
{
	const ktime_t mono = ktime_get();

	now->realtime = ktime_to_ns(ktime_mono_to_any(mono, TK_OFFS_REAL));
	now->boottime = ktime_to_ns(ktime_mono_to_any(mono, TK_OFFS_BOOT));
}

static u32 turn(struct wn_client *client, u32 max)
{
	struct wn_domain *domain = client->domain;
	const struct wn_turn turn = {
		.ring = &client->ring,
		.allowed = client->allowed,
		.client = client->number,
		.out = client->memory.arena_out.addr,
		.out_bytes = client->memory.arena_out.nr << PAGE_SHIFT,
		.in = client->memory.arena_in.addr,
		.in_bytes = client->memory.arena_in.nr << PAGE_SHIFT,
	};
	struct wn_now now;
	u32 taken;

	mutex_lock(&domain->lock);
	wn_engine_now(&now);
	taken = wn_turn_run(domain->core, &turn, max, &now);
	mutex_unlock(&domain->lock);
	return taken;
}

u32 wn_engine_run(struct wn_client *client, u32 max)
{
	u32 taken = 0, n;

	do {
		/* A turn ends early after so many steps. */
		n = turn(client, min(max - taken, WN_TURN_BUDGET));
		/*
		 * A wide entry may take one slot more than was asked for. Not
		 * more than one ring full a call: its owner may go on filling it.
		 */
		taken += n;
		cond_resched();
	} while (n && taken < max && taken < client->ring.sq_entries &&
		 !fatal_signal_pending(current));

	/*
	 * B: the full barrier in wq_has_sleeper, between the publishing of
	 * cq_tail and the look at the queue, pairs with C in wait.c.
	 */
	if (taken && wq_has_sleeper(&client->wait))
		wake_up_interruptible_poll(&client->wait, EPOLLIN | EPOLLRDNORM);
	return taken;
}
