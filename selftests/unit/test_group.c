// SPDX-License-Identifier: MIT
/*
 * Atomic groups: with failure forced at every position, of every size, state and
 * public memory are bit for bit what they were; and the log holds the most that
 * a group can put there.
 */
#include <stdlib.h>
#include <string.h>

#include "kmod/core/node.h"
#include "tap.h"
#include "world.h"

#define DEPTH 60

static struct wn_sqe slots[128];
static struct wn_op_result results[64];
static u64 deep[DEPTH], seed;

/* On the root: a set, a map, a counter, a register, an escrow, whatever a group does. */
static u64 cells[5];

static bool run(struct world *w, u32 n)
{
	const struct wn_op_env env = { .client = 0, .now = &w->now };

	return wn_op_apply_group(w->core, &env, slots, n, results);
}

static void some_update(struct wn_sqe *sqe, u32 i)
{
	static const u8 verbs[] = { WN_CELL_ADD, WN_CELL_SET, WN_CELL_ADD, WN_CELL_SET, WN_CELL_ADD };
	const u32 which = world_random(&seed) % 5;
	char *bytes = (char *)(sqe + 1);

	sqe->opcode = WN_OP_CELL_UPDATE;
	sqe->node = deep[0];
	sqe->arg = cells[which];
	sqe->op_flags = verbs[which];
	if (which == 2 || which == 4) {
		sqe->w[0] = i;
		return;
	}
	sqe->flags |= WN_SQE_WIDE;
	memset(bytes, 0, 64);
	memset(bytes, 'a' + (char)(i % 7), 8);
	sqe->w[1] = which == 0 ? WN_CELL_ITEM(8, 0, 0) :
		    which == 1 ? WN_CELL_ITEM(3, 5, 0) : WN_CELL_ITEM(0, 8, 0);
}

/* Ops that succeed one after the other: creates, and changes to what is there. */
static void fill(struct world *w, u32 n)
{
	u32 i;

	memset(slots, 0, sizeof(slots));
	for (i = 0; i < n; i++) {
		struct wn_sqe *sqe = &slots[2 * i];
		const u64 node = deep[world_random(&seed) % DEPTH];

		sqe->flags = i + 1 < n ? WN_SQE_ATOMIC : 0;
		sqe->node = node;
		switch (world_random(&seed) % 8) {
		case 0:
			sqe->opcode = WN_OP_NODE_SET;
			sqe->op_flags = WN_SET_TYPE | WN_SET_STATE | WN_SET_USER;
			sqe->w[0] = world_random(&seed);
			sqe->arg = i;
			break;
		case 1:
			sqe->opcode = WN_OP_NODE_RENAME;
			sqe->node = deep[1 + world_random(&seed) % (DEPTH - 1)];
			sqe->flags |= WN_SQE_WIDE;
			snprintf((char *)&slots[2 * i + 1], 64, "renamed-%u", i);
			break;
		case 2:
		case 3:
			some_update(sqe, i);
			break;
		case 4:
			sqe->opcode = WN_OP_CELL_CREATE;
			sqe->node = deep[1];
			sqe->w[0] = i;
			sqe->op_flags = WN_CELL_NEW(1 + i % WN_CELL_ORMAP, 0);
			break;
		default:
			sqe->opcode = WN_OP_NODE_CREATE;
			sqe->flags |= WN_SQE_WIDE | WN_SQE_IDEM;
			sqe->w[0] = world_random(&seed);
			sqe->w[2] = world_random(&seed);
			snprintf((char *)&slots[2 * i + 1], 64, "new-%u", i);
		}
	}
}

static void test_positions(struct world *w)
{
	const u64 bytes = w->core->state_bytes;
	u8 *state = malloc(bytes), *public = malloc(w->size.public_bytes);
	bool same = true, told = true;
	u32 n, at, i;

	if (!state || !public)
		tap_die("no memory");
	for (n = 1; n <= 64; n++) {
		for (at = 0; at < n; at++) {
			fill(w, n);
			slots[2 * at] = (struct wn_sqe){ .op_flags = WN_NOP_RESULT,
							 .w = { (u64)-ENOTTY },
							 .flags = slots[2 * at].flags & WN_SQE_ATOMIC };
			memcpy(state, w->private, bytes);
			memcpy(public, w->public, w->size.public_bytes);
			told = told && !run(w, n);
			for (i = 0; i < n; i++)
				told = told && results[i].res == (i == at ? -ENOTTY : -ECANCELED);
			same = same && !memcmp(state, w->private, bytes) &&
			       !memcmp(public, w->public, w->size.public_bytes);
		}
	}
	ok(told, "each of 2,080 groups fails where it should");
	ok(same, "and changes no bit");
	fill(w, 64);
	ok(run(w, 64) && wn_pool_count(&w->core->nodes) > DEPTH, "without it the group is done");
	free(state);
	free(public);
}

