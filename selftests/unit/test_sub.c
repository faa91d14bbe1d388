// SPDX-License-Identifier: MIT
/* Subscriptions: what is told, that nothing is told twice or not at all, and to whom. */
#include <string.h>

#include "follower.h"
#include "kmod/core/sub.h"
#include "kmod/core/work.h"
#include "shrink.h"
#include "tap.h"
#include "tell.h"

#define NODES	60
#define CELLS	16
#define KINDS	(WN_SUB_TREE | WN_SUB_FIELDS | WN_SUB_CELLS)

static u64 in, inner, out;	/* a scope, a node in it, one outside */

/* What stands for the clients' inboxes, with so much room each. */
static struct wn_event mail[4][512];
static u32 used[4], mail_room;

/* Or the inboxes themselves, four entries for each priority, behind a small backlog. */
static struct wn_core *through;
static struct wn_user_ring user[4];
static struct wn_kern_ring kern[4];
static struct wn_event entries[4][4 * WN_PRIORITIES];
static struct wn_inbox inbox[4];

static bool take_through(u32 client, struct wn_event *event)
{
	u32 *head = &user[client].inbox_head[0];

	wn_mail_pump(through, client, &inbox[client]);
	if (*head == kern[client].inbox_tail[0])
		return false;
	*event = entries[client][(*head)++ % 4];
	return true;
}

static void go_through(struct wn_core *core)
{
	const u32 four[WN_PRIORITIES] = { 4, 4, 4, 4 };
	u32 i;

	through = core;
	memset(user, 0, sizeof(user));
	memset(kern, 0, sizeof(kern));
	for (i = 0; i < 4; i++)
		wn_inbox_init(&inbox[i], &user[i], &kern[i], entries[i], four);
	tell_by = NULL;
}

static s64 offer(struct wn_core *core, u32 client, const struct wn_event *event)
{
	(void)core;
	if (used[client] >= mail_room)
		return -ENOBUFS;
	mail[client][used[client]++] = *event;
	return 0;
}

static struct wn_bounds bounds_of(u32 log, u32 subs)
{
	struct wn_bounds b = world_bounds(NODES);

	b.cells = CELLS;
	b.log_records = log;
	b.subs = subs;
	b.backlog = 16;
	return b;
}

static void begin(struct world *w, u32 log, u32 subs)
{
	const struct wn_bounds bounds = bounds_of(log, subs);
	struct wn_core_open first = { .rights = WN_RIGHT_ALL };

	world_init(w, &bounds, 5);
	in = (u64)world_create(w, 0, "in");
	inner = (u64)world_create(w, in, "inner");
	out = (u64)world_create(w, 0, "out");
	first.node = in;
	wn_core_client_open(w->core, 1, &first);
	wn_core_client_open(w->core, 2, &first);
	memset(used, 0, sizeof(used));
	mail_room = 512;
	through = NULL;
	tell_by = offer;
}

static s64 subscribe(struct world *w, u32 client, u64 node, u32 flags)
{
	return world_op(w, client, OP(.opcode = WN_OP_SUBSCRIBE, .node = node, .op_flags = flags,
				      .arg = 77), NULL);
}

static void pump(struct world *w)
{
	u32 i;

	for (i = 0; i < 1000 && wn_sub_has_work(w->core); i++)
		wn_sub_slice(w->core, 100, &w->now);
}

static bool take(u32 client, struct wn_event *event)
{
	if (through)
		return take_through(client, event);
	if (!used[client])
		return false;
	*event = mail[client][0];
	memmove(&mail[client][0], &mail[client][1], --used[client] * sizeof(*event));
	return true;
}

/* The next event of a client is this change; hands its stamp out. */
static bool heard(struct world *w, u32 client, u64 node, u32 what)
{
	struct wn_change change;
	struct wn_event event;

	pump(w);
	if (!take(client, &event))
		return false;
	memcpy(&change, event.data, sizeof(change));
	if (event.kind == WN_EV_CHANGE && event.node == node && change.what == what &&
	    event.trace == 77 && !event.badge && event.len == sizeof(change))
		return true;
	diag("event of %llx, kind %u, what %#x", event.node, event.kind, change.what);
	return false;
}

