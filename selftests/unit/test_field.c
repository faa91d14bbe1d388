// SPDX-License-Identifier: MIT
/*
 * Ops of which all is right but one field: each is refused for that field alone, and
 * the same op without the fault is done. Random histories draw most of this, not each time.
 */
#include <string.h>

#include "tap.h"
#include "world.h"

#define AT(offset, room) ((u64)(offset) | (u64)(room) << 32)
#define NOWHERE	0x7777000000000001ULL	/* a handle that was never given */

static struct world w;
static u8 arena[256];
static struct wn_op_env env;
static u64 a, b;		/* two nodes */
static u64 sum, set, counts, map, lww, escrow;
static u32 asked, wrong;

static s64 op(const struct wn_sqe *sqe, const void *data)
{
	struct wn_sqe slots[2] = { *sqe };

	if (data) {
		slots[0].flags |= WN_SQE_WIDE;
		memcpy(&slots[1], data, sizeof(slots[1]));
	}
	wn_op_apply(w.core, &env, slots, &w.last);
	return w.last.res;
}

/* The answer, and that nothing changed with it. */
static void refused(int line, s64 want, const struct wn_sqe *sqe, const void *data)
{
	static u8 before[1 << 22];
	const u64 bytes = w.core->state_bytes;
	s64 got;

	if (bytes > sizeof(before))
		tap_die("no room for the state before");
	memcpy(before, w.private, bytes);
	got = op(sqe, data);
	asked++;
	if (got == want && !memcmp(before, w.private, bytes))
		return;
	wrong++;
	diag("line %d: op %u: %lld, want %lld%s", line, sqe->opcode, got, want,
	     got == want ? ", and something changed" : "");
}

static void done(int line, const struct wn_sqe *sqe, const void *data)
{
	const s64 got = op(sqe, data);

	asked++;
	if (!WN_RES_IS_ERROR(got))
		return;
	wrong++;
	diag("line %d: op %u: %lld, and nothing is wrong with it", line, sqe->opcode, got);
}

#define NO(want, data, ...) refused(__LINE__, want, OP(__VA_ARGS__), data)
#define YES(data, ...) done(__LINE__, OP(__VA_ARGS__), data)

static void all(const char *what)
{
	ok(!wrong && asked, "%s: %u ops", what, asked);
	asked = wrong = 0;
}

static void test_unused(void)
{
	struct wn_sqe slots[4] = { { .flags = WN_SQE_ATOMIC }, {},
				   { .opcode = WN_OP_SUBSCRIBE, .op_flags = WN_SUB_TREE } };
	struct wn_op_result results[2];
	u8 data[64] = {};

	YES(NULL, .opcode = WN_OP_CELL_DELTA, .node = a, .arg = set, .w = { AT(0, 256) });
	NO(-EINVAL, data, .opcode = WN_OP_CELL_DELTA, .node = a, .arg = set, .w = { AT(0, 256) });
	NO(-EINVAL, NULL, .opcode = WN_OP_LOOKUP, .node = a);
	NO(-EINVAL, NULL, .opcode = WN_OP_UNSUBSCRIBE, .node = a);
	NO(-EINVAL, NULL, .opcode = WN_OP_NODE_DESTROY, .node = a, .arg = 1);
	NO(-EINVAL, NULL, .opcode = WN_OP_NODE_DESTROY, .node = a, .w = { 1 });
	NO(-EINVAL, NULL, .opcode = WN_OP_NODE_DESTROY, .node = a, .w = { 0, 1 });
	NO(-EINVAL, NULL, .opcode = WN_OP_NODE_DESTROY, .node = a, .w = { 0, 0, 1 });
	NO(-EINVAL, NULL, .opcode = WN_OP_NODE_DESTROY, .node = a, .version = 1);
	NO(-EINVAL, NULL, .opcode = WN_OP_NODE_DESTROY, .node = a, .flags = 0x80);
	NO(-EINVAL, NULL, .opcode = WN_OP_NODE_DESTROY, .node = a, .op_flags = 2);
	NO(-EOPNOTSUPP, NULL, .opcode = WN_OP_ACK + 100);
	/* The last of a group has no flag that says so. */
	if (wn_op_apply_group(w.core, &env, slots, 2, results) ||
	    results[0].res != -ECANCELED || results[1].res != -EINVAL)
		wrong++;
	all("fields and forms that an op does not have");
}

