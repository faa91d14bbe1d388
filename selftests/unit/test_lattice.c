// SPDX-License-Identifier: MIT
/*
 * What clients can do by capabilities and tokens, against a naive lattice: random
 * histories of grants, uses, revocations and time that leaps. WN_SEED= repeats a run.
 */
#include "lattice.h"

#include <string.h>

#include "kmod/core/cell.h"
#include "shrink.h"
#include "tap.h"

#define NODES	48
#define OPS	600
#define CLIENTS	LATTICE_CLIENTS
#define CAPS	LATTICE_CAPS

struct game {
	struct steps *steps;
	struct lattice l;
	u64 rng;
	u64 nodes[LATTICE_NODES + 1];	/* handles that were made, and the root's */
	u8 in[256];
	struct {
		u64 node;
		const struct grant *by;	/* NULL: a queue */
	} bound[NODES];			/* who reads events, by the node's index */
	u32 names;
	u64 granted, revoked, redeemed, leaps, handed;
};

/* Of all histories. */
static u64 ops, refused, by_errno[4096], ops_done, unread, granted, revoked, redeemed, leaps;

static u32 below(struct game *g, u32 n)
{
	return (u32)(world_random(&g->rng) % n);
}

static bool one_in(struct game *g, u32 n)
{
	return !below(g, n);
}

static void check(struct game *g, const char *what, s64 got, s64 want)
{
	ops++;
	if (want < 0) {
		refused++;
		by_errno[-want]++;
	}
	if (got == want || (want > 0 && !WN_RES_IS_ERROR(got) && got))
		return;
	steps_wrong(g->steps, "%s: %lld, want %lld", what, got, want);
}

static s64 op(struct game *g, u32 client, const struct wn_sqe *sqe)
{
	struct world *w = &g->l.w;
	const struct wn_op_env env = {
		.client = client, .now = &w->now, .out = w->out, .out_bytes = WORLD_OUT_BYTES,
		.in = g->in, .in_bytes = sizeof(g->in),
	};

	wn_op_apply(w->core, &env, sqe, &w->last);
	world_say_op(client, sqe, w->last.res);
	return w->last.res;
}

/* Mostly ones that are there. */
static u32 some_client(struct game *g)
{
	const u32 client = below(g, CLIENTS);

	return g->l.open[client] || one_in(g, 6) ? client : below(g, CLIENTS);
}

static u32 some_cap(struct game *g, u32 client)
{
	u32 i, cap = 0;

	for (i = 0; i < 4; i++) {
		cap = below(g, CAPS + 1);
		if (cap < CAPS && g->l.slots[client][cap])
			break;
	}
	return cap;
}

static u64 some_node(struct game *g)
{
	return one_in(g, 3) ? 0 : g->nodes[one_in(g, 6) ? LATTICE_NODES : below(g, LATTICE_NODES)];
}

static u32 some_rights(struct game *g)
{
	const u32 r = (u32)world_random(&g->rng) & WN_RIGHT_ALL;

	return one_in(g, 3) ? r : r | WN_RIGHT_GRANT | WN_RIGHT_REVOKE | WN_RIGHT_WRITE;
}

static void slice_all(struct game *g)
{
	while (wn_core_slice(g->l.w.core, 100))
		;
}

/* ----------------------------------------------------------------- grant */

static void learn(struct game *g, const struct grant *new, const char *what)
{
	if (!lattice_add(&g->l, new))
		steps_wrong(g->steps, "%s: into slot %u, which is in use", what, new->index);
}

