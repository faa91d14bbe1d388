// SPDX-License-Identifier: MIT
/*
 * Timers, events for a time, calls, monitors and links beside the naive model: same
 * results, same errors, and in each step each client gets the same events, whole.
 */
#include <stdlib.h>
#include <string.h>

#include "kmod/core/mail.h"
#include "kmod/core/work.h"
#include "model_promise.h"
#include "shrink.h"
#include "tap.h"

#define RING	64
#define STEPS	2000
#define HISTORIES 600
#define TICK	65536ULL

static struct wn_user_ring user[OWED_CLIENTS];
static struct wn_kern_ring kern[OWED_CLIENTS];
static struct wn_event events[OWED_CLIENTS][WN_PRIORITIES * RING];
static struct wn_inbox inbox[OWED_CLIENTS];
static struct model_promise model;
static struct world w;
static struct steps *now;
static u64 rng, handles[32], names, by_errno[4096], by_kind[16], ops, all;
static u32 nr_handles;

static u32 pick(u32 n)
{
	return (u32)(world_random(&rng) % n);
}

static void check(bool good, const char *what, s64 got, s64 want)
{
	if (!good)
		steps_wrong(now, "%s: %lld, want %lld", what, got, want);
}

/* ------------------------------------------------------------- what came */

static int order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct wn_event));
}

static void listen(u32 c)
{
	static struct wn_event got[OWED_EVENTS];
	struct wn_event *want = model.got[c];
	u32 p, n = 0, i;

	wn_mail_retry(w.core, c);
	wn_mail_pump(w.core, c, &inbox[c]);
	for (p = 0; p < WN_PRIORITIES; p++)
		while (user[c].inbox_head[p] != kern[c].inbox_tail[p] && n < OWED_EVENTS) {
			got[n] = events[c][p * RING + user[c].inbox_head[p]++ % RING];
			by_kind[got[n].kind]++;
			got[n++].hlc = 0;
		}
	check(n == model.nr_got[c], "events", n, model.nr_got[c]);
	qsort(got, n, sizeof(got[0]), order);
	qsort(want, model.nr_got[c], sizeof(want[0]), order);
	for (i = 0; i < n && i < model.nr_got[c]; i++)
		if (memcmp(&got[i], &want[i], sizeof(got[i])))
			steps_wrong(now, "event to %u: kind %u node %#llx trace %llu type %u flags %u len %u, want %u %#llx %llu %u %u %u",
				    c, got[i].kind, got[i].node, got[i].trace, got[i].type,
				    got[i].flags, got[i].len, want[i].kind, want[i].node,
				    want[i].trace, want[i].type, want[i].flags, want[i].len);
}

/* All that is to be done now is done. */
static void settle(void)
{
	u32 c, i;

	for (i = 0; i < 10000 && (wn_work_waits(w.core) ||
				  wn_core_next_deadline(w.core) <= w.now.boottime); i++)
		wn_work_slice(w.core, &w.now);
	check(i < 10000, "rest", i, 0);
	for (c = 0; c < OWED_CLIENTS; c++)
		if (model.open[c])
			listen(c);
	check(w.core->promises.pool.used == owed_count(&model, -1), "promises",
	      w.core->promises.pool.used, owed_count(&model, -1));
	for (c = 0; c < OWED_CLIENTS; c++)
		check(w.core->clients[c].promises == owed_count(&model, (int)c), "promises of one",
		      w.core->clients[c].promises, owed_count(&model, (int)c));
}

/* ------------------------------------------------------------------ steps */

static u64 some_handle(void)
{
	const struct owed *o = &model.at[pick(OWED_MOST)];

	if (o->kind && pick(3))
		return o->handle;
	return pick(30) ? handles[pick(32)] : world_random(&rng);
}

static u64 soon(void)
{
	return pick(40) ? w.now.boottime + pick(40) * 20000 : pick(2);
}

static s64 apply(u32 client, const struct wn_sqe *sqe, const void *data)
{
	const struct wn_op_env env = { .client = client, .now = &w.now };
	struct wn_sqe slots[4] = { *sqe, {}, { .op_flags = WN_NOP_RESULT, .w = { (u64)-EIO } } };
	struct wn_op_result results[2];

	ops++;
	/* Now and then it is tried in a group first that fails behind it. */
	if (!pick(6)) {
		slots[0].flags |= WN_SQE_ATOMIC;
		if (data) {
			slots[0].flags |= WN_SQE_WIDE;
			memcpy(&slots[1], data, sizeof(slots[1]));
		}
		wn_op_apply_group(w.core, &env, slots, 2, results);
		world_say_op(client, slots, results[0].res);
	}
	return world_op(&w, client, sqe, data);
}

