// SPDX-License-Identifier: MIT
/*
 * Events to subtrees: random histories in which the tree, the readers and the scans change
 * in between. For each event and node is known whether it could get it (at some time while
 * the scan ran it lay below, was old enough, had a reader) and whether it must (at all
 * times). Nobody gets it who could not, nobody twice; of those who must none is without, but
 * those that a loss record counts.
 */
#include <string.h>

#include "kmod/core/cap.h"
#include "kmod/core/mail.h"
#include "kmod/core/node.h"
#include "kmod/core/scatter.h"
#include "kmod/core/work.h"
#include "shrink.h"
#include "tap.h"
#include "world.h"

#define CLIENTS 4
#define NODES 150
#define RING 64
#define SCANS 6

static struct wn_user_ring user[CLIENTS];
static struct wn_kern_ring kern[CLIENTS];
static struct wn_event events[CLIENTS][WN_PRIORITIES * RING];
static struct wn_inbox inbox[CLIENTS];

static struct world w;
static u64 seed, traces, begun, got_all, lost_all, cancelled;
static bool right = true;
static struct steps *playing;	/* the history; NULL: what is checked is none */
static u32 backlog;		/* of its domain */

/* A scan that runs, by its trace. */
static struct scan {
	u64 trace, handle, top, node[NODES];
	bool runs, cancelled, could[NODES], must[NODES], got[NODES];
	u64 lost;
	u32 maker;
} scans[SCANS];

static u32 pick(u32 n)
{
	return (u32)(world_random(&seed) % n);
}

static void check(bool good, const char *what)
{
	if (good || !right)
		return;
	right = false;
	if (playing)
		steps_wrong(playing, "%s, trace %llu", what, traces);
	else
		diag("%s, trace %llu", what, traces);
}

static const struct wn_node_rec *rec_of(u32 i)
{
	return wn_node(w.core, i);
}

static bool lies_below(u32 i, u64 top)
{
	u64 at = rec_of(i)->handle;

	while (at && at != top) {
		/* Below what was destroyed nothing is reached any more. */
		if (rec_of(wn_handle_index(at))->handle != at)
			return false;
		at = rec_of(wn_handle_index(at))->parent;
	}
	return at && rec_of(wn_handle_index(at))->handle == at;
}

static bool is_torn(u32 i)
{
	u64 at = rec_of(i)->handle;

	while (at && rec_of(wn_handle_index(at))->handle == at)
		at = rec_of(wn_handle_index(at))->parent;
	return at;
}

static bool is_eligible(const struct scan *s, u32 i)
{
	const struct wn_node_own *own = &w.core->own[i];

	return rec_of(i)->handle && rec_of(i)->handle == s->node[i] && lies_below(i, s->top) &&
	       !is_torn(i) && own->reader && wn_cap_find(w.core, own->reader_cap);
}

/* Behind each op and each slice. */
static void look(void)
{
	u32 k, i;

	for (k = 0; k < SCANS; k++)
		for (i = 0; scans[k].runs && i < NODES; i++) {
			const bool now = is_eligible(&scans[k], i);

			scans[k].could[i] |= now;
			scans[k].must[i] &= now;
		}
}

static void over(struct scan *s)
{
	u64 without = 0, could = 0;
	u32 i;

	for (i = 0; i < NODES; i++) {
		without += s->must[i] && !s->got[i];
		could += s->could[i] && !s->got[i];
	}
	if (!s->cancelled)
		check(without <= s->lost, "all that must get it do");
	check(s->lost <= could, "a loss is one that could get it");
	lost_all += s->lost;
	cancelled += s->cancelled;
	memset(s, 0, sizeof(*s));
}

static struct scan *by_trace(u64 trace)
{
	u32 k;

	for (k = 0; k < SCANS; k++)
		if (scans[k].trace == trace)
			return &scans[k];
	return NULL;
}

static u64 word_of(const struct wn_event *e, u32 at)
{
	u64 word;

	memcpy(&word, e->data + at, sizeof(word));
	return word;
}

