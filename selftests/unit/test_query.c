// SPDX-License-Identifier: MIT
/* Queries in a full large domain: what is rare is found in few steps, by any way. */
#include <string.h>

#include "kmod/core/bounds.h"
#include "tap.h"
#include "world.h"

static struct wn_found *found(struct world *w)
{
	return (struct wn_found *)w->out;
}

static struct wn_node_rec *record(struct world *w, u32 i)
{
	return (struct wn_node_rec *)(w->out + sizeof(struct wn_found)) + i;
}

/* Runs a query to its end: all it found; *calls, *steps: what it took. */
static u32 ask(struct world *w, u64 node, const struct wn_filter *filter, u32 limit, u32 *calls,
	       u64 *steps, u64 *last)
{
	u64 cursor = 0, until = 0, before = 0;
	u32 n = 0;
	s64 res;

	*calls = 0;
	*steps = 0;
	do {
		res = world_op(w, 0, OP(.opcode = WN_OP_QUERY, .node = node, .arg = cursor,
					.w = { 0, limit, until }), filter);
		if (WN_RES_IS_ERROR(res))
			return ~0u;
		++*calls;
		*steps += w->core->tx->steps;
		for (u32 i = 0; i < res; i++) {
			*last = record(w, i)->handle;
			/* In the order of indexes, each once. */
			if (n + i && (*last & WN_HANDLE_INDEX_MASK) <= before)
				return ~0u;
			before = *last & WN_HANDLE_INDEX_MASK;
		}
		n += (u32)res;
		cursor = found(w)->cursor;
		until = found(w)->until;
	} while (cursor);
	return n;
}

int main(void)
{
	struct wn_bounds bounds = world_bounds(wn_bounds_limit.nodes);
	struct wn_filter f = {};
	u64 parents[200] = {}, *handles, steps = 0, last = 0, rare, since;
	u32 i, calls = 0, got, n = bounds.nodes - 10;
	struct world w;

	tap_plan(11);
	handles = calloc(bounds.nodes, sizeof(*handles));
	if (!handles)
		tap_die("no memory");
	world_init(&w, &bounds, tap_seed());
	for (i = 1; i < n; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%u", i);
		handles[i] = (u64)world_create(&w, i < 200 ? 0 : parents[i % 200], name);
		if (i < 200)
			parents[i] = handles[i];
	}
	ok(!WN_RES_IS_ERROR((s64)handles[n - 1]), "%u nodes", n);
	rare = handles[n - 5];
	world_op(&w, 0, OP(.opcode = WN_OP_NODE_SET, .node = rare,
			   .op_flags = WN_SET_STATE, .w = { 9ULL << 32 }), NULL);

	f.flags = WN_FILTER_STATE;
	f.state = 9;
	got = ask(&w, 0, &f, 64, &calls, &steps, &last);
	ok(got == 1 && last == rare && steps < 40 && calls == 1,
	   "a rare state: %u call, %llu steps", calls, steps);
	f = (struct wn_filter){ .flags = WN_FILTER_TYPE | WN_FILTER_STATE, .state = 9 };
	ok(ask(&w, 0, &f, 64, &calls, &steps, &last) == 1 && steps < 40 && calls == 1,
	   "of a common type");
	f = (struct wn_filter){ .flags = WN_FILTER_TYPE, .type = 12345 };
	ok(ask(&w, 0, &f, 64, &calls, &steps, &last) == 0 && steps < 40, "a type that none has");

	since = ((struct wn_public *)w.public)->hlc;
	f = (struct wn_filter){ .flags = WN_FILTER_SINCE, .since = since };
	ok(ask(&w, 0, &f, 64, &calls, &steps, &last) == 0 && steps < 200, "nothing changed since");
	world_op(&w, 0, OP(.opcode = WN_OP_NODE_SET, .node = handles[77777],
			   .op_flags = WN_SET_TAGS), NULL);
	got = ask(&w, 0, &f, 64, &calls, &steps, &last);
	ok(got == 1 && last == handles[77777] && steps < 400 && calls == 1,
	   "one changed since: %u call, %llu steps", calls, steps);

	memset(&f, 0, sizeof(f));
	got = ask(&w, 0, &f, 64, &calls, &steps, &last);
	ok(got == n, "all, in %u calls", calls);
	got = ask(&w, parents[3], &f, 64, &calls, &steps, &last);
	ok(got == 1 + (n - 1 - 3) / 200,
	   "a subtree, in %u calls", calls);

	/* Created after the first call, at an index that is still to come. */
	world_op(&w, 0, OP(.opcode = WN_OP_QUERY, .w = { 0, 1 }), &f);
	last = found(&w)->until;
	calls = (u32)found(&w)->cursor;
	rare = (u64)world_create(&w, parents[3], "late");
	f = (struct wn_filter){ .flags = WN_FILTER_PREFIX, .prefix = "late" };
	i = 0;
	do {
		s64 res = world_op(&w, 0, OP(.opcode = WN_OP_QUERY, .arg = calls,
					     .w = { 0, 64, last }), &f);

		i += WN_RES_IS_ERROR(res) || res;
		calls = (u32)found(&w)->cursor;
	} while (calls);
	ok(!i, "what was created after it began does not come");
	ok(ask(&w, 0, &f, 64, &calls, &steps, &last) == 1 && last == rare, "the next time it does");
	diag("most steps of a query: %u", wn_core_worst(w.core, WN_OP_QUERY));
	ok(wn_core_worst(w.core, WN_OP_QUERY) <= WN_QUERY_STEPS + 65, "no call goes on for long");
	world_deinit(&w);
	free(handles);
	return tap_done();
}