static void test_filters(void)
{
	const struct wn_filter good = {
		.flags = WN_FILTER_FLAGS, .type = 1, .state = 1, .owner = 1, .tags_mask = 1,
		.tags_value = 1, .since = 1, .prefix = "fifteen letters",
	};
	struct wn_filter f;
	u32 i, bit;

	YES(&good, .opcode = WN_OP_QUERY, .w = { 0, 1 });
	for (bit = 1; bit & WN_FILTER_FLAGS; bit <<= 1) {
		if (bit == WN_FILTER_CELLS)
			continue;
		f = good;
		f.flags &= ~bit;
		if (bit == WN_FILTER_SINCE)
			f.since = 0;	/* CELLS is left */
		NO(-EINVAL, &f, .opcode = WN_OP_QUERY, .w = { 0, 1 });
	}
	f = (struct wn_filter){ .tags_value = 1 };
	NO(-EINVAL, &f, .opcode = WN_OP_QUERY, .w = { 0, 1 });
	f = (struct wn_filter){ .since = 1 };
	NO(-EINVAL, &f, .opcode = WN_OP_QUERY, .w = { 0, 1 });
	f = (struct wn_filter){ .flags = WN_FILTER_PREFIX };
	NO(-EINVAL, &f, .opcode = WN_OP_QUERY, .w = { 0, 1 });
	f = (struct wn_filter){ .flags = ~WN_FILTER_FLAGS };
	NO(-EINVAL, &f, .opcode = WN_OP_QUERY, .w = { 0, 1 });
	f = (struct wn_filter){ .reserved = 1 };
	NO(-EINVAL, &f, .opcode = WN_OP_QUERY, .w = { 0, 1 });
	for (i = 2; i < sizeof(f.prefix); i++) {
		f = (struct wn_filter){ .flags = WN_FILTER_PREFIX, .prefix = "x" };
		f.prefix[i] = 'y';
		NO(-EINVAL, &f, .opcode = WN_OP_QUERY, .w = { 0, 1 });
	}
	f = (struct wn_filter){ .flags = WN_FILTER_PREFIX };
	memset(f.prefix, 'x', sizeof(f.prefix));
	NO(-EINVAL, &f, .opcode = WN_OP_QUERY, .w = { 0, 1 });
	all("filters");
}

static void test_nodes(void)
{
	static const char *const no_names[] = { "", ".", "..", "a/b" };
	static const char *const names[] = { "...", ".a", "a.", "..a" };
	u8 data[64] = { [63] = 1 }, name[64];
	u32 i;

	for (i = 0; i < 4; i++) {
		world_name(name, no_names[i]);
		NO(-EINVAL, name, .opcode = WN_OP_NODE_CREATE, .node = a);
		world_name(name, names[i]);
		YES(name, .opcode = WN_OP_NODE_CREATE, .node = a);
	}
	world_name(name, "c");
	name[2] = 'x';
	NO(-EINVAL, name, .opcode = WN_OP_NODE_CREATE, .node = a);
	name[2] = 0;
	NO(-EINVAL, name, .opcode = WN_OP_NODE_CREATE, .node = a,
	   .op_flags = WN_CREATE_ON_DEATH(WN_DEATH_DESTROY + 1));
	YES(name, .opcode = WN_OP_NODE_CREATE, .node = a,
	    .op_flags = WN_CREATE_ON_DEATH(WN_DEATH_DESTROY));
#define SET .opcode = WN_OP_NODE_SET, .node = a
	NO(-EINVAL, NULL, SET);
	NO(-EINVAL, NULL, SET, .op_flags = WN_SET_TAGS | WN_SET_TAGS_ADD);
	NO(-EINVAL, NULL, SET, .op_flags = WN_SET_STATE, .w = { 1 });
	NO(-EINVAL, NULL, SET, .op_flags = WN_SET_TYPE, .w = { 1ULL << 32 });
	NO(-EINVAL, NULL, SET, .op_flags = WN_SET_TYPE, .w = { 0, 1 });
	NO(-EINVAL, NULL, SET, .op_flags = WN_SET_TYPE, .arg = 1);
	NO(-EINVAL, NULL, SET, .op_flags = WN_SET_TYPE | 1 << 8);
	NO(-EINVAL, data, SET);
	data[63] = 0;
	NO(-EINVAL, data, SET, .op_flags = WN_SET_USER);
	YES(data, SET);
	YES(NULL, SET, .op_flags = WN_SET_USER_WORD(1), .arg = 1);
	all("nodes");
}

