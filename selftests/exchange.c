// SPDX-License-Identifier: MIT
/*
 * Records from one client to another, by libwn alone: through the module, through a
 * host, through the engine in this process. None is lost, doubled, reordered or torn,
 * whoever is killed; while neither side sleeps there is no system call.
 */
#include "common.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wn.h>

#include "calm.h"
#include "harness.h"

#define BYTES	65536u
#define PATIENT	60000000000ull

/* As many as this, unless WN_RECORDS says how many. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define USUAL	100000u
#elif __SIZEOF_LONG__ == 4
#define USUAL	200000u
#else
#define USUAL	1000000u
#endif

FIXTURE(exchange) {
	struct wt_mount m;
	struct wn p, c;
	uint64_t node;
	const char *d;
};

FIXTURE_SETUP(exchange)
{
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->d = wt_path(&self->m, "d");
	ASSERT_EQ(0, wn_domain_create(self->d, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->p, self->d, NULL));
	ASSERT_EQ(0, wn_open(&self->c, self->d, NULL));
	self->node = wn_create(&self->c, 0, "here");
	ASSERT_FALSE(WN_RES_IS_ERROR(self->node));
	ASSERT_EQ(0, wn_bind(&self->c, self->node, 0));
}

FIXTURE_TEARDOWN(exchange)
{
	wn_close(&self->p);
	wn_close(&self->c);
	wt_umount(&self->m);
}

/* ---------------------------------------------------------------- records */

/* A record is its number, a sum over that and what follows, and words made of the number. */
struct record {
	uint64_t n;
	uint64_t sum;
	uint64_t word[];
};

static uint64_t mix(uint64_t n)
{
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9ull;
	n = (n ^ n >> 27) * 0x94d049bb133111ebull;
	return n ^ n >> 31;
}

/* From 16 bytes to 272, now and then to 8 KB; not only whole words. */
static uint32_t len_of(uint64_t n)
{
	const uint64_t r = mix(n);

	return 16 + (uint32_t)(r % 512 ? r >> 40 & 255 : r >> 40 & 8191);
}

static void fill(struct record *to, uint64_t n, uint32_t len)
{
	const uint32_t words = (len - 16) / 8;
	uint64_t sum = mix(n), word = sum | 1;
	uint32_t i;

	for (i = 0; i < words; i++) {
		word *= 0x9e3779b97f4a7c15ull;
		to->word[i] = word;
		sum = (sum << 7 | sum >> 57) ^ word;
	}
	memset((char *)&to->word[words], (int)(n & 0xff), (len - 16) % 8);
	to->n = n;
	to->sum = sum;
}

static bool is_right(const struct record *from, uint64_t n, uint32_t len)
{
	const uint32_t words = (len - 16) / 8;
	uint64_t sum = mix(n);
	uint32_t i;

	if (from->n != n || len != len_of(n))
		return false;
	for (i = 0; i < words; i++)
		sum = (sum << 7 | sum >> 57) ^ from->word[i];
	for (i = words * 8; i < len - 16; i++)
		if (((const unsigned char *)from->word)[i] != (n & 0xff))
			return false;
	return from->sum == sum;
}

/* One more, in batches of up to 16; or why not. */
static int put(struct wn_lane *l, uint64_t n)
{
	const uint32_t len = len_of(n);
	void *to;
	int err;

	while (!(to = wn_lane_reserve(l, len))) {
		err = wn_lane_commit(l);
		if (!err)
			err = wn_lane_wait(l, len, wn_deadline(PATIENT));
		if (err)
			return err;
	}
	fill(to, n, len);
	return mix(n) % 16 ? 0 : wn_lane_commit(l);
}

/* 0; -EBADMSG: it is not that one, whole; or why there is none. */
static int take(struct wn_lane *l, uint64_t n)
{
	const void *from;
	uint32_t len;
	int err;

	while (!(from = wn_lane_peek(l, &len))) {
		err = wn_lane_consume(l);
		if (!err)
			err = wn_lane_wait(l, 0, wn_deadline(PATIENT));
		if (err)
			return err;
	}
	if (!is_right(from, n, len))
		return -EBADMSG;
	return mix(n + 7) % 8 ? 0 : wn_lane_consume(l);
}

