// SPDX-License-Identifier: GPL-2.0-only
#include "fan.h"
#include "main.h"

#include <linux/log2.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "client.h"
#include "core/cap.h"
#include "core/node.h"
#include "domain.h"
#include "engine.h"
#include "lane.h"
#include "lane_own.h"
#include "trace.h"
#include "uarg.h"

/* How often who joins is put farther on, for the producer moves. It takes two, honestly. */
#define JOIN_TRIES	16

static struct wn_lane_side *producer_side(const struct wn_lane *lane)
{
	return lane->control.addr + PAGE_SIZE;
}

u64 wn_fan_floor(const struct wn_lane *lane)
{
	const struct wn_fan_side *side = (void *)producer_side(lane) + WN_FAN_OFFSET;

	return READ_ONCE(side->floor);
}

/* ------------------------------------------------------------------- seats */

/* What the producer sees of a seat. Under domain->lock. */
static void show(struct wn_lane *lane, u32 seat, struct page *page)
{
	const struct wn_client *producer = lane->end[WN_PRODUCER].client;

	down_write(&lane->pages.lock);
	lane->pages.page[seat] = page;
	/* Faults insert under the lock. One that is gone unmaps all of it, before we free. */
	if (producer)
		wn_region_unmap_page(producer->space->i_mapping,
				     wn_lane_window(lane, WN_TO_READ), 1 + seat);
	up_write(&lane->pages.lock);
}

static struct page *nobodys(const struct wn_lane *lane)
{
	return lane->control.page[2];
}

void wn_fan_unseat(struct wn_lane_end *end)
{
	struct wn_lane *lane = end->lane;
	bool seated;

	spin_lock(&lane->lock);
	seated = lane->seat[end->seat] == end;
	if (seated) {
		lane->seat[end->seat] = NULL;
		WRITE_ONCE(end->lost, true);
		/* Before its page is not seen any more: a head that is nonsense is nobody's. */
		smp_store_release(&lane->fan->seats, lane->fan->seats & ~BIT_ULL(end->seat));
		wn_lane_wake_end(end);
		wn_lane_wake_end(&lane->end[WN_PRODUCER]);
	}
	spin_unlock(&lane->lock);
	if (seated)
		show(lane, end->seat, nobodys(lane));
}

/* ------------------------------------------------------------------- make */

/* The node that the caller may have a fan at: its handle, or an error. */
static int node_of(struct wn_client *client, u32 index, u32 rights, u64 node,
		   const struct wn_cap **cap, u64 *handle)
{
	struct wn_core *core = client->domain->core;
	struct wn_now now;
	int at;

	lockdep_assert_held(&client->domain->lock);

	at = wn_engine_ask(client->domain, client->number, index, rights, node, cap, &now);
	if (at < 0)
		return at;
	*handle = wn_node(core, at)->handle;
	return 0;
}

static int become_fan(struct wn_lane *lane, const struct wn_fan_make *m)
{
	u32 i;

	lane->seat = kcalloc(m->seats, sizeof(*lane->seat), GFP_KERNEL_ACCOUNT);
	lane->pages.page = kcalloc(m->seats, sizeof(*lane->pages.page), GFP_KERNEL_ACCOUNT);
	if (!lane->seat || !lane->pages.page)
		return -ENOMEM;
	init_rwsem(&lane->pages.lock);
	lane->pages.nr = m->seats;
	for (i = 0; i < m->seats; i++)
		lane->pages.page[i] = nobodys(lane);
	lane->fan = lane->control.addr + WN_FAN_OFFSET;
	lane->fan->nr = m->seats;
	lane->fan->flags = m->flags;
	return 0;
}

/* It begins, if that is still to be. */
static int begin(struct wn_lane *lane, struct wn_client *client, const struct wn_fan_make *m)
{
	struct wn_domain *domain = client->domain;
	const struct wn_cap *cap;
	int err;

	mutex_lock(&domain->lock);
	err = node_of(client, m->cap, WN_RIGHT_EMIT, m->node, &cap, &lane->node);
	if (!err) {
		lane->end[WN_PRODUCER].cap = wn_cap_handle(domain->core, cap);
		wn_engine_expires(domain, cap->expires);
		*lane->state = (struct wn_lane_state){
			.lane = lane->number, .bytes = lane->bytes,
			.producer = client->number, .consumer = ~0U,
		};
		lane->ends = 1;
		spin_lock(&lane->lock);
		lane->end[WN_PRODUCER].client = client;
		spin_unlock(&lane->lock);
		trace_wn_lane(domain->id, client->number, lane->number, WN_TRACE_CONNECTED);
	}
	mutex_unlock(&domain->lock);
	return err;
}

