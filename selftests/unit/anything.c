// SPDX-License-Identifier: MIT
#include "anything.h"

#include <stdio.h>
#include <string.h>

static u32 below(struct anything *a, u32 n)
{
	return (u32)(world_random(&a->seed) % n);
}

static bool one_in(struct anything *a, u32 n)
{
	return !below(a, n);
}

static void learn(struct any_known *k, u64 handle, u64 with, u32 who)
{
	k->at[k->n % ANY_KNOWN] = handle;
	k->who[k->n % ANY_KNOWN] = who;
	k->with[k->n++ % ANY_KNOWN] = with;
}

/* One of those known, preferably a late one; 0: none. */
static u32 some(struct anything *a, const struct any_known *k)
{
	const u32 n = k->n < ANY_KNOWN ? k->n : ANY_KNOWN;

	u32 at;

	if (!n)
		return ANY_KNOWN;
	at = one_in(a, 3) ? below(a, n) : (k->n - 1 - below(a, n < 6 ? n : 6)) % ANY_KNOWN;
	if (!one_in(a, 4))
		a->who = k->who[at];
	return at;
}

static u64 some_of(struct anything *a, const struct any_known *k)
{
	const u32 at = some(a, k);

	return at == ANY_KNOWN ? 0 : k->at[at];
}

static u64 some_node(struct anything *a)
{
	return one_in(a, 5) ? 0 : some_of(a, &a->nodes);
}

struct wn_bounds any_bounds(void)
{
	struct wn_bounds b = world_bounds(48);

	b.children = 12;
	b.depth = 6;
	b.cells = 24;
	b.set_elems = 12;
	b.elems = 70;
	b.replicas = 3;
	b.clients = ANY_CLIENTS;
	b.slots = ANY_SLOTS;
	b.group_ops = 8;
	b.subs = 8;
	b.timers = 40;
	b.log_records = 16;
	b.backlog = 64;
	b.slab_bytes = 8192;
	return b;
}

struct wn_core_ident any_ident(u64 seed)
{
	return (struct wn_core_ident){
		.domain = world_random(&seed),
		.name_key = { world_random(&seed), world_random(&seed) },
		.secret = { world_random(&seed), world_random(&seed) },
		.replica = (u32)(seed % 3),
	};
}

static void open_client(struct anything *a, u32 number)
{
	static const u32 entries[WN_PRIORITIES] = { ANY_RING, ANY_RING, ANY_RING, ANY_RING };
	struct any_client *c = &a->clients[number];
	struct wn_core_open first = { .rights = WN_RIGHT_ALL, .slots = c->slots };

	if (a->nodes.n && one_in(a, 3)) {
		first.node = some_node(a);
		first.rights = one_in(a, 2) ? WN_RIGHT_ALL : below(a, WN_RIGHT_ALL + 1);
		first.quota_nodes = below(a, 4);
		first.expires = one_in(a, 4) ? a->w.now.boottime + below(a, 1u << 30) : 0;
		if (one_in(a, 3))
			first.slots = NULL;
	}
	if (wn_core_client_open(a->w.core, number, &first))
		return;
	memset(c, 0, sizeof(*c));
	wn_ring_init(&c->ring, &c->user, &c->kern, c->sqes, ANY_ENTRIES, c->cqes, ANY_ENTRIES);
	wn_inbox_init(&c->inbox, &c->user, &c->kern, c->events, entries);
}

void any_begin(struct anything *a, u64 seed)
{
	const struct world w = a->w;
	u32 i;

	memset(a, 0, sizeof(*a));
	a->w = w;
	a->seed = seed;
	for (i = 0; i < ANY_CLIENTS; i++)
		open_client(a, i);
}

/* ----------------------------------------------------------------- ops */

