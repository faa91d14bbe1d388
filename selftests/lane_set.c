// SPDX-License-Identifier: MIT
/* Fan-in: many lanes in memory, one reader, turns. */
#include "common.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wn.h>

#include "harness.h"

#define LANES	5u

FIXTURE(lane_set) {
	struct wn_lane_fds fds[LANES];
	struct wn_lane p[LANES], c[LANES];
	struct wn_lane_set set;
};

FIXTURE_SETUP(lane_set)
{
	uint32_t i;

	wn_lane_set_init(&self->set, NULL, 4);
	for (i = 0; i < LANES; i++) {
		ASSERT_EQ(0, wn_lane_make(&self->fds[i], 4096));
		ASSERT_EQ(0, wn_lane_map(&self->p[i], self->fds[i].producer, true));
		ASSERT_EQ(0, wn_lane_map(&self->c[i], self->fds[i].consumer, false));
		ASSERT_EQ(0, wn_lane_set_add(&self->set, &self->c[i]));
	}
}

FIXTURE_TEARDOWN(lane_set)
{
	uint32_t i;

	wn_lane_set_end(&self->set);
	for (i = 0; i < LANES; i++) {
		wn_lane_close(&self->p[i]);
		wn_lane_close(&self->c[i]);
		wn_lane_fds_close(&self->fds[i]);
	}
}

static int send_n(struct wn_lane *p, uint32_t n)
{
	void *to = wn_lane_reserve(p, sizeof(n));

	if (!to)
		return wn_lane_error(p) ? wn_lane_error(p) : -EAGAIN;
	memcpy(to, &n, sizeof(n));
	return wn_lane_commit(p);
}

/* The number in the next record, and whose; or -1. */
static long next(FIXTURE_DATA(lane_set) *self, uint32_t *lane)
{
	struct wn_lane *from;
	const void *record;
	uint32_t n, len;

	record = wn_lane_set_next(&self->set, &from, &len);
	*lane = from ? (uint32_t)(from - self->c) : ~0u;
	if (!record)
		return -1;
	memcpy(&n, record, sizeof(n));
	return n;
}

TEST_F(lane_set, members)
{
	struct wn_lane closed = {};

	EXPECT_EQ(-EINVAL, wn_lane_set_add(&self->set, &self->p[0]));
	EXPECT_EQ(-EINVAL, wn_lane_set_add(&self->set, &closed));
	EXPECT_EQ(-EEXIST, wn_lane_set_add(&self->set, &self->c[2]));
	EXPECT_EQ(0, wn_lane_set_del(&self->set, &self->c[2]));
	EXPECT_EQ(-ENOENT, wn_lane_set_del(&self->set, &self->c[2]));
	EXPECT_EQ(0, wn_lane_set_add(&self->set, &self->c[2]));
}

/* All are full: each gives four in its turn, none is passed over. */
TEST_F(lane_set, turns)
{
	uint32_t sent[LANES] = { 0 }, got[LANES] = { 0 }, i, lane, turn = 0, last = ~0u;
	long n;

	for (i = 0; i < LANES; i++)
		while (!send_n(&self->p[i], sent[i]))
			sent[i]++;
	for (i = 0; i < 4 * LANES * 3; i++) {
		n = next(self, &lane);
		ASSERT_GT(LANES, lane);
		EXPECT_EQ(got[lane]++, n);
		turn = lane == last ? turn + 1 : 1;
		last = lane;
		EXPECT_GE(4, turn);
	}
	for (i = 0; i < LANES; i++)
		EXPECT_EQ(12, got[i]);
	/* Given back at a turn's end, not a record's: the lane at hand has a batch out. */
	for (i = 0; i < LANES; i++) {
		EXPECT_EQ(i == last ? 4 * 16 : 0, self->c[i].pos - self->c[i].own->pos) {
			TH_LOG("lane %u", i);
		}
	}
	while ((n = next(self, &lane)) >= 0)
		EXPECT_EQ(got[lane]++, n);
	EXPECT_EQ(~0u, lane);
	for (i = 0; i < LANES; i++) {
		EXPECT_EQ(sent[i], got[i]);
		EXPECT_EQ(self->p[i].pos, self->c[i].own->pos);
	}
}

TEST_F(lane_set, one_goes)
{
	uint32_t lane, i;

	ASSERT_EQ(0, send_n(&self->p[1], 11));
	ASSERT_EQ(0, send_n(&self->p[3], 13));
	wn_lane_close(&self->p[1]);
	/* What came is read before the end is told, and the others go on. */
	EXPECT_EQ(11, next(self, &lane));
	EXPECT_EQ(1, lane);
	EXPECT_EQ(-1, next(self, &lane));
	ASSERT_EQ(1, lane);
	EXPECT_EQ(-ENOLINK, wn_lane_error(&self->c[1]));
	EXPECT_EQ(13, next(self, &lane));
	EXPECT_EQ(3, lane);
	/* Told again until it is taken out. */
	EXPECT_EQ(0, wn_lane_set_wait(&self->set, 0));
	ASSERT_EQ(0, send_n(&self->p[4], 14));
	for (i = 0; i < 3 && next(self, &lane) < 0; i++)
		EXPECT_EQ(1, lane);
	EXPECT_EQ(4, lane);
	EXPECT_EQ(0, wn_lane_set_del(&self->set, &self->c[1]));
	EXPECT_EQ(-1, next(self, &lane));
	EXPECT_EQ(~0u, lane);
}

