// SPDX-License-Identifier: MIT
/* Rights taken back while those who have them attach, add, connect, accept, close, join. */
#include "pair.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

#define BYTES	4096u
#define PATIENT	60000000000ull

enum { ATTACH, CONNECT, ACCEPT, JOIN, KINDS };

struct storm;

struct taker {
	struct storm *s;
	struct wn wn;
	pthread_t thread;
	uint32_t index;		/* of what it was granted last */
	uint64_t done, refused, odd;
	int last_odd;
};

struct storm {
	struct wt_pair p;
	struct taker taker[KINDS];
	struct wn_lane fan;
	uint64_t cell, lanes, fans;
	bool stop;
};

static uint32_t index_of(const struct taker *t)
{
	return __atomic_load_n(&t->index, __ATOMIC_ACQUIRE);
}

/* What may come of a right that ends at any moment, and of ends that others close. */
static bool may_be(int64_t err)
{
	return err == -EKEYREVOKED || err == -EACCES || err == -ENOLINK || err == -EDQUOT ||
	       err == -ENOENT || err == -ENOSPC || err == -EAGAIN || err == -ETIME;
}

static int64_t slot_op(struct taker *t, bool attach)
{
	struct wn_sqe sqe = {};

	if (attach)
		wn_prep_attach(&sqe, t->s->p.node, t->s->cell, 0);
	else
		wn_prep_detach(&sqe, t->s->p.node, t->s->cell, 0);
	sqe.cap = (uint16_t)index_of(t);
	return wn_do(&t->wn, &sqe, NULL, NULL);
}

