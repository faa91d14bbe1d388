// SPDX-License-Identifier: MIT
/* Lanes through the module: who gets one, who sees what of it, how it ends. */
#include "pair.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wn.h>

#include "harness.h"

#define BYTES	65536u

FIXTURE(connect) {
	struct wt_mount m;
	struct wn p, c;
	__u64 node;
	const char *d;
};

FIXTURE_SETUP(connect)
{
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->d = wt_path(&self->m, "d");
	ASSERT_EQ(0, wt_ends_open(&self->m, 8, &self->p, &self->c, &self->node));
}

FIXTURE_TEARDOWN(connect)
{
	wn_close(&self->p);
	wn_close(&self->c);
	wt_umount(&self->m);
}

static int both(struct wn *from, struct wn *to, uint64_t node, struct wn_lane *p,
		struct wn_lane *c)
{
	return wt_ends_connect(from, to, node, BYTES, p, c);
}

TEST_F(connect, there)
{
	struct wn_lane_accept from;
	struct wn_lane p, c;

	EXPECT_EQ(-ETIME, wn_lane_accept(&self->c, &c, NULL, 1));
	ASSERT_EQ(0, wn_lane_connect(&self->p, &p, self->node, 0, BYTES));
	EXPECT_EQ(0, wt_pair_send(&p, 41));	/* before it is accepted */
	ASSERT_EQ(0, wn_lane_accept(&self->c, &c, &from, 1));
	EXPECT_EQ(self->node, from.node);
	EXPECT_EQ(BYTES, from.bytes);
	EXPECT_EQ(self->p.client, from.producer);
	EXPECT_EQ(WN_LANE_S_ACCEPTED, p.state->flags);
	EXPECT_EQ(41, wt_pair_take(&c));
	EXPECT_EQ(-EAGAIN, wt_pair_take(&c));
	EXPECT_EQ(0, wt_pair_send(&p, 42));
	EXPECT_EQ(42, wt_pair_take(&c));
	/* The data, twice. */
	p.data[9] = 'x';
	EXPECT_EQ('x', c.data[BYTES + 9]);
	wn_lane_close(&p);
	wn_lane_close(&c);
}

TEST_F(connect, refused)
{
	struct wn_lane_connect a = { .size = sizeof(a), .node = self->node, .bytes = BYTES }, b;
	struct wn_lane l;
	uint64_t other;
	int fd;

	EXPECT_EQ(-EINVAL, wn_lane_connect(&self->p, &l, self->node, 0, 0));
	EXPECT_EQ(-EINVAL, wn_lane_connect(&self->p, &l, self->node, 0, 2048));
	EXPECT_EQ(-EINVAL, wn_lane_connect(&self->p, &l, self->node, 0, 3 * 4096));
	EXPECT_EQ(-EINVAL, wn_lane_connect(&self->p, &l, self->node, 0, 2 * WN_LANE_BYTES_MAX));
	EXPECT_EQ(-EINVAL, wn_lane_connect(&self->c, &l, self->node, 0, BYTES));
	EXPECT_EQ(-EACCES, wn_lane_connect(&self->p, &l, self->node, 1, BYTES));
	EXPECT_EQ(-EACCES, wn_lane_connect(&self->p, &l, self->node, ~0u, BYTES));
	EXPECT_EQ(-ESTALE, wn_lane_connect(&self->p, &l, self->node + (1 << 24), 0, BYTES));
	other = wn_create(&self->c, 0, "nobody");
	EXPECT_EQ(-ENOLINK, wn_lane_connect(&self->p, &l, other, 0, BYTES));
	b = a;
	b.flags = 1;
	EXPECT_EQ(-EINVAL, wt_ioctl(self->p.fd, WN_IOC_LANE_CONNECT, &b));
	EXPECT_EQ(-EFAULT, wt_ioctl(self->p.fd, WN_IOC_LANE_CONNECT, NULL));
	fd = wt_open(self->d, O_RDWR);
	EXPECT_EQ(-ENXIO, wt_ioctl(fd, WN_IOC_LANE_CONNECT, &a));
	close(fd);
	EXPECT_EQ(-ENOENT, wt_ioctl(self->p.fd, WN_IOC_LANE_WAKE, (void *)0));
	EXPECT_EQ(-ENOENT, wt_ioctl(self->p.fd, WN_IOC_LANE_CLOSE, (void *)~0ul));
	/* The reader's death: nobody reads. */
	wn_close(&self->c);
	EXPECT_EQ(-ENOLINK, wn_lane_connect(&self->p, &l, self->node, 0, BYTES));
	ASSERT_EQ(0, wn_open(&self->c, self->d, NULL));
	EXPECT_EQ(-ENOLINK, wn_lane_connect(&self->p, &l, self->node, 0, BYTES));
}