static bool silent(struct world *w, u32 client)
{
	struct wn_event event;

	pump(w);
	return !take(client, &event);
}

static s64 set(struct world *w, u64 node)
{
	static u64 tags;

	return world_op(w, 0, OP(.opcode = WN_OP_NODE_SET, .node = node,
				 .op_flags = WN_SET_TAGS, .w = { 0, ++tags }), NULL);
}

static s64 move(struct world *w, u64 node, u64 to)
{
	return world_op(w, 0, OP(.opcode = WN_OP_NODE_MOVE, .node = node, .arg = to), NULL);
}

static void test_kinds(void)
{
	struct world w;
	u64 child, cell;

	begin(&w, 64, 8);
	ok(subscribe(&w, 1, in, 0) == -EINVAL && subscribe(&w, 1, in, WN_SUB_STATE) == -EINVAL &&
	   subscribe(&w, 1, out, KINDS) == -ESTALE &&
	   world_op(&w, 1, OP(.opcode = WN_OP_SUBSCRIBE, .cap = 3, .op_flags = KINDS), NULL) ==
	   -EACCES, "what cannot be subscribed");
	ok(subscribe(&w, 1, in, KINDS) > 0 && silent(&w, 1), "nothing yet");
	ok(set(&w, inner) > 0 && heard(&w, 1, inner, WN_CHANGE_FIELDS) && silent(&w, 1), "a field");
	child = (u64)world_create(&w, inner, "child");
	ok(heard(&w, 1, child, WN_CHANGE_TREE | WN_CHANGE_FIELDS) &&
	   heard(&w, 1, inner, WN_CHANGE_TREE) && silent(&w, 1), "a child comes");
	cell = (u64)world_op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .node = child,
				       .op_flags = WN_CELL_GCOUNTER), NULL);
	ok(heard(&w, 1, child, WN_CHANGE_CELLS) && silent(&w, 1), "a cell comes");
	ok(world_op(&w, 0, OP(.opcode = WN_OP_CELL_UPDATE, .node = child, .arg = cell,
			      .op_flags = WN_CELL_ADD, .w = { 5 }), NULL) > 0 &&
	   heard(&w, 1, child, WN_CHANGE_CELLS) && silent(&w, 1), "and changes");
	ok(set(&w, out) > 0 && world_create(&w, out, "x") > 0 && silent(&w, 1), "outside");
	ok(move(&w, child, out) > 0 && heard(&w, 1, inner, WN_CHANGE_TREE) && silent(&w, 1),
	   "out of sight: its parent tells");
	ok(set(&w, child) > 0 && silent(&w, 1), "and nothing more");
	ok(move(&w, child, in) > 0 && heard(&w, 1, in, WN_CHANGE_TREE) &&
	   heard(&w, 1, child, WN_CHANGE_TREE | WN_CHANGE_MOVED) && silent(&w, 1), "and in again");
	ok(!world_op(&w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = inner), NULL) &&
	   heard(&w, 1, in, WN_CHANGE_TREE) && silent(&w, 1), "gone: its parent tells");
	world_deinit(&w);
}