static void answered(const char *what, s64 got, s64 want, struct owed *new)
{
	if (want < 0)
		by_errno[-want]++;
	if (want || !new) {
		check(got == want, what, got, want);
		return;
	}
	check(!WN_RES_IS_ERROR(got) && got, what, got, 1);
	new->handle = (u64)got;
	handles[nr_handles++ % 32] = (u64)got;
}

static void step_make(u32 c, int n)
{
	u64 data[8] = { world_random(&rng), world_random(&rng), world_random(&rng) };
	struct wn_sqe sqe = { .node = model.nodes[n].handle, .arg = ops,
			      .op_flags = pick(4) };
	const void *wide = NULL;
	struct owed *new = NULL;
	int other = (int)pick(OWED_NODES);
	const char *what;
	u32 len;
	s64 want;

	if (!sqe.node)
		return;
	switch (pick(5)) {
	case 0:
		what = "timer";
		sqe.opcode = WN_OP_TIMER;
		sqe.op_flags |= pick(2) ? WN_TIMER_MINE : 0;
		sqe.w[0] = soon();
		sqe.w[1] = pick(3) ? 0 : WN_TIMER_PERIOD_MIN + pick(1000000) - !pick(20);
		want = owed_timer(&model, c, n, &sqe, &new);
		break;
	case 1:
		what = "emit at";
		sqe.opcode = WN_OP_EMIT;
		len = pick(25);
		sqe.op_flags |= WN_EMIT(0, len) | WN_EMIT_AT;
		sqe.w[0] = pick(100);
		memset((u8 *)data + len, 0, sizeof(data) - len);
		data[3] = soon();
		wide = data;
		want = owed_emit_at(&model, c, n, &sqe, data, &new);
		break;
	case 2:
		what = "call";
		sqe.opcode = WN_OP_CALL;
		len = pick(18);
		sqe.op_flags |= WN_EMIT(0, len);
		sqe.w[0] = pick(100);
		sqe.w[1] = soon();
		memset((u8 *)data + len, 0, sizeof(data) - len);
		wide = data;
		want = owed_call(&model, c, n, &sqe, data, &new);
		break;
	case 3:
		what = "monitor";
		sqe.opcode = WN_OP_MONITOR;
		want = owed_monitor(&model, c, n, &sqe, &new);
		break;
	default:
		what = "link";
		if (!model.nodes[other].handle)
			return;
		sqe.opcode = WN_OP_MONITOR;
		sqe.op_flags = WN_MONITOR_LINK;
		sqe.arg = 0;
		sqe.w[0] = model.nodes[other].handle;
		want = owed_link(&model, c, n, other, &new);
	}
	answered(what, apply(c, &sqe, wide), want, new);
	if (!now->wrong && !want && new && new->kind == OWED_CALL)
		owed_ask(&model, new);
}

static void step_end(u32 c)
{
	u64 data[8] = { world_random(&rng), world_random(&rng) };
	const u64 handle = some_handle();
	const u32 len = pick(18);
	struct wn_sqe sqe = { .opcode = WN_OP_REPLY, .arg = handle, .op_flags = WN_EMIT(0, len),
			      .w = { pick(100) } };

	memset((u8 *)data + len, 0, sizeof(data) - len);
	switch (pick(4)) {
	case 0:
		answered("cancel", apply(c, OP(.opcode = WN_OP_CANCEL, .arg = handle), NULL),
			 owed_cancel(&model, c, handle), NULL);
		break;
	case 1:
		answered("demonitor", apply(c, OP(.opcode = WN_OP_DEMONITOR, .arg = handle), NULL),
			 owed_demonitor(&model, c, handle), NULL);
		break;
	default:
		answered("reply", apply(c, &sqe, data), owed_reply(&model, c, &sqe, data), NULL);
	}
}

static void step_node(u32 c, int n)
{
	u8 name[64] = {};
	s64 res;

	if (model.nodes[n].handle) {
		if (!(model.rights[c] & WN_RIGHT_DESTROY))
			return;
		check(!world_op(&w, c, OP(.opcode = WN_OP_NODE_DESTROY,
					  .node = model.nodes[n].handle), NULL), "destroy", -1, 0);
		owed_destroy(&model, n);
		return;
	}
	snprintf((char *)name, sizeof(name), "n%llu", names++);
	res = world_op(&w, c, OP(.opcode = WN_OP_NODE_CREATE), name);
	check(!WN_RES_IS_ERROR(res), "create", res, 1);
	model.nodes[n] = (struct owed_node){ .handle = (u64)res, .reader = -1, .owner = (int)c };
}

