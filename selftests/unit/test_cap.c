// SPDX-License-Identifier: MIT
/* Capabilities: rights, scope, expiry, quotas, and what an answer may not reveal. */
#include <string.h>

#include "tap.h"
#include "world.h"

static u64 deep;		/* below what is outside */
static u64 in, inner, out;	/* a scope, a node in it, one outside */

static s64 set(struct world *w, u32 cap, u64 node)
{
	return world_op(w, 1, OP(.opcode = WN_OP_NODE_SET, .cap = cap, .node = node,
				 .op_flags = WN_SET_TAGS), NULL);
}

static u32 steps(struct world *w, u64 node)
{
	set(w, 1, node);
	return w->core->tx->steps;
}

static s64 create(struct world *w, u32 cap, u64 node, const char *name)
{
	u8 data[64];

	world_name(data, name);
	return world_op(w, 1, OP(.opcode = WN_OP_NODE_CREATE, .cap = cap, .node = node), data);
}

static void test_rights(struct world *w)
{
	static const struct { u8 opcode; u32 rights; } need[] = {
		{ WN_OP_NODE_CREATE, WN_RIGHT_CREATE }, { WN_OP_NODE_DESTROY, WN_RIGHT_DESTROY },
		{ WN_OP_NODE_MOVE, WN_RIGHT_WRITE | WN_RIGHT_CREATE },
		{ WN_OP_NODE_RENAME, WN_RIGHT_WRITE }, { WN_OP_NODE_SET, WN_RIGHT_WRITE },
		{ WN_OP_NODE_READ, WN_RIGHT_READ }, { WN_OP_LOOKUP, WN_RIGHT_READ },
		{ WN_OP_QUERY, WN_RIGHT_READ },
	};
	u32 rights, i, wrong = 0;

	for (rights = 0; rights <= WN_RIGHT_ALL; rights++) {
		wn_cap_put(w->core, 1, 2, &(struct wn_core_open){ .node = w->core->root, .rights = rights });
		for (i = 0; i < sizeof(need) / sizeof(need[0]); i++) {
			const bool wide = need[i].opcode == WN_OP_NODE_CREATE ||
					  need[i].opcode == WN_OP_NODE_RENAME ||
					  need[i].opcode == WN_OP_LOOKUP ||
					  need[i].opcode == WN_OP_QUERY;
			const u8 data[64] = "/";
			s64 res = world_op(w, 1, OP(.opcode = need[i].opcode, .cap = 2,
						    .node = 12345), wide ? data : NULL);

			wrong += res != ((rights & need[i].rights) == need[i].rights ? -ESTALE :
					 -EACCES);
		}
	}
	ok(!wrong, "each op needs its rights, whatever the node");
	ok(set(w, 7, in) == -EACCES && set(w, 8, in) == -EACCES && set(w, 0xffff, in) == -EACCES,
	   "no such capability");
}

static void test_scope(struct world *w)
{
	struct wn_node_rec *rec = (struct wn_node_rec *)w->out;
	struct wn_filter filter = {};
	u8 data[64];

	wn_cap_put(w->core, 1, 1, &(struct wn_core_open){ .node = in, .rights = WN_RIGHT_ALL });
	ok(set(w, 1, in) > 0 && set(w, 1, inner) > 0 && set(w, 1, 0) > 0, "inside");
	ok(set(w, 1, out) == -ESTALE && set(w, 1, w->core->root) == -ESTALE &&
	   set(w, 1, out + (1ULL << WN_HANDLE_INDEX_BITS)) == -ESTALE,
	   "outside looks like what never was");
	ok(world_op(w, 1, OP(.opcode = WN_OP_NODE_MOVE, .cap = 1, .node = inner, .arg = out),
		    NULL) == -ESTALE, "nothing moves out");
	ok(steps(w, out) == steps(w, deep) && steps(w, out) == steps(w, w->core->root) &&
	   steps(w, out) == steps(w, out + (1ULL << WN_HANDLE_INDEX_BITS)) &&
	   steps(w, out) == steps(w, 99) && steps(w, out) == steps(w, ~0ULL),
	   "and takes as many steps, however deep");
	world_name(data, "other");
	ok(world_op(w, 1, OP(.opcode = WN_OP_NODE_RENAME, .cap = 1, .node = in), data) == -EACCES,
	   "its own name is the world's");
	ok(world_op(w, 1, OP(.opcode = WN_OP_NODE_READ, .cap = 1, .node = in), NULL) > 0 &&
	   rec->handle == in && !rec->parent && rec->next == WN_INDEX_NONE, "nor its place");
	ok(world_op(w, 1, OP(.opcode = WN_OP_QUERY, .cap = 1, .w = { 0, 64 }), &filter) == 2,
	   "a query finds what is inside");
	ok(world_op(w, 1, OP(.opcode = WN_OP_QUERY, .cap = 1, .node = w->core->root,
			     .w = { 0, 64 }), &filter) == -ESTALE, "and is not asked outside");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_MOVE, .node = inner, .arg = out), NULL) > 0 &&
	   set(w, 1, inner) == -ESTALE, "what left is outside at once");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_MOVE, .node = inner, .arg = in), NULL) > 0 &&
	   set(w, 1, inner) > 0, "and inside again");
}