static void test_slow(void)
{
	struct world w;
	struct wn_event event;
	struct wn_change change;
	u64 since;
	u32 i;

	begin(&w, 8, 8);
	ok(subscribe(&w, 1, in, WN_SUB_FIELDS) > 0 && subscribe(&w, 2, 0, WN_SUB_TREE) > 0, "two");
	pump(&w);
	since = w.core->hlc;
	for (i = 0; i < 100; i++)
		set(&w, inner);
	ok(heard(&w, 1, inner, WN_CHANGE_FIELDS) && silent(&w, 1), "a hundred changes told as one");
	ok(silent(&w, 2), "not to whom it is nothing");
	mail_room = 1;
	ok(subscribe(&w, 2, in, WN_SUB_FIELDS) > 0 && set(&w, in) > 0 && silent(&w, 0), "another");
	for (i = 0; i < 5; i++) {
		set(&w, inner);
		while (take(1, &event))
			wn_sub_slice(w.core, 1000, &w.now);
		wn_sub_slice(w.core, 1000, &w.now);
	}
	mail_room = 100;
	wn_sub_slice(w.core, 1000, &w.now);
	/* A lap that had begun, and one for all that came meanwhile. */
	ok(heard(&w, 2, in, WN_CHANGE_FIELDS) && heard(&w, 2, inner, WN_CHANGE_FIELDS) &&
	   heard(&w, 2, inner, WN_CHANGE_FIELDS) && silent(&w, 2), "two for five to the slow");
	while (take(1, &event))
		;
	since = w.core->hlc;
	mail_room = 0;
	for (i = 0; i < 20; i++) {
		char name[8] = { 'a', (char)('a' + i) };

		world_create(&w, in, name);
		pump(&w);
	}
	mail_room = 100;
	wn_sub_slice(w.core, 1000, &w.now);
	pump(&w);
	ok(take(1, &event) && event.kind == WN_EV_RESCAN && event.hlc == since, "one rescan, from where it was");
	ok(silent(&w, 1), "and no other");
	ok(set(&w, inner) > 0 && heard(&w, 1, inner, WN_CHANGE_FIELDS) && silent(&w, 1), "then as before");
	while (take(2, &event))
		;
	wn_core_client_close(w.core, 2);
	ok(set(&w, in) > 0 && silent(&w, 2) && wn_pool_count(&w.core->subs.pool) == 1, "a client's end");
	while (take(1, &event))
		;
	mail_room = 0;
	world_op(&w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = in), NULL);
	pump(&w);
	mail_room = 100;
	wn_sub_slice(w.core, 1000, &w.now);
	ok(take(1, &event) && (memcpy(&change, event.data, sizeof(change)), true) &&
	   event.node == in && change.what == WN_CHANGE_END && change.error == ESTALE && silent(&w, 1) &&
	   !wn_pool_count(&w.core->subs.pool), "the end of what was subscribed");
	world_deinit(&w);
}

static void test_bounds(void)
{
	struct world w;
	s64 sub;

	begin(&w, 4, 4);
	sub = subscribe(&w, 1, in, KINDS);
	ok(sub > 0 && subscribe(&w, 1, in, KINDS) > 0 && subscribe(&w, 1, in, KINDS) == -ENOSPC,
	   "a client holds half");
	ok(subscribe(&w, 2, in, KINDS) > 0 && subscribe(&w, 2, in, KINDS) == -ENOSPC, "the next half of the rest");
	ok(world_op(&w, 2, OP(.opcode = WN_OP_UNSUBSCRIBE, .arg = (u64)sub), NULL) == -ESTALE,
	   "another's is nobody's");
	ok(!world_op(&w, 1, OP(.opcode = WN_OP_UNSUBSCRIBE, .arg = (u64)sub), NULL) &&
	   world_op(&w, 1, OP(.opcode = WN_OP_UNSUBSCRIBE, .arg = (u64)sub), NULL) == -ESTALE &&
	   subscribe(&w, 2, in, KINDS) > 0 && subscribe(&w, 2, in, KINDS) == -ENOSPC, "back");
	world_deinit(&w);
}

