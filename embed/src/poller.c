// SPDX-License-Identifier: MIT
#include "poller.h"

#include <sched.h>
#include <signal.h>

#include "arg.h"
#include "client.h"
#include "enter.h"
#include "futex.h"
#include "kmod/core/cap.h"

#define DEFAULT_IDLE_US	1000U
#define IDLE_US_MAX	1000000U

/* Turns in which nothing came from one look at the clock to the next. */
#define LOOKS	32U

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ __volatile__("yield" ::: "memory");
#endif
}

static bool is_to_stop(const struct wn_embed_poller *poller)
{
	return __atomic_load_n(&poller->stop, __ATOMIC_ACQUIRE);
}

/*
 * Nothing came for a while: say so, then look once more. E: the full barrier between the
 * flags and the last look at the tails pairs with the submitter's between its tail and its
 * look at the flag (selftests/model/need_wakeup.pml). Who sees the flag enters, does its
 * own ops and wakes us: so of a wake that comes too early nothing is lost.
 */
static void doze(struct wn_embed_domain *domain)
{
	struct wn_embed_poller *poller = &domain->poller;
	const u32 seen = __atomic_load_n(&poller->kicks, __ATOMIC_SEQ_CST);

	__atomic_store_n(&poller->asleep, 1, __ATOMIC_SEQ_CST);
	wn_embed_need_wakeup(domain, true);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* E */
	if (!wn_embed_sweep(domain, &poller->next))
		while (!is_to_stop(poller) &&
		       __atomic_load_n(&poller->kicks, __ATOMIC_SEQ_CST) == seen)
			wn_embed_sleep(&poller->kicks, seen, false, WN_EMBED_FOR_EVER);
	__atomic_store_n(&poller->asleep, 0, __ATOMIC_RELAXED);
	if (!is_to_stop(poller))
		wn_embed_need_wakeup(domain, false);
}

static void *poll_thread(void *arg)
{
	struct wn_embed_domain *domain = arg;
	struct wn_embed_poller *poller = &domain->poller;
	u64 idle_since = 0, now;
	u32 looks = 0;

	wn_embed_need_wakeup(domain, false);
	while (!is_to_stop(poller)) {
		if (wn_embed_look(domain) && wn_embed_sweep(domain, &poller->next)) {
			idle_since = 0;
			looks = 0;
			continue;
		}
		relax();
		if (++looks % LOOKS)
			continue;
		now = wn_embed_boottime();
		if (!idle_since) {
			idle_since = now;
		} else if (now - idle_since >= poller->idle_ns) {
			doze(domain);
			idle_since = 0;
		}
	}
	/* Whoever submits from now on enters; who did before is served. */
	wn_embed_need_wakeup(domain, true);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* E */
	while (wn_embed_sweep(domain, &poller->next))
		;
	return NULL;
}

/* With the lock held. The program's signals are for its own threads. */
static int start(struct wn_embed_domain *domain)
{
	struct wn_embed_poller *poller = &domain->poller;
	pthread_attr_t attr;
	sigset_t all, old;
	cpu_set_t set;
	int err;

	pthread_attr_init(&attr);
	if (poller->cpu >= 0) {
		CPU_ZERO(&set);
		CPU_SET(poller->cpu, &set);
		pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	}
	poller->stop = false;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	/* -EINVAL: not one of this process's CPUs. */
	err = -pthread_create(&poller->thread, &attr, poll_thread, domain);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	poller->runs = !err;
	return err;
}

/* Refused, it changes nothing: neither for a thread that runs nor for one that is to come. */
static int start_as(struct wn_embed_domain *domain, const struct wn_poll_args *p)
{
	struct wn_embed_poller *poller = &domain->poller;
	const u64 idle_ns = poller->idle_ns;
	const int cpu = poller->cpu;
	int err;

	if (poller->runs)
		return -EBUSY;
	poller->idle_ns = (u64)p->idle_us * 1000;
	poller->cpu = p->flags & WN_POLL_CPU ? (int)p->cpu : -1;
	err = start(domain);
	if (err) {
		poller->idle_ns = idle_ns;
		poller->cpu = cpu;
	} else {
		__atomic_store_n(&poller->wanted, true, __ATOMIC_RELAXED);
	}
	return err;
}

