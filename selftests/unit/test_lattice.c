// SPDX-License-Identifier: MIT
/*
 * What clients can do by capabilities, against a naive lattice: every grant is kept
 * for ever with the one above it, and what may be done is found by walking up.
 */
#include <string.h>

#include "kmod/core/cap.h"
#include "kmod/core/cell.h"
#include "tap.h"
#include "tell.h"
#include "world.h"

#define NODES	48
#define CLIENTS	4
#define CAPS	8
#define GRANTS	1024
#define MADE	64
#define OPS	600

struct grant {
	const struct grant *up;	/* NULL: the client was opened with it */
	u64 handle, node, expires, badge;
	u32 rights, client, index, granter, depth;
	u32 quota_nodes, quota_caps;
	bool revoked;		/* itself, or its holder is gone */
};

struct made {
	u64 node;
	const struct grant *by;	/* NULL: nobody's quota */
};

struct lattice {
	struct world w;
	u64 rng;
	struct grant grants[GRANTS];
	u32 nr;
	struct grant *slots[CLIENTS][CAPS];
	bool open[CLIENTS];
	struct made made[MADE];
	u64 nodes[MADE + 1];	/* handles that were made, for drawing */
	u32 wrong, names;
	u64 granted, refused, revoked;
};

static u32 below(struct lattice *l, u32 n)
{
	return (u32)(world_random(&l->rng) % n);
}

static bool one_in(struct lattice *l, u32 n)
{
	return !below(l, n);
}

static bool dead(const struct grant *g)
{
	for (; g; g = g->up)
		if (g->revoked)
			return true;
	return false;
}

/* Whether the engine still has it in its slot, live or on its way out. */
static bool held(const struct lattice *l, const struct grant *g)
{
	const struct wn_cap *cap = &l->w.core->clients[g->client].caps[g->index];

	return cap->node && wn_cap_handle(l->w.core, cap) == g->handle;
}

static bool comes_from(const struct grant *g, const struct grant *up)
{
	for (g = g->up; g; g = g->up)
		if (g == up)
			return true;
	return false;
}

/* The tree as root sees it: whether a node hangs below another, or is it. */
static bool hangs(struct lattice *l, u64 node, u64 top)
{
	struct wn_node_rec rec;

	for (; node; node = rec.parent) {
		if (!world_read(l->w.public, wn_handle_index(node), &rec) || rec.handle != node)
			return false;
		if (node == top)
			return true;
	}
	return false;
}

static bool lives(struct lattice *l, u64 node)
{
	return hangs(l, node, node);
}

/* What a use for these rights of a node answers before the op looks further; 0: go on. */
static s64 may(struct lattice *l, u32 client, u32 index, u32 rights, u64 node)
{
	const struct grant *g = index < CAPS ? l->slots[client][index] : NULL;

	if (!l->open[client])
		return -ENXIO;
	if (!g)
		return -EACCES;
	if (dead(g))
		return -EKEYREVOKED;
	if (g->expires && l->w.now.boottime >= g->expires)
		return -EKEYEXPIRED;
	if ((g->rights & rights) != rights)
		return -EACCES;
	if (!lives(l, node ? node : g->node) || (node && !hangs(l, node, g->node)) ||
	    !lives(l, g->node))
		return -ESTALE;
	return 0;
}

static void check(struct lattice *l, const char *what, s64 got, s64 want)
{
	l->refused += want < 0;
	if (got == want || (want > 0 && !WN_RES_IS_ERROR(got) && got))
		return;
	diag("%s: %lld, want %lld", what, got, want);
	l->wrong++;
}

/* Mostly one that is there. */
static u32 some_cap(struct lattice *l, u32 client)
{
	u32 i, cap = 0;

	for (i = 0; i < 4; i++) {
		cap = below(l, CAPS + 1);
		if (cap < CAPS && l->slots[client][cap])
			break;
	}
	return cap;
}

static u64 some_node(struct lattice *l)
{
	return one_in(l, 3) ? 0 : l->nodes[one_in(l, 6) ? MADE : below(l, MADE)];
}

