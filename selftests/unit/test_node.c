// SPDX-License-Identifier: MIT
/* Ops on nodes: what each does, and each way in which it is refused. */
#include <string.h>

#include "tap.h"
#include "world.h"

#define H(call) ((u64)(call))

static struct wn_node_rec rec_of(struct world *w, u64 handle)
{
	struct wn_node_rec rec;

	if (!world_read(w->public, handle & WN_HANDLE_INDEX_MASK, &rec) || rec.handle != handle)
		memset(&rec, 0, sizeof(rec));
	return rec;
}

static void test_create(struct world *w)
{
	const u64 root = w->core->root;
	const u64 a = H(world_create(w, 0, "a")), b = H(world_create(w, root, "b"));
	struct wn_node_rec rec;
	u8 data[64];

	rec = rec_of(w, b);
	ok(rec.handle == b && rec.parent == root && rec.version == 1 && rec.hlc == rec.created &&
	   rec.tier == WN_TIER_STRONG && !strcmp((char *)rec.name, "b"), "a new record");
	ok(rec.next == (a & WN_HANDLE_INDEX_MASK) &&
	   rec_of(w, root).first_child == (b & WN_HANDLE_INDEX_MASK), "the newest child first");
	ok(rec_of(w, root).version == 3 && rec_of(w, root).nr_children == 2 &&
	   rec_of(w, root).hlc == rec.hlc, "its parent changed");
	ok(world_find(w->public, root, "a") == a && !world_find(w->public, root, "c"),
	   "found in public memory");
	ok(world_create(w, 0, "a") == -EEXIST, "names are unique among siblings");
	ok(H(world_create(w, a, "a")) == world_find(w->public, a, "a"), "and only there");
	ok(world_create(w, 0, "") == -EINVAL && world_create(w, 0, ".") == -EINVAL &&
	   world_create(w, 0, "..") == -EINVAL && world_create(w, 0, "x/y") == -EINVAL,
	   "no such names");
	memset(data, 'x', sizeof(data));
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_CREATE), data) == -ENAMETOOLONG, "64 bytes");
	data[63] = 0;
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_CREATE), data) > 0, "63 bytes");
	data[10] = 0;
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_CREATE), data) == -EINVAL, "not padded");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_CREATE), NULL) == -EINVAL, "no name");
	world_name(data, "tier");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_CREATE, .op_flags = WN_CREATE_TIER(0),
			     .w = { 7ULL << 32 | 5, 9 }), data) > 0, "of a weaker tier");
	rec = rec_of(w, H(w->last.res));
	ok(rec.tier == 0 && rec.type == 5 && rec.state == 7 && rec.tags == 9, "with fields");
	world_name(data, "stronger");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_CREATE, .node = rec.handle,
			     .op_flags = WN_CREATE_TIER(1)), data) == -EINVAL,
	   "a child of a stronger tier");
	ok(world_create(w, b + (1ULL << WN_HANDLE_INDEX_BITS), "x") == -ESTALE, "a stale parent");
}

static void test_destroy(struct world *w)
{
	const u64 top = H(world_create(w, 0, "destroy")), leaf = H(world_create(w, top, "leaf"));
	const u64 deep = H(world_create(w, leaf, "deep"));
	u64 again;
	u32 used;

	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_DESTROY), NULL) == -EBUSY, "the root stays");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = top,
			     .op_flags = WN_DESTROY_LEAF), NULL) == -ENOTEMPTY, "not a leaf");
	used = wn_pool_count(&w->core->nodes);
	ok(!world_op(w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = top), NULL), "with children");
	ok(!rec_of(w, top).handle && !world_find(w->public, w->core->root, "destroy"),
	   "handle and name are gone");
	ok(world_lookup(w, top, "leaf") == -ESTALE, "for ever");
	ok(rec_of(w, deep).handle == deep &&
	   world_op(w, 0, OP(.opcode = WN_OP_NODE_SET, .node = deep, .op_flags = WN_SET_TAGS), NULL) == 2,
	   "those below live on");
	ok(world_create(w, deep, "x") == -ESTALE &&
	   world_op(w, 0, OP(.opcode = WN_OP_NODE_MOVE, .node = deep), NULL) == -ESTALE &&
	   world_op(w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = deep), NULL) == -ESTALE,
	   "but nothing grows there");
	again = H(world_create(w, 0, "destroy"));
	ok(again && (again & WN_HANDLE_INDEX_MASK) != (top & WN_HANDLE_INDEX_MASK),
	   "the name is free, the cell is not");
	ok(wn_core_slice(w->core, 3), "a slice ends where it should");
	ok(rec_of(w, deep).handle == 0 && rec_of(w, leaf).handle == leaf, "leaves first");
	ok(!wn_core_slice(w->core, 100) && wn_pool_count(&w->core->nodes) == used - 2, "all gone");
	ok(!world_op(w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = again,
			      .op_flags = WN_DESTROY_LEAF), NULL), "a leaf");
}

