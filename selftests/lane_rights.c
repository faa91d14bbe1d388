// SPDX-License-Identifier: MIT
/* A lane goes with the right that its producer has it by. */
#include "pair.h"

#include <pthread.h>
#include <sched.h>

#include "harness.h"

#define BYTES	65536u
#define PATIENT	60000000000ull

FIXTURE(lane_rights)
{
	struct wt_pair p;
	struct wn_lane out, in;		/* the one without rights produces */
};

FIXTURE_SETUP(lane_rights)
{
	ASSERT_EQ(0, wt_pair_open(&self->p));
	ASSERT_EQ(0, wn_bind(&self->p.all, self->p.node, 0));
}

FIXTURE_TEARDOWN(lane_rights)
{
	wn_lane_close(&self->out);
	wn_lane_close(&self->in);
	wt_pair_close(&self->p);
}

/* A right to the node for the other: its handle, or an error. */
static int64_t grant(struct wt_pair *p, uint64_t rights, uint64_t expires, uint32_t *index)
{
	const struct wn_grant may = { .rights = rights, .expires = expires };

	return wn_cap_grant(&p->all, 0, p->node, p->other.client + 1, &may, index);
}

static int connect_by(struct wt_pair *p, uint32_t index, struct wn_lane *out, struct wn_lane *in)
{
	int err = wn_lane_connect(&p->other, out, p->node, index, BYTES);

	return err ? err : wn_lane_accept(&p->all, in, NULL, wn_deadline(PATIENT));
}

/* It takes EMIT on that very node, or above it. */
TEST_F(lane_rights, asked_for)
{
	uint32_t index;

	EXPECT_EQ(-EACCES, wn_lane_connect(&self->p.other, &self->out, self->p.node, 0, BYTES));
	ASSERT_FALSE(WN_RES_IS_ERROR(grant(&self->p, WN_RIGHT_READ, 0, &index)));
	EXPECT_EQ(-EACCES, wn_lane_connect(&self->p.other, &self->out, self->p.node, index, BYTES));
	ASSERT_FALSE(WN_RES_IS_ERROR(grant(&self->p, WN_RIGHT_EMIT, 0, &index)));
	ASSERT_EQ(0, connect_by(&self->p, index, &self->out, &self->in));
	EXPECT_EQ(0, wt_pair_send(&self->out, 1));
	EXPECT_EQ(1, wt_pair_take(&self->in));
}

/* When the revocation is told to be done, the lane is taken; one by another right stays. */
TEST_F(lane_rights, revoked)
{
	struct wn_lane out, in;
	uint32_t first, second;
	int64_t cap;

	cap = grant(&self->p, WN_RIGHT_EMIT, 0, &first);
	ASSERT_FALSE(WN_RES_IS_ERROR(cap));
	ASSERT_FALSE(WN_RES_IS_ERROR(grant(&self->p, WN_RIGHT_EMIT, 0, &second)));
	ASSERT_EQ(0, connect_by(&self->p, first, &self->out, &self->in));
	ASSERT_EQ(0, connect_by(&self->p, second, &out, &in));
	ASSERT_EQ(0, wt_pair_send(&self->out, 1));
	ASSERT_EQ(0, wn_cap_revoke(&self->p.all, 0, (uint64_t)cap));
	EXPECT_EQ(-EKEYREVOKED, wn_lane_wait(&self->in, 0, wn_deadline(PATIENT)));
	EXPECT_EQ(-EKEYREVOKED, wt_pair_send(&self->out, 2));
	EXPECT_EQ(-EKEYREVOKED, wn_lane_error(&self->in));
	EXPECT_EQ(0, wt_pair_send(&out, 3));
	EXPECT_EQ(3, wt_pair_take(&in));
	wn_lane_close(&out);
	wn_lane_close(&in);
}

/* Node 0 is the capability's own: who accepts is told which that is. */
TEST_F(lane_rights, of_its_own_node)
{
	struct wn_lane_accept from;
	uint32_t index;

	ASSERT_FALSE(WN_RES_IS_ERROR(grant(&self->p, WN_RIGHT_EMIT, 0, &index)));
	ASSERT_EQ(0, wn_lane_connect(&self->p.other, &self->out, 0, index, BYTES));
	ASSERT_EQ(0, wn_lane_accept(&self->p.all, &self->in, &from, wn_deadline(PATIENT)));
	EXPECT_EQ(self->p.node, from.node);
}

