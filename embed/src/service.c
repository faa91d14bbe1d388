// SPDX-License-Identifier: MIT
#include "service.h"

#include <signal.h>

#include "domain.h"
#include "enter.h"
#include "futex.h"
#include "kmod/core/work.h"

/* Under the lock: what a slice could do by now. */
static bool is_due(const struct wn_embed_domain *domain, const struct wn_now *now)
{
	/* Without room in the journal nothing is done; who makes some kicks. */
	if (!wn_journal_has_room(domain->core))
		return false;
	return wn_work_waits(domain->core) || wn_core_next_deadline(domain->core) <= now->boottime;
}

static void *serve(void *arg)
{
	struct wn_embed_domain *domain = arg;
	struct wn_embed_service *s = &domain->service;
	struct wn_now now;
	u32 seen;
	u64 until;

	pthread_mutex_lock(&domain->lock);
	while (!s->stop) {
		wn_embed_look_at_clock(&now);
		/* No input of the core, so it needs no room in the journal. */
		if (domain->lanes.due <= now.boottime)
			wn_embed_lanes_revoke(domain);
		if (is_due(domain, &now)) {
			wn_work_slice(domain->core, &now);
			wn_embed_deliver(domain);
			seen = s->kicks;
			until = 0;
		} else {
			seen = s->kicks;
			until = wn_journal_has_room(domain->core) ?
				wn_core_next_deadline(domain->core) : WN_NEVER;
			if (domain->lanes.due < until)
				until = domain->lanes.due;
		}
		s->until = until;
		/* Between two parts others come in, too. */
		pthread_mutex_unlock(&domain->lock);
		if (until)
			wn_embed_sleep(&s->kicks, seen, false, until);
		pthread_mutex_lock(&domain->lock);
	}
	pthread_mutex_unlock(&domain->lock);
	return NULL;
}

/* The program's signals are for its own threads. */
static bool start(struct wn_embed_domain *domain)
{
	sigset_t all, old;
	bool started;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	started = !pthread_create(&domain->service.thread, NULL, serve, domain);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return started;
}

static void kick(struct wn_embed_service *s)
{
	__atomic_add_fetch(&s->kicks, 1, __ATOMIC_SEQ_CST);
	wn_embed_wake(&s->kicks, false);
}

void wn_embed_service_until(struct wn_embed_domain *domain, u64 next)
{
	struct wn_embed_service *s = &domain->service;

	/* Without a thread: whoever enters next does a part, and tries again. */
	if (!s->runs && next != WN_NEVER)
		s->runs = start(domain);
	else if (s->runs && next < s->until)
		kick(s);
}

void wn_embed_service_kick(struct wn_embed_domain *domain)
{
	wn_embed_service_until(domain, wn_work_waits(domain->core) ? 0 :
				       wn_core_next_deadline(domain->core));
}

void wn_embed_service_stop(struct wn_embed_domain *domain)
{
	struct wn_embed_service *s = &domain->service;
	bool runs;

	pthread_mutex_lock(&domain->lock);
	runs = s->runs;
	s->stop = true;
	pthread_mutex_unlock(&domain->lock);
	if (!runs)
		return;
	kick(s);
	pthread_join(s->thread, NULL);
}
