// SPDX-License-Identifier: GPL-2.0-only
#include "client.h"
#include "main.h"

#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "class.h"
#include "control.h"
#include "core/core.h"
#include "domain.h"
#include "epoch.h"
#include "fan.h"
#include "handover.h"
#include "owner.h"
#include "poller.h"
#include "setup.h"
#include "wait.h"

int wn_client_check_owner(struct wn_client *client)
{
	/* A: pairs with the release that stored the state, and the owner before it. */
	switch (smp_load_acquire(&client->state)) {
	case WN_CLIENT_NEW:
	case WN_CLIENT_READY:
		return -ENXIO;
	case WN_CLIENT_ENABLED:
		return task_tgid(current) == client->owner ? 0 : -EOWNERDEAD;
	case WN_CLIENT_DEAD:
		break;
	}
	return -ESHUTDOWN;
}

int wn_client_check_user(struct wn_client *client)
{
	if (smp_load_acquire(&client->state) == WN_CLIENT_READY)
		return 0;
	return wn_client_check_owner(client);
}

static int open(struct inode *inode, struct file *file)
{
	struct wn_client *client = kzalloc(sizeof(*client), GFP_KERNEL_ACCOUNT);

	if (!client)
		return -ENOMEM;
	/*
	 * An address space of its own: the same offsets for every client, and
	 * what is unmapped in one is unmapped for that client alone.
	 */
	client->space = new_inode(inode->i_sb);
	if (!client->space) {
		kfree(client);
		return -ENOMEM;
	}
	client->space->i_mode = S_IFREG;
	client->space->i_private = &client->windows;
	client->domain = inode->i_private;
	client->first_rights = wn_class_rights(inode);
	mutex_init(&client->setup);
	wn_windows_init(&client->windows);
	wn_lanes_init(&client->lanes);
	init_waitqueue_head(&client->wait);
	init_waitqueue_head(&client->polls);
	wn_eventfds_init(&client->eventfds);
	file->f_mapping = client->space->i_mapping;
	file->private_data = client;
	return nonseekable_open(inode, file);
}

static int release(struct inode *inode, struct file *file)
{
	struct wn_client *client = file->private_data;

	/* The last mapping is gone too: each held the file. */
	wn_owner_forget(client);
	wn_client_unset(client);
	/* Who finds the client in the domain's table may ask whose it is: until now. */
	put_pid(client->owner);
	wn_windows_destroy(&client->windows);
	mutex_destroy(&client->setup);
	iput(client->space);
	kfree(client);
	return 0;
}

static int mmap(struct file *file, struct vm_area_struct *vma)
{
	struct wn_client *client = file->private_data;

	int err = wn_client_check_user(client);

	if (err)
		return err;
	return wn_region_mmap(&client->windows, vma);
}

static long ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct wn_client *client = file->private_data;
	void __user *uarg = (void __user *)arg;

	if (_IOC_TYPE(cmd) != WN_IOC_MAGIC)
		return -ENOTTY;
	switch (_IOC_NR(cmd)) {
	case _IOC_NR(WN_IOC_SUBMIT):
		return wn_submit(client, arg);
	case _IOC_NR(WN_IOC_ENTER):
		return wn_enter(client, uarg);
	case _IOC_NR(WN_IOC_LANE_CONNECT):
		return wn_lane_connect(client, uarg);
	case _IOC_NR(WN_IOC_LANE_ACCEPT):
		return wn_lane_accept(client, uarg);
	case _IOC_NR(WN_IOC_LANE_WAIT):
		return wn_lane_wait(client, uarg);
	case _IOC_NR(WN_IOC_LANE_WAKE):
		return wn_lane_wake(client, arg);
	case _IOC_NR(WN_IOC_LANE_CLOSE):
		return wn_lane_close(client, arg);
	case _IOC_NR(WN_IOC_LANE_LIST):
		return wn_lane_list(client, uarg);
	case _IOC_NR(WN_IOC_FAN_MAKE):
		return wn_fan_make(client, uarg);
	case _IOC_NR(WN_IOC_FAN_JOIN):
		return wn_fan_join(client, uarg);
	case _IOC_NR(WN_IOC_FAN_EVICT):
		return wn_fan_evict(client, uarg);
	case _IOC_NR(WN_IOC_CAP_EXPORT):
		return wn_handover_export(client, file, uarg);
	case _IOC_NR(WN_IOC_CAP_REDEEM):
		return wn_handover_redeem(client, uarg);
	case _IOC_NR(WN_IOC_EVENTFD):
		return wn_eventfd_ioctl(client, uarg);
	case _IOC_NR(WN_IOC_WAIT_EPOCH):
		return wn_epoch_wait(client, uarg);
	case _IOC_NR(WN_IOC_POLL):
		return wn_poller_ioctl(client, uarg);
	case _IOC_NR(WN_IOC_INFO):
		return wn_domain_info(client->domain, uarg);
	case _IOC_NR(WN_IOC_SETUP):
		if ((file->f_mode & (FMODE_READ | FMODE_WRITE)) != (FMODE_READ | FMODE_WRITE))
			return -EBADF;
		return wn_client_setup(client, uarg);
	case _IOC_NR(WN_IOC_RESTRICT):
		return wn_client_restrict(client, uarg);
	case _IOC_NR(WN_IOC_ENABLE):
		return wn_client_enable(client, uarg);
	}
	return wn_query_ioctl(cmd, uarg);
}

static __poll_t poll(struct file *file, struct poll_table_struct *pt)
{
	return wn_poll(file->private_data, file, pt);
}

#ifdef CONFIG_PROC_FS
static void fdinfo(struct seq_file *m, struct file *file)
{
	static const char * const names[] = { "new", "ready", "enabled", "dead" };
	struct wn_client *client = file->private_data;
	enum wn_client_state state = smp_load_acquire(&client->state);
	struct wn_domain *domain = client->domain;
	u32 clients, nodes;

	mutex_lock(&domain->lock);
	clients = domain->nr_clients;
	nodes = wn_pool_count(&domain->core->nodes);
	mutex_unlock(&domain->lock);
	seq_printf(m, "wn-domain:\t%llu\n", domain->id);
	seq_printf(m, "wn-domain-bytes:\t%llu\n", domain->bytes);
	seq_printf(m, "wn-clients:\t%u\n", clients);
	seq_printf(m, "wn-clients-max:\t%u\n", domain->bounds.clients);
	seq_printf(m, "wn-nodes:\t%u\n", nodes);
	seq_printf(m, "wn-nodes-max:\t%u\n", domain->bounds.nodes);
	seq_printf(m, "wn-state:\t%s\n", names[state]);
	if (state == WN_CLIENT_NEW)
		return;
	seq_printf(m, "wn-client:\t%u\n", client->number);
	seq_printf(m, "wn-bytes:\t%llu\n", client->bytes);
	seq_printf(m, "wn-sq-entries:\t%u\n", client->ring.sq_entries);
	seq_printf(m, "wn-cq-entries:\t%u\n", client->ring.cq_entries);
	seq_printf(m, "wn-sq-pending:\t%u\n", wn_ring_waiting(&client->ring));
	seq_printf(m, "wn-cq-unread:\t%u\n", wn_ring_published(&client->ring));
	seq_printf(m, "wn-inbox-unread:\t%u\n", wn_inbox_unread(&client->inbox));
}
#endif

const struct file_operations wn_client_fops = {
	.owner = THIS_MODULE,
	.open = open,
	.release = release,
	.mmap = mmap,
	.unlocked_ioctl = ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = poll,
#ifdef CONFIG_PROC_FS
	.show_fdinfo = fdinfo,
#endif
};
