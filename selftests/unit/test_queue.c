// SPDX-License-Identifier: MIT
/*
 * Work queues: random histories of emits, leases that end, consumers that leave and die,
 * dead letters, groups that fail; beside a ledger by event. Whatever happens each event is
 * acknowledged once or lies at the dead-letter node's reader, once.
 */
#include <string.h>

#include "kmod/core/queue.h"
#include "kmod/core/queue_own.h"
#include "kmod/core/reader.h"
#include "kmod/core/work.h"
#include "tap.h"
#include "world.h"

#define CLIENTS 5	/* 0 sends, 4 reads dead letters */
#define GRAVE 4
#define BACKLOG 64
#define RING 8
#define LEASE (64 * WN_TICK)
#define TRIES 3
#define KNOWN 4096	/* events in the ledger at a time */

static struct wn_user_ring user[CLIENTS];
static struct wn_kern_ring kern[CLIENTS];
static struct wn_event events[CLIENTS][WN_PRIORITIES * RING];
static struct wn_inbox inbox[CLIENTS];

/* What is known of an event that was taken, by its trace id. */
struct entry {
	u64 trace, stamp;
	u32 seen;		/* a bit for each number of tries that a lease came with */
	u8 holder, acked, buried;
	bool dead;		/* it came to the dead-letter node's queue */
	u64 dead_stamp;		/* its name there */
	u32 dead_seen;		/* as seen, there */
};

static struct entry ledger[KNOWN];
static struct world w;
static u64 seed, trace, taken, refused, acked, buried, again, stale;
static u64 work, grave;
static bool right, grave_is_queue;
static u64 lately[BACKLOG];	/* what was read last */
static u32 nr_lately;

static u32 pick(u32 n)
{
	return (u32)(world_random(&seed) % n);
}