/* An answer that cannot be written leaves nothing. */
TEST_F(connect, bad_address)
{
	long page = sysconf(_SC_PAGESIZE);
	struct wn_lane_connect *a;
	long long used = wt_used(&self->m);
	struct wn_lane l;
	int i;

	a = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*a = (struct wn_lane_connect){ .size = sizeof(*a), .node = self->node, .bytes = BYTES };
	mprotect(a, page, PROT_READ);
	for (i = 0; i < 20; i++)
		EXPECT_EQ(-EFAULT, wt_ioctl(self->p.fd, WN_IOC_LANE_CONNECT, a));
	EXPECT_EQ(used, wt_used(&self->m));
	EXPECT_EQ(-ETIME, wn_lane_accept(&self->c, &l, NULL, 1));
	/* The same of accept: the lane waits for the next one. */
	ASSERT_EQ(0, wn_lane_connect(&self->p, &l, self->node, 0, BYTES));
	mprotect(a, page, PROT_READ | PROT_WRITE);
	memset(a, 0, page);
	a->size = sizeof(struct wn_lane_accept);
	mprotect(a, page, PROT_READ);
	EXPECT_EQ(-EFAULT, wt_ioctl(self->c.fd, WN_IOC_LANE_ACCEPT, a));
	mprotect(a, page, PROT_READ | PROT_WRITE);
	EXPECT_EQ(0, wt_ioctl(self->c.fd, WN_IOC_LANE_ACCEPT, a));
	wn_lane_close(&l);
}

TEST_F(connect, bounds_and_memory)
{
	long long used = wt_used(&self->m);
	struct wn_lane l[5], c;
	int i, round;

	for (round = 0; round < 3; round++) {
		/* Half of those in the domain, and the other half is others'. */
		for (i = 0; i < 4; i++)
			ASSERT_EQ(0, wn_lane_connect(&self->p, &l[i], self->node, 0, BYTES));
		EXPECT_LE(used + 4 * BYTES, wt_used(&self->m));
		EXPECT_EQ(-EDQUOT, wn_lane_connect(&self->p, &l[4], self->node, 0, BYTES));
		ASSERT_EQ(0, wn_lane_accept(&self->c, &c, NULL, 1));
		EXPECT_EQ(l[0].lane, c.lane);
		for (i = 0; i < 4; i++)
			wn_lane_close(&l[i]);
		/* Others still hold them. */
		EXPECT_EQ(-EDQUOT, wn_lane_connect(&self->p, &l[4], self->node, 0, BYTES));
		/* Those nobody accepted can be, and say at once that it is over. */
		wn_lane_close(&c);
		for (i = 1; i < 4; i++) {
			ASSERT_EQ(0, wn_lane_accept(&self->c, &c, NULL, 1));
			EXPECT_EQ(-ENOLINK, wt_pair_take(&c));
			wn_lane_close(&c);
		}
		EXPECT_EQ(used, wt_used(&self->m));
	}
}

/* Who takes all that it gets leaves some to each who comes; the last one ends it. */
TEST_F(connect, shares)
{
	static const int want[] = { 4, 2, 1, 1, 0 };
	struct wn more[5];
	struct wn_lane l;
	int i, n, err;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, wn_open(&more[i], self->d, NULL));
		for (n = 0; n < 9; n++) {
			err = wn_lane_connect(&more[i], &l, self->node, 0, 4096);
			if (err)
				break;
			/* Mapped, it would keep the client's file. */
			munmap(l.maps[0], l.regions[0].bytes);
			munmap(l.maps[1], l.regions[1].bytes);
		}
		EXPECT_EQ(want[i], n) {
			TH_LOG("client %d", i);
		}
		EXPECT_EQ(i < 3 ? -EDQUOT : -ENOSPC, err);
	}
	for (i = 0; i < 5; i++)
		wn_close(&more[i]);
	/* The dead one's count in nobody's share, and the consumer still has them. */
	EXPECT_EQ(-ENOSPC, wn_lane_connect(&self->p, &l, self->node, 0, 4096));
	for (i = 0; i < 8; i++) {
		struct wn_lane c;

		ASSERT_EQ(0, wn_lane_accept(&self->c, &c, NULL, 1));
		wn_lane_close(&c);
	}
	ASSERT_EQ(0, wn_lane_connect(&self->p, &l, self->node, 0, 4096));
	wn_lane_close(&l);
}

