// SPDX-License-Identifier: MIT
/* Waiting until the domain's epoch, or a node's version, is not what it was. */
#include "common.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <sys/time.h>
#include <wn.h>
#include <wn_transport.h>

#include "harness.h"

#define IS_ERROR(res)	WN_RES_IS_ERROR(res)
#define MS		1000000ULL
#define SECOND		(1000 * MS)

FIXTURE(epoch)
{
	struct wt_mount m;
	const char *path;
	struct wn wn;
	__u64 node, other;
};

FIXTURE_SETUP(epoch)
{
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->path = wt_path(&self->m, "epoch");
	ASSERT_EQ(0, wn_domain_create(self->path, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->wn, self->path, NULL));
	self->node = (__u64)wn_create(&self->wn, 0, "node");
	self->other = (__u64)wn_create(&self->wn, 0, "other");
	ASSERT_FALSE(IS_ERROR(self->node) || IS_ERROR(self->other));
}

FIXTURE_TEARDOWN(epoch)
{
	wn_close(&self->wn);
	wt_umount(&self->m);
}

static __u64 version(struct wn *wn, __u64 node)
{
	struct wn_node_rec rec = {};

	return wn_node_read(wn, node, &rec) ? 0 : rec.version;
}

TEST_F(epoch, what_is_other_is_told_at_once)
{
	struct wn *wn = &self->wn;
	__u64 seen = 0, now;

	ASSERT_EQ(0, wn_wait_epoch(wn, &seen, 1));
	EXPECT_EQ(wn_epoch(wn), seen);
	EXPECT_EQ(-ETIME, wn_wait_epoch(wn, &seen, 1));
	/* The bit that is set during a change is no change. */
	now = seen | 1;
	EXPECT_EQ(-ETIME, wn_wait_epoch(wn, &now, wn_deadline(20 * MS)));
	EXPECT_LT(0, wn_set_state(wn, self->node, 1));
	EXPECT_EQ(0, wn_wait_epoch(wn, &seen, 1));
	EXPECT_EQ(now + 1, seen);
	/* What changes nothing is none. */
	EXPECT_EQ(-ENOENT, wn_find(wn, 0, "nobody"));
	EXPECT_EQ(-ETIME, wn_wait_epoch(wn, &seen, 1));
}

TEST_F(epoch, a_node)
{
	struct wn *wn = &self->wn;
	__u64 seen = 0, all = wn_epoch(wn);

	ASSERT_EQ(0, wn_wait_node(wn, 0, self->node, &seen, 1));
	EXPECT_EQ(version(wn, self->node), seen);
	/* Another one's change is none of its. */
	EXPECT_LT(0, wn_set_state(wn, self->other, 1));
	EXPECT_EQ(0, wn_wait_epoch(wn, &all, 1));
	EXPECT_EQ(-ETIME, wn_wait_node(wn, 0, self->node, &seen, wn_deadline(20 * MS)));
	EXPECT_LT(0, wn_set_state(wn, self->node, 1));
	EXPECT_EQ(0, wn_wait_node(wn, 0, self->node, &seen, 1));
	EXPECT_EQ(version(wn, self->node), seen);
	EXPECT_EQ(0, wn_destroy(wn, self->node));
	EXPECT_EQ(-ESTALE, wn_wait_node(wn, 0, self->node, &seen, 1));
	/* 0: the capability's own. */
	seen = 0;
	EXPECT_EQ(0, wn_wait_node(wn, 0, 0, &seen, 1));
	EXPECT_EQ(version(wn, wn->pub->root), seen);
}

TEST_F(epoch, arguments_and_rights)
{
	const struct wn_grant grant = { .rights = WN_RIGHT_EMIT };
	struct wn *wn = &self->wn;
	__u64 seen = 0;
	__u32 index;

#define WAIT(...) wn->via->call(wn->file, WN_IOC_WAIT_EPOCH, &(struct wn_epoch_wait){	\
		.size = sizeof(struct wn_epoch_wait), __VA_ARGS__ })
	EXPECT_EQ(0, WAIT(.seen = 0));
	EXPECT_EQ(-EINVAL, WAIT(.flags = 2));
	EXPECT_EQ(-EINVAL, WAIT(.flags = 1U << 31));
	EXPECT_EQ(-EINVAL, WAIT(.reserved = 1));
	EXPECT_EQ(-EINVAL, WAIT(.node = self->node));
	EXPECT_EQ(-EINVAL, WAIT(.deadline = 1ULL << 63));
	EXPECT_EQ(-EACCES, WAIT(.cap = 1));
	EXPECT_EQ(-EACCES, WAIT(.cap = ~0U));
	EXPECT_EQ(-ESTALE, WAIT(.flags = WN_EPOCH_NODE, .node = self->node + (1ULL << 40)));