static u32 some_rights(struct lattice *l)
{
	const u32 r = (u32)world_random(&l->rng) & WN_RIGHT_ALL;

	return one_in(l, 3) ? r : r | WN_RIGHT_GRANT | WN_RIGHT_REVOKE | WN_RIGHT_WRITE;
}

static u32 nodes_of(const struct lattice *l, const struct grant *g)
{
	u32 i, n = 0;

	for (i = 0; i < MADE; i++)
		n += l->made[i].node && l->made[i].by &&
		     (l->made[i].by == g || comes_from(l->made[i].by, g));
	return n;
}

/* ----------------------------------------------------------------- grant */

static s64 want_grant(struct lattice *l, u32 client, const struct wn_sqe *sqe,
		      const struct wn_grant *in)
{
	const struct grant *g = sqe->cap < CAPS ? l->slots[client][sqe->cap] : NULL, *up;
	const u32 to = sqe->arg ? (u32)sqe->arg - 1 : client;
	u32 i, n, used = 0, given = 0;
	s64 err;

	err = may(l, client, sqe->cap, WN_RIGHT_GRANT, sqe->node);
	if (err)
		return err;
	if (!in->rights || in->rights > WN_RIGHT_ALL || in->reserved[1])
		return -EINVAL;
	if (in->rights & ~g->rights || (g->badge && in->badge && in->badge != g->badge) ||
	    (g->expires && in->expires > g->expires))
		return -EACCES;
	if (to >= CLIENTS || !l->open[to])
		return -ENXIO;
	for (i = 0; i < l->nr; i++)
		if (l->grants[i].client == to && held(l, &l->grants[i])) {
			used++;
			given += l->grants[i].granter != to;
		}
	if (g->depth >= 16 || (to != client && given >= CAPS - used))
		return -ENOSPC;
	for (up = g; up; up = up->up) {
		for (i = n = 0; i < l->nr; i++)
			n += comes_from(&l->grants[i], up) && held(l, &l->grants[i]);
		if (up->quota_caps && n >= up->quota_caps)
			return -EDQUOT;
	}
	return used >= CAPS ? -ENOSPC : 1;
}

static void learn(struct lattice *l, u32 client, const struct wn_sqe *sqe,
		  const struct wn_grant *in)
{
	const struct grant *g = l->slots[client][sqe->cap];
	const u32 to = sqe->arg ? (u32)sqe->arg - 1 : client, index = l->w.last.aux;
	struct grant *new = &l->grants[l->nr++];

	if (index >= CAPS || (l->slots[to][index] && !dead(l->slots[to][index]))) {
		diag("granted into slot %u, which is in use", index);
		l->wrong++;
		return;
	}
	*new = (struct grant){
		.up = g, .handle = (u64)l->w.last.res, .node = sqe->node ? sqe->node : g->node,
		.expires = in->expires ? in->expires : g->expires,
		.badge = in->badge ? in->badge : g->badge, .rights = in->rights, .client = to,
		.index = index, .granter = client, .depth = g->depth + 1,
		.quota_nodes = in->nodes, .quota_caps = in->caps,
	};
	l->slots[to][index] = new;
	l->granted++;
}