TEST_F(connect, pages_have_one_writer)
{
	struct wn_lane p, c;
	int i;

	ASSERT_EQ(0, both(&self->p, &self->c, self->node, &p, &c));
	for (i = 0; i < 2; i++) {
		const struct wn_region *r = i ? &c.regions[0] : &p.regions[0];
		int fd = i ? self->c.fd : self->p.fd;

		EXPECT_EQ(-EACCES, wt_err(wt_mmap(fd, r->offset, r->bytes, PROT_WRITE, MAP_SHARED)));
		EXPECT_EQ(-EINVAL, wt_err(wt_mmap(fd, r->offset, r->bytes + 4096, PROT_READ,
						  MAP_SHARED)));
		EXPECT_EQ(-1, mprotect(i ? c.maps[0] : p.maps[0], r->bytes, PROT_READ | PROT_WRITE));
	}
	/* Nobody else's. */
	wn_lane_close(&p);
	EXPECT_EQ(-EINVAL, wt_err(wt_mmap(self->p.fd, WN_REGION_OFFSET(WN_REGION_LANES), BYTES,
					  PROT_READ, MAP_SHARED)));
	wn_lane_close(&c);
}

/* What is touched after the end is a page that nobody reads, and no signal. */
TEST_F(connect, touched_after_the_end)
{
	struct wn_lane p, c;
	uint64_t i;

	ASSERT_EQ(0, both(&self->p, &self->c, self->node, &p, &c));
	p.data[5] = 'a';
	EXPECT_EQ('a', c.data[5]);
	ASSERT_EQ(0, wt_ioctl(self->p.fd, WN_IOC_LANE_CLOSE, (void *)(long)p.lane));
	EXPECT_EQ(-ENOENT, wt_ioctl(self->p.fd, WN_IOC_LANE_CLOSE, (void *)(long)p.lane));
	for (i = 0; i < 2 * BYTES; i += 4096)
		p.data[i + 5] = 'b';
	EXPECT_EQ('a', c.data[5]);
	EXPECT_EQ(0, p.state->flags & WN_LANE_S_ACCEPTED);
	EXPECT_EQ(-ENOLINK, wt_pair_take(&c));
	munmap(p.maps[0], p.regions[0].bytes);
	munmap(p.maps[1], p.regions[1].bytes);
	wn_lane_close(&c);
}

/* What was mapped of a lane does not show the next one of that number. */
TEST_F(connect, the_next_lane_of_that_number)
{
	struct wn_lane p, c, next, again;
	uint32_t number;
	int i;

	ASSERT_EQ(0, both(&self->p, &self->c, self->node, &p, &c));
	number = p.lane;
	for (i = 0; i < 2; i++) {
		struct wn *wn = i ? &self->c : &self->p;

		ASSERT_EQ(0, wt_ioctl(wn->fd, WN_IOC_LANE_CLOSE, (void *)(long)number));
	}
	ASSERT_EQ(0, both(&self->p, &self->c, self->node, &next, &again));
	ASSERT_EQ(number, next.lane);
	ASSERT_EQ(0, wt_pair_send(&next, 7));
	p.data[8] = 'x';
	p.data[BYTES + 8] = 'x';
	EXPECT_EQ(0, p.state->flags & WN_LANE_S_ACCEPTED);
	EXPECT_EQ(WN_LANE_S_ACCEPTED, next.state->flags);
	/* Both ends of the old one share their client's scratch page, no more. */
	EXPECT_EQ(0, c.peer->pos & ~0xffULL);
	EXPECT_EQ(7, wt_pair_take(&again));
	for (i = 0; i < 2; i++) {
		munmap(p.maps[i], p.regions[i].bytes);
		munmap(c.maps[i], c.regions[i].bytes);
	}
	wn_lane_close(&next);
	wn_lane_close(&again);
}

static short polled(struct wn *wn)
{
	struct pollfd p = { .fd = wn->fd, .events = POLLIN | POLLMSG };

	return poll(&p, 1, 0) == 1 ? p.revents : 0;
}

