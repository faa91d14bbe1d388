// SPDX-License-Identifier: MIT
#include "replicas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kmod/core/merged.h"
#include "kmod/core/node.h"

const struct replica_type replica_types[REPLICA_TYPES] = {
	{ "gcounter", WN_CELL_GCOUNTER, 0 },
	{ "pncounter", WN_CELL_PNCOUNTER, 0 },
	{ "lww", WN_CELL_LWW, 0 },
	{ "orset", WN_CELL_ORSET, 0 },
	{ "escrow", WN_CELL_ESCROW, 0 },
	{ "mvreg", WN_CELL_MVREG, 0 },
	{ "ewflag", WN_CELL_EWFLAG, 0 },
	{ "ormap of lww", WN_CELL_ORMAP, 0 },
	{ "ormap of pncounter", WN_CELL_ORMAP, WN_CELL_F_COUNTS },
};

#define FAIL(rs, ...)								\
	do {									\
		if (!(rs)->what[0])						\
			snprintf((rs)->what, sizeof((rs)->what), __VA_ARGS__);	\
	} while (0)

static u64 pick(struct replicas *rs, u64 below)
{
	return world_random(&rs->seed) % below;
}

struct wn_bounds replicas_bounds(void)
{
	struct wn_bounds b = world_bounds(4);

	b.cells = 40;	/* rows for a whole matrix of escrow */
	b.elems = 1500;
	b.set_elems = 1200;
	b.replicas = REPLICAS_MAX;
	b.slab_bytes = 300 * 1024;
	b.clients = 1;
	return b;
}

void replica_init(struct replica *r, u32 number, u8 type, u8 flags,
		  const struct wn_bounds *bounds, u64 seed)
{
	struct wn_cell_new new = { .id = 7, .type = type, .flags = flags, .hlc = 1,
				   .next = WN_INDEX_NONE };
	struct wn_node_rec *root;
	s64 cell;

	memset(r, 0, sizeof(*r));
	world_init(&r->w, bounds, seed);
	new.node = r->w.core->root;
	r->cells = &r->w.core->cells;
	r->cells->replica = number;
	r->now = r->w.now.realtime + number * 1000000ULL;
	r->before = malloc(r->w.core->state_bytes);
	replica_begin(r);
	cell = wn_cell_create(r->cells, &new);
	root = wn_node_edit(r->w.core, 0, WN_NODE_LINKS);
	root->first_cell = (u32)wn_handle_index((u64)cell);
	root->nr_cells = 1;
	if (!replica_end(r, cell < 0 ? (int)cell : 0)) {
		printf("Bail out! no cell\n");
		exit(1);
	}
	r->at = (u32)wn_handle_index((u64)cell);
}

void replica_deinit(struct replica *r)
{
	free(r->before);
	world_deinit(&r->w);
}

void replicas_init(struct replicas *rs, u32 n, u8 type, u8 flags, const struct wn_bounds *bounds,
		   u64 seed)
{
	u32 i;

	memset(rs, 0, sizeof(*rs));
	rs->n = n;
	rs->type = type;
	rs->flags = flags;
	rs->seed = seed;
	rs->keys = 12;
	for (i = 0; i < n; i++)
		replica_init(&rs->r[i], i, type, flags, bounds, world_random(&rs->seed));
	for (i = 0; i < MESSAGES; i++)
		rs->net[i].bytes = malloc(FORM_BYTES);
	rs->oracle.dots = calloc(ORACLE_DOTS, sizeof(*rs->oracle.dots));
}

void replicas_deinit(struct replicas *rs)
{
	u32 i;

	for (i = 0; i < rs->n; i++)
		replica_deinit(&rs->r[i]);
	for (i = 0; i < MESSAGES; i++)
		free(rs->net[i].bytes);
	free(rs->oracle.dots);
}

void replica_begin(struct replica *r)
{
	memcpy(r->before, r->w.private, r->w.core->state_bytes);
	wn_tx_begin(r->w.core->tx, true);
}

