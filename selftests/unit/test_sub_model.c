// SPDX-License-Identifier: MIT
/*
 * Subscriptions beside the naive model: each event says what it should the moment it is
 * told, nothing is told twice or left out, the log grows by what could not join, a rescan
 * leads to what was lost; and epochs grow with each change, and with nothing else.
 */
#include <string.h>

#include "kmod/core/node.h"
#include "kmod/core/sub.h"
#include "kmod/core/work.h"
#include "model_sub.h"
#include "shrink.h"
#include "tap.h"
#include "tell.h"

#define STEPS	500
#define CELLS	12
#ifdef __SANITIZE_ADDRESS__
#define HISTORIES 60
#else
#define HISTORIES 250
#endif

static struct model_sub model;
static struct world w;
static struct steps *now;
static u64 rng, names, top;
static u64 made[64], cells[32][2];
static u32 nr_made, nr_cells, room, log_records;

/* What an op, or a group, changed. */
static struct { u64 node; u32 kinds; } noted[16];
static u32 nr_noted;

/* Of all histories. */
static u64 ops, told[8], by_errno[4096], rescans, queries, joined;

static u32 pick(u32 n)
{
	return (u32)(world_random(&rng) % n);
}

static void check(bool good, const char *what, s64 got, s64 want)
{
	if (!good)
		steps_wrong(now, "%s: %lld, want %lld", what, got, want);
}

/* ------------------------------------------------------------- what is told */

static s64 hear(struct wn_core *core, u32 client, const struct wn_event *event)
{
	struct wn_change change;
	const char *wrong;
	u32 k;

	(void)core;
	if (event->kind == WN_EV_CAP)
		return 0;
	if (!room)
		return -ENOBUFS;
	room--;
	memcpy(&change, event->data, sizeof(change));
	world_say("%u hears: kind %u node %#llx stamp %#llx what %#x", client, event->kind,
		  event->node, event->hlc, change.what);
	for (k = 0; k < 7; k++)
		told[k] += change.what >> k & 1;
	rescans += event->kind == WN_EV_RESCAN;
	wrong = sm_tell(&model, client, event);
	if (wrong)
		steps_wrong(now, "%s: node %#llx, what %#x", wrong, event->node, change.what);
	return 0;
}

/* What a rescan is to be followed by finds all that was lost, and no more. */
static void ask(u32 slot, u64 since)
{
	const struct sm_sub *s = &model.subs[slot];
	struct wn_filter filter = { .flags = WN_FILTER_SINCE, .since = since };
	struct wn_found found = {};
	bool seen[SM_NODES] = {};
	s64 n, i;

	if (!s->used || sm_why(&model, s))
		return;
	if (s->kinds & WN_SUB_CELLS)
		filter.flags |= WN_FILTER_CELLS;
	do {
		n = world_op(&w, s->client, OP(.opcode = WN_OP_QUERY, .cap = (u16)s->cap,
					       .node = s->node, .arg = found.cursor,
					       .w = { 0, WN_QUERY_MAX, found.cursor ? found.until : 0 }),
			     &filter);
		memcpy(&found, w.out, sizeof(found));
		for (i = 0; i < n; i++) {
			const struct wn_node_rec *rec =
				(const struct wn_node_rec *)(w.out + sizeof(found)) + i;

			seen[wn_handle_index(rec->handle)] = true;
		}
	} while (n >= 0 && found.cursor);
	check(n >= 0, "a query", n, 0);
	for (i = 0; i < SM_NODES; i++)
		check(seen[i] == (wn_node(w.core, (u32)i)->handle &&
				  sm_finds(&model, s, since, wn_node(w.core, (u32)i)->handle)),
		      "found by a rescan's query", i, seen[i]);
	queries++;
}

static void slice(u32 steps)
{
	u32 i;

	wn_sub_slice(w.core, steps, &w.now);
	for (i = 0; i < model.nr_asked; i++)
		ask(model.asked[i].sub, model.asked[i].since);
	model.nr_asked = 0;
}

static void rest(void)
{
	const char *left;
	u32 i;

	room = ~0u;
	for (i = 0; i < 10000 && !now->wrong &&
		    (wn_sub_has_work(w.core) || w.core->subs.stuck); i++)
		slice(100);
	check(i < 10000, "work without end", i, 0);
	room = 0;
	left = sm_rest(&model);
	if (left)
		steps_wrong(now, "the engine rests, and there is %s", left);
}

/* ---------------------------------------------------------------- changes */

static void note(u64 node, u32 kinds)
{
	u32 i;

	for (i = 0; i < nr_noted; i++)
		if (noted[i].node == node) {
			noted[i].kinds |= kinds;
			return;
		}
	noted[nr_noted].node = node;
	noted[nr_noted++].kinds = kinds;
}

