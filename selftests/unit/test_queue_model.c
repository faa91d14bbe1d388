// SPDX-License-Identifier: MIT
/*
 * Work queues beside the naive model: same results, same errors, and after each step the
 * same jobs, leases and consumers in the same order; each event that is read is the one that
 * it should be, bit by bit. When the engine rests nothing is left that could be done.
 */
#include <string.h>

#include "kmod/core/queue.h"
#include "kmod/core/queue_own.h"
#include "kmod/core/work.h"
#include "model_queue.h"
#include "shrink.h"
#include "tap.h"

#define STEPS	1500
#define LEASE	(32 * WN_TICK)
#ifdef __SANITIZE_ADDRESS__
#define HISTORIES 150
#else
#define HISTORIES 500
#endif

static struct wn_user_ring user[QM_CLIENTS];
static struct wn_kern_ring kern[QM_CLIENTS];
static struct wn_event events[QM_CLIENTS][WN_PRIORITIES * QM_RING];
static struct wn_inbox inbox[QM_CLIENTS];
static struct model_queue model, trial;
static struct world w;
static struct steps *now;
static u64 rng, names, trace, gone;
static struct lease { u32 client; u64 node, stamp; } lately[32];
static u32 nr_lately;

/* Of all histories. */
static u64 ops, by_errno[4096], leases, again, dead_letters, groups, ends, dropped, revoked;

static u32 pick(u32 n)
{
	return (u32)(world_random(&rng) % n);
}

static void check(bool good, const char *what, s64 got, s64 want)
{
	if (!good)
		steps_wrong(now, "%s: %lld, want %lld", what, got, want);
}

/* ------------------------------------------------------- the same contents */

static void same_jobs(const struct wn_link *list, const struct qm_list *want, const char *what,
		      u32 consumer)
{
	const struct wn_link *at = wn_list_first(w.core->tx, list);
	u32 i;

	for (i = 0; i < want->n && at; i++, at = wn_list_next(w.core->tx, list, at)) {
		const u32 job = wn_job_by(w.core, at);
		const struct wn_letter *l = wn_mail_letter(&w.core->mail, job);
		const struct qm_letter *m = &model.letters[want->at[i]];

		if (memcmp(&l->event, &m->event, sizeof(l->event)) ||
		    wn_job(w.core, job)->tries != m->tries)
			steps_wrong(now, "%s: job %u is event %llu, want %llu", what, i,
				    l->event.trace, m->event.trace);
		if (consumer && wn_job(w.core, job)->deadline != m->deadline)
			check(false, "a deadline", (s64)wn_job(w.core, job)->deadline,
			      (s64)m->deadline);
		check(wn_job(w.core, job)->consumer == consumer, "whose job", consumer, 0);
	}
	check(i == want->n && !at, what, i + !!at, want->n);
}

static void same_consumers(const struct wn_link *list, const struct qm_list *want)
{
	const struct wn_link *at = wn_list_first(w.core->tx, list);
	u32 i;

	for (i = 0; i < want->n && at; i++, at = wn_list_next(w.core->tx, list, at)) {
		const u32 number = wn_consumer_by(w.core, at);
		const struct wn_consumer *c = wn_consumer(w.core, number);
		const struct qm_consumer *m = &model.consumers[want->at[i]];

		check(c->client == m->client && c->credit == m->credit && c->leased == m->leases.n &&
		      c->cap == model.grants[m->grant].handle, "a consumer", c->client, m->client);
		same_jobs(&c->leases, &m->leases, "leases", number);
	}
	check(i == want->n && !at, "consumers", i + !!at, want->n);
}

