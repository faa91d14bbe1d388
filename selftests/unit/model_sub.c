// SPDX-License-Identifier: MIT
#include "model_sub.h"

#include <string.h>

#include "kmod/core/node.h"

#define KINDS	(WN_SUB_TREE | WN_SUB_FIELDS | WN_SUB_CELLS)

static const struct wn_node_rec *node_of(const struct model_sub *m, u64 handle)
{
	const struct wn_node_rec *rec = wn_node(m->w->core, wn_handle_index(handle));

	return rec->handle == handle ? rec : NULL;
}

bool sm_covers(const struct model_sub *m, u64 top, u64 node)
{
	const struct wn_node_rec *rec;
	bool met = false;
	u32 i;

	for (i = 0; i <= WN_DEPTH_MAX + 1; i++) {
		rec = node_of(m, node);
		if (!rec)
			return false;
		met |= node == top;
		if (node == m->w->core->root)
			return met;
		node = rec->parent;
	}
	return false;
}

/* The same, whatever became of those above. */
static bool reaches(const struct model_sub *m, u64 top, u64 node)
{
	u32 i;

	for (i = 0; i <= WN_DEPTH_MAX + 1 && node_of(m, node); i++) {
		if (node == top || top == m->w->core->root)
			return true;
		node = node_of(m, node)->parent;
	}
	return false;
}

u32 sm_why(const struct model_sub *m, const struct sm_sub *s)
{
	const struct sm_cap *c = &m->caps[s->client][s->cap];

	if (c->revoked)
		return EKEYREVOKED;
	if (c->expires && m->w->now.boottime >= c->expires)
		return EKEYEXPIRED;
	return sm_covers(m, c->top, s->node) ? 0 : ESTALE;
}

/* What the subscriber hears of a change: MOVED is a part of TREE. */
static u32 wanted(const struct sm_sub *s, u32 kinds)
{
	u32 w = kinds & s->kinds;

	return w & WN_SUB_TREE ? w | (kinds & WN_CHANGE_MOVED) : w;
}

void sm_look(struct model_sub *m)
{
	struct sm_sub *s;
	u32 i;

	for (s = m->subs; s < m->subs + SM_SUBS; s++) {
		if (!s->used)
			continue;
		if (sm_why(m, s))
			s->errors |= sm_why(m, s) == ESTALE ? 1 : sm_why(m, s) == EKEYREVOKED ? 2 : 4;
		for (i = 0; i < m->nr_changes; i++)
			if (!s->told[i] && !s->may[i] && !sm_covers(m, s->node, m->changes[i].node))
				s->may[i] = true;
		for (i = 0; i < SM_NODES; i++)
			if (s->pending[i] && !sm_covers(m, s->node, s->pending[i]))
				s->pending[i] = 0;
	}
}

const char *sm_note(struct model_sub *m, u64 node, u32 kinds, u64 record, u64 read)
{
	const struct wn_core *core = m->w->core;
	const u64 lost = core->log.head - core->log.mask - 1;	/* below it */
	struct sm_change *last = NULL, *new = &m->changes[m->nr_changes];
	u32 i;

	if (!node_of(m, node))
		return NULL;
	for (i = 0; i < m->nr_changes; i++)
		if (m->changes[i].node == node)
			last = &m->changes[i];
	*new = (struct sm_change){ .node = node, .kinds = kinds, .hlc = core->hlc,
				   .version = node_of(m, node)->version, .record = record };
	m->nr_changes++;
	/* It joins the node's last record, if no reader has begun with that; else it does not. */
	if (record && record < m->head && !(last && last->record == record && record >= read))
		return "a change in a record that was read, or is none of its node";
	if (record >= m->head && last && last->record >= read && (s64)(last->record - lost) >= 0)
		return "a record for a change that could have joined another";
	if (last && (last->hlc >= new->hlc ||
		     (kinds & SM_TOUCHED ? last->version >= new->version :
					   last->version != new->version)))
		return "a version that does not grow with its node";
	return NULL;
}

static u32 held(const struct model_sub *m, int client)
{
	u32 i, n = 0;

	for (i = 0; i < SM_SUBS; i++)
		n += m->subs[i].used && (client < 0 || m->subs[i].client == (u32)client);
	return n;
}

