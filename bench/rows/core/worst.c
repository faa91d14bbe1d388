// SPDX-License-Identifier: MIT
/*
 * Row 6: the worst that an op can cost, in domains of 1,000, 10,000 and 200,000 nodes with
 * a chain 64 deep in each: steps as the core counts them, and time, of each op by itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kmod/core/bounds.h"
#include "kmod/core/client.h"
#include "kmod/core/op.h"
#include "kmod/core/reap.h"

#include "../rows.h"

#define SIZES	3
#define BRANCH	200u
#define OUT	65536u

static const u32 sizes[SIZES] = { 1000, 10000, 200000 };

static struct world {
	struct wn_core *core;
	void *public, *private;
	struct wn_core_size bytes;
	u64 deep[WN_DEPTH_MAX];	/* a node at each depth of the chain */
	u64 *handles;
	u32 nodes;
	u8 *out;
} worlds[SIZES];

static const struct wn_now now = { 1700000000000000000ULL, 1000000000 };

static s64 apply(struct world *w, const struct wn_sqe *slots)
{
	struct wn_op_env env = { .client = 0, .now = &now, .out = w->out, .out_bytes = OUT };
	struct wn_op_result result;

	wn_op_apply(w->core, &env, slots, &result);
	if (WN_RES_IS_ERROR(result.res)) {
		fprintf(stderr, "wnbench: op %u: %lld\n", slots->opcode, (long long)result.res);
		exit(1);
	}
	return result.res;
}

static u64 create(struct world *w, u64 parent, const char *name)
{
	struct wn_sqe slots[2] = {
		{ .opcode = WN_OP_NODE_CREATE, .flags = WN_SQE_WIDE, .node = parent },
	};

	memset(&slots[1], 0, sizeof(slots[1]));
	snprintf((char *)&slots[1], 64, "%s", name);
	return (u64)apply(w, slots);
}

static void begin(struct world *w, u32 nodes)
{
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL };
	const struct wn_core_ident ident = { 1, { 2, 3 }, { 4, 5 } };
	struct wn_bounds bounds = wn_bounds_default;
	char name[32];
	u32 i;

	bounds.nodes = nodes;
	if (wn_core_size(&bounds, &w->bytes))
		bench_die("bounds");
	w->public = zeroed(w->bytes.public_bytes);
	w->private = zeroed(w->bytes.private_bytes);
	w->core = wn_core_init(w->public, w->private, &bounds, &ident);
	if (!w->core || wn_core_client_open(w->core, 0, &first))
		bench_die("no domain");
	w->out = zeroed(OUT);
	w->handles = zeroed(nodes * sizeof(*w->handles));
	w->nodes = nodes;
	w->deep[0] = create(w, 0, "chain");
	for (i = 1; i < WN_DEPTH_MAX - 1; i++)
		w->deep[i] = create(w, w->deep[i - 1], "chain");
	for (i = 0; i < nodes - 2 * WN_DEPTH_MAX; i++) {
		snprintf(name, sizeof(name), "node-%u", i);
		w->handles[i] = create(w, i < BRANCH ? 0 : w->handles[i % BRANCH], name);
	}
	w->nodes = i;
}

static void drop(struct world *w)
{
	unmapped(w->public, w->bytes.public_bytes);
	unmapped(w->private, w->bytes.private_bytes);
	unmapped(w->out, OUT);
	unmapped(w->handles, (w->nodes + 2 * WN_DEPTH_MAX) * sizeof(*w->handles));
}

/* One op of each kind, each at the place where it has most to do; only the one asked for is timed. */
struct job {
	u32 world;
	u8 opcode;
};

