// SPDX-License-Identifier: MIT
/*
 * Queries with any filter, walked by any cursor while the tree changes. A walk from the
 * beginning finds what passes and is there all the time once and nothing twice, in the
 * order of the indexes, and nothing that came later; any cursor answers with nodes that
 * are there and pass.
 */
#include "fuzz.h"

#include "selftests/unit/world.h"

#define NODES 96

static struct world w;
static u64 there[NODES];	/* handle, since the walk began */
static u8 seen[NODES];

static const struct wn_node_rec *node_at(u32 i)
{
	return (const struct wn_node_rec *)w.core->tx->tables[WN_TABLE_NODES].truth + i;
}

static bool is_live(u32 i)
{
	return node_at(i)->handle && wn_pool_handle(&w.core->nodes, i) == node_at(i)->handle;
}

/*
 * As the uapi header says it; who asks has a capability over all. What waits to be
 * freed is not found, even from a top among it.
 */
static bool passes(const struct wn_filter *f, const struct wn_node_rec *n, u32 top)
{
	u32 i = (u32)(n->handle & WN_HANDLE_INDEX_MASK);
	bool below = i == top;

	if ((f->flags & WN_FILTER_TYPE && n->type != f->type) ||
	    (f->flags & WN_FILTER_STATE && n->state != f->state) ||
	    (f->flags & WN_FILTER_TAGS && (n->tags & f->tags_mask) != f->tags_value) ||
	    (f->flags & WN_FILTER_OWNER && n->owner != f->owner) ||
	    (f->flags & WN_FILTER_SINCE && !(f->flags & WN_FILTER_CELLS) && n->hlc <= f->since) ||
	    strncmp((const char *)n->name, (const char *)f->prefix,
		    strnlen((const char *)f->prefix, sizeof(f->prefix))))
		return false;
	while (node_at(i)->parent) {
		i = (u32)(node_at(i)->parent & WN_HANDLE_INDEX_MASK);
		below |= i == top;
	}
	return below && i == 0;
}

static void change(struct fuzz *f)
{
	const u8 what = fuzz_byte(f);
	const u32 at = fuzz_byte(f) % NODES;
	const u64 node = is_live(at) ? node_at(at)->handle : 0;
	char name[8] = { 'a' + (char)(what % 3), 'a' + (char)(at % 26), 'a' + (char)(at / 26) };

	switch (what >> 5) {
	case 0:
		world_op(&w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = node), NULL);
		break;
	case 1:
		wn_core_slice(w.core, what & 31);
		break;
	case 2:
	case 3:
		world_op(&w, 0, OP(.opcode = WN_OP_NODE_SET, .node = node, .w = { what & 3, at & 7 },
				   .op_flags = WN_SET_TYPE | WN_SET_STATE | WN_SET_TAGS), NULL);
		break;
	case 4:
		world_op(&w, 0, OP(.opcode = WN_OP_NODE_MOVE, .node = node,
				   .arg = node_at(fuzz_byte(f) % NODES)->handle), NULL);
		break;
	default:
		world_create(&w, node, name);
	}
	for (u32 i = 0; i < NODES; i++)
		if (!is_live(i) || node_at(i)->handle != there[i])
			there[i] = 0;
}

static s64 ask(const struct wn_filter *f, u64 top, u64 cursor, u64 until, u32 most)
{
	return world_op(&w, 0, OP(.opcode = WN_OP_QUERY, .node = top, .arg = cursor,
				  .w = { 0, most, until }), f);
}

static void walk(struct fuzz *f, const struct wn_filter *filter)
{
	const u32 top_at = fuzz_byte(f) % 8, most = 1 + fuzz_byte(f) % 66;
	const u64 top = is_live(top_at) ? node_at(top_at)->handle : 0;
	const struct wn_found *found = (const void *)w.out;
	const struct wn_node_rec *recs = (const void *)(found + 1);
	/* While the tree stays as it is: what passes now passes at the end. */
	const bool quiet = fuzz_byte(f) & 1;
	u64 cursor = 0, until = 0, last = 0, began = w.core->hlc;
	u32 calls, i;
	s64 n;

	memset(seen, 0, sizeof(seen));
	for (i = 0; i < NODES; i++)
		there[i] = is_live(i) ? node_at(i)->handle : 0;
	for (calls = 0; calls < 2 * NODES; calls++) {
		n = ask(filter, top, cursor, until, most);
		if (n < 0)
			return;
		FUZZ_CHECK((u32)n == found->count && found->count <= most && found->until == began);
		for (i = 0; i < found->count; i++) {
			const u64 at = recs[i].handle & WN_HANDLE_INDEX_MASK;

			FUZZ_CHECK(at < NODES && recs[i].handle == node_at((u32)at)->handle);
			FUZZ_CHECK(at >= last && !seen[at] && recs[i].created <= began);
			FUZZ_CHECK(passes(filter, node_at((u32)at),
					  top ? (u32)(top & WN_HANDLE_INDEX_MASK) : 0));
			seen[at] = 1;
			last = at;
		}
		cursor = found->cursor;
		until = found->until;
		if (!cursor)
			break;
		FUZZ_CHECK(cursor < NODES);
		if (!quiet)
			change(f);
	}
	FUZZ_CHECK(calls < 2 * NODES);
	for (i = 0; i < NODES; i++)
		if (quiet && there[i] && !(filter->flags & WN_FILTER_CELLS) &&
		    passes(filter, node_at(i), top ? top_at : 0))
			FUZZ_CHECK(seen[i]);
	/* And all, if there is no filter: a change cannot hide a node from it. */
	for (i = 0; i < NODES; i++)
		if (!filter->flags && !top && there[i] && passes(filter, node_at(i), 0))
			FUZZ_CHECK(seen[i]);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	struct fuzz f = { data, data + len };
	struct wn_bounds bounds = world_bounds(NODES);
	struct wn_filter filter;
	u32 n;

	if (len > 4096)
		return -1;
	bounds.group_ops = 1;
	world_init(&w, &bounds, 1);
	for (n = fuzz_byte(&f); n && fuzz_has(&f); n--)
		change(&f);
	while (fuzz_has(&f)) {
		const u8 what = fuzz_byte(&f);

		memset(&filter, 0, sizeof(filter));
		if (what & 1)
			fuzz_bytes(&f, &filter, sizeof(filter));
		filter.flags = fuzz_byte(&f);
		if (!(what & 1)) {
			filter.type = filter.flags & WN_FILTER_TYPE ? fuzz_byte(&f) & 3 : 0;
			filter.tags_mask = filter.flags & WN_FILTER_TAGS ? fuzz_byte(&f) & 7 : 0;
			filter.since = filter.flags & WN_FILTER_SINCE ?
				w.core->hlc - fuzz_byte(&f) : 0;
			if (filter.flags & WN_FILTER_PREFIX)
				filter.prefix[0] = 'a' + fuzz_byte(&f) % 4;
		}
		if (what & 2)
			(void)ask(&filter, 0, fuzz_number(&f), fuzz_number(&f), fuzz_byte(&f));
		else
			walk(&f, &filter);
		change(&f);
	}
	world_deinit(&w);
	return 0;
}