static void check(bool good, const char *what)
{
	if (!good && right) {
		diag("%s: event %llu, seed %#llx", what, trace, tap_seed());
		right = false;
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
	wn_inbox_init(&inbox[c], &user[c], &kern[c], events[c], entries);
}

static s64 bind_queue(u32 c, u64 node, u32 credit, u32 tries, u64 dead)
{
	return world_op(&w, c, OP(.opcode = WN_OP_BIND, .node = node, .w = { LEASE, dead },
				  .op_flags = WN_BIND_QUEUE | WN_BIND_CREDIT(credit) |
					      WN_BIND_TRIES(tries)), NULL);
}

static s64 bind_inbox(u32 c, u64 node)
{
	return world_op(&w, c, OP(.opcode = WN_OP_BIND, .node = node), NULL);
}

static s64 emit_by(u32 c, u64 node, u32 p, u64 id)
{
	return world_op(&w, c, OP(.opcode = WN_OP_EMIT, .node = node, .arg = id,
				  .op_flags = WN_EMIT(p, 8), .w = { 7, id * 3 }), NULL);
}

static s64 emit(u64 node, u32 p, u64 id)
{
	return emit_by(0, node, p, id);
}

/* All have in a queue what they may. */
static void flood(u64 node)
{
	u32 c;

	for (c = 0; c < CLIENTS; c++)
		while (!emit_by(c, node, 0, 1))
			;
}

static s64 settle_at(u32 c, u64 node, u64 stamp, bool done)
{
	return world_op(&w, c, OP(.opcode = done ? WN_OP_ACK : WN_OP_NACK, .node = node,
				  .arg = stamp), NULL);
}

static s64 settle(u32 c, u64 stamp, bool done)
{
	return settle_at(c, work, stamp, done);
}

static void begin(void)
{
	struct wn_bounds b = world_bounds(32);
	u32 i;

	b.backlog = BACKLOG;
	b.clients = CLIENTS;
	seed = tap_seed();
	world_init(&w, &b, seed);
	for (i = 0; i < CLIENTS; i++)
		open_client(i);
	work = (u64)world_create(&w, 0, "work");
	grave = (u64)world_create(&w, 0, "grave");
}

/* Whether the engine holds that this client has the lease. */
static bool has_lease(u32 c, u64 stamp)
{
	u32 i;

	for (i = 1; i <= BACKLOG; i++) {
		const struct wn_job *j = wn_job(w.core, i);

		if (j->queue && j->consumer &&
		    wn_mail_letter(&w.core->mail, i)->event.hlc == stamp &&
		    wn_consumer(w.core, j->consumer)->client == c &&
		    wn_consumer(w.core, j->consumer)->where != WN_CONSUMER_GOING)
			return true;
	}
	return false;
}

/* All that must hold between two ops: counts, leases, who has what. */
static void check_state(void)
{
	const struct wn_queues *qs = &w.core->queues;
	u32 i, k, held = 0, leased[64] = {}, waiting = 0;
	u32 cursor = 0;

	for (i = 1; i <= BACKLOG; i++) {
		const struct wn_job *j = wn_job(w.core, i);

		if (!j->queue)
			continue;
		held++;
		if (j->consumer) {
			leased[j->consumer]++;
		} else {
			waiting++;
		}
	}
	for (; wn_pool_next(&qs->consumer_pool, &cursor) > 0; cursor++) {
		const struct wn_consumer *c = &qs->consumers[cursor];

		check(c->leased == leased[cursor + 1] && c->leased <= c->credit, "a consumer's leases");
		check(!c->leased || c->where == WN_CONSUMER_GOING ||
		      (wn_wheel_has(&c->due) && c->due.at <=
		       wn_job(w.core, wn_job_first(w.core, &c->leases))->deadline),
		      "a lease whose end nobody waits for");
		check(c->where == WN_CONSUMER_GOING ||
		      (c->where == WN_CONSUMER_BUSY) == (c->leased == c->credit), "who is busy");
	}
	i = wn_queue_of(w.core, wn_handle_index(work));
	k = wn_queue_of(w.core, wn_handle_index(grave));
	check(!i || wn_queue(w.core, i)->held + (k ? wn_queue(w.core, k)->held : 0) == held,
	      "what the queues hold");
	check(!wn_queue_has_work(w.core) || held || cursor, "work for nothing");
}

static void do_emit(void)
{
	struct entry *e = &ledger[(trace + 1) % KNOWN];
	s64 res;

	if (e->trace && !e->acked && !e->buried)
		return;		/* that old one is still on its way */
	res = emit(work, pick(WN_PRIORITIES), trace + 1);
	check(res == 0 || res == -ENOBUFS, "the answer to an emit");
	if (res) {
		refused++;
		return;
	}
	trace++;
	memset(e, 0, sizeof(*e));
	taken++;
	e->trace = trace;
	e->stamp = w.last.hlc;
}

/* It comes to the queue once, and is leased again until somebody has seen to it. */
static void read_dead_lease(u32 c, const struct wn_event *event, struct entry *e)
{
	const u32 tries = WN_EV_TRIES(event->flags);

	check(event->kind == WN_EV_LEASE && event->flags & WN_EV_F_REDELIVERED &&
	      event->node == grave, "a dead letter's lease");
	/* Its first lease there may have died unread. */
	check(e->dead ? e->dead_stamp == event->hlc : e->stamp < event->hlc, "its name is new once");
	check(!e->acked, "a dead letter that is done");
	check(tries == 15 || !(e->dead_seen & 1u << tries), "a dead letter that two have");
	e->dead_seen |= 1u << tries;
	e->dead = true;
	e->dead_stamp = event->hlc;
	e->holder = c;
}

static void read_grave(const struct wn_event *event, struct entry *e)
{
	check(event->kind == WN_EV_USER && event->flags & WN_EV_F_REDELIVERED &&
	      WN_EV_TRIES(event->flags) == TRIES + 1, "a dead letter");
	check(!e->acked && !e->buried, "a dead letter that is done");
	e->buried = 1;
	buried++;
}

static void read_lease(u32 c, const struct wn_event *event, struct entry *e)
{
	const u32 tries = WN_EV_TRIES(event->flags);

	check(event->kind == WN_EV_LEASE && tries <= TRIES &&
	      !(event->flags & WN_EV_F_REDELIVERED) == !tries, "a lease");
	check(!(e->seen & 1u << tries), "a lease that two have");
	again += tries > 0;
	e->seen |= 1u << tries;
	/* Some read late what others have buried by now. */
	if (!e->dead)
		e->holder = c;
}

static void do_read(u32 c, u32 most)
{
	u32 p;

	for (p = 0; p < WN_PRIORITIES; p++) {
		while (most && user[c].inbox_head[p] != kern[c].inbox_tail[p]) {
			const struct wn_event *event =
				&events[c][p * RING + user[c].inbox_head[p] % RING];
			struct entry *e = &ledger[event->trace % KNOWN];
			u64 word;

			memcpy(&word, event->data, sizeof(word));
			check(e->trace == event->trace &&
			      ((c == GRAVE && grave_is_queue) ||
			       (e->stamp == event->hlc && event->node == work)) && event->type == 7 && event->priority == p &&
			      word == event->trace * 3, "an event");
			if (c == GRAVE && grave_is_queue)
				read_dead_lease(c, event, e);
			else if (c == GRAVE)
				read_grave(event, e);
			else
				read_lease(c, event, e);
			__atomic_store_n(&user[c].inbox_head[p], user[c].inbox_head[p] + 1,
					 __ATOMIC_RELEASE);
			lately[nr_lately++ % BACKLOG] = event->trace;
			most--;
		}
	}
}

static void done_with(struct entry *e)
{
	if (e->dead) {
		e->buried = 1;
		buried++;
	} else {
		e->acked = 1;
		acked++;
	}
}

static void do_settle(u64 id, bool done)
{
	struct entry *e = &ledger[id % KNOWN];
	const u32 c = pick(8) ? e->holder : 1 + pick(CLIENTS - 2);
	const u64 stamp = e->dead ? e->dead_stamp : e->stamp;
	const bool has = stamp && has_lease(c, stamp);
	s64 res;

	if (!e->trace || !c)
		return;
	if (!grave_is_queue && c == GRAVE)
		return;
	res = settle_at(c, e->dead ? grave : work, stamp, done);
	check(res == (has ? 0 : -ESTALE), "the answer to an ACK or NACK");
	stale += res != 0;
	if (res || !done)
		return;
	check(!e->acked && !e->buried, "an ACK of what is done");
	done_with(e);
}

/* Whatever a group did, if it fails every bit is as it was. */
static void do_rollback(void)
{
	const struct wn_op_env env = { .client = 1 + pick(3), .now = &w.now };
	const u64 bytes = w.core->state_bytes;
	static u8 before[1 << 20];
	struct wn_op_result results[8];
	struct wn_sqe slots[16] = {};
	u32 n = 2 + pick(6), i;

	if (bytes > sizeof(before))
		tap_die("state is larger than the test thought");
	for (i = 0; i + 1 < n; i++) {
		struct wn_sqe *sqe = &slots[2 * i];

		sqe->node = work;
		sqe->flags = WN_SQE_ATOMIC;
		switch (pick(5)) {
		case 0:
			sqe->opcode = WN_OP_ACK;
			sqe->arg = ledger[(trace - pick(BACKLOG)) % KNOWN].stamp;
			break;
		case 1:
			sqe->opcode = WN_OP_NACK;
			sqe->arg = ledger[(trace - pick(BACKLOG)) % KNOWN].stamp;
			break;
		case 2:
			sqe->opcode = WN_OP_UNBIND;
			break;
		case 3:
			sqe->opcode = WN_OP_BIND;
			sqe->op_flags = WN_BIND_QUEUE | WN_BIND_CREDIT(2);
			break;
		default:
			sqe->opcode = WN_OP_EMIT;
		}
	}
	slots[2 * i] = (struct wn_sqe){ .op_flags = WN_NOP_RESULT, .w = { (u64)-EIO } };
	memcpy(before, w.private, bytes);
	check(!wn_op_apply_group(w.core, &env, slots, n, results), "a group that fails");
	check(!memcmp(before, w.private, bytes), "a rollback");
}

static void slice(u32 steps)
{
	u32 i;

	wn_queue_slice(w.core, steps, &w.now);
	if (steps < 1000)
		return;
	for (i = 0; i < 100 && wn_work_may_wait(w.core, &w.now); i++)
		wn_work_slice(w.core, &w.now);
	check(i < 100, "work without end");
	/* It was enough: nothing is over that somebody still has. */
	for (i = 1; i <= BACKLOG; i++)
		check(!wn_job(w.core, i)->consumer ||
		      wn_job(w.core, i)->deadline + WN_TICK > w.now.boottime,
		      "a lease that did not end");
}

static void pump(u32 c)
{
	wn_mail_retry(w.core, c);
	wn_mail_pump(w.core, c, &inbox[c]);
}

static void do_death(u32 c)
{
	u32 p;

	if (c == GRAVE && !grave_is_queue) {
		/* What it has read is buried; what lies unread dies with it. Not tried. */
		return;
	}
	wn_core_client_close(w.core, c);
	open_client(c);
	for (p = 0; p < KNOWN; p++)
		if (ledger[p].holder == c)
			ledger[p].holder = 0;
	bind_queue(c, c == GRAVE ? grave : work, 1 + pick(4), 0, 0);
}

static void one(void)
{
	const u32 c = 1 + pick(CLIENTS - 2);
	s64 res;

	switch (pick(20)) {
	case 0: case 1: case 2: case 3:
		do_emit();
		break;
	case 4: case 5: case 6: case 7: case 8:
		do_settle(pick(4) ? lately[pick(BACKLOG)] : trace - pick(BACKLOG), pick(5));
		break;
	case 9: case 10:
		slice(pick(4) ? pick(6) : 1000);
		break;
	case 11: case 12: case 13:
		pump(pick(6) ? c : GRAVE);
		break;
	case 14: case 15: case 16:
		do_read(pick(6) ? c : GRAVE, pick(RING));
		break;
	case 17:
		w.now.boottime += pick(LEASE / 16);
		w.now.realtime += 1000;
		break;
	case 18:
		do_rollback();
		break;
	default:
		if (!pick(4))
			do_death(pick(4) ? c : GRAVE);
		else if (!pick(4))
			world_op(&w, c, OP(.opcode = WN_OP_UNBIND, .node = work), NULL);
		else if (!pick(4) && grave_is_queue)
			pick(2) ? (void)bind_queue(GRAVE, grave, 1 + pick(4), 0, 0) :
				  (void)world_op(&w, GRAVE, OP(.opcode = WN_OP_UNBIND, .node = grave),
						 NULL);
		else if (!pick(4))
			world_op(&w, GRAVE, OP(.opcode = pick(2) ? WN_OP_BIND : WN_OP_UNBIND,
					       .node = grave), NULL);
		else {
			res = bind_queue(c, work, 1 + pick(4), 0, 0);
			check(!res || res == -EBUSY, "the answer to a bind");
		}
	}
}

/* Everybody works until nothing is left. */
static void finish(void)
{
	u32 round, c;
	u64 id;

	if (grave_is_queue)
		bind_queue(GRAVE, grave, 4, 0, 0);
	else
		bind_inbox(GRAVE, grave);
	for (c = 1; c < GRAVE; c++)
		bind_queue(c, work, 4, 0, 0);
	for (round = 0; round < 10000 && acked + buried < taken; round++) {
		slice(1000);
		for (c = 1; c < CLIENTS; c++) {
			pump(c);
			do_read(c, ~0u);
		}
		for (id = trace > KNOWN ? trace - KNOWN : 0; id <= trace; id++) {
			struct entry *e = &ledger[id % KNOWN];

			if (e->trace && !e->acked && !e->buried && e->holder)
				if (!settle_at(e->holder, e->dead ? grave : work,
					       e->dead ? e->dead_stamp : e->stamp, true))
					done_with(e);
		}
		if (round % 4 == 3)
			w.now.boottime += LEASE;
	}
}

/* The dead-letter node has a reader, or is a queue itself. */
static void histories(bool queue)
{
	const u64 most = 100000 * tap_rounds();
	u64 i;

	begin();
	right = true;
	grave_is_queue = queue;
	trace = taken = refused = acked = buried = again = stale = 0;
	memset(ledger, 0, sizeof(ledger));
	check(!bind_queue(1, work, 2, TRIES, grave) &&
	      !(queue ? bind_queue(GRAVE, grave, 4, 0, 0) : bind_inbox(GRAVE, grave)), "the first bind");
	for (i = 0; taken < most && i < 100 * most && right; i++) {
		one();
		if (i % 16 == 0)
			check_state();
	}
	ok(right, "each lease has one holder, each group is whole, each lease ends");
	finish();
	check_state();
	ok(right && taken >= most && taken == acked + buried,
	   "dead letters to a %s: %llu taken: %llu acknowledged, %llu dead letters; %llu refused", queue ? "queue" : "reader", taken, acked, buried,
	   refused);
	ok(acked > taken / 10 && buried > taken / 1000 && again && stale && refused,
	   "%llu came again, %llu too late", again, stale);
	for (i = 0; i < CLIENTS; i++)
		pump(i);
	ok(!w.core->mail.used, "no letter is left behind");
	world_deinit(&w);
}

static u32 unread(u32 c)
{
	return wn_inbox_unread(&inbox[c]);
}

static void run(void)
{
	u32 c;

	slice(1000);
	for (c = 0; c < CLIENTS; c++)
		pump(c);
}

static void terms(void)
{
	u64 other;
	u32 i;

	begin();
	other = (u64)world_create(&w, 0, "other");
	ok(world_op(&w, 1, OP(.opcode = WN_OP_BIND, .node = work, .op_flags = WN_BIND_QUEUE), NULL)
	   == -EINVAL, "a queue without a lease");
	ok(bind_queue(1, work, 1, TRIES, 0) == -EINVAL && bind_queue(1, work, 1, 0, grave) == -EINVAL,
	   "a limit without a dead-letter node, and that without a limit");
	ok(bind_queue(1, work, 1, TRIES, work) == -EINVAL, "its own dead-letter node");
	ok(bind_queue(1, work, WN_CREDIT_MAX + 1, 0, 0) == -EINVAL, "too much credit");
	ok(bind_queue(1, work, 1, TRIES, grave + (1ULL << 40)) == -ESTALE, "a dead-letter node that is not");
	ok(emit(work, 0, 1) == -ENOLINK, "nobody was bound by any of this");
	bind_inbox(1, other);
	ok(bind_queue(2, other, 1, 0, 0) == -EBUSY, "a node with a reader");
	ok(!bind_queue(1, work, 0, TRIES, grave), "a queue without a consumer");
	ok(bind_inbox(1, work) == -EBUSY, "no inbox beside it");
	ok(bind_queue(2, work, 1, TRIES - 1, grave) == -EBUSY, "other terms");
	ok(!emit(work, 0, 1) && settle(1, w.last.hlc, true) == -ESTALE, "it keeps what comes");
	ok(world_op(&w, 1, OP(.opcode = WN_OP_UNBIND, .node = work), NULL) == -ENOENT,
	   "who does not consume cannot leave");
	ok(world_op(&w, 1, OP(.opcode = WN_OP_UNBIND, .node = work, .op_flags = WN_UNBIND_QUEUE),
		    NULL) == -EBUSY, "it cannot go with something in it");
	ok(!bind_queue(2, work, 2, 0, 0) && bind_queue(2, work, 2, 0, 0) == -EBUSY, "one consumes once");
	run();
	ok(unread(2) == 1 && events[2][0].kind == WN_EV_LEASE, "and gets it");
	ok(settle(3, events[2][0].hlc, true) == -ESTALE && !settle(2, events[2][0].hlc, true) &&
	   settle(2, events[2][0].hlc, true) == -ESTALE, "an ACK counts once, and of the holder");
	ok(world_op(&w, 2, OP(.opcode = WN_OP_ACK, .node = other, .arg = 1), NULL) == -ENOENT,
	   "no ACK where there is no queue");
	for (i = 0; i < 5; i++)
		emit(work, 0, 10 + i);
	run();
	ok(unread(2) == 3, "no more leases than credit");
	world_op(&w, 2, OP(.opcode = WN_OP_UNBIND, .node = work), NULL);
	run();
	ok(settle(2, events[2][1].hlc, true) == -ESTALE, "who left has no lease");
	bind_queue(3, work, 8, 0, 0);
	run();
	ok(unread(3) == 5 && events[3][0].trace == 10 && events[3][1].trace == 11 &&
	   WN_EV_TRIES(events[3][0].flags) == 1 && !WN_EV_TRIES(events[3][2].flags) &&
	   events[3][4].trace == 14, "another gets them all, in their order");
	for (i = 0; i < 5; i++)
		settle(3, events[3][i].hlc, true);
	world_op(&w, 3, OP(.opcode = WN_OP_UNBIND, .node = work), NULL);
	run();
	ok(!world_op(&w, 1, OP(.opcode = WN_OP_UNBIND, .node = work, .op_flags = WN_UNBIND_QUEUE),
		     NULL) && emit(work, 0, 1) == -ENOLINK && !bind_inbox(1, work),
	   "an empty queue goes, and a reader may come");
	slice(1000);
	ok(!wn_pool_count(&w.core->queues.queue_pool) && !wn_pool_count(&w.core->queues.consumer_pool),
	   "nothing of it is left");
	world_deinit(&w);
}

static void order(void)
{
	u32 i, low = 0;

	begin();
	bind_queue(1, work, 1, 0, 0);
	for (i = 0; i < 25; i++)
		emit_by(i < 12 ? 0 : 2 + i % 2, work, i < 5 ? 0 : 3, i);
	for (i = 0; i < 20; i++) {
		run();
		if (user[1].inbox_head[3] != kern[1].inbox_tail[3]) {
			settle(1, events[1][3 * RING + user[1].inbox_head[3]++ % RING].hlc, true);
		} else {
			settle(1, events[1][user[1].inbox_head[0]++ % RING].hlc, true);
			low++;
		}
	}
	ok(low == 1, "the higher first, and one lower of 16: %u of 20", low);
	world_deinit(&w);
}

static void endings(void)
{
	struct wn_event dead[3];
	u64 dropped, sent;
	u32 i;

	/* Nobody reads dead letters: they wait until somebody does. */
	begin();
	bind_queue(1, work, 1, 1, grave);
	emit(work, 0, 5);
	for (i = 0; i < 2; i++) {
		run();
		settle(1, events[1][user[1].inbox_head[0]++].hlc, false);
	}
	run();
	ok(!unread(1) && w.core->mail.used == 1 && !wn_work_waits(w.core),
	   "a dead letter that nobody reads waits, and costs nothing");
	bind_inbox(2, grave);
	run();
	ok(unread(2) == 1 && events[2][0].trace == 5 && events[2][0].node == work &&
	   WN_EV_TRIES(events[2][0].flags) == 2 && events[2][0].kind == WN_EV_USER,
	   "until somebody does");

	/* The dead-letter node goes: no limit. */
	emit(work, 0, 6);
	world_op(&w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = grave), NULL);
	for (i = 0; i < 5; i++) {
		run();
		settle(1, events[1][user[1].inbox_head[0]++ % RING].hlc, false);
	}
	run();
	ok(unread(1) == 1 && WN_EV_TRIES(events[1][user[1].inbox_head[0] % RING].flags) == 5,
	   "without the dead-letter node it comes again and again");

	/* The node goes, with one leased and one that waits. */
	emit(work, 0, 7);
	dropped = w.core->public->stats[WN_STAT_DROPPED];
	world_op(&w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = work), NULL);
	ok(settle(1, events[1][user[1].inbox_head[0] % RING].hlc, true) == -ESTALE, "no ACK after that");
	run();
	ok(w.core->public->stats[WN_STAT_DROPPED] == dropped + 2 && !w.core->mail.used &&
	   !wn_pool_count(&w.core->queues.queue_pool) &&
	   !wn_pool_count(&w.core->queues.consumer_pool), "what was in it is counted");
	world_deinit(&w);

	/* Dead letters to a queue are new there: another node, stamp and number of tries. */
	begin();
	bind_queue(1, work, 1, 1, grave);
	bind_queue(2, grave, 1, 0, 0);
	emit(work, 0, 5);
	for (i = 0; i < 2; i++) {
		run();
		settle(1, events[1][user[1].inbox_head[0]++].hlc, false);
	}
	for (i = 0; i < 3; i++) {
		run();
		dead[i] = events[2][user[2].inbox_head[0]++];
		settle_at(2, grave, dead[i].hlc, false);
	}
	run();
	ok(!settle_at(2, grave, dead[0].hlc, true) && !w.core->mail.used &&
	   settle_at(2, grave, dead[0].hlc, true) == -ESTALE, "a queue for dead letters");
	for (i = 0; i < 3; i++)
		ok(dead[i].kind == WN_EV_LEASE && dead[i].node == grave && dead[i].trace == 5 &&
		   dead[i].hlc == dead[0].hlc && dead[i].hlc > events[1][0].hlc &&
		   dead[i].flags == (WN_EV_F_REDELIVERED | WN_EV_TRIES_FLAG(i)), "its %u. lease", i + 1);
	world_deinit(&w);

	/* The same with a dead-letter node: nothing is dropped. */
	begin();
	bind_queue(1, work, 1, 1, grave);
	bind_inbox(2, grave);
	for (i = 0; i < 3; i++)
		emit(work, 0, i);
	run();
	world_op(&w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = work), NULL);
	for (i = 0; i < 100; i++)
		slice(1);
	run();
	ok(unread(2) == 3 && !w.core->public->stats[WN_STAT_DROPPED] &&
	   !wn_pool_count(&w.core->queues.queue_pool), "or goes to the dead-letter node");
	world_deinit(&w);

	/* A consumer without room: the other gets it; a third waits for its reader. */
	begin();
	bind_queue(1, work, 64, 0, 0);
	for (sent = 0; !emit(work, 0, sent); sent++)
		;
	for (i = 0; i < 4; i++)
		slice(1000);
	ok(!wn_work_waits(w.core) && unread(1) == 0, "a full backlog stops the queue, not the engine");
	dropped = 0;
	for (i = 0; i < 40; i++) {
		run();
		while (user[1].inbox_head[0] != kern[1].inbox_tail[0])
			dropped += !settle(1, events[1][user[1].inbox_head[0]++ % RING].hlc, true);
	}
	ok(dropped == sent, "and goes on when its reader does: %llu", dropped);
	ok(!w.core->mail.used, "to the end");

	/* Leases end by their time, with the deadline told. */
	emit(work, 0, 9);
	run();
	ok(wn_core_next_deadline(w.core) <= w.now.boottime + LEASE + WN_TICK,
	   "the next deadline is known");
	w.now.boottime += LEASE - 1;
	run();
	i = unread(1);
	w.now.boottime += WN_TICK + 1;
	run();
	ok(i == 1 && unread(1) == 2, "a lease ends in time, not before");
	world_deinit(&w);
}