static void step_grant(struct game *g)
{
	struct lattice *l = &g->l;
	const u32 client = some_client(g), cap = some_cap(g, client);
	const struct grant *up = cap < CAPS ? l->slots[client][cap] : NULL;
	struct wn_grant in = {
		.rights = one_in(g, 30) ? 0 : some_rights(g),
		.badge = one_in(g, 3) ? below(g, 3) : 0,
		.expires = one_in(g, 5) ? l->w.now.boottime + below(g, 3000) : 0,
		.nodes = one_in(g, 4) ? 1 + below(g, 4) : 0,
		.cells = one_in(g, 4) ? 1 + below(g, 3) : 0,
		.bytes = one_in(g, 4) ? 128 + below(g, 600) : 0,
		.caps = one_in(g, 4) ? 1 + below(g, 4) : 0,
		.reserved = { 0, one_in(g, 50) },
	};
	const struct wn_sqe sqe = {
		.opcode = WN_OP_CAP_GRANT, .cap = (u16)cap, .node = some_node(g),
		.arg = one_in(g, 2) ? 0 : below(g, CLIENTS + 3),
	};
	struct wn_op_result results[2];
	const struct wn_op_env env = { .client = client, .now = &l->w.now };
	struct wn_sqe slots[4] = { [2] = { .op_flags = WN_NOP_RESULT, .w = { (u64)-EIO } } };
	s64 want;

	if (l->nr == LATTICE_GRANTS)
		return;
	if (up && !one_in(g, 4))
		in.rights &= up->rights;
	want = lattice_grant(l, client, &sqe, &in);
	if (one_in(g, 6)) {
		/* Granted, then taken back as if it had never been. */
		slots[0] = sqe;
		slots[0].flags = WN_SQE_ATOMIC | WN_SQE_WIDE;
		memcpy(&slots[1], &in, sizeof(in));
		wn_op_apply_group(l->w.core, &env, slots, 2, results);
		world_say_op(client, slots, results[0].res);
		check(g, "grant in a group", results[0].res, want > 0 ? -ECANCELED : want);
		return;
	}
	check(g, "grant", world_op(&l->w, client, &sqe, &in), want);
	if (want < 0 || g->steps->wrong)
		return;
	learn(g, &(struct grant){
		.up = up, .handle = (u64)l->w.last.res, .node = sqe.node ? sqe.node : up->node,
		.expires = in.expires ? in.expires : up->expires,
		.badge = in.badge ? in.badge : up->badge, .rights = in.rights,
		.client = sqe.arg ? (u32)sqe.arg - 1 : client,
		.index = l->w.last.aux, .granter = client, .depth = up->depth + 1,
		.quota = { in.nodes, in.cells, (u32)in.bytes, in.caps },
	}, "grant");
	g->granted++;
}

static void step_revoke(struct game *g)
{
	struct lattice *l = &g->l;
	const u32 client = below(g, CLIENTS), cap = one_in(g, 3) ? 0 : below(g, CAPS + 1);
	const struct grant *by = cap < CAPS ? l->slots[client][cap] : NULL;
	struct grant *gone = l->nr && !one_in(g, 8) ? &l->grants[below(g, l->nr)] : NULL;
	const bool own = !gone && one_in(g, 6) && (client || cap);
	const u64 handle = gone ? gone->handle : own ? 0 : 1 + below(g, 1000);
	s64 want = lattice_may_so(l, client, cap, 0);

	if (!client && !cap && gone == by)
		return;	/* without the first one there is no game left */
	if (own)
		gone = (struct grant *)by;
	if (!want && !own &&
	    (!gone || lattice_is_dead(gone) || !(gone == by || lattice_is_below(gone, by))))
		want = -ESTALE;
	if (!want && gone != by && !(by->rights & WN_RIGHT_REVOKE))
		want = -EACCES;
	check(g, "revoke", world_op(&l->w, client, OP(.opcode = WN_OP_CAP_REVOKE, .cap = (u16)cap,
						      .arg = handle), NULL), want);
	if (!want) {
		gone->revoked = true;
		g->revoked++;
	}
}

/* ---------------------------------------------------------------- tokens */