static void same(void)
{
	u32 i, k, used = 0, queues = 0;

	for (i = 0; i < QM_LETTERS; i++)
		used += model.letters[i].used;
	check(w.core->mail.used == used, "letters", (s64)w.core->mail.used, used);
	for (i = 0; i < QM_QUEUES; i++) {
		const struct qm_queue *m = &model.queues[i];
		const struct wn_queue *q;

		if (!m->used)
			continue;
		queues++;
		q = wn_queue(w.core, m->number);
		check(q->node == m->node && q->dead == m->dead && q->tries == m->limit &&
		      q->lease == m->lease, "a queue", (s64)q->node, (s64)m->node);
		for (k = 0; k < WN_PRIORITIES; k++)
			same_jobs(&q->waiting[k], &m->waiting[k], "waiting", 0);
		same_jobs(&q->beyond, &m->beyond, "beyond the limit", 0);
		for (k = 0; k < 3; k++)
			same_consumers(&q->consumers[k], &m->consumers[k]);
	}
	check(wn_pool_count(&w.core->queues.queue_pool) == queues, "queues",
	      wn_pool_count(&w.core->queues.queue_pool), queues);
	check(w.core->public->stats[WN_STAT_DROPPED] == model.dropped, "dropped",
	      (s64)w.core->public->stats[WN_STAT_DROPPED], (s64)model.dropped);
	for (i = 0; i < QM_CLIENTS; i++)
		check(wn_mail_credit(w.core, i) == qm_credit(&model, i), "credit",
		      wn_mail_credit(w.core, i), qm_credit(&model, i));
}

/* ------------------------------------------------------------------- ops */

enum what { EMIT, EMIT_ALL, BIND_QUEUE, BIND, UNBIND, END, SETTLE };

struct act {
	enum what what;
	u32 client;
	int grant;
	u64 node;
	struct wn_event event;
	struct qm_terms terms;
	u64 stamp;
	bool done;
};

/* One that its client can name: nobody else was granted into its slot since. */
static int some_grant(u32 client)
{
	u32 i, at = pick(model.nr_grants), k;

	for (i = 0; i < model.nr_grants; i++) {
		const u32 g = pick(3) ? (at + i) % model.nr_grants : i;
		const struct qm_grant *grant = &model.grants[g];

		if (grant->client != client || grant->life != model.boxes[client].life)
			continue;
		for (k = g + 1; k < model.nr_grants; k++)
			if (model.grants[k].client == client && model.grants[k].life == grant->life &&
			    model.grants[k].index == grant->index)
				break;
		if (k == model.nr_grants)
			return (int)g;
	}
	return -1;
}

static u64 some_node(void)
{
	return pick(60) ? model.nodes[pick(QM_NODES)].handle : gone;
}

static int find(const struct model_queue *m, u64 handle)
{
	int i;

	for (i = 0; i < QM_NODES; i++)
		if (handle && m->nodes[i].handle == handle)
			return i;
	return -1;
}

static void some_terms(struct act *a)
{
	const int n = find(&model, a->node);
	const struct qm_queue *q = n >= 0 && model.nodes[n].queue >= 0 ?
				   &model.queues[model.nodes[n].queue] : NULL;

	a->terms.credit = pick(4) ? 1 + pick(4) : pick(70);
	if (a->terms.credit > 6 && a->terms.credit <= WN_CREDIT_MAX)
		a->terms.credit = 0;
	if (!pick(20))
		return;
	a->terms.lease = pick(30) ? LEASE : ~0ULL;
	if (q && pick(10)) {
		a->terms.dead = q->dead;
		a->terms.tries = q->limit;
	} else if (pick(4)) {
		a->terms.dead = some_node();
		a->terms.tries = pick(10) ? 1 + pick(3) : 0;
	}
}

static void some_act(struct act *a, u32 client, bool group)
{
	static const u8 whats[] = { EMIT, EMIT, EMIT, EMIT, EMIT, EMIT, BIND_QUEUE, BIND_QUEUE,
				    BIND, UNBIND, END, SETTLE, SETTLE, SETTLE, SETTLE, SETTLE,
				    SETTLE, SETTLE, SETTLE, EMIT_ALL };
	const struct lease *l = &lately[pick(32)];
	u32 tries;

	*a = (struct act){ .what = whats[pick(sizeof(whats) - group)], .client = client,
			   .grant = some_grant(client), .node = some_node() };
	/* One that is made and ends in one group has no node to learn its number by. */
	if (group && a->what == END)
		a->what = UNBIND;
	switch (a->what) {
	case EMIT:
	case EMIT_ALL:
		trace++;
		a->event = (struct wn_event){ .node = a->node, .trace = trace, .type = 7,
					      .kind = WN_EV_USER, .len = 8,
					      .priority = (u8)pick(WN_PRIORITIES) };
		memcpy(a->event.data, &trace, sizeof(trace));
		break;
	case BIND_QUEUE:
		some_terms(a);
		break;
	case SETTLE:
		/* Mostly one's own, and mostly done. */
		for (tries = 0; tries < 8 && l->client != client; tries++)
			l = &lately[pick(32)];
		if (l->node && pick(20))
			a->node = l->node;
		a->stamp = l->stamp;
		a->done = pick(3);
		break;
	default:
		break;
	}
}

