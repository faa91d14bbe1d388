// SPDX-License-Identifier: MIT
/* Eventfds that are told of completions and events, and loops around them. */
#include "common.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <wn.h>
#include <wn_transport.h>

#include "harness.h"

#define SECOND	1000000000ULL
#define COMPL	WN_EVENTFD_COMPLETIONS
#define EVENTS	WN_EVENTFD_EVENTS

FIXTURE(eventfd)
{
	struct wt_mount m;
	const char *path;
	struct wn wn, other;
	__u64 node;		/* read by wn */
	int fd;
};

FIXTURE_SETUP(eventfd)
{
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->path = wt_path(&self->m, "d");
	ASSERT_EQ(0, wn_domain_create(self->path, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->wn, self->path, NULL));
	ASSERT_EQ(0, wn_open(&self->other, self->path, NULL));
	self->node = (__u64)wn_create(&self->wn, 0, "node");
	ASSERT_EQ(0, wn_bind(&self->wn, self->node, WN_POLICY_FAIL));
	self->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(eventfd)
{
	close(self->fd);
	wn_close(&self->other);
	wn_close(&self->wn);
	wt_umount(&self->m);
}

/* What it was told since it was read last. */
static __u64 told(int fd)
{
	__u64 n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void nops(struct wn *wn, int n)
{
	int i;

	for (i = 0; i < n; i++)
		wn_prep_nop(wn_get_sqe(wn), i);
	/* Waiting has them done in whatever mode. */
	wn_submit_and_wait(wn, n, wn_deadline(10 * SECOND));
}

static void seen(struct wn *wn)
{
	while (wn_peek_cqe(wn))
		wn_cqe_seen(wn);
	while (wn_peek_event(wn))
		wn_event_seen(wn);
}

/* With a polling thread the telling may come a moment after the completion. */
static __u64 told_soon(int fd)
{
	__u64 n = 0;
	int i;

	for (i = 0; i < 10000 && !(n = told(fd)); i++)
		usleep(1000);
	return n;
}

TEST_F(eventfd, each_of_its_own)
{
	struct wn *wn = &self->wn;
	int events = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	ASSERT_EQ(0, wn_eventfd_add(wn, COMPL, self->fd));
	ASSERT_EQ(0, wn_eventfd_add(wn, EVENTS, events));
	EXPECT_EQ(0, told(self->fd));
	nops(wn, 3);
	EXPECT_LE(1, told_soon(self->fd));
	EXPECT_EQ(0, told(events));
	seen(wn);
	ASSERT_EQ(0, wn_emit(&self->other, self->node, 0, 1, NULL, 0));
	EXPECT_LE(1, told_soon(events));
	EXPECT_EQ(0, told(self->fd));
	seen(wn);

	/* None is told once it is taken out, or when it wants not to be woken. */
	EXPECT_EQ(0, wn_eventfd_remove(wn, EVENTS));
	ASSERT_EQ(0, wn_emit(&self->other, self->node, 0, 1, NULL, 0));
	usleep(20000);
	EXPECT_EQ(0, told(events));
	__atomic_store_n(&wn->user->flags, WN_UR_F_NO_WAKEUP, __ATOMIC_SEQ_CST);
	nops(wn, 1);
	usleep(20000);
	EXPECT_EQ(0, told(self->fd));
	__atomic_store_n(&wn->user->flags, 0, __ATOMIC_SEQ_CST);
	nops(wn, 1);
	EXPECT_LE(1, told_soon(self->fd));
	close(events);
}

TEST_F(eventfd, one_for_both_and_what_lies_there)
{
	struct wn *wn = &self->wn;

	nops(wn, 1);
	ASSERT_EQ(0, wn_eventfd_add(wn, COMPL | EVENTS, self->fd));
	EXPECT_EQ(1, told(self->fd));
	seen(wn);
	EXPECT_EQ(0, wn_eventfd_remove(wn, COMPL | EVENTS));
	ASSERT_EQ(0, wn_emit(&self->other, self->node, 0, 1, NULL, 0));
	/* An event is nothing to one for completions. */
	ASSERT_EQ(0, wn_eventfd_add(wn, COMPL, self->fd));
	EXPECT_EQ(0, told(self->fd));
	ASSERT_EQ(0, wn_eventfd_add(wn, EVENTS, self->fd));
	EXPECT_EQ(1, told(self->fd));
	/* The descriptor is not what is held. */
	self->fd = fcntl(self->fd, F_DUPFD_CLOEXEC, 100);
	nops(wn, 1);
	EXPECT_LE(1, told_soon(self->fd));
}

TEST_F(eventfd, refusals)
{
	struct wn *wn = &self->wn;
	const struct wn_params disabled = { .flags = WN_OPEN_DISABLED };
	int file = wt_open("/dev/null", O_RDWR);
	struct wn new;

#define CALL(...) wn->via->call(wn->file, WN_IOC_EVENTFD, &(struct wn_eventfd_args){	\
		.size = sizeof(struct wn_eventfd_args), __VA_ARGS__ })
	EXPECT_EQ(-EINVAL, CALL(.fd = self->fd));
	EXPECT_EQ(-EINVAL, CALL(.flags = 4, .fd = self->fd));
	EXPECT_EQ(-EINVAL, CALL(.flags = COMPL, .fd = -2));
	EXPECT_EQ(-EINVAL, CALL(.flags = COMPL, .fd = self->fd, .reserved = 1));
	EXPECT_EQ(-EBADF, CALL(.flags = COMPL, .fd = 1000));
	EXPECT_EQ(-EINVAL, CALL(.flags = COMPL, .fd = file));
	if (wn->fd >= 0)
		EXPECT_EQ(-EINVAL, CALL(.flags = COMPL, .fd = wn->fd));
	EXPECT_EQ(-ENOENT, CALL(.flags = COMPL, .fd = -1));
	EXPECT_EQ(-EBADF, wn_eventfd_add(wn, COMPL, -1));
	/* All or nothing. */
	ASSERT_EQ(0, wn_eventfd_add(wn, EVENTS, self->fd));
	EXPECT_EQ(-EBUSY, wn_eventfd_add(wn, COMPL | EVENTS, self->fd));
	EXPECT_EQ(-ENOENT, wn_eventfd_remove(wn, COMPL));
	EXPECT_EQ(-ENOENT, wn_eventfd_remove(wn, COMPL | EVENTS));
	EXPECT_EQ(0, wn_eventfd_remove(wn, EVENTS));
	EXPECT_EQ(0, wn_eventfd_add(wn, COMPL | EVENTS, self->fd));
	close(file);
	/* Only by its owner, and not before it has one. */
	ASSERT_EQ(0, wn_open(&new, self->path, &disabled));
	EXPECT_EQ(-ENXIO, wn_eventfd_add(&new, COMPL, self->fd));
	wn_close(&new);
}