/* Each op at its dearest: what moves, moves everything there is to move. */
static void test_log(struct world *w)
{
	const struct wn_op_env env = { .client = 0, .now = &w->now };
	u64 a[3], x[3], most = 0, edits = 0;
	u32 i, k;

	for (i = 0; i < 3; i++) {
		char name[16];

		snprintf(name, sizeof(name), "log-%u", i);
		a[i] = (u64)world_create(w, 0, name);
	}
	for (i = 0; i < 3; i++) {
		char name[16];

		snprintf(name, sizeof(name), "x-%u", i);
		x[i] = (u64)world_create(w, a[0], name);
		world_create(w, a[1], i ? "b-2" : "b-1");
	}
	/* Twice over the size of the ring of keys, so that old ones go. */
	for (k = 0; k < 200; k++) {
		memset(slots, 0, sizeof(slots));
		slots[0] = (struct wn_sqe){
			.opcode = WN_OP_NODE_MOVE, .node = x[1], .arg = a[k % 2 ? 0 : 1],
			.flags = WN_SQE_IDEM, .w = { 0, 0, 1000 + k },
		};
		if (k % 5 == 1)
			slots[0] = (struct wn_sqe){
				.opcode = WN_OP_NODE_SET, .node = x[1], .w = { k * 7ULL << 32 | k },
				.op_flags = WN_SET_TYPE | WN_SET_STATE | WN_SET_USER,
				.flags = WN_SQE_IDEM,
			};
		/* As in a group, but not final: what lies on the log can be seen. */
		slots[2] = (struct wn_sqe){ .op_flags = WN_NOP_RESULT, .w = { (u64)-EIO } };
		slots[0].flags |= WN_SQE_ATOMIC;
		wn_op_apply_group(w->core, &env, slots, 1, results);
	}
	/* The log's high mark, from the words that it was left with. */
	for (i = 0; i < w->core->tx->log_room; i++)
		if (w->core->tx->log[i])
			most = i + 1;
	for (i = 0; i < w->core->tx->edits_room; i++)
		if (w->core->tx->edits[i])
			edits = i + 1;
	diag("log: at most %llu words, %llu edits of one op", most, edits);
	ok(most && most <= WN_TX_OP_WORDS && edits <= WN_TX_OP_EDITS, "one op fits its share");
	(void)x[2];
}

int main(void)
{
	static const u8 types[] = { WN_CELL_ORSET, WN_CELL_ORMAP, WN_CELL_PNCOUNTER, WN_CELL_LWW,
				    WN_CELL_ESCROW };
	struct wn_bounds bounds = world_bounds(300);
	struct world w;
	u32 i;

	bounds.cells = 80;
	bounds.set_elems = bounds.elems = 40;
	bounds.replicas = 2;

	tap_plan(4);
	seed = tap_seed();
	world_init(&w, &bounds, seed);
	test_log(&w);
	deep[0] = w.core->root;
	for (i = 1; i < DEPTH; i++)
		deep[i] = (u64)world_create(&w, deep[i - 1], "deep");
	for (i = 0; i < 5; i++)
		cells[i] = (u64)world_op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .w = { i },
						   .op_flags = types[i]), NULL);
	/* They hold something, so that what is taken back is what was there. */
	for (i = 0; i < 40; i++) {
		struct wn_sqe sqe[2] = {};
		const struct wn_op_env env = { .now = &w.now };

		some_update(sqe, i);
		wn_op_apply(w.core, &env, sqe, results);
		if (WN_RES_IS_ERROR(results->res))
			tap_die("an update was refused");
	}
	test_positions(&w);
	world_deinit(&w);
	return tap_done();
}