/* What the ops on cells do for whoever looks for changes. */
static void changed(struct replica *r)
{
	struct wn_core *core = r->w.core;

	if (r->version == wn_cell(r->cells, r->at)->version)
		return;
	r->version = wn_cell(r->cells, r->at)->version;
	WN_TX_SET(core->tx, core->hlc, core->hlc + 1);
	WN_TX_SET(core->tx, core->own[0].cells_hlc, core->hlc);
	wn_changed_note(core->tx, &core->changed, 0, core->hlc);
}

bool replica_end(struct replica *r, int err)
{
	r->refused = err < 0;
	if (err >= 0) {
		changed(r);
		wn_core_commit(r->w.core);
		return true;
	}
	wn_core_rollback(r->w.core);
	if (memcmp(r->before, r->w.private, r->w.core->state_bytes)) {
		printf("# a refused call left a trace (errno %d)\n", -err);
		wn_port_report(__FILE__, __LINE__, "no trace");
	}
	return false;
}

static u64 stamp(struct replica *r)
{
	const struct wn_now now = { .realtime = r->now, .boottime = r->now };

	return wn_core_stamp(r->w.core, &now);
}

/* ------------------------------------------------------------- elements */

static const struct wn_elem *elem_at(const struct replica *r, u32 at)
{
	return &r->cells->elems.at[at];
}

/* Go through all elements of a cell: the next after (row, at), or NULL. */
struct walk {
	u32 row, at;
	bool begun;
};

static const struct wn_elem *walk_next(const struct replica *r, struct walk *w)
{
	if (!w->begun) {
		w->begun = true;
		w->row = r->cells->own[r->at].rows;
		w->at = w->row == WN_INDEX_NONE ? WN_INDEX_NONE : r->cells->row[w->row].head;
	} else {
		w->at = elem_at(r, w->at)->next;
	}
	while (w->at == WN_INDEX_NONE && w->row != WN_INDEX_NONE) {
		w->row = r->cells->row[w->row].next;
		w->at = w->row == WN_INDEX_NONE ? WN_INDEX_NONE : r->cells->row[w->row].head;
	}
	return w->at == WN_INDEX_NONE ? NULL : elem_at(r, w->at);
}

static struct oracle_dot *oracle_find(struct oracle *o, u32 replica, u64 n)
{
	u32 i;

	for (i = 0; i < o->nr_dots; i++)
		if (o->dots[i].replica == replica && o->dots[i].n == n)
			return &o->dots[i];
	return NULL;
}

/* What the replica holds of a key now, the op that follows ends (all, or its own). */
static void oracle_end(struct replicas *rs, u32 who, const struct wn_item *item, bool own_only)
{
	const struct replica *r = &rs->r[who];
	u8 bytes[WN_CELL_BYTES_MAX];
	struct walk w = {};
	const struct wn_elem *e;

	while ((e = walk_next(r, &w))) {
		struct oracle_dot *dot = oracle_find(&rs->oracle, e->replica, e->dot);

		if (!dot) {
			FAIL(rs, "replica %u has a dot that nobody made", who);
			return;
		}
		wn_elem_get(r->cells, e, bytes);
		if (e->key_len == item->key_len && !memcmp(bytes, item->bytes, e->key_len) &&
		    (!own_only || e->replica == who))
			dot->ended = true;
	}
}

static void oracle_put(struct replicas *rs, u32 who, const struct wn_item *item)
{
	const struct wn_row *mine = wn_row(rs->r[who].cells, rs->r[who].cells->own[rs->r[who].at].mine);
	struct oracle_dot *dot = &rs->oracle.dots[rs->oracle.nr_dots++];

	dot->replica = who;
	dot->n = mine->n;
	dot->elem.key_len = item->key_len;
	dot->elem.val_len = item->val_len;
	dot->elem.x = item->x;
	dot->elem.y = item->y;
	memcpy(dot->bytes, item->bytes, item->key_len + item->val_len);
}

