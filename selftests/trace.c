// SPDX-License-Identifier: MIT
/* Tracepoints: each tells what happened, and nothing when nobody listens. */
#include "common.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <wn.h>

#include "harness.h"
#include "storm.h"

#define TRACING	"/sys/kernel/tracing"
#define EVENTS	"events/worknode"
#define SECOND	1000000000ULL

FIXTURE(trace)
{
	struct wt_mount m;
	const char *path;
	struct wn wn, other;
	unsigned long long id;		/* of the domain */
	char dir[64];			/* an instance of tracefs: a buffer of our own */
	char *text;
	__u64 node;
};

#define TEXT	(1 << 20)

static const char *file(const char *dir, const char *name)
{
	static char path[2][160];
	static int next;
	char *p = path[next++ % 2];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

FIXTURE_SETUP(trace)
{
	struct wn_domain_info info;

	self->text = malloc(TEXT);
	ASSERT_NE(NULL, self->text);
	if (access(TRACING "/" EVENTS, F_OK))
		SKIP(return, "no tracefs, or this kernel has no tracepoints");
	snprintf(self->dir, sizeof(self->dir), TRACING "/instances/wn%d", getpid());
	ASSERT_EQ(0, mkdir(self->dir, 0700));
	ASSERT_EQ(0, wt_write_file(file(self->dir, EVENTS "/enable"), "1"));

	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->path = wt_path(&self->m, "d");
	ASSERT_EQ(0, wn_domain_create(self->path, 0600, NULL));
	ASSERT_EQ(0, wn_domain_info(self->path, &info));
	self->id = info.id;
	ASSERT_EQ(0, wn_open(&self->wn, self->path, NULL));
	ASSERT_EQ(0, wn_open(&self->other, self->path, NULL));
	self->node = (__u64)wn_create(&self->wn, 0, "node");
	ASSERT_FALSE(WN_RES_IS_ERROR(self->node));
}

FIXTURE_TEARDOWN(trace)
{
	wn_close(&self->other);
	wn_close(&self->wn);
	wt_umount(&self->m);
	rmdir(self->dir);
	free(self->text);
}

/* How many lines have this event of our domain, with these words behind its id. */
static int lines(FIXTURE_DATA(trace) *self, const char *event, const char *format, ...)
{
	char want[256], rest[192];
	const char *at;
	va_list args;
	int n = 0;

	va_start(args, format);
	/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is, above. */
	vsnprintf(rest, sizeof(rest), format, args);
	va_end(args);
	snprintf(want, sizeof(want), " %s: domain=%llu%s%s", event, self->id, *rest ? " " : "", rest);
	if (wt_read_file(file(self->dir, "trace"), self->text, TEXT) < 0)
		return -1;
	for (at = strstr(self->text, want); at; at = strstr(at + 1, want))
		n += at[strlen(want)] == ' ' || at[strlen(want)] == '\n' || !at[strlen(want)];
	return n;
}

static void forget(FIXTURE_DATA(trace) *self)
{
	/* To truncate it is to forget. */
	close(wt_open(file(self->dir, "trace"), O_WRONLY | O_TRUNC));
}

TEST_F(trace, ops)
{
	struct wn *wn = &self->wn;
	const struct wn_cqe *cqe;
	__u64 child, hlc;

	forget(self);
	wn_prep_nop(wn_get_sqe(wn), 0xabc);
	ASSERT_EQ(1, wn_submit_and_wait(wn, 1, wn_deadline(10 * SECOND)));
	cqe = wn_peek_cqe(wn);
	ASSERT_NE(NULL, cqe);
	EXPECT_EQ(1, lines(self, "wn_submit", "client=%u waiting=1", wn->client));
	EXPECT_EQ(1, lines(self, "wn_apply", "client=%u opcode=%u node=0x0 res=0 hlc=%llu", wn->client,
			   WN_OP_NOP, (unsigned long long)cqe->hlc));
	EXPECT_EQ(1, lines(self, "wn_complete", "client=%u user_data=0xabc res=0", wn->client));
	EXPECT_EQ(0, lines(self, "wn_refuse", ""));
	wn_cqe_seen(wn);

	child = (__u64)wn_create(wn, self->node, "child");
	hlc = wn_clock(wn);
	EXPECT_EQ(1, lines(self, "wn_apply", "client=%u opcode=%u node=0x%llx res=%lld hlc=%llu",
			   wn->client, WN_OP_NODE_CREATE, (unsigned long long)self->node,
			   (long long)child, (unsigned long long)hlc));
	EXPECT_EQ(1, lines(self, "wn_cap_use", "client=%u cap=0 rights=0x%x node=0x%llx err=0",
			   wn->client, WN_RIGHT_CREATE, (unsigned long long)wn->pub->root));

	/* Refused: by the engine, and by a capability that is not there. */
	EXPECT_EQ(-EEXIST, wn_create(wn, self->node, "child"));
	EXPECT_EQ(1, lines(self, "wn_refuse", "client=%u opcode=%u node=0x%llx err=%d", wn->client,
			   WN_OP_NODE_CREATE, (unsigned long long)self->node, -EEXIST));
	wn_prep_destroy(wn_get_sqe(wn), child, 0, 1);
	wn->sqes[(wn->sq_tail - 1) & (wn->sq_entries - 1)].cap = 7;
	ASSERT_EQ(1, wn_submit_and_wait(wn, 1, wn_deadline(10 * SECOND)));
	wn_cqe_seen(wn);
	EXPECT_EQ(1, lines(self, "wn_cap_use", "client=%u cap=7 rights=0x%x node=0x0 err=%d",
			   wn->client, WN_RIGHT_DESTROY, -EACCES));
	EXPECT_EQ(1, lines(self, "wn_refuse", "client=%u opcode=%u node=0x%llx err=%d", wn->client,
			   WN_OP_NODE_DESTROY, (unsigned long long)child, -EACCES));

	/* One that asks for no completion is applied, and completes nothing. */
	forget(self);
	wn_prep_nop(wn_get_sqe(wn), 0xdef);
	wn->sqes[(wn->sq_tail - 1) & (wn->sq_entries - 1)].flags = WN_SQE_QUIET;
	ASSERT_EQ(1, wn_submit(wn));
	while (wn_sq_room(wn) != wn->sq_entries)	/* by a thread, in polling mode */
		usleep(1000);
	EXPECT_EQ(1, lines(self, "wn_apply", "client=%u", wn->client));
	EXPECT_EQ(0, lines(self, "wn_complete", "client=%u", wn->client));
}

/* ----------------------------------------------------------------- audit */

/* The next that the subscriber is told of. */
static struct wn_audit_event audited(struct wn *wn)
{
	struct wn_audit_event told = { .what = 0 };
	const struct wn_event *event;

	if (wn_wait_event(wn, &event, wn_deadline(10 * SECOND)))
		return told;
	if (event->kind == WN_EV_AUDIT)
		memcpy(&told, event->data, sizeof(told));
	wn_event_seen(wn);
	return told;
}

/* What an op under a capability of its own says, that is none of the right. */
static __s64 destroy_by(struct wn *wn, __u64 node, __u32 cap)
{
	const struct wn_cqe *cqe;
	__s64 res;

	wn_prep_destroy(wn_get_sqe(wn), node, 0, 1);
	wn->sqes[(wn->sq_tail - 1) & (wn->sq_entries - 1)].cap = (__u16)cap;
	if (wn_submit_and_wait(wn, 1, wn_deadline(10 * SECOND)) != 1)
		return -EIO;
	cqe = wn_peek_cqe(wn);
	res = cqe ? cqe->res : -EIO;
	if (cqe)
		wn_cqe_seen(wn);
	return res;
}

/* Each grant, refusal, expiry and revocation is a tracepoint, a counter and an event. */
TEST_F(trace, audit)
{
	const __u32 stats[] = { WN_STAT_CAP_GRANTED, WN_STAT_CAP_REFUSED, WN_STAT_CAP_EXPIRED,
				WN_STAT_CAP_REVOKED };
	struct wn_grant grant = { .rights = WN_RIGHT_READ };
	struct wn *wn = &self->wn, *other = &self->other;
	struct wn_audit_event told;
	struct wn_lane lane;
	__u32 index, short_index;
	__u64 before[4];
	__s64 first;
	int i;

#define GREW(nr) (__atomic_load_n(&wn->pub->stats[stats[nr]], __ATOMIC_ACQUIRE) - before[nr])
#define IS_TOLD(is, why, at)	do {						\
		told = audited(wn);						\
		EXPECT_EQ(is, told.what);					\
		EXPECT_EQ(why, told.error);					\
		EXPECT_EQ(other->client, told.client);				\
		EXPECT_EQ(at, told.index);					\
	} while (0)
	ASSERT_FALSE(WN_RES_IS_ERROR(wn_subscribe(wn, wn->pub->root, WN_SUB_AUDIT, 0)));
	for (i = 0; i < 4; i++)
		before[i] = wn->pub->stats[stats[i]];
	forget(self);

	first = wn_cap_grant(wn, 0, self->node, other->client + 1, &grant, &index);
	ASSERT_FALSE(WN_RES_IS_ERROR(first));
	IS_TOLD(WN_AUDIT_GRANTED, 0, index);
	EXPECT_EQ((__u64)first, told.handle);
	EXPECT_EQ(1, lines(self, "wn_audit", "client=%u cap=%u is=granted node=0x%llx err=0",
			   other->client, index, (unsigned long long)self->node));
	EXPECT_TRUE(WS_EVENTUALLY(GREW(0) == 1));

	EXPECT_EQ(-EACCES, destroy_by(other, self->node, index));
	IS_TOLD(WN_AUDIT_REFUSED, EACCES, index);
	EXPECT_EQ(1, lines(self, "wn_audit", "client=%u cap=%u is=refused node=0x%llx err=%d",
			   other->client, index, (unsigned long long)self->node, EACCES));
	EXPECT_TRUE(WS_EVENTUALLY(GREW(1) == 1));
	EXPECT_TRUE(WS_EVENTUALLY(GREW(2) == 0));

	grant.expires = wn_deadline(SECOND / 100);
	ASSERT_FALSE(WN_RES_IS_ERROR(wn_cap_grant(wn, 0, self->node, other->client + 1, &grant,
						  &short_index)));
	IS_TOLD(WN_AUDIT_GRANTED, 0, short_index);
	while (wn_deadline(0) <= grant.expires)
		usleep(1000);
	EXPECT_EQ(-EKEYEXPIRED, destroy_by(other, self->node, short_index));
	IS_TOLD(WN_AUDIT_EXPIRED, EKEYEXPIRED, short_index);
	EXPECT_EQ(1, lines(self, "wn_audit", "client=%u cap=%u is=expired node=0x%llx err=%d",
			   other->client, short_index, (unsigned long long)self->node,
			   EKEYEXPIRED));
	EXPECT_TRUE(WS_EVENTUALLY(GREW(1) == 2));
	EXPECT_TRUE(WS_EVENTUALLY(GREW(2) == 1));

	EXPECT_TRUE(WS_EVENTUALLY(GREW(3) == 0));
	ASSERT_FALSE(WN_RES_IS_ERROR(wn_cap_revoke(wn, 0, (__u64)first)));
	IS_TOLD(WN_AUDIT_REVOKED, 0, index);
	EXPECT_EQ((__u64)first, told.handle);
	EXPECT_EQ(1, lines(self, "wn_audit", "client=%u cap=%u is=revoked node=0x%llx err=0",
			   other->client, index, (unsigned long long)self->node));
	EXPECT_TRUE(WS_EVENTUALLY(GREW(3) == 1));
	EXPECT_TRUE(WS_EVENTUALLY(GREW(0) == 2));

	/* What is refused to a call that is no op, too, and nobody else submits anything. */
	EXPECT_EQ(-EACCES, wn_lane_connect(other, &lane, self->node, 99, 65536));
	IS_TOLD(WN_AUDIT_REFUSED, EACCES, 99);
	EXPECT_TRUE(WS_EVENTUALLY(GREW(1) == 3));
	/* And nothing twice. */
	EXPECT_EQ(NULL, wn_peek_event(wn));
	EXPECT_EQ(6, lines(self, "wn_audit", "client=%u", other->client));
#undef GREW
#undef IS_TOLD
}

