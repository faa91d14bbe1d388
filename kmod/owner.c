// SPDX-License-Identifier: GPL-2.0-only
#include "owner.h"
#include "main.h"

#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "client.h"
#include "engine.h"
#include "setup.h"

/* Whether the whole process is gone: it executes nothing any more. */
static bool has_exited(struct pid *pid)
{
	struct task_struct *task;
	bool exited;

	rcu_read_lock();
	task = pid_task(pid, PIDTYPE_PID);
	exited = !task || (READ_ONCE(task->exit_state) && thread_group_empty(task));
	rcu_read_unlock();
	return exited;
}

static void look(struct work_struct *work)
{
	struct wn_client *client = container_of(work, struct wn_client, owner_work);

	if (has_exited(client->owner))
		wn_client_die(client);
}

/* In the middle of an exit, with the list of tasks locked; perhaps of one thread only. */
static int notified(wait_queue_entry_t *entry, unsigned int mode, int sync, void *key)
{
	wn_engine_queue(&container_of(entry, struct wn_client, owner_wait)->owner_work);
	return 0;
}

void wn_owner_watch(struct wn_client *client)
{
	client->owner = get_task_pid(current, PIDTYPE_TGID);
	INIT_WORK(&client->owner_work, look);
	init_waitqueue_func_entry(&client->owner_wait, notified);
	/* As a pidfd does. The caller lives, so nothing was missed. */
	add_wait_queue(&client->owner->wait_pidfd, &client->owner_wait);
}

void wn_owner_forget(struct wn_client *client)
{
	if (!client->owner)
		return;
	remove_wait_queue(&client->owner->wait_pidfd, &client->owner_wait);
	cancel_work_sync(&client->owner_work);
}
