// SPDX-License-Identifier: MIT
#include "enter.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "arg.h"
#include "client.h"
#include "kmod/core/mail.h"
#include "kmod/core/turn.h"
#include "kmod/core/work.h"

/* Slots taken under one hold of the lock, as in the module. */
#define TURN_BUDGET	256U

/* Parts of work between ops that one who did not come for it does. */
#define WORK_PARTS	4U

static u64 clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

static void look_at_clock(struct wn_now *now)
{
	now->realtime = clock_ns(CLOCK_REALTIME);
	now->boottime = clock_ns(CLOCK_BOOTTIME);
}

/* ------------------------------------------------------------- sleeping */

static int futex(u32 *word, int op, u32 value, const struct timespec *until)
{
	int saved = errno, err;

	err = syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, until, NULL,
		      FUTEX_BITSET_MATCH_ANY) < 0 ? -errno : 0;
	errno = saved;
	return err;
}

/* Futexes know no clock that runs during suspend: late by that, never early. */
static struct timespec monotonic(u64 deadline)
{
	const u64 boot = clock_ns(CLOCK_BOOTTIME);
	const u64 at = clock_ns(CLOCK_MONOTONIC) + (deadline > boot ? deadline - boot : 0);

	return (struct timespec){ .tv_sec = (time_t)(at / 1000000000),
				  .tv_nsec = (long)(at % 1000000000) };
}

/* Sleep until news is no longer what it was: 0 (or for no reason), -ETIME, -EINTR. */
static int sleep_on(struct wn_embed_client *client, u32 seen, u64 deadline)
{
	struct timespec until;
	int err;

	if (deadline != WN_ENTER_NO_DEADLINE)
		until = monotonic(deadline);
	err = futex(&client->news, FUTEX_WAIT_BITSET, seen,
		    deadline != WN_ENTER_NO_DEADLINE ? &until : NULL);
	if (err == -ETIMEDOUT)
		return clock_ns(CLOCK_BOOTTIME) >= deadline ? -ETIME : 0;
	return err == -EINTR ? err : 0;
}

static void wake(struct wn_embed_client *client)
{
	__atomic_add_fetch(&client->news, 1, __ATOMIC_SEQ_CST);
	/* B: news is stored before the waiters are counted; pairs with A. */
	if (__atomic_load_n(&client->waiters, __ATOMIC_SEQ_CST))
		futex(&client->news, FUTEX_WAKE_BITSET, INT_MAX, NULL);
}

/* --------------------------------------------------------------- engine */

/* Mail that the ops before made goes out; under the domain's lock. */
static void deliver(struct wn_embed_domain *domain)
{
	int at;

	for (at = wn_mail_waiting(domain->core, 0); at >= 0;
	     at = wn_mail_waiting(domain->core, (u32)at + 1)) {
		struct wn_embed_client *client = domain->clients[at];

		/* Without one the letters go when its number is closed. */
		if (client && wn_mail_pump(domain->core, (u32)at, &client->inbox))
			wake(client);
	}
}

/*
 * What ops leave to be done between them: so many parts by whoever entered, the rest
 * by whoever waits next. True: more is left.
 */
static bool work(struct wn_embed_domain *domain, u32 parts)
{
	struct wn_now now;
	bool more = true;

	while (parts-- && more) {
		pthread_mutex_lock(&domain->lock);
		more = wn_work_waits(domain->core);
		if (more) {
			look_at_clock(&now);
			more = wn_work_slice(domain->core, &now);
			deliver(domain);
		}
		pthread_mutex_unlock(&domain->lock);
	}
	return more;
}

/* Wake one who waits: he goes on with the work. If nobody waits, nobody misses it. */
static void hand_on(struct wn_embed_domain *domain)
{
	u32 i;

	pthread_mutex_lock(&domain->lock);
	for (i = 0; i < domain->bounds.clients; i++) {
		struct wn_embed_client *client = domain->clients[i];

		if (client && __atomic_load_n(&client->waiters, __ATOMIC_SEQ_CST)) {
			wake(client);
			break;
		}
	}
	pthread_mutex_unlock(&domain->lock);
}

/* The caller may have freed room for what waits behind its inbox. */
static void collect(struct wn_embed_client *client)
{
	struct wn_embed_domain *domain = client->domain;
	struct wn_now now;

	pthread_mutex_lock(&domain->lock);
	wn_mail_retry(domain->core, client->number);
	deliver(domain);
	/* Subscriptions that found no room see by trying that there is some. */
	if (domain->core->subs.stuck) {
		look_at_clock(&now);
		wn_work_slice(domain->core, &now);
		deliver(domain);
	}
	pthread_mutex_unlock(&domain->lock);
}

static u32 turn(struct wn_embed_client *client, u32 max)
{
	struct wn_embed_domain *domain = client->domain;
	const struct wn_turn turn = {
		.ring = &client->ring,
		.allowed = client->allowed,
		.client = client->number,
		.out = client->own[WN_REGION_ARENA_OUT].addr,
		.out_bytes = (u32)client->own[WN_REGION_ARENA_OUT].bytes,
		.in = client->own[WN_REGION_ARENA_IN].addr,
		.in_bytes = (u32)client->own[WN_REGION_ARENA_IN].bytes,
	};
	struct wn_now now;
	u32 taken;

	pthread_mutex_lock(&domain->lock);
	look_at_clock(&now);
	taken = wn_turn_run(domain->core, &turn, max, &now);
	deliver(domain);
	pthread_mutex_unlock(&domain->lock);
	return taken;
}

static u32 run(struct wn_embed_client *client, u32 max)
{
	u32 taken = 0, n;

	/* Not more than one ring full a call: its owner may go on filling it. */
	do {
		n = max - taken < TURN_BUDGET ? max - taken : TURN_BUDGET;
		n = turn(client, n);
		taken += n;
	} while (n && taken < max && taken < client->ring.sq_entries);
	if (taken)
		wake(client);
	if (work(client->domain, WORK_PARTS))
		hand_on(client->domain);
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
	__atomic_add_fetch(&client->waiters, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		seen = __atomic_load_n(&client->news, __ATOMIC_SEQ_CST);
		if (is_enough(client, e) || err)
			break;
		/* Never asleep with work in sight: nobody else may come. */
		if (work(client->domain, 1))
			continue;
		if (__atomic_load_n(&client->news, __ATOMIC_SEQ_CST) != seen)
			continue;
		err = sleep_on(client, seen, e->deadline);
	}
	__atomic_sub_fetch(&client->waiters, 1, __ATOMIC_RELAXED);
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
	if (e.min_complete)
		err = wait(client, &e);
	e.completed = wn_ring_published(&client->ring);
	if (taken || !err)
		wn_embed_arg_put(&e, sizeof(e), (u32)caller, arg);
	/* Progress beats error. */
	return taken ? (int)taken : err;
}
