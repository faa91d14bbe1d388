// SPDX-License-Identifier: MIT
#include "history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wn_bounds history_bounds;
struct history_sums history_sums;

struct run {
	struct steps *steps;
	struct world w;
	struct model m;
	u64 rng;
	u64 gone[64];		/* handles that were */
	u32 nr_gone;
	u8 *before;		/* the core's state and public memory */
	bool kept;		/* it holds them */
	struct wn_sqe slots[128];
	struct wn_op_result want[64], got[64];
};

static u64 draw(struct run *r)
{
	return world_random(&r->rng);
}

static u32 below(struct run *r, u32 n)
{
	return (u32)(draw(r) % n);
}

static bool one_in(struct run *r, u32 n)
{
	return !below(r, n);
}

#define fail(r, ...) steps_wrong((r)->steps, __VA_ARGS__)

/* A live node, preferably one of few, so that histories meet themselves. */
static u64 some_node(struct run *r)
{
	u32 i, at = below(r, r->m.bounds.nodes);

	if (one_in(r, 50))
		return draw(r);
	if (one_in(r, 20) && r->nr_gone)
		return r->gone[below(r, r->nr_gone < 64 ? r->nr_gone : 64)];
	if (one_in(r, 8))
		return 0;
	for (i = 0; i < r->m.bounds.nodes; i++) {
		const u32 k = (at + i) % r->m.bounds.nodes;

		if (r->m.nodes[k].used)
			return r->m.nodes[k].rec.handle;
	}
	return 0;
}

static void some_name(struct run *r, u8 name[64])
{
	memset(name, 0, 64);
	switch (below(r, 64)) {
	case 0:
		memset(name, 'a', 64 - below(r, 3));
		return;
	case 1:
		name[below(r, 64)] = (u8)draw(r);
		return;
	case 2:
		memset(name, '.', below(r, 4));
		return;
	case 3:
		strcpy((char *)name, "n/x");
		return;
	default:
		snprintf((char *)name, 64, "%s%u", one_in(r, 4) ? "some-longer-name-" : "n",
			 below(r, 12));
	}
}

static u64 some_value(struct run *r)
{
	return one_in(r, 8) ? draw(r) : below(r, 5);
}

static void some_filter(struct run *r, struct wn_filter *f)
{
	*f = (struct wn_filter){ .flags = (u32)draw(r) & draw(r) & WN_FILTER_FLAGS };
	if (f->flags & WN_FILTER_TYPE)
		f->type = below(r, 5);
	if (f->flags & WN_FILTER_STATE)
		f->state = below(r, 5);
	if (f->flags & WN_FILTER_OWNER)
		f->owner = below(r, MODEL_CLIENTS);
	if (f->flags & WN_FILTER_TAGS) {
		f->tags_mask = below(r, 8);
		f->tags_value = f->tags_mask & draw(r);
	}
	if (f->flags & WN_FILTER_SINCE)
		f->since = r->m.hlc - below(r, 40);
	if (f->flags & WN_FILTER_PREFIX)
		snprintf((char *)f->prefix, sizeof(f->prefix), "%s",
			 one_in(r, 2) ? "n" : "some-longer-nam");
	if (one_in(r, 30))
		((u8 *)f)[below(r, 64)] ^= 1u << below(r, 8);
}

/* A live cell, or what is none; and often the node it hangs on. */
static u64 some_cell(struct run *r, u64 *node)
{
	const u32 at = below(r, r->m.bounds.cells);
	u32 i;

	if (one_in(r, 50))
		return draw(r);
	for (i = 0; i < r->m.bounds.cells; i++) {
		const struct model_cell *c = &r->m.cells.at[(at + i) % r->m.bounds.cells];

		if (!c->used || (c->doomed && !one_in(r, 30)))
			continue;
		if (!one_in(r, 50))
			*node = c->rec.node;
		return c->rec.handle;
	}
	return 0;
}

