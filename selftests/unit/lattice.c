// SPDX-License-Identifier: MIT
#include "lattice.h"

#include <string.h>

#include "kmod/core/cell.h"

void lattice_init(struct lattice *l)
{
	memset(l, 0, sizeof(*l));
	l->epoch = l->oldest = 1;
}

bool lattice_is_dead(const struct grant *g)
{
	for (; g; g = g->up)
		if (g->revoked)
			return true;
	return false;
}

bool lattice_is_held(const struct lattice *l, const struct grant *g)
{
	const struct wn_cap *cap = &l->w.core->clients[g->client].caps[g->index];

	return cap->node && wn_cap_handle(l->w.core, cap) == g->handle;
}

bool lattice_is_below(const struct grant *g, const struct grant *up)
{
	for (g = g->up; g; g = g->up)
		if (g == up)
			return true;
	return false;
}

/* The tree as root sees it: whether a node hangs below another, or is it. */
static bool hangs(struct lattice *l, u64 node, u64 top)
{
	struct wn_node_rec rec;

	for (; node; node = rec.parent) {
		if (!world_read(l->w.public, wn_handle_index(node), &rec) || rec.handle != node)
			return false;
		if (node == top)
			return true;
	}
	return false;
}

bool lattice_node_lives(struct lattice *l, u64 node)
{
	return hangs(l, node, node);
}

static const struct grant *at(const struct lattice *l, u32 client, u32 index)
{
	return index < LATTICE_CAPS ? l->slots[client][index] : NULL;
}

s64 lattice_may_so(struct lattice *l, u32 client, u32 index, u32 rights)
{
	const struct grant *g = at(l, client, index);

	if (!l->open[client])
		return -ENXIO;
	if (!g)
		return -EACCES;
	if (lattice_is_dead(g))
		return -EKEYREVOKED;
	if (g->expires && l->w.now.boottime >= g->expires)
		return -EKEYEXPIRED;
	return (g->rights & rights) == rights ? 0 : -EACCES;
}

static s64 reach(struct lattice *l, const struct grant *g, u64 node)
{
	return hangs(l, node ? node : g->node, g->node) ? 0 : -ESTALE;
}

s64 lattice_may(struct lattice *l, u32 client, u32 index, u32 rights, u64 node)
{
	const s64 err = lattice_may_so(l, client, index, rights);

	return err ? err : reach(l, at(l, client, index), node);
}

/* ---------------------------------------------------------------- quotas */

static bool charged(const struct grant *by, const struct grant *to)
{
	return by && (by == to || lattice_is_below(by, to));
}

/* What of each kind is there that was made under a grant, or below it. */
static u32 used(const struct lattice *l, const struct grant *g, enum wn_quota what)
{
	u32 i, k, n = 0;

	if (what == WN_QUOTA_NODES)
		for (i = 0; i < LATTICE_NODES; i++)
			n += l->made[i].node && charged(l->made[i].by, g);
	if (what == WN_QUOTA_CAPS)
		for (i = 0; i < l->nr; i++)
			n += lattice_is_below(&l->grants[i], g) && lattice_is_held(l, &l->grants[i]);
	for (i = 0; what != WN_QUOTA_NODES && what != WN_QUOTA_CAPS && i < LATTICE_CELLS; i++) {
		if (!l->cells[i].handle || !charged(l->cells[i].by, g))
			continue;
		n += what == WN_QUOTA_CELLS;
		for (k = 0; what == WN_QUOTA_BYTES && k < LATTICE_KEYS; k++)
			n += l->cells[i].has[k] * 128;
	}
	return n;
}

static bool fits(const struct lattice *l, const struct grant *g, enum wn_quota what, u32 more)
{
	for (; g; g = g->up)
		if (g->quota[what] && used(l, g, what) + more > g->quota[what])
			return false;
	return true;
}

/* ----------------------------------------------------------------- grant */

/* Whether one more fits below a grant, of whose making, into a table. */
static s64 room(const struct lattice *l, const struct grant *up, u32 to, u32 by)
{
	u32 i, n = 0, given = 0;

	for (i = 0; i < l->nr; i++)
		if (l->grants[i].client == to && lattice_is_held(l, &l->grants[i])) {
			n++;
			given += l->grants[i].granter != to;
		}
	if ((up && up->depth >= 16) || (to != by && given >= LATTICE_CAPS - n))
		return -ENOSPC;
	if (up && !fits(l, up, WN_QUOTA_CAPS, 1))
		return -EDQUOT;
	return n >= LATTICE_CAPS ? -ENOSPC : 1;
}

