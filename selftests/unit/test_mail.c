// SPDX-License-Identifier: MIT
/*
 * Mail: random histories of binds, emits, groups, readers that come late or die,
 * beside lists that are obviously right: each event comes once, in order, or its
 * sender was refused, or a loss record counts it.
 */
#include <string.h>

#include "kmod/core/mail.h"
#include "kmod/core/node.h"
#include "model_mail.h"
#include "shrink.h"
#include "tap.h"
#include "world.h"

#define CLIENTS	MODEL_MAIL_CLIENTS
#define NODES	MODEL_MAIL_NODES
#define RING	MODEL_MAIL_RING
#define STEPS	2000
#define HISTORIES 500

/* What a client has mapped. */
static struct wn_user_ring user[CLIENTS];
static struct wn_kern_ring kern[CLIENTS];
static struct wn_event events[CLIENTS][WN_PRIORITIES * RING];
static struct wn_inbox inbox[CLIENTS];

static struct model_mail model;
static u64 node[NODES];
static u32 policy[CLIENTS];	/* while it lives */
static struct world w;
static struct steps rules_only, *now = &rules_only;
static u64 rng, trace, sent, dropped, refused, received, to_many;

static u32 pick(u32 n)
{
	return (u32)(world_random(&rng) % n);
}

static void check(bool good, const char *what)
{
	if (!good)
		steps_wrong(now, "%s: event %llu", what, trace);
}

static void do_emit(u32 n, u32 p)
{
	const u32 by = pick(CLIENTS);
	const s64 want = model_mail_emit(&model, by, n, p, ++trace);
	const s64 got = world_op(&w, by, OP(.opcode = WN_OP_EMIT, .node = node[n],
			.arg = trace, .op_flags = WN_EMIT(p, 8), .w = { 7, trace * 3 }), NULL);

	check(got == want, "the answer to an emit");
	if (got)
		refused++;
	else
		sent++;
}

/* All nodes are the root's children, the newest first. */
static void do_emit_to_all(u32 p)
{
	const u32 by = pick(CLIENTS);
	u32 all[NODES], i;
	s64 want, got;

	for (i = 0; i < NODES; i++)
		all[i] = NODES - 1 - i;
	want = model_mail_emit_to(&model, by, all, NODES, p, ++trace);
	got = world_op(&w, by, OP(.opcode = WN_OP_EMIT_CHILDREN, .arg = trace,
				  .op_flags = WN_EMIT(p, 8), .w = { 7, trace * 3 }), NULL);
	check(got == want, "the answer to an emit to many");
	if (got < 0)
		refused++;
	else
		sent += (u64)got;
	to_many += got > 1;
}

/* An emit in a group that fails behind it leaves every bit as it was. */
static void do_rollback(u32 n, u32 p)
{
	const struct wn_op_env env = { .client = 0, .now = &w.now };
	const u64 bytes = w.core->state_bytes;
	struct wn_sqe slots[6] = {
		[0] = { .opcode = WN_OP_EMIT, .flags = WN_SQE_ATOMIC, .node = node[n],
			.op_flags = WN_EMIT(p, 0) },
		[2] = { .opcode = WN_OP_EMIT, .flags = WN_SQE_ATOMIC, .node = node[n],
			.op_flags = WN_EMIT(p, 0) },
		[4] = { .op_flags = WN_NOP_RESULT, .w = { (u64)-EIO } },
	};
	static u8 before[1 << 20];
	struct wn_op_result results[3];

	if (bytes > sizeof(before))
		tap_die("state is larger than the test thought");
	memcpy(before, w.private, bytes);
	check(!wn_op_apply_group(w.core, &env, slots, 3, results), "a group that fails");
	check(!memcmp(before, w.private, bytes), "a rollback");
}

