// SPDX-License-Identifier: MIT
#include "model_queue.h"

#include <string.h>

/* ---------------------------------------------------------------- lists */

static void put(struct qm_list *l, u32 what)
{
	l->at[l->n++] = (u8)what;
}

static void put_first(struct qm_list *l, u32 what)
{
	memmove(l->at + 1, l->at, l->n++);
	l->at[0] = (u8)what;
}

static bool take(struct qm_list *l, u32 what)
{
	u32 i;

	for (i = 0; i < l->n; i++)
		if (l->at[i] == what) {
			memmove(l->at + i, l->at + i + 1, --l->n - i);
			return true;
		}
	return false;
}

/* -------------------------------------------------- letters and who has them */

bool qm_lasts(const struct model_queue *m, int grant)
{
	const struct qm_grant *g = &m->grants[grant];

	return m->boxes[g->client].life == g->life && !g->revoked &&
	       !(g->expires && m->now >= g->expires);
}

s64 qm_may(const struct model_queue *m, int grant)
{
	const struct qm_grant *g = &m->grants[grant];

	if (g->revoked)
		return -EKEYREVOKED;
	return g->expires && m->now >= g->expires ? -EKEYEXPIRED : 0;
}

static u32 left(const struct model_queue *m)
{
	u32 i, n = QM_LETTERS;

	for (i = 0; i < QM_LETTERS; i++)
		n -= m->letters[i].used;
	return n;
}

static u32 new_letter(struct model_queue *m, int grant, const struct wn_event *event)
{
	u32 i;

	for (i = 0; m->letters[i].used; i++)
		;
	m->letters[i] = (struct qm_letter){ .event = *event, .grant = grant, .used = true };
	return i;
}

/* As it is read: whose capability was revoked on the way is told. */
static struct wn_event open_letter(const struct model_queue *m, u32 at)
{
	const struct qm_letter *l = &m->letters[at];
	const struct qm_grant *g = l->grant < 0 ? NULL : &m->grants[l->grant];
	struct wn_event event = l->event;

	if (g && g->revoked && m->boxes[g->client].life == g->life)
		event.flags |= WN_EV_F_REVOKED;
	return event;
}

static bool is_from(const struct model_queue *m, u32 letter, int sender)
{
	const int g = m->letters[letter].grant;

	return sender < 0 || (g >= 0 && m->grants[g].client == (u32)sender);
}

static u32 count(const struct model_queue *m, u32 client, int sender)
{
	u32 p, i, n = 0;

	for (p = 0; p < WN_PRIORITIES; p++)
		for (i = 0; i < m->boxes[client].backlog[p].n; i++)
			n += is_from(m, m->boxes[client].backlog[p].at[i], sender);
	return n;
}

/* Half of what is free and its own. */
u32 qm_credit(const struct model_queue *m, u32 client)
{
	const u32 n = count(m, client, -1), share = (left(m) + n) / 2;

	return share > n ? share - n : 0;
}

/* Of that one sender has half of what others left, but of its own backlog all. */
static u32 allowance(const struct model_queue *m, u32 client, int grant)
{
	const u32 credit = qm_credit(m, client), sender = m->grants[grant].client;
	const u32 mine = count(m, client, (int)sender), half = (credit + mine + 1) / 2;

	if (sender == client || !credit)
		return credit;
	return half > mine ? half - mine : 0;
}

/* What waits for room, or for a reader, is looked at again. */
static void poke(struct model_queue *m)
{
	u32 i;

	for (i = 0; i < QM_QUEUES; i++) {
		m->queues[i].passed = 0;
		m->queues[i].stuck = false;
	}
}

static void drop_letter(struct model_queue *m, u32 at)
{
	m->letters[at].used = false;
	poke(m);
}

void qm_pump(struct model_queue *m, u32 client)
{
	struct qm_box *b = &m->boxes[client];
	bool any = false;
	u32 p, at;

	for (p = 0; p < WN_PRIORITIES; p++)
		while (b->in_ring[p] < QM_RING && b->backlog[p].n) {
			at = b->backlog[p].at[0];
			b->ring[p][b->in_ring[p]++] = open_letter(m, at);
			take(&b->backlog[p], at);
			m->letters[at].used = false;
			any = true;
		}
	if (any)
		poke(m);
}

