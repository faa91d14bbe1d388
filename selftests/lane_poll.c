// SPDX-License-Identifier: MIT
/* What poll tells of lanes: to who armed for it, and of ends. */
#include "pair.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wn.h>

#include "harness.h"

#define BYTES	65536u

FIXTURE(lane_poll) {
	struct wt_mount m;
	struct wn p, c;		/* who produces, who reads what comes to node */
	__u64 node;
	const char *d;
};

FIXTURE_SETUP(lane_poll)
{
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->d = wt_path(&self->m, "d");
	ASSERT_EQ(0, wt_ends_open(&self->m, 0, &self->p, &self->c, &self->node));
}

FIXTURE_TEARDOWN(lane_poll)
{
	wn_close(&self->p);
	wn_close(&self->c);
	wt_umount(&self->m);
}

static int both(struct wn *from, struct wn *to, uint64_t node, struct wn_lane *p,
		struct wn_lane *c)
{
	return wt_ends_connect(from, to, node, BYTES, p, c);
}

static short polled(struct wn *wn)
{
	struct pollfd p = { .fd = wn->fd, .events = POLLIN | POLLMSG };

	return poll(&p, 1, 0) == 1 ? p.revents : 0;
}

/* Said by poll, once: whether it was, and it is over with. */
static bool told(struct wn *wn)
{
	bool was = polled(wn) == (POLLIN | POLLMSG);

	return was && !wn_lanes_wait(wn, 1) && !polled(wn);
}

/* One arm, one report, for however many records; reading ends it not, a wait does. */
TEST_F(lane_poll, armed)
{
	struct wn_lane p, c;
	uint32_t i;

	ASSERT_EQ(0, both(&self->p, &self->c, self->node, &p, &c));
	EXPECT_EQ(0, wn_lanes_wait(&self->c, 1));
	EXPECT_EQ(0, wn_lane_arm(&c, 0));
	EXPECT_EQ(0, polled(&self->c));
	for (i = 0; i < 16; i++)
		ASSERT_NE(NULL, wn_lane_reserve(&p, 8));
	EXPECT_EQ(0, polled(&self->c));
	EXPECT_EQ(0, wn_lane_commit(&p));
	EXPECT_EQ(1, p.wakes);
	EXPECT_TRUE(told(&self->c));
	EXPECT_EQ(0, wt_pair_send(&p, 1));
	EXPECT_EQ(1, p.wakes);
	EXPECT_EQ(0, polled(&self->c));
	/* There is something: it need not be told. */
	EXPECT_EQ(1, wn_lane_arm(&c, 0));
	EXPECT_EQ(0, wt_pair_send(&p, 2));
	EXPECT_EQ(0, polled(&self->c));
	for (i = 0; i < 18; i++)
		EXPECT_LE(0, wt_pair_take(&c));
	EXPECT_EQ(-EAGAIN, wt_pair_take(&c));
	/* Twice is once; looking ends it not. */
	EXPECT_EQ(0, wn_lane_arm(&c, 0));
	EXPECT_EQ(0, wn_lane_arm(&c, 0));
	EXPECT_EQ(-EAGAIN, wt_pair_take(&c));
	EXPECT_EQ(0, wt_pair_send(&p, 3));
	EXPECT_TRUE(told(&self->c));
	EXPECT_EQ(2, p.wakes);
	EXPECT_EQ(3, wt_pair_take(&c));
	EXPECT_EQ(0, wn_lane_arm(&c, 0));
	/* The wake of before is still there. */
	while (wn_lane_wait(&c, 0, wn_deadline(1000000)) != -ETIME)
		;
	EXPECT_EQ(0, wt_pair_send(&p, 4));
	EXPECT_EQ(0, polled(&self->c));
	EXPECT_EQ(2, p.wakes);
	wn_lane_close(&p);
	wn_lane_close(&c);
	EXPECT_EQ(-ESHUTDOWN, wn_lane_arm(&c, 0));
}

