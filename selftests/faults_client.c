// SPDX-License-Identifier: MIT
/*
 * Every allocation fails in turn, of what an enabled client asks for: lanes, fans and their
 * seats, capabilities as files, eventfds, a polling thread. The call answers -ENOMEM or
 * -EFAULT and leaves nothing: no memory, no number, no window, no file, no thread; or it
 * succeeds in spite of it.
 */
#include "common.h"

#include <fcntl.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <wn.h>

#include "fan_fixture.h"
#include "harness.h"
#include "faulty.h"

#define PARAM	"/sys/module/worknode/parameters/pollers"

FIXTURE(faults_client) {
	struct wt_fan f;	/* clients that may do all, and a node */
	struct wn_lane_connect connect;
	struct wn_fan_make make;
	struct wn_fan_join join;
	long long used;
	char pollers[16];
	int nth;		/* wt_fault_open() */
};

FIXTURE_SETUP(faults_client)
{
	struct wt_fan *f = &self->f;

	self->nth = wt_fault_open();
	ASSERT_GE(self->nth, 0);
	ASSERT_EQ(0, wt_fan_open(f));
	/* c[0] reads the node's events: who connects there connects to it. */
	ASSERT_EQ(0, wn_bind(&f->c[0], f->node, 0));
	self->connect = (struct wn_lane_connect){
		.size = sizeof(self->connect), .node = f->node, .bytes = WT_FAN_BYTES,
	};
	self->make = (struct wn_fan_make){
		.size = sizeof(self->make), .node = f->node, .bytes = WT_FAN_BYTES,
		.seats = WT_FAN_SEATS,
	};
	self->join = (struct wn_fan_join){
		.size = sizeof(self->join), .node = f->node, .lane = WN_LANE_ANY,
	};
	ASSERT_LT(0, wt_read_file(PARAM, self->pollers, sizeof(self->pollers)));
	self->used = wt_used(&f->m);
}

FIXTURE_TEARDOWN(faults_client)
{
	wt_write_file(PARAM, self->pollers);
	close(self->nth);
	wt_fan_close(&self->f);
}

static long connect_to(struct wn *wn, struct wn_lane_connect c, __u32 *lane)
{
	long err = wt_ioctl(wn->fd, WN_IOC_LANE_CONNECT, &c);

	*lane = c.lane;
	return err;
}

static long accept_one(struct wn *wn, struct wn_lane_accept *a)
{
	*a = (struct wn_lane_accept){ .size = sizeof(*a) };
	return wt_ioctl(wn->fd, WN_IOC_LANE_ACCEPT, a);
}

static long make_fan(struct wn *wn, struct wn_fan_make m, __u32 *lane)
{
	long err = wt_ioctl(wn->fd, WN_IOC_FAN_MAKE, &m);

	*lane = m.lane;
	return err;
}

static long join_fan(struct wn *wn, struct wn_fan_join j, __u32 *lane)
{
	long err = wt_ioctl(wn->fd, WN_IOC_FAN_JOIN, &j);

	*lane = j.lane;
	return err;
}

static long close_lane(struct wn *wn, __u32 lane)
{
	return wt_ioctl(wn->fd, WN_IOC_LANE_CLOSE, (void *)(uintptr_t)lane);
}

/* How many lanes there are, and what is said of the first. */
static int lanes(struct wn *wn, struct wn_lane_info *first)
{
	struct wn_lane_list l = {};
	int n = wn_lanes(wn, &l);

	*first = l.lanes[0];
	return n;
}

/* A window of a lane that failed would show something there. */
static long shows(struct wn *wn, __u32 lane, int i)
{
	const uint64_t at = WN_REGION_OFFSET((uint64_t)WN_REGION_LANES + 2 * lane + i);
	void *p = wt_mmap(wn->fd, at, 2 * (uint64_t)sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED);
	long err = wt_err(p);

	if (!err)
		munmap(p, 2 * (size_t)sysconf(_SC_PAGESIZE));
	return err;
}