static void test_cells(void)
{
	const struct wn_op_env rings = env;
	u64 refill[8] = { 1000, 25, 10 };
	u8 key[64] = "k", value[64] = "kv", junk[64] = { [63] = 1 };
	const u32 fresh = WN_CELL_NEW(WN_CELL_ESCROW, 0);

	NO(-EINVAL, refill, .opcode = WN_OP_CELL_CREATE, .node = a, .op_flags = fresh, .w = { 9 });
	refill[2] = 25;
	refill[7] = 1;
	NO(-EINVAL, refill, .opcode = WN_OP_CELL_CREATE, .node = a, .op_flags = fresh, .w = { 9 });
	refill[7] = 0;
	YES(refill, .opcode = WN_OP_CELL_CREATE, .node = a, .op_flags = fresh, .w = { 9 });
#define UPDATE(cell, verb) .opcode = WN_OP_CELL_UPDATE, .node = a, .arg = cell, .op_flags = verb
	NO(-EINVAL, key, UPDATE(sum, WN_CELL_ADD), .w = { 1 });
	NO(-EINVAL, NULL, UPDATE(sum, WN_CELL_ADD), .w = { 1, 1 });
	NO(-EINVAL, key, UPDATE(escrow, WN_CELL_ADD), .w = { 1 });
	NO(-EINVAL, NULL, UPDATE(escrow, WN_CELL_ADD), .w = { 1, 1 });
	NO(-EINVAL, NULL, UPDATE(escrow, WN_CELL_TRANSFER), .w = { 1, 0x10000 });
	NO(-EINVAL, junk, UPDATE(set, WN_CELL_ADD), .w = { 0, WN_CELL_ITEM(1, 0, 0) });
	NO(-EINVAL, key, UPDATE(set, WN_CELL_ADD), .w = { 1, WN_CELL_ITEM(1, 0, 0) });
	NO(-EINVAL, key, UPDATE(set, WN_CELL_ADD), .w = { 0, WN_CELL_ITEM(1, 0, 8) });
	NO(-EINVAL, value, UPDATE(set, WN_CELL_REMOVE), .w = { 0, WN_CELL_ITEM(1, 1, 0) });
	NO(-EINVAL, key, UPDATE(lww, WN_CELL_SET), .w = { 1, WN_CELL_ITEM(0, 1, 0) });
	NO(-EINVAL, key, UPDATE(counts, WN_CELL_SET), .w = { 0, WN_CELL_ITEM(1, 0, 0) });
	NO(-EINVAL, key, UPDATE(map, WN_CELL_ADD), .w = { 0, WN_CELL_ITEM(1, 0, 0) });
	YES(key, UPDATE(counts, WN_CELL_ADD), .w = { ~0ULL, WN_CELL_ITEM(1, 0, 0) });
	NO(-E2BIG, key, UPDATE(counts, WN_CELL_ADD), .w = { 1, WN_CELL_ITEM(1, 0, 0) });
	YES(key, UPDATE(counts, WN_CELL_SUB), .w = { ~0ULL, WN_CELL_ITEM(1, 0, 0) });
	NO(-E2BIG, key, UPDATE(counts, WN_CELL_SUB), .w = { 1, WN_CELL_ITEM(1, 0, 0) });
	YES(key, UPDATE(set, WN_CELL_ADD), .w = { 0, WN_CELL_ITEM(1, 0, 0) });
	YES(value, UPDATE(map, WN_CELL_SET), .w = { 0, WN_CELL_ITEM(1, 1, 0) });
	/* Of all time a replica makes no more rights than 64 bits count. */
	YES(NULL, UPDATE(escrow, WN_CELL_ADD), .w = { ~0ULL });
	NO(-E2BIG, NULL, UPDATE(escrow, WN_CELL_ADD), .w = { 1 });
	YES(NULL, UPDATE(escrow, WN_CELL_SUB), .w = { ~0ULL });
	NO(-E2BIG, NULL, UPDATE(escrow, WN_CELL_ADD), .w = { 1 });
	env.in = NULL;
	NO(-ENXIO, NULL, UPDATE(set, WN_CELL_ADD), .w = { 0, WN_CELL_ITEM(1, 0, 0) });
	env = rings;
	all("cells, updated");

#define READ(cell, what) .opcode = WN_OP_CELL_READ, .node = a, .arg = cell, .op_flags = what
	YES(key, READ(set, WN_CELL_READ_KEY), .w = { AT(0, 128), WN_CELL_ITEM(1, 0, 0) });
	NO(-EINVAL, key, READ(sum, WN_CELL_READ_KEY), .w = { AT(0, 128), WN_CELL_ITEM(1, 0, 0) });
	NO(-EINVAL, key, READ(set, WN_CELL_READ_KEY),
	   .w = { AT(0, 128), WN_CELL_ITEM(1, 0, 0), 1 });
	NO(-EINVAL, junk, READ(set, WN_CELL_READ_KEY), .w = { AT(0, 128), WN_CELL_ITEM(1, 0, 0) });
	NO(-EINVAL, value, READ(set, WN_CELL_READ_KEY), .w = { AT(0, 128), WN_CELL_ITEM(1, 1, 0) });
	NO(-ENOENT, value, READ(set, WN_CELL_READ_KEY), .w = { AT(0, 128), WN_CELL_ITEM(2, 0, 0) });
	NO(-ENOBUFS, key, READ(set, WN_CELL_READ_KEY), .w = { AT(0, 16), WN_CELL_ITEM(1, 0, 0) });
	NO(-EINVAL, key, READ(set, WN_CELL_READ_KEY), .w = { AT(4, 128), WN_CELL_ITEM(1, 0, 0) });
	YES(NULL, READ(set, WN_CELL_READ_LIST), .w = { AT(0, 128) });
	NO(-EINVAL, NULL, READ(sum, WN_CELL_READ_LIST), .w = { AT(0, 128) });
	NO(-EINVAL, NULL, READ(set, WN_CELL_READ_LIST), .w = { AT(0, 128), 0, 1 });
	NO(-EINVAL, key, READ(set, WN_CELL_READ_LIST), .w = { AT(0, 128) });
	NO(-ENOBUFS, NULL, READ(set, WN_CELL_READ_LIST), .w = { AT(0, 8) });
	NO(-ENOBUFS, NULL, READ(set, WN_CELL_READ_LIST), .w = { AT(0, 16) });
	NO(-EINVAL, NULL, READ(set, WN_CELL_READ_LIST), .w = { AT(4, 128) });
	YES(NULL, READ(sum, WN_CELL_READ_REC), .w = { AT(0, 128) });
	NO(-EINVAL, key, READ(sum, WN_CELL_READ_REC), .w = { AT(0, 128) });
	NO(-EINVAL, NULL, READ(sum, WN_CELL_READ_REC), .w = { AT(0, 128), 1 });
	NO(-EINVAL, NULL, READ(sum, WN_CELL_READ_REC), .w = { AT(0, 128), 0, 1 });
	NO(-ENOBUFS, NULL, READ(sum, WN_CELL_READ_REC), .w = { AT(0, 120) });
	NO(-EINVAL, NULL, READ(sum, WN_CELL_READ_VALUE), .w = { AT(0, 128) });
	NO(-EINVAL, NULL, READ(sum, WN_CELL_READ_RIGHTS + 1), .w = { AT(0, 128) });
	YES(NULL, READ(escrow, WN_CELL_READ_RIGHTS));
	NO(-EINVAL, NULL, READ(escrow, WN_CELL_READ_RIGHTS), .w = { 1 });
	NO(-EINVAL, NULL, READ(sum, WN_CELL_READ_RIGHTS));
	NO(-ENOBUFS, NULL, .opcode = WN_OP_CELL_DELTA, .node = a, .arg = set, .w = { AT(0, 8) });
	NO(-ENOBUFS, NULL, .opcode = WN_OP_CELL_DELTA, .node = a, .arg = set,
	   .w = { AT(WORLD_OUT_BYTES & ~7UL, 128) });
	all("cells, read");
}

