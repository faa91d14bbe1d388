// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "sub.h"

#include "client.h"
#include "mail.h"
#include "node.h"
#include "tree.h"

/* One subscription's part of a slice, in steps, before it is another's turn. */
#define SHARE	128

wn_static_assert(sizeof(struct wn_change) == 24 && sizeof(struct wn_audit_event) == 24);

enum outcome { SETTLED, STUCK, BUSY };

int wn_subs_init(struct wn_subs *subs, void *records, void *pool, u32 capacity)
{
	subs->subs = records;
	return wn_pool_init(&subs->pool, pool, capacity);
}

u64 wn_sub_add(struct wn_core *core, const struct wn_sub *new)
{
	struct wn_core_client *client = &core->clients[new->client];
	struct wn_subs *subs = &core->subs;
	struct wn_sub *sub;
	u64 handle;

	if (client->subs >= wn_pool_capacity(&subs->pool) - wn_pool_count(&subs->pool))
		return 0;
	handle = wn_tx_alloc(core->tx, &subs->pool);
	if (wn_bug_on(!handle))
		return 0;
	sub = &subs->subs[wn_handle_index(handle)];
	wn_tx_save(core->tx, sub, sizeof(*sub) / sizeof(u64));
	*sub = *new;
	sub->life = client->life;
	sub->since = sub->fixed = core->hlc;
	sub->start = sub->lap = sub->at = sub->end = core->log.head;
	if (sub->audit) {
		sub->at = core->audit->head;
		core->audit->listeners++;
	} else {
		/* What comes from now on joins no record that is older than it. */
		WN_TX_SET(core->tx, core->log.read, core->log.head);
		WN_TX_SET(core->tx, core->log.readers, core->log.readers + 1);
	}
	WN_TX_SET(core->tx, client->subs, client->subs + 1);
	WN_TX_SET(core->tx, subs->poked, true);
	return handle;
}

void wn_sub_drop(struct wn_core *core, u32 index)
{
	struct wn_subs *subs = &core->subs;
	const struct wn_sub *sub = &subs->subs[index];
	struct wn_core_client *client = &core->clients[sub->client];

	/* It lives, or is on its way out; who has its number next begins with none. */
	if (client->life - sub->life <= 1 && client->subs)
		WN_TX_SET(core->tx, client->subs, client->subs - 1);
	if (sub->audit)
		core->audit->listeners--;
	else
		WN_TX_SET(core->tx, core->log.readers, core->log.readers - 1);
	wn_bug_on(wn_tx_free(core->tx, &subs->pool, wn_pool_handle(&subs->pool, index)));
}

/* ------------------------------------------------------- what is told */

/* Whether an event went into the subscriber's backlog. */
static bool send(struct wn_core *core, const struct wn_sub *sub, u8 kind, u64 node, u64 hlc,
		 const void *data)
{
	struct wn_event event = {
		.node = node,
		.hlc = hlc,
		.trace = sub->trace,
		.kind = kind,
		.priority = sub->priority,
		.len = sizeof(event.data),
	};

	wn_memcpy(event.data, data, sizeof(event.data));
	core->tx->steps++;
	return !wn_mail_tell(core, sub->client, &event);
}

static bool tell(struct wn_core *core, const struct wn_sub *sub, u64 node, u64 hlc, u64 version,
		 u32 what)
{
	const struct wn_change change = {
		.sub = wn_pool_handle(&core->subs.pool, (u32)(sub - core->subs.subs)),
		.version = version,
		.what = what,
		.error = sub->ended,
	};

	/* A rescan is of no version, and tells of nothing in particular. */
	return send(core, sub, what ? WN_EV_CHANGE : WN_EV_RESCAN, node, hlc, &change);
}

/* Whether a node is in the tree, and in the subtree. */
static bool covers(struct wn_core *core, const struct wn_sub *sub, u32 index)
{
	bool met;

	if (!wn_node(core, index)->handle)
		return false;
	if (sub->node == core->root && !wn_tree_is_torn(core))
		return true;
	return wn_tree_climb(core, index, wn_handle_index(sub->node), &met) >= 0 && met;
}

/* What of the subscription's kinds a record tells, which is the node's last in [from, ..). */
static u32 wanted(const struct wn_sub *sub, const struct wn_log_rec *rec, u64 from)
{
	u32 what = 0, k;

	for (k = 0; k < WN_LOG_KINDS; k++)
		if (rec->last[k] >= from)
			what |= 1u << k;
	what &= sub->kinds | WN_CHANGE_MOVED;
	return what & sub->kinds ? what : 0;
}

