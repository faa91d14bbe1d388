// SPDX-License-Identifier: MIT
#include "model_promise.h"

#include <string.h>

#define PRIORITY(sqe)	((sqe)->op_flags & 3)
#define LEN(sqe)	((sqe)->op_flags >> 8 & 0xff)

void owed_begin(struct model_promise *m)
{
	memset(m->nr_got, 0, sizeof(m->nr_got));
	memset(m->got, 0, sizeof(m->got));
}

static void come(struct model_promise *m, int client, const struct wn_event *event)
{
	if (client >= 0 && m->open[client])
		m->got[client][m->nr_got[client]++] = *event;
}

u32 owed_count(const struct model_promise *m, int client)
{
	u32 i, n = 0;

	/* A link is two: one for each node. */
	for (i = 0; i < OWED_MOST; i++)
		if (m->at[i].kind && (client < 0 || m->at[i].client == (u32)client))
			n += 1 + (m->at[i].kind == OWED_LINK);
	return n;
}

/* Nobody holds more than is left to others. */
static bool fits(const struct model_promise *m, u32 client, u32 n)
{
	return owed_count(m, (int)client) + n <= OWED_MOST - owed_count(m, -1);
}

static struct owed *make(struct model_promise *m, u32 client, enum owed_kind kind, int node,
			 const struct wn_sqe *sqe)
{
	u32 i;

	for (i = 0; m->at[i].kind; i++)
		;
	m->at[i] = (struct owed){
		.kind = kind, .client = client, .node = node, .peer = -1, .other = -1,
		.event = { .node = m->nodes[node].handle, .trace = sqe->arg,
			   .type = (u32)sqe->w[0], .priority = PRIORITY(sqe) },
	};
	return &m->at[i];
}

static struct owed *find(struct model_promise *m, u32 client, u64 handle)
{
	u32 i;

	for (i = 0; i < OWED_MOST; i++)
		if (m->at[i].kind && m->at[i].handle == handle && m->at[i].client == client)
			return &m->at[i];
	return NULL;
}

/* What says its handle, and perhaps more behind it. */
static struct wn_event word(const struct owed *o, u8 kind, const void *more, u32 len)
{
	struct wn_event event = o->event;

	event.kind = kind;
	event.len = (u8)(8 + len);
	memset(event.data, 0, sizeof(event.data));
	memcpy(event.data, &o->handle, 8);
	if (len)
		memcpy(event.data + 8, more, len);
	return event;
}

static void fail(struct model_promise *m, struct owed *o, u32 error)
{
	struct wn_event event = word(o, o->kind == OWED_CALL ? WN_EV_REPLY : WN_EV_TIMER, NULL, 0);

	event.type = error;
	event.flags = WN_EV_F_ERROR;
	come(m, (int)o->client, &event);
	o->kind = OWED_NONE;
}

static void down(struct model_promise *m, struct owed *o, u32 why)
{
	struct wn_event event = word(o, WN_EV_DOWN, NULL, 0);

	event.type = why;
	come(m, (int)o->client, &event);
	o->kind = OWED_NONE;
}

/* ------------------------------------------------------------------ ops */

static bool may(const struct model_promise *m, u32 client, u32 priority)
{
	return priority < 2 || m->rights[client] & WN_RIGHT_PRIORITY;
}

s64 owed_timer(struct model_promise *m, u32 client, int node, const struct wn_sqe *sqe,
	       struct owed **new)
{
	const bool mine = sqe->op_flags & WN_TIMER_MINE;

	if (!sqe->w[0] || (sqe->w[1] && sqe->w[1] < WN_TIMER_PERIOD_MIN))
		return -EINVAL;
	if (!may(m, client, PRIORITY(sqe)) || (!mine && !(m->rights[client] & WN_RIGHT_EMIT)))
		return -EACCES;
	if (!fits(m, client, 1))
		return -ENOSPC;
	*new = make(m, client, OWED_TIMER, node, sqe);
	(*new)->due = sqe->w[0];
	(*new)->period = sqe->w[1];
	(*new)->mine = mine;
	(*new)->event.type = 0;
	return 0;
}

s64 owed_emit_at(struct model_promise *m, u32 client, int node, const struct wn_sqe *sqe,
		 const void *data, struct owed **new)
{
	u64 at;

	memcpy(&at, (const u8 *)data + 24, sizeof(at));
	if (!(m->rights[client] & WN_RIGHT_EMIT))
		return -EACCES;
	if (LEN(sqe) > 24)
		return -EINVAL;
	if (!may(m, client, PRIORITY(sqe)))
		return -EACCES;
	if (!at)
		return -EINVAL;
	if (!fits(m, client, 1))
		return -ENOSPC;
	*new = make(m, client, OWED_EMIT, node, sqe);
	(*new)->due = at;
	(*new)->event.len = (u8)LEN(sqe);
	memcpy((*new)->event.data, data, LEN(sqe));
	return 0;
}

s64 owed_call(struct model_promise *m, u32 client, int node, const struct wn_sqe *sqe,
	      const void *data, struct owed **new)
{
	if (!(m->rights[client] & WN_RIGHT_EMIT))
		return -EACCES;
	if (!sqe->w[1] || LEN(sqe) > 16)
		return -EINVAL;
	if (!may(m, client, PRIORITY(sqe)))
		return -EACCES;
	if (m->nodes[node].reader < 0)
		return -ENOLINK;
	if (!fits(m, client, 1))
		return -ENOSPC;
	*new = make(m, client, OWED_CALL, node, sqe);
	(*new)->due = sqe->w[1];
	(*new)->peer = m->nodes[node].reader;
	(*new)->event.len = (u8)LEN(sqe);
	memcpy((*new)->event.data, data, LEN(sqe));
	return 0;
}