/* ------------------------------------------------------------------- ends */

static int both(FIXTURE_DATA(exchange) *self, struct wn_lane *p, struct wn_lane *c)
{
	int err = wn_lane_connect(&self->p, p, self->node, 0, BYTES);

	return err ? err : wn_lane_accept(&self->c, c, NULL, 1);
}

TEST_F(exchange, ends)
{
	struct wn_lane_accept from;
	struct wn_lane p, c, l;
	uint64_t deadline, i;
	int err;

	EXPECT_EQ(-ETIME, wn_lane_accept(&self->c, &c, NULL, 1));
	EXPECT_EQ(-EINVAL, wn_lane_connect(&self->p, &l, self->node, 0, 3 * 4096));
	EXPECT_EQ(-EINVAL, wn_lane_connect(&self->c, &l, self->node, 0, BYTES));
	EXPECT_EQ(-ESTALE, wn_lane_connect(&self->p, &l, self->node + (1 << 24), 0, BYTES));
	EXPECT_EQ(-EACCES, wn_lane_connect(&self->p, &l, self->node, 1, BYTES));
	ASSERT_EQ(0, wn_lane_connect(&self->p, &p, self->node, 0, BYTES));
	ASSERT_EQ(0, put(&p, 0));
	ASSERT_EQ(0, wn_lane_commit(&p));
	ASSERT_EQ(0, wn_lane_accept(&self->c, &c, &from, 1));
	EXPECT_EQ(self->node, from.node);
	EXPECT_EQ(self->p.client, from.producer);
	EXPECT_TRUE(p.state->flags & WN_LANE_S_ACCEPTED);
	EXPECT_EQ(0, take(&c, 0));
	for (i = 1; i < 5000; i++) {
		ASSERT_EQ(0, put(&p, i));
		ASSERT_EQ(0, wn_lane_commit(&p));
		ASSERT_EQ(0, take(&c, i));
		ASSERT_EQ(0, wn_lane_consume(&c));
	}
	EXPECT_EQ(0, p.sleeps + c.sleeps);
	EXPECT_EQ(-ETIME, wn_lane_wait(&c, 0, wn_deadline(2000000)));
	while (!wn_lanes_wait(&self->c, 1))
		;
	ASSERT_EQ(0, put(&p, i));
	wn_lane_close(&p);
	/* What was not committed never came; the end is told to who waits for any, too. */
	EXPECT_EQ(0, wn_lanes_wait(&self->c, wn_deadline(PATIENT)));
	EXPECT_EQ(-ENOLINK, wn_lane_wait(&c, 0, wn_deadline(PATIENT)));
	wn_lane_close(&c);
	ASSERT_EQ(0, both(self, &p, &c));
	wn_lane_close(&c);
	EXPECT_EQ(-ENOLINK, wn_lane_commit(&p));
	wn_close(&self->c);
	/* A host hears of that by and by. */
	deadline = wn_deadline(PATIENT);
	while (!(err = wn_lane_connect(&self->p, &l, self->node, 0, BYTES)) &&
	       wn_deadline(0) < deadline)
		wn_lane_close(&l);
	EXPECT_EQ(-ENOLINK, err);
	wn_lane_close(&p);
	ASSERT_EQ(0, wn_open(&self->c, self->d, NULL));
}