static void step_grant(struct lattice *l)
{
	const u32 client = below(l, CLIENTS), cap = some_cap(l, client);
	const struct grant *g = cap < CAPS ? l->slots[client][cap] : NULL;
	struct wn_grant in = {
		.rights = one_in(l, 30) ? 0 : some_rights(l),
		.badge = one_in(l, 3) ? below(l, 3) : 0,
		.expires = one_in(l, 5) ? l->w.now.boottime + below(l, 3000) : 0,
		.nodes = one_in(l, 4) ? 1 + below(l, 4) : 0,
		.caps = one_in(l, 4) ? 1 + below(l, 4) : 0,
		.reserved = { 0, one_in(l, 50) },
	};
	const struct wn_sqe sqe = {
		.opcode = WN_OP_CAP_GRANT, .cap = (u16)cap, .node = some_node(l),
		.arg = one_in(l, 2) ? 0 : below(l, CLIENTS + 3),
	};
	struct wn_op_result results[2];
	const struct wn_op_env env = { .client = client, .now = &l->w.now };
	struct wn_sqe slots[4] = { [2] = { .op_flags = WN_NOP_RESULT, .w = { (u64)-EIO } } };
	s64 want;

	if (g && !one_in(l, 4))
		in.rights &= g->rights;
	want = want_grant(l, client, &sqe, &in);
	if (l->nr == GRANTS)
		return;
	if (one_in(l, 6)) {
		/* Granted, then taken back as if it had never been. */
		slots[0] = sqe;
		slots[0].flags = WN_SQE_ATOMIC | WN_SQE_WIDE;
		memcpy(&slots[1], &in, sizeof(in));
		wn_op_apply_group(l->w.core, &env, slots, 2, results);
		check(l, "grant in a group", results[0].res, want > 0 ? -ECANCELED : want);
		return;
	}
	check(l, "grant", world_op(&l->w, client, &sqe, &in), want);
	if (want > 0 && !l->wrong)
		learn(l, client, &sqe, &in);
}

static void step_revoke(struct lattice *l)
{
	const u32 client = below(l, CLIENTS), cap = one_in(l, 3) ? 0 : below(l, CAPS + 1);
	const struct grant *by = cap < CAPS ? l->slots[client][cap] : NULL;
	struct grant *g = l->nr && !one_in(l, 8) ? &l->grants[below(l, l->nr)] : NULL;
	const bool own = !g && one_in(l, 6) && (client || cap);
	const u64 handle = g ? g->handle : own ? 0 : 1 + below(l, 1000);
	s64 want = may(l, client, cap, 0, by ? l->w.core->root : 0);

	/* It is about no node: that one may be gone. */
	if (want == -ESTALE)
		want = 0;
	if (!client && !cap && g == by)
		return;	/* without the first one there is no game left */
	if (own)
		g = (struct grant *)by;
	if (!want && !own && (!g || dead(g) || !(g == by || comes_from(g, by))))
		want = -ESTALE;
	if (!want && g != by && !(by->rights & WN_RIGHT_REVOKE))
		want = -EACCES;
	check(l, "revoke", world_op(&l->w, client, OP(.opcode = WN_OP_CAP_REVOKE, .cap = (u16)cap,
						      .arg = handle), NULL), want);
	if (!want) {
		g->revoked = true;
		l->revoked++;
	}
}

/* -------------------------------------------------------------------- use */

static void step_create(struct lattice *l, u32 client, u32 cap)
{
	const struct grant *g = cap < CAPS ? l->slots[client][cap] : NULL, *up;
	const u64 node = some_node(l);
	const u32 at = below(l, MADE);
	char name[16];
	u8 data[64];
	s64 want;

	if (l->made[at].node)
		return;
	snprintf(name, sizeof(name), "n%u", l->names++);
	world_name(data, name);
	want = may(l, client, cap, WN_RIGHT_CREATE, node);
	if (!want && wn_pool_is_full(&l->w.core->nodes))
		want = -ENOSPC;
	for (up = g; !want && up; up = up->up)
		if (up->quota_nodes && nodes_of(l, up) >= up->quota_nodes)
			want = -EDQUOT;
	check(l, "create", world_op(&l->w, client, OP(.opcode = WN_OP_NODE_CREATE, .cap = (u16)cap,
						      .node = node), data), want ? want : 1);
	if (!want)
		l->made[at] = (struct made){ .node = l->nodes[at] = (u64)l->w.last.res, .by = g };
}

