// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "promise.h"

#include "cap.h"
#include "client.h"
#include "node.h"
#include "reader.h"
#include "tree.h"

#define WORDS	(sizeof(struct wn_promise) / sizeof(u64))
#define TOLD_AT_ONCE	64	/* to one client, before it is another's turn */

wn_static_assert(sizeof(struct wn_promise) % sizeof(u64) == 0);

#define promise_of(link, field) \
	((struct wn_promise *)((char *)(link) - __builtin_offsetof(struct wn_promise, field)))

int wn_promises_init(struct wn_promises *promises, void *records, void *pool, u32 capacity)
{
	promises->at = records;
	return wn_pool_init(&promises->pool, pool, capacity);
}

bool wn_promise_fits(const struct wn_core *core, u32 client, u32 n)
{
	const struct wn_pool *pool = &core->promises.pool;

	return core->clients[client].promises + n <= wn_pool_capacity(pool) - wn_pool_count(pool);
}

static u32 index_of(const struct wn_core *core, const struct wn_promise *promise)
{
	return (u32)(promise - core->promises.at);
}

u64 wn_promise_handle(const struct wn_core *core, const struct wn_promise *promise)
{
	return wn_pool_handle(&core->promises.pool, index_of(core, promise));
}

/* Whether the maker lives. */
static bool is_owed(const struct wn_core *core, const struct wn_promise *promise)
{
	return core->clients[promise->client].life == promise->life;
}

static void arm(struct wn_core *core, struct wn_promise *promise, u64 at)
{
	if (at != WN_NEVER)
		wn_wheel_add(&core->wheel, &promise->due, at, WN_DUE_PROMISE,
			     index_of(core, promise));
}

static void hold(struct wn_core *core, struct wn_promise *promise)
{
	wn_list_push(core->tx, &core->clients[promise->client].held, &promise->held);
}

u64 wn_promise_make(struct wn_core *core, u32 client, const struct wn_promise *new, u64 at)
{
	const u64 handle = wn_tx_alloc(core->tx, &core->promises.pool);
	struct wn_core_client *maker = &core->clients[client];
	struct wn_promise *promise;
	u32 node;

	if (wn_bug_on(!handle))
		return 0;
	promise = &core->promises.at[wn_handle_index(handle)];
	wn_tx_save(core->tx, promise, WORDS);
	*promise = *new;
	promise->client = client;
	promise->life = maker->life;
	wn_memcpy(promise->event.data, &handle, sizeof(handle));
	WN_TX_SET(core->tx, maker->promises, maker->promises + 1);
	hold(core, promise);
	node = wn_handle_index(promise->event.node);
	wn_list_push(core->tx, &core->own[node].promises, &promise->node);
	arm(core, promise, at);
	return handle;
}

void wn_promise_await(struct wn_core *core, struct wn_promise *promise, u32 peer)
{
	WN_TX_SET(core->tx, promise->peer_client, peer);
	WN_TX_SET(core->tx, promise->peer_life, core->clients[peer].life);
	wn_list_push(core->tx, &core->clients[peer].peers, &promise->peer);
}

static struct wn_promise *find(struct wn_core *core, u64 handle)
{
	const int at = wn_pool_lookup(&core->promises.pool, handle);

	return at < 0 ? NULL : &core->promises.at[at];
}

struct wn_promise *wn_promise_of(struct wn_core *core, u32 client, u64 handle)
{
	struct wn_promise *promise = find(core, handle);

	if (!promise || promise->client != client || !is_owed(core, promise) ||
	    (promise->ready && !promise->period))
		return NULL;
	return promise;
}

struct wn_promise *wn_promise_asked(struct wn_core *core, u32 client, u64 handle)
{
	struct wn_promise *promise = find(core, handle);

	if (!promise || promise->kind != WN_PROMISE_CALL || promise->ready ||
	    promise->peer_client != client || promise->peer_life != core->clients[client].life)
		return NULL;
	return promise;
}