/* With the capability the lane goes, for both. */
/* The list of lanes is the same, whoever runs the engine. */
TEST_F(exchange, listed)
{
	struct wn_lane_list l = {};
	struct wn_lane p, c;

	EXPECT_EQ(0, wn_lanes(&self->c, &l));
	EXPECT_EQ(WN_LANE_ANY, l.next);
	ASSERT_EQ(0, wn_lane_connect(&self->p, &p, self->node, 0, BYTES));
	l.next = 0;
	ASSERT_EQ(1, wn_lanes(&self->c, &l));
	EXPECT_EQ(0, l.lanes[0].flags);
	ASSERT_EQ(0, wn_lane_accept(&self->c, &c, NULL, 1));
	ASSERT_NE(NULL, wn_lane_reserve(&p, 16));
	ASSERT_EQ(0, wn_lane_commit(&p));
	l.next = 0;
	ASSERT_EQ(1, wn_lanes(&self->p, &l));
	EXPECT_EQ(WN_LANE_ANY, l.next);
	EXPECT_EQ(p.lane, l.lanes[0].lane);
	EXPECT_EQ(self->p.client, l.lanes[0].producer);
	EXPECT_EQ(self->c.client, l.lanes[0].consumer);
	EXPECT_EQ(self->node, l.lanes[0].node);
	EXPECT_EQ(BYTES, l.lanes[0].bytes);
	EXPECT_EQ(24, l.lanes[0].fill);
	EXPECT_EQ(24, l.lanes[0].written);
	EXPECT_EQ(WN_LANE_I_ACCEPTED, l.lanes[0].flags);
	wn_lane_close(&c);
	l.next = 0;
	ASSERT_EQ(1, wn_lanes(&self->p, &l));
	EXPECT_EQ(WN_LANE_I_ACCEPTED | WN_LANE_I_CONSUMER_GONE, l.lanes[0].flags);
	wn_lane_close(&p);
}

TEST_F(exchange, revoked)
{
	const struct wn_grant grant = { .rights = WN_RIGHT_EMIT };
	struct wn_lane p, c, kept;
	uint32_t index;
	int64_t cap;

	cap = wn_cap_grant(&self->c, 0, self->node, self->p.client + 1, &grant, &index);
	ASSERT_FALSE(WN_RES_IS_ERROR(cap));
	ASSERT_EQ(0, wn_lane_connect(&self->p, &p, self->node, index, BYTES));
	ASSERT_EQ(0, wn_lane_accept(&self->c, &c, NULL, 1));
	ASSERT_EQ(0, wn_lane_connect(&self->p, &kept, self->node, 0, BYTES));
	ASSERT_EQ(0, wn_lane_commit(&p));
	ASSERT_EQ(0, wn_cap_revoke(&self->c, 0, (uint64_t)cap));
	EXPECT_EQ(-EKEYREVOKED, wn_lane_commit(&p));
	EXPECT_EQ(-EKEYREVOKED, wn_lane_wait(&c, 0, wn_deadline(PATIENT)));
	EXPECT_EQ(0, wn_lane_commit(&kept));
	wn_lane_close(&p);
	wn_lane_close(&c);
	wn_lane_close(&kept);
}

struct job {
	struct wn_lane l;
	uint64_t n;
	int err;
};

static void *produce(void *arg)
{
	struct job *job = arg;
	uint64_t i;

	for (i = 0; i < job->n && !job->err; i++)
		job->err = put(&job->l, i);
	if (!job->err)
		job->err = wn_lane_commit(&job->l);
	return NULL;
}

TEST_F_TIMEOUT(exchange, threads, 120)
{
	struct job job = { .n = wt_number("WN_RECORDS", USUAL) / 5 };
	pthread_t thread;
	struct wn_lane c;
	uint64_t i;

	ASSERT_EQ(0, both(self, &job.l, &c));
	/* One view of the memory for both, so that ThreadSanitizer sees all of it. */
	c.data = job.l.data;
	c.peer = job.l.own;
	job.l.peer = c.own;
	ASSERT_EQ(0, pthread_create(&thread, NULL, produce, &job));
	for (i = 0; i < job.n; i++)
		ASSERT_EQ(0, take(&c, i));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, job.err);
	wn_lane_close(&job.l);
	wn_lane_close(&c);
}

/* -------------------------------------------------------------- processes */

