// SPDX-License-Identifier: MIT
/*
 * The core's ops, through the one entry point that the engine uses, in one
 * thread: what an op costs beside the ring and the system call.
 *
 *	pair	NODE_CREATE + NODE_DESTROY of a leaf; malloc + free of a record's
 *		size in the same run
 *	set	NODE_SET of one user word
 *	lookup	LOOKUP of a name
 *	sign	TOKEN_MAKE, 32 at once, for each token
 *	redeem	TOKEN_REDEEM of as many, each of which is then given up
 *
 * In a domain of 1,000 nodes and in one of 200,000, of the same shape. "same": one
 * node over and over. "any": a node at random, which at 200,000 (90 MB) is what
 * memory costs. Time is the thread's CPU time, the figure the median of the runs
 * with the least and the most beside it; insns are instructions per op, where
 * the machine lets them be counted.
 */
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kmod/core/bounds.h"
#include "kmod/core/client.h"
#include "kmod/core/op.h"
#include "kmod/core/reap.h"

#include "timing.h"

#define OPS 200000
#define RUNS_MAX 101
#define BRANCH 200		/* children of the root */

static struct wn_core *core;
static struct wn_now now = { 1700000000000000000ULL, 1000000000 };
static u8 in[WN_TOKENS_MAX * sizeof(struct wn_token)] __attribute__((aligned(8)));
static u8 out[WN_TOKENS_MAX * sizeof(struct wn_token)] __attribute__((aligned(8)));
static struct wn_op_env env = {
	.client = 0, .now = &now, .in = in, .in_bytes = sizeof(in), .out = out,
	.out_bytes = sizeof(out),
};
static u64 *handles;		/* by node */
static u64 (*names)[8];
static u32 nodes;
static u32 *order;		/* OPS random nodes */
static int counter = -1;
static const char *only;		/* of the measurements; NULL: all */

static u64 instructions(void)
{
	u64 count = 0;

	if (counter < 0 || read(counter, &count, sizeof(count)) != sizeof(count))
		return 0;
	return count;
}

static void open_counter(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE, .size = sizeof(attr),
		.config = PERF_COUNT_HW_INSTRUCTIONS, .exclude_kernel = 1, .exclude_hv = 1,
	};

	counter = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
}

static inline s64 op(struct wn_sqe *slots)
{
	struct wn_op_result result;

	wn_op_apply(core, &env, slots, &result);
	if (__builtin_expect(WN_RES_IS_ERROR(result.res), 0)) {
		fprintf(stderr, "bench/ops: op %u: %lld\n", slots->opcode, (long long)result.res);
		exit(1);
	}
	return result.res;
}

static s64 create(u64 parent, const u64 name[8])
{
	struct wn_sqe slots[2] = {
		{ .opcode = WN_OP_NODE_CREATE, .flags = WN_SQE_WIDE, .node = parent },
	};

	memcpy(&slots[1], name, 64);
	return op(slots);
}

static u64 parent_of(u32 i)
{
	return i <= BRANCH ? core->root : handles[1 + i % BRANCH];
}

static void fill(u32 n)
{
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL };
	const struct wn_core_ident ident = { 1, { 2, 3 }, { 4, 5 } };
	struct wn_bounds bounds = wn_bounds_default;
	struct wn_core_size size;
	u32 i, seed = 1;

	bounds.nodes = n;
	nodes = n - 1;
	if (wn_core_size(&bounds, &size))
		exit(1);
	core = wn_core_init(zeroed(size.public_bytes), zeroed(size.private_bytes), &bounds, &ident);
	if (!core || wn_core_client_open(core, 0, &first))
		exit(1);
	handles = zeroed(n * sizeof(*handles));
	names = zeroed(n * sizeof(*names));
	order = zeroed(OPS * sizeof(*order));
	for (i = 1; i < nodes; i++) {
		snprintf((char *)names[i], 64, "node-%u", i);
		handles[i] = (u64)create(parent_of(i), names[i]);
	}
	for (i = 0; i < OPS; i++) {
		seed = seed * 1664525u + 1013904223u;
		order[i] = 1 + (seed >> 8) % (nodes - 1);
	}
	printf("%u nodes: public %.1f MB, private %.1f MB\n", n, (double)size.public_bytes / 1e6,
	       (double)size.private_bytes / 1e6);
}

static u32 pick(bool any, u32 i)
{
	return any ? order[i] : nodes / 2;
}