/* A client's backlog is full of what it sent to itself: of that it may have all. */
static void fill(u32 c, const char *name)
{
	const u64 node = (u64)world_create(&w, 0, name);

	bind_inbox(c, node);
	while (!world_op(&w, c, OP(.opcode = WN_OP_EMIT, .node = node), NULL))
		;
}

/* Who had room is found, though who had none leaves between two steps. */
static void leaver(void)
{
	begin();
	fill(1, "full");
	bind_queue(1, work, 1, 0, 0);
	bind_queue(2, work, 1, 0, 0);
	emit(work, 0, 5);
	wn_queue_slice(w.core, 1, &w.now);
	world_op(&w, 1, OP(.opcode = WN_OP_UNBIND, .node = work), NULL);
	slice(1000);
	pump(2);
	ok(unread(2) == 1, "one without room leaves, the other gets it");
	world_deinit(&w);
}

/* Who had no room has some, before the next who has none is tried: no later poke is needed. */
static void between(void)
{
	u64 stamp;

	begin();
	fill(2, "full");
	fill(1, "too");
	bind_queue(1, work, 1, 0, 0);
	bind_queue(2, work, 1, 0, 0);
	emit(work, 0, 5);
	stamp = w.last.hlc;
	wn_queue_slice(w.core, 1, &w.now);
	pump(1);
	slice(1000);
	ok(wn_mail_credit(w.core, 1) && has_lease(1, stamp), "room that comes between two steps");
	world_deinit(&w);
}

