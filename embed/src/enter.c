// SPDX-License-Identifier: MIT
#include "enter.h"

#include <limits.h>

#include "arg.h"
#include "client.h"
#include "epoch.h"
#include "futex.h"
#include "kmod/core/cap.h"
#include "kmod/core/mail.h"
#include "kmod/core/turn.h"
#include "kmod/core/work.h"

/* Slots taken under one hold of the lock, as in the module. */
#define TURN_BUDGET	256U

/* what: WN_EVENTFD_*: where something was put */
static void wake(struct wn_embed_client *client, u32 what)
{
	__atomic_add_fetch(client->news, 1, __ATOMIC_SEQ_CST);
	/*
	 * B: news is stored before the waiters are counted and eventfds are looked for; pairs
	 * with A, and with C in eventfd.c.
	 */
	if (__atomic_load_n(client->waiters, __ATOMIC_SEQ_CST))
		wn_embed_wake(client->news, client->remote);
	wn_embed_eventfds_tell(client, what);
}

/* --------------------------------------------------------------- engine */

/* Slots are folded by then; what is mapped stays, for it is one process's memory. */
void wn_embed_revoke_lanes(struct wn_embed_domain *domain)
{
	bool lanes = false;

	while (domain->nr_lanes && wn_caps_touched(domain->core) >= 0)
		lanes = true;
	if (lanes)
		wn_embed_lanes_revoke(domain);
}

/* Who waits for a revocation that the service went on with. Lanes are taken back by then. */
static void release(struct wn_embed_domain *domain)
{
	u32 i;

	domain->held = false;
	for (i = 0; i < domain->bounds.clients; i++) {
		struct wn_embed_client *client = domain->clients[i];

		if (!client || !client->ring.held)
			continue;
		if (!wn_turn_release(domain->core, &client->ring)) {
			domain->held = true;
			continue;
		}
		wake(client, WN_EVENTFD_COMPLETIONS);
		/* What it submitted behind it waited, too, and its owner need not enter again. */
		wn_embed_poller_kick(domain);
	}
}

void wn_embed_deliver(struct wn_embed_domain *domain)
{
	int at;

	/* Also of who lost a right by the end of who gave it. */
	wn_embed_revoke_lanes(domain);
	if (unlikely(domain->held))
		release(domain);
	for (at = wn_mail_waiting(domain->core, 0); at >= 0;
	     at = wn_mail_waiting(domain->core, (u32)at + 1)) {
		struct wn_embed_client *client = domain->clients[at];

		/* Without one the letters go when its number is closed. */
		if (client && wn_mail_pump(domain->core, (u32)at, &client->inbox))
			wake(client, WN_EVENTFD_EVENTS);
	}
	wn_embed_epoch_look(domain);
}

int wn_embed_ask(struct wn_embed_domain *domain, u32 client, u32 index, u32 rights, u64 node,
		 const struct wn_cap **cap, struct wn_now *now)
{
	int at;

	wn_embed_look_at_clock(now);
	at = wn_cap_ask(domain->core, client, index, rights, node, now, cap);
	if (unlikely(at < 0)) {
		wn_caps_publish(domain->core);
		wn_embed_service_kick(domain);
	}
	return at;
}

/* The caller may have freed room for what waits behind its inbox. */
static void collect(struct wn_embed_client *client)
{
	struct wn_embed_domain *domain = client->domain;
	struct wn_now now;

	pthread_mutex_lock(&domain->lock);
	wn_mail_retry(domain->core, client->number);
	wn_embed_deliver(domain);
	/* Subscriptions that found no room see by trying that there is some. */
	if (domain->core->subs.stuck) {
		wn_embed_look_at_clock(&now);
		wn_work_slice(domain->core, &now);
		wn_embed_deliver(domain);
	}
	pthread_mutex_unlock(&domain->lock);
}

/* waits: the caller goes on with a revocation itself, if there is one: *held. */
static u32 turn_locked(struct wn_embed_client *client, u32 max, bool waits, bool *held)
{
	struct wn_embed_domain *domain = client->domain;
	struct wn_now now;
	u32 taken;

	wn_embed_look_at_clock(&now);
	taken = wn_turn_run(domain->core, &client->turn, max, &now);
	wn_embed_revoke_lanes(domain);
	*held = client->ring.held && !wn_turn_release(domain->core, &client->ring);
	if (unlikely(*held && (!waits || !wn_journal_has_room(domain->core)))) {
		/* It is gone on with by the service, when there is room for that. */
		domain->held = true;
		*held = false;
	}
	if (!wn_work_is_quiet(domain->core, &now)) {
		wn_embed_deliver(domain);
		if (wn_work_settle(domain->core, &now))
			wn_embed_service_until(domain, wn_work_quiet_until(domain->core));
		else
			wn_embed_service_kick(domain);
	}
	return taken;
}

/* *more: another turn would find entries that it can take; *held: it has a revocation to go on with. */
static u32 turn(struct wn_embed_client *client, u32 max, bool *more, bool *held)
{
	u32 taken;

	pthread_mutex_lock(&client->domain->lock);
	taken = turn_locked(client, max, true, held);
	*more = client->ring.left;
	pthread_mutex_unlock(&client->domain->lock);
	return taken;
}

