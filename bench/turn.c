// SPDX-License-Identifier: MIT
/*
 * The engine's whole way: entries are copied out of the ring, checked, applied,
 * completions posted and published; what one op of it costs at batch 1, 16 and 64,
 * beside the system call. In one thread, on a domain in this process.
 *
 *	nop	NOP
 *	set	NODE_SET of one user word of one node
 *	add	CELL_UPDATE: 1 more in a gcounter
 *
 * turn RUNS [ROUNDS]: the median of the runs, the least and the most beside it. For
 * instructions that repeat exactly: valgrind --tool=callgrind, runs 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kmod/core/bounds.h"
#include "kmod/core/client.h"
#include "kmod/core/turn.h"

#include "timing.h"

#define RUNS_MAX 101
#define ENTRIES 64

static struct wn_core *core;
static const struct wn_now now = { 1700000000000000000ULL, 1000000000 };
static struct wn_ring ring;
static struct wn_user_ring user;
static struct wn_kern_ring kern;
static struct wn_sqe sqes[ENTRIES];
static struct wn_cqe cqes[2 * ENTRIES];
static u64 allowed[WN_OP_WORDS] = { ~0ULL, ~0ULL, ~0ULL, ~0ULL };
static u64 counter;

static void die(const char *what)
{
	fprintf(stderr, "bench/turn: %s\n", what);
	exit(1);
}

static void begin(void)
{
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL };
	const struct wn_core_ident ident = { 1, { 2, 3 }, { 4, 5 } };
	const struct wn_op_env env = { .now = &now };
	const struct wn_sqe create = {
		.opcode = WN_OP_CELL_CREATE, .op_flags = WN_CELL_NEW(WN_CELL_GCOUNTER, 0),
	};
	struct wn_op_result result;
	struct wn_core_size size;

	if (wn_core_size(&wn_bounds_default, &size))
		die("bounds");
	core = wn_core_init(zeroed(size.public_bytes), zeroed(size.private_bytes),
			    &wn_bounds_default, &ident);
	if (!core || wn_core_client_open(core, 0, &first))
		die("no domain");
	wn_op_apply(core, &env, &create, &result);
	if (WN_RES_IS_ERROR(result.res))
		die("no counter");
	counter = (u64)result.res;
	wn_ring_init(&ring, &user, &kern, sqes, ENTRIES, cqes, 2 * ENTRIES);
}

static void fill(const char *what)
{
	for (u32 i = 0; i < ENTRIES; i++) {
		struct wn_sqe *sqe = &sqes[i];

		memset(sqe, 0, sizeof(*sqe));
		sqe->user_data = i;
		if (!strcmp(what, "set")) {
			sqe->opcode = WN_OP_NODE_SET;
			sqe->op_flags = WN_SET_USER_WORD(1);
			sqe->arg = i;
		} else if (!strcmp(what, "add")) {
			sqe->opcode = WN_OP_CELL_UPDATE;
			sqe->op_flags = WN_CELL_ADD;
			sqe->arg = counter;
			sqe->w[0] = 1;
		}
	}
}

static void rounds(u32 n, u32 batch)
{
	struct wn_turn turn = { .ring = &ring, .env = { .allowed = allowed } };

	for (u32 i = 0; i < n; i++) {
		__atomic_store_n(&user.sq_tail, user.sq_tail + batch, __ATOMIC_RELEASE);
		if (wn_turn_run(core, &turn, batch, &now) != batch)
			die("entries were left");
		__atomic_store_n(&user.cq_head, user.cq_head + batch, __ATOMIC_RELEASE);
	}
	if (kern.refused)
		die("an op was refused");
}

static void measure(const char *what, u32 batch, u32 n, u32 runs)
{
	double ns[RUNS_MAX];

	fill(what);
	rounds(n / 10 + 1, batch);
	for (u32 i = 0; i < runs; i++) {
		const u64 start = cpu_ns();

		rounds(n, batch);
		ns[i] = (double)(cpu_ns() - start) / n / batch;
	}
	qsort(ns, runs, sizeof(ns[0]), ascending);
	printf("%-5s batch %2u  %8.1f ns  (%.1f .. %.1f)\n", what, batch, ns[runs / 2], ns[0],
	       ns[runs - 1]);
}

int main(int argc, char **argv)
{
	static const char *const ops[] = { "nop", "set", "add" };
	static const u32 batches[] = { 1, 16, 64 };
	const u32 one = argc > 4 ? (u32)atoi(argv[4]) : 0;
	const char *only = argc > 3 ? argv[3] : NULL;
	const u32 runs = argc > 1 ? (u32)atoi(argv[1]) : 11;
	const u32 n = argc > 2 ? (u32)atoi(argv[2]) : 20000;

	if (!runs || runs > RUNS_MAX || !n || argc > 5) {
		fprintf(stderr, "usage: turn [RUNS [ROUNDS [nop|set|add [1|16|64]]]]\n");
		return 2;
	}
	begin();
	for (u32 i = 0; i < 3; i++)
		for (u32 j = 0; j < 3; j++)
			if ((!only || !strcmp(only, ops[i])) && (!one || one == batches[j]))
				measure(ops[i], batches[j], n, runs);
	return 0;
}
