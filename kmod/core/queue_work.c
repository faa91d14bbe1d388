// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* What queues do between ops: leases are given, leases end, what is left of the dead is cleared. */
#include "queue.h"

#include "cap.h"
#include "core.h"
#include "node.h"
#include "queue_own.h"
#include "reader.h"

/* The job that is next: of the highest priority, but each 16th of the lowest. */
static u32 next_job(const struct wn_core *core, const struct wn_queue *q)
{
	const bool low = q->served % 16 == 15;
	u32 i, p;

	for (i = 0; i < WN_PRIORITIES; i++) {
		p = low ? i : WN_PRIORITIES - 1 - i;
		if (!wn_list_is_empty(core->tx, &q->waiting[p]))
			return wn_job_first(core, &q->waiting[p]);
	}
	return 0;
}

static u8 tries_flag(u8 tries)
{
	return tries ? WN_EV_F_REDELIVERED | WN_EV_TRIES_FLAG(tries < 15 ? tries : 15) : 0;
}

/* Lease a job to the first consumer that has credit, if its backlog has room. */
static void lease(struct wn_core *core, struct wn_queue *q, u32 at, const struct wn_now *now)
{
	const u32 who = wn_consumer_first(core, &q->consumers[WN_CONSUMER_READY]);
	struct wn_consumer *c = wn_consumer(core, who);
	struct wn_job *j = wn_job(core, at);
	const struct wn_letter *letter = wn_mail_letter(&core->mail, at);
	struct wn_event event = wn_mail_open_letter(core, letter);
	s64 err;

	if (!wn_cap_lasts(core, c->cap, now)) {
		wn_consumer_retire(core, who);
		return;
	}
	event.kind = WN_EV_LEASE;
	/* What it went through in another queue is over, but that it did. */
	event.flags &= ~WN_EV_TRIES_FLAG(15);
	event.flags |= tries_flag(j->tries);
	core->mail.cap = letter->cap;
	err = wn_mail_tell(core, c->client, &event);
	core->mail.cap = 0;
	if (err) {
		q->passed++;
		wn_consumer_place(core, who, WN_CONSUMER_READY);
		return;
	}
	q->passed = 0;
	q->served++;
	wn_list_drop(core->tx, &j->link);
	wn_list_push(core->tx, &c->leases, &j->link);
	j->consumer = who;
	j->deadline = now->boottime + q->lease;
	if (!wn_wheel_has(&c->due))
		wn_wheel_add(&core->wheel, &c->due, j->deadline, WN_DUE_LEASE, who);
	c->leased++;
	wn_consumer_place(core, who,
			  c->leased == c->credit ? WN_CONSUMER_BUSY : WN_CONSUMER_READY);
}

/*
 * One job that has had enough goes to the dead-letter node's reader, whatever it holds. If
 * that is a queue it goes within its share, or all queues together would leave no letter for
 * a lease; and a job is named by its node, and by a stamp that no other has there.
 */
static void bury(struct wn_core *core, struct wn_queue *q, const struct wn_now *now)
{
	const u32 at = wn_job_first(core, &q->beyond);
	struct wn_job *j = wn_job(core, at);
	struct wn_event event = wn_mail_open_letter(core, wn_mail_letter(&core->mail, at));
	const int node = wn_node_find(core, q->dead);
	s64 err = node;

	if (node >= 0) {
		event.flags &= ~WN_EV_TRIES_FLAG(15);
		event.flags |= tries_flag(j->tries);
		if (wn_queue_of(core, (u32)node)) {
			event.node = q->dead;
			event.hlc = wn_core_stamp(core, now);
		}
		core->mail.cap = wn_mail_letter(&core->mail, at)->cap;
		err = wn_reader_send(core, (u32)node, &event, WN_MAIL_ENGINE, now);
		core->mail.cap = 0;
	}
	if (err == -ENOBUFS || (err == -ENOLINK && q->node)) {
		q->stuck = true;
		return;
	}
	wn_list_drop(core->tx, &j->link);
	if (!err || !q->node) {
		if (err)
			wn_core_count(core, WN_STAT_DROPPED, 1);
		wn_job_drop(core, at);
		return;
	}
	/* There is no such node any more: it waits again, without a limit. */
	wn_list_push(core->tx, &q->waiting[event.priority], &j->link);
	q->tries = 0;
	q->dead = 0;
}

