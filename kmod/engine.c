// SPDX-License-Identifier: GPL-2.0-only
#include "engine.h"
#include "main.h"

#include <linux/minmax.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>

#include "client.h"
#include "core/cap.h"
#include "core/journal.h"
#include "core/turn.h"
#include "core/work.h"
#include "domain.h"
#include "trace.h"
#include "wait.h"

/*
 * Entries taken under one hold of the lock, beside the core's bound on steps: a
 * client with a long ring lets the others in between.
 */
#define WN_TURN_BUDGET	256U

static struct workqueue_struct *queue;

/* One look at the clock for both: reading the hardware is the dear part. */
void wn_engine_now(struct wn_now *now)
{
	const ktime_t mono = ktime_get();

	now->realtime = ktime_to_ns(ktime_mono_to_any(mono, TK_OFFS_REAL));
	now->boottime = ktime_to_ns(ktime_mono_to_any(mono, TK_OFFS_BOOT));
}

void wn_engine_queue(struct work_struct *work)
{
	queue_work(queue, work);
}

/* ----------------------------------------------------- what ops leave */

/* What ops sent goes to the inboxes that have room. */
static void deliver(struct wn_domain *domain)
{
	int at;

	for (at = wn_mail_waiting(domain->core, 0); at >= 0;
	     at = wn_mail_waiting(domain->core, at + 1)) {
		struct wn_client *client = domain->clients[at];

		/* Without one the letters go when its number is closed. */
		if (client && wn_mail_pump(domain->core, at, &client->inbox))
			wn_wake(client, EPOLLPRI | EPOLLRDBAND);
	}
}

/*
 * What clients lost by a revocation is taken back, then who revoked it is told. False:
 * more is left.
 */
static bool take_back(struct wn_domain *domain, const struct wn_now *now)
{
	u32 i;

	if (!wn_revoke_run(domain, now))
		return false;
	if (!domain->held)
		return true;
	domain->held = false;
	for (i = 0; i < domain->bounds.clients; i++) {
		struct wn_client *client = domain->clients[i];

		if (!client || !client->ring.held)
			continue;
		if (!wn_turn_release(domain->core, &client->ring)) {
			domain->held = true;
			continue;
		}
		wn_wake(client, EPOLLIN | EPOLLRDNORM);
		/* What it submitted behind it waited, too, and its owner need not enter again. */
		wn_poller_call(domain);
	}
	return true;
}

static void set_due(struct wn_domain *domain, u64 at)
{
	domain->due = at;
	if (!at)
		queue_work(queue, &domain->work);
	else if (at != WN_NEVER)
		hrtimer_start(&domain->timer, ns_to_ktime(min_t(u64, at, KTIME_MAX)),
			      HRTIMER_MODE_ABS);
}

/*
 * The end of each hold of the lock that changed something: mail goes out, and a
 * work item does what is left, now or when it comes due. The work item may be
 * queued already, the timer run already: then it finds nothing.
 */
static void settle(struct wn_domain *domain, const struct wn_now *now)
{
	bool taken_back;
	u64 at;

	lockdep_assert_held(&domain->lock);

	if (unlikely(atomic_read(&domain->woken)))
		wn_core_count(domain->core, WN_STAT_WAKEUPS, atomic_xchg(&domain->woken, 0));
	if (wn_work_is_quiet(domain->core, now) && !domain->held && !domain->revoke.busy &&
	    likely(now->boottime < domain->revoke.due))
		return;
	taken_back = take_back(domain, now);
	deliver(domain);
	if (unlikely(!list_empty(&domain->epochs.sleepers)))
		wn_epochs_look(domain);
	if (unlikely(!wn_journal_has_room(domain->core))) {
		/*
		 * The core can do nothing before it is taken out: then it comes here again.
		 * What is mapped, and ends, is no input of it.
		 */
		at = domain->revoke.due;
	} else {
		if (wn_work_settle(domain->core, now))
			at = wn_work_quiet_until(domain->core);
		else
			at = wn_work_waits(domain->core) ? 0 : wn_core_next_deadline(domain->core);
		at = min(at, domain->revoke.due);
		if (at <= now->boottime)
			at = 0;
	}
	if (!taken_back)
		at = 0;
	if (at == domain->due || domain->ended)
		return;
	set_due(domain, at);
}

void wn_engine_expires(struct wn_domain *domain, u64 at)
{
	lockdep_assert_held(&domain->lock);

	if (!at || at >= domain->revoke.due)
		return;
	domain->revoke.due = at;
	if (at < domain->due && !domain->ended)
		set_due(domain, at);
}

static enum hrtimer_restart come_due(struct hrtimer *timer)
{
	queue_work(queue, &container_of(timer, struct wn_domain, timer)->work);
	return HRTIMER_NORESTART;
}

/* One part a time: between them callers have their turns. */
static void work(struct work_struct *item)
{
	struct wn_domain *domain = container_of(item, struct wn_domain, work);
	struct wn_now now;

	mutex_lock(&domain->lock);
	wn_engine_now(&now);
	domain->due = WN_NEVER;
	wn_work_slice(domain->core, &now);
	settle(domain, &now);
	mutex_unlock(&domain->lock);
}

void wn_engine_settle(struct wn_domain *domain)
{
	struct wn_now now;

	wn_engine_now(&now);
	settle(domain, &now);
}

int wn_engine_ask(struct wn_domain *domain, u32 client, u32 index, u32 rights, u64 node,
		  const struct wn_cap **cap, struct wn_now *now)
{
	int at;

	lockdep_assert_held(&domain->lock);

	wn_engine_now(now);
	at = wn_cap_ask(domain->core, client, index, rights, node, now, cap);
	if (unlikely(at < 0)) {
		wn_caps_publish(domain->core);
		settle(domain, now);
	}
	return at;
}

