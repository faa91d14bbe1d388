// SPDX-License-Identifier: MIT
/*
 * Journals of random histories, replayed: the same results, the same digests wherever one
 * was noted, in the end the same state bit for bit, and a journal of the replay is the
 * same bytes. An input that is missing is noticed, or made no difference.
 */
#include <string.h>

#include "anything.h"
#include "kmod/core/bounds.h"
#include "kmod/core/journal.h"
#include "kmod/core/node.h"
#include "kmod/core/replay.h"
#include "tap.h"

#if defined(__SANITIZE_ADDRESS__) || defined(WN_QUICK)
#define HISTORIES 60
#define FEW 2
#else
#define HISTORIES 200
#define FEW 6
#endif

#define BYTES (16u << 20)

static struct anything a;
static struct world copy;
static u8 *written, *again, *less;
static u64 records, inputs[WN_INPUT_KINDS], done[256], events;

static void *buffer(void)
{
	void *at = malloc(BYTES);

	if (!at)
		tap_die("no memory");
	return at;
}

/* Digests are noted now and then, wherever the history stands. */
static u32 record(u64 seed, u32 steps, struct wn_journal *journal)
{
	const struct wn_core_ident ident = any_ident(seed);
	const struct wn_bounds bounds = any_bounds();
	u64 other = seed;
	u32 i, budget;

	world_make(&a.w, &bounds, &ident);
	wn_journal_begin(a.w.core, journal, written, BYTES, &ident);
	any_begin(&a, seed);
	for (i = 0; i < steps; i++) {
		any_step(&a);
		budget = ~0u;
		if (world_random(&other) % 16 == 0 && !wn_journal_digest(a.w.core, &budget))
			tap_die("no digest");
	}
	budget = ~0u;
	wn_journal_digest(a.w.core, &budget);
	return journal->used;
}

static void begin(struct world *w, const u8 *bytes, u32 len, struct wn_replay *replay)
{
	struct wn_core_ident ident;
	struct wn_bounds bounds;

	if (wn_replay_read_begin(bytes, len, &bounds, &ident))
		tap_die("no journal");
	world_make(w, &bounds, &ident);
	wn_replay_begin(w->core, replay, w->out, WORLD_OUT_BYTES);
}

/* Up to the end or what does not hold; how far. */
static u32 replay_all(struct world *w, const u8 *bytes, u32 len, s64 *res)
{
	u32 at = 0;

	*res = 1;
	while (at < len && *res > 0) {
		do
			*res = wn_replay_next(w->core, bytes + at, len - at);
		while (*res == -EAGAIN);
		at += *res > 0 ? (u32)*res : 0;
	}
	return at;
}

/* Words that are where memory of others lies, and so are not the same. */
static bool is_outside(const struct world *w, const void *at)
{
	u32 i;

	if (at == &w->core->journal || at == &w->core->replay)
		return true;
	for (i = 0; i < w->core->bounds.clients; i++)
		if (at == &w->core->clients[i].slots)
			return true;
	return false;
}

/* All private state, of which pointers are told by where they lead. */
static bool same_state(const struct world *one, const struct world *two)
{
	const unsigned long *p = (const unsigned long *)one->private;
	const unsigned long *q = (const unsigned long *)two->private;
	const u64 words = one->core->state_bytes / sizeof(*p);
	u64 i;

	for (i = 0; i < words; i++) {
		if (p[i] == q[i] || is_outside(one, &p[i]))
			continue;
		if (p[i] - (unsigned long)p == q[i] - (unsigned long)q &&
		    p[i] - (unsigned long)p < one->size.private_bytes)
			continue;
		if (p[i] == (unsigned long)one->public && q[i] == (unsigned long)two->public)
			continue;
		diag("byte %llu of %llu differs: %#lx, %#lx", (unsigned long long)i * sizeof(*p),
		     (unsigned long long)one->core->state_bytes, p[i], q[i]);
		return false;
	}
	return true;
}

static u8 kind_of(const u8 *bytes, u32 at)
{
	return bytes[at + WN_INPUT_AT_KIND];
}

static void count(const u8 *bytes, u32 len)
{
	u32 at;

	for (at = 0; at < len; at += wn_get_le32(bytes + at)) {
		records++;
		inputs[kind_of(bytes, at)]++;
	}
}

