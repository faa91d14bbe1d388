// SPDX-License-Identifier: MIT
/*
 * Ops through the rings: results, flags, chains, full rings. The positions are
 * 32 bits wide and wrap after 2^32 entries: hours in an emulator, so that is
 * tried by the core's unit tests, which can begin anywhere.
 */
#include "common.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

#define SQ	64U
#define CQ	128U

FIXTURE(enter) {
	struct wt_mount m;
	struct wt_client c;
};

FIXTURE_SETUP(enter)
{
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	ASSERT_EQ(0, wt_create(&self->m, "d"));
	ASSERT_EQ(0, wt_client_open(&self->c, wt_path(&self->m, "d"), SQ, CQ));
}

FIXTURE_TEARDOWN(enter)
{
	wt_client_close(&self->c);
	wt_umount(&self->m);
}

/* Submit one entry and take its only completion's result. */
static long one(struct wt_client *c, struct wn_sqe sqe)
{
	struct wn_cqe cqe;
	uint32_t ready;

	*wt_sqe(c, 0) = sqe;
	wt_submit(c, 1);
	if (wt_enter(c, 1, 0) != 1)
		return -EPROTO;
	ready = wt_cq_ready(c);
	cqe = wt_cqe(c, 0);
	wt_cq_seen(c, ready);
	return ready == 1 && cqe.user_data == sqe.user_data ? cqe.res : -EPROTO;
}

#define ONE(...)	one(&self->c, (struct wn_sqe){ .user_data = 99, __VA_ARGS__ })

TEST_F(enter, nop)
{
	struct wn_cqe cqe;

	wt_sqe(&self->c, 0)->user_data = UINT64_MAX;
	wt_submit(&self->c, 1);
	EXPECT_EQ(1, wt_enter(&self->c, 1, 1));
	EXPECT_EQ(1, self->c.kern->sq_head);
	ASSERT_EQ(1, wt_cq_ready(&self->c));
	cqe = wt_cqe(&self->c, 0);
	EXPECT_EQ(UINT64_MAX, cqe.user_data);
	EXPECT_EQ(0, cqe.res);
	EXPECT_EQ(0, cqe.flags);
	EXPECT_EQ(0, cqe.aux);
	EXPECT_EQ(0, self->c.kern->refused);
}

TEST_F(enter, batches_in_order)
{
	struct wt_client *c = &self->c;
	uint32_t round, i, n, next = 0, want = 0;

	/* Batches of every size, so that they wrap at every place of both rings. */
	for (round = 0; round < 300; round++) {
		n = 1 + round % SQ;
		for (i = 0; i < n; i++)
			wt_sqe(c, i)->user_data = next++;
		wt_submit(c, n);
		ASSERT_EQ(n, wt_enter(c, n, n));
		ASSERT_EQ(n, wt_cq_ready(c));
		for (i = 0; i < n; i++) {
			ASSERT_EQ(want++, wt_cqe(c, i).user_data);
			ASSERT_EQ(0, wt_cqe(c, i).res);
		}
		wt_cq_seen(c, n);
		ASSERT_EQ(next, c->kern->sq_head);
		ASSERT_EQ(next, c->kern->cq_tail);
	}
}

TEST_F(enter, takes_at_most)
{
	struct wn_enter e = { .size = sizeof(e), .to_submit = 2 };
	uint32_t i;

	WT_INLINE("a thread takes all");
	for (i = 0; i < 5; i++)
		wt_sqe(&self->c, i);
	wt_submit(&self->c, 5);
	EXPECT_EQ(0, wt_enter(&self->c, 0, 0));
	EXPECT_EQ(0, wt_cq_ready(&self->c));
	EXPECT_EQ(2, wt_ioctl(self->c.fd, WN_IOC_ENTER, &e));
	EXPECT_EQ(2, e.completed);
	EXPECT_EQ(5, wt_fdinfo(self->c.fd, "wn-sq-pending") + 2);
	EXPECT_EQ(3, wt_enter(&self->c, UINT32_MAX, 5));
	EXPECT_EQ(5, wt_cq_ready(&self->c));
	EXPECT_EQ(0, wt_enter(&self->c, UINT32_MAX, 0));
}