s64 sm_subscribe(struct model_sub *m, u32 client, u32 cap, u64 node, u32 flags, u32 *slot)
{
	const struct wn_core *core = m->w->core;
	struct sm_sub new = { .used = true, .state = flags & WN_SUB_STATE, .node = node,
			      .since = core->hlc, .client = client, .cap = cap,
			      .kinds = flags & KINDS };
	const u32 why = sm_why(m, &new);
	u32 i;

	/* What is left of a destroyed tree is in reach of some capabilities still. */
	if (why && !(why == ESTALE && !new.kinds && reaches(m, m->caps[client][cap].top, node)))
		return -(s64)why;
	if (!new.kinds)
		return -EINVAL;
	if (held(m, (int)client) >= SM_SUBS - held(m, -1))
		return -ENOSPC;
	for (*slot = 0; m->subs[*slot].used; ++*slot)
		;
	m->subs[*slot] = new;
	memset(m->subs[*slot].told, 1, m->nr_changes);
	for (i = 0; new.state && i < SM_NODES; i++) {
		const struct wn_node_rec *rec = wn_node(core, i);

		if (rec->handle && sm_covers(m, node, rec->handle))
			m->subs[*slot].pending[i] = rec->handle;
	}
	return 0;
}

s64 sm_unsubscribe(struct model_sub *m, u32 client, u64 handle)
{
	u32 i;

	for (i = 0; i < SM_SUBS; i++)
		if (m->subs[i].used && m->subs[i].handle == handle && m->subs[i].client == client) {
			m->subs[i].used = false;
			return 0;
		}
	return -ESTALE;
}

void sm_close(struct model_sub *m, u32 client)
{
	u32 i;

	for (i = 0; i < SM_SUBS; i++)
		if (m->subs[i].client == client)
			m->subs[i].used = false;
}

/* ------------------------------------------------------------ what is told */

/* What it was not told of a node, up to a stamp: that which must be, and all. */
static void untold(const struct model_sub *m, const struct sm_sub *s, u64 node, u64 hlc, u32 *must,
		   u32 *all)
{
	u32 i;

	*must = *all = 0;
	for (i = 0; i < m->nr_changes; i++) {
		const struct sm_change *c = &m->changes[i];

		if (c->node != node || c->hlc > hlc || s->told[i])
			continue;
		*all |= wanted(s, c->kinds) | (c->kinds & WN_CHANGE_MOVED);
		if (!s->may[i])
			*must |= wanted(s, c->kinds);
	}
}

static const char *tell_state(struct model_sub *m, struct sm_sub *s, const struct wn_event *e,
			      const struct wn_change *change)
{
	const struct wn_node_rec *rec = node_of(m, e->node);
	const u32 index = wn_handle_index(e->node);
	u32 must, all, i;

	if (!s->state || s->live)
		return "a state that was not asked for";
	/* One that was elsewhere when it was asked for may come in time. */
	if (s->stated[index] == e->node || rec->created > s->since)
		return "a state that was told, or was none";
	s->stated[index] = e->node;
	s->pending[index] = 0;
	if (change->version != rec->version || e->hlc != rec->hlc)
		return "a state with another version";
	untold(m, s, e->node, ~0ULL, &must, &all);
	if (!(all & s->kinds))
		return NULL;
	/* It has changes to be told of; only where those are lost its state is not one too many. */
	for (i = 0; i < m->nr_changes; i++)
		if (m->changes[i].node == e->node && !s->told[i] &&
		    wanted(s, m->changes[i].kinds) & s->kinds &&
		    m->head - m->changes[i].record <= m->w->core->log.mask + 1u)
			return "a state, and a change to be told";
	s->owed_rescan = true;
	return NULL;
}

static const char *tell_live(struct model_sub *m, struct sm_sub *s, const struct wn_event *e)
{
	u32 must, all, i;

	if (!s->state || s->live || e->node != s->node || e->hlc != s->since)
		return "live, and it was not asked for";
	s->live = true;
	for (i = 0; i < SM_NODES; i++) {
		if (!s->pending[i])
			continue;
		untold(m, s, s->pending[i], ~0ULL, &must, &all);
		if (!(all & s->kinds))
			return "a node that is there was not told";
	}
	return NULL;
}