#undef WAIT
	/* A capability on one node, without and with the right to read. */
	ASSERT_FALSE(IS_ERROR(wn_cap_grant(wn, 0, self->node, wn->client, &grant, &index)));
	EXPECT_EQ(-EACCES, wn_wait_node(wn, (__u16)index, 0, &seen, 1));
	ASSERT_FALSE(IS_ERROR(wn_cap_grant(wn, 0, self->node, wn->client,
			&(struct wn_grant){ .rights = WN_RIGHT_READ }, &index)));
	EXPECT_EQ(0, wn_wait_node(wn, (__u16)index, 0, &seen, 1));
	EXPECT_EQ(version(wn, self->node), seen);
	EXPECT_EQ(-ESTALE, wn_wait_node(wn, (__u16)index, self->other, &seen, 1));
}

/* ---------------------------------------------------------------- sleep */

struct later {
	FIXTURE_DATA(epoch) *self;
	__u64 node;		/* 0: destroy self->node */
};

/* By a client of its own. */
static void *change_later(void *arg)
{
	struct later *l = arg;
	struct wn wn;

	usleep(50000);
	if (wn_open(&wn, l->self->path, NULL))
		return arg;
	if (l->node)
		wn_set_state(&wn, l->node, 9);
	else
		wn_destroy(&wn, l->self->node);
	wn_close(&wn);
	return NULL;
}

TEST_F(epoch, woken)
{
	struct later l = { .self = self, .node = self->node };
	struct wn *wn = &self->wn;
	__u64 seen = wn_epoch(wn), before = seen;
	pthread_t t;

	ASSERT_EQ(0, pthread_create(&t, NULL, change_later, &l));
	EXPECT_EQ(0, wn_wait_epoch(wn, &seen, wn_deadline(60 * SECOND)));
	EXPECT_LT(before, seen);
	pthread_join(t, NULL);

	/* The change of another node wakes the waiter for this one not; its end does. */
	seen = version(wn, self->node);
	l.node = self->other;
	ASSERT_EQ(0, pthread_create(&t, NULL, change_later, &l));
	EXPECT_EQ(-ETIME, wn_wait_node(wn, 0, self->node, &seen, wn_deadline(300 * MS)));
	pthread_join(t, NULL);
	l.node = 0;
	ASSERT_EQ(0, pthread_create(&t, NULL, change_later, &l));
	EXPECT_EQ(-ESTALE, wn_wait_node(wn, 0, self->node, &seen, 0));
	pthread_join(t, NULL);
}

static volatile sig_atomic_t signals;

static void count(int sig)
{
	signals++;
}

TEST_F(epoch, signals)
{
	struct itimerval every = { { 0, 5000 }, { 0, 5000 } }, off = {};
	struct sigaction sa = { .sa_handler = count };
	struct wn *wn = &self->wn;
	__u64 seen = wn_epoch(wn), start;

	if (wt_is_embedded() || wt_is_hosted())
		SKIP(return, "a signal ends a sleep on a futex, SA_RESTART or not");
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	EXPECT_EQ(-EINTR, wn_wait_epoch(wn, &seen, 0));
	EXPECT_EQ(-EINTR, wn_wait_epoch(wn, &seen, wn_deadline(60 * SECOND)));
	/* With SA_RESTART the call goes on, to the same absolute deadline. */
	sa.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &sa, NULL);
	signals = 0;
	start = wn_deadline(0);
	EXPECT_EQ(-ETIME, wn_wait_epoch(wn, &seen, start + 100 * MS));
	EXPECT_LE(start + 100 * MS, wn_deadline(0));
	EXPECT_LT(1, signals);
	setitimer(ITIMER_REAL, &off, NULL);
}

/* ---------------------------------------------------------- many waiters */

#define CLIENTS	6
#define THREADS	4	/* of each */
#define ROUNDS	300

struct crowd {
	struct wn wn[CLIENTS];
	__u64 node, base;
	__u32 arrived;		/* waits that ended, of all */
	int err;
};

struct follower {
	struct crowd *crowd;
	struct wn *wn;
	bool node;
	pthread_t t;
};

/* Each change is waited for and answered before the next: one that is missed is missed for ever. */
static void *follow(void *arg)
{
	struct follower *f = arg;
	struct crowd *c = f->crowd;
	__u64 seen = c->base;
	int i, err = 0;

	for (i = 0; i < ROUNDS && !err; i++) {
		err = f->node ? wn_wait_node(f->wn, 0, c->node, &seen, wn_deadline(60 * SECOND)) :
				wn_wait_epoch(f->wn, &seen, wn_deadline(60 * SECOND));
		__atomic_add_fetch(&c->arrived, 1, __ATOMIC_SEQ_CST);
	}
	if (err)
		__atomic_store_n(&c->err, err, __ATOMIC_SEQ_CST);
	return NULL;
}