TEST_F(trace, deliver)
{
	struct wn *wn = &self->wn;
	const struct wn_event *event;

	ASSERT_EQ(0, wn_bind(wn, self->node, WN_POLICY_FAIL));
	forget(self);
	ASSERT_EQ(0, wn_emit(&self->other, self->node, 2, 77, "hello", 5));
	ASSERT_EQ(0, wn_wait_event(wn, &event, wn_deadline(10 * SECOND)));
	EXPECT_EQ(1, lines(self, "wn_deliver", "client=%u kind=%u priority=2 node=0x%llx trace=0x%llx hlc=%llu",
			   wn->client, WN_EV_USER, (unsigned long long)self->node,
			   (unsigned long long)event->trace, (unsigned long long)event->hlc));
	EXPECT_EQ(1, lines(self, "wn_deliver", ""));
}

static void *emit_later(void *arg)
{
	FIXTURE_DATA(trace) *self = arg;

	usleep(50000);
	wn_emit(&self->other, self->node, 0, 1, NULL, 0);
	return NULL;
}

TEST_F(trace, sleep_and_wake)
{
	struct pollfd p = { .fd = self->wn.fd, .events = POLLPRI }, e = { .events = POLLIN };
	const int fd = eventfd(0, EFD_NONBLOCK);
	struct wn *wn = &self->wn;
	__u64 seen;
	const struct wn_event *event;
	pthread_t t;

	e.fd = fd;
	ASSERT_LE(0, fd);

	ASSERT_EQ(0, wn_bind(wn, self->node, WN_POLICY_FAIL));
	forget(self);
	ASSERT_EQ(0, pthread_create(&t, NULL, emit_later, self));
	ASSERT_EQ(0, wn_wait_event(wn, &event, 0));
	wn_event_seen(wn);
	pthread_join(t, NULL);
	EXPECT_LE(1, lines(self, "wn_sleep", "client=%u in=enter want=1 deadline=0", wn->client));
	EXPECT_EQ(1, lines(self, "wn_wake", "client=%u in=enter", wn->client));
	EXPECT_EQ(0, lines(self, "wn_wake", "client=%u in=poll", wn->client));

	ASSERT_EQ(0, pthread_create(&t, NULL, emit_later, self));
	EXPECT_EQ(1, poll(&p, 1, 10000));
	pthread_join(t, NULL);
	EXPECT_EQ(1, lines(self, "wn_wake", "client=%u in=poll", wn->client));

	/* An eventfd, and nobody in poll; a lane; an epoch. */
	ASSERT_EQ(0, wn_eventfd_add(wn, WN_EVENTFD_EVENTS, fd));
	wn_event_seen(wn);
	wn_event_seen(wn);
	forget(self);
	wn_emit(&self->other, self->node, 0, 2, NULL, 0);
	EXPECT_EQ(1, TEMP_FAILURE_RETRY(poll(&e, 1, 10000)));
	EXPECT_EQ(1, lines(self, "wn_wake", "client=%u in=eventfd", wn->client));
	EXPECT_EQ(0, lines(self, "wn_wake", "client=%u in=poll", wn->client));
	EXPECT_EQ(-ETIME, wn_lanes_wait(wn, wn_deadline(1000000)));
	EXPECT_LE(1, lines(self, "wn_sleep", "client=%u in=lane", wn->client));
	seen = wn_epoch(wn);
	EXPECT_EQ(-ETIME, wn_wait_epoch(wn, &seen, wn_deadline(1000000)));
	EXPECT_LE(1, lines(self, "wn_sleep", "client=%u in=epoch", wn->client));
	close(fd);
}