bool qm_tell(struct model_queue *m, u32 client, const struct wn_event *event)
{
	if (!qm_credit(m, client))
		return false;
	put(&m->boxes[client].backlog[event->priority], new_letter(m, -1, event));
	return true;
}

/* ------------------------------------------------------------------ jobs */

static u32 count_in(const struct model_queue *m, const struct qm_list *l, int sender)
{
	u32 i, n = 0;

	for (i = 0; i < l->n; i++)
		n += is_from(m, l->at[i], sender);
	return n;
}

/* Of one sender, or (-1) of all. */
static u32 held(const struct model_queue *m, const struct qm_queue *q, int sender)
{
	u32 p, w, i, n = count_in(m, &q->beyond, sender);

	for (p = 0; p < WN_PRIORITIES; p++)
		n += count_in(m, &q->waiting[p], sender);
	for (w = QM_READY; w <= QM_GOING; w++)
		for (i = 0; i < q->consumers[w].n; i++)
			n += count_in(m, &m->consumers[q->consumers[w].at[i]].leases, sender);
	return n;
}

static bool has_room(const struct model_queue *m, const struct qm_queue *q)
{
	return held(m, q, -1) < (left(m) + held(m, q, -1)) / 2;
}

/* Of that a sender has half of what others left. */
static bool has_room_for(const struct model_queue *m, const struct qm_queue *q, int grant)
{
	const u32 all = held(m, q, -1), mine = held(m, q, (int)m->grants[grant].client);
	const u32 room = has_room(m, q) ? (left(m) + all) / 2 - all : 0;

	return room && mine < (room + mine + 1) / 2;
}

/* To the end of a list of the queue. */
static void place(struct model_queue *m, struct qm_queue *q, u32 c, enum qm_where where)
{
	enum qm_where was = QM_READY;

	(void)m;
	while (!take(&q->consumers[was], c))
		was++;
	put(&q->consumers[where], c);
	if (was != where)
		q->passed = 0;
}

static void unlease(struct model_queue *m, struct qm_queue *q, u32 c, u32 at)
{
	u32 i;

	take(&m->consumers[c].leases, at);
	for (i = 0; i < q->consumers[QM_BUSY].n; i++)
		if (q->consumers[QM_BUSY].at[i] == c) {
			place(m, q, c, QM_READY);
			return;
		}
}

static void give_back(struct model_queue *m, struct qm_queue *q, u32 c, u32 at)
{
	struct qm_letter *l = &m->letters[at];

	unlease(m, q, c, at);
	if (l->tries < 255)
		l->tries++;
	if (q->limit && l->tries > q->limit)
		put(&q->beyond, at);
	else
		put_first(&q->waiting[l->event.priority], at);
}

/* The one that consumes for a client, or -1. */
static int consumer_of(const struct model_queue *m, const struct qm_queue *q, u32 client)
{
	u32 w, i;

	for (w = QM_READY; w <= QM_BUSY; w++)
		for (i = 0; i < q->consumers[w].n; i++)
			if (m->consumers[q->consumers[w].at[i]].client == client)
				return q->consumers[w].at[i];
	return -1;
}

/* ------------------------------------------------------------------- ops */

static bool has_reader(const struct model_queue *m, const struct qm_node *n)
{
	return n->queue >= 0 || (n->reader >= 0 && qm_lasts(m, n->grant));
}

static bool can_send(const struct model_queue *m, int grant, const struct qm_node *n, u32 many)
{
	if (n->queue >= 0)
		return has_room_for(m, &m->queues[n->queue], grant);
	return many <= allowance(m, (u32)n->reader, grant);
}

static void send(struct model_queue *m, int grant, const struct qm_node *n,
		 const struct wn_event *event)
{
	const u32 at = new_letter(m, grant, event), p = event->priority;

	if (n->queue >= 0)
		put(&m->queues[n->queue].waiting[p], at);
	else
		put(&m->boxes[n->reader].backlog[p], at);
}

s64 qm_emit(struct model_queue *m, int grant, u32 node, const struct wn_event *event)
{
	const struct qm_node *n = &m->nodes[node];

	if (!has_reader(m, n))
		return -ENOLINK;
	if (!can_send(m, grant, n, 1))
		return -ENOBUFS;
	send(m, grant, n, event);
	return 0;
}