static void some_item(struct anything *a, u32 client, struct wn_sqe *sqe, bool key, bool value)
{
	const bool wide = one_in(a, 2);
	const u32 klen = key ? 1 + below(a, one_in(a, 4) ? 90 : 3) : 0;
	const u32 vlen = value ? below(a, one_in(a, 4) ? 200 : 9) : 0;
	u8 *to;
	u32 i;

	if (wide && klen + vlen <= 64) {
		sqe->flags |= WN_SQE_WIDE;
		sqe->w[1] = WN_CELL_ITEM(klen, vlen, 0);
		to = (u8 *)(sqe + 1);
	} else {
		i = below(a, 8) * 64;
		sqe->w[1] = WN_CELL_ITEM(klen, vlen, i);
		to = a->clients[client].in + i;
	}
	for (i = 0; i < klen; i++)
		to[i] = 'a' + (i ? 0 : below(a, 5));
	for (; i < klen + vlen; i++)
		to[i] = (u8)world_random(&a->seed);
}

static void some_update(struct anything *a, u32 client, struct wn_sqe *sqe, u64 type)
{
	sqe->op_flags = 1 + below(a, 2);
	sqe->w[0] = below(a, 40);
	switch (type & 0xff) {
	case WN_CELL_GCOUNTER:
		sqe->op_flags = WN_CELL_ADD;
		return;
	case WN_CELL_PNCOUNTER:
		return;
	case WN_CELL_ESCROW:
		if (one_in(a, 5)) {
			sqe->op_flags = WN_CELL_TRANSFER;
			sqe->w[1] = below(a, 4);
		}
		return;
	}
	if (type >> 8 && !one_in(a, 3)) {
		some_item(a, client, sqe, true, false);
		return;
	}
	sqe->w[0] = 0;
	sqe->op_flags = one_in(a, 3) && type != WN_CELL_LWW ? WN_CELL_REMOVE :
			type == WN_CELL_ORSET ? WN_CELL_ADD : WN_CELL_SET;
	some_item(a, client, sqe, (type & 0xff) == WN_CELL_ORSET || (type & 0xff) == WN_CELL_ORMAP,
		  sqe->op_flags == WN_CELL_SET && type != WN_CELL_EWFLAG);
}

/* What makes sense only for who attached before. */
static bool has_slot(u8 opcode)
{
	return opcode == WN_OP_DETACH || opcode == WN_OP_ESCROW_TAKE || opcode == WN_OP_ESCROW_GIVE;
}

/* On a cell that is there, most of the time. */
static void some_cell_op(struct anything *a, u32 client, struct wn_sqe *sqe)
{
	const struct any_known *known = has_slot(sqe->opcode) ? &a->attached : &a->cells;
	const u32 at = some(a, known);
	int index;

	if (at == ANY_KNOWN)
		return;
	sqe->arg = known->at[at];
	index = wn_cell_find(&a->w.core->cells, sqe->arg);
	if (index >= 0)
		sqe->node = wn_cell(&a->w.core->cells, (u32)index)->node;
	switch (sqe->opcode) {
	case WN_OP_CELL_UPDATE:
		some_update(a, client, sqe, known->with[at]);
		break;
	case WN_OP_CELL_READ:
		sqe->op_flags = below(a, 6);
		sqe->w[0] = (u64)1024 << 32;
		if (sqe->op_flags == WN_CELL_READ_RIGHTS)
			sqe->w[0] = 0;
		if (sqe->op_flags == WN_CELL_READ_KEY)
			some_item(a, client, sqe, true, false);
		break;
	case WN_OP_CELL_DELTA:
		sqe->w[0] = (u64)1500 << 32;
		break;
	case WN_OP_CELL_MERGE:
		sqe->w[0] = (u64)(wn_get_le32(a->clients[client].in + 4) % 1600) << 32;
		break;
	case WN_OP_ESCROW_TAKE:
	case WN_OP_ESCROW_GIVE:
		sqe->w[0] = below(a, sqe->opcode == WN_OP_ESCROW_TAKE ? 12 : 2);
		break;
	case WN_OP_SAMPLE:
		if (one_in(a, 2)) {
			sqe->op_flags = WN_SAMPLE_ALL;
			sqe->node = sqe->arg = 0;
		}
		break;
	}
}