/* Keys are short or long, never of the same bytes. */
static void make_item(struct replicas *rs, struct wn_item *item, u8 *bytes)
{
	const bool keyed = rs->type == WN_CELL_ORSET || rs->type == WN_CELL_ORMAP;
	const u32 key = (u32)pick(rs, rs->keys);
	u32 i, key_len = 0, val_len = 0;

	if (keyed)
		key_len = key == 0 ? 0 : key % 4 ? 1 + key % 9 : 60 + 40 * (key % 5);
	if ((rs->type == WN_CELL_ORMAP && !(rs->flags & WN_CELL_F_COUNTS)) ||
	    rs->type == WN_CELL_MVREG)
		val_len = pick(rs, 4) ? pick(rs, 20) : pick(rs, 300);
	for (i = 0; i < key_len; i++)
		bytes[i] = key + (i % 7 == 0 ? key * 5 : 0);
	for (i = 0; i < val_len; i++)
		bytes[key_len + i] = pick(rs, 256);
	*item = (struct wn_item){ .bytes = bytes, .key_len = key_len, .val_len = val_len };
}

static void op_elems(struct replicas *rs, u32 who)
{
	struct replica *r = &rs->r[who];
	u8 bytes[WN_CELL_BYTES_MAX];
	const bool counts = rs->flags & WN_CELL_F_COUNTS;
	const bool remove = pick(rs, 100) < 35;
	const u64 plus = pick(rs, 100), minus = pick(rs, 50);
	struct wn_item item;
	bool known;
	int err;

	if (rs->oracle.nr_dots == ORACLE_DOTS)
		return;
	make_item(rs, &item, bytes);
	known = wn_cell_get(r->cells, r->at, &item) != WN_INDEX_NONE;
	oracle_end(rs, who, &item, counts && !remove);
	replica_begin(r);
	if (remove)
		err = wn_cell_remove(r->cells, r->at, &item, stamp(r));
	else if (counts)
		err = wn_cell_map_count(r->cells, r->at, &item, plus, minus, stamp(r));
	else
		err = wn_cell_put(r->cells, r->at, &item, stamp(r));
	if (!replica_end(r, err)) {
		if (!remove || known || err != -ENOENT)
			FAIL(rs, "op refused: %d", err);
		return;
	}
	if (!remove)
		oracle_put(rs, who, &item);
	if (remove != (wn_cell_get(r->cells, r->at, &item) == WN_INDEX_NONE))
		FAIL(rs, "replica %u does not read what it wrote", who);
}

/* ------------------------------------------------------------------ ops */

static void op_count(struct replicas *rs, u32 who)
{
	struct replica *r = &rs->r[who];
	const bool up = rs->type == WN_CELL_GCOUNTER || pick(rs, 2);
	const u64 n = pick(rs, 8) ? pick(rs, 1000) : world_random(&rs->seed) >> 20;

	replica_begin(r);
	if (!replica_end(r, wn_cell_count(r->cells, r->at, up ? n : 0, up ? 0 : n, stamp(r))))
		FAIL(rs, "count refused");
	*(up ? &rs->oracle.plus[who] : &rs->oracle.minus[who]) += n;
}

static void op_write(struct replicas *rs, u32 who)
{
	const u32 len = pick(rs, 3) ? pick(rs, 80) : pick(rs, WN_CELL_BYTES_MAX + 1);
	struct replica *r = &rs->r[who];
	struct oracle *o = &rs->oracle;
	u8 bytes[WN_CELL_BYTES_MAX];
	u64 at;
	u32 i;

	for (i = 0; i < len; i++)
		bytes[i] = pick(rs, 256);
	replica_begin(r);
	at = stamp(r);
	if (!replica_end(r, wn_cell_write(r->cells, r->at, bytes, len, at)))
		FAIL(rs, "write refused");
	if (at > o->stamp || (at == o->stamp && who > o->replica)) {
		o->stamp = at;
		o->replica = who;
		o->len = len;
		memcpy(o->value, bytes, len);
	}
}