/* One taken out in its turn: the next record is another's, and the order stays. */
TEST_F(lane_set, taken_out)
{
	uint32_t lane, i;

	for (i = 0; i < LANES; i++) {
		ASSERT_EQ(0, send_n(&self->p[i], i));
		ASSERT_EQ(0, send_n(&self->p[i], i));
	}
	EXPECT_EQ(0, next(self, &lane));
	EXPECT_EQ(0, wn_lane_set_del(&self->set, &self->c[0]));
	EXPECT_EQ(self->c[0].pos, self->c[0].own->pos);
	for (i = 0; i < 2 * (LANES - 1); i++)
		EXPECT_EQ(1 + i / 2, next(self, &lane));
	EXPECT_EQ(-1, next(self, &lane));
}

TEST_F(lane_set, sleeps)
{
	struct wn_lane_set none;

	EXPECT_EQ(-ETIME, wn_lane_set_wait(&self->set, 1));
	EXPECT_EQ(-ETIME, wn_lane_set_wait(&self->set, wn_deadline(2000000)));
	EXPECT_EQ(0, self->c[0].own->flags & WN_LANE_F_SLEEPS);
	wn_lane_set_init(&none, NULL, 0);
	EXPECT_EQ(-EINVAL, wn_lane_set_wait(&none, 1));
	wn_lane_set_end(&none);
}

struct job {
	struct wn_lane *p;
	uint32_t n;
	pthread_t thread;
};

static void *producer(void *arg)
{
	struct job *job = arg;
	uint32_t i;

	for (i = 0; i < job->n; i++) {
		while (send_n(job->p, i))
			if (wn_lane_wait(job->p, 4, 0))
				return arg;
		if (i % 1024 == 77)
			usleep(100);
	}
	return NULL;
}

/* All at once, the reader asleep whenever all are empty: a wake that is missed hangs it. */
TEST_F(lane_set, threads)
{
	const uint32_t n = wt_number("WN_RECORDS", 100000) / LANES;
	uint32_t got[LANES] = { 0 }, all, lane, i;
	struct job job[LANES];
	void *failed;
	long value;

	for (i = 0; i < LANES; i++) {
		/* One view of the memory, for ThreadSanitizer. */
		self->c[i].data = self->p[i].data;
		self->c[i].peer = self->p[i].own;
		self->p[i].peer = self->c[i].own;
		job[i] = (struct job){ .p = &self->p[i], .n = n };
		ASSERT_EQ(0, pthread_create(&job[i].thread, NULL, producer, &job[i]));
	}
	for (all = 0; all < n * LANES;) {
		value = next(self, &lane);
		if (value < 0) {
			ASSERT_EQ(~0u, lane);
			ASSERT_EQ(0, wn_lane_set_wait(&self->set, wn_deadline(60000000000)));
			continue;
		}
		ASSERT_EQ(got[lane]++, value);
		all++;
	}
	for (i = 0; i < LANES; i++) {
		pthread_join(job[i].thread, &failed);
		EXPECT_EQ(NULL, failed);
	}
	TH_LOG("%u records, %llu sleeps", all, self->set.sleeps);
}

struct crowd {
	struct wn_lane p[130], c[130];
	struct wn_lane_set set;
};

struct call {
	struct wn_lane *p;
	pthread_t thread;
};

static void *call_soon(void *arg)
{
	struct call *call = arg;

	usleep(3000);
	return send_n(call->p, 7) ? arg : NULL;
}

/* Sleeping on nr lanes: any of them wakes the reader. */
static void sleep_on(struct __test_metadata *_metadata, struct crowd *x, uint32_t nr)
{
	struct wn_lane_fds fds;
	struct wn_lane *from;
	struct call call;
	const void *record;
	uint32_t i, len, n;
	__u64 until;
	void *failed;
	int err;

	wn_lane_set_init(&x->set, NULL, 1);
	for (i = 0; i < nr; i++) {
		ASSERT_EQ(0, wn_lane_make(&fds, 4096));
		ASSERT_EQ(0, wn_lane_map(&x->p[i], fds.producer, true));
		ASSERT_EQ(0, wn_lane_map(&x->c[i], fds.consumer, false));
		wn_lane_fds_close(&fds);
		ASSERT_EQ(0, wn_lane_set_add(&x->set, &x->c[i]));
	}
	/* It may come back for nothing, and not for ever. */
	until = wn_deadline(2000000);
	do
		err = wn_lane_set_wait(&x->set, until);
	while (!err);
	EXPECT_EQ(-ETIME, err);
	EXPECT_GE(wn_deadline(0), until);
	for (i = 0; i < nr; i += 43) {
		call.p = &x->p[nr - 1 - i];
		ASSERT_EQ(0, pthread_create(&call.thread, NULL, call_soon, &call));
		until = wn_deadline(20000000000);
		while (!(record = wn_lane_set_next(&x->set, &from, &len)))
			ASSERT_EQ(0, wn_lane_set_wait(&x->set, until));
		/* It was woken, and did not find it when it looked at the end. */
		EXPECT_LT(wn_deadline(0), until);
		memcpy(&n, record, sizeof(n));
		EXPECT_EQ(7, n);
		EXPECT_EQ(&x->c[nr - 1 - i], from);
		pthread_join(call.thread, &failed);
		EXPECT_EQ(NULL, failed);
	}
	TH_LOG("%u lanes, %llu sleeps", nr, x->set.sleeps);
	wn_lane_set_end(&x->set);
	for (i = 0; i < nr; i++) {
		wn_lane_close(&x->p[i]);
		wn_lane_close(&x->c[i]);
	}
}

/* Nearly as many as the kernel waits for at once, and more, of which it looks now and then. */
TEST_F(lane_set, crowd)
{
	struct crowd *x = calloc(1, sizeof(*x));

	ASSERT_NE(NULL, x);
	sleep_on(_metadata, x, 120);
	sleep_on(_metadata, x, 130);
	free(x);
}

WT_MAIN
