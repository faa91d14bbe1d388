// SPDX-License-Identifier: MIT
/* Fans: one producer, many consumers, each with a place of its own. */
#include "common.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wn.h>
#include <wn_transport.h>

#include "harness.h"

#define BYTES	16384u
#define SEATS	4
#define PATIENT	60000000000ull

FIXTURE(fan) {
	struct wt_mount m;
	struct wn p, c[SEATS + 1];
	struct wn_lane out, in[SEATS + 1];
	uint64_t node;
	const char *d;
};

FIXTURE_SETUP(fan)
{
	int i;

	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->d = wt_path(&self->m, "d");
	ASSERT_EQ(0, wn_domain_create(self->d, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->p, self->d, NULL));
	for (i = 0; i <= SEATS; i++)
		ASSERT_EQ(0, wn_open(&self->c[i], self->d, NULL));
	self->node = wn_create(&self->p, 0, "fan");
	ASSERT_FALSE(WN_RES_IS_ERROR(self->node));
}

FIXTURE_TEARDOWN(fan)
{
	int i;

	wn_lane_close(&self->out);
	for (i = 0; i <= SEATS; i++) {
		wn_lane_close(&self->in[i]);
		wn_close(&self->c[i]);
	}
	wn_close(&self->p);
	wt_umount(&self->m);
}

static int make(FIXTURE_DATA(fan) *self, uint32_t flags)
{
	return wn_fan_make(&self->p, &self->out, self->node, 0, BYTES, SEATS, flags);
}

static int join(FIXTURE_DATA(fan) *self, int i, uint32_t flags)
{
	return wn_fan_join(&self->c[i], &self->in[i], self->node, 0, flags);
}

static long call(struct wn *wn, unsigned long cmd, void *arg)
{
	return wn->via->call(wn->file, cmd, arg);
}

/* Who has files can map them as it likes; an engine in a process has none. */
static bool has_files(FIXTURE_DATA(fan) *self)
{
	return self->p.fd >= 0;
}

/* Record n: its length and all of it follow from n. */
static uint32_t len_of(uint64_t n)
{
	return 8 + (uint32_t)(n * 2654435761u >> 7) % 300;
}

static int put(struct wn_lane *l, uint64_t n)
{
	char bytes[512];
	int err;

	memset(bytes, (int)(n & 0xff), sizeof(bytes));
	memcpy(bytes, &n, sizeof(n));
	if (n % 2)
		return wn_fan_send(l, bytes, len_of(n), (uint16_t)n);
	err = wn_fan_put(l, bytes, len_of(n), (uint16_t)n);
	return err ? err : wn_lane_commit(l);
}

/* The number of the next record, if it is whole. */
static int64_t take(struct wn_lane *l, __u64 *lost)
{
	unsigned char bytes[512];
	uint16_t type;
	uint64_t n;
	int64_t len = wn_fan_read(l, bytes, sizeof(bytes), &type, lost);
	uint32_t i;

	if (len < 0)
		return len;
	memcpy(&n, bytes, sizeof(n));
	if (len != len_of(n) || type != (uint16_t)n)
		return -EBADMSG;
	for (i = 8; i < len; i++)
		if (bytes[i] != (n & 0xff))
			return -EBADMSG;
	return (int64_t)n;
}

static int64_t take_or_wait(struct wn_lane *l, __u64 *lost)
{
	int64_t n;
	int err;

	while ((n = take(l, lost)) == -EAGAIN) {
		err = wn_lane_wait(l, 0, wn_deadline(PATIENT));
		if (err)
			return err;
	}
	return n;
}

static int put_or_wait(struct wn_lane *l, uint64_t n)
{
	int err;

	while ((err = put(l, n)) == -EAGAIN) {
		err = wn_lane_wait(l, len_of(n), wn_deadline(PATIENT));
		if (err)
			return err;
	}
	return err;
}

TEST_F(fan, each_reads_all)
{
	__u64 n, lost;
	int i, holds;

	for (holds = 0; holds < 2; holds++) {
		ASSERT_EQ(0, make(self, holds ? WN_FAN_HOLDS : 0));
		for (i = 0; i < SEATS; i++)
			ASSERT_EQ(0, join(self, i, 0));
		for (n = 0; n < 3000; n++) {
			ASSERT_EQ(0, put(&self->out, n));
			for (i = 0; i < SEATS; i++) {
				ASSERT_EQ((int64_t)n, take(&self->in[i], &lost));
				ASSERT_EQ(0, lost);
				ASSERT_EQ(-EAGAIN, take(&self->in[i], &lost));
			}
		}
		EXPECT_EQ(0, self->out.sleeps + self->out.wakes + self->in[0].sleeps);
		for (i = 0; i < SEATS; i++)
			wn_lane_close(&self->in[i]);
		wn_lane_close(&self->out);
	}
}

