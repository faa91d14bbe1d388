// SPDX-License-Identifier: MIT
/* Loans: buffers that come back in any order, from a peer that may lie about them. */
#include "common.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wn.h>

#include "harness.h"

#define SIZE	4096u
#define COUNT	16u

FIXTURE(loan) {
	struct wn_lane_fds fds;
	struct wn_lane p, c;
	struct wn_loans lends, takes;
};

FIXTURE_SETUP(loan)
{
	ASSERT_EQ(0, wn_lane_make(&self->fds, SIZE * COUNT));
	ASSERT_EQ(0, wn_lane_map(&self->p, self->fds.producer, true));
	ASSERT_EQ(0, wn_lane_map(&self->c, self->fds.consumer, false));
	ASSERT_EQ(0, wn_loans_begin(&self->lends, &self->p, SIZE));
	ASSERT_EQ(0, wn_loans_begin(&self->takes, &self->c, SIZE));
}

FIXTURE_TEARDOWN(loan)
{
	wn_lane_close(&self->p);
	wn_lane_close(&self->c);
	wn_lane_fds_close(&self->fds);
}

/* Lend one that says n all over, and commit it. */
static int lend(struct wn_loans *s, uint32_t n)
{
	char *to = wn_loans_get(s);
	int err;

	if (!to)
		return wn_lane_error(s->lane) ? wn_lane_error(s->lane) : -EAGAIN;
	memset(to, (int)(n & 0xff), s->size);
	memcpy(to, &n, sizeof(n));
	err = wn_loans_send(s, to, s->size - n % 64, n);
	return err ? err : wn_lane_commit(s->lane);
}

/* Whether what lies there is number n, whole. */
static bool is_whole(const void *from, uint32_t n, uint32_t len, uint32_t size)
{
	const unsigned char *b = from;
	uint32_t got, i;

	memcpy(&got, from, sizeof(got));
	if (got != n || len != size - n % 64)
		return false;
	for (i = 4; i < size; i += 61)
		if (b[i] != (n & 0xff))
			return false;
	return b[size - 1] == (n & 0xff);
}

TEST_F(loan, sizes)
{
	struct wn_lane_fds fds;
	struct wn_loans s;
	struct wn_lane l;

	ASSERT_EQ(0, wn_lane_make(&fds, 65536));
	ASSERT_EQ(0, wn_lane_map(&l, fds.producer, true));
	EXPECT_EQ(-EINVAL, wn_loans_begin(&s, &l, 0));
	EXPECT_EQ(-EINVAL, wn_loans_begin(&s, &l, 4));
	EXPECT_EQ(-EINVAL, wn_loans_begin(&s, &l, 3000));
	EXPECT_EQ(-EINVAL, wn_loans_begin(&s, &l, 256));	/* 256 of them */
	EXPECT_EQ(-EINVAL, wn_loans_begin(&s, &l, 131072));
	EXPECT_EQ(0, wn_loans_begin(&s, &l, 65536));
	EXPECT_EQ(1, s.count);
	wn_lane_close(&l);
	ASSERT_EQ(0, wn_lane_map(&l, fds.producer, true));
	ASSERT_NE(NULL, wn_lane_reserve(&l, 8));
	EXPECT_EQ(-EINVAL, wn_loans_begin(&s, &l, 4096));
	wn_lane_close(&l);
	wn_lane_fds_close(&fds);
}

