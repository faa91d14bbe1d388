// SPDX-License-Identifier: MIT
/* Lanes between clients at their bounds: as many, as large as can be; buffers lent. */
#include "pair.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <wn.h>

#include "harness.h"

#define MANY	1024u		/* all that a domain can have */
#define PARAM(name)	"/sys/module/worknode/parameters/" name
#define MAKERS	11		/* each takes half of what is left */

FIXTURE(lane_large)
{
	struct wt_mount m;
	const char *d;
	struct wn to, from[MAKERS];
	uint64_t node;
	struct wn_lane *p, *c;
	char user_bytes[32], max_bytes[32];	/* the module's caps, where there is one */
};

FIXTURE_SETUP(lane_large)
{
	struct rlimit files;
	struct wn_bounds_query q;

	/* A host has some for each lane, and gets this from us. */
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->d = wt_path(&self->m, "d");
	ASSERT_EQ(0, wn_bounds(self->m.dir, WN_BOUNDS_DEFAULT, &q));
	q.bounds.lanes = MANY;
	ASSERT_EQ(0, wn_domain_create(self->d, 0600, &q.bounds));
	ASSERT_EQ(0, wn_open(&self->to, self->d, NULL));
	self->node = (uint64_t)wn_create(&self->to, 0, "here");
	ASSERT_EQ(0, wn_bind(&self->to, self->node, 0));
	ASSERT_EQ(0, wn_open(&self->from[0], self->d, NULL));
	self->p = calloc(MANY, sizeof(*self->p));
	self->c = calloc(MANY, sizeof(*self->c));
	ASSERT_TRUE(self->p && self->c);
}

FIXTURE_TEARDOWN(lane_large)
{
	int i;

	for (i = 0; i < MAKERS; i++)
		if (self->from[i].via)
			wn_close(&self->from[i]);
	wn_close(&self->to);
	wn_domain_remove(self->d);
	wt_umount(&self->m);
	free(self->p);
	free(self->c);
	if (self->max_bytes[0]) {
		wt_write_file(PARAM("user_bytes"), self->user_bytes);
		wt_write_file(PARAM("max_bytes"), self->max_bytes);
	}
}

/* By default a user has an eighth of what memory there is. */
static void may_have(FIXTURE_DATA(lane_large) *self, const char *bytes)
{
	if (wt_is_hosted() || wt_is_embedded())
		return;
	wt_read_file(PARAM("user_bytes"), self->user_bytes, 32);
	wt_read_file(PARAM("max_bytes"), self->max_bytes, 32);
	wt_write_file(PARAM("user_bytes"), bytes);
	wt_write_file(PARAM("max_bytes"), bytes);
}

static int both(FIXTURE_DATA(lane_large) *self, uint32_t bytes)
{
	int err = wn_lane_connect(&self->from[0], self->p, self->node, 0, bytes);

	return err ? err : wn_lane_accept(&self->to, self->c, NULL, 1);
}

/* 1,024 lanes to one reader, all taken from in turn and slept for at once. */
TEST_F_TIMEOUT(lane_large, as_many_as_can_be, 120)
{
	struct wn_lane *p = self->p, *c = self->c, *from;
	struct wn_lane_set set;
	uint32_t i, n = 0, len;
	const uint32_t *record;
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	if (sizeof(long) == 4)
		SKIP(return, "offsets of the last of them need 64 bits");
	if ((wt_is_hosted() || wt_is_embedded()) && files.rlim_cur < 8 * MANY)
		SKIP(return, "a host needs more files than the limit here");
	for (i = 0; i < MAKERS; i++) {
		if (i)
			ASSERT_EQ(0, wn_open(&self->from[i], self->d, NULL));
		while (n < MANY && !wn_lane_connect(&self->from[i], &p[n], self->node, 0, 4096))
			n++;
	}
	ASSERT_EQ(MANY, n);
	wn_lane_set_init(&set, &self->to, 0);
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, wn_lane_accept(&self->to, &c[i], NULL, 1));
		ASSERT_EQ(0, wn_lane_set_add(&set, &c[i]));
	}
	while (!wn_lanes_wait(&self->to, 1))
		;
	EXPECT_EQ(-ETIME, wn_lane_set_wait(&set, 1));
	/* From the last to the first: what is read first is the first one's. */
	for (i = 0; i < 2 * MANY; i++)
		ASSERT_EQ(0, wt_pair_send(&p[MANY - 1 - i % MANY], i));
	EXPECT_EQ(0, wn_lane_set_wait(&set, 0));
	for (i = 0; i < 2 * MANY; i++) {
		record = wn_lane_set_next(&set, &from, &len);
		ASSERT_NE(NULL, record);
		ASSERT_EQ(MANY - 1 - i / 2 + i % 2 * MANY, *record);
	}
	EXPECT_EQ(NULL, wn_lane_set_next(&set, &from, &len));
	EXPECT_EQ(NULL, from);
	wn_lane_set_end(&set);
	/* Any of them wakes, though most of the others are over; and who closes is told of. */
	for (i = MANY / 8; i < MANY; i++)
		wn_lane_close(&p[i]);
	while (!wn_lanes_wait(&self->to, 1))
		;
	for (i = 0; i < MANY / 8; i += 9) {
		EXPECT_EQ(0, wn_lane_wake(&p[i]));
		EXPECT_EQ(0, wn_lanes_wait(&self->to, wn_deadline(60000000000)));
		EXPECT_EQ(-ETIME, wn_lanes_wait(&self->to, wn_deadline(3000000)));
	}
	for (i = 0; i < MANY; i++) {
		if (i < MANY / 8)
			wn_lane_close(&p[i]);
		wn_lane_close(&c[i]);
	}
}