TEST_F(faults_client, connect)
{
	struct wt_fan *f = &self->f;
	struct wn_lane_accept a;
	struct wn_lane_info info;
	__u32 lane;

	WT_EACH_FAULT(connect_to(&f->p, self->connect, &lane), {
		ASSERT_EQ(self->used, wt_used(&f->m));
		ASSERT_EQ(0, lanes(&f->p, &info));
		/* Nor is the other told of it. */
		ASSERT_EQ(-EAGAIN, accept_one(&f->c[0], &a));
		ASSERT_EQ(-EINVAL, shows(&f->p, 0, 0));
	}, {
		ASSERT_EQ(0, lane);
		ASSERT_EQ(0, accept_one(&f->c[0], &a));
		ASSERT_EQ(0, close_lane(&f->p, lane));
		ASSERT_EQ(0, close_lane(&f->c[0], lane));
		ASSERT_EQ(self->used, wt_used(&f->m));
	});
	EXPECT_EQ(0, lanes(&f->p, &info));
}

TEST_F(faults_client, accept)
{
	struct wt_fan *f = &self->f;
	struct wn_lane_info info;
	struct wn_lane_accept a;
	long long used;
	__u32 lane;

	ASSERT_EQ(0, connect_to(&f->p, self->connect, &lane));
	used = wt_used(&f->m);
	WT_EACH_FAULT(accept_one(&f->c[0], &a), {
		/* It waits, as if nobody had asked. */
		ASSERT_EQ(used, wt_used(&f->m));
		ASSERT_EQ(1, lanes(&f->p, &info));
		ASSERT_EQ(0, info.flags & (WN_LANE_I_ACCEPTED | WN_LANE_I_CONSUMER_GONE));
		ASSERT_EQ(-ENOENT, close_lane(&f->c[0], lane));
	}, {
		ASSERT_EQ(lane, a.lane);
		ASSERT_EQ(1, lanes(&f->p, &info));
		ASSERT_EQ(WN_LANE_I_ACCEPTED, info.flags & WN_LANE_I_ACCEPTED);
		ASSERT_EQ(0, close_lane(&f->c[0], lane));
		ASSERT_EQ(0, close_lane(&f->p, lane));
		ASSERT_EQ(self->used, wt_used(&f->m));
		ASSERT_EQ(0, connect_to(&f->p, self->connect, &lane));
	});
}

TEST_F(faults_client, fan_make)
{
	struct wt_fan *f = &self->f;
	struct wn_lane_info info;
	__u32 lane;

	WT_EACH_FAULT(make_fan(&f->p, self->make, &lane), {
		ASSERT_EQ(self->used, wt_used(&f->m));
		ASSERT_EQ(0, lanes(&f->p, &info));
		ASSERT_EQ(-EINVAL, shows(&f->p, 0, 0));
		ASSERT_EQ(-ENOENT, join_fan(&f->c[0], self->join, &lane));
	}, {
		ASSERT_EQ(0, lane);
		ASSERT_EQ(0, close_lane(&f->p, lane));
		ASSERT_EQ(self->used, wt_used(&f->m));
	});
	EXPECT_EQ(0, lanes(&f->p, &info));
}