static void step_mint(struct game *g)
{
	struct lattice *l = &g->l;
	const u32 client = some_client(g), cap = some_cap(g, client);
	const struct grant *by = cap < CAPS ? l->slots[client][cap] : NULL;
	struct minted *m = &l->tokens[l->nr_tokens % LATTICE_TOKENS];
	struct wn_token_ask ask = {
		.node = some_node(g),
		.expires = one_in(g, 2) ? l->w.now.realtime + below(g, 2000000000) : 0,
		.rights = one_in(g, 30) ? 0 : some_rights(g),
		.flags = one_in(g, 6) ? WN_TOKEN_FREE : 0,
	};
	s64 want;

	if (by && !one_in(g, 4))
		ask.rights &= by->rights;
	want = lattice_mint(l, client, cap, &ask);
	memcpy(g->in, &ask, sizeof(ask));
	check(g, "token", op(g, client, OP(.opcode = WN_OP_TOKEN_MAKE, .cap = (u16)cap,
					   .w = { 64ULL << 32, 1ULL << 32 })), want);
	if (want < 0)
		return;
	memcpy(&m->token, l->w.out, sizeof(m->token));
	m->by = ask.flags ? NULL : by;
	m->good = true;
	l->nr_tokens++;
	if (m->token.epoch != l->epoch || m->token.node != (ask.node ? ask.node : by->node))
		check(g, "what the token says", m->token.epoch, -(s64)l->epoch);
	/* Somebody asks for more than was signed. */
	if (one_in(g, 10)) {
		((u8 *)&m->token)[below(g, sizeof(m->token))] ^= 1u << below(g, 8);
		m->good = false;
	}
}

static void step_redeem(struct game *g)
{
	struct lattice *l = &g->l;
	const u32 client = some_client(g);
	const u32 n = l->nr_tokens < LATTICE_TOKENS ? l->nr_tokens : LATTICE_TOKENS;
	const struct minted *m = n ? &l->tokens[below(g, n)] : NULL;
	struct wn_token_got got = {};
	s64 want, res;
	u64 end;

	if (!m || l->nr == LATTICE_GRANTS)
		return;
	memcpy(g->in, &m->token, sizeof(m->token));
	want = l->open[client] ? lattice_redeem(l, client, m) : -ENXIO;
	end = lattice_token_end(l, m);
	res = op(g, client, OP(.opcode = WN_OP_TOKEN_REDEEM, .w = { 16ULL << 32, 1ULL << 32 }));
	if (!l->open[client]) {
		check(g, "redeem by nobody", res, want);
		return;
	}
	memcpy(&got, l->w.out, sizeof(got));
	check(g, "redeem", got.res, want);
	if (res != (want > 0))
		check(g, "redeemed", res, -(want > 0));
	if (want < 0 || g->steps->wrong)
		return;
	learn(g, &(struct grant){
		.up = m->by, .handle = (u64)got.res, .node = m->token.node, .expires = end,
		.badge = m->by ? m->by->badge : 0, .rights = m->token.rights & WN_RIGHT_ALL,
		.client = client, .index = got.index, .granter = m->by ? m->by->client : client,
		.depth = m->by ? m->by->depth + 1 : 0,
	}, "redeem");
	g->redeemed++;
}

static void step_epoch(struct game *g)
{
	struct lattice *l = &g->l;
	const u32 client = one_in(g, 2) ? 0 : below(g, CLIENTS), cap = some_cap(g, client);
	const u32 next = one_in(g, 2) ? WN_EPOCH_NEXT : 0;
	const u64 oldest = one_in(g, 2) ? l->epoch + 2 - below(g, 4) : 0;
	const s64 want = lattice_epoch(l, client, cap, next, oldest);

	check(g, "epoch", op(g, client, OP(.opcode = WN_OP_TOKEN_EPOCH, .cap = (u16)cap,
					   .op_flags = next, .w = { oldest })), want);
	if (want < 0)
		return;
	l->epoch += next;
	if (oldest)
		l->oldest = (u32)oldest;
	if (l->w.last.res != l->epoch || l->w.last.aux != l->oldest)
		check(g, "epochs", l->w.last.aux, -(s64)l->oldest);
}

/* -------------------------------------------------------------------- use */

static void step_create(struct game *g, u32 client, u32 cap)
{
	struct lattice *l = &g->l;
	const u64 node = some_node(g);
	const u32 at = below(g, LATTICE_NODES);
	char name[16];
	u8 data[64];
	s64 want;

	if (l->made[at].node)
		return;
	snprintf(name, sizeof(name), "n%u", g->names++);
	world_name(data, name);
	want = lattice_create(l, client, cap, node);
	check(g, "create", world_op(&l->w, client, OP(.opcode = WN_OP_NODE_CREATE, .cap = (u16)cap,
						      .node = node), data), want);
	if (want > 0)
		l->made[at] = (struct made){ .node = g->nodes[at] = (u64)l->w.last.res,
					     .by = l->slots[client][cap] };
}

