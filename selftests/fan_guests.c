// SPDX-License-Identifier: MIT
/* Consumers of a fan who join, read a bit and leave, or are thrown out, all at once. */
#include "fan_fixture.h"

#include <pthread.h>
#include <unistd.h>

#include "harness.h"

FIXTURE(fan_guests)
{
	struct wt_fan f;
};

FIXTURE_SETUP(fan_guests)
{
	ASSERT_EQ(0, wt_fan_open(&self->f));
}

FIXTURE_TEARDOWN(fan_guests)
{
	wt_fan_close(&self->f);
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
			got = wt_fan_take_or_wait(&l, &lost);
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

TEST_F_TIMEOUT(fan_guests, guests, 240)
{
	const uint64_t nr = wt_number("WN_RECORDS", 8000);
	struct reader r[WT_FAN_SEATS];
	uint64_t n;
	int i;

	ASSERT_EQ(0, wt_fan_make(&self->f, WN_FAN_HOLDS));
	for (i = 0; i < WT_FAN_SEATS; i++) {
		r[i] = (struct reader){
			.d = self->f.d, .node = self->f.node, .last = nr,
			.flags = i % 2 ? WN_FAN_NEWEST : 0,
		};
		ASSERT_EQ(0, pthread_create(&r[i].thread, NULL, run_guest, &r[i]));
	}
	for (n = 0; n < nr; n++)
		ASSERT_EQ(0, wt_fan_put_or_wait(&self->f.out, n));
	wn_lane_close(&self->f.out);
	for (i = 0; i < WT_FAN_SEATS; i++) {
		pthread_join(r[i].thread, NULL);
		EXPECT_EQ(0, r[i].status);
	}
}

/* Seats are taken, left, taken back and lost with a right, all at once. */
TEST_F_TIMEOUT(fan_guests, guests_thrown_out, 240)
{
	const uint64_t nr = wt_number("WN_RECORDS", 4000);
	struct reader r[WT_FAN_SEATS + 1];
	uint64_t n, evicted = 0;
	int i, err, bad = 0;

	ASSERT_EQ(0, wt_fan_make(&self->f, WN_FAN_HOLDS));
	for (i = 0; i <= WT_FAN_SEATS; i++) {
		r[i] = (struct reader){
			.d = self->f.d, .node = self->f.node, .last = nr, .by = &self->f.c[i],
			.flags = i % 2 ? WN_FAN_NEWEST : 0,
			.lock = PTHREAD_MUTEX_INITIALIZER,
		};
		ASSERT_EQ(0, pthread_create(&r[i].thread, NULL, run_guest, &r[i]));
	}
	for (n = 0; !bad && n < nr; n++) {
		bad = wt_fan_put_or_wait(&self->f.out, n);
		i = (int)((n * 2654435761u >> 8) % (WT_FAN_SEATS + 1));
		/* Let some come in. */
		if (n % 17 == 0)
			usleep(100);
		if (n % 17 == 0 && i < WT_FAN_SEATS) {
			err = wn_fan_evict(&self->f.out, (uint32_t)i);
			evicted += !err;
			bad = bad || err == -ENOENT ? bad : err;
		}
		if (n % 13 == 0)
			bad = bad ?: throw_out(&r[i]);
	}
	TH_LOG("%llu were evicted", (unsigned long long)evicted);
	wn_lane_close(&self->f.out);
	for (i = 0; i <= WT_FAN_SEATS; i++) {
		pthread_join(r[i].thread, NULL);
		EXPECT_EQ(0, r[i].status);
	}
	EXPECT_EQ(0, bad);
}

WT_MAIN