/* Nothing ends it any more but its node, where that is to see to it still. */
static void detach(struct wn_core *core, struct wn_promise *promise, bool stays)
{
	wn_wheel_del(&core->wheel, &promise->due);
	wn_list_drop(core->tx, &promise->held);
	wn_list_drop(core->tx, &promise->peer);
	if (!stays)
		wn_list_drop(core->tx, &promise->node);
	if (!promise->ready)
		return;
	WN_TX_SET(core->tx, promise->ready, 0);
	WN_TX_SET(core->tx, core->promises.nr_ready, core->promises.nr_ready - 1);
}

void wn_promise_free(struct wn_core *core, struct wn_promise *promise)
{
	struct wn_core_client *maker = &core->clients[promise->client];
	struct wn_pool *pool = &core->promises.pool;

	detach(core, promise, false);
	if (is_owed(core, promise))
		WN_TX_SET(core->tx, maker->promises, maker->promises - 1);
	wn_bug_on(wn_tx_free(core->tx, pool, wn_promise_handle(core, promise)));
}

/* A timer with a period stays with its node, which may go before it is told. */
static void send(struct wn_core *core, struct wn_promise *promise, u32 to)
{
	detach(core, promise, promise->period);
	WN_TX_SET(core->tx, promise->ready, 1);
	WN_TX_SET(core->tx, core->promises.nr_ready, core->promises.nr_ready + 1);
	wn_list_push(core->tx, &core->clients[to].ready, &promise->held);
}

void wn_promise_keep(struct wn_core *core, struct wn_promise *promise)
{
	if (is_owed(core, promise))
		send(core, promise, promise->client);
	else
		wn_promise_free(core, promise);
}

void wn_promise_fail(struct wn_core *core, struct wn_promise *promise, u32 err, u64 hlc)
{
	const u64 handle = wn_promise_handle(core, promise);
	struct wn_event *event = &promise->event;

	wn_tx_save(core->tx, promise, WORDS);
	promise->period = 0;
	event->hlc = hlc;
	event->badge = 0;
	event->type = err;
	event->kind = promise->kind == WN_PROMISE_CALL ? WN_EV_REPLY : WN_EV_TIMER;
	event->flags = WN_EV_F_ERROR;
	event->len = sizeof(u64);
	/* Of an emit all data was the sender's. */
	wn_memcpy(event->data, &handle, sizeof(handle));
	wn_memset(event->data + sizeof(u64), 0, sizeof(event->data) - sizeof(u64));
	wn_promise_keep(core, promise);
}

static void report_down(struct wn_core *core, struct wn_promise *promise, u32 why, u64 hlc)
{
	wn_tx_save(core->tx, &promise->event, sizeof(promise->event) / sizeof(u64));
	promise->event.type = why;
	promise->event.hlc = hlc;
	wn_promise_keep(core, promise);
}

/* ---------------------------------------------------------------- time */

/* A timer's event says for when it was and how often it came due since the last. */
static void ring_out(struct wn_core *core, struct wn_promise *promise, const struct wn_now *now)
{
	struct wn_timer_told told = {
		.timer = wn_promise_handle(core, promise),
		.count = 1,
		.due = promise->due.at,
	};
	u64 more;

	if (promise->period) {
		more = (now->boottime - told.due) / promise->period;
		told.due += more * promise->period;
		told.count += more;
	}
	wn_tx_save(core->tx, &promise->event, sizeof(promise->event) / sizeof(u64));
	promise->event.hlc = wn_core_stamp(core, now);
	wn_memcpy(promise->event.data, &told, sizeof(told));
	promise->event.len = sizeof(told);
}

/* It is in the receiver's backlog: it is over, or waits for its next time. */
static void told(struct wn_core *core, struct wn_promise *promise)
{
	struct wn_timer_told last;
	u64 at;

	if (!promise->period || !is_owed(core, promise)) {
		wn_promise_free(core, promise);
		return;
	}
	wn_memcpy(&last, promise->event.data, sizeof(last));
	if (promise->ready)
		WN_TX_SET(core->tx, core->promises.nr_ready, core->promises.nr_ready - 1);
	WN_TX_SET(core->tx, promise->ready, 0);
	wn_list_drop(core->tx, &promise->held);
	hold(core, promise);
	if (wn_add_overflow(last.due, promise->period, &at))
		at = WN_NEVER;
	arm(core, promise, at);
}