static void forget_cells(struct lattice *l, u64 node)
{
	u32 i;

	for (i = 0; i < LATTICE_CELLS; i++)
		if (l->cells[i].node == node)
			l->cells[i].handle = 0;
}

static void step_destroy(struct game *g, u32 client, u32 cap)
{
	struct lattice *l = &g->l;
	const u32 at = below(g, LATTICE_NODES);
	const u64 node = l->made[at].node;
	struct wn_node_rec rec;
	s64 want;

	if (!node)
		return;
	world_read(l->w.public, wn_handle_index(node), &rec);
	want = lattice_may(l, client, cap, WN_RIGHT_DESTROY, node);
	if (!want && rec.nr_children)
		want = -ENOTEMPTY;
	check(g, "destroy", world_op(&l->w, client, OP(.opcode = WN_OP_NODE_DESTROY, .cap = (u16)cap,
						       .node = node, .op_flags = WN_DESTROY_LEAF),
				     NULL), want);
	if (want)
		return;
	/* Whose quota it took gets it back, whatever became of the capability. */
	l->made[at].node = 0;
	forget_cells(l, node);
	slice_all(g);
}

static void step_cell(struct game *g, u32 client, u32 cap)
{
	struct made_cell *cell = &g->l.cells[below(g, LATTICE_CELLS)];
	struct lattice *l = &g->l;
	const u32 key = below(g, LATTICE_KEYS);
	const u64 node = some_node(g);
	u8 data[64] = { (u8)('a' + key) };
	struct wn_sqe sqe = { .cap = (u16)cap, .arg = cell->handle, .node = cell->node };
	s64 want;

	if (!cell->handle) {
		want = lattice_cell_create(l, client, cap, node);
		sqe = (struct wn_sqe){ .opcode = WN_OP_CELL_CREATE, .cap = (u16)cap, .node = node,
				       .op_flags = WN_CELL_ORSET, .w = { ++g->names } };
		check(g, "cell", world_op(&l->w, client, &sqe, NULL), want);
		if (want > 0)
			*cell = (struct made_cell){
				.handle = (u64)l->w.last.res, .by = l->slots[client][cap],
				.node = node ? node : l->slots[client][cap]->node,
			};
	} else if (one_in(g, 8)) {
		sqe.opcode = WN_OP_CELL_DESTROY;
		want = lattice_may(l, client, cap, WN_RIGHT_DESTROY, cell->node);
		check(g, "end of a cell", world_op(&l->w, client, &sqe, NULL), want);
		if (want)
			return;
		cell->handle = 0;
		slice_all(g);
	} else if (one_in(g, 4)) {
		sqe.opcode = WN_OP_CELL_UPDATE;
		sqe.op_flags = WN_CELL_REMOVE;
		sqe.w[1] = WN_CELL_ITEM(1, 0, 0);
		want = lattice_may(l, client, cap, WN_RIGHT_WRITE, cell->node) ?:
		       cell->has[key] ? 0 : -ENOENT;
		/* Good is how many it removed. */
		world_op(&l->w, client, &sqe, data);
		check(g, "remove", WN_RES_IS_ERROR(l->w.last.res) ? l->w.last.res : 0, want);
		cell->has[key] &= !!want;
	} else {
		sqe.opcode = WN_OP_CELL_UPDATE;
		sqe.op_flags = WN_CELL_ADD;
		sqe.w[1] = WN_CELL_ITEM(1, 0, 0);
		want = lattice_cell_add(l, client, cap, cell);
		check(g, "add", world_op(&l->w, client, &sqe, data), want);
		cell->has[key] |= want > 0;
	}
}

