// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Ops that make promises and end them: timers, calls, monitors and links. Each checks
 * all before it changes the first thing.
 */
#include "op.h"

#include "client.h"
#include "node.h"
#include "promise.h"
#include "reader.h"
#include "scatter.h"

#define PAYLOAD	16	/* bytes of a call's or reply's own, behind the handle */

/* The event that the op's fields make, but for its handle and stamp. */
static s64 compose(const struct wn_call *call, u8 kind, struct wn_event *event)
{
	const struct wn_sqe *sqe = call->sqe;
	const u32 len = sqe->op_flags >> 8 & 0xff, room = call->data ? PAYLOAD : 0;
	u32 i;

	if (sqe->w[0] >> 32 || len > room)
		return -EINVAL;
	for (i = len; call->data && i < sizeof(struct wn_sqe); i++)
		if (call->data[i])
			return -EINVAL;
	*event = (struct wn_event){
		.type = (u32)sqe->w[0],
		.kind = kind,
		.priority = sqe->op_flags & 3,
		.len = sizeof(u64) + len,
	};
	if (len)
		wn_memcpy(event->data + sizeof(u64), call->data, len);
	return 0;
}

static s64 check_priority(const struct wn_call *call, u32 priority)
{
	return priority >= WN_PRIORITIES / 2 && !(call->cap->rights & WN_RIGHT_PRIORITY) ?
	       -EACCES : 0;
}

static bool fits(const struct wn_call *call, u32 n)
{
	return wn_promise_fits(call->core, call->env->client, n);
}

static s64 make(struct wn_call *call, const struct wn_promise *promise, u64 at)
{
	return (s64)wn_promise_make(call->core, call->env->client, promise, at);
}

s64 wn_op_timer(struct wn_call *call)
{
	const struct wn_sqe *sqe = call->sqe;
	const struct wn_promise timer = {
		.kind = WN_PROMISE_TIMER,
		.period = sqe->w[1],
		.mine = !!(sqe->op_flags & WN_TIMER_MINE),
		.cap = sqe->cap,
		.cap_id = call->cap->id,
		.event = {
			.node = wn_node(call->core, call->node)->handle,
			.trace = sqe->arg,
			.badge = call->cap->badge,
			.kind = WN_EV_TIMER,
			.priority = sqe->op_flags & 3,
		},
	};

	if (!sqe->w[0] || (sqe->w[1] && sqe->w[1] < WN_TIMER_PERIOD_MIN))
		return -EINVAL;
	if (check_priority(call, timer.event.priority) ||
	    (!timer.mine && !(call->cap->rights & WN_RIGHT_EMIT)))
		return -EACCES;
	if (!fits(call, 1))
		return -ENOSPC;
	wn_call_stamp(call);
	return make(call, &timer, sqe->w[0]);
}

/* One with an event of which all data are the sender's. */
static s64 make_emit(struct wn_call *call, u8 kind, const struct wn_event *event, u64 at)
{
	struct wn_promise emit = {
		.kind = kind,
		.cap = call->sqe->cap,
		.cap_id = call->cap->id,
		.event = *event,
	};
	s64 handle;

	if (!fits(call, 1))
		return -ENOSPC;
	wn_call_stamp(call);
	emit.event.node = wn_node(call->core, call->node)->handle;
	handle = make(call, &emit, at);
	wn_memcpy(call->core->promises.at[wn_handle_index((u64)handle)].event.data, event->data,
		  sizeof(event->data));
	return handle;
}

s64 wn_promise_emit(struct wn_call *call, const struct wn_event *event, u64 at)
{
	return at ? make_emit(call, WN_PROMISE_EMIT, event, at) : -EINVAL;
}

s64 wn_promise_scatter(struct wn_call *call, const struct wn_event *event)
{
	struct wn_core *core = call->core;
	const s64 handle = make_emit(call, WN_PROMISE_SUBTREE, event, WN_NEVER);

	if (!WN_RES_IS_ERROR(handle))
		wn_scatter_begin(core, &core->promises.at[wn_handle_index((u64)handle)],
				 wn_call_stamp(call));
	return handle;
}

s64 wn_op_call(struct wn_call *call)
{
	struct wn_core *core = call->core;
	struct wn_promise promise = { .kind = WN_PROMISE_CALL };
	struct wn_event event;
	s64 err = compose(call, WN_EV_CALL, &event), handle;
	int callee;

	if (err || !call->sqe->w[1])
		return -EINVAL;
	err = check_priority(call, event.priority);
	if (err)
		return err;
	callee = wn_reader_of(core, call->node, call->env->now);
	if (callee < 0)
		return callee;
	if (!fits(call, 1))
		return -ENOSPC;
	event.node = wn_node(core, call->node)->handle;
	event.trace = call->sqe->arg;
	core->mail.cap = wn_cap_handle(core, call->cap);
	err = wn_reader_check(core, (u32)callee, &event, 1, 0);
	core->mail.cap = 0;
	if (err)
		return err;
	event.hlc = wn_call_stamp(call);
	promise.event = event;
	promise.event.kind = WN_EV_REPLY;
	handle = make(call, &promise, call->sqe->w[1]);
	wn_promise_await(core, &core->promises.at[wn_handle_index((u64)handle)], (u32)callee);
	event.badge = call->cap->badge;
	wn_memcpy(event.data, &handle, sizeof(handle));
	core->mail.cap = wn_cap_handle(core, call->cap);
	wn_mail_post(core, (u32)callee, &event, 0);
	core->mail.cap = 0;
	return handle;
}