TEST_F(enter, the_short_way)
{
	uint32_t i;

	WT_INLINE("a thread takes all");
	for (i = 0; i < 5; i++)
		wt_sqe(&self->c, i);
	wt_submit(&self->c, 5);
	EXPECT_EQ(0, wt_ioctl(self->c.fd, WN_IOC_SUBMIT, NULL));
	EXPECT_EQ(0, wt_cq_ready(&self->c));
	EXPECT_EQ(2, wt_ioctl(self->c.fd, WN_IOC_SUBMIT, (void *)2));
	EXPECT_EQ(2, wt_cq_ready(&self->c));
	EXPECT_EQ(3, wt_ioctl(self->c.fd, WN_IOC_SUBMIT, (void *)INT32_MAX));
	EXPECT_EQ(5, wt_cq_ready(&self->c));
	EXPECT_EQ(0, wt_ioctl(self->c.fd, WN_IOC_SUBMIT, (void *)1));
	EXPECT_EQ(-EINVAL, wt_ioctl(self->c.fd, WN_IOC_SUBMIT, (void *)(INT32_MAX + 1UL)));
}

/* That the whole of polling mode is not a name only. */
TEST_F(enter, polled_if_it_shall)
{
	int i, taken = 0;

	if (!wt_is_polling())
		SKIP(return, "WORKNODE_POLL is not set");
	for (i = 0; i < 1000 && !taken; i++) {
		ASSERT_EQ(0, wt_nop(&self->c, i));	/* the thread is awake for a while now */
		wt_sqe(&self->c, 0);
		wt_submit(&self->c, 1);
		usleep(2000);
		taken = wt_cq_ready(&self->c);
		ASSERT_LE(0, wt_enter(&self->c, 1, 1));
		ASSERT_EQ(1, wt_cq_ready(&self->c));
		wt_cq_seen(&self->c, 1);
	}
	EXPECT_EQ(1, taken);
}

TEST_F(enter, injected_results)
{
	static const int64_t want[] = {
		0, 1, -1, -EIO, -EINTR, -512, 4096, -4096, INT32_MIN, INT64_MAX, INT64_MIN,
	};
	uint64_t refused = 0;
	struct wn_cqe cqe;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(want); i++) {
		*wt_sqe(&self->c, 0) = (struct wn_sqe){
			.op_flags = WN_NOP_RESULT, .w = { want[i] },
		};
		wt_submit(&self->c, 1);
		ASSERT_EQ(1, wt_enter(&self->c, 1, 1));
		cqe = wt_cqe(&self->c, 0);
		EXPECT_EQ(want[i], cqe.res);
		wt_cq_seen(&self->c, 1);
		refused += WN_RES_IS_ERROR(want[i]);
		EXPECT_EQ(refused, self->c.kern->refused);
	}
}

TEST_F(enter, unknown_opcodes)
{
	struct wn_query q = { .size = sizeof(q) };
	int op;

	ASSERT_EQ(0, wt_ioctl(self->c.fd, WN_IOC_QUERY, &q));
	for (op = 0; op <= WN_OP_MAX; op++) {
		if (q.ops[op / 64] >> (op % 64) & 1)
			continue;
		ASSERT_EQ(-EOPNOTSUPP, ONE(.opcode = op)) TH_LOG("opcode %d", op);
	}
}