/* A right that ends by itself: both ends are told, though nobody calls the engine. */
TEST_F(lane_rights, expired)
{
	const uint64_t expires = wn_deadline(500000000);
	struct wn_lane out, in, later;
	uint32_t first, second;

	ASSERT_FALSE(WN_RES_IS_ERROR(grant(&self->p, WN_RIGHT_EMIT, expires, &first)));
	ASSERT_FALSE(WN_RES_IS_ERROR(grant(&self->p, WN_RIGHT_EMIT, 0, &second)));
	ASSERT_EQ(0, connect_by(&self->p, first, &self->out, &self->in));
	ASSERT_EQ(0, connect_by(&self->p, second, &out, &in));
	ASSERT_GT(expires, wn_deadline(0)) {
		TH_LOG("this machine is too slow");
	}
	EXPECT_EQ(-EKEYREVOKED, wn_lane_wait(&self->in, 0, wn_deadline(PATIENT)));
	EXPECT_LE(expires, wn_deadline(0));
	EXPECT_EQ(-EKEYREVOKED, wt_pair_send(&self->out, 1));
	EXPECT_EQ(-EKEYEXPIRED, wn_lane_connect(&self->p.other, &later, self->p.node, first, BYTES));
	EXPECT_EQ(0, wt_pair_send(&out, 2));
	EXPECT_EQ(2, wt_pair_take(&in));
	wn_lane_close(&out);
	wn_lane_close(&in);
}

/* Its end takes back what it granted, though those who have it call the engine for nothing. */
TEST_F(lane_rights, granter_dies)
{
	const struct wn_grant may = { .rights = WN_RIGHT_EMIT | WN_RIGHT_GRANT };
	struct wt_pair *p = &self->p;
	uint32_t first, second;
	struct wn granter;
	int64_t cap;

	ASSERT_EQ(0, wn_open(&granter, p->path, NULL));
	cap = wn_cap_grant(&p->all, 0, p->node, granter.client + 1, &may, &first);
	ASSERT_FALSE(WN_RES_IS_ERROR(cap));
	cap = wn_cap_grant(&granter, first, p->node, p->other.client + 1, &may, &second);
	ASSERT_FALSE(WN_RES_IS_ERROR(cap));
	ASSERT_EQ(0, connect_by(p, second, &self->out, &self->in));
	EXPECT_EQ(0, wt_pair_send(&self->out, 1));
	EXPECT_EQ(1, wt_pair_take(&self->in));
	wn_close(&granter);
	EXPECT_EQ(-EKEYREVOKED, wn_lane_wait(&self->in, 0, wn_deadline(PATIENT)));
	EXPECT_EQ(-EKEYREVOKED, wt_pair_send(&self->out, 2));
}

struct connector {
	struct wt_pair *pair;
	uint32_t index, there, over;
	bool stop;
};

static void *connect_all_the_time(void *arg)
{
	struct connector *c = arg;
	struct wn_lane lane;
	int err;

	while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
		if (wn_lane_connect(&c->pair->other, &lane, c->pair->node, c->index, BYTES))
			continue;
		c->there++;
		do {
			err = wt_pair_send(&lane, 1);
			if (err == -EAGAIN)
				err = wn_lane_wait(&lane, 64, wn_deadline(PATIENT));
		} while (!err);
		c->over += err == -ENOLINK;
		wn_lane_close(&lane);
	}
	return NULL;
}

/* Of one who opened the domain without rights: it is given one, and reads the node by that. */
static int64_t read_by_grant(struct wt_pair *p, struct wn *reader)
{
	const struct wn_grant may = { .rights = WN_RIGHT_READ };
	const uint64_t deadline = wn_deadline(PATIENT);
	const struct wn_cqe *cqe;
	struct wn_sqe *sqe;
	uint32_t index;
	int64_t res;
	int err;

	res = wn_cap_grant(&p->all, 0, p->node, reader->client + 1, &may, &index);
	if (WN_RES_IS_ERROR(res))
		return res;
	/* -EBUSY: a host has not yet seen that the one before hung up. */
	do {
		sqe = wn_get_sqe(reader);
		wn_prep_bind(sqe, p->node, 0, 0);
		sqe->cap = (uint16_t)index;
		err = wn_submit_and_wait(reader, 1, deadline);
		if (err < 0)
			return err;
		err = wn_wait_cqe(reader, &cqe, deadline);
		if (err)
			return err;
		res = cqe->res;
		wn_cqe_seen(reader);
	} while (res == -EBUSY && wn_deadline(0) < deadline);
	return res;
}

/* Who connects to one that goes hears of it, whichever comes first. */
TEST_F_TIMEOUT(lane_rights, reader_goes, 300)
{
	struct connector c = { .pair = &self->p };
	const uint32_t rounds = wt_number("WN_ROUNDS", 200);
	pthread_t thread;
	struct wn reader;
	uint32_t i;

	ASSERT_FALSE(WN_RES_IS_ERROR(grant(&self->p, WN_RIGHT_EMIT, 0, &c.index)));
	ASSERT_EQ(0, wn_unbind(&self->p.all, self->p.node));
	ASSERT_EQ(0, pthread_create(&thread, NULL, connect_all_the_time, &c));
	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, wn_open(&reader, self->p.path, NULL));
		ASSERT_EQ(0, read_by_grant(&self->p, &reader));
		sched_yield();
		wn_close(&reader);
	}
	__atomic_store_n(&c.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_EQ(c.there, c.over);
	TH_LOG("%u lanes", c.there);
}

WT_MAIN
