// SPDX-License-Identifier: MIT
/* Fans of which one end writes what it likes, or at a moment that cannot be met otherwise. */
#include "fan_fixture.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <wn_transport.h>

#include "harness.h"

FIXTURE(fan_broken)
{
	struct wt_fan f;
};

FIXTURE_SETUP(fan_broken)
{
	ASSERT_EQ(0, wt_fan_open(&self->f));
}

FIXTURE_TEARDOWN(fan_broken)
{
	wt_fan_close(&self->f);
}

/* A consumer that writes nonsense is evicted; one that says no more holds it back only. */
TEST_F(fan_broken, hostile_consumer)
{
	static const uint64_t lies[] = { 4, 1ull << 40, ~0ull, ~7ull, 8 };
	__u64 n = 0, lost, taken = 0;
	uint32_t i;

	ASSERT_EQ(0, wt_fan_make(&self->f, WN_FAN_HOLDS));
	ASSERT_EQ(0, wt_fan_join(&self->f, 0, 0));
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		ASSERT_EQ(0, wt_fan_join(&self->f, 1, WN_FAN_NEWEST));
		self->f.in[1].own->pos = lies[i];
		self->f.in[1].own->flags = ~0u;
		self->f.in[1].own->bell = ~0u;
		for (lost = n + 200; n < lost; n++) {
			ASSERT_EQ(0, wt_fan_put(&self->f.out, n)) {
				TH_LOG("lie %u", i);
			}
			ASSERT_EQ((int64_t)taken, wt_fan_take(&self->f.in[0], &lost));
			taken++;
			lost = (i + 1) * 200;
		}
		/* Positions below what the producer may still need are told by and by. */
		EXPECT_EQ(-EKEYREVOKED, wn_lane_wait(&self->f.in[1], 0, wn_deadline(WT_FAN_PATIENT))) {
			TH_LOG("lie %u", i);
		}
		wn_lane_close(&self->f.in[1]);
	}
}

/* A consumer that changes what it says all the time, from where it is read. */
struct scribbler {
	pthread_mutex_t lock;	/* its page goes with its seat */
	struct wn_lane *in;
	int stop;
};

static void *scribble_heads(void *arg)
{
	struct scribbler *s = arg;
	uint32_t r = 1, i;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		pthread_mutex_lock(&s->lock);
		for (i = 0; i < 100; i++) {
			r = r * 1664525u + 1013904223u;
			__atomic_store_n(&s->in->own->pos,
					 __atomic_load_n(&s->in->peer->pos, __ATOMIC_RELAXED) -
					 (r >> 26 ? r >> 8 & 0x3f8 : r), __ATOMIC_RELEASE);
			__atomic_store_n(&s->in->own->flags, r, __ATOMIC_RELAXED);
			__atomic_store_n(&s->in->own->bell, r, __ATOMIC_RELAXED);
		}
		pthread_mutex_unlock(&s->lock);
		sched_yield();
	}
	return NULL;
}

static bool has_its_seat(const struct wn_lane *in)
{
	const struct wn_fan_state *fan = (const void *)((const char *)in->state + WN_FAN_OFFSET);

	return __atomic_load_n(&fan->seats, __ATOMIC_ACQUIRE) >> in->seat & 1;
}

