// SPDX-License-Identifier: GPL-2.0-only
#include "charge.h"
#include "main.h"

#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

/*
 * 0 stands for a share of the machine's memory: a quarter for the module, an
 * eighth for a user.
 */
static ulong max_bytes;
module_param(max_bytes, ulong, 0644);
MODULE_PARM_DESC(max_bytes, "memory of all domains and clients together (0: a quarter of RAM)");

static ulong user_bytes;
module_param(user_bytes, ulong, 0644);
MODULE_PARM_DESC(user_bytes, "memory of one user's domains and clients (0: an eighth of RAM)");

struct wn_user {
	struct hlist_node node;
	u64 used;
	kuid_t uid;
};

/*
 * Taken when a domain or client comes or goes, never while ops run. Nothing is
 * allocated under it: who is throttled or out of memory in a cgroup of his own
 * must not make everybody else wait.
 */
static DEFINE_MUTEX(wn_charge_lock);
static DEFINE_HASHTABLE(users, 8);	/* by uid; entries with used > 0 only */
static u64 module_used;

static u64 share_of_ram(unsigned int shift)
{
	return ((u64)totalram_pages() << PAGE_SHIFT) >> shift;
}

u64 wn_charge_limit(void)
{
	ulong limit = READ_ONCE(max_bytes);

	return limit ?: share_of_ram(2);
}

static u64 user_limit(void)
{
	ulong limit = READ_ONCE(user_bytes);

	return limit ?: share_of_ram(3);
}

kuid_t wn_charge_payer(void)
{
	const struct user_namespace *ns;
	kuid_t uid = current_uid();

	for (ns = current_user_ns(); ns != &init_user_ns; ns = ns->parent)
		if (!uid_eq(ns->owner, GLOBAL_ROOT_UID))
			uid = ns->owner;
	return uid;
}

static bool fits(u64 used, u64 limit, u64 bytes)
{
	return used <= limit && bytes <= limit - used;
}

static struct wn_user *user_find(kuid_t uid)
{
	struct wn_user *user;

	lockdep_assert_held(&wn_charge_lock);

	hash_for_each_possible(users, user, node, __kuid_val(uid))
		if (uid_eq(user->uid, uid))
			return user;
	return NULL;
}

static void user_drop_if_idle(struct wn_user *user)
{
	lockdep_assert_held(&wn_charge_lock);

	if (user->used)
		return;
	hash_del(&user->node);
	kfree(user);
}

int wn_charge_take(struct wn_charge *charge, kuid_t uid, struct wn_budget *mount, u64 bytes)
{
	struct wn_user *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT), *user;
	int err = 0;

	if (!fresh)
		return -ENOMEM;
	mutex_lock(&wn_charge_lock);
	user = user_find(uid);
	if (!user) {
		user = fresh;
		fresh = NULL;
		user->uid = uid;
		hash_add(users, &user->node, __kuid_val(uid));
	}
	if (!fits(user->used, user_limit(), bytes))
		err = -EDQUOT;
	else if (!fits(mount->used, READ_ONCE(mount->limit), bytes) ||
		 !fits(module_used, wn_charge_limit(), bytes))
		err = -ENOSPC;
	if (err) {
		user_drop_if_idle(user);
		goto out;
	}
	user->used += bytes;
	mount->used += bytes;
	module_used += bytes;
	*charge = (struct wn_charge){ .user = user, .mount = mount, .bytes = bytes };
out:
	mutex_unlock(&wn_charge_lock);
	kfree(fresh);
	return err;
}

void wn_charge_give(struct wn_charge *charge)
{
	if (!charge->user)
		return;
	mutex_lock(&wn_charge_lock);
	charge->user->used -= charge->bytes;
	charge->mount->used -= charge->bytes;
	module_used -= charge->bytes;
	user_drop_if_idle(charge->user);
	mutex_unlock(&wn_charge_lock);
	*charge = (struct wn_charge){};
}

void wn_charge_shrink(struct wn_charge *charge, u64 bytes)
{
	u64 back = charge->bytes - min(bytes, charge->bytes);

	if (!charge->user)
		return;
	mutex_lock(&wn_charge_lock);
	charge->user->used -= back;
	charge->mount->used -= back;
	module_used -= back;
	charge->bytes -= back;
	mutex_unlock(&wn_charge_lock);
}

u64 wn_charge_used(struct wn_budget *mount)
{
	u64 used;

	mutex_lock(&wn_charge_lock);
	used = mount->used;
	mutex_unlock(&wn_charge_lock);
	return used;
}

void wn_charge_exit(void)
{
	/* All charges are given back by now: files and mounts pin the module. */
	WARN_ON_ONCE(!hash_empty(users) || module_used);
}