static void step_destroy(struct lattice *l, u32 client, u32 cap)
{
	const u32 at = below(l, MADE);
	const u64 node = l->made[at].node;
	struct wn_node_rec rec;
	s64 want;

	if (!node)
		return;
	world_read(l->w.public, wn_handle_index(node), &rec);
	want = may(l, client, cap, WN_RIGHT_DESTROY, node);
	if (!want && rec.nr_children)
		want = -ENOTEMPTY;
	check(l, "destroy", world_op(&l->w, client, OP(.opcode = WN_OP_NODE_DESTROY, .cap = (u16)cap,
						       .node = node, .op_flags = WN_DESTROY_LEAF),
				     NULL), want);
	/* Whose quota it took gets it back, whatever became of the capability. */
	if (!want)
		l->made[at].node = 0;
}

static void step_read(struct lattice *l, u32 client, u32 cap)
{
	const struct grant *g = cap < CAPS ? l->slots[client][cap] : NULL;
	const struct wn_cap_info *info = (const struct wn_cap_info *)l->w.out;
	s64 want = may(l, client, cap, 0, 0);

	if (want == -ESTALE)
		want = 0;
	check(l, "read", world_op(&l->w, client, OP(.opcode = WN_OP_CAP_READ, .cap = (u16)cap), NULL),
	      want ? want : (s64)sizeof(*info));
	if (!want && (info->node != g->node || info->rights != g->rights ||
		      info->badge != g->badge || info->expires != g->expires ||
		      info->depth != g->depth || info->quota[WN_QUOTA_NODES] != g->quota_nodes))
		check(l, "what was read", 0, 1);
}

static void step_use(struct lattice *l)
{
	const u32 client = below(l, CLIENTS), cap = some_cap(l, client);
	const u64 node = some_node(l);

	switch (below(l, 6)) {
	case 0:
		step_create(l, client, cap);
		break;
	case 1:
		step_destroy(l, client, cap);
		break;
	case 2:
		step_read(l, client, cap);
		break;
	case 3:
		check(l, "look", world_op(&l->w, client, OP(.opcode = WN_OP_NODE_READ, .cap = (u16)cap,
							    .node = node), NULL),
		      may(l, client, cap, WN_RIGHT_READ, node) ?: 1);
		break;
	default:
		check(l, "set", world_op(&l->w, client, OP(.opcode = WN_OP_NODE_SET, .cap = (u16)cap,
							   .node = node, .op_flags = WN_SET_TAGS), NULL),
		      may(l, client, cap, WN_RIGHT_WRITE, node) ?: 1);
	}
}

/* ------------------------------------------------------- what else happens */

static void first(struct lattice *l, u32 client)
{
	const struct wn_core_open open = {
		.rights = client ? some_rights(l) : WN_RIGHT_ALL,
		.node = client && one_in(l, 2) ? l->nodes[below(l, MADE)] : 0,
		.quota_nodes = client && one_in(l, 4) ? 1 + below(l, 4) : 0,
	};
	const u64 node = open.node ? open.node : l->w.core->root;
	struct grant *g;
	s64 err;

	if (l->nr == GRANTS)
		return;
	err = wn_core_client_open(l->w.core, client, &open);
	if (err == -EBUSY || (err == -ESTALE && !lives(l, node)))
		return;
	if (err) {
		check(l, "open", err, 0);
		return;
	}
	g = &l->grants[l->nr++];
	*g = (struct grant){ .node = node, .rights = open.rights, .client = client,
			     .granter = client, .quota_nodes = open.quota_nodes,
			     .handle = wn_cap_handle(l->w.core, l->w.core->clients[client].caps) };
	l->slots[client][0] = g;
	l->open[client] = true;
}

static void step_client(struct lattice *l)
{
	const u32 client = 1 + below(l, CLIENTS - 1);
	u32 i;

	if (!l->open[client]) {
		first(l, client);
	} else if (one_in(l, 12)) {
		wn_core_client_close(l->w.core, client);
		l->open[client] = false;
		for (i = 0; i < CAPS; i++) {
			if (l->slots[client][i])
				l->slots[client][i]->revoked = true;
			l->slots[client][i] = NULL;
		}
	}
}