static void open_client(u32 c)
{
	static const u32 entries[WN_PRIORITIES] = { RING, RING, RING, RING };
	/* The last may not use the upper priorities, nor end anything. */
	const struct wn_core_open open = {
		.rights = c == OWED_CLIENTS - 1 ? WN_RIGHT_READ | WN_RIGHT_CREATE | WN_RIGHT_EMIT :
						  WN_RIGHT_ALL };

	check(!wn_core_client_open(w.core, c, &open), "open", c, 0);
	world_say("client %u opens", c);
	memset(&user[c], 0, sizeof(user[c]));
	memset(&kern[c], 0, sizeof(kern[c]));
	wn_inbox_init(&inbox[c], &user[c], &kern[c], events[c], entries);
	model.open[c] = true;
	model.rights[c] = open.rights;
}

static void step_reader(u32 c, int n)
{
	const int reader = model.nodes[n].reader;
	s64 want;

	if (!model.nodes[n].handle)
		return;
	if (pick(3)) {
		want = reader >= 0 && reader != (int)c && !(model.rights[c] & WN_RIGHT_ADMIN) ?
		       -EBUSY : 0;
		answered("bind", world_op(&w, c, OP(.opcode = WN_OP_BIND,
						    .node = model.nodes[n].handle), NULL), want, NULL);
		if (!want)
			model.nodes[n].reader = (int)c;
		return;
	}
	want = reader < 0 ? -ENOENT :
	       reader != (int)c && !(model.rights[c] & WN_RIGHT_ADMIN) ? -EACCES : 0;
	answered("unbind", world_op(&w, c, OP(.opcode = WN_OP_UNBIND, .node = model.nodes[n].handle),
				    NULL), want, NULL);
	if (!want)
		model.nodes[n].reader = -1;
}

static void step(void)
{
	const u32 c = pick(OWED_CLIENTS);
	const int n = (int)pick(OWED_NODES);

	owed_begin(&model);
	if (!model.open[c]) {
		open_client(c);
		return;
	}
	switch (pick(20)) {
	case 0:
		if (pick(8) || !c)
			break;
		wn_core_client_close(w.core, c);
		world_say("client %u closes", c);
		owed_close(&model, c);
		break;
	case 1:
		step_node(c, n);
		break;
	case 2: case 3: case 4:
		step_reader(c, n);
		break;
	case 5: case 6: case 7:
		w.now.boottime += (pick(10) ? pick(6) : pick(1000000)) * TICK;
		w.now.realtime += pick(1000000);
		world_say("it is %llu", w.now.boottime);
		break;
	case 8: case 9: case 10: case 11: case 12:
		step_end(c);
		break;
	default:
		step_make(c, n);
	}
	owed_time(&model, w.now.boottime);
	settle();
}

static void history(struct steps *s)
{
	struct wn_bounds b = world_bounds(OWED_NODES + 20);
	u32 i;

	b.timers = OWED_MOST;
	b.backlog = 1024;
	b.clients = OWED_CLIENTS;
	memset(&model, 0, sizeof(model));
	memset(handles, 0, sizeof(handles));
	nr_handles = 0;
	ops = names = 0;
	now = s;
	world_init(&w, &b, 5);
	w.now.boottime = 20000 * TICK;
	model.now = w.now.boottime;
	wn_core_client_close(w.core, 0);
	for (i = 0; i < OWED_NODES; i++)
		model.nodes[i] = (struct owed_node){ .reader = -1, .owner = -1 };
	while (steps_next(s, &rng))
		step();
	all += ops;
	world_deinit(&w);
}

int main(void)
{
	static const int errors[] = {
		EINVAL, EACCES, ENOSPC, ELOOP, ENOLINK, ESTALE, EBUSY, ENOENT,
	};
	static const u8 kinds[] = { WN_EV_USER, WN_EV_DOWN, WN_EV_CALL, WN_EV_REPLY, WN_EV_TIMER };
	struct steps steps = { .play = history, .nr = STEPS };
	u64 histories;
	bool right;
	int missing;
	u32 i;

	tap_plan(2);
	histories = HISTORIES * tap_rounds();
	right = steps_hold_all(&steps, tap_seed(), histories);
	ok(right, "%llu histories, %llu ops", histories, all);
	missing = tap_missing(by_errno, errors, sizeof(errors) / sizeof(errors[0]));
	for (i = 0; i < sizeof(kinds); i++) {
		diag("%10llu events of kind %u", by_kind[kinds[i]], kinds[i]);
		missing += !by_kind[kinds[i]];
	}
	ok(!missing, "every error and every kind of event came up");
	return tap_done();
}