TEST_F(trace, fold)
{
	struct wn *wn = &self->wn;
	struct wn_counter c;
	unsigned int client = wn->client;
	__u64 cell;

	cell = (__u64)wn_cell_create(wn, self->node, 1, WN_CELL_PNCOUNTER, 0);
	ASSERT_EQ(0, wn_counter_attach(&c, wn, self->node, cell));
	EXPECT_EQ(0, wn_counter_add(&c, 5));
	EXPECT_EQ(0, lines(self, "wn_fold", ""));
	EXPECT_EQ(0, wn_counter_detach(&c, NULL));
	EXPECT_EQ(1, lines(self, "wn_fold", "client=%u slot=0 cell=%llu value=5", client,
			   (unsigned long long)cell & 0xffffff));
	/* By death, too. */
	ASSERT_EQ(0, wn_counter_attach(&c, wn, self->node, cell));
	EXPECT_EQ(0, wn_counter_add(&c, 6));
	wn_close(wn);
	EXPECT_EQ(1, lines(self, "wn_fold", "client=%u slot=0 cell=%llu value=6", client,
			   (unsigned long long)cell & 0xffffff));
	ASSERT_EQ(0, wn_open(wn, self->path, NULL));
}

TEST_F(trace, lives)
{
	const char *gone = wt_path(&self->m, "gone");
	const unsigned long long id = self->id;
	struct wn_domain_info info;
	unsigned int client;
	struct wn wn;

	ASSERT_EQ(0, wn_open(&wn, self->path, NULL));
	client = wn.client;
	EXPECT_EQ(1, lines(self, "wn_client", "client=%u is=ready pid=0", client));
	EXPECT_EQ(1, lines(self, "wn_client", "client=%u is=enabled pid=%d", client, getpid()));
	EXPECT_EQ(0, lines(self, "wn_client", "client=%u is=dead", client));
	wn_close(&wn);
	EXPECT_EQ(1, lines(self, "wn_client", "client=%u is=dead pid=%d", client, getpid()));
	EXPECT_EQ(1, lines(self, "wn_client", "client=%u is=gone", client));

	EXPECT_EQ(1, lines(self, "wn_domain", "is=made"));
	ASSERT_EQ(0, wn_domain_create(gone, 0600, NULL));
	ASSERT_EQ(0, wn_domain_info(gone, &info));
	self->id = info.id;
	EXPECT_EQ(1, lines(self, "wn_domain", "is=made bytes=%llu", (unsigned long long)info.bytes));
	ASSERT_EQ(0, wn_domain_remove(gone));
	EXPECT_EQ(1, lines(self, "wn_domain", "is=ended bytes=%llu",
			   (unsigned long long)info.bytes));
	self->id = id;
	EXPECT_EQ(0, lines(self, "wn_domain", "is=ended"));
}

