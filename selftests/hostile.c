// SPDX-License-Identifier: MIT
/*
 * A client that writes nonsense into its pages: at worst it harms itself. It
 * never hangs, never gets a result that cannot be, and another client of the
 * same domain notices nothing.
 */
#include "common.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <wn.h>
#include <wn_transport.h>

#include "harness.h"
#include "pair.h"
#include "scribble.h"

#define SQ	64U
#define CQ	128U

FIXTURE(hostile) {
	struct wt_mount m;
	struct wt_client bad, good;
};

FIXTURE_SETUP(hostile)
{
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	ASSERT_EQ(0, wt_create(&self->m, "d"));
	ASSERT_EQ(0, wt_client_open(&self->bad, wt_path(&self->m, "d"), SQ, CQ));
	ASSERT_EQ(0, wt_client_open(&self->good, wt_path(&self->m, "d"), SQ, CQ));
}

FIXTURE_TEARDOWN(hostile)
{
	wt_client_close(&self->bad);
	wt_client_close(&self->good);
	wt_umount(&self->m);
}

static void set(uint32_t *at, uint32_t value)
{
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
}

/* Take back the nonsense: everything is taken and consumed, by a thread perhaps just now. */
static void behave(struct wt_client *c)
{
	const volatile struct wn_kern_ring *kern = c->kern;
	uint32_t head;

	do {
		head = kern->sq_head;
		set(&c->user->sq_tail, head);
		/* A turn that saw the old tail has ended. */
		if (wt_is_polling())
			wt_fdinfo(c->fd, "wn-sq-pending");
	} while (kern->sq_head != head);
	set(&c->user->cq_head, kern->cq_tail);
	c->seen = head;
}

static const uint32_t jumps[] = {
	1, SQ, SQ + 1, CQ, CQ + 1, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff,
	0U - SQ, 0U - SQ - 1, 0xdeadbeef,
};

TEST_F(hostile, tail_jumps)
{
	struct wt_client *c = &self->bad;
	uint32_t head;
	size_t i;
	long n;

	for (i = 0; i < ARRAY_SIZE(jumps); i++) {
		behave(c);
		head = c->kern->sq_head;
		set(&c->user->sq_tail, head + jumps[i]);
		n = wt_enter(c, UINT32_MAX, 0);
		EXPECT_GE(n, 1) TH_LOG("jump %#x", jumps[i]);
		EXPECT_LE(n, CQ) TH_LOG("jump %#x", jumps[i]);
		EXPECT_EQ(head + n, c->kern->sq_head);
		EXPECT_GE(SQ, wt_fdinfo(c->fd, "wn-sq-pending"));
		EXPECT_EQ(0, wt_nop(&self->good, i));
		/* It can mend its ways at any time. */
		behave(c);
		EXPECT_EQ(0, wt_nop(c, i));
	}
}

TEST_F(hostile, head_jumps)
{
	struct wt_client *c = &self->bad;
	uint32_t tail, head;
	size_t i;
	long n;

	for (i = 0; i < ARRAY_SIZE(jumps); i++) {
		behave(c);
		tail = c->kern->cq_tail;
		head = c->kern->sq_head;
		/* Beyond the tail, or too far behind it: as good as a full ring. */
		set(&c->user->cq_head, tail + jumps[i]);
		memset(c->sqes, 0, SQ * sizeof(struct wn_sqe));
		wt_submit(c, 4);
		n = wt_enter(c, 4, 0);
		EXPECT_TRUE(n == 0 || n == 4) TH_LOG("jump %#x: %ld", jumps[i], n);
		EXPECT_EQ(head + n, c->kern->sq_head);
		EXPECT_EQ(tail + n, c->kern->cq_tail);
		n = wt_fdinfo(c->fd, "wn-cq-unread");
		EXPECT_TRUE(n >= 0 && n <= (long)CQ) TH_LOG("jump %#x: %ld", jumps[i], n);
		EXPECT_EQ(0, wt_nop(&self->good, i));
		behave(c);
		EXPECT_EQ(0, wt_nop(c, i));
	}
}

