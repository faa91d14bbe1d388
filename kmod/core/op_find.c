// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Ops that read nodes: one, by name, by filter. */
#include "op.h"

#include "names.h"
#include "node.h"
#include "tree.h"

void wn_node_show(const struct wn_core *core, const struct wn_cap *cap, u32 index,
		  struct wn_node_rec *to)
{
	*to = *wn_node(core, index);
	if (to->handle != cap->node)
		return;
	/* Where it hangs is outside of what the holder may see. */
	to->parent = 0;
	to->next = WN_INDEX_NONE;
}

s64 wn_op_node_read(struct wn_call *call)
{
	u8 *at;
	s64 err = wn_call_room(call, call->sqe->w[0], sizeof(struct wn_node_rec), &at);

	if (err)
		return err;
	wn_node_show(call->core, call->cap, call->node, (struct wn_node_rec *)at);
	return sizeof(struct wn_node_rec);
}

s64 wn_op_lookup(struct wn_call *call)
{
	struct wn_core *core = call->core;
	const u64 parent = wn_node(core, call->node)->handle;
	struct wn_name name;
	u32 found;
	int err;

	err = wn_name_take(&name, call->data);
	if (err)
		return err;
	wn_name_hash(core, &name, parent);
	found = wn_names_find(core, &name, parent);
	if (found == WN_INDEX_NONE)
		return -ENOENT;
	return (s64)wn_node(core, found)->handle;
}

struct query {
	struct wn_filter filter;
	u64 until;
	u32 prefix;		/* bytes */
	u32 top;		/* index of the subtree's root */
	bool climb;		/* whether that needs a look at all */
	enum { SCAN, BY_TYPE, BY_STATE, BY_CHANGE } way;
};

static s64 take_filter(struct query *q, const u8 *data)
{
	struct wn_filter *f = &q->filter;
	u32 i;

	wn_memcpy(f, data, sizeof(*f));
	if (f->flags & ~WN_FILTER_FLAGS || f->reserved ||
	    (f->type && !(f->flags & WN_FILTER_TYPE)) ||
	    (f->state && !(f->flags & WN_FILTER_STATE)) ||
	    (f->owner && !(f->flags & WN_FILTER_OWNER)) ||
	    ((f->tags_mask || f->tags_value) && !(f->flags & WN_FILTER_TAGS)) ||
	    ((f->since || f->flags & WN_FILTER_CELLS) && !(f->flags & WN_FILTER_SINCE)))
		return -EINVAL;
	for (q->prefix = 0; q->prefix < sizeof(f->prefix) && f->prefix[q->prefix]; q->prefix++)
		;
	if (q->prefix > WN_PREFIX_MAX || !q->prefix != !(f->flags & WN_FILTER_PREFIX))
		return -EINVAL;
	for (i = q->prefix; i < sizeof(f->prefix); i++)
		if (f->prefix[i])
			return -EINVAL;
	return 0;
}

/* The index that has the fewest nodes to look at. */
static void choose_way(const struct wn_core *core, struct query *q)
{
	const struct wn_filter *f = &q->filter;
	u64 least = core->bounds.nodes;

	q->way = SCAN;
	if (f->flags & WN_FILTER_TYPE) {
		q->way = BY_TYPE;
		least = wn_facet_count(&core->types, f->type);
	}
	if (f->flags & WN_FILTER_STATE && wn_facet_count(&core->states, f->state) < least) {
		q->way = BY_STATE;
		least = wn_facet_count(&core->states, f->state);
	}
	if (f->flags & WN_FILTER_SINCE && least > WN_CHANGED_HIGH)
		q->way = BY_CHANGE;
}

/* The next node to look at, at or after @at; false: look again from there. */
static bool next(const struct wn_core *core, const struct query *q, u32 *at)
{
	bool skipped = false;

	switch (q->way) {
	case BY_TYPE:
		*at = wn_facet_next(&core->types, q->filter.type, *at);
		break;
	case BY_STATE:
		*at = wn_facet_next(&core->states, q->filter.state, *at);
		break;
	case BY_CHANGE:
		*at = wn_changed_next(&core->changed, q->filter.since, *at, &skipped);
		break;
	case SCAN:
		skipped = wn_pool_next(&core->nodes, at) == -EAGAIN;
		break;
	}
	return !skipped;
}

static bool passes(struct wn_core *core, const struct query *q, u32 index)
{
	const struct wn_node_rec *rec = wn_node(core, index);
	const struct wn_filter *f = &q->filter;
	bool below;

	if (!rec->handle || rec->created > q->until)
		return false;
	if ((f->flags & WN_FILTER_TYPE && rec->type != f->type) ||
	    (f->flags & WN_FILTER_STATE && rec->state != f->state) ||
	    (f->flags & WN_FILTER_TAGS && (rec->tags & f->tags_mask) != f->tags_value) ||
	    (f->flags & WN_FILTER_OWNER && rec->owner != f->owner) ||
	    (f->flags & WN_FILTER_SINCE && rec->hlc <= f->since &&
	     (!(f->flags & WN_FILTER_CELLS) || core->own[index].cells_hlc <= f->since)) ||
	    (q->prefix && wn_memcmp(rec->name, f->prefix, q->prefix)))
		return false;
	if (!q->climb)
		return true;
	return wn_tree_climb(core, index, q->top, &below) >= 0 && below;
}

s64 wn_op_query(struct wn_call *call)
{
	const struct wn_sqe *sqe = call->sqe;
	struct wn_core *core = call->core;
	struct wn_found found = {};
	struct wn_node_rec *records;
	struct query q;
	u8 *out;
	u32 at;
	s64 err;

	err = take_filter(&q, call->data);
	if (err)
		return err;
	if (!sqe->w[1] || sqe->w[1] > WN_QUERY_MAX || sqe->arg > core->bounds.nodes ||
	    (!sqe->arg && sqe->w[2]))
		return -EINVAL;
	err = wn_call_room(call, sqe->w[0], sizeof(found) + sqe->w[1] * sizeof(*records), &out);
	if (err)
		return err;
	records = (struct wn_node_rec *)(out + sizeof(found));
	q.until = sqe->arg ? sqe->w[2] : core->hlc;
	q.top = call->node;
	q.climb = wn_tree_is_torn(core) || wn_node(core, call->node)->handle != core->root;
	choose_way(core, &q);

	/* Ends by count, steps or the last index; each turn takes a step and moves on. */
	at = (u32)sqe->arg;
	while (found.count < sqe->w[1] && core->tx->steps < WN_QUERY_STEPS) {
		core->tx->steps++;
		if (!next(core, &q, &at))
			continue;
		if (at >= core->bounds.nodes)
			break;
		if (passes(core, &q, at))
			wn_node_show(core, call->cap, at, &records[found.count++]);
		at++;
	}
	found.cursor = at < core->bounds.nodes ? at : 0;
	found.until = q.until;
	wn_memcpy(out, &found, sizeof(found));
	return found.count;
}
