// SPDX-License-Identifier: MIT
/* Lanes in plain memory: records, batches, sleeping, ends, and a peer that lies. */
#include "common.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wn.h>

#include "calm.h"
#include "harness.h"

#define BYTES	65536u

FIXTURE(lane) {
	struct wn_lane_fds fds;
	struct wn_lane p, c;
};

FIXTURE_SETUP(lane)
{
	ASSERT_EQ(0, wn_lane_make(&self->fds, BYTES));
	ASSERT_EQ(0, wn_lane_map(&self->p, self->fds.producer, true));
	ASSERT_EQ(0, wn_lane_map(&self->c, self->fds.consumer, false));
}

FIXTURE_TEARDOWN(lane)
{
	wn_lane_close(&self->p);
	wn_lane_close(&self->c);
	wn_lane_fds_close(&self->fds);
}

/* The bytes of record n: its length and all of it follow from n. */
/* In a storm of signals a wait that was interrupted goes on, to the same deadline. */
static int wait_through(struct wn_lane *l, uint32_t len, uint64_t deadline)
{
	int err;

	do
		err = wn_lane_wait(l, len, deadline);
	while (err == -EINTR && wt_is_stormy());
	return err;
}

static uint32_t mix(uint32_t n)
{
	n = (n ^ n >> 16) * 0x7feb352du;
	n = (n ^ n >> 15) * 0x846ca68bu;
	return n ^ n >> 16;
}

static uint32_t len_of(uint32_t n)
{
	uint32_t r = mix(n);

	return r % 100 ? 4 + r % 200 : 4 + r % 16000;
}

static void fill(void *to, uint32_t n, uint32_t len)
{
	memcpy(to, &n, sizeof(n));
	memset((char *)to + 4, (int)(mix(n) & 0xff), len - 4);
}

static bool is_right(const void *from, uint32_t n, uint32_t len)
{
	const unsigned char *b = from, want = mix(n) & 0xff;
	uint32_t got, i;

	memcpy(&got, from, sizeof(got));
	if (got != n || len != len_of(n))
		return false;
	for (i = 4; i < len; i++)
		if (b[i] != want)
			return false;
	return true;
}

/* Send n records in batches of up to 16; 0 or an error. */
static int produce(struct wn_lane *l, uint32_t n)
{
	uint32_t i, len;
	void *to;
	int err;

	for (i = 0; i < n; i++) {
		len = len_of(i);
		while (!(to = wn_lane_reserve(l, len))) {
			err = wn_lane_commit(l);
			if (!err)
				err = wn_lane_wait(l, len, 0);
			if (err)
				return err;
		}
		fill(to, i, len);
		if (mix(i) % 16 == 0 && (err = wn_lane_commit(l)))
			return err;
	}
	return wn_lane_commit(l);
}

/* Take n records; how many were right, all in order. */
static uint32_t take(struct wn_lane *l, uint32_t n)
{
	const void *from;
	uint32_t i, len;

	for (i = 0; i < n; i++) {
		while (!(from = wn_lane_peek(l, &len)))
			if (wn_lane_consume(l) || wn_lane_wait(l, 0, 0))
				return i;
		if (!is_right(from, i, len))
			return i;
		if (mix(i + 7) % 8 == 0)
			wn_lane_consume(l);
	}
	wn_lane_consume(l);
	return i;
}

TEST_F(lane, one_record)
{
	const void *from;
	uint32_t len = 99;
	void *to;

	EXPECT_EQ(NULL, wn_lane_peek(&self->c, &len));
	EXPECT_EQ(0, wn_lane_error(&self->c));
	to = wn_lane_reserve(&self->p, 5);
	ASSERT_NE(NULL, to);
	memcpy(to, "lane", 5);
	wn_lane_rec(to)->type = 7;
	EXPECT_EQ(NULL, wn_lane_peek(&self->c, &len));	/* not before commit */
	EXPECT_EQ(0, wn_lane_commit(&self->p));
	from = wn_lane_peek(&self->c, &len);
	ASSERT_NE(NULL, from);
	EXPECT_EQ(5, len);
	EXPECT_STREQ("lane", from);
	EXPECT_EQ(7, wn_lane_type(from));
	EXPECT_EQ(NULL, wn_lane_peek(&self->c, &len));
	wn_lane_rewind(&self->c);
	EXPECT_EQ(from, wn_lane_peek(&self->c, &len));	/* the same again */
	EXPECT_EQ(0, wn_lane_consume(&self->c));
	EXPECT_EQ(16, self->c.own->pos);
}

