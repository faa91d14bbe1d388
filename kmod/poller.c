// SPDX-License-Identifier: GPL-2.0-only
#include "poller.h"
#include "main.h"

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>

#include "client.h"
#include "core/cap.h"
#include "domain.h"
#include "engine.h"
#include "trace.h"
#include "uarg.h"

#define DEFAULT_IDLE_US	1000U
#define IDLE_US_MAX	1000000U
/* Turns from one look at what happens once a day, a freeze or a CPU that came, to the next. */
#define RARELY		256U

static int pollers = -1;
module_param(pollers, int, 0644);
MODULE_PARM_DESC(pollers, "polling threads of all domains together (-1: half the CPUs, none below four)");

static atomic_t running;

static bool reserve(void)
{
	int limit = READ_ONCE(pollers), n = atomic_read(&running);

	if (limit < 0)
		limit = num_online_cpus() < 4 ? 0 : num_online_cpus() / 2;
	do {
		if (n >= limit)
			return false;
	} while (!atomic_try_cmpxchg(&running, &n, n + 1));
	return true;
}

/*
 * When its CPU goes the scheduler finds it another one, and lets it run anywhere; when
 * that comes back so does the thread. Asked while the CPU is on its way the scheduler
 * notes the wish and moves nobody, and the same wish again is none: so it is taken back
 * first. Who bound the thread elsewhere by hand is heeded.
 */
static void keep_to_cpu(const struct wn_poller *poller)
{
	const bool bound = current->nr_cpus_allowed == 1;

	if (poller->cpu < 0 || likely(bound && raw_smp_processor_id() == poller->cpu) ||
	    !cpu_active(poller->cpu))
		return;
	if (bound && !cpumask_test_cpu(poller->cpu, current->cpus_ptr))
		return;
	if (bound)
		set_cpus_allowed_ptr(current, cpu_possible_mask);
	set_cpus_allowed_ptr(current, cpumask_of(poller->cpu));
}

/*
 * By the count and not by the key's code: while that is patched it traps, and we pass it
 * all the time.
 */
static void freeze_if_told(void)
{
#ifdef CONFIG_FREEZER
	if (unlikely(atomic_read(&freezer_active.key.enabled) > 0))
		try_to_freeze();
#endif
}

/*
 * Nothing came for a while: say so, then look once more. E: the full barrier between
 * the flags and the last look at the tails pairs with the submitter's between its tail
 * and its look at the flag (selftests/model/need_wakeup.pml). Who sees the flag enters,
 * does its own ops inline and wakes us: so of a wake that comes too early nothing is lost.
 */
static void doze(struct wn_domain *domain)
{
	struct wn_poller *poller = &domain->poller;
	int seen = atomic_read(&poller->kicks);

	wn_engine_need_wakeup(domain, true);
	smp_mb();	/* E */
	if (!wn_engine_sweep(domain, &poller->next)) {
		trace_wn_poller(domain->id, WN_TRACE_ASLEEP);
		wait_event_freezable(poller->wait, atomic_read(&poller->kicks) != seen ||
						   kthread_should_stop());
		trace_wn_poller(domain->id, WN_TRACE_AWAKE);
	}
	if (!kthread_should_stop())
		wn_engine_need_wakeup(domain, false);
}

static int poll_thread(void *arg)
{
	struct wn_domain *domain = arg;
	struct wn_poller *poller = &domain->poller;
	u64 busy = ktime_get_ns(), now;
	unsigned int turn = 0;

	set_freezable();
	trace_wn_poller(domain->id, WN_TRACE_STARTED);
	wn_engine_need_wakeup(domain, false);
	while (!kthread_should_stop()) {
		if (!(turn++ % RARELY)) {
			freeze_if_told();
			keep_to_cpu(poller);
		}
		now = ktime_get_ns();
		if (wn_engine_look(domain) && wn_engine_sweep(domain, &poller->next)) {
			busy = now;
		} else if (now - busy >= READ_ONCE(poller->idle_ns)) {
			doze(domain);
			busy = ktime_get_ns();
			turn = 0;
		}
		cpu_relax();
		cond_resched();
	}
	/* Whoever submits from now on enters; who did before is served. */
	wn_engine_need_wakeup(domain, true);
	smp_mb();	/* E */
	while (wn_engine_sweep(domain, &poller->next))
		cond_resched();
	trace_wn_poller(domain->id, WN_TRACE_STOPPED);
	return 0;
}

static int start(struct wn_domain *domain)
{
	struct wn_poller *poller = &domain->poller;
	struct task_struct *task;

	lockdep_assert_held(&poller->lock);

	if (!reserve())
		return -ENOSPC;
	task = kthread_create(poll_thread, domain, "wn-poll/%llu", domain->id);
	if (IS_ERR(task)) {
		atomic_dec(&running);
		return PTR_ERR(task);
	}
	if (poller->cpu >= 0)
		set_cpus_allowed_ptr(task, cpumask_of(poller->cpu));
	poller->task = task;
	wake_up_process(task);
	return 0;
}