static u64 sum(const u64 *words, u32 n)
{
	u64 s = 0;
	u32 i;

	for (i = 0; i < n; i++)
		s += words[i];
	return s;
}

static void op_escrow(struct replicas *rs, u32 who)
{
	struct replica *r = &rs->r[who];
	const u32 to = (u32)pick(rs, rs->n), client = (u32)pick(rs, 2);
	const u64 n = pick(rs, 60), here = wn_escrow_rights(r->cells, r->at, r->now);
	const struct wn_row *holder = wn_row_find(r->cells, r->at, WN_ROW_LOCAL, client);
	const u64 lent = holder ? holder->x : 0, spent = pick(rs, 80);
	int err, want = 0;

	replica_begin(r);
	switch (pick(rs, 8)) {
	case 0:
		err = wn_escrow_make(r->cells, r->at, n, stamp(r), r->now);
		rs->oracle.plus[who] += n;
		break;
	case 1:
		want = to == who ? -EINVAL : n > here ? -EDQUOT : 0;
		err = wn_escrow_transfer(r->cells, r->at, to, n, stamp(r), r->now);
		break;
	case 2:
		want = n > here ? -EDQUOT : 0;
		err = wn_escrow_take(r->cells, r->at, client, n, stamp(r), r->now);
		break;
	case 3:
		want = !holder || spent > lent || n > lent - spent ? -EDQUOT : 0;
		err = wn_escrow_give(r->cells, r->at, client, n, spent, stamp(r));
		break;
	case 4:
		want = holder ? 0 : -EDQUOT;
		err = wn_escrow_fold(r->cells, r->at, client, spent, stamp(r));
		if (!err)
			rs->oracle.minus[who] += spent < lent ? spent : lent;
		break;
	default:
		want = n > here ? -EDQUOT : 0;
		err = wn_escrow_spend(r->cells, r->at, n, stamp(r), r->now);
		if (!err)
			rs->oracle.minus[who] += n;
	}
	replica_end(r, err);
	if (err != want)
		FAIL(rs, "escrow: %d, %d expected", err, want);
	if (sum(rs->oracle.minus, rs->n) > sum(rs->oracle.plus, rs->n))
		FAIL(rs, "more was spent than there was");
}

void replicas_op(struct replicas *rs, u32 who)
{
	rs->ops++;
	rs->r[who].now += pick(rs, 3000000);
	switch (rs->type) {
	case WN_CELL_GCOUNTER:
	case WN_CELL_PNCOUNTER:
		op_count(rs, who);
		break;
	case WN_CELL_LWW:
		op_write(rs, who);
		break;
	case WN_CELL_ESCROW:
		op_escrow(rs, who);
		break;
	default:
		op_elems(rs, who);
	}
	world_say("%u: an op", who);
}

/* -------------------------------------------------------------- network */

int replica_join(struct replica *r, const u8 *bytes, u32 len)
{
	struct wn_merge merge = { .hlc = r->w.core->hlc, .drift_ms = ~0ULL,
				  .clock = r->w.core->hlc };
	int err;

	replica_begin(r);
	err = wn_cell_merge(r->cells, r->at, bytes, len, &merge);
	if (replica_end(r, err))
		r->w.core->hlc = merge.clock > r->w.core->hlc ? merge.clock : r->w.core->hlc;
	return err;
}

u32 replica_encode(struct replica *r, u8 *to)
{
	const struct wn_vv none = {};
	u64 cursor = 0;
	int len = wn_cell_delta(r->cells, r->at, &none, &cursor, to, FORM_BYTES);

	if (len < 0 || cursor) {
		printf("Bail out! a state without a form: %d\n", len);
		exit(1);
	}
	return (u32)len;
}

/* What replicas tell each other to find whether they hold the same. */
static void digest(struct replica *r, u8 to[32])
{
	u32 budget;

	do
		budget = 1000;
	while (!wn_merged_slice(r->w.core, 0, &budget));
	wn_merged_digest(r->w.core, 0, to);
}