TEST_F(fan, refused)
{
	struct wn_fan_make a = { .size = sizeof(a), .node = self->node, .bytes = BYTES, .seats = 1 };
	struct wn_fan_join j = { .size = sizeof(j), .node = self->node, .lane = WN_LANE_ANY };
	struct wn_fan_evict e = { .size = sizeof(e) };
	struct wn_fan_make b = a;
	struct wn_lane l;
	__u64 behind;
	uint32_t seat;
	int i;

	EXPECT_EQ(-ENOENT, join(self, 0, 0));
	b.seats = 0;
	EXPECT_EQ(-EINVAL, call(&self->p, WN_IOC_FAN_MAKE, &b));
	b.seats = WN_FAN_SEATS + 1;
	EXPECT_EQ(-EINVAL, call(&self->p, WN_IOC_FAN_MAKE, &b));
	b = a;
	b.flags = 2;
	EXPECT_EQ(-EINVAL, call(&self->p, WN_IOC_FAN_MAKE, &b));
	EXPECT_EQ(-EINVAL, wn_fan_make(&self->p, &l, self->node, 0, 3 * 4096, 1, 0));
	EXPECT_EQ(-EACCES, wn_fan_make(&self->p, &l, self->node, 1, BYTES, 1, 0));
	EXPECT_EQ(-ESTALE, wn_fan_make(&self->p, &l, self->node + (1 << 24), 0, BYTES, 1, 0));
	if (has_files(self))
		EXPECT_EQ(-EFAULT, call(&self->p, WN_IOC_FAN_MAKE, NULL));
	ASSERT_EQ(0, make(self, 0));
	EXPECT_EQ(-EINVAL, wn_fan_join(&self->p, &l, self->node, 0, 0));
	EXPECT_EQ(-EACCES, wn_fan_join(&self->c[0], &l, self->node, 1, 0));
	EXPECT_EQ(-ENOENT, wn_fan_join(&self->c[0], &l, 0, 0, 0));
	EXPECT_EQ(-EINVAL, wn_fan_join(&self->c[0], &l, self->node, 0, 2));
	j.lane = 1000000;
	EXPECT_EQ(-ENOENT, call(&self->c[0], WN_IOC_FAN_JOIN, &j));
	EXPECT_EQ(-ENOENT, wn_fan_slowest(&self->out, &seat, &behind));
	EXPECT_EQ(-ENOENT, wn_fan_evict(&self->out, 0));
	EXPECT_EQ(-EINVAL, wn_fan_evict(&self->out, WN_FAN_SEATS));
	for (i = 0; i < SEATS; i++)
		ASSERT_EQ(0, join(self, i, 0));
	EXPECT_EQ(-EEXIST, wn_fan_join(&self->c[SEATS - 1], &l, self->node, 0, 0) == -ENOSPC ?
		  -EEXIST : 0);
	EXPECT_EQ(-ENOSPC, join(self, SEATS, 0));
	e.lane = self->in[0].lane;
	EXPECT_EQ(-EINVAL, call(&self->c[0], WN_IOC_FAN_EVICT, &e));
	EXPECT_EQ(-ENOENT, call(&self->p, WN_IOC_FAN_EVICT, &e));	/* no such life */
	wn_lane_close(&self->in[1]);
	EXPECT_EQ(-EEXIST, wn_fan_join(&self->c[2], &l, self->node, 0, 0));
	EXPECT_EQ(0, join(self, SEATS, 0));
	EXPECT_EQ(1, self->in[SEATS].seat);
	EXPECT_EQ(2, self->in[SEATS].life);
}

TEST_F(fan, memory_comes_back)
{
	long long used = wt_used(&self->m);
	int round, i;

	if (used < 0)
		SKIP(return, "this engine does not say what it uses");
	for (round = 0; round < 5; round++) {
		ASSERT_EQ(0, make(self, WN_FAN_HOLDS));
		for (i = 0; i < SEATS; i++)
			ASSERT_EQ(0, join(self, i, 0));
		EXPECT_LT(used + BYTES, wt_used(&self->m));
		/* In any order. */
		if (round % 2)
			wn_lane_close(&self->out);
		for (i = 0; i < SEATS; i++)
			wn_lane_close(&self->in[i]);
		wn_lane_close(&self->out);
		EXPECT_EQ(used, wt_used(&self->m));
	}
}

/* The slowest holds the producer back, until it reads, leaves, or is evicted. */
TEST_F(fan, held_back)
{
	__u64 n, lost, behind, full;
	uint32_t seat;

	ASSERT_EQ(0, make(self, WN_FAN_HOLDS));
	ASSERT_EQ(0, join(self, 0, 0));
	ASSERT_EQ(0, join(self, 1, 0));
	for (n = 0; !put(&self->out, n); n++)
		ASSERT_EQ((int64_t)n, take(&self->in[0], &lost));
	EXPECT_EQ(-EAGAIN, put(&self->out, n));
	EXPECT_LT(BYTES - 600, self->out.own->pos);
	EXPECT_EQ(-ETIME, wn_lane_wait(&self->out, len_of(n), wn_deadline(2000000)));
	EXPECT_EQ(0, wn_fan_slowest(&self->out, &seat, &behind));
	EXPECT_EQ(1, seat);
	EXPECT_EQ(self->out.own->pos, behind);
	/* It reads: all of it is there. */
	full = n;
	for (n = 0; n < full; n++)
		ASSERT_EQ((int64_t)n, take(&self->in[1], &lost));
	for (; !put(&self->out, n); n++)
		ASSERT_EQ((int64_t)n, take(&self->in[0], &lost));
	EXPECT_LT(full + 20, n);
	/* It leaves. */
	wn_lane_close(&self->in[1]);
	EXPECT_EQ(0, wn_lane_wait(&self->out, len_of(n), wn_deadline(PATIENT)));
	for (; n < 3 * full; n++) {
		ASSERT_EQ(0, put(&self->out, n));
		ASSERT_EQ((int64_t)n, take(&self->in[0], &lost));
	}
	/* Another one is taken its seat. */
	ASSERT_EQ(0, join(self, 2, WN_FAN_NEWEST));
	for (; !put(&self->out, n); n++)
		ASSERT_EQ((int64_t)n, take(&self->in[0], &lost));
	EXPECT_EQ(0, wn_fan_slowest(&self->out, &seat, &behind));
	EXPECT_EQ(self->in[2].seat, seat);
	EXPECT_EQ(0, wn_fan_evict(&self->out, seat));
	EXPECT_EQ(-ENOENT, wn_fan_evict(&self->out, seat));
	EXPECT_EQ(0, put(&self->out, n));
	EXPECT_EQ(-EKEYREVOKED, take(&self->in[2], &lost));
	EXPECT_EQ(-EKEYREVOKED, wn_lane_error(&self->in[2]));
	EXPECT_EQ((int64_t)n, take(&self->in[0], &lost));
	/* Who sleeps when it happens is told, too. */
	wn_lane_close(&self->in[2]);
	ASSERT_EQ(0, join(self, 2, WN_FAN_NEWEST));
	EXPECT_EQ(0, wn_fan_evict(&self->out, self->in[2].seat));
	EXPECT_EQ(-EKEYREVOKED, wn_lane_wait(&self->in[2], 0, wn_deadline(PATIENT)));
}