/* Nobody read dead letters; then their node goes, and nothing else happens. */
static void graveless(void)
{
	begin();
	bind_queue(1, work, 1, 1, grave);
	emit(work, 0, 5);
	run();
	settle(1, events[1][user[1].inbox_head[0]++].hlc, false);
	run();
	settle(1, events[1][user[1].inbox_head[0]++].hlc, false);
	run();
	world_op(&w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = grave), NULL);
	run();
	ok(unread(1) == 1 && WN_EV_TRIES(events[1][user[1].inbox_head[0]].flags) == 2,
	   "what waited for a reader of the dead-letter node comes again when that goes");
	world_deinit(&w);
}

/* Letters are so short that client 2, with an empty backlog, cannot be leased a job. */
static void starve(void)
{
	char name[] = "q0";
	u64 node, i;
	u32 c;

	begin();
	bind_queue(3, grave, 8, 0, 0);
	for (i = 0; i < 8; i++)
		emit(grave, 0, i);
	run();
	for (c = 0; c < CLIENTS; c++) {
		if (c == 2)
			continue;
		name[1]++;
		fill(c, name);
	}
	bind_queue(2, work, 1, 0, 0);
	flood(work);
	for (c = 0; c < 3; c++) {
		name[1]++;
		node = (u64)world_create(&w, 0, name);
		bind_queue(2, node, 0, 0, 0);
		flood(node);
	}
	slice(1000);
	pump(2);
	ok(unread(3) == 8 && !unread(2) && !wn_work_waits(w.core), "no letter for a lease");
}

