// SPDX-License-Identifier: MIT
/* Which lanes there are, told to who may read the whole domain. */
#include "common.h"

#include <string.h>
#include <unistd.h>
#include <wn.h>

#include "harness.h"

#define BYTES	4096u
#define LANES	100u	/* more than two calls tell of */

FIXTURE(lane_list)
{
	struct wt_mount m;
	struct wn p, c;
	uint64_t node;
	struct wn_lane *lane;
};

FIXTURE_SETUP(lane_list)
{
	struct wn_domain_create args;

	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	args = wt_create_args(self->m.control, "d");
	args.bounds.lanes = 4 * LANES;
	ASSERT_EQ(0, wt_ioctl(self->m.control, WN_IOC_CREATE, &args));
	ASSERT_EQ(0, wn_open(&self->p, wt_path(&self->m, "d"), NULL));
	ASSERT_EQ(0, wn_open(&self->c, wt_path(&self->m, "d"), NULL));
	self->node = (__u64)wn_create(&self->c, 0, "here");
	ASSERT_EQ(0, wn_bind(&self->c, self->node, 0));
}

FIXTURE_TEARDOWN(lane_list)
{
	wn_close(&self->p);
	wn_close(&self->c);
	wt_umount(&self->m);
}

static int refused(struct wn *wn, uint32_t size, uint32_t flags)
{
	struct wn_lane_list l = { .size = size, .flags = flags };

	return wt_ioctl(wn->fd, WN_IOC_LANE_LIST, &l);
}

TEST_F(lane_list, arguments)
{
	struct wn_lane_list l = { .next = 4 * LANES };
	struct { struct wn_lane_list l; uint64_t more; } longer = { .l.size = sizeof(longer) };

	EXPECT_EQ(-EINVAL, refused(&self->p, 8, 0));
	EXPECT_EQ(-EINVAL, refused(&self->p, sizeof(struct wn_lane_list) - 8, 0));
	EXPECT_EQ(-EINVAL, refused(&self->p, sizeof(struct wn_lane_list), 1));
	EXPECT_EQ(-EFAULT, wt_ioctl(self->p.fd, WN_IOC_LANE_LIST, (void *)8));
	EXPECT_EQ(0, wt_ioctl(self->p.fd, WN_IOC_LANE_LIST, &longer));
	EXPECT_EQ(sizeof(l), longer.l.size);
	longer.l.size = sizeof(longer);
	longer.l.next = 0;
	longer.more = 1;
	EXPECT_EQ(-E2BIG, wt_ioctl(self->p.fd, WN_IOC_LANE_LIST, &longer));
	/* Beyond the last, however far: none. */
	EXPECT_EQ(0, wn_lanes(&self->p, &l));
	EXPECT_EQ(WN_LANE_ANY, l.next);
	EXPECT_EQ(0, wn_lanes(&self->p, &l));
	l.next = WN_LANE_ANY - 1;
	EXPECT_EQ(0, wn_lanes(&self->p, &l));
	EXPECT_EQ(WN_LANE_ANY, l.next);
}