/* The producer goes on, and so does who reads beside it; that one is evicted again and again. */
TEST_F_TIMEOUT(fan_broken, scribbling_consumer, 240)
{
	struct scribbler s = {
		.lock = PTHREAD_MUTEX_INITIALIZER, .in = &self->f.in[1],
	};
	uint64_t n, taken = 0;
	uint32_t evicted = 0;
	pthread_t thread;
	__u64 lost;
	int err;

	ASSERT_EQ(0, wt_fan_make(&self->f, WN_FAN_HOLDS));
	ASSERT_EQ(0, wt_fan_join(&self->f, 0, 0));
	ASSERT_EQ(0, wt_fan_join(&self->f, 1, 0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, scribble_heads, &s));
	for (n = 0; n < 20000 || (evicted < 20 && n < 500000);) {
		err = wt_fan_put(&self->f.out, n);
		n += !err;
		/* By what it says it may hold the producer back for a while. */
		ASSERT_TRUE(!err || err == -EAGAIN) {
			TH_LOG("%d at %llu", err, (unsigned long long)n);
		}
		while (taken < n) {
			ASSERT_EQ((int64_t)taken, wt_fan_take(&self->f.in[0], &lost));
			taken++;
		}
		if (err)
			sched_yield();
		if (has_its_seat(&self->f.in[1]))
			continue;
		evicted++;
		pthread_mutex_lock(&s.lock);
		wn_lane_close(&self->f.in[1]);
		err = wt_fan_join(&self->f, 1, WN_FAN_NEWEST);
		pthread_mutex_unlock(&s.lock);
		ASSERT_EQ(0, err);
	}
	__atomic_store_n(&s.stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_LT(0, evicted);
	TH_LOG("%u times evicted", evicted);
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
TEST_F(fan_broken, hostile_producer)
{
	uint32_t dice = 1, round;
	__u64 lost;
	int holds, i, n;
	int64_t got;

	for (holds = 0; holds < 2; holds++) {
		for (round = 0; round < 300; round++) {
			ASSERT_EQ(0, wt_fan_make(&self->f, holds ? WN_FAN_HOLDS : 0));
			if (round % 3)
				scribble(self->f.out.own, 256, &dice);
			for (i = 0; i < 2; i++) {
				got = wt_fan_join(&self->f, i, i ? WN_FAN_NEWEST : 0);
				ASSERT_TRUE(!got || got == -EAGAIN || got == -EPROTO);
			}
			scribble(self->f.out.data, WT_FAN_BYTES, &dice);
			for (n = 0; n < 20; n++) {
				scribble(self->f.out.own, 256, &dice);
				for (i = 0; i < 2; i++) {
					got = self->f.in[i].alive ? wt_fan_take(&self->f.in[i], &lost) : 0;
					ASSERT_TRUE(got >= -4095);
				}
			}
			for (i = 0; i < 2; i++)
				wn_lane_close(&self->f.in[i]);
			wn_lane_close(&self->f.out);
		}
	}
}

/* Nobody begins where no record can be. */
TEST_F(fan_broken, unaligned_producer)
{
	struct wn_fan_side *side;
	__u64 lost;

	ASSERT_EQ(0, wt_fan_make(&self->f, 0));
	ASSERT_EQ(0, wt_fan_put(&self->f.out, 0));
	side = (void *)((char *)self->f.out.own + WN_FAN_OFFSET);
	self->f.out.own->pos += 4;
	EXPECT_EQ(-EPROTO, wt_fan_join(&self->f, 0, WN_FAN_NEWEST));
	self->f.out.own->pos -= 4;
	side->floor = 12;
	EXPECT_EQ(-EPROTO, wt_fan_join(&self->f, 0, 0));
	side->floor = 0;
	/* It goes on where it was. */
	ASSERT_EQ(0, wt_fan_join(&self->f, 0, 0));
	EXPECT_EQ(0, self->f.in[0].seat);
	EXPECT_EQ(0, wt_fan_take(&self->f.in[0], &lost));
}

/* What was void is given back before somebody has room for what comes behind it. */
TEST_F(fan_broken, void_then_long)
{
	struct wn_lane_rec *rec;
	char bytes[512];
	__u64 lost;
	int i;

	ASSERT_EQ(0, wt_fan_make(&self->f, WN_FAN_HOLDS));
	ASSERT_EQ(0, wt_fan_join(&self->f, 0, 0));
	rec = (void *)self->f.out.data;
	ASSERT_EQ(0, wn_fan_put(&self->f.out, bytes, 40, 0));
	rec->flags = WN_LANE_REC_VOID;
	ASSERT_EQ(0, wt_fan_put(&self->f.out, 1));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-EMSGSIZE, wn_fan_read(&self->f.in[0], bytes, 4, NULL, &lost));
		EXPECT_EQ(wn_lane_room(40), self->f.in[0].own->pos);
		/* It is the producer's again. */
		memset(rec, 0xff, 48);
	}
	EXPECT_EQ(1, wt_fan_take(&self->f.in[0], &lost));
	EXPECT_EQ(self->f.out.own->pos, self->f.in[0].own->pos);
}