static void test_rights(void)
{
	const struct wn_grant read = { .rights = WN_RIGHT_READ };
	s64 handle;
	u32 cap;
	struct world w;
	struct wn_event event;
	struct wn_change change;

	begin(&w, 4, 4);
	wn_cap_put(w.core, 1, 1, &(struct wn_core_open){ .node = in, .rights = WN_RIGHT_WRITE });
	wn_cap_put(w.core, 1, 2, &(struct wn_core_open){ .node = in, .rights = WN_RIGHT_READ,
						   .expires = w.now.boottime + 5 });
	ok(world_op(&w, 1, OP(.opcode = WN_OP_SUBSCRIBE, .cap = 1, .op_flags = KINDS), NULL) == -EACCES &&
	   world_op(&w, 1, OP(.opcode = WN_OP_SUBSCRIBE, .cap = 2,
			      .op_flags = KINDS | WN_SUB_PRIORITY(2)), NULL) == -EACCES, "rights");
	ok(world_op(&w, 1, OP(.opcode = WN_OP_SUBSCRIBE, .cap = 2, .op_flags = KINDS), NULL) > 0, "a while");
	w.now.boottime += 5;
	set(&w, inner);
	pump(&w);
	ok(take(1, &event) && (memcpy(&change, event.data, sizeof(change)), true) &&
	   change.what == WN_CHANGE_END && change.error == EKEYEXPIRED && silent(&w, 1), "expired when told");
	handle = world_op(&w, 0, OP(.opcode = WN_OP_CAP_GRANT, .node = in, .arg = 2), &read);
	cap = w.last.aux;
	while (take(1, &event))
		;
	ok(handle > 0 && world_op(&w, 1, OP(.opcode = WN_OP_SUBSCRIBE, .cap = (u16)cap, .op_flags = KINDS),
				  NULL) > 0 &&
	   !world_op(&w, 0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = (u64)handle), NULL), "granted, revoked");
	set(&w, inner);
	pump(&w);
	ok(take(1, &event) && (memcpy(&change, event.data, sizeof(change)), true) &&
	   change.what == WN_CHANGE_END && change.error == EKEYREVOKED && silent(&w, 1),
	   "what changed afterwards is not told");
	world_deinit(&w);
}

/* So many that no slice goes round them all: each is told, once, and then there is peace. */
static void test_many(void)
{
	enum { MANY = 1000 };
	static u8 told[2 * MANY];
	struct wn_change change;
	struct wn_event event;
	u32 i, once = 0, slices;
	struct world w;

	begin(&w, 64, 2 * MANY);
	for (i = 0; i < MANY && subscribe(&w, 1, in, KINDS) > 0; i++)
		;
	for (slices = 0; wn_work_waits(w.core) && slices < 1000; slices++)
		wn_work_slice(w.core, &w.now);
	ok(i == MANY && slices < 1000, "%u that have nothing to hear are done after %u slices", i, slices);
	set(&w, inner);
	memset(told, 0, sizeof(told));
	for (slices = 0; wn_work_waits(w.core) && slices < 1000; slices++) {
		wn_work_slice(w.core, &w.now);
		/* Some while the round is under way: they ask for another. */
		if (slices == 5)
			subscribe(&w, 2, in, KINDS);
		while (take(1, &event)) {
			memcpy(&change, event.data, sizeof(change));
			told[wn_handle_index(change.sub)]++;
		}
	}
	for (i = 0; i < 2 * MANY; i++)
		once += told[i] == 1;
	ok(once == MANY && slices < 1000, "%u heard once, after %u slices", once, slices);
	mail_room = 0;
	set(&w, inner);
	for (slices = 0; wn_work_waits(w.core) && slices < 1000; slices++)
		wn_work_slice(w.core, &w.now);
	ok(slices < 1000 && w.core->subs.stuck == MANY + 1, "none has room: peace after %u slices, %u wait",
	   slices, w.core->subs.stuck);
	world_op(&w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = in), NULL);
	mail_room = 512;
	for (i = 0, slices = 0; wn_work_may_wait(w.core, &w.now) && slices < 10000; slices++) {
		wn_work_slice(w.core, &w.now);
		while (take(1, &event))
			i++;
		while (take(2, &event))
			i++;
	}
	ok(!wn_pool_count(&w.core->subs.pool) && i == MANY + 1 && slices < 1000 &&
	   !w.core->subs.round.left, "all end, and each is told: %u", i);
	world_deinit(&w);
}

/* Who had no room is gone, with the last of all subscriptions: nobody is waited for. */
static void test_gone(void)
{
	struct world w;
	u32 i;

	begin(&w, 64, 8);
	subscribe(&w, 1, in, KINDS);
	mail_room = 0;
	set(&w, inner);
	for (i = 0; i < 100 && wn_work_waits(w.core); i++)
		wn_work_slice(w.core, &w.now);
	ok(w.core->subs.stuck == 1 && wn_work_may_wait(w.core, &w.now), "one without room");
	wn_core_client_close(w.core, 1);
	for (i = 0; i < 100 && wn_work_may_wait(w.core, &w.now); i++)
		wn_work_slice(w.core, &w.now);
	ok(i < 100 && !w.core->subs.stuck, "peace after its end");
	world_deinit(&w);
}

