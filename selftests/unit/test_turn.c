// SPDX-License-Identifier: MIT
/* Turns over a client's rings: chains, groups, room, and what a client may break. */
#include <stdio.h>
#include <string.h>

#include "kmod/core/node.h"
#include "kmod/core/turn.h"
#include "tap.h"
#include "world.h"

#define SQ 64
#define CQ 64

static struct wn_user_ring user;
static struct wn_kern_ring kern;
static struct wn_sqe sqes[SQ];
static struct wn_cqe cqes[CQ];
static struct wn_ring ring;
static u64 allowed[WN_OP_WORDS];
static u32 tail;

static void reset(u32 cq)
{
	memset(&user, 0, sizeof(user));
	memset(&kern, 0, sizeof(kern));
	wn_ring_init(&ring, &user, &kern, sqes, SQ, cqes, cq);
	memset(allowed, 0xff, sizeof(allowed));
	tail = 0;
}

static struct wn_sqe *put(void)
{
	struct wn_sqe *sqe = &sqes[tail++ % SQ];

	memset(sqe, 0, sizeof(*sqe));
	return sqe;
}

/* A NOP with a result. */
static void nop(u8 flags, s64 res)
{
	*put() = (struct wn_sqe){ .flags = flags, .op_flags = WN_NOP_RESULT, .w = { (u64)res },
				  .user_data = tail };
}

static void create(u8 flags, const char *name)
{
	*put() = (struct wn_sqe){ .opcode = WN_OP_NODE_CREATE, .flags = flags | WN_SQE_WIDE,
				  .user_data = tail };
	world_name((u8 *)put(), name);
}

static u32 turn(struct world *w, u32 max)
{
	struct wn_turn t = { .ring = &ring, .env = { .allowed = allowed, .out = w->out,
						     .out_bytes = WORLD_OUT_BYTES } };

	user.sq_tail = tail;
	return wn_turn_run(w->core, &t, max, &w->now);
}

/* The completions since the last call, as results; the ring is empty then. */
static bool got(const s64 *want, u32 n)
{
	bool same = kern.cq_tail - user.cq_head == n;
	u32 i;

	for (i = 0; i < n; i++)
		if (same && cqes[(user.cq_head + i) & (kern.cq_entries - 1)].res != want[i]) {
			diag("completion %u: %lld, want %lld", i,
			     cqes[(user.cq_head + i) & (kern.cq_entries - 1)].res, want[i]);
			same = false;
		}
	if (kern.cq_tail - user.cq_head != n)
		diag("%u completions, want %u", kern.cq_tail - user.cq_head, n);
	user.cq_head = kern.cq_tail;
	return same;
}

#define GOT(...) got((const s64[]){ __VA_ARGS__ }, sizeof((const s64[]){ __VA_ARGS__ }) / 8)

static void test_chains(struct world *w)
{
	reset(CQ);
	nop(WN_SQE_LINK, 1);
	nop(WN_SQE_LINK, -EIO);
	nop(WN_SQE_LINK, 2);
	nop(0, 3);
	nop(0, 4);
	ok(turn(w, 2) == 2 && turn(w, 9) == 3 && GOT(1, -EIO, -ECANCELED, -ECANCELED, 4), "a chain");
	nop(WN_SQE_LINK, -4096);
	nop(0, 1);
	ok(turn(w, 9) == 2 && GOT(-4096, 1), "what is no error breaks no chain");
	nop(WN_SQE_QUIET, 1);
	nop(WN_SQE_QUIET, -EIO);
	ok(turn(w, 9) == 2 && GOT(-EIO), "quiet");
}

static void test_groups(struct world *w)
{
	const u32 before = wn_pool_count(&w->core->nodes);
	u32 i;

	reset(CQ);
	create(WN_SQE_ATOMIC, "a");
	create(WN_SQE_ATOMIC, "b");
	nop(WN_SQE_LINK, -EIO);
	nop(0, 1);
	nop(0, 2);
	ok(turn(w, 1) == 5 && turn(w, 9) == 2 &&
	   GOT(-ECANCELED, -ECANCELED, -EIO, -ECANCELED, 2) &&
	   wn_pool_count(&w->core->nodes) == before, "one fails, all do, and what is linked");
	create(WN_SQE_ATOMIC | WN_SQE_QUIET, "a");
	create(WN_SQE_QUIET, "b");
	ok(turn(w, 9) == 4 && got(NULL, 0) && wn_pool_count(&w->core->nodes) == before + 2,
	   "done, and quiet");
	nop(WN_SQE_LINK, -EIO);
	create(WN_SQE_ATOMIC, "c");
	create(0, "d");
	ok(turn(w, 9) == 5 && GOT(-EIO, -ECANCELED, -ECANCELED) &&
	   wn_pool_count(&w->core->nodes) == before + 2, "cancelled by the chain");
	create(WN_SQE_ATOMIC, "c");
	ok(turn(w, 9) == 2 && GOT(-EINVAL), "no end");
	create(WN_SQE_ATOMIC, "c");
	create(0, "d");
	nop(0, 5);
	ok(turn(w, 9) == 5 && GOT(-ECANCELED, -ECANCELED, 5), "its end came too late");
	create(WN_SQE_ATOMIC, "c");
	*put() = (struct wn_sqe){ .opcode = WN_OP_NODE_READ };
	ok(turn(w, 9) == 3 && GOT(-ECANCELED, -EINVAL), "what writes elsewhere is in no group");
	create(WN_SQE_ATOMIC, "c");
	*put() = (struct wn_sqe){ .opcode = WN_OP_NODE_CREATE, .flags = WN_SQE_WIDE };
	ok(turn(w, 9) == 3 && GOT(-EINVAL, -EINVAL), "torn at its last slot");
	put();
	ok(turn(w, 9) == 1 && GOT(0), "and over then");

	w->core->bounds.group_ops = 3;
	for (i = 0; i < 4; i++)
		nop(WN_SQE_ATOMIC, 1);
	nop(0, 1);
	nop(0, 2);
	ok(turn(w, 9) == 6 && GOT(-E2BIG, -ECANCELED, -ECANCELED, -ECANCELED, -ECANCELED, 2),
	   "too many");
	w->core->bounds.group_ops = 64;
}

