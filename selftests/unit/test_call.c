// SPDX-License-Identifier: MIT
/*
 * Calls, timers and delayed events: random histories beside a naive list of what is owed.
 * Each that was made ends exactly once, with the end that came first, never early; what
 * comes and in which order for one client is not looked at, but that all comes is.
 */
#include <string.h>

#include "kmod/core/mail.h"
#include "kmod/core/node.h"
#include "kmod/core/work.h"
#include "tap.h"
#include "world.h"

#define CLIENTS 4
#define NODES 5
#define RING 8
#define OWED 24		/* bounds.timers */
#define STEPS 40000

static struct wn_user_ring user[CLIENTS];
static struct wn_kern_ring kern[CLIENTS];
static struct wn_event events[CLIENTS][WN_PRIORITIES * RING];
static struct wn_inbox inbox[CLIENTS];

enum what { NONE, CALL, TIMER, LATER };

/* What is owed, by the trace of its op. */
struct owed {
	enum what what;
	bool over;		/* nothing may come any more */
	bool mine;
	bool ended;		/* what is below is how */
	u64 handle, node, due, period, count;
	u32 maker, callee, to;	/* to: who gets the end */
	s32 error;		/* of the end; -1: any of what may be */
	u64 word;
};

static struct owed list[STEPS * 4 + 1];
static u64 traces, seed, done[4], errors[200], failed_ops;
static struct world w;
static bool open[CLIENTS], right = true;
static u64 node[NODES];
static int reader[NODES];

static u32 pick(u32 n)
{
	return (u32)(world_random(&seed) % n);
}

static void check(bool good, const char *what)
{
	if (!good && right) {
		diag("%s: seed %#llx trace %llu", what, tap_seed(), traces);
		right = false;
	}
}

static u32 held(u32 c)
{
	return w.core->clients[c].promises;
}

static u64 word_of(const struct wn_event *e, u32 at)
{
	u64 word;

	memcpy(&word, e->data + at, 8);
	return word;
}

/* Whoever gets it, an event is the end of something, or a call to answer. */
static struct { u64 handle, trace; } asked[CLIENTS][64];
static u32 nr_asked[CLIENTS];

static void got(u32 c, const struct wn_event *e)
{
	struct owed *o = &list[e->trace];
	/* The other reader of one that repeats may read later what came before its end. */
	const bool late = o->period && !o->mine && !(e->flags & WN_EV_F_ERROR);

	if (e->kind == WN_EV_CALL) {
		check(o->what == CALL && o->callee == c && word_of(e, 0) == o->handle,
		      "a call comes to the callee");
		asked[c][nr_asked[c] % 64].handle = word_of(e, 0);
		asked[c][nr_asked[c]++ % 64].trace = e->trace;
		return;
	}
	if (right && (o->what == NONE || (o->over && !late)))
		diag("event %u flags %u type %u to %u; owed %u by %u period %llu", e->kind,
		     e->flags, e->type, c, o->what, o->maker, o->period);
	check(o->what != NONE && (!o->over || late), "once");
	check(e->node == o->node, "its node");
	if (e->flags & WN_EV_F_ERROR) {
		check(c == o->maker && word_of(e, 0) == o->handle, "errors go to the maker");
		check(e->kind == (o->what == CALL ? WN_EV_REPLY : WN_EV_TIMER), "kind of an error");
		errors[e->type]++;
		if (e->type == ETIME)
			check(o->what == CALL && o->due <= w.now.boottime, "no deadline early");
		else if (o->ended)
			check((s32)e->type == o->error, "the error that was first");
		else
			check(e->type == ENOLINK, "only what is gone needs no word of ours");
		o->over = true;
		done[o->what]++;
		return;
	}
	done[o->what]++;
	switch (o->what) {
	case CALL:
		check(e->kind == WN_EV_REPLY && c == o->maker && o->ended && !o->error &&
		      word_of(e, 0) == o->handle && word_of(e, 8) == o->word, "the reply");
		o->over = true;
		break;
	case TIMER:
		check(e->kind == WN_EV_TIMER && word_of(e, 0) == o->handle, "a timer's word");
		check(word_of(e, 8) <= w.now.boottime, "no timer early");
		o->count += word_of(e, 16);
		/* What others got and did not read is not known here. */
		check(o->mine ? word_of(e, 8) == o->due + (o->count - 1) * o->period :
		      !((word_of(e, 8) - o->due) % (o->period ? o->period : ~0ULL)),
		      "each time is counted once");
		o->over |= !o->period;
		break;
	default:
		check(e->kind == WN_EV_USER && word_of(e, 0) == o->word && o->due <= w.now.boottime,
		      "the event as it was sent");
		o->over = true;
	}
}