static void some_event(struct anything *a, struct wn_sqe *sqe, u32 most)
{
	const u32 len = below(a, 9) < most ? below(a, 9) : 0;

	sqe->op_flags |= len << 8;
	sqe->w[0] = below(a, 100);
	if (one_in(a, 3)) {
		sqe->flags |= WN_SQE_WIDE;
		memset((u8 *)(sqe + 1), (int)below(a, 256), len);
	} else if (sqe->opcode == WN_OP_EMIT || sqe->opcode == WN_OP_EMIT_CHILDREN ||
		   sqe->opcode == WN_OP_EMIT_SUBTREE) {
		memset(&sqe->w[1], (int)below(a, 256), len);
	} else {
		sqe->op_flags &= 0xff;
	}
}

static u64 soon(struct anything *a)
{
	return a->w.now.boottime + 1 + (one_in(a, 4) ? below(a, 1u << 30) * 8ULL : below(a, 1u << 22));
}

static void some_mail_op(struct anything *a, struct wn_sqe *sqe)
{
	const u32 at = some(a, &a->leases);

	sqe->node = some_node(a);
	sqe->arg = below(a, 1000);
	switch (sqe->opcode) {
	case WN_OP_EMIT:
	case WN_OP_EMIT_CHILDREN:
	case WN_OP_EMIT_SUBTREE:
		sqe->op_flags = below(a, 4);
		some_event(a, sqe, 9);
		if (sqe->opcode == WN_OP_EMIT && sqe->flags & WN_SQE_WIDE && one_in(a, 2)) {
			sqe->op_flags |= WN_EMIT_AT;
			wn_put_le64((u8 *)(sqe + 1) + 24, soon(a));
		}
		break;
	case WN_OP_BIND:
		sqe->arg = 0;
		sqe->op_flags = below(a, 3);
		if (one_in(a, 2)) {
			sqe->op_flags = WN_BIND_QUEUE | WN_BIND_CREDIT(below(a, 4));
			sqe->w[0] = 1 + below(a, 1u << 24);
			if (one_in(a, 2)) {
				sqe->op_flags |= WN_BIND_TRIES(1 + below(a, 3));
				sqe->w[1] = some_of(a, &a->nodes);
			}
		}
		break;
	case WN_OP_UNBIND:
		sqe->arg = 0;
		sqe->op_flags = one_in(a, 4);
		break;
	case WN_OP_ACK:
	case WN_OP_NACK:
		if (at < ANY_KNOWN) {
			sqe->node = a->leases.at[at];
			sqe->arg = a->leases.with[at];
		}
		break;
	case WN_OP_CALL:
		sqe->op_flags = below(a, 4);
		some_event(a, sqe, 8);
		sqe->w[1] = soon(a);
		break;
	case WN_OP_REPLY:
		sqe->node = 0;
		sqe->arg = some_of(a, &a->calls);
		sqe->op_flags = 0;
		some_event(a, sqe, 8);
		break;
	case WN_OP_CANCEL:
	case WN_OP_DEMONITOR:
		sqe->node = 0;
		sqe->arg = some_of(a, &a->promises);
		break;
	case WN_OP_TIMER:
		sqe->op_flags = below(a, 8);
		sqe->w[0] = soon(a);
		sqe->w[1] = one_in(a, 3) ? WN_TIMER_PERIOD_MIN + below(a, 1u << 22) : 0;
		break;
	case WN_OP_MONITOR:
		sqe->op_flags = below(a, 4);
		if (one_in(a, 3)) {
			sqe->op_flags |= WN_MONITOR_LINK;
			sqe->w[0] = some_node(a);
		}
		break;
	case WN_OP_SUBSCRIBE:
		sqe->op_flags = 1 + below(a, 7);
		sqe->op_flags |= (one_in(a, 2) ? WN_SUB_STATE : 0) | WN_SUB_PRIORITY(below(a, 4));
		if (one_in(a, 5)) {
			sqe->node = 0;
			sqe->op_flags = WN_SUB_AUDIT;
		}
		break;
	case WN_OP_UNSUBSCRIBE:
		sqe->node = 0;
		sqe->arg = some_of(a, &a->subs);
		break;
	}
}