static bool whole(u64 seed)
{
	struct wn_journal journal, second;
	struct wn_core_ident ident;
	struct wn_replay replay;
	struct wn_bounds bounds;
	const u32 len = record(seed, 1500, &journal);
	bool good = !journal.broken;
	s64 res;
	u32 at;

	count(written, len);
	for (at = 0; at < 256; at++)
		done[at] += a.done[at];
	events += a.events;
	begin(&copy, written, len, &replay);
	wn_replay_read_begin(written, len, &bounds, &ident);
	wn_journal_begin(copy.core, &second, again, BYTES, &ident);
	at = replay_all(&copy, written, len, &res);
	if (at != len) {
		diag("seed %#llx: record %llu, kind %u, op %u, at %u of %u: %lld", seed,
		     replay.inputs, kind_of(written, at), written[at + WN_INPUT_HEAD], at, len, res);
		good = false;
	}
	if (good && (second.used != len || memcmp(written, again, len))) {
		diag("seed %#llx: its own journal differs", seed);
		good = false;
	}
	good = good && same_state(&a.w, &copy);
	world_deinit(&copy);
	world_deinit(&a.w);
	return good;
}

/* A change that nothing later can hide. */
static bool leaves_a_trace(const u8 *record)
{
	const struct wn_sqe *sqe = (const struct wn_sqe *)(record + WN_INPUT_HEAD + 8);

	return record[WN_INPUT_AT_KIND] == WN_INPUT_OP &&
	       !WN_RES_IS_ERROR((s64)wn_get_le64(record + WN_INPUT_AT_RESULT)) &&
	       !(sqe->flags & WN_SQE_IDEM) &&
	       (sqe->opcode == WN_OP_NODE_CREATE || sqe->opcode == WN_OP_NODE_SET ||
		sqe->opcode == WN_OP_NODE_DESTROY || sqe->opcode == WN_OP_CELL_CREATE);
}

/* Each of them alone, with the numbers of those behind it made to fit. */
static bool without_one(u64 seed, u64 *noticed, u64 *same, u64 *traces)
{
	struct wn_journal journal;
	struct wn_replay replay;
	const u32 len = record(seed, 600, &journal);
	u32 at, to, bytes;
	bool good = true;
	u64 number;
	s64 res;

	for (at = wn_get_le32(written); at < len && good; at += bytes) {
		bytes = wn_get_le32(written + at);
		if (kind_of(written, at) == WN_INPUT_DIGEST)
			continue;
		memcpy(less, written, at);
		memcpy(less + at, written + at + bytes, len - at - bytes);
		number = wn_get_le64(written + at + WN_INPUT_AT_NUMBER);
		for (to = at; to < len - bytes; to += wn_get_le32(less + to))
			wn_put_le64(less + to + WN_INPUT_AT_NUMBER, number++);
		begin(&copy, less, len - bytes, &replay);
		if (replay_all(&copy, less, len - bytes, &res) != len - bytes) {
			++*noticed;
			good = res == -EPROTO || res == -EINVAL;
			*traces += leaves_a_trace(written + at);
		} else {
			good = !leaves_a_trace(written + at);
			++*same;
		}
		if (!good)
			diag("seed %#llx: without %u (kind %u): %lld", seed, at,
			     kind_of(written, at), res);
		world_deinit(&copy);
	}
	world_deinit(&a.w);
	return good;
}

/* As it came from a disk: an end in the middle, a number that is missing, a bit that fell. */
static void test_damage(void)
{
	struct wn_journal journal;
	struct wn_replay replay;
	struct wn_core_ident ident;
	struct wn_bounds bounds;
	const u32 len = record(3, 300, &journal);
	u32 first = wn_get_le32(written), second = wn_get_le32(written + first), at;
	bool good = true;

	begin(&copy, written, len, &replay);
	for (at = 0; at < first; at++)
		good &= wn_replay_next(copy.core, written, at) == 0;
	ok(good && wn_replay_next(copy.core, written, first) == first, "a torn end is an end");
	ok(wn_replay_next(copy.core, written, len) == -EPROTO, "the first record twice");
	ok(wn_replay_next(copy.core, written + first + second, len - first - second) == -EPROTO,
	   "one is missing");
	wn_put_le32(written + first, second + 1);
	ok(wn_replay_next(copy.core, written + first, len - first) == -EINVAL, "an odd length");
	wn_put_le32(written + first, second);
	written[first + WN_INPUT_AT_KIND] = WN_INPUT_KINDS;
	ok(wn_replay_next(copy.core, written + first, len - first) == -EINVAL, "of no kind");
	world_deinit(&copy);
	wn_put_le32(written + WN_INPUT_HEAD, 77);
	ok(wn_replay_read_begin(written, len, &bounds, &ident) == -EPROTO, "of another form");
	wn_put_le32(written + WN_INPUT_HEAD, WN_INPUT_FORM);
	wn_put_le32(written + WN_INPUT_HEAD + WN_INPUT_BOUNDS, 1u << 30);
	ok(wn_replay_read_begin(written, len, &bounds, &ident) == -E2BIG, "without bounds");
	ok(wn_replay_read_begin(written + first, len - first, &bounds, &ident) == -EINVAL,
	   "without a beginning");
	world_deinit(&a.w);
}

