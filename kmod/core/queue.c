// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "queue.h"

#include "cap.h"
#include "core.h"
#include "node.h"
#include "queue_own.h"
#include "reader.h"

wn_static_assert(sizeof(struct wn_job) == 24);
wn_static_assert(sizeof(struct wn_consumer) == 64);
/* A list of jobs or mates leads to their records. */
wn_static_assert(__builtin_offsetof(struct wn_job, link) == 0);
wn_static_assert(__builtin_offsetof(struct wn_consumer, mate) == 0);

u32 wn_queues_consumers(const struct wn_bounds *bounds)
{
	return 4 * bounds->clients;
}

int wn_queues_init(struct wn_queues *q, const struct wn_queues_memory *memory,
		   const struct wn_bounds *bounds)
{
	q->jobs = memory->jobs;
	q->consumers = memory->consumers;
	q->queues = memory->queues;
	q->of_client = memory->of_client;
	q->awake = memory->awake;
	q->asleep = memory->asleep;
	q->words = (bounds->clients + 63) / 64;
	if (wn_pool_init(&q->queue_pool, memory->queue_pool, bounds->clients))
		return -EINVAL;
	return wn_pool_init(&q->consumer_pool, memory->consumer_pool, wn_queues_consumers(bounds));
}

static void wake(struct wn_core *core, u32 number)
{
	u64 *word = &core->queues.awake[(number - 1) / 64];

	WN_TX_SET(core->tx, *word, *word | 1ULL << ((number - 1) % 64));
}

u32 wn_queue_of(const struct wn_core *core, u32 index)
{
	const struct wn_node_own *own = &core->own[index];

	return own->reader_cap == WN_READER_QUEUE ? own->reader : 0;
}

/* ---- jobs */

/* What senders have in a queue is counted as what they have in a backlog. */
static u32 reader_of(const struct wn_core *core, u32 number)
{
	return core->bounds.clients + number - 1;
}

s64 wn_queue_check(const struct wn_core *core, u32 number, const struct wn_event *event, u32 n,
		   u32 flags)
{
	const u32 held = wn_queue(core, number)->held;
	const u32 share = (wn_mail_left(&core->mail) + held) / 2;
	u32 room = share > held ? share - held : 0;

	if (event->kind != WN_EV_USER && event->kind != WN_EV_TIMER)
		return -EOPNOTSUPP;
	if (!flags)
		room = wn_mail_allowance(core, reader_of(core, number), room);
	return n <= room ? 0 : -ENOBUFS;
}

void wn_queue_post(struct wn_core *core, u32 number, const struct wn_event *event)
{
	struct wn_queue *q = wn_queue(core, number);
	const u32 at = wn_mail_take(core);
	struct wn_letter *l = wn_mail_letter(&core->mail, at);
	struct wn_job *j = wn_job(core, at);

	core->tx->steps++;
	l->event = *event;
	l->cap = core->mail.cap;
	l->life = 0;	/* in no client's backlog */
	l->client = 0;
	l->next = 0;
	wn_tx_save(core->tx, j, sizeof(*j) / sizeof(u64));
	*j = (struct wn_job){ .queue = number };
	wn_list_push(core->tx, &q->waiting[event->priority], &j->link);
	wn_mail_count(core, reader_of(core, number), l->cap, 1);
	WN_TX_SET(core->tx, q->held, q->held + 1);
	wake(core, number);
}

void wn_job_drop(struct wn_core *core, u32 at)
{
	struct wn_job *j = wn_job(core, at);
	struct wn_queue *q = wn_queue(core, j->queue);

	wn_mail_count(core, reader_of(core, j->queue), wn_mail_letter(&core->mail, at)->cap, -1u);
	WN_TX_SET(core->tx, q->held, q->held - 1);
	WN_TX_SET(core->tx, j->queue, 0);
	wn_mail_give(core, at);
	wn_queue_poke(core);
}

void wn_consumer_place(struct wn_core *core, u32 number, u8 where)
{
	struct wn_consumer *c = wn_consumer(core, number);
	struct wn_queue *q = wn_queue(core, c->queue);

	wn_list_drop(core->tx, &c->mate);
	wn_list_push(core->tx, &q->consumers[where], &c->mate);
	WN_TX_SET(core->tx, q->nr_ready, q->nr_ready - (c->where == WN_CONSUMER_READY) +
					 (where == WN_CONSUMER_READY));
	/* Who comes may have room; who goes was perhaps one of those tried in vain. */
	if (c->where != where)
		WN_TX_SET(core->tx, q->passed, 0);
	WN_TX_SET(core->tx, c->where, where);
}

