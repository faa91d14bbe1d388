// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "scatter.h"

#include "client.h"
#include "node.h"
#include "promise.h"
#include "reader.h"
#include "tree.h"

#define SHARE	64	/* steps of one scan, before it is another's turn */

#define promise_of(link) \
	((struct wn_promise *)((char *)(link) - __builtin_offsetof(struct wn_promise, peer)))

void wn_scatter_begin(struct wn_core *core, struct wn_promise *promise, u64 upto)
{
	WN_TX_SET(core->tx, promise->other, upto);
	WN_TX_SET(core->tx, promise->peer_life, 0);
	WN_TX_SET(core->tx, promise->scan, 0);
	wn_list_push(core->tx, &core->promises.scans, &promise->peer);
}

bool wn_scatter_waits(const struct wn_core *core)
{
	return !wn_list_is_empty(core->tx, &core->promises.scans);
}

/* The errno for which it can go no further, or 0. */
static u32 stopped(struct wn_core *core, const struct wn_promise *promise,
		   const struct wn_now *now)
{
	const int top = wn_node_find(core, promise->event.node);

	/* What lies below one that was destroyed goes, too, only later. */
	if (top < 0 || (wn_tree_is_torn(core) &&
			wn_tree_climb(core, (u32)top, WN_INDEX_NONE, NULL) < 0))
		return ENOLINK;
	return wn_promise_barred(core, promise, now);
}

/* All indexes were seen. */
static void finish(struct wn_core *core, struct wn_promise *promise, const struct wn_now *now)
{
	const u64 told[2] = { promise->peer_life, wn_promise_handle(core, promise) };
	struct wn_event *event = &promise->event;

	if (!promise->peer_life) {
		wn_promise_free(core, promise);
		return;
	}
	event->hlc = wn_core_stamp(core, now);
	event->badge = 0;
	event->type = 0;
	event->kind = WN_EV_LOSS;
	event->len = sizeof(told);
	wn_memset(event->data, 0, sizeof(event->data));
	wn_memcpy(event->data, told, sizeof(told));
	wn_promise_keep(core, promise);
}

/* What one node is owed. */
static void send(struct wn_core *core, struct wn_promise *promise, u32 index,
		 const struct wn_now *now)
{
	const struct wn_node_rec *rec = wn_node(core, index);
	struct wn_event event;
	bool met;
	int reader;
	s64 err;

	if (!rec->handle || rec->created > promise->other)
		return;
	reader = wn_reader_of(core, index, now);
	if (reader < 0 || wn_tree_climb(core, index, wn_handle_index(promise->event.node), &met) < 0 ||
	    !met)
		return;
	event = promise->event;
	event.node = rec->handle;
	core->mail.cap = wn_promise_cap(core, promise);
	err = wn_reader_check(core, (u32)reader, &event, 1, 0);
	if (!err) {
		event.hlc = wn_core_stamp(core, now);
		wn_reader_post(core, (u32)reader, &event, 0);
	}
	core->mail.cap = 0;
	/* Who is gone reads nothing; all else had no room. */
	promise->peer_life += err && err != -ENOLINK;
}

/* Its share of a slice; it is in the list, or over. */
static void run(struct wn_core *core, struct wn_promise *promise, const struct wn_now *now)
{
	const u32 until = core->tx->steps + SHARE, err = stopped(core, promise, now);
	u32 i;

	if (err) {
		wn_promise_fail(core, promise, err, wn_core_stamp(core, now));
		wn_core_commit(core);
		return;
	}
	for (i = 0; i < SHARE && core->tx->steps < until; i++) {
		core->tx->steps++;
		switch (wn_pool_next(&core->nodes, &promise->scan)) {
		case 1:
			send(core, promise, promise->scan++, now);
			break;
		case 0:
			finish(core, promise, now);
			wn_core_commit(core);
			return;
		}
		wn_core_commit(core);
	}
	/* The others' turn. */
	wn_list_drop(core->tx, &promise->peer);
	wn_list_push(core->tx, &core->promises.scans, &promise->peer);
}

u32 wn_scatter_slice(struct wn_core *core, u32 steps, const struct wn_now *now)
{
	struct wn_link *link;

	if (!wn_scatter_waits(core))
		return 0;
	wn_tx_begin(core->tx, false);
	core->tx->steps = 0;
	while (core->tx->steps < steps) {
		link = wn_list_first(core->tx, &core->promises.scans);
		if (!link)
			break;
		core->tx->steps++;
		run(core, promise_of(link), now);
	}
	return core->tx->steps;
}
