// SPDX-License-Identifier: MIT
/* Ops on cells: what each type answers, and each way in which it is refused. */
#include <string.h>

#include "kmod/core/cell_delta.h"
#include "tap.h"
#include "world.h"

#define H(call) ((u64)(call))
#define AT(offset, room) ((u64)(offset) | (u64)(room) << 32)

static u8 in[WN_DELTA_BYTES_MAX + 64];
static u64 node;

static s64 op(struct world *w, const struct wn_sqe *sqe, const void *data)
{
	const struct wn_op_env env = {
		.client = 0, .now = &w->now, .out = w->out, .out_bytes = WORLD_OUT_BYTES,
		.in = in, .in_bytes = sizeof(in),
	};
	struct wn_sqe slots[2] = { *sqe };

	if (data) {
		slots[0].flags |= WN_SQE_WIDE;
		memcpy(&slots[1], data, 64);
	}
	wn_tx_begin(w->core->tx, true);
	wn_op_apply(w->core, &env, slots, &w->last);
	return w->last.res;
}

static s64 create(struct world *w, u8 type, u8 flags, u64 id)
{
	return op(w, OP(.opcode = WN_OP_CELL_CREATE, .node = node,
			.op_flags = WN_CELL_NEW(type, flags), .w = { id }), NULL);
}

static s64 update(struct world *w, u64 cell, u32 verb, u64 n)
{
	return op(w, OP(.opcode = WN_OP_CELL_UPDATE, .node = node, .arg = cell, .op_flags = verb,
			.w = { n }), NULL);
}

static s64 item(struct world *w, u64 cell, u32 verb, u64 n, const char *key, const char *value)
{
	u8 data[64] = {};

	memcpy(data, key, strlen(key));
	memcpy(data + strlen(key), value, strlen(value));
	return op(w, OP(.opcode = WN_OP_CELL_UPDATE, .node = node, .arg = cell, .op_flags = verb,
			.w = { n, WN_CELL_ITEM(strlen(key), strlen(value), 0) }), data);
}

static s64 see(struct world *w, u64 cell, u32 what, u64 w0, u64 w1)
{
	return op(w, OP(.opcode = WN_OP_CELL_READ, .node = node, .arg = cell, .op_flags = what,
			.w = { w0, w1 }), NULL);
}

static s64 key(struct world *w, u64 cell, const char *name)
{
	u8 data[64] = {};

	memcpy(data, name, strlen(name));
	return op(w, OP(.opcode = WN_OP_CELL_READ, .node = node, .arg = cell,
			.op_flags = WN_CELL_READ_KEY,
			.w = { AT(0, 256), WN_CELL_ITEM(strlen(name), 0, 0) }), data);
}

/* The record as readers see it. */
static const struct wn_cell_rec *picture(const struct world *w, u64 cell)
{
	const struct wn_public *p = (const struct wn_public *)w->public;

	return (const struct wn_cell_rec *)(w->public + p->areas[WN_AREA_CELLS].offset) +
	       (cell & WN_HANDLE_INDEX_MASK);
}

static void test_counter(struct world *w)
{
	const u64 g = H(create(w, WN_CELL_GCOUNTER, 0, 1)), p = H(create(w, WN_CELL_PNCOUNTER, 0, 2));

	ok((s64)g > 0 && (s64)p > 0 && create(w, WN_CELL_LWW, 0, 2) == -EEXIST, "one of an id");
	ok(picture(w, g)->handle == g && picture(w, g)->next == WN_INDEX_NONE &&
	   picture(w, p)->next == (g & WN_HANDLE_INDEX_MASK), "hang on their node");
	ok(update(w, g, WN_CELL_ADD, 5) == 2 && update(w, g, WN_CELL_ADD, 6) == 3 &&
	   picture(w, g)->value == 11 && picture(w, g)->hlc == w->last.hlc, "gcounter");
	ok(update(w, g, WN_CELL_SUB, 1) == -EINVAL && update(w, g, WN_CELL_SUB, 0) == -EINVAL &&
	   update(w, g, WN_CELL_ADD, ~0ULL) == -E2BIG && picture(w, g)->value == 11,
	   "grows, and not over the end");
	ok(update(w, p, WN_CELL_ADD, 5) == 2 && update(w, p, WN_CELL_SUB, 7) == 3 &&
	   (s64)picture(w, p)->value == -2, "pncounter");
	ok(op(w, OP(.opcode = WN_OP_CELL_UPDATE, .arg = g, .op_flags = WN_CELL_ADD), NULL) ==
	   -ESTALE, "only by its own node");
	ok(see(w, g, WN_CELL_READ_REC, AT(0, 128), 0) == 128 && !memcmp(w->out, picture(w, g), 128) &&
	   see(w, g, WN_CELL_READ_REC, AT(0, 127), 0) == -ENOBUFS, "read");
	ok(!op(w, OP(.opcode = WN_OP_CELL_DESTROY, .node = node, .arg = g), NULL) &&
	   update(w, g, WN_CELL_ADD, 1) == -ESTALE && picture(w, g)->handle == 0 &&
	   picture(w, p)->next == WN_INDEX_NONE, "destroyed");
}

