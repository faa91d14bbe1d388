// SPDX-License-Identifier: MIT
/*
 * When all is quiet nothing is left to be done: random ops, deaths, slices, readers and
 * time, with a look after each at what wn_work_is_quiet() says and at what is there.
 */
#include <string.h>

#include "kmod/core/mail.h"
#include "kmod/core/work.h"
#include "tap.h"
#include "world.h"

#define CLIENTS 4
#define NODES 32
#define RING 4
#define MS 1000000ULL

static struct wn_user_ring user[CLIENTS];
static struct wn_kern_ring kern[CLIENTS];
static struct wn_event events[CLIENTS][WN_PRIORITIES * RING];
static struct wn_inbox inbox[CLIENTS];

static struct world w;
static u64 seed, node[NODES], subs[CLIENTS], quiet, settled, disturbed;
static bool right = true;

static u32 pick(u32 n)
{
	return (u32)(world_random(&seed) % n);
}

static void look(const char *after)
{
	if (!wn_work_is_quiet(w.core, &w.now))
		return;
	quiet++;
	if (!wn_work_may_wait(w.core, &w.now) && wn_mail_waiting(w.core, 0) < 0)
		return;
	if (right)
		diag("said to be quiet after %s: seed %#llx", after, tap_seed());
	right = false;
}

static void come(u32 c)
{
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL };
	const u32 entries[WN_PRIORITIES] = { RING, RING, RING, RING };

	if (wn_core_client_open(w.core, c, &first))
		return;
	memset(&user[c], 0, sizeof(user[c]));
	memset(&kern[c], 0, sizeof(kern[c]));
	wn_inbox_init(&inbox[c], &user[c], &kern[c], events[c], entries);
	subs[c] = 0;
}

static void read_mail(u32 c)
{
	memcpy(user[c].inbox_head, kern[c].inbox_tail, sizeof(user[c].inbox_head));
}

static const char *an_op(u32 c)
{
	const u64 at = w.now.boottime + 1 + pick(20) * MS / 4;
	const u32 i = pick(NODES);
	u8 name[64];
	s64 res;

	switch (pick(12)) {
	case 0:
		snprintf((char *)name, sizeof(name), "n%llu", world_random(&seed));
		world_name(name, (char *)name);
		res = world_op(&w, c, OP(.opcode = WN_OP_NODE_CREATE, .node = pick(2) ? 0 : node[i]),
			       name);
		if (!WN_RES_IS_ERROR(res))
			node[pick(NODES)] = (u64)res;
		return "a create";
	case 1:
		world_op(&w, c, OP(.opcode = WN_OP_NODE_DESTROY, .node = node[i] ? node[i] : 1), NULL);
		return "a destroy";
	case 2:
		world_op(&w, c, OP(.opcode = WN_OP_TIMER, .node = node[i], .w = { at },
				   .op_flags = WN_TIMER_MINE), NULL);
		return "a timer";
	case 3:
		world_op(&w, c, OP(.opcode = WN_OP_EMIT, .node = node[i]), NULL);
		return "an event";
	case 4:
		world_op(&w, c, OP(.opcode = WN_OP_EMIT, .node = node[i], .w = { [1] = at },
				   .op_flags = WN_EMIT_AT), NULL);
		return "a late event";
	case 5:
		world_op(&w, c, OP(.opcode = WN_OP_BIND, .node = node[i]), NULL);
		return "a bind";
	case 6:
		world_op(&w, c, OP(.opcode = WN_OP_BIND, .node = node[i], .w = { 3 * MS },
				   .op_flags = WN_BIND_QUEUE | WN_BIND_CREDIT(2)), NULL);
		return "a consumer";
	case 7:
		res = world_op(&w, c, OP(.opcode = WN_OP_SUBSCRIBE, .op_flags = WN_SUB_TREE |
					 WN_SUB_FIELDS | (pick(2) ? WN_SUB_STATE : 0)), NULL);
		if (!WN_RES_IS_ERROR(res))
			subs[c] = (u64)res;
		return "a subscription";
	case 8:
		world_op(&w, c, OP(.opcode = WN_OP_UNSUBSCRIBE, .arg = subs[c]), NULL);
		return "the end of a subscription";
	case 9:
		world_op(&w, c, OP(.opcode = WN_OP_MONITOR, .node = node[i]), NULL);
		return "a monitor";
	case 10:
		world_op(&w, c, OP(.opcode = WN_OP_NODE_SET, .node = node[i], .op_flags = WN_SET_STATE,
				   .arg = (u64)pick(9) << 16), NULL);
		return "a set";
	}
	world_op(&w, c, OP(.opcode = WN_OP_NOP), NULL);
	return "nothing";
}

