// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "cap.h"

#include "client.h"
#include "journal.h"
#include "node.h"

static struct wn_cap *by_number(const struct wn_core *core, u32 number)
{
	return number ? &core->caps.at[number - 1] : NULL;
}

static u32 number_of(const struct wn_core *core, const struct wn_cap *cap)
{
	return (u32)(cap - core->caps.at) + 1;
}

static struct wn_core_client *holder(const struct wn_core *core, const struct wn_cap *cap)
{
	return &core->clients[(u32)(cap - core->caps.at) / core->bounds.caps];
}

/* Whether it was revoked, or one above it that is not all freed yet. */
static bool is_revoked(struct wn_core *core, const struct wn_cap *cap)
{
	u32 i;

	if (cap->state == WN_CAP_REVOKED)
		return true;
	if (likely(!wn_caps_are_doomed(core)))
		return false;
	for (i = 0; cap->parent && i <= WN_CAP_DEPTH; i++) {
		core->tx->steps++;
		cap = by_number(core, cap->parent);
		if (cap->state == WN_CAP_REVOKED)
			return true;
	}
	return false;
}

/* ------------------------------------------------------------------ use */

static struct wn_cap *refuse(struct wn_core *core, u32 client, u32 index, u32 rights, s64 *err,
			     s64 why)
{
	const struct wn_cap *cap = index < core->bounds.caps ?
		&core->clients[client].caps[wn_index_nospec(index, core->bounds.caps)] : NULL;

	wn_trace_cap(core, client, index, rights, cap ? cap->node : 0, why);
	wn_audit_refusal(core, cap, client, index, (u32)-why);
	core->caps.refused[0]++;
	core->caps.refused[1] += why == -EKEYEXPIRED;
	*err = why;
	return NULL;
}

void wn_cap_refused(struct wn_core *core, u32 client, u32 error)
{
	s64 err;

	refuse(core, client, ~0u, 0, &err, -(s64)error);
}

struct wn_cap *wn_cap_use(struct wn_core *core, u32 client, u32 index, u32 rights,
			  const struct wn_now *now, s64 *err)
{
	struct wn_cap *cap;

	if (unlikely(index >= core->bounds.caps))
		return refuse(core, client, index, rights, err, -EACCES);
	index = wn_index_nospec(index, core->bounds.caps);
	cap = &core->clients[client].caps[index];
	if (unlikely(cap->state == WN_CAP_FREE))
		return refuse(core, client, index, rights, err, -EACCES);
	if (unlikely(is_revoked(core, cap)))
		return refuse(core, client, index, rights, err, -EKEYREVOKED);
	if (unlikely(cap->expires && now->boottime >= cap->expires))
		return refuse(core, client, index, rights, err, -EKEYEXPIRED);
	if (unlikely((cap->rights & rights) != rights))
		return refuse(core, client, index, rights, err, -EACCES);
	wn_trace_cap(core, client, index, rights, cap->node, 0);
	return cap;
}

/*
 * Whether @below is an ancestor of a node or itself: at most WN_DEPTH_MAX parents. A no
 * takes as long for every node, so that it does not tell how deep one lies that the
 * asker may not know of, or whether there is one.
 */
static bool walk(struct wn_core *core, u64 node, u64 below)
{
	u64 parent;
	u32 i;

	for (i = 0; i <= WN_DEPTH_MAX; i++) {
		if (node == below)
			return true;
		core->tx->steps++;
		/* The handle of one that was destroyed stays its children's parent. */
		parent = READ_ONCE(wn_node(core, wn_handle_index(node) % core->bounds.nodes)->parent);
		node = wn_node_find(core, node) < 0 ? 0 : parent;
	}
	return false;
}

int wn_cap_reach(struct wn_core *core, u32 client, const struct wn_cap *cap, u64 handle)
{
	struct wn_reach *known;
	int index;

	index = wn_node_find(core, handle ? handle : cap->node);
	if (!handle || wn_cap_is_whole(core, cap))
		return index;
	if (index < 0) {
		walk(core, 0, cap->node);
		return -ESTALE;
	}
	known = &core->reach[client * WN_REACH_ENTRIES + (u32)index % WN_REACH_ENTRIES];
	if (known->node == handle && known->below == cap->node &&
	    known->epoch == *core->tree_epoch)
		return index;
	if (!walk(core, handle, cap->node) || wn_node_find(core, cap->node) < 0)
		return -ESTALE;
	*known = (struct wn_reach){ handle, cap->node, *core->tree_epoch };
	return index;
}