static void some_cap_op(struct anything *a, struct wn_sqe *sqe)
{
	struct wn_grant *grant = (struct wn_grant *)(sqe + 1);

	if (sqe->opcode == WN_OP_CAP_GRANT) {
		sqe->flags |= WN_SQE_WIDE;
		sqe->node = some_node(a);
		sqe->arg = below(a, ANY_CLIENTS + 1);
		grant->rights = one_in(a, 2) ? WN_RIGHT_ALL : 1 + below(a, WN_RIGHT_ALL);
		grant->expires = one_in(a, 5) ? soon(a) : 0;
		grant->badge = one_in(a, 4) ? 1 + below(a, 9) : 0;
		if (one_in(a, 3)) {
			grant->nodes = below(a, 5);
			grant->cells = below(a, 5);
			grant->caps = below(a, 5);
			grant->bytes = one_in(a, 2) ? 512 : 0;
		}
		return;
	}
	sqe->arg = one_in(a, 6) ? 0 : some_of(a, &a->caps);
}

/* The token that was made last lies at the end of the arena. */
#define TOKEN_AT	(ANY_ARENA - sizeof(struct wn_token))

static void some_token_op(struct anything *a, u32 client, struct wn_sqe *sqe)
{
	const struct wn_token_ask ask = {
		.node = some_node(a),
		.expires = one_in(a, 2) ? a->w.now.realtime + below(a, 1u << 31) : 0,
		.rights = 1 + below(a, WN_RIGHT_ALL),
		.flags = one_in(a, 4) ? WN_TOKEN_FREE : 0,
	};
	u8 *in = a->clients[client].in;

	if (sqe->opcode == WN_OP_TOKEN_EPOCH) {
		sqe->op_flags = one_in(a, 2) ? WN_EPOCH_NEXT : 0;
		sqe->w[0] = one_in(a, 4) ? below(a, 4) : 0;
		return;
	}
	sqe->w[0] = (u64)sizeof(struct wn_token) << 32;
	sqe->w[1] = 1ULL << 32 | TOKEN_AT;
	if (sqe->opcode == WN_OP_TOKEN_MAKE)
		memcpy(in + TOKEN_AT, &ask, sizeof(ask));
	else
		memcpy(in + TOKEN_AT, a->token, sizeof(a->token));
}

static void some_node_op(struct anything *a, struct wn_sqe *sqe)
{
	sqe->node = some_node(a);
	switch (sqe->opcode) {
	case WN_OP_NODE_CREATE:
		sqe->op_flags = one_in(a, 3) ? below(a, 4) : 0;
		sqe->op_flags |= one_in(a, 5) ? WN_CREATE_ON_DEATH(below(a, 3)) : 0;
		sqe->w[0] = below(a, 4) | (u64)below(a, 4) << 32;
		break;
	case WN_OP_NODE_DESTROY:
		sqe->node = some_of(a, &a->nodes);
		sqe->op_flags = one_in(a, 2);
		break;
	case WN_OP_NODE_MOVE:
		sqe->arg = some_node(a);
		break;
	case WN_OP_NODE_SET:
		sqe->op_flags = WN_SET_STATE | (one_in(a, 2) ? WN_SET_TAGS_ADD : 0);
		sqe->w[0] = (u64)below(a, 4) << 32;
		sqe->w[1] = sqe->op_flags & WN_SET_TAGS_ADD ? below(a, 16) : 0;
		break;
	case WN_OP_QUERY:
		sqe->flags |= WN_SQE_WIDE;
		sqe->w[1] = 1 + below(a, 8);
		break;
	case WN_OP_CELL_CREATE:
		sqe->op_flags = 1 + below(a, WN_CELL_ORMAP);
		sqe->op_flags |= sqe->op_flags == WN_CELL_ORMAP ? below(a, 2) << 8 : 0;
		sqe->w[0] = below(a, 6);
		if (sqe->op_flags == WN_CELL_ESCROW && one_in(a, 2)) {
			sqe->flags |= WN_SQE_WIDE;
			wn_put_le64(sqe + 1, 1 + below(a, 1u << 24));
			wn_put_le64((u8 *)(sqe + 1) + 8, 3);
			wn_put_le64((u8 *)(sqe + 1) + 16, 30);
		}
		break;
	}
	if (sqe->opcode == WN_OP_NODE_CREATE || sqe->opcode == WN_OP_NODE_RENAME ||
	    sqe->opcode == WN_OP_LOOKUP) {
		sqe->flags |= WN_SQE_WIDE;
		snprintf((char *)(sqe + 1), 64, "n%u", below(a, 16));
	}
}

