// SPDX-License-Identifier: MIT
/*
 * Written through a pin: a client's own page is pinned, by direct I/O that is under way or by
 * an io_uring's registered buffer. Then the client goes, or what the page belongs to is taken
 * back, and others come in its place. What the kernel writes there now nobody sees: neither
 * who has the number, the lane or the seat by then, nor who looks on.
 */
#include "common.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <wn.h>

#include "held.h"
#include "harness.h"

#ifdef WT_LIBURING
#include <liburing.h>
#endif

#define PAGE	WT_HELD_PAGE
#define BYTES	16384u
#define THEIRS	0x11

/* ------------------------------------------------------- two ways to be pinned */

struct way {
	bool direct, open;
	struct wt_held held;
#ifdef WT_LIBURING
	struct io_uring ring;
#endif
	int pipe[2];
	void *at;
};

/* 0, -ENODEV: not on this kernel, or -errno. */
static int way_open(struct way *w)
{
	int err = w->direct ? wt_held_open(&w->held) : -ENODEV;

#ifdef WT_LIBURING
	if (!w->direct) {
		err = io_uring_queue_init(4, &w->ring, 0) ? -ENODEV : 0;
		err = err ? err : pipe(w->pipe) ? -errno : 0;
	}
#endif
	w->open = !err;
	return err;
}

static void way_close(struct way *w)
{
	if (!w->open)
		return;
	if (w->direct) {
		wt_held_close(&w->held);
		return;
	}
#ifdef WT_LIBURING
	io_uring_queue_exit(&w->ring);
	close(w->pipe[0]);
	close(w->pipe[1]);
#endif
}

/* A page, pinned from now on: 0 or -errno. */
static int way_pin(struct way *w, void *at)
{
	w->at = at;
	if (w->direct)
		return wt_held_start(&w->held, at);
#ifdef WT_LIBURING
	return io_uring_register_buffers(&w->ring, &(struct iovec){ at, PAGE }, 1);
#else
	return -ENODEV;
#endif
}

#ifdef WT_LIBURING
static long fixed(struct way *w)
{
	char bytes[PAGE];
	struct io_uring_cqe *cqe;
	long got;

	memset(bytes, WT_HELD_BYTE, sizeof(bytes));
	if (write(w->pipe[1], bytes, sizeof(bytes)) != sizeof(bytes))
		return -errno;
	io_uring_prep_read_fixed(io_uring_get_sqe(&w->ring), w->pipe[0], w->at, PAGE, 0, 0);
	got = io_uring_submit_and_wait(&w->ring, 1);
	if (got < 0)
		return got;
	got = io_uring_wait_cqe(&w->ring, &cqe);
	if (got)
		return got;
	got = cqe->res;
	io_uring_cqe_seen(&w->ring, cqe);
	return io_uring_unregister_buffers(&w->ring) ?: got;
}
#endif

/* The kernel writes to that page, all of it, and lets go: PAGE or -errno. */
static long way_write(struct way *w)
{
	if (w->direct)
		return wt_held_finish(&w->held);
#ifdef WT_LIBURING
	return fixed(w);
#else
	return -ENODEV;
#endif
}

static bool is_all(const void *at, int byte)
{
	const volatile unsigned char *p = at;
	int i;

	for (i = 0; i < PAGE; i++)
		if (p[i] != byte)
			return false;
	return true;
}

static bool has_any(const void *at, int byte)
{
	const volatile unsigned char *p = at;
	int i;

	for (i = 0; i < PAGE; i++)
		if (p[i] == byte)
			return true;
	return false;
}

/* -------------------------------------------------------------------- fixture */

FIXTURE(pins_written)
{
	struct wt_mount m;
	const char *d;
	struct way w;
	struct wn p, c[2];
	struct wn_lane out, in[2];
	uint64_t node;
};

FIXTURE_VARIANT(pins_written)
{
	bool direct;
};

FIXTURE_VARIANT_ADD(pins_written, direct)
{
	.direct = true,
};

FIXTURE_VARIANT_ADD(pins_written, fixed)
{
	.direct = false,
};

FIXTURE_SETUP(pins_written)
{
	int err, i;

	ASSERT_EQ(PAGE, sysconf(_SC_PAGESIZE));
	self->w.direct = variant->direct;
	err = way_open(&self->w);
	if (err == -ENODEV)
		SKIP(return, "%s", variant->direct ? "no nbd here, to keep direct I/O under way" :
						     "no io_uring here");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->d = wt_path(&self->m, "d");
	ASSERT_EQ(0, wn_domain_create(self->d, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->p, self->d, NULL));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, wn_open(&self->c[i], self->d, NULL));
	self->node = (uint64_t)wn_create(&self->p, 0, "here");
	ASSERT_FALSE(WN_RES_IS_ERROR(self->node));
}

FIXTURE_TEARDOWN(pins_written)
{
	int i;

	way_close(&self->w);
	for (i = 0; i < 2; i++) {
		wn_lane_close(&self->in[i]);
		wn_close(&self->c[i]);
	}
	wn_lane_close(&self->out);
	wn_close(&self->p);
	wt_umount(&self->m);
}

