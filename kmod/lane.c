// SPDX-License-Identifier: GPL-2.0-only
#include "lane.h"
#include "main.h"

#include <linux/kref.h>
#include <linux/log2.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
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

enum side { PRODUCER, CONSUMER };
enum { TO_READ, TO_WRITE };

struct wn_lane_end {
	struct wn_client *client;	/* under lane->lock and domain->lock; NULL: gone */
	wait_queue_head_t wait;
	bool woken;			/* and nobody waited for it yet */
	struct page *page[2][2];
	struct wn_pages front[2];
	struct wn_window window[2];
};

struct wn_lane {
	struct kref ref;		/* of each end, and of who waits */
	spinlock_t lock;		/* inside domain->lock */
	u32 number;
	u32 bytes;
	u64 node;
	u64 badge;
	u64 cap;			/* handle of the producer's; 0: not linked; under domain->lock */
	struct wn_lane_state *state;	/* flags under lock */
	struct wn_lane_end end[2];
	struct list_head pending;	/* in the consumer's list; under domain->lock */
	u32 ends;			/* that may have windows; under domain->lock */
	struct wn_client *maker;	/* in whose share it counts; NULL: gone; under domain->lock */
	struct wn_pages control;	/* state, producer's, consumer's */
	struct wn_pages data;
	struct wn_charge charge;
};

void wn_lanes_init(struct wn_lanes *lanes)
{
	INIT_LIST_HEAD(&lanes->pending);
	init_waitqueue_head(&lanes->wait);
}

/* ---------------------------------------------------------------- memory */

static void destroy(struct kref *ref)
{
	struct wn_lane *lane = container_of(ref, struct wn_lane, ref);

	wn_pages_free(&lane->data);
	wn_pages_free(&lane->control);
	wn_charge_give(&lane->charge);
	kfree(lane);
}

static void put(struct wn_lane *lane)
{
	kref_put(&lane->ref, destroy);
}

/* What each side sees, as the uapi header says under CONNECT. */
static void plan_windows(struct wn_lane *lane, enum side side)
{
	struct wn_lane_end *end = &lane->end[side];
	int i;

	end->page[TO_READ][0] = lane->control.page[0];
	end->page[TO_READ][1] = lane->control.page[1 + !side];
	end->page[TO_WRITE][0] = lane->control.page[1 + side];
	for (i = 0; i < 2; i++) {
		end->front[i] = (struct wn_pages){ .page = end->page[i], .nr = i == TO_READ ? 2 : 1 };
		bool data = (i == TO_WRITE) == (side == PRODUCER);

		end->window[i] = (struct wn_window){
			.nr = end->front[i].nr + (data ? 2 * lane->data.nr : 0),
			.pages = &end->front[i],
			.ring = data ? &lane->data : NULL,
			.writable = i == TO_WRITE,
		};
	}
}

static struct wn_lane *new_lane(struct wn_domain *domain, u32 bytes)
{
	/* A scratch page for each side is among what is charged. */
	const u64 cost = sizeof(struct wn_lane) + wn_pages_cost(3 * PAGE_SIZE) +
			 wn_pages_cost(bytes) + 2 * wn_pages_cost(PAGE_SIZE);
	struct wn_lane *lane = kzalloc(sizeof(*lane), GFP_KERNEL_ACCOUNT);
	int side, err;

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
		put(lane);
		return ERR_PTR(err);
	}
	lane->state = lane->control.addr;
	for (side = 0; side < 2; side++) {
		init_waitqueue_head(&lane->end[side].wait);
		plan_windows(lane, side);
	}
	return lane;
}

/* --------------------------------------------------------------- windows */

static u32 window_type(const struct wn_lane *lane, int i)
{
	return WN_REGION_LANES + 2 * lane->number + i;
}

static void close_windows(struct wn_lane *lane, struct wn_client *client)
{
	int i;

	for (i = 0; i < 2; i++)
		wn_windows_remove(&client->windows, client->space->i_mapping,
				  window_type(lane, i));
}

static int open_windows(struct wn_lane *lane, enum side side, struct wn_client *client,
			struct wn_region *regions)
{
	int i, err = 0;

	for (i = 0; i < 2 && !err; i++) {
		err = wn_windows_add(&client->windows, window_type(lane, i),
				     &lane->end[side].window[i]);
		regions[i] = wn_window_region(&lane->end[side].window[i], window_type(lane, i));
	}
	if (err)
		close_windows(lane, client);
	return err;
}

/* A client's end by the number of the lane, with a reference; or NULL. */
static struct wn_lane *get(struct wn_client *client, unsigned long number, enum side *side)
{
	const struct wn_window *window;
	struct wn_lane *lane = NULL;
	int i;