/* Who is too slow is cut off, and knows how much it lost. */
TEST_F(fan, cut_off)
{
	__u64 n, lost, sum = 0, read = 0, want;
	int64_t got, last = -1;

	ASSERT_EQ(0, make(self, 0));
	ASSERT_EQ(0, join(self, 0, 0));
	for (n = 0; n < 20000; n++) {
		ASSERT_EQ(0, put(&self->out, n));
		if (n % 37 >= n / 1000)
			continue;
		got = take(&self->in[0], &lost);
		ASSERT_LT(last, got);
		want = (uint64_t)(got - last - 1);
		ASSERT_EQ(want, lost);
		last = got;
		sum += lost;
		read++;
	}
	while ((got = take(&self->in[0], &lost)) >= 0) {
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
		ASSERT_EQ(0, make(self, holds ? WN_FAN_HOLDS : 0));
		/* From the first on, while that is there. */
		for (n = 0; n < 10; n++)
			ASSERT_EQ(0, put(&self->out, n));
		ASSERT_EQ(0, join(self, 0, 0));
		ASSERT_EQ(0, join(self, 1, WN_FAN_NEWEST));
		EXPECT_EQ(0, take(&self->in[0], &lost));
		EXPECT_EQ(-EAGAIN, take(&self->in[1], &lost));
		ASSERT_EQ(0, put(&self->out, n++));
		EXPECT_EQ(10, take(&self->in[1], &lost));
		EXPECT_EQ(0, lost);
		wn_lane_close(&self->in[0]);
		wn_lane_close(&self->in[1]);
		for (; n < 5000; n++)
			ASSERT_EQ(0, put(&self->out, n));
		/* From what is left: most of a ring, up to the last. */
		ASSERT_EQ(0, join(self, 2, 0));
		first = (uint64_t)take(&self->in[2], &lost);
		EXPECT_LT(4880, first);
		EXPECT_GT(4960, first);
		EXPECT_EQ(0, lost);
		while (first != 4999)
			ASSERT_EQ((int64_t)++first, take(&self->in[2], &lost));
		EXPECT_EQ(-EAGAIN, take(&self->in[2], &lost));
		wn_lane_close(&self->in[2]);
		wn_lane_close(&self->out);
	}
}

TEST_F(fan, ends)
{
	__u64 lost;

	ASSERT_EQ(0, make(self, WN_FAN_HOLDS));
	ASSERT_EQ(0, join(self, 0, 0));
	ASSERT_EQ(0, join(self, 1, 0));
	ASSERT_EQ(0, put(&self->out, 0));
	wn_lane_close(&self->out);
	EXPECT_EQ(-ENOENT, join(self, 2, 0));
	/* What was published is read first. */
	EXPECT_EQ(0, take(&self->in[0], &lost));
	EXPECT_EQ(-ENOLINK, take(&self->in[0], &lost));
	EXPECT_EQ(0, take(&self->in[1], &lost));
	EXPECT_EQ(-ENOLINK, wn_lane_wait(&self->in[1], 0, wn_deadline(PATIENT)));
}

/* With the right to it a seat goes, or all of the fan. */
TEST_F(fan, revoked)
{
	const struct wn_grant may = { .rights = WN_RIGHT_READ | WN_RIGHT_EMIT };
	uint32_t to_read, to_make;
	int64_t reader, maker;
	struct wn_lane out;
	__u64 lost;

	maker = wn_cap_grant(&self->c[0], 0, self->node, self->p.client + 1, &may, &to_make);
	reader = wn_cap_grant(&self->p, 0, self->node, self->c[1].client + 1, &may, &to_read);
	ASSERT_FALSE(WN_RES_IS_ERROR(maker) || WN_RES_IS_ERROR(reader));
	ASSERT_EQ(0, wn_fan_make(&self->p, &out, self->node, to_make, BYTES, SEATS, WN_FAN_HOLDS));
	ASSERT_EQ(0, wn_fan_join(&self->c[1], &self->in[1], self->node, to_read, 0));
	ASSERT_EQ(0, wn_fan_join(&self->c[2], &self->in[2], self->node, 0, 0));
	ASSERT_EQ(0, put(&out, 0));
	ASSERT_EQ(0, wn_cap_revoke(&self->p, 0, (uint64_t)reader));
	EXPECT_EQ(-EKEYREVOKED, take(&self->in[1], &lost));
	EXPECT_EQ(0, self->in[1].own->pos);
	EXPECT_EQ(0, take(&self->in[2], &lost));
	EXPECT_EQ(0, put(&out, 1));
	EXPECT_EQ(1, take(&self->in[2], &lost));
	ASSERT_EQ(0, wn_cap_revoke(&self->c[0], 0, (uint64_t)maker));
	EXPECT_EQ(-EKEYREVOKED, put(&out, 2));
	EXPECT_EQ(-EKEYREVOKED, take(&self->in[2], &lost));
	EXPECT_EQ(-ENOENT, join(self, 3, 0));
	wn_lane_close(&out);
}

#define MANY	24