TEST_F(lane, empty_and_void_records)
{
	uint32_t len = 99;
	void *to;

	ASSERT_NE(NULL, wn_lane_reserve(&self->p, 0));
	to = wn_lane_reserve(&self->p, 100);
	wn_lane_rec(to)->flags = WN_LANE_REC_VOID;
	ASSERT_NE(NULL, wn_lane_reserve(&self->p, 8));
	wn_lane_commit(&self->p);
	ASSERT_NE(NULL, wn_lane_peek(&self->c, &len));
	EXPECT_EQ(0, len);
	ASSERT_NE(NULL, wn_lane_peek(&self->c, &len));
	EXPECT_EQ(8, len);
	EXPECT_EQ(NULL, wn_lane_peek(&self->c, &len));
}

/* Reserved and not committed is never seen, and its room comes back. */
TEST_F(lane, rewound)
{
	uint32_t i, len;

	for (i = 0; i < 100; i++) {
		ASSERT_NE(NULL, wn_lane_reserve(&self->p, BYTES / 2));
		wn_lane_rewind(&self->p);
	}
	EXPECT_EQ(0, wn_lane_commit(&self->p));
	EXPECT_EQ(NULL, wn_lane_peek(&self->c, &len));
}

TEST_F(lane, full)
{
	uint32_t len, i;

	EXPECT_EQ(NULL, wn_lane_reserve(&self->p, BYTES - 7));
	EXPECT_EQ(-E2BIG, wn_lane_wait(&self->p, BYTES - 7, 0));
	EXPECT_EQ(NULL, wn_lane_reserve(&self->p, ~0u));
	EXPECT_EQ(-E2BIG, wn_lane_wait(&self->p, ~0u, 0));
	EXPECT_EQ(0, wn_lane_error(&self->p));
	for (i = 0; i < 3; i++) {
		void *to = wn_lane_reserve(&self->p, BYTES - 8);

		ASSERT_NE(NULL, to);
		memset(to, (int)i, BYTES - 8);
		EXPECT_EQ(NULL, wn_lane_reserve(&self->p, 0));
		EXPECT_EQ(0, wn_lane_commit(&self->p));
		EXPECT_EQ(NULL, wn_lane_reserve(&self->p, 0));
		EXPECT_EQ(-ETIME, wait_through(&self->p, 0, wn_deadline(2000000)));
		ASSERT_NE(NULL, wn_lane_peek(&self->c, &len));
		EXPECT_EQ(BYTES - 8, len);
		EXPECT_EQ(NULL, wn_lane_reserve(&self->p, 0));	/* peeked at is not given back */
		EXPECT_EQ(0, wn_lane_consume(&self->c));
		EXPECT_EQ(0, wn_lane_wait(&self->p, BYTES - 8, 0));
	}
	EXPECT_EQ(-ETIME, wait_through(&self->c, 0, wn_deadline(2000000)));
	EXPECT_EQ(-ETIME, wn_lane_wait(&self->c, 0, 1));
}

/* While neither sleeps there is no system call. */
TEST_F(lane, silent)
{
	uint32_t i, len;

	for (i = 0; i < 100000; i++) {
		void *to = wn_lane_reserve(&self->p, len_of(i));

		ASSERT_NE(NULL, to);
		fill(to, i, len_of(i));
		ASSERT_EQ(0, wn_lane_commit(&self->p));
		ASSERT_TRUE(is_right(wn_lane_peek(&self->c, &len), i, len_of(i)));
		ASSERT_EQ(0, wn_lane_consume(&self->c));
	}
	EXPECT_EQ(0, self->p.wakes + self->p.sleeps + self->c.wakes + self->c.sleeps);
}

