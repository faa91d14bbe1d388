// SPDX-License-Identifier: GPL-2.0-only
#include "lane.h"
#include "lane_own.h"
#include "main.h"

#include "client.h"
#include "domain.h"
#include "trace.h"

/* 0, or -ENOENT: another was faster. Takes the client's reference, not the caller's. */
static int close_end(struct wn_lane_end *end, struct wn_client *client)
{
	const bool produced = end->side == WN_PRODUCER;
	struct wn_domain *domain = client->domain;
	struct wn_lane *lane = end->lane;
	bool mine;

	mutex_lock(&domain->lock);
	spin_lock(&lane->lock);
	mine = end->client == client;
	if (mine) {
		end->client = NULL;
		/* Release: what the gone side published is there for who sees this. */
		if (produced || !lane->fan)
			smp_store_release(&lane->state->flags, lane->state->flags |
					  (produced ? WN_LANE_S_PRODUCER_GONE :
					   WN_LANE_S_CONSUMER_GONE));
		wn_lane_wake_others(end);
		wake_up_interruptible_all(&end->wait);
	}
	spin_unlock(&lane->lock);
	if (mine && lane->fan && !produced)
		wn_fan_unseat(end);
	if (mine && !produced)
		list_del_init(&lane->pending);
	mutex_unlock(&domain->lock);
	if (!mine)
		return -ENOENT;
	trace_wn_lane(domain->id, client->number, lane->number,
		      produced ? WN_TRACE_PRODUCER_WENT : WN_TRACE_CONSUMER_WENT);
	wn_lane_windows_close(lane, client);
	/* Not before: the windows go by number, and the next lane's would go with them. */
	mutex_lock(&domain->lock);
	if (!--lane->ends)
		wn_lane_leave(lane, domain);
	mutex_unlock(&domain->lock);
	wn_lane_end_put(end);
	return 0;
}

long wn_lane_close(struct wn_client *client, unsigned long number)
{
	struct wn_lane_end *end = wn_lane_end_get(client, number);
	int err;

	if (IS_ERR(end))
		return PTR_ERR(end);
	err = close_end(end, client);
	wn_lane_end_put(end);
	return err;
}

static struct wn_lane_end *first_pending(struct wn_client *client)
{
	struct wn_lane_end *end = NULL;
	struct wn_lane *lane;

	mutex_lock(&client->domain->lock);
	lane = list_first_entry_or_null(&client->lanes.pending, struct wn_lane, pending);
	if (lane) {
		end = &lane->end[WN_CONSUMER];
		kref_get(&end->ref);
	}
	mutex_unlock(&client->domain->lock);
	return end;
}

/* What others still hold of its making is in nobody's share. */
static void disown(struct wn_client *client)
{
	struct wn_domain *domain = client->domain;
	u32 number;

	mutex_lock(&domain->lock);
	for (number = 0; number < domain->bounds.lanes; number++) {
		if (domain->lanes[number] && domain->lanes[number]->maker == client)
			domain->lanes[number]->maker = NULL;
	}
	mutex_unlock(&domain->lock);
}

void wn_lanes_end(struct wn_client *client)
{
	struct wn_lane_end *end;
	u32 number;

	/* It is in no table any more: nobody connects to it. */
	while ((end = first_pending(client))) {
		close_end(end, client);
		wn_lane_end_put(end);
	}
	for (number = 0; number < client->domain->bounds.lanes; number++) {
		end = wn_lane_end_find(client, number);
		if (!end)
			continue;
		close_end(end, client);
		wn_lane_end_put(end);
	}
	disown(client);
	wn_lane_tell(client);
}