static struct wn_sqe sqe_of(const struct act *a)
{
	struct wn_sqe sqe = { .node = a->node, .cap = (u16)model.grants[a->grant].index };
	u64 word;

	switch (a->what) {
	case EMIT:
	case EMIT_ALL:
		sqe.opcode = a->what == EMIT ? WN_OP_EMIT : WN_OP_EMIT_CHILDREN;
		if (a->what == EMIT_ALL)
			sqe.node = 0;
		memcpy(&word, a->event.data, sizeof(word));
		sqe.arg = a->event.trace;
		sqe.op_flags = WN_EMIT(a->event.priority, 8);
		sqe.w[0] = a->event.type;
		sqe.w[1] = word;
		break;
	case BIND_QUEUE:
		sqe.opcode = WN_OP_BIND;
		sqe.op_flags = WN_BIND_QUEUE | WN_BIND_CREDIT(a->terms.credit) |
			       WN_BIND_TRIES(a->terms.tries);
		sqe.w[0] = a->terms.lease;
		sqe.w[1] = a->terms.dead;
		break;
	case BIND:
		sqe.opcode = WN_OP_BIND;
		break;
	case UNBIND:
		sqe.opcode = WN_OP_UNBIND;
		break;
	case END:
		sqe.opcode = WN_OP_UNBIND;
		sqe.op_flags = WN_UNBIND_QUEUE;
		break;
	case SETTLE:
		sqe.opcode = a->done ? WN_OP_ACK : WN_OP_NACK;
		sqe.arg = a->stamp;
		break;
	}
	return sqe;
}

/* What the model answers; hlc: the stamp that the engine gave. */
static s64 modelled(struct model_queue *m, struct act *a, u64 hlc)
{
	const int n = find(m, a->node);
	const s64 err = qm_may(m, a->grant);

	if (err)
		return err;
	a->event.hlc = hlc;
	if (a->what == EMIT_ALL)
		return qm_emit_all(m, a->grant, &a->event);
	if (n < 0)
		return -ESTALE;
	switch (a->what) {
	case EMIT:
		return qm_emit(m, a->grant, (u32)n, &a->event);
	case BIND_QUEUE:
		if (a->terms.dead && find(m, a->terms.dead) < 0)
			return -ESTALE;
		return qm_bind_queue(m, a->client, a->grant, (u32)n, &a->terms);
	case BIND:
		return qm_bind(m, a->client, a->grant, (u32)n);
	case UNBIND:
		return qm_unbind(m, a->client, (u32)n);
	case END:
		return qm_end(m, (u32)n);
	default:
		return qm_settle(m, a->client, (u32)n, a->stamp, a->done);
	}
}

static void learn_names(void)
{
	u32 i;

	for (i = 0; i < QM_NODES; i++)
		if (model.nodes[i].handle)
			qm_name(&model, i, wn_queue_of(w.core, wn_handle_index(model.nodes[i].handle)));
}

static void step_op(u32 client)
{
	struct wn_sqe sqe;
	struct act a;
	s64 want, got;

	some_act(&a, client, false);
	if (a.grant < 0 || !a.node)
		return;
	sqe = sqe_of(&a);
	got = world_op(&w, client, &sqe, NULL);
	want = modelled(&model, &a, w.last.hlc);
	check(got == want, "an answer", got, want);
	ops++;
	if (want < 0)
		by_errno[-want]++;
	learn_names();
}

