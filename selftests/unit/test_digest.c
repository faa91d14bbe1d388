// SPDX-License-Identifier: MIT
/* The state digest: what is marked is all that changed; all that is state changes it. */
#include <stdlib.h>
#include <string.h>

#include "anything.h"
#include "tap.h"

static u64 pages[4][4];
static u8 arena[8192] __attribute__((aligned(8)));

static struct wn_bounds bounds(void)
{
	struct wn_bounds b = world_bounds(200);

	b.cells = 60;
	b.set_elems = 200;
	b.elems = 300;
	b.replicas = 3;
	b.slots = 4;
	b.slab_bytes = 1 << 14;
	return b;
}

static void begin(struct world *w)
{
	const struct wn_bounds b = bounds();
	u32 i;

	world_init(w, &b, 11);
	wn_core_client_close(w->core, 0);
	for (i = 0; i < 4; i++)
		if (wn_core_client_open(w->core, i, &(struct wn_core_open){
				.rights = WN_RIGHT_ALL, .slots = pages[i] }))
			tap_die("client");
}

static s64 op(struct world *w, u32 client, const struct wn_sqe *sqe, const void *data)
{
	const struct wn_op_env env = {
		.client = client, .now = &w->now, .out = w->out, .out_bytes = WORLD_OUT_BYTES,
		.in = arena, .in_bytes = sizeof(arena),
	};
	struct wn_sqe slots[2] = { *sqe };

	if (data) {
		slots[0].flags |= WN_SQE_WIDE;
		memcpy(&slots[1], data, sizeof(slots[1]));
	}
	wn_op_apply(w->core, &env, slots, &w->last);
	return w->last.res;
}

struct digest {
	u8 bytes[32];
};

/* By the op, as a client would. */
static struct digest read_digest(struct world *w)
{
	struct digest d;
	s64 res;

	do
		res = op(w, 0, OP(.opcode = WN_OP_DIGEST, .w = { 32ULL << 32 }), NULL);
	while (res == 1);
	if (res)
		tap_die("no digest");
	memcpy(&d, w->out, 32);
	return d;
}

/* From nothing: each block of each kind, whatever was marked. */
static struct digest whole(struct world *w)
{
	struct wn_digest *d = &w->core->digest;
	u32 budget = ~0u, i, level;
	struct digest got;

	memset(d->hash, 0xa5, (u64)d->at[d->levels] * 32);
	for (level = 0; level < d->levels; level++)
		for (i = d->at[level]; i < d->at[level] + d->count[level]; i++)
			d->dirty[i / 64] |= 1ULL << i % 64;
	if (!wn_digest_slice(w->core, &budget))
		tap_die("no budget");
	wn_digest_state(w->core, got.bytes);
	return got;
}