TEST_F(hostile, scribbles_everything)
{
	struct ws_dice dice = ws_seed("scribbles_everything");
	struct wt_client *c = &self->bad;
	unsigned int seed = ws_any(&dice, 1U << 31), round;
	uint32_t i;
	long n;

	for (round = 0; round < 2000; round++) {
		for (i = 0; i < sizeof(*c->user) / 4; i++)
			((volatile uint32_t *)c->user)[i] = rand_r(&seed) << 16 ^ rand_r(&seed);
		for (i = 0; i < SQ * sizeof(struct wn_sqe) / 4; i++)
			((volatile uint32_t *)c->sqes)[i] = rand_r(&seed) << 16 ^ rand_r(&seed);
		if (round % 2)
			set(&c->user->cq_head, c->kern->cq_tail);
		n = wt_enter(c, 1 + round % (2 * SQ), round % 3 == 0);
		/* What a thread took before is no progress of this call. */
		ASSERT_TRUE(n >= 0 && (n <= 2 * (long)SQ || wt_is_polling())) TH_LOG("round %u: %ld", round, n);
		if (round % 16 == 0) {
			ASSERT_EQ(0, wt_nop(&self->good, round));
		}
	}
}

/* -------------------------------------------------- while it is being read */

struct flipper {
	struct wn_sqe *sqes;
	uint64_t a, b;
	volatile bool stop;
};

/* The first word of an entry, which the engine must read once. */
static uint64_t word0(struct wn_sqe sqe)
{
	uint64_t w;

	memcpy(&w, &sqe, sizeof(w));
	return w;
}