/* A refusal is told to who audits, and what was found is remembered: so it is an input. */
int wn_cap_ask(struct wn_core *core, u32 client, u32 index, u32 rights, u64 node,
	       const struct wn_now *now, const struct wn_cap **cap)
{
	const u64 body[2] = { rights, node };
	s64 res = 0;

	if (unlikely(core->journal)) {
		*cap = NULL;
		if (!wn_journal_has_share(core, client))
			return -ENOBUFS;
		wn_journal_ask(core, client, index, body, now);
	}
	*cap = wn_cap_use(core, client, index, rights, now, &res);
	if (*cap)
		res = wn_cap_reach(core, client, *cap, node);
	if (unlikely(core->journal))
		wn_journal_close(core, res);
	return (int)res;
}

u64 wn_cap_handle(const struct wn_core *core, const struct wn_cap *cap)
{
	return cap->id << WN_HANDLE_INDEX_BITS | (number_of(core, cap) - 1);
}

struct wn_cap *wn_cap_find(struct wn_core *core, u64 handle)
{
	const u32 total = core->bounds.clients * core->bounds.caps;
	u32 index = wn_handle_index(handle);
	struct wn_cap *cap;

	if (index >= total)
		return NULL;
	cap = &core->caps.at[wn_index_nospec(index, total)];
	return cap->state == WN_CAP_LIVE && wn_cap_handle(core, cap) == handle &&
	       !is_revoked(core, cap) ? cap : NULL;
}

bool wn_cap_lasts(struct wn_core *core, u64 handle, const struct wn_now *now)
{
	const struct wn_cap *cap = wn_cap_find(core, handle);

	return cap && !(cap->expires && now->boottime >= cap->expires);
}

bool wn_cap_was_revoked(struct wn_core *core, u64 handle)
{
	const u32 total = core->bounds.clients * core->bounds.caps;
	const u32 index = wn_handle_index(handle);
	const struct wn_core_client *client;
	const struct wn_cap *cap;

	if (wn_bug_on(index >= total))
		return true;
	cap = &core->caps.at[wn_index_nospec(index, total)];
	client = holder(core, cap);
	if (cap->node && wn_cap_handle(core, cap) == handle)
		return wn_core_client_is_open(client) && is_revoked(core, cap);
	/* Ids only grow: one from before the number was opened is of who had it then. */
	return wn_core_client_is_open(client) && handle >> WN_HANDLE_INDEX_BITS >= client->first_id;
}

bool wn_cap_is_below(struct wn_core *core, const struct wn_cap *cap, const struct wn_cap *above)
{
	u32 i;

	for (i = 0; cap && i <= WN_CAP_DEPTH; i++) {
		if (cap == above)
			return true;
		core->tx->steps++;
		cap = by_number(core, cap->parent);
	}
	return false;
}

void wn_caps_publish(struct wn_core *core)
{
	const u64 now[] = { core->caps.granted, core->caps.refused[0], core->caps.refused[1],
			    core->caps.revoked };
	u64 *stats = (u64 *)core->public->stats + WN_STAT_CAP_GRANTED;
	u32 i;

	/* Not at each refusal: what was refused shows nothing. */
	for (i = 0; i < sizeof(now) / sizeof(now[0]); i++)
		if (stats[i] != now[i])
			WRITE_ONCE(stats[i], now[i]);
}

wn_static_assert(WN_STAT_CAP_REVOKED == WN_STAT_CAP_GRANTED + 3);

/* ------------------------------------------------------- coming and going */

static void touch(struct wn_core *core, const struct wn_core_client *client)
{
	const u32 number = (u32)(client - core->clients);

	/* Not taken back by a rollback: somebody looks in vain. */
	core->caps.touched[0] = 1;
	core->caps.touched[1 + number / 64] |= 1ULL << number % 64;
}

void wn_caps_touch_all(struct wn_core *core)
{
	u32 i;

	for (i = 0; i < core->bounds.clients; i++)
		touch(core, &core->clients[i]);
}

int wn_caps_touched(struct wn_core *core)
{
	const u32 words = (core->bounds.clients + 63) / 64;
	u64 *bits = core->caps.touched + 1;
	u32 i, at;

	if (!core->caps.touched[0])
		return -1;
	for (i = 0; i < words; i++) {
		if (!bits[i])
			continue;
		at = wn_ffs64(bits[i]);
		bits[i] &= bits[i] - 1;
		return (int)(i * 64 + at);
	}
	core->caps.touched[0] = 0;
	return -1;
}