/* ------------------------------------------------------ random histories */

struct tale {
	struct world w;
	u64 rng;
	u64 nodes[400];		/* handles that were made; some are gone */
	u32 nr_nodes;
	u64 cells[400][2];	/* node, cell */
	u32 nr_cells;
};

static u32 below(struct tale *t, u32 n)
{
	return (u32)(world_random(&t->rng) % n);
}

static void random_op(struct tale *t, bool grouped)
{
	struct wn_op_result results[2];
	const struct wn_op_env env = { .client = 0, .now = &t->w.now };
	struct wn_sqe slots[4] = { [2] = { .op_flags = WN_NOP_RESULT, .w = { (u64)-EIO } } };
	struct wn_sqe *sqe = &slots[0];
	const u64 node = t->nodes[below(t, t->nr_nodes)];
	const u64 *cell = t->cells[below(t, t->nr_cells ? t->nr_cells : 1)];
	char name[16];
	bool done;

	*sqe = (struct wn_sqe){ .node = node, .flags = WN_SQE_ATOMIC };
	snprintf(name, sizeof(name), "n%u", below(t, 1000));
	world_name((u8 *)&slots[1], name);
	switch (below(t, 10)) {
	case 0: case 1: case 2:
		sqe->opcode = WN_OP_NODE_CREATE;
		sqe->flags |= WN_SQE_WIDE;
		break;
	case 3:
		if (below(t, 2))
			return;
		sqe->opcode = WN_OP_NODE_DESTROY;
		sqe->op_flags = WN_DESTROY_LEAF;
		if (!below(t, 3))
			sqe->flags = sqe->op_flags = 0;
		break;
	case 4:
		sqe->opcode = WN_OP_NODE_MOVE;
		sqe->arg = t->nodes[below(t, t->nr_nodes)];
		break;
	case 5:
		sqe->opcode = WN_OP_NODE_RENAME;
		sqe->flags |= WN_SQE_WIDE;
		break;
	case 6: case 7:
		sqe->opcode = WN_OP_NODE_SET;
		sqe->op_flags = WN_SET_STATE;
		sqe->w[0] = (u64)below(t, 1000) << 32;
		break;
	case 8:
		sqe->opcode = WN_OP_CELL_CREATE;
		sqe->op_flags = WN_CELL_GCOUNTER;
		sqe->w[0] = below(t, 4);
		break;
	case 9:
		sqe->opcode = below(t, 4) ? WN_OP_CELL_UPDATE : WN_OP_CELL_DESTROY;
		sqe->node = cell[0];
		sqe->arg = cell[1];
		if (sqe->opcode == WN_OP_CELL_UPDATE) {
			sqe->op_flags = WN_CELL_ADD;
			sqe->w[0] = 1;
		}
		break;
	}
	/* Destroying what the test stands on would end it early. */
	if (sqe->opcode == WN_OP_NODE_DESTROY && (node == in || node == out))
		return;
	if (sqe->opcode == WN_OP_NODE_MOVE && (node == in || node == out))
		return;
	if (grouped && sqe->flags & WN_SQE_ATOMIC) {
		/* Done, then taken back: nobody may hear of it. */
		wn_op_apply_group(t->w.core, &env, slots, 2, results);
		world_say_op(0, sqe, results[0].res);
		return;
	}
	sqe->flags &= ~WN_SQE_ATOMIC;
	done = !WN_RES_IS_ERROR(world_op(&t->w, 0, sqe, sqe->flags & WN_SQE_WIDE ? &slots[1] : NULL));
	if (done && sqe->opcode == WN_OP_NODE_CREATE)
		t->nodes[t->nr_nodes < 400 ? t->nr_nodes++ : 3 + below(t, 397)] = (u64)t->w.last.res;
	if (done && sqe->opcode == WN_OP_CELL_CREATE) {
		const u32 i = t->nr_cells < 400 ? t->nr_cells++ : below(t, 400);

		t->cells[i][0] = sqe->node;
		t->cells[i][1] = (u64)t->w.last.res;
	}
}