/* Few keys, short and long; now and then one that is too long. */
static void some_item(struct run *r, struct wn_sqe *sqe, u32 key, u32 value)
{
	static const u16 lengths[] = { 0, 1, 2, 3, 8, 40, 64, 65, 100, 140, 300, 1100 };
	const bool wide = !one_in(r, 4);
	const u32 n = sizeof(lengths) / sizeof(lengths[0]);
	u8 *bytes = (u8 *)(sqe + 1);
	u32 i;

	if (key)
		key = lengths[wide ? below(r, 5) : below(r, one_in(r, 8) ? n : n - 2)];
	if (value)
		value = lengths[wide ? below(r, 6) : below(r, one_in(r, 8) ? n : n - 2)];
	if (one_in(r, 60))
		value = below(r, 3);
	if (!wide) {
		sqe->w[1] = WN_CELL_ITEM(key, value, key || value ? below(r, 4) * 16 : 0);
		if (one_in(r, 40))
			sqe->w[1] = WN_CELL_ITEM(key, value, below(r, 300));
		return;
	}
	sqe->flags |= WN_SQE_WIDE;
	sqe->w[1] = WN_CELL_ITEM(key, value, 0);
	for (i = 0; i < key + value && i < 64; i++)
		bytes[i] = 'a' + (u8)(i < 1 ? below(r, 3) : 0);
}

static u64 some_number(struct run *r)
{
	return one_in(r, 12) ? ~0ULL >> below(r, 3) : one_in(r, 8) ? draw(r) : below(r, 100);
}

static void some_refill(struct run *r, u64 refill[8])
{
	refill[0] = below(r, 400);
	refill[1] = one_in(r, 10) ? draw(r) : below(r, 5);
	refill[2] = one_in(r, 10) ? draw(r) : refill[1] + below(r, 50);
	refill[3] = one_in(r, 30);
}

static void some_cell_op(struct run *r, struct wn_sqe *sqe)
{
	static const u8 verbs[] = {
		[WN_CELL_GCOUNTER] = 0x21, [WN_CELL_PNCOUNTER] = 0x21, [WN_CELL_LWW] = 0x33,
		[WN_CELL_ORSET] = 0x41, [WN_CELL_ESCROW] = 0x25, [WN_CELL_MVREG] = 0x43,
		[WN_CELL_EWFLAG] = 0x43, [WN_CELL_ORMAP] = 0x43,
	};
	u32 type = 0, room;
	bool counts = false;
	int at;

	if (sqe->opcode == WN_OP_CELL_CREATE) {
		type = 1 + below(r, WN_CELL_ORMAP);
		sqe->w[0] = below(r, 6);
		sqe->op_flags = WN_CELL_NEW(type, type == WN_CELL_ORMAP ? below(r, 2) : one_in(r, 40));
		if (type == WN_CELL_ESCROW ? one_in(r, 2) : one_in(r, 40)) {
			sqe->flags |= WN_SQE_WIDE;
			some_refill(r, (u64 *)(sqe + 1));
		}
		return;
	}
	sqe->arg = some_cell(r, (u64 *)&sqe->node);
	at = model_cell_find(&r->m, sqe->arg);
	if (at >= 0) {
		type = r->m.cells.at[at].rec.type;
		counts = r->m.cells.at[at].rec.flags;
	}
	if (sqe->opcode == WN_OP_CELL_DESTROY)
		return;
	if (sqe->opcode == WN_OP_CELL_READ) {
		sqe->op_flags = one_in(r, 30) ? below(r, 9) :
			type == WN_CELL_LWW ? below(r, 2) :
			type == WN_CELL_ESCROW && one_in(r, 2) ? WN_CELL_READ_RIGHTS :
			type > WN_CELL_ESCROW || type == WN_CELL_ORSET ? WN_CELL_READ_KEY + below(r, 3) :
			one_in(r, 2) ? WN_CELL_READ_REC : WN_CELL_READ_VECTOR;
		room = one_in(r, 4) ? below(r, 300) : 2048;
		if (sqe->op_flags != WN_CELL_READ_RIGHTS)
			sqe->w[0] = (u64)room << 32 | (below(r, 4) * 8 + one_in(r, 40));
		if (one_in(r, 60))
			sqe->w[0] = draw(r) & ~7ULL;
		if (sqe->op_flags == WN_CELL_READ_KEY)
			some_item(r, sqe, type != WN_CELL_MVREG && type != WN_CELL_EWFLAG, one_in(r, 30));
		if (sqe->op_flags == WN_CELL_READ_LIST && one_in(r, 2))
			sqe->w[1] = one_in(r, 8) ? draw(r) : 1ULL << 48 | below(r, 40);
		return;
	}
	sqe->op_flags = one_in(r, 3) ? verbs[type] >> 4 : verbs[type] & 15;
	if (type == WN_CELL_ESCROW && one_in(r, 4))
		sqe->op_flags = one_in(r, 2) ? WN_CELL_SUB : WN_CELL_ADD;
	if (counts && one_in(r, 2))
		sqe->op_flags = 1 + below(r, 2);
	if (one_in(r, 40))
		sqe->op_flags = below(r, 8);
	if (type <= WN_CELL_PNCOUNTER || type == WN_CELL_ESCROW) {
		sqe->w[0] = some_number(r);
		if (sqe->op_flags == WN_CELL_TRANSFER)
			sqe->w[1] = one_in(r, 20) ? draw(r) >> below(r, 64) :
						    below(r, MODEL_REPLICAS + 1);
	} else {
		if (counts ? sqe->op_flags != WN_CELL_REMOVE : one_in(r, 60))
			sqe->w[0] = some_number(r);
		some_item(r, sqe,
			  type == WN_CELL_ORSET || type == WN_CELL_ORMAP,
			  type == WN_CELL_LWW || ((type == WN_CELL_MVREG || type == WN_CELL_ORMAP) &&
						  !counts && sqe->op_flags == WN_CELL_SET));
	}
}

