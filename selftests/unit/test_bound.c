// SPDX-License-Identifier: MIT
/*
 * Who reads a node's events, or takes jobs of its queue, does so as long as the capability
 * lasts under which it was bound: not when it, or one above it, is revoked or over.
 */
#include "kmod/core/reader.h"
#include "kmod/core/work.h"
#include "tap.h"
#include "world.h"

enum how { REVOKED, ABOVE, OVER, GIVEN_UP, HOWS };

static const char *const names[] = { "revoked", "one above it revoked", "over", "given up" };

static struct world w;
static u64 node, dead;
static u32 cap;
static u64 granted, above;

static s64 grant(u32 client, u32 index, u32 to, u64 expires)
{
	const struct wn_grant in = { .rights = WN_RIGHT_ALL & ~WN_RIGHT_ADMIN, .expires = expires };

	return world_op(&w, client, OP(.opcode = WN_OP_CAP_GRANT, .cap = (u16)index, .arg = to), &in);
}

static s64 emit(u64 to)
{
	return world_op(&w, 0, OP(.opcode = WN_OP_EMIT, .node = to), NULL);
}

static s64 bind(u32 client, u32 index, u32 flags, u64 lease)
{
	return world_op(&w, client, OP(.opcode = WN_OP_BIND, .cap = (u16)index, .node = node,
				       .op_flags = flags, .w = { lease }), NULL);
}

static s64 unbind(u32 client)
{
	return world_op(&w, client, OP(.opcode = WN_OP_UNBIND, .node = node), NULL);
}

static void work(void)
{
	while (wn_work_waits(w.core) || wn_core_next_deadline(w.core) <= w.now.boottime)
		wn_work_slice(w.core, &w.now);
}

static u32 waiting(u32 client)
{
	return w.core->mail.boxes[client].count;
}

/* Client 1 has a capability under one of client 0's. */
static void begin(void)
{
	const struct wn_core_open none = { .rights = WN_RIGHT_READ };
	struct wn_bounds bounds = world_bounds(20);
	u32 i, top;

	bounds.backlog = 256;
	bounds.timers = 8;
	world_init(&w, &bounds, tap_seed());
	for (i = 1; i < 3; i++)
		wn_core_client_open(w.core, i, &none);
	node = (u64)world_create(&w, 0, "node");
	dead = (u64)world_create(&w, 0, "dead");
	above = (u64)grant(0, 0, 0, 0);
	top = w.last.aux;
	granted = (u64)grant(0, top, 2, w.now.boottime + 1000000);
	cap = w.last.aux;
}

static void end(enum how how)
{
	switch (how) {
	case REVOKED:
		world_op(&w, 0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = granted), NULL);
		break;
	case ABOVE:
		world_op(&w, 0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = above), NULL);
		break;
	case OVER:
		w.now.boottime += 1000000;
		break;
	default:
		world_op(&w, 1, OP(.opcode = WN_OP_CAP_REVOKE, .cap = (u16)cap), NULL);
	}
}

static void test_reader(enum how how)
{
	const u64 data[8] = { [3] = 1 };	/* at once */
	bool good;
	u32 had;

	begin();
	good = !bind(1, cap, 0, 0) && !emit(node) && bind(2, 0, 0, 0) == -EBUSY;
	had = waiting(1);
	end(how);
	/* Before any slice and after: nobody reads, and somebody else may. */
	good &= emit(node) == -ENOLINK && world_op(&w, 0, OP(.opcode = WN_OP_CALL, .node = node,
							     .w = { 0, 1 }), NULL) == -ENOLINK;
	good &= !world_op(&w, 0, OP(.opcode = WN_OP_EMIT_CHILDREN), NULL);
	world_op(&w, 0, OP(.opcode = WN_OP_EMIT, .node = node, .op_flags = WN_EMIT_AT), data);
	work();
	good &= emit(node) == -ENOLINK && waiting(1) == had && had == 2;
	/* That the late one had no reader its sender was told. */
	good &= waiting(0) == 1;
	good &= !bind(2, 0, 0, 0) && !emit(node) && waiting(2) == 1;
	ok(good, "a reader's capability is %s", names[how]);
	world_deinit(&w);
}

static void test_consumer(enum how how)
{
	bool good;
	u32 had;

	begin();
	good = !bind(1, cap, WN_BIND_QUEUE | 4 << 8, 1000) && !emit(node);
	work();
	had = waiting(1);
	end(how);
	good &= had == 2 && !emit(node);
	work();
	good &= waiting(1) == had && w.core->mail.used == had + 2;
	/* What it had has come back; all goes to who may have it. */
	good &= !bind(2, 0, WN_BIND_QUEUE | 4 << 8, 0);
	work();
	good &= waiting(2) == 2 && waiting(1) == had;
	/* By another it may consume again. */
	good &= bind(1, 0, WN_BIND_QUEUE | 1 << 8, 0) == 0 &&
		bind(1, 0, WN_BIND_QUEUE | 1 << 8, 0) == -EBUSY;
	ok(good, "a consumer's capability is %s", names[how]);
	world_deinit(&w);
}

/* It was consuming still when it got another. */
static void test_again(void)
{
	bool good;

	begin();
	good = !bind(1, cap, WN_BIND_QUEUE | 4 << 8, 1000) &&
	       bind(1, 0, WN_BIND_QUEUE | 4 << 8, 0) == -EBUSY;
	end(REVOKED);
	good &= !bind(1, 0, WN_BIND_QUEUE | 4 << 8, 0) && !unbind(1) && unbind(1) == -ENOENT;
	good &= !bind(1, 0, WN_BIND_QUEUE | 4 << 8, 0) && !emit(node);
	work();
	good &= waiting(1) == 2;
	ok(good, "a consumer comes again by another");
	world_deinit(&w);
}

int main(void)
{
	enum how how;

	tap_plan(2 * HOWS + 1);
	for (how = 0; how < HOWS; how++)
		test_reader(how);
	for (how = 0; how < HOWS; how++)
		test_consumer(how);
	test_again();
	return tap_done();
}