/* Each bit of the first records that fell: no crash, and no journal of something else. */
static void test_bits(void)
{
	struct wn_journal journal;
	struct wn_replay replay;
	const u32 len = record(4, 60, &journal), first = wn_get_le32(written);
	u64 refused = 0, bits = 0, n;
	u32 step = tap_rounds() > 1 ? 1 : 13;
	s64 res;

	for (n = (u64)first * 8; n < (u64)len * 8; n += step, bits++) {
		written[n / 8] ^= 1u << n % 8;
		begin(&copy, written, len, &replay);
		refused += replay_all(&copy, written, len, &res) != len;
		world_deinit(&copy);
		written[n / 8] ^= 1u << n % 8;
	}
	ok(refused > bits / 3, "%llu of %llu bits were missed", refused, bits);
	world_deinit(&a.w);
}

/* After a crash clients are gone; their slots count as far as they were sampled. */
static void test_end(void)
{
	const struct wn_core_ident ident = any_ident(1);
	const struct wn_bounds bounds = any_bounds();
	u64 slots[ANY_SLOTS] = {};
	struct wn_journal journal;
	struct wn_replay replay;
	struct wn_now now;
	s64 cell, res;
	u32 i;

	world_make(&a.w, &bounds, &ident);
	wn_journal_begin(a.w.core, &journal, written, BYTES, &ident);
	wn_core_client_open(a.w.core, 0, &(struct wn_core_open){ .rights = WN_RIGHT_ALL,
								.slots = slots });
	cell = world_op(&a.w, 0, OP(.opcode = WN_OP_CELL_CREATE, .op_flags = WN_CELL_GCOUNTER), NULL);
	world_op(&a.w, 0, OP(.opcode = WN_OP_ATTACH, .arg = (u64)cell), NULL);
	slots[0] = 7;
	world_op(&a.w, 0, OP(.opcode = WN_OP_SAMPLE, .arg = (u64)cell), NULL);
	slots[0] = 9;
	begin(&copy, written, journal.used, &replay);
	replay_all(&copy, written, journal.used, &res);
	now = copy.now;
	wn_replay_end(copy.core);
	for (i = 0; i < 10 && wn_work_slice(copy.core, &now); i++)
		;
	ok(wn_cell(&copy.core->cells, 0)->value == 7 && !wn_cell(&copy.core->cells, 0)->nr_slots,
	   "what was sampled is the counter's: %llu", wn_cell(&copy.core->cells, 0)->value);
	ok(!wn_core_client_open(copy.core, 0, &(struct wn_core_open){ .rights = WN_RIGHT_ALL,
								     .slots = slots }) &&
	   world_op(&copy, 0, OP(.opcode = WN_OP_ATTACH, .arg = (u64)cell), NULL) == 0,
	   "and then it is a core as any other");
	world_deinit(&copy);
	world_deinit(&a.w);
}

/* What is left of a journal is taken out, behind what was before. */
static u32 take_out(struct wn_journal *journal, u32 at)
{
	const u32 used = journal->used;

	memcpy(again + at, written, used);
	wn_journal_taken(journal);
	return at + used;
}

