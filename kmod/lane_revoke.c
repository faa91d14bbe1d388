// SPDX-License-Identifier: GPL-2.0-only
#include "lane.h"
#include "lane_own.h"
#include "main.h"

#include "client.h"
#include "core/cap.h"
#include "domain.h"

void wn_lane_end_revoke(struct wn_lane_end *end)
{
	int i;

	/* It changes under domain->lock only, which we have. */
	for (i = 0; end->client && i < 2; i++)
		wn_windows_revoke(&end->client->windows, end->client->space->i_mapping,
				  wn_lane_window(end->lane, i), &end->window[i]);
}

static void revoke(struct wn_lane *lane)
{
	u32 i;

	spin_lock(&lane->lock);
	/* First: who finds nonsense where the pages were finds out why. */
	smp_store_release(&lane->state->flags, lane->state->flags | WN_LANE_S_REVOKED);
	wn_lane_wake_end(&lane->end[WN_PRODUCER]);
	wn_lane_wake_others(&lane->end[WN_PRODUCER]);
	spin_unlock(&lane->lock);
	wn_lane_end_revoke(&lane->end[WN_PRODUCER]);
	if (!lane->fan)
		wn_lane_end_revoke(&lane->end[WN_CONSUMER]);
	for (i = 0; lane->fan && i < lane->fan->nr; i++)
		if (lane->seat[i])
			wn_lane_end_revoke(lane->seat[i]);
	lane->end[WN_PRODUCER].cap = 0;
}

/* Whether it may still; a dead one's is not revoked, it ends. */
static bool may_stay(const struct wn_domain *domain, const struct wn_lane_end *end,
		     const struct wn_now *now, u64 *due)
{
	const struct wn_client *client = end->client;
	const struct wn_cap *cap;

	if (!end->cap || !client || domain->clients[client->number] != client)
		return true;
	cap = wn_cap_find(domain->core, end->cap);
	if (!cap || (cap->expires && now->boottime >= cap->expires))
		return false;
	if (cap->expires)
		*due = min(*due, cap->expires);
	return true;
}

/* Of a fan's seats those that may not stay; false: the budget is used up. */
static bool revoke_seats(struct wn_domain *domain, struct wn_lane *lane,
			 const struct wn_now *now, u32 *budget, u64 *due)
{
	struct wn_lane_end *end;
	u32 i;

	for (i = 0; i < lane->fan->nr; i++) {
		end = lane->seat[i];
		if (!end || may_stay(domain, end, now, due))
			continue;
		/* Those before are free by then: who goes on here goes on behind them. */
		if (!*budget)
			return false;
		--*budget;
		wn_fan_unseat(end);
		wn_lane_end_revoke(end);
		end->cap = 0;
	}
	return true;
}

/* Seats that are looked at in one hold of the lock, by which nothing is taken. */
#define SEAT_LOOKS	1024U

bool wn_lanes_revoke(struct wn_domain *domain, const struct wn_now *now, u32 *at, u32 *budget,
		     u64 *due)
{
	u32 looks = SEAT_LOOKS;

	lockdep_assert_held(&domain->lock);

	for (; *at < domain->bounds.lanes; ++*at) {
		struct wn_lane *lane = domain->lanes[*at];
		bool stays = !lane || may_stay(domain, &lane->end[WN_PRODUCER], now, due);

		if (stays && (!lane || !lane->fan))
			continue;
		if (!stays) {
			if (!*budget)
				return false;
			--*budget;
			revoke(lane);
			continue;
		}
		if (looks < lane->fan->nr || !revoke_seats(domain, lane, now, budget, due))
			return false;
		looks -= lane->fan->nr;
	}
	return true;
}