static void do_pump(u32 c)
{
	wn_mail_retry(w.core, c);
	wn_mail_pump(w.core, c, &inbox[c]);
	world_say("pump of %u", c);
	model_mail_pump(&model, c);
	check(kern[c].credit == model_mail_credit(&model, c), "the credit");
	check(!(kern[c].flags & WN_KR_F_BACKLOG) == !model_mail_count(&model, c),
	      "the backlog's flag");
}

static void do_read(u32 c)
{
	const u32 p = pick(WN_PRIORITIES);
	u32 n = pick(RING + 1);

	while (n-- && user[c].inbox_head[p] != kern[c].inbox_tail[p]) {
		const struct wn_event *e =
			&events[c][p * RING + user[c].inbox_head[p] % RING];
		struct model_note want;
		u64 word;

		world_say("%u reads: kind %u trace %llu priority %u", c, e->kind, e->trace, p);
		if (!model_mail_read(&model, c, p, &want)) {
			check(false, "an event that nobody sent");
			return;
		}
		memcpy(&word, e->data, sizeof(word));
		check(e->priority == p, "the priority");
		if (want.loss) {
			check(e->kind == WN_EV_LOSS && word == want.trace, "a loss record");
			dropped += word;
		} else {
			check(e->kind == WN_EV_USER && e->trace == want.trace &&
			      e->node == node[want.node] && e->type == 7 && e->len == 8 &&
			      word == want.trace * 3, "an event");
			received++;
		}
		__atomic_store_n(&user[c].inbox_head[p], user[c].inbox_head[p] + 1,
				 __ATOMIC_RELEASE);
	}
}

static void open_client(u32 c)
{
	const struct wn_core_open all = { .rights = WN_RIGHT_ALL };
	static const u32 entries[WN_PRIORITIES] = { RING, RING, RING, RING };

	if (c && wn_core_client_open(w.core, c, &all))
		tap_die("a client cannot open");
	memset(&user[c], 0, sizeof(user[c]));
	memset(&kern[c], 0, sizeof(kern[c]));
	model_mail_close(&model, c);
	wn_inbox_init(&inbox[c], &user[c], &kern[c], events[c], entries);
	model.box[c].open = true;
	policy[c] = pick(3);
}

/* All that was sent to it and not read. */
static u64 unread(u32 c)
{
	const struct model_box *b = &model.box[c];
	u64 n = 0;
	u32 p, i;

	for (p = 0; p < WN_PRIORITIES; p++) {
		n += b->lost[p] + b->backlog[p].n;
		for (i = 0; i < b->ring[p].n; i++)
			n += b->ring[p].at[i].loss ? b->ring[p].at[i].trace : 1;
	}
	return n;
}

static void do_death(u32 c)
{
	wn_core_client_close(w.core, c);
	world_say("client %u closes, and opens again", c);
	dropped += unread(c);
	open_client(c);
}

static void do_bind(u32 c, u32 n)
{
	check(!world_op(&w, c, OP(.opcode = WN_OP_BIND, .node = node[n],
				  .op_flags = WN_BIND_POLICY(policy[c])), NULL), "a bind");
	model.reader[n] = (int)c;
	model.box[c].policy = policy[c];
}

static void begin(void)
{
	struct wn_bounds b = world_bounds(32);
	char name[8];
	u32 i;

	b.backlog = MODEL_MAIL_BACKLOG;
	trace = 0;
	memset(&model, 0, sizeof(model));
	rng = tap_seed();
	world_init(&w, &b, 5);
	for (i = 0; i < CLIENTS; i++)
		open_client(i);
	for (i = 0; i < NODES; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		node[i] = (u64)world_create(&w, 0, name);
		model.reader[i] = -1;
	}
}

static void step(void)
{
	switch (pick(16)) {
	case 0:
		do_bind(pick(CLIENTS), pick(NODES));
		break;
	case 1:
		if (!pick(20))
			do_death(1 + pick(CLIENTS - 1));
		break;
	case 2:
		if (!pick(10))
			do_rollback(pick(NODES), pick(WN_PRIORITIES));
		break;
	case 3: case 4: case 5:
		do_pump(pick(CLIENTS));
		break;
	case 6: case 7: case 8:
		do_read(pick(CLIENTS));
		break;
	case 9:
		do_emit_to_all(pick(WN_PRIORITIES));
		break;
	default:
		do_emit(pick(NODES), pick(WN_PRIORITIES));
	}
}