/* Whether there is a client at that place in the table, whose entries may be taken. */
static bool is_served(const struct wn_embed_client *client)
{
	return client && wn_embed_client_state(client) == WN_EMBED_ENABLED;
}

bool wn_embed_look(struct wn_embed_domain *domain)
{
	const struct wn_embed_client *client;
	bool found = false;
	u32 i;

	/* Who is in the table has its rings: they go after it left. */
	pthread_mutex_lock(&domain->table);
	for (i = 0; i < domain->bounds.clients && !found; i++) {
		client = domain->clients[i];
		found = is_served(client) && wn_ring_waiting(&client->ring);
	}
	pthread_mutex_unlock(&domain->table);
	return found;
}

u32 wn_embed_sweep(struct wn_embed_domain *domain, u32 *next)
{
	u32 taken = 0, nr = domain->bounds.clients, at, i;
	bool held;

	pthread_mutex_lock(&domain->lock);
	for (i = 0; i < nr && !taken; i++) {
		struct wn_embed_client *client;

		at = *next + i < nr ? *next + i : *next + i - nr;
		client = domain->clients[at];
		if (!is_served(client) || client->ring.held || !wn_ring_pending(&client->ring))
			continue;
		/* One without room for completions takes no turn from the others. */
		taken = turn_locked(client, TURN_BUDGET, false, &held);
		if (taken) {
			wake(client, WN_EVENTFD_COMPLETIONS);
			*next = at + 1 < nr ? at + 1 : 0;
		}
	}
	pthread_mutex_unlock(&domain->lock);
	return taken;
}

void wn_embed_need_wakeup(struct wn_embed_domain *domain, bool need)
{
	u32 i;

	pthread_mutex_lock(&domain->lock);
	domain->polled = !need;
	for (i = 0; i < domain->bounds.clients; i++)
		if (domain->clients[i])
			wn_ring_flag(&domain->clients[i]->ring, WN_KR_F_NEED_WAKEUP, need);
	pthread_mutex_unlock(&domain->lock);
}

static u32 run(struct wn_embed_client *client, u32 max)
{
	u32 taken = 0, left;
	bool more, held;

	/* Not more than one ring full a call: its owner may go on filling it. */
	do {
		left = taken < max ? max - taken : 0;
		taken += turn(client, left < TURN_BUDGET ? left : TURN_BUDGET, &more, &held);
	} while (held || (more && taken < max && taken < client->ring.sq_entries));
	if (taken)
		wake(client, WN_EVENTFD_COMPLETIONS);
	wn_embed_poller_kick(client->domain);
	return taken;
}

/* Whether what is waited for lies there. */
static bool is_enough(const struct wn_embed_client *client, const struct wn_enter *e)
{
	u32 n = wn_ring_published(&client->ring);

	if (e->flags & WN_ENTER_EVENTS)
		n += wn_inbox_unread(&client->inbox);
	return n >= e->min_complete;
}

static int wait(struct wn_embed_client *client, const struct wn_enter *e)
{
	int err = 0;
	u32 seen;

	/* A: counted before news is looked at; pairs with B. */
	__atomic_add_fetch(client->waiters, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		seen = __atomic_load_n(client->news, __ATOMIC_SEQ_CST);
		if (is_enough(client, e) || err)
			break;
		err = wn_embed_sleep(client->news, seen, false,
				     e->deadline == WN_ENTER_NO_DEADLINE ? WN_EMBED_FOR_EVER :
									   e->deadline);
	}
	__atomic_sub_fetch(client->waiters, 1, __ATOMIC_RELAXED);
	return is_enough(client, e) ? 0 : err;
}

int wn_embed_submit(struct wn_embed_client *client, unsigned long max)
{
	if (max > INT_MAX)
		return -EINVAL;
	if (wn_embed_client_state(client) != WN_EMBED_ENABLED)
		return -ENXIO;
	return max ? (int)run(client, (u32)max) : 0;
}

int wn_embed_enter(struct wn_embed_client *client, void *arg)
{
	struct wn_enter e = {};
	int caller = wn_embed_arg_get(&e, sizeof(e), sizeof(e), arg), err = 0;
	u32 taken = 0;

	if (caller < 0)
		return caller;
	if (e.flags & ~WN_ENTER_EVENTS || e.reserved || e.deadline > LLONG_MAX)
		return -EINVAL;
	if (wn_embed_client_state(client) != WN_EMBED_ENABLED)
		return -ENXIO;
	if (e.min_complete > client->ring.cq_entries)
		return -EINVAL;
	if (e.to_submit)
		taken = run(client, e.to_submit);
	if (READ_ONCE(client->ring.kern->flags) & WN_KR_F_BACKLOG)
		collect(client);
	/* Another process waits for itself, in its own pages. */
	if (e.min_complete && !client->remote)
		err = wait(client, &e);
	e.completed = wn_ring_published(&client->ring);
	if (taken || !err)
		wn_embed_arg_put(&e, sizeof(e), (u32)caller, arg);
	/* Progress beats error. */
	return taken ? (int)taken : err;
}