/* A lane full of records that were given up gives its room back by itself. */
TEST_F(lane, nothing_but_void)
{
	uint32_t len;
	void *to;
	int n;

	for (n = 0; (to = wn_lane_reserve(&self->p, 1000)); n++)
		wn_lane_rec(to)->flags = WN_LANE_REC_VOID;
	ASSERT_EQ(0, wn_lane_commit(&self->p));
	EXPECT_EQ(BYTES / 1008, n);
	EXPECT_EQ(-ETIME, wn_lane_wait(&self->p, 1000, 1));
	EXPECT_EQ(NULL, wn_lane_peek(&self->c, &len));
	EXPECT_EQ(0, wn_lane_wait(&self->p, 1000, 1));
	/* But not the room of a record that is being read. */
	ASSERT_NE(NULL, wn_lane_reserve(&self->p, 8));
	wn_lane_rec(wn_lane_reserve(&self->p, 8))->flags = WN_LANE_REC_VOID;
	ASSERT_EQ(0, wn_lane_commit(&self->p));
	EXPECT_NE(NULL, wn_lane_peek(&self->c, &len));
	EXPECT_EQ(NULL, wn_lane_peek(&self->c, &len));
	EXPECT_EQ(32, self->p.pos - self->c.own->pos);
	ASSERT_EQ(0, wn_lane_consume(&self->c));
	EXPECT_EQ(self->p.pos, self->c.own->pos);
}

struct job {
	struct wn_lane *l;
	uint32_t n, result;
};

static void *producer(void *arg)
{
	struct job *job = arg;

	job->result = (uint32_t)produce(job->l, job->n);
	return NULL;
}

/* One view of the memory for both ends, so that ThreadSanitizer sees all of it. */
TEST_F(lane, threads)
{
	struct job job = { &self->p, wt_number("WN_RECORDS", 200000), 1 };
	pthread_t thread;

	self->c.data = self->p.data;
	self->c.peer = self->p.own;
	self->p.peer = self->c.own;
	ASSERT_EQ(0, pthread_create(&thread, NULL, producer, &job));
	EXPECT_EQ(job.n, take(&self->c, job.n));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, job.result);
	TH_LOG("%u records: %llu + %llu sleeps, %llu + %llu wakes", job.n,
	       self->p.sleeps, self->c.sleeps, self->p.wakes, self->c.wakes);
}

static void exchange(struct __test_metadata *_metadata, FIXTURE_DATA(lane) *self, uint32_t n)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct wn_lane l;

		if (wn_lane_map(&l, self->fds.producer, true))
			_exit(2);
		status = produce(&l, n) != 0;
		wn_lane_close(&l);
		_exit(status);
	}
	EXPECT_EQ(n, take(&self->c, n));
	EXPECT_EQ(-ENOLINK, wn_lane_wait(&self->c, 0, 0));
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	TH_LOG("%u records: %llu sleeps, %llu wakes", n, self->c.sleeps, self->c.wakes);
}

TEST_F(lane, processes)
{
	exchange(_metadata, self, wt_number("WN_RECORDS", 500000));
}

/* The same for as many as it is asked for: make soak-lanes. */
TEST_F_TIMEOUT(lane, soak, 7200)
{
	if (!getenv("WN_SOAK_RECORDS"))
		SKIP(return, "WN_SOAK_RECORDS is not set");
	exchange(_metadata, self, wt_number("WN_SOAK_RECORDS", 0));
}

#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
static void produce_calmly(struct wn_lane *l, uint32_t n)
{
	uint32_t i;
	void *to;

	wt_forbid_calls();
	for (i = 0; i < n; i++) {
		while (!(to = wn_lane_reserve(l, len_of(i))))
			if (wn_lane_commit(l))
				wt_leave(1);
		fill(to, i, len_of(i));
		if (mix(i) % 16 == 0 && wn_lane_commit(l))
			wt_leave(2);
	}
	wt_leave(wn_lane_commit(l) != 0);
}

static void take_calmly(struct wn_lane *l, uint32_t n)
{
	const void *from;
	uint32_t i, len;

	wt_forbid_calls();
	for (i = 0; i < n; i++) {
		while (!(from = wn_lane_peek(l, &len)))
			if (wn_lane_consume(l))
				wt_leave(1);
		if (!is_right(from, i, len))
			wt_leave(2);
		if (mix(i + 7) % 8 == 0)
			wn_lane_consume(l);
	}
	wt_leave(wn_lane_consume(l) != 0);
}