static void test_events(void)
{
	u8 late[64] = {};
	const u64 at = w.now.boottime + 1000;

	NO(-EINVAL, NULL, .opcode = WN_OP_BIND, .node = a, .op_flags = WN_BIND_POLICY(3));
	NO(-EINVAL, NULL, .opcode = WN_OP_BIND, .node = a, .op_flags = WN_BIND_CREDIT(1));
	NO(-EINVAL, NULL, .opcode = WN_OP_BIND, .node = a, .w = { 1 });
	NO(-EINVAL, NULL, .opcode = WN_OP_BIND, .node = a, .w = { 0, 1 });
	NO(-EINVAL, NULL, .opcode = WN_OP_BIND, .node = a,
	   .op_flags = WN_BIND_QUEUE | WN_BIND_POLICY(WN_POLICY_CONFLATE));
	YES(NULL, .opcode = WN_OP_BIND, .node = a, .op_flags = WN_BIND_POLICY(WN_POLICY_CONFLATE));
	YES(NULL, .opcode = WN_OP_EMIT, .node = a, .op_flags = 1 << 8, .w = { 1, 1 });
	NO(-EINVAL, NULL, .opcode = WN_OP_EMIT, .node = a, .op_flags = 1 << 8,
	   .w = { 1ULL << 32, 1 });
	NO(-EINVAL, NULL, .opcode = WN_OP_EMIT, .node = a, .op_flags = 1 << 8, .w = { 1, 256 });
	NO(-EINVAL, NULL, .opcode = WN_OP_EMIT, .node = a, .op_flags = 9 << 8);
	NO(-EINVAL, late, .opcode = WN_OP_EMIT, .node = a, .op_flags = 65 << 8);
	NO(-EINVAL, late, .opcode = WN_OP_EMIT, .node = a, .w = { 0, 1 });
	NO(-EINVAL, NULL, .opcode = WN_OP_EMIT, .node = a, .op_flags = WN_EMIT_AT);
	/* The time stands behind the data: nothing else may, on either side of it. */
	memcpy(late + sizeof(((struct wn_event *)0)->data), &at, sizeof(at));
	YES(late, .opcode = WN_OP_EMIT, .node = a, .op_flags = WN_EMIT_AT);
	late[sizeof(((struct wn_event *)0)->data) - 1] = 1;
	NO(-EINVAL, late, .opcode = WN_OP_EMIT, .node = a, .op_flags = WN_EMIT_AT);
	late[sizeof(((struct wn_event *)0)->data) - 1] = 0;
	late[63] = 1;
	NO(-EINVAL, late, .opcode = WN_OP_EMIT, .node = a, .op_flags = WN_EMIT_AT);
	all("events");
}

