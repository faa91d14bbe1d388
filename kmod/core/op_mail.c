// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Ops on events: who reads a node's, and sending them. Each checks before it changes. */
#include "op.h"

#include "client.h"
#include "node.h"
#include "reader.h"

/* Consume from the node's queue, which is made if there is none. */
static s64 bind_queue(struct wn_call *call)
{
	const struct wn_sqe *sqe = call->sqe;
	struct wn_queue_terms terms = {
		.cap = wn_cap_handle(call->core, call->cap),
		.now = call->env->now,
		.lease = sqe->w[0],
		.tries = sqe->op_flags >> 16 & 15,
		.credit = sqe->op_flags >> 8 & 0xff,
	};
	int dead;

	if (sqe->op_flags & WN_BIND_POLICY_MASK)
		return -EINVAL;
	if (sqe->w[1]) {
		dead = wn_cap_reach(call->core, call->env->client, call->cap, sqe->w[1]);
		if (dead < 0)
			return dead;
		terms.dead = sqe->w[1];
	}
	return wn_queue_bind(call->core, call->node, call->env->client, &terms);
}

s64 wn_op_bind(struct wn_call *call)
{
	struct wn_core *core = call->core;
	struct wn_node_own *own = &core->own[call->node];
	const u32 client = call->env->client, policy = call->sqe->op_flags & WN_BIND_POLICY_MASK;
	const int reader = wn_reader_of(core, call->node, call->env->now);

	if (call->sqe->op_flags & WN_BIND_QUEUE)
		return bind_queue(call);
	if (policy > WN_POLICY_CONFLATE || call->sqe->op_flags & ~WN_BIND_POLICY_MASK ||
	    call->sqe->w[0] || call->sqe->w[1])
		return -EINVAL;
	if (wn_queue_of(core, call->node))
		return -EBUSY;
	if (reader >= 0 && (u32)reader != client && !(call->cap->rights & WN_RIGHT_ADMIN))
		return -EBUSY;
	WN_TX_SET(core->tx, own->reader, client + 1);
	WN_TX_SET(core->tx, own->reader_cap, wn_cap_handle(core, call->cap));
	WN_TX_SET(core->tx, core->mail.boxes[client].policy, policy);
	/* Dead letters may have waited for somebody to read them. */
	wn_queue_poke(core);
	return 0;
}

s64 wn_op_unbind(struct wn_call *call)
{
	struct wn_core *core = call->core;
	const int reader = wn_reader_of(core, call->node, call->env->now);
	const u32 queue = wn_queue_of(core, call->node);

	if (call->sqe->op_flags & WN_UNBIND_QUEUE)
		return queue ? wn_queue_end(core, call->node) : -ENOENT;
	if (queue)
		return wn_queue_leave(core, queue, call->env->client);
	if (reader < 0)
		return -ENOENT;
	if ((u32)reader != call->env->client && !(call->cap->rights & WN_RIGHT_ADMIN))
		return -EACCES;
	WN_TX_SET(core->tx, core->own[call->node].reader, 0);
	return 0;
}

/* What is to be sent, but for the node and the stamp; or an error. */
static s64 compose(const struct wn_call *call, struct wn_event *event, u64 *at)
{
	const bool later = call->sqe->op_flags & WN_EMIT_AT;
	const struct wn_sqe *sqe = call->sqe;
	const u32 len = sqe->op_flags >> 8 & 0xff;
	const u8 *data = call->data ? call->data : (const u8 *)&sqe->w[1];
	const u32 room = call->data ? sizeof(struct wn_sqe) : sizeof(sqe->w[1]);
	u32 i;

	if (len > sizeof(event->data) || len > room || sqe->w[0] >> 32 ||
	    (call->data && sqe->w[1]) || (later && !call->data))
		return -EINVAL;
	for (i = len; i < room; i++)
		if (data[i] && !(later && i - sizeof(event->data) < sizeof(*at)))
			return -EINVAL;
	if (later)
		wn_memcpy(at, data + sizeof(event->data), sizeof(*at));
	*event = (struct wn_event){
		.trace = sqe->arg,
		.badge = call->cap->badge,
		.type = (u32)sqe->w[0],
		.kind = WN_EV_USER,
		.priority = sqe->op_flags & 3,
		.len = len,
	};
	wn_memcpy(event->data, data, len);
	if (event->priority >= WN_PRIORITIES / 2 && !(call->cap->rights & WN_RIGHT_PRIORITY))
		return -EACCES;
	return 0;
}