/* All or nothing; now and then it fails behind its last op. */
static void step_group(u32 client)
{
	const struct wn_op_env env = { .client = client, .now = &w.now };
	static u8 before[1 << 20];
	const u64 bytes = w.core->state_bytes;
	struct wn_op_result results[8];
	struct wn_sqe slots[16] = {};
	struct act acts[8];
	const bool fails = !pick(3);
	u32 n = 1 + pick(6), i;
	s64 want = 0;
	bool done;

	if (bytes > sizeof(before))
		tap_die("state is larger than the test thought");
	for (i = 0; i < n; i++) {
		some_act(&acts[i], client, true);
		if (acts[i].grant < 0 || !acts[i].node)
			return;
		slots[2 * i] = sqe_of(&acts[i]);
		slots[2 * i].flags = WN_SQE_ATOMIC;
	}
	slots[2 * n] = (struct wn_sqe){ .op_flags = WN_NOP_RESULT, .w = { fails ? (u64)-EIO : 0 } };
	memcpy(before, w.private, bytes);
	done = wn_op_apply_group(w.core, &env, slots, n + 1, results);
	for (i = 0; i <= n; i++)
		world_say_op(client, &slots[2 * i], results[i].res);
	trial = model;
	for (i = 0; i < n && !want; i++)
		want = modelled(&trial, &acts[i], results[i].hlc);
	check(done == (!want && !fails), "a group", done, want);
	if (want)
		check(results[i - 1].res == want, "an answer in a group", results[i - 1].res, want);
	if (done) {
		model = trial;
		learn_names();
		groups++;
	} else {
		check(!memcmp(before, w.private, bytes), "a rollback", 0, 1);
	}
}

/* ------------------------------------------------------- what is read */

static void pump(u32 c)
{
	wn_mail_retry(w.core, c);
	wn_mail_pump(w.core, c, &inbox[c]);
	qm_pump(&model, c);
	world_say("pump of %u", c);
}

static void read_some(u32 c, u32 most)
{
	struct qm_box *b = &model.boxes[c];
	u32 p;

	for (p = 0; p < WN_PRIORITIES; p++) {
		check(kern[c].inbox_tail[p] - user[c].inbox_head[p] == b->in_ring[p], "in an inbox",
		      kern[c].inbox_tail[p] - user[c].inbox_head[p], b->in_ring[p]);
		for (; most && b->in_ring[p] && !now->wrong; most--) {
			const struct wn_event *e = &events[c][p * QM_RING + user[c].inbox_head[p] % QM_RING];
			const struct wn_event *m = &b->ring[p][0];

			world_say("%u reads: kind %u trace %llu stamp %#llx flags %#x", c, e->kind,
				  e->trace, e->hlc, e->flags);
			if (memcmp(e, m, sizeof(*e)))
				steps_wrong(now, "event to %u: kind %u node %#llx trace %llu flags %#x, want %u %#llx %llu %#x",
					    c, e->kind, e->node, e->trace, e->flags, m->kind, m->node,
					    m->trace, m->flags);
			leases += e->kind == WN_EV_LEASE;
			again += e->kind == WN_EV_LEASE && WN_EV_TRIES(e->flags);
			dead_letters += e->kind == WN_EV_USER && WN_EV_TRIES(e->flags);
			revoked += !!(e->flags & WN_EV_F_REVOKED);
			if (e->kind == WN_EV_LEASE)
				lately[nr_lately++ % 32] = (struct lease){ c, e->node, e->hlc };
			memmove(&b->ring[p][0], &b->ring[p][1], --b->in_ring[p] * sizeof(*m));
			__atomic_store_n(&user[c].inbox_head[p], user[c].inbox_head[p] + 1,
					 __ATOMIC_RELEASE);
		}
	}
}

/* ------------------------------------------------------- between the ops */

/* A step of some queue, or nothing; false: none had one. */
static bool queue_step(void)
{
	struct qm_queue *q;

	if (!wn_queue_slice(w.core, 1, &w.now))
		return false;
	q = qm_by_number(&model, w.core->queues.turn);
	if (!q) {
		check(false, "a step of a queue that is not", w.core->queues.turn, 0);
		return false;
	}
	qm_step(&model, q, w.core->hlc);
	world_say("a step of queue %u", q->number);
	return true;
}