/* More seats than are taken in one go: all are, when the revocation is told to be done. */
TEST_F(fan, many_revoked)
{
	struct wn_grant may = { .rights = WN_RIGHT_READ | WN_RIGHT_GRANT };
	struct wn_lane in[MANY], out;
	struct wn wn[MANY];
	uint32_t index, leaf;
	int64_t branch;
	__u64 lost;
	int i;

	branch = wn_cap_grant(&self->p, 0, self->node, self->c[0].client + 1, &may, &index);
	ASSERT_FALSE(WN_RES_IS_ERROR(branch));
	ASSERT_EQ(0, wn_fan_make(&self->p, &out, self->node, 0, BYTES, MANY + 1, WN_FAN_HOLDS));
	ASSERT_EQ(0, wn_fan_join(&self->c[1], &self->in[1], self->node, 0, 0));
	may.rights = WN_RIGHT_READ;
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, wn_open(&wn[i], self->d, NULL));
		ASSERT_FALSE(WN_RES_IS_ERROR(wn_cap_grant(&self->c[0], index, self->node,
							  wn[i].client + 1, &may, &leaf)));
		ASSERT_EQ(0, wn_fan_join(&wn[i], &in[i], self->node, leaf, 0));
	}
	ASSERT_EQ(0, put(&out, 0));
	ASSERT_EQ(0, wn_cap_revoke(&self->p, 0, (uint64_t)branch));
	for (i = 0; i < MANY; i++) {
		EXPECT_EQ(-EKEYREVOKED, take(&in[i], &lost));
		wn_lane_close(&in[i]);
		wn_close(&wn[i]);
	}
	/* Who had it by another right has it still. */
	EXPECT_EQ(0, take(&self->in[1], &lost));
	EXPECT_EQ(0, put(&out, 1));
	EXPECT_EQ(1, take(&self->in[1], &lost));
	wn_lane_close(&out);
}

/* A right that ends by itself ends what was had by it: seats, more than in one go; all of a fan. */
TEST_F(fan, expired)
{
	struct wn_grant may = { .rights = WN_RIGHT_READ | WN_RIGHT_GRANT };
	struct wn_lane in[MANY], out, short_lived;
	struct wn wn[MANY];
	uint32_t index, leaf;
	__u64 lost;
	int i;

	if (!has_files(self))
		SKIP(return, "this engine sees it when something is revoked");
	ASSERT_EQ(0, wn_fan_make(&self->p, &out, self->node, 0, BYTES, MANY + 1, WN_FAN_HOLDS));
	ASSERT_EQ(0, wn_fan_join(&self->c[1], &self->in[1], self->node, 0, 0));
	/* Long enough for all of them to come. */
	may.expires = wn_deadline(3000000000ull);
	ASSERT_FALSE(WN_RES_IS_ERROR(wn_cap_grant(&self->p, 0, self->node, self->c[0].client + 1,
						  &may, &index)));
	may.rights = WN_RIGHT_READ;
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, wn_open(&wn[i], self->d, NULL));
		ASSERT_FALSE(WN_RES_IS_ERROR(wn_cap_grant(&self->c[0], index, self->node,
							  wn[i].client + 1, &may, &leaf)));
		ASSERT_EQ(0, wn_fan_join(&wn[i], &in[i], self->node, leaf, 0));
	}
	ASSERT_GT(may.expires, wn_deadline(0)) {
		TH_LOG("this machine is too slow");
	}
	/* Nobody calls the engine meanwhile. */
	for (i = 0; i < MANY; i++) {
		EXPECT_EQ(-EKEYREVOKED, wn_lane_wait(&in[i], 0, wn_deadline(PATIENT)));
		EXPECT_LE(may.expires, wn_deadline(0));
		EXPECT_EQ(-EKEYREVOKED, take(&in[i], &lost));
		wn_lane_close(&in[i]);
		wn_close(&wn[i]);
	}
	EXPECT_EQ(0, put(&out, 0));
	EXPECT_EQ(0, take(&self->in[1], &lost));

	/* The producer's: each consumer is told, and who comes finds none. */
	may.rights = WN_RIGHT_EMIT;
	may.expires = wn_deadline(100000000);
	ASSERT_FALSE(WN_RES_IS_ERROR(wn_cap_grant(&self->p, 0, self->node, self->c[2].client + 1,
						  &may, &index)));
	wn_lane_close(&out);
	wn_lane_close(&self->in[1]);
	ASSERT_EQ(0, wn_fan_make(&self->c[2], &short_lived, self->node, index, BYTES, SEATS, 0));
	ASSERT_EQ(0, join(self, 1, 0));
	EXPECT_EQ(-EKEYREVOKED, wn_lane_wait(&self->in[1], 0, wn_deadline(PATIENT)));
	EXPECT_EQ(-EKEYREVOKED, put(&short_lived, 0));
	EXPECT_EQ(-ENOENT, join(self, 3, 0));
	EXPECT_EQ(-EKEYEXPIRED, wn_fan_make(&self->c[2], &out, self->node, index, BYTES, SEATS, 0));
	wn_lane_close(&short_lived);
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

	ASSERT_EQ(0, make(self, WN_FAN_HOLDS));
	EXPECT_EQ((2 + SEATS) * page - page, (long)self->out.regions[0].bytes);
	ASSERT_EQ(0, join(self, 0, 0));
	if (has_files(self)) {
		EXPECT_EQ(-EACCES, wt_err(wt_mmap(self->p.fd, self->out.regions[0].offset,
						  self->out.regions[0].bytes,
						  PROT_READ | PROT_WRITE, MAP_SHARED)));
		EXPECT_EQ(-EACCES, wt_err(wt_mmap(self->c[0].fd, self->in[0].regions[0].offset,
						  self->in[0].regions[0].bytes,
						  PROT_READ | PROT_WRITE, MAP_SHARED)));
	}
	seat = (const void *)((char *)self->out.maps[0] + page);
	ASSERT_EQ(0, self->c[0].via->map(self->c[0].file, &self->in[0].regions[1], &map));
	kept = map;
	/* Without the module a call of its producer's has it look for the page. */
	ASSERT_EQ(0, wn_fan_slowest(&self->out, &slowest, &behind));
	kept->pos = 4711 * 8;
	EXPECT_EQ(4711 * 8, seat->pos);
	wn_lane_close(&self->in[0]);
	if (has_files(self))
		EXPECT_EQ(0, seat->pos);
	ASSERT_EQ(0, join(self, 1, 0));
	EXPECT_EQ(self->out.seat, self->in[1].seat);
	ASSERT_EQ(0, wn_fan_slowest(&self->out, &slowest, &behind));
	EXPECT_EQ(0, slowest);
	kept->pos = 4712 * 8;
	EXPECT_EQ(0, seat->pos);
	self->in[1].own->pos = 8;
	EXPECT_EQ(8, seat->pos);
	munmap(kept, page);
}

