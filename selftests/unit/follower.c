// SPDX-License-Identifier: MIT
#include "follower.h"

#include <string.h>

#include "kmod/core/node.h"

void follower_init(struct follower *f, struct world *w, u32 client, u32 cap, u64 top, u32 kinds)
{
	memset(f, 0, sizeof(*f));
	f->w = w;
	f->client = client;
	f->cap = cap;
	f->top = top;
	f->kinds = kinds;
}

/* What the cells of a node come to, so that each change of one makes a difference. */
static u64 cells_of(const struct world *w, const struct wn_node_rec *rec)
{
	u64 sum = rec->nr_cells;
	u32 at;

	for (at = rec->first_cell; at != WN_INDEX_NONE; at = wn_cell(&w->core->cells, at)->next)
		sum = sum * 31 + wn_cell(&w->core->cells, at)->version;
	return sum;
}

static bool look(struct follower *f, u64 node, struct wn_node_rec *rec)
{
	if (world_op(f->w, f->client, OP(.opcode = WN_OP_NODE_READ, .cap = f->cap, .node = node),
		     NULL) < 0)
		return false;
	memcpy(rec, f->w->out, sizeof(*rec));
	return true;
}

/* A node and all below it; it may be unknown itself, with some below it known. */
static void forget(struct follower *f, u64 node)
{
	u32 i;

	if (f->seen[wn_handle_index(node)].node == node)
		f->seen[wn_handle_index(node)].node = 0;
	for (i = 0; i < FOLLOWER_NODES; i++)
		if (f->seen[i].node && f->seen[i].parent == node)
			forget(f, f->seen[i].node);
}

static void keep(struct follower *f, const struct wn_node_rec *rec)
{
	const u32 index = wn_handle_index(rec->handle);

	/* Another had the index: it is gone, and so is what was below it. */
	if (f->seen[index].node && f->seen[index].node != rec->handle)
		forget(f, f->seen[index].node);
	f->seen[index] = (struct followed){
		.node = rec->handle, .parent = rec->parent, .version = rec->version,
		.cells = cells_of(f->w, rec), .state = rec->state,
	};
}

/* Children that are there no more, or elsewhere. */
static void prune(struct follower *f, u64 parent)
{
	struct wn_node_rec rec;
	u32 i;

	for (i = 0; i < FOLLOWER_NODES; i++)
		if (f->seen[i].node && f->seen[i].parent == parent &&
		    (!look(f, f->seen[i].node, &rec) || rec.parent != parent))
			forget(f, f->seen[i].node);
}

static s64 query(struct follower *f, u64 node, u64 since, struct wn_node_rec *recs)
{
	struct wn_filter filter = {};
	s64 n;

	if (since) {
		filter.flags = WN_FILTER_SINCE | WN_FILTER_CELLS;
		filter.since = since;
	}
	n = world_op(f->w, f->client, OP(.opcode = WN_OP_QUERY, .cap = f->cap, .node = node,
					 .w = { 0, WN_QUERY_MAX }), &filter);
	if (n > 0)
		memcpy(recs, f->w->out + sizeof(struct wn_found), (size_t)n * sizeof(*recs));
	return n;
}

static void adopt(struct follower *f, u64 node)
{
	static struct wn_node_rec recs[WN_QUERY_MAX];
	const s64 n = query(f, node, 0, recs);
	s64 i;

	/* All anew: what left it while it was elsewhere was not told. */
	forget(f, node);
	for (i = 0; i < n; i++)
		forget(f, recs[i].handle);
	for (i = 0; i < n; i++)
		keep(f, &recs[i]);
}

static void rescan(struct follower *f, u64 since)
{
	static struct wn_node_rec recs[WN_QUERY_MAX];
	const s64 n = query(f, f->top, since, recs);
	s64 i;

	for (i = 0; i < n; i++) {
		const struct followed *seen = &f->seen[wn_handle_index(recs[i].handle)];

		prune(f, recs[i].handle);
		if (seen->node != recs[i].handle || recs[i].moved > since)
			adopt(f, recs[i].handle);
		else
			keep(f, &recs[i]);
	}
}

static void changed(struct follower *f, const struct wn_event *event, const struct wn_change *change)
{
	const u32 index = wn_handle_index(event->node);
	struct wn_node_rec rec;

	if (f->told[index].node == event->node && f->told[index].hlc >= event->hlc)
		f->doubles++;
	f->told[index].node = event->node;
	f->told[index].hlc = event->hlc;
	if (change->what & ~(f->kinds | WN_CHANGE_MOVED | WN_CHANGE_STATE) || !change->what)
		f->strays++;
	if (!look(f, event->node, &rec))
		return;
	if (change->version > rec.version)
		f->strays++;
	if (change->what & WN_CHANGE_TREE)
		prune(f, event->node);
	if (change->what & WN_CHANGE_MOVED)
		adopt(f, event->node);
	keep(f, &rec);
}

void follower_hear(struct follower *f, const struct wn_event *event)
{
	struct wn_change change;

	memcpy(&change, event->data, sizeof(change));
	if (event->kind == WN_EV_RESCAN) {
		f->rescans++;
		rescan(f, event->hlc);
	} else if (event->kind != WN_EV_CHANGE) {
		f->strays++;
	} else if (change.what & WN_CHANGE_END) {
		f->ends++;
		f->end_error = change.error;
	} else if (change.what & WN_CHANGE_LIVE) {
		f->lives++;
	} else {
		f->states += !!(change.what & WN_CHANGE_STATE);
		f->changes += !(change.what & WN_CHANGE_STATE);
		/* State comes before all else. */
		f->strays += change.what & WN_CHANGE_STATE && f->lives;
		changed(f, event, &change);
	}
}

/*
 * Whether a node hangs on the top by nodes of the picture. One can be told whose parent
 * left before that one was.
 */
static bool hangs(const struct follower *f, u64 node)
{
	u32 i;

	for (i = 0; i <= WN_DEPTH_MAX && node != f->top; i++) {
		const struct followed *s = &f->seen[wn_handle_index(node)];

		if (s->node != node)
			return false;
		node = s->parent;
	}
	return f->seen[wn_handle_index(node)].node == f->top;
}

bool follower_is_right(const struct follower *f)
{
	static struct wn_node_rec recs[WN_QUERY_MAX];
	const s64 n = query((struct follower *)f, f->top, 0, recs);
	s64 i, seen = 0;

	for (i = 0; i < FOLLOWER_NODES; i++)
		seen += f->seen[i].node && hangs(f, f->seen[i].node);
	if (seen != n) {
		world_say("%lld nodes in the picture, %lld in truth", (long long)seen, (long long)n);
		return false;
	}
	for (i = 0; i < n; i++) {
		const struct followed *s = &f->seen[wn_handle_index(recs[i].handle)];

		if (s->node == recs[i].handle && s->parent == recs[i].parent &&
		    s->version == recs[i].version && s->state == recs[i].state &&
		    s->cells == cells_of(f->w, &recs[i]))
			continue;
		world_say("node %llx: version %llu, in truth %llu", recs[i].handle, s->version,
			  recs[i].version);
		return false;
	}
	return true;
}
