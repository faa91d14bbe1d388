// SPDX-License-Identifier: GPL-2.0-only
#include "epoch.h"
#include "main.h"

#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "client.h"
#include "core/cap.h"
#include "core/node.h"
#include "domain.h"
#include "engine.h"
#include "trace.h"
#include "uarg.h"
#include "wait.h"

/*
 * Of one client at a time: each change of the domain looks at every node that is
 * waited for, at the cost of whoever made it.
 */
#define SLEEPERS_MAX	64

struct sleeper {
	struct list_head list;	/* all under domain->lock but done */
	struct task_struct *task;
	struct wn_client *client;
	u64 node;		/* handle; 0: the domain */
	u64 seen;
	u64 now;
	int err;
	bool done;
};

void wn_epochs_init(struct wn_epochs *epochs)
{
	INIT_LIST_HEAD(&epochs->sleepers);
}

/* Whether it need not wait (any longer); then now and err are its answer. */
static bool is_other(struct wn_core *core, struct sleeper *s)
{
	int at;

	if (!s->node) {
		s->now = core->epoch;
		return s->now != (s->seen & ~1ULL);
	}
	at = wn_node_find(core, s->node);
	if (at < 0) {
		s->err = -ESTALE;
		return true;
	}
	s->now = wn_node(core, at)->version;
	return s->now != s->seen;
}

static void unlist(struct sleeper *s)
{
	list_del_init(&s->list);
	s->client->epoch_sleepers--;
}

/* It takes domain->lock before it returns, so both it and its task are there. */
static void wake(struct wn_domain *domain, struct sleeper *s)
{
	unlist(s);
	wn_core_count(domain->core, WN_STAT_WAKEUPS, 1);
	trace_wn_wake(domain->id, s->client->number, WN_TRACE_EPOCH);
	WRITE_ONCE(s->done, true);
	wake_up_process(s->task);	/* a full barrier before its look at the task's state */
}

void wn_epochs_look(struct wn_domain *domain)
{
	struct wn_epochs *epochs = &domain->epochs;
	struct sleeper *s, *next;

	lockdep_assert_held(&domain->lock);

	if (epochs->told == domain->core->epoch)
		return;
	epochs->told = domain->core->epoch;
	list_for_each_entry_safe(s, next, &epochs->sleepers, list)
		if (is_other(domain->core, s))
			wake(domain, s);
}

void wn_epochs_end(struct wn_domain *domain, struct wn_client *client)
{
	struct sleeper *s, *next;

	lockdep_assert_held(&domain->lock);

	list_for_each_entry_safe(s, next, &domain->epochs.sleepers, list) {
		if (s->client != client)
			continue;
		s->err = -ESHUTDOWN;
		wake(domain, s);
	}
}

/* What is waited for, if the caller may know of it: a handle, 0 for the domain. */
static int target(struct wn_client *client, const struct wn_epoch_wait *w, u64 *node)
{
	struct wn_core *core = client->domain->core;
	const struct wn_cap *cap;
	struct wn_now now;
	int at;

	lockdep_assert_held(&client->domain->lock);

	/* It may have died since the caller looked. */
	if (client->domain->clients[client->number] != client)
		return -ESHUTDOWN;
	at = wn_engine_ask(client->domain, client->number, w->cap, WN_RIGHT_READ, w->node, &cap, &now);
	if (!cap)
		return at;
	*node = 0;
	if (!(w->flags & WN_EPOCH_NODE))
		return wn_cap_is_whole(core, cap) ? 0 : -EACCES;
	if (at < 0)
		return at;
	*node = w->node ?: cap->node;
	return 0;
}

/*
 * Look; 0: that is the answer. 1: there is nothing new, and whoever changes something
 * from now on sees it.
 */
static int enter(struct wn_client *client, const struct wn_epoch_wait *w, struct sleeper *s)
{
	struct wn_domain *domain = client->domain;
	int err;

	mutex_lock(&domain->lock);
	err = target(client, w, &s->node);
	if (!err && !is_other(domain->core, s)) {
		if (client->epoch_sleepers == SLEEPERS_MAX) {
			err = -ENOSPC;
		} else {
			if (list_empty(&domain->epochs.sleepers))
				domain->epochs.told = domain->core->epoch;
			list_add_tail(&s->list, &domain->epochs.sleepers);
			client->epoch_sleepers++;
			err = 1;
		}
	}
	mutex_unlock(&domain->lock);
	return err;
}

/* 0, -ETIME or -ERESTARTSYS. */
static int sleep(const struct sleeper *s, u64 deadline)
{
	int err = 0;

	for (;;) {
		/* A full barrier between the state and the look; see wake(). */
		set_current_state(TASK_INTERRUPTIBLE);
		if (READ_ONCE(s->done))
			break;
		if (signal_pending(current)) {
			err = -ERESTARTSYS;
			break;
		}
		trace_wn_sleep(s->client->domain->id, s->client->number, WN_TRACE_EPOCH, s->seen,
			       deadline);
		if (!wn_sleep_until(deadline)) {
			err = -ETIME;
			break;
		}
	}
	__set_current_state(TASK_RUNNING);
	return err;
}

/* A change that came in the last moment beats why the sleep ended. */
static int leave(struct wn_client *client, const struct wn_epoch_wait *w, struct sleeper *s, int err)
{
	struct wn_domain *domain = client->domain;
	u64 node;

	mutex_lock(&domain->lock);
	if (!s->done)
		unlist(s);
	else	/* Meanwhile the capability may have gone. */
		err = s->err ?: target(client, w, &node);
	mutex_unlock(&domain->lock);
	return err;
}

long wn_epoch_wait(struct wn_client *client, void __user *uarg)
{
	struct sleeper s = { .task = current, .client = client };
	struct wn_epoch_wait w = {};
	int usize, err;

	usize = wn_uarg_get(&w, sizeof(w), sizeof(w), uarg);
	if (usize < 0)
		return usize;
	if (w.flags & ~WN_EPOCH_NODE || w.reserved || w.deadline > KTIME_MAX ||
	    (w.node && !(w.flags & WN_EPOCH_NODE)))
		return -EINVAL;
	err = wn_client_check_owner(client);
	if (err)
		return err;
	s.seen = w.seen;
	err = enter(client, &w, &s);
	if (err > 0)
		err = leave(client, &w, &s, sleep(&s, w.deadline));
	/* An error writes nothing: the call may be started again with what lies there. */
	err = err ?: s.err;
	if (err)
		return err;
	w.epoch = s.now;
	return wn_uarg_put(&w, sizeof(w), usize, uarg);
}