static void listen(u32 c)
{
	u32 p;

	wn_mail_retry(w.core, c);
	wn_mail_pump(w.core, c, &inbox[c]);
	for (p = 0; p < WN_PRIORITIES; p++)
		while (user[c].inbox_head[p] != kern[c].inbox_tail[p])
			got(c, &events[c][p * RING + user[c].inbox_head[p]++ % RING]);
	wn_mail_pump(w.core, c, &inbox[c]);
}

static s64 op(u32 c, const struct wn_sqe *sqe, const void *data)
{
	const s64 res = world_op(&w, c, sqe, data);

	failed_ops += WN_RES_IS_ERROR(res);
	return res;
}

static u64 soon(void)
{
	return w.now.boottime + (pick(4) ? pick(20u << 20) : 0) + 1;
}

/* In a group that fails behind it nothing was ever promised. */
static void rollback(u32 c, const struct wn_sqe *sqe, const void *data)
{
	static u8 before[1 << 22];
	const struct wn_op_env env = { .client = c, .now = &w.now };
	const u64 bytes = w.core->state_bytes;
	struct wn_sqe slots[4] = { *sqe };
	struct wn_op_result results[2];

	if (bytes > sizeof(before))
		tap_die("a larger copy");
	slots[0].flags |= WN_SQE_ATOMIC | (data ? WN_SQE_WIDE : 0);
	if (data)
		memcpy(&slots[1], data, 64);
	slots[2] = (struct wn_sqe){ .opcode = WN_OP_NODE_DESTROY, .node = 0xdead,
				    .op_flags = WN_DESTROY_LEAF };
	memcpy(before, w.private, bytes);
	wn_op_apply_group(w.core, &env, slots, 2, results);
	check(!memcmp(before, w.private, bytes), "a rollback brings back every bit");
}

static void make(u32 c, u32 n)
{
	struct owed o = { .maker = c, .node = node[n], .due = soon() };
	struct wn_sqe sqe = { .node = node[n] };
	u64 data[8] = { world_random(&seed) };
	bool wide = true;
	s64 res;

	o.word = data[0];
	sqe.arg = traces + 1;
	o.what = CALL + pick(3);
	switch (o.what) {
	case CALL:
		sqe.opcode = WN_OP_CALL;
		sqe.op_flags = WN_EMIT(pick(4), 8);
		sqe.w[1] = o.due;
		o.callee = reader[n];
		break;
	case TIMER:
		sqe.opcode = WN_OP_TIMER;
		sqe.op_flags = pick(4) | (pick(2) ? WN_TIMER_MINE : 0);
		o.mine = sqe.op_flags & WN_TIMER_MINE;
		sqe.w[0] = o.due;
		sqe.w[1] = o.period = pick(3) ? 0 : WN_TIMER_PERIOD_MIN + pick(5000000);
		wide = false;
		break;
	default:
		sqe.opcode = WN_OP_EMIT;
		sqe.op_flags = WN_EMIT(pick(4), 24) | WN_EMIT_AT;
		data[3] = o.due;
	}
	if (pick(3) == 0)
		rollback(c, &sqe, wide ? data : NULL);
	traces++;
	res = op(c, &sqe, wide ? data : NULL);
	if (res == -ENOSPC)
		check(held(c) + 1 > OWED - w.core->promises.pool.used, "a fair share");
	if (WN_RES_IS_ERROR(res))
		return;
	o.handle = res;
	list[traces] = o;
}