#define PIN(at) do {								\
	int err_ = way_pin(&self->w, at);					\
	if (err_ == -EOPNOTSUPP && !self->w.direct)				\
		SKIP(return, "6.1's io_uring keeps no pages of files");		\
	ASSERT_EQ(0, err_);							\
} while (0)

/* ----------------------------------------------------------- the client's own */

static void own_page(struct __test_metadata *_metadata, FIXTURE_DATA(pins_written) *self,
		     uint32_t type)
{
	struct wt_client c, next, other;
	const char *all, *look;
	uint32_t number;
	char *at;

	ASSERT_EQ(0, wt_client_open(&other, self->d, 0, 0));
	all = wt_map(&other, WN_REGION_ALL_SLOTS);
	ASSERT_EQ(0, wt_err(all));
	ASSERT_EQ(0, wt_client_open(&c, self->d, 0, 0));
	number = c.s.client;
	look = all + (size_t)number * PAGE;
	at = wt_map(&c, type);
	ASSERT_EQ(0, wt_err(at));
	memset(at, 0, PAGE);
	/* While it is the client's own it is written to. */
	PIN(at);
	ASSERT_EQ(PAGE, way_write(&self->w));
	ASSERT_TRUE(is_all(at, WT_HELD_BYTE));
	if (type == WN_REGION_SLOTS)
		ASSERT_TRUE(is_all(look, WT_HELD_BYTE));
	memset(at, 0, PAGE);

	PIN(at);
	wt_unmap(&c, type, at);
	wt_client_close(&c);
	ASSERT_EQ(0, wt_client_open(&next, self->d, 0, 0));
	ASSERT_EQ(number, next.s.client);	/* the same place in the domain */
	at = wt_map(&next, type);
	ASSERT_EQ(0, wt_err(at));
	EXPECT_TRUE(is_all(at, 0));
	memset(at, THEIRS, PAGE);
	ASSERT_EQ(PAGE, way_write(&self->w));
	EXPECT_TRUE(is_all(at, THEIRS));
	EXPECT_FALSE(has_any(look, WT_HELD_BYTE));
	if (type == WN_REGION_SLOTS)
		EXPECT_TRUE(is_all(look, THEIRS));
	memset(at, 0, PAGE);
	wt_unmap(&next, type, at);
	wt_client_close(&next);
	wt_unmap(&other, WN_REGION_ALL_SLOTS, (void *)all);
	wt_client_close(&other);
}

TEST_F(pins_written, slot_page)
{
	own_page(_metadata, self, WN_REGION_SLOTS);
}

TEST_F(pins_written, submission_entries)
{
	own_page(_metadata, self, WN_REGION_SQES);
}

TEST_F(pins_written, arena)
{
	own_page(_metadata, self, WN_REGION_ARENA_IN);
}

/* Positions: nonsense as long as it lives, and nobody's afterwards. */
TEST_F(pins_written, ring_page)
{
	own_page(_metadata, self, WN_REGION_USER_RING);
}

/* What lives on for others is not pinned at all, neither to write nor to read. */
TEST_F(pins_written, what_is_shared_refuses)
{
	static const uint32_t types[] = { WN_REGION_PUBLIC, WN_REGION_ALL_SLOTS };
	struct wt_client c;
	const char *at;
	unsigned int i;

	ASSERT_EQ(0, wt_client_open(&c, self->d, 0, 0));
	for (i = 0; i < 2; i++) {
		at = wt_map(&c, types[i]);
		ASSERT_EQ(0, wt_err(at));
		(void)*(volatile const char *)at;	/* it is there by then */
		EXPECT_EQ(-EFAULT, way_pin(&self->w, (void *)at));
		if (self->w.direct)
			EXPECT_EQ(-EFAULT, wt_held_write(&self->w.held, at));
		wt_unmap(&c, types[i], (void *)at);
	}
	wt_client_close(&c);
}

/* ---------------------------------------------------------------------- lanes */

/* A right for p to the node: of c[1]'s giving, who can take it back. */
static int64_t grant(FIXTURE_DATA(pins_written) *self, uint32_t *index)
{
	const struct wn_grant may = { .rights = WN_RIGHT_EMIT };

	return wn_cap_grant(&self->c[1], 0, self->node, self->p.client + 1, &may, index);
}

static int connect_by(FIXTURE_DATA(pins_written) *self, struct wn *by, uint32_t index,
		      struct wn_lane *out, struct wn_lane *in)
{
	int err = wn_lane_connect(by, out, self->node, index, BYTES);

	return err ? err : wn_lane_accept(&self->c[0], in, NULL, wn_deadline(10000000000ull));
}