/* As whoever runs the engine does at the end of each hold of its lock. */
static void settle(void)
{
	int at;

	for (at = wn_mail_waiting(w.core, 0); at >= 0; at = wn_mail_waiting(w.core, (u32)at + 1))
		wn_mail_pump(w.core, (u32)at, &inbox[at]);
	settled += wn_work_settle(w.core, &w.now);
}

static void step(void)
{
	const u32 c = pick(CLIENTS);
	const char *what = "time";

	switch (pick(8)) {
	case 0:
		w.now.boottime += pick(3) * MS;
		w.now.realtime += MS;
		break;
	case 1:
	case 2:
		wn_work_slice(w.core, &w.now);
		what = "a slice";
		break;
	case 3:
		if (!pick(8)) {
			wn_core_client_close(w.core, c);
			what = "a death";
			look(what);
		}
		come(c);
		break;
	case 4:
		read_mail(c);
		wn_mail_retry(w.core, c);
		what = "a reader's retry";
		break;
	default:
		what = an_op(c);
	}
	look(what);
	if (pick(3)) {
		settle();
		look("a settle");
	}
}

/* It is said at all, an op that does nothing keeps it so, and time or a change ends it. */
static void test_ends(void)
{
	struct wn_bounds b = world_bounds(64);
	bool good;

	world_init(&w, &b, 1);
	good = wn_work_settle(w.core, &w.now) && wn_work_is_quiet(w.core, &w.now);
	world_op(&w, 0, OP(.opcode = WN_OP_NOP), NULL);
	ok(good && wn_work_is_quiet(w.core, &w.now), "quiet, and a NOP keeps it");
	world_create(&w, 0, "a");
	ok(!wn_work_is_quiet(w.core, &w.now), "a change ends it");
	world_op(&w, 0, OP(.opcode = WN_OP_TIMER, .w = { w.now.boottime + 2 * MS },
			   .op_flags = WN_TIMER_MINE), NULL);
	good = !WN_RES_IS_ERROR(w.last.res);
	while (wn_work_may_wait(w.core, &w.now))
		wn_work_slice(w.core, &w.now);
	good &= wn_work_settle(w.core, &w.now) && wn_work_is_quiet(w.core, &w.now);
	w.now.boottime += 3 * MS;
	ok(good && !wn_work_is_quiet(w.core, &w.now), "and so does what comes due");
	world_deinit(&w);
}

int main(void)
{
	struct wn_bounds b = world_bounds(64);
	u64 rounds, i, s;
	u32 c;

	tap_plan(4);
	rounds = 40 * tap_rounds();
	test_ends();
	seed = tap_seed();
	b.subs = 8;
	b.timers = 32;
	b.backlog = 64;
	for (i = 0; i < rounds && right; i++) {
		world_init(&w, &b, seed);
		memset(node, 0, sizeof(node));
		wn_core_client_close(w.core, 0);
		for (c = 0; c < CLIENTS; c++)
			come(c);
		for (s = 0; s < 4000 && right; s++)
			step();
		world_deinit(&w);
	}
	disturbed = rounds * 4000 - settled;
	ok(right && quiet > 1000 && settled > 1000 && disturbed > 1000,
	   "of %llu steps %llu settled all, %llu looks found it quiet", rounds * 4000, settled,
	   quiet);
	return tap_done();
}