/* An entry of two slots that makes sense most of the time. */
static void some_op(struct run *r, struct wn_sqe *sqe)
{
	static const u8 weights[] = {
		WN_OP_NODE_CREATE, WN_OP_NODE_CREATE, WN_OP_NODE_CREATE, WN_OP_NODE_CREATE,
		WN_OP_NODE_DESTROY, WN_OP_NODE_DESTROY, WN_OP_NODE_MOVE, WN_OP_NODE_MOVE,
		WN_OP_NODE_RENAME, WN_OP_NODE_SET, WN_OP_NODE_SET, WN_OP_NODE_SET,
		WN_OP_NODE_READ, WN_OP_LOOKUP, WN_OP_QUERY, WN_OP_NOP,
		WN_OP_CELL_CREATE, WN_OP_CELL_CREATE, WN_OP_CELL_DESTROY, WN_OP_CELL_READ,
		WN_OP_CELL_READ, WN_OP_CELL_UPDATE, WN_OP_CELL_UPDATE, WN_OP_CELL_UPDATE,
		WN_OP_CELL_UPDATE, WN_OP_CELL_UPDATE, WN_OP_CELL_UPDATE,
	};
	const u64 node = some_node(r);
	const int at = model_find(&r->m, node);

	memset(sqe, 0, 2 * sizeof(*sqe));
	sqe->opcode = weights[below(r, sizeof(weights))];
	sqe->user_data = draw(r);
	if (sqe->opcode == WN_OP_NOP) {
		sqe->op_flags = below(r, 2);
		sqe->w[0] = sqe->op_flags ? draw(r) >> below(r, 64) : 0;
		return;
	}
	sqe->node = node;
	if (one_in(r, 6))
		sqe->cap = below(r, MODEL_CAPS + 1);
	if (one_in(r, 6)) {
		sqe->flags |= WN_SQE_IF_VERSION;
		sqe->version = at >= 0 && !one_in(r, 4) ? r->m.nodes[at].rec.version : below(r, 4);
	}
	if ((sqe->opcode <= WN_OP_NODE_SET ||
	     (sqe->opcode >= WN_OP_CELL_CREATE && sqe->opcode <= WN_OP_CELL_UPDATE)) &&
	    one_in(r, 6)) {
		sqe->flags |= WN_SQE_IDEM;
		sqe->w[2] = below(r, 24);
	}
	if (sqe->opcode >= WN_OP_CELL_CREATE)
		some_cell_op(r, sqe);
	switch (sqe->opcode) {
	case WN_OP_NODE_CREATE:
		sqe->w[0] = some_value(r) << 32 | (u32)some_value(r);
		sqe->w[1] = below(r, 8);
		sqe->op_flags = one_in(r, 6) ? below(r, 4) : 0;
		break;
	case WN_OP_NODE_DESTROY:
		sqe->op_flags = below(r, 2);
		break;
	case WN_OP_NODE_MOVE:
		sqe->arg = some_node(r);
		break;
	case WN_OP_NODE_SET:
		sqe->op_flags = (u32)draw(r) & draw(r) & WN_SET_FLAGS;
		if (sqe->op_flags & WN_SET_TYPE)
			sqe->w[0] |= (u32)some_value(r);
		if (sqe->op_flags & WN_SET_STATE)
			sqe->w[0] |= some_value(r) << 32;
		if (sqe->op_flags & (WN_SET_TAGS | WN_SET_TAGS_ADD | WN_SET_TAGS_DEL))
			sqe->w[1] = below(r, 8);
		if (sqe->op_flags & WN_SET_USER)
			sqe->arg = draw(r);
		else if (!one_in(r, 8))
			sqe->op_flags &= 0xff;
		if (!(sqe->op_flags & WN_SET_USER) && one_in(r, 3)) {
			sqe->flags |= WN_SQE_WIDE;
			sqe[1].user_data = draw(r);
			sqe[1].w[0] = one_in(r, 20);
		}
		break;
	case WN_OP_NODE_READ:
		sqe->w[0] = below(r, 4) * 8 + one_in(r, 20);
		if (one_in(r, 30))
			sqe->w[0] = draw(r) & ~7ULL;
		break;
	case WN_OP_QUERY:
		sqe->flags |= WN_SQE_WIDE;
		some_filter(r, (struct wn_filter *)(sqe + 1));
		sqe->w[1] = one_in(r, 2) ? 64 : below(r, 66);
		if (one_in(r, 3)) {
			sqe->arg = below(r, r->m.bounds.nodes + 2);
			sqe->w[2] = one_in(r, 8) ? draw(r) : r->m.hlc - below(r, 40);
		}
		break;
	}
	if (sqe->opcode == WN_OP_NODE_CREATE || sqe->opcode == WN_OP_NODE_RENAME ||
	    sqe->opcode == WN_OP_LOOKUP) {
		sqe->flags |= WN_SQE_WIDE;
		some_name(r, (u8 *)(sqe + 1));
	}
	/* And now and then nonsense. */
	if (one_in(r, 40))
		((u8 *)sqe)[below(r, 64)] ^= 1u << below(r, 8);
	/* Of those that a flipped bit leads to the model knows nothing. */
	if (sqe->opcode > WN_OP_CELL_READ && sqe->opcode <= WN_OP_DIGEST)
		sqe->opcode |= 0x80;
	/* Nor of what a death brings: test_death.c does. */
	if (sqe->opcode == WN_OP_NODE_CREATE)
		sqe->op_flags &= ~WN_CREATE_DEATH_FLAGS;
}