static void test_promises(void)
{
	YES(NULL, .opcode = WN_OP_TIMER, .node = a, .w = { 1, WN_TIMER_PERIOD_MIN });
	NO(-EINVAL, NULL, .opcode = WN_OP_TIMER, .node = a, .w = { 0, WN_TIMER_PERIOD_MIN });
	NO(-EINVAL, NULL, .opcode = WN_OP_TIMER, .node = a, .w = { 1, WN_TIMER_PERIOD_MIN - 1 });
	YES(NULL, .opcode = WN_OP_MONITOR, .node = a);
	NO(-EINVAL, NULL, .opcode = WN_OP_MONITOR, .node = a, .w = { b });
	YES(NULL, .opcode = WN_OP_MONITOR, .node = a, .op_flags = WN_MONITOR_LINK, .w = { b });
#define LINK .opcode = WN_OP_MONITOR, .node = a
	NO(-ESTALE, NULL, LINK, .op_flags = WN_MONITOR_LINK, .w = { NOWHERE });
	NO(-EINVAL, NULL, LINK, .op_flags = WN_MONITOR_LINK | 1, .w = { b });
	NO(-EINVAL, NULL, LINK, .op_flags = WN_MONITOR_LINK, .arg = 1, .w = { b });
	NO(-ELOOP, NULL, LINK, .op_flags = WN_MONITOR_LINK, .w = { a });
	NO(-EBUSY, NULL, LINK, .op_flags = WN_MONITOR_LINK, .w = { w.core->root });
	NO(-ESTALE, NULL, .opcode = WN_OP_DEMONITOR, .arg = NOWHERE);
	all("timers, monitors, links");
}