/* A consumer that writes nonsense is evicted; one that says no more holds it back only. */
TEST_F(fan, hostile_consumer)
{
	static const uint64_t lies[] = { 4, 1ull << 40, ~0ull, ~7ull, 8 };
	__u64 n = 0, lost, taken = 0;
	uint32_t i;

	ASSERT_EQ(0, make(self, WN_FAN_HOLDS));
	ASSERT_EQ(0, join(self, 0, 0));
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		ASSERT_EQ(0, join(self, 1, WN_FAN_NEWEST));
		self->in[1].own->pos = lies[i];
		self->in[1].own->flags = ~0u;
		self->in[1].own->bell = ~0u;
		for (lost = n + 200; n < lost; n++) {
			ASSERT_EQ(0, put(&self->out, n)) {
				TH_LOG("lie %u", i);
			}
			ASSERT_EQ((int64_t)taken, take(&self->in[0], &lost));
			taken++;
			lost = (i + 1) * 200;
		}
		/* Positions below what the producer may still need are told by and by. */
		EXPECT_EQ(-EKEYREVOKED, wn_lane_wait(&self->in[1], 0, wn_deadline(PATIENT))) {
			TH_LOG("lie %u", i);
		}
		wn_lane_close(&self->in[1]);
	}
}

static void scribble(void *to, size_t bytes, uint32_t *dice)
{
	uint32_t *word = to;
	size_t i;

	for (i = 0; i < bytes / 4; i++) {
		*dice = *dice * 1664525u + 1013904223u;
		word[i] = *dice >> 4 & (*dice & 1 ? ~0u : 0xfff8u);
	}
}

/* A producer that writes anything anywhere breaks consumers' lanes, and nothing else. */
TEST_F(fan, hostile_producer)
{
	uint32_t dice = 1, round;
	__u64 lost;
	int holds, i, n;
	int64_t got;

	for (holds = 0; holds < 2; holds++) {
		for (round = 0; round < 300; round++) {
			ASSERT_EQ(0, make(self, holds ? WN_FAN_HOLDS : 0));
			if (round % 3)
				scribble(self->out.own, 256, &dice);
			for (i = 0; i < 2; i++) {
				got = join(self, i, i ? WN_FAN_NEWEST : 0);
				ASSERT_TRUE(!got || got == -EAGAIN || got == -EPROTO);
			}
			scribble(self->out.data, BYTES, &dice);
			for (n = 0; n < 20; n++) {
				scribble(self->out.own, 256, &dice);
				for (i = 0; i < 2; i++) {
					got = self->in[i].alive ? take(&self->in[i], &lost) : 0;
					ASSERT_TRUE(got >= -4095);
				}
			}
			for (i = 0; i < 2; i++)
				wn_lane_close(&self->in[i]);
			wn_lane_close(&self->out);
		}
	}
}

/* Nobody begins where no record can be. */
TEST_F(fan, unaligned_producer)
{
	struct wn_fan_side *side;
	__u64 lost;

	ASSERT_EQ(0, make(self, 0));
	ASSERT_EQ(0, put(&self->out, 0));
	side = (void *)((char *)self->out.own + WN_FAN_OFFSET);
	self->out.own->pos += 4;
	EXPECT_EQ(-EPROTO, join(self, 0, WN_FAN_NEWEST));
	self->out.own->pos -= 4;
	side->floor = 12;
	EXPECT_EQ(-EPROTO, join(self, 0, 0));
	side->floor = 0;
	/* It goes on where it was. */
	ASSERT_EQ(0, join(self, 0, 0));
	EXPECT_EQ(0, self->in[0].seat);
	EXPECT_EQ(0, take(&self->in[0], &lost));
}

/* What was void is given back before somebody has room for what comes behind it. */
TEST_F(fan, void_then_long)
{
	struct wn_lane_rec *rec;
	char bytes[512];
	__u64 lost;
	int i;

	ASSERT_EQ(0, make(self, WN_FAN_HOLDS));
	ASSERT_EQ(0, join(self, 0, 0));
	rec = (void *)self->out.data;
	ASSERT_EQ(0, wn_fan_put(&self->out, bytes, 40, 0));
	rec->flags = WN_LANE_REC_VOID;
	ASSERT_EQ(0, put(&self->out, 1));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-EMSGSIZE, wn_fan_read(&self->in[0], bytes, 4, NULL, &lost));
		EXPECT_EQ(wn_lane_room(40), self->in[0].own->pos);
		/* It is the producer's again. */
		memset(rec, 0xff, 48);
	}
	EXPECT_EQ(1, take(&self->in[0], &lost));
	EXPECT_EQ(self->out.own->pos, self->in[0].own->pos);
}

/* What was written over the record of who lost its seat is no record: not too long, not broken. */
TEST_F(fan, evicted_reads_nonsense)
{
	static const uint32_t lens[] = { 600, 1u << 30 };
	union {
		struct wn_lane_rec rec;
		uint64_t word;
	} head;
	uint64_t words[4];
	unsigned int k, n;
	__u64 lost;

	for (k = 0; k < 2; k++) {
		head.rec = (struct wn_lane_rec){ .len = lens[k] };
		for (n = 0; n < 4; n++)
			words[n] = head.word;
		ASSERT_EQ(0, make(self, WN_FAN_HOLDS));
		ASSERT_EQ(0, join(self, 0, 0));
		for (n = 0; n < BYTES / 32; n++)
			ASSERT_EQ(0, wn_fan_send(&self->out, words, 24, 0));
		ASSERT_EQ(24, wn_fan_read(&self->in[0], words, sizeof(words), NULL, &lost));
		ASSERT_EQ(0, wn_fan_evict(&self->out, self->in[0].seat));
		/* One that is longer: words come to lie where heads were. */
		for (n = 0; n < BYTES / 32; n++)
			ASSERT_EQ(0, wn_fan_send(&self->out, words, n ? 24 : 32, 0));
		EXPECT_EQ(-EKEYREVOKED,
			  wn_fan_read(&self->in[0], words, sizeof(words), NULL, &lost));
		wn_lane_close(&self->in[0]);
		wn_lane_close(&self->out);
	}
}