/* The producer waits for room as long as that. */
TEST_F(lane_poll, armed_for_room)
{
	struct wn_lane p, c;
	uint32_t len;

	ASSERT_EQ(0, both(&self->p, &self->c, self->node, &p, &c));
	EXPECT_EQ(1, wn_lane_arm(&p, 1000));
	EXPECT_EQ(-E2BIG, wn_lane_arm(&p, BYTES));
	ASSERT_NE(NULL, wn_lane_reserve(&p, BYTES / 2 - 8));
	ASSERT_NE(NULL, wn_lane_reserve(&p, BYTES / 2 - 8));
	EXPECT_EQ(-E2BIG, wn_lane_arm(&p, 8));
	ASSERT_EQ(0, wn_lane_commit(&p));
	EXPECT_EQ(0, wn_lane_arm(&p, 8));
	EXPECT_EQ(0, polled(&self->p));
	ASSERT_NE(NULL, wn_lane_peek(&c, &len));
	EXPECT_EQ(0, polled(&self->p));
	EXPECT_EQ(0, wn_lane_consume(&c));
	EXPECT_TRUE(told(&self->p));
	EXPECT_EQ(1, wn_lane_arm(&p, 8));
	ASSERT_NE(NULL, wn_lane_reserve(&p, 8));
	wn_lane_close(&c);
	EXPECT_EQ(POLLIN | POLLMSG, polled(&self->p));
	EXPECT_EQ(-ENOLINK, wn_lane_commit(&p));
	EXPECT_EQ(-ENOLINK, wn_lane_arm(&p, 8));
	wn_lane_close(&p);
}

TEST_F(lane_poll, armed_loans)
{
	struct wn_loans lends, takes;
	uint32_t len, type, i;
	struct wn_lane p, c;
	const void *taken;
	void *to;

	ASSERT_EQ(0, both(&self->p, &self->c, self->node, &p, &c));
	EXPECT_EQ(0, wn_lanes_wait(&self->c, 1));
	ASSERT_EQ(0, wn_loans_begin(&lends, &p, BYTES / 4));
	ASSERT_EQ(0, wn_loans_begin(&takes, &c, BYTES / 4));
	EXPECT_EQ(1, wn_loans_arm(&lends));
	EXPECT_EQ(0, wn_loans_arm(&takes));
	for (i = 0; i < 4; i++) {
		to = wn_loans_get(&lends);
		ASSERT_NE(NULL, to);
		ASSERT_EQ(0, wn_loans_send(&lends, to, 1, 0));
	}
	ASSERT_EQ(0, wn_lane_commit(&p));
	EXPECT_TRUE(told(&self->c));
	EXPECT_EQ(0, wn_loans_arm(&lends));
	taken = wn_loans_take(&takes, &len, &type);
	ASSERT_NE(NULL, taken);
	EXPECT_EQ(0, polled(&self->p));
	ASSERT_EQ(0, wn_loans_return(&takes, taken));
	EXPECT_TRUE(told(&self->p));
	EXPECT_EQ(1, wn_loans_arm(&lends));
	EXPECT_NE(NULL, wn_loans_get(&lends));
	wn_lane_close(&p);
	wn_lane_close(&c);
}

TEST_F(lane_poll, armed_set)
{
	struct wn_lane p[3], c[3], *from;
	struct wn_lane_set set;
	uint32_t i, len;

	wn_lane_set_init(&set, NULL, 0);
	EXPECT_EQ(-EOPNOTSUPP, wn_lane_set_arm(&set));
	wn_lane_set_init(&set, &self->c, 0);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, both(&self->p, &self->c, self->node, &p[i], &c[i]));
		ASSERT_EQ(0, wn_lane_set_add(&set, &c[i]));
	}
	EXPECT_EQ(0, wn_lanes_wait(&self->c, 1));
	EXPECT_EQ(0, wn_lane_set_arm(&set));
	EXPECT_EQ(0, polled(&self->c));
	EXPECT_EQ(0, wt_pair_send(&p[1], 1));
	EXPECT_EQ(0, wt_pair_send(&p[1], 2));
	EXPECT_EQ(1, p[1].wakes);
	EXPECT_TRUE(told(&self->c));
	/* Each of the others tells for itself. */
	EXPECT_EQ(0, wt_pair_send(&p[2], 3));
	EXPECT_TRUE(told(&self->c));
	EXPECT_EQ(1, wn_lane_set_arm(&set));
	EXPECT_EQ(0, wt_pair_send(&p[0], 4));
	EXPECT_EQ(0, p[0].wakes);
	for (i = 0; i < 4; i++)
		ASSERT_NE(NULL, wn_lane_set_next(&set, &from, &len));
	EXPECT_EQ(NULL, wn_lane_set_next(&set, &from, &len));
	EXPECT_EQ(0, wn_lane_set_arm(&set));
	wn_lane_close(&p[0]);
	EXPECT_TRUE(told(&self->c));
	/* What is dead is there until it is taken out. */
	EXPECT_EQ(1, wn_lane_set_arm(&set));
	EXPECT_EQ(0, wn_lane_set_del(&set, &c[0]));
	EXPECT_EQ(0, wn_lane_set_arm(&set));
	/* One to accept says so by itself. */
	ASSERT_EQ(0, wn_lane_connect(&self->p, &p[0], self->node, 0, BYTES));
	EXPECT_EQ(POLLIN | POLLMSG, polled(&self->c));
	wn_lane_set_end(&set);
	wn_lane_close(&c[0]);
	for (i = 0; i < 3; i++)
		wn_lane_close(&p[i]);
	for (i = 1; i < 3; i++)
		wn_lane_close(&c[i]);
}