static void test_lww(struct world *w)
{
	const u64 c = H(create(w, WN_CELL_LWW, 0, 10));
	u8 back[300];

	ok(item(w, c, WN_CELL_SET, 0, "", "hello") == 2 && picture(w, c)->len == 5 &&
	   !memcmp(picture(w, c)->bytes, "hello\0\0", 7), "lww: readers see a short value");
	memset(in, 'x', 300);
	ok(op(w, OP(.opcode = WN_OP_CELL_UPDATE, .node = node, .arg = c, .op_flags = WN_CELL_SET,
		    .w = { 0, WN_CELL_ITEM(0, 300, 0) }), NULL) == 3, "a long one from the arena");
	memcpy(back, in, sizeof(back));
	memset(in, 0, 300);
	ok(see(w, c, WN_CELL_READ_VALUE, AT(8, 300), 0) == 300 && !memcmp(w->out + 8, back, 300),
	   "and back");
	ok(see(w, c, WN_CELL_READ_VALUE, AT(8, 299), 0) == -ENOBUFS &&
	   item(w, c, WN_CELL_ADD, 0, "", "x") == -EINVAL &&
	   item(w, c, WN_CELL_SET, 0, "k", "x") == -EINVAL &&
	   op(w, OP(.opcode = WN_OP_CELL_UPDATE, .node = node, .arg = c, .op_flags = WN_CELL_SET,
		    .w = { 0, WN_CELL_ITEM(0, 1025, 0) }), NULL) == -E2BIG &&
	   op(w, OP(.opcode = WN_OP_CELL_UPDATE, .node = node, .arg = c, .op_flags = WN_CELL_SET,
		    .w = { 0, WN_CELL_ITEM(0, 100, sizeof(in) - 99) }), NULL) == -EINVAL,
	   "refused");
}

static void test_sets(struct world *w)
{
	const u64 s = H(create(w, WN_CELL_ORSET, 0, 20)), f = H(create(w, WN_CELL_EWFLAG, 0, 21));
	const u64 m = H(create(w, WN_CELL_MVREG, 0, 22));
	const u64 l = H(create(w, WN_CELL_ORMAP, 0, 23));
	const u64 c = H(create(w, WN_CELL_ORMAP, WN_CELL_F_COUNTS, 24));
	struct wn_cell_list *list = (struct wn_cell_list *)w->out;
	struct wn_cell_item *it = (struct wn_cell_item *)w->out;
	char name[32];
	u32 i, seen;
	s64 res;

	ok(item(w, s, WN_CELL_ADD, 0, "a", "") == 2 && item(w, s, WN_CELL_ADD, 0, "b", "") == 3 &&
	   item(w, s, WN_CELL_ADD, 0, "a", "") == 4 && picture(w, s)->value == 2 &&
	   key(w, s, "a") == 1 && key(w, s, "c") == -ENOENT, "orset");
	ok(item(w, s, WN_CELL_REMOVE, 0, "a", "") == 5 && key(w, s, "a") == -ENOENT &&
	   item(w, s, WN_CELL_REMOVE, 0, "a", "") == -ENOENT && picture(w, s)->value == 1 &&
	   item(w, s, WN_CELL_SET, 0, "a", "") == -EINVAL &&
	   item(w, s, WN_CELL_ADD, 1, "a", "") == -EINVAL, "removed; refused");
	ok(update(w, f, WN_CELL_SET, 0) == 2 && picture(w, f)->value == 1 &&
	   update(w, f, WN_CELL_REMOVE, 0) == 3 && picture(w, f)->value == 0, "ewflag");
	ok(item(w, m, WN_CELL_SET, 0, "", "one") == 2 && item(w, m, WN_CELL_SET, 0, "", "two") == 3 &&
	   key(w, m, "") == 1 && it->val_len == 3 && !memcmp(it + 1, "two", 4), "mvreg");
	ok(item(w, l, WN_CELL_SET, 0, "k", "one") == 2 && item(w, l, WN_CELL_SET, 0, "k", "two") == 3 &&
	   key(w, l, "k") == 1 && it->key_len == 1 && !memcmp(it + 1, "ktwo", 5) &&
	   item(w, l, WN_CELL_REMOVE, 0, "k", "") == 4 && key(w, l, "k") == -ENOENT, "ormap of lww");
	ok(item(w, c, WN_CELL_ADD, 5, "k", "") == 2 && item(w, c, WN_CELL_SUB, 7, "k", "") == 3 &&
	   key(w, c, "k") == 1 && (s64)it->value == -2 && item(w, c, WN_CELL_SET, 0, "k", "x") == -EINVAL,
	   "ormap of pncounter");
	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "key number %u", i);
		item(w, s, WN_CELL_ADD, 0, name, "");
	}
	list->cursor = 0;
	seen = 0;
	for (i = 0; i < 100; i++) {
		res = see(w, s, WN_CELL_READ_LIST, AT(0, 200), list->cursor);
		if (res < 0 || list->bytes > 200)
			break;
		seen += (u32)res;
		if (!list->cursor)
			break;
	}
	ok(seen == 41 && i > 5 && i < 100, "a list in parts");
}