/* In a child of its own: its status; the calls of both sides are the kernel's to see. */
static pid_t calmly(void (*fn)(struct wn_lane *l, uint32_t n), const int fds[2], bool produces,
		    uint32_t n)
{
	struct wn_lane l;
	pid_t pid = fork();

	if (pid)
		return pid;
	if (wn_lane_map(&l, fds, produces))
		_exit(3);
	fn(&l, n);
	_exit(3);
}

static void sleep_calmly(struct wn_lane *l, uint32_t n)
{
	wt_forbid_calls();
	wt_leave(wn_lane_wait(l, 0, 0) != 0);
}

/* No system call while neither sleeps: whoever made one would be dead. */
TEST_F_TIMEOUT(lane, no_system_call, 120)
{
	const uint32_t n = wt_number("WN_RECORDS", 50000);
	struct wn_lane_fds fresh;
	int status[3];
	pid_t pid[3];

	pid[0] = calmly(produce_calmly, self->fds.producer, true, n);
	pid[1] = calmly(take_calmly, self->fds.consumer, false, n);
	ASSERT_EQ(pid[0], waitpid(pid[0], &status[0], 0));
	ASSERT_EQ(pid[1], waitpid(pid[1], &status[1], 0));
	/* And who sleeps is dead indeed. */
	ASSERT_EQ(0, wn_lane_make(&fresh, 4096));
	pid[2] = calmly(sleep_calmly, fresh.consumer, false, 0);
	ASSERT_EQ(pid[2], waitpid(pid[2], &status[2], 0));
	wn_lane_fds_close(&fresh);
	if (WIFEXITED(status[2]) && WEXITSTATUS(status[2]) == 4)
		SKIP(return, "this kernel has no seccomp");
	EXPECT_EQ(SIGKILL, status[2]);
	EXPECT_EQ(0, status[0]);
	EXPECT_EQ(0, status[1]);
}
#endif

/* Every record alone, each side asleep for the next: a wake that is missed hangs it. */
TEST_F(lane, ping_pong)
{
	uint32_t i, len, n = wt_number("WN_RECORDS", 20000) / 10;
	struct wn_lane_fds back_fds;
	struct wn_lane back;
	const void *from;
	void *to;
	int status;
	pid_t pid;

	ASSERT_EQ(0, wn_lane_make(&back_fds, 4096));
	ASSERT_EQ(0, wn_lane_map(&back, back_fds.consumer, false));
	back.spin = self->p.spin = 0;
	pid = fork();
	if (!pid) {
		struct wn_lane in, out;

		if (wn_lane_map(&in, self->fds.consumer, false) ||
		    wn_lane_map(&out, back_fds.producer, true))
			_exit(2);
		for (i = 0; i < n; i++) {
			if (i % 3)
				in.spin = 0;
			if (wait_through(&in, 0, 0) || !(from = wn_lane_peek(&in, &len)))
				_exit(3);
			to = wn_lane_reserve(&out, len);
			memcpy(to, from, len);
			if (wn_lane_consume(&in) || wn_lane_commit(&out))
				_exit(4);
		}
		_exit(0);
	}
	for (i = 0; i < n; i++) {
		to = wn_lane_reserve(&self->p, 4);
		ASSERT_NE(NULL, to);
		memcpy(to, &i, 4);
		ASSERT_EQ(0, wn_lane_commit(&self->p));
		if (i % 2)
			back.spin = 0;
		ASSERT_EQ(0, wait_through(&back, 0, wn_deadline(60000000000)));
		from = wn_lane_peek(&back, &len);
		ASSERT_NE(NULL, from);
		EXPECT_EQ(0, memcmp(from, &i, 4));
		EXPECT_EQ(0, wn_lane_consume(&back));
	}
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_LT(0, back.sleeps);
	wn_lane_close(&back);
	wn_lane_fds_close(&back_fds);
}

static void *closer(void *arg)
{
	usleep(20000);
	wn_lane_close(arg);
	return NULL;
}