static u32 listen(struct follower *f, u32 most)
{
	struct wn_event event;
	u32 n = 0;

	while (n < most && take(f->client, &event)) {
		follower_hear(f, &event);
		n++;
	}
	return n;
}

struct sums {
	u64 changes, states, rescans, doubles, strays, wrong;
};

static struct sums sums;
static u32 log_records, log_room;

static void one(struct tale *t, struct follower *f, bool *came)
{
	u32 k;

	/* Some time, each for itself. */
	for (k = 0; k < 2; k++) {
		if (came[k] || below(t, 80))
			continue;
		came[k] = true;
		subscribe(&t->w, f[k].client, in, KINDS | WN_SUB_STATE);
	}
	random_op(t, !below(t, 5));
	if (!below(t, 3))
		wn_sub_slice(t->w.core, 1 + below(t, 60), &t->w.now);
	if (!below(t, 4))
		listen(&f[0], below(t, 8));
	if (!below(t, 20))
		listen(&f[1], below(t, 8));
	if (!below(t, 8))
		wn_core_slice(t->w.core, below(t, 4));
	t->w.now.realtime += below(t, 2) * 500000;
}

static void history(struct steps *s)
{
	struct tale t = {};
	struct follower f[2];
	bool came[2] = {};
	u32 i, k;

	begin(&t.w, log_records, 4);
	if (!log_room)
		go_through(t.w.core);
	t.nodes[t.nr_nodes++] = in;
	t.nodes[t.nr_nodes++] = inner;
	t.nodes[t.nr_nodes++] = out;
	follower_init(&f[0], &t.w, 1, 0, in, KINDS);
	follower_init(&f[1], &t.w, 2, 0, in, KINDS);
	mail_room = log_room;
	while (steps_next(s, &t.rng))
		one(&t, f, came);
	for (k = 0; k < 2; k++)
		if (!came[k])
			subscribe(&t.w, f[k].client, in, KINDS | WN_SUB_STATE);
	for (i = 0; i < 10000; i++) {
		wn_sub_slice(t.w.core, 100, &t.w.now);
		/* A round that began before they listened still counts one of them as stuck. */
		if (!listen(&f[0], 5) + !listen(&f[1], 5) == 2 && !wn_sub_has_work(t.w.core) &&
		    !t.w.core->subs.stuck)
			break;
	}
	for (k = 0; k < 2; k++) {
		sums.changes += f[k].changes;
		sums.states += f[k].states;
		sums.rescans += f[k].rescans;
		sums.doubles += f[k].doubles;
		sums.strays += f[k].strays + (f[k].lives != 1) + f[k].ends;
		if (!follower_is_right(&f[k]) || f[k].doubles || f[k].strays || f[k].lives != 1)
			steps_wrong(s, "follower %u: %u double, %u astray, live %u times", k,
				    f[k].doubles, f[k].strays, f[k].lives);
	}
	world_deinit(&t.w);
}

static void test_histories(u32 log, u32 room)
{
	struct steps steps = { .play = history, .nr = 360 };
	bool right;

	log_records = log;
	log_room = room;
	sums = (struct sums){};
	right = steps_hold_all(&steps, tap_seed(), 300 * tap_rounds());
	ok(right && !sums.doubles && !sums.strays && sums.changes && sums.states &&
	   (log > 100 || sums.rescans), "log %u, %s %u: %llu changes, %llu states, %llu rescans",
	   log, room ? "room" : "through inboxes", room ? room : 4, sums.changes, sums.states, sums.rescans);
}

int main(void)
{
	tap_plan(43);
	test_kinds();
	test_slow();
	test_bounds();
	test_rights();
	test_many();
	test_gone();
	test_histories(1024, 400);
	test_histories(8, 400);
	test_histories(1, 400);
	test_histories(8, 2);
	test_histories(32, 1);
	test_histories(16, 0);
	test_histories(1024, 0);
	return tap_done();
}
