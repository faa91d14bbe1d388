/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Accounts: what was made under capabilities that have a quota. A capability without
 * one of its own shares its parent's account; what is charged to an account is charged
 * to all above it, so nobody gets more by handing on to himself.
 *
 * Nodes and cells name the account they are charged to, not the capability: that may
 * go before they do. An account goes with the last that names it. A client may hold as many
 * as are left to others.
 */
#ifndef WN_CORE_ACCOUNT_H
#define WN_CORE_ACCOUNT_H

#include <linux/worknode.h>

#include "port.h"

struct wn_core;

enum wn_quota { WN_QUOTA_NODES, WN_QUOTA_CELLS, WN_QUOTA_BYTES, WN_QUOTA_CAPS, WN_QUOTAS };

struct wn_account {
	u32 parent;		/* number; 0: none */
	u32 refs;		/* capabilities and accounts that name it */
	u32 quota[WN_QUOTAS];	/* 0: none */
	u32 used[WN_QUOTAS];
	u32 next_free;
	u32 owner;		/* client + 1, under whose capability it was made; 0: nobody */
	u64 life;		/* of that client */
};

/* Whom a cell is charged to. */
struct wn_cell_charge {
	u32 account, bytes;
};

struct wn_accounts {
	struct wn_account *at;	/* by number - 1 */
	struct wn_cell_charge *cells;	/* by cell */
	u32 capacity;
	u64 used;		/* saved together with the two below */
	u32 free, fresh;	/* a list; none from fresh on was ever used */
};

u32 wn_accounts_count(const struct wn_bounds *bounds);
void wn_accounts_init(struct wn_accounts *accounts, void *zeroed, void *cells, u32 capacity);

/* A number, named once, held by a client (its number + 1; 0: nobody); 0: no more accounts. */
u32 wn_account_new(struct wn_core *core, u32 parent, const u32 quota[WN_QUOTAS], u32 owner);
void wn_account_get(struct wn_core *core, u32 number);
void wn_account_put(struct wn_core *core, u32 number);

/* Whether a client could make another. */
bool wn_account_is_left(const struct wn_core *core, u32 client);

/* Whether so much more fits; number 0 is nobody's account: all fits. */
bool wn_account_fits(struct wn_core *core, u32 number, enum wn_quota what, u32 n);

/* So much more, or less if @n is below zero. */
void wn_account_charge(struct wn_core *core, u32 number, enum wn_quota what, s64 n);

#endif