static void step_read(struct game *g, u32 client, u32 cap)
{
	struct lattice *l = &g->l;
	const struct grant *of = cap < CAPS ? l->slots[client][cap] : NULL;
	const struct wn_cap_info *info = (const struct wn_cap_info *)l->w.out;
	const s64 want = lattice_may_so(l, client, cap, 0);

	check(g, "read", world_op(&l->w, client, OP(.opcode = WN_OP_CAP_READ, .cap = (u16)cap), NULL),
	      want ? want : (s64)sizeof(*info));
	if (!want && (info->node != of->node || info->rights != of->rights ||
		      info->badge != of->badge || info->expires != of->expires ||
		      info->depth != of->depth ||
		      memcmp(info->quota, of->quota, sizeof(info->quota))))
		check(g, "what was read", 0, 1);
}

/* Events go to who was bound under what still lasts, and to nobody else. */
static void check_reader(struct game *g, const struct wn_sqe *sqe, u64 node, s64 res,
			 const struct grant *by)
{
	const u32 at = wn_handle_index(node);
	const bool bound = g->bound[at].node == node, queue = bound && !g->bound[at].by;
	bool reads = bound;

	if (bound && !queue)
		reads = !lattice_is_dead(g->bound[at].by) &&
			!(g->bound[at].by->expires &&
			  g->l.w.now.boottime >= g->bound[at].by->expires);
	if (sqe->opcode == WN_OP_EMIT || (sqe->opcode == WN_OP_CALL && !queue)) {
		if (reads == (res == -ENOLINK))
			check(g, reads ? "an event that nobody got" : "an event that somebody got",
			      res, 1000);
		unread += !reads && bound;
	} else if (sqe->opcode == WN_OP_BIND && !res) {
		g->bound[at].node = node;
		g->bound[at].by = sqe->op_flags & WN_BIND_QUEUE ? NULL : by;
	}
}

/*
 * All else that takes a right on a node: refused as the model says, and where that has
 * nothing against it, not for want of anything that capabilities give.
 */
static void step_other(struct game *g, u32 client, u32 cap)
{
	static const struct {
		u8 opcode, wide;
		u16 rights;
		u32 op_flags;
		u64 w0;
	} others[] = {
		{ WN_OP_EMIT, 0, WN_RIGHT_EMIT, 0, 0 },
		{ WN_OP_EMIT_CHILDREN, 0, WN_RIGHT_EMIT, 0, 0 },
		{ WN_OP_EMIT_SUBTREE, 0, WN_RIGHT_EMIT, 0, 0 },
		{ WN_OP_CALL, 0, WN_RIGHT_EMIT, 0, 0 },
		{ WN_OP_BIND, 0, WN_RIGHT_READ, 0, 0 },
		{ WN_OP_BIND, 0, WN_RIGHT_READ, WN_BIND_QUEUE, 1000000 },
		{ WN_OP_LOOKUP, 1, WN_RIGHT_READ, 0, 0 },
		{ WN_OP_QUERY, 1, WN_RIGHT_READ, 0, 0 },
		{ WN_OP_SUBSCRIBE, 0, WN_RIGHT_READ, WN_SUB_TREE, 0 },
		{ WN_OP_MONITOR, 0, WN_RIGHT_READ, 0, 0 },
		{ WN_OP_TIMER, 0, WN_RIGHT_READ, WN_TIMER_MINE, ~0ULL - 1 },
	};
	const u32 i = below(g, sizeof(others) / sizeof(others[0]));
	const u64 node = some_node(g);
	const s64 want = lattice_may(&g->l, client, cap, others[i].rights, node);
	u8 data[64] = {};
	struct wn_sqe sqe = { .opcode = others[i].opcode, .op_flags = others[i].op_flags, .cap = (u16)cap,
			      .node = node, .w = { others[i].w0 } };
	s64 got;

	if (others[i].opcode == WN_OP_LOOKUP)
		world_name(data, "n0");
	if (others[i].opcode == WN_OP_CALL)
		sqe.w[1] = ~0ULL - 1;
	if (others[i].opcode == WN_OP_QUERY)
		sqe.w[1] = 1;
	got = world_op(&g->l.w, client, &sqe, others[i].wide ? data : NULL);
	if (want < 0) {
		check(g, "another op", got, want);
		return;
	}
	ops_done += !WN_RES_IS_ERROR(got);
	check_reader(g, &sqe, node ? node : g->l.slots[client][cap]->node, got,
		     g->l.slots[client][cap]);
	if (got == -EACCES || got == -ESTALE || got == -EKEYREVOKED || got == -EKEYEXPIRED ||
	    got == -ENXIO || got == -EINVAL) {
		steps_wrong(g->steps, "op %u that may be done: %lld", sqe.opcode, got);
	}
}