/* What came first is kept; the others come back the wrong way round; many times over. */
TEST_F(loan, any_order)
{
	const void *kept, *had[COUNT];
	uint32_t n = 0, i, len, type, round;

	ASSERT_EQ(0, lend(&self->lends, n++));
	kept = wn_loans_take(&self->takes, &len, &type);
	ASSERT_TRUE(is_whole(kept, 0, len, SIZE));
	for (round = 0; round < 100; round++) {
		for (i = 0; i < COUNT - 1; i++)
			ASSERT_EQ(0, lend(&self->lends, n++));
		ASSERT_EQ(-EAGAIN, lend(&self->lends, n));
		EXPECT_EQ(-ETIME, wn_loans_wait(&self->lends, 1));
		for (i = 0; i < COUNT - 1; i++) {
			had[i] = wn_loans_take(&self->takes, &len, &type);
			ASSERT_NE(NULL, had[i]);
			EXPECT_EQ(n - (COUNT - 1) + i, type);
			EXPECT_TRUE(is_whole(had[i], type, len, SIZE));
		}
		EXPECT_EQ(NULL, wn_loans_take(&self->takes, &len, &type));
		EXPECT_EQ(-ETIME, wn_loans_wait(&self->takes, 1));
		while (i--)
			ASSERT_EQ(0, wn_loans_return(&self->takes, had[(i * 7) % (COUNT - 1)]));
		EXPECT_EQ(0, wn_loans_wait(&self->lends, 1));
	}
	/* It was nobody else's all the time. */
	EXPECT_TRUE(is_whole(kept, 0, SIZE, SIZE));
	EXPECT_EQ(0, wn_loans_return(&self->takes, kept));
	EXPECT_EQ(0, wn_lane_error(&self->p));
}

TEST_F(loan, misused)
{
	const void *taken;
	uint32_t len, type, i;
	char *to = wn_loans_get(&self->lends), *more[COUNT];

	EXPECT_EQ(-EINVAL, wn_loans_send(&self->lends, to + 1, 8, 0));
	EXPECT_EQ(-EINVAL, wn_loans_send(&self->lends, to - SIZE, 8, 0));
	EXPECT_EQ(-EINVAL, wn_loans_send(&self->lends, self->p.data + COUNT * SIZE, 8, 0));
	EXPECT_EQ(-EINVAL, wn_loans_send(&self->lends, to, SIZE + 1, 0));
	EXPECT_EQ(0, wn_loans_send(&self->lends, to, SIZE, 0));
	EXPECT_EQ(-EINVAL, wn_loans_send(&self->lends, to, 8, 0));	/* twice */
	EXPECT_EQ(-EINVAL, wn_loans_put(&self->lends, to));
	EXPECT_EQ(NULL, wn_loans_take(&self->takes, &len, &type));	/* not committed */
	EXPECT_EQ(0, wn_lane_commit(&self->p));
	taken = wn_loans_take(&self->takes, &len, &type);
	ASSERT_NE(NULL, taken);
	EXPECT_EQ(-EINVAL, wn_loans_return(&self->takes, (const char *)taken + 8));
	EXPECT_EQ(0, wn_loans_return(&self->takes, taken));
	EXPECT_EQ(-EINVAL, wn_loans_return(&self->takes, taken));	/* twice */
	EXPECT_EQ(NULL, wn_loans_get(&self->takes));
	EXPECT_EQ(NULL, wn_loans_take(&self->lends, &len, &type));
	/* All in the program's own hands: to wait for one would be for ever. */
	for (i = 0; i < COUNT; i++)
		ASSERT_NE(NULL, more[i] = wn_loans_get(&self->lends));
	EXPECT_EQ(NULL, wn_loans_get(&self->lends));
	EXPECT_EQ(-E2BIG, wn_loans_wait(&self->lends, 0));
	EXPECT_EQ(0, wn_loans_put(&self->lends, more[3]));
	EXPECT_EQ(0, wn_loans_wait(&self->lends, 0));
	EXPECT_EQ(more[3], wn_loans_get(&self->lends));
}

/* ---------------------------------------------------------- a peer that lies */