static void got(u32 c, const struct wn_event *e)
{
	struct scan *s = by_trace(e->trace);
	const u32 i = wn_handle_index(e->node);

	if (!s) {
		check(false, "nothing comes behind the end");
		return;
	}
	if (e->kind == WN_EV_LOSS) {
		check(c == s->maker && e->node == s->top && word_of(e, 8) == s->handle &&
		      word_of(e, 0) && !s->lost && e->len == 16, "a loss");
		s->lost = word_of(e, 0);
		return;
	}
	if (e->kind == WN_EV_TIMER) {
		check(c == s->maker && e->type == ENOLINK && e->node == s->top &&
		      word_of(e, 0) == s->handle, "its node went");
		s->cancelled = true;
		return;
	}
	check(e->kind == WN_EV_USER && e->node == s->node[i], "an event to a node that was there");
	check(!s->got[i], "once");
	check(s->could[i], "to one that could get it");
	check(word_of(e, 0) == s->trace * 3 && e->type == 7 && e->len == 8 && e->badge == 5, "as sent");
	s->got[i] = true;
	got_all++;
}

static u32 listen(u32 c, u32 most)
{
	u32 p, n = 0;

	wn_mail_retry(w.core, c);
	wn_mail_pump(w.core, c, &inbox[c]);
	for (p = 0; p < WN_PRIORITIES; p++)
		while (n < most && user[c].inbox_head[p] != kern[c].inbox_tail[p]) {
			got(c, &events[c][p * RING + user[c].inbox_head[p]++ % RING]);
			n++;
		}
	return n;
}

static bool is_over(const struct scan *s)
{
	return wn_pool_lookup(&w.core->promises.pool, s->handle) < 0;
}

static u64 some(void)
{
	u32 i, at;

	for (i = 0; i < 20; i++) {
		at = pick(NODES);
		if (rec_of(at)->handle)
			return rec_of(at)->handle;
	}
	return w.core->root;
}

static void begin(void)
{
	const u32 c = pick(CLIENTS), k = pick(SCANS);
	struct scan *s = &scans[k];
	u64 top = pick(3) ? w.core->root : some();
	s64 res;
	u32 i;

	if (s->trace)
		return;
	res = world_op(&w, c, OP(.opcode = WN_OP_EMIT_SUBTREE, .node = top, .arg = ++traces,
				 .op_flags = WN_EMIT(pick(2), 8), .w = { 7, traces * 3 }), NULL);
	if (res == -ENOSPC || res == -ESTALE)
		return;
	check(!WN_RES_IS_ERROR(res), "an emit");
	*s = (struct scan){ .trace = traces, .handle = (u64)res, .top = top, .maker = c, .runs = true };
	for (i = 0; i < NODES; i++) {
		s->node[i] = rec_of(i)->handle;
		s->must[i] = true;
	}
	begun++;
}

static void change(void)
{
	char name[16];
	struct scan *s;
	u64 node = some();
	u32 c = pick(CLIENTS);

	switch (pick(12)) {
	case 0: case 1: case 2:
		snprintf(name, sizeof(name), "n%u", pick(100000));
		world_create(&w, node, name);
		break;
	case 3:
		if (node != w.core->root && (!pick(6) || !rec_of(wn_handle_index(node))->nr_children))
			world_op(&w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = node), NULL);
		break;
	case 4:
		world_op(&w, 0, OP(.opcode = WN_OP_NODE_MOVE, .node = node, .arg = some()), NULL);
		break;
	case 5: case 6: case 7: case 8:
		world_op(&w, c, OP(.opcode = WN_OP_BIND, .node = node), NULL);
		break;
	case 9:
		world_op(&w, c, OP(.opcode = WN_OP_UNBIND, .node = node), NULL);
		break;
	case 10:
		s = &scans[pick(SCANS)];
		if (s->runs && !pick(8) && !world_op(&w, s->maker,
				OP(.opcode = WN_OP_CANCEL, .arg = s->handle), NULL))
			s->cancelled = true;
		break;
	case 11:
		wn_reap_slice(w.core, pick(8));
		break;
	}
}

static void settle(void)
{
	u32 k, c, n;

	/* What was sent by those that are over lies in the inboxes. */
	do {
		for (n = 0, c = 0; c < CLIENTS; c++)
			n += listen(c, 10000);
		n += wn_promise_tell(w.core, 100, &w.now);
	} while (n);
	for (k = 0; k < SCANS; k++)
		if (scans[k].runs && is_over(&scans[k]))
			over(&scans[k]);
}

