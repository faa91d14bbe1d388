// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "death.h"

#include "client.h"
#include "node.h"
#include "promise.h"
#include "sub.h"
#include "tree.h"

#define FIRST_STEPS	256u	/* in the call that closes it */

void wn_death_node_gone(struct wn_core *core, u32 index)
{
	struct wn_node_own *own = &core->own[index];
	struct wn_core_client *client;

	if (!own->on_death)
		return;
	client = &core->clients[wn_node(core, index)->owner];
	/* It lives, or is dying: nobody else has its number before it is through. */
	if (!wn_bug_on(client->life - own->owner_life > 1 || !client->bequests))
		WN_TX_SET(core->tx, client->bequests, client->bequests - 1);
	WN_TX_SET(core->tx, own->on_death, WN_DEATH_KEEP);
}

static void orphan(struct wn_core *core, u32 index, u64 hlc)
{
	wn_node_touch(core, index, hlc)->owner = WN_OWNER_NONE;
	wn_log_mark(core, index, WN_CHANGE_FIELDS);
	WN_TX_SET(core->tx, core->own[index].owner_life, 0);
}

/* Its nodes, in the order of their indexes: a step for each node that is looked at. */
static bool nodes_gone(struct wn_core *core, u32 client, u32 *budget, const struct wn_now *now)
{
	struct wn_core_client *dead = &core->clients[client];
	struct wn_deaths *deaths = &core->deaths;
	u32 index;
	u8 policy;

	for (; dead->bequests; --*budget) {
		if (!*budget)
			return false;
		if (wn_pool_next(&core->nodes, &deaths->cursor) != 1) {
			/* Behind the last one there is none: each with a policy was met. */
			if (wn_bug_on(deaths->cursor >= core->bounds.nodes))
				dead->bequests = 0;
			continue;
		}
		index = deaths->cursor++;
		policy = core->own[index].on_death;
		if (!policy || wn_node(core, index)->owner != client)
			continue;
		wn_death_node_gone(core, index);
		if (policy == WN_DEATH_ORPHAN)
			orphan(core, index, wn_core_stamp(core, now));
		else if (!wn_tree_is_torn(core) ||
			 wn_tree_climb(core, index, WN_INDEX_NONE, NULL) >= 0)
			wn_tree_destroy(core, index, wn_core_stamp(core, now));
		wn_core_commit(core);
	}
	return true;
}

/*
 * What its nodes' ends bring about goes before its own links do, and before monitors are
 * told of its death: when the reaper is through. Where there is neither nobody waits.
 */
static bool links_gone(struct wn_core *core, u32 client, u32 *budget, const struct wn_now *now)
{
	const struct wn_core_client *dead = &core->clients[client];

	*budget -= wn_promise_break(core, *budget, now);
	return *budget && (!wn_tree_is_torn(core) ||
			   (wn_list_is_empty(core->tx, &dead->held) &&
			    wn_list_is_empty(core->tx, &dead->peers)));
}

static bool subs_gone(struct wn_core *core, u32 client, u32 *budget)
{
	const bool through = wn_sub_client_gone(core, client, budget);

	wn_core_commit(core);
	return through;
}

enum { NODES, LINKS, PROMISES, SUBS, NOUNS };

/* Ends what a client had of a noun, in at most *budget steps; false: more is left. */
static bool gone(struct wn_core *core, u32 noun, u32 client, u32 *budget, const struct wn_now *now)
{
	switch (noun) {
	case NODES:
		return nodes_gone(core, client, budget, now);
	case LINKS:
		return links_gone(core, client, budget, now);
	case PROMISES:
		return wn_promise_client_gone(core, client, budget, now);
	case SUBS:
		return subs_gone(core, client, budget);
	}
	return true;
}

/* The first one is through: its number is free. */
static void bury(struct wn_core *core)
{
	struct wn_deaths *deaths = &core->deaths;
	struct wn_core_client *client = &core->clients[deaths->first - 1];

	client->promises = 0;
	client->subs = 0;
	client->dying = false;
	deaths->first = client->next_dying;
	if (!deaths->first)
		deaths->last = 0;
	deaths->noun = 0;
}

u32 wn_death_slice(struct wn_core *core, u32 steps, const struct wn_now *now)
{
	struct wn_deaths *deaths = &core->deaths;
	u32 left = steps;

	if (deaths->first)
		wn_tx_begin(core->tx, false);
	/* Each turn is a step, so that ends of no cost are bounded, too. */
	for (; deaths->first && left; left--) {
		if (!gone(core, deaths->noun, deaths->first - 1, &left, now))
			break;
		deaths->cursor = 0;
		if (++deaths->noun == NOUNS)
			bury(core);
		if (!left)
			break;
	}
	return steps - left;
}

void wn_death_add(struct wn_core *core, u32 client)
{
	/* Stamps go on from the last; no time is needed for that. */
	const struct wn_now now = {};
	struct wn_deaths *deaths = &core->deaths;
	struct wn_core_client *dead = &core->clients[client];

	dead->dying = true;
	dead->next_dying = 0;
	if (deaths->last)
		core->clients[deaths->last - 1].next_dying = client + 1;
	else
		deaths->first = client + 1;
	deaths->last = client + 1;
	wn_death_slice(core, FIRST_STEPS, &now);
}
