// SPDX-License-Identifier: MIT
/*
 * A client dies with the process that enabled it: what comes back, what others see of
 * it, and what goes on while nobody enters.
 */
#include "common.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "harness.h"

FIXTURE(death)
{
	struct wt_mount m;
	struct wt_client c;	/* who looks on */
	const char *d;
	long long used;		/* by the domain and that client */
	int64_t node, sum;	/* a counter on a node */
};

#define OP(c, wide, ...) wt_op(c, &(struct wn_sqe){ __VA_ARGS__ }, wide)
#define IS_ERROR(res)	WN_RES_IS_ERROR(res)

FIXTURE_SETUP(death)
{
	char name[64] = "n";

	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	ASSERT_EQ(0, wt_create(&self->m, "d"));
	self->d = strdup(wt_path(&self->m, "d"));
	ASSERT_EQ(0, wt_client_open(&self->c, self->d, 0, 0));
	self->node = OP(&self->c, name, .opcode = WN_OP_NODE_CREATE);
	ASSERT_FALSE(IS_ERROR(self->node));
	self->sum = OP(&self->c, NULL, .opcode = WN_OP_CELL_CREATE, .node = self->node,
		       .op_flags = WN_CELL_NEW(WN_CELL_GCOUNTER, 0));
	ASSERT_FALSE(IS_ERROR(self->sum));
	self->used = wt_used(&self->m);
}

FIXTURE_TEARDOWN(death)
{
	wt_client_close(&self->c);
	free((void *)self->d);
	wt_umount(&self->m);
}

/* The counter without what lies in slots. */
static int64_t value(struct wt_client *c, int64_t node, int64_t sum)
{
	const struct wn_cell_rec *rec = wt_map(c, WN_REGION_ARENA_OUT);
	int64_t v = -EPROTO;

	if (wt_err(rec))
		return wt_err(rec);
	if (OP(c, NULL, .opcode = WN_OP_CELL_READ, .node = node, .arg = sum,
	       .op_flags = WN_CELL_READ_REC, .w = { 4096ULL << 32 }) == sizeof(*rec))
		v = rec->value;
	wt_unmap(c, WN_REGION_ARENA_OUT, (void *)rec);
	return v;
}

/* Attach, and add to the slot: its place. */
static int64_t attach(struct wt_client *c, int64_t node, int64_t sum, uint64_t add)
{
	int64_t slot = OP(c, NULL, .opcode = WN_OP_ATTACH, .node = node, .arg = sum);
	uint64_t *page = wt_map(c, WN_REGION_SLOTS);

	if (IS_ERROR(slot))
		return slot;
	if (wt_err(page))
		return wt_err(page);
	__atomic_store_n(&page[slot], page[slot] + add, __ATOMIC_RELAXED);
	wt_unmap(c, WN_REGION_SLOTS, page);
	return slot;
}

/* Ten seconds for what comes by itself. */
#define EVENTUALLY(cond)						\
	({								\
		int tries_;						\
		for (tries_ = 0; tries_ < 1000 && !(cond); tries_++)	\
			usleep(10000);					\
		(cond);							\
	})

/* ------------------------------------------------ a child holds the file */

struct says {
	int64_t enter, events, setup, flags;
};

/* The child of an owner that exits: what it sees then. */
static struct says outlive(struct wt_client *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	struct wn_setup s = { .size = sizeof(s) };
	struct says says = {};
	struct wn_region *r;

	/* Neither owner nor dead. */
	says.flags = wt_enter(c, 0, 0) == -EOWNERDEAD;
	if (poll(&p, 1, 20000) != 1)
		return says;
	says.events = p.revents;
	says.enter = wt_enter(c, 1, 1);
	says.setup = wt_ioctl(c->fd, WN_IOC_SETUP, &s);
	r = (void *)wt_region(&c->s, WN_REGION_SQES);
	says.flags += wt_err(wt_mmap(c->fd, r->offset, r->bytes, PROT_READ, MAP_SHARED)) ==
		      -ESHUTDOWN;
	return says;
}