/* Two have the same digest where they have the same form, and only there. */
static void compare(struct replicas *rs, u32 a, u32 b)
{
	u8 *one = malloc(FORM_BYTES), *two = malloc(FORM_BYTES), da[32], db[32];
	const u32 len = replica_encode(&rs->r[a], one);
	const bool same = len == replica_encode(&rs->r[b], two) && !memcmp(one, two, len);

	digest(&rs->r[a], da);
	digest(&rs->r[b], db);
	rs->compared[same]++;
	if (same != !memcmp(da, db, sizeof(da)))
		FAIL(rs, "replicas %u and %u: %s, but their digests say otherwise", a, b,
		     same ? "the same" : "not the same");
	free(one);
	free(two);
}

/* Some of what @from knows, for somebody who knows what @to does, or less, or more. */
static void send(struct replicas *rs, u32 from, u32 to)
{
	struct message *m = &rs->net[rs->in_flight];
	const u32 room = pick(rs, 2) ? FORM_BYTES : 1200 + (u32)pick(rs, 2000);
	struct wn_vv since = {};
	u64 cursor = 0;
	int len;

	if (rs->in_flight == MESSAGES || rs->cut[from][to])
		return;
	m->may_miss = false;
	switch (pick(rs, 4)) {
	case 0:
		break;
	case 1:
		/* As if all that was ever sent had come. */
		wn_cell_vector(rs->r[pick(rs, rs->n)].cells, rs->r[from].at, &since);
		m->may_miss = true;
		break;
	default:
		wn_cell_vector(rs->r[to].cells, rs->r[to].at, &since);
	}
	do {
		len = wn_cell_delta(rs->r[from].cells, rs->r[from].at, &since, &cursor, m->bytes,
				    room);
		if (len < 0) {
			FAIL(rs, "delta: %d", len);
			return;
		}
		if (cursor)
			m->may_miss = true;
		/* Sometimes a later part goes first, or alone. */
	} while (cursor && pick(rs, 2));
	m->to = to;
	m->len = (u32)len;
	world_say("%u to %u: message %u, %lld bytes", from, to, rs->in_flight, (long long)len);
	rs->in_flight++;
}

static void deliver(struct replicas *rs)
{
	const u32 which = (u32)pick(rs, rs->in_flight);
	struct message *m = &rs->net[which], last;
	int err;

	do {
		err = replica_join(&rs->r[m->to], m->bytes, m->len);
		rs->partial += err == 1;
	} while (err == 1 && pick(rs, 4));
	world_say("message %u reaches %u: %d", which, m->to, err);
	if (err < 0 && (err != -EAGAIN || !m->may_miss))
		FAIL(rs, "join: %d", err);
	rs->joined += err >= 0;
	rs->missed += err < 0;
	if (!pick(rs, 4))
		return;		/* it comes again */
	last = rs->net[--rs->in_flight];
	rs->net[rs->in_flight] = *m;
	rs->net[which] = last;
}

void replicas_history(struct replicas *rs, u32 steps)
{
	u32 i, a, b;

	for (i = 0; i < steps && !rs->what[0]; i++) {
		a = (u32)pick(rs, rs->n);
		b = (u32)pick(rs, rs->n);
		switch (pick(rs, 20)) {
		case 0:
			rs->cut[a][b] = rs->cut[b][a] = pick(rs, 2);
			break;
		case 1:
			if (rs->in_flight)
				rs->in_flight--;	/* lost */
			break;
		case 2: case 3: case 4: case 5:
			if (a != b)
				send(rs, a, b);
			break;
		case 6: case 7: case 8: case 9:
			if (rs->in_flight)
				deliver(rs);
			break;
		default:
			replicas_op(rs, a);
		}
		if (i % 16 == 0) {
			const char *wrong = replica_check(&rs->r[a]);

			if (wrong)
				FAIL(rs, "replica %u: %s", a, wrong);
			compare(rs, a, b);
		}
	}
}

