// SPDX-License-Identifier: MIT
/* A polling thread through the library, whatever the engine: it serves, sleeps, is woken, ends. */
#include "common.h"

#include <pthread.h>
#include <unistd.h>
#include <wn.h>

#include "harness.h"

#define PARAM	"/sys/module/worknode/parameters/pollers"
#define THREADS	4
#define HANGING	3000	/* more than the engine takes back in one go */

FIXTURE(polled)
{
	struct wt_mount m;
	const char *path;
	struct wn wn;
	char param[16];
	bool module;
};

FIXTURE_SETUP(polled)
{
	WT_INLINE("it starts its threads itself");
	self->module = !access(PARAM, W_OK) && !wt_is_embedded() && !wt_is_hosted();
	if (self->module) {
		ASSERT_LT(0, wt_read_file(PARAM, self->param, sizeof(self->param)));
		ASSERT_EQ(0, wt_write_file(PARAM, "1"));
	}
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->path = wt_path(&self->m, "d");
	ASSERT_EQ(0, wn_domain_create(self->path, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->wn, self->path, NULL));
}

FIXTURE_TEARDOWN(polled)
{
	wn_close(&self->wn);
	wt_umount(&self->m);
	if (self->module)
		wt_write_file(PARAM, self->param);
}

/* Within twenty seconds. */
static bool comes_to(const struct wn *wn, bool need)
{
	int i;

	for (i = 0; i < 2000 && wt_needs_wakeup(wn->kern) != need; i++)
		usleep(10000);
	return wt_needs_wakeup(wn->kern) == need;
}

/* So many ops, as many a time as it says; 0, or what went wrong. Nothing is asked to wait. */
static int adds(struct wn *wn, __u64 node, __u64 cell, unsigned int ops, unsigned int batch)
{
	unsigned int i, n, done;
	const struct wn_cqe *cqe;
	int err;

	for (n = 0; n < ops; n += batch) {
		for (i = 0; i < batch; i++)
			wn_prep_cell_count(wn_get_sqe(wn), node, cell, WN_CELL_ADD, 1, n + i);
		err = wn_submit(wn);
		if (err < 0)
			return err;
		for (done = 0; done < batch; done++) {
			err = wn_wait_cqe(wn, &cqe, wn_deadline(60000000000));
			if (err)
				return err;
			if (cqe->user_data != n + done || WN_RES_IS_ERROR(cqe->res))
				return -EPROTO;
			wn_cqe_seen(wn);
		}
	}
	return 0;
}

TEST_F(polled, refuses)
{
	struct wn other;

	EXPECT_EQ(-EINVAL, wn_poller_start(&self->wn, 1000001, -1));
	EXPECT_EQ(-EINVAL, wn_poller_start(&self->wn, 0, 1000000));
	EXPECT_TRUE(wt_needs_wakeup(self->wn.kern));
	ASSERT_EQ(0, wn_poller_start(&self->wn, 0, 0));
	EXPECT_EQ(-EBUSY, wn_poller_start(&self->wn, 0, -1));
	ASSERT_EQ(0, wn_open(&other, self->path, NULL));
	EXPECT_EQ(-EBUSY, wn_poller_start(&other, 0, -1));
	EXPECT_EQ(0, wn_poller_stop(&other));
	EXPECT_TRUE(wt_needs_wakeup(self->wn.kern));
	EXPECT_TRUE(wt_needs_wakeup(other.kern));
	EXPECT_EQ(0, wn_poller_stop(&self->wn));
	EXPECT_EQ(0, wn_poller_start(&other, 0, -1));
	wn_close(&other);
}

/* Who has no ADMIN may neither start nor stop it. */
TEST_F(polled, is_not_for_everybody)
{
	const __u32 some[WN_CLASSES] = { WN_RIGHT_READ | WN_RIGHT_WRITE, 0, 0 };
	struct wn other;

	ASSERT_EQ(0, wn_domain_set_classes(self->path, some));
	ASSERT_EQ(0, wn_open(&other, self->path, NULL));
	EXPECT_EQ(-EACCES, wn_poller_start(&other, 0, -1));
	ASSERT_EQ(0, wn_poller_start(&self->wn, 1000000, -1));
	EXPECT_EQ(-EACCES, wn_poller_stop(&other));
	EXPECT_TRUE(comes_to(&other, false));
	wn_close(&other);
}

/* A capability that many hang on, so that to revoke it takes the engine some while. */
static __s64 branch(struct wn *wn, struct wn *other)
{
	const struct wn_grant grant = { .rights = WN_RIGHT_READ | WN_RIGHT_GRANT };
	__u32 index, i;
	__s64 first, res;

	first = wn_cap_grant(wn, 0, wn->pub->root, other->client + 1, &grant, &index);
	for (i = 0, res = first; i < HANGING && !WN_RES_IS_ERROR(res); i++)
		res = wn_cap_grant(other, (__u16)index, wn->pub->root, other->client + 1, &grant, NULL);
	return WN_RES_IS_ERROR(res) ? res : first;
}