/* The lease of a job ends; it is in no list then. */
static void unlease(struct wn_core *core, u32 at)
{
	struct wn_job *j = wn_job(core, at);
	struct wn_consumer *c = wn_consumer(core, j->consumer);

	wn_list_drop(core->tx, &j->link);
	WN_TX_SET(core->tx, c->leased, c->leased - 1);
	if (c->where == WN_CONSUMER_BUSY)
		wn_consumer_place(core, j->consumer, WN_CONSUMER_READY);
	WN_TX_SET(core->tx, j->consumer, 0);
	wake(core, j->queue);
}

/* It ends without an ACK: the job is the first of those that wait again, or has had enough. */
void wn_job_give_back(struct wn_core *core, u32 at)
{
	struct wn_job *j = wn_job(core, at);
	struct wn_queue *q = wn_queue(core, j->queue);

	unlease(core, at);
	if (j->tries != 0xff)
		WN_TX_SET(core->tx, j->tries, j->tries + 1);
	if (q->tries && j->tries > q->tries)
		wn_list_push(core->tx, &q->beyond, &j->link);
	else
		wn_list_unshift(core->tx, &q->waiting[wn_job_priority(core, at)], &j->link);
}

/* ---- consumers */

static const struct wn_consumer *by_sibling(const struct wn_link *link)
{
	return (const struct wn_consumer *)((const u8 *)link -
					    __builtin_offsetof(struct wn_consumer, sibling));
}

/* The client's consumer of a queue, or 0: at most WN_QUEUES_CLIENT_MAX steps. */
static u32 consumer_of(struct wn_core *core, u32 number, u32 client, u32 *seen)
{
	const struct wn_link *list = &core->queues.of_client[client], *at;
	u32 n = 0;

	for (at = wn_list_first(core->tx, list); at && !wn_bug_on(n > WN_QUEUES_CLIENT_MAX);
	     at = wn_list_next(core->tx, list, at), n++) {
		core->tx->steps++;
		if (by_sibling(at)->queue == number)
			return wn_consumer_by(core, &by_sibling(at)->mate);
	}
	if (seen)
		*seen = n;
	return 0;
}

void wn_consumer_retire(struct wn_core *core, u32 number)
{
	struct wn_consumer *c = wn_consumer(core, number);

	wn_list_drop(core->tx, &c->sibling);
	wn_wheel_del(&core->wheel, &c->due);
	wn_consumer_place(core, number, WN_CONSUMER_GOING);
	wake(core, c->queue);
}

static void join(struct wn_core *core, u32 number, u32 client, const struct wn_queue_terms *terms)
{
	struct wn_queues *qs = &core->queues;
	struct wn_queue *q = wn_queue(core, number);
	const u32 at = wn_handle_index(wn_tx_alloc(core->tx, &qs->consumer_pool)) + 1;
	struct wn_consumer *c = wn_consumer(core, at);

	wn_tx_save(core->tx, c, sizeof(*c) / sizeof(u64));
	*c = (struct wn_consumer){
		.client = client, .queue = number, .credit = terms->credit, .cap = terms->cap,
	};
	wn_list_push(core->tx, &q->consumers[WN_CONSUMER_READY], &c->mate);
	wn_list_push(core->tx, &qs->of_client[client], &c->sibling);
	WN_TX_SET(core->tx, q->nr_ready, q->nr_ready + 1);
	WN_TX_SET(core->tx, q->passed, 0);
	wake(core, number);
}

static u32 make(struct wn_core *core, u32 index, const struct wn_queue_terms *terms)
{
	struct wn_node_own *own = &core->own[index];
	const u32 number = wn_handle_index(wn_tx_alloc(core->tx, &core->queues.queue_pool)) + 1;
	struct wn_queue *q = wn_queue(core, number);

	wn_tx_save(core->tx, q, sizeof(*q) / sizeof(u64));
	*q = (struct wn_queue){
		.node = wn_node(core, index)->handle,
		.dead = terms->dead,
		.lease = terms->lease,
		.tries = terms->tries,
	};
	WN_TX_SET(core->tx, own->reader, number);
	WN_TX_SET(core->tx, own->reader_cap, WN_READER_QUEUE);
	return number;
}

static bool fits(const struct wn_queue *q, const struct wn_queue_terms *terms)
{
	return (!terms->lease || terms->lease == q->lease) &&
	       (!terms->dead || terms->dead == q->dead) &&
	       (!terms->tries || terms->tries == q->tries);
}