/* The engine behind a client, and what happens at moments that cannot be met otherwise. */
static struct {
	const struct wn_transport *via;
	struct wn_transport between;
	struct wn_lane_side *late;	/* of who is put where it begins, there, by the next call */
	__u64 there;
	struct wn_lane_side *next;	/* of who has the seat now */
	int evictions, wakes;
} engine;

static int call_between(void *file, unsigned long cmd, void *arg)
{
	const struct wn_fan_evict *e = arg;

	if (cmd == WN_IOC_FAN_EVICT && engine.late) {
		__atomic_store_n(&engine.late->pos, engine.there, __ATOMIC_RELEASE);
		engine.late = NULL;
	}
	engine.evictions += cmd == WN_IOC_FAN_EVICT && e->life;
	engine.wakes += cmd == WN_IOC_LANE_WAKE;
	return engine.via->call(file, cmd, arg);
}

static int renew_between(void *file, const struct wn_region *region, void *at, __u64 offset)
{
	if (engine.next)
		__atomic_store_n(&engine.next->flags, 0, __ATOMIC_RELEASE);
	engine.next = NULL;
	if (engine.via->size < sizeof(*engine.via) || !engine.via->renew)
		return 0;
	return engine.via->renew(file, region, at, offset);
}

static void come_between(struct wn *wn)
{
	memset(&engine, 0, sizeof(engine));
	engine.via = wn->via;
	engine.between = *wn->via;
	engine.between.size = sizeof(engine.between);
	engine.between.call = call_between;
	engine.between.renew = renew_between;
	wn->via = &engine.between;
}

/* Who joins and was not put where it begins yet is no liar. */
TEST_F(fan, honest_joiner_is_not_evicted)
{
	__u64 n, lost, first;

	ASSERT_EQ(0, make(self, WN_FAN_HOLDS));
	ASSERT_EQ(0, join(self, 0, 0));
	for (n = 0; n < 500; n++) {
		ASSERT_EQ(0, put(&self->out, n));
		ASSERT_EQ((int64_t)n, take(&self->in[0], &lost));
	}
	ASSERT_LT(2 * BYTES, self->out.own->pos);
	come_between(&self->p);
	ASSERT_EQ(0, join(self, 1, WN_FAN_NEWEST));
	engine.there = self->in[1].own->pos;
	engine.late = self->in[1].own;
	engine.late->pos = 0;
	/* Until its producer looks where it is, and then beyond all that it had room for. */
	for (first = n; engine.late && !put(&self->out, n); n++)
		ASSERT_EQ((int64_t)n, take(&self->in[0], &lost));
	ASSERT_EQ(NULL, engine.late);
	ASSERT_EQ(0, engine.evictions);
	for (; first < n; first++)
		ASSERT_EQ((int64_t)first, take(&self->in[1], &lost));
	for (; n < 1000; n++) {
		ASSERT_EQ(0, put(&self->out, n));
		ASSERT_EQ((int64_t)n, take(&self->in[0], &lost));
		ASSERT_EQ((int64_t)n, take(&self->in[1], &lost));
	}
	EXPECT_EQ(0, engine.evictions);
	/* A liar is one after that, too. */
	self->in[1].own->pos = 0;
	for (; n < 1100; n++) {
		ASSERT_EQ(0, put(&self->out, n));
		ASSERT_EQ((int64_t)n, take(&self->in[0], &lost));
	}
	EXPECT_EQ(1, engine.evictions);
	EXPECT_EQ(-EKEYREVOKED, wn_lane_wait(&self->in[1], 0, wn_deadline(PATIENT)));
	self->p.via = engine.via;
}

/* The first sleep of a seat's next consumer has the count of its last one's. */
TEST_F(fan, next_sleeper_is_woken)
{
	const uint32_t first = WN_LANE_F_SLEEPS | WN_LANE_F_COUNT;

	ASSERT_EQ(0, make(self, WN_FAN_HOLDS));
	come_between(&self->p);
	ASSERT_EQ(0, join(self, 0, 0));
	self->in[0].own->flags = first;
	ASSERT_EQ(0, put(&self->out, 0));
	ASSERT_EQ(1, engine.wakes);
	wn_lane_close(&self->in[0]);
	ASSERT_EQ(0, join(self, 1, WN_FAN_NEWEST));
	ASSERT_EQ(0, self->in[1].seat);
	/* It is the last one's page that is looked at, up to when its life is. */
	engine.next = self->in[1].own;
	engine.next->flags = first;
	ASSERT_EQ(0, put(&self->out, 1));
	ASSERT_EQ(NULL, engine.next);
	engine.wakes = 0;
	self->in[1].own->flags = first;
	ASSERT_EQ(0, put(&self->out, 2));
	EXPECT_EQ(1, engine.wakes);
	/* Once for a sleep. */
	ASSERT_EQ(0, put(&self->out, 3));
	EXPECT_EQ(1, engine.wakes);
	self->p.via = engine.via;
}

/* -------------------------------------------------------------- processes */

/* Reads for ever, each record in its turn: 0 when the producer is gone. */
static int consume(const char *d, uint64_t node, uint32_t flags, uint64_t last)
{
	__u64 lost, next = 0;
	struct wn_lane l;
	struct wn wn;
	int64_t got;
	int bad = 0;

	if (wn_open(&wn, d, NULL))
		return 1;
	if (wn_fan_join(&wn, &l, node, 0, flags)) {
		wn_close(&wn);
		return 1;
	}
	for (got = take_or_wait(&l, &lost); got >= 0; got = take_or_wait(&l, &lost)) {
		if (next && (uint64_t)got != next + lost)
			bad = 2;
		next = (uint64_t)got + 1;
		/* Now and then it is slow. */
		if (next % 5000 == 0)
			usleep(300);
	}
	if (got != -ENOLINK)
		bad = 3;
	else if (last && next != last)
		bad = 4;
	wn_lane_close(&l);
	wn_close(&wn);
	return bad;
}