bool wn_caps_cover(struct wn_core *core, u32 client, u32 rights, u64 boottime, u64 *until)
{
	const struct wn_core_client *c = &core->clients[client];
	bool covers = false;
	u32 i;

	*until = 0;
	for (i = 0; i < core->bounds.caps; i++) {
		const struct wn_cap *cap = &c->caps[i];

		if (cap->state != WN_CAP_LIVE || !wn_cap_is_whole(core, cap) ||
		    (cap->rights & rights) != rights || is_revoked(core, cap))
			continue;
		if (!cap->expires) {
			*until = WN_NEVER;
			return true;
		}
		if (cap->expires <= boottime)
			continue;
		covers = true;
		if (cap->expires > *until)
			*until = cap->expires;
	}
	return covers;
}

/* The slot's capability is no more. A slot of who is gone is as if never used. */
static void clear(struct wn_core *core, struct wn_cap *cap)
{
	struct wn_core_client *client = holder(core, cap);
	struct wn_cap *parent = by_number(core, cap->parent), *next = by_number(core, cap->next);
	struct wn_cap *prev = by_number(core, cap->prev);

	core->tx->steps++;
	if (prev)
		WN_TX_SET(core->tx, prev->next, cap->next);
	else if (parent)
		WN_TX_SET(core->tx, parent->child, cap->next);
	if (next)
		WN_TX_SET(core->tx, next->prev, cap->prev);
	if (parent)
		wn_account_charge(core, parent->account, WN_QUOTA_CAPS, -1);
	wn_account_put(core, cap->account);
	touch(core, client);
	WN_TX_SET(core->tx, client->caps_used, client->caps_used - 1);
	WN_TX_SET(core->tx, client->caps_given, client->caps_given - cap->given);
	wn_tx_save(core->tx, cap, sizeof(*cap) / sizeof(u64));
	*cap = (struct wn_cap){ .state = wn_core_client_is_open(client) ? WN_CAP_REVOKED :
				WN_CAP_FREE };
}

static void fill(struct wn_core *core, struct wn_cap *cap, struct wn_cap *parent,
		 const struct wn_cap_grant *grant)
{
	struct wn_core_client *client = holder(core, cap);

	WN_TX_SET(core->tx, core->caps.ids, core->caps.ids + 1);
	wn_tx_save(core->tx, cap, sizeof(*cap) / sizeof(u64));
	*cap = (struct wn_cap){
		.node = grant->node,
		.expires = grant->expires,
		.badge = grant->badge,
		.id = core->caps.ids,
		.rights = grant->rights,
		.state = WN_CAP_LIVE,
		.given = parent && holder(core, parent) != client,
	};
	touch(core, client);
	WN_TX_SET(core->tx, client->caps_used, client->caps_used + 1);
	WN_TX_SET(core->tx, client->caps_given, client->caps_given + cap->given);
}

int wn_cap_place(struct wn_core *core, u32 client, u32 index, const struct wn_core_open *first)
{
	struct wn_cap *cap = &core->clients[client].caps[index];
	const struct wn_cap_grant grant = {
		.node = first->node,
		.expires = first->expires,
		.badge = first->badge,
		.rights = first->rights,
		.quota = { [WN_QUOTA_NODES] = first->quota_nodes },
	};
	u32 account = 0;

	wn_tx_begin(core->tx, false);
	if (wn_cap_has_quota(&grant)) {
		account = wn_account_new(core, 0, grant.quota, 0);
		if (!account)
			return -ENOSPC;
	}
	if (cap->state == WN_CAP_LIVE && !wn_bug_on(cap->child))
		clear(core, cap);
	if (!grant.node) {
		*cap = (struct wn_cap){};
		wn_account_put(core, account);
		return 0;
	}
	fill(core, cap, NULL, &grant);
	cap->account = account;
	cap->owns_account = !!account;
	return 0;
}

int wn_cap_put(struct wn_core *core, u32 client, u32 index, const struct wn_core_open *first)
{
	int err;

	if (unlikely(core->journal)) {
		if (!wn_journal_has_share(core, client))
			return -ENOBUFS;
		wn_journal_cap(core, WN_INPUT_CAP, client, index, first);
	}
	err = wn_cap_place(core, client, index, first);
	if (unlikely(core->journal))
		wn_journal_close(core, err);
	return err;
}

