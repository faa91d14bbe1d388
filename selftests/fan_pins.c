// SPDX-License-Identifier: MIT
/*
 * Pins against fans. What a consumer reads goes on without it, so it cannot be pinned at
 * all; what an end writes can be, and is seen by nobody from when it was taken back.
 */
#include "common.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <wn.h>

#include "harness.h"

#ifdef WT_LIBURING
#include <liburing.h>
#endif

#define BYTES	16384u
#define WORDS	"written behind"

FIXTURE(fan_pins)
{
	struct wt_mount m;
	struct wn p, c[2];
	struct wn_lane out, in[2];
	uint64_t node;
	int pipe[2];
	long page;
#ifdef WT_LIBURING
	struct io_uring ring;
#endif
	bool supported;
};

FIXTURE_SETUP(fan_pins)
{
	const char *d;
	int i;

	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	d = wt_path(&self->m, "d");
	ASSERT_EQ(0, wn_domain_create(d, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->p, d, NULL));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, wn_open(&self->c[i], d, NULL));
	self->node = (uint64_t)wn_create(&self->p, 0, "fan");
	ASSERT_FALSE(WN_RES_IS_ERROR(self->node));
	ASSERT_EQ(0, pipe(self->pipe));
	self->page = sysconf(_SC_PAGESIZE);
#ifdef WT_LIBURING
	self->supported = !io_uring_queue_init(4, &self->ring, 0);
#endif
}

FIXTURE_TEARDOWN(fan_pins)
{
	int i;

#ifdef WT_LIBURING
	if (self->supported)
		io_uring_queue_exit(&self->ring);
#endif
	for (i = 0; i < 2; i++) {
		wn_lane_close(&self->in[i]);
		wn_close(&self->c[i]);
		close(self->pipe[i]);
	}
	wn_lane_close(&self->out);
	wn_close(&self->p);
	wt_umount(&self->m);
}

static long splice_from(FIXTURE_DATA(fan_pins) *self, const void *at)
{
	struct iovec iov = { (void *)at, 64 };
	ssize_t n = vmsplice(self->pipe[1], &iov, 1, SPLICE_F_NONBLOCK);

	return n < 0 ? -errno : n;
}

/* Pages at that place for as long as the ring lives: 0 or -errno. */
static int keep(FIXTURE_DATA(fan_pins) *self, void *at, size_t bytes)
{
#ifdef WT_LIBURING
	struct iovec iov = { at, bytes };

	if (self->supported)
		return io_uring_register_buffers(&self->ring, &iov, 1);
#endif
	return -ENOSYS;
}

/* Have the kernel write there, by what was kept: how much, or -errno. */
static int write_behind(FIXTURE_DATA(fan_pins) *self, void *at)
{
#ifdef WT_LIBURING
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	int err;

	if (write(self->pipe[1], WORDS, sizeof(WORDS)) != sizeof(WORDS))
		return -errno;
	sqe = io_uring_get_sqe(&self->ring);
	io_uring_prep_read_fixed(sqe, self->pipe[0], at, sizeof(WORDS), 0, 0);
	err = io_uring_submit_and_wait(&self->ring, 1);
	if (err < 0)
		return err;
	err = io_uring_wait_cqe(&self->ring, &cqe);
	if (!err) {
		err = cqe->res;
		io_uring_cqe_seen(&self->ring, cqe);
	}
	return err;
#else
	return -ENOSYS;
#endif
}

static bool has_words(const void *at)
{
	return !memcmp(at, WORDS, sizeof(WORDS));
}

static int put(struct wn_lane *l)
{
	int err = wn_fan_put(l, "record", 7, 0);

	return err ? err : wn_lane_commit(l);
}

/* Neither before nor behind an eviction, of the state, of the producer's page, or of the data. */
TEST_F(fan_pins, what_is_shared_refuses)
{
	const char *read;
	int at;

	ASSERT_EQ(0, wn_fan_make(&self->p, &self->out, self->node, 0, BYTES, 2, 0));
	ASSERT_EQ(0, wn_fan_join(&self->c[0], &self->in[0], self->node, 0, 0));
	ASSERT_EQ(0, put(&self->out));
	read = self->in[0].maps[0];
	for (at = 0; at < 6; at++) {
		/* It is there by then: what refuses is the kind of page. */
		(void)*(volatile const char *)(read + (at % 3) * self->page);
		EXPECT_EQ(-EFAULT, splice_from(self, read + (at % 3) * self->page));
		if (self->supported)
			EXPECT_EQ(-EFAULT, keep(self, (char *)read + (at % 3) * self->page, 64));
		if (at == 2)
			ASSERT_EQ(0, wn_fan_evict(&self->out, 0));
	}
}

