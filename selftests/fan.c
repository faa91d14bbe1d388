// SPDX-License-Identifier: MIT
/* Fans: one producer, many consumers, each with a place of its own. */
#include "fan_fixture.h"

#include <sys/mman.h>
#include <unistd.h>
#include <wn_transport.h>

#include "harness.h"

FIXTURE(fan)
{
	struct wt_fan f;
};

FIXTURE_SETUP(fan)
{
	ASSERT_EQ(0, wt_fan_open(&self->f));
}

FIXTURE_TEARDOWN(fan)
{
	wt_fan_close(&self->f);
}

static long call(struct wn *wn, unsigned long cmd, void *arg)
{
	return wn->via->call(wn->file, cmd, arg);
}

TEST_F(fan, each_reads_all)
{
	__u64 n, lost;
	int i, holds;

	for (holds = 0; holds < 2; holds++) {
		ASSERT_EQ(0, wt_fan_make(&self->f, holds ? WN_FAN_HOLDS : 0));
		for (i = 0; i < WT_FAN_SEATS; i++)
			ASSERT_EQ(0, wt_fan_join(&self->f, i, 0));
		for (n = 0; n < 3000; n++) {
			ASSERT_EQ(0, wt_fan_put(&self->f.out, n));
			for (i = 0; i < WT_FAN_SEATS; i++) {
				ASSERT_EQ((int64_t)n, wt_fan_take(&self->f.in[i], &lost));
				ASSERT_EQ(0, lost);
				ASSERT_EQ(-EAGAIN, wt_fan_take(&self->f.in[i], &lost));
			}
		}
		EXPECT_EQ(0, self->f.out.sleeps + self->f.out.wakes + self->f.in[0].sleeps);
		for (i = 0; i < WT_FAN_SEATS; i++)
			wn_lane_close(&self->f.in[i]);
		wn_lane_close(&self->f.out);
	}
}

TEST_F(fan, refused)
{
	struct wn_fan_make a = {
		.size = sizeof(a), .node = self->f.node, .bytes = WT_FAN_BYTES, .seats = 1,
	};
	struct wn_fan_join j = { .size = sizeof(j), .node = self->f.node, .lane = WN_LANE_ANY };
	struct wn_fan_evict e = { .size = sizeof(e) };
	struct wn_fan_make b = a;
	struct wn_lane l;
	__u64 behind;
	uint32_t seat;
	int i;

	EXPECT_EQ(-ENOENT, wt_fan_join(&self->f, 0, 0));
	b.seats = 0;
	EXPECT_EQ(-EINVAL, call(&self->f.p, WN_IOC_FAN_MAKE, &b));
	b.seats = WN_FAN_SEATS + 1;
	EXPECT_EQ(-EINVAL, call(&self->f.p, WN_IOC_FAN_MAKE, &b));
	b = a;
	b.flags = 2;
	EXPECT_EQ(-EINVAL, call(&self->f.p, WN_IOC_FAN_MAKE, &b));
	EXPECT_EQ(-EINVAL, wn_fan_make(&self->f.p, &l, self->f.node, 0, 3 * 4096, 1, 0));
	EXPECT_EQ(-EACCES, wn_fan_make(&self->f.p, &l, self->f.node, 1, WT_FAN_BYTES, 1, 0));
	EXPECT_EQ(-ESTALE, wn_fan_make(&self->f.p, &l, self->f.node + (1 << 24), 0, WT_FAN_BYTES, 1,
				       0));
	if (wt_fan_has_files(&self->f))
		EXPECT_EQ(-EFAULT, call(&self->f.p, WN_IOC_FAN_MAKE, NULL));
	ASSERT_EQ(0, wt_fan_make(&self->f, 0));
	EXPECT_EQ(-EINVAL, wn_fan_join(&self->f.p, &l, self->f.node, 0, 0));
	EXPECT_EQ(-EACCES, wn_fan_join(&self->f.c[0], &l, self->f.node, 1, 0));
	EXPECT_EQ(-ENOENT, wn_fan_join(&self->f.c[0], &l, 0, 0, 0));
	EXPECT_EQ(-EINVAL, wn_fan_join(&self->f.c[0], &l, self->f.node, 0, 2));
	j.lane = 1000000;
	EXPECT_EQ(-ENOENT, call(&self->f.c[0], WN_IOC_FAN_JOIN, &j));
	EXPECT_EQ(-ENOENT, wn_fan_slowest(&self->f.out, &seat, &behind));
	EXPECT_EQ(-ENOENT, wn_fan_evict(&self->f.out, 0));
	EXPECT_EQ(-EINVAL, wn_fan_evict(&self->f.out, WN_FAN_SEATS));
	for (i = 0; i < WT_FAN_SEATS; i++)
		ASSERT_EQ(0, wt_fan_join(&self->f, i, 0));
	/* They are all taken: so it is told to who has one of them, too. */
	EXPECT_EQ(-ENOSPC, wn_fan_join(&self->f.c[WT_FAN_SEATS - 1], &l, self->f.node, 0, 0));
	EXPECT_EQ(-ENOSPC, wt_fan_join(&self->f, WT_FAN_SEATS, 0));
	e.lane = self->f.in[0].lane;
	EXPECT_EQ(-EINVAL, call(&self->f.c[0], WN_IOC_FAN_EVICT, &e));
	EXPECT_EQ(-ENOENT, call(&self->f.p, WN_IOC_FAN_EVICT, &e));	/* no such life */
	wn_lane_close(&self->f.in[1]);
	EXPECT_EQ(-EEXIST, wn_fan_join(&self->f.c[2], &l, self->f.node, 0, 0));
	EXPECT_EQ(0, wt_fan_join(&self->f, WT_FAN_SEATS, 0));
	EXPECT_EQ(1, self->f.in[WT_FAN_SEATS].seat);
	EXPECT_EQ(2, self->f.in[WT_FAN_SEATS].life);
}