static struct wn_op_env env_of(struct run *r, u32 client)
{
	return (struct wn_op_env){ .client = client, .now = &r->w.now, .out = r->w.out,
				   .out_bytes = WORLD_OUT_BYTES,
				   .in = r->m.in, .in_bytes = MODEL_IN_BYTES };
}

/*
 * All state, to hold what a refused op leaves against it. That is most of the work, so a
 * part of them is enough; a shrunk history looks at all.
 */
static void keep(struct run *r, bool refused)
{
	r->kept = refused && (r->steps->thorough || one_in(r, 8));
	if (!r->kept)
		return;
	memcpy(r->before, r->w.private, r->w.core->state_bytes);
	memcpy(r->before + r->w.core->state_bytes, r->w.public, r->w.size.public_bytes);
}

static void check_kept(struct run *r)
{
	if (!r->kept)
		return;
	if (memcmp(r->before, r->w.private, r->w.core->state_bytes))
		fail(r, "state changed by what was refused");
	if (memcmp(r->before + r->w.core->state_bytes, r->w.public, r->w.size.public_bytes))
		fail(r, "public memory changed by what was refused");
}

static void check_result(struct run *r, u32 client, const struct wn_sqe *sqe, u32 i)
{
	const struct wn_op_result *want = &r->want[i], *got = &r->got[i];

	history_sums.ops++;
	if (WN_RES_IS_ERROR(want->res)) {
		history_sums.refused++;
		history_sums.by_errno[-want->res]++;
	}
	world_say_op(client, sqe, got->res);
	if (want->res != got->res)
		fail(r, "op %u: result %lld, want %lld", sqe->opcode, got->res, want->res);
	if (want->hlc != got->hlc || want->flags != got->flags || want->aux != got->aux)
		fail(r, "op %u: hlc %#llx flags %u aux %u, want %#llx %u %u", sqe->opcode,
		     got->hlc, got->flags, got->aux, want->hlc, want->flags, want->aux);
	if (!WN_RES_IS_ERROR(got->res) && sqe->opcode == WN_OP_NODE_DESTROY)
		r->gone[r->nr_gone++ % 64] = sqe->node;
}