static void step_move(struct lattice *l)
{
	world_op(&l->w, 0, OP(.opcode = WN_OP_NODE_MOVE, .node = l->nodes[below(l, MADE)],
			      .arg = l->nodes[below(l, MADE + 1)]), NULL);
}

static void step(struct lattice *l)
{
	switch (below(l, 20)) {
	case 0:
		step_client(l);
		break;
	case 1:
		if (one_in(l, 3))
			step_move(l);
		break;
	case 2:
		wn_core_slice(l->w.core, below(l, 6));
		break;
	case 3:
		l->w.now.boottime += below(l, 400);
		/* Realtime jumps; nothing ends sooner or later for it. */
		l->w.now.realtime += (u64)below(l, 1000) * 1000000 - 500000000;
		break;
	case 4: case 5: case 6: case 7: case 8:
		step_grant(l);
		break;
	case 9:
		step_revoke(l);
		break;
	default:
		step_use(l);
	}
}

/* All is freed that should be, and nothing else. */
static void check_end(struct lattice *l)
{
	u32 i, live = 0, used = 0;

	while (wn_core_slice(l->w.core, 100))
		;
	for (i = 0; i < l->nr; i++) {
		live += !dead(&l->grants[i]);
		if (held(l, &l->grants[i]) == dead(&l->grants[i]))
			check(l, "held at the end", held(l, &l->grants[i]), 1);
	}
	for (i = 0; i < CLIENTS; i++)
		used += l->w.core->clients[i].caps_used;
	if (used != live)
		check(l, "capabilities at the end", used, -(s64)live);
	/* When all is gone nothing is charged to anybody. */
	for (i = 0; i < MADE * MADE && !l->wrong; i++)
		if (l->made[i % MADE].node &&
		    !world_op(&l->w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = l->made[i % MADE].node,
					   .op_flags = WN_DESTROY_LEAF), NULL))
			l->made[i % MADE].node = 0;
	for (i = 0; i < CLIENTS; i++)
		wn_core_client_close(l->w.core, i);
	while (wn_core_slice(l->w.core, 100))
		;
	if (l->w.core->accounts.used)
		check(l, "accounts at the end", (s64)l->w.core->accounts.used, -1);
}

static void test_histories(void)
{
	static struct lattice l;
	const u64 rounds = 3500 * tap_rounds();
	struct wn_bounds bounds = world_bounds(NODES);
	u64 round, granted = 0, refused = 0, revoked = 0;
	u32 i, wrong = 0;

	bounds.caps = CAPS;
	/* Nobody reads what he is told. */
	bounds.backlog = 4096;
	for (round = 0; round < rounds && !wrong; round++) {
		memset(&l, 0, sizeof(l));
		l.rng = tap_seed() + round;
		world_init(&l.w, &bounds, l.rng);
		wn_core_client_close(l.w.core, 0);
		l.nodes[MADE] = l.w.core->root;
		first(&l, 0);
		for (i = 0; i < 12; i++)
			step_create(&l, 0, 0);
		for (i = 0; i < OPS && !l.wrong; i++)
			step(&l);
		if (!l.wrong)
			check_end(&l);
		if (l.wrong)
			diag("history %#llx, step %u", l.rng, i);
		wrong += l.wrong;
		granted += l.granted;
		refused += l.refused;
		revoked += l.revoked;
		world_deinit(&l.w);
	}
	ok(!wrong && granted && refused && revoked, "%llu ops: %llu grants, %llu refusals, %llu revocations",
	   round * OPS, granted, refused, revoked);
}

/* ------------------------------------------------------------ one by one */

static s64 grant(struct world *w, u32 cap, u64 node, const struct wn_grant *in)
{
	return world_op(w, 0, OP(.opcode = WN_OP_CAP_GRANT, .cap = (u16)cap, .node = node), in);
}