	if (number >= client->domain->bounds.lanes)
		return NULL;
	number = array_index_nospec(number, client->domain->bounds.lanes);
	/* Its end holds the lane as long as the window is there. */
	down_read(&client->windows.lock);
	window = wn_windows_lane(&client->windows, WN_REGION_LANES + 2 * number);
	if (window) {
		i = window->ring ? CONSUMER : PRODUCER;
		lane = container_of(window, struct wn_lane, end[i].window[TO_READ]);
		kref_get(&lane->ref);
		*side = i;
	}
	up_read(&client->windows.lock);
	return lane;
}

/* The same for a system call: who may not call, or has no such lane, gets an error. */
static struct wn_lane *get_own(struct wn_client *client, unsigned long number, enum side *side)
{
	int err = wn_client_check_owner(client);

	return err ? ERR_PTR(err) : get(client, number, side) ?: ERR_PTR(-ENOENT);
}

/* ------------------------------------------------------------------ wakes */

static void tell(struct wn_client *client)
{
	WRITE_ONCE(client->lanes.woken, true);
	wake_up_interruptible_all(&client->lanes.wait);
	wake_up_interruptible_poll(&client->polls, EPOLLIN | EPOLLMSG);
}

static void wake(struct wn_lane *lane, enum side side)
{
	struct wn_lane_end *end = &lane->end[side];

	lockdep_assert_held(&lane->lock);

	WRITE_ONCE(end->woken, true);
	wake_up_interruptible_all(&end->wait);
	if (end->client)
		tell(end->client);
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
	side[PRODUCER] = lane->control.addr + PAGE_SIZE;
	side[CONSUMER] = lane->control.addr + 2 * PAGE_SIZE;
	/* What they write is shown, and believed as far as it can be. */
	pos[CONSUMER] = READ_ONCE(side[CONSUMER]->pos);
	pos[PRODUCER] = READ_ONCE(side[PRODUCER]->pos);
	*info = (struct wn_lane_info){
		.lane = number,
		.flags = (flags & WN_LANE_S_ACCEPTED ? WN_LANE_I_ACCEPTED : 0) |
			 (flags & WN_LANE_S_PRODUCER_GONE ? WN_LANE_I_PRODUCER_GONE : 0) |
			 (flags & WN_LANE_S_CONSUMER_GONE ? WN_LANE_I_CONSUMER_GONE : 0) |
			 (flags & WN_LANE_S_REVOKED ? WN_LANE_I_REVOKED : 0) |
			 (READ_ONCE(side[PRODUCER]->flags) & WN_LANE_F_SLEEPS ?
			  WN_LANE_I_PRODUCER_SLEEPS : 0) |
			 (READ_ONCE(side[CONSUMER]->flags) & WN_LANE_F_SLEEPS ?
			  WN_LANE_I_CONSUMER_SLEEPS : 0),
		.producer = lane->state->producer,
		.consumer = lane->state->consumer,
		.node = lane->node,
		.bytes = lane->bytes,
		.fill = min_t(u64, pos[PRODUCER] - pos[CONSUMER], lane->bytes),
		.written = pos[PRODUCER],
	};
	return true;
}

/* ------------------------------------------------------------------- end */

/* The number is free again. */
static void give_number(struct wn_lane *lane, struct wn_domain *domain)
{
	lockdep_assert_held(&domain->lock);

	domain->lanes[lane->number] = NULL;
	domain->nr_lanes--;
	if (lane->maker)
		lane->maker->lanes.made--;
	lane->maker = NULL;
}

/* 0, or -ENOENT: another was faster. Takes the end's reference, not the caller's. */
static int close_end(struct wn_lane *lane, enum side side, struct wn_client *client)
{
	struct wn_domain *domain = client->domain;
	bool mine;

	mutex_lock(&domain->lock);
	spin_lock(&lane->lock);
	mine = lane->end[side].client == client;
	if (mine) {
		lane->end[side].client = NULL;
		/* Release: what the gone side published is there for who sees this. */
		smp_store_release(&lane->state->flags, lane->state->flags |
				  (side == PRODUCER ? WN_LANE_S_PRODUCER_GONE :
				   WN_LANE_S_CONSUMER_GONE));
		wake(lane, !side);
		wake_up_interruptible_all(&lane->end[side].wait);
	}
	spin_unlock(&lane->lock);
	if (mine && side == CONSUMER)
		list_del_init(&lane->pending);
	mutex_unlock(&domain->lock);
	if (!mine)
		return -ENOENT;
	trace_wn_lane(domain->id, client->number, lane->number,
		      side == PRODUCER ? WN_TRACE_PRODUCER_WENT : WN_TRACE_CONSUMER_WENT);
	close_windows(lane, client);
	/* Not before: the windows go by number, and the next lane's would go with them. */
	mutex_lock(&domain->lock);
	if (!--lane->ends)
		give_number(lane, domain);
	mutex_unlock(&domain->lock);
	put(lane);
	return 0;
}