/* Answers in the arena: all but the records' seq, of which the model knows nothing. */
static void check_out(struct run *r, const struct wn_sqe *sqe, s64 res)
{
	struct wn_node_rec *rec;
	s64 i, n = 0;
	u64 at = sqe->w[0];

	if (WN_RES_IS_ERROR(res))
		return;
	if (sqe->opcode == WN_OP_CELL_READ) {
		at = r->m.out_at;
		if (sqe->op_flags == WN_CELL_READ_REC)
			((struct wn_cell_rec *)(r->w.out + at))->seq = 0;
		if (memcmp(r->w.out + at, r->m.out + at, r->m.out_len))
			fail(r, "cell read %u: differs", sqe->op_flags);
		return;
	}
	if (sqe->opcode == WN_OP_NODE_READ) {
		n = 1;
	} else if (sqe->opcode == WN_OP_QUERY) {
		n = res;
		if (memcmp(r->w.out + at, r->m.out + at, sizeof(struct wn_found)))
			fail(r, "query: found %u at %llu, want %u at %llu",
			     ((struct wn_found *)(r->w.out + at))->count,
			     ((struct wn_found *)(r->w.out + at))->cursor,
			     ((struct wn_found *)(r->m.out + at))->count,
			     ((struct wn_found *)(r->m.out + at))->cursor);
		at += sizeof(struct wn_found);
	}
	for (i = 0; i < n; i++, at += sizeof(*rec)) {
		rec = (struct wn_node_rec *)(r->w.out + at);
		if (rec->seq & 1)
			fail(r, "a record that is being written");
		rec->seq = 0;
		if (memcmp(rec, r->m.out + at, sizeof(*rec)))
			fail(r, "op %u: record %lld differs", sqe->opcode, i);
	}
}

/* The pictures of a node and of a cell against the model. */
static void check_node(struct run *r, u64 handle)
{
	const int at = model_find(&r->m, handle ? handle : r->w.core->root);
	struct wn_node_rec rec, want;

	if (at < 0 || r->steps->wrong)
		return;
	want = model_record(&r->m, (u32)at);
	if (!world_read(r->w.public, (u32)at, &rec))
		fail(r, "record %d cannot be read", at);
	rec.seq = 0;
	if (memcmp(&rec, &want, sizeof(rec)))
		fail(r, "public record %d differs", at);
}

static void check_cell(struct run *r, u32 at)
{
	struct wn_cell_rec rec = *world_cell(r->w.public, at), want;

	if (!r->m.cells.at[at].used) {
		if (rec.handle)
			fail(r, "record %u is of no cell", at);
		return;
	}
	if (r->m.cells.at[at].doomed)
		return;
	want = model_cell_record(&r->m, at);
	if (rec.seq & 1)
		fail(r, "the record of cell %u is being written", at);
	rec.seq = 0;
	if (memcmp(&rec, &want, sizeof(rec)))
		fail(r, "public record of cell %u differs", at);
}

/* What an op that was done has changed. */
static void check_touched(struct run *r, const struct wn_sqe *sqe, s64 res)
{
	int at;

	if (WN_RES_IS_ERROR(res) || sqe->opcode == WN_OP_NOP)
		return;
	check_node(r, sqe->node);
	if (sqe->opcode == WN_OP_NODE_CREATE)
		check_node(r, (u64)res);
	if (sqe->opcode == WN_OP_NODE_MOVE)
		check_node(r, sqe->arg);
	at = model_cell_find(&r->m, sqe->opcode == WN_OP_CELL_CREATE ? (u64)res : sqe->arg);
	if (sqe->opcode >= WN_OP_CELL_CREATE && at >= 0)
		check_cell(r, (u32)at);
}

/* What a cell holds beyond its record, read by ops that change nothing. */
static void check_items(struct run *r, u32 at)
{
	const struct model_cell *c = &r->m.cells.at[at];
	struct wn_sqe sqe[2] = { {
		.opcode = WN_OP_CELL_READ, .node = c->rec.node, .arg = c->rec.handle,
		.w = { (u64)WORLD_OUT_BYTES << 32 },
	} };
	const struct wn_op_env env = env_of(r, 0);

	sqe->op_flags = c->rec.type == WN_CELL_LWW ? WN_CELL_READ_VALUE :
			c->rec.type == WN_CELL_ESCROW ? WN_CELL_READ_RIGHTS :
			c->rec.type <= WN_CELL_PNCOUNTER ? WN_CELL_READ_VECTOR : WN_CELL_READ_LIST;
	if (c->rec.type == WN_CELL_ESCROW)
		sqe->w[0] = 0;
	model_op(&r->m, 0, sqe, r->want);
	wn_op_apply(r->w.core, &env, sqe, r->got);
	if (r->want->res != r->got->res)
		fail(r, "contents of cell %u: %lld, want %lld", at, r->got->res, r->want->res);
	check_out(r, sqe, r->got->res);
}