/* The errno for which the subscription ends now, or 0. */
static u32 end_of(struct wn_core *core, const struct wn_sub *sub, const struct wn_now *now)
{
	const struct wn_cap *cap;
	s64 err;
	int at;

	cap = wn_cap_use(core, sub->client, sub->cap,
			 sub->audit ? WN_RIGHT_ADMIN : WN_RIGHT_READ, now, &err);
	if (!cap)
		return (u32)-err;
	if (cap->id != sub->cap_id)
		return EKEYREVOKED;
	at = wn_cap_reach(core, sub->client, cap, sub->node);
	if (at < 0 || (wn_tree_is_torn(core) &&
		       wn_tree_climb(core, (u32)at, WN_INDEX_NONE, NULL) < 0))
		return ESTALE;
	return 0;
}

/* ---------------------------------------------------------- one of them */

/* All that was there when it began: one node a step; true: told, or nothing to tell. */
static bool tell_state(struct wn_core *core, struct wn_sub *sub)
{
	const struct wn_log_rec *logged;
	const struct wn_node_rec *rec;
	const u32 at = sub->scan;

	core->tx->steps++;
	if (at >= core->bounds.nodes) {
		if (!tell(core, sub, sub->node, sub->since,
			  wn_node(core, wn_handle_index(sub->node))->version, WN_CHANGE_LIVE))
			return false;
		sub->scan = WN_INDEX_NONE;
		return true;
	}
	rec = wn_node(core, at);
	logged = wn_log_of(core, at);
	/* What came later, or changed in a way that will be told, is left to its record. */
	if (rec->handle && rec->created <= sub->since &&
	    !(logged && wanted(sub, logged, sub->start)) && covers(core, sub, at) &&
	    !tell(core, sub, rec->handle, rec->hlc, rec->version, WN_CHANGE_STATE))
		return false;
	sub->scan = at + 1;
	return true;
}

/* The next node of the state phase; indexes of which none is in use take a step for 4,096. */
static bool state_step(struct wn_core *core, struct wn_sub *sub)
{
	if (wn_pool_next(&core->nodes, &sub->scan) == -EAGAIN) {
		core->tx->steps++;
		return true;
	}
	return tell_state(core, sub);
}

static void skip_to_head(struct wn_core *core, struct wn_sub *sub)
{
	sub->lap = sub->at = sub->end = core->log.head;
	core->log.read = core->log.head;
}

static bool tell_rescan(struct wn_core *core, struct wn_sub *sub)
{
	if (!tell(core, sub, sub->node, sub->since, 0, 0))
		return false;
	/* Who asks after this event finds all up to now. */
	sub->rescan = 0;
	sub->since = sub->fixed = core->hlc;
	skip_to_head(core, sub);
	return true;
}

/* One record of the lap. */
static bool tell_change(struct wn_core *core, struct wn_sub *sub)
{
	const struct wn_log_rec *rec = wn_log_at(&core->log, sub->at);
	u32 what = 0;
	int index;

	core->tx->steps++;
	if (wn_bug_on(!rec))
		return true;
	if (!rec->next || rec->next >= sub->end)
		what = wanted(sub, rec, sub->lap);
	if (what) {
		index = wn_node_find(core, rec->node);
		if (index >= 0 && covers(core, sub, (u32)index) &&
		    !tell(core, sub, rec->node, rec->hlc, rec->version, what))
			return false;
	}
	sub->at++;
	return true;
}

static void new_lap(struct wn_core *core, struct wn_sub *sub)
{
	sub->since = sub->fixed;
	sub->fixed = core->hlc;
	sub->lap = sub->end;
	sub->end = core->log.head;
	core->log.read = core->log.head;
}

/* One record of the audit, or how many are lost. */
static enum outcome audit_step(struct wn_core *core, struct wn_sub *sub)
{
	const struct wn_audit *audit = core->audit;
	const struct wn_audit_rec *rec = wn_audit_at(audit, sub->at);
	struct wn_audit_event event;
	u64 lost[3] = {};

	if (sub->at == audit->head)
		return SETTLED;
	if (!rec) {
		lost[0] = audit->head - WN_AUDIT_RECORDS - sub->at;
		if (!send(core, sub, WN_EV_LOSS, sub->node, core->hlc, lost))
			return STUCK;
		sub->at += lost[0];
		return BUSY;
	}
	event = (struct wn_audit_event){
		.handle = rec->handle,
		.what = rec->what,
		.error = rec->error,
		.client = rec->client,
		.index = rec->index,
	};
	if (!send(core, sub, WN_EV_AUDIT, rec->node, rec->hlc, &event))
		return STUCK;
	sub->at++;
	return BUSY;
}

/* A step of what is owed, in the order of the drawing in sub.h. */
static enum outcome step(struct wn_core *core, struct wn_sub *sub)
{
	bool told;