static void test_move(struct world *w)
{
	const u64 a = H(world_create(w, 0, "ma")), b = H(world_create(w, a, "mb"));
	const u64 c = H(world_create(w, b, "mc"));
	u64 at;
	u32 i;

	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_MOVE, .node = a, .arg = c), NULL) == -ELOOP &&
	   world_op(w, 0, OP(.opcode = WN_OP_NODE_MOVE, .node = a, .arg = a), NULL) == -ELOOP,
	   "not below itself");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_MOVE, .node = w->core->root, .arg = a),
		    NULL) == -EBUSY, "not the root");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_MOVE, .node = c, .arg = a), NULL) == 2 &&
	   world_find(w->public, a, "mc") == c && !world_find(w->public, b, "mc") &&
	   rec_of(w, c).parent == a && rec_of(w, b).nr_children == 0 &&
	   rec_of(w, a).nr_children == 2, "moved");
	world_create(w, 0, "mc");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_MOVE, .node = c), NULL) == -EEXIST, "name taken");
	for (i = 0, at = a; i < 63 && (s64)at > 0; i++)
		at = H(world_create(w, at, "deep"));
	ok((s64)at > 0 && world_create(w, at, "deep") == -ENOSPC, "depth 64 and no more");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_MOVE, .node = a,
			     .arg = H(world_lookup(w, 0, "mc"))), NULL) == -ENOSPC,
	   "nor by a move");
}

static void test_rename(struct world *w)
{
	const u64 a = H(world_create(w, 0, "ra"));
	u8 data[64];

	world_create(w, 0, "rb");
	world_name(data, "rb");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_RENAME, .node = a), data) == -EEXIST, "taken");
	world_name(data, "ra");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_RENAME, .node = a), data) == 1, "no change");
	world_name(data, "rc");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_RENAME, .node = a), data) == 2 &&
	   world_find(w->public, w->core->root, "rc") == a &&
	   !world_find(w->public, w->core->root, "ra"), "renamed");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_RENAME), data) == -EBUSY, "not the root");
}

static void test_set(struct world *w)
{
	const u64 a = H(world_create(w, 0, "sa"));
	u64 user[8] = { 1, 2, 3, 4 };
	struct wn_node_rec rec;

	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_SET, .node = a, .op_flags = WN_SET_USER_WORD(2) |
			     WN_SET_TYPE | WN_SET_STATE | WN_SET_TAGS_ADD, .arg = 77,
			     .w = { 3ULL << 32 | 2, 6 }), NULL) == 2, "many at once");
	rec = rec_of(w, a);
	ok(rec.user[2] == 77 && rec.type == 2 && rec.state == 3 && rec.tags == 6, "as told");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_SET, .node = a, .op_flags = WN_SET_TAGS_DEL,
			     .w = { 0, 2 }), user) == 3 && rec_of(w, a).tags == 4 &&
	   !memcmp((const void *)rec_of(w, a).user, user, 32), "all user words");
	user[4] = 1;
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_SET, .node = a), user) == -EINVAL, "too many");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_SET, .node = a), NULL) == -EINVAL &&
	   world_op(w, 0, OP(.opcode = WN_OP_NODE_SET, .node = a, .op_flags = WN_SET_TAGS |
			     WN_SET_TAGS_DEL), NULL) == -EINVAL &&
	   world_op(w, 0, OP(.opcode = WN_OP_NODE_SET, .node = a, .op_flags = WN_SET_STATE,
			     .w = { 1 }), NULL) == -EINVAL, "contradictions");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_SET, .node = a, .flags = WN_SQE_IF_VERSION,
			     .version = 2, .op_flags = WN_SET_TAGS), NULL) == -EAGAIN &&
	   world_op(w, 0, OP(.opcode = WN_OP_NODE_SET, .node = a, .flags = WN_SQE_IF_VERSION,
			     .version = 3, .op_flags = WN_SET_TAGS), NULL) == 4, "if version");
}

static void test_bounds(void)
{
	struct wn_bounds bounds = world_bounds(6);
	struct world w;
	u64 a;

	bounds.children = 3;
	world_init(&w, &bounds, 1);
	a = H(world_create(&w, 0, "a"));
	world_create(&w, 0, "b");
	world_create(&w, 0, "c");
	ok(world_create(&w, 0, "d") == -ENOSPC, "children");
	world_create(&w, a, "a");
	ok(world_create(&w, a, "b") > 0 && world_create(&w, a, "c") == -ENOSPC, "nodes");
	world_deinit(&w);
}

int main(void)
{
	const struct wn_bounds bounds = world_bounds(200);
	struct world w;

	tap_plan(45);
	world_init(&w, &bounds, tap_seed());
	test_create(&w);
	test_destroy(&w);
	test_move(&w);
	test_rename(&w);
	test_set(&w);
	test_bounds();
	world_deinit(&w);
	return tap_done();
}