static struct owed *some(u32 c)
{
	u32 i, at;

	for (i = 0; i < 40; i++) {
		at = traces > 40 ? traces - pick(40) : pick(traces + 1);
		if (list[at].what && list[at].maker == c)
			return &list[at];
	}
	return NULL;
}

static void cancel(u32 c)
{
	struct owed *o = some(c);
	s64 res;

	if (!o)
		return;
	res = op(c, OP(.opcode = WN_OP_CANCEL, .arg = o->handle), NULL);
	check(!res || res == -ESTALE, "cancel");
	check(res || !o->over || (o->what == TIMER && o->period), "what is over is stale");
	check(res || !o->ended, "it ended already");
	if (res)
		return;
	if (o->what == CALL) {
		o->ended = true;
		o->error = ECANCELED;
	} else if (!o->period) {
		o->over = true;
	}
	check(op(c, OP(.opcode = WN_OP_CANCEL, .arg = o->handle), NULL) == -ESTALE, "once, too");
}

static void reply(u32 c)
{
	u64 data[8] = { world_random(&seed) };
	struct owed *o;
	u32 at, other;
	s64 res;

	if (!nr_asked[c])
		return;
	at = nr_asked[c] > 16 ? nr_asked[c] - 1 - pick(16) : pick(nr_asked[c]);
	o = &list[asked[c][at % 64].trace];
	other = pick(CLIENTS);
	if (other != c && open[other])
		check(op(other, OP(.opcode = WN_OP_REPLY, .arg = o->handle), NULL) == -ESTALE,
		      "nobody else can answer");
	res = op(c, OP(.opcode = WN_OP_REPLY, .arg = o->handle, .op_flags = WN_EMIT(0, 8)), data);
	check(!res || res == -ESTALE, "reply");
	check(res || !(o->over || o->ended), "a reply to what is over");
	if (res)
		return;
	o->ended = true;
	o->error = 0;
	o->word = data[0];
}

static void client(u32 c, bool want)
{
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL };
	const u32 entries[WN_PRIORITIES] = { RING, RING, RING, RING };
	u64 i;

	if (!want) {
		/* What it has not read is lost with it. */
		wn_core_client_close(w.core, c);
		for (i = 0; i <= traces; i++) {
			if (list[i].maker != c)
				continue;
			/* What was due to others stands. */
			if (list[i].what == CALL)
				list[i].over = true;
		}
		open[c] = false;
		return;
	}
	if (wn_core_client_open(w.core, c, &first))
		return;
	memset(&user[c], 0, sizeof(user[c]));
	memset(&kern[c], 0, sizeof(kern[c]));
	wn_inbox_init(&inbox[c], &user[c], &kern[c], events[c], entries);
	nr_asked[c] = 0;
	open[c] = true;
}

static void replace(u32 n)
{
	char name[8] = { 'n', '0' + n };
	s64 res;

	if (node[n])
		check(!op(0, OP(.opcode = WN_OP_NODE_DESTROY, .node = node[n]), NULL), "destroy");
	res = world_create(&w, 0, name);
	check(!WN_RES_IS_ERROR(res), "create");
	node[n] = res;
	reader[n] = -1;
}