TEST_F(pins_written, lane_data)
{
	uint32_t index;
	int64_t cap;
	char *data;
	int i;

	ASSERT_EQ(0, wn_bind(&self->c[0], self->node, 0));
	cap = grant(self, &index);
	ASSERT_FALSE(WN_RES_IS_ERROR(cap));
	ASSERT_EQ(0, connect_by(self, &self->p, index, &self->out, &self->in[0]));
	data = self->out.data;
	PIN(data);
	ASSERT_EQ(PAGE, way_write(&self->w));
	ASSERT_TRUE(is_all(self->in[0].data, WT_HELD_BYTE));
	memset(data, 0, PAGE);

	/* The right goes, and with it the lane: its consumer reads what it read, not this. */
	PIN(data);
	ASSERT_EQ(0, wn_cap_revoke(&self->c[1], 0, (uint64_t)cap));
	ASSERT_EQ(PAGE, way_write(&self->w));
	EXPECT_FALSE(has_any(self->in[0].data, WT_HELD_BYTE));
	EXPECT_FALSE(has_any(data, WT_HELD_BYTE));
	wn_lane_close(&self->in[0]);
	wn_lane_close(&self->out);

	/* It is closed by both while that is under way, and the next one has its number. */
	for (i = 0; i < 2; i++) {
		struct wn_lane out, in;

		ASSERT_EQ(0, connect_by(self, &self->p, 0, &self->out, &self->in[0]));
		PIN(i ? (void *)self->out.own : self->out.data);
		wn_lane_close(&self->out);
		wn_lane_close(&self->in[0]);
		ASSERT_EQ(0, connect_by(self, &self->c[1], 0, &out, &in));
		EXPECT_EQ(0, out.lane);
		ASSERT_EQ(PAGE, way_write(&self->w));
		EXPECT_FALSE(has_any(in.data, WT_HELD_BYTE));
		EXPECT_FALSE(has_any(out.data, WT_HELD_BYTE));
		EXPECT_FALSE(has_any(in.peer, WT_HELD_BYTE));
		wn_lane_close(&in);
		wn_lane_close(&out);
	}
}

/* ----------------------------------------------------------------------- fans */

/* A consumer's own page: its producer, and the seat's next, see what their pages say. */
TEST_F(pins_written, fan_seat)
{
	const char *seat;
	int again;

	ASSERT_EQ(0, wn_fan_make(&self->p, &self->out, self->node, 0, BYTES, 2, WN_FAN_HOLDS));
	seat = (const char *)self->out.maps[0] + PAGE;
	for (again = 0; again < 2; again++) {
		ASSERT_EQ(0, wn_fan_join(&self->c[0], &self->in[0], self->node, 0, 0));
		ASSERT_EQ(0, self->in[0].seat);
		PIN(self->in[0].own);
		if (again)
			wn_lane_close(&self->in[0]);
		else
			ASSERT_EQ(0, wn_fan_evict(&self->out, 0));
		ASSERT_EQ(0, wn_fan_join(&self->c[1], &self->in[1], self->node, 0, 0));
		ASSERT_EQ(0, self->in[1].seat);
		ASSERT_EQ(PAGE, way_write(&self->w));
		EXPECT_FALSE(has_any(seat, WT_HELD_BYTE));
		EXPECT_FALSE(has_any(self->in[1].own, WT_HELD_BYTE));
		EXPECT_EQ(0, wn_fan_send(&self->out, "record", 7, 0));
		wn_lane_close(&self->in[0]);
		wn_lane_close(&self->in[1]);
	}
}

/* The producer's data, when its right went, and when it went itself. */
TEST_F(pins_written, fan_data)
{
	uint32_t index;
	int64_t cap;

	cap = grant(self, &index);
	ASSERT_FALSE(WN_RES_IS_ERROR(cap));
	ASSERT_EQ(0, wn_fan_make(&self->p, &self->out, self->node, index, BYTES, 2, 0));
	ASSERT_EQ(0, wn_fan_join(&self->c[0], &self->in[0], self->node, 0, 0));
	PIN(self->out.data);
	ASSERT_EQ(PAGE, way_write(&self->w));
	ASSERT_TRUE(is_all(self->in[0].data, WT_HELD_BYTE));
	memset(self->out.data, 0, PAGE);

	PIN(self->out.data);
	ASSERT_EQ(0, wn_cap_revoke(&self->c[1], 0, (uint64_t)cap));
	ASSERT_EQ(PAGE, way_write(&self->w));
	EXPECT_FALSE(has_any(self->in[0].data, WT_HELD_BYTE));
	EXPECT_FALSE(has_any(self->out.data, WT_HELD_BYTE));
	wn_lane_close(&self->in[0]);
	wn_lane_close(&self->out);

	ASSERT_EQ(0, wn_fan_make(&self->p, &self->out, self->node, 0, BYTES, 2, 0));
	PIN(self->out.data);
	wn_lane_close(&self->out);
	ASSERT_EQ(0, wn_fan_make(&self->p, &self->out, self->node, 0, BYTES, 2, 0));
	ASSERT_EQ(0, wn_fan_join(&self->c[0], &self->in[0], self->node, 0, 0));
	ASSERT_EQ(PAGE, way_write(&self->w));
	EXPECT_FALSE(has_any(self->in[0].data, WT_HELD_BYTE));
	EXPECT_FALSE(has_any(self->out.data, WT_HELD_BYTE));
}

WT_MAIN