static bool same(const struct digest *a, const struct digest *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* ------------------------------------------------------------- history */

struct run {
	struct world w;
	u64 rng;
	u64 nodes[64], cells[64], homes[64];
	u32 nr_nodes, nr_cells;
};

static u32 below(struct run *r, u32 n)
{
	return (u32)(world_random(&r->rng) % n);
}

static void update(struct run *r, u32 c)
{
	const u32 verb = 1 + below(r, 5), key = below(r, 12), val = below(r, 3) ? 0 : below(r, 200);
	struct wn_sqe sqe = { .opcode = WN_OP_CELL_UPDATE, .op_flags = verb, .node = r->homes[c],
			      .arg = r->cells[c] };

	memset(arena, (int)key, sizeof(arena));
	if (below(r, 2)) {
		sqe.w[0] = below(r, 50);
	} else {
		sqe.w[1] = below(r, 2) ? WN_CELL_ITEM(key, val, 0) : WN_CELL_ITEM(0, val + key, 0);
		sqe.w[0] = below(r, 8) ? 0 : 3;
	}
	op(&r->w, 0, &sqe, NULL);
}

static void step(struct run *r)
{
	/* Now and then the root: else all is gone soon. */
	const u64 node = r->nr_nodes && below(r, 3) ? r->nodes[below(r, r->nr_nodes)] : 0;
	const u32 c = r->nr_cells ? below(r, r->nr_cells) : 0, who = below(r, 4);
	u8 name[64];
	s64 res;

	r->w.now.realtime += 1000000;
	r->w.now.boottime += below(r, 500);
	switch (below(r, 20)) {
	case 0 ... 2:
		snprintf((char *)name, sizeof(name), "n%u", below(r, 1000));
		world_name(name, (char *)name);
		memset(name + strlen((char *)name), 0, 64 - strlen((char *)name));
		res = op(&r->w, 0, OP(.opcode = WN_OP_NODE_CREATE, .node = node), name);
		if (!WN_RES_IS_ERROR(res))
			r->nodes[r->nr_nodes++ % 64] = (u64)res;
		r->nr_nodes = r->nr_nodes > 64 ? 64 : r->nr_nodes;
		return;
	case 3:
		op(&r->w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = node), NULL);
		return;
	case 4:
		op(&r->w, 0, OP(.opcode = WN_OP_NODE_SET, .node = node, .op_flags = WN_SET_STATE,
				.w = { (u64)below(r, 5) << 32 }), NULL);
		return;
	case 5 ... 6:
		memset(name, 0, sizeof(name));
		wn_put_le64(name, 100);
		wn_put_le64(name + 8, 3);
		wn_put_le64(name + 16, 50);
		res = op(&r->w, 0, OP(.opcode = WN_OP_CELL_CREATE, .node = node, .w = { below(r, 9) },
				      .op_flags = 1 + below(r, 8)),
			 below(r, 4) ? NULL : name);
		if (!WN_RES_IS_ERROR(res)) {
			r->cells[r->nr_cells % 64] = (u64)res;
			r->homes[r->nr_cells++ % 64] = node;
		}
		r->nr_cells = r->nr_cells > 64 ? 64 : r->nr_cells;
		return;
	case 7:
		if (below(r, 4) == 0)
			op(&r->w, 0, OP(.opcode = WN_OP_CELL_DESTROY, .node = r->homes[c],
					.arg = r->cells[c]), NULL);
		return;
	case 8:
		op(&r->w, who, OP(.opcode = WN_OP_ATTACH + below(r, 4), .node = r->homes[c],
				  .arg = r->cells[c]), NULL);
		pages[who][below(r, 4)] += below(r, 20);
		return;
	case 9:
		op(&r->w, who, OP(.opcode = WN_OP_ESCROW_TAKE, .node = r->homes[c],
				  .arg = r->cells[c], .w = { below(r, 9) }), NULL);
		return;
	case 10:
		op(&r->w, 0, OP(.opcode = WN_OP_SAMPLE, .op_flags = WN_SAMPLE_ALL), NULL);
		return;
	case 11 ... 12:
		wn_core_slice(r->w.core, below(r, 9));
		return;
	default:
		update(r, c);
	}
}

static void test_marks(void)
{
	u64 seed = tap_seed(), i, n, changed = 0, marked = 0;
	static struct run r;
	bool held = true;

	for (i = 0; i < 15 * tap_rounds() && held; i++) {
		memset(&r, 0, sizeof(r));
		r.rng = seed = world_random(&seed);
		begin(&r.w);
		for (n = 0; n < 1500 && held; n++) {
			const struct digest before = read_digest(&r.w);
			struct digest kept, all;
			const u32 stop = 1 + below(&r, 4);
			u32 k;

			for (k = 0; k < stop; k++)
				step(&r);
			kept = read_digest(&r.w);
			changed += !same(&before, &kept);
			all = whole(&r.w);
			held = same(&kept, &all);
			marked++;
		}
		if (!held)
			diag("seed %#llx, step %llu", seed, n);
		world_deinit(&r.w);
	}
	ok(held, "what was marked is all that changed (%llu digests, %llu new)", marked, changed);
}