/* All of them are there before the first record that some could miss. */
static void wait_for_seats(const struct wn_lane *l, int nr)
{
	const __u64 *seats = (const void *)((const char *)l->maps[0] + WN_FAN_OFFSET);

	while (__builtin_popcountll(__atomic_load_n(seats, __ATOMIC_ACQUIRE)) < nr)
		usleep(1000);
}

static void produce(struct __test_metadata *_metadata, FIXTURE_DATA(fan) *self, uint64_t nr)
{
	uint64_t n;

	wait_for_seats(&self->out, SEATS);
	for (n = 0; n < nr; n++)
		ASSERT_EQ(0, put_or_wait(&self->out, n));
	TH_LOG("%llu records to %u: slept %llu times, woke %llu", (unsigned long long)n, SEATS,
	       (unsigned long long)self->out.sleeps, (unsigned long long)self->out.wakes);
	wn_lane_close(&self->out);
}

static void exchange(struct __test_metadata *_metadata, FIXTURE_DATA(fan) *self, uint32_t flags)
{
	const uint64_t nr = wt_number("WN_RECORDS", 20000);
	int status, i;
	pid_t pid[SEATS];

	ASSERT_EQ(0, make(self, flags));
	for (i = 0; i < SEATS; i++) {
		pid[i] = fork();
		if (!pid[i])
			_exit(consume(self->d, self->node, i % 2 ? WN_FAN_NEWEST : 0, nr));
	}
	produce(_metadata, self, nr);
	for (i = 0; i < SEATS; i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status);
	}
}

TEST_F_TIMEOUT(fan, processes_that_hold, 240)
{
	if (wt_is_embedded())
		SKIP(return, "no other process can come in");
	exchange(_metadata, self, WN_FAN_HOLDS);
}

TEST_F_TIMEOUT(fan, processes_that_lose, 240)
{
	if (wt_is_embedded())
		SKIP(return, "no other process can come in");
	exchange(_metadata, self, 0);
}

struct reader {
	pthread_t thread;
	const char *d;
	uint64_t node, last;
	uint32_t flags;
	int status;
	struct wn *by;		/* who gives it what it reads by; NULL: nobody needs to */
	pthread_mutex_t lock;	/* of by, which is used by two threads, and cap */
	__u64 cap;
};

static void *run_reader(void *arg)
{
	struct reader *r = arg;

	r->status = consume(r->d, r->node, r->flags, r->last);
	return NULL;
}

/* The same by threads, each with a client of its own. */
TEST_F_TIMEOUT(fan, threads, 240)
{
	const uint64_t nr = wt_number("WN_RECORDS", 6000);
	struct reader r[SEATS];
	int holds, i;

	for (holds = 0; holds < 2; holds++) {
		ASSERT_EQ(0, make(self, holds ? WN_FAN_HOLDS : 0));
		for (i = 0; i < SEATS; i++) {
			r[i] = (struct reader){
				.d = self->d, .node = self->node, .last = nr,
				.flags = i % 2 ? WN_FAN_NEWEST : 0,
			};
			ASSERT_EQ(0, pthread_create(&r[i].thread, NULL, run_reader, &r[i]));
		}
		produce(_metadata, self, nr);
		for (i = 0; i < SEATS; i++) {
			pthread_join(r[i].thread, NULL);
			EXPECT_EQ(0, r[i].status);
		}
	}
}

/* Whether what ended its reading, or kept it from it, may be: some are thrown out. */
static bool may_be(const struct reader *r, int err)
{
	return err == -EAGAIN || (r->by && (err == -EKEYREVOKED || err == -ENOSPC));
}

/* Takes back what a guest reads by, if that is still there. */
static int throw_out(struct reader *r)
{
	int err = 0;

	pthread_mutex_lock(&r->lock);
	if (r->cap)
		err = wn_cap_revoke(r->by, 0, r->cap);
	r->cap = 0;
	pthread_mutex_unlock(&r->lock);
	return err;
}

/* Joins, reads a bit, leaves, again and again, and loses nothing. */
static void *run_guest(void *arg)
{
	struct reader *r = arg;
	__u64 lost, next;
	struct wn_lane l;
	struct wn wn;
	int64_t got;
	int err;

	if (wn_open(&wn, r->d, NULL)) {
		r->status = 1;
		return NULL;
	}
	for (err = 0; !r->status;) {
		struct wn_grant may = { .rights = WN_RIGHT_READ };
		__u32 index = 0;
		int64_t cap = 0;

		/* What it reads by is taken back while it joins and reads. */
		if (r->by) {
			err = throw_out(r);
			if (err)
				r->status = err;
			pthread_mutex_lock(&r->lock);
			cap = wn_cap_grant(r->by, 0, r->node, wn.client + 1, &may, &index);
			r->cap = WN_RES_IS_ERROR(cap) ? 0 : (__u64)cap;
			pthread_mutex_unlock(&r->lock);
			if (WN_RES_IS_ERROR(cap))
				r->status = (int)cap;
			while (wn_peek_event(&wn))
				wn_event_seen(&wn);
		}
		err = wn_fan_join(&wn, &l, r->node, index, r->flags);
		if (may_be(r, err))
			continue;
		if (err)
			break;
		for (next = 0, got = 0; got >= 0 && next < r->last;) {
			got = take_or_wait(&l, &lost);
			if (got >= 0 && next && (uint64_t)got != next + lost)
				r->status = 2;
			next = got >= 0 ? (uint64_t)got + 1 : next;
			if (next % 7 == 0)
				break;
		}
		if (got < 0 && got != -ENOLINK && !may_be(r, (int)got))
			r->status = (int)got;
		wn_lane_close(&l);
	}
	if (!r->status && err != -ENOENT)
		r->status = err;
	wn_close(&wn);
	return NULL;
}