static void step_use(struct game *g)
{
	const u32 client = some_client(g), cap = some_cap(g, client);
	const u64 node = some_node(g);
	struct lattice *l = &g->l;

	switch (below(g, 11)) {
	case 8: case 9: case 10:
		step_other(g, client, cap);
		break;
	case 0:
		step_create(g, client, cap);
		break;
	case 1:
		step_destroy(g, client, cap);
		break;
	case 2:
		step_read(g, client, cap);
		break;
	case 3:
		check(g, "look", world_op(&l->w, client, OP(.opcode = WN_OP_NODE_READ, .cap = (u16)cap,
							    .node = node), NULL),
		      lattice_may(l, client, cap, WN_RIGHT_READ, node) ?: 1);
		break;
	case 4: case 5:
		step_cell(g, client, cap);
		break;
	default:
		check(g, "set", world_op(&l->w, client, OP(.opcode = WN_OP_NODE_SET, .cap = (u16)cap,
							   .node = node, .op_flags = WN_SET_TAGS), NULL),
		      lattice_may(l, client, cap, WN_RIGHT_WRITE, node) ?: 1);
	}
}

/* ------------------------------------------------------- what else happens */

static void first(struct game *g, u32 client)
{
	struct lattice *l = &g->l;
	const struct wn_core_open open = {
		.rights = client ? some_rights(g) : WN_RIGHT_ALL,
		.node = client && one_in(g, 2) ? g->nodes[below(g, LATTICE_NODES)] : 0,
		.quota_nodes = client && one_in(g, 4) ? 1 + below(g, 4) : 0,
	};
	const u64 node = open.node ? open.node : l->w.core->root;
	s64 err;

	if (l->nr == LATTICE_GRANTS)
		return;
	err = wn_core_client_open(l->w.core, client, &open);
	if (err == -EBUSY || (err == -ESTALE && !lattice_node_lives(l, node)))
		return;
	if (err) {
		check(g, "open", err, 0);
		return;
	}
	learn(g, &(struct grant){
		.node = node, .rights = open.rights, .client = client, .granter = client,
		.quota = { open.quota_nodes },
		.handle = wn_cap_handle(l->w.core, l->w.core->clients[client].caps),
	}, "open");
	l->open[client] = true;
	world_say("client %u opens: rights %#x node %#llx", client, open.rights, node);
}

static void step_client(struct game *g)
{
	const u32 client = 1 + below(g, CLIENTS - 1);

	if (!g->l.open[client]) {
		first(g, client);
	} else if (one_in(g, 12)) {
		wn_core_client_close(g->l.w.core, client);
		lattice_close(&g->l, client);
		world_say("client %u closes", client);
	}
}

static void step_move(struct game *g)
{
	world_op(&g->l.w, 0, OP(.opcode = WN_OP_NODE_MOVE, .node = g->nodes[below(g, LATTICE_NODES)],
				.arg = g->nodes[below(g, LATTICE_NODES + 1)]), NULL);
}

/* Realtime leaps, back too: only tokens hang on it. Boottime leaps as over a suspend. */
static void step_time(struct game *g)
{
	struct wn_now *now = &g->l.w.now;

	now->boottime += below(g, 400);
	now->realtime += (u64)below(g, 1000) * 1000000 - 500000000;
	if (one_in(g, 40)) {
		now->boottime += world_random(&g->rng) >> (20 + below(g, 40));
		g->leaps++;
	}
	if (one_in(g, 40)) {
		now->realtime += (world_random(&g->rng) >> 20) - (1ULL << 43);
		g->leaps++;
	}
}

