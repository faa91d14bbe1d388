// SPDX-License-Identifier: MIT
/*
 * The merge digest: what is kept of hashes, with slices of any size and changes in between,
 * is what a naive walk over all finds; replicas that made the same tree in another order
 * and exchanged all have the same; and what it does not cover does not change it.
 */
#include <stdlib.h>
#include <string.h>

#include "anything.h"
#include "kmod/core/cell_delta.h"
#include "kmod/core/node.h"
#include "tap.h"

struct digest {
	u8 bytes[WN_BLAKE2S_BYTES];
};

static bool same(const struct digest *a, const struct digest *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* --------------------------------------------------------------- naive */

struct naive {
	u64 id;
	u8 name[64];
	u32 index;
};

static int by_id(const void *a, const void *b)
{
	const struct naive *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int by_name(const void *a, const void *b)
{
	return memcmp(((const struct naive *)a)->name, ((const struct naive *)b)->name, 64);
}

static struct digest naive_cell(struct wn_core *core, u32 index)
{
	static u8 bytes[WN_DELTA_BYTES_MAX];
	const struct wn_vv none = {};
	struct wn_blake2s b;
	struct digest d;
	u64 cursor = 0;
	int len;

	wn_blake2s_begin(&b, NULL, 0);
	do {
		len = wn_cell_delta(&core->cells, index, &none, &cursor, bytes, sizeof(bytes));
		if (len < 0)
			tap_die("a cell without a form");
		wn_blake2s_add(&b, bytes, (u32)len);
	} while (cursor);
	wn_blake2s_end(&b, d.bytes);
	return d;
}

static struct digest naive_node(struct wn_core *core, u32 index)
{
	struct naive *list = calloc(2001, sizeof(*list));
	struct wn_blake2s b;
	struct digest d;
	u32 n = 0, at, i;

	wn_blake2s_begin(&b, "worknode merge 1", 16);
	for (at = wn_node(core, index)->first_cell; at != WN_INDEX_NONE;
	     at = wn_cell(&core->cells, at)->next, n++)
		list[n] = (struct naive){ .id = wn_cell(&core->cells, at)->id, .index = at };
	qsort(list, n, sizeof(*list), by_id);
	for (i = 0; i < n; i++) {
		const struct wn_cell_rec *rec = wn_cell(&core->cells, list[i].index);

		wn_blake2s_add64(&b, 1);
		wn_blake2s_add64(&b, rec->id);
		wn_blake2s_add64(&b, (u64)rec->type << 8 | rec->flags);
		d = naive_cell(core, list[i].index);
		wn_blake2s_add(&b, d.bytes, sizeof(d));
	}
	n = 0;
	for (at = wn_node(core, index)->first_child; at != WN_INDEX_NONE;
	     at = wn_node(core, at)->next) {
		if (wn_node(core, at)->tier == WN_TIER_LOCAL)
			continue;
		memcpy(list[n].name, wn_node(core, at)->name, 64);
		list[n++].index = at;
	}
	qsort(list, n, sizeof(*list), by_name);
	for (i = 0; i < n; i++) {
		wn_blake2s_add64(&b, 2);
		wn_blake2s_add(&b, list[i].name, 64);
		d = naive_node(core, list[i].index);
		wn_blake2s_add(&b, d.bytes, sizeof(d));
	}
	wn_blake2s_end(&b, d.bytes);
	free(list);
	return d;
}

/* ------------------------------------------------------------- history */

static struct anything a;

/* Whether it is still in the tree: what is being taken apart changes without a word. */
static bool hangs(const struct wn_core *core, u32 index)
{
	int above;

	for (; index; index = (u32)above) {
		above = wn_node_find(core, wn_node(core, index)->parent);
		if (above < 0)
			return false;
	}
	return true;
}

/* Now of the whole, now of a part; now to the end, now a little. */
static bool look(u64 *seed, u64 *whole, u64 *slices)
{
	struct wn_core *core = a.w.core;
	const u64 handle = a.nodes.n ? a.nodes.at[world_random(seed) % 8] : 0;
	int index = handle && world_random(seed) % 3 == 0 ? wn_node_find(core, handle) : 0;
	u32 budget, more = world_random(seed) % 2 ? ~0u : (u32)(world_random(seed) % 4);
	struct digest kept, want;
	bool done;

	if (index < 0 || wn_node(core, (u32)index)->tier == WN_TIER_LOCAL ||
	    !hangs(core, (u32)index))
		index = 0;
	do {
		budget = 1 + (u32)(world_random(seed) % 40);
		done = wn_merged_slice(core, (u32)index, &budget);
		++*slices;
	} while (!done && more--);
	if (!done)
		return true;
	++*whole;
	wn_merged_digest(core, (u32)index, kept.bytes);
	want = naive_node(core, (u32)index);
	return same(&kept, &want);
}

static void test_kept(void)
{
	u64 seed = tap_seed(), i, n, whole = 0, slices = 0;
	const struct wn_bounds bounds = any_bounds();
	struct wn_core_ident ident;
	bool held = true;

	for (i = 0; i < 30 * tap_rounds() && held; i++) {
		const u64 start = world_random(&seed);

		ident = any_ident(start);
		world_make(&a.w, &bounds, &ident);
		any_begin(&a, start);
		for (n = 0; n < 1500 && held; n++) {
			any_step(&a);
			if (world_random(&seed) % 3 == 0)
				held = look(&seed, &whole, &slices);
		}
		if (!held)
			diag("history %#llx, step %llu", start, n);
		world_deinit(&a.w);
	}
	ok(held, "what is kept is what there is (%llu digests, %llu slices)", whole, slices);
}

/* ---------------------------------------------------------- replicas */

#define REPLICAS 3
#define PATHS 9
#define CELLS 9

/* Parents before children. */
static const struct {
	const char *name;
	int above;
} paths[PATHS] = {
	{ "a", -1 }, { "b", -1 }, { "c", 0 }, { "d", 0 }, { "e", 2 }, { "f", 2 }, { "c", 1 },
	{ "longer-than-the-others", 6 }, { "g", 7 },
};

static struct {
	struct world w;
	s64 nodes[PATHS], cells[PATHS][CELLS];
} replicas[REPLICAS];

static u8 arena[WN_DELTA_BYTES_MAX] __attribute__((aligned(8)));
static u8 told[WN_DELTA_BYTES_MAX] __attribute__((aligned(8)));

static s64 op(u32 r, const struct wn_sqe *sqe, const void *data)
{
	struct world *w = &replicas[r].w;
	const struct wn_op_env env = {
		.now = &w->now, .out = told, .out_bytes = sizeof(told),
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

static struct digest digest_of(u32 r, u64 node)
{
	struct digest d;
	s64 res;

	do
		res = op(r, OP(.opcode = WN_OP_DIGEST, .op_flags = WN_DIGEST_MERGE, .node = node,
			       .w = { 32ULL << 32 }), NULL);
	while (res == 1);
	if (res)
		tap_die("no digest");
	memcpy(&d, told, sizeof(d));
	return d;
}

static u64 handle_of(u32 r, int path)
{
	return path < 0 ? 0 : (u64)replicas[r].nodes[path];
}

static s64 create(u32 r, u64 above, const char *name, u32 flags)
{
	u8 data[64];

	world_name(data, name);
	return op(r, OP(.opcode = WN_OP_NODE_CREATE, .node = above, .op_flags = flags), data);
}

static u32 type_of(u32 cell)
{
	return cell < WN_CELL_ORMAP ? 1 + cell : WN_CELL_NEW(WN_CELL_ORMAP, WN_CELL_F_COUNTS);
}

/* The same tree, each in an order of its own, with other things among it. */
static void grow(u32 r, u64 *seed)
{
	const struct wn_core_ident ident = { .domain = r + 1, .name_key = { *seed, r },
					     .secret = { r, *seed }, .replica = r };
	struct wn_bounds b = world_bounds(200);
	u32 left = PATHS, i, k;
	bool done[PATHS] = {};

	b.cells = PATHS * CELLS + 20;
	b.set_elems = 400;
	b.elems = 3000;
	b.replicas = REPLICAS;
	b.slab_bytes = 1 << 18;
	memset(&replicas[r], 0, sizeof(replicas[r]));
	world_make(&replicas[r].w, &b, &ident);
	wn_core_client_open(replicas[r].w.core, 0, &(struct wn_core_open){ .rights = WN_RIGHT_ALL });
	while (left) {
		i = (u32)(world_random(seed) % PATHS);
		if (done[i] || (paths[i].above >= 0 && !done[paths[i].above]))
			continue;
		done[i] = true;
		left--;
		if (world_random(seed) % 2)
			create(r, handle_of(r, paths[i].above), "local", WN_CREATE_TIER(WN_TIER_LOCAL));
		replicas[r].nodes[i] = create(r, handle_of(r, paths[i].above), paths[i].name, 0);
		for (k = world_random(seed) % CELLS; left + 1 && !replicas[r].cells[i][k];
		     k = (k + 1) % CELLS)
			replicas[r].cells[i][k] =
				op(r, OP(.opcode = WN_OP_CELL_CREATE, .op_flags = type_of(k),
					 .node = handle_of(r, (int)i), .w = { k } ), NULL);
	}
}

static void change(u32 r, u32 path, u32 cell, u64 *seed)
{
	struct wn_sqe sqe = { .opcode = WN_OP_CELL_UPDATE, .node = handle_of(r, (int)path),
			      .arg = (u64)replicas[r].cells[path][cell], .op_flags = WN_CELL_ADD };
	const u32 type = type_of(cell);
	u32 key = 0, val = 0;

	replicas[r].w.now.realtime += world_random(seed) % 3000000;
	memset(arena, 'a' + (int)(world_random(seed) % 25), sizeof(arena));
	if (type == WN_CELL_ORSET || (type & 0xff) == WN_CELL_ORMAP)
		key = 1 + (u32)(world_random(seed) % 90);
	if (type == WN_CELL_LWW || type == WN_CELL_MVREG || type == WN_CELL_ORMAP)
		val = (u32)(world_random(seed) % 200);
	if (key || val || type == WN_CELL_LWW || type == WN_CELL_MVREG || type == WN_CELL_EWFLAG) {
		sqe.op_flags = type == WN_CELL_ORSET ? WN_CELL_ADD : WN_CELL_SET;
		sqe.w[1] = WN_CELL_ITEM(key, val, 0);
		if (type >> 8) {
			sqe.op_flags = WN_CELL_ADD;
			sqe.w[0] = 3;
		} else if (type != WN_CELL_LWW && world_random(seed) % 4 == 0) {
			sqe.op_flags = WN_CELL_REMOVE;
			sqe.w[1] = WN_CELL_ITEM(key, 0, 0);
		}
	} else {
		sqe.w[0] = 1 + world_random(seed) % 50;
		if (type == WN_CELL_ESCROW && world_random(seed) % 3 == 0) {
			sqe.op_flags = WN_CELL_TRANSFER;
			sqe.w[0] = 1;
			sqe.w[1] = (r + 1) % REPLICAS;
		}
	}
	op(r, &sqe, NULL);
}

/* All that one knows of a cell to another. */
static bool tell(u32 from, u32 to, u32 path, u32 cell)
{
	u64 cursor = 0;
	s64 bytes, res;

	do {
		bytes = op(from, OP(.opcode = WN_OP_CELL_DELTA, .node = handle_of(from, (int)path),
				    .arg = (u64)replicas[from].cells[path][cell],
				    .w = { 4000ULL << 32, cursor }), NULL);
		if (WN_RES_IS_ERROR(bytes))
			return false;
		cursor = wn_get_le64(told);
		memcpy(arena, told + sizeof(struct wn_cell_told), (size_t)bytes);
		do
			res = op(to, OP(.opcode = WN_OP_CELL_MERGE,
					.node = handle_of(to, (int)path),
					.arg = (u64)replicas[to].cells[path][cell],
					.w = { (u64)bytes << 32 }), NULL);
		while (res == 1);
		if (res)
			return false;
	} while (cursor);
	return true;
}

static bool converge(u64 seed, u64 *differed)
{
	struct digest d[REPLICAS], part;
	u32 r, i, k, n;
	bool good = true;

	for (r = 0; r < REPLICAS; r++)
		grow(r, &seed);
	for (r = 0; r < REPLICAS; r++)
		d[r] = digest_of(r, 0);
	good = same(&d[0], &d[1]) && same(&d[0], &d[2]);
	for (n = 0; n < 400 && good; n++) {
		r = (u32)(world_random(&seed) % REPLICAS);
		i = (u32)(world_random(&seed) % PATHS);
		k = (u32)(world_random(&seed) % CELLS);
		if (world_random(&seed) % 4)
			change(r, i, k, &seed);
		else
			good = tell(r, (r + 1) % REPLICAS, i, k);
	}
	*differed += !same(&(struct digest[1]){ digest_of(0, 0) }[0],
			   &(struct digest[1]){ digest_of(1, 0) }[0]);
	/* Twice round the ring everybody has heard of everything. */
	for (n = 0; n < 2 * REPLICAS && good; n++)
		for (i = 0; i < PATHS && good; i++)
			for (k = 0; k < CELLS && good; k++)
				good = tell(n % REPLICAS, (n + 1) % REPLICAS, i, k);
	for (i = 0; i <= PATHS && good; i++) {
		for (r = 0; r < REPLICAS; r++)
			d[r] = digest_of(r, handle_of(r, (int)i - 1));
		good = same(&d[0], &d[1]) && same(&d[0], &d[2]);
	}
	part = digest_of(0, 0);
	change(0, 4, 0, &seed);
	d[0] = digest_of(0, 0);
	good = good && !same(&part, &d[0]) && tell(0, 1, 4, 0);
	d[1] = digest_of(1, 0);
	good = good && same(&d[0], &d[1]);
	for (r = 0; r < REPLICAS; r++)
		world_deinit(&replicas[r].w);
	return good;
}

static void test_converge(void)
{
	u64 seed = tap_seed(), n = 0, differed = 0;
	bool good = true;

	for (; n < 20 * tap_rounds() && good; n++)
		good = converge(world_random(&seed), &differed);
	ok(good && differed > n / 2, "%u replicas have the same after all was told, %llu times",
	   REPLICAS, n);
}

/* ------------------------------------------------------------- covers */

/* Whether what was done since made another digest of the whole. */
static bool changed(struct digest *last)
{
	const struct digest now = digest_of(0, 0);
	const bool other = !same(last, &now);

	*last = now;
	return other;
}

static void test_covers(void)
{
	u64 seed = 9;
	struct digest d, e;
	u8 name[64];
	u64 a0, b0;
	s64 local;

	grow(0, &seed);
	a0 = handle_of(0, 0);
	b0 = handle_of(0, 1);
	d = digest_of(0, 0);
	op(0, OP(.opcode = WN_OP_NODE_SET, .op_flags = WN_SET_STATE | WN_SET_TYPE | WN_SET_TAGS,
		 .node = a0, .w = { ~0ULL, ~0ULL }), NULL);
	ok(!changed(&d), "types, states and tags are not covered");
	local = create(0, a0, "here", WN_CREATE_TIER(WN_TIER_LOCAL));
	create(0, (u64)local, "below", 0);
	ok(!changed(&d), "nor what is LOCAL");
	ok(op(0, OP(.opcode = WN_OP_DIGEST, .op_flags = WN_DIGEST_MERGE, .node = (u64)local,
		    .w = { 32ULL << 32 }), NULL) == -EINVAL, "of which there is no digest");
	create(0, a0, "there", 0);
	ok(changed(&d), "a new path is");
	world_name(name, "elsewhere");
	op(0, OP(.opcode = WN_OP_NODE_RENAME, .node = a0), name);
	ok(changed(&d), "a new name is");
	e = digest_of(0, a0);
	op(0, OP(.opcode = WN_OP_NODE_MOVE, .node = a0, .arg = b0), NULL);
	ok(changed(&d), "another place is");
	d = digest_of(0, a0);
	ok(same(&d, &e), "but not of what moved");
	d = digest_of(0, 0);
	op(0, OP(.opcode = WN_OP_CELL_DESTROY, .node = a0, .arg = (u64)replicas[0].cells[0][1]), NULL);
	ok(changed(&d), "a cell that goes is");
	op(0, OP(.opcode = WN_OP_NODE_DESTROY, .node = handle_of(0, 7)), NULL);
	ok(changed(&d), "nodes that go are");
	wn_core_slice(replicas[0].w.core, 10000);
	ok(!changed(&d), "but not when");
	world_deinit(&replicas[0].w);
}

/* A node with as many children as there may be, a set with many elements. */
static void test_large(void)
{
	struct wn_bounds b = world_bounds(2100);
	const struct wn_core_ident ident = {};
	struct digest kept, want;
	u64 calls = 0, last;
	u32 i, budget, worst = 0;
	char name[16];
	s64 cell;
	bool done;

	b.set_elems = b.elems = 3000;
	b.slab_bytes = 1 << 20;
	world_make(&replicas[0].w, &b, &ident);
	wn_core_client_open(replicas[0].w.core, 0, &(struct wn_core_open){ .rights = WN_RIGHT_ALL });
	for (i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "%u", i * 7919 % 2003);
		create(0, 0, name, 0);
	}
	cell = op(0, OP(.opcode = WN_OP_CELL_CREATE, .op_flags = WN_CELL_ORSET), NULL);
	for (i = 0; i < 3000; i++) {
		memcpy(arena, &i, sizeof(i));
		op(0, OP(.opcode = WN_OP_CELL_UPDATE, .op_flags = WN_CELL_ADD, .arg = (u64)cell,
			 .w = { 0, WN_CELL_ITEM(40, 0, 0) }), NULL);
	}
	do {
		budget = 500;
		done = wn_merged_slice(replicas[0].w.core, 0, &budget);
		if (replicas[0].w.core->tx->steps > worst)
			worst = replicas[0].w.core->tx->steps;
		calls++;
	} while (!done);
	wn_merged_digest(replicas[0].w.core, 0, kept.bytes);
	want = naive_node(replicas[0].w.core, 0);
	ok(same(&kept, &want), "2,000 children and 3,000 elements, in %llu slices", calls);
	last = calls;
	create(0, (u64)world_lookup(&replicas[0].w, 0, "7"), "x", 0);
	for (calls = 0; op(0, OP(.opcode = WN_OP_DIGEST, .op_flags = WN_DIGEST_MERGE,
				 .w = { 32ULL << 32 }), NULL) == 1; calls++)
		;
	memcpy(&kept, told, sizeof(kept));
	want = naive_node(replicas[0].w.core, 0);
	ok(same(&kept, &want) && calls < last / 4, "then what changed, in %llu more calls", calls);
	world_deinit(&replicas[0].w);
}

/* The child that is next on the way is moved, or destroyed, before it is come to. */
static void test_left(bool moved)
{
	const struct wn_bounds b = world_bounds(20);
	const struct wn_core_ident ident = {};
	struct wn_merged_step *way;
	struct digest kept, want;
	u64 handles[4];
	struct wn_core *core;
	u32 budget, i;
	s64 res;

	world_make(&replicas[0].w, &b, &ident);
	core = replicas[0].w.core;
	wn_core_client_open(core, 0, &(struct wn_core_open){ .rights = WN_RIGHT_ALL });
	for (i = 0; i < 4; i++)
		handles[i] = (u64)create(0, 0, &"a\0b\0c\0d"[2 * i], 0);
	/* Until the way is the root alone, with the second of its children next: c. */
	way = core->merged->way;
	for (i = 0; i < 1000; i++) {
		budget = 1;
		if (wn_merged_slice(core, 0, &budget) ||
		    (core->merged->nr_way == 1 && way->child == wn_handle_index(handles[2])))
			break;
	}
	if (moved)
		res = op(0, OP(.opcode = WN_OP_NODE_MOVE, .node = handles[2], .arg = handles[3]),
			 NULL);
	else
		res = op(0, OP(.opcode = WN_OP_NODE_DESTROY, .node = handles[2]), NULL);
	wn_core_slice(core, 100);
	for (; i < 2000; i++) {
		budget = 1;
		if (wn_merged_slice(core, 0, &budget))
			break;
	}
	wn_merged_digest(core, 0, kept.bytes);
	want = naive_node(core, 0);
	ok(i < 2000 && !WN_RES_IS_ERROR(res) && same(&kept, &want),
	   "a child that is next on the way %s", moved ? "moves" : "goes");
	world_deinit(&replicas[0].w);
}

int main(void)
{
	tap_plan(16);
	test_kept();
	test_converge();
	test_covers();
	test_large();
	test_left(false);
	test_left(true);
	return tap_done();
}
