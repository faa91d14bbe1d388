// SPDX-License-Identifier: MIT
/*
 * What comes before a revocation's completion: all below is free, what was attached is
 * folded, who lost something is named; and what was sent under it says so.
 */
#include <string.h>

#include "kmod/core/mail.h"
#include "kmod/core/turn.h"
#include "kmod/core/work.h"
#include "tap.h"
#include "world.h"

#define RING	64
#define CAPS	1024	/* more than one slice frees */

struct side {
	struct wn_user_ring user;
	struct wn_kern_ring kern;
	struct wn_sqe sqes[RING];
	struct wn_cqe cqes[RING];
	struct wn_ring ring;
	struct wn_event events[WN_PRIORITIES * 4];
	struct wn_inbox inbox;
};

static struct side side;
static u64 slots[4][8];
static u64 allowed[WN_OP_WORDS];

static void reset(void)
{
	static const u32 entries[WN_PRIORITIES] = { 4, 4, 4, 4 };

	memset(&side, 0, sizeof(side));
	wn_ring_init(&side.ring, &side.user, &side.kern, side.sqes, RING, side.cqes, RING);
	wn_inbox_init(&side.inbox, &side.user, &side.kern, side.events, entries);
	memset(allowed, 0xff, sizeof(allowed));
}

static void put(const struct wn_sqe *sqe)
{
	side.sqes[side.user.sq_tail++ % RING] = *sqe;
}

static u32 turn(struct world *w, bool takes_back)
{
	struct wn_turn t = {
		.ring = &side.ring, .env = { .allowed = allowed }, .takes_back = takes_back,
	};

	return wn_turn_run(w->core, &t, RING, &w->now);
}

static u32 done(void)
{
	return side.kern.cq_tail;
}

static s64 grant(struct world *w, u32 client, u32 cap, u64 node, u32 to, u32 rights, u64 expires)
{
	struct wn_grant g = { .rights = rights, .expires = expires };

	return world_op(w, client, OP(.opcode = WN_OP_CAP_GRANT, .cap = (u16)cap, .node = node,
				      .arg = to), &g);
}

static void drain(struct world *w)
{
	while (wn_caps_touched(w->core) >= 0)
		;
}

static bool is_touched(struct world *w, int client)
{
	bool found = false;
	int at;

	while ((at = wn_caps_touched(w->core)) >= 0)
		found |= at == client;
	return found;
}

/* ------------------------------------------------------------ completions */

static void test_held(struct world *w)
{
	s64 root = grant(w, 0, 0, 0, 0, WN_RIGHT_ALL, 0);
	const u32 top = w->last.aux;
	u32 turns = 0, n = 1;

	grant(w, 0, top, 0, 2, WN_RIGHT_READ, 0);
	while (!WN_RES_IS_ERROR(grant(w, 0, top, 0, 0, WN_RIGHT_READ, 0)))
		n++;
	ok(n > WN_WORK_STEPS / 8, "a branch of %u", n);
	reset();
	drain(w);
	put(OP(.user_data = 1));
	put(OP(.opcode = WN_OP_CAP_REVOKE, .arg = (u64)root, .user_data = 2));
	put(OP(.user_data = 3));
	/* Freeing takes slices, of which a turn does one: make it more than that. */
	ok(turn(w, true) == 2 && side.ring.held && side.ring.left && !done(),
	   "the turn ends with it, and nothing is said");
	ok(world_op(w, 1, OP(.opcode = WN_OP_NODE_READ, .cap = 1), NULL) == -EKEYREVOKED,
	   "it holds at once, all the same");
	while (!wn_turn_release(w->core, &side.ring) && turns < 100) {
		turns++;
		if (!done() && turn(w, true))
			break;
	}
	ok(turns && turns < 100 && done() == 2 && side.cqes[1].user_data == 2 && !side.cqes[1].res,
	   "said when the last of it is free");
	ok(w->core->clients[1].caps_used == 1 && !wn_caps_are_doomed(w->core), "and it is");
	ok(is_touched(w, 1), "who lost it is named");
	ok(turn(w, true) == 1 && done() == 3 && side.cqes[2].user_data == 3 && !side.ring.held,
	   "then what was submitted behind it");
	root = grant(w, 0, 0, 0, 0, WN_RIGHT_ALL, 0);
	put(OP(.opcode = WN_OP_CAP_REVOKE, .arg = (u64)root));
	put(OP(.user_data = 3));
	ok(turn(w, false) == 1 && done() == 4, "said at once where nobody takes back");
}