static void step(struct game *g)
{
	switch (below(g, 24)) {
	case 0:
		step_client(g);
		break;
	case 1:
		if (one_in(g, 3))
			step_move(g);
		break;
	case 2:
		wn_core_slice(g->l.w.core, below(g, 6));
		break;
	case 3:
		step_time(g);
		break;
	case 4: case 5: case 6: case 7: case 8:
		step_grant(g);
		break;
	case 9:
		step_revoke(g);
		break;
	case 10:
		step_mint(g);
		break;
	case 11:
		step_redeem(g);
		break;
	case 12:
		if (one_in(g, 4))
			step_epoch(g);
		break;
	default:
		step_use(g);
	}
}

/* All is freed that should be, and nothing else. */
static void check_end(struct game *g)
{
	struct lattice *l = &g->l;
	u32 i, live = 0, used = 0;

	slice_all(g);
	for (i = 0; i < l->nr; i++) {
		const bool dead = lattice_is_dead(&l->grants[i]);

		live += !dead;
		if (lattice_is_held(l, &l->grants[i]) == dead)
			check(g, "held at the end", dead, -1);
	}
	for (i = 0; i < CLIENTS; i++)
		used += l->w.core->clients[i].caps_used;
	if (used != live)
		check(g, "capabilities at the end", used, -(s64)live);
	/* When all is gone nothing is charged to anybody. */
	for (i = 0; i < LATTICE_CELLS; i++)
		if (l->cells[i].handle)
			check(g, "end of a cell at the end",
			      world_op(&l->w, 0, OP(.opcode = WN_OP_CELL_DESTROY, .arg = l->cells[i].handle,
						    .node = l->cells[i].node), NULL), 0);
	for (i = 0; i < LATTICE_NODES * LATTICE_NODES && !g->steps->wrong; i++) {
		struct made *m = &l->made[i % LATTICE_NODES];

		if (m->node && !world_op(&l->w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = m->node,
						      .op_flags = WN_DESTROY_LEAF), NULL))
			m->node = 0;
	}
	for (i = 0; i < CLIENTS; i++)
		wn_core_client_close(l->w.core, i);
	slice_all(g);
	if (l->w.core->accounts.used)
		check(g, "accounts at the end", (s64)l->w.core->accounts.used, -1);
}

static struct wn_bounds bounds;

static void history(struct steps *s)
{
	static struct game game;
	struct game *g = &game;
	u32 i;

	memset(g, 0, sizeof(*g));
	lattice_init(&g->l);
	g->steps = s;
	g->rng = 5;
	world_init(&g->l.w, &bounds, 5);
	wn_core_client_close(g->l.w.core, 0);
	g->nodes[LATTICE_NODES] = g->l.w.core->root;
	first(g, 0);
	for (i = 0; i < 12; i++)
		step_create(g, 0, 0);
	while (steps_next(s, &g->rng))
		step(g);
	if (!s->wrong)
		check_end(g);
	world_deinit(&g->l.w);
	granted += g->granted;
	revoked += g->revoked;
	redeemed += g->redeemed;
	leaps += g->leaps;
}

int main(void)
{
	static const int errors[] = {
		EACCES, EKEYREVOKED, EKEYEXPIRED, ESTALE, EDQUOT, ENOSPC, EINVAL, ENXIO,
		EBADMSG, ECANCELED, ENOTEMPTY,
	};
	const u64 histories = 4500;
	struct steps steps = { .play = history, .nr = OPS };
	bool right;
	int missing;

	tap_plan(2);
	bounds = world_bounds(NODES);
	bounds.caps = CAPS;
	bounds.timers = bounds.subs = 64;
	bounds.log_records = 64;
	bounds.cells = LATTICE_CELLS - 2;
	bounds.set_elems = bounds.elems = LATTICE_CELLS * LATTICE_KEYS;
	/* Nobody reads what he is told. */
	bounds.backlog = 4096;
	right = steps_hold_all(&steps, tap_seed(), histories * tap_rounds());
	ok(right && granted && revoked && redeemed && leaps && unread && ops_done &&
	   ops + ops_done >= 2000000,
	   "%llu ops: %llu refused, %llu granted, %llu redeemed, %llu revoked; %llu leaps of time",
	   ops + ops_done, refused, granted, redeemed, revoked, leaps);
	missing = tap_missing(by_errno, errors, sizeof(errors) / sizeof(errors[0]));
	ok(!missing, "every error came up");
	return tap_done();
}