/* Where an op has a node: node; in others also one of these. */
enum place { NODE, ARG, WORD };

static s64 probe(struct world *w, u8 opcode, enum place place, u64 node, u32 *steps)
{
	const struct wn_grant grant = { .rights = WN_RIGHT_READ };
	struct wn_sqe sqe = {
		.opcode = opcode, .cap = 1, .node = place == NODE ? node : inner,
		.arg = place == ARG ? node : opcode == WN_OP_CAP_GRANT,
		.w = { place == WORD ? node : 0 },
		.op_flags = opcode == WN_OP_MONITOR && place == WORD ? WN_MONITOR_LINK : 0,
	};
	u8 data[64];
	s64 res;

	world_name(data, "x");
	if (opcode == WN_OP_CAP_GRANT)
		memcpy(data, &grant, sizeof(grant));
	res = world_op(w, 1, &sqe, opcode == WN_OP_NODE_CREATE || opcode == WN_OP_NODE_RENAME ||
		       opcode == WN_OP_LOOKUP || opcode == WN_OP_QUERY ||
		       opcode == WN_OP_CAP_GRANT ? data : NULL);
	*steps = w->core->tx->steps;
	return res;
}

/* Each op that names nodes: those outside are as what never was, in answer and in steps. */
static void test_hidden(struct world *w)
{
	static const struct { u8 opcode, place; } named[] = {
		{ WN_OP_NODE_CREATE, NODE }, { WN_OP_NODE_DESTROY, NODE }, { WN_OP_NODE_MOVE, NODE },
		{ WN_OP_NODE_MOVE, ARG }, { WN_OP_NODE_RENAME, NODE }, { WN_OP_NODE_SET, NODE },
		{ WN_OP_NODE_READ, NODE }, { WN_OP_LOOKUP, NODE }, { WN_OP_QUERY, NODE },
		{ WN_OP_CELL_CREATE, NODE }, { WN_OP_CELL_DESTROY, NODE },
		{ WN_OP_CELL_UPDATE, NODE }, { WN_OP_CELL_READ, NODE }, { WN_OP_CELL_DELTA, NODE },
		{ WN_OP_CELL_MERGE, NODE }, { WN_OP_SUBSCRIBE, NODE }, { WN_OP_EMIT, NODE },
		{ WN_OP_EMIT_CHILDREN, NODE }, { WN_OP_EMIT_SUBTREE, NODE }, { WN_OP_BIND, NODE },
		{ WN_OP_CALL, NODE }, { WN_OP_TIMER, NODE }, { WN_OP_MONITOR, NODE },
		{ WN_OP_MONITOR, WORD }, { WN_OP_UNBIND, NODE }, { WN_OP_ATTACH, NODE },
		{ WN_OP_DETACH, NODE }, { WN_OP_ESCROW_TAKE, NODE }, { WN_OP_ESCROW_GIVE, NODE },
		{ WN_OP_CAP_GRANT, NODE }, { WN_OP_SAMPLE, NODE }, { WN_OP_DIGEST, NODE },
		{ WN_OP_ACK, NODE }, { WN_OP_NACK, NODE },
	};
	const u64 outside[] = { out, deep, w->core->root, out + (1ULL << WN_HANDLE_INDEX_BITS), 99 };
	u32 i, k, want, steps, wrong = 0;

	wn_cap_put(w->core, 1, 1, &(struct wn_core_open){ .node = in, .rights = WN_RIGHT_ALL });
	for (i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		s64 res = probe(w, named[i].opcode, named[i].place, ~0ULL, &want);

		if (res != -ESTALE) {
			diag("op %u, place %u: %lld of what never was", named[i].opcode, named[i].place,
			     (long long)res);
			wrong++;
		}
		for (k = 0; k < sizeof(outside) / sizeof(outside[0]); k++) {
			res = probe(w, named[i].opcode, named[i].place, outside[k], &steps);
			if (res == -ESTALE && steps == want)
				continue;
			diag("op %u, place %u, outside %u: %lld in %u steps, not %u", named[i].opcode,
			     named[i].place, k, (long long)res, steps, want);
			wrong++;
		}
	}
	ok(!wrong, "of each op that names one, or two");
}