static void one(struct world *w, u32 i, u8 opcode, struct hist *h, u64 *spent)
{
	const u64 bottom = w->deep[WN_DEPTH_MAX - 2];
	struct wn_sqe slots[2] = { { .opcode = opcode, .node = bottom } };
	u64 from, made = 0, ns;

	memset(&slots[1], 0, sizeof(slots[1]));
	switch (opcode) {
	case WN_OP_NODE_CREATE:
	case WN_OP_LOOKUP:
		slots[0].flags = WN_SQE_WIDE;
		memcpy(&slots[1], "leaf", 4);
		if (opcode == WN_OP_LOOKUP)
			made = create(w, bottom, "leaf");
		break;
	case WN_OP_NODE_DESTROY:
		slots[0].node = create(w, bottom, "leaf");
		break;
	case WN_OP_NODE_SET:
		slots[0].op_flags = WN_SET_STATE | WN_SET_TYPE;
		slots[0].w[0] = (u64)i << 32 | i % 64;
		slots[0].node = w->handles[i * 7919u % w->nodes];
		break;
	case WN_OP_NODE_MOVE:
		/* There and back between two branches. */
		slots[0].node = w->handles[BRANCH + i / 2 % BRANCH];
		slots[0].arg = i % 2 ? w->handles[(BRANCH + i / 2 % BRANCH) % BRANCH] : bottom;
		break;
	case WN_OP_QUERY:
		slots[0].flags = WN_SQE_WIDE;
		slots[0].w[1] = WN_QUERY_MAX;
		break;
	}
	from = wall_ns();
	if (opcode == WN_OP_NODE_CREATE)
		made = (u64)apply(w, slots);
	else
		apply(w, slots);
	ns = wall_ns() - from;
	*spent += ns;
	if (h)
		hist_add(h, ns);
	if (made) {
		slots[0] = (struct wn_sqe){ .opcode = WN_OP_NODE_DESTROY, .node = made };
		apply(w, slots);
	}
}

static void work(struct bench_sample *s, const void *arg)
{
	const struct job *j = arg;
	const u32 n = (u32)bench_scale(20000) & ~1u;
	struct world *w = &worlds[j->world];
	u64 spent = 0;

	for (u32 i = 0; i < n; i++)
		one(w, i, j->opcode, s->hist, &spent);
	s->ops = n;
	s->value = (double)spent / n;
}

static const struct {
	u8 opcode;
	const char *id, *name;
} ops[] = {
	{ WN_OP_NODE_CREATE, "create", "NODE_CREATE at depth 64" },
	{ WN_OP_NODE_DESTROY, "destroy", "NODE_DESTROY at depth 64" },
	{ WN_OP_NODE_SET, "set", "NODE_SET of any node" },
	{ WN_OP_NODE_MOVE, "move", "NODE_MOVE to depth 64 and back" },
	{ WN_OP_LOOKUP, "lookup", "LOOKUP at depth 64" },
	{ WN_OP_QUERY, "query", "QUERY below depth 63" },
};

#define OPS	(sizeof(ops) / sizeof(ops[0]))

static void facts(void)
{
	for (size_t k = 0; k < OPS; k++) {
		char id[32], what[96];
		u32 steps[SIZES];

		for (u32 i = 0; i < SIZES; i++)
			steps[i] = wn_core_worst(worlds[i].core, ops[k].opcode);
		snprintf(id, sizeof(id), "steps-%s", ops[k].id);
		snprintf(what, sizeof(what), "%s: most steps at 1k, 10k, 200k nodes: %u, %u, %u; here the last",
			 ops[k].name, steps[0], steps[1], steps[2]);
		bench_fact(&(struct bench_fact){
			.id = id, .what = what, .unit = "steps", .value = steps[2],
			.check = { .what = "no more at 200k nodes than at 1k", .figure = steps[0] } });
	}
}

static void run(const void *arg)
{
	for (u32 i = 0; i < SIZES; i++)
		begin(&worlds[i], sizes[i]);
	for (size_t k = 0; k < OPS; k++) {
		const struct job jobs[SIZES] = {
			{ 2, ops[k].opcode }, { 1, ops[k].opcode }, { 0, ops[k].opcode },
		};
		const struct bench_compare c = {
			.id = ops[k].id, .what = ops[k].name, .unit = "ns", .engine = "core",
			.where = "CPU 0",
			.sides = {
				{ .name = "200,000 nodes", .run = work, .arg = &jobs[0], .hist = true },
				{ .name = "10,000 nodes", .run = work, .arg = &jobs[1], .hist = true, .ours = true },
				{ .name = "1,000 nodes", .run = work, .arg = &jobs[2], .hist = true, .ours = true },
			},
		};

		bench_compare(&c);
	}
	facts();
	bench_note("Times have a clock read (about 20 ns) in them, and what else ran on the CPU in "
		   "their maximum: the bound is that of the steps.");
	for (u32 i = 0; i < SIZES; i++)
		drop(&worlds[i]);
}

const struct bench_row row_worst = {
	.name = "6", .system = "WorknodeOS",
	.claim = "bounded traversal, depth 64: constant worst case", .run = run, .seconds = 20,
};