long wn_lane_close(struct wn_client *client, unsigned long number)
{
	struct wn_lane *lane;
	enum side side;
	int err;

	lane = get_own(client, number, &side);
	if (IS_ERR(lane))
		return PTR_ERR(lane);
	err = close_end(lane, side, client);
	put(lane);
	return err;
}

static struct wn_lane *first_pending(struct wn_client *client)
{
	struct wn_lane *lane;

	mutex_lock(&client->domain->lock);
	lane = list_first_entry_or_null(&client->lanes.pending, struct wn_lane, pending);
	if (lane)
		kref_get(&lane->ref);
	mutex_unlock(&client->domain->lock);
	return lane;
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
	struct wn_lane *lane;
	enum side side;
	u32 number;

	/* It is in no table any more: nobody connects to it. */
	while ((lane = first_pending(client))) {
		close_end(lane, CONSUMER, client);
		put(lane);
	}
	for (number = 0; number < client->domain->bounds.lanes; number++) {
		lane = get(client, number, &side);
		if (!lane)
			continue;
		close_end(lane, side, client);
		put(lane);
	}
	disown(client);
	tell(client);
}

/* ---------------------------------------------------------------- revoke */

static void revoke(struct wn_lane *lane)
{
	int side, i;

	spin_lock(&lane->lock);
	/* First: who finds nonsense where the pages were finds out why. */
	smp_store_release(&lane->state->flags, lane->state->flags | WN_LANE_S_REVOKED);
	for (side = 0; side < 2; side++) {
		wake(lane, side);
		wake_up_interruptible_all(&lane->end[side].wait);
	}
	spin_unlock(&lane->lock);
	for (side = 0; side < 2; side++) {
		struct wn_lane_end *end = &lane->end[side];

		/* It changes under domain->lock only, which we have. */
		for (i = 0; end->client && i < 2; i++)
			wn_windows_revoke(&end->client->windows, end->client->space->i_mapping,
					  window_type(lane, i), &end->window[i]);
	}
	lane->cap = 0;
}

/* Whether the producer may still; a dead one's lane is not revoked, it ends. */
static bool may_stay(const struct wn_domain *domain, const struct wn_lane *lane,
		     const struct wn_now *now, u64 *due)
{
	const struct wn_client *producer = lane->end[PRODUCER].client;
	const struct wn_cap *cap;

	if (!lane->cap || !producer || domain->clients[producer->number] != producer)
		return true;
	cap = wn_cap_find(domain->core, lane->cap);
	if (!cap || (cap->expires && now->boottime >= cap->expires))
		return false;
	if (cap->expires)
		*due = min(*due, cap->expires);
	return true;
}