static const char *tell_change(struct model_sub *m, struct sm_sub *s, const struct wn_event *e,
			       const struct wn_change *change)
{
	const struct sm_change *c = NULL;
	u32 must, all, i;

	if (s->state && !s->live)
		return "a change before all that was there";
	for (i = 0; i < m->nr_changes; i++)
		if (m->changes[i].node == e->node && m->changes[i].hlc == e->hlc)
			c = &m->changes[i];
	if (!c || c->version != change->version)
		return "a change that nobody made";
	untold(m, s, e->node, e->hlc, &must, &all);
	if (!(change->what & s->kinds) || must & ~change->what || change->what & ~all)
		return "not what changed: too much, twice, or not all";
	for (i = 0; i < m->nr_changes; i++)
		s->told[i] |= m->changes[i].node == e->node && m->changes[i].hlc <= e->hlc;
	return NULL;
}

static const char *tell_rescan(struct model_sub *m, struct sm_sub *s, const struct wn_event *e)
{
	u64 first = m->head;
	u32 i;

	if (e->node != s->node || (s->state && !s->live))
		return "a rescan that was not asked for";
	for (i = 0; i < m->nr_changes; i++) {
		const struct sm_change *c = &m->changes[i];

		if (c->hlc <= e->hlc) {
			if (!s->told[i] && !s->may[i] && wanted(s, c->kinds) && node_of(m, c->node))
				return "a rescan from behind what was not told";
		} else if (c->record && c->record < first) {
			first = c->record;
		}
	}
	if (m->head - first <= m->w->core->log.mask + 1u)
		return "a rescan, and the log held all";
	memset(s->told, 1, m->nr_changes);
	s->owed_rescan = false;
	for (i = 0; i < m->nr_asked; i++)
		if (m->asked[i].sub == (u32)(s - m->subs))
			return "two rescans at once";
	m->asked[m->nr_asked].sub = (u32)(s - m->subs);
	m->asked[m->nr_asked++].since = e->hlc;
	return NULL;
}

const char *sm_tell(struct model_sub *m, u32 client, const struct wn_event *e)
{
	struct sm_sub *s = &m->subs[e->trace % SM_SUBS];
	struct wn_change change;

	memcpy(&change, e->data, sizeof(change));
	if (!s->used || change.sub != s->handle || s->client != client || e->badge || e->flags ||
	    e->len != sizeof(change))
		return "an event to nobody";
	if (change.what & WN_CHANGE_END) {
		s->used = false;
		return s->errors & (change.error == ESTALE ? 1u : change.error == EKEYREVOKED ? 2u :
				    change.error == EKEYEXPIRED ? 4u : 0) ? NULL : "an end for no reason";
	}
	if (sm_why(m, s) || s->lost)
		return "an event to who may not see it";
	if (change.error)
		return "an error";
	if (e->kind == WN_EV_RESCAN)
		return change.what || change.version ? "a rescan of something" : tell_rescan(m, s, e);
	if (e->kind != WN_EV_CHANGE)
		return "an event of another kind";
	if (change.what & WN_CHANGE_LIVE)
		return change.what == WN_CHANGE_LIVE ? tell_live(m, s, e) : "live and more";
	if (!sm_covers(m, s->node, e->node))
		return "something out of sight";
	if (change.what & WN_CHANGE_STATE)
		return change.what == WN_CHANGE_STATE ? tell_state(m, s, e, &change) : "state and more";
	return tell_change(m, s, e, &change);
}

bool sm_finds(const struct model_sub *m, const struct sm_sub *s, u64 since, u64 node)
{
	u32 i;

	if (!sm_covers(m, s->node, node))
		return false;
	for (i = 0; i < m->nr_changes; i++)
		if (m->changes[i].node == node && m->changes[i].hlc > since &&
		    (s->kinds & WN_SUB_CELLS || m->changes[i].kinds & SM_TOUCHED))
			return true;
	return false;
}

const char *sm_rest(const struct model_sub *m)
{
	const struct sm_sub *s;
	u32 i;

	for (s = m->subs; s < m->subs + SM_SUBS; s++) {
		if (!s->used)
			continue;
		if (sm_why(m, s) == ESTALE)
			return "one that should have ended";
		/* That time or a right is over is seen when there is something to tell. */
		if (sm_why(m, s) || s->lost)
			continue;
		if (s->state && !s->live)
			return "one whose state was not told";
		if (s->owed_rescan)
			return "one that has to look again";
		for (i = 0; i < m->nr_changes; i++)
			if (!s->told[i] && !s->may[i] && wanted(s, m->changes[i].kinds) &&
			    node_of(m, m->changes[i].node))
				return "a change that was not told";
	}
	return NULL;
}