static void crowd_of(struct __test_metadata *_metadata, FIXTURE_DATA(epoch) *self, bool node)
{
	struct follower f[CLIENTS * THREADS];
	struct crowd c = { .node = self->node };
	struct wn *wn = &self->wn;
	__u32 i, round;

	for (i = 0; i < CLIENTS; i++)
		ASSERT_EQ(0, wn_open(&c.wn[i], self->path, NULL));
	c.base = node ? version(wn, self->node) : wn_epoch(wn);
	for (i = 0; i < CLIENTS * THREADS; i++) {
		f[i] = (struct follower){ .crowd = &c, .wn = &c.wn[i % CLIENTS], .node = node };
		ASSERT_EQ(0, pthread_create(&f[i].t, NULL, follow, &f[i]));
	}
	for (round = 1; round <= ROUNDS; round++) {
		/* Now and then they are all asleep. */
		if (round % 50 == 0)
			usleep(20000);
		ASSERT_LT(0, wn_set_state(wn, self->node, round));
		while (__atomic_load_n(&c.arrived, __ATOMIC_SEQ_CST) < round * CLIENTS * THREADS)
			if (__atomic_load_n(&c.err, __ATOMIC_SEQ_CST))
				break;
			else
				usleep(10);
		ASSERT_EQ(0, __atomic_load_n(&c.err, __ATOMIC_SEQ_CST)) TH_LOG("round %u", round);
	}
	for (i = 0; i < CLIENTS * THREADS; i++)
		pthread_join(f[i].t, NULL);
	EXPECT_EQ(ROUNDS * CLIENTS * THREADS, c.arrived);
	for (i = 0; i < CLIENTS; i++)
		wn_close(&c.wn[i]);
}

TEST_F(epoch, a_crowd_waits_for_the_domain)
{
	crowd_of(_metadata, self, false);
}

TEST_F(epoch, a_crowd_waits_for_a_node)
{
	crowd_of(_metadata, self, true);
}

/* Changes as fast as can be: the last one is always seen. */
static void *race(void *arg)
{
	struct follower *f = arg;
	__u64 seen = 0;

	while (!wn_wait_epoch(f->wn, &seen, wn_deadline(60 * SECOND)))
		if (seen >= __atomic_load_n(&f->crowd->base, __ATOMIC_SEQ_CST))
			return NULL;
	return arg;
}

TEST_F(epoch, the_last_change_is_seen)
{
	struct crowd c = { .base = ~0ULL };
	struct follower f[CLIENTS];
	struct wn *wn = &self->wn;
	void *failed;
	int i;

	for (i = 0; i < CLIENTS; i++) {
		ASSERT_EQ(0, wn_open(&c.wn[i], self->path, NULL));
		f[i] = (struct follower){ .crowd = &c, .wn = &c.wn[i] };
		ASSERT_EQ(0, pthread_create(&f[i].t, NULL, race, &f[i]));
	}
	for (i = 1; i < 3000; i++)
		ASSERT_LT(0, wn_set_state(wn, self->node, i));
	__atomic_store_n(&c.base, wn_epoch(wn) + 2, __ATOMIC_SEQ_CST);
	ASSERT_LT(0, wn_set_state(wn, self->node, i));
	for (i = 0; i < CLIENTS; i++) {
		pthread_join(f[i].t, &failed);
		EXPECT_EQ(NULL, failed);
		wn_close(&c.wn[i]);
	}
}

/* ---------------------------------------------------------- bounds, ends */

static void *wait_long(void *arg)
{
	__u64 seen = wn_epoch(arg);
	long err;

	/* Who counts them is one of them, for a moment. */
	do {
		err = wn_wait_epoch(arg, &seen, 0);
	} while (err == -ENOSPC);
	return (void *)err;
}

TEST_F(epoch, as_many_as_64_of_a_client)
{
	pthread_t t[64];
	struct wn *wn = &self->wn, writer;
	__u64 seen = wn_epoch(wn);
	void *ret;
	int i, err;

	if (wt_is_embedded() || wt_is_hosted())
		SKIP(return, "who waits costs nobody else anything: he may as often as he likes");
	ASSERT_EQ(0, wn_open(&writer, self->path, NULL));
	for (i = 0; i < 64; i++)
		ASSERT_EQ(0, pthread_create(&t[i], NULL, wait_long, wn));
	/* Until all of them sleep. */
	do {
		err = wn_wait_epoch(wn, &seen, wn_deadline(MS));
	} while (err == -ETIME);
	EXPECT_EQ(-ENOSPC, err);
	ASSERT_LT(0, wn_set_state(&writer, self->node, 1));
	for (i = 0; i < 64; i++) {
		pthread_join(t[i], &ret);
		EXPECT_EQ(NULL, ret);
	}
	/* They count no more. */
	seen = wn_epoch(wn);
	EXPECT_EQ(-ETIME, wn_wait_epoch(wn, &seen, wn_deadline(MS)));
	wn_close(&writer);
}

static int wait_and_die(void *arg)
{
	struct wn wn;
	pthread_t t;
	int i;

	if (wn_open(&wn, arg, NULL))
		_exit(1);
	for (i = 0; i < 3; i++)
		pthread_create(&t, NULL, wait_long, &wn);
	usleep(20000);
	raise(SIGKILL);
	return 0;
}

TEST_F(epoch, killed_while_waiting)
{
	if (wt_is_embedded())
		SKIP(return, "no other process");
	EXPECT_EQ(-ESRCH, wt_in_child(0, wait_and_die, (void *)self->path));
	EXPECT_LT(0, wn_set_state(&self->wn, self->node, 1));
}

WT_MAIN
