// SPDX-License-Identifier: MIT
/* Waiting for completions: deadlines, signals, other threads, poll and epoll. */
#include "common.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "harness.h"

FIXTURE(wait) {
	struct wt_mount m;
	struct wt_client c;
};

FIXTURE_SETUP(wait)
{
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	ASSERT_EQ(0, wt_create(&self->m, "d"));
	ASSERT_EQ(0, wt_client_open(&self->c, wt_path(&self->m, "d"), 0, 0));
}

FIXTURE_TEARDOWN(wait)
{
	wt_client_close(&self->c);
	wt_umount(&self->m);
}

#define MS	1000000ULL

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static long enter_until(struct wt_client *c, uint32_t submit, uint32_t min, uint64_t deadline)
{
	struct wn_enter e = {
		.size = sizeof(e), .to_submit = submit, .min_complete = min, .deadline = deadline,
	};

	return wt_ioctl(c->fd, WN_IOC_ENTER, &e);
}

static void submit_nops(struct wt_client *c, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		wt_sqe(c, i);
	wt_submit(c, n);
}

TEST_F(wait, deadline)
{
	uint64_t start = now();

	EXPECT_EQ(-ETIME, enter_until(&self->c, 0, 1, 1));		/* long ago */
	EXPECT_EQ(-ETIME, enter_until(&self->c, 0, 1, start));
	EXPECT_EQ(-ETIME, enter_until(&self->c, 0, 1, now() + 30 * MS));
	EXPECT_GE(now(), start + 30 * MS);
	/* Progress beats error. */
	submit_nops(&self->c, 3);
	EXPECT_EQ(3, enter_until(&self->c, 3, 4, 1));
	/* What lies there already needs no wait. */
	EXPECT_EQ(0, enter_until(&self->c, 0, 3, 1));
	EXPECT_EQ(0, enter_until(&self->c, 0, 1, INT64_MAX));
	EXPECT_EQ(-ETIME, enter_until(&self->c, 0, 4, 1));
}

/* ------------------------------------------------------- other threads */

struct later {
	struct wt_client *c;
	uint64_t after;		/* ns */
	uint32_t nops;
	long ret;
};

/* Another thread of the client submits, while the first waits. */
static void *submit_later(void *arg)
{
	struct later *l = arg;

	usleep(l->after / 1000);
	submit_nops(l->c, l->nops);
	l->ret = wt_enter(l->c, l->nops, 0);
	return NULL;
}

TEST_F(wait, another_thread)
{
	struct later l = { .c = &self->c, .after = 50 * MS, .nops = 2 };
	pthread_t t;

	ASSERT_EQ(0, pthread_create(&t, NULL, submit_later, &l));
	EXPECT_EQ(0, wt_enter(&self->c, 0, 2));
	EXPECT_EQ(2, wt_cq_ready(&self->c));
	pthread_join(t, NULL);
	EXPECT_EQ(2, l.ret);
}

static void *ping(void *arg)
{
	struct wt_client *c = arg;
	int i;

	/* One entry a turn; the other thread consumes. */
	for (i = 0; i < 2000; i++) {
		submit_nops(c, 1);
		while (!wt_enter(c, 1, 0))	/* its completion has no room yet */
			sched_yield();
	}
	return NULL;
}

TEST_F(wait, no_wakeup_lost)
{
	pthread_t t;
	int i;

	/* A waiter that always asks for one more: a lost wake-up hangs the test. */
	ASSERT_EQ(0, pthread_create(&t, NULL, ping, &self->c));
	for (i = 0; i < 2000; i++) {
		ASSERT_EQ(0, wt_enter(&self->c, 0, 1));
		wt_cq_seen(&self->c, 1);
	}
	pthread_join(t, NULL);
	EXPECT_EQ(0, wt_cq_ready(&self->c));
}

/* -------------------------------------------------------------- signals */

static volatile sig_atomic_t signals;

static void count(int sig)
{
	signals++;
}

static void on_alarm(int flags)
{
	struct sigaction sa = { .sa_handler = count, .sa_flags = flags };

	signals = 0;
	sigaction(SIGALRM, &sa, NULL);
}

static void alarm_in(uint64_t ns, uint64_t every)
{
	struct itimerval it = {
		.it_value = { .tv_usec = ns / 1000 }, .it_interval = { .tv_usec = every / 1000 },
	};

	setitimer(ITIMER_REAL, &it, NULL);
}

TEST_F(wait, interrupted)
{
	if (wt_is_stormy())
		SKIP(return, "of signals of its own");
	on_alarm(0);
	alarm_in(20 * MS, 0);
	EXPECT_EQ(-EINTR, wt_enter(&self->c, 0, 1));
	EXPECT_EQ(1, signals);
	/* With a deadline, too. */
	alarm_in(20 * MS, 0);
	EXPECT_EQ(-EINTR, enter_until(&self->c, 0, 1, now() + 10000 * MS));
	EXPECT_EQ(2, signals);
	/* Entries that were taken are told. */
	submit_nops(&self->c, 2);
	alarm_in(20 * MS, 0);
	EXPECT_EQ(2, wt_enter(&self->c, 2, 3));
	EXPECT_EQ(3, signals);
}

TEST_F(wait, restarted)
{
	uint64_t start = now();

	/* With SA_RESTART the call goes on, to the same absolute deadline. */
	on_alarm(SA_RESTART);
	alarm_in(10 * MS, 10 * MS);
	EXPECT_EQ(-ETIME, enter_until(&self->c, 0, 1, start + 200 * MS));
	EXPECT_GE(now(), start + 200 * MS);
	EXPECT_GE(signals, 2);
	alarm_in(0, 0);
}