static u64 record_of(u64 node)
{
	return w.core->own[wn_handle_index(node)].logged;
}

/* A commit: its changes are one for each node. */
static void noted_all(u64 read)
{
	const char *wrong;
	u32 i, new = 0;
	u64 record;

	for (i = 0; i < nr_noted; i++) {
		record = w.core->log.readers ? record_of(noted[i].node) : 0;
		new += record >= model.head;
		joined += record && record < model.head;
		wrong = sm_note(&model, noted[i].node, noted[i].kinds, record, read);
		if (wrong)
			steps_wrong(now, "%s", wrong);
	}
	/* Of a log that one commit fills some may have more than one. */
	check(w.core->log.head - model.head == new || (log_records < 16 && w.core->log.head - model.head > new),
	      "new records of the log", (s64)(w.core->log.head - model.head), new);
	model.head = w.core->log.head;
	nr_noted = 0;
	sm_look(&model);
}

static u64 some_node(void)
{
	return pick(6) ? made[pick(nr_made)] : pick(2) ? top : w.core->root;
}

static void some_op(struct wn_sqe *sqe, u8 data[64], bool group)
{
	const u64 *cell = cells[pick(32)];
	char name[16];

	*sqe = (struct wn_sqe){ .node = some_node() };
	snprintf(name, sizeof(name), "n%llu", names++);
	world_name(data, name);
	switch (pick(group ? 5 : 11)) {
	case 0: case 1:
		sqe->opcode = WN_OP_NODE_SET;
		sqe->op_flags = WN_SET_STATE;
		sqe->w[0] = (u64)pick(1000) << 32;
		break;
	case 2: case 3: case 4:
		sqe->opcode = pick(4) ? WN_OP_CELL_UPDATE : WN_OP_CELL_DESTROY;
		sqe->node = cell[0] ? cell[0] : sqe->node;
		sqe->arg = cell[1];
		if (sqe->opcode == WN_OP_CELL_DESTROY)
			break;
		sqe->op_flags = WN_CELL_ADD;
		sqe->w[0] = 1;
		break;
	case 5: case 6:
		sqe->opcode = WN_OP_NODE_CREATE;
		sqe->flags = WN_SQE_WIDE;
		break;
	case 7:
		sqe->opcode = WN_OP_NODE_MOVE;
		sqe->arg = some_node();
		break;
	case 8:
		sqe->opcode = pick(3) ? WN_OP_NODE_RENAME : WN_OP_NODE_DESTROY;
		if (sqe->opcode == WN_OP_NODE_RENAME)
			sqe->flags = WN_SQE_WIDE;
		else if (sqe->node == top && pick(8))
			sqe->node = made[pick(nr_made)];
		break;
	default:
		sqe->opcode = WN_OP_CELL_CREATE;
		sqe->op_flags = WN_CELL_GCOUNTER;
		sqe->w[0] = pick(6);
	}
}

/* What one that was done has changed; parent: of its node, before. */
static void changed(const struct wn_sqe *sqe, u64 parent, s64 res)
{
	switch (sqe->opcode) {
	case WN_OP_NODE_SET:
		note(sqe->node, WN_CHANGE_FIELDS | SM_TOUCHED);
		break;
	case WN_OP_NODE_CREATE:
		note((u64)res, WN_CHANGE_TREE | WN_CHANGE_FIELDS | SM_TOUCHED);
		note(sqe->node, WN_CHANGE_TREE | SM_TOUCHED);
		made[nr_made < 64 ? nr_made++ : pick(64)] = (u64)res;
		break;
	case WN_OP_NODE_MOVE:
		note(parent, WN_CHANGE_TREE | SM_TOUCHED);
		note(sqe->node, WN_CHANGE_TREE | WN_CHANGE_MOVED | SM_TOUCHED);
		note(sqe->arg, WN_CHANGE_TREE | SM_TOUCHED);
		break;
	case WN_OP_NODE_RENAME:
		note(sqe->node, WN_CHANGE_TREE | SM_TOUCHED);
		break;
	case WN_OP_NODE_DESTROY:
		note(parent, WN_CHANGE_TREE | SM_TOUCHED);
		break;
	case WN_OP_CELL_CREATE:
		note(sqe->node, WN_CHANGE_CELLS | SM_TOUCHED);
		cells[nr_cells % 32][0] = sqe->node;
		cells[nr_cells++ % 32][1] = (u64)res;
		break;
	case WN_OP_CELL_UPDATE:
		note(sqe->node, WN_CHANGE_CELLS);
		break;
	case WN_OP_CELL_DESTROY:
		note(sqe->node, WN_CHANGE_CELLS | SM_TOUCHED);
	}
}