static void test_deep(void)
{
	struct wn_bounds bounds = world_bounds(NODES);
	const struct wn_grant all = { .rights = WN_RIGHT_ALL };
	struct world w;
	u64 handle = 0;
	u32 i, cap = 0;
	s64 res = 1;

	bounds.caps = 32;
	world_init(&w, &bounds, tap_seed());
	for (i = 0; i < WN_CAP_DEPTH && res > 0; i++, cap = w.last.aux) {
		res = grant(&w, cap, 0, &all);
		if (!i)
			handle = (u64)res;
	}
	ok(res > 0 && grant(&w, cap, 0, &all) == -ENOSPC, "sixteen in a row, no more");
	ok(!world_op(&w, 0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = handle), NULL) &&
	   world_op(&w, 0, OP(.opcode = WN_OP_NODE_SET, .cap = (u16)cap, .op_flags = WN_SET_TAGS), NULL) ==
	   -EKEYREVOKED, "the last goes with the first, before any slice");
	ok(wn_core_slice(w.core, 3) && !wn_core_slice(w.core, 1000) &&
	   w.core->clients[0].caps_used == 1, "then it is freed");
	ok(world_op(&w, 0, OP(.opcode = WN_OP_NODE_SET, .cap = (u16)cap, .op_flags = WN_SET_TAGS), NULL) ==
	   -EKEYREVOKED, "and still says why");
	wn_caps_publish(w.core);
	ok(w.core->public->stats[WN_STAT_CAP_GRANTED] == 16 &&
	   w.core->public->stats[WN_STAT_CAP_REVOKED] == 16 &&
	   w.core->public->stats[WN_STAT_CAP_REFUSED] == 2, "counted");
	for (i = 1; i < 32; i++)
		res = grant(&w, 0, 0, &all);
	ok(res > 0 && grant(&w, 0, 0, &all) == -ENOSPC, "a table has an end");
	world_deinit(&w);
}

static void test_cells(void)
{
	struct wn_bounds bounds = world_bounds(NODES);
	const struct wn_grant two = { .rights = WN_RIGHT_ALL, .cells = 2, .bytes = 300 };
	u64 cell[2], used;
	struct world w;
	u8 key[64] = "a";
	u32 cap;

	bounds.cells = 8;
	bounds.elems = bounds.set_elems = 16;
	world_init(&w, &bounds, tap_seed());
	ok(grant(&w, 0, 0, &two) > 0, "a quota of cells");
	cap = w.last.aux;
	cell[0] = (u64)world_op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .cap = (u16)cap, .w = { 1 },
					  .op_flags = WN_CELL_ORSET), NULL);
	cell[1] = (u64)world_op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .cap = (u16)cap, .w = { 2 },
					  .op_flags = WN_CELL_GCOUNTER), NULL);
	ok(!WN_RES_IS_ERROR(cell[1]) &&
	   world_op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .cap = (u16)cap, .w = { 3 },
			      .op_flags = WN_CELL_GCOUNTER), NULL) == -EDQUOT &&
	   world_op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .w = { 3 }, .op_flags = WN_CELL_GCOUNTER),
		    NULL) > 0, "reached; not by others");
	used = 0;
	for (key[0] = 'a'; key[0] < 'd'; key[0]++)
		used += world_op(&w, 0, OP(.opcode = WN_OP_CELL_UPDATE, .arg = cell[0],
					   .op_flags = WN_CELL_ADD, .w = { 0, WN_CELL_ITEM(1, 0, 0) }), key) > 0;
	ok(used == 1 && w.last.res == -EDQUOT, "bytes are the cell's, whoever writes");
	key[0] = 'a';
	ok(world_op(&w, 0, OP(.opcode = WN_OP_CELL_UPDATE, .arg = cell[0], .op_flags = WN_CELL_REMOVE,
			      .w = { 0, WN_CELL_ITEM(1, 0, 0) }), key) > 0 &&
	   world_op(&w, 0, OP(.opcode = WN_OP_CELL_UPDATE, .arg = cell[0], .op_flags = WN_CELL_ADD,
			      .w = { 0, WN_CELL_ITEM(1, 0, 0) }), key) > 0, "and come back");
	ok(!world_op(&w, 0, OP(.opcode = WN_OP_CELL_DESTROY, .cap = (u16)cap, .arg = cell[0]), NULL) &&
	   world_op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .cap = (u16)cap, .w = { 4 },
			      .op_flags = WN_CELL_GCOUNTER), NULL) == -EDQUOT &&
	   !wn_core_slice(w.core, 1000) &&
	   world_op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .cap = (u16)cap, .w = { 4 },
			      .op_flags = WN_CELL_GCOUNTER), NULL) > 0, "as cells do, once they are free");
	world_deinit(&w);
}