bool wn_lanes_revoke(struct wn_domain *domain, const struct wn_now *now, u32 *at, u32 *budget,
		     u64 *due)
{
	lockdep_assert_held(&domain->lock);

	for (; *at < domain->bounds.lanes; ++*at) {
		struct wn_lane *lane = domain->lanes[*at];

		if (!lane || may_stay(domain, lane, now, due))
			continue;
		if (!*budget)
			return false;
		--*budget;
		revoke(lane);
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

/* A number for it, if the caller may have it. */
static int enter(struct wn_lane *lane, struct wn_client *client, struct wn_lane_connect *c)
{
	struct wn_domain *domain = client->domain;
	const struct wn_cap *cap;
	struct wn_client *peer;
	u32 number = 0;
	int err;

	mutex_lock(&domain->lock);
	peer = consumer_of(client, c, &cap);
	err = PTR_ERR_OR_ZERO(peer);
	if (!err) {
		while (number < domain->bounds.lanes && domain->lanes[number])
			number++;
		if (number == domain->bounds.lanes)
			err = -ENOSPC;
		else if (!within_share(domain, client))
			err = -EDQUOT;
	}
	if (!err) {
		domain->lanes[number] = lane;
		domain->nr_lanes++;
		client->lanes.made++;
		lane->maker = client;
		lane->number = c->lane = number;
		c->consumer = peer->number;
	}
	mutex_unlock(&domain->lock);
	return err;
}

static void leave(struct wn_lane *lane, struct wn_client *client)
{
	mutex_lock(&client->domain->lock);
	give_number(lane, client->domain);
	mutex_unlock(&client->domain->lock);
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
		lane->cap = wn_cap_handle(domain->core, cap);
		*lane->state = (struct wn_lane_state){
			.lane = lane->number,
			.bytes = lane->bytes,
			.producer = client->number,
			.consumer = peer->number,
		};
		kref_get(&lane->ref);	/* the consumer's; the first is the producer's */
		lane->ends = 2;
		spin_lock(&lane->lock);
		lane->end[PRODUCER].client = client;
		lane->end[CONSUMER].client = peer;
		list_add_tail(&lane->pending, &peer->lanes.pending);
		wake(lane, CONSUMER);
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
	lane = new_lane(client->domain, c->bytes);
	if (IS_ERR(lane))
		return PTR_ERR(lane);
	err = enter(lane, client, c);
	if (err)
		goto err_put;
	err = open_windows(lane, PRODUCER, client, c->regions);
	if (err)
		goto err_leave;
	err = wn_uarg_put(c, sizeof(*c), usize, uarg);
	if (!err)
		err = link(lane, client, c);
	if (!err)
		return 0;
	close_windows(lane, client);
err_leave:
	leave(lane, client);
err_put:
	put(lane);
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
		kref_get(&lane->ref);
	}
	mutex_unlock(&client->domain->lock);
	return lane;
}

static int accept_locked(struct wn_client *client, struct wn_lane_accept *a, int usize,
			 void __user *uarg)
{
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
	err = open_windows(lane, CONSUMER, client, a->regions);
	if (!err) {
		err = wn_uarg_put(a, sizeof(*a), usize, uarg);
		if (err)
			close_windows(lane, client);
	}
	mutex_lock(&client->domain->lock);
	if (err) {
		if (lane->end[CONSUMER].client == client)
			list_add(&lane->pending, &client->lanes.pending);
	} else {
		spin_lock(&lane->lock);
		WRITE_ONCE(lane->state->flags, lane->state->flags | WN_LANE_S_ACCEPTED);
		spin_unlock(&lane->lock);
		trace_wn_lane(client->domain->id, client->number, lane->number, WN_TRACE_ACCEPTED);
	}
	mutex_unlock(&client->domain->lock);
	put(lane);
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

/* Whether what was waited for is there; takes it. lane: NULL for any. */
static bool take_wake(struct wn_client *client, struct wn_lane *lane, enum side side)
{
	if (!lane)
		return xchg(&client->lanes.woken, false) ||
			!list_empty_careful(&client->lanes.pending) ||
			READ_ONCE(client->state) == WN_CLIENT_DEAD;
	return xchg(&lane->end[side].woken, false) || !READ_ONCE(lane->end[side].client) ||
		!READ_ONCE(lane->end[!side].client);
}

static int sleep(struct wn_client *client, struct wn_lane *lane, enum side side, u64 deadline)
{
	wait_queue_head_t *queue = lane ? &lane->end[side].wait : &client->lanes.wait;
	DEFINE_WAIT(entry);
	int err = 0;

	for (;;) {
		/* Sets the state with a full barrier before the look, as C in wait.c. */
		prepare_to_wait(queue, &entry, TASK_INTERRUPTIBLE);
		if (take_wake(client, lane, side))
			break;
		if (signal_pending(current)) {
			err = -ERESTARTSYS;
			break;
		}
		if (!wn_sleep_until(deadline)) {
			if (!take_wake(client, lane, side))
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
	struct wn_lane *lane = NULL;
	enum side side = PRODUCER;
	int usize, err;

	usize = wn_uarg_get(&w, sizeof(w), sizeof(w), uarg);
	if (usize < 0)
		return usize;
	if (w.flags || w.reserved || w.deadline > KTIME_MAX)
		return -EINVAL;
	if (w.lane != WN_LANE_ANY) {
		lane = get_own(client, w.lane, &side);
		if (IS_ERR(lane))
			return PTR_ERR(lane);
	} else {
		err = wn_client_check_owner(client);
		if (err)
			return err;
	}
	err = sleep(client, lane, side, w.deadline);
	if (lane)
		put(lane);
	return err;
}

long wn_lane_wake(struct wn_client *client, unsigned long number)
{
	struct wn_lane *lane;
	enum side side;

	lane = get_own(client, number, &side);
	if (IS_ERR(lane))
		return PTR_ERR(lane);
	spin_lock(&lane->lock);
	wake(lane, !side);
	spin_unlock(&lane->lock);
	trace_wn_lane(client->domain->id, client->number, lane->number, WN_TRACE_WOKEN);
	put(lane);
	return 0;
}