s64 qm_emit_all(struct model_queue *m, int grant, const struct wn_event *event)
{
	u32 planned[QM_CLIENTS] = {}, i, room = left(m);
	struct wn_event e = *event;
	s64 sent = 0;

	for (i = QM_NODES; i--; ) {
		const struct qm_node *n = &m->nodes[i];

		if (!n->handle || !has_reader(m, n))
			continue;
		if (!room-- || !can_send(m, grant, n, n->queue >= 0 ? 1 : ++planned[n->reader]))
			return -ENOBUFS;
	}
	for (i = QM_NODES; i--; ) {
		const struct qm_node *n = &m->nodes[i];

		if (!n->handle || !has_reader(m, n))
			continue;
		e.node = n->handle;
		send(m, grant, n, &e);
		sent++;
	}
	return sent;
}

static u32 in_use(const struct model_queue *m, bool queues)
{
	u32 i, n = 0;

	for (i = 0; i < (queues ? QM_QUEUES : QM_CONSUMERS); i++)
		n += queues ? m->queues[i].used : m->consumers[i].used;
	return n;
}

static bool other_terms(const struct qm_queue *q, const struct qm_terms *t)
{
	return (t->lease && t->lease != q->lease) || (t->dead && t->dead != q->dead) ||
	       (t->tries && t->tries != q->limit);
}

s64 qm_bind_queue(struct model_queue *m, u32 client, int grant, u32 node,
		  const struct qm_terms *t)
{
	struct qm_node *n = &m->nodes[node];
	struct qm_queue *q = n->queue >= 0 ? &m->queues[n->queue] : NULL;
	int old = -1;
	u32 i;

	if (t->lease > WN_LEASE_NS_MAX || t->credit > WN_CREDIT_MAX)
		return -EINVAL;
	if (q) {
		old = consumer_of(m, q, client);
		if (other_terms(q, t) || (old >= 0 && qm_lasts(m, m->consumers[old].grant)))
			return -EBUSY;
	} else if (has_reader(m, n)) {
		return -EBUSY;
	} else if (!t->lease || !t->tries != !t->dead || t->dead == n->handle) {
		return -EINVAL;
	}
	if (t->credit && in_use(m, false) == QM_CONSUMERS)
		return -ENOSPC;
	if (!q && in_use(m, true) == QM_QUEUES)
		return -ENOSPC;
	if (!q) {
		for (n->queue = 0; m->queues[n->queue].used; n->queue++)
			;
		q = &m->queues[n->queue];
		*q = (struct qm_queue){ .node = n->handle, .dead = t->dead, .lease = t->lease,
					.limit = t->tries, .used = true };
		n->reader = -1;
	}
	if (old >= 0)
		place(m, q, (u32)old, QM_GOING);
	if (t->credit) {
		for (i = 0; m->consumers[i].used; i++)
			;
		m->consumers[i] = (struct qm_consumer){ .client = client, .credit = t->credit,
							.grant = grant, .used = true };
		put(&q->consumers[QM_READY], i);
	}
	poke(m);
	return 0;
}

void qm_name(struct model_queue *m, u32 node, u32 number)
{
	if (m->nodes[node].queue >= 0)
		m->queues[m->nodes[node].queue].number = number;
}

struct qm_queue *qm_by_number(struct model_queue *m, u32 number)
{
	u32 i;

	for (i = 0; i < QM_QUEUES; i++)
		if (m->queues[i].used && m->queues[i].number == number)
			return &m->queues[i];
	return NULL;
}

/* All have ADMIN: one takes another's place. */
s64 qm_bind(struct model_queue *m, u32 client, int grant, u32 node)
{
	struct qm_node *n = &m->nodes[node];

	if (n->queue >= 0)
		return -EBUSY;
	n->reader = (int)client;
	n->grant = grant;
	poke(m);
	return 0;
}

s64 qm_unbind(struct model_queue *m, u32 client, u32 node)
{
	struct qm_node *n = &m->nodes[node];
	int c;

	if (n->queue < 0) {
		if (!has_reader(m, n))
			return -ENOENT;
		n->reader = -1;
		return 0;
	}
	c = consumer_of(m, &m->queues[n->queue], client);
	if (c < 0)
		return -ENOENT;
	place(m, &m->queues[n->queue], (u32)c, QM_GOING);
	return 0;
}

s64 qm_end(struct model_queue *m, u32 node)
{
	struct qm_node *n = &m->nodes[node];
	const struct qm_queue *q;

	if (n->queue < 0)
		return -ENOENT;
	q = &m->queues[n->queue];
	if (held(m, q, -1) || q->consumers[0].n || q->consumers[1].n || q->consumers[2].n)
		return -EBUSY;
	m->queues[n->queue].node = 0;
	n->queue = n->reader = -1;
	return 0;
}

