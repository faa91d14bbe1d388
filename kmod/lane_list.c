// SPDX-License-Identifier: GPL-2.0-only
#include "lane.h"
#include "lane_own.h"
#include "main.h"

#include <linux/nospec.h>
#include <linux/slab.h>

#include "client.h"
#include "core/cap.h"
#include "domain.h"
#include "engine.h"
#include "uarg.h"

bool wn_lane_look(const struct wn_domain *domain, u32 number, struct wn_lane_info *info)
{
	const struct wn_lane *lane = domain->lanes[array_index_nospec(number, domain->bounds.lanes)];
	const struct wn_lane_side *side[2];
	u64 pos[2];
	u32 flags;

	lockdep_assert_held(&domain->lock);

	/* One that is not linked yet has a number and nothing else. */
	if (!lane || !lane->ends)
		return false;
	flags = READ_ONCE(lane->state->flags);
	side[WN_PRODUCER] = lane->control.addr + PAGE_SIZE;
	side[WN_CONSUMER] = lane->control.addr + 2 * PAGE_SIZE;
	/* What they write is shown, and believed as far as it can be. */
	pos[WN_CONSUMER] = READ_ONCE(side[WN_CONSUMER]->pos);
	pos[WN_PRODUCER] = READ_ONCE(side[WN_PRODUCER]->pos);
	/* Of a fan: what who joins can still read. */
	if (lane->fan)
		pos[WN_CONSUMER] = wn_fan_floor(lane);
	*info = (struct wn_lane_info){
		.lane = number,
		.flags = (flags & WN_LANE_S_ACCEPTED ? WN_LANE_I_ACCEPTED : 0) |
			 (flags & WN_LANE_S_PRODUCER_GONE ? WN_LANE_I_PRODUCER_GONE : 0) |
			 (flags & WN_LANE_S_CONSUMER_GONE ? WN_LANE_I_CONSUMER_GONE : 0) |
			 (flags & WN_LANE_S_REVOKED ? WN_LANE_I_REVOKED : 0) |
			 (READ_ONCE(side[WN_PRODUCER]->flags) & WN_LANE_F_SLEEPS ?
			  WN_LANE_I_PRODUCER_SLEEPS : 0) |
			 (READ_ONCE(side[WN_CONSUMER]->flags) & WN_LANE_F_SLEEPS ?
			  WN_LANE_I_CONSUMER_SLEEPS : 0),
		.producer = lane->state->producer,
		.consumer = lane->state->consumer,
		.node = lane->node,
		.bytes = lane->bytes,
		.fill = min_t(u64, pos[WN_PRODUCER] - pos[WN_CONSUMER], lane->bytes),
		.written = pos[WN_PRODUCER],
	};
	return true;
}

/* Numbers that are looked at under one hold of the domain's lock. */
#define LOOKS	256U

static int collect(struct wn_client *client, struct wn_lane_list *l)
{
	struct wn_domain *domain = client->domain;
	u32 looks = LOOKS;
	struct wn_now now;
	u64 until;
	int err = 0;

	mutex_lock(&domain->lock);
	wn_engine_now(&now);
	/* Whose number it was may be another's by now: the caller may be dead. */
	if (domain->clients[client->number] != client)
		err = -ESHUTDOWN;
	else if (!wn_caps_cover(domain->core, client->number, WN_RIGHT_READ, now.boottime, &until))
		err = -EACCES;
	for (; !err && looks && l->next < domain->bounds.lanes && l->count < WN_LANE_LIST; looks--)
		l->count += wn_lane_look(domain, l->next++, &l->lanes[l->count]);
	mutex_unlock(&domain->lock);
	return err;
}

long wn_lane_list(struct wn_client *client, void __user *uarg)
{
	struct wn_lane_list *l = kzalloc(sizeof(*l), GFP_KERNEL);
	int usize, err;

	if (!l)
		return -ENOMEM;
	/* All of it, or what was left out of what is told would be lost. */
	usize = wn_uarg_get(l, sizeof(*l), sizeof(*l), uarg);
	err = usize < 0 ? usize : l->flags ? -EINVAL : wn_client_check_owner(client);
	if (!err) {
		l->count = 0;
		memset(l->lanes, 0, sizeof(l->lanes));
	}
	while (!err && l->next < client->domain->bounds.lanes && l->count < WN_LANE_LIST)
		err = collect(client, l);
	if (!err) {
		if (l->next >= client->domain->bounds.lanes)
			l->next = WN_LANE_ANY;
		err = wn_uarg_put(l, sizeof(*l), usize, uarg);
	}
	kfree(l);
	return err;
}