/*
 * A queue takes it at once, whatever its maker has there, or is asked again: it keeps no
 * list of who waits for it.
 */
static void to_queue(struct wn_core *core, struct wn_promise *promise, const struct wn_now *now)
{
	const u32 node = wn_handle_index(promise->event.node);
	s64 err;

	core->mail.cap = wn_promise_cap(core, promise);
	err = wn_reader_send(core, node, &promise->event, WN_MAIL_PATIENT, now);
	core->mail.cap = 0;
	if (!err)
		told(core, promise);
	else if (err == -ENOBUFS)
		arm(core, promise, now->boottime + WN_TIMER_PERIOD_MIN);
	else
		wn_promise_fail(core, promise, (u32)-err, wn_core_stamp(core, now));
}

static void to_reader(struct wn_core *core, struct wn_promise *promise, const struct wn_now *now)
{
	const int reader = wn_reader_of(core, wn_handle_index(promise->event.node), now);

	if (reader < 0)
		wn_promise_fail(core, promise, ENOLINK, wn_core_stamp(core, now));
	else if ((u32)reader < core->bounds.clients)
		send(core, promise, (u32)reader);
	else
		to_queue(core, promise, now);
}

u32 wn_promise_barred(struct wn_core *core, const struct wn_promise *promise,
		      const struct wn_now *now)
{
	const struct wn_cap *cap;
	s64 err;

	cap = wn_cap_use(core, promise->client, promise->cap, 0, now, &err);
	if (!cap)
		return (u32)-err;
	/* Another may have been granted into the slot since. */
	if (cap->id != promise->cap_id)
		return EKEYREVOKED;
	/* Where it moved out of sight it is gone, as far as its maker may know. */
	return wn_cap_reach(core, promise->client, cap, promise->event.node) < 0 ? ENOLINK : 0;
}

u64 wn_promise_cap(const struct wn_core *core, const struct wn_promise *promise)
{
	/* Once it has failed it is the engine's word. */
	if ((promise->kind != WN_PROMISE_EMIT && promise->kind != WN_PROMISE_SUBTREE) ||
	    promise->event.kind != WN_EV_USER)
		return 0;
	return promise->cap_id << WN_HANDLE_INDEX_BITS |
	       (promise->client * core->bounds.caps + promise->cap);
}

/* What is sent for somebody is what he could send now. */
static bool is_barred(struct wn_core *core, struct wn_promise *promise, const struct wn_now *now)
{
	u32 err;

	if (!is_owed(core, promise)) {
		wn_promise_free(core, promise);
		return true;
	}
	err = wn_promise_barred(core, promise, now);
	if (err)
		wn_promise_fail(core, promise, err, wn_core_stamp(core, now));
	return err;
}

void wn_promise_due(struct wn_core *core, u32 index, const struct wn_now *now)
{
	struct wn_promise *promise = &core->promises.at[index];

	if (promise->kind <= WN_PROMISE_EMIT && is_barred(core, promise, now))
		return;
	switch (promise->kind) {
	case WN_PROMISE_TIMER:
		ring_out(core, promise, now);
		if (promise->mine)
			wn_promise_keep(core, promise);
		else
			to_reader(core, promise, now);
		break;
	case WN_PROMISE_EMIT:
		WN_TX_SET(core->tx, promise->event.hlc, wn_core_stamp(core, now));
		to_reader(core, promise, now);
		break;
	case WN_PROMISE_CALL:
		wn_promise_fail(core, promise, ETIME, wn_core_stamp(core, now));
		break;
	}
}

/* -------------------------------------------------------- what is told */

u32 wn_promise_tell(struct wn_core *core, u32 steps, const struct wn_now *now)
{
	struct wn_promises *promises = &core->promises;
	u32 taken = 0, n, i;
	s64 err;

	if (!promises->nr_ready)
		return 0;
	wn_tx_begin(core->tx, false);
	for (n = 0; n < core->bounds.clients && taken < steps && promises->nr_ready; n++) {
		const u32 to = promises->turn;
		struct wn_link *link = wn_list_first(core->tx, &core->clients[to].ready);

		promises->turn = to + 1 < core->bounds.clients ? to + 1 : 0;
		for (i = 0; link && i < TOLD_AT_ONCE && taken < steps; i++) {
			struct wn_promise *promise = promise_of(link, held);

			taken++;
			core->mail.cap = wn_promise_cap(core, promise);
			err = wn_mail_send(core, to, &promise->event, WN_MAIL_PATIENT);
			core->mail.cap = 0;
			if (err)
				break;
			told(core, promise);
			wn_core_commit(core);
			link = wn_list_first(core->tx, &core->clients[to].ready);
		}
	}
	return taken;
}