/* What is due of leases, as the engine's work does it. */
static void fire(u32 steps)
{
	struct wn_due *due;

	wn_tx_begin(w.core->tx, false);
	while (!now->wrong && (due = wn_wheel_take(&w.core->wheel, w.now.boottime, &steps))) {
		const struct wn_consumer *c = wn_consumer(w.core, due->who);
		struct qm_queue *q = qm_by_number(&model, c->queue);

		check(due->kind == WN_DUE_LEASE && q, "what is due", due->kind, 0);
		if (now->wrong)
			break;
		qm_due(&model, q, c->client);
		world_say("leases of %u at queue %u are due", c->client, c->queue);
		wn_queue_due(w.core, due->who, &w.now);
		wn_core_commit(w.core);
	}
}

static void settle(void)
{
	const char *rest;
	u32 i;

	fire(~0u);
	for (i = 0; i < 10000 && !now->wrong && queue_step(); i++)
		;
	check(i < 10000, "work without end", i, 0);
	rest = qm_rest(&model);
	if (rest)
		steps_wrong(now, "the engine rests, and there is %s", rest);
}

/* ------------------------------------------------- clients, capabilities, nodes */

static void open_client(u32 c)
{
	const struct wn_core_open all = { .rights = WN_RIGHT_ALL };
	static const u32 entries[WN_PRIORITIES] = { QM_RING, QM_RING, QM_RING, QM_RING };
	u32 i;

	if (model.nr_grants == QM_GRANTS)
		return;
	for (i = 0; c && i < 1000 && wn_death_waits(&w.core->deaths); i++)
		wn_death_slice(w.core, 1000, &w.now);
	while (wn_core_slice(w.core, 100))
		;
	if (c)
		check(!wn_core_client_open(w.core, c, &all), "an open", -1, 0);
	memset(&user[c], 0, sizeof(user[c]));
	memset(&kern[c], 0, sizeof(kern[c]));
	wn_inbox_init(&inbox[c], &user[c], &kern[c], events[c], entries);
	model.grants[model.nr_grants++] = (struct qm_grant){
		.handle = wn_cap_handle(w.core, w.core->clients[c].caps), .client = c,
		.life = ++model.boxes[c].life };
	world_say("client %u opens", c);
}

static void step_client(u32 c)
{
	if (!(model.boxes[c].life % 2)) {
		open_client(c);
	} else if (c && !pick(6)) {
		wn_core_client_close(w.core, c);
		qm_close(&model, c);
		ends++;
		world_say("client %u closes", c);
	}
}

static void step_cap(u32 c)
{
	const struct wn_grant in = { .rights = WN_RIGHT_ALL,
				     .expires = pick(2) ? 0 : w.now.boottime + pick(64) * WN_TICK };
	struct qm_grant *g = &model.grants[pick(model.nr_grants)];
	struct wn_cap_event what;
	struct wn_event event;
	s64 res;

	if (!c || !(model.boxes[c].life % 2))
		return;
	if (!pick(3)) {
		if (!g->index || g->revoked || g->life != model.boxes[g->client].life)
			return;
		res = world_op(&w, 0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = g->handle), NULL);
		check(!res, "a revocation", res, 0);
		g->revoked = true;
		return;
	}
	if (model.nr_grants == QM_GRANTS)
		return;
	res = world_op(&w, 0, OP(.opcode = WN_OP_CAP_GRANT, .arg = c + 1), &in);
	/* Its table is full until some of it is freed. */
	if (res == -ENOSPC) {
		while (wn_core_slice(w.core, 100))
			;
		return;
	}
	if (WN_RES_IS_ERROR(res)) {
		check(res == -ENOBUFS && !qm_credit(&model, c), "a grant", res, -ENOBUFS);
		return;
	}
	model.grants[model.nr_grants++] = (struct qm_grant){
		.handle = (u64)res, .expires = in.expires, .client = c,
		.life = model.boxes[c].life, .index = w.last.aux };
	what = (struct wn_cap_event){ .index = w.last.aux, .rights = in.rights, .expires = in.expires };
	event = (struct wn_event){ .node = w.core->root, .hlc = w.core->hlc, .kind = WN_EV_CAP,
				   .len = sizeof(what) };
	memcpy(event.data, &what, sizeof(what));
	check(qm_tell(&model, c, &event), "a grant that cannot be told", 0, 1);
}