static int make_locked(struct wn_client *client, struct wn_fan_make *m, int usize,
		       void __user *uarg)
{
	struct wn_domain *domain = client->domain;
	const struct wn_cap *cap;
	struct wn_lane_end *end;
	struct wn_lane *lane;
	u64 handle;
	int err;

	lockdep_assert_held(&client->setup);

	err = wn_client_check_owner(client);
	if (err)
		return err;
	/* Who may not have it takes no memory. */
	mutex_lock(&domain->lock);
	err = node_of(client, m->cap, WN_RIGHT_EMIT, m->node, &cap, &handle);
	mutex_unlock(&domain->lock);
	if (err)
		return err;
	lane = wn_lane_new(domain, m->bytes, 2 * m->seats * sizeof(void *));
	if (IS_ERR(lane))
		return PTR_ERR(lane);
	err = become_fan(lane, m);
	if (err) {
		wn_lane_put(lane);
		return err;
	}
	end = &lane->end[WN_PRODUCER];
	wn_lane_end_init(lane, end, WN_PRODUCER);
	wn_lane_put(lane);
	mutex_lock(&domain->lock);
	err = wn_lane_enter(lane, client);
	mutex_unlock(&domain->lock);
	if (err)
		goto err_put;
	m->lane = lane->number;
	wn_lane_regions(end, m->regions);
	err = wn_lane_windows_open(end, client);
	if (err)
		goto err_leave;
	err = wn_uarg_put(m, sizeof(*m), usize, uarg);
	if (!err)
		err = begin(lane, client, m);
	if (!err)
		return 0;
	wn_lane_windows_close(lane, client);
err_leave:
	mutex_lock(&domain->lock);
	wn_lane_leave(lane, domain);
	mutex_unlock(&domain->lock);
err_put:
	wn_lane_end_put(end);
	return err;
}

long wn_fan_make(struct wn_client *client, void __user *uarg)
{
	struct wn_fan_make m = {};
	int usize, err;

	usize = wn_uarg_get(&m, sizeof(m), sizeof(m), uarg);
	if (usize < 0)
		return usize;
	if (m.flags & ~WN_FAN_HOLDS || !is_power_of_2(m.bytes) || m.bytes > WN_LANE_BYTES_MAX ||
	    m.bytes < max_t(u32, WN_LANE_BYTES_MIN, PAGE_SIZE) ||
	    !m.seats || m.seats > WN_FAN_SEATS)
		return -EINVAL;
	memset(m.regions, 0, sizeof(m.regions));
	if (mutex_lock_killable(&client->setup))
		return -EINTR;
	err = make_locked(client, &m, usize, uarg);
	mutex_unlock(&client->setup);
	return err;
}

/* ------------------------------------------------------------------- join */

/* The fan at that node, by number or the first. */
static struct wn_lane *find(struct wn_domain *domain, u32 number, u64 handle)
{
	const u32 nr = domain->bounds.lanes;
	struct wn_lane *lane;
	u32 i;

	lockdep_assert_held(&domain->lock);

	if (number != WN_LANE_ANY && number >= nr)
		return NULL;
	for (i = number == WN_LANE_ANY ? 0 : array_index_nospec(number, nr); i < nr; i++) {
		lane = domain->lanes[i];
		if (lane && lane->fan && lane->end[WN_PRODUCER].client && lane->node == handle &&
		    !(lane->state->flags & WN_LANE_S_REVOKED))
			return lane;
		if (number != WN_LANE_ANY)
			break;
	}
	return NULL;
}

/* A place for it that nobody else gets meanwhile; no one sees it yet. */
static int reserve(struct wn_lane *lane, struct wn_client *client, struct wn_lane_end *end)
{
	u32 i, free = lane->fan->nr;

	lockdep_assert_held(&client->domain->lock);

	if (lane->end[WN_PRODUCER].client == client)
		return -EINVAL;
	for (i = lane->fan->nr; i--;) {
		if (!lane->seat[i])
			free = i;
	}
	if (free == lane->fan->nr)
		return -ENOSPC;
	end->seat = free;
	wn_lane_end_init(lane, end, WN_CONSUMER);
	spin_lock(&lane->lock);
	lane->seat[free] = end;
	spin_unlock(&lane->lock);
	lane->ends++;
	return 0;
}

