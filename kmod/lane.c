// SPDX-License-Identifier: GPL-2.0-only
#include "lane.h"
#include "lane_own.h"
#include "main.h"

#include <linux/log2.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "client.h"
#include "core/cap.h"
#include "core/client.h"
#include "core/reader.h"
#include "domain.h"
#include "engine.h"
#include "trace.h"
#include "uarg.h"
#include "wait.h"

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

	for (i = 0; i < 2 && !err; i++)
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

/* A client's end by the number of the lane, with a reference; or NULL. */
static struct wn_lane_end *get(struct wn_client *client, unsigned long number)
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

	return err ? ERR_PTR(err) : get(client, number) ?: ERR_PTR(-ENOENT);
}

/* ------------------------------------------------------------------ wakes */

static void tell(struct wn_client *client)
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
		tell(end->client);
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

/* -------------------------------------------------------------- onlookers */

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

/* ------------------------------------------------------------------- end */

void wn_lane_leave(struct wn_lane *lane, struct wn_domain *domain)
{
	lockdep_assert_held(&domain->lock);

	domain->lanes[lane->number] = NULL;
	domain->nr_lanes--;
	if (lane->maker)
		lane->maker->lanes.made--;
	lane->maker = NULL;
}

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
		end = get(client, number);
		if (!end)
			continue;
		close_end(end, client);
		wn_lane_end_put(end);
	}
	disown(client);
	tell(client);
}

/* ---------------------------------------------------------------- revoke */

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

/* --------------------------------------------------------------- connect */

/* Whom the caller may connect to by that node: the client, or an error. */
static struct wn_client *consumer_of(struct wn_client *client, const struct wn_lane_connect *c,
				     const struct wn_cap **by)
{
	struct wn_domain *domain = client->domain;
	struct wn_core *core = domain->core;
	struct wn_client *peer;
	const struct wn_cap *cap;
	struct wn_now now;
	int node, reader;

	lockdep_assert_held(&domain->lock);

	wn_engine_now(&now);
	node = wn_cap_ask(core, client->number, c->cap, WN_RIGHT_EMIT, c->node, &now, &cap);
	if (node < 0)
		return ERR_PTR(node);
	reader = wn_reader_of(core, (u32)node, &now);
	if (reader < 0 || (u32)reader >= core->bounds.clients)
		return ERR_PTR(-ENOLINK);
	peer = domain->clients[reader];
	if (!peer)
		return ERR_PTR(-ENOLINK);
	if (peer == client)
		return ERR_PTR(-EINVAL);
	*by = cap;
	return peer;
}

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

/* A number for it, if the caller may have it. */
static int enter(struct wn_lane *lane, struct wn_client *client, struct wn_lane_connect *c)
{
	const struct wn_cap *cap;
	struct wn_client *peer;
	int err;

	mutex_lock(&client->domain->lock);
	peer = consumer_of(client, c, &cap);
	err = PTR_ERR_OR_ZERO(peer);
	if (!err)
		err = wn_lane_enter(lane, client);
	if (!err) {
		c->lane = lane->number;
		c->consumer = peer->number;
	}
	mutex_unlock(&client->domain->lock);
	return err;
}

/* Give it to both, if that is still to be: the other may be another by now. */
static int link(struct wn_lane *lane, struct wn_client *client, const struct wn_lane_connect *c)
{
	struct wn_domain *domain = client->domain;
	const struct wn_cap *cap;
	struct wn_client *peer;
	int err;

	mutex_lock(&domain->lock);
	peer = consumer_of(client, c, &cap);
	err = PTR_ERR_OR_ZERO(peer);
	if (!err && peer->number != c->consumer)
		err = -ENOLINK;
	if (!err) {
		lane->node = c->node;
		lane->badge = cap->badge;
		lane->end[WN_PRODUCER].cap = wn_cap_handle(domain->core, cap);
		wn_engine_expires(domain, cap->expires);
		*lane->state = (struct wn_lane_state){
			.lane = lane->number,
			.bytes = lane->bytes,
			.producer = client->number,
			.consumer = peer->number,
		};
		wn_lane_end_init(lane, &lane->end[WN_CONSUMER], WN_CONSUMER);
		lane->ends = 2;
		spin_lock(&lane->lock);
		lane->end[WN_PRODUCER].client = client;
		lane->end[WN_CONSUMER].client = peer;
		list_add_tail(&lane->pending, &peer->lanes.pending);
		wn_lane_wake_end(&lane->end[WN_CONSUMER]);
		spin_unlock(&lane->lock);
		trace_wn_lane(domain->id, client->number, lane->number, WN_TRACE_CONNECTED);
	}
	mutex_unlock(&domain->lock);
	return err;
}