static void step_node(void)
{
	const u32 n = pick(QM_NODES);
	char name[16];
	u32 i;

	if (model.nodes[QM_NODES - 1].handle) {
		if (pick(3))
			return;
		gone = model.nodes[n].handle;
		world_op(&w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = gone), NULL);
		qm_destroy(&model, n);
		return;
	}
	for (i = 0; model.nodes[i].handle; i++)
		;
	snprintf(name, sizeof(name), "n%llu", names++);
	model.nodes[i] = (struct qm_node){ .handle = (u64)world_create(&w, 0, name), .queue = -1,
					   .reader = -1 };
}

static void step(void)
{
	const u32 c = pick(QM_CLIENTS);
	u32 n;

	switch (pick(32)) {
	case 0:
		step_client(c);
		break;
	case 1:
		step_cap(c);
		break;
	case 2:
		step_node();
		break;
	case 3: case 4:
		w.now.boottime += (pick(6) ? pick(8) : pick(64)) * WN_TICK;
		model.now = w.now.boottime;
		world_say("it is %llu", model.now);
		break;
	case 5: case 6:
		settle();
		break;
	case 7: case 8: case 9:
		for (n = 1 + pick(5); n && queue_step(); n--)
			;
		break;
	case 10:
		fire(1 + pick(4));
		break;
	case 11: case 12: case 13: case 14:
		if (model.boxes[c].life % 2)
			pump(c);
		break;
	case 15: case 16: case 17: case 18:
		if (model.boxes[c].life % 2)
			read_some(c, pick(QM_RING * 2));
		break;
	case 19: case 20:
		if (model.boxes[c].life % 2)
			step_group(c);
		break;
	default:
		if (model.boxes[c].life % 2)
			step_op(c);
	}
	same();
}

static void history(struct steps *s)
{
	struct wn_bounds b = world_bounds(QM_NODES + 9);
	u32 i;

	now = s;
	b.backlog = QM_LETTERS;
	b.clients = QM_CLIENTS;
	memset(&model, 0, sizeof(model));
	memset(lately, 0, sizeof(lately));
	names = trace = 0;
	gone = 12345ULL << 24;
	world_init(&w, &b, 5);
	w.now.boottime = 20000 * WN_TICK;
	model.now = w.now.boottime;
	for (i = 0; i < QM_NODES; i++)
		model.nodes[i] = (struct qm_node){ .queue = -1, .reader = -1 };
	for (i = 0; i < QM_CLIENTS; i++)
		open_client(i);
	while (steps_next(s, &rng))
		step();
	/* Where all is read, rest is rest. */
	for (i = 0; i < 8 * QM_LETTERS && !s->wrong; i++) {
		const u32 c = i % QM_CLIENTS;

		if (model.boxes[c].life % 2) {
			pump(c);
			read_some(c, ~0u);
		}
		settle();
		same();
	}
	dropped += model.dropped;
	world_deinit(&w);
}

int main(void)
{
	static const int errors[] = {
		EINVAL, ENOSPC, ENOBUFS, ENOLINK, ESTALE, EBUSY, ENOENT, EKEYREVOKED,
		EKEYEXPIRED,
	};
	struct steps steps = { .play = history, .nr = STEPS };
	u64 histories;
	bool right;
	int missing;

	tap_plan(2);
	histories = HISTORIES * tap_rounds();
	right = steps_hold_all(&steps, tap_seed(), histories);
	ok(right, "%llu histories, %llu ops", histories, ops);
	missing = tap_missing(by_errno, errors, sizeof(errors) / sizeof(errors[0]));
	diag("%llu leases, %llu again, %llu dead letters, %llu dropped, %llu of who was revoked",
	     leases, again, dead_letters, dropped, revoked);
	diag("%llu groups, %llu clients' ends", groups, ends);
	ok(!missing && leases && again && dead_letters && dropped && revoked && groups && ends,
	   "every error and every way of an event came up");
	return tap_done();
}