/* Both sides of a fan, one whose producer is held back. */
TEST_F(lane_poll, armed_fan)
{
	struct wn_lane p, c;
	char record[2000];
	__u64 lost;

	memset(record, 'x', sizeof(record));
	ASSERT_EQ(0, wn_fan_make(&self->p, &p, self->node, 0, 4096, 2, WN_FAN_HOLDS));
	ASSERT_EQ(0, wn_fan_join(&self->c, &c, self->node, 0, 0));
	while (!wn_lanes_wait(&self->c, 1))
		;
	EXPECT_EQ(0, wn_lane_arm(&c, 0));
	EXPECT_EQ(0, polled(&self->c));
	EXPECT_EQ(0, wn_fan_put(&p, record, sizeof(record), 0));
	EXPECT_EQ(0, wn_fan_put(&p, record, sizeof(record), 0));
	EXPECT_EQ(0, polled(&self->c));
	EXPECT_EQ(0, wn_lane_commit(&p));
	EXPECT_TRUE(told(&self->c));
	EXPECT_EQ(1, wn_lane_arm(&c, 0));
	while (!wn_lanes_wait(&self->p, 1))
		;
	EXPECT_EQ(0, wn_lane_arm(&p, sizeof(record)));
	EXPECT_EQ(0, polled(&self->p));
	EXPECT_EQ(sizeof(record), wn_fan_read(&c, record, sizeof(record), NULL, &lost));
	EXPECT_TRUE(told(&self->p));
	EXPECT_EQ(1, wn_lane_arm(&p, sizeof(record)));
	EXPECT_EQ(sizeof(record), wn_fan_read(&c, record, sizeof(record), NULL, &lost));
	EXPECT_EQ(0, wn_lane_arm(&c, 0));
	wn_lane_close(&p);
	EXPECT_EQ(POLLIN | POLLMSG, polled(&self->c));
	EXPECT_EQ(-ENOLINK, wn_lane_arm(&c, 0));
	wn_lane_close(&c);
}

/* In a forked child, and where there is nothing to poll. */
TEST_F(lane_poll, arms_that_cannot_be)
{
	struct wn_lane p, c, from, to;
	struct wn_lane_fds fds;
	struct wn_lane_set set;
	int status;
	pid_t pid;

	ASSERT_EQ(0, wn_lane_make(&fds, 4096));
	ASSERT_EQ(0, wn_lane_map(&from, fds.producer, true));
	ASSERT_EQ(0, wn_lane_map(&to, fds.consumer, false));
	wn_lane_fds_close(&fds);
	EXPECT_EQ(-EOPNOTSUPP, wn_lane_arm(&to, 0));
	EXPECT_EQ(-EOPNOTSUPP, wn_lane_arm(&from, 8));
	wn_lane_close(&from);
	wn_lane_close(&to);
	ASSERT_EQ(0, both(&self->p, &self->c, self->node, &p, &c));
	wn_lane_set_init(&set, &self->c, 0);
	ASSERT_EQ(0, wn_lane_set_add(&set, &c));
	pid = fork();
	if (!pid)
		_exit(wn_lane_arm(&p, 8) != -EOWNERDEAD || wn_lane_arm(&c, 0) != -EOWNERDEAD ||
		      wn_lane_set_arm(&set) != -EOWNERDEAD);
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	wn_lane_set_end(&set);
	wn_lane_close(&p);
	wn_lane_close(&c);
}

/*
 * Of the first each record is published while the consumer arms, or about then: none of them
 * is missed by who only polls. The rest come as fast as can be, and their producer polls for room.
 */
#define RACES	100000u
#define ALL	(RACES + RACES / 2)
#define WATCH	60000	/* ms */

struct race {
	struct wn *wn;
	struct wn_lane *l;
	int err;
};

static int until_told(struct wn *wn, int epoll)
{
	struct epoll_event e;
	int n = epoll_wait(epoll, &e, 1, WATCH);

	if (n != 1)
		return n ? -EINTR : -ETIME;
	return wn_lanes_wait(wn, 1);
}