/* A buffer that nobody takes out of: what can be refused is, the rest is written. */
static void test_full(void)
{
	const struct wn_core_ident ident = any_ident(1);
	const struct wn_bounds bounds = any_bounds();
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL };
	const u32 size = (u32)wn_journal_bytes_min(&bounds);
	const struct wn_sqe set[2] = { { .opcode = WN_OP_NODE_SET, .op_flags = WN_SET_STATE } };
	struct wn_op_result results[2];
	struct any_client *c = &a.clients[0];
	struct wn_turn turn = { .ring = &c->ring };
	const struct wn_cap *cap;
	struct wn_journal journal;
	struct wn_replay replay;
	struct wn_sqe group[4] = {};
	u32 i, at, used, n = 0;
	u64 version;
	s64 res;

	memset(c, 0, sizeof(*c));
	world_make(&a.w, &bounds, &ident);
	wn_journal_begin(a.w.core, &journal, written, size, &ident);
	for (i = 0; i < bounds.clients - 1; i++)
		wn_core_client_open(a.w.core, i, &first);
	wn_ring_init(&c->ring, &c->user, &c->kern, c->sqes, ANY_ENTRIES, c->cqes, ANY_ENTRIES);
	for (i = 0; i < ANY_ENTRIES; i++)
		c->sqes[i] = set[0];
	do {
		c->user.cq_head = c->kern.cq_tail;
		c->user.sq_tail++;
		wn_turn_run(a.w.core, &turn, 1, &a.w.now);
		res = c->cqes[(c->kern.cq_tail - 1) % ANY_ENTRIES].res;
		n += res >= 0;
	} while (res >= 0 && n < 1000000);
	ok(res == -ENOBUFS && n > 100 && wn_journal_has_room(a.w.core) && !c->ring.left &&
	   world_op(&a.w, 1, set, NULL) > 0, "a turn refuses who used up his share: %lld after %u",
	   res, n);
	/* Of nobody's share. */
	for (i = 0; wn_journal_has_room(a.w.core) && i < 1000000; i++) {
		u32 budget = ~0u;

		wn_journal_digest(a.w.core, &budget);
	}
	version = wn_node(a.w.core, 0)->version;
	ok(world_op(&a.w, 0, set, NULL) == -ENOBUFS, "and what has no room");
	used = journal.used;
	memcpy(&group[0], set, sizeof(set));
	memcpy(&group[2], set, sizeof(set));
	group[0].flags = WN_SQE_ATOMIC;
	ok(world_op(&a.w, 1, set, NULL) == -ENOBUFS && version == wn_node(a.w.core, 0)->version,
	   "an op that has no room changes nothing");
	ok(!wn_op_apply_group(a.w.core, &(struct wn_op_env){ .client = 1, .now = &a.w.now },
			      group, 2, results) &&
	   results[0].res == -ENOBUFS && results[1].res == -ECANCELED &&
	   version == wn_node(a.w.core, 0)->version, "nor does a group");
	ok(wn_core_client_open(a.w.core, bounds.clients - 1, &first) == -ENOBUFS &&
	   wn_cap_put(a.w.core, 0, 1, &first) == -ENOBUFS &&
	   wn_cap_ask(a.w.core, 0, 0, WN_RIGHT_READ, 0, &a.w.now, &cap) == -ENOBUFS && !cap,
	   "clients and capabilities are refused");
	wn_mail_retry(a.w.core, 0);
	ok(!wn_mail_pump(a.w.core, 0, NULL) && !wn_work_slice(a.w.core, &a.w.now) &&
	   wn_core_slice(a.w.core, 10) && journal.used == used, "the rest waits");
	for (i = 1; i < bounds.clients; i++)
		wn_core_client_close(a.w.core, i);
	ok(!journal.broken && journal.used > used, "who goes is written down all the same");
	at = take_out(&journal, 0);
	ok(journal.total == at && wn_journal_has_room(a.w.core) &&
	   world_op(&a.w, 0, set, NULL) > 0, "and it goes on when there is more");
	for (i = 0; i < 10 && wn_work_slice(a.w.core, &a.w.now); i++)
		;
	at = take_out(&journal, at);
	begin(&copy, again, at, &replay);
	ok(replay_all(&copy, again, at, &res) == at &&
	   wn_node(copy.core, 0)->version == wn_node(a.w.core, 0)->version,
	   "what was done is there, no more and no less: %lld", res);
	world_deinit(&copy);
	world_deinit(&a.w);
}

/* Most opcodes there are; whoever adds one and does not draw it sees it here. */
static bool test_drawn(void)
{
	u64 ops[WN_OP_WORDS];
	u32 i, n = 0;

	wn_op_supported(ops);
	for (i = 0; i < 256; i++) {
		if (ops[i / 64] >> i % 64 & 1 && i && !done[i])
			diag("op %u never succeeded", i);
		n += !!done[i];
	}
	return n >= 37 && events > 100;
}

static bool test_bound(void)
{
	const struct wn_bounds bounds = any_bounds();

	return wn_journal_input_max(&bounds) < 64 * 1024 &&
	       wn_journal_input_max(&wn_bounds_limit) < 256 * 1024;
}

int main(void)
{
	u64 seed, i, n = HISTORIES, noticed = 0, same = 0, traces = 0, missing = 0;
	bool good = true;

	tap_plan(25);
	n *= tap_rounds();
	seed = tap_seed();
	written = buffer();
	again = buffer();
	less = buffer();
	for (i = 0; i < n && good; i++)
		good = whole(world_random(&seed));
	ok(good, "%llu records", records);
	for (i = 1; i < WN_INPUT_KINDS; i++)
		missing += !inputs[i];
	ok(!missing, "of all kinds: %llu groups, %llu pumps, %llu digests", inputs[WN_INPUT_GROUP],
	   inputs[WN_INPUT_PUMP], inputs[WN_INPUT_DIGEST]);
	ok(test_drawn(), "ops of all kinds, %llu events", events);
	ok(test_bound(), "the most that an input takes");
	for (i = 0, good = true; i < FEW * tap_rounds() && good; i++)
		good = without_one(world_random(&seed), &noticed, &same, &traces);
	ok(good && traces > 3 * FEW, "without one: %llu noticed, %llu made no difference", noticed, same);
	test_damage();
	test_bits();
	test_end();
	test_full();
	return tap_done();
}