TEST_F(connect, poll)
{
	struct wn_lane p, c;

	EXPECT_EQ(0, polled(&self->c));
	ASSERT_EQ(0, wn_lane_connect(&self->p, &p, self->node, 0, BYTES));
	EXPECT_EQ(POLLIN | POLLMSG, polled(&self->c));
	ASSERT_EQ(0, wn_lane_accept(&self->c, &c, NULL, 1));
	EXPECT_EQ(0, wn_lanes_wait(&self->c, 1));
	EXPECT_EQ(0, polled(&self->c));
	EXPECT_EQ(-ETIME, wn_lanes_wait(&self->c, 1));
	EXPECT_EQ(0, wt_pair_send(&p, 1));	/* nobody sleeps: nothing is told */
	EXPECT_EQ(0, polled(&self->c));
	EXPECT_EQ(0, wn_lane_wake(&p));
	EXPECT_EQ(POLLIN | POLLMSG, polled(&self->c));
	EXPECT_EQ(0, wn_lanes_wait(&self->c, 1));
	EXPECT_EQ(0, polled(&self->c));
	wn_lane_close(&p);
	EXPECT_EQ(POLLIN | POLLMSG, polled(&self->c));
	wn_lane_close(&c);
}

/* ------------------------------------------------------------ processes */

#define RECORDS	20000u

/* Another process: a client of its own, a lane to node, records; then how it goes. */
static void run_producer(const char *d, uint64_t node, int killed)
{
	struct wn_lane l;
	struct wn wn;
	uint32_t i;

	if (wn_open(&wn, d, NULL) || wn_lane_connect(&wn, &l, node, 0, 4096))
		_exit(1);
	for (i = 0; i < RECORDS; i++)
		while (wt_pair_send(&l, i))
			if (wn_lane_wait(&l, 4, 0))
				_exit(2);
	if (killed) {
		/* Reserved and never committed. */
		while (!wn_lane_reserve(&l, 8))
			if (wn_lane_wait(&l, 8, 0))
				_exit(3);
		kill(getpid(), SIGKILL);
	}
	wn_lane_close(&l);
	wn_close(&wn);
	_exit(0);
}

static void exchange(struct __test_metadata *_metadata, FIXTURE_DATA(connect) *self, int killed)
{
	struct wn_lane c;
	uint32_t i;
	int status;
	pid_t pid = fork();

	if (!pid)
		run_producer(self->d, self->node, killed);
	ASSERT_EQ(0, wn_lane_accept(&self->c, &c, NULL, wn_deadline(60000000000)));
	for (i = 0; i < RECORDS; i++) {
		ASSERT_EQ(0, wn_lane_wait(&c, 0, wn_deadline(60000000000)));
		ASSERT_EQ(i, wt_pair_take(&c));
	}
	EXPECT_EQ(-ENOLINK, wn_lane_wait(&c, 0, wn_deadline(60000000000)));
	waitpid(pid, &status, 0);
	EXPECT_EQ(killed ? SIGKILL : 0, status);
	TH_LOG("%u records, %llu sleeps, %llu wakes", RECORDS, c.sleeps, c.wakes);
	wn_lane_close(&c);
}

TEST_F(connect, processes)
{
	exchange(_metadata, self, 0);
}

TEST_F(connect, producer_killed)
{
	exchange(_metadata, self, 1);
}

/* The consumer is killed while the producer waits for room. */
TEST_F(connect, consumer_killed)
{
	struct wn_lane p;
	__u64 node;
	int up[2], status;
	pid_t pid;

	ASSERT_EQ(0, pipe(up));
	pid = fork();
	if (!pid) {
		struct wn_lane c;
		struct wn wn;

		if (wn_open(&wn, self->d, NULL))
			_exit(1);
		node = wn_create(&wn, 0, "there");
		if (wn_bind(&wn, node, 0) || write(up[1], &node, 8) != 8 ||
		    wn_lane_accept(&wn, &c, NULL, 0))
			_exit(2);
		usleep(100000);
		kill(getpid(), SIGKILL);
	}
	ASSERT_EQ(8, read(up[0], &node, 8));
	ASSERT_EQ(0, wn_lane_connect(&self->p, &p, node, 0, 4096));
	ASSERT_NE(NULL, wn_lane_reserve(&p, 4088));
	ASSERT_EQ(0, wn_lane_commit(&p));
	EXPECT_EQ(-ENOLINK, wn_lane_wait(&p, 8, wn_deadline(60000000000)));
	EXPECT_EQ(-ENOLINK, wn_lane_commit(&p));
	waitpid(pid, &status, 0);
	EXPECT_EQ(SIGKILL, status);
	wn_lane_close(&p);
}

WT_MAIN
