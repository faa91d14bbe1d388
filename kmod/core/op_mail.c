// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Ops on events: who reads a node's, and sending them. Each checks before it changes. */
#include "op.h"

#include "client.h"
#include "mail.h"
#include "node.h"

/* The client that reads a node's events, or -ENOLINK. */
static int reader_of(const struct wn_core *core, u32 index)
{
	const struct wn_node_own *own = &core->own[index];

	if (!own->reader || core->clients[own->reader - 1].life != own->reader_life)
		return -ENOLINK;
	return own->reader - 1;
}

s64 wn_op_bind(struct wn_call *call)
{
	struct wn_core *core = call->core;
	struct wn_node_own *own = &core->own[call->node];
	const u32 client = call->env->client, policy = call->sqe->op_flags & WN_BIND_POLICY_MASK;
	const int reader = reader_of(core, call->node);

	if (policy > WN_POLICY_CONFLATE)
		return -EINVAL;
	if (reader >= 0 && (u32)reader != client && !(call->cap->rights & WN_RIGHT_ADMIN))
		return -EBUSY;
	WN_TX_SET(core->tx, own->reader, client + 1);
	WN_TX_SET(core->tx, own->reader_life, core->clients[client].life);
	WN_TX_SET(core->tx, core->mail.boxes[client].policy, policy);
	return 0;
}

s64 wn_op_unbind(struct wn_call *call)
{
	struct wn_core *core = call->core;
	const int reader = reader_of(core, call->node);

	if (reader < 0)
		return -ENOENT;
	if ((u32)reader != call->env->client && !(call->cap->rights & WN_RIGHT_ADMIN))
		return -EACCES;
	WN_TX_SET(core->tx, core->own[call->node].reader, 0);
	return 0;
}

/* What is to be sent, but for the node and the stamp; or an error. */
static s64 compose(const struct wn_call *call, struct wn_event *event)
{
	const struct wn_sqe *sqe = call->sqe;
	const u32 len = sqe->op_flags >> 8 & 0xff;
	const u8 *data = call->data ? call->data : (const u8 *)&sqe->w[1];
	const u32 room = call->data ? sizeof(struct wn_sqe) : sizeof(sqe->w[1]);
	u32 i;

	if (len > sizeof(event->data) || len > room || sqe->w[0] >> 32 ||
	    (call->data && sqe->w[1]))
		return -EINVAL;
	for (i = len; i < room; i++)
		if (data[i])
			return -EINVAL;
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
	s64 err = compose(call, &event);
	int reader;

	if (err)
		return err;
	reader = reader_of(core, call->node);
	if (reader < 0)
		return reader;
	event.node = wn_node(core, call->node)->handle;
	err = wn_mail_check(core, (u32)reader, &event, 1, 0);
	if (err)
		return err;
	event.hlc = wn_call_stamp(call);
	wn_mail_post(core, (u32)reader, &event, 0);
	return 0;
}

/* How many events each reader would get; -ENOBUFS: one of them has no room for them. */
static s64 plan(struct wn_call *call, const struct wn_event *event, u32 first)
{
	struct wn_core *core = call->core;
	u32 *planned = core->mail.planned;
	u32 at, left = wn_mail_left(&core->mail);
	s64 err = 0;
	int reader;

	/* Each reader's share, and what there is for all of them together. */
	for (at = first; at != WN_INDEX_NONE && !err; at = wn_node(core, at)->next) {
		core->tx->steps++;
		reader = reader_of(core, at);
		if (reader < 0)
			continue;
		err = left-- ? wn_mail_check(core, (u32)reader, event, ++planned[reader], 0) :
			       -ENOBUFS;
	}
	for (at = first; at != WN_INDEX_NONE; at = wn_node(core, at)->next) {
		reader = reader_of(core, at);
		if (reader >= 0)
			planned[reader] = 0;
	}
	return err;
}

s64 wn_op_emit_children(struct wn_call *call)
{
	struct wn_core *core = call->core;
	const u32 first = wn_node(core, call->node)->first_child;
	struct wn_event event;
	s64 err = compose(call, &event), sent = 0;
	int reader;
	u32 at;

	if (err)
		return err;
	err = plan(call, &event, first);
	if (err)
		return err;
	for (at = first; at != WN_INDEX_NONE; at = wn_node(core, at)->next) {
		reader = reader_of(core, at);
		if (reader < 0)
			continue;
		event.node = wn_node(core, at)->handle;
		event.hlc = wn_call_stamp(call);
		wn_mail_post(core, (u32)reader, &event, 0);
		sent++;
	}
	return sent;
}
