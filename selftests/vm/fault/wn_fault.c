// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that does what a module must never do, on demand: the runner's own test
 * loads it and expects every detector to fire. Faults are asked for by name:
 *
 *	echo uaf > /sys/module/wn_fault/parameters/fault
 *
 * "locked" and "released" are correct programs; a detector that complains about
 * them is wrong.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>

static DEFINE_SPINLOCK(lock_a);
static DEFINE_SPINLOCK(lock_b);
static DEFINE_MUTEX(mutex_m);
static unsigned long shared;
static unsigned long shared_locked;
static unsigned long shared_mutexed;
static unsigned long payload;
static int flag;

static void fault_warn(void) { WARN(1, "wn_fault: asked for\n"); }
static void fault_panic(void) { panic("wn_fault: asked for"); }

static void fault_oops(void)
{
	int *volatile nowhere = NULL;

	*nowhere = 1;
}

static void fault_slab(void)
{
	volatile char *p = kmalloc(64, GFP_KERNEL);

	if (p)
		p[64 + 3] = 1;
	kfree((void *)p);
}

static void fault_vmalloc(void)
{
	volatile char *p = vmalloc(100);

	if (p)
		p[200] = 1;	/* same page: only KASAN can tell */
	vfree((void *)p);
}

static void fault_uaf(void)
{
	volatile char *p = kmalloc(64, GFP_KERNEL);

	kfree((void *)p);
	if (p)
		p[5] = 1;
}

static void fault_leak(void)
{
	int i;

	for (i = 0; i < 8; i++) {
		volatile char *p = kmalloc(777, GFP_KERNEL);

		if (p)
			p[0] = 1;
	}
}

static void fault_sleep(void)
{
	spin_lock(&lock_a);
	msleep(1);
	spin_unlock(&lock_a);
}

static void fault_abba(void)
{
	spin_lock(&lock_a);
	spin_lock(&lock_b);
	spin_unlock(&lock_b);
	spin_unlock(&lock_a);
	spin_lock(&lock_b);
	spin_lock(&lock_a);
	spin_unlock(&lock_a);
	spin_unlock(&lock_b);
}

static void fault_rcu(void)
{
	static unsigned long __rcu *pointer;

	WRITE_ONCE(shared, (unsigned long)rcu_dereference(pointer));
}

static void fault_shift(void)
{
	volatile int by = 35;

	WRITE_ONCE(shared, 1 << by);
}

static void timer_nothing(struct timer_list *timer) { }

static void fault_object(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, timer_nothing, 0);
	timer->expires = jiffies + 1000 * HZ;
	add_timer(timer);
	kfree(timer);	/* still armed */
}

static void fault_spin(void)
{
	preempt_disable();
	for (;;)
		cpu_relax();
}

static void fault_hang(void)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_timeout(600 * HZ);
}

/* Two threads, one of them the caller, run the same step for two seconds. */
static void (*pair_step)(int side);

static void pair_loop(int side)
{
	unsigned long end = jiffies + 2 * HZ;
	unsigned int i;

	while (time_before(jiffies, end)) {
		for (i = 0; i < 100; i++)
			pair_step(side);
		cond_resched();
	}
}

static int pair_thread(void *done)
{
	pair_loop(1);
	complete(done);
	return 0;
}

static void in_pair(void (*step)(int side))
{
	DECLARE_COMPLETION_ONSTACK(done);
	struct task_struct *other;

	pair_step = step;
	other = kthread_run(pair_thread, &done, "wn_fault");
	if (IS_ERR(other))
		return;
	pair_loop(0);
	wait_for_completion(&done);
}

static void race_step(int side) { shared++; }

static void locked_step(int side)
{
	spin_lock(&lock_a);
	shared_locked++;
	spin_unlock(&lock_a);
	mutex_lock(&mutex_m);
	shared_mutexed++;
	mutex_unlock(&mutex_m);
}

/*
 * The payload is handed to and fro by a flag: a side may use it while the flag is its
 * own number. Each step is many turns, for the detector lets a store float no further
 * than to the end of the function that made it.
 */
static void unreleased_step(int side)
{
	int i;

	for (i = 0; i < 100; i++) {
		if (READ_ONCE(flag) != side)
			continue;
		payload++;
		WRITE_ONCE(flag, !side);	/* no barrier: the fault */
	}
}

static void released_step(int side)
{
	int i;

	for (i = 0; i < 100; i++) {
		if (smp_load_acquire(&flag) != side)
			continue;
		payload++;
		smp_store_release(&flag, !side);
	}
}

static void fault_race(void) { in_pair(race_step); }
static void fault_barrier(void) { in_pair(unreleased_step); }
static void fault_locked(void) { in_pair(locked_step); }
static void fault_released(void) { in_pair(released_step); }

static const struct {
	const char *name;
	void (*run)(void);
} faults[] = {
	{ "warn", fault_warn },		{ "panic", fault_panic },
	{ "oops", fault_oops },		{ "slab", fault_slab },
	{ "vmalloc", fault_vmalloc },	{ "uaf", fault_uaf },
	{ "leak", fault_leak },		{ "sleep", fault_sleep },
	{ "abba", fault_abba },		{ "rcu", fault_rcu },
	{ "shift", fault_shift },	{ "object", fault_object },
	{ "spin", fault_spin },		{ "race", fault_race },
	{ "barrier", fault_barrier },	{ "locked", fault_locked },
	{ "released", fault_released },	{ "hang", fault_hang },
};

static int fault_set(const char *value, const struct kernel_param *param)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (!sysfs_streq(value, faults[i].name))
			continue;
		faults[i].run();
		return 0;
	}
	return -EINVAL;
}

static const struct kernel_param_ops fault_ops = { .set = fault_set };
module_param_cb(fault, &fault_ops, NULL, 0200);
MODULE_PARM_DESC(fault, "name of the fault to commit");
MODULE_DESCRIPTION("Deliberate faults, to prove that the test runner sees them");
MODULE_LICENSE("GPL");
