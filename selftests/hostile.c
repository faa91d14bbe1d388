// SPDX-License-Identifier: MIT
/*
 * A client that writes nonsense into its pages: at worst it harms itself. It
 * never hangs, never gets a result that cannot be, and another client of the
 * same domain notices nothing.
 */
#include "common.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

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
	struct wt_client *c = &self->bad;
	unsigned int seed = time(NULL), round;
	uint32_t i;
	long n;

	TH_LOG("seed %u", seed);
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
	struct jumper j = { .c = &self->bad, .seed = time(NULL) };
	pthread_t a, b;
	void *bad;
	int i;

	TH_LOG("seed %u", j.seed);
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

WT_MAIN