/* Two slots. */
static void some_op(struct anything *a, u32 client, struct wn_sqe *sqe)
{
	static const u8 opcodes[] = {
		WN_OP_NODE_CREATE, WN_OP_NODE_CREATE, WN_OP_NODE_CREATE, WN_OP_NODE_CREATE,
		WN_OP_NODE_DESTROY, WN_OP_NODE_MOVE, WN_OP_NODE_RENAME, WN_OP_NODE_SET,
		WN_OP_NODE_READ, WN_OP_LOOKUP, WN_OP_QUERY, WN_OP_NOP, WN_OP_DIGEST,
		WN_OP_CELL_CREATE, WN_OP_CELL_CREATE, WN_OP_CELL_DESTROY,
		WN_OP_CELL_UPDATE, WN_OP_CELL_UPDATE, WN_OP_CELL_UPDATE, WN_OP_CELL_UPDATE,
		WN_OP_CELL_READ, WN_OP_CELL_DELTA, WN_OP_CELL_MERGE, WN_OP_ATTACH, WN_OP_ATTACH,
		WN_OP_DETACH, WN_OP_ESCROW_TAKE, WN_OP_ESCROW_GIVE, WN_OP_SAMPLE, WN_OP_EMIT,
		WN_OP_EMIT, WN_OP_EMIT, WN_OP_EMIT_CHILDREN, WN_OP_EMIT_SUBTREE, WN_OP_BIND,
		WN_OP_BIND, WN_OP_UNBIND,
		WN_OP_ACK, WN_OP_ACK, WN_OP_NACK, WN_OP_CALL, WN_OP_CALL, WN_OP_REPLY, WN_OP_CANCEL,
		WN_OP_TIMER, WN_OP_TIMER, WN_OP_MONITOR, WN_OP_DEMONITOR, WN_OP_SUBSCRIBE,
		WN_OP_UNSUBSCRIBE, WN_OP_CAP_GRANT, WN_OP_CAP_GRANT, WN_OP_CAP_REVOKE,
		WN_OP_CAP_READ, WN_OP_TOKEN_MAKE, WN_OP_TOKEN_REDEEM, WN_OP_TOKEN_EPOCH,
	};
	const u32 room = WORLD_OUT_BYTES;

	memset(sqe, 0, 2 * sizeof(*sqe));
	sqe->opcode = opcodes[below(a, sizeof(opcodes))];
	sqe->user_data = world_random(&a->seed);
	sqe->cap = one_in(a, 5) ? below(a, 6) : 0;
	if (sqe->opcode == WN_OP_DIGEST) {
		sqe->w[0] = (u64)room << 32;
		if (one_in(a, 2)) {
			sqe->op_flags = WN_DIGEST_MERGE;
			sqe->node = some_node(a);
		}
	} else if (sqe->opcode >= WN_OP_TOKEN_MAKE && sqe->opcode <= WN_OP_TOKEN_EPOCH) {
		some_token_op(a, client, sqe);
	} else if (sqe->opcode >= WN_OP_CAP_GRANT) {
		some_cap_op(a, sqe);
	} else if (sqe->opcode >= WN_OP_EMIT) {
		some_mail_op(a, sqe);
	} else if (sqe->opcode > WN_OP_CELL_CREATE) {
		some_cell_op(a, client, sqe);
	} else if (sqe->opcode != WN_OP_NOP) {
		some_node_op(a, sqe);
	}
	if (one_in(a, 12) && sqe->opcode != WN_OP_QUERY) {
		sqe->flags |= WN_SQE_IDEM;
		sqe->w[2] = below(a, 12);
	}
	if (one_in(a, 60))
		((u8 *)sqe)[below(a, 64)] ^= 1u << below(a, 8);
}

