// SPDX-License-Identifier: MIT
/*
 * 32 consumers of one work queue, killed at random: each event is acknowledged exactly
 * once or comes to the dead-letter node. An ACK is of one group with its effect, so
 * that what the domain says counts, and no note of somebody who may be dead.
 */
#include "common.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <wn.h>

#include "harness.h"
#include "storm.h"

#define IS_ERROR(res)	WN_RES_IS_ERROR(res)
#define CONSUMERS	32
#define CREDIT		4
#define TRIES		1	/* few, so that some end as dead letters */
#define BATCH		32
#define MINUTE		60000000000ULL

struct shared {
	uint32_t stop;
	uint64_t line[CONSUMERS];
	int64_t failed[CONSUMERS];
	uint8_t seen[];		/* by event: consumers that were told of their ACK */
};

FIXTURE(queuestorm)
{
	struct wt_mount m;
	char path[64];
	struct wn wn;
	struct shared *shared;
	__u64 work, dead, count, sum;
	struct ws_dice dice;
	pid_t pids[CONSUMERS];
};

FIXTURE_SETUP(queuestorm)
{
	struct wn *wn = &self->wn;
	struct wn_queue queue = { .lease = MINUTE, .tries = TRIES };
	__s64 res;

	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	strcpy(self->path, wt_path(&self->m, "queue"));
	ASSERT_EQ(0, wn_domain_create(self->path, 0600, NULL));
	ASSERT_EQ(0, wn_open(wn, self->path, NULL));
	res = wn_create(wn, 0, "work");
	ASSERT_FALSE(IS_ERROR(res));
	self->work = (__u64)res;
	res = wn_create(wn, 0, "dead");
	ASSERT_FALSE(IS_ERROR(res));
	self->dead = queue.dead = (__u64)res;
	ASSERT_EQ(0, wn_bind(wn, self->dead, WN_POLICY_FAIL));
	ASSERT_EQ(0, wn_bind_queue(wn, self->work, &queue));
	res = wn_cell_create(wn, self->work, 1, WN_CELL_GCOUNTER, 0);
	ASSERT_FALSE(IS_ERROR(res));
	self->count = (__u64)res;
	res = wn_cell_create(wn, self->work, 2, WN_CELL_PNCOUNTER, 0);
	ASSERT_FALSE(IS_ERROR(res));
	self->sum = (__u64)res;
}

FIXTURE_TEARDOWN(queuestorm)
{
	wn_close(&self->wn);
	wt_umount(&self->m);
}

/* ---------------------------------------------------------------- a consumer */

#define FAIL(err)							\
	do {								\
		self->shared->line[number] = __LINE__;			\
		self->shared->failed[number] = (err);			\
		_exit(1);						\
	} while (0)

static struct wn_sqe *slot(struct wn *wn)
{
	struct wn_sqe *sqe = wn_get_sqe(wn);

	if (!sqe)
		_exit(2);
	return sqe;
}

/* All of it, or nothing: the lease ends, one more is counted, its number is added. */
static __s64 finish(FIXTURE_DATA(queuestorm) *self, struct wn *wn, const struct wn_event *event)
{
	const __u64 hash = ws_hash(event->type) & 0xffffffff;
	const struct wn_cqe *cqe;
	struct wn_sqe *sqe;
	__s64 res = 0;
	int i, err;

	sqe = slot(wn);
	wn_prep_ack(sqe, event->node, event->hlc, 1);
	wn_sqe_flags(sqe, WN_SQE_ATOMIC);
	sqe = slot(wn);
	wn_prep_cell_count(sqe, self->work, self->count, WN_CELL_ADD, 1, 2);
	wn_sqe_flags(sqe, WN_SQE_ATOMIC);
	sqe = slot(wn);
	wn_prep_cell_count(sqe, self->work, self->sum, WN_CELL_ADD, hash, 3);
	err = wn_submit(wn);
	if (err < 0)
		return err;
	for (i = 0; i < 3; i++) {
		do
			err = wn_wait_cqe(wn, &cqe, WN_ENTER_NO_DEADLINE);
		while (err == -EINTR);
		if (err)
			return err;
		if (WN_RES_IS_ERROR(cqe->res) && cqe->res != -ECANCELED)
			res = cqe->res;
		wn_cqe_seen(wn);
	}
	return res;
}

