// SPDX-License-Identifier: MIT
/* The core's ops, by the entry that the engine uses; and its turn over a ring. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kmod/core/bounds.h"
#include "kmod/core/client.h"
#include "kmod/core/op.h"
#include "kmod/core/turn.h"

#include "../timing.h"
#include "quick.h"

#define ENTRIES	64u
#define NODES	256u

static struct wn_core *core;
static const struct wn_now now = { 1700000000000000000ULL, 1000000000 };
static struct wn_op_env env = { .now = &now };
static u64 nodes[NODES], counter, set;
static struct wn_ring ring;
static struct wn_user_ring user;
static struct wn_kern_ring kern;
static struct wn_sqe sqes[ENTRIES];
static struct wn_cqe cqes[2 * ENTRIES];
static u64 allowed[WN_OP_WORDS] = { ~0ULL, ~0ULL, ~0ULL, ~0ULL };
static u8 out[4096] __attribute__((aligned(8)));

static u64 apply(const struct wn_sqe *slots)
{
	struct wn_op_result result;

	wn_op_apply(core, &env, slots, &result);
	if (WN_RES_IS_ERROR(result.res))
		quick_die("an op was refused");
	return (u64)result.res;
}

static u64 create(u64 parent, const char *name)
{
	struct wn_sqe slots[2] = {
		{ .opcode = WN_OP_NODE_CREATE, .flags = WN_SQE_WIDE, .node = parent },
	};

	memset(&slots[1], 0, sizeof(slots[1]));
	memcpy(&slots[1], name, strlen(name));
	return apply(slots);
}

static u64 cell(u8 type, u64 id)
{
	const struct wn_sqe sqe = { .opcode = WN_OP_CELL_CREATE, .op_flags = WN_CELL_NEW(type, 0),
				    .w = { id } };

	return apply(&sqe);
}

static void begin(void)
{
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL };
	const struct wn_core_ident ident = { 1, { 2, 3 }, { 4, 5 } };
	struct wn_core_size size;
	char name[16];

	if (core)
		return;
	if (wn_core_size(&wn_bounds_default, &size))
		quick_die("bounds");
	core = wn_core_init(zeroed(size.public_bytes), zeroed(size.private_bytes),
			    &wn_bounds_default, &ident);
	if (!core || wn_core_client_open(core, 0, &first))
		quick_die("no domain");
	env.out = out;
	env.out_bytes = sizeof(out);
	for (u32 i = 0; i < NODES; i++) {
		snprintf(name, sizeof(name), "node-%u", i);
		nodes[i] = create(0, name);
	}
	counter = cell(WN_CELL_GCOUNTER, 1);
	set = cell(WN_CELL_ORSET, 2);
	wn_ring_init(&ring, &user, &kern, sqes, ENTRIES, cqes, 2 * ENTRIES);
}

static void nops(unsigned int n)
{
	static const struct wn_sqe nop = { .opcode = WN_OP_NOP };

	while (n--)
		apply(&nop);
}

static void pairs(unsigned int n)
{
	struct wn_sqe destroy = { .opcode = WN_OP_NODE_DESTROY };

	while (n--) {
		destroy.node = create(nodes[0], "pair");
		apply(&destroy);
	}
}

static void sets(unsigned int n)
{
	struct wn_sqe sqe = { .opcode = WN_OP_NODE_SET, .op_flags = WN_SET_USER_WORD(1) };

	while (n--) {
		sqe.node = nodes[n % NODES];
		sqe.arg = n;
		apply(&sqe);
	}
}

static void lookups(unsigned int n)
{
	struct wn_sqe slots[2] = { { .opcode = WN_OP_LOOKUP, .flags = WN_SQE_WIDE } };

	memset(&slots[1], 0, sizeof(slots[1]));
	memcpy(&slots[1], "node-77", 7);
	while (n--)
		apply(slots);
}

static void reads(unsigned int n)
{
	struct wn_sqe sqe = { .opcode = WN_OP_NODE_READ };

	while (n--) {
		sqe.node = nodes[n % NODES];
		apply(&sqe);
	}
}

static void adds(unsigned int n)
{
	const struct wn_sqe sqe = { .opcode = WN_OP_CELL_UPDATE, .op_flags = WN_CELL_ADD,
				    .arg = counter, .w = { 1 } };

	while (n--)
		apply(&sqe);
}

static void elements(unsigned int n)
{
	struct wn_sqe slots[2] = { {
		.opcode = WN_OP_CELL_UPDATE, .flags = WN_SQE_WIDE, .arg = set,
		.op_flags = WN_CELL_ADD, .w = { 0, WN_CELL_ITEM(8, 0, 0) },
	} };

	memset(&slots[1], 0, sizeof(slots[1]));
	while (n--) {
		((u64 *)&slots[1])[0] = n % 64 + 1;
		apply(slots);
	}
}

static void turn(unsigned int n, unsigned int batch)
{
	struct wn_turn t = { .ring = &ring, .env = { .allowed = allowed } };

	for (; n; n -= batch) {
		for (u32 i = 0; i < batch; i++) {
			struct wn_sqe *sqe = &sqes[(user.sq_tail + i) % ENTRIES];

			memset(sqe, 0, sizeof(*sqe));
			sqe->opcode = WN_OP_NODE_SET;
			sqe->op_flags = WN_SET_USER_WORD(1);
			sqe->arg = n;
		}
		__atomic_store_n(&user.sq_tail, user.sq_tail + batch, __ATOMIC_RELEASE);
		if (wn_turn_run(core, &t, batch, &now) != batch || kern.refused)
			quick_die("a turn did not do all");
		__atomic_store_n(&user.cq_head, user.cq_head + batch, __ATOMIC_RELEASE);
	}
}

static void turns1(unsigned int n)
{
	turn(n, 1);
}

static void turns16(unsigned int n)
{
	turn(n, 16);
}

const struct quick quick_core[] = {
	{ "core: NOP", begin, nops, 4000 },
	{ "core: NODE_CREATE and NODE_DESTROY", begin, pairs, 2000 },
	{ "core: NODE_SET", begin, sets, 4000 },
	{ "core: LOOKUP", begin, lookups, 4000 },
	{ "core: NODE_READ", begin, reads, 4000 },
	{ "core: CELL_UPDATE of a gcounter", begin, adds, 4000 },
	{ "core: CELL_UPDATE of an orset", begin, elements, 4000 },
	{ "core: a turn of 1 NODE_SET", begin, turns1, 2000 },
	{ "core: a turn of 16 NODE_SET, per op", begin, turns16, 4096 },
	{ 0 }
};