static void step(void)
{
	const u32 c = pick(CLIENTS), n = pick(NODES);

	switch (pick(40)) {
	case 0:
		if (c && open[c] && !pick(6))
			client(c, false);
		break;
	case 1:
		if (!pick(5))
			replace(n);
		break;
	case 2: case 3:
		if (!open[c])
			client(c, true);
		else if (!op(c, OP(.opcode = WN_OP_BIND, .node = node[n]), NULL))
			reader[n] = c;
		break;
	case 4: case 5: case 6: case 7:
		if (open[c])
			cancel(c);
		break;
	case 8: case 9: case 10: case 11: case 12:
		if (open[c])
			reply(c);
		break;
	case 13: case 14: case 15: case 16: case 17: case 18:
		w.now.boottime += pick(6u << 20);
		w.now.realtime += pick(1000000);
		break;
	case 19: case 20: case 21: case 22: case 23: case 24:
		wn_work_slice(w.core, &w.now);
		break;
	case 25: case 26: case 27: case 28: case 29:
		if (open[c])
			listen(c);
		break;
	default:
		if (open[c])
			make(c, n);
	}
}

/* To the end of all deadlines: then nothing is owed to those who live but what repeats. */
static void drain(void)
{
	u64 i, owed = 0;
	u32 c, rounds;

	for (i = 1; i <= traces; i++)
		if (list[i].what == TIMER && list[i].period && open[list[i].maker])
			op(list[i].maker, OP(.opcode = WN_OP_CANCEL, .arg = list[i].handle), NULL);
	w.now.boottime += 1ULL << 40;
	for (rounds = 0; rounds < 400; rounds++) {
		wn_work_slice(w.core, &w.now);
		for (c = 0; c < CLIENTS; c++)
			if (open[c])
				listen(c);
	}
	/* A late event goes to the reader that there is, who may die with it unread. */
	for (i = 1; i <= traces; i++)
		if (list[i].what == CALL && !list[i].over)
			owed++;
	check(!owed, "each call has ended");
	check(!w.core->promises.pool.used && !w.core->promises.nr_ready, "no promise is left");
	check(!wn_work_waits(w.core) && wn_core_next_deadline(w.core) == WN_NEVER, "all is quiet");
	for (c = 0; c < CLIENTS; c++)
		check(!w.core->clients[c].promises, "nobody is charged");
}

static void history(u64 steps)
{
	struct wn_bounds b = world_bounds(64);
	u32 i;
	u64 s;

	b.timers = OWED;
	b.backlog = 40;
	world_init(&w, &b, seed);
	memset(list, 0, sizeof(list));
	traces = 0;
	memset(node, 0, sizeof(node));
	wn_core_client_close(w.core, 0);
	for (i = 0; i < CLIENTS; i++)
		client(i, true);
	for (i = 0; i < NODES; i++)
		replace(i);
	for (s = 0; s < steps && right; s++)
		step();
	if (right)
		drain();
	world_deinit(&w);
}

/* A work queue takes timers and delayed events, when it has room, but no calls. */
static void queue(void)
{
	const u64 data[8] = { 7, 8, 9, 0 };
	u64 late[8] = { 7, 8, 9, 0 };
	struct wn_bounds b = world_bounds(8);
	u32 p, leases = 0, i;
	s64 work, timer;
	bool good;

	b.timers = 8;
	b.backlog = 64;
	world_init(&w, &b, seed);
	wn_core_client_close(w.core, 0);
	client(0, true);
	work = world_create(&w, 0, "work");
	good = !op(0, OP(.opcode = WN_OP_BIND, .node = work, .w = { 1000000000 },
			 .op_flags = WN_BIND_QUEUE | WN_BIND_CREDIT(8)), NULL);
	late[3] = w.now.boottime + 5000000;
	good &= op(0, OP(.opcode = WN_OP_CALL, .node = work, .w = { 0, 1 },
			 .op_flags = WN_EMIT(0, 8 + 8)), data) == -EINVAL;
	good &= op(0, OP(.opcode = WN_OP_CALL, .node = work, .w = { 0, 1 }), NULL) == -EOPNOTSUPP;
	good &= !WN_RES_IS_ERROR(op(0, OP(.opcode = WN_OP_EMIT, .node = work,
					  .op_flags = WN_EMIT(0, 24) | WN_EMIT_AT), late));
	timer = op(0, OP(.opcode = WN_OP_TIMER, .node = work,
			 .w = { w.now.boottime + 1, 2000000 }), NULL);
	good &= !WN_RES_IS_ERROR(timer);
	for (i = 0; i < 60; i++) {
		wn_work_slice(w.core, &w.now);
		wn_mail_pump(w.core, 0, &inbox[0]);
		w.now.boottime += 100000;
	}
	for (p = 0; p < WN_PRIORITIES; p++)
		leases += kern[0].inbox_tail[p];
	ok(good && leases == 4 && w.core->promises.pool.used == 1 &&
	   !op(0, OP(.opcode = WN_OP_CANCEL, .arg = timer), NULL) && !w.core->promises.nr_ready,
	   "a queue gets three of a timer and one that was late: %u", leases);
	world_deinit(&w);
}