s64 wn_queue_bind(struct wn_core *core, u32 index, u32 client, const struct wn_queue_terms *terms)
{
	struct wn_queues *qs = &core->queues;
	u32 number = wn_queue_of(core, index), seen = 0, old = 0;

	if (terms->lease > WN_LEASE_NS_MAX || terms->credit > WN_CREDIT_MAX)
		return -EINVAL;
	if (number) {
		old = consumer_of(core, number, client, NULL);
		if (!fits(wn_queue(core, number), terms) ||
		    (old && wn_cap_lasts(core, wn_consumer(core, old)->cap, terms->now)))
			return -EBUSY;
	} else if (wn_reader_of(core, index, terms->now) >= 0) {
		return -EBUSY;
	} else if (!terms->lease || !terms->tries != !terms->dead ||
		   terms->dead == wn_node(core, index)->handle) {
		return -EINVAL;
	}
	if (terms->credit) {
		consumer_of(core, 0, client, &seen);
		if (seen - !!old >= WN_QUEUES_CLIENT_MAX || wn_pool_is_full(&qs->consumer_pool))
			return -ENOSPC;
	}
	if (!number && wn_pool_is_full(&qs->queue_pool))
		return -ENOSPC;
	if (!number)
		number = make(core, index, terms);
	if (old)
		wn_consumer_retire(core, old);
	if (terms->credit)
		join(core, number, client, terms);
	wn_queue_poke(core);
	return 0;
}

s64 wn_queue_leave(struct wn_core *core, u32 number, u32 client)
{
	const u32 at = consumer_of(core, number, client, NULL);

	if (!at)
		return -ENOENT;
	wn_consumer_retire(core, at);
	return 0;
}

/* Its node is no longer that; what is left is cleared up between ops. */
static void orphan(struct wn_core *core, u32 number)
{
	WN_TX_SET(core->tx, wn_queue(core, number)->node, 0);
	wake(core, number);
}

s64 wn_queue_end(struct wn_core *core, u32 index)
{
	const u32 number = wn_queue_of(core, index);
	const struct wn_queue *q = wn_queue(core, number);
	u32 i;

	if (q->held)
		return -EBUSY;
	for (i = 0; i < 3; i++)
		if (!wn_list_is_empty(core->tx, &q->consumers[i]))
			return -EBUSY;
	orphan(core, number);
	WN_TX_SET(core->tx, core->own[index].reader, 0);
	WN_TX_SET(core->tx, core->own[index].reader_cap, 0);
	return 0;
}

s64 wn_queue_settle(struct wn_core *core, u32 number, u32 client, u64 stamp, bool done)
{
	const u32 mine = consumer_of(core, number, client, NULL);
	const struct wn_link *list, *link;
	u32 at = 0, n;

	if (!mine)
		return -ESTALE;
	list = &wn_consumer(core, mine)->leases;
	link = wn_list_first(core->tx, list);
	for (n = 0; link && !wn_bug_on(n == WN_CREDIT_MAX); n++) {
		core->tx->steps++;
		at = wn_job_by(core, link);
		if (wn_mail_letter(&core->mail, at)->event.hlc == stamp)
			break;
		at = 0;
		link = wn_list_next(core->tx, list, link);
	}
	if (!at)
		return -ESTALE;
	if (!done) {
		wn_job_give_back(core, at);
		return 0;
	}
	unlease(core, at);
	wn_job_drop(core, at);
	return 0;
}

void wn_queue_node_gone(struct wn_core *core, u32 index)
{
	const u32 number = wn_queue_of(core, index);

	/* It may be the dead-letter node of some, which wait for a reader there. */
	wn_queue_poke(core);
	if (number)
		orphan(core, number);
}

void wn_queue_client_gone(struct wn_core *core, u32 client)
{
	const struct wn_link *list = &core->queues.of_client[client], *first;
	u32 n;

	for (n = 0; n <= WN_QUEUES_CLIENT_MAX; n++) {
		first = wn_list_first(core->tx, list);
		if (!first)
			break;
		wn_consumer_retire(core, wn_consumer_by(core, &by_sibling(first)->mate));
	}
}

void wn_queue_poke(struct wn_core *core)
{
	struct wn_queues *qs = &core->queues;
	u64 any = 0;
	u32 i;

	for (i = 0; i < qs->words; i++) {
		if (qs->asleep[i]) {
			WN_TX_SET(core->tx, qs->awake[i], qs->awake[i] | qs->asleep[i]);
			WN_TX_SET(core->tx, qs->asleep[i], 0);
		}
		/* Who is awake may have tried some in vain already, and this was for one of them. */
		any |= qs->awake[i];
	}
	if (any)
		WN_TX_SET(core->tx, qs->pokes, qs->pokes + 1);
}