s64 wn_op_emit(struct wn_call *call)
{
	struct wn_core *core = call->core;
	struct wn_event event;
	u64 at;
	s64 err = compose(call, &event, &at);
	int reader;

	if (err)
		return err;
	if (call->sqe->op_flags & WN_EMIT_AT)
		return wn_promise_emit(call, &event, at);
	reader = wn_reader_of(core, call->node, call->env->now);
	if (reader < 0)
		return reader;
	event.node = wn_node(core, call->node)->handle;
	core->mail.cap = wn_cap_handle(core, call->cap);
	err = wn_reader_check(core, (u32)reader, &event, 1, 0);
	if (!err) {
		event.hlc = wn_call_stamp(call);
		wn_reader_post(core, (u32)reader, &event, 0);
	}
	core->mail.cap = 0;
	return err;
}

/* How many events each reader would get; -ENOBUFS: one of them has no room for them. */
static s64 plan(struct wn_call *call, struct wn_event *event, u32 first)
{
	struct wn_core *core = call->core;
	u32 *planned = core->mail.planned;
	u32 at, n, left = wn_mail_left(&core->mail);
	s64 err = 0;
	int reader;

	/* Each reader's share, and what there is for all of them together. */
	for (at = first; at != WN_INDEX_NONE && !err; at = wn_node(core, at)->next) {
		core->tx->steps++;
		reader = wn_reader_of(core, at, call->env->now);
		if (reader < 0)
			continue;
		/* A queue gets one: no other node has the same. */
		n = (u32)reader < core->bounds.clients ? ++planned[reader] : 1;
		event->node = wn_node(core, at)->handle;
		err = left-- ? wn_reader_check(core, (u32)reader, event, n, 0) : -ENOBUFS;
	}
	for (at = first; at != WN_INDEX_NONE; at = wn_node(core, at)->next) {
		reader = wn_reader_of(core, at, call->env->now);
		if (reader >= 0 && (u32)reader < core->bounds.clients)
			planned[reader] = 0;
	}
	return err;
}

s64 wn_op_emit_children(struct wn_call *call)
{
	struct wn_core *core = call->core;
	const u32 first = wn_node(core, call->node)->first_child;
	struct wn_event event;
	s64 err = compose(call, &event, NULL), sent = 0;
	int reader;
	u32 at;

	if (err)
		return err;
	core->mail.cap = wn_cap_handle(core, call->cap);
	err = plan(call, &event, first);
	for (at = err ? WN_INDEX_NONE : first; at != WN_INDEX_NONE; at = wn_node(core, at)->next) {
		reader = wn_reader_of(core, at, call->env->now);
		if (reader < 0)
			continue;
		event.node = wn_node(core, at)->handle;
		event.hlc = wn_call_stamp(call);
		wn_reader_post(core, (u32)reader, &event, 0);
		sent++;
	}
	core->mail.cap = 0;
	return err ? err : sent;
}

s64 wn_op_emit_subtree(struct wn_call *call)
{
	struct wn_event event;
	const s64 err = compose(call, &event, NULL);

	return err ? err : wn_promise_scatter(call, &event);
}

static s64 settle(struct wn_call *call, bool done)
{
	const u32 queue = wn_queue_of(call->core, call->node);

	if (!queue)
		return -ENOENT;
	return wn_queue_settle(call->core, queue, call->env->client, call->sqe->arg, done);
}

s64 wn_op_ack(struct wn_call *call)
{
	return settle(call, true);
}

s64 wn_op_nack(struct wn_call *call)
{
	return settle(call, false);
}