static void step_op(void)
{
	const u64 epoch = w.core->public->epoch, read = w.core->log.read;
	const u64 was = w.core->hlc;
	struct wn_sqe sqe;
	u64 parent;
	u8 data[64];
	s64 res;

	some_op(&sqe, data, false);
	parent = wn_node(w.core, wn_handle_index(sqe.node))->parent;
	res = world_op(&w, 0, &sqe, sqe.flags & WN_SQE_WIDE ? data : NULL);
	ops++;
	if (!WN_RES_IS_ERROR(res))
		changed(&sqe, parent, res);
	noted_all(read);
	check(!(w.core->public->epoch & 1) && (WN_RES_IS_ERROR(res) ? w.core->public->epoch == epoch :
					       w.core->public->epoch > epoch),
	      "the domain's epoch", (s64)w.core->public->epoch, (s64)epoch);
	check(WN_RES_IS_ERROR(res) || w.core->hlc > was, "the clock", (s64)w.core->hlc, (s64)was);
}

/* Two or three at once; or none, and nobody hears of it. */
static void step_group(void)
{
	const u64 epoch = w.core->public->epoch, read = w.core->log.read;
	const struct wn_op_env env = { .client = 0, .now = &w.now };
	const bool fails = pick(2);
	struct wn_op_result results[4];
	struct wn_sqe slots[8] = {};
	u32 n = 2 + pick(2), i;
	bool done;

	for (i = 0; i < n; i++) {
		some_op(&slots[2 * i], (u8 *)&slots[2 * i + 1], true);
		slots[2 * i].flags |= WN_SQE_ATOMIC;
	}
	slots[2 * n] = (struct wn_sqe){ .op_flags = WN_NOP_RESULT, .w = { fails ? (u64)-EIO : 0 } };
	done = wn_op_apply_group(w.core, &env, slots, n + 1, results);
	world_say("group of %u: %s", n, done ? "done" : "refused");
	for (i = 0; i < n; i++) {
		world_say_op(0, &slots[2 * i], results[i].res);
		if (done)
			changed(&slots[2 * i], 0, results[i].res);
	}
	noted_all(read);
	check(done ? w.core->public->epoch > epoch : w.core->public->epoch == epoch,
	      "the domain's epoch", (s64)w.core->public->epoch, (s64)epoch);
}

/* ------------------------------------------------------------ subscriptions */

static void step_subscribe(void)
{
	const u32 client = pick(SM_CLIENTS), cap = pick(3) ? 0 : pick(8);
	u32 flags = 1 + pick(7), slot;
	u64 node = pick(3) ? top : some_node();
	struct wn_sqe sqe;
	s64 want, got;

	if (cap && !model.caps[client][cap].top)
		return;
	flags = pick(40) ? flags : 0;
	flags |= pick(2) ? WN_SUB_STATE : 0;
	want = sm_subscribe(&model, client, cap, node, flags, &slot);
	sqe = (struct wn_sqe){ .opcode = WN_OP_SUBSCRIBE, .cap = (u16)cap, .node = node,
			       .op_flags = flags, .arg = want ? 0 : slot + SM_SUBS * names };
	got = world_op(&w, client, &sqe, NULL);
	check(want ? got == want : got > 0, "subscribe", got, want);
	if (want)
		by_errno[-want]++;
	else
		model.subs[slot].handle = (u64)got;
	sm_look(&model);
}

static void step_unsubscribe(void)
{
	const struct sm_sub *s = &model.subs[pick(SM_SUBS)];
	const u32 client = pick(8) ? s->client : pick(SM_CLIENTS);
	const u64 handle = s->handle ? s->handle : 1;
	const s64 want = sm_unsubscribe(&model, client, handle);

	check(world_op(&w, client, OP(.opcode = WN_OP_UNSUBSCRIBE, .arg = handle), NULL) == want,
	      "unsubscribe", -1, want);
	if (want)
		by_errno[-want]++;
}