void wn_engine_begin(struct wn_domain *domain)
{
	INIT_WORK(&domain->work, work);
	hrtimer_init(&domain->timer, CLOCK_BOOTTIME, HRTIMER_MODE_ABS);
	domain->timer.function = come_due;
	domain->due = WN_NEVER;
}

void wn_engine_end(struct wn_domain *domain)
{
	mutex_lock(&domain->lock);
	domain->ended = true;	/* nothing is armed or queued again */
	mutex_unlock(&domain->lock);
	hrtimer_cancel(&domain->timer);
	cancel_work_sync(&domain->work);
}

/* --------------------------------------------------------------- turns */

static u32 turn_locked(struct wn_client *client, u32 max)
{
	struct wn_domain *domain = client->domain;
	struct wn_now now;
	u32 taken;

	lockdep_assert_held(&domain->lock);

	wn_engine_now(&now);
	if (trace_wn_submit_enabled())
		trace_wn_submit(domain->id, client->number, wn_ring_pending(&client->ring));
	taken = wn_turn_run(domain->core, &client->turn, max, &now);
	domain->held |= client->ring.held;
	settle(domain, &now);
	return taken;
}

/*
 * *more: another turn would find entries that it can take. *held: what it took has
 * revoked something, which another turn goes on with.
 */
static u32 turn(struct wn_client *client, u32 max, bool *more, bool *held)
{
	struct wn_domain *domain = client->domain;
	u32 taken = 0;

	*more = *held = false;
	mutex_lock(&domain->lock);
	/* It may have died since the caller looked. */
	if (likely(domain->clients[client->number] == client)) {
		taken = turn_locked(client, max);
		*more = client->ring.left;
		/* Without room in the journal it is not gone on with before there is some. */
		*held = client->ring.held && wn_journal_has_room(domain->core);
	}
	mutex_unlock(&domain->lock);
	return taken;
}

/* Whether there is a client at that place in the table, whose entries may be taken. */
static bool is_served(const struct wn_client *client)
{
	/* Acquire: number and all else are there, see client.h. */
	return client && smp_load_acquire(&client->state) == WN_CLIENT_ENABLED;
}

bool wn_engine_look(struct wn_domain *domain)
{
	const struct wn_client *client;
	bool found = false;
	u32 i;

	/* Who is in the table has its rings: they go after it left. */
	spin_lock(&domain->table);
	for (i = 0; i < domain->bounds.clients && !found; i++) {
		client = domain->clients[i];
		found = is_served(client) && wn_ring_waiting(&client->ring);
	}
	spin_unlock(&domain->table);
	return found;
}

/* Whether a client in the table has entries that may be taken. */
static bool has_entries(const struct wn_client *client)
{
	return is_served(client) && !client->ring.held && wn_ring_pending(&client->ring);
}

u32 wn_engine_sweep(struct wn_domain *domain, u32 *next)
{
	u32 taken = 0, nr = domain->bounds.clients, at, i;

	mutex_lock(&domain->lock);
	for (i = 0; i < nr && !taken; i++) {
		struct wn_client *client;

		at = *next + i < nr ? *next + i : *next + i - nr;
		client = domain->clients[at];
		/* One without room for completions takes no turn from the others. */
		if (has_entries(client))
			taken = turn_locked(client, WN_TURN_BUDGET);
		if (taken) {
			wn_wake(client, EPOLLIN | EPOLLRDNORM);
			*next = at + 1 < nr ? at + 1 : 0;
			break;
		}
	}
	mutex_unlock(&domain->lock);
	return taken;
}

void wn_engine_need_wakeup(struct wn_domain *domain, bool need)
{
	u32 i;

	mutex_lock(&domain->lock);
	domain->polled = !need;
	for (i = 0; i < domain->bounds.clients; i++)
		if (domain->clients[i])
			wn_ring_flag(&domain->clients[i]->ring, WN_KR_F_NEED_WAKEUP, need);
	mutex_unlock(&domain->lock);
}

u32 wn_engine_run(struct wn_client *client, u32 max)
{
	u32 taken = 0;
	bool more, held;

	do {
		/*
		 * It ends early after so many steps; a wide entry at its end may take
		 * one slot more than was asked for.
		 */
		taken += turn(client, taken < max ? min(max - taken, WN_TURN_BUDGET) : 0, &more,
			      &held);
		cond_resched();
		/*
		 * Not more than one ring full a call: its owner may go on filling it. A
		 * revocation is gone through with, a part for each hold of the lock.
		 */
	} while ((held || (more && taken < max && taken < client->ring.sq_entries)) &&
		 !fatal_signal_pending(current));

	if (taken)
		wn_wake(client, EPOLLIN | EPOLLRDNORM);
	wn_poller_kick(client->domain);
	return taken;
}

void wn_engine_collect(struct wn_client *client)
{
	struct wn_domain *domain = client->domain;
	struct wn_now now;

	mutex_lock(&domain->lock);
	if (domain->clients[client->number] == client) {
		wn_engine_now(&now);
		wn_mail_retry(domain->core, client->number);
		deliver(domain);
		/* Subscriptions that found no room see by trying that there is some. */
		if (wn_work_may_wait(domain->core, &now))
			wn_work_slice(domain->core, &now);
		settle(domain, &now);
	}
	mutex_unlock(&domain->lock);
}

int wn_engine_init(void)
{
	queue = alloc_workqueue("worknode", WQ_UNBOUND | WQ_FREEZABLE, 0);
	return queue ? 0 : -ENOMEM;
}

void wn_engine_exit(void)
{
	destroy_workqueue(queue);
}