TEST_F(faults_client, fan_join)
{
	struct wt_fan *f = &self->f;
	const struct wn_fan_state *state;
	struct wn_lane_info info;
	long long used;
	__u32 lane;
	int i;

	ASSERT_EQ(0, wt_fan_make(f, WN_FAN_HOLDS));
	state = (const void *)((const char *)f->out.maps[0] + WN_FAN_OFFSET);
	used = wt_used(&f->m);
	WT_EACH_FAULT(join_fan(&f->c[0], self->join, &lane), {
		ASSERT_EQ(used, wt_used(&f->m));
		ASSERT_EQ(1, lanes(&f->p, &info));
		ASSERT_EQ(0, __atomic_load_n(&state->seats, __ATOMIC_ACQUIRE));
		ASSERT_EQ(-EINVAL, shows(&f->c[0], f->out.lane, 0));
		ASSERT_EQ(-ENOENT, close_lane(&f->c[0], f->out.lane));
		/* The producer waits for nobody. */
		ASSERT_EQ(0, wt_fan_put(&f->out, nth));
	}, {
		ASSERT_EQ(1, __atomic_load_n(&state->seats, __ATOMIC_ACQUIRE));
		ASSERT_EQ(0, close_lane(&f->c[0], lane));
		ASSERT_EQ(0, __atomic_load_n(&state->seats, __ATOMIC_ACQUIRE));
		ASSERT_EQ(used, wt_used(&f->m));
	});
	/* All seats are there for who wants one. */
	for (i = 0; i < WT_FAN_SEATS; i++)
		EXPECT_EQ(0, wt_fan_join(f, i, 0));
}

/* The lowest that is free: none was left open, and none is taken that nobody has. */
static int next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static long export_cap(struct wn *wn, __u64 node)
{
	struct wn_cap_export e = {
		.size = sizeof(e), .node = node, .uses = 1000,
		.grant = { .rights = WN_RIGHT_READ },
	};
	long err = wt_ioctl(wn->fd, WN_IOC_CAP_EXPORT, &e);

	return err ? err : e.fd;
}

TEST_F(faults_client, cap_export)
{
	struct wt_fan *f = &self->f;
	const int next = next_fd();
	__s64 handle;
	long fd;

	ASSERT_GE(next, 0);
	WT_EACH_FAULT((fd = export_cap(&f->p, f->node)), {
		ASSERT_EQ(next, next_fd());
		ASSERT_EQ(self->used, wt_used(&f->m));
	}, {
		ASSERT_EQ(next, fd);
		ASSERT_EQ(1000, wt_fdinfo(fd, "wn-uses"));
		handle = wn_cap_redeem(&f->c[0], fd, NULL);
		ASSERT_FALSE(WN_RES_IS_ERROR(handle));
		ASSERT_EQ(0, wn_cap_revoke(&f->p, 0, (__u64)handle));
		ASSERT_EQ(0, close(fd));
	});
	EXPECT_EQ(next, next_fd());
}

static long redeem(struct wn *wn, int fd, __u64 *handle)
{
	struct wn_cap_redeem r = { .size = sizeof(r), .fd = fd };
	long err = wt_ioctl(wn->fd, WN_IOC_CAP_REDEEM, &r);

	*handle = r.handle;
	return err;
}

/* Takes no memory; of what can fail all but the last copy, of the answer, uses nothing up. */
TEST_F(faults_client, cap_redeem)
{
	struct wt_fan *f = &self->f;
	const long fd = export_cap(&f->p, f->node);
	long long uses = 1000;
	__u64 handle;
	int late = 0;

	ASSERT_GE(fd, 0);
	WT_EACH_FAULT(redeem(&f->c[0], fd, &handle), {
		if (wt_fdinfo(fd, "wn-uses") == uses - 1) {
			uses--;
			late++;
		}
		ASSERT_EQ(uses, wt_fdinfo(fd, "wn-uses"));
		ASSERT_LE(late, 1);
	}, {
		ASSERT_EQ(--uses, wt_fdinfo(fd, "wn-uses"));
		ASSERT_EQ(0, wn_cap_revoke(&f->p, 0, handle));
	});
	EXPECT_EQ(self->used, wt_used(&f->m));
	close(fd);
}

static long tell(struct wn *wn, int fd, __u32 which)
{
	struct wn_eventfd_args e = { .size = sizeof(e), .flags = which, .fd = fd };

	return wt_ioctl(wn->fd, WN_IOC_EVENTFD, &e);
}