static void pair(bool any)
{
	static const u64 name[8] = { 0x65646f6e77656eULL };
	struct wn_sqe destroy = { .opcode = WN_OP_NODE_DESTROY };

	for (u32 i = 0; i < OPS; i++) {
		destroy.node = (u64)create(any ? handles[1 + order[i] % BRANCH] : core->root, name);
		op(&destroy);
	}
}

static void pair_malloc(bool any)
{
	for (u32 i = 0; i < OPS; i++) {
		void *p = malloc(sizeof(struct wn_node_rec));

		__asm__ volatile("" : "+r"(p) : : "memory");
		free(p);
	}
}

static void set(bool any)
{
	struct wn_sqe sqe = { .opcode = WN_OP_NODE_SET, .op_flags = WN_SET_USER_WORD(1) };

	for (u32 i = 0; i < OPS; i++) {
		sqe.node = handles[pick(any, i)];
		sqe.arg = i;
		op(&sqe);
	}
}

static void lookup(bool any)
{
	struct wn_sqe slots[2] = { { .opcode = WN_OP_LOOKUP, .flags = WN_SQE_WIDE } };

	for (u32 i = 0; i < OPS; i++) {
		const u32 at = pick(any, i);

		slots[0].node = parent_of(at);
		memcpy(&slots[1], names[at], 64);
		op(slots);
	}
}

/* So many of a size to in, answers of a size to out. */
static void tokens_op(u8 opcode, u32 answer)
{
	struct wn_sqe sqe = {
		.opcode = opcode,
		.w = { (u64)WN_TOKENS_MAX * answer << 32, (u64)WN_TOKENS_MAX << 32 },
	};

	op(&sqe);
}

static void sign(bool any)
{
	struct wn_token_ask *asks = (struct wn_token_ask *)in;

	for (u32 i = 0; i < OPS; i += WN_TOKENS_MAX) {
		for (u32 j = 0; j < WN_TOKENS_MAX; j++)
			asks[j] = (struct wn_token_ask){ .node = handles[pick(any, i + j)],
							 .rights = WN_RIGHT_READ };
		tokens_op(WN_OP_TOKEN_MAKE, sizeof(struct wn_token));
	}
}

static void redeem(bool any)
{
	struct wn_token tokens[WN_TOKENS_MAX];
	struct wn_token_got got[WN_TOKENS_MAX];
	struct wn_sqe give_up = { .opcode = WN_OP_CAP_REVOKE };

	sign(any);
	memcpy(tokens, out, sizeof(tokens));
	for (u32 i = 0; i < OPS; i += WN_TOKENS_MAX) {
		memcpy(in, tokens, sizeof(tokens));
		tokens_op(WN_OP_TOKEN_REDEEM, sizeof(got[0]));
		memcpy(got, out, sizeof(got));
		for (u32 j = 0; j < WN_TOKENS_MAX; j++) {
			give_up.cap = (u16)got[j].index;
			op(&give_up);
		}
		while (wn_core_slice(core, 1000))
			;
	}
}

static void measure(const char *what, void (*fn)(bool any), bool any, u32 runs)
{
	double ns[RUNS_MAX];
	u64 insns = 0;
	u32 i;

	if (only && strcmp(only, what))
		return;
	fn(any);
	for (i = 0; i < runs; i++) {
		const u64 before = instructions(), start = cpu_ns();

		fn(any);
		ns[i] = (double)(cpu_ns() - start) / OPS;
		insns = instructions() - before;
	}
	qsort(ns, runs, sizeof(ns[0]), ascending);
	printf("%-8s %-5s %8.1f ns  (%.1f .. %.1f)", what, any ? "any" : "same", ns[runs / 2], ns[0],
	       ns[runs - 1]);
	if (insns)
		printf("  %6.0f insns", (double)insns / OPS);
	printf("\n");
}

int main(int argc, char **argv)
{
	static const u32 sizes[] = { 1000, 200000 };
	u32 runs = argc > 1 ? (u32)atoi(argv[1]) : 7, i, any;

	only = argc > 2 ? argv[2] : NULL;
	if (!runs || runs > RUNS_MAX) {
		fprintf(stderr, "usage: ops [RUNS, up to %d [pair|set|lookup|sign|redeem]]\n", RUNS_MAX);
		return 2;
	}
	open_counter();
	for (i = 0; i < 2; i++) {
		fill(sizes[i]);
		measure("malloc", pair_malloc, false, runs);
		for (any = 0; any < 2; any++) {
			measure("pair", pair, any, runs);
			measure("set", set, any, runs);
			measure("lookup", lookup, any, runs);
			measure("sign", sign, any, runs);
			measure("redeem", redeem, any, runs);
		}
	}
	return 0;
}