/* ------------------------------------------------------------ the end */

/* All that one knows to the other, in parts of a random size. */
static void tell(struct replicas *rs, u32 from, u32 to, u8 *bytes)
{
	struct replica *a = &rs->r[from], *b = &rs->r[to];
	const u32 room = 1300 + (u32)pick(rs, 6000);
	u64 cursor = 0;
	struct wn_vv since;
	int len, err;

	wn_cell_vector(b->cells, b->at, &since);
	do {
		len = wn_cell_delta(a->cells, a->at, &since, &cursor, bytes, room);
		if (len < 0) {
			FAIL(rs, "delta: %d", len);
			return;
		}
		do
			err = replica_join(b, bytes, (u32)len);
		while (err == 1);
		if (err) {
			FAIL(rs, "join at the end: %d", err);
			return;
		}
	} while (cursor);
}

static bool same_dot(const struct replica *r, const struct wn_elem *e, const struct oracle_dot *dot)
{
	u8 bytes[WN_CELL_BYTES_MAX];

	wn_elem_get(r->cells, e, bytes);
	return dot && !dot->ended && e->key_len == dot->elem.key_len &&
	       e->val_len == dot->elem.val_len && e->x == dot->elem.x && e->y == dot->elem.y &&
	       !memcmp(bytes, dot->bytes, e->key_len + e->val_len);
}

static void check_elems(struct replicas *rs, const struct replica *r)
{
	struct walk w = {};
	const struct wn_elem *e;
	u32 live = 0, i;

	for (i = 0; i < rs->oracle.nr_dots; i++)
		live += !rs->oracle.dots[i].ended;
	while ((e = walk_next(r, &w))) {
		if (!same_dot(r, e, oracle_find(&rs->oracle, e->replica, e->dot)))
			FAIL(rs, "dot (%u, %llu) should not be there", e->replica,
			     (unsigned long long)e->dot);
		live--;
	}
	if (live)
		FAIL(rs, "%u dots are missing", live);
}

static void check_escrow(struct replicas *rs, const struct replica *r, u64 total)
{
	u64 rights = 0;
	u32 i, c;

	if (wn_escrow_left(r->cells, r->at) != total)
		FAIL(rs, "left %llu, should be %llu",
		     (unsigned long long)wn_escrow_left(r->cells, r->at), (unsigned long long)total);
	for (i = 0; i < rs->n; i++) {
		rights += rs->r[i].cells->own[rs->r[i].at].rights;
		for (c = 0; c < 2; c++) {
			const struct wn_row *h = wn_row_find(rs->r[i].cells, rs->r[i].at,
							     WN_ROW_LOCAL, c);

			rights += h ? h->x : 0;
		}
	}
	if (rights != total)
		FAIL(rs, "rights %llu, should be %llu", (unsigned long long)rights,
		     (unsigned long long)total);
}

static void check_value(struct replicas *rs, u32 who)
{
	const struct replica *r = &rs->r[who];
	const struct oracle *o = &rs->oracle;
	const u64 total = sum(o->plus, rs->n) - sum(o->minus, rs->n);
	u8 bytes[WN_CELL_BYTES_MAX];

	switch (rs->type) {
	case WN_CELL_GCOUNTER:
	case WN_CELL_PNCOUNTER:
		if (wn_cell(r->cells, r->at)->value != total)
			FAIL(rs, "counter of %u is wrong", who);
		break;
	case WN_CELL_LWW:
		if (wn_cell_value(r->cells, r->at, bytes) != o->len ||
		    memcmp(bytes, o->value, o->len))
			FAIL(rs, "value of %u is not the last", who);
		break;
	case WN_CELL_ESCROW:
		check_escrow(rs, r, total);
		break;
	default:
		check_elems(rs, r);
	}
}