/* Refused, it changes nothing: neither for a thread that runs nor for one that is to come. */
static int start_as(struct wn_domain *domain, const struct wn_poll_args *p)
{
	struct wn_poller *poller = &domain->poller;
	const u64 idle_ns = poller->idle_ns;
	const int cpu = poller->cpu;
	int err;

	if (poller->task)
		return -EBUSY;
	WRITE_ONCE(poller->idle_ns, (u64)p->idle_us * NSEC_PER_USEC);
	poller->cpu = p->flags & WN_POLL_CPU ? (int)p->cpu : -1;
	err = start(domain);
	if (err) {
		WRITE_ONCE(poller->idle_ns, idle_ns);
		poller->cpu = cpu;
	} else {
		WRITE_ONCE(poller->wanted, true);
	}
	return err;
}

static void stop(struct wn_poller *poller)
{
	lockdep_assert_held(&poller->lock);

	if (!poller->task)
		return;
	kthread_stop(poller->task);
	poller->task = NULL;
	atomic_dec(&running);
}

void wn_poller_init(struct wn_poller *poller)
{
	mutex_init(&poller->lock);
	init_waitqueue_head(&poller->wait);
}

void wn_poller_client_came(struct wn_domain *domain)
{
	struct wn_poller *poller = &domain->poller;

	if (!READ_ONCE(poller->wanted))
		return;
	mutex_lock(&poller->lock);
	/* Where there is no room for a thread all is done inline. */
	if (poller->wanted && !poller->task)
		start(domain);
	mutex_unlock(&poller->lock);
}

void wn_poller_client_went(struct wn_domain *domain)
{
	struct wn_poller *poller = &domain->poller;

	mutex_lock(&poller->lock);
	if (!READ_ONCE(domain->nr_clients))
		stop(poller);
	mutex_unlock(&poller->lock);
}

void wn_poller_call(struct wn_domain *domain)
{
	struct wn_poller *poller = &domain->poller;

	/*
	 * First: it may have looked and be on its way to sleep. If it is not in the queue yet
	 * it takes the queue's lock behind us, and sees the count before it sleeps.
	 */
	atomic_inc(&poller->kicks);
	wake_up_all(&poller->wait);
}

void wn_poller_kick(struct wn_domain *domain)
{
	struct wn_poller *poller = &domain->poller;

	if (wq_has_sleeper(&poller->wait))
		wn_poller_call(domain);
}

static int may(struct wn_client *client)
{
	const struct wn_cap *cap;
	struct wn_now now;
	int node;

	lockdep_assert_held(&client->setup);

	mutex_lock(&client->domain->lock);
	node = wn_engine_ask(client->domain, client->number, 0, WN_RIGHT_ADMIN, 0, &cap, &now);
	mutex_unlock(&client->domain->lock);
	return node < 0 ? node : 0;
}

/*
 * Under client->setup: the client does not die meanwhile, or it could be the last that went,
 * and nobody would stop the thread that it starts.
 */
static int control(struct wn_client *client, const struct wn_poll_args *p)
{
	struct wn_poller *poller = &client->domain->poller;
	int err = wn_client_check_owner(client);

	if (!err)
		err = may(client);
	if (err)
		return err;
	mutex_lock(&poller->lock);
	if (p->flags & WN_POLL_STOP) {
		WRITE_ONCE(poller->wanted, false);
		stop(poller);
	} else {
		err = start_as(client->domain, p);
	}
	mutex_unlock(&poller->lock);
	return err;
}

long wn_poller_ioctl(struct wn_client *client, void __user *uarg)
{
	struct wn_poll_args p = {};
	int usize, err;

	usize = wn_uarg_get(&p, sizeof(p), sizeof(p), uarg);
	if (usize < 0)
		return usize;
	if (p.flags & ~(WN_POLL_STOP | WN_POLL_CPU) || p.idle_us > IDLE_US_MAX ||
	    (!(p.flags & WN_POLL_CPU) && p.cpu))
		return -EINVAL;
	if (p.flags & WN_POLL_CPU && (p.cpu >= nr_cpu_ids || !cpu_online(p.cpu)))
		return -EINVAL;
	p.idle_us = p.idle_us ?: DEFAULT_IDLE_US;
	/* A bad address starts and stops nothing. */
	if (wn_uarg_try(&p, sizeof(p), usize, uarg))
		return -EFAULT;
	if (mutex_lock_killable(&client->setup))
		return -EINTR;
	err = control(client, &p);
	mutex_unlock(&client->setup);
	return err ?: wn_uarg_put(&p, sizeof(p), usize, uarg);
}