static void room(void)
{
	u32 i;

	starve();
	for (i = 0; i < 8; i++)
		world_op(&w, 3, OP(.opcode = WN_OP_ACK, .node = grave, .arg = events[3][i].hlc),
			 NULL);
	slice(1000);
	pump(2);
	ok(unread(2) == 1, "an ACK makes room for another queue's");
	world_deinit(&w);

	starve();
	wn_core_client_close(w.core, 1);
	slice(1000);
	pump(2);
	ok(unread(2) == 1, "so does a client's end");
	world_deinit(&w);
}

/* Who sends a lot to a queue leaves room for others; what came due does not ask. */
static void shares(void)
{
	u64 data[8] = {};
	u32 by[CLIENTS] = {}, c, timed = 0;

	begin();
	data[3] = w.now.boottime + 1;
	bind_queue(1, work, 0, 0, 0);
	for (c = 0; c < CLIENTS; c++)
		while (!emit_by(c, work, 0, 1))
			by[c]++;
	ok(by[0] == 16 && by[1] == 8 && by[2] == 4 && by[3] == 2 && by[4] == 1,
	   "of 32 that a queue may hold each may have half of what is left");
	for (c = 0; c < 3; c++)
		timed += world_op(&w, 0, OP(.opcode = WN_OP_EMIT, .node = work,
					    .op_flags = WN_EMIT_AT), data) > 0;
	w.now.boottime += 4 * WN_TICK;
	slice(1000);
	ok(timed == 1 && wn_queue(w.core, wn_queue_of(w.core, wn_handle_index(work)))->held == 32,
	   "what came due has the last place");
	world_deinit(&w);
}

int main(void)
{
	tap_plan(55);
	terms();
	order();
	endings();
	leaver();
	between();
	shares();
	graveless();
	room();
	histories(false);
	histories(true);
	return tap_done();
}