TEST_F_TIMEOUT(fan, guests, 240)
{
	const uint64_t nr = wt_number("WN_RECORDS", 8000);
	struct reader r[SEATS];
	uint64_t n;
	int i;

	ASSERT_EQ(0, make(self, WN_FAN_HOLDS));
	for (i = 0; i < SEATS; i++) {
		r[i] = (struct reader){
			.d = self->d, .node = self->node, .last = nr,
			.flags = i % 2 ? WN_FAN_NEWEST : 0,
		};
		ASSERT_EQ(0, pthread_create(&r[i].thread, NULL, run_guest, &r[i]));
	}
	for (n = 0; n < nr; n++)
		ASSERT_EQ(0, put_or_wait(&self->out, n));
	wn_lane_close(&self->out);
	for (i = 0; i < SEATS; i++) {
		pthread_join(r[i].thread, NULL);
		EXPECT_EQ(0, r[i].status);
	}
}

/* Seats are taken, left, taken back and lost with a right, all at once. */
TEST_F_TIMEOUT(fan, guests_thrown_out, 240)
{
	const uint64_t nr = wt_number("WN_RECORDS", 4000);
	struct reader r[SEATS + 1];
	uint64_t n, evicted = 0;
	int i, err, bad = 0;

	ASSERT_EQ(0, make(self, WN_FAN_HOLDS));
	for (i = 0; i <= SEATS; i++) {
		r[i] = (struct reader){
			.d = self->d, .node = self->node, .last = nr, .by = &self->c[i],
			.flags = i % 2 ? WN_FAN_NEWEST : 0,
			.lock = PTHREAD_MUTEX_INITIALIZER,
		};
		ASSERT_EQ(0, pthread_create(&r[i].thread, NULL, run_guest, &r[i]));
	}
	for (n = 0; !bad && n < nr; n++) {
		bad = put_or_wait(&self->out, n);
		i = (int)((n * 2654435761u >> 8) % (SEATS + 1));
		/* Let some come in. */
		if (n % 17 == 0)
			usleep(100);
		if (n % 17 == 0 && i < SEATS) {
			err = wn_fan_evict(&self->out, (uint32_t)i);
			evicted += !err;
			bad = bad || err == -ENOENT ? bad : err;
		}
		if (n % 13 == 0)
			bad = bad ?: throw_out(&r[i]);
	}
	TH_LOG("%llu were evicted", (unsigned long long)evicted);
	wn_lane_close(&self->out);
	for (i = 0; i <= SEATS; i++) {
		pthread_join(r[i].thread, NULL);
		EXPECT_EQ(0, r[i].status);
	}
	EXPECT_EQ(0, bad);
}

/* Consumers come and are killed all the time: nobody else notices. */
TEST_F_TIMEOUT(fan, consumers_killed, 240)
{
	const uint32_t rounds = wt_number("WN_ROUNDS", 12);
	__u64 n = 0, lost, taken = 0, until;
	long long used;
	uint32_t round;
	int status;
	pid_t pid;

	if (wt_is_embedded())
		SKIP(return, "no other process can come in");
	ASSERT_EQ(0, make(self, WN_FAN_HOLDS));
	ASSERT_EQ(0, join(self, 0, 0));
	used = wt_used(&self->m);
	for (round = 0; round < rounds; round++) {
		pid = fork();
		if (!pid)
			_exit(consume(self->d, self->node, round % 2 ? WN_FAN_NEWEST : 0, 0));
		until = n + 500 + round * 977 % 3000;
		for (; n < until; n++) {
			if (n == until - 100)
				kill(pid, SIGKILL);
			ASSERT_EQ(0, put_or_wait(&self->out, n));
			ASSERT_EQ((int64_t)taken, take(&self->in[0], &lost));
			taken++;
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(SIGKILL, status);
	}
	EXPECT_EQ(used, wt_used(&self->m));
}

/* The producer is killed at any moment: each consumer reads what was published. */
TEST_F_TIMEOUT(fan, producer_killed, 240)
{
	const uint32_t rounds = wt_number("WN_ROUNDS", 8);
	uint32_t round;
	__u64 lost;
	int64_t got, next;
	int status, i;
	pid_t pid;

	if (wt_is_embedded())
		SKIP(return, "no other process can come in");
	for (round = 0; round < rounds; round++) {
		pid = fork();
		if (!pid) {
			struct wn_lane l;
			struct wn wn;
			uint64_t n;

			if (wn_open(&wn, self->d, NULL) ||
			    wn_fan_make(&wn, &l, self->node, 0, BYTES, SEATS,
					round % 2 ? WN_FAN_HOLDS : 0))
				_exit(1);
			for (n = 0; !put_or_wait(&l, n); n++)
				;
			_exit(2);
		}
		for (i = 0; i < 2; i++) {
			while ((status = join(self, i, 0)) == -ENOENT || status == -EAGAIN)
				usleep(100);
			ASSERT_EQ(0, status);
		}
		for (i = 0, next = -1; i < 500 + (int)(round * 977 % 1500); i++) {
			got = take_or_wait(&self->in[0], &lost);
			ASSERT_TRUE(next < 0 || got == next + (int64_t)lost);
			next = got + 1;
			if (round % 2)
				take(&self->in[1], &lost);
		}
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(SIGKILL, status);
		while ((got = take_or_wait(&self->in[0], &lost)) >= 0)
			;
		EXPECT_EQ(-ENOLINK, got);
		while ((got = take_or_wait(&self->in[1], &lost)) >= 0)
			;
		EXPECT_EQ(-ENOLINK, got);
		EXPECT_EQ(self->in[0].peer->pos, self->in[0].pos);
		EXPECT_EQ(self->in[1].peer->pos, self->in[1].pos);
		wn_lane_close(&self->in[0]);
		wn_lane_close(&self->in[1]);
	}
}

WT_MAIN