/* An owner and its child; keeps: it has its file open until it exits. */
static int owner(FIXTURE_DATA(death) *self, int out, bool keeps)
{
	struct wt_client c;
	struct says says;
	int go[2];
	char x;

	if (wt_client_open(&c, self->d, 0, 0) || pipe(go))
		return 1;
	if (IS_ERROR(attach(&c, self->node, self->sum, 1000)))
		return 2;
	if (!fork()) {
		says = outlive(&c);
		_exit(write(out, &says, sizeof(says)) != sizeof(says));
	}
	usleep(100000);
	if (!keeps) {
		wt_client_close(&c);
		x = wt_info(self->c.fd).clients;	/* the child's file keeps it alive */
		if (x != 2)
			return 3;
	}
	return 0;
}

static void orphaned(struct __test_metadata *_metadata, FIXTURE_DATA(death) *self, bool keeps)
{
	struct says says = {};
	int out[2], status;
	pid_t pid;

	ASSERT_EQ(0, pipe(out));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(owner(self, out[1], keeps));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	close(out[1]);
	ASSERT_EQ(sizeof(says), read(out[0], &says, sizeof(says)));
	close(out[0]);
	EXPECT_EQ(POLLERR | POLLHUP, says.events & ~POLLIN);
	EXPECT_EQ(-ESHUTDOWN, says.enter);
	EXPECT_EQ(-ESHUTDOWN, says.setup);
	EXPECT_EQ(2, says.flags);
	EXPECT_TRUE(EVENTUALLY(wt_info(self->c.fd).clients == 1));
	EXPECT_TRUE(EVENTUALLY(wt_used(&self->m) == self->used));
	EXPECT_EQ(1000, value(&self->c, self->node, self->sum));
}

TEST_F(death, child_holds_the_file)
{
	orphaned(_metadata, self, true);
}

TEST_F(death, owner_closed_it_before)
{
	orphaned(_metadata, self, false);
}

/* -------------------------------------------------- a parent has mapped it */

TEST_F(death, mapped_by_who_handed_it_over)
{
	struct wt_client c;
	int status;
	pid_t pid;

	ASSERT_EQ(0, wt_client_prepare(&c, self->d, 0, 0));
	EXPECT_EQ(0, c.kern->flags & WN_KR_F_DEAD);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(wt_client_enable(&c) ? 1 : 0);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	EXPECT_TRUE(EVENTUALLY(c.kern->flags & WN_KR_F_DEAD));
	EXPECT_TRUE(EVENTUALLY(wt_info(self->c.fd).clients == 1));
	EXPECT_EQ(1, wt_info(self->c.fd).clients);
	/* But for two pages its memory is back, and touching it is no fault. */
	EXPECT_TRUE(EVENTUALLY(wt_used(&self->m) < self->used + 16384));
	memset(c.sqes, 0xff, 4096);
	memset(c.user, 0xff, 4096);
	EXPECT_EQ(0xff, *(uint8_t *)c.cqes);	/* the scratch page is one for all */
	EXPECT_TRUE(c.kern->flags & WN_KR_F_DEAD);
	EXPECT_EQ(-ESHUTDOWN, wt_client_enable(&c));
	wt_client_close(&c);
	EXPECT_EQ(self->used, wt_used(&self->m));
	EXPECT_EQ(0, wt_nop(&self->c, 1));
}