static void step(void)
{
	if (!pick(6))
		begin();
	change();
	look();
	if (!pick(3))
		wn_scatter_slice(w.core, 1 + pick(40), &w.now);
	if (!pick(4))
		wn_promise_break(w.core, 1, &w.now);
	look();
	if (backlog > 1000 || !pick(5))
		settle();
}

static void history(struct steps *s)
{
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL, .badge = 5 };
	const u32 entries[WN_PRIORITIES] = { RING, RING, RING, RING };
	struct wn_bounds b = world_bounds(NODES);
	u32 i, c;

	playing = s;
	right = true;
	traces = 0;
	b.timers = SCANS + 2;
	b.backlog = backlog;
	world_init(&w, &b, tap_seed());
	wn_core_client_close(w.core, 0);
	memset(scans, 0, sizeof(scans));
	memset(user, 0, sizeof(user));
	memset(kern, 0, sizeof(kern));
	for (c = 0; c < CLIENTS; c++) {
		wn_core_client_open(w.core, c, &first);
		wn_inbox_init(&inbox[c], &user[c], &kern[c], events[c], entries);
	}
	while (steps_next(s, &seed))
		step();
	for (i = 0; i < 100000 && wn_work_waits(w.core); i++) {
		wn_work_slice(w.core, &w.now);
		look();
	}
	settle();
	settle();
	check(!wn_scatter_waits(w.core) && !w.core->promises.pool.used, "all scans are over");
	for (c = 0; c < CLIENTS; c++)
		check(!w.core->clients[c].promises, "nobody is charged");
	playing = NULL;
	world_deinit(&w);
}

/* -------------------------------------------------------- one at a time */

static void start(u32 nodes, u32 timers)
{
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL };
	const u32 entries[WN_PRIORITIES] = { RING, RING, RING, RING };
	struct wn_bounds b = world_bounds(nodes);
	u32 c;

	b.timers = timers;
	/* A reader of all has half, who sends half of that. */
	b.backlog = 4 * nodes;
	world_init(&w, &b, seed);
	wn_core_client_close(w.core, 0);
	memset(user, 0, sizeof(user));
	memset(kern, 0, sizeof(kern));
	for (c = 0; c < CLIENTS; c++) {
		wn_core_client_open(w.core, c, &first);
		wn_inbox_init(&inbox[c], &user[c], &kern[c], events[c], entries);
	}
}

static s64 emit(u32 c, u16 cap, u64 node)
{
	return world_op(&w, c, OP(.opcode = WN_OP_EMIT_SUBTREE, .cap = cap, .node = node, .arg = 9), NULL);
}

/* The next event of a client. */
static bool next(u32 c, struct wn_event *e)
{
	wn_mail_retry(w.core, c);
	wn_mail_pump(w.core, c, &inbox[c]);
	if (user[c].inbox_head[0] == kern[c].inbox_tail[0])
		return false;
	*e = events[c][user[c].inbox_head[0]++ % RING];
	return true;
}

static u32 drain(u32 c)
{
	struct wn_event e;
	u32 n = 0;

	while (next(c, &e))
		n += e.kind == WN_EV_USER;
	return n;
}