static void test_room(struct world *w)
{
	reset(4);
	nop(0, 1);
	nop(0, 2);
	nop(WN_SQE_ATOMIC, 3);
	nop(WN_SQE_ATOMIC, 4);
	nop(0, 5);
	ok(turn(w, 9) == 2 && kern.flags & WN_KR_F_CQ_FULL, "a group waits for room");
	ok(GOT(1, 2) && turn(w, 9) == 3 && GOT(3, 4, 5) && turn(w, 9) == 0 &&
	   !(kern.flags & WN_KR_F_CQ_FULL), "and is done then");
	nop(WN_SQE_ATOMIC, 1);
	nop(WN_SQE_ATOMIC, 1);
	nop(WN_SQE_ATOMIC, 1);
	nop(WN_SQE_ATOMIC, 1);
	nop(0, 1);
	ok(turn(w, 9) == 4 && GOT(-E2BIG, -ECANCELED, -ECANCELED, -ECANCELED) &&
	   turn(w, 9) == 1 && GOT(-ECANCELED), "one that never has room");
	user.cq_head = kern.cq_tail + 77;
	nop(0, 1);
	ok(turn(w, 9) == 0, "a head beyond the tail is a full ring");
}

static void test_rest(struct world *w)
{
	u64 top, at;
	u32 i;

	reset(CQ);
	allowed[0] &= ~(1ULL << WN_OP_NODE_CREATE);
	create(0, "no");
	*put() = (struct wn_sqe){ .opcode = 200 };
	*put() = (struct wn_sqe){ .flags = 0x40 };
	ok(turn(w, 9) == 4 && GOT(-EPERM, -EOPNOTSUPP, -EINVAL), "refused");

	top = at = (u64)world_create(w, 0, "top");
	for (i = 0; i < 50; i++)
		at = (u64)world_create(w, at, "below");
	world_op(w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = top), NULL);
	i = wn_pool_count(&w->core->nodes);
	ok(turn(w, 9) == 0 && wn_pool_count(&w->core->nodes) == i - 51, "a turn ends what was begun");
	user.sq_tail = tail + 1000000;
	tail += 1000000;
	ok(turn(w, 0xffffffff) <= SQ, "a tail beyond all entries is a full ring");
}

static void set(u64 node, u64 value)
{
	*put() = (struct wn_sqe){ .opcode = WN_OP_NODE_SET, .op_flags = WN_SET_USER_WORD(0),
				  .node = node, .arg = value };
}

/* Where nodes are many the entry behind is looked at, too: of what it says nothing hangs. */
static void test_many(void)
{
	const struct wn_bounds bounds = world_bounds(1300);
	struct world w;
	char name[16];
	u64 first = 0, last = 0;
	u32 i;

	world_init(&w, &bounds, tap_seed());
	for (i = 0; i < 1200; i++) {
		snprintf(name, sizeof(name), "%u", i);
		last = (u64)world_create(&w, 0, name);
		first = first ?: last;
	}
	reset(CQ);
	set(first, 1);
	set(~0ULL, 2);
	set(last, 3);
	create(0, "wide");
	set(first | 0xffffff, 4);
	set(1300, 5);
	set(first, 6);
	*put() = (struct wn_sqe){ .opcode = 200, .node = last };
	ok(turn(&w, 1) == 1 && GOT(2) && turn(&w, 9) == 8 && cqes[1].res == -ESTALE &&
	   cqes[2].res == 2 && cqes[3].res > 0 && cqes[4].res == -ESTALE &&
	   cqes[5].res == -ESTALE && cqes[6].res == 3 && cqes[7].res == -EOPNOTSUPP,
	   "many nodes, and some that are none");
	ok(wn_node(w.core, wn_handle_index(first))->user[0] == 6 &&
	   wn_node(w.core, wn_handle_index(last))->user[0] == 3, "each got its own");
	world_deinit(&w);
}

int main(void)
{
	const struct wn_bounds bounds = world_bounds(100);
	struct world w;

	tap_plan(21);
	world_init(&w, &bounds, tap_seed());
	test_chains(&w);
	test_groups(&w);
	test_room(&w);
	test_rest(&w);
	world_deinit(&w);
	test_many();
	return tap_done();
}