/* A record as large as the largest ring, and many that go round it. */
TEST_F_TIMEOUT(lane_large, as_large_as_can_be, 120)
{
	const uint32_t most = WN_LANE_BYTES_MAX - (uint32_t)WN_LANE_HEADER;
	uint64_t *at;
	const uint64_t *from;
	uint32_t i, round, len;
	int err;

	may_have(self, "200000000");
	err = both(self, WN_LANE_BYTES_MAX);
	if (err == -ENOMEM && sizeof(long) == 4)
		SKIP(return, "twice 64 MB and its mirror do not fit here");
	ASSERT_EQ(0, err);
	EXPECT_EQ(NULL, wn_lane_reserve(self->p, most + 1));
	EXPECT_EQ(-E2BIG, wn_lane_wait(self->p, most + 1, 1));
	/* From the middle on: all of it lies across the end. */
	for (round = 0; round < 3; round++) {
		const uint32_t bytes = round == 1 ? most : WN_LANE_BYTES_MAX / 2 + 8;

		at = wn_lane_reserve(self->p, bytes);
		ASSERT_NE(NULL, at);
		for (i = 0; i < bytes / 8; i += 509)
			at[i] = (uint64_t)round << 32 | i;
		at[bytes / 8 - 1] = round;
		ASSERT_EQ(0, wn_lane_commit(self->p));
		EXPECT_EQ(NULL, wn_lane_reserve(self->p, bytes));
		from = wn_lane_peek(self->c, &len);
		ASSERT_NE(NULL, from);
		ASSERT_EQ(bytes, len);
		for (i = 0; i < bytes / 8 - 1; i += 509)
			ASSERT_EQ((uint64_t)round << 32 | i, from[i]);
		ASSERT_EQ(round, from[bytes / 8 - 1]);
		ASSERT_EQ(0, wn_lane_consume(self->c));
	}
	EXPECT_EQ(-EINVAL, wn_lane_connect(&self->from[0], &self->p[1], self->node, 0,
					   2 * WN_LANE_BYTES_MAX));
	wn_lane_close(self->p);
	wn_lane_close(self->c);
}

/* Buffers lent from one client to another; the end of who has one is told as ever. */
TEST_F(lane_large, loans)
{
	struct wn_lane *p = self->p, *c = self->c;
	const void *first = NULL, *taken;
	struct wn_loans lends, takes;
	uint32_t i, len, type;
	char *to;

	ASSERT_EQ(0, both(self, 65536));
	ASSERT_EQ(0, wn_loans_begin(&lends, p, 8192));
	ASSERT_EQ(0, wn_loans_begin(&takes, c, 8192));
	for (i = 0; i < 100; i++) {
		to = wn_loans_get(&lends);
		ASSERT_NE(NULL, to);
		memset(to, (int)i, 8192);
		ASSERT_EQ(0, wn_loans_send(&lends, to, 8192 - i, i));
		ASSERT_EQ(0, wn_lane_commit(p));
		taken = wn_loans_take(&takes, &len, &type);
		ASSERT_NE(NULL, taken);
		EXPECT_EQ(8192 - i, len);
		EXPECT_EQ(i, type);
		EXPECT_EQ((char)i, ((const char *)taken)[8191]);
		if (!i)
			first = taken;	/* kept all the time */
		else
			ASSERT_EQ(0, wn_loans_return(&takes, taken));
	}
	EXPECT_EQ(0, ((const char *)first)[4096]);
	EXPECT_EQ(-ETIME, wn_loans_wait(&takes, 1));
	/* No fd to poll: so it says. */
	EXPECT_EQ(self->to.fd < 0 ? -EOPNOTSUPP : 0, wn_loans_arm(&takes));
	wn_lane_close(p);
	EXPECT_EQ(-ENOLINK, wn_loans_wait(&takes, 0));
	/* What it has it may still read. */
	EXPECT_EQ(0, ((const char *)first)[4096]);
	EXPECT_EQ(0, wn_loans_return(&takes, first));
	wn_lane_close(c);
}

WT_MAIN
