// SPDX-License-Identifier: GPL-2.0-only
#include "lane.h"
#include "lane_own.h"
#include "main.h"

#include <linux/nospec.h>
#include <linux/slab.h>

#include "client.h"
#include "domain.h"

void wn_lanes_init(struct wn_lanes *lanes)
{
	INIT_LIST_HEAD(&lanes->pending);
	init_waitqueue_head(&lanes->wait);
}

/* ---------------------------------------------------------------- memory */

static void destroy(struct kref *ref)
{
	struct wn_lane *lane = container_of(ref, struct wn_lane, ref);

	kfree(lane->seat);
	kfree(lane->pages.page);
	wn_pages_free(&lane->data);
	wn_pages_free(&lane->control);
	wn_charge_give(&lane->charge);
	kfree(lane);
}

void wn_lane_put(struct wn_lane *lane)
{
	kref_put(&lane->ref, destroy);
}

static void release_end(struct kref *ref)
{
	struct wn_lane_end *end = container_of(ref, struct wn_lane_end, ref);
	struct wn_lane *lane = end->lane;

	if (lane->fan && end->side == WN_CONSUMER) {
		wn_pages_free(&end->own);
		wn_charge_give(&end->charge);
		kfree(end);
	}
	wn_lane_put(lane);
}

void wn_lane_end_put(struct wn_lane_end *end)
{
	kref_put(&end->ref, release_end);
}

/* What each side sees, as the uapi header says under CONNECT and FAN_MAKE. */
static void plan_windows(struct wn_lane *lane, struct wn_lane_end *end)
{
	struct page **control = lane->control.page;
	int i;

	end->page[WN_TO_READ][0] = control[0];
	end->page[WN_TO_READ][1] = control[1 + !end->side];
	end->page[WN_TO_WRITE][0] = end->own.nr ? end->own.page[0] : control[1 + end->side];
	for (i = 0; i < 2; i++) {
		const bool data = (i == WN_TO_WRITE) == (end->side == WN_PRODUCER);
		const bool seats = lane->fan && i == WN_TO_READ && end->side == WN_PRODUCER;

		end->front[i] = (struct wn_pages){
			.page = end->page[i], .nr = i == WN_TO_READ && !seats ? 2 : 1,
		};
		end->window[i] = (struct wn_window){
			.nr = end->front[i].nr + (data ? 2 * lane->data.nr : 0) +
			      (seats ? lane->pages.nr : 0),
			.pages = &end->front[i],
			.ring = data ? &lane->data : NULL,
			.slots = seats ? &lane->pages : NULL,
			/* A fan goes on without a consumer: what that saw cannot be pinned. */
			.shared = lane->fan && end->side == WN_CONSUMER && i == WN_TO_READ,
			.writable = i == WN_TO_WRITE,
		};
	}
}

void wn_lane_end_init(struct wn_lane *lane, struct wn_lane_end *end, u32 side)
{
	kref_init(&end->ref);
	kref_get(&lane->ref);
	end->lane = lane;
	end->side = side;
	init_waitqueue_head(&end->wait);
	plan_windows(lane, end);
}

struct wn_lane *wn_lane_new(struct wn_domain *domain, u32 bytes, u64 extra)
{
	/* What each side sees when it is gone is among what is charged: two pages. */
	const u64 cost = sizeof(struct wn_lane) + wn_pages_cost(3 * PAGE_SIZE) +
			 wn_pages_cost(bytes) + 4 * wn_pages_cost(PAGE_SIZE) + extra;
	struct wn_lane *lane = kzalloc(sizeof(*lane), GFP_KERNEL_ACCOUNT);
	int err;