/* What a scope check remembers inside a group must not outlive its rollback. */
static void test_rollback(struct world *w)
{
	const struct wn_op_env env = { .client = 1, .now = &w->now };
	struct wn_op_result results[3];
	struct wn_sqe slots[6] = {
		[0] = { .opcode = WN_OP_NODE_MOVE, .node = out, .arg = in, .flags = WN_SQE_ATOMIC },
		[2] = { .opcode = WN_OP_NODE_SET, .node = out, .op_flags = WN_SET_TAGS, .cap = 1,
			.flags = WN_SQE_ATOMIC },
		[4] = { .op_flags = WN_NOP_RESULT, .w = { (u64)-EIO } },
	};

	ok(set(w, 1, out) == -ESTALE && !wn_op_apply_group(w->core, &env, slots, 3, results) &&
	   results[1].res == -ECANCELED && results[2].res == -EIO, "moved in, used, rolled back");
	ok(set(w, 1, out) == -ESTALE, "outside as before");
}

static void test_expiry_and_quota(struct world *w)
{
	u64 handle;

	wn_cap_put(w->core, 1, 3, &(struct wn_core_open){ .node = in, .rights = WN_RIGHT_ALL,
						    .expires = w->now.boottime + 10 });
	w->now.boottime += 9;
	ok(set(w, 3, in) > 0, "before its time");
	w->now.boottime++;
	ok(set(w, 3, in) == -EKEYEXPIRED, "expired");
	wn_cap_put(w->core, 1, 4, &(struct wn_core_open){ .node = in, .rights = WN_RIGHT_ALL,
						    .quota_nodes = 2 });
	handle = (u64)create(w, 4, 0, "q1");
	ok(create(w, 4, 0, "q2") > 0 && create(w, 4, 0, "q3") == -EDQUOT, "quota");
	ok(!world_op(w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = handle), NULL) &&
	   create(w, 4, 0, "q3") > 0, "given back, whoever destroys");
	wn_core_client_close(w->core, 1);
	ok(set(w, 0, in) == -ENXIO, "closed");
}

/* Grants with a quota take an account each, of 256 here: as many as a client can, to itself. */
static u32 take_accounts(struct world *w, u32 client, u64 *last)
{
	const struct wn_grant grant = { .rights = WN_RIGHT_READ, .nodes = 1 };
	u32 n = 0;
	s64 res;

	while ((res = world_op(w, client, OP(.opcode = WN_OP_CAP_GRANT), &grant)) > 0) {
		*last = (u64)res;
		n++;
	}
	return res == -ENOSPC ? n : 0;
}

static void slices(struct world *w)
{
	while (wn_core_slice(w->core, 100))
		;
}

static void test_accounts(void)
{
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL };
	struct wn_bounds bounds = world_bounds(8);
	u64 last, other;
	struct world w;
	u32 n;

	bounds.caps = 300;
	world_init(&w, &bounds, tap_seed());
	wn_core_client_open(w.core, 1, &first);
	wn_core_client_open(w.core, 2, &first);
	n = take_accounts(&w, 1, &last);
	ok(n == 128, "a client holds half of the accounts: %u", n);
	n = take_accounts(&w, 2, &other);
	ok(n == 64, "the next half of the rest: %u", n);
	world_op(&w, 1, OP(.opcode = WN_OP_CAP_REVOKE, .arg = last), NULL);
	slices(&w);
	n = take_accounts(&w, 1, &last);
	ok(w.core->accounts.used == 191 && !n, "who has more than is left waits: %u", n);
	wn_core_client_close(w.core, 2);
	slices(&w);
	ok(w.core->accounts.used == 127 && !wn_core_client_open(w.core, 2, &first) &&
	   take_accounts(&w, 2, &other) == 65, "its number's next holder begins with none");
	wn_core_client_close(w.core, 1);
	wn_core_client_close(w.core, 2);
	slices(&w);
	ok(!w.core->accounts.used, "all come back");
	world_deinit(&w);
}

int main(void)
{
	const struct wn_bounds bounds = world_bounds(100);
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL };
	struct world w;

	tap_plan(25);
	world_init(&w, &bounds, tap_seed());
	in = (u64)world_create(&w, 0, "in");
	inner = (u64)world_create(&w, in, "inner");
	out = (u64)world_create(&w, 0, "out");
	deep = (u64)world_create(&w, (u64)world_create(&w, out, "a"), "b");
	wn_core_client_open(w.core, 1, &first);
	test_rights(&w);
	test_scope(&w);
	test_hidden(&w);
	test_rollback(&w);
	test_expiry_and_quota(&w);
	world_deinit(&w);
	test_accounts();
	return tap_done();
}