s64 wn_op_reply(struct wn_call *call)
{
	struct wn_core *core = call->core;
	struct wn_promise *promise;
	struct wn_event event;
	const s64 err = compose(call, WN_EV_REPLY, &event);

	if (err)
		return err;
	promise = wn_promise_asked(core, call->env->client, call->sqe->arg);
	if (!promise)
		return -ESTALE;
	event.node = promise->event.node;
	event.trace = promise->event.trace;
	event.priority = promise->event.priority;
	event.hlc = wn_call_stamp(call);
	wn_memcpy(event.data, &call->sqe->arg, sizeof(u64));
	wn_tx_save(core->tx, &promise->event, sizeof(event) / sizeof(u64));
	promise->event = event;
	wn_promise_keep(core, promise);
	return 0;
}

s64 wn_op_cancel(struct wn_call *call)
{
	struct wn_core *core = call->core;
	struct wn_promise *promise = wn_promise_of(core, call->env->client, call->sqe->arg);

	if (!promise || promise->kind > WN_PROMISE_CALL)
		return -ESTALE;
	if (promise->kind == WN_PROMISE_CALL)
		wn_promise_fail(core, promise, ECANCELED, wn_call_stamp(call));
	else if (promise->ready)
		WN_TX_SET(core->tx, promise->period, 0);
	else
		wn_promise_free(core, promise);
	return 0;
}

/* Both ends in the capability's reach, and neither the root nor on its way out. */
static s64 link_nodes(struct wn_call *call, struct wn_promise *promise)
{
	struct wn_core *core = call->core;
	const u64 here = promise->event.node;
	struct wn_promise *one, *two;
	s64 first, second;
	int there;

	there = wn_cap_reach(core, call->env->client, call->cap, call->sqe->w[0]);
	if (there < 0)
		return there;
	if (!(call->cap->rights & WN_RIGHT_DESTROY))
		return -EACCES;
	if (here == core->root || wn_node(core, (u32)there)->handle == core->root)
		return -EBUSY;
	if ((u32)there == call->node)
		return -ELOOP;
	if (!fits(call, 2))
		return -ENOSPC;
	wn_call_stamp(call);
	promise->kind = WN_PROMISE_LINK;
	first = make(call, promise, WN_NEVER);
	promise->event.node = wn_node(core, (u32)there)->handle;
	second = make(call, promise, WN_NEVER);
	one = &core->promises.at[wn_handle_index((u64)first)];
	two = &core->promises.at[wn_handle_index((u64)second)];
	WN_TX_SET(core->tx, one->other, (u64)second);
	WN_TX_SET(core->tx, two->other, (u64)first);
	return first;
}

s64 wn_op_monitor(struct wn_call *call)
{
	const struct wn_sqe *sqe = call->sqe;
	struct wn_core *core = call->core;
	const struct wn_node_own *own = &core->own[call->node];
	const struct wn_node_rec *rec = wn_node(core, call->node);
	struct wn_promise promise = {
		.kind = WN_PROMISE_MONITOR,
		.event = {
			.node = rec->handle,
			.trace = sqe->arg,
			.kind = WN_EV_DOWN,
			.priority = sqe->op_flags & 3,
			.len = sizeof(u64),
		},
	};
	s64 handle, err = check_priority(call, promise.event.priority);

	if (err)
		return err;
	if (sqe->op_flags & WN_MONITOR_LINK)
		return sqe->op_flags & 3 || sqe->arg ? -EINVAL : link_nodes(call, &promise);
	if (sqe->w[0])
		return -EINVAL;
	if (!fits(call, 1))
		return -ENOSPC;
	wn_call_stamp(call);
	handle = make(call, &promise, WN_NEVER);
	if (own->owner_life && core->clients[rec->owner].life == own->owner_life)
		wn_promise_await(core, &core->promises.at[wn_handle_index((u64)handle)],
				 rec->owner);
	return handle;
}

s64 wn_op_demonitor(struct wn_call *call)
{
	struct wn_core *core = call->core;
	struct wn_promise *promise = wn_promise_of(core, call->env->client, call->sqe->arg);
	struct wn_promise *twin;

	if (!promise || promise->kind < WN_PROMISE_MONITOR)
		return -ESTALE;
	if (promise->kind == WN_PROMISE_LINK) {
		twin = wn_promise_of(core, call->env->client, promise->other);
		if (twin)
			wn_promise_free(core, twin);
	}
	wn_promise_free(core, promise);
	return 0;
}