TEST_F(fan, memory_comes_back)
{
	long long used = wt_used(&self->f.m);
	int round, i;

	if (used < 0)
		SKIP(return, "this engine does not say what it uses");
	for (round = 0; round < 5; round++) {
		ASSERT_EQ(0, wt_fan_make(&self->f, WN_FAN_HOLDS));
		for (i = 0; i < WT_FAN_SEATS; i++)
			ASSERT_EQ(0, wt_fan_join(&self->f, i, 0));
		EXPECT_LT(used + WT_FAN_BYTES, wt_used(&self->f.m));
		/* In any order. */
		if (round % 2)
			wn_lane_close(&self->f.out);
		for (i = 0; i < WT_FAN_SEATS; i++)
			wn_lane_close(&self->f.in[i]);
		wn_lane_close(&self->f.out);
		EXPECT_EQ(used, wt_used(&self->f.m));
	}
}

/* The slowest holds the producer back, until it reads, leaves, or is evicted. */
TEST_F(fan, held_back)
{
	__u64 n, lost, behind, full;
	uint32_t seat;

	ASSERT_EQ(0, wt_fan_make(&self->f, WN_FAN_HOLDS));
	ASSERT_EQ(0, wt_fan_join(&self->f, 0, 0));
	ASSERT_EQ(0, wt_fan_join(&self->f, 1, 0));
	for (n = 0; !wt_fan_put(&self->f.out, n); n++)
		ASSERT_EQ((int64_t)n, wt_fan_take(&self->f.in[0], &lost));
	EXPECT_EQ(-EAGAIN, wt_fan_put(&self->f.out, n));
	EXPECT_LT(WT_FAN_BYTES - 600, self->f.out.own->pos);
	EXPECT_EQ(-ETIME, wn_lane_wait(&self->f.out, wt_fan_len(n), wn_deadline(2000000)));
	EXPECT_EQ(0, wn_fan_slowest(&self->f.out, &seat, &behind));
	EXPECT_EQ(1, seat);
	EXPECT_EQ(self->f.out.own->pos, behind);
	/* It reads: all of it is there. */
	full = n;
	for (n = 0; n < full; n++)
		ASSERT_EQ((int64_t)n, wt_fan_take(&self->f.in[1], &lost));
	for (; !wt_fan_put(&self->f.out, n); n++)
		ASSERT_EQ((int64_t)n, wt_fan_take(&self->f.in[0], &lost));
	EXPECT_LT(full + 20, n);
	/* It leaves. */
	wn_lane_close(&self->f.in[1]);
	EXPECT_EQ(0, wn_lane_wait(&self->f.out, wt_fan_len(n), wn_deadline(WT_FAN_PATIENT)));
	for (; n < 3 * full; n++) {
		ASSERT_EQ(0, wt_fan_put(&self->f.out, n));
		ASSERT_EQ((int64_t)n, wt_fan_take(&self->f.in[0], &lost));
	}
	/* Another one is taken its seat. */
	ASSERT_EQ(0, wt_fan_join(&self->f, 2, WN_FAN_NEWEST));
	for (; !wt_fan_put(&self->f.out, n); n++)
		ASSERT_EQ((int64_t)n, wt_fan_take(&self->f.in[0], &lost));
	EXPECT_EQ(0, wn_fan_slowest(&self->f.out, &seat, &behind));
	EXPECT_EQ(self->f.in[2].seat, seat);
	EXPECT_EQ(0, wn_fan_evict(&self->f.out, seat));
	EXPECT_EQ(-ENOENT, wn_fan_evict(&self->f.out, seat));
	EXPECT_EQ(0, wt_fan_put(&self->f.out, n));
	EXPECT_EQ(-EKEYREVOKED, wt_fan_take(&self->f.in[2], &lost));
	EXPECT_EQ(-EKEYREVOKED, wn_lane_error(&self->f.in[2]));
	EXPECT_EQ((int64_t)n, wt_fan_take(&self->f.in[0], &lost));
	/* Who sleeps when it happens is told, too. */
	wn_lane_close(&self->f.in[2]);
	ASSERT_EQ(0, wt_fan_join(&self->f, 2, WN_FAN_NEWEST));
	EXPECT_EQ(0, wn_fan_evict(&self->f.out, self->f.in[2].seat));
	EXPECT_EQ(-EKEYREVOKED, wn_lane_wait(&self->f.in[2], 0, wn_deadline(WT_FAN_PATIENT)));
}