static void history(struct steps *s)
{
	u32 c;

	now = s;
	begin();
	while (steps_next(s, &rng))
		step();
	for (c = 0; c < CLIENTS; c++)
		dropped += unread(c);
	world_deinit(&w);
}

static void histories(void)
{
	struct steps steps = { .play = history, .nr = STEPS };

	ok(steps_hold_all(&steps, tap_seed(), HISTORIES * tap_rounds()),
	   "each event comes once and in order, or is refused, or is counted as lost");
	ok(sent == received + dropped && refused && received && to_many && dropped > received / 100,
	   "%llu sent, %llu received, %llu lost, %llu refused", sent, received, dropped, refused);
}

static s64 emit(u64 handle, u32 flags, u64 w1)
{
	return world_op(&w, 0, OP(.opcode = WN_OP_EMIT, .node = handle, .op_flags = flags,
				  .w = { 1, w1 }), NULL);
}

static void rules(void)
{
	const struct wn_core_open weak = { .rights = WN_RIGHT_EMIT | WN_RIGHT_READ };
	u8 data[64] = "twenty-four bytes at mos";
	s64 res;
	u32 i;

	begin();
	ok(emit(node[0], 0, 0) == -ENOLINK, "an emit that nobody reads");
	do_bind(1, 0);
	ok(emit(node[0], WN_EMIT(0, 9), 0) == -EINVAL, "nine bytes in one word");
	ok(emit(node[0], WN_EMIT(0, 1), 0x100) == -EINVAL, "bytes behind the data");
	ok(!emit(node[0], WN_EMIT(3, 8), ~0ULL), "eight bytes in one word");
	res = world_op(&w, 0, OP(.opcode = WN_OP_EMIT, .node = node[0],
				 .op_flags = WN_EMIT(0, 24)), data);
	ok(!res, "24 bytes in a second slot");
	res = world_op(&w, 0, OP(.opcode = WN_OP_EMIT, .node = node[0],
				 .op_flags = WN_EMIT(0, 25)), data);
	ok(res == -EINVAL, "25 are too many");
	do_pump(1);
	ok(!memcmp(events[1][0].data, data, 24) && events[1][0].len == 24, "they arrive");

	wn_core_client_close(w.core, 2);
	ok(!wn_core_client_open(w.core, 2, &weak), "a client without PRIORITY and ADMIN");
	res = world_op(&w, 2, OP(.opcode = WN_OP_EMIT, .node = node[0],
				 .op_flags = WN_EMIT(2, 0)), NULL);
	ok(res == -EACCES, "may not use the upper two");
	res = world_op(&w, 2, OP(.opcode = WN_OP_BIND, .node = node[0]), NULL);
	ok(res == -EBUSY, "nor take another's place");
	res = world_op(&w, 2, OP(.opcode = WN_OP_UNBIND, .node = node[0]), NULL);
	ok(res == -EACCES, "nor make him leave it");
	res = world_op(&w, 2, OP(.opcode = WN_OP_UNBIND, .node = node[1]), NULL);
	ok(res == -ENOENT, "where nobody reads nobody leaves");
	res = world_op(&w, 1, OP(.opcode = WN_OP_BIND, .node = node[1],
				 .op_flags = WN_BIND_POLICY(3)), NULL);
	ok(res == -EINVAL, "an unknown policy");

	/* To the children: all or none. */
	do_bind(1, 1);
	do_bind(3, 2);
	world_op(&w, 1, OP(.opcode = WN_OP_BIND, .node = node[1]), NULL);
	world_op(&w, 3, OP(.opcode = WN_OP_BIND, .node = node[2]), NULL);
	res = world_op(&w, 0, OP(.opcode = WN_OP_EMIT_CHILDREN), NULL);
	ok(res == 3, "to each child that has a reader");
	for (i = 0; !emit(node[2], 0, 0); i++)
		;
	/* 45 letters are free: a reader has half, a sender half of that. */
	ok(i == 11 && !world_op(&w, 2, OP(.opcode = WN_OP_EMIT, .node = node[2]), NULL),
	   "who sends a lot to a reader that sleeps leaves room for others");
	while (!world_op(&w, 3, OP(.opcode = WN_OP_EMIT, .node = node[2]), NULL))
		i++;
	ok(i >= 20 && i < 24 && !emit(node[0], 0, 0), "a reader that sleeps takes half, not all");
	do_pump(1);
	while (!emit(node[2], 0, 0))
		;
	i = wn_mail_credit(w.core, 1);
	ok(world_op(&w, 0, OP(.opcode = WN_OP_EMIT_CHILDREN), NULL) == -ENOBUFS &&
	   wn_mail_credit(w.core, 1) == i, "to none if one has no room");

	/* A hostile reader's head. */
	user[1].inbox_head[0] = 0x80000000u;
	do_pump(1);
	ok(wn_inbox_room(&inbox[1], 0) == 0, "a wild head is a full inbox");
	world_deinit(&w);
}