TEST_F(enter, nop_reserved)
{
	int bit;

	for (bit = 1; bit < 32; bit++)
		EXPECT_EQ(-EINVAL, ONE(.op_flags = 1U << bit));
	for (bit = 0; bit < 16; bit++)
		EXPECT_EQ(-EINVAL, ONE(.cap = 1U << bit));
	for (bit = 0; bit < 64; bit += 63) {
		EXPECT_EQ(-EINVAL, ONE(.node = 1ULL << bit));
		EXPECT_EQ(-EINVAL, ONE(.arg = 1ULL << bit));
		EXPECT_EQ(-EINVAL, ONE(.version = 1ULL << bit));
		EXPECT_EQ(-EINVAL, ONE(.w = { 1ULL << bit, 0, 0 }));
		EXPECT_EQ(-EINVAL, ONE(.w = { 0, 1ULL << bit, 0 }));
		EXPECT_EQ(-EINVAL, ONE(.w = { 0, 0, 1ULL << bit }));
	}
	EXPECT_EQ(-EINVAL, ONE(.op_flags = WN_NOP_RESULT, .w = { 5, 1, 0 }));
	EXPECT_EQ(-EINVAL, ONE(.flags = 1U << 6));
	EXPECT_EQ(-EINVAL, ONE(.flags = 1U << 7));
	/* Known, without a meaning for it. */
	EXPECT_EQ(-EINVAL, ONE(.flags = WN_SQE_ATOMIC)); /* its group has no end */
	EXPECT_EQ(-ECANCELED, ONE(.flags = 0)); /* and this, its end, came too late */
	EXPECT_EQ(-EINVAL, ONE(.flags = WN_SQE_IF_VERSION));
	EXPECT_EQ(-EINVAL, ONE(.flags = WN_SQE_IDEM));
	EXPECT_EQ(0, ONE(.flags = 0));
}

TEST_F(enter, links)
{
	static const struct { uint8_t flags; int64_t inject, want; } chain[] = {
		{ WN_SQE_LINK, 0, 0 },
		{ WN_SQE_LINK, -EIO, -EIO },
		{ WN_SQE_LINK, 0, -ECANCELED },
		{ 0, 0, -ECANCELED },		/* the chain's last */
		{ 0, 0, 0 },
		{ 0, -EIO, -EIO },		/* no link, nothing to cancel */
		{ WN_SQE_LINK, 1, 1 },		/* above zero is no failure */
		{ 0, 0, 0 },
	};
	struct wt_client *c = &self->c;
	int at_once;
	size_t i;

	/* In one go, and entry by entry: the chain is in the ring, not in the call. */
	for (at_once = wt_is_polling(); at_once < 2; at_once++) {
		for (i = 0; i < ARRAY_SIZE(chain); i++) {
			*wt_sqe(c, i) = (struct wn_sqe){
				.flags = chain[i].flags, .op_flags = WN_NOP_RESULT,
				.w = { chain[i].inject }, .user_data = i,
			};
		}
		wt_submit(c, ARRAY_SIZE(chain));
		if (at_once) {
			EXPECT_EQ(8, wt_enter(c, 8, 8));
		} else {
			for (i = 0; i < 8; i++)
				EXPECT_EQ(1, wt_enter(c, 1, 0));
		}
		ASSERT_EQ(8, wt_cq_ready(c));
		for (i = 0; i < 8; i++) {
			EXPECT_EQ(i, wt_cqe(c, i).user_data);
			EXPECT_EQ(chain[i].want, wt_cqe(c, i).res) TH_LOG("entry %zu", i);
		}
		wt_cq_seen(c, 8);
	}
}

TEST_F(enter, quiet)
{
	struct wt_client *c = &self->c;

	wt_sqe(c, 0)->flags = WN_SQE_QUIET;
	*wt_sqe(c, 1) = (struct wn_sqe){
		.flags = WN_SQE_QUIET, .op_flags = WN_NOP_RESULT, .w = { -EIO }, .user_data = 2,
	};
	wt_sqe(c, 2)->flags = WN_SQE_QUIET;
	wt_sqe(c, 3)->user_data = 4;
	wt_submit(c, 4);
	EXPECT_EQ(4, wt_enter(c, 4, 2));
	ASSERT_EQ(2, wt_cq_ready(c));
	EXPECT_EQ(2, wt_cqe(c, 0).user_data);
	EXPECT_EQ(-EIO, wt_cqe(c, 0).res);
	EXPECT_EQ(4, wt_cqe(c, 1).user_data);
	EXPECT_EQ(0, wt_cqe(c, 1).res);
}