static void consume(FIXTURE_DATA(queuestorm) *self, unsigned int number, struct ws_dice dice)
{
	const struct wn_queue queue = { .credit = CREDIT };
	const struct wn_event *at;
	struct wn_event event;
	struct wn wn;
	__s64 err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The number of one who died just now is free a moment later. */
	while ((err = wn_open(&wn, self->path, NULL)) == -ENOSPC)
		ws_sleep_us(1000);
	if (err)
		FAIL(err);
	err = wn_bind_queue(&wn, self->work, &queue);
	if (err)
		FAIL(err);
	while (!__atomic_load_n(&self->shared->stop, __ATOMIC_ACQUIRE)) {
		err = wn_wait_event(&wn, &at, wn_deadline(20000000));
		if (err == -ETIME || err == -EINTR)
			continue;
		if (err)
			FAIL(err);
		event = *at;
		wn_event_seen(&wn);
		if (event.kind != WN_EV_LEASE || event.node != self->work)
			FAIL(-EPROTO);
		if (!ws_any(&dice, 16)) {
			err = wn_nack(&wn, event.node, event.hlc);
			if (err)
				FAIL(err);
			continue;
		}
		err = finish(self, &wn, &event);
		if (err)
			FAIL(err);
		__atomic_add_fetch(&self->shared->seen[event.type], 1, __ATOMIC_SEQ_CST);
	}
	wn_close(&wn);
	_exit(0);
}

static void begin(FIXTURE_DATA(queuestorm) *self, unsigned int number, uint32_t life)
{
	fflush(NULL);
	self->pids[number] = fork();
	if (!self->pids[number])
		consume(self, number, ws_dice_of(&self->dice, 1000 + life));
}

/* ----------------------------------------------------------------- the storm */

struct letters {
	uint64_t count, sum;
};

/* Those that came to the dead-letter node up to now. */
static void collect(struct wn *wn, struct letters *dead)
{
	const struct wn_event *event;

	while ((event = wn_peek_event(wn))) {
		dead->count++;
		dead->sum += ws_hash(event->type) & 0xffffffff;
		wn_event_seen(wn);
	}
}

static __u64 value(struct wn *wn, __u64 node, __u64 cell)
{
	__u64 value = 0;

	return wn_counter_read(wn, node, cell, &value) ? ~0ULL : value;
}

TEST_F_TIMEOUT(queuestorm, consumers_killed_at_random, 1800)
{
	const uint32_t events = ws_rounds(100000, 5000, 1000);
	struct letters dead = {};
	struct wn *wn = &self->wn;
	uint32_t sent = 0, lives, killed = 0, twice = 0, i;
	uint64_t sum = 0, told = 0;
	int status;
	__s64 err;

	if (wt_is_embedded())
		SKIP(return, "clients are processes");
	self->dice = ws_seed("queuestorm");
	self->shared = ws_shared(sizeof(*self->shared) + events);
	ASSERT_NE(NULL, self->shared);
	for (lives = 0; lives < CONSUMERS; lives++)
		begin(self, lives, lives);
	while (value(wn, self->work, self->count) + dead.count < events) {
		for (i = 0; i < BATCH && sent < events; i++) {
			err = wn_emit(wn, self->work, sent % 4, sent, NULL, 0);
			if (err == -ENOBUFS)
				break;
			ASSERT_EQ(0, err);
			sum += ws_hash(sent) & 0xffffffff;
			sent++;
		}
		collect(wn, &dead);
		if (i < BATCH)
			ws_sleep_us(200);
		if (!ws_any(&self->dice, 3)) {
			const unsigned int victim = ws_any(&self->dice, CONSUMERS);

			ASSERT_EQ(0, kill(self->pids[victim], SIGKILL));
			ASSERT_EQ(self->pids[victim], waitpid(self->pids[victim], &status, 0));
			ASSERT_TRUE(WIFSIGNALED(status))
				TH_LOG("consumer %u: line %llu: %lld", victim,
				       (unsigned long long)self->shared->line[victim],
				       (long long)self->shared->failed[victim]);
			killed++;
			begin(self, victim, lives++);
		}
	}
	__atomic_store_n(&self->shared->stop, 1, __ATOMIC_RELEASE);
	for (i = 0; i < CONSUMERS; i++) {
		ASSERT_EQ(self->pids[i], waitpid(self->pids[i], &status, 0));
		EXPECT_EQ(0, status) TH_LOG("consumer %u: line %llu: %lld", i,
					    (unsigned long long)self->shared->line[i],
					    (long long)self->shared->failed[i]);
	}
	collect(wn, &dead);
	for (i = 0; i < events; i++) {
		told += self->shared->seen[i];
		twice += self->shared->seen[i] > 1;
	}
	TH_LOG("%u events, %u killed: %llu acknowledged, %llu of them told, %llu dead letters",
	       events, killed, (unsigned long long)value(wn, self->work, self->count),
	       (unsigned long long)told, (unsigned long long)dead.count);
	EXPECT_EQ(events, sent);
	EXPECT_EQ(0, twice);
	/* Exactly once, each: how many, and which. */
	EXPECT_EQ(events, value(wn, self->work, self->count) + dead.count);
	EXPECT_EQ(sum, value(wn, self->work, self->sum) + dead.sum);
	/* Who died behind an ACK was not told of it. */
	EXPECT_LE(told, value(wn, self->work, self->count));
	EXPECT_LE(value(wn, self->work, self->count) - told, killed);
	EXPECT_LT(0, killed);
	EXPECT_LT(0, dead.count);
	/* And nothing is left in it. */
	EXPECT_TRUE(WS_EVENTUALLY(!wn_unbind_queue(wn, self->work)));
}

WT_MAIN