/* What the engine says is not dropped for what a client says. */
static void kept(void)
{
	const struct wn_event down = { .kind = WN_EV_DOWN, .trace = 4711 };
	u64 word;

	begin();
	world_op(&w, 1, OP(.opcode = WN_OP_BIND, .node = node[0],
			   .op_flags = WN_BIND_POLICY(WN_POLICY_DROP_OLDEST)), NULL);
	wn_tx_begin(w.core->tx, false);
	wn_mail_send(w.core, 1, &down, WN_MAIL_ENGINE);
	wn_core_commit(w.core);
	for (u32 i = 0; i < 100; i++)
		emit(node[0], WN_EMIT(0, 8), i);
	wn_mail_pump(w.core, 1, &inbox[1]);
	memcpy(&word, events[1][0].data, sizeof(word));
	ok(events[1][0].kind == WN_EV_LOSS && word && events[1][1].kind == WN_EV_DOWN &&
	   events[1][1].trace == 4711 && events[1][2].kind == WN_EV_USER, "but never a DOWN");
	ok(w.core->public->hlc == w.core->hlc, "readers see the stamp of the last event");
	world_deinit(&w);
}

static void conflation(void)
{
	u32 i;
	u64 word;

	begin();
	world_op(&w, 1, OP(.opcode = WN_OP_BIND, .node = node[0],
			   .op_flags = WN_BIND_POLICY(WN_POLICY_CONFLATE)), NULL);
	world_op(&w, 1, OP(.opcode = WN_OP_BIND, .node = node[1],
			   .op_flags = WN_BIND_POLICY(WN_POLICY_CONFLATE)), NULL);
	for (i = 1; i <= 10; i++) {
		emit(node[0], WN_EMIT(0, 8), i);
		emit(node[1], WN_EMIT(0, 8), 100 + i);
	}
	wn_mail_pump(w.core, 1, &inbox[1]);
	memcpy(&word, events[1][0].data, sizeof(word));
	ok(kern[1].inbox_tail[0] == 3 && events[1][0].kind == WN_EV_LOSS && word == 18,
	   "of each node the latest, the others counted");
	memcpy(&word, events[1][1].data, sizeof(word));
	ok(word == 10 && events[1][1].node == node[0], "in the place of the first");
	memcpy(&word, events[1][2].data, sizeof(word));
	ok(word == 110, "of both");
	world_deinit(&w);
}

int main(void)
{
	tap_plan(25);
	rules();
	kept();
	conflation();
	histories();
	return tap_done();
}