/*
 * What comes due later is done under its capability as it is then: with it, or one errno to
 * the maker, who has lost it, it ran out, another lies in its place, the node went out of
 * its reach.
 */
enum loss { KEPT, REVOKED, BRANCH, EXPIRED, REUSED, OUTSIDE, LOSSES };

static const u32 answers[LOSSES] = { 0, EKEYREVOKED, EKEYREVOKED, EKEYEXPIRED, EKEYREVOKED, ENOLINK };

static u64 give(u32 from, u32 to, u16 under, u64 at, u64 expires, u16 *index)
{
	const struct wn_grant g = {
		.rights = WN_RIGHT_READ | WN_RIGHT_EMIT | WN_RIGHT_GRANT, .expires = expires,
	};
	const s64 handle = op(from, OP(.opcode = WN_OP_CAP_GRANT, .cap = under, .node = at,
				       .arg = to + 1), &g);

	check(!WN_RES_IS_ERROR(handle), "a grant");
	*index = (u16)w.last.aux;
	return (u64)handle;
}

static bool next(u32 c, struct wn_event *e)
{
	u32 p;

	wn_mail_pump(w.core, c, &inbox[c]);
	for (p = 0; p < WN_PRIORITIES; p++) {
		if (user[c].inbox_head[p] == kern[c].inbox_tail[p])
			continue;
		*e = events[c][p * RING + user[c].inbox_head[p]++ % RING];
		return true;
	}
	return false;
}

static void work(void)
{
	while (wn_work_waits(w.core) || wn_core_next_deadline(w.core) <= w.now.boottime)
		wn_work_slice(w.core, &w.now);
}