TEST_F(enter, wide)
{
	struct wt_client *c = &self->c;
	uint32_t i;

	/* NOP has no use for data: refused, and its data is not taken for an entry. */
	*wt_sqe(c, 0) = (struct wn_sqe){ .flags = WN_SQE_WIDE, .user_data = 1 };
	memset(wt_sqe(c, 1), 0xff, sizeof(struct wn_sqe));
	*wt_sqe(c, 2) = (struct wn_sqe){ .user_data = 3 };
	wt_submit(c, 3);
	EXPECT_EQ(3, wt_enter(c, 3, 0));
	ASSERT_EQ(2, wt_cq_ready(c));
	EXPECT_EQ(1, wt_cqe(c, 0).user_data);
	EXPECT_EQ(-EINVAL, wt_cqe(c, 0).res);
	EXPECT_EQ(3, wt_cqe(c, 1).user_data);
	EXPECT_EQ(0, wt_cqe(c, 1).res);
	wt_cq_seen(c, 2);

	/* Its second slot was not submitted: what lies there is not looked at. */
	*wt_sqe(c, 0) = (struct wn_sqe){ .flags = WN_SQE_WIDE, .user_data = 4 };
	wt_submit(c, 1);
	EXPECT_EQ(1, wt_enter(c, 2, 0));
	ASSERT_EQ(1, wt_cq_ready(c));
	EXPECT_EQ(-EINVAL, wt_cqe(c, 0).res);
	EXPECT_EQ(c->user->sq_tail, c->kern->sq_head);
	wt_cq_seen(c, 1);
	EXPECT_EQ(0, wt_nop(c, 5));

	/* In the last slot and the first one. */
	while (c->user->sq_tail % SQ != SQ - 1)
		ASSERT_EQ(0, wt_nop(c, 6));
	*wt_sqe(c, 0) = (struct wn_sqe){ .flags = WN_SQE_WIDE, .user_data = 7 };
	memset(wt_sqe(c, 1), 0xff, sizeof(struct wn_sqe));
	wt_submit(c, 2);
	EXPECT_EQ(2, wt_enter(c, 2, 0));
	ASSERT_EQ(1, wt_cq_ready(c));
	EXPECT_EQ(7, wt_cqe(c, 0).user_data);
	wt_cq_seen(c, 1);

	/* A ring full of them: two slots each, one completion each. */
	for (i = 0; i < SQ; i++)
		*wt_sqe(c, i) = (struct wn_sqe){ .flags = WN_SQE_WIDE, .user_data = i };
	wt_submit(c, SQ);
	EXPECT_EQ(SQ, wt_enter(c, SQ, 0));
	ASSERT_EQ(SQ / 2, wt_cq_ready(c));
	for (i = 0; i < SQ / 2; i++)
		EXPECT_EQ(2 * i, wt_cqe(c, i).user_data);
}