TEST_F(faults_client, eventfd)
{
	const __u32 both = WN_EVENTFD_COMPLETIONS | WN_EVENTFD_EVENTS;
	struct wn *wn = &self->f.p;
	const int fd = eventfd(0, EFD_CLOEXEC);

	ASSERT_GE(fd, 0);
	WT_EACH_FAULT(tell(wn, fd, both), {
		ASSERT_EQ(-ENOENT, tell(wn, -1, WN_EVENTFD_COMPLETIONS));
		ASSERT_EQ(-ENOENT, tell(wn, -1, WN_EVENTFD_EVENTS));
	}, {
		ASSERT_EQ(-EBUSY, tell(wn, fd, both));
		ASSERT_EQ(0, tell(wn, -1, both));
	});
	close(fd);
}

/* One op there and back, by whoever runs the engine. */
static long nop(struct wn *wn)
{
	long n;

	wn_prep_nop(wn_get_sqe(wn), 1);
	n = wn_submit_and_wait(wn, 1, 0);
	if (n < 0)
		return n;
	if (!wn_peek_cqe(wn))
		return -EPROTO;
	wn_cqe_seen(wn);
	return 0;
}

static long start(struct wn *wn)
{
	struct wn_poll_args p = { .size = sizeof(p) };

	return wt_ioctl(wn->fd, WN_IOC_POLL, &p);
}

static long stop(struct wn *wn)
{
	struct wn_poll_args p = { .size = sizeof(p), .flags = WN_POLL_STOP };

	return wt_ioctl(wn->fd, WN_IOC_POLL, &p);
}

/* One thread may run: one that failed and was counted would be ENOSPC for the next. */
TEST_F(faults_client, polling_thread)
{
	struct wn *wn = &self->f.p;

	ASSERT_EQ(0, wt_write_file(PARAM, "1"));
	WT_EACH_FAULT(start(wn), {
		/* Where only the answer could not be written there is one. */
		ASSERT_EQ(0, stop(wn));
		ASSERT_EQ(0, nop(wn));
	}, {
		ASSERT_EQ(-EBUSY, start(wn));
		ASSERT_EQ(0, stop(wn));
		ASSERT_EQ(0, nop(wn));
	});
	EXPECT_EQ(self->used, wt_used(&self->f.m));
}

/* Set up where a thread is wanted: where there can be none all is done inline. */
TEST_F(faults_client, setup_with_a_polling_thread)
{
	struct wt_fan *f = &self->f;
	long long used;
	struct wn_setup s;
	int fd, i;

	ASSERT_EQ(0, wt_write_file(PARAM, "1"));
	ASSERT_EQ(0, start(&f->p));
	/* It stops with the last client, and is wanted still. */
	wn_close(&f->p);
	for (i = 0; i <= WT_FAN_SEATS; i++)
		wn_close(&f->c[i]);
	fd = wt_open(f->d, O_RDWR);
	ASSERT_GE(fd, 0);
	used = wt_used(&f->m);
	WT_EACH_FAULT((s = (struct wn_setup){ .size = sizeof(s) }, wt_ioctl(fd, WN_IOC_SETUP, &s)), {
		ASSERT_EQ(0, wt_info(fd).clients);
		ASSERT_EQ(used, wt_used(&f->m));
	}, {
		ASSERT_EQ(1, wt_info(fd).clients);
		close(fd);
		ASSERT_EQ(used, wt_used(&f->m));
		fd = wt_open(f->d, O_RDWR);
		ASSERT_GE(fd, 0);
	});
	close(fd);
	/* None of them is counted still. */
	ASSERT_EQ(0, wn_open(&f->p, f->d, NULL));
	EXPECT_EQ(-EBUSY, start(&f->p));
	EXPECT_EQ(0, stop(&f->p));
	EXPECT_EQ(0, start(&f->p));
	EXPECT_EQ(0, stop(&f->p));
}

WT_FAULT_MAIN