s64 qm_settle(struct model_queue *m, u32 client, u32 node, u64 stamp, bool done)
{
	const int queue = m->nodes[node].queue;
	struct qm_queue *q;
	u32 i, at;
	int c;

	if (queue < 0)
		return -ENOENT;
	q = &m->queues[queue];
	c = consumer_of(m, q, client);
	for (i = 0; c >= 0 && i < m->consumers[c].leases.n; i++) {
		at = m->consumers[c].leases.at[i];
		if (m->letters[at].event.hlc != stamp)
			continue;
		if (!done) {
			give_back(m, q, (u32)c, at);
			return 0;
		}
		unlease(m, q, (u32)c, at);
		drop_letter(m, at);
		return 0;
	}
	return -ESTALE;
}

void qm_destroy(struct model_queue *m, u32 node)
{
	struct qm_node *n = &m->nodes[node];

	if (n->queue >= 0)
		m->queues[n->queue].node = 0;
	memmove(n, n + 1, (QM_NODES - 1 - node) * sizeof(*n));
	m->nodes[QM_NODES - 1] = (struct qm_node){ .queue = -1, .reader = -1 };
	/* What waited for a reader there waits for that no longer. */
	poke(m);
}

void qm_close(struct model_queue *m, u32 client)
{
	struct qm_box *b = &m->boxes[client];
	u32 p, i;
	int c;

	for (i = 0; i < QM_QUEUES; i++) {
		c = m->queues[i].used ? consumer_of(m, &m->queues[i], client) : -1;
		if (c >= 0)
			place(m, &m->queues[i], (u32)c, QM_GOING);
	}
	for (p = 0; p < WN_PRIORITIES; p++)
		for (i = 0; i < b->backlog[p].n; i++)
			m->letters[b->backlog[p].at[i]].used = false;
	*b = (struct qm_box){ .life = b->life + 1 };
	poke(m);
}

/* -------------------------------------------------------- between the ops */

static int next_job(const struct qm_queue *q)
{
	const bool low = q->served % 16 == 15;
	u32 i;

	for (i = 0; i < WN_PRIORITIES; i++) {
		const struct qm_list *l = &q->waiting[low ? i : WN_PRIORITIES - 1 - i];

		if (l->n)
			return l->at[0];
	}
	return -1;
}

static u8 tries_flags(u8 flags, u32 tries)
{
	flags &= 0xf;
	return tries ? flags | WN_EV_F_REDELIVERED | WN_EV_TRIES_FLAG(tries < 15 ? tries : 15) :
		       flags;
}

static void lease(struct model_queue *m, struct qm_queue *q, u32 at)
{
	const u32 c = q->consumers[QM_READY].at[0], p = m->letters[at].event.priority;
	struct qm_consumer *who = &m->consumers[c];
	struct wn_event event = open_letter(m, at);

	if (!qm_lasts(m, who->grant)) {
		place(m, q, c, QM_GOING);
		return;
	}
	if (!qm_credit(m, who->client)) {
		q->passed++;
		place(m, q, c, QM_READY);
		return;
	}
	event.kind = WN_EV_LEASE;
	event.flags = tries_flags(event.flags, m->letters[at].tries);
	put(&m->boxes[who->client].backlog[p], new_letter(m, m->letters[at].grant, &event));
	take(&q->waiting[p], at);
	put(&who->leases, at);
	m->letters[at].deadline = m->now + q->lease;
	q->passed = 0;
	q->served++;
	place(m, q, c, who->leases.n == who->credit ? QM_BUSY : QM_READY);
}

/* Where a queue's dead letters go; NULL: there is no such node. */
static const struct qm_node *dead_node(const struct model_queue *m, const struct qm_queue *q)
{
	u32 i;

	for (i = 0; i < QM_NODES; i++)
		if (q->dead && m->nodes[i].handle == q->dead)
			return &m->nodes[i];
	return NULL;
}

/* A dead letter can go: as the last step of it, or because it has nowhere to go. */
static bool can_bury(const struct model_queue *m, const struct qm_queue *q)
{
	const struct qm_node *dead = dead_node(m, q);

	if (!dead)
		return true;
	if (!has_reader(m, dead))
		return !q->node;
	return dead->queue >= 0 ? has_room(m, &m->queues[dead->queue]) : left(m);
}