static void test_escrow(struct world *w)
{
	u64 refill[8] = { 1000, 10, 25 };
	const u64 e = H(create(w, WN_CELL_ESCROW, 0, 30));
	u64 r;

	ok(update(w, e, WN_CELL_SUB, 1) == -EDQUOT && update(w, e, WN_CELL_ADD, 10) == 2 &&
	   update(w, e, WN_CELL_SUB, 4) == 3 && picture(w, e)->value == 6 &&
	   update(w, e, WN_CELL_SUB, 7) == -EDQUOT &&
	   see(w, e, WN_CELL_READ_RIGHTS, 0, 0) == 6, "escrow");
	ok(op(w, OP(.opcode = WN_OP_CELL_CREATE, .node = node, .op_flags = WN_CELL_NEW(WN_CELL_LWW, 0),
		    .w = { 31 }), refill) == -EINVAL, "only escrow is refilled");
	r = H(op(w, OP(.opcode = WN_OP_CELL_CREATE, .node = node,
		       .op_flags = WN_CELL_NEW(WN_CELL_ESCROW, 0), .w = { 31 }), refill));
	ok((s64)r > 0 && update(w, r, WN_CELL_SUB, 1) == -EDQUOT, "empty to begin with");
	w->now.boottime += 999;
	ok(see(w, r, WN_CELL_READ_RIGHTS, 0, 0) == 0, "within the window");
	w->now.boottime += 1;
	ok(see(w, r, WN_CELL_READ_RIGHTS, 0, 0) == 10 && update(w, r, WN_CELL_SUB, 4) > 0 &&
	   picture(w, r)->value == 6, "one window");
	w->now.boottime += 1500;
	ok(update(w, r, WN_CELL_SUB, 16) > 0 && update(w, r, WN_CELL_SUB, 1) == -EDQUOT, "the next");
	w->now.boottime += 500;
	ok(see(w, r, WN_CELL_READ_RIGHTS, 0, 0) == 10, "the half one was not lost");
	w->now.boottime += 1000000000000000ULL;
	ok(see(w, r, WN_CELL_READ_RIGHTS, 0, 0) == 25, "no more than that");
}