TEST_F(loan, producer_lies)
{
	static const struct { uint32_t buffer, len; int want; } lies[] = {
		{ 0, SIZE, 0 }, { COUNT - 1, 0, 0 }, { COUNT, 0, -EPROTO }, { ~0u, 0, -EPROTO },
		{ 1u << 31, 0, -EPROTO }, { 3, SIZE + 1, -EPROTO }, { 3, ~0u, -EPROTO },
		{ 5, SIZE, -EPROTO },	/* that one is taken already */
	};
	struct wn_loan *loan = (void *)((char *)self->p.own + WN_LOANS_OFFSET);
	uint32_t len, type;
	const char *at;
	size_t i;

	loan[0] = (struct wn_loan){ .buffer = 5, .len = 1 };
	self->p.own->pos = 8;
	ASSERT_NE(NULL, wn_loans_take(&self->takes, &len, &type));
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct wn_loans s = self->takes;
		struct wn_lane c = self->c;

		s.lane = &c;
		loan[1] = (struct wn_loan){ .buffer = lies[i].buffer, .len = lies[i].len };
		self->p.own->pos = 16;
		at = wn_loans_take(&s, &len, &type);
		EXPECT_EQ(lies[i].want, wn_lane_error(&c)) {
			TH_LOG("lie %zu", i);
		}
		EXPECT_EQ(!lies[i].want, !!at);
	}
	/* More than there are buffers. */
	self->p.own->pos = 8 * (COUNT + 1);
	EXPECT_EQ(NULL, wn_loans_take(&self->takes, &len, &type));
	EXPECT_EQ(-EPROTO, wn_lane_error(&self->c));
}

TEST_F(loan, consumer_lies)
{
	static const uint32_t lies[] = { 0, COUNT, ~0u, 1u << 31 };
	uint32_t *back = (void *)((char *)self->c.own + WN_LOANS_OFFSET), i;
	size_t n;

	/* All are lent but those that the free list's end gives last. */
	for (i = 0; i < COUNT; i++)
		ASSERT_EQ(0, lend(&self->lends, i));
	/* One that came back, and the same again. */
	back[0] = 0;
	self->c.own->pos = 8;
	ASSERT_EQ(0, wn_loans_wait(&self->lends, 1));
	ASSERT_EQ(0, lend(&self->lends, 99));
	back[1] = 1;
	back[2] = 1;
	for (n = 0; n < sizeof(lies) / sizeof(lies[0]); n++) {
		struct wn_loans s = self->lends;
		struct wn_lane p = self->p;

		s.lane = &p;
		self->c.own->pos = n ? 16 : 24;
		if (n)
			back[1] = lies[n];
		EXPECT_EQ(NULL, wn_loans_get(&s));
		EXPECT_EQ(-EPROTO, wn_lane_error(&p)) {
			TH_LOG("lie %zu", n);
		}
	}
	/* More than were lent. */
	self->c.own->pos = 8 * (COUNT + 2);
	EXPECT_EQ(NULL, wn_loans_get(&self->lends));
	EXPECT_EQ(-EPROTO, wn_lane_error(&self->p));
}

/* ------------------------------------------------------------- both at once */

struct job {
	struct wn_loans *s;
	uint32_t n;
	int result;
};

static int lend_all(struct wn_loans *s, uint32_t n)
{
	uint32_t i;
	int err;

	for (i = 0; i < n; i++) {
		while ((err = lend(s, i)) == -EAGAIN) {
			err = wn_loans_wait(s, 0);
			if (err)
				return err;
		}
		if (err)
			return err;
	}
	return 0;
}

/* Up to three are kept, and the middle one goes back first. How many came right. */
static uint32_t take_all(struct wn_loans *s, uint32_t n)
{
	const void *had[3];
	uint32_t i, len, type, nr = 0;

	for (i = 0; i < n; i++) {
		while (!(had[nr] = wn_loans_take(s, &len, &type)))
			if (wn_loans_wait(s, 0))
				return i;
		if (type != i || !is_whole(had[nr], i, len, s->size))
			return i;
		if (++nr < 3)
			continue;
		if (wn_loans_return(s, had[1]) || wn_loans_return(s, had[2]))
			return i;
		nr = 1;
		if (i % 5 == 0) {
			if (wn_loans_return(s, had[0]))
				return i;
			nr = 0;
		}
	}
	while (nr--)
		wn_loans_return(s, had[nr]);
	return i;
}

static void *lender(void *arg)
{
	struct job *job = arg;

	job->result = lend_all(job->s, job->n);
	return NULL;
}

TEST_F(loan, threads)
{
	struct job job = { &self->lends, 20000, -1 };
	pthread_t thread;

	/* One view of the memory, for ThreadSanitizer. */
	self->c.data = self->p.data;
	self->c.peer = self->p.own;
	self->p.peer = self->c.own;
	ASSERT_EQ(0, pthread_create(&thread, NULL, lender, &job));
	EXPECT_EQ(job.n, take_all(&self->takes, job.n));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, job.result);
	TH_LOG("%llu + %llu sleeps", self->p.sleeps, self->c.sleeps);
}