static void note(struct anything *a, u32 client, const struct wn_sqe *sqe, s64 res)
{
	u32 bytes;
	u8 *in = a->clients[client].in;

	a->ops++;
	if (WN_RES_IS_ERROR(res)) {
		a->refused++;
		return;
	}
	a->done[sqe->opcode]++;
	switch (sqe->opcode) {
	case WN_OP_NODE_CREATE:
		learn(&a->nodes, (u64)res, 0, client);
		break;
	case WN_OP_CELL_CREATE:
		learn(&a->cells, (u64)res, sqe->op_flags, client);
		break;
	case WN_OP_ATTACH:
		learn(&a->attached, sqe->arg, 0, client);
		break;
	case WN_OP_CELL_DELTA:
		/* As it may come from another replica. */
		bytes = (u32)res < ANY_ARENA ? (u32)res : ANY_ARENA;
		memcpy(in, a->w.out + sizeof(struct wn_cell_told), bytes);
		if (bytes > 40)
			wn_put_le16(in + 8, (u16)below(a, 3));
		break;
	case WN_OP_TOKEN_MAKE:
		memcpy(a->token, a->w.out, sizeof(a->token));
		break;
	case WN_OP_CAP_GRANT:
		learn(&a->caps, (u64)res, 0, client);
		break;
	case WN_OP_SUBSCRIBE:
		learn(&a->subs, (u64)res, 0, client);
		break;
	case WN_OP_EMIT:
	case WN_OP_CALL:
	case WN_OP_TIMER:
	case WN_OP_EMIT_SUBTREE:
	case WN_OP_MONITOR:
		if (res)
			learn(&a->promises, (u64)res, 0, client);
		break;
	}
}

static struct wn_op_env env_of(struct anything *a, u32 client)
{
	return (struct wn_op_env){
		.client = client, .now = &a->w.now, .out = a->w.out, .out_bytes = WORLD_OUT_BYTES,
		.in = a->clients[client].in, .in_bytes = ANY_ARENA,
	};
}

static void step_op(struct anything *a, u32 client)
{
	struct wn_op_env env = env_of(a, client);
	struct wn_op_result result;
	struct wn_sqe slots[2];

	a->who = client;
	some_op(a, client, slots);
	/* Who may reply, acknowledge, cancel is who got or made it; of nodes it is anybody. */
	if (has_slot(slots->opcode) || (slots->opcode >= WN_OP_EMIT && slots->opcode < WN_OP_DIGEST))
		env = env_of(a, client = a->who);
	wn_op_apply(a->w.core, &env, slots, &result);
	note(a, client, slots, result.res);
}

static void step_group(struct anything *a, u32 client)
{
	const struct wn_op_env env = env_of(a, client);
	const u32 n = 1 + below(a, 3);
	struct wn_op_result results[8];
	struct wn_sqe slots[16];
	u32 i;

	for (i = 0; i < n; i++)
		some_op(a, client, &slots[2 * i]);
	if (!wn_op_apply_group(a->w.core, &env, slots, n, results))
		return;
	for (i = 0; i < n; i++)
		note(a, client, &slots[2 * i], results[i].res);
}

