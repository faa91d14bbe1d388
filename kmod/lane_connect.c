// SPDX-License-Identifier: GPL-2.0-only
#include "lane.h"
#include "lane_own.h"
#include "main.h"

#include <linux/log2.h>

#include "client.h"
#include "core/cap.h"
#include "core/client.h"
#include "core/node.h"
#include "core/reader.h"
#include "domain.h"
#include "engine.h"
#include "trace.h"
#include "uarg.h"

/* --------------------------------------------------------------- connect */

/* Whom the caller may connect to by that node, *handle: the client, or an error. */
static struct wn_client *consumer_of(struct wn_client *client, const struct wn_lane_connect *c,
				     const struct wn_cap **by, u64 *handle)
{
	struct wn_domain *domain = client->domain;
	struct wn_core *core = domain->core;
	struct wn_client *peer;
	const struct wn_cap *cap;
	struct wn_now now;
	int node, reader;

	lockdep_assert_held(&domain->lock);

	node = wn_engine_ask(domain, client->number, c->cap, WN_RIGHT_EMIT, c->node, &cap, &now);
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
	*handle = wn_node(core, node)->handle;	/* what 0 stands for */
	return peer;
}

/* A number for it, if the caller may have it. */
static int enter(struct wn_lane *lane, struct wn_client *client, struct wn_lane_connect *c)
{
	const struct wn_cap *cap;
	struct wn_client *peer;
	u64 node;
	int err;

	mutex_lock(&client->domain->lock);
	peer = consumer_of(client, c, &cap, &node);
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
	u64 node;
	int err;

	mutex_lock(&domain->lock);
	peer = consumer_of(client, c, &cap, &node);
	err = PTR_ERR_OR_ZERO(peer);
	if (!err && peer->number != c->consumer)
		err = -ENOLINK;
	if (!err) {
		lane->node = node;
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
	u64 node;
	int err;

	lockdep_assert_held(&client->setup);

	err = wn_client_check_owner(client);
	if (err)
		return err;
	/* Who may not have it takes no memory. */
	mutex_lock(&client->domain->lock);
	peer = consumer_of(client, c, &cap, &node);
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