static void bury(struct model_queue *m, struct qm_queue *q, u64 stamp)
{
	const struct qm_node *dead = dead_node(m, q);
	const u32 at = q->beyond.at[0];
	struct wn_event event = open_letter(m, at);

	if (!can_bury(m, q)) {
		q->stuck = true;
		return;
	}
	take(&q->beyond, at);
	if (dead && has_reader(m, dead)) {
		event.flags = tries_flags(event.flags, m->letters[at].tries);
		if (dead->queue >= 0) {
			event.node = dead->handle;
			event.hlc = stamp;
		}
		send(m, m->letters[at].grant, dead, &event);
		drop_letter(m, at);
	} else if (!q->node) {
		m->dropped++;
		drop_letter(m, at);
	} else {
		put(&q->waiting[event.priority], at);
		q->limit = 0;
		q->dead = 0;
	}
}

static void let_go(struct model_queue *m, struct qm_queue *q)
{
	const u32 c = q->consumers[QM_GOING].at[0];
	struct qm_consumer *who = &m->consumers[c];

	if (who->leases.n) {
		give_back(m, q, c, who->leases.at[who->leases.n - 1]);
		return;
	}
	take(&q->consumers[QM_GOING], c);
	who->used = false;
}

/* The node is gone: consumers, then jobs, then the queue. */
static void clear(struct model_queue *m, struct qm_queue *q)
{
	const int at = next_job(q);

	if (q->consumers[QM_READY].n) {
		place(m, q, q->consumers[QM_READY].at[0], QM_GOING);
	} else if (q->consumers[QM_BUSY].n) {
		place(m, q, q->consumers[QM_BUSY].at[0], QM_GOING);
	} else if (at >= 0) {
		take(&q->waiting[m->letters[at].event.priority], (u32)at);
		put(&q->beyond, (u32)at);
	} else {
		q->used = false;
	}
}

void qm_step(struct model_queue *m, struct qm_queue *q, u64 stamp)
{
	const int at = next_job(q);

	if (q->consumers[QM_GOING].n)
		let_go(m, q);
	else if (q->beyond.n && !q->stuck)
		bury(m, q, stamp);
	else if (!q->node && (at >= 0 || !q->beyond.n))
		clear(m, q);
	else if (q->node && at >= 0 && q->passed < q->consumers[QM_READY].n)
		lease(m, q, (u32)at);
}

void qm_due(struct model_queue *m, struct qm_queue *q, u32 client)
{
	const int c = consumer_of(m, q, client);

	while (c >= 0 && m->consumers[c].leases.n &&
	       m->letters[m->consumers[c].leases.at[0]].deadline <= m->now)
		give_back(m, q, (u32)c, m->consumers[c].leases.at[0]);
}

/* Whether a consumer could get a lease now. */
static bool can_lease(const struct model_queue *m, const struct qm_queue *q)
{
	u32 i;

	for (i = 0; i < q->consumers[QM_READY].n; i++) {
		const struct qm_consumer *who = &m->consumers[q->consumers[QM_READY].at[i]];

		if (qm_lasts(m, who->grant) && qm_credit(m, who->client))
			return true;
	}
	return false;
}

const char *qm_rest(const struct model_queue *m)
{
	u32 i, k;

	for (i = 0; i < QM_CONSUMERS; i++) {
		const struct qm_consumer *c = &m->consumers[i];

		for (k = 0; c->used && k < c->leases.n; k++)
			if (m->letters[c->leases.at[k]].deadline <= m->now)
				return "a lease that is over";
	}
	for (i = 0; i < QM_QUEUES; i++) {
		const struct qm_queue *q = &m->queues[i];
		const struct qm_node *dead = dead_node(m, q);

		if (!q->used)
			continue;
		if (q->consumers[QM_GOING].n)
			return "a consumer that goes";
		if (!q->node && !q->beyond.n)
			return "a queue whose node is gone";
		/* Of a queue that is gone they wait for a letter, whose end is told, or a reader's. */
		if (q->beyond.n && can_bury(m, q) && (q->node || (dead && has_reader(m, dead))))
			return "a dead letter that could go";
		if (q->node && next_job(q) >= 0 && can_lease(m, q))
			return "an event that somebody could get";
	}
	return NULL;
}