static int64_t attach(struct taker *t)
{
	int64_t slot = slot_op(t, true);
	__u64 *word;
	int i;

	if (WN_RES_IS_ERROR(slot))
		return slot;
	word = &t->wn.slots[slot];
	for (i = 0; i < 100; i++)
		__atomic_store_n(word, __atomic_load_n(word, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
	sched_yield();
	slot = slot_op(t, false);
	return WN_RES_IS_ERROR(slot) ? slot : 0;
}

static int64_t connect_and_send(struct taker *t)
{
	struct wn_lane l;
	int i, err = wn_lane_connect(&t->wn, &l, t->s->lanes, index_of(t), BYTES);

	if (err)
		return err;
	for (i = 0; i < 20 && !err; i++)
		err = wt_pair_send(&l, (uint32_t)i);
	wn_lane_close(&l);
	return err;
}

static int64_t accept_and_take(struct taker *t)
{
	struct wn_lane l;
	int64_t got = wn_lane_accept(&t->wn, &l, NULL, wn_deadline(1000000));
	uint32_t i;

	if (got)
		return got;
	for (i = 0; (got = wt_pair_take(&l)) == i; i++)
		;
	wn_lane_close(&l);
	return got < 0 ? got : -EBADMSG;
}

static int64_t join_and_read(struct taker *t)
{
	struct wn_lane l;
	char record[64];
	int64_t got = wn_fan_join(&t->wn, &l, t->s->fans, index_of(t), 0);
	int i;

	if (got)
		return got;
	for (i = 0; i < 10 && got >= 0; i++)
		got = wn_fan_read(&l, record, sizeof(record), NULL, NULL);
	wn_lane_close(&l);
	return got < 0 ? got : 0;
}

static void *take(void *arg)
{
	static int64_t (*const does[KINDS])(struct taker *t) = {
		attach, connect_and_send, accept_and_take, join_and_read,
	};
	struct taker *t = arg;
	int64_t err;

	while (!__atomic_load_n(&t->s->stop, __ATOMIC_RELAXED)) {
		err = does[t - t->s->taker](t);
		/* It is told of what it is granted. */
		while (wn_peek_event(&t->wn))
			wn_event_seen(&t->wn);
		if (!err || err == -EAGAIN || err == -ENOLINK) {
			t->done++;
		} else if (may_be(err)) {
			t->refused++;
		} else {
			t->odd++;
			t->last_odd = (int)err;
		}
		sched_yield();
	}
	return NULL;
}

FIXTURE(revoke_storm)
{
	struct storm s;
};

static int64_t node_of(struct wn *all, const char *name)
{
	return wn_create(all, 0, name);
}

FIXTURE_SETUP(revoke_storm)
{
	const struct wn_grant read = { .rights = WN_RIGHT_READ };
	struct storm *s = &self->s;
	struct wn_sqe sqe = {};
	int64_t res;
	int k;

	ASSERT_EQ(0, wt_pair_open(&s->p));
	s->lanes = (uint64_t)node_of(&s->p.all, "lanes");
	s->fans = (uint64_t)node_of(&s->p.all, "fans");
	wn_prep_cell_create(&sqe, s->p.node, 1, WN_CELL_GCOUNTER, 0, 0);
	res = wn_do(&s->p.all, &sqe, NULL, NULL);
	ASSERT_FALSE(WN_RES_IS_ERROR(res));
	s->cell = (uint64_t)res;
	for (k = 0; k < KINDS; k++) {
		s->taker[k].s = s;
		ASSERT_EQ(0, wn_open(&s->taker[k].wn, s->p.path, NULL));
	}
	res = wn_cap_grant(&s->p.all, 0, s->lanes, s->taker[ACCEPT].wn.client + 1, &read,
			   &s->taker[ACCEPT].index);
	ASSERT_FALSE(WN_RES_IS_ERROR(res));
	memset(&sqe, 0, sizeof(sqe));
	wn_prep_bind(&sqe, s->lanes, 0, 0);
	sqe.cap = (uint16_t)s->taker[ACCEPT].index;
	ASSERT_EQ(0, wn_do(&s->taker[ACCEPT].wn, &sqe, NULL, NULL));
	ASSERT_EQ(0, wn_fan_make(&s->p.all, &s->fan, s->fans, 0, BYTES, 4, 0));
}

FIXTURE_TEARDOWN(revoke_storm)
{
	int k;

	wn_lane_close(&self->s.fan);
	for (k = 0; k < KINDS; k++)
		wn_close(&self->s.taker[k].wn);
	wt_pair_close(&self->s.p);
}

/* A right for one of them; its handle. Its inbox may be full for a while. */
static int64_t grant(struct storm *s, int kind)
{
	static const uint32_t rights[KINDS] = { WN_RIGHT_ATTACH, WN_RIGHT_EMIT, 0, WN_RIGHT_READ };
	const uint64_t node[KINDS] = { s->p.node, s->lanes, 0, s->fans };
	const struct wn_grant may = { .rights = rights[kind] };
	struct taker *t = &s->taker[kind];
	const uint64_t until = wn_deadline(PATIENT);
	uint32_t index;
	int64_t cap;

	do {
		cap = wn_cap_grant(&s->p.all, 0, node[kind], t->wn.client + 1, &may, &index);
	} while (cap == -ENOBUFS && wn_deadline(0) < until);
	if (!WN_RES_IS_ERROR(cap))
		__atomic_store_n(&t->index, index, __ATOMIC_RELEASE);
	return cap;
}

TEST_F_TIMEOUT(revoke_storm, all_that_takes, 240)
{
	const uint32_t rounds = wt_number("WN_ROUNDS", 200);
	struct storm *s = &self->s;
	uint32_t round, seat;
	int64_t cap[KINDS];
	__u64 behind, value;
	int k;

	for (k = 0; k < KINDS; k++)
		ASSERT_EQ(0, pthread_create(&s->taker[k].thread, NULL, take, &s->taker[k]));
	for (round = 0; round < rounds; round++) {
		for (k = 0; k < KINDS; k++) {
			if (k == ACCEPT)
				continue;
			cap[k] = grant(s, k);
			ASSERT_FALSE(WN_RES_IS_ERROR(cap[k])) TH_LOG("%lld", (long long)cap[k]);
		}
		ASSERT_EQ(0, wn_fan_send(&s->fan, "record", 6, 0));
		usleep(round * 7919 % 3000);
		if (round % 3 == 0 && !wn_fan_slowest(&s->fan, &seat, &behind))
			wn_fan_evict(&s->fan, seat);
		for (k = 0; k < KINDS; k++)
			if (k != ACCEPT)
				ASSERT_EQ(0, wn_cap_revoke(&s->p.all, 0, (uint64_t)cap[k]));
	}
	__atomic_store_n(&s->stop, true, __ATOMIC_RELAXED);
	for (k = 0; k < KINDS; k++) {
		pthread_join(s->taker[k].thread, NULL);
		TH_LOG("%d: %llu done, %llu refused", k, (unsigned long long)s->taker[k].done,
		       (unsigned long long)s->taker[k].refused);
		EXPECT_LT(0, s->taker[k].done);
		EXPECT_EQ(0, s->taker[k].odd) TH_LOG("%d: %d", k, s->taker[k].last_odd);
	}
	/* No add counts twice, and some do. */
	ASSERT_EQ(0, wn_counter_read(&s->p.all, s->p.node, s->cell, &value));
	EXPECT_LT(0, value);
	EXPECT_GE(100 * (s->taker[ATTACH].done + s->taker[ATTACH].refused), value);
}

WT_MAIN