/* The same process: it lives on, and goes with the program that was executed. */
TEST_F(death, exec_is_none)
{
	char cmd[160];
	struct wt_client c;
	int status;
	pid_t pid = fork();

	ASSERT_GE(pid, 0);
	if (!pid) {
		if (wt_client_open(&c, self->d, 0, 0) || fcntl(c.fd, F_SETFD, 0))
			_exit(1);
		snprintf(cmd, sizeof(cmd), "read_it() { while read a b; do [ \"$a $b\" = "
			 "'wn-state: enabled' ] && exit 7; done; }; read_it </proc/self/fdinfo/%d",
			 c.fd);
		execl("/bin/sh", "sh", "-c", cmd, NULL);
		_exit(2);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(7, WEXITSTATUS(status));
	EXPECT_TRUE(EVENTUALLY(wt_info(self->c.fd).clients == 1));
}

/* --------------------------------------------------------- slots of others */

TEST_F(death, slot_pages_change_hands)
{
	const struct wn_region *r = wt_region(&self->c.s, WN_REGION_ALL_SLOTS);
	const uint64_t *all = wt_map(&self->c, WN_REGION_ALL_SLOTS), *theirs;
	struct wt_client a, b;
	uint64_t *own;
	struct iovec v;
	int out[2];

	ASSERT_EQ(0, wt_err(all));
	EXPECT_EQ(-EACCES, wt_err(wt_mmap(self->c.fd, r->offset, r->bytes, PROT_WRITE,
					  MAP_SHARED)));
	ASSERT_EQ(0, wt_client_open(&a, self->d, 0, 0));
	ASSERT_EQ(1, a.s.client);
	theirs = all + 512;
	EXPECT_EQ(0, theirs[0]);
	ASSERT_EQ(0, attach(&a, self->node, self->sum, 77));
	EXPECT_EQ(77, theirs[0]);
	EXPECT_EQ(0, value(&self->c, self->node, self->sum));

	/* It must not be pinned: it will be another's. */
	ASSERT_EQ(0, pipe(out));
	v = (struct iovec){ (void *)theirs, 8 };
	EXPECT_EQ(-1, vmsplice(out[1], &v, 1, 0));
	close(out[0]);
	close(out[1]);

	own = wt_map(&a, WN_REGION_SLOTS);
	wt_client_close(&a);
	wt_unmap(&a, WN_REGION_SLOTS, own);
	EXPECT_EQ(0, theirs[0]);
	EXPECT_EQ(77, value(&self->c, self->node, self->sum));

	ASSERT_EQ(0, wt_client_open(&b, self->d, 0, 0));
	ASSERT_EQ(1, b.s.client);
	ASSERT_EQ(0, attach(&b, self->node, self->sum, 5));
	EXPECT_EQ(5, theirs[0]);
	wt_client_close(&b);
	EXPECT_EQ(0, theirs[0]);
	EXPECT_EQ(82, value(&self->c, self->node, self->sum));
	EXPECT_EQ(0, all[512 * 63]);
	wt_unmap(&self->c, WN_REGION_ALL_SLOTS, (void *)all);
}

/* ----------------------------------------------------------- nobody enters */

TEST_F(death, trees_are_taken_apart_meanwhile)
{
	struct wt_client *c = &self->c;
	uint32_t before = wt_info(c->fd).nodes, i;
	char name[64] = "top";
	int64_t top;

	top = OP(c, name, .opcode = WN_OP_NODE_CREATE);
	ASSERT_FALSE(IS_ERROR(top));
	for (i = 0; i < 1900; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		ASSERT_FALSE(IS_ERROR(OP(c, name, .opcode = WN_OP_NODE_CREATE, .node = top)));
		memset(name, 0, sizeof(name));
	}
	ASSERT_EQ(0, OP(c, NULL, .opcode = WN_OP_NODE_DESTROY, .node = top));
	EXPECT_TRUE(EVENTUALLY(wt_info(c->fd).nodes == before));
	EXPECT_EQ(before, wt_fdinfo(c->fd, "wn-nodes"));
}

/* ---------------------------------------------------------------- events */

TEST_F(death, events_are_told_apart)
{
	struct wt_client *c = &self->c, other;
	struct pollfd p = { .fd = c->fd, .events = POLLIN | POLLPRI };
	struct wn_enter e = {
		.size = sizeof(e), .flags = WN_ENTER_EVENTS, .min_complete = 1,
	};
	const struct wn_event *inbox = wt_map(c, WN_REGION_INBOX);

	ASSERT_EQ(0, wt_client_open(&other, self->d, 0, 0));
	ASSERT_EQ(0, OP(c, NULL, .opcode = WN_OP_BIND, .node = self->node));
	EXPECT_EQ(0, poll(&p, 1, 0));
	ASSERT_EQ(0, OP(&other, NULL, .opcode = WN_OP_EMIT, .node = self->node,
			.op_flags = WN_EMIT(0, 8), .w = { 3, 0x1234 }));
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLPRI, p.revents);
	EXPECT_EQ(0, wt_ioctl(c->fd, WN_IOC_ENTER, &e));
	EXPECT_EQ(1, __atomic_load_n(&c->kern->inbox_tail[0], __ATOMIC_ACQUIRE));
	EXPECT_EQ((uint64_t)self->node, inbox[0].node);
	EXPECT_EQ(3, inbox[0].type);
	__atomic_store_n(&c->user->inbox_head[0], 1, __ATOMIC_RELEASE);
	EXPECT_EQ(0, poll(&p, 1, 0));
	wt_client_close(&other);
	wt_unmap(c, WN_REGION_INBOX, (void *)inbox);
}

WT_MAIN