/* One lease of a consumer that goes, the last first so that they wait in their order. */
static void let_go(struct wn_core *core, struct wn_queue *q)
{
	struct wn_queues *qs = &core->queues;
	const u32 who = wn_consumer_first(core, &q->consumers[WN_CONSUMER_GOING]);
	struct wn_consumer *c = wn_consumer(core, who);
	const u32 last = wn_job_by(core, wn_list_last(core->tx, &c->leases));

	if (last) {
		wn_job_give_back(core, last);
		return;
	}
	wn_list_drop(core->tx, &c->mate);
	wn_bug_on(wn_tx_free(core->tx, &qs->consumer_pool,
			     wn_pool_handle(&qs->consumer_pool, who - 1)));
}

/* A step of clearing up behind a node that was destroyed; false: the queue is gone. */
static bool clear(struct wn_core *core, struct wn_queue *q, u32 number)
{
	struct wn_queues *qs = &core->queues;
	const u32 at = next_job(core, q);
	u32 where, who;

	for (where = WN_CONSUMER_READY; where <= WN_CONSUMER_BUSY; where++) {
		who = wn_consumer_first(core, &q->consumers[where]);
		if (who) {
			wn_consumer_retire(core, who);
			return true;
		}
	}
	if (at) {
		wn_list_drop(core->tx, &wn_job(core, at)->link);
		wn_list_push(core->tx, &q->beyond, &wn_job(core, at)->link);
		return true;
	}
	wn_bug_on(q->held);
	wn_bug_on(wn_tx_free(core->tx, &qs->queue_pool,
			     wn_pool_handle(&qs->queue_pool, number - 1)));
	return false;
}

static void mark(u64 *words, u32 number, bool on)
{
	u64 *word = &words[(number - 1) / 64];
	const u64 bit = 1ULL << ((number - 1) % 64);

	*word = on ? *word | bit : *word & ~bit;
}

/* One step for a queue that is awake. */
static void step(struct wn_core *core, u32 number, const struct wn_now *now)
{
	struct wn_queues *qs = &core->queues;
	struct wn_queue *q = &qs->queues[number - 1];
	bool beyond;
	u32 at;

	if (q->pokes != qs->pokes) {
		q->pokes = qs->pokes;
		q->passed = 0;
		q->stuck = false;
	}
	if (!wn_list_is_empty(core->tx, &q->consumers[WN_CONSUMER_GOING])) {
		let_go(core, q);
		return;
	}
	beyond = !wn_list_is_empty(core->tx, &q->beyond);
	if (beyond && !q->stuck) {
		bury(core, q, now);
		return;
	}
	at = next_job(core, q);
	if (!q->node && (at || !beyond)) {
		if (!clear(core, q, number))
			mark(qs->awake, number, false);
		return;
	}
	if (q->node && at && q->passed < q->nr_ready) {
		lease(core, q, at, now);
		return;
	}
	mark(qs->awake, number, false);
	if (q->stuck || (at && q->nr_ready))
		mark(qs->asleep, number, true);
}

/* The first that is awake at or behind @from; 0: none. */
static u32 find_awake(const struct wn_queues *qs, u32 from)
{
	u64 bits = qs->awake[from / 64] & ~0ULL << (from % 64);
	u32 i;

	for (i = from / 64; !bits && ++i < qs->words; )
		bits = qs->awake[i];
	return bits ? i * 64 + wn_ffs64(bits) + 1 : 0;
}

void wn_queue_due(struct wn_core *core, u32 who, const struct wn_now *now)
{
	struct wn_consumer *c = wn_consumer(core, who);
	u32 at, n;

	for (n = 0; n <= WN_CREDIT_MAX; n++) {
		at = wn_job_first(core, &c->leases);
		if (!at)
			return;
		if (wn_job(core, at)->deadline > now->boottime)
			break;
		wn_job_give_back(core, at);
	}
	wn_wheel_add(&core->wheel, &c->due, wn_job(core, at)->deadline, WN_DUE_LEASE, who);
}

u32 wn_queue_slice(struct wn_core *core, u32 steps, const struct wn_now *now)
{
	struct wn_queues *qs = &core->queues;
	u32 taken, number;

	wn_tx_begin(core->tx, false);
	for (taken = 0; taken < steps; taken++) {
		number = find_awake(qs, qs->turn);
		if (!number)
			number = find_awake(qs, 0);
		if (!number)
			break;
		step(core, number, now);
		qs->turn = number == qs->words * 64 ? 0 : number;
	}
	return taken;
}

bool wn_queue_has_work(const struct wn_core *core)
{
	return find_awake(&core->queues, 0);
}