/* Who is too slow is cut off, and knows how much it lost. */
TEST_F(fan, cut_off)
{
	__u64 n, lost, sum = 0, read = 0, want;
	int64_t got, last = -1;

	ASSERT_EQ(0, wt_fan_make(&self->f, 0));
	ASSERT_EQ(0, wt_fan_join(&self->f, 0, 0));
	for (n = 0; n < 20000; n++) {
		ASSERT_EQ(0, wt_fan_put(&self->f.out, n));
		if (n % 37 >= n / 1000)
			continue;
		got = wt_fan_take(&self->f.in[0], &lost);
		ASSERT_LT(last, got);
		want = (uint64_t)(got - last - 1);
		ASSERT_EQ(want, lost);
		last = got;
		sum += lost;
		read++;
	}
	while ((got = wt_fan_take(&self->f.in[0], &lost)) >= 0) {
		ASSERT_EQ((uint64_t)(got - last - 1), lost);
		last = got;
		sum += lost;
		read++;
	}
	EXPECT_EQ(-EAGAIN, got);
	EXPECT_EQ(19999, last);
	EXPECT_EQ(20000, read + sum);
	EXPECT_LT(1000, sum);
	EXPECT_LT(1000, read);
}

TEST_F(fan, late)
{
	__u64 n, lost, first;
	int holds;

	for (holds = 0; holds < 2; holds++) {
		ASSERT_EQ(0, wt_fan_make(&self->f, holds ? WN_FAN_HOLDS : 0));
		/* From the first on, while that is there. */
		for (n = 0; n < 10; n++)
			ASSERT_EQ(0, wt_fan_put(&self->f.out, n));
		ASSERT_EQ(0, wt_fan_join(&self->f, 0, 0));
		ASSERT_EQ(0, wt_fan_join(&self->f, 1, WN_FAN_NEWEST));
		EXPECT_EQ(0, wt_fan_take(&self->f.in[0], &lost));
		EXPECT_EQ(-EAGAIN, wt_fan_take(&self->f.in[1], &lost));
		ASSERT_EQ(0, wt_fan_put(&self->f.out, n++));
		EXPECT_EQ(10, wt_fan_take(&self->f.in[1], &lost));
		EXPECT_EQ(0, lost);
		wn_lane_close(&self->f.in[0]);
		wn_lane_close(&self->f.in[1]);
		for (; n < 5000; n++)
			ASSERT_EQ(0, wt_fan_put(&self->f.out, n));
		/* From what is left: most of a ring, up to the last. */
		ASSERT_EQ(0, wt_fan_join(&self->f, 2, 0));
		first = (uint64_t)wt_fan_take(&self->f.in[2], &lost);
		EXPECT_LT(4880, first);
		EXPECT_GT(4960, first);
		EXPECT_EQ(0, lost);
		while (first != 4999)
			ASSERT_EQ((int64_t)++first, wt_fan_take(&self->f.in[2], &lost));
		EXPECT_EQ(-EAGAIN, wt_fan_take(&self->f.in[2], &lost));
		wn_lane_close(&self->f.in[2]);
		wn_lane_close(&self->f.out);
	}
}