static void test_subscriptions(void)
{
	const struct wn_core_open other = { .rights = WN_RIGHT_ALL };
	u64 sub, top, below;

	NO(-EINVAL, NULL, .opcode = WN_OP_SUBSCRIBE);
	NO(-EINVAL, NULL, .opcode = WN_OP_SUBSCRIBE, .op_flags = WN_SUB_AUDIT | WN_SUB_TREE);
	NO(-EINVAL, NULL, .opcode = WN_OP_SUBSCRIBE, .op_flags = WN_SUB_AUDIT | WN_SUB_STATE);
	NO(-EINVAL, NULL, .opcode = WN_OP_SUBSCRIBE, .op_flags = WN_SUB_STATE);
	YES(NULL, .opcode = WN_OP_SUBSCRIBE, .op_flags = WN_SUB_AUDIT);
	YES(NULL, .opcode = WN_OP_SUBSCRIBE, .op_flags = WN_SUB_TREE | WN_SUB_STATE);
	sub = (u64)w.last.res;
	NO(-ESTALE, NULL, .opcode = WN_OP_UNSUBSCRIBE, .arg = NOWHERE);
	wn_core_client_open(w.core, 1, &other);
	env.client = 1;
	NO(-ESTALE, NULL, .opcode = WN_OP_UNSUBSCRIBE, .arg = sub);
	env.client = 0;
	YES(NULL, .opcode = WN_OP_UNSUBSCRIBE, .arg = sub);
	/* Of a tree that is being taken apart: a live node, and no way up from it. */
	top = (u64)world_create(&w, 0, "top");
	below = (u64)world_create(&w, top, "below");
	YES(NULL, .opcode = WN_OP_SUBSCRIBE, .node = below, .op_flags = WN_SUB_TREE);
	YES(NULL, .opcode = WN_OP_NODE_DESTROY, .node = top);
	NO(-ESTALE, NULL, .opcode = WN_OP_SUBSCRIBE, .node = below, .op_flags = WN_SUB_TREE);
	YES(NULL, .opcode = WN_OP_NODE_READ, .node = below);
	all("subscriptions");
}

