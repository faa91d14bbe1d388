// SPDX-License-Identifier: MIT
/* Fans of processes and threads, which are killed at any moment. */
#include "fan_fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wn_transport.h>

#include "harness.h"

FIXTURE(fan_crowd)
{
	struct wt_fan f;
};

FIXTURE_SETUP(fan_crowd)
{
	ASSERT_EQ(0, wt_fan_open(&self->f));
}

FIXTURE_TEARDOWN(fan_crowd)
{
	wt_fan_close(&self->f);
}

/*
 * Reads for ever, each record in its turn: 0 when the producer is gone. one: where the
 * producer's memory is in this process, to be looked at there; or NULL.
 */
static int consume(const char *d, uint64_t node, uint32_t flags, uint64_t last,
		   const struct wn_lane *one)
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
	if (one) {
		l.data = one->data;
		l.peer = one->own;
	}
	while ((got = wt_fan_take_or_wait(&l, &lost)) >= 0) {
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

static void produce(struct __test_metadata *_metadata, struct wt_fan *f, uint64_t nr)
{
	uint64_t n;

	wait_for_seats(&f->out, WT_FAN_SEATS);
	for (n = 0; n < nr; n++)
		ASSERT_EQ(0, wt_fan_put_or_wait(&f->out, n));
	TH_LOG("%llu records to %u: slept %llu times, woke %llu", (unsigned long long)n,
	       WT_FAN_SEATS, (unsigned long long)f->out.sleeps, (unsigned long long)f->out.wakes);
}

static void exchange(struct __test_metadata *_metadata, struct wt_fan *f, uint32_t flags)
{
	const uint64_t nr = wt_number("WN_RECORDS", 20000);
	int status, i;
	pid_t pid[WT_FAN_SEATS];

	ASSERT_EQ(0, wt_fan_make(f, flags));
	for (i = 0; i < WT_FAN_SEATS; i++) {
		pid[i] = fork();
		if (!pid[i])
			_exit(consume(f->d, f->node, i % 2 ? WN_FAN_NEWEST : 0, nr, NULL));
	}
	produce(_metadata, f, nr);
	wn_lane_close(&f->out);
	for (i = 0; i < WT_FAN_SEATS; i++) {
		ASSERT_EQ(pid[i], waitpid(pid[i], &status, 0));
		EXPECT_EQ(0, status);
	}
}

TEST_F_TIMEOUT(fan_crowd, processes_that_hold, 240)
{
	if (wt_is_embedded())
		SKIP(return, "no other process can come in");
	exchange(_metadata, &self->f, WN_FAN_HOLDS);
}

TEST_F_TIMEOUT(fan_crowd, processes_that_lose, 240)
{
	if (wt_is_embedded())
		SKIP(return, "no other process can come in");
	exchange(_metadata, &self->f, 0);
}

struct reader {
	pthread_t thread;
	const char *d;
	const struct wn_lane *one;
	uint64_t node, last;
	uint32_t flags;
	int status;
};

static void *run_reader(void *arg)
{
	struct reader *r = arg;

	r->status = consume(r->d, r->node, r->flags, r->last, r->one);
	return NULL;
}

/*
 * The same by threads, each with a client of its own. Where the engine is in this process
 * both sides look at the same addresses, so that ThreadSanitizer sees all of it.
 */
TEST_F_TIMEOUT(fan_crowd, threads, 240)
{
	const uint64_t nr = wt_number("WN_RECORDS", 6000);
	struct wn_lane *const out = &self->f.out;
	struct reader r[WT_FAN_SEATS];
	int holds, i;

	for (holds = 0; holds < 2; holds++) {
		ASSERT_EQ(0, wt_fan_make(&self->f, holds ? WN_FAN_HOLDS : 0));
		for (i = 0; i < WT_FAN_SEATS; i++) {
			r[i] = (struct reader){
				.d = self->f.d, .node = self->f.node, .last = nr,
				.flags = i % 2 ? WN_FAN_NEWEST : 0,
				.one = wt_is_embedded() ? out : NULL,
			};
			ASSERT_EQ(0, pthread_create(&r[i].thread, NULL, run_reader, &r[i]));
		}
		produce(_metadata, &self->f, nr);
		/* They still look there: the memory goes after them. */
		if (wt_is_embedded())
			self->f.p.via->call(self->f.p.file, WN_IOC_LANE_CLOSE,
					    (void *)(unsigned long)out->lane);
		else
			wn_lane_close(out);
		for (i = 0; i < WT_FAN_SEATS; i++) {
			pthread_join(r[i].thread, NULL);
			EXPECT_EQ(0, r[i].status);
		}
		wn_lane_close(out);
	}
}

/* Consumers come and are killed all the time: nobody else notices. */
TEST_F_TIMEOUT(fan_crowd, consumers_killed, 240)
{
	const uint32_t rounds = wt_number("WN_ROUNDS", 12);
	__u64 n = 0, lost, taken = 0, until;
	long long used;
	uint32_t round;
	int status;
	pid_t pid;

	if (wt_is_embedded())
		SKIP(return, "no other process can come in");
	ASSERT_EQ(0, wt_fan_make(&self->f, WN_FAN_HOLDS));
	ASSERT_EQ(0, wt_fan_join(&self->f, 0, 0));
	used = wt_used(&self->f.m);
	for (round = 0; round < rounds; round++) {
		pid = fork();
		if (!pid)
			_exit(consume(self->f.d, self->f.node, round % 2 ? WN_FAN_NEWEST : 0, 0,
				      NULL));
		until = n + 500 + round * 977 % 3000;
		for (; n < until; n++) {
			if (n == until - 100)
				kill(pid, SIGKILL);
			ASSERT_EQ(0, wt_fan_put_or_wait(&self->f.out, n));
			ASSERT_EQ((int64_t)taken, wt_fan_take(&self->f.in[0], &lost));
			taken++;
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(SIGKILL, status);
	}
	EXPECT_EQ(used, wt_used(&self->f.m));
}

/* The producer is killed at any moment: each consumer reads what was published. */
TEST_F_TIMEOUT(fan_crowd, producer_killed, 240)
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

			if (wn_open(&wn, self->f.d, NULL) ||
			    wn_fan_make(&wn, &l, self->f.node, 0, WT_FAN_BYTES, WT_FAN_SEATS,
					round % 2 ? WN_FAN_HOLDS : 0))
				_exit(1);
			for (n = 0; !wt_fan_put_or_wait(&l, n); n++)
				;
			_exit(2);
		}
		for (i = 0; i < 2; i++) {
			while ((status = wt_fan_join(&self->f, i, 0)) == -ENOENT || status == -EAGAIN)
				usleep(100);
			ASSERT_EQ(0, status);
		}
		for (i = 0, next = -1; i < 500 + (int)(round * 977 % 1500); i++) {
			got = wt_fan_take_or_wait(&self->f.in[0], &lost);
			ASSERT_TRUE(next < 0 || got == next + (int64_t)lost);
			next = got + 1;
			if (round % 2)
				wt_fan_take(&self->f.in[1], &lost);
		}
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(SIGKILL, status);
		while ((got = wt_fan_take_or_wait(&self->f.in[0], &lost)) >= 0)
			;
		EXPECT_EQ(-ENOLINK, got);
		while ((got = wt_fan_take_or_wait(&self->f.in[1], &lost)) >= 0)
			;
		EXPECT_EQ(-ENOLINK, got);
		EXPECT_EQ(self->f.in[0].peer->pos, self->f.in[0].pos);
		EXPECT_EQ(self->f.in[1].peer->pos, self->f.in[1].pos);
		wn_lane_close(&self->f.in[0]);
		wn_lane_close(&self->f.in[1]);
	}
}

WT_MAIN