TEST_F(lane, closed_by_the_producer)
{
	pthread_t thread;
	uint32_t len;

	ASSERT_NE(NULL, wn_lane_reserve(&self->p, 8));
	wn_lane_commit(&self->p);
	ASSERT_NE(NULL, wn_lane_reserve(&self->p, 8));	/* and this is lost */
	ASSERT_EQ(0, pthread_create(&thread, NULL, closer, &self->p));
	EXPECT_EQ(0, wn_lane_wait(&self->c, 0, 0));
	EXPECT_NE(NULL, wn_lane_peek(&self->c, &len));
	EXPECT_EQ(0, wn_lane_consume(&self->c));
	EXPECT_EQ(-ENOLINK, wn_lane_wait(&self->c, 0, 0));
	EXPECT_EQ(NULL, wn_lane_peek(&self->c, &len));
	EXPECT_EQ(-ENOLINK, wn_lane_error(&self->c));
	EXPECT_EQ(0, wn_lane_consume(&self->c));
	pthread_join(thread, NULL);
	EXPECT_EQ(NULL, wn_lane_reserve(&self->p, 8));
	EXPECT_EQ(-ESHUTDOWN, wn_lane_error(&self->p));
}

TEST_F(lane, closed_by_the_consumer)
{
	pthread_t thread;

	ASSERT_NE(NULL, wn_lane_reserve(&self->p, BYTES - 8));
	ASSERT_EQ(0, wn_lane_commit(&self->p));
	ASSERT_EQ(0, pthread_create(&thread, NULL, closer, &self->c));
	EXPECT_EQ(-ENOLINK, wn_lane_wait(&self->p, 8, 0));
	EXPECT_EQ(NULL, wn_lane_reserve(&self->p, 8));
	EXPECT_EQ(-ENOLINK, wn_lane_commit(&self->p));
	pthread_join(thread, NULL);
}

/* Killed with a batch reserved: what was committed is there, and no more. */
TEST_F(lane, killed)
{
	int status, ready[2];
	uint32_t i, len;
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid) {
		struct wn_lane l;

		if (wn_lane_map(&l, self->fds.producer, true) || produce(&l, 50))
			_exit(1);
		for (i = 0; i < 3; i++)
			memset(wn_lane_reserve(&l, 64), 0xee, 64);
		while (write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	ASSERT_EQ(1, read(ready[0], &c, 1));
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(50, take(&self->c, 50));
	EXPECT_EQ(NULL, wn_lane_peek(&self->c, &len));
	EXPECT_EQ(0, wn_lane_error(&self->c));
	close(ready[0]);
	close(ready[1]);
}

TEST_F(lane, in_a_forked_child)
{
	uint32_t len;
	int status;
	pid_t pid = fork();

	if (!pid) {
		_exit(wn_lane_reserve(&self->p, 8) || wn_lane_peek(&self->c, &len) ||
		      wn_lane_error(&self->p) != -EOWNERDEAD ||
		      wn_lane_commit(&self->p) != -EOWNERDEAD ||
		      wn_lane_consume(&self->c) != -EOWNERDEAD ||
		      wn_lane_wait(&self->c, 0, 0) != -EOWNERDEAD);
	}
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
}

/* ---------------------------------------------------------- a peer that lies */

/* What the consumer says when the producer's page and first header say this. */
static int consumer_says(struct wn_lane *p, struct wn_lane *c, uint64_t pos, uint32_t rec_len)
{
	struct wn_lane_rec *rec = (void *)(p->data + (c->pos & (BYTES - 1)));
	uint32_t len;

	rec->len = rec_len;
	rec->flags = 0;
	p->own->pos = pos;
	return wn_lane_peek(c, &len) ? 0 : wn_lane_error(c) ? wn_lane_error(c) : -EAGAIN;
}

TEST_F(lane, producer_lies)
{
	static const struct { uint64_t pos; uint32_t len; int want; } lies[] = {
		{ 16, 8, 0 }, { 16, 9, -EPROTO }, { 16, ~0u, -EPROTO }, { 16, ~0u - 8, -EPROTO },
		{ 8, 0, 0 }, { 8, 1, -EPROTO }, { 4, 0, -EPROTO }, { 0, 0, -EAGAIN },
		{ BYTES, BYTES - 8, 0 }, { BYTES, BYTES - 7, -EPROTO }, { BYTES + 8, 0, -EPROTO },
		{ -8ULL, 0, -EPROTO }, { -1ULL, 0, -EPROTO }, { 1ULL << 63, 0, -EPROTO },
	};
	size_t i;

	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct wn_lane c = self->c;

		EXPECT_EQ(lies[i].want, consumer_says(&self->p, &c, lies[i].pos, lies[i].len)) {
			TH_LOG("lie %zu", i);
		}
	}
}