static int watch(struct wn *wn)
{
	struct epoll_event e = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	epoll_ctl(epoll, EPOLL_CTL_ADD, wn->fd, &e);
	return epoll;
}

/* Until the other has given back the last one, and a bit longer: it is about to arm. */
static void until_it_arms(const struct wn_lane *l, uint32_t *seed)
{
	uint32_t n;

	for (n = 1; __atomic_load_n(&l->peer->pos, __ATOMIC_ACQUIRE) != l->own->pos &&
		    !wn_lane_ended(l); n++)
		if (!(n % 64))
			sched_yield();	/* there may be one CPU */
	*seed = *seed * 1664525 + 1013904223;
	for (n = *seed >> 22; n; n--)
		__asm__ volatile("" ::: "memory");
}

static void *race_to_produce(void *arg)
{
	struct race *r = arg;
	int epoll = watch(r->wn);
	uint32_t i, seed = 1;

	for (i = 0; i < ALL && !r->err;) {
		r->err = wt_pair_send(r->l, i);
		if (!r->err) {
			if (i++ < RACES)
				until_it_arms(r->l, &seed);
		} else if (r->err == -EAGAIN) {
			r->err = wn_lane_arm(r->l, 4);
			if (!r->err)
				r->err = until_told(r->wn, epoll);
			else if (r->err == 1)
				r->err = 0;
		}
	}
	close(epoll);
	return NULL;
}

TEST_F_TIMEOUT(lane_poll, arms_race_with_commits, 300)
{
	struct wn_lane p, c;
	struct race r = { .wn = &self->p, .l = &p };
	int epoll = watch(&self->c), err = 0;
	uint32_t taken = 0, arms = 0, reports = 0;
	pthread_t producer;

	ASSERT_EQ(0, wn_lane_connect(&self->p, &p, self->node, 0, 4096));
	ASSERT_EQ(0, wn_lane_accept(&self->c, &c, NULL, 1));
	ASSERT_EQ(0, pthread_create(&producer, NULL, race_to_produce, &r));
	while (taken < ALL && !err) {
		while (wt_pair_take(&c) == (int64_t)taken)
			taken++;
		if (taken == ALL)
			break;
		arms++;
		err = wn_lane_arm(&c, 0);
		if (!err) {
			err = until_told(&self->c, epoll);
			reports++;
		} else if (err == 1) {
			err = 0;
		}
	}
	EXPECT_EQ(0, err);
	EXPECT_EQ(ALL, taken);
	if (err)
		wn_lane_close(&c);	/* for the other waits for us no longer */
	pthread_join(producer, NULL);
	EXPECT_EQ(0, r.err);
	TH_LOG("%u records, %u arms, %u reports, %llu wakes", taken, arms, reports, p.wakes);
	EXPECT_LE(p.wakes, arms);
	wn_lane_close(&c);
	wn_lane_close(&p);
	close(epoll);
}

/* The end, by who says nothing: the module alone tells of it, in band and by poll. */
TEST_F(lane_poll, a_raw_close_is_told)
{
	struct wn_lane p, c;
	int side;

	for (side = 0; side < 2; side++) {
		struct wn *goes = side ? &self->c : &self->p, *stays = side ? &self->p : &self->c;
		struct wn_lane *its = side ? &c : &p, *other = side ? &p : &c;

		ASSERT_EQ(0, both(&self->p, &self->c, self->node, &p, &c));
		while (!wn_lanes_wait(stays, 1))
			;
		EXPECT_EQ(0, polled(stays));
		ASSERT_EQ(0, wt_ioctl(goes->fd, WN_IOC_LANE_CLOSE, (void *)(long)its->lane));
		EXPECT_EQ(POLLIN | POLLMSG, polled(stays));
		EXPECT_EQ(0, wn_lanes_wait(stays, 1));
		EXPECT_EQ(0, polled(stays));
		/* Who produces has room, and sees it as it publishes. */
		EXPECT_EQ(-ENOLINK, side ? wn_lane_commit(other) : wn_lane_arm(other, 0));
		munmap(its->maps[0], its->regions[0].bytes);
		munmap(its->maps[1], its->regions[1].bytes);
		wn_lane_close(other);
	}
}