	if (!lane)
		return ERR_PTR(-ENOMEM);
	kref_init(&lane->ref);
	spin_lock_init(&lane->lock);
	INIT_LIST_HEAD(&lane->pending);
	lane->bytes = bytes;
	err = wn_charge_take(&lane->charge, wn_charge_payer(), domain->mount, cost);
	if (!err)
		err = wn_pages_alloc(&lane->control, 3 * PAGE_SIZE);
	if (!err)
		err = wn_pages_alloc_unmapped(&lane->data, bytes);
	if (err) {
		wn_lane_put(lane);
		return ERR_PTR(err);
	}
	lane->state = lane->control.addr;
	return lane;
}

/* --------------------------------------------------------------- windows */

u32 wn_lane_window(const struct wn_lane *lane, int i)
{
	return WN_REGION_LANES + 2 * lane->number + i;
}

void wn_lane_windows_close(struct wn_lane *lane, struct wn_client *client)
{
	int i;

	for (i = 0; i < 2; i++)
		wn_windows_remove(&client->windows, client->space->i_mapping,
				  wn_lane_window(lane, i));
}

int wn_lane_windows_open(struct wn_lane_end *end, struct wn_client *client)
{
	int i, err = 0;

	/* The first one last: by it the end is found, and who closes it takes both away. */
	for (i = 1; i >= 0 && !err; i--)
		err = wn_windows_add(&client->windows, wn_lane_window(end->lane, i),
				     &end->window[i]);
	if (err)
		wn_lane_windows_close(end->lane, client);
	return err;
}

void wn_lane_regions(const struct wn_lane_end *end, struct wn_region *regions)
{
	int i;

	for (i = 0; i < 2; i++)
		regions[i] = wn_window_region(&end->window[i], wn_lane_window(end->lane, i));
}

struct wn_lane_end *wn_lane_end_find(struct wn_client *client, unsigned long number)
{
	const struct wn_window *window;
	struct wn_lane_end *end = NULL;

	if (number >= client->domain->bounds.lanes)
		return NULL;
	number = array_index_nospec(number, client->domain->bounds.lanes);
	/* The end is there as long as the window is. */
	down_read(&client->windows.lock);
	window = wn_windows_lane(&client->windows, WN_REGION_LANES + 2 * number);
	if (window) {
		end = container_of(window, struct wn_lane_end, window[WN_TO_READ]);
		kref_get(&end->ref);
	}
	up_read(&client->windows.lock);
	return end;
}

struct wn_lane_end *wn_lane_end_get(struct wn_client *client, unsigned long number)
{
	int err = wn_client_check_owner(client);

	return err ? ERR_PTR(err) : wn_lane_end_find(client, number) ?: ERR_PTR(-ENOENT);
}

/* --------------------------------------------------------------- numbers */

/*
 * Whether one more is within the client's share: half of what is left to it, so that
 * there is always one for somebody else. One that it closed and the other side holds
 * still counts.
 */
static bool within_share(const struct wn_domain *domain, const struct wn_client *client)
{
	const u32 mine = client->lanes.made;

	lockdep_assert_held(&domain->lock);

	return mine + 1 <= (mine + domain->bounds.lanes - domain->nr_lanes + 1) / 2;
}

int wn_lane_enter(struct wn_lane *lane, struct wn_client *client)
{
	struct wn_domain *domain = client->domain;
	u32 number = 0;

	lockdep_assert_held(&domain->lock);

	while (number < domain->bounds.lanes && domain->lanes[number])
		number++;
	if (number == domain->bounds.lanes)
		return -ENOSPC;
	if (!within_share(domain, client))
		return -EDQUOT;
	domain->lanes[number] = lane;
	domain->nr_lanes++;
	client->lanes.made++;
	lane->maker = client;
	lane->number = number;
	return 0;
}

void wn_lane_leave(struct wn_lane *lane, struct wn_domain *domain)
{
	lockdep_assert_held(&domain->lock);

	domain->lanes[lane->number] = NULL;
	domain->nr_lanes--;
	if (lane->maker)
		lane->maker->lanes.made--;
	lane->maker = NULL;
}