/* Half a lap on, with a batch peeked at: forward lies are measured from what was given back. */
TEST_F(lane, producer_lies_later)
{
	struct wn_lane c;
	uint32_t len;

	ASSERT_NE(NULL, wn_lane_reserve(&self->p, BYTES / 2 - 8));
	wn_lane_commit(&self->p);
	ASSERT_NE(NULL, wn_lane_peek(&self->c, &len));
	c = self->c;
	EXPECT_EQ(0, consumer_says(&self->p, &c, BYTES, BYTES / 2 - 8));
	c = self->c;
	EXPECT_EQ(-EPROTO, consumer_says(&self->p, &c, BYTES + 8, 0));
	c = self->c;
	EXPECT_EQ(-EPROTO, consumer_says(&self->p, &c, BYTES / 2 - 8, 0));
	c = self->c;
	ASSERT_EQ(0, wn_lane_consume(&c));
	self->c = c;
	EXPECT_EQ(0, consumer_says(&self->p, &c, BYTES / 2 * 3, BYTES - 8));
	c = self->c;
	EXPECT_EQ(-EPROTO, consumer_says(&self->p, &c, BYTES / 2 * 3 + 8, 0));
}

TEST_F(lane, consumer_lies)
{
	static const uint64_t lies[] = { BYTES + 8, 8 + 1, -8ULL, 1ULL << 63 };
	size_t i;

	ASSERT_NE(NULL, wn_lane_reserve(&self->p, BYTES - 8));
	ASSERT_EQ(0, wn_lane_commit(&self->p));
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct wn_lane p = self->p;

		self->c.own->pos = lies[i];
		EXPECT_EQ(NULL, wn_lane_reserve(&p, 0));
		EXPECT_EQ(-EPROTO, wn_lane_error(&p));
		EXPECT_EQ(-EPROTO, wn_lane_commit(&p));
		EXPECT_EQ(-EPROTO, wn_lane_wait(&p, 8, wn_deadline(1000000)));
	}
	/* What was not committed cannot have been read. */
	self->c.own->pos = BYTES;
	ASSERT_NE(NULL, wn_lane_reserve(&self->p, 8));
	self->c.own->pos = BYTES + 16;
	EXPECT_EQ(NULL, wn_lane_reserve(&self->p, BYTES - 8));
	EXPECT_EQ(-EPROTO, wn_lane_error(&self->p));
}

/* Of one lane that is broken nobody notices on another, not who reads both by turns either. */
TEST_F(lane, another_goes_on)
{
	struct wn_lane_fds fds;
	struct wn_lane_set set;
	struct wn_lane p, c, *from;
	uint32_t i, len, broken = 0;
	const void *record;
	void *to;

	ASSERT_EQ(0, wn_lane_make(&fds, BYTES));
	ASSERT_EQ(0, wn_lane_map(&p, fds.producer, true));
	ASSERT_EQ(0, wn_lane_map(&c, fds.consumer, false));
	wn_lane_fds_close(&fds);
	wn_lane_set_init(&set, NULL, 1);
	ASSERT_EQ(0, wn_lane_set_add(&set, &self->c));
	ASSERT_EQ(0, wn_lane_set_add(&set, &c));
	self->p.own->pos = 4;
	for (i = 0; i < 1000; i++) {
		to = wn_lane_reserve(&p, len_of(i));
		ASSERT_NE(NULL, to);
		fill(to, i, len_of(i));
		ASSERT_EQ(0, wn_lane_commit(&p));
		EXPECT_EQ(0, wn_lane_set_wait(&set, 1));
		while (!(record = wn_lane_set_next(&set, &from, &len))) {
			ASSERT_EQ(&self->c, from);
			ASSERT_EQ(-EPROTO, wn_lane_error(from));
			ASSERT_GT(2 * i + 10, broken++);
		}
		ASSERT_EQ(&c, from);
		ASSERT_TRUE(is_right(record, i, len));
	}
	EXPECT_LT(0, broken);
	EXPECT_EQ(0, wn_lane_error(&c) | wn_lane_error(&p));
	/* The same of producers. */
	self->c.own->pos = ~0ULL;
	EXPECT_EQ(NULL, wn_lane_reserve(&self->p, BYTES - 7));
	EXPECT_EQ(-EPROTO, wn_lane_error(&self->p));
	EXPECT_NE(NULL, wn_lane_reserve(&p, 8));
	EXPECT_EQ(0, wn_lane_commit(&p));
	wn_lane_set_end(&set);
	wn_lane_close(&p);
	wn_lane_close(&c);
}