/* Payloads of 1 MB between processes, read where they were written. */
TEST_F(loan, megabytes)
{
	const uint32_t n = 300, size = 1 << 20;
	struct wn_lane_fds fds;
	struct wn_loans s;
	struct wn_lane l;
	int status;
	pid_t pid;

	ASSERT_EQ(0, wn_lane_make(&fds, 8 * size));
	pid = fork();
	if (!pid) {
		if (wn_lane_map(&l, fds.producer, true) || wn_loans_begin(&s, &l, size))
			_exit(1);
		status = lend_all(&s, n) != 0;
		wn_lane_close(&l);
		_exit(status);
	}
	ASSERT_EQ(0, wn_lane_map(&l, fds.consumer, false));
	ASSERT_EQ(0, wn_loans_begin(&s, &l, size));
	EXPECT_EQ(n, take_all(&s, n));
	EXPECT_EQ(-ENOLINK, wn_loans_wait(&s, 0));
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	wn_lane_close(&l);
	wn_lane_fds_close(&fds);
}

struct scribble {
	struct wn_lane *c;
	int stop;
};

static void *scribbling_reader(void *arg)
{
	struct scribble *s = arg;
	struct wn_lane_side *own = s->c->own;
	uint32_t *back = (void *)((char *)own + WN_LOANS_OFFSET), r = 1;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		r = r * 1664525 + 1013904223;
		__atomic_store_n(&back[r >> 8 & (WN_LOANS_MAX - 1)],
				 r >> 16 & 31 ? r >> 24 & (COUNT - 1) : r, __ATOMIC_RELAXED);
		__atomic_store_n(&own->pos, __atomic_load_n(&s->c->peer->pos, __ATOMIC_RELAXED) -
				 (r >> 28 ? r >> 20 & 0x38 : r), __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Whatever is scribbled over what comes back: no buffer is the program's twice, nor is none. */
TEST_F(loan, reader_scribbles)
{
	const uint64_t until = wn_deadline(20000000000);
	struct scribble s = { &self->c, 0 };
	uint32_t i, n, taken = 0, gets = 0, over = 0;
	struct wn_lane *p = &self->p;
	pthread_t thread;
	char *at;

	ASSERT_EQ(0, pthread_create(&thread, NULL, scribbling_reader, &s));
	for (i = 0; i < 200000 || ((!gets || !over) && wn_deadline(0) < until); i++) {
		at = wn_loans_get(&self->lends);
		if (at) {
			gets++;
			ASSERT_EQ(0, (at - p->data) % SIZE);
			n = (uint32_t)((at - p->data) / SIZE);
			ASSERT_LT(n, COUNT);
			ASSERT_EQ(0, taken & 1u << n);
			memset(at, 'x', 64);
			taken |= 1u << n;
			if (i % 4) {
				ASSERT_EQ(0, wn_loans_send(&self->lends, at, SIZE, 0));
				taken &= ~(1u << n);
			}
			wn_lane_commit(p);
		}
		for (n = 0; i % 32 == 0 && n < COUNT; n++) {
			if (!(taken & 1u << n))
				continue;
			ASSERT_EQ(0, wn_loans_put(&self->lends, p->data + n * SIZE));
			taken &= ~(1u << n);
		}
		if (wn_lane_error(p)) {
			ASSERT_EQ(-EPROTO, wn_lane_error(p));
			over++;
			taken = 0;
			p->error = 0;
			p->fit = p->alive;
			p->pos = 0;
			__atomic_store_n(&p->own->pos, 0, __ATOMIC_RELEASE);
			p->mask = SIZE * COUNT - 1;
			ASSERT_EQ(0, wn_loans_begin(&self->lends, p, SIZE));
		}
	}
	__atomic_store_n(&s.stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_LT(COUNT, gets);
	EXPECT_LT(0, over);
}

WT_MAIN