/* A hostile one at its quota takes nothing from others. */
static void test_neighbours(void)
{
	struct wn_bounds bounds = world_bounds(NODES);
	const struct wn_core_open open = { .rights = WN_RIGHT_ALL, .quota_nodes = 3 };
	const struct wn_grant more = { .rights = WN_RIGHT_ALL, .nodes = 1000 };
	u32 i, made = 0, given = 0;
	struct world w;
	char name[8];
	u8 data[64];

	bounds.backlog = 64;
	world_init(&w, &bounds, tap_seed());
	wn_core_client_open(w.core, 1, &open);
	world_op(&w, 1, OP(.opcode = WN_OP_CAP_GRANT), &more);
	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "h%u", i);
		world_name(data, name);
		made += world_op(&w, 1, OP(.opcode = WN_OP_NODE_CREATE, .cap = i & 1), data) > 0;
		given += world_op(&w, 1, OP(.opcode = WN_OP_CAP_GRANT, .arg = 1), &more) > 0;
	}
	ok(made == 3 && world_create(&w, 0, "mine") > 0, "no more by handing on to oneself");
	ok(given == 4 && world_op(&w, 0, OP(.opcode = WN_OP_CAP_GRANT), &more) > 0,
	   "half of what is left of another's table");
	world_deinit(&w);
}

static struct wn_event last_told;
static u32 last_client;

static s64 hear(struct wn_core *core, u32 client, const struct wn_event *event)
{
	(void)core;
	last_client = client;
	last_told = *event;
	return 0;
}

/* What a revoked one stores from then on counts nowhere. */
static void test_slots(void)
{
	static u64 page[1];
	const struct wn_core_open open = { .rights = WN_RIGHT_ALL, .slots = page };
	const struct wn_grant attach = { .rights = WN_RIGHT_ATTACH, .expires = 1ULL << 60 };
	struct wn_bounds bounds = world_bounds(NODES);
	struct wn_cap_event event;
	struct world w;
	u64 cell, handle;

	bounds.cells = 2;
	world_init(&w, &bounds, tap_seed());
	wn_core_client_open(w.core, 1, &open);
	tell_by = hear;
	cell = (u64)world_op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .op_flags = WN_CELL_GCOUNTER), NULL);
	handle = (u64)world_op(&w, 0, OP(.opcode = WN_OP_CAP_GRANT, .arg = 2), &attach);
	memcpy(&event, last_told.data, sizeof(event));
	ok(last_client == 1 && last_told.kind == WN_EV_CAP && last_told.node == w.core->root &&
	   event.index == w.last.aux && event.rights == WN_RIGHT_ATTACH &&
	   event.expires == attach.expires, "who gets one is told");
	ok(!WN_RES_IS_ERROR(world_op(&w, 1, OP(.opcode = WN_OP_ATTACH, .cap = (u16)event.index,
					       .arg = cell), NULL)), "attached under it");
	page[0] = 5;
	world_op(&w, 0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = handle), NULL);
	while (wn_core_slice(w.core, 1))
		;
	page[0] = 100;
	ok(wn_cell(&w.core->cells, wn_handle_index(cell))->value == 5 &&
	   !wn_cell(&w.core->cells, wn_handle_index(cell))->nr_slots, "folded when it is revoked");
	tell_by = NULL;
	world_deinit(&w);
}

int main(void)
{
	tap_plan(17);
	test_slots();
	test_deep();
	test_cells();
	test_neighbours();
	test_histories();
	return tap_done();
}