static void step_op(struct run *r)
{
	const u32 client = one_in(r, 2) ? 0 : below(r, MODEL_CLIENTS);
	const struct wn_op_env env = env_of(r, client);

	u32 tries = below(r, 2) * 4;

	/* What is refused is tested too, but not most of the time. */
	do {
		some_op(r, r->slots);
		model_op(&r->m, client, r->slots, r->want);
	} while (WN_RES_IS_ERROR(r->want->res) && tries--);
	keep(r, WN_RES_IS_ERROR(r->want->res));
	wn_op_apply(r->w.core, &env, r->slots, r->got);
	check_result(r, client, r->slots, 0);
	check_out(r, r->slots, r->got->res);
	check_touched(r, r->slots, r->got->res);
	if (WN_RES_IS_ERROR(r->got->res))
		check_kept(r);
}

static void step_group(struct run *r)
{
	const u32 client = one_in(r, 2) ? 0 : below(r, MODEL_CLIENTS);
	const struct wn_op_env env = env_of(r, client);
	const u32 n = 1 + (one_in(r, 16) ? below(r, 64) : below(r, 8));
	static struct model start;
	bool want, got;
	u32 i;

	model_copy(&start, &r->m);
	for (i = 0; i < n; i++) {
		struct wn_sqe *sqe = &r->slots[2 * i];
		u32 tries = 8;

		/* Most ops succeed, seen from those before them; then a group often does. */
		do {
			some_op(r, sqe);
			model_op(&r->m, client, sqe, r->want);
		} while (WN_RES_IS_ERROR(r->want->res) && tries-- && !one_in(r, 200));
		if (i + 1 < n)
			sqe->flags |= WN_SQE_ATOMIC;
	}
	model_copy(&r->m, &start);
	want = model_group(&r->m, client, r->slots, n, r->want);
	keep(r, !want);
	got = wn_op_apply_group(r->w.core, &env, r->slots, n, r->got);
	world_say("group of %u: %s", n, got ? "done" : "refused");
	if (want != got)
		fail(r, "group of %u: %s", n, got ? "done" : "refused");
	for (i = 0; i < n; i++) {
		check_result(r, client, &r->slots[2 * i], i);
		if (got)
			check_touched(r, &r->slots[2 * i], r->got[i].res);
	}
	if (!got)
		check_kept(r);
}

static void step_slice(struct run *r)
{
	const u32 steps = below(r, 12);

	if (wn_core_slice(r->w.core, steps) != model_slice(&r->m, steps))
		fail(r, "slice: not the same is left");
}

static void step_time(struct run *r)
{
	/* Realtime jumps, back too; boottime does not. */
	r->w.now.realtime += one_in(r, 6) ? -(s64)below(r, 1u << 30) * 64 : (s64)below(r, 3000000);
	if (r->w.now.realtime > 1ULL << 62)
		r->w.now.realtime = 1700000000000000000ULL;
	r->w.now.boottime += below(r, 1000);
	r->m.now = r->w.now;
}

static void step_client(struct run *r)
{
	const u32 client = 1 + below(r, MODEL_CLIENTS - 1);
	const struct wn_core_open first = {
		.node = one_in(r, 2) ? 0 : some_node(r),
		.rights = one_in(r, 2) ? WN_RIGHT_ALL : (u32)draw(r) & WN_RIGHT_ALL,
		.expires = one_in(r, 4) ? r->w.now.boottime + below(r, 50000) : 0,
		.quota_nodes = one_in(r, 3) ? 1 + below(r, 6) : 0,
	};
	u32 i;

	if (r->m.clients[client].life % 2) {
		if (!one_in(r, 8))
			return;	/* closed is soon, open is late */
		model_close(&r->m, client);
		wn_core_client_close(r->w.core, client);
		return;
	}
	/* A death takes its time, and waits for destroyed trees: another client is later. */
	for (i = 0; i < 64 && wn_death_waits(&r->w.core->deaths); i++)
		wn_death_slice(r->w.core, 1000, &r->w.now);
	if (wn_death_waits(&r->w.core->deaths))
		return;
	if (model_open(&r->m, client, &first) != wn_core_client_open(r->w.core, client, &first))
		fail(r, "open of client %u", client);
}