TEST_F(lane_list, what_is_told)
{
	static const struct wn_lane_info zero;
	struct wn_lane_list l = {};
	struct wn_lane p, c;
	int i;

	EXPECT_EQ(0, wn_lanes(&self->p, &l));
	ASSERT_EQ(0, wn_lane_connect(&self->p, &p, self->node, 0, BYTES));
	l.next = 0;
	ASSERT_EQ(1, wn_lanes(&self->c, &l));
	EXPECT_EQ(WN_LANE_ANY, l.next);
	EXPECT_EQ(p.lane, l.lanes[0].lane);
	EXPECT_EQ(self->p.client, l.lanes[0].producer);
	EXPECT_EQ(self->c.client, l.lanes[0].consumer);
	EXPECT_EQ(self->node, l.lanes[0].node);
	EXPECT_EQ(BYTES, l.lanes[0].bytes);
	EXPECT_EQ(0, l.lanes[0].flags);
	EXPECT_EQ(0, l.lanes[0].fill + l.lanes[0].written);
	for (i = 1; i < WN_LANE_LIST; i++)
		EXPECT_EQ(0, memcmp(&zero, &l.lanes[i], sizeof(zero)));

	ASSERT_EQ(0, wn_lane_accept(&self->c, &c, NULL, 1));
	for (i = 0; i < 3; i++) {
		ASSERT_NE(NULL, wn_lane_reserve(&p, 16));
		ASSERT_EQ(0, wn_lane_commit(&p));
	}
	ASSERT_NE(NULL, wn_lane_peek(&c, &(__u32){ 0 }));
	ASSERT_EQ(0, wn_lane_consume(&c));
	l.next = 0;
	ASSERT_EQ(1, wn_lanes(&self->p, &l));
	EXPECT_EQ(WN_LANE_I_ACCEPTED, l.lanes[0].flags);
	EXPECT_EQ(3 * 24, l.lanes[0].written);
	EXPECT_EQ(2 * 24, l.lanes[0].fill);
	/* A consumer that says it read what was not written. */
	((volatile struct wn_lane_side *)c.maps[1])->pos = 1 << 20;
	l.next = 0;
	ASSERT_EQ(1, wn_lanes(&self->p, &l));
	EXPECT_GE(BYTES, l.lanes[0].fill);

	wn_lane_close(&c);
	l.next = 0;
	ASSERT_EQ(1, wn_lanes(&self->p, &l));
	EXPECT_EQ(WN_LANE_I_ACCEPTED | WN_LANE_I_CONSUMER_GONE, l.lanes[0].flags);
	wn_lane_close(&p);
	l.next = 0;
	EXPECT_EQ(0, wn_lanes(&self->p, &l));
}

TEST_F(lane_list, all_of_them)
{
	struct wn_lane p[LANES], c;
	struct wn_lane_list l = {};
	uint32_t n, calls = 0, i;
	bool seen[4 * LANES] = {};

	for (i = 0; i < LANES; i++) {
		ASSERT_EQ(0, wn_lane_connect(&self->p, &p[i], self->node, 0, BYTES));
		ASSERT_EQ(0, wn_lane_accept(&self->c, &c, NULL, 1));
		/* Holes in the numbers. */
		if (i % 2)
			wn_lane_close(&c);
	}
	for (i = 1; i < LANES; i += 2)
		wn_lane_close(&p[i]);
	for (n = 0; l.next != WN_LANE_ANY; calls++) {
		int got = wn_lanes(&self->c, &l);

		ASSERT_LE(0, got);
		for (i = 0; i < (uint32_t)got; i++, n++) {
			ASSERT_GT(4 * LANES, l.lanes[i].lane);
			EXPECT_FALSE(seen[l.lanes[i].lane]);
			seen[l.lanes[i].lane] = true;
		}
		ASSERT_GT(20, calls);
	}
	EXPECT_EQ(LANES / 2, n);
	EXPECT_EQ(2, calls);
}

TEST_F(lane_list, who_may)
{
	struct wn_lane_list l = {};
	struct wn other;

	/* Whoever opens it from now on may send, and nothing else. */
	ASSERT_EQ(0, wt_ioctl(self->m.control, WN_IOC_CLASSES, &(struct wn_class_table){
			.size = sizeof(struct wn_class_table),
			.name = "d", .flags = WN_CLASSES_SET,
			.rights = { WN_RIGHT_EMIT, WN_RIGHT_EMIT, WN_RIGHT_EMIT } }));
	ASSERT_EQ(0, wn_open(&other, wt_path(&self->m, "d"), NULL));
	EXPECT_EQ(-EACCES, wn_lanes(&other, &l));
	wn_close(&other);
	EXPECT_EQ(0, wn_lanes(&self->p, &l));
}

static int list_in_child(void *wn)
{
	return refused(wn, sizeof(struct wn_lane_list), 0);
}

TEST_F(lane_list, forked_child)
{
	EXPECT_EQ(-EOWNERDEAD, wt_in_child(0, list_in_child, &self->p));
}

WT_MAIN