static int find_and_reserve(struct wn_client *client, struct wn_fan_join *j,
			    struct wn_lane_end *end)
{
	struct wn_domain *domain = client->domain;
	const struct wn_cap *cap;
	struct wn_lane *lane;
	u64 handle;
	int err;

	mutex_lock(&domain->lock);
	err = node_of(client, j->cap, WN_RIGHT_READ, j->node, &cap, &handle);
	if (!err) {
		lane = find(domain, j->lane, handle);
		err = lane ? reserve(lane, client, end) : -ENOENT;
	}
	mutex_unlock(&domain->lock);
	return err;
}

/*
 * Where it begins. Its bit is set by then; J: the full barrier pairs with F of the
 * producer, which stores its floor, fences, and then looks at seats. If it did not see
 * this one we see its floor.
 */
static int place(struct wn_lane *lane, struct wn_lane_end *end, bool newest)
{
	const struct wn_lane_side *from = producer_side(lane);
	struct wn_lane_side *own = end->own.addr;
	u64 at, floor = wn_fan_floor(lane);
	int tries;

	for (tries = 0; tries < JOIN_TRIES; tries++) {
		/* Acquire: records below it are there for who is told of it. */
		at = newest ? smp_load_acquire(&from->pos) : floor;
		/* No record begins there: who reads would load words that are two. */
		if (at & 7)
			return -EPROTO;
		WRITE_ONCE(own->pos, at);
		smp_store_release(&lane->fan->seats, lane->fan->seats | BIT_ULL(end->seat));
		smp_mb();	/* J */
		floor = wn_fan_floor(lane);
		if ((s64)(floor - at) <= 0)
			return 0;
	}
	return -EAGAIN;
}

/* All is told: it begins, if that is still to be. */
static int sit(struct wn_client *client, const struct wn_fan_join *j, struct wn_lane_end *end)
{
	struct wn_domain *domain = client->domain;
	struct wn_lane *lane = end->lane;
	const struct wn_cap *cap;
	bool open = false;
	u64 handle;
	int err;

	mutex_lock(&domain->lock);
	err = node_of(client, j->cap, WN_RIGHT_READ, j->node, &cap, &handle);
	if (!err && !lane->end[WN_PRODUCER].client)
		err = -ENOENT;
	if (!err && lane->state->flags & WN_LANE_S_REVOKED)
		err = -ENOENT;
	/* Not before it can be taken back: that is under domain->lock, too. */
	if (!err) {
		err = wn_lane_windows_open(end, client);
		open = !err;
	}
	if (!err) {
		/* The page first, so that who sees its life and its bit sees it. */
		show(lane, end->seat, end->own.page[0]);
		smp_store_release(&lane->fan->life[end->seat], end->life);
		err = place(lane, end, j->flags & WN_FAN_NEWEST);
	}
	if (!err) {
		end->cap = wn_cap_handle(domain->core, cap);
		spin_lock(&lane->lock);
		end->client = client;
		spin_unlock(&lane->lock);
		wn_engine_expires(domain, cap->expires);
		trace_wn_lane(domain->id, client->number, lane->number, WN_TRACE_ACCEPTED);
	}
	mutex_unlock(&domain->lock);
	if (err && open)
		wn_lane_windows_close(lane, client);
	return err;
}

static void stand_up(struct wn_client *client, struct wn_lane_end *end)
{
	struct wn_domain *domain = client->domain;
	struct wn_lane *lane = end->lane;

	mutex_lock(&domain->lock);
	wn_fan_unseat(end);
	if (!--lane->ends)
		wn_lane_leave(lane, domain);
	mutex_unlock(&domain->lock);
}

static struct wn_lane_end *new_seat(struct wn_domain *domain)
{
	/* Its own, and the two that it sees when that went. */
	const u64 cost = sizeof(struct wn_lane_end) + 3 * wn_pages_cost(PAGE_SIZE);
	struct wn_lane_end *end = kzalloc(sizeof(*end), GFP_KERNEL_ACCOUNT);
	int err;

