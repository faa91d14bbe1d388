// SPDX-License-Identifier: MIT
/* A client's descriptor, and its eventfd, as sources in a program's io_uring loop. */
#include "common.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <wn.h>

#include "harness.h"

#ifndef WT_LIBURING
int main(void)
{
	wt_skip_all("built without liburing");
}
#else
#include <liburing.h>

#define ROUNDS	1000
/* io_uring keeps POLLPRI for itself: who asks for it alone is never woken by it. */
#define EVENTS	(POLLPRI | POLLRDBAND)

FIXTURE(uring)
{
	struct wt_mount m;
	struct wn wn, other;
	__u64 node;		/* read by wn */
	struct io_uring ring;
	bool supported;
};

FIXTURE_SETUP(uring)
{
	const char *path;

	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	path = wt_path(&self->m, "d");
	ASSERT_EQ(0, wn_domain_create(path, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->wn, path, NULL));
	ASSERT_EQ(0, wn_open(&self->other, path, NULL));
	self->node = (__u64)wn_create(&self->wn, 0, "node");
	ASSERT_EQ(0, wn_bind(&self->wn, self->node, WN_POLICY_FAIL));
	self->supported = !io_uring_queue_init(16, &self->ring, 0);
}

FIXTURE_TEARDOWN(uring)
{
	if (self->supported)
		io_uring_queue_exit(&self->ring);
	wn_close(&self->other);
	wn_close(&self->wn);
	wt_umount(&self->m);
}

#define NEED_URING							\
	do {								\
		if (!self->supported)					\
			SKIP(return, "this kernel has no io_uring");	\
	} while (0)

static void *emit_all(void *arg)
{
	FIXTURE_DATA(uring) *self = arg;
	__u32 i;
	__s64 ret;

	for (i = 0; i < ROUNDS; i++) {
		while ((ret = wn_emit(&self->other, self->node, 0, i, NULL, 0)) == -ENOBUFS)
			usleep(100);
		if (ret)
			return arg;
		if (i % 100 == 0)
			usleep(2000);	/* the loop falls asleep */
	}
	return NULL;
}

/* The result of the next completion with this user_data, within a minute. */
static int next(struct io_uring *ring, __u64 *data)
{
	struct __kernel_timespec ts = { .tv_sec = 60 };
	struct io_uring_cqe *cqe;
	int ret;

	do
		ret = io_uring_wait_cqe_timeout(ring, &cqe, &ts);
	while (ret == -EINTR && wt_is_stormy());
	if (ret)
		return ret;
	*data = cqe->user_data;
	ret = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

static void watch(struct io_uring *ring, int fd, unsigned int mask)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	io_uring_prep_poll_add(sqe, fd, mask);
	sqe->user_data = mask;
	io_uring_submit(ring);
}

/* Completions and events told apart, by two polls on the one descriptor. */
TEST_F(uring, completions_and_events_apart)
{
	struct wn *wn = &self->wn;
	__u64 data = 0;

	NEED_URING;
	watch(&self->ring, wn->fd, POLLIN);
	watch(&self->ring, wn->fd, EVENTS);
	ASSERT_EQ(0, wn_emit(&self->other, self->node, 0, 1, NULL, 0));
	EXPECT_EQ(EVENTS, next(&self->ring, &data));
	EXPECT_EQ(EVENTS, data);
	wn_prep_nop(wn_get_sqe(wn), 7);
	ASSERT_EQ(1, wn_submit(wn));
	EXPECT_EQ(POLLIN, next(&self->ring, &data));
	EXPECT_EQ(POLLIN, data);
}

TEST_F(uring, poll_loop)
{
	struct wn *wn = &self->wn;
	__u64 data = 0;
	pthread_t t;
	void *failed;
	int n = 0;

	NEED_URING;
	ASSERT_EQ(0, pthread_create(&t, NULL, emit_all, self));
	while (n < ROUNDS) {
		/* One shot each: armed, then looked, as it tells levels. */
		watch(&self->ring, wn->fd, EVENTS);
		ASSERT_LT(0, next(&self->ring, &data)) TH_LOG("after %d events", n);
		for (; wn_peek_event(wn); n++)
			wn_event_seen(wn);
	}
	EXPECT_EQ(ROUNDS, n);
	pthread_join(t, &failed);
	EXPECT_EQ(NULL, failed);
}

TEST_F(uring, eventfd_loop)
{
	int fd = eventfd(0, EFD_CLOEXEC), n = 0;
	struct wn *wn = &self->wn;
	struct io_uring_sqe *sqe;
	__u64 data = 0, told;
	pthread_t t;
	void *failed;

	NEED_URING;
	ASSERT_EQ(0, wn_eventfd_add(wn, WN_EVENTFD_EVENTS, fd));
	ASSERT_EQ(0, pthread_create(&t, NULL, emit_all, self));
	while (n < ROUNDS) {
		sqe = io_uring_get_sqe(&self->ring);
		io_uring_prep_read(sqe, fd, &told, sizeof(told), 0);
		io_uring_submit(&self->ring);
		ASSERT_EQ(8, next(&self->ring, &data)) TH_LOG("after %d events", n);
		EXPECT_LT(0, told);
		for (; wn_peek_event(wn); n++)
			wn_event_seen(wn);
	}
	EXPECT_EQ(ROUNDS, n);
	pthread_join(t, &failed);
	EXPECT_EQ(NULL, failed);
	close(fd);
}

WT_MAIN
#endif