void wn_cap_add(struct wn_core *core, struct wn_cap *parent, u32 client, u32 index,
		const struct wn_cap_grant *grant)
{
	struct wn_cap *cap = &core->clients[client].caps[index];
	const u32 number = number_of(core, cap);
	struct wn_cap *next;

	fill(core, cap, parent, grant);
	WN_TX_SET(core->tx, core->clients[client].cap_hint, index + 1);
	WN_TX_SET(core->tx, core->caps.granted, core->caps.granted + 1);
	if (!parent)
		return;
	next = by_number(core, parent->child);
	cap->depth = parent->depth + 1;
	cap->parent = number_of(core, parent);
	cap->next = parent->child;
	if (next)
		WN_TX_SET(core->tx, next->prev, number);
	WN_TX_SET(core->tx, parent->child, number);
	wn_account_charge(core, parent->account, WN_QUOTA_CAPS, 1);
	cap->owns_account = wn_cap_has_quota(grant);
	cap->account = parent->account;
	if (cap->owns_account)
		cap->account = wn_account_new(core, parent->account, grant->quota,
					      (u32)(holder(core, parent) - core->clients) + 1);
	else
		wn_account_get(core, cap->account);
}

s64 wn_cap_fits(struct wn_core *core, const struct wn_cap *parent, u32 client, u32 by)
{
	const struct wn_core_client *c = &core->clients[client];

	/* Others may fill half of what is left. */
	if ((parent && parent->depth >= WN_CAP_DEPTH) || core->caps.ids == WN_CAP_IDS ||
	    (client != by && c->caps_given >= core->bounds.caps - c->caps_used))
		return -ENOSPC;
	return parent && !wn_account_fits(core, parent->account, WN_QUOTA_CAPS, 1) ? -EDQUOT : 0;
}

int wn_cap_slot(struct wn_core *core, u32 client)
{
	const struct wn_core_client *c = &core->clients[client];
	const u32 caps = core->bounds.caps;
	u32 i, at = c->cap_hint;

	if (c->caps_used >= caps)
		return -ENOSPC;
	/* Round, so that a revoked one says so for as long as possible. */
	for (i = 0; i < caps; i++, at++) {
		core->tx->steps++;
		if (at >= caps)
			at = 0;
		if (!c->caps[at].node)
			return (int)at;
	}
	return -ENOSPC;
}

/* ---------------------------------------------------------------- revoke */

void wn_cap_doom(struct wn_core *core, struct wn_cap *cap)
{
	const u32 number = number_of(core, cap);
	struct wn_caps *caps = &core->caps;

	/* By one above it, which will come to it. */
	if (is_revoked(core, cap))
		return;
	WN_TX_SET(core->tx, cap->state, WN_CAP_REVOKED);
	WN_TX_SET(core->tx, cap->next_doomed, 0);
	WN_TX_SET(core->tx, caps->branches, caps->branches + 1);
	if (caps->doomed)
		WN_TX_SET(core->tx, by_number(core, caps->last_doomed)->next_doomed, number);
	else
		WN_TX_SET(core->tx, caps->doomed, number);
	WN_TX_SET(core->tx, caps->last_doomed, number);
}

static u32 next_step(const struct wn_core *core)
{
	return core->caps.reaping ? core->caps.reaping : core->caps.doomed;
}

bool wn_caps_leaf(const struct wn_core *core, u32 *client, u32 *index)
{
	const u32 at = next_step(core) - 1;

	*client = at / core->bounds.caps;
	*index = at % core->bounds.caps;
	return !core->caps.at[at].child;
}

void wn_caps_step(struct wn_core *core)
{
	struct wn_caps *caps = &core->caps;
	const u32 at = next_step(core);
	struct wn_cap *cap = by_number(core, at);
	u32 up, next;

	if (cap->child) {
		WN_TX_SET(core->tx, caps->reaping, cap->child);
		return;
	}
	up = cap->parent;
	next = cap->next_doomed;
	wn_audit_note(core, cap, (at - 1) / core->bounds.caps, (at - 1) % core->bounds.caps,
		      WN_AUDIT_REVOKED);
	clear(core, cap);
	WN_TX_SET(core->tx, caps->revoked, caps->revoked + 1);
	if (at != caps->doomed) {
		WN_TX_SET(core->tx, caps->reaping, up);
		return;
	}
	WN_TX_SET(core->tx, caps->reaping, 0);
	WN_TX_SET(core->tx, caps->freed, caps->freed + 1);
	WN_TX_SET(core->tx, caps->doomed, next);
	if (!next)
		WN_TX_SET(core->tx, caps->last_doomed, 0);
}

void wn_caps_client_gone(struct wn_core *core, u32 client)
{
	struct wn_core_client *c = &core->clients[client];
	u32 i;

	wn_tx_begin(core->tx, false);
	for (i = 0; i < core->bounds.caps; i++) {
		struct wn_cap *cap = &c->caps[i];

		if (!cap->node)
			*cap = (struct wn_cap){};
		else if (!is_revoked(core, cap) && !cap->child)
			clear(core, cap);
		else
			wn_cap_doom(core, cap);
	}
}
