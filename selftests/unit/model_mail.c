// SPDX-License-Identifier: MIT
#include "model_mail.h"

#include <string.h>

/* How many from the front are looked at for one to drop. */
#define LOOK 16

static struct model_note take(struct model_list *l, u32 at)
{
	const struct model_note note = l->at[at];

	memmove(l->at + at, l->at + at + 1, (--l->n - at) * sizeof(l->at[0]));
	return note;
}

static void put(struct model_list *l, struct model_note note)
{
	l->at[l->n++] = note;
}

u32 model_mail_count(const struct model_mail *m, u32 c)
{
	u32 p, n = 0;

	for (p = 0; p < WN_PRIORITIES; p++)
		n += m->box[c].backlog[p].n;
	return n;
}

static u32 left(const struct model_mail *m)
{
	u32 c, n = MODEL_MAIL_BACKLOG;

	for (c = 0; c < MODEL_MAIL_CLIENTS; c++)
		n -= model_mail_count(m, c);
	return n;
}

/* Half of what is free and its own. */
u32 model_mail_credit(const struct model_mail *m, u32 c)
{
	const u32 n = model_mail_count(m, c), share = (left(m) + n) / 2;

	return share > n ? share - n : 0;
}

static u32 from(const struct model_mail *m, u32 c, u32 sender)
{
	u32 p, i, n = 0;

	for (p = 0; p < WN_PRIORITIES; p++)
		for (i = 0; i < m->box[c].backlog[p].n; i++)
			n += m->box[c].backlog[p].at[i].sender == sender;
	return n;
}

/* Half of what others left of it, the larger one; but all that comes from itself. */
static u32 allowance(const struct model_mail *m, u32 c, u32 sender)
{
	const u32 credit = model_mail_credit(m, c), mine = from(m, c, sender);
	const u32 half = (credit + mine + 1) / 2;

	if (sender == c || !credit)
		return credit;
	return half > mine ? half - mine : 0;
}

/* The place of the one that goes for another, or -1. */
static int victim(const struct model_mail *m, u32 c, u32 sender, u32 p)
{
	const struct model_list *l = &m->box[c].backlog[p];
	u32 i;

	for (i = 0; i < l->n && i < LOOK; i++)
		if (l->at[i].sender == sender)
			return (int)i;
	return l->n && !model_mail_credit(m, c) ? 0 : -1;
}

/* The place of the node's last event, if that waits there, or -1. */
static int same(const struct model_mail *m, u32 c, u32 node, u32 p)
{
	const struct model_list *l = &m->box[c].backlog[p];
	u32 i;

	for (i = 0; i < l->n; i++)
		if (l->at[i].trace == m->last[node] && l->at[i].node == node)
			return (int)i;
	return -1;
}

static s64 check(const struct model_mail *m, u32 c, u32 sender, u32 node, u32 p, u32 n)
{
	const u32 policy = m->box[c].policy;

	if (n <= allowance(m, c, sender))
		return 0;
	if (n == 1 && policy == WN_POLICY_DROP_OLDEST && victim(m, c, sender, p) >= 0)
		return 0;
	return n == 1 && policy == WN_POLICY_CONFLATE && same(m, c, node, p) >= 0 ? 0 : -ENOBUFS;
}

static void post(struct model_mail *m, u32 sender, u32 node, u32 p, u64 trace)
{
	const u32 c = (u32)m->reader[node];
	struct model_box *b = &m->box[c];
	const struct model_note note = { .trace = trace, .node = node, .sender = sender };
	int at;

	if (b->policy == WN_POLICY_CONFLATE) {
		at = same(m, c, node, p);
		m->last[node] = trace;
		if (at >= 0) {
			b->backlog[p].at[at] = note;
			b->lost[p]++;
			return;
		}
	}
	if (b->policy == WN_POLICY_DROP_OLDEST && !allowance(m, c, sender)) {
		at = victim(m, c, sender, p);
		if (at >= 0) {
			take(&b->backlog[p], (u32)at);
			b->lost[p]++;
		}
	}
	put(&b->backlog[p], note);
}

s64 model_mail_emit(struct model_mail *m, u32 sender, u32 node, u32 p, u64 trace)
{
	const int c = m->reader[node];
	s64 err;

	if (c < 0)
		return -ENOLINK;
	err = check(m, (u32)c, sender, node, p, 1);
	if (!err)
		post(m, sender, node, p, trace);
	return err;
}

s64 model_mail_emit_to(struct model_mail *m, u32 sender, const u32 *nodes, u32 n, u32 p, u64 trace)
{
	u32 planned[MODEL_MAIL_CLIENTS] = {}, i, room = left(m);
	s64 sent = 0;

	for (i = 0; i < n; i++) {
		const int c = m->reader[nodes[i]];

		if (c >= 0 && (!room-- || check(m, (u32)c, sender, nodes[i], p, ++planned[c])))
			return -ENOBUFS;
	}
	for (i = 0; i < n; i++)
		if (m->reader[nodes[i]] >= 0) {
			post(m, sender, nodes[i], p, trace);
			sent++;
		}
	return sent;
}

void model_mail_pump(struct model_mail *m, u32 c)
{
	struct model_box *b = &m->box[c];
	u32 p;

	for (p = 0; p < WN_PRIORITIES; p++) {
		if (b->ring[p].n < MODEL_MAIL_RING && b->lost[p]) {
			put(&b->ring[p], (struct model_note){ .trace = b->lost[p], .loss = true });
			b->lost[p] = 0;
		}
		while (b->ring[p].n < MODEL_MAIL_RING && b->backlog[p].n)
			put(&b->ring[p], take(&b->backlog[p], 0));
	}
}

bool model_mail_read(struct model_mail *m, u32 c, u32 p, struct model_note *note)
{
	struct model_list *l = &m->box[c].ring[p];

	if (!l->n)
		return false;
	*note = take(l, 0);
	return true;
}

void model_mail_close(struct model_mail *m, u32 c)
{
	u32 i;

	memset(&m->box[c], 0, sizeof(m->box[c]));
	for (i = 0; i < MODEL_MAIL_NODES; i++)
		if (m->reader[i] == (int)c)
			m->reader[i] = -1;
}