/* Until it is killed it holds an end of a lane from node, or of one to node. */
static void hold_an_end(const char *d, uint64_t node, int up)
{
	struct wn_lane l;
	struct wn wn;
	__s64 mine = 0;

	if (wn_open(&wn, d, NULL))
		_exit(1);
	if (node && wn_lane_connect(&wn, &l, node, 0, 4096))
		_exit(2);
	if (!node) {
		mine = wn_create(&wn, 0, "there");
		if (WN_RES_IS_ERROR(mine) || wn_bind(&wn, mine, 0))
			_exit(3);
	}
	if (write(up, &mine, 8) != 8)
		_exit(4);
	if (!node && (wn_lane_accept(&wn, &l, NULL, 0) || write(up, &mine, 8) != 8))
		_exit(5);
	for (;;)
		pause();
}

TEST_F(lane_poll, a_kill_is_told)
{
	struct pollfd fd = { .events = POLLIN | POLLMSG };
	int side, up[2], status;
	struct wn_lane l;
	uint64_t there;
	pid_t pid;

	for (side = 0; side < 2; side++) {
		struct wn *stays = side ? &self->p : &self->c;

		ASSERT_EQ(0, pipe(up));
		pid = fork();
		if (!pid)
			hold_an_end(self->d, side ? 0 : self->node, up[1]);
		ASSERT_EQ(8, read(up[0], &there, 8));
		if (side) {
			ASSERT_EQ(0, wn_lane_connect(stays, &l, there, 0, 4096));
			ASSERT_EQ(8, read(up[0], &there, 8));
		} else {
			ASSERT_EQ(0, wn_lane_accept(stays, &l, NULL, 1));
		}
		while (!wn_lanes_wait(stays, 1))
			;
		EXPECT_EQ(0, polled(stays));
		kill(pid, SIGKILL);
		fd.fd = stays->fd;
		EXPECT_EQ(1, poll(&fd, 1, WATCH));
		EXPECT_EQ(POLLIN | POLLMSG, fd.revents);
		EXPECT_EQ(0, wn_lanes_wait(stays, wn_deadline(60000000000)));
		EXPECT_EQ(-ENOLINK, side ? wn_lane_commit(&l) : wn_lane_arm(&l, 0));
		waitpid(pid, &status, 0);
		EXPECT_EQ(SIGKILL, status);
		wn_lane_close(&l);
		close(up[0]);
		close(up[1]);
	}
}

static void *wait_for_room(void *arg)
{
	struct race *r = arg;

	r->err = wn_lane_wait(r->l, 8, wn_deadline(60000000000));
	return NULL;
}

/* By poll, of both; and a producer that sleeps for room. */
TEST_F(lane_poll, a_revocation_is_told)
{
	const struct wn_grant may = { .rights = WN_RIGHT_EMIT };
	struct wn_lane p, c;
	struct race r = { .l = &p };
	pthread_t producer;
	uint32_t index;
	int64_t cap;
	int asleep;

	for (asleep = 0; asleep < 2; asleep++) {
		cap = wn_cap_grant(&self->c, 0, self->node, self->p.client + 1, &may, &index);
		ASSERT_FALSE(WN_RES_IS_ERROR(cap));
		ASSERT_EQ(0, wn_lane_connect(&self->p, &p, self->node, index, 4096));
		ASSERT_EQ(0, wn_lane_accept(&self->c, &c, NULL, 1));
		ASSERT_NE(NULL, wn_lane_reserve(&p, 4088));
		ASSERT_EQ(0, wn_lane_commit(&p));
		if (asleep) {
			ASSERT_EQ(0, pthread_create(&producer, NULL, wait_for_room, &r));
			while (!(__atomic_load_n(&c.peer->flags, __ATOMIC_ACQUIRE) &
				 WN_LANE_F_SLEEPS))
				sched_yield();
			usleep(20000);
		}
		while (!wn_lanes_wait(&self->p, 1) || !wn_lanes_wait(&self->c, 1))
			;
		EXPECT_EQ(0, polled(&self->p));
		EXPECT_EQ(0, polled(&self->c));
		ASSERT_EQ(0, wn_cap_revoke(&self->c, 0, (uint64_t)cap));
		EXPECT_EQ(POLLIN | POLLMSG, polled(&self->c));
		EXPECT_EQ(POLLIN | POLLMSG, polled(&self->p));
		EXPECT_EQ(0, wn_lanes_wait(&self->p, 1));
		EXPECT_EQ(0, wn_lanes_wait(&self->c, 1));
		if (asleep) {
			pthread_join(producer, NULL);
			EXPECT_EQ(-EKEYREVOKED, r.err);
		}
		EXPECT_EQ(-EKEYREVOKED, wn_lane_arm(&p, 8));
		EXPECT_EQ(-EKEYREVOKED, wn_lane_arm(&c, 0));
		wn_lane_close(&p);
		wn_lane_close(&c);
	}
}

WT_MAIN