/* Under client->setup: the client does not die meanwhile. */
static int connect_locked(struct wn_client *client, struct wn_lane_connect *c, int usize,
			  void __user *uarg)
{
	const struct wn_cap *cap;
	struct wn_lane_end *end;
	struct wn_client *peer;
	struct wn_lane *lane;
	int err;

	lockdep_assert_held(&client->setup);

	err = wn_client_check_owner(client);
	if (err)
		return err;
	/* Who may not have it takes no memory. */
	mutex_lock(&client->domain->lock);
	peer = consumer_of(client, c, &cap);
	mutex_unlock(&client->domain->lock);
	if (IS_ERR(peer))
		return PTR_ERR(peer);
	lane = wn_lane_new(client->domain, c->bytes, 0);
	if (IS_ERR(lane))
		return PTR_ERR(lane);
	end = &lane->end[WN_PRODUCER];
	wn_lane_end_init(lane, end, WN_PRODUCER);
	wn_lane_put(lane);
	err = enter(lane, client, c);
	if (err)
		goto err_put;
	wn_lane_regions(end, c->regions);
	err = wn_lane_windows_open(end, client);
	if (err)
		goto err_leave;
	err = wn_uarg_put(c, sizeof(*c), usize, uarg);
	if (!err)
		err = link(lane, client, c);
	if (!err)
		return 0;
	wn_lane_windows_close(lane, client);
err_leave:
	mutex_lock(&client->domain->lock);
	wn_lane_leave(lane, client->domain);
	mutex_unlock(&client->domain->lock);
err_put:
	wn_lane_end_put(end);
	return err;
}

long wn_lane_connect(struct wn_client *client, void __user *uarg)
{
	struct wn_lane_connect c = {};
	int usize, err;

	usize = wn_uarg_get(&c, sizeof(c), sizeof(c), uarg);
	if (usize < 0)
		return usize;
	if (c.flags || !is_power_of_2(c.bytes) || c.bytes > WN_LANE_BYTES_MAX ||
	    c.bytes < max_t(u32, WN_LANE_BYTES_MIN, PAGE_SIZE))
		return -EINVAL;
	memset(c.regions, 0, sizeof(c.regions));
	if (mutex_lock_killable(&client->setup))
		return -EINTR;
	err = connect_locked(client, &c, usize, uarg);
	mutex_unlock(&client->setup);
	return err;
}

/* ---------------------------------------------------------------- accept */

static struct wn_lane *take_pending(struct wn_client *client)
{
	struct wn_lane *lane;

	mutex_lock(&client->domain->lock);
	lane = list_first_entry_or_null(&client->lanes.pending, struct wn_lane, pending);
	if (lane) {
		list_del_init(&lane->pending);
		kref_get(&lane->end[WN_CONSUMER].ref);
	}
	mutex_unlock(&client->domain->lock);
	return lane;
}

static int accept_locked(struct wn_client *client, struct wn_lane_accept *a, int usize,
			 void __user *uarg)
{
	struct wn_lane_end *end;
	struct wn_lane *lane;
	int err;

	lockdep_assert_held(&client->setup);

	err = wn_client_check_owner(client);
	if (err)
		return err;
	/* With a reference: once it has windows another thread may close it. */
	lane = take_pending(client);
	if (!lane)
		return -EAGAIN;
	a->node = lane->node;
	a->badge = lane->badge;
	a->lane = lane->number;
	a->bytes = lane->bytes;
	a->producer = lane->state->producer;
	end = &lane->end[WN_CONSUMER];
	wn_lane_regions(end, a->regions);
	err = wn_lane_windows_open(end, client);
	if (!err) {
		err = wn_uarg_put(a, sizeof(*a), usize, uarg);
		if (err)
			wn_lane_windows_close(lane, client);
	}
	mutex_lock(&client->domain->lock);
	if (err) {
		if (end->client == client)
			list_add(&lane->pending, &client->lanes.pending);
	} else {
		spin_lock(&lane->lock);
		WRITE_ONCE(lane->state->flags, lane->state->flags | WN_LANE_S_ACCEPTED);
		spin_unlock(&lane->lock);
		trace_wn_lane(client->domain->id, client->number, lane->number, WN_TRACE_ACCEPTED);
	}
	mutex_unlock(&client->domain->lock);
	wn_lane_end_put(end);
	return err;
}

long wn_lane_accept(struct wn_client *client, void __user *uarg)
{
	struct wn_lane_accept a = {};
	int usize, err;

	usize = wn_uarg_get(&a, sizeof(a), sizeof(a), uarg);
	if (usize < 0)
		return usize;
	if (a.flags || a.reserved)
		return -EINVAL;
	memset(a.regions, 0, sizeof(a.regions));
	if (mutex_lock_killable(&client->setup))
		return -EINTR;
	err = accept_locked(client, &a, usize, uarg);
	mutex_unlock(&client->setup);
	return err;
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

	if (IS_ERR(end))
		return PTR_ERR(end);
	spin_lock(&end->lane->lock);
	wn_lane_wake_others(end);
	spin_unlock(&end->lane->lock);
	trace_wn_lane(client->domain->id, client->number, number, WN_TRACE_WOKEN);
	wn_lane_end_put(end);
	return 0;
}