/* A group, of which one fails: nothing was revoked, nothing waits. */
static void test_rolled_back(struct world *w)
{
	const s64 handle = grant(w, 0, 0, 0, 2, WN_RIGHT_READ, 0);
	const u32 index = w->last.aux;

	reset();
	put(OP(.opcode = WN_OP_CAP_REVOKE, .arg = (u64)handle, .flags = WN_SQE_ATOMIC));
	put(OP(.op_flags = WN_NOP_RESULT, .w = { (u64)-EIO }));
	ok(turn(w, true) == 2 && done() == 2 && !side.ring.held, "a group that fails holds nothing");
	ok(world_op(w, 1, OP(.opcode = WN_OP_CAP_READ, .cap = (u16)index), NULL) > 0, "nor revokes");
	put(OP(.opcode = WN_OP_CAP_REVOKE, .arg = (u64)handle, .flags = WN_SQE_ATOMIC));
	put(OP(.user_data = 1));
	ok(turn(w, true) == 2 && side.ring.held && done() == 2, "one that succeeds is held whole");
	ok(wn_turn_release(w->core, &side.ring) && done() == 4, "and said whole");
}

/* ------------------------------------------------------------------ slots */

static void test_slots(struct world *w)
{
	const u32 rights = WN_RIGHT_ATTACH | WN_RIGHT_READ;
	const s64 handle = grant(w, 0, 0, 0, 2, rights, 0);
	const u16 cap = (u16)w->last.aux;
	const s64 cell = world_op(w, 0, OP(.opcode = WN_OP_CELL_CREATE, .w = { 7 },
					   .op_flags = WN_CELL_NEW(WN_CELL_GCOUNTER, 0)), NULL);
	const struct wn_cell_rec *rec = world_cell(w->public, (u32)cell & WN_HANDLE_INDEX_MASK);
	s64 slot;

	slots[1][0] = 100;
	slot = world_op(w, 1, OP(.opcode = WN_OP_ATTACH, .cap = cap, .arg = (u64)cell), NULL);
	ok(!slot && rec->nr_slots == 1, "attached");
	slots[1][0] += 5;
	reset();
	put(OP(.opcode = WN_OP_CAP_REVOKE, .arg = (u64)handle));
	ok(turn(w, true) == 1 && wn_turn_release(w->core, &side.ring) && done() == 1 &&
	   !rec->nr_slots && rec->value == 5, "folded before it is said");
	slots[1][0] += 1000;
	ok(rec->value == 5 && world_op(w, 1, OP(.opcode = WN_OP_ATTACH, .cap = cap,
						.arg = (u64)cell), NULL) == -EKEYREVOKED,
	   "what is stored later counts nowhere");
}

/* ------------------------------------------------------------------ cover */

static void test_cover(struct world *w)
{
	const u64 node = (u64)world_create(w, 0, "scope");
	const u64 end = w->now.boottime + 100;
	u64 until;

	wn_core_client_close(w->core, 1);
	while (wn_core_slice(w->core, 100))
		;
	ok(!wn_core_client_open(w->core, 1, &(struct wn_core_open){ .rights = WN_RIGHT_EMIT,
								     .slots = slots[1] }) &&
	   !wn_caps_cover(w->core, 1, WN_RIGHT_READ, 0, &until), "who may not read all");
	grant(w, 0, 0, node, 2, WN_RIGHT_READ, 0);
	ok(!wn_caps_cover(w->core, 1, WN_RIGHT_READ, 0, &until), "nor by reading a part");
	drain(w);
	grant(w, 0, 0, 0, 2, WN_RIGHT_READ, end);
	ok(is_touched(w, 1) && wn_caps_cover(w->core, 1, WN_RIGHT_READ, end - 1, &until) &&
	   until == end, "until it expires");
	ok(!wn_caps_cover(w->core, 1, WN_RIGHT_READ, end, &until), "and not then");
	grant(w, 0, 0, 0, 2, WN_RIGHT_READ | WN_RIGHT_EMIT, 0);
	ok(wn_caps_cover(w->core, 1, WN_RIGHT_READ, end, &until) && until == WN_NEVER, "or for ever");
	ok(!wn_caps_cover(w->core, 1, WN_RIGHT_READ | WN_RIGHT_WRITE, 0, &until),
	   "with all the rights");
}

/* ----------------------------------------------------------------- events */

/* The flags of the event with a trace, which must have come to client 0; -1: it has not. */
static int flags_of(struct world *w, u64 trace)
{
	u32 p, at;
	int flags = -1;

	wn_mail_pump(w->core, 0, &side.inbox);
	for (p = 0; p < WN_PRIORITIES; p++) {
		for (at = side.user.inbox_head[p]; at != side.kern.inbox_tail[p]; at++)
			if (side.inbox.events[p][at % 4].trace == trace)
				flags = side.inbox.events[p][at % 4].flags;
		side.user.inbox_head[p] = side.kern.inbox_tail[p];
	}
	return flags;
}