/* Whoever tells it does not wait until there is room. */
TEST_F(eventfd, a_full_one_stops_nobody)
{
	const __u64 most = ~0ULL - 1;
	int full = eventfd(0, EFD_CLOEXEC), n;

	ASSERT_EQ(sizeof(most), write(full, &most, sizeof(most)));
	ASSERT_EQ(0, wn_eventfd_add(&self->wn, COMPL | EVENTS, full));
	nops(&self->wn, 3);
	for (n = 0; wn_peek_cqe(&self->wn); n++)
		wn_cqe_seen(&self->wn);
	EXPECT_EQ(3, n);
	ASSERT_EQ(0, wn_emit(&self->other, self->node, 0, 1, NULL, 0));
	EXPECT_LE(most, told(full));
	EXPECT_EQ(0, wn_eventfd_remove(&self->wn, COMPL | EVENTS));
	close(full);
}

/* ----------------------------------------------------------------- death */

struct child {
	const char *path;
	int fd, keep;
};

static int register_and_die(void *arg)
{
	struct child *c = arg;
	struct wn wn;

	if (wn_open(&wn, c->path, NULL) || wn_eventfd_add(&wn, COMPL, c->fd))
		_exit(1);
	raise(SIGKILL);
	return 0;
}

TEST_F(eventfd, a_death_is_told)
{
	struct child c = { .path = self->path, .fd = self->fd };

	if (!wt_is_embedded()) {
		EXPECT_EQ(-ESRCH, wt_in_child(0, register_and_die, &c));
		EXPECT_LE(1, told_soon(self->fd));
	}
	ASSERT_EQ(0, wn_eventfd_add(&self->other, COMPL, self->fd));
	EXPECT_EQ(0, told(self->fd));
	wn_close(&self->other);
	EXPECT_EQ(1, told_soon(self->fd));
	ASSERT_EQ(0, wn_open(&self->other, self->path, NULL));
}

/* ------------------------------------------------------------------ loop */

#define ROUNDS	2000

static void *emit_all(void *arg)
{
	FIXTURE_DATA(eventfd) *self = arg;
	__u32 i;
	__s64 ret;

	for (i = 0; i < ROUNDS; i++) {
		while ((ret = wn_emit(&self->other, self->node, i % 4 / 3, i, NULL, 0)) == -ENOBUFS)
			usleep(100);
		if (ret)
			return arg;
	}
	return NULL;
}

/* An epoll loop that knows eventfds only: what is not told hangs it. */
TEST_F(eventfd, epoll_loop)
{
	struct epoll_event ev = { .events = EPOLLIN }, got;
	int ep = epoll_create1(EPOLL_CLOEXEC), n = 0;
	struct wn *wn = &self->wn;
	pthread_t t;
	void *failed;

	ASSERT_EQ(0, wn_eventfd_add(wn, EVENTS, self->fd));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->fd, &ev));
	ASSERT_EQ(0, pthread_create(&t, NULL, emit_all, self));
	while (n < ROUNDS) {
		ASSERT_EQ(1, TEMP_FAILURE_RETRY(epoll_wait(ep, &got, 1, 60000)))
			TH_LOG("after %d events", n);
		EXPECT_LT(0, told(self->fd));
		for (; wn_peek_event(wn); n++)
			wn_event_seen(wn);
	}
	EXPECT_EQ(ROUNDS, n);
	pthread_join(t, &failed);
	EXPECT_EQ(NULL, failed);
	close(ep);
}

static void *add_and_remove(void *arg)
{
	FIXTURE_DATA(eventfd) *self = arg;
	int i;

	for (i = 0; i < 2000; i++) {
		wn_eventfd_add(&self->wn, COMPL | EVENTS, self->fd);
		wn_eventfd_remove(&self->wn, COMPL | EVENTS);
	}
	return NULL;
}

/* Registering goes on while others are told. */
TEST_F(eventfd, registering_races_with_telling)
{
	pthread_t t, u;

	ASSERT_EQ(0, pthread_create(&t, NULL, add_and_remove, self));
	ASSERT_EQ(0, pthread_create(&u, NULL, add_and_remove, self));
	while (pthread_tryjoin_np(t, NULL)) {
		nops(&self->wn, 1);
		wn_emit(&self->other, self->node, 0, 1, NULL, 0);
		seen(&self->wn);
	}
	pthread_join(u, NULL);
	wn_eventfd_remove(&self->wn, COMPL | EVENTS);
	EXPECT_EQ(0, wn_eventfd_add(&self->wn, COMPL | EVENTS, self->fd));
}

WT_MAIN