s64 lattice_grant(struct lattice *l, u32 client, const struct wn_sqe *sqe,
		  const struct wn_grant *in)
{
	const struct grant *g = at(l, client, sqe->cap);
	const u32 to = sqe->arg ? (u32)sqe->arg - 1 : client;
	const s64 err = lattice_may(l, client, sqe->cap, WN_RIGHT_GRANT, sqe->node);

	if (err)
		return err;
	if (!in->rights || in->rights > WN_RIGHT_ALL || in->reserved[1])
		return -EINVAL;
	if (in->rights & ~g->rights || (g->badge && in->badge && in->badge != g->badge) ||
	    (g->expires && in->expires > g->expires))
		return -EACCES;
	if (to >= LATTICE_CLIENTS || !l->open[to])
		return -ENXIO;
	return room(l, g, to, client);
}

struct grant *lattice_add(struct lattice *l, const struct grant *new)
{
	struct grant *g = &l->grants[l->nr++];

	if (new->index >= LATTICE_CAPS || (l->slots[new->client][new->index] &&
					   !lattice_is_dead(l->slots[new->client][new->index])))
		return NULL;
	*g = *new;
	l->slots[g->client][g->index] = g;
	return g;
}

void lattice_close(struct lattice *l, u32 client)
{
	u32 i;

	l->open[client] = false;
	for (i = 0; i < LATTICE_CAPS; i++) {
		if (l->slots[client][i])
			l->slots[client][i]->revoked = true;
		l->slots[client][i] = NULL;
	}
}

/* ------------------------------------------------------- nodes and cells */

s64 lattice_create(struct lattice *l, u32 client, u32 index, u64 node)
{
	const s64 err = lattice_may(l, client, index, WN_RIGHT_CREATE, node);

	if (err)
		return err;
	if (wn_pool_is_full(&l->w.core->nodes))
		return -ENOSPC;
	return fits(l, at(l, client, index), WN_QUOTA_NODES, 1) ? 1 : -EDQUOT;
}

s64 lattice_cell_create(struct lattice *l, u32 client, u32 index, u64 node)
{
	const s64 err = lattice_may(l, client, index, WN_RIGHT_CREATE, node);

	if (err)
		return err;
	if (!fits(l, at(l, client, index), WN_QUOTA_CELLS, 1))
		return -EDQUOT;
	return wn_pool_is_full(&l->w.core->cells.pool) ? -ENOSPC : 1;
}

/* It must fit beside what it replaces; and it is the maker's, whoever adds. */
s64 lattice_cell_add(struct lattice *l, u32 client, u32 index, const struct made_cell *cell)
{
	const s64 err = lattice_may(l, client, index, WN_RIGHT_WRITE, cell->node);

	return err ? err : fits(l, cell->by, WN_QUOTA_BYTES, 128) ? 1 : -EDQUOT;
}

/* ---------------------------------------------------------------- tokens */

s64 lattice_mint(struct lattice *l, u32 client, u32 index, const struct wn_token_ask *ask)
{
	const struct grant *g = at(l, client, index);
	const s64 err = lattice_may_so(l, client, index, WN_RIGHT_GRANT);

	if (err)
		return err;
	if (!ask->rights || (ask->flags && !ask->expires))
		return -EINVAL;
	if (ask->rights & ~g->rights)
		return -EACCES;
	if (ask->flags && (!(g->rights & WN_RIGHT_ADMIN) || g->node != l->w.core->root))
		return -EACCES;
	return reach(l, g, ask->node) ?: 1;
}

u64 lattice_token_end(const struct lattice *l, const struct minted *m)
{
	u64 end = ~0ULL, left;

	if (m->token.expires) {
		left = m->token.expires - l->w.now.realtime;
		end = left < ~0ULL - l->w.now.boottime ? l->w.now.boottime + left : ~0ULL;
	}
	if (m->by && m->by->expires && m->by->expires < end)
		return m->by->expires;
	return m->token.expires ? end : 0;
}

s64 lattice_redeem(struct lattice *l, u32 client, const struct minted *m)
{
	s64 err;

	if (!m->good)
		return -EBADMSG;
	if (m->token.epoch < l->oldest)
		return -EKEYREVOKED;
	if (m->token.expires && l->w.now.realtime >= m->token.expires)
		return -EKEYEXPIRED;
	if (!m->by) {
		if (!lattice_node_lives(l, m->token.node))
			return -ESTALE;
		return room(l, NULL, client, client);
	}
	if (lattice_is_dead(m->by))
		return -EKEYREVOKED;
	if (m->by->expires && l->w.now.boottime >= m->by->expires)
		return -EKEYEXPIRED;
	err = reach(l, m->by, m->token.node);
	return err ? err : room(l, m->by, client, client);
}

s64 lattice_epoch(struct lattice *l, u32 client, u32 index, u32 flags, u64 oldest)
{
	const s64 err = lattice_may_so(l, client, index, WN_RIGHT_ADMIN);

	if (err)
		return err;
	if (at(l, client, index)->node != l->w.core->root)
		return -EACCES;
	if (oldest && (oldest < l->oldest || oldest > l->epoch + flags))
		return -EINVAL;
	return l->epoch + flags;
}