void owed_ask(struct model_promise *m, const struct owed *o)
{
	const struct wn_event event = word(o, WN_EV_CALL, o->event.data, o->event.len);

	come(m, o->peer, &event);
}

s64 owed_monitor(struct model_promise *m, u32 client, int node, const struct wn_sqe *sqe,
		 struct owed **new)
{
	if (!may(m, client, PRIORITY(sqe)))
		return -EACCES;
	if (!fits(m, client, 1))
		return -ENOSPC;
	*new = make(m, client, OWED_MONITOR, node, sqe);
	(*new)->peer = m->nodes[node].owner;
	return 0;
}

s64 owed_link(struct model_promise *m, u32 client, int node, int other, struct owed **new)
{
	static const struct wn_sqe none;

	if (!(m->rights[client] & WN_RIGHT_DESTROY))
		return -EACCES;
	if (node == other)
		return -ELOOP;
	if (!fits(m, client, 2))
		return -ENOSPC;
	*new = make(m, client, OWED_LINK, node, &none);
	(*new)->other = other;
	return 0;
}

s64 owed_reply(struct model_promise *m, u32 client, const struct wn_sqe *sqe, const void *data)
{
	struct wn_event event;
	u32 i;

	if (LEN(sqe) > 16)
		return -EINVAL;
	for (i = 0; i < OWED_MOST; i++) {
		struct owed *o = &m->at[i];

		if (o->kind != OWED_CALL || o->handle != sqe->arg || o->peer != (int)client)
			continue;
		event = word(o, WN_EV_REPLY, data, LEN(sqe));
		event.type = (u32)sqe->w[0];
		come(m, (int)o->client, &event);
		o->kind = OWED_NONE;
		return 0;
	}
	return -ESTALE;
}

s64 owed_cancel(struct model_promise *m, u32 client, u64 handle)
{
	struct owed *o = find(m, client, handle);

	if (!o || o->kind > OWED_CALL)
		return -ESTALE;
	if (o->kind == OWED_CALL)
		fail(m, o, ECANCELED);
	o->kind = OWED_NONE;
	return 0;
}

s64 owed_demonitor(struct model_promise *m, u32 client, u64 handle)
{
	struct owed *o = find(m, client, handle);

	if (!o || o->kind < OWED_MONITOR)
		return -ESTALE;
	o->kind = OWED_NONE;
	return 0;
}

/* ------------------------------------------------------------- what ends them */

/* What came due goes to its reader, or its maker learns that there is none. */
static void deliver(struct model_promise *m, struct owed *o, const struct wn_event *event)
{
	const int to = o->mine ? (int)o->client : m->nodes[o->node].reader;

	if (to < 0)
		fail(m, o, ENOLINK);
	else
		come(m, to, event);
}

static void due(struct model_promise *m, struct owed *o)
{
	struct wn_timer_told told = { .timer = o->handle, .due = o->due, .count = 1 };
	struct wn_event event = o->event;

	switch (o->kind) {
	case OWED_CALL:
		fail(m, o, ETIME);
		break;
	case OWED_EMIT:
		event.kind = WN_EV_USER;
		deliver(m, o, &event);
		o->kind = OWED_NONE;
		break;
	default:
		while (o->period && told.due + o->period <= m->now) {
			told.due += o->period;
			told.count++;
		}
		event.kind = WN_EV_TIMER;
		event.len = sizeof(told);
		memcpy(event.data, &told, sizeof(told));
		deliver(m, o, &event);
		o->due = told.due + o->period;
		if (!o->period)
			o->kind = OWED_NONE;
	}
}

void owed_time(struct model_promise *m, u64 now)
{
	u32 i;

	m->now = now;
	for (i = 0; i < OWED_MOST; i++)
		if (m->at[i].kind && m->at[i].kind <= OWED_CALL && m->at[i].due <= now)
			due(m, &m->at[i]);
}

void owed_destroy(struct model_promise *m, int node)
{
	bool linked[OWED_NODES] = {}, more = true;
	u32 i;
	int n;

	/* First what goes, by links from one to the next; then who is told. */
	linked[node] = true;
	while (more) {
		more = false;
		for (i = 0; i < OWED_MOST; i++) {
			struct owed *o = &m->at[i];

			if (o->kind != OWED_LINK || linked[o->node] == linked[o->other])
				continue;
			linked[o->node] = linked[o->other] = more = true;
		}
	}
	for (i = 0; i < OWED_MOST; i++) {
		struct owed *o = &m->at[i];

		if (!o->kind || !linked[o->node])
			continue;
		if (o->kind == OWED_LINK)
			o->kind = OWED_NONE;
		else if (o->kind == OWED_MONITOR)
			down(m, o, WN_DOWN_NODE);
		else
			fail(m, o, ENOLINK);
	}
	for (n = 0; n < OWED_NODES; n++)
		if (linked[n])
			m->nodes[n] = (struct owed_node){ .reader = -1, .owner = -1 };
}

void owed_close(struct model_promise *m, u32 client)
{
	u32 i;

	m->open[client] = false;
	for (i = 0; i < OWED_MOST; i++)
		if (m->at[i].client == client)
			m->at[i].kind = OWED_NONE;
	for (i = 0; i < OWED_MOST; i++) {
		if (!m->at[i].kind || m->at[i].peer != (int)client)
			continue;
		if (m->at[i].kind == OWED_MONITOR)
			down(m, &m->at[i], WN_DOWN_CLIENT);
		else
			fail(m, &m->at[i], ENOLINK);
	}
	for (i = 0; i < OWED_NODES; i++) {
		if (m->nodes[i].reader == (int)client)
			m->nodes[i].reader = -1;
		if (m->nodes[i].owner == (int)client)
			m->nodes[i].owner = -1;
	}
}
