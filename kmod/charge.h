/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Caps on memory, beside the memory cgroup: of a user, of a mount
 * and of the whole module. What is taken is given back as a whole. A charge
 * is zero-initialised; giving back an empty one does nothing.
 */
#ifndef WN_CHARGE_H
#define WN_CHARGE_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct wn_user;

/* A sum with a cap; the mount's lies in its super block. */
struct wn_budget {
	u64 limit;
	u64 used;		/* under wn_charge_lock */
};

struct wn_charge {
	struct wn_user *user;
	struct wn_budget *mount;
	u64 bytes;
};

/* Check that all was given back. */
void wn_charge_exit(void);

/*
 * The user who pays for what the caller takes: its real user; in a user
 * namespace the one who made that, for all ids in there are his. What root made
 * does not count: the ids in it are users of their own.
 */
kuid_t wn_charge_payer(void);

/* -EDQUOT: the user's cap; -ENOSPC: the mount's or the module's. */
int wn_charge_take(struct wn_charge *charge, kuid_t uid, struct wn_budget *mount, u64 bytes);
void wn_charge_give(struct wn_charge *charge);

/* Give back all but so many bytes. */
void wn_charge_shrink(struct wn_charge *charge, u64 bytes);

/* What the module may hold, and what a budget holds now. */
u64 wn_charge_limit(void);
u64 wn_charge_used(struct wn_budget *mount);

#endif