static void *flip(void *arg)
{
	struct flipper *f = arg;
	uint32_t i;

	while (!f->stop) {
		for (i = 0; i < SQ; i++)
			__atomic_store_n((uint64_t *)&f->sqes[i], f->a, __ATOMIC_RELAXED);
		for (i = 0; i < SQ; i++)
			__atomic_store_n((uint64_t *)&f->sqes[i], f->b, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Enter while all slots flip; counts results of a, of b, and others. */
static int flip_while_entered(struct wt_client *c, struct flipper *f, int64_t a, int64_t b,
			      uint32_t seen[3])
{
	const time_t start = time(NULL);
	uint32_t round, first;
	pthread_t t;
	int err = 0;

	f->sqes = c->sqes;
	for (round = 0; round < SQ; round++)
		memcpy(&c->sqes[round], &f->a, sizeof(f->a));
	memset(seen, 0, 3 * sizeof(*seen));
	if (pthread_create(&t, NULL, flip, f))
		return -EAGAIN;
	/* Less on a kernel that watches itself: a bound on effort, not a measure. */
	for (round = 0; round < 20000 && (round < 200 || time(NULL) - start < 10); round++) {
		first = c->kern->cq_tail;
		wt_submit(c, SQ);
		if (wt_enter(c, SQ, 0) != SQ) {
			err = -EPROTO;
			break;
		}
		for (; first != c->kern->cq_tail; first++) {
			int64_t res = c->cqes[first % CQ].res;

			seen[res == a ? 0 : res == b ? 1 : 2]++;
		}
		set(&c->user->cq_head, first);
	}
	f->stop = true;
	pthread_join(t, NULL);
	return err;
}

TEST_F(hostile, entry_flips)
{
	struct flipper f = {
		.a = word0((struct wn_sqe){ .op_flags = WN_NOP_RESULT }),
		.b = word0((struct wn_sqe){ .opcode = 200, .op_flags = 2 }),
	};
	uint32_t seen[3], i;

	/* A NOP with a result or an unknown opcode; never a NOP with unknown flags. */
	for (i = 0; i < SQ; i++)
		self->bad.sqes[i].w[0] = 77;
	ASSERT_EQ(0, flip_while_entered(&self->bad, &f, 77, -EOPNOTSUPP, seen));
	TH_LOG("%u nops, %u unknown, %u mixed", seen[0], seen[1], seen[2]);
	EXPECT_GT(seen[0], 0);
	EXPECT_GT(seen[1], 0);
	EXPECT_EQ(0, seen[2]);
	EXPECT_EQ(0, wt_nop(&self->good, 1));
}

TEST_F(hostile, width_flips)
{
	struct flipper f = {
		.b = word0((struct wn_sqe){ .flags = WN_SQE_WIDE }),
	};
	uint32_t seen[3];

	/* One slot or two: every slot is taken once, as one or as the other. */
	ASSERT_EQ(0, flip_while_entered(&self->bad, &f, 0, -EINVAL, seen));
	TH_LOG("%u narrow, %u wide", seen[0], seen[1]);
	EXPECT_GT(seen[0], 0);
	EXPECT_GT(seen[1], 0);
	EXPECT_EQ(0, seen[2]);
	EXPECT_EQ(self->bad.user->sq_tail, self->bad.kern->sq_head);
	EXPECT_EQ(0, wt_nop(&self->good, 1));
}

struct jumper {
	struct wt_client *c;
	unsigned int seed;
	volatile bool stop;
};

static void *jump(void *arg)
{
	struct jumper *j = arg;

	while (!j->stop) {
		set(&j->c->user->sq_tail, rand_r(&j->seed) << 16 ^ rand_r(&j->seed));
		set(&j->c->user->cq_head, j->c->kern->cq_tail - rand_r(&j->seed) % (2 * CQ));
		set(&j->c->user->flags, rand_r(&j->seed));
	}
	return NULL;
}

static void *enter_on(void *arg)
{
	struct jumper *j = arg;
	long bad = 0, n;

	while (!j->stop) {
		n = wt_enter(j->c, SQ, 0);
		bad += n < 0 || (n > (long)SQ + 1 && !wt_is_polling());
	}
	return (void *)bad;
}

TEST_F(hostile, positions_jump_while_entered)
{
	struct ws_dice dice = ws_seed("positions_jump");
	struct jumper j = { .c = &self->bad, .seed = ws_any(&dice, 1U << 31) };
	pthread_t a, b;
	void *bad;
	int i;

	ASSERT_EQ(0, pthread_create(&a, NULL, jump, &j));
	ASSERT_EQ(0, pthread_create(&b, NULL, enter_on, &j));
	for (i = 0; i < 3000; i++)
		ASSERT_EQ(0, wt_nop(&self->good, i));
	j.stop = true;
	pthread_join(a, NULL);
	pthread_join(b, &bad);
	EXPECT_EQ(NULL, bad);
	behave(&self->bad);
	EXPECT_EQ(0, wt_nop(&self->bad, 1));
}

/* ------------------------------------------- four threads, and one beside them */

#define SCRIBBLERS	4
#define OWN		64u	/* nodes that the good one has at most */
#define A_CALL		64u	/* entries that the bad one has taken by a call */

/* What the good one has, as it knows it. */
struct own {
	__u64 node, cell;	/* 0: not there */
	__u64 word, count;
};

FIXTURE(crowd)
{
	struct wt_pair p;	/* all: the good one; other: the bad one, of the sandbox alone */
	struct wn_lane out, in;
	struct own own[OWN];
	struct wn_counter counter;
	__u64 mine, cell;
};

FIXTURE_SETUP(crowd)
{
	ASSERT_EQ(0, wt_pair_open(&self->p));
	self->mine = (__u64)wn_create(&self->p.all, 0, "mine");
	self->cell = (__u64)wn_cell_create(&self->p.all, self->mine, 1, WN_CELL_GCOUNTER, 0);
	ASSERT_EQ(0, wn_counter_attach(&self->counter, &self->p.all, self->mine, self->cell));
}

FIXTURE_TEARDOWN(crowd)
{
	wn_lane_close(&self->out);
	wn_lane_close(&self->in);
	wt_pair_close(&self->p);
}

/* The one that enters for it and reads what came. */
struct enterer {
	struct wn *wn;
	uint64_t taken, refused, done, lapped, failed;
	uint32_t stop;
};

static void *enter_and_count(void *arg)
{
	struct enterer *e = arg;
	const struct wn *wn = e->wn;
	uint32_t seen = WN_LOAD_ACQUIRE(&wn->kern->cq_tail), calls = 0, tail;
	int n;

	while (!__atomic_load_n(&e->stop, __ATOMIC_ACQUIRE)) {
		struct wn_enter args = { .size = sizeof(args), .to_submit = A_CALL };

		/* With nonsense for positions little is taken: every other time they are right. */
		if (calls++ % 2) {
			set(&wn->user->cq_head, seen);
			set(&wn->user->sq_tail, wn->kern->sq_head + A_CALL);
			/* And a NOP, if nobody spoils it. */
			memset(&wn->sqes[wn->kern->sq_head & (wn->sq_entries - 1)], 0,
			       sizeof(*wn->sqes));
		}
		n = wn->via->call(wn->file, WN_IOC_ENTER, &args);
		if (n < 0)
			e->failed += n != -EINTR;
		else
			e->taken += (uint64_t)n;
		/* Whatever its head says: these were written by this call. */
		tail = WN_LOAD_ACQUIRE(&wn->kern->cq_tail);
		e->lapped += tail - seen > wn->cq_entries;
		for (; seen != tail; seen++) {
			if (WN_RES_IS_ERROR(wn->cqes[seen & (wn->cq_entries - 1)].res))
				e->refused++;
			else
				e->done++;
		}
	}
	return NULL;
}

/* One change of its own, or a look at what it changed before. */
static __s64 work(struct wn *wn, __u64 mine, struct own *o, uint32_t number, struct ws_dice *dice)
{
	struct wn_node_rec rec;
	char name[16];
	__s64 res;
	__u64 n;

	if (!o->node) {
		snprintf(name, sizeof(name), "n%u", number);
		res = wn_create(wn, mine, name);
		if (WN_RES_IS_ERROR(res))
			return res;
		o->node = (__u64)res;
		res = wn_cell_create(wn, o->node, 1, WN_CELL_PNCOUNTER, 0);
		o->cell = (__u64)res;
		return WN_RES_IS_ERROR(res) ? res : 0;
	}
	n = ws_any(dice, 1U << 31);
	switch (ws_any(dice, 8)) {
	case 0:
		/* The one whose handles the bad one knows stays. */
		if (!number)
			return 0;
		res = wn_destroy(wn, o->node);
		*o = (struct own){};
		return res;
	case 1: case 2: case 3:
		o->word = n;
		res = wn_set_word(wn, o->node, 2, n);
		break;
	case 4: case 5: case 6:
		o->count += n;
		res = wn_cell_add(wn, o->node, o->cell, n);
		break;
	default:
		res = wn_node_read(wn, o->node, &rec);
		if (!res && (rec.user[2] != o->word || rec.type || rec.state || rec.tags))
			return -EBADMSG;
		res = res ? res : wn_counter_read(wn, o->node, o->cell, &n);
		return res ? res : n == o->count ? 0 : -EBADMSG;
	}
	return WN_RES_IS_ERROR(res) ? res : 0;
}

/* Of all that it has: by what it knows, or as it is read. */
static uint64_t digest(struct wn *wn, __u64 mine, const struct own *own, bool read)
{
	struct wn_node_rec rec;
	uint64_t sum = 0;
	char name[16];
	uint32_t i;
	__s64 node;
	__u64 n;

	for (i = 0; i < OWN; i++) {
		__u64 word = own[i].word, count = own[i].count;

		if (read) {
			snprintf(name, sizeof(name), "n%u", i);
			node = wn_lookup(wn, mine, name);
			if (node == -ENOENT)
				continue;
			if (wn_node_read(wn, (__u64)node, &rec) ||
			    wn_counter_read(wn, (__u64)node,
					    (__u64)wn_cell_find(wn, (__u64)node, 1), &n))
				return 0;
			word = rec.user[2];
			count = n;
		} else if (!own[i].node) {
			continue;
		}
		sum = ws_hash(ws_hash(ws_hash(sum + i) + word) + count);
	}
	return sum;
}

TEST_F_TIMEOUT(crowd, four_threads, 600)
{
	const uint32_t rounds = ws_rounds(200000, 10000, 1000);
	struct ws_dice dice = ws_seed("four_threads"), mine = ws_dice_of(&dice, 9);
	const struct wn_grant may = {
		.rights = WN_RIGHT_ALL & ~(WN_RIGHT_DESTROY | WN_RIGHT_ADMIN),
		.nodes = 64, .cells = 64, .caps = 16, .bytes = 65536,
	};
	struct wn *good = &self->p.all, *bad = &self->p.other;
	const struct wn_public *pub = good->pub;
	struct ws_scribbler s[SCRIBBLERS];
	struct enterer e = { .wn = bad };
	struct ws_windows windows = {};
	pthread_t thread[SCRIBBLERS + 1];
	uint64_t refused, others, stat;
	uint32_t i, at, cap, len, nr = 0;
	__u64 handles[OWN + 1], value;
	const void *record;

	ASSERT_FALSE(WN_RES_IS_ERROR(wn_bind(good, self->p.node, WN_POLICY_FAIL)));
	ASSERT_FALSE(WN_RES_IS_ERROR(wn_cap_grant(good, 0, self->p.node, bad->client + 1, &may,
						  &cap)));
	ASSERT_EQ(0, wn_lane_connect(bad, &self->out, self->p.node, cap, 4096));
	ASSERT_EQ(0, wn_lane_accept(good, &self->in, NULL, 0));

	/* Ring, entries, slots, the arena; and the lane's. */
	ws_windows_of(&windows, bad);
	EXPECT_EQ(4, windows.nr);
	ws_windows_add(&windows, self->out.maps[1], self->out.regions[1].bytes, false);
	ASSERT_EQ(0, work(good, self->mine, &self->own[0], 0, &mine));
	windows.node[0] = self->p.node;
	windows.cell[0] = (__u64)wn_cell_create(good, self->p.node, 1, WN_CELL_PNCOUNTER, 0);
	windows.node[1] = self->own[0].node;
	windows.cell[1] = self->own[0].cell;
	windows.cap = cap;
	others = good->kern->refused;
	refused = bad->kern->refused;
	stat = __atomic_load_n(&pub->stats[WN_STAT_REFUSED], __ATOMIC_RELAXED);
	for (i = 0; i < SCRIBBLERS; i++) {
		s[i] = (struct ws_scribbler){ .windows = &windows, .dice = ws_dice_of(&dice, i) };
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, ws_scribble, &s[i]));
	}
	ASSERT_EQ(0, pthread_create(&thread[i], NULL, enter_and_count, &e));

	for (i = 0; i < rounds; i++) {
		at = ws_any(&mine, OWN);
		ASSERT_EQ(0, work(good, self->mine, &self->own[at], at, &mine)) TH_LOG("round %u", i);
		ASSERT_EQ(0, wn_counter_add(&self->counter, 1));
		record = wn_lane_peek(&self->in, &len);
		if (record)
			EXPECT_GE(4096, len);
		wn_lane_consume(&self->in);
	}
	__atomic_store_n(&e.stop, 1, __ATOMIC_RELEASE);
	for (i = 0; i < SCRIBBLERS; i++)
		__atomic_store_n(&s[i].stop, 1, __ATOMIC_RELEASE);
	for (i = 0; i <= SCRIBBLERS; i++)
		pthread_join(thread[i], NULL);

	for (i = 0; i < OWN; i++)
		nr += !!self->own[i].node;
	EXPECT_EQ(nr, wn_children(good, self->mine, handles, OWN + 1));
	EXPECT_EQ(digest(good, self->mine, self->own, false),
		  digest(good, self->mine, self->own, true));
	ASSERT_EQ(0, wn_counter_read(good, self->mine, self->cell, &value));
	EXPECT_EQ(rounds, value);
	TH_LOG("%u rounds beside %llu entries: %llu done, %llu refused", rounds,
	       (unsigned long long)e.taken, (unsigned long long)e.done,
	       (unsigned long long)e.refused);
	EXPECT_EQ(0, e.failed);
	EXPECT_LT(0, e.done);
	EXPECT_LT(0, e.refused);
	if (wt_is_polling())
		return;		/* A thread takes more than one reads. */
	/* Each refusal, by whoever counts them. */
	EXPECT_EQ(0, e.lapped);
	EXPECT_EQ(e.refused, bad->kern->refused - refused);
	EXPECT_EQ(e.refused + good->kern->refused - others,
		  __atomic_load_n(&pub->stats[WN_STAT_REFUSED], __ATOMIC_RELAXED) - stat);
}

WT_MAIN