/* A consumer's own page: its producer, and the seat's next, see what their pages say. */
TEST_F(fan_pins, seat_that_was_taken_back)
{
	const char *seat;
	char *own;
	int err;

	if (!self->supported)
		SKIP(return, "no io_uring here");
	ASSERT_EQ(0, wn_fan_make(&self->p, &self->out, self->node, 0, BYTES, 2, WN_FAN_HOLDS));
	ASSERT_EQ(0, wn_fan_join(&self->c[0], &self->in[0], self->node, 0, 0));
	seat = (const char *)self->out.maps[0] + self->page;
	own = (char *)self->in[0].own + 512;
	err = keep(self, own, 64);
	if (err == -EOPNOTSUPP)
		SKIP(return, "6.1's io_uring keeps no pages of files");
	ASSERT_EQ(0, err);
	ASSERT_EQ((int)sizeof(WORDS), write_behind(self, own));
	ASSERT_TRUE(has_words(seat + 512));
	memset(own, 0, 64);
	ASSERT_EQ(0, wn_fan_evict(&self->out, 0));
	ASSERT_EQ((int)sizeof(WORDS), write_behind(self, own));
	EXPECT_FALSE(has_words(seat + 512));
	/* Not even itself: what it maps is not what is pinned. */
	EXPECT_FALSE(has_words(own));
	ASSERT_EQ(0, wn_fan_join(&self->c[1], &self->in[1], self->node, 0, 0));
	ASSERT_EQ(0, self->in[1].seat);
	ASSERT_EQ((int)sizeof(WORDS), write_behind(self, own));
	EXPECT_FALSE(has_words(seat + 512));
	EXPECT_FALSE(has_words((char *)self->in[1].own + 512));
	wn_lane_close(&self->in[0]);
	ASSERT_EQ((int)sizeof(WORDS), write_behind(self, own));
	EXPECT_FALSE(has_words(seat + 512));
	EXPECT_FALSE(has_words((char *)self->in[1].own + 512));
	EXPECT_EQ(0, put(&self->out));
}

/* A producer's data, when its right to the fan is gone: no consumer reads it. */
TEST_F(fan_pins, data_that_was_taken_back)
{
	const struct wn_grant may = { .rights = WN_RIGHT_EMIT };
	const char *read;
	uint32_t index;
	int64_t cap;
	char *data;
	int err;

	if (!self->supported)
		SKIP(return, "no io_uring here");
	cap = wn_cap_grant(&self->c[1], 0, self->node, self->p.client + 1, &may, &index);
	ASSERT_FALSE(WN_RES_IS_ERROR(cap));
	ASSERT_EQ(0, wn_fan_make(&self->p, &self->out, self->node, index, BYTES, 2, 0));
	ASSERT_EQ(0, wn_fan_join(&self->c[0], &self->in[0], self->node, 0, 0));
	data = self->out.data;
	read = self->in[0].data;
	err = keep(self, data, 64);
	if (err == -EOPNOTSUPP)
		SKIP(return, "6.1's io_uring keeps no pages of files");
	ASSERT_EQ(0, err);
	ASSERT_EQ((int)sizeof(WORDS), write_behind(self, data));
	ASSERT_TRUE(has_words(read));
	memset(data, 0, 64);
	ASSERT_FALSE(has_words(read));
	ASSERT_EQ(0, wn_cap_revoke(&self->c[1], 0, (uint64_t)cap));
	ASSERT_EQ((int)sizeof(WORDS), write_behind(self, data));
	EXPECT_FALSE(has_words(read));
	EXPECT_FALSE(has_words(data));
	/* The next fan's pages are other ones. */
	wn_lane_close(&self->in[0]);
	wn_lane_close(&self->out);
	ASSERT_EQ(0, wn_fan_make(&self->p, &self->out, self->node, 0, BYTES, 2, 0));
	ASSERT_EQ(0, wn_fan_join(&self->c[0], &self->in[0], self->node, 0, 0));
	ASSERT_EQ((int)sizeof(WORDS), write_behind(self, data));
	EXPECT_FALSE(has_words(self->in[0].data));
	EXPECT_FALSE(has_words(self->out.data));
}

WT_MAIN