/* What was written over the record of who lost its seat is no record: not too long, not broken. */
TEST_F(fan_broken, evicted_reads_nonsense)
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
		ASSERT_EQ(0, wt_fan_make(&self->f, WN_FAN_HOLDS));
		ASSERT_EQ(0, wt_fan_join(&self->f, 0, 0));
		for (n = 0; n < WT_FAN_BYTES / 32; n++)
			ASSERT_EQ(0, wn_fan_send(&self->f.out, words, 24, 0));
		ASSERT_EQ(24, wn_fan_read(&self->f.in[0], words, sizeof(words), NULL, &lost));
		ASSERT_EQ(0, wn_fan_evict(&self->f.out, self->f.in[0].seat));
		/* One that is longer: words come to lie where heads were. */
		for (n = 0; n < WT_FAN_BYTES / 32; n++)
			ASSERT_EQ(0, wn_fan_send(&self->f.out, words, n ? 24 : 32, 0));
		EXPECT_EQ(-EKEYREVOKED,
			  wn_fan_read(&self->f.in[0], words, sizeof(words), NULL, &lost));
		wn_lane_close(&self->f.in[0]);
		wn_lane_close(&self->f.out);
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
TEST_F(fan_broken, honest_joiner_is_not_evicted)
{
	__u64 n, lost, first;

	ASSERT_EQ(0, wt_fan_make(&self->f, WN_FAN_HOLDS));
	ASSERT_EQ(0, wt_fan_join(&self->f, 0, 0));
	for (n = 0; n < 500; n++) {
		ASSERT_EQ(0, wt_fan_put(&self->f.out, n));
		ASSERT_EQ((int64_t)n, wt_fan_take(&self->f.in[0], &lost));
	}
	ASSERT_LT(2 * WT_FAN_BYTES, self->f.out.own->pos);
	come_between(&self->f.p);
	ASSERT_EQ(0, wt_fan_join(&self->f, 1, WN_FAN_NEWEST));
	engine.there = self->f.in[1].own->pos;
	engine.late = self->f.in[1].own;
	engine.late->pos = 0;
	/* Until its producer looks where it is, and then beyond all that it had room for. */
	for (first = n; engine.late && !wt_fan_put(&self->f.out, n); n++)
		ASSERT_EQ((int64_t)n, wt_fan_take(&self->f.in[0], &lost));
	ASSERT_EQ(NULL, engine.late);
	ASSERT_EQ(0, engine.evictions);
	for (; first < n; first++)
		ASSERT_EQ((int64_t)first, wt_fan_take(&self->f.in[1], &lost));
	for (; n < 1000; n++) {
		ASSERT_EQ(0, wt_fan_put(&self->f.out, n));
		ASSERT_EQ((int64_t)n, wt_fan_take(&self->f.in[0], &lost));
		ASSERT_EQ((int64_t)n, wt_fan_take(&self->f.in[1], &lost));
	}
	EXPECT_EQ(0, engine.evictions);
	/* A liar is one after that, too. */
	self->f.in[1].own->pos = 0;
	for (; n < 1100; n++) {
		ASSERT_EQ(0, wt_fan_put(&self->f.out, n));
		ASSERT_EQ((int64_t)n, wt_fan_take(&self->f.in[0], &lost));
	}
	EXPECT_EQ(1, engine.evictions);
	EXPECT_EQ(-EKEYREVOKED, wn_lane_wait(&self->f.in[1], 0, wn_deadline(WT_FAN_PATIENT)));
	self->f.p.via = engine.via;
}

/* The first sleep of a seat's next consumer has the count of its last one's. */
TEST_F(fan_broken, next_sleeper_is_woken)
{
	const uint32_t first = WN_LANE_F_SLEEPS | WN_LANE_F_COUNT;

	ASSERT_EQ(0, wt_fan_make(&self->f, WN_FAN_HOLDS));
	come_between(&self->f.p);
	ASSERT_EQ(0, wt_fan_join(&self->f, 0, 0));
	self->f.in[0].own->flags = first;
	ASSERT_EQ(0, wt_fan_put(&self->f.out, 0));
	ASSERT_EQ(1, engine.wakes);
	wn_lane_close(&self->f.in[0]);
	ASSERT_EQ(0, wt_fan_join(&self->f, 1, WN_FAN_NEWEST));
	ASSERT_EQ(0, self->f.in[1].seat);
	/* It is the last one's page that is looked at, up to when its life is. */
	engine.next = self->f.in[1].own;
	engine.next->flags = first;
	ASSERT_EQ(0, wt_fan_put(&self->f.out, 1));
	ASSERT_EQ(NULL, engine.next);
	engine.wakes = 0;
	self->f.in[1].own->flags = first;
	ASSERT_EQ(0, wt_fan_put(&self->f.out, 2));
	EXPECT_EQ(1, engine.wakes);
	/* Once for a sleep. */
	ASSERT_EQ(0, wt_fan_put(&self->f.out, 3));
	EXPECT_EQ(1, engine.wakes);
	self->f.p.via = engine.via;
}

WT_MAIN