/* Chains and groups, of which handles are not learned. */
static void step_turn(struct anything *a, u32 client)
{
	struct any_client *c = &a->clients[client];
	struct wn_turn turn = {
		.ring = &c->ring,
		.env = {
			.client = client, .out = a->w.out, .out_bytes = WORLD_OUT_BYTES,
			.in = c->in, .in_bytes = ANY_ARENA,
		},
	};
	struct wn_sqe slots[2];
	u32 n = below(a, 12), i;

	for (; n; n--) {
		some_op(a, client, slots);
		slots[0].flags |= one_in(a, 3) ? WN_SQE_LINK : 0;
		slots[0].flags |= one_in(a, 6) ? WN_SQE_ATOMIC : 0;
		for (i = 0; i < (slots[0].flags & WN_SQE_WIDE ? 2 : 1); i++)
			if (c->user.sq_tail - c->kern.sq_head < ANY_ENTRIES)
				c->sqes[c->user.sq_tail++ % ANY_ENTRIES] = slots[i];
	}
	wn_turn_run(a->w.core, &turn, 1 + below(a, 20), &a->w.now);
	c->user.cq_head = c->kern.cq_tail;
}

/* Some of what came, and what can be learned from it. */
static void step_reader(struct anything *a, u32 client)
{
	struct any_client *c = &a->clients[client];
	u32 p, n;

	for (p = 0; p < WN_PRIORITIES; p++) {
		for (n = below(a, ANY_RING + 1); n && c->user.inbox_head[p] != c->kern.inbox_tail[p];
		     n--) {
			const struct wn_event *e =
				&c->events[p * ANY_RING + c->user.inbox_head[p]++ % ANY_RING];

			a->events++;
			if (e->kind == WN_EV_CALL)
				learn(&a->calls, wn_get_le64(e->data), 0, client);
			if (e->kind == WN_EV_LEASE)
				learn(&a->leases, e->node, e->hlc, client);
		}
	}
	if (one_in(a, 40))
		c->user.inbox_head[below(a, WN_PRIORITIES)] = (u32)world_random(&a->seed);
	if (one_in(a, 2))
		wn_mail_retry(a->w.core, client);
}

static void step_pump(struct anything *a)
{
	int at;

	for (at = wn_mail_waiting(a->w.core, 0); at >= 0;
	     at = wn_mail_waiting(a->w.core, (u32)at + 1))
		wn_mail_pump(a->w.core, (u32)at, &a->clients[at].inbox);
}

static void step_client(struct anything *a, u32 client)
{
	struct wn_core_open cap = { .rights = WN_RIGHT_ALL, .node = some_node(a) };
	struct wn_core_client *c = &a->w.core->clients[client];

	if (!wn_core_client_is_open(c)) {
		open_client(a, client);
	} else if (one_in(a, 3)) {
		wn_core_client_close(a->w.core, client);
	} else if (!c->caps[7].child && !c->caps[7].parent &&
		   !(c->caps[7].state == WN_CAP_REVOKED && c->caps[7].node)) {
		wn_cap_put(a->w.core, client, 7, &cap);
	}
}

/* As who connects a lane does. */
static void step_ask(struct anything *a, u32 client)
{
	const u64 node = some_node(a);
	const struct wn_cap *cap;

	if (wn_core_client_is_open(&a->w.core->clients[client]))
		wn_cap_ask(a->w.core, client, below(a, 6), 1u << below(a, 10), node, &a->w.now, &cap);
}

void any_step(struct anything *a)
{
	const u32 client = below(a, ANY_CLIENTS);

	switch (below(a, 40)) {
	case 0 ... 1:
		a->w.now.realtime += one_in(a, 6) ? -(u64)below(a, 1u << 30) : below(a, 1u << 24);
		a->w.now.boottime += below(a, one_in(a, 8) ? 1u << 31 : 1u << 21);
		break;
	case 2 ... 4:
		wn_work_slice(a->w.core, &a->w.now);
		break;
	case 5:
		wn_core_slice(a->w.core, below(a, 12));
		break;
	case 6:
		if (one_in(a, 3))
			step_client(a, client);
		break;
	case 7 ... 9:
		step_pump(a);
		break;
	case 10 ... 12:
		step_reader(a, client);
		break;
	case 13:
		a->clients[client].slots[below(a, ANY_SLOTS)] += below(a, 30);
		break;
	case 14 ... 15:
		step_group(a, client);
		break;
	case 16:
		step_turn(a, client);
		break;
	case 17:
		step_ask(a, client);
		break;
	default:
		step_op(a, client);
	}
}