TEST_F(fan, ends)
{
	__u64 lost;

	ASSERT_EQ(0, wt_fan_make(&self->f, WN_FAN_HOLDS));
	ASSERT_EQ(0, wt_fan_join(&self->f, 0, 0));
	ASSERT_EQ(0, wt_fan_join(&self->f, 1, 0));
	ASSERT_EQ(0, wt_fan_put(&self->f.out, 0));
	wn_lane_close(&self->f.out);
	EXPECT_EQ(-ENOENT, wt_fan_join(&self->f, 2, 0));
	/* What was published is read first. */
	EXPECT_EQ(0, wt_fan_take(&self->f.in[0], &lost));
	EXPECT_EQ(-ENOLINK, wt_fan_take(&self->f.in[0], &lost));
	EXPECT_EQ(0, wt_fan_take(&self->f.in[1], &lost));
	EXPECT_EQ(-ENOLINK, wn_lane_wait(&self->f.in[1], 0, wn_deadline(WT_FAN_PATIENT)));
}

/* Pages have one writer; what changes hands is another page. */
TEST_F(fan, pages)
{
	const struct wn_lane_side *seat;
	long page = sysconf(_SC_PAGESIZE);
	struct wn_lane_side *kept;
	uint32_t slowest;
	__u64 behind;
	void *map;

	ASSERT_EQ(0, wt_fan_make(&self->f, WN_FAN_HOLDS));
	EXPECT_EQ((2 + WT_FAN_SEATS) * page - page, (long)self->f.out.regions[0].bytes);
	ASSERT_EQ(0, wt_fan_join(&self->f, 0, 0));
	if (wt_fan_has_files(&self->f)) {
		EXPECT_EQ(-EACCES, wt_err(wt_mmap(self->f.p.fd, self->f.out.regions[0].offset,
						  self->f.out.regions[0].bytes,
						  PROT_READ | PROT_WRITE, MAP_SHARED)));
		EXPECT_EQ(-EACCES, wt_err(wt_mmap(self->f.c[0].fd, self->f.in[0].regions[0].offset,
						  self->f.in[0].regions[0].bytes,
						  PROT_READ | PROT_WRITE, MAP_SHARED)));
	}
	seat = (const void *)((char *)self->f.out.maps[0] + page);
	ASSERT_EQ(0, self->f.c[0].via->map(self->f.c[0].file, &self->f.in[0].regions[1], &map));
	kept = map;
	/* Without the module a call of its producer's has it look for the page. */
	ASSERT_EQ(0, wn_fan_slowest(&self->f.out, &slowest, &behind));
	kept->pos = 4711 * 8;
	EXPECT_EQ(4711 * 8, seat->pos);
	wn_lane_close(&self->f.in[0]);
	if (wt_fan_has_files(&self->f))
		EXPECT_EQ(0, seat->pos);
	ASSERT_EQ(0, wt_fan_join(&self->f, 1, 0));
	EXPECT_EQ(self->f.out.seat, self->f.in[1].seat);
	ASSERT_EQ(0, wn_fan_slowest(&self->f.out, &slowest, &behind));
	EXPECT_EQ(0, slowest);
	kept->pos = 4712 * 8;
	EXPECT_EQ(0, seat->pos);
	self->f.in[1].own->pos = 8;
	EXPECT_EQ(8, seat->pos);
	munmap(kept, page);
}

WT_MAIN