TEST_F(trace, lanes)
{
	struct wn *from = &self->other, *to = &self->wn;
	struct wn_lane p, c;

	ASSERT_EQ(0, wn_bind(to, self->node, WN_POLICY_FAIL));
	ASSERT_EQ(0, wn_lane_connect(from, &p, self->node, 0, 4096));
	EXPECT_EQ(1, lines(self, "wn_lane", "client=%u lane=0 is=connected", from->client));
	ASSERT_EQ(0, wn_lane_accept(to, &c, NULL, 1));
	EXPECT_EQ(1, lines(self, "wn_lane", "client=%u lane=0 is=accepted", to->client));
	EXPECT_EQ(0, wn_lane_wake(&p));
	EXPECT_EQ(1, lines(self, "wn_lane", "client=%u lane=0 is=woken", from->client));
	wn_lane_close(&p);
	EXPECT_EQ(1, lines(self, "wn_lane", "client=%u lane=0 is=producer-went", from->client));
	wn_lane_close(&c);
	EXPECT_EQ(1, lines(self, "wn_lane", "client=%u lane=0 is=consumer-went", to->client));
}

TEST_F(trace, poller)
{
	const char *param = "/sys/module/worknode/parameters/pollers";
	struct wn_poll_args p = { .size = sizeof(p), .idle_us = 1000 };
	char old[16];
	int i;

	WT_INLINE("the thread is there before it is traced");
	ASSERT_LT(0, wt_read_file(param, old, sizeof(old)));
	ASSERT_EQ(0, wt_write_file(param, "64"));
	ASSERT_EQ(0, wt_ioctl(self->wn.fd, WN_IOC_POLL, &p));
	for (i = 0; i < 1000 && lines(self, "wn_poller", "is=asleep") < 1; i++)
		usleep(10000);
	EXPECT_EQ(1, lines(self, "wn_poller", "is=started"));
	EXPECT_EQ(1, lines(self, "wn_poller", "is=asleep"));
	EXPECT_EQ(0, lines(self, "wn_poller", "is=awake"));
	p.flags = WN_POLL_STOP;
	ASSERT_EQ(0, wt_ioctl(self->wn.fd, WN_IOC_POLL, &p));
	EXPECT_EQ(1, lines(self, "wn_poller", "is=awake"));
	EXPECT_EQ(1, lines(self, "wn_poller", "is=stopped"));
	ASSERT_EQ(0, wt_write_file(param, old));
}

/* Who switches it off hears nothing; nor is one event heard for another. */
TEST_F(trace, off)
{
	struct wn *wn = &self->wn;

	ASSERT_EQ(0, wt_write_file(file(self->dir, EVENTS "/enable"), "0"));
	forget(self);
	ASSERT_FALSE(WN_RES_IS_ERROR(wn_create(wn, self->node, "a")));
	ASSERT_LT(0, wt_read_file(file(self->dir, "trace"), self->text, TEXT));
	EXPECT_EQ(NULL, strstr(self->text, "wn_"));
	ASSERT_EQ(0, wt_write_file(file(self->dir, EVENTS "/wn_refuse/enable"), "1"));
	EXPECT_EQ(-EEXIST, wn_create(wn, self->node, "a"));
	EXPECT_EQ(1, lines(self, "wn_refuse", ""));
	EXPECT_EQ(0, lines(self, "wn_apply", ""));
	EXPECT_EQ(0, lines(self, "wn_complete", ""));
}

WT_MAIN