/* What stands behind a revocation is done, though its owner never enters and the thread dozes. */
TEST_F_TIMEOUT(polled, goes_on_behind_a_revocation, 300)
{
	const unsigned int rounds = wt_number("WN_ROUNDS", 12);
	unsigned int i, polled = 0, seen, waited;
	const char *path = wt_path(&self->m, "large");
	struct wn_bounds_query q;
	const struct wn_cqe *cqe;
	struct wn other;
	__s64 first;

	wn_close(&self->wn);
	ASSERT_EQ(0, wn_bounds(self->m.dir, WN_BOUNDS_DEFAULT, &q));
	q.bounds.caps = 4096;
	ASSERT_EQ(0, wn_domain_create(path, 0600, &q.bounds));
	ASSERT_EQ(0, wn_open(&self->wn, path, NULL));
	ASSERT_EQ(0, wn_open(&other, path, NULL));
	ASSERT_EQ(0, wn_poller_start(&self->wn, 20, -1));
	for (i = 0; i < rounds; i++) {
		first = branch(&self->wn, &other);
		ASSERT_FALSE(WN_RES_IS_ERROR(first)) TH_LOG("%lld", (long long)first);
		wn_prep_cap_revoke(wn_get_sqe(&self->wn), 0, (__u64)first, 1);
		wn_prep_nop(wn_get_sqe(&self->wn), 2);
		/* The other one wakes the thread; ours is submitted before that dozes again. */
		for (waited = 0; wt_needs_wakeup(self->wn.kern) && waited < 1000; waited++) {
			if (waited % 100)
				continue;
			wn_prep_nop(wn_get_sqe(&other), 3);
			ASSERT_EQ(1, wn_submit_and_wait(&other, 1, wn_deadline(20000000000)));
			wn_cqe_seen(&other);
		}
		polled += !wt_needs_wakeup(self->wn.kern);
		ASSERT_EQ(2, wn_submit(&self->wn));
		for (seen = waited = 0; seen < 2 && waited < 20000; waited++) {
			while ((cqe = wn_peek_cqe(&self->wn))) {
				EXPECT_FALSE(WN_RES_IS_ERROR(cqe->res));
				EXPECT_EQ(++seen, cqe->user_data);
				wn_cqe_seen(&self->wn);
			}
			usleep(1000);
		}
		ASSERT_EQ(2U, seen) TH_LOG("round %u of %u, %u polled", i, rounds, polled);
	}
	TH_LOG("the thread was awake in %u of %u", polled, rounds);
	wn_close(&other);
}

TEST_F_TIMEOUT(polled, sleeps_and_is_woken, 120)
{
	__s64 node = wn_create(&self->wn, 0, "n"), cell;
	__u64 sum;
	int i;

	ASSERT_FALSE(WN_RES_IS_ERROR(node));
	cell = wn_cell_create(&self->wn, (__u64)node, 1, WN_CELL_PNCOUNTER, 0);
	ASSERT_FALSE(WN_RES_IS_ERROR(cell));
	ASSERT_EQ(0, wn_poller_start(&self->wn, 100, -1));
	for (i = 0; i < 400; i++) {
		ASSERT_EQ(0, adds(&self->wn, (__u64)node, (__u64)cell, 1, 1)) TH_LOG("op %d", i);
		/* About as long as it stays awake: now before, now after, now while it dozes off. */
		usleep((useconds_t)(i % 40) * 5);
	}
	EXPECT_TRUE(comes_to(&self->wn, true));
	ASSERT_EQ(0, wn_counter_read(&self->wn, (__u64)node, (__u64)cell, &sum));
	EXPECT_EQ(400, sum);
}

/* With the last client, and back with the next: it was asked for once. */
TEST_F(polled, comes_and_goes_with_clients)
{
	ASSERT_EQ(0, wn_poller_start(&self->wn, 1000000, -1));
	EXPECT_TRUE(comes_to(&self->wn, false));
	wn_close(&self->wn);
	ASSERT_EQ(0, wn_open(&self->wn, self->path, NULL));
	EXPECT_TRUE(comes_to(&self->wn, false));
	EXPECT_EQ(0, wn_poller_stop(&self->wn));
	wn_close(&self->wn);
	ASSERT_EQ(0, wn_open(&self->wn, self->path, NULL));
	usleep(50000);
	EXPECT_TRUE(wt_needs_wakeup(self->wn.kern));
}

struct crowd {
	const char *path;
	__u64 node, cell;
	unsigned int ops, batch;
	int err;
};

static void *work(void *arg)
{
	struct crowd *c = arg;
	struct wn wn;

	c->err = wn_open(&wn, c->path, NULL);
	if (c->err)
		return NULL;
	c->err = adds(&wn, c->node, c->cell, c->ops, c->batch);
	wn_close(&wn);
	return NULL;
}

/* Clients come, work and go under it; one of them starts and stops it all the while. */
TEST_F_TIMEOUT(polled, serves_a_crowd, 240)
{
	__s64 node = wn_create(&self->wn, 0, "n"), cell;
	__u64 sum;
	struct crowd crowd[THREADS];
	pthread_t thread[THREADS];
	int i, round;

	ASSERT_FALSE(WN_RES_IS_ERROR(node));
	cell = wn_cell_create(&self->wn, (__u64)node, 1, WN_CELL_PNCOUNTER, 0);
	ASSERT_FALSE(WN_RES_IS_ERROR(cell));
	for (round = 0; round < 4; round++) {
		for (i = 0; i < THREADS; i++) {
			crowd[i] = (struct crowd){ self->path, (__u64)node, (__u64)cell, 960,
						   1u << (2 * i), 0 };
			ASSERT_EQ(0, pthread_create(&thread[i], NULL, work, &crowd[i]));
		}
		for (i = 0; i < 10; i++) {
			ASSERT_EQ(0, wn_poller_start(&self->wn, 50, -1));
			usleep(300);
			ASSERT_EQ(0, wn_poller_stop(&self->wn));
		}
		ASSERT_EQ(0, wn_poller_start(&self->wn, 100, -1));
		for (i = 0; i < THREADS; i++) {
			pthread_join(thread[i], NULL);
			EXPECT_EQ(0, crowd[i].err);
		}
		ASSERT_EQ(0, wn_poller_stop(&self->wn));
	}
	ASSERT_EQ(0, wn_counter_read(&self->wn, (__u64)node, (__u64)cell, &sum));
	EXPECT_EQ(4 * THREADS * 960, sum);
}

WT_MAIN