bool wn_promise_waits(const struct wn_core *core)
{
	u32 c;

	if (!wn_list_is_empty(core->tx, &core->promises.broken))
		return true;
	for (c = 0; core->promises.nr_ready && c < core->bounds.clients; c++)
		if (!wn_list_is_empty(core->tx, &core->clients[c].ready) &&
		    wn_core_client_is_open(&core->clients[c]) && wn_mail_credit(core, c))
			return true;
	return false;
}

/* ------------------------------------------------------------ the ends */

void wn_promise_node_gone(struct wn_core *core, u32 index)
{
	wn_list_splice(core->tx, &core->own[index].promises, &core->promises.broken);
}

/* One end went, so does the other, unless it is on its way already. */
static void pull(struct wn_core *core, struct wn_promise *promise, const struct wn_now *now)
{
	struct wn_promise *twin = find(core, promise->other);
	int at = -ESTALE;

	wn_promise_free(core, promise);
	if (!twin)
		return;
	at = wn_node_find(core, twin->event.node);
	wn_promise_free(core, twin);
	if (at >= 0 && (!wn_tree_is_torn(core) ||
			wn_tree_climb(core, (u32)at, WN_INDEX_NONE, NULL) >= 0))
		wn_tree_destroy(core, (u32)at, wn_core_stamp(core, now));
}

u32 wn_promise_break(struct wn_core *core, u32 steps, const struct wn_now *now)
{
	struct wn_promise *promise;
	struct wn_link *link;
	u32 taken = 0;

	wn_tx_begin(core->tx, false);
	while (taken < steps && (link = wn_list_first(core->tx, &core->promises.broken))) {
		promise = promise_of(link, node);
		switch (promise->kind) {
		case WN_PROMISE_MONITOR:
			report_down(core, promise, WN_DOWN_NODE, wn_core_stamp(core, now));
			break;
		case WN_PROMISE_LINK:
			pull(core, promise, now);
			break;
		default:
			/* What has come due already is told before the end. */
			if (promise->ready) {
				wn_list_drop(core->tx, &promise->node);
				WN_TX_SET(core->tx, promise->period, 0);
			} else {
				wn_promise_fail(core, promise, ENOLINK, wn_core_stamp(core, now));
			}
		}
		wn_core_commit(core);
		taken++;
	}
	return taken;
}

/* The client was to hear of it, wait for it, or hold it: one step. */
static bool end_one(struct wn_core *core, struct wn_core_client *client, const struct wn_now *now)
{
	struct wn_promise *promise;
	struct wn_link *link;

	link = wn_list_first(core->tx, &client->peers);
	if (link) {
		promise = promise_of(link, peer);
		if (promise->kind == WN_PROMISE_MONITOR)
			report_down(core, promise, WN_DOWN_CLIENT, wn_core_stamp(core, now));
		else
			wn_promise_fail(core, promise, ENOLINK, wn_core_stamp(core, now));
		return true;
	}
	link = wn_list_first(core->tx, &client->ready);
	if (link) {
		promise = promise_of(link, held);
		if (is_owed(core, promise))
			wn_promise_fail(core, promise, ENOLINK, wn_core_stamp(core, now));
		else
			wn_promise_free(core, promise);
		return true;
	}
	link = wn_list_first(core->tx, &client->held);
	if (link)
		wn_promise_free(core, promise_of(link, held));
	return link;
}

bool wn_promise_client_gone(struct wn_core *core, u32 client, u32 *budget,
			    const struct wn_now *now)
{
	wn_tx_begin(core->tx, false);
	for (; *budget; --*budget) {
		if (!end_one(core, &core->clients[client], now))
			return true;
		wn_core_commit(core);
	}
	return false;
}