/* With the lock held. */
static void stop(struct wn_embed_poller *poller)
{
	if (!poller->runs)
		return;
	__atomic_store_n(&poller->stop, true, __ATOMIC_RELEASE);
	__atomic_add_fetch(&poller->kicks, 1, __ATOMIC_SEQ_CST);
	wn_embed_wake(&poller->kicks, false);
	pthread_join(poller->thread, NULL);
	poller->runs = false;
}

void wn_embed_poller_init(struct wn_embed_poller *poller)
{
	pthread_mutex_init(&poller->lock, NULL);
}

void wn_embed_poller_destroy(struct wn_embed_poller *poller)
{
	pthread_mutex_destroy(&poller->lock);
}

void wn_embed_poller_client_came(struct wn_embed_domain *domain)
{
	struct wn_embed_poller *poller = &domain->poller;

	if (!__atomic_load_n(&poller->wanted, __ATOMIC_RELAXED))
		return;
	pthread_mutex_lock(&poller->lock);
	/* Where no thread can be had all is done by who enters. */
	if (poller->wanted && !poller->runs)
		(void)start(domain);
	pthread_mutex_unlock(&poller->lock);
}

void wn_embed_poller_client_went(struct wn_embed_domain *domain)
{
	struct wn_embed_poller *poller = &domain->poller;
	bool last;

	pthread_mutex_lock(&poller->lock);
	pthread_mutex_lock(&domain->lock);
	last = !domain->nr_clients;
	pthread_mutex_unlock(&domain->lock);
	if (last)
		stop(poller);
	pthread_mutex_unlock(&poller->lock);
}

void wn_embed_poller_kick(struct wn_embed_domain *domain)
{
	struct wn_embed_poller *poller = &domain->poller;

	if (!__atomic_load_n(&poller->asleep, __ATOMIC_SEQ_CST))
		return;
	__atomic_add_fetch(&poller->kicks, 1, __ATOMIC_SEQ_CST);
	wn_embed_wake(&poller->kicks, false);
}

static int may(struct wn_embed_client *client)
{
	const struct wn_cap *cap;
	struct wn_now now;
	int node;

	pthread_mutex_lock(&client->domain->lock);
	node = wn_embed_ask(client->domain, client->number, 0, WN_RIGHT_ADMIN, 0, &cap, &now);
	pthread_mutex_unlock(&client->domain->lock);
	return node < 0 ? node : 0;
}

int wn_embed_poll(struct wn_embed_client *client, void *arg)
{
	struct wn_embed_poller *poller = &client->domain->poller;
	struct wn_poll_args p = {};
	int caller = wn_embed_arg_get(&p, sizeof(p), sizeof(p), arg), err;

	if (caller < 0)
		return caller;
	if (p.flags & ~(WN_POLL_STOP | WN_POLL_CPU) || p.idle_us > IDLE_US_MAX ||
	    (!(p.flags & WN_POLL_CPU) && p.cpu))
		return -EINVAL;
	if (p.flags & WN_POLL_CPU && p.cpu >= CPU_SETSIZE)
		return -EINVAL;
	if (wn_embed_client_state(client) != WN_EMBED_ENABLED)
		return -ENXIO;
	err = may(client);
	if (err)
		return err;
	p.idle_us = p.idle_us ?: DEFAULT_IDLE_US;
	pthread_mutex_lock(&poller->lock);
	if (p.flags & WN_POLL_STOP) {
		__atomic_store_n(&poller->wanted, false, __ATOMIC_RELAXED);
		stop(poller);
	} else {
		err = start_as(client->domain, &p);
	}
	pthread_mutex_unlock(&poller->lock);
	if (!err)
		wn_embed_arg_put(&p, sizeof(p), (u32)caller, arg);
	return err;
}