bool replicas_settle(struct replicas *rs)
{
	u8 *bytes = malloc(FORM_BYTES), *first = malloc(FORM_BYTES);
	u32 round, i, j, len, len_first = 0;

	for (round = 0; round < 2; round++)
		for (i = 0; i < rs->n; i++)
			for (j = 0; j < rs->n; j++)
				if (i != j && !rs->what[0])
					tell(rs, i, j, bytes);
	for (i = 0; i < rs->n && !rs->what[0]; i++) {
		const char *wrong = replica_check(&rs->r[i]);

		if (wrong)
			FAIL(rs, "replica %u: %s", i, wrong);
		len = replica_encode(&rs->r[i], bytes);
		if (!i) {
			memcpy(first, bytes, len);
			len_first = len;
		} else if (len != len_first || memcmp(first, bytes, len)) {
			FAIL(rs, "replicas 0 and %u differ", i);
		}
		compare(rs, 0, i);
		check_value(rs, i);
	}
	free(bytes);
	free(first);
	return !rs->what[0];
}

const char *replica_check(const struct replica *r)
{
	const struct wn_cells *cells = r->cells;
	const struct wn_cell_own *own = &cells->own[r->at];
	const struct wn_cell_rec *rec = wn_cell(cells, r->at);
	u32 row, at, prev, elems = 0, same;
	u64 keys = 0, live;
	s64 last = -1;

	for (row = own->rows; row != WN_INDEX_NONE; row = cells->row[row].next) {
		const struct wn_row *w = &cells->row[row];

		if ((s64)w->a << 16 | w->b) {
			if (last >= ((s64)w->a << 16 | w->b))
				return "rows are out of order";
		}
		last = (s64)w->a << 16 | w->b;
		if (!wn_cell_has_elems(rec->type))
			continue;
		live = 0;
		prev = WN_INDEX_NONE;
		for (at = w->head; at != WN_INDEX_NONE; at = cells->elems.at[at].next) {
			const struct wn_elem *e = &cells->elems.at[at];

			if (e->prev != prev || e->replica != w->a || e->cell != r->at ||
			    !e->dot || e->dot > w->n ||
			    (prev != WN_INDEX_NONE && e->dot <= cells->elems.at[prev].dot))
				return "elements are out of order";
			live++;
			/* The last of a key in its chain counts for the key. */
			same = wn_elem_same(cells, at);
			keys += same == WN_INDEX_NONE;
			for (; same != WN_INDEX_NONE; same = wn_elem_same(cells, same))
				if (cells->elems.at[same].replica == e->replica)
					return "two elements of a replica under one key";
			prev = at;
		}
		if (w->tail != prev || w->live != live)
			return "a row does not know its elements";
		elems += live;
	}
	if (own->elems != elems)
		return "elements are miscounted";
	if (wn_cell_has_elems(rec->type) && rec->value != keys)
		return "keys are miscounted";
	return NULL;
}

struct wn_item item_of(const char *key, const char *value)
{
	static u8 bytes[2 * WN_CELL_BYTES_MAX];
	struct wn_item item = { .bytes = bytes, .key_len = strlen(key), .val_len = strlen(value) };

	memcpy(bytes, key, item.key_len);
	memcpy(bytes + item.key_len, value, item.val_len);
	return item;
}

int replica_put(struct replica *r, const char *key, const char *value)
{
	struct wn_item item = item_of(key, value);
	int err;

	replica_begin(r);
	err = wn_cell_put(r->cells, r->at, &item, stamp(r));
	replica_end(r, err);
	return err;
}

int replica_remove(struct replica *r, const char *key)
{
	struct wn_item item = item_of(key, "");
	int err;

	replica_begin(r);
	err = wn_cell_remove(r->cells, r->at, &item, stamp(r));
	replica_end(r, err);
	return err;
}

bool replica_has(struct replica *r, const char *key)
{
	struct wn_item item = item_of(key, "");

	return wn_cell_get(r->cells, r->at, &item) != WN_INDEX_NONE;
}