static void test_replication(struct world *w)
{
	const struct wn_cell_told *told = (const struct wn_cell_told *)w->out;
	struct wn_bounds bounds = w->core->bounds;
	struct world other;
	u64 s = H(create(w, WN_CELL_ORSET, 0, 40)), o, here = node;
	u32 len;

	world_init(&other, &bounds, 9);
	other.core->cells.replica = 1;
	item(w, s, WN_CELL_ADD, 0, "a", "");
	item(w, s, WN_CELL_ADD, 0, "b", "");
	len = (u32)op(w, OP(.opcode = WN_OP_CELL_DELTA, .node = node, .arg = s,
			    .w = { AT(0, 1024) }), NULL);
	ok((s32)len > 0 && told->bytes == len && !told->cursor, "delta");
	memcpy(in + 3, told + 1, len);
	node = H(world_create(&other, 0, "there"));
	o = H(create(&other, WN_CELL_ORSET, 0, 40));
	ok(!op(&other, OP(.opcode = WN_OP_CELL_MERGE, .node = node, .arg = o, .w = { AT(3, len) }), NULL) &&
	   key(&other, o, "a") == 1 && picture(&other, o)->value == 2, "merge");
	in[3] = 9;
	ok(op(&other, OP(.opcode = WN_OP_CELL_MERGE, .node = node, .arg = o, .w = { AT(3, len) }), NULL) ==
	   -EINVAL && op(&other, OP(.opcode = WN_OP_CELL_MERGE, .node = node, .arg = o,
				    .w = { AT(0, WN_DELTA_BYTES_MAX + 1) }), NULL) == -E2BIG, "refused");
	len = (u32)op(&other, OP(.opcode = WN_OP_CELL_READ, .node = node, .arg = o,
				 .op_flags = WN_CELL_READ_VECTOR, .w = { AT(0, 64) }), NULL);
	memcpy(in, other.out, len);
	node = here;
	ok(len == 24 && op(w, OP(.opcode = WN_OP_CELL_DELTA, .node = node, .arg = s,
				 .w = { AT(0, 1024), 0, AT(0, len) }), NULL) == 8,
	   "nothing new for the vector");
	world_deinit(&other);
}

/* All that @from has beyond what @to knows, in pieces of so much room; 0, or the error. */
static s64 pull(struct world *from, u64 one, struct world *to, u64 two, u64 there, u32 room)
{
	const struct wn_cell_told *told = (const struct wn_cell_told *)from->out;
	const u64 here = node;
	u64 cursor = 0;
	s64 len, res;

	do {
		node = there;
		len = see(to, two, WN_CELL_READ_VECTOR, AT(0, 256), 0);
		if (len > 0)
			memcpy(in, to->out, (size_t)len);
		node = here;
		if (len < 0)
			return len;
		len = op(from, OP(.opcode = WN_OP_CELL_DELTA, .node = node, .arg = one,
				  .w = { AT(0, room), cursor, AT(0, len) }), NULL);
		if (len < 0)
			return len;
		cursor = told->cursor;
		memcpy(in, told + 1, (size_t)len);
		node = there;
		do
			res = op(to, OP(.opcode = WN_OP_CELL_MERGE, .node = node, .arg = two,
					.w = { AT(0, len) }), NULL);
		while (res == 1);
		node = here;
		if (res)
			return res;
	} while (cursor);
	return 0;
}

/* Deltas that are cut at each byte, where all is new and where something ended. */
static void test_cuts(struct world *w)
{
	const char *longer = "a key of more than a few bytes";
	struct wn_bounds bounds = w->core->bounds;
	const u64 s = H(create(w, WN_CELL_ORSET, 0, 45)), here = node;
	u32 room, fitted = 0, same = 0;
	struct world other;
	u64 o, there;
	s64 res;

	world_init(&other, &bounds, 10);
	other.core->cells.replica = 1;
	there = H(world_create(&other, 0, "there"));
	item(w, s, WN_CELL_ADD, 0, "a", "");
	item(w, s, WN_CELL_ADD, 0, longer, "");
	for (room = 0; room < 400; room++) {
		node = there;
		o = H(create(&other, WN_CELL_ORSET, 0, 45));
		node = here;
		item(w, s, WN_CELL_ADD, 0, "b", "");
		item(w, s, WN_CELL_ADD, 0, "c", "");
		res = pull(w, s, &other, o, there, room);
		item(w, s, WN_CELL_REMOVE, 0, "b", "");
		if (!res) {
			fitted++;
			res = pull(w, s, &other, o, there, room);
		}
		node = there;
		same += !res && picture(&other, o)->value == 3 && key(&other, o, longer) == 1 &&
			key(&other, o, "b") == -ENOENT;
		/* Less than an element is refused, and more never is. */
		if (res && (res != -ENOBUFS || fitted))
			break;
		op(&other, OP(.opcode = WN_OP_CELL_DESTROY, .node = there, .arg = o), NULL);
		wn_core_slice(other.core, 1000);
		node = here;
	}
	node = here;
	ok(room == 400 && fitted == same && fitted > 250, "cut anywhere: %u of 400", fitted);
	world_deinit(&other);
}