	if (!end)
		return ERR_PTR(-ENOMEM);
	err = wn_charge_take(&end->charge, wn_charge_payer(), domain->mount, cost);
	if (!err)
		err = wn_pages_alloc(&end->own, PAGE_SIZE);
	if (!err)
		return end;
	wn_charge_give(&end->charge);
	kfree(end);
	return ERR_PTR(err);
}

static void free_seat(struct wn_lane_end *end)
{
	wn_pages_free(&end->own);
	wn_charge_give(&end->charge);
	kfree(end);
}

static void tell(const struct wn_lane_end *end, struct wn_fan_join *j)
{
	const struct wn_lane *lane = end->lane;

	j->lane = lane->number;
	j->bytes = lane->bytes;
	j->seat = end->seat;
	j->life = end->life;
	j->fan = lane->fan->flags;
	j->producer = lane->state->producer;
	wn_lane_regions(end, j->regions);
}

/* Whether the client has a seat of it already: its windows go by the lane's number. */
static bool has_windows(struct wn_client *client, const struct wn_lane *lane)
{
	bool has;

	down_read(&client->windows.lock);
	/* The last that goes. */
	has = wn_windows_lane(&client->windows, wn_lane_window(lane, 1));
	up_read(&client->windows.lock);
	return has;
}

static int join_locked(struct wn_client *client, struct wn_fan_join *j, int usize,
		       void __user *uarg)
{
	struct wn_lane_end *end;
	int err;

	lockdep_assert_held(&client->setup);

	err = wn_client_check_owner(client);
	if (err)
		return err;
	end = new_seat(client->domain);
	if (IS_ERR(end))
		return PTR_ERR(end);
	err = find_and_reserve(client, j, end);
	if (err) {
		free_seat(end);
		return err;
	}
	/* Nobody else gives this client windows: that is under setup, too. */
	err = has_windows(client, end->lane) ? -EEXIST : 0;
	if (err)
		goto err_stand;
	/* 0 is nobody's: who asks about that asks about nobody. */
	end->life = end->lane->fan->life[end->seat] + 1 ?: 1;
	tell(end, j);
	err = wn_uarg_put(j, sizeof(*j), usize, uarg);
	if (!err)
		err = sit(client, j, end);
	if (!err)
		return 0;
err_stand:
	stand_up(client, end);
	wn_lane_end_put(end);
	return err;
}

long wn_fan_join(struct wn_client *client, void __user *uarg)
{
	struct wn_fan_join j = {};
	int usize, err;

	usize = wn_uarg_get(&j, sizeof(j), sizeof(j), uarg);
	if (usize < 0)
		return usize;
	if (j.flags & ~WN_FAN_NEWEST || j.reserved)
		return -EINVAL;
	memset(j.regions, 0, sizeof(j.regions));
	if (mutex_lock_killable(&client->setup))
		return -EINTR;
	err = join_locked(client, &j, usize, uarg);
	mutex_unlock(&client->setup);
	return err;
}

/* ------------------------------------------------------------------ evict */

static int evict(struct wn_client *client, struct wn_lane *lane, const struct wn_fan_evict *e)
{
	struct wn_lane_end *seat;
	int err = -ENOENT;

	mutex_lock(&client->domain->lock);
	seat = lane->seat[array_index_nospec(e->seat, lane->fan->nr)];
	if (seat && seat->client && seat->life == e->life) {
		trace_wn_lane(client->domain->id, seat->client->number, lane->number,
			      WN_TRACE_EVICTED);
		wn_fan_unseat(seat);
		wn_lane_end_revoke(seat);
		err = 0;
	}
	mutex_unlock(&client->domain->lock);
	return err;
}

long wn_fan_evict(struct wn_client *client, void __user *uarg)
{
	struct wn_fan_evict e = {};
	struct wn_lane_end *end;
	int usize, err = -EINVAL;

	usize = wn_uarg_get(&e, sizeof(e), sizeof(e), uarg);
	if (usize < 0)
		return usize;
	if (e.flags || e.reserved)
		return -EINVAL;
	end = wn_lane_end_get(client, e.lane);
	if (IS_ERR(end))
		return PTR_ERR(end);
	if (end->lane->fan && end->side == WN_PRODUCER && e.seat < end->lane->fan->nr)
		err = evict(client, end->lane, &e);
	wn_lane_end_put(end);
	return err;
}