/* The harness's own limit is an alarm in another process. */
TEST_F(wait, storm_of_signals)
{
	struct wt_client *c = &self->c;
	uint32_t i, round;

	on_alarm(SA_RESTART);
	alarm_in(MS, MS);
	for (round = 0; round < 500 || signals < 20; round++) {
		for (i = 0; i < 8; i++)
			wt_sqe(c, i)->user_data = round * 8 + i;
		wt_submit(c, 8);
		ASSERT_EQ(8, wt_enter(c, 8, 8));
		ASSERT_EQ(8, wt_cq_ready(c));
		for (i = 0; i < 8; i++)
			ASSERT_EQ(round * 8 + i, wt_cqe(c, i).user_data);
		wt_cq_seen(c, 8);
	}
	alarm_in(0, 0);
}

static void *wait_for_ever(void *arg)
{
	wt_enter(arg, 0, 1);
	return NULL;
}

static int waiter;	/* its thread id */

static void *wait_for_eight(void *arg)
{
	__atomic_store_n(&waiter, (int)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	wt_enter(arg, 0, 8);
	return NULL;
}

static bool sleeps(int tid)
{
	char path[64], text[512], *state;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	if (wt_read_file(path, text, sizeof(text)) < 0)
		return false;
	state = strrchr(text, ')');
	return state && state[2] == 'S';
}

static int wait_and_die(void *arg)
{
	struct wt_client c;
	pthread_t t;

	if (wt_client_open(&c, arg, 0, 0))
		_exit(1);
	pthread_create(&t, NULL, wait_for_ever, &c);
	usleep(20000);
	raise(SIGKILL);
	return 0;
}

TEST_F(wait, killed_while_waiting)
{
	EXPECT_EQ(-ESRCH, wt_in_child(0, wait_and_die, (void *)wt_path(&self->m, "d")));
	EXPECT_EQ(1, wt_info(self->c.fd).clients);
}

/* Who waits for eight is not woken by seven. */
TEST_F(wait, woken_once_for_a_batch)
{
	const struct wn_public *public = wt_map(&self->c, WN_REGION_PUBLIC);
	struct later l = { .c = &self->c, .after = 5 * MS, .nops = 1 };
	uint64_t before;
	pthread_t t;
	int i;

	ASSERT_EQ(0, wt_err(public));
	before = public->stats[WN_STAT_WAKEUPS];
	waiter = 0;
	ASSERT_EQ(0, pthread_create(&t, NULL, wait_for_eight, &self->c));
	while (!__atomic_load_n(&waiter, __ATOMIC_SEQ_CST) || !sleeps(waiter))
		usleep(1000);
	for (i = 0; i < 8; i++) {
		submit_later(&l);
		EXPECT_EQ(1, l.ret);
		if (i < 7)
			EXPECT_EQ(before, public->stats[WN_STAT_WAKEUPS]);
	}
	pthread_join(t, NULL);
	/* It goes into the stats with the next turn. */
	submit_later(&l);
	EXPECT_EQ(before + 1, public->stats[WN_STAT_WAKEUPS]);
	wt_unmap(&self->c, WN_REGION_PUBLIC, (void *)public);
}

/* ------------------------------------------------------- poll and epoll */

TEST_F(wait, poll)
{
	struct pollfd p = { .fd = self->c.fd, .events = POLLIN };

	EXPECT_EQ(0, TEMP_FAILURE_RETRY(poll(&p, 1, 0)));
	submit_nops(&self->c, 2);
	EXPECT_EQ(0, TEMP_FAILURE_RETRY(poll(&p, 1, 0)));		/* submitted is not completed */
	EXPECT_EQ(2, wt_enter(&self->c, 2, 0));
	EXPECT_EQ(1, TEMP_FAILURE_RETRY(poll(&p, 1, 0)));
	EXPECT_EQ(POLLIN, p.revents);
	wt_cq_seen(&self->c, 1);
	EXPECT_EQ(1, TEMP_FAILURE_RETRY(poll(&p, 1, 0)));
	wt_cq_seen(&self->c, 1);
	EXPECT_EQ(0, TEMP_FAILURE_RETRY(poll(&p, 1, 0)));
}

TEST_F(wait, poll_wakes)
{
	struct later l = { .c = &self->c, .after = 50 * MS, .nops = 1 };
	struct pollfd p = { .fd = self->c.fd, .events = POLLIN };
	pthread_t t;

	ASSERT_EQ(0, pthread_create(&t, NULL, submit_later, &l));
	EXPECT_EQ(1, TEMP_FAILURE_RETRY(poll(&p, 1, -1)));
	EXPECT_EQ(POLLIN, p.revents);
	pthread_join(t, NULL);
}

TEST_F(wait, epoll_wakes)
{
	struct later l = { .c = &self->c, .after = 50 * MS, .nops = 1 };
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET, .data.u64 = 7 }, got;
	int ep = epoll_create1(EPOLL_CLOEXEC);
	pthread_t t;

	ASSERT_GE(ep, 0);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->c.fd, &ev));
	EXPECT_EQ(0, TEMP_FAILURE_RETRY(epoll_wait(ep, &got, 1, 0)));
	ASSERT_EQ(0, pthread_create(&t, NULL, submit_later, &l));
	EXPECT_EQ(1, TEMP_FAILURE_RETRY(epoll_wait(ep, &got, 1, -1)));
	EXPECT_EQ(7, got.data.u64);
	EXPECT_EQ(EPOLLIN, got.events);
	EXPECT_EQ(0, TEMP_FAILURE_RETRY(epoll_wait(ep, &got, 1, 0)));	/* an edge, told once */
	pthread_join(t, NULL);
	close(ep);
}

WT_MAIN
