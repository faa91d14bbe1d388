// SPDX-License-Identifier: GPL-2.0-only
#include "charge.h"
#include "main.h"

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/xarray.h>

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
	u64 used;
	u32 uid;
};

/* Taken when a domain or client comes or goes, never while ops run. */
static DEFINE_MUTEX(wn_charge_lock);
static DEFINE_XARRAY(users);	/* uid to wn_user; entries with used > 0 only */
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

static bool fits(u64 used, u64 limit, u64 bytes)
{
	return used <= limit && bytes <= limit - used;
}

static struct wn_user *user_get(kuid_t uid)
{
	struct wn_user *user;
	u32 key = __kuid_val(uid);
	int err;

	lockdep_assert_held(&wn_charge_lock);

	user = xa_load(&users, key);
	if (user)
		return user;
	user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (!user)
		return ERR_PTR(-ENOMEM);
	user->uid = key;
	err = xa_err(xa_store(&users, key, user, GFP_KERNEL_ACCOUNT));
	if (err) {
		kfree(user);
		return ERR_PTR(err);
	}
	return user;
}

static void user_drop_if_idle(struct wn_user *user)
{
	lockdep_assert_held(&wn_charge_lock);

	if (user->used)
		return;
	xa_erase(&users, user->uid);
	kfree(user);
}

int wn_charge_take(struct wn_charge *charge, kuid_t uid, struct wn_budget *mount, u64 bytes)
{
	struct wn_user *user;
	int err = 0;

	mutex_lock(&wn_charge_lock);
	user = user_get(uid);
	if (IS_ERR(user)) {
		err = PTR_ERR(user);
		goto out;
	}
	if (!fits(user->used, user_limit(), bytes))
		err = -EDQUOT;
	else if (!fits(mount->used, mount->limit, bytes) ||
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
	WARN_ON_ONCE(!xa_empty(&users) || module_used);
	xa_destroy(&users);
}