/* Once for each sleep, whatever else is published meanwhile. */
TEST_F(lane, each_sleeper_is_woken_once)
{
	uint32_t i, sleep, len;

	for (sleep = 1; sleep < 4; sleep++) {
		self->c.own->flags = WN_LANE_F_SLEEPS | sleep * WN_LANE_F_COUNT;
		for (i = 0; i < 5; i++) {
			ASSERT_NE(NULL, wn_lane_reserve(&self->p, 8));
			ASSERT_EQ(0, wn_lane_commit(&self->p));
			EXPECT_EQ(sleep, self->p.wakes);
		}
		self->p.own->flags = WN_LANE_F_SLEEPS | sleep * WN_LANE_F_COUNT;
		for (i = 0; i < 5; i++) {
			ASSERT_NE(NULL, wn_lane_peek(&self->c, &len));
			ASSERT_EQ(0, wn_lane_consume(&self->c));
			EXPECT_EQ(sleep, self->c.wakes);
		}
	}
	self->c.own->flags = 0;
	ASSERT_NE(NULL, wn_lane_reserve(&self->p, 8));
	ASSERT_EQ(0, wn_lane_commit(&self->p));
	EXPECT_EQ(3, self->p.wakes);
}

struct scribble {
	struct wn_lane *p;
	int stop;
};