/* Elements of one type in a form that says it is of another. */
static void test_types(struct world *w)
{
	static const struct {
		u8 type, flags;
		const char *key, *value;
	} kinds[] = {
		{ WN_CELL_ORSET, 0, "k", "" },
		{ WN_CELL_MVREG, 0, "", "v" },
		{ WN_CELL_EWFLAG, 0, "", "" },
		{ WN_CELL_ORMAP, 0, "k", "v" },
		{ WN_CELL_ORMAP, WN_CELL_F_COUNTS, "k", "" },
	};
	const u32 nr = sizeof(kinds) / sizeof(kinds[0]);
	const struct wn_cell_told *told = (const struct wn_cell_told *)w->out;
	struct wn_bounds bounds = w->core->bounds;
	u32 i, k, verb, taken = 0, refused = 0;
	u64 from, to, here = node, there;
	struct world other;
	s64 len, res;

	world_init(&other, &bounds, 11);
	other.core->cells.replica = 1;
	there = H(world_create(&other, 0, "there"));
	for (i = 0; i < nr; i++)
		for (k = 0; k < nr; k++) {
			from = H(create(w, kinds[i].type, kinds[i].flags, 70));
			verb = kinds[i].type == WN_CELL_ORSET || kinds[i].flags ? WN_CELL_ADD :
				WN_CELL_SET;
			item(w, from, verb, !!kinds[i].flags, kinds[i].key, kinds[i].value);
			len = op(w, OP(.opcode = WN_OP_CELL_DELTA, .node = node, .arg = from,
				       .w = { AT(0, 1024) }), NULL);
			memcpy(in, told + 1, len > 0 ? (size_t)len : 0);
			in[1] = kinds[k].type;
			node = there;
			to = H(create(&other, kinds[k].type, kinds[k].flags, 70));
			res = op(&other, OP(.opcode = WN_OP_CELL_MERGE, .node = node, .arg = to,
					    .w = { AT(0, len) }), NULL);
			taken += len > 0 && !res && picture(&other, to)->value;
			refused += len > 0 && res == -EINVAL && !picture(&other, to)->value;
			op(&other, OP(.opcode = WN_OP_CELL_DESTROY, .node = node, .arg = to), NULL);
			wn_core_slice(other.core, 1000);
			node = here;
			op(w, OP(.opcode = WN_OP_CELL_DESTROY, .node = node, .arg = from), NULL);
			wn_core_slice(w->core, 1000);
		}
	/* What a flag is made of is an empty key or value, too; a count may be a stamp. */
	ok(taken == nr + 3 && taken + refused == nr * nr,
	   "elements of another type: %u taken, %u refused", taken, refused);
	world_deinit(&other);
}

static void test_stamps(struct world *w)
{
	const u64 c = H(create(w, WN_CELL_LWW, 0, 50));
	u8 *at = in;

	/* A value of replica 1, a minute and a bit ahead. */
	wn_form_put_head(at, WN_CELL_LWW, 1, 8 + 24 + 8);
	memset(at + 8, 0, 32);
	wn_put_le16(at + 8, 1);
	wn_put_le16(at + 10, WN_PIECE_BYTES);
	wn_put_le32(at + 12, 1);
	wn_put_le64(at + 24, (w->now.realtime / 1000000 + 60001) << 16);
	at[32] = 'x';
	ok(op(w, OP(.opcode = WN_OP_CELL_MERGE, .node = node, .arg = c, .w = { AT(0, 40) }), NULL) ==
	   -EPROTO && !picture(w, c)->len, "a stamp too far ahead");
	wn_put_le64(at + 24, (w->now.realtime / 1000000 + 59999) << 16);
	ok(op(w, OP(.opcode = WN_OP_CELL_MERGE, .node = node, .arg = c, .w = { AT(0, 40) }), NULL) == 0 &&
	   picture(w, c)->bytes[0] == 'x', "one just within");
	ok(item(w, c, WN_CELL_SET, 0, "", "y") > 0 && picture(w, c)->bytes[0] == 'y',
	   "what is written here is later");
}