/* Events with these traces that come to client 0 now and say that they are revoked. */
static u32 flagged(struct world *w, u64 from, u64 upto)
{
	u32 p, at, n = 0;

	wn_mail_pump(w->core, 0, &side.inbox);
	for (p = 0; p < WN_PRIORITIES; p++) {
		for (at = side.user.inbox_head[p]; at != side.kern.inbox_tail[p]; at++) {
			const struct wn_event *event = &side.inbox.events[p][at % 4];

			n += event->trace >= from && event->trace <= upto &&
			     event->flags & WN_EV_F_REVOKED;
		}
		side.user.inbox_head[p] = side.kern.inbox_tail[p];
	}
	return n;
}

static s64 emit(struct world *w, u32 client, u32 cap, u64 node, u64 trace)
{
	return world_op(w, client, OP(.opcode = WN_OP_EMIT, .cap = (u16)cap, .node = node,
				      .arg = trace), NULL);
}

static void test_events(struct world *w)
{
	const u64 node = (u64)world_create(w, 0, "mail"), jobs = (u64)world_create(w, 0, "jobs");
	u8 at[64] = {};
	s64 handle;
	u32 cap;

	memcpy(at + 24, &w->now.boottime, sizeof(u64));
	reset();
	world_op(w, 0, OP(.opcode = WN_OP_BIND, .node = node), NULL);
	world_op(w, 0, OP(.opcode = WN_OP_BIND, .node = jobs, .w = { 1000000 },
			  .op_flags = WN_BIND_QUEUE | WN_BIND_CREDIT(4)), NULL);
	handle = grant(w, 0, 0, 0, 2, WN_RIGHT_EMIT | WN_RIGHT_GRANT, 0);
	cap = w->last.aux;
	ok(!emit(w, 1, cap, node, 1) && flags_of(w, 1) == 0, "an event of who may");
	emit(w, 1, cap, node, 2);
	emit(w, 1, cap, jobs, 3);
	world_op(w, 0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = (u64)handle), NULL);
	ok(flags_of(w, 2) == WN_EV_F_REVOKED, "what still waits says that it was revoked");
	while (wn_work_slice(w->core, &w->now))
		;
	ok(flags_of(w, 3) == WN_EV_F_REVOKED, "so does a job, when it is leased");
	handle = grant(w, 0, 0, 0, 2, WN_RIGHT_EMIT, 0);
	cap = w->last.aux;
	world_op(w, 1, OP(.opcode = WN_OP_EMIT_SUBTREE, .cap = (u16)cap, .arg = 8), NULL);
	world_op(w, 1, OP(.opcode = WN_OP_EMIT, .cap = (u16)cap, .node = node, .arg = 9,
			  .op_flags = WN_EMIT_AT), at);
	w->now.boottime += 1000000;
	while (wn_work_slice(w->core, &w->now))
		;
	world_op(w, 0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = (u64)handle), NULL);
	ok(flagged(w, 8, 9) == 3, "and what was sent to all, to a queue among them, or for later");
	handle = grant(w, 0, 0, 0, 2, WN_RIGHT_EMIT, 0);
	cap = w->last.aux;
	emit(w, 1, cap, node, 4);
	world_op(w, 0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = (u64)handle), NULL);
	while (wn_core_slice(w->core, 100))
		;
	ok(flags_of(w, 4) == WN_EV_F_REVOKED, "also when the capability is freed");
	grant(w, 0, 0, 0, 2, WN_RIGHT_EMIT, 0);
	emit(w, 1, w->last.aux, node, 5);
	wn_core_client_close(w->core, 1);
	while (wn_core_slice(w->core, 100))
		;
	ok(flags_of(w, 5) == 0, "who died was not revoked");
	wn_core_client_open(w->core, 1, &(struct wn_core_open){ .rights = WN_RIGHT_ALL });
	emit(w, 1, 0, node, 6);
	wn_core_client_close(w->core, 1);
	while (wn_core_slice(w->core, 100))
		;
	wn_core_client_open(w->core, 1, &(struct wn_core_open){ .rights = WN_RIGHT_ALL });
	ok(flags_of(w, 6) == 0, "nor when another has its number");
	emit(w, 1, 0, node, 7);
	world_op(w, 1, OP(.opcode = WN_OP_CAP_REVOKE), NULL);
	ok(flags_of(w, 7) == WN_EV_F_REVOKED, "who gave it up did as much");
}

int main(void)
{
	struct wn_bounds bounds = world_bounds(100);
	struct world w;

	tap_plan(29);
	bounds.caps = CAPS;
	bounds.slots = 8;
	bounds.cells = 8;
	bounds.backlog = 64;
	bounds.timers = 8;
	world_init(&w, &bounds, tap_seed());
	wn_core_client_open(w.core, 1, &(struct wn_core_open){ .rights = WN_RIGHT_ALL,
								.slots = slots[1] });
	test_held(&w);
	test_rolled_back(&w);
	test_slots(&w);
	test_cover(&w);
	test_events(&w);
	world_deinit(&w);
	return tap_done();
}