static void test_caps(void)
{
	const struct wn_op_env rings = env;
	struct wn_grant in = { .rights = WN_RIGHT_READ };
	u32 i;

	YES(&in, .opcode = WN_OP_CAP_GRANT);
	for (i = 0; i < 3; i++) {
		in.reserved[i] = 1;
		NO(-EINVAL, &in, .opcode = WN_OP_CAP_GRANT);
		in.reserved[i] = 0;
	}
	in.rights = WN_RIGHT_ALL + 1;
	NO(-EINVAL, &in, .opcode = WN_OP_CAP_GRANT);
	in.rights = 0;
	NO(-EINVAL, &in, .opcode = WN_OP_CAP_GRANT);
	in = (struct wn_grant){ .rights = WN_RIGHT_READ, .bytes = 1ULL << 32 };
	YES(&in, .opcode = WN_OP_CAP_GRANT);
	YES(NULL, .opcode = WN_OP_CAP_READ, .arg = (u64)w.last.res);
	/* More than 32 bits count is the most that they do. */
	if (((struct wn_cap_info *)w.out)->quota[WN_QUOTA_BYTES] != ~0u)
		wrong++;
	NO(-EINVAL, NULL, .opcode = WN_OP_CAP_READ, .w = { 4 });
	NO(-ENOBUFS, NULL, .opcode = WN_OP_CAP_READ, .w = { env.out_bytes / 8 * 8 });
	NO(-ENOBUFS, NULL, .opcode = WN_OP_CAP_READ, .w = { 1ULL << 32 });
	env.out = NULL;
	NO(-ENXIO, NULL, .opcode = WN_OP_CAP_READ);
	env = rings;
	all("capabilities");
}

static void test_slots(void)
{
	const u64 end = w.core->bounds.clients * w.core->slots.each;

	YES(NULL, .opcode = WN_OP_SAMPLE, .node = a, .arg = sum);
	NO(-EINVAL, NULL, .opcode = WN_OP_SAMPLE, .node = a, .arg = sum, .w = { 1 });
	NO(-EINVAL, NULL, .opcode = WN_OP_SAMPLE, .node = a, .arg = set);
	YES(NULL, .opcode = WN_OP_SAMPLE, .op_flags = WN_SAMPLE_ALL);
	NO(-EINVAL, NULL, .opcode = WN_OP_SAMPLE, .op_flags = WN_SAMPLE_ALL, .node = a);
	NO(-EINVAL, NULL, .opcode = WN_OP_SAMPLE, .op_flags = WN_SAMPLE_ALL, .arg = 1);
	NO(-EINVAL, NULL, .opcode = WN_OP_SAMPLE, .op_flags = WN_SAMPLE_ALL, .w = { end });
	all("slots");
}

static u64 cell(u8 type, u8 flags, u64 id)
{
	return (u64)op(OP(.opcode = WN_OP_CELL_CREATE, .node = a,
			  .op_flags = WN_CELL_NEW(type, flags), .w = { id }), NULL);
}

int main(void)
{
	struct wn_bounds bounds = world_bounds(20);

	bounds.cells = 10;
	bounds.elems = 40;
	bounds.set_elems = 20;
	bounds.subs = 4;
	bounds.timers = 20;
	bounds.backlog = 20;
	bounds.slots = 8;
	bounds.log_records = 64;
	tap_plan(10);
	world_init(&w, &bounds, tap_seed());
	env = (struct wn_op_env){
		.now = &w.now, .in = arena, .in_bytes = sizeof(arena), .out = w.out,
		.out_bytes = WORLD_OUT_BYTES,
	};
	a = (u64)world_create(&w, 0, "a");
	b = (u64)world_create(&w, 0, "b");
	sum = cell(WN_CELL_PNCOUNTER, 0, 1);
	set = cell(WN_CELL_ORSET, 0, 2);
	counts = cell(WN_CELL_ORMAP, WN_CELL_F_COUNTS, 3);
	map = cell(WN_CELL_ORMAP, 0, 4);
	lww = cell(WN_CELL_LWW, 0, 5);
	escrow = cell(WN_CELL_ESCROW, 0, 6);
	test_unused();
	test_filters();
	test_nodes();
	test_cells();
	test_events();
	test_promises();
	test_subscriptions();
	test_caps();
	test_slots();
	world_deinit(&w);
	return tap_done();
}