static void *scribbler(void *arg)
{
	struct scribble *s = arg;
	uint32_t n = 1;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		uint32_t r = mix(n++);
		struct wn_lane_rec *rec = (void *)(s->p->data + (r & (BYTES - 8)));

		__atomic_store_n(&rec->len, r % 3 ? r % 512 : r, __ATOMIC_RELAXED);
		__atomic_store_n(&rec->flags, r >> 9 & 1, __ATOMIC_RELAXED);
		__atomic_store_n(&s->p->own->pos,
				 __atomic_load_n(&s->p->peer->pos, __ATOMIC_RELAXED) +
				 (r % 64 ? r >> 8 & 0x1f8 : r), __ATOMIC_RELEASE);
		__atomic_store_n(&s->p->own->flags, r, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Whatever is scribbled while we look: each record lies within the data. */
TEST_F(lane, scribbled_on)
{
	struct scribble s = { &self->p, 0 };
	uint32_t i, len, seen = 0, over = 0, n = wt_number("WN_RECORDS", 200000);
	const uint64_t until = wn_deadline(20000000000);
	pthread_t thread;
	const char *from;

	ASSERT_EQ(0, pthread_create(&thread, NULL, scribbler, &s));
	/* Until the scribbler got some CPU, too. */
	for (i = 0; i < n || ((!seen || !over) && wn_deadline(0) < until); i++) {
		from = wn_lane_peek(&self->c, &len);
		if (from) {
			seen++;
			ASSERT_LE(self->c.data + 8, from);
			ASSERT_LE(from + len, self->c.data + 2 * BYTES);
			ASSERT_LE(len, BYTES - 8);
		}
		wn_lane_consume(&self->c);
		if (wn_lane_error(&self->c)) {
			/* A fresh end, where the liar says he is. */
			over++;
			self->c.error = 0;
			self->c.fit = self->c.alive;
			self->c.pos = self->c.limit = self->c.own->pos =
				__atomic_load_n(&self->p.own->pos, __ATOMIC_ACQUIRE) & ~7ULL;
		}
	}
	__atomic_store_n(&s.stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_LT(0, seen);
	EXPECT_LT(0, over);
}

/* The same of a consumer: what he says that he has read. */
static void *scribbling_reader(void *arg)
{
	struct scribble *s = arg;
	struct wn_lane_side *own = s->p->own;
	uint32_t n = 1;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		uint32_t r = mix(n++);

		__atomic_store_n(&own->pos, __atomic_load_n(&s->p->peer->pos, __ATOMIC_RELAXED) -
				 (r % 16 ? r >> 8 & 0x1f8 : r), __ATOMIC_RELEASE);
		__atomic_store_n(&own->flags, r & ~WN_LANE_F_CLOSED, __ATOMIC_RELAXED);
		__atomic_store_n(&own->bell, r, __ATOMIC_RELAXED);
	}
	return NULL;
}

TEST_F(lane, reader_scribbles)
{
	struct scribble s = { &self->c, 0 };
	uint32_t i, len, got = 0, over = 0, n = wt_number("WN_RECORDS", 200000);
	const uint64_t until = wn_deadline(20000000000);
	struct wn_lane *p = &self->p;
	pthread_t thread;
	char *to;
	int err;

	ASSERT_EQ(0, pthread_create(&thread, NULL, scribbling_reader, &s));
	for (i = 0; i < n || ((!got || !over) && wn_deadline(0) < until); i++) {
		len = len_of(i);
		to = wn_lane_reserve(p, len);
		if (to) {
			got++;
			/* Within the data, and no more in all than there is. */
			ASSERT_LE(p->data + 8, to);
			ASSERT_LE(to + len, p->data + 2 * BYTES);
			ASSERT_LE(p->pos - p->own->pos, BYTES);
			memset(to, 'x', len);
		}
		err = wn_lane_commit(p);
		ASSERT_TRUE(!err || err == -EPROTO);
		if (err) {
			over++;
			p->error = 0;
			p->fit = p->alive;
			p->limit = p->own->pos + BYTES;
		}
	}
	__atomic_store_n(&s.stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_LT(0, got);
	EXPECT_LT(0, over);
}

/* ---------------------------------------------------------------- memory */

TEST_F(lane, pages_have_one_writer)
{
	long page = sysconf(_SC_PAGESIZE);

	EXPECT_EQ(-1, mprotect(self->c.maps[0], page, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(self->p.maps[0], page, PROT_READ | PROT_WRITE));
	EXPECT_EQ(-EACCES, wt_err(wt_mmap(self->fds.consumer[1], 0, page, PROT_WRITE, MAP_SHARED)));
	EXPECT_EQ(-1, ftruncate(self->fds.producer[0], 0));
	/* Twice in a row. */
	self->p.data[5] = 'x';
	EXPECT_EQ('x', self->p.data[BYTES + 5]);
	EXPECT_EQ('x', self->c.data[BYTES + 5]);
}

TEST_F(lane, other_files)
{
	int fd = memfd_create("x", MFD_ALLOW_SEALING | MFD_CLOEXEC), fds[2];
	struct wn_lane_fds made;
	struct wn_lane l;

	ASSERT_EQ(0, ftruncate(fd, 2 * sysconf(_SC_PAGESIZE) + BYTES));
	fds[0] = self->fds.consumer[0];
	fds[1] = fd;
	EXPECT_EQ(-EPROTO, wn_lane_map(&l, fds, false));	/* could be cut short */
	ASSERT_EQ(0, fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
	EXPECT_EQ(0, wn_lane_map(&l, fds, false));
	wn_lane_close(&l);
	EXPECT_EQ(-EPROTO, wn_lane_map(&l, self->fds.producer, false));	/* the wrong end */
	EXPECT_EQ(-EPROTO, wn_lane_map(&l, self->fds.consumer, true));
	EXPECT_EQ(-EINVAL, wn_lane_make(&made, 0));
	EXPECT_EQ(-EINVAL, wn_lane_make(&made, 2048));
	EXPECT_EQ(-EINVAL, wn_lane_make(&made, 4096 + 2048));
	EXPECT_EQ(-EINVAL, wn_lane_make(&made, 2 * WN_LANE_BYTES_MAX));
	close(fd);
}

WT_MAIN