/* Inputs of every kind: timers that come due, deaths, slices among them. */
static void test_anything(void)
{
	u64 seed = tap_seed(), i, n, digests = 0, timers = 0;
	const struct wn_bounds b = any_bounds();
	static struct anything a;
	bool held = true;

	for (i = 0; i < 10 * tap_rounds() && held; i++) {
		const u64 start = world_random(&seed);
		const struct wn_core_ident ident = any_ident(start);

		world_make(&a.w, &b, &ident);
		any_begin(&a, start);
		for (n = 0; n < 1200 && held; n++) {
			u32 budget = ~0u;
			struct digest kept, all;

			any_step(&a);
			if (world_random(&seed) % 4)
				continue;
			wn_digest_slice(a.w.core, &budget);
			wn_digest_state(a.w.core, kept.bytes);
			all = whole(&a.w);
			held = same(&kept, &all);
			digests++;
		}
		timers += a.done[WN_OP_TIMER];
		if (!held)
			diag("history %#llx, step %llu", start, n);
		world_deinit(&a.w);
	}
	ok(held && timers, "and of inputs of every kind (%llu digests, %llu timers)", digests, timers);
}

static void test_timers(void)
{
	struct wn_bounds b = bounds();
	struct digest none, one, again;
	struct world w;
	s64 timer;
	u64 hlc;

	b.timers = 40;
	world_init(&w, &b, 11);
	none = read_digest(&w);
	hlc = w.core->hlc;
	timer = op(&w, 0, OP(.opcode = WN_OP_TIMER, .op_flags = WN_TIMER_MINE,
			     .w = { w.now.boottime + 1000000 }), NULL);
	if (WN_RES_IS_ERROR(timer))
		tap_die("timer");
	one = read_digest(&w);
	ok(!same(&none, &one), "a timer");
	w.core->promises.at[0].due.at++;
	again = whole(&w);
	w.core->promises.at[0].due.at--;
	ok(!same(&one, &again), "when it comes due");
	w.core->promises.at[0].event.trace++;
	again = whole(&w);
	w.core->promises.at[0].event.trace--;
	ok(!same(&one, &again), "and with what");
	op(&w, 0, OP(.opcode = WN_OP_CANCEL, .arg = (u64)timer), NULL);
	w.core->hlc = hlc;
	again = read_digest(&w);
	ok(same(&none, &again), "one that was cancelled leaves nothing");
	world_deinit(&w);
}

/* Changes that no record of a table shows, each alone between two digests. */
static void test_silent(void)
{
	struct digest kept, all;
	struct world w;
	s64 a, cells[20];
	u32 i;

	begin(&w);
	a = world_create(&w, 0, "a");
	world_create(&w, (u64)a, "b");
	op(&w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = (u64)a), NULL);
	for (i = 0; i < 8; i++) {
		wn_core_slice(w.core, 1);
		kept = read_digest(&w);
		all = whole(&w);
		if (!same(&kept, &all))
			break;
	}
	ok(i == 8 && w.core->doomed == WN_INDEX_NONE, "a destroyed node's index is freed");
	for (i = 0; i < 20; i++)
		cells[i] = op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .w = { i },
					.op_flags = WN_CELL_ORSET), NULL);
	op(&w, 0, OP(.opcode = WN_OP_CELL_DESTROY, .arg = (u64)cells[0]), NULL);
	(void)read_digest(&w);
	op(&w, 0, OP(.opcode = WN_OP_CELL_DESTROY, .arg = (u64)cells[19]), NULL);
	kept = read_digest(&w);
	all = whole(&w);
	ok(same(&kept, &all), "a cell that waits for its end gets a follower");
	world_deinit(&w);
}

/* What is refused leaves no trace, though it marked. */
static void test_refused(void)
{
	struct wn_sqe slots[6] = {
		{ .opcode = WN_OP_NODE_CREATE, .flags = WN_SQE_ATOMIC | WN_SQE_WIDE },
		{ },
		{ .opcode = WN_OP_CELL_CREATE, .flags = WN_SQE_ATOMIC, .op_flags = WN_CELL_ORSET },
		{ },
		{ .opcode = WN_OP_NOP, .op_flags = WN_NOP_RESULT, .w = { (u64)-EIO } },
	};
	struct wn_op_result results[3];
	struct digest before, after;
	struct world w;

	begin(&w);
	world_name((u8 *)&slots[1], "x");
	before = read_digest(&w);
	wn_op_apply_group(w.core, &(struct wn_op_env){ .now = &w.now }, slots, 3, results);
	after = read_digest(&w);
	ok(results[2].res == -EIO && same(&before, &after), "a refused group changes no digest");
	world_deinit(&w);
}