TEST_F(enter, completion_ring_full)
{
	struct wt_client *c = &self->c;
	uint32_t i, n;

	for (n = 0; n < CQ; n += SQ) {
		for (i = 0; i < SQ; i++)
			wt_sqe(c, i)->user_data = n + i;
		wt_submit(c, SQ);
		ASSERT_EQ(SQ, wt_enter(c, SQ, 0));
	}
	EXPECT_EQ(0, c->kern->flags & WN_KR_F_CQ_FULL);	/* full, but nothing waits */

	for (i = 0; i < 3; i++)
		wt_sqe(c, i)->user_data = CQ + i;
	wt_submit(c, 3);
	EXPECT_EQ(0, wt_enter(c, 3, 0));
	EXPECT_EQ(WN_KR_F_CQ_FULL, c->kern->flags & WN_KR_F_CQ_FULL);
	EXPECT_EQ(3, wt_fdinfo(c->fd, "wn-sq-pending"));
	EXPECT_EQ(CQ, wt_cq_ready(c));
	/* Waiting for a full ring ends at once. */
	EXPECT_EQ(0, wt_enter(c, 3, CQ));

	/* Room for two: two are taken, the third still waits. */
	for (i = 0; i < 2; i++)
		EXPECT_EQ(i, wt_cqe(c, i).user_data);
	wt_cq_seen(c, 2);
	EXPECT_EQ(2, wt_enter(c, 3, 0));
	EXPECT_EQ(WN_KR_F_CQ_FULL, c->kern->flags & WN_KR_F_CQ_FULL);
	wt_cq_seen(c, 1);
	EXPECT_EQ(1, wt_enter(c, 3, 0));
	EXPECT_EQ(0, c->kern->flags & WN_KR_F_CQ_FULL);
	/* Nothing was lost, nothing came twice. */
	EXPECT_EQ(CQ, wt_cq_ready(c));
	for (i = 0; i < CQ; i++)
		EXPECT_EQ(3 + i, wt_cqe(c, i).user_data);
}

TEST_F(enter, restricted)
{
	struct wn_restrict r = { .size = sizeof(r) };

	EXPECT_EQ(0, ONE());
	ASSERT_EQ(0, wt_ioctl(self->c.fd, WN_IOC_RESTRICT, &r));
	EXPECT_EQ(-EPERM, ONE());
	EXPECT_EQ(-EPERM, ONE(.op_flags = WN_NOP_RESULT, .w = { 7 }));
}

static int enter_in_child(void *c)
{
	return wt_enter(c, 1, 0);
}

static int submit_in_child(void *c)
{
	return wt_ioctl(((struct wt_client *)c)->fd, WN_IOC_SUBMIT, (void *)1);
}

TEST_F(enter, forked_child)
{
	wt_sqe(&self->c, 0);
	wt_submit(&self->c, 1);
	EXPECT_EQ(-EOWNERDEAD, wt_in_child(0, enter_in_child, &self->c));
	EXPECT_EQ(-EOWNERDEAD, wt_in_child(0, submit_in_child, &self->c));
	/* A thread serves the owner, whoever enters. */
	if (!wt_is_polling())
		EXPECT_EQ(0, wt_cq_ready(&self->c));
	EXPECT_EQ(1, wt_enter(&self->c, 1, 1));
}

TEST_F(enter, counted_in_public)
{
	uint64_t bytes = wt_region(&self->c.s, WN_REGION_PUBLIC)->bytes;
	const struct wn_public *p = wt_mmap(self->c.fd, WN_REGION_OFFSET(WN_REGION_PUBLIC), bytes,
					    PROT_READ, MAP_SHARED);

	ASSERT_EQ(0, wt_err(p));
	EXPECT_EQ(0, ONE());
	EXPECT_EQ(-EIO, ONE(.op_flags = WN_NOP_RESULT, .w = { -EIO }));
	wt_sqe(&self->c, 0)->flags = WN_SQE_QUIET;
	wt_submit(&self->c, 1);
	EXPECT_EQ(1, wt_enter(&self->c, 1, 0));
	EXPECT_EQ(3, p->stats[WN_STAT_SUBMITTED]);
	EXPECT_EQ(2, p->stats[WN_STAT_COMPLETED]);
	EXPECT_EQ(1, p->stats[WN_STAT_REFUSED]);
	EXPECT_EQ(3, p->stats[WN_STAT_TURNS]);
	munmap((void *)p, bytes);
}

WT_MAIN