/* A capability over a subtree, as a grant will make them. */
static void step_cap(struct run *r)
{
	const u32 client = below(r, MODEL_CLIENTS), index = 1 + below(r, MODEL_CAPS - 1);
	struct wn_core_open cap = {
		.node = some_node(r),
		.rights = one_in(r, 2) ? WN_RIGHT_ALL : (u32)draw(r) & WN_RIGHT_ALL,
		.expires = one_in(r, 4) ? r->w.now.boottime + below(r, 5000) : 0,
		.quota_nodes = one_in(r, 3) ? 1 + below(r, 6) : 0,
	};

	if (!(r->m.clients[client].life % 2) || r->m.clients[client].caps[index].used_nodes)
		return;
	r->m.clients[client].caps[index] = (struct model_cap){
		.node = cap.node, .rights = cap.rights, .expires = cap.expires,
		.quota_nodes = cap.quota_nodes };
	wn_cap_put(r->w.core, client, index, &cap);
}

/* Public memory, as a reader finds it, against the model. */
static void check_all(struct run *r)
{
	const struct wn_cells *cells = &r->w.core->cells;
	struct wn_node_rec rec;
	u32 i, used = 0, cells_used = 0;

	for (i = 0; i < r->m.bounds.nodes && !r->steps->wrong; i++) {
		const struct model_node *n = &r->m.nodes[i];

		used += n->used;
		if (!n->used || n->destroyed) {
			if (!world_read(r->w.public, i, &rec) || rec.handle)
				fail(r, "record %u is of no node", i);
			continue;
		}
		check_node(r, n->rec.handle);
		if (n->rec.parent && world_find(r->w.public, n->rec.parent,
						(const char *)n->rec.name) != n->rec.handle)
			fail(r, "name of node %u not found", i);
	}
	for (i = 0; i < r->m.bounds.cells && !r->steps->wrong; i++) {
		cells_used += r->m.cells.at[i].used;
		check_cell(r, i);
		if (r->m.cells.at[i].used && !r->m.cells.at[i].doomed &&
		    model_find(&r->m, r->m.cells.at[i].rec.node) >= 0)
			check_items(r, i);
	}
	if (wn_pool_count(&cells->pool) != cells_used || cells->elems.used != model_elems_used(&r->m) ||
	    cells->rows_used != model_rows_used(&r->m) || cells->slab.used != model_blocks_used(&r->m))
		fail(r, "%u cells, %llu elements, %llu rows, %llu blocks: want %u %u %u %u",
		     wn_pool_count(&cells->pool), cells->elems.used, cells->rows_used,
		     cells->slab.used, cells_used, model_elems_used(&r->m), model_rows_used(&r->m),
		     model_blocks_used(&r->m));
	if (wn_pool_count(&r->w.core->nodes) != used)
		fail(r, "%u nodes in the pool, want %u", wn_pool_count(&r->w.core->nodes), used);
	if (((struct wn_public *)r->w.public)->hlc != r->m.hlc)
		fail(r, "public clock");
	if (((struct wn_public *)r->w.public)->epoch & 1)
		fail(r, "public epoch");
}

static void step(struct run *r)
{
	switch (below(r, 64)) {
	case 0:
		step_client(r);
		break;
	case 1:
	case 2:
		step_cap(r);
		break;
	case 3 ... 6:
		step_slice(r);
		break;
	case 7 ... 12:
		step_time(r);
		break;
	case 13 ... 15:
		step_group(r);
		break;
	default:
		step_op(r);
	}
}

void history_play(struct steps *s)
{
	static struct run run;
	struct run *r = &run;

	memset(r, 0, sizeof(*r));
	r->steps = s;
	world_init(&r->w, &history_bounds, 5);
	model_init(&r->m, &history_bounds, &r->w.now);
	r->before = malloc(r->w.core->state_bytes + r->w.size.public_bytes);
	if (!r->before)
		abort();
	while (steps_next(s, &r->rng)) {
		step(r);
		if (!s->wrong && (s->at % 64 == 0 || s->at == s->count))
			check_all(r);
	}
	free(r->before);
	world_deinit(&r->w);
}