/* Of client 2 over the subtree that most is about, for a time or until it is revoked. */
static void step_cap(void)
{
	const struct wn_grant in = { .rights = WN_RIGHT_READ,
				     .expires = pick(2) ? 0 : w.now.boottime + 1 + pick(2000) };
	static u64 handles[8];
	const u32 at = 1 + pick(7);
	struct sm_cap *c = &model.caps[2][at];
	u32 i;
	s64 res;

	if (c->top && !c->revoked && !pick(2)) {
		if (world_op(&w, 0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = handles[at]), NULL))
			return;
		c->revoked = true;
		sm_look(&model);
		return;
	}
	if (!sm_covers(&model, w.core->root, top))
		return;
	res = world_op(&w, 0, OP(.opcode = WN_OP_CAP_GRANT, .node = top, .arg = 3), &in);
	if (WN_RES_IS_ERROR(res) || w.last.aux > 7)
		return;
	/* Whoever held by the one that was there before holds by none. */
	for (i = 0; i < SM_SUBS; i++)
		if (model.subs[i].used && model.subs[i].client == 2 &&
		    model.subs[i].cap == w.last.aux) {
			model.subs[i].lost = true;
			model.subs[i].errors |= 2;
		}
	model.caps[2][w.last.aux] = (struct sm_cap){ .top = top, .expires = in.expires };
	handles[w.last.aux] = (u64)res;
}

static void open_client(u32 c)
{
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL };

	if (c)
		check(!wn_core_client_open(w.core, c, &first), "an open", -1, 0);
	memset(model.caps[c], 0, sizeof(model.caps[c]));
	model.caps[c][0].top = w.core->root;
}

static void step_client(void)
{
	u32 i;

	if (pick(8))
		return;
	wn_core_client_close(w.core, 1);
	for (i = 0; i < 1000 && wn_death_waits(&w.core->deaths); i++)
		wn_death_slice(w.core, 1000, &w.now);
	while (wn_core_slice(w.core, 100))
		;
	world_say("client 1 closes, and opens again");
	sm_close(&model, 1);
	open_client(1);
	sm_look(&model);
}

static void step(void)
{
	u32 n;

	switch (pick(32)) {
	case 0: case 1:
		step_subscribe();
		break;
	case 2:
		if (!pick(3))
			step_unsubscribe();
		break;
	case 3:
		/* So many that it goes round the table, and who holds by a slot finds another there. */
		for (n = pick(6) ? 1 : 24; n; n--) {
			step_cap();
			wn_core_slice(w.core, 10);
		}
		sm_look(&model);
		break;
	case 4:
		step_client();
		break;
	case 5:
		w.now.boottime += pick(400);
		w.now.realtime += pick(2) * 500000;
		sm_look(&model);
		break;
	case 6:
		if (!pick(4))
			rest();
		break;
	case 7: case 8: case 9: case 10:
		room = pick(6);
		slice(1 + pick(pick(2) ? 12 : 200));
		room = 0;
		break;
	case 11:
		wn_core_slice(w.core, pick(4));
		sm_look(&model);
		break;
	case 12: case 13:
		step_group();
		break;
	default:
		step_op();
	}
}

static void history(struct steps *s)
{
	struct wn_bounds b = world_bounds(SM_NODES);
	u32 i;

	now = s;
	b.cells = CELLS;
	b.log_records = log_records;
	b.subs = SM_SUBS;
	b.backlog = 64;
	memset(&model, 0, sizeof(model));
	memset(cells, 0, sizeof(cells));
	nr_made = nr_cells = room = nr_noted = 0;
	names = 0;
	world_init(&w, &b, 5);
	model.w = &w;
	tell_by = hear;
	for (i = 0; i < SM_CLIENTS; i++)
		open_client(i);
	model.head = w.core->log.head;
	top = (u64)world_create(&w, 0, "top");
	note(top, WN_CHANGE_TREE | WN_CHANGE_FIELDS | SM_TOUCHED);
	note(w.core->root, WN_CHANGE_TREE | SM_TOUCHED);
	noted_all(w.core->log.read);
	made[nr_made++] = top;
	while (steps_next(s, &rng) && model.nr_changes + 16 < SM_CHANGES)
		step();
	if (!s->wrong)
		rest();
	world_deinit(&w);
}

int main(void)
{
	static const u32 logs[] = { 4, 16, 64, 1024 };
	struct steps steps = { .play = history, .nr = STEPS };
	u32 i, k, missing = 0;
	bool right;

	tap_plan(5);
	for (i = 0; i < 4; i++) {
		log_records = logs[i];
		rescans = queries = 0;
		right = steps_hold_all(&steps, tap_seed() + i * 1000003,
				       HISTORIES * tap_rounds());
		ok(right && (log_records > 100 || (rescans && queries)),
		   "a log of %u: %llu rescans, %llu of them looked at", log_records, rescans, queries);
	}
	diag("%llu ops, %llu changes joined a record", ops, joined);
	for (k = 0; k < 7; k++) {
		diag("%10llu told of kind %#x", told[k], 1u << k);
		missing += !told[k];
	}
	ok(!missing && joined && by_errno[ENOSPC] && by_errno[ESTALE] && by_errno[EINVAL] &&
	   by_errno[EKEYREVOKED] && by_errno[EKEYEXPIRED], "every kind and every error came up");
	return tap_done();
}