static void test_end(struct world *w)
{
	const u64 top = H(world_create(w, 0, "end")), was = node;
	const u32 cells = wn_pool_count(&w->core->cells.pool);
	u64 elems, rows, blocks, s;
	char name[80] = {};
	u32 i;

	wn_core_slice(w->core, 1000);
	elems = w->core->cells.elems.used;
	rows = w->core->cells.rows_used;
	blocks = w->core->cells.slab.used;
	(void)cells;
	i = wn_pool_count(&w->core->cells.pool);
	node = top;
	s = H(create(w, WN_CELL_ORSET, 0, 1));
	create(w, WN_CELL_ESCROW, 0, 2);
	create(w, WN_CELL_LWW, 0, 3);
	memset(in, 'v', 400);
	op(w, OP(.opcode = WN_OP_CELL_UPDATE, .node = node, .arg = H(create(w, WN_CELL_LWW, 0, 4)),
		 .op_flags = WN_CELL_SET, .w = { 0, WN_CELL_ITEM(0, 400, 0) }), NULL);
	for (name[0] = 'a'; name[0] <= 'z'; name[0]++)
		item(w, s, WN_CELL_ADD, 0, name, "");
	ok(wn_pool_count(&w->core->cells.pool) == i + 4 && w->core->cells.elems.used == elems + 26,
	   "a node with cells");
	ok(!op(w, OP(.opcode = WN_OP_NODE_DESTROY, .node = top), NULL) &&
	   item(w, s, WN_CELL_ADD, 0, "x", "") == -ESTALE, "goes, and they with it");
	ok(wn_core_slice(w->core, 10) && w->core->cells.elems.used == elems + 22, "in slices");
	ok(!wn_core_slice(w->core, 100) && wn_pool_count(&w->core->cells.pool) == i &&
	   w->core->cells.elems.used == elems && w->core->cells.rows_used == rows &&
	   w->core->cells.slab.used == blocks, "nothing is left of them");
	node = was;
}

static void test_group(struct world *w)
{
	const u64 s = H(create(w, WN_CELL_ORSET, 0, 60)), g = H(create(w, WN_CELL_GCOUNTER, 0, 61));
	const struct wn_op_env env = { .client = 0, .now = &w->now };
	struct wn_op_result results[3];
	struct wn_sqe slots[6] = {};
	u8 *before = malloc(w->core->state_bytes);

	slots[0] = *OP(.opcode = WN_OP_CELL_UPDATE, .flags = WN_SQE_ATOMIC | WN_SQE_WIDE, .node = node,
		       .arg = s, .op_flags = WN_CELL_ADD, .w = { 0, WN_CELL_ITEM(3, 0, 0) });
	memcpy(&slots[1], "abc", 4);
	slots[2] = *OP(.opcode = WN_OP_CELL_UPDATE, .flags = WN_SQE_ATOMIC, .node = node, .arg = g,
		       .op_flags = WN_CELL_ADD, .w = { 7 });
	slots[4] = *OP(.opcode = WN_OP_CELL_DESTROY, .node = node, .arg = 12345);
	memcpy(before, w->private, w->core->state_bytes);
	ok(!wn_op_apply_group(w->core, &env, slots, 3, results) && results[2].res == -ESTALE &&
	   !memcmp(before, w->private, w->core->state_bytes), "a group that fails leaves no trace");
	slots[4].arg = s;
	ok(wn_op_apply_group(w->core, &env, slots, 3, results) && picture(w, g)->value == 7 &&
	   !picture(w, s)->handle, "one that does not is done");
	free(before);
}

int main(void)
{
	struct wn_bounds bounds = world_bounds(20);
	struct world w;

	bounds.cells = 40;
	bounds.elems = 200;
	bounds.set_elems = 100;
	bounds.replicas = 4;
	bounds.slab_bytes = 16384;
	tap_plan(42);
	world_init(&w, &bounds, tap_seed());
	node = H(world_create(&w, 0, "cells"));
	test_counter(&w);
	test_lww(&w);
	test_sets(&w);
	test_escrow(&w);
	test_replication(&w);
	test_cuts(&w);
	test_types(&w);
	test_stamps(&w);
	test_end(&w);
	test_group(&w);
	world_deinit(&w);
	return tap_done();
}