	if (sub->audit)
		return audit_step(core, sub);
	if (sub->at < core->log.head && !wn_log_at(&core->log, sub->at)) {
		sub->rescan = 1;
		skip_to_head(core, sub);
	}
	if (sub->scan != WN_INDEX_NONE)
		told = state_step(core, sub);
	else if (sub->rescan)
		told = tell_rescan(core, sub);
	else if (sub->at < sub->end)
		told = tell_change(core, sub);
	else if (sub->end < core->log.head)
		new_lap(core, sub), told = true;
	else
		return SETTLED;
	return told ? BUSY : STUCK;
}

static enum outcome end(struct wn_core *core, u32 index)
{
	struct wn_sub *sub = &core->subs.subs[index];

	if (core->clients[sub->client].life == sub->life &&
	    !tell(core, sub, sub->node, core->hlc, 0, WN_CHANGE_END))
		return STUCK;
	wn_sub_drop(core, index);
	return SETTLED;
}

static enum outcome pump(struct wn_core *core, u32 index, u32 until, const struct wn_now *now)
{
	struct wn_sub *sub = &core->subs.subs[index];
	enum outcome outcome = BUSY;

	core->tx->steps++;
	wn_tx_save(core->tx, sub, sizeof(*sub) / sizeof(u64));
	if (core->clients[sub->client].life != sub->life)
		return end(core, index);
	if (!sub->ended)
		sub->ended = end_of(core, sub, now);
	if (sub->ended)
		return end(core, index);
	/* Each turn of the loop takes a step, but for one that only begins a lap. */
	while (outcome == BUSY && core->tx->steps < until) {
		core->tx->steps++;
		outcome = step(core, sub);
	}
	return outcome;
}

/* ---------------------------------------------------------- all of them */

bool wn_sub_has_work(const struct wn_core *core)
{
	return wn_pool_count(&core->subs.pool) &&
	       (core->subs.round.left || core->subs.poked ||
		core->subs.settled != core->log.head ||
		core->subs.audited != core->audit->head);
}

/* The next in the round, behind the last one the first. */
static bool next(struct wn_core *core, u32 *index)
{
	struct wn_subs *subs = &core->subs;
	u32 i;

	/* Twice over the bitmap of the most that a pool of subscriptions has: 4,096. */
	for (i = 0; i < 4; i++) {
		core->tx->steps++;
		if (wn_pool_next(&subs->pool, index) == 1)
			return true;
		if (*index >= wn_pool_capacity(&subs->pool))
			*index = 0;
	}
	return false;
}

static void begin_round(struct wn_core *core)
{
	struct wn_subs *subs = &core->subs;

	subs->round.left = wn_pool_count(&subs->pool);
	subs->round.log = core->log.head;
	subs->round.audit = core->audit->head;
	subs->round.stuck = 0;
	subs->round.busy = false;
	/* Who comes from now on may be behind the round's turn: it asks for another. */
	subs->poked = false;
}

/* Each was visited: what came since the round began is for the next one. */
static void end_round(struct wn_subs *subs)
{
	subs->poked |= subs->round.busy;
	subs->stuck = subs->round.stuck;
	subs->settled = subs->round.log;
	subs->audited = subs->round.audit;
}

u32 wn_sub_slice(struct wn_core *core, u32 steps, const struct wn_now *now)
{
	struct wn_subs *subs = &core->subs;
	u32 at;

	if (!wn_pool_count(&subs->pool)) {
		/* Those that had no room went with their clients. */
		subs->round.left = 0;
		subs->stuck = 0;
		return 0;
	}
	if (!wn_sub_has_work(core) && !subs->stuck)
		return 0;
	wn_tx_begin(core->tx, false);
	core->tx->steps = 0;
	if (!subs->round.left)
		begin_round(core);
	while (subs->round.left && core->tx->steps < steps) {
		at = subs->turn;
		if (!next(core, &at)) {
			/* The last of them ended in this round. */
			wn_bug_on(wn_pool_count(&subs->pool));
			subs->round.left = 0;
			break;
		}
		switch (pump(core, at, core->tx->steps + SHARE, now)) {
		case STUCK:
			subs->round.stuck++;
			break;
		case BUSY:
			subs->round.busy = true;
			break;
		case SETTLED:
			break;
		}
		wn_core_commit(core);
		subs->turn = at + 1;
		subs->round.left--;
	}
	if (!subs->round.left)
		end_round(subs);
	return core->tx->steps;
}

bool wn_sub_client_gone(struct wn_core *core, u32 client, u32 *steps)
{
	struct wn_subs *subs = &core->subs;
	u32 at = 0;

	while (core->clients[client].subs) {
		if (!*steps)
			return false;
		--*steps;
		if (wn_pool_next(&subs->pool, &at) != 1)
			at = at < wn_pool_capacity(&subs->pool) ? at : 0;
		else if (subs->subs[at].client == client)
			wn_sub_drop(core, at);
		else
			at++;
	}
	return true;
}