/* Another process, with a client of its own. */
static void run_producer(const char *d, uint64_t node, uint64_t n)
{
	struct job job = { .n = n };
	struct wn wn;
	int err;

	if (wn_open(&wn, d, NULL) || wn_lane_connect(&wn, &job.l, node, 0, BYTES))
		_exit(1);
	produce(&job);
	err = job.err;
	wn_lane_close(&job.l);
	wn_close(&wn);
	_exit(err ? 2 : 0);
}

static void exchange(struct __test_metadata *_metadata, FIXTURE_DATA(exchange) *self, uint64_t n)
{
	struct timespec from, to;
	struct wn_lane c;
	double seconds;
	int status;
	uint64_t i;
	pid_t pid;

	if (wt_is_embedded())
		SKIP(return, "no other process can come in");
	clock_gettime(CLOCK_MONOTONIC, &from);
	pid = fork();
	if (!pid)
		run_producer(self->d, self->node, n);
	ASSERT_EQ(0, wn_lane_accept(&self->c, &c, NULL, wn_deadline(PATIENT)));
	for (i = 0; i < n; i++)
		ASSERT_EQ(0, take(&c, i)) {
			TH_LOG("record %llu", (unsigned long long)i);
		}
	EXPECT_EQ(-ENOLINK, take(&c, n));
	clock_gettime(CLOCK_MONOTONIC, &to);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	TH_LOG("%llu records, %llu bytes, %.1f s; the consumer slept %llu and woke %llu times",
	       (unsigned long long)n, (unsigned long long)c.pos, seconds,
	       (unsigned long long)c.sleeps, (unsigned long long)c.wakes);
	wn_lane_close(&c);
}

TEST_F_TIMEOUT(exchange, processes, 300)
{
	exchange(_metadata, self, wt_number("WN_RECORDS", USUAL));
}

/* The same for as many as it is asked for. */
TEST_F_TIMEOUT(exchange, soak, 7200)
{
	if (!getenv("WN_SOAK_RECORDS"))
		SKIP(return, "WN_SOAK_RECORDS is not set");
	exchange(_metadata, self, wt_number("WN_SOAK_RECORDS", 0));
}

/* ------------------------------------------------------ killed at random */

static uint32_t dice;

static uint32_t roll(uint32_t sides)
{
	dice = dice * 1664525u + 1013904223u;
	return (dice >> 8) % sides;
}

/* The other side, for ever: it says by the pipe where its node is. */
static void run_victim(const char *d, uint64_t node, int up)
{
	struct wn_lane l;
	char name[16];
	struct wn wn;
	uint64_t i;

	if (wn_open(&wn, d, NULL))
		_exit(1);
	if (node) {
		if (wn_lane_connect(&wn, &l, node, 0, 16384))
			_exit(2);
		for (i = 0; !put(&l, i); i++)
			;
		_exit(3);
	}
	snprintf(name, sizeof(name), "n%u", (unsigned int)getpid());
	node = wn_create(&wn, 0, name);
	if (WN_RES_IS_ERROR(node) || wn_bind(&wn, node, 0) || write(up, &node, 8) != 8 ||
	    wn_lane_accept(&wn, &l, NULL, 0))
		_exit(4);
	for (i = 0; !take(&l, i); i++)
		;
	_exit(5);
}