/* How a scan over 500 nodes, of which some have got it, ends before its time. */
static void ends(void)
{
	const struct wn_grant grant = { .rights = WN_RIGHT_EMIT };
	struct wn_event e;
	u32 i, how, some_got, cap;
	s64 handle, held, top;
	char name[16];
	bool good;

	for (how = 0; how < 5; how++) {
		start(600, 4);
		top = world_create(&w, 0, "top");
		for (i = 0; i < 500; i++) {
			snprintf(name, sizeof(name), "n%u", i);
			world_op(&w, 1, OP(.opcode = WN_OP_BIND,
					   .node = (u64)world_create(&w, (u64)top, name)), NULL);
		}
		held = world_op(&w, 0, OP(.opcode = WN_OP_CAP_GRANT, .node = (u64)top, .arg = 3), &grant);
		cap = w.last.aux;
		while (next(2, &e))
			;
		handle = emit(2, (u16)cap, (u64)top);
		good = !WN_RES_IS_ERROR(held) && !WN_RES_IS_ERROR(handle) && wn_work_waits(w.core);
		wn_scatter_slice(w.core, 200, &w.now);
		some_got = drain(1);
		switch (how) {
		case 0:
			good &= !world_op(&w, 2, OP(.opcode = WN_OP_CANCEL, .arg = (u64)handle), NULL) &&
				world_op(&w, 1, OP(.opcode = WN_OP_CANCEL, .arg = (u64)handle), NULL) == -ESTALE;
			break;
		case 1:
			good &= !world_op(&w, 0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = (u64)held), NULL);
			break;
		case 2:
			good &= !world_op(&w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = (u64)top), NULL);
			break;
		case 3:
			wn_core_client_close(w.core, 2);
			break;
		}
		while (wn_work_waits(w.core))
			wn_work_slice(w.core, &w.now);
		some_got += i = drain(1);
		good &= !w.core->promises.pool.used && some_got - i > 0 && some_got - i < 500;
		if (how == 1 || how == 2)
			good &= next(2, &e) && e.kind == WN_EV_TIMER && e.flags == WN_EV_F_ERROR &&
				e.type == (how == 1 ? EKEYREVOKED : ENOLINK) && e.node == (u64)top &&
				word_of(&e, 0) == (u64)handle && e.trace == 9;
		good &= how == 3 || !next(2, &e);
		good &= how == 4 ? some_got == 500 : !i;
		ok(good, "%s: %u of 500 got it", how == 0 ? "cancelled" : how == 1 ? "revoked" :
		   how == 2 ? "destroyed" : how == 3 ? "its maker died" : "to the end", some_got);
		world_deinit(&w);
	}
}

/* Each client may have some; who scans much does not keep the others waiting. */
static void fairness(void)
{
	u32 i, mine = 0;
	s64 first, res;

	start(5000, 16);
	for (i = 0; i < 4000; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%u", i);
		world_create(&w, i < 1000 ? 0 : wn_node(w.core, i % 1000 + 1)->handle, name);
	}
	while ((res = emit(0, 0, 0)) > 0)
		mine++;
	ok(res == -ENOSPC && mine == 8, "one client has %u scans of 16 at most", mine);
	first = emit(1, 0, 0);
	ok(first > 0, "another has room");
	world_op(&w, 1, OP(.opcode = WN_OP_BIND, .node = wn_node(w.core, 1)->handle), NULL);
	for (i = 0; i < 9 && !drain(1); i++)
		wn_scatter_slice(w.core, 64, &w.now);
	ok(i < 9, "its turn comes behind a share of each");
	for (i = 0; wn_work_waits(w.core) && i < 10000; i++)
		wn_work_slice(w.core, &w.now);
	ok(i < 10000 && !w.core->promises.pool.used, "nine scans of 4,000 nodes: %u slices", i);
	ok(world_op(&w, 0, OP(.opcode = WN_OP_EMIT_SUBTREE, .w = { 1ULL << 32 }), NULL) == -EINVAL &&
	   world_op(&w, 0, OP(.opcode = WN_OP_EMIT_SUBTREE, .op_flags = WN_EMIT_AT), NULL) == -EINVAL &&
	   world_op(&w, 0, OP(.opcode = WN_OP_EMIT_SUBTREE, .flags = WN_SQE_ATOMIC, .node = 5), NULL) < 0,
	   "what makes no sense is refused");
	world_deinit(&w);
}

int main(void)
{
	struct steps steps = { .play = history, .nr = 660 };

	tap_plan(13);
	backlog = 4000;
	right = steps_hold_all(&steps, tap_seed(), 30 * tap_rounds());
	ok(right && begun > 100 && got_all > 1000, "%llu scans, %llu events", begun, got_all);
	ok(!lost_all, "where there is room none is lost");
	backlog = 24;
	right = right && steps_hold_all(&steps, tap_seed(), 30 * tap_rounds());
	ok(right && lost_all && cancelled, "%llu scans, %llu events, %llu without room, %llu ended early",
	   begun, got_all, lost_all, cancelled);
	ends();
	fairness();
	return tap_done();
}
