// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "account.h"

#include "cap.h"
#include "client.h"
#include "core.h"

/* Whoever has a quota at all has few of them; a domain of any size has some. */
#define LEAST	256u

u32 wn_accounts_count(const struct wn_bounds *bounds)
{
	const u32 n = bounds->clients + bounds->clients * bounds->caps / 8 + bounds->nodes / 8;

	return n > LEAST ? n : LEAST;
}

void wn_accounts_init(struct wn_accounts *accounts, void *zeroed, void *cells, u32 capacity)
{
	*accounts = (struct wn_accounts){ .at = zeroed, .cells = cells, .capacity = capacity };
}

static struct wn_account *account(struct wn_core *core, u32 number)
{
	return &core->accounts.at[number - 1];
}

/* The client that holds one, if it lives still: who has its number next begins with none. */
static struct wn_core_client *owner_of(struct wn_core *core, const struct wn_account *a)
{
	struct wn_core_client *client = a->owner ? &core->clients[a->owner - 1] : NULL;

	return client && client->life == a->life ? client : NULL;
}

u32 wn_account_new(struct wn_core *core, u32 parent, const u32 quota[WN_QUOTAS], u32 owner)
{
	struct wn_accounts *a = &core->accounts;
	u32 number = a->free, i;
	struct wn_account *new;

	if (a->used == a->capacity)
		return 0;
	wn_tx_save(core->tx, &a->used, 2);
	a->used++;
	if (number)
		a->free = account(core, number)->next_free;
	else
		number = ++a->fresh;
	new = account(core, number);
	wn_tx_save(core->tx, new, sizeof(*new) / sizeof(u64));
	*new = (struct wn_account){ .parent = parent, .refs = 1, .owner = owner };
	if (owner) {
		struct wn_core_client *client = &core->clients[owner - 1];

		new->life = client->life;
		WN_TX_SET(core->tx, client->accounts, client->accounts + 1);
	}
	for (i = 0; i < WN_QUOTAS; i++)
		new->quota[i] = quota[i];
	if (parent)
		wn_account_get(core, parent);
	return number;
}

bool wn_account_is_left(const struct wn_core *core, u32 client)
{
	return core->clients[client].accounts < core->accounts.capacity - core->accounts.used;
}

void wn_account_get(struct wn_core *core, u32 number)
{
	if (number)
		WN_TX_SET(core->tx, account(core, number)->refs, account(core, number)->refs + 1);
}

/* Free what nobody names any more, and so on upwards. */
static void settle(struct wn_core *core, u32 number)
{
	struct wn_accounts *all = &core->accounts;
	u32 i;

	for (i = 0; number && i <= WN_CAP_DEPTH; i++) {
		struct wn_account *a = account(core, number);
		const u32 parent = a->parent;
		struct wn_core_client *owner = owner_of(core, a);

		core->tx->steps++;
		if (a->refs || a->used[WN_QUOTA_NODES] || a->used[WN_QUOTA_CELLS])
			return;
		WN_TX_SET(core->tx, a->next_free, all->free);
		wn_tx_save(core->tx, &all->used, 2);
		all->free = number;
		all->used--;
		if (owner)
			WN_TX_SET(core->tx, owner->accounts, owner->accounts - 1);
		if (parent)
			WN_TX_SET(core->tx, account(core, parent)->refs,
				  account(core, parent)->refs - 1);
		number = parent;
	}
}

void wn_account_put(struct wn_core *core, u32 number)
{
	if (!number)
		return;
	if (wn_bug_on(!account(core, number)->refs))
		return;
	WN_TX_SET(core->tx, account(core, number)->refs, account(core, number)->refs - 1);
	settle(core, number);
}

bool wn_account_fits(struct wn_core *core, u32 number, enum wn_quota what, u32 n)
{
	u32 i;

	for (i = 0; number && i <= WN_CAP_DEPTH; i++) {
		const struct wn_account *a = account(core, number);

		core->tx->steps++;
		if (a->quota[what] &&
		    (a->used[what] > a->quota[what] || n > a->quota[what] - a->used[what]))
			return false;
		number = a->parent;
	}
	return true;
}

void wn_account_charge(struct wn_core *core, u32 number, enum wn_quota what, s64 n)
{
	u32 at = number, i;

	for (i = 0; at && i <= WN_CAP_DEPTH; i++) {
		struct wn_account *a = account(core, at);

		core->tx->steps++;
		if (wn_bug_on(n < 0 && a->used[what] < (u64)-n))
			return;
		WN_TX_SET(core->tx, a->used[what], (u32)(a->used[what] + n));
		at = a->parent;
	}
	if (n < 0)
		settle(core, number);
}
