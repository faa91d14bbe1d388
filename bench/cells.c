// SPDX-License-Identifier: MIT
/*
 * Ops on cells, through the one entry point that the engine uses, in one thread.
 *
 *	count	CELL_UPDATE, ADD to a gcounter
 *	write	CELL_UPDATE, SET of an lww, 32 bytes
 *	again	CELL_UPDATE, ADD of a random key that an orset has
 *	pair	ADD of a new key and REMOVE of it; half is shown
 *	has	CELL_READ, a random key of an orset
 *
 * Orsets of 100 and of 20,000 elements, keys of 24 bytes. Time is the thread's CPU
 * time; the figure is the median of the runs, the least and the most beside it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kmod/core/bounds.h"
#include "kmod/core/client.h"
#include "kmod/core/op.h"

#include "timing.h"

#define OPS 100000
#define RUNS_MAX 101
#define KEY 24

static struct wn_core *core;
static struct wn_now now = { 1700000000000000000ULL, 1000000000 };
static struct wn_op_env env = { .client = 0, .now = &now };
static u64 node, count, lww, set;
static u32 *order;

static s64 op(const struct wn_sqe *slots)
{
	struct wn_op_result result;

	wn_op_apply(core, &env, slots, &result);
	if (WN_RES_IS_ERROR(result.res)) {
		fprintf(stderr, "op %u: %lld\n", slots->opcode, (long long)result.res);
		exit(1);
	}
	return result.res;
}

static void make_key(struct wn_sqe *slot, u32 i)
{
	snprintf((char *)slot, 64, "%-*u", KEY, i);
	((char *)slot)[KEY] = 0;
}

static void on_key(u64 cell, u8 opcode, u32 what, u32 key)
{
	struct wn_sqe slots[2] = { {
		.opcode = opcode, .flags = WN_SQE_WIDE, .node = node, .arg = cell, .op_flags = what,
		.w = { opcode == WN_OP_CELL_READ ? 256ULL << 32 : 0, WN_CELL_ITEM(KEY, 0, 0) },
	} };

	make_key(&slots[1], key);
	op(slots);
}

static void run_count(u32 i, u32 elems)
{
	const struct wn_sqe slots[2] = { { .opcode = WN_OP_CELL_UPDATE, .node = node, .arg = count,
					   .op_flags = WN_CELL_ADD, .w = { 1 } } };

	op(slots);
}

static void run_write(u32 i, u32 elems)
{
	struct wn_sqe slots[2] = { { .opcode = WN_OP_CELL_UPDATE, .flags = WN_SQE_WIDE, .node = node,
				     .arg = lww, .op_flags = WN_CELL_SET,
				     .w = { 0, WN_CELL_ITEM(0, 32, 0) } } };

	memset(&slots[1], (int)i | 1, 32);
	op(slots);
}

/* The key's text is made outside of what is measured. */
static struct wn_sqe (*keyed)[2];

static void run_keyed(u32 i, u32 elems)
{
	op(keyed[i]);
}

static void prepare(u8 opcode, u32 verb, u32 elems)
{
	u32 i;

	for (i = 0; i < OPS; i++) {
		keyed[i][0] = (struct wn_sqe){
			.opcode = opcode, .flags = WN_SQE_WIDE, .node = node, .arg = set,
			.op_flags = verb,
			.w = { opcode == WN_OP_CELL_READ ? 256ULL << 32 : 0,
			       WN_CELL_ITEM(KEY, 0, 0) } };
		memset(&keyed[i][1], 0, sizeof(keyed[i][1]));
		make_key(&keyed[i][1], order[i] % (elems ? elems : 1));
	}
}

static void prepare_pairs(u32 elems)
{
	u32 i;

	prepare(WN_OP_CELL_UPDATE, WN_CELL_ADD, elems);
	for (i = 0; i < OPS; i++) {
		make_key(&keyed[i][1], 1000000 + i / 2);
		keyed[i][0].op_flags = i % 2 ? WN_CELL_REMOVE : WN_CELL_ADD;
	}
}

static void measure(const char *name, u32 elems, u32 runs, void (*run)(u32 i, u32 elems))
{
	double ns[RUNS_MAX];
	u32 r, i;
	u64 start;

	for (r = 0; r < runs; r++) {
		start = cpu_ns();
		for (i = 0; i < OPS; i++)
			run(i, elems);
		ns[r] = (double)(cpu_ns() - start) / OPS;
	}
	qsort(ns, runs, sizeof(*ns), ascending);
	printf("%-6s %6u elements  %7.1f ns  (%.1f - %.1f)\n", name, elems, ns[runs / 2], ns[0],
	       ns[runs - 1]);
}

static u64 create(u8 type, u64 id)
{
	const struct wn_sqe slots[2] = { { .opcode = WN_OP_CELL_CREATE, .node = node,
					   .op_flags = WN_CELL_NEW(type, 0), .w = { id } } };

	return (u64)op(slots);
}

static void bench(u32 elems, u32 runs)
{
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL };
	const struct wn_core_ident ident = { .domain = 1, .name_key = { 1, 2 }, .secret = { 3, 4 } };
	struct wn_bounds bounds = wn_bounds_default;
	struct wn_core_size size;
	void *public, *private;
	u32 i;

	bounds.elems = elems + 1;
	bounds.set_elems = elems + 1 < wn_bounds_limit.set_elems ? elems + 1 : wn_bounds_limit.set_elems;
	if (wn_core_size(&bounds, &size))
		exit(1);
	public = zeroed(size.public_bytes);
	private = zeroed(size.private_bytes);
	core = wn_core_init(public, private, &bounds, &ident);
	if (!core || wn_core_client_open(core, 0, &first))
		exit(1);
	node = core->root;
	count = create(WN_CELL_GCOUNTER, 1);
	lww = create(WN_CELL_LWW, 2);
	set = create(WN_CELL_ORSET, 3);
	elems--;
	for (i = 0; i < elems; i++)
		on_key(set, WN_OP_CELL_UPDATE, WN_CELL_ADD, i);
	measure("count", elems, runs, run_count);
	measure("write", elems, runs, run_write);
	prepare(WN_OP_CELL_UPDATE, WN_CELL_ADD, elems);
	measure("again", elems, runs, run_keyed);
	prepare_pairs(elems);
	measure("pair/2", elems, runs, run_keyed);
	prepare(WN_OP_CELL_READ, WN_CELL_READ_KEY, elems);
	measure("has", elems, runs, run_keyed);
	unmapped(public, size.public_bytes);
	unmapped(private, size.private_bytes);
}

int main(int argc, char **argv)
{
	const long asked = argc > 1 ? strtol(argv[1], NULL, 10) : 11;
	const u32 runs = asked < 1 ? 1 : asked > RUNS_MAX ? RUNS_MAX : (u32)asked;
	u64 seed = 1;
	u32 i;

	order = malloc(OPS * sizeof(*order));
	keyed = calloc(OPS, sizeof(*keyed));
	env.out = zeroed(4096);
	env.out_bytes = 4096;
	if (!order || !keyed)
		return 1;
	for (i = 0; i < OPS; i++) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		order[i] = (u32)(seed >> 33);
	}
	bench(100, runs);
	bench(20000, runs);
	return 0;
}