TEST_F_TIMEOUT(exchange, killed_at_random, 240)
{
	const uint32_t seed = wt_number("WN_SEED", (uint32_t)getpid());
	const uint32_t nr = wt_number("WN_ROUNDS", 12);
	long long used = wt_used(&self->m);
	uint32_t round, when;
	int up[2], status, err;
	uint64_t node, i;
	struct wn_lane l;
	pid_t pid;

	if (wt_is_embedded())
		SKIP(return, "no other process can come in");
	dice = seed;
	ASSERT_EQ(0, pipe(up));
	for (round = 0; round < nr; round++) {
		const bool producer = round % 2;

		when = roll(3000);
		pid = fork();
		if (!pid)
			run_victim(self->d, producer ? self->node : 0, up[1]);
		if (producer) {
			ASSERT_EQ(0, wn_lane_accept(&self->c, &l, NULL, wn_deadline(PATIENT)));
		} else {
			ASSERT_EQ(8, read(up[0], &node, 8));
			ASSERT_EQ(0, wn_lane_connect(&self->p, &l, node, 0, 16384));
		}
		for (i = 0, err = 0; !err; i++) {
			if (i == when)
				kill(pid, SIGKILL);
			err = producer ? take(&l, i) : put(&l, i);
		}
		/* All that was committed came, whole and in order, and then the end. */
		EXPECT_EQ(-ENOLINK, err) {
			TH_LOG("seed %u, round %u, record %llu", seed, round,
			       (unsigned long long)i);
		}
		EXPECT_LT(when, i);
		if (producer)
			EXPECT_EQ(l.peer->pos, l.pos);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(SIGKILL, status);
		wn_lane_close(&l);
	}
	close(up[0]);
	close(up[1]);
	EXPECT_EQ(used, wt_used(&self->m));
	TH_LOG("%u rounds, seed %u", nr, seed);
}

/* ------------------------------------------------------- no system call */

#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
static void put_calmly(struct wn_lane *l, uint64_t n)
{
	uint64_t i;
	void *to;

	wt_forbid_calls();
	for (i = 0; i < n; i++) {
		while (!(to = wn_lane_reserve(l, len_of(i))))
			if (wn_lane_commit(l))
				wt_leave(5);
		fill(to, i, len_of(i));
		if (wn_lane_commit(l))
			wt_leave(6);
	}
	wt_leave(0);
}

static void take_calmly(struct wn_lane *l, uint64_t n)
{
	const void *from;
	uint32_t len;
	uint64_t i;

	wt_forbid_calls();
	for (i = 0; i < n; i++) {
		while (!(from = wn_lane_peek(l, &len)))
			if (wn_lane_consume(l))
				wt_leave(5);
		if (!is_right(from, i, len))
			wt_leave(6);
		if (wn_lane_consume(l))
			wt_leave(7);
	}
	wt_leave(0);
}

/* No system call while neither side sleeps: whoever made one would be dead. */
TEST_F_TIMEOUT(exchange, no_system_call, 120)
{
	const uint64_t n = wt_number("WN_RECORDS", USUAL) / 20;
	int up[2], status[2];
	uint64_t node;
	pid_t pid[2];

	if (wt_is_embedded())
		SKIP(return, "no other process can come in");
	ASSERT_EQ(0, pipe(up));
	pid[0] = fork();
	if (!pid[0]) {
		struct wn_lane l;
		struct wn wn;

		if (wn_open(&wn, self->d, NULL))
			_exit(1);
		node = wn_create(&wn, 0, "calm");
		if (WN_RES_IS_ERROR(node) || wn_bind(&wn, node, 0) || write(up[1], &node, 8) != 8 ||
		    wn_lane_accept(&wn, &l, NULL, 0))
			_exit(2);
		take_calmly(&l, n);
	}
	ASSERT_EQ(8, read(up[0], &node, 8));
	pid[1] = fork();
	if (!pid[1]) {
		struct wn_lane l;
		struct wn wn;

		if (wn_open(&wn, self->d, NULL) || wn_lane_connect(&wn, &l, node, 0, BYTES))
			_exit(3);
		put_calmly(&l, n);
	}
	ASSERT_EQ(pid[1], waitpid(pid[1], &status[1], 0));
	ASSERT_EQ(pid[0], waitpid(pid[0], &status[0], 0));
	if (WIFEXITED(status[0]) && WEXITSTATUS(status[0]) == 4)
		SKIP(return, "this kernel has no seccomp");
	EXPECT_EQ(0, status[0]);
	EXPECT_EQ(0, status[1]);
	close(up[0]);
	close(up[1]);
}
#endif

WT_MAIN