/* One kind of promise of client 1, to node 0 that client 2 reads, under a cap that gets lost. */
static bool barred(enum loss loss, enum what what, bool mine, u64 period)
{
	const u64 due = w.now.boottime + 10 * WN_TIMER_PERIOD_MIN;
	const u64 data[8] = { 5, 6, 7, due };
	u64 scope = (u64)world_create(&w, 0, "scope"), outer = (u64)world_create(&w, 0, "outer"), at;
	struct wn_event e;
	u16 upper, cap, other;
	u64 above, held;
	s64 handle;
	bool good;

	at = (u64)world_create(&w, scope, "at");
	op(2, OP(.opcode = WN_OP_BIND, .node = at), NULL);
	above = give(0, 3, 0, scope, 0, &upper);
	held = give(3, 1, upper, scope, loss == EXPIRED ? due : 0, &cap);
	while (next(1, &e) || next(3, &e))
		;
	if (what == TIMER)
		handle = op(1, OP(.opcode = WN_OP_TIMER, .cap = cap, .node = at, .arg = 99,
				  .op_flags = mine ? WN_TIMER_MINE : 0, .w = { due, period }), NULL);
	else
		handle = op(1, OP(.opcode = WN_OP_EMIT, .cap = cap, .node = at, .arg = 99,
				  .op_flags = WN_EMIT_AT | WN_EMIT(0, 24)), data);
	good = !WN_RES_IS_ERROR(handle);
	work();
	good &= !next(1, &e) && !next(2, &e);
	if (loss == REVOKED || loss == REUSED)
		good &= !op(0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = held), NULL);
	else if (loss == BRANCH)
		good &= !op(0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = above), NULL);
	else if (loss == OUTSIDE)
		good &= !WN_RES_IS_ERROR(op(0, OP(.opcode = WN_OP_NODE_MOVE, .node = at,
						  .arg = outer), NULL));
	if (loss == REUSED) {
		work();
		/* Round the table, until the same slot holds another. */
		do {
			held = give(0, 1, 0, scope, 0, &other);
			if (other != cap)
				op(0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = held), NULL);
			work();
		} while (other != cap);
		while (next(1, &e))
			;
	}
	w.now.boottime = due + WN_TICK;
	work();
	if (loss == KEPT) {
		good &= next(mine ? 1 : 2, &e) && e.trace == 99 && e.node == at && !e.flags &&
			e.kind == (what == TIMER ? WN_EV_TIMER : WN_EV_USER);
		good &= !period || !op(1, OP(.opcode = WN_OP_CANCEL, .arg = (u64)handle), NULL);
	} else {
		good &= next(1, &e) && e.kind == WN_EV_TIMER && e.flags == WN_EV_F_ERROR &&
			e.type == answers[loss] && word_of(&e, 0) == (u64)handle && e.trace == 99 &&
			!word_of(&e, 8) && !word_of(&e, 16) && !e.badge;
		good &= op(1, OP(.opcode = WN_OP_CANCEL, .arg = (u64)handle), NULL) == -ESTALE;
	}
	good &= !next(1, &e) && !next(2, &e) && !w.core->promises.pool.used;
	if (!good)
		diag("loss %u of %u, mine %u, period %llu", loss, what, mine, period);
	op(0, OP(.opcode = WN_OP_NODE_DESTROY, .node = scope), NULL);
	op(0, OP(.opcode = WN_OP_NODE_DESTROY, .node = outer), NULL);
	work();
	if (loss != BRANCH && loss != REVOKED)
		op(0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = above), NULL);
	work();
	while (next(1, &e) || next(2, &e) || next(3, &e))
		;
	return good;
}

static void under_capabilities(void)
{
	struct wn_bounds b = world_bounds(16);
	u32 i;

	b.timers = 8;
	b.backlog = 64;
	b.caps = 32;
	world_init(&w, &b, seed);
	wn_core_client_close(w.core, 0);
	for (i = 0; i < CLIENTS; i++)
		client(i, true);
	for (i = 0; i < LOSSES; i++)
		ok(barred(i, LATER, false, 0) & barred(i, TIMER, false, 0) &
		   barred(i, TIMER, true, 0) & barred(i, TIMER, false, 3 * WN_TIMER_PERIOD_MIN) &
		   barred(i, TIMER, true, 3 * WN_TIMER_PERIOD_MIN),
		   "when it is due the capability is looked at: errno %u", answers[i]);
	world_deinit(&w);
}

int main(void)
{
	u64 i;

	tap_plan(5 + LOSSES);
	seed = tap_seed();
	for (i = 0; i < 4 * tap_rounds() && right; i++)
		history(STEPS);
	ok(right, "%llu calls, %llu timers, %llu late events end once", done[CALL], done[TIMER],
	   done[LATER]);
	ok(done[CALL] > 100 && done[TIMER] > 100 && done[LATER] > 100, "of each there were some");
	ok(errors[ETIME] && errors[ECANCELED] && errors[ENOLINK],
	   "ends: %llu late, %llu cancelled, %llu without a link", errors[ETIME],
	   errors[ECANCELED], errors[ENOLINK]);
	ok(failed_ops, "%llu ops refused", failed_ops);
	queue();
	under_capabilities();
	return tap_done();
}