/* Each of these is state. */
static void test_sees(void)
{
	static const struct {
		const char *what;
		u32 verb;
		u8 type;
	} cells[] = {
		{ "a counter", WN_CELL_ADD, WN_CELL_GCOUNTER },
		{ "a short value", WN_CELL_SET, WN_CELL_LWW },
		{ "a long value", WN_CELL_SET, WN_CELL_LWW },
		{ "an element", WN_CELL_ADD, WN_CELL_ORSET },
		{ "a long element", WN_CELL_ADD, WN_CELL_ORSET },
		{ "rights", WN_CELL_ADD, WN_CELL_ESCROW },
	};
	struct digest a, b;
	struct world w;
	u64 *word;
	u32 i;

	begin(&w);
	for (i = 0; i < 6; i++) {
		const u64 where = i == 2 ? WN_CELL_ITEM(0, 300, 0) : i == 1 ? WN_CELL_ITEM(0, 8, 0) :
				  i == 3 ? WN_CELL_ITEM(8, 0, 0) : i == 4 ? WN_CELL_ITEM(300, 0, 0) : 0;
		const s64 cell = op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .w = { i },
					      .op_flags = cells[i].type), NULL);
		s64 res;

		memset(arena, 'a', 300);
		res = op(&w, 0, OP(.opcode = WN_OP_CELL_UPDATE, .op_flags = cells[i].verb,
				   .arg = (u64)cell, .w = { where ? 0 : 1, where }), NULL);
		if (WN_RES_IS_ERROR(res))
			tap_die("update");
	}
	a = whole(&w);
	/* One bit of each kind of memory, with no mark: found when all is hashed again. */
	word = (u64 *)w.core->cells.slab.blocks[0].bytes;
	*word ^= 1;
	b = whole(&w);
	*word ^= 1;
	ok(!same(&a, &b), "a long value's bytes");
	word = &w.core->cells.row[0].x;
	*word ^= 1;
	b = whole(&w);
	*word ^= 1;
	ok(!same(&a, &b), "a row");
	word = (u64 *)w.core->cells.elems.at[0].bytes;
	*word ^= 1;
	b = whole(&w);
	*word ^= 1;
	ok(!same(&a, &b), "an element");
	w.core->cells.own[5].rights ^= 1;
	b = whole(&w);
	w.core->cells.own[5].rights ^= 1;
	ok(!same(&a, &b), "rights at hand");
	w.core->hlc++;
	b = whole(&w);
	w.core->hlc--;
	ok(!same(&a, &b), "the clock");
	w.core->nodes.cells[0] ^= 1ULL << 40;
	b = whole(&w);
	w.core->nodes.cells[0] ^= 1ULL << 40;
	ok(!same(&a, &b), "a generation");
	b = whole(&w);
	ok(same(&a, &b), "and as it was, the same");
	world_deinit(&w);
}

static void test_errnos(void)
{
	struct world w;
	s64 node;

	begin(&w);
	node = world_create(&w, 0, "a");
	ok(op(&w, 0, OP(.opcode = WN_OP_DIGEST, .node = (u64)node, .w = { 32ULL << 32 }), NULL) ==
	   -EACCES, "of the whole only");
	wn_cap_put(w.core, 0, 1, &(struct wn_core_open){ .node = (u64)node,
					       .rights = WN_RIGHT_ALL });
	ok(op(&w, 0, OP(.opcode = WN_OP_DIGEST, .cap = 1, .w = { 32ULL << 32 }), NULL) == -EACCES,
	   "by a capability over the whole only");
	ok(op(&w, 0, OP(.opcode = WN_OP_DIGEST, .w = { 31ULL << 32 }), NULL) == -ENOBUFS, "no room");
	world_deinit(&w);
}

int main(void)
{
	tap_plan(19);
	test_marks();
	test_anything();
	test_timers();
	test_silent();
	test_refused();
	test_sees();
	test_errnos();
	return tap_done();
}
