// SPDX-License-Identifier: MIT
/*
 * A client that the OOM killer takes, while it adds to an attached counter and spends of an
 * escrow: its memory cgroup is full, and it dies wherever it asked for one page more. What it
 * had done counts, what it was lent and did not spend comes back, its number is free.
 */
#include "common.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <wn.h>

#include "harness.h"
#include "storm.h"

#define CGROUP	"/sys/fs/cgroup"
#define ROUNDS	3
#define RIGHTS	1000000u	/* of the escrow, all in all */
#define LENT	1000u		/* taken at a time, more than is ever at hand */

/* What the victim says: before each, and behind it. */
struct notes {
	uint64_t began, added, spending, spent;
};

FIXTURE(oom)
{
	struct wt_mount m;
	const char *d;
	struct wn wn;
	uint64_t node, sum, escrow;
	long long used;
	char group[64];
	struct notes *notes;
};

/* Into a file of the cgroup. */
static int set(const char *group, const char *file, long long value)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "%s/%s", group, file);
	snprintf(text, sizeof(text), "%lld", value);
	return wt_write_file(path, text);
}

/* How many it was that the cgroup's limit killed; -1: it has none. */
static long kills(const char *group)
{
	char path[128], text[1024];
	const char *at;

	snprintf(path, sizeof(path), "%s/memory.events", group);
	if (wt_read_file(path, text, sizeof(text)) < 0)
		return -1;
	at = strstr(text, "oom_kill ");
	return at ? strtol(at + strlen("oom_kill "), NULL, 10) : -1;
}

FIXTURE_SETUP(oom)
{
	__s64 res[3];

	snprintf(self->group, sizeof(self->group), CGROUP "/wn-oom-%d", getpid());
	if (mkdir(self->group, 0755) || kills(self->group) < 0 ||
	    set(self->group, "memory.max", 16 << 20))
		SKIP(return, "no memory cgroup at " CGROUP);
	set(self->group, "memory.swap.max", 0);
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->d = wt_path(&self->m, "d");
	ASSERT_EQ(0, wn_domain_create(self->d, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->wn, self->d, NULL));
	res[0] = wn_create(&self->wn, 0, "here");
	ASSERT_FALSE(WN_RES_IS_ERROR(res[0]));
	self->node = (uint64_t)res[0];
	res[1] = wn_cell_create(&self->wn, self->node, 1, WN_CELL_GCOUNTER, 0);
	res[2] = wn_cell_create(&self->wn, self->node, 2, WN_CELL_ESCROW, 0);
	ASSERT_FALSE(WN_RES_IS_ERROR(res[1]) || WN_RES_IS_ERROR(res[2]));
	self->sum = (uint64_t)res[1];
	self->escrow = (uint64_t)res[2];
	ASSERT_LT(0, wn_cell_add(&self->wn, self->node, self->escrow, RIGHTS));
	self->notes = ws_shared(sizeof(*self->notes));
	ASSERT_NE(NULL, self->notes);
	self->used = wt_used(&self->m);
}

FIXTURE_TEARDOWN(oom)
{
	wn_close(&self->wn);
	wt_umount(&self->m);
	rmdir(self->group);
}

/* One note; the other side of it. */
static void note(uint64_t *at)
{
	__atomic_store_n(at, *at + 1, __ATOMIC_SEQ_CST);
}

/* One step of both after each page, until there is no page. */
static int work(FIXTURE_DATA(oom) *self, struct wn_counter *sum, struct wn_escrow *escrow)
{
	struct notes *n = self->notes;
	char *page;

	for (;;) {
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (page == MAP_FAILED)
			return 3;
		note(&n->began);
		if (wn_counter_add(sum, 1))
			return 4;
		note(&n->added);
		if (!wn_escrow_left(escrow) && wn_escrow_take(escrow, LENT))
			return 5;
		note(&n->spending);
		if (wn_escrow_spend(escrow, 1))
			return 6;
		note(&n->spent);
		*(volatile char *)page = 1;
	}
}

static int victim(FIXTURE_DATA(oom) *self)
{
	struct wn_escrow escrow;
	struct wn_counter sum;
	struct wn wn;

	if (set(self->group, "cgroup.procs", getpid()))
		return 1;
	if (wn_open(&wn, self->d, NULL) ||
	    wn_counter_attach(&sum, &wn, self->node, self->sum) ||
	    wn_escrow_attach(&escrow, &wn, self->node, self->escrow))
		return 2;
	return work(self, &sum, &escrow);
}

/* A client of before is there no more: neither its number nor its memory. */
static bool is_gone(FIXTURE_DATA(oom) *self)
{
	struct wn_domain_info info = {};

	return !wn_domain_info(self->d, &info) && info.clients == 1 &&
	       wt_used(&self->m) == self->used;
}

TEST_F(oom, killed_for_a_page)
{
	const struct notes *n = self->notes;
	struct wn *wn = &self->wn;
	int round, status;
	__u64 value;
	pid_t pid;

	for (round = 1; round <= ROUNDS; round++) {
		fflush(NULL);
		pid = fork();
		ASSERT_GE(pid, 0);
		if (!pid)
			_exit(victim(self));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFSIGNALED(status)) TH_LOG("it left with %d", WEXITSTATUS(status));
		ASSERT_EQ(SIGKILL, WTERMSIG(status));
		ASSERT_EQ(round, kills(self->group));
		ASSERT_TRUE(WS_EVENTUALLY(is_gone(self)));
		/* No add of one that was said to be done is lost; one may have been under way. */
		ASSERT_EQ(0, wn_counter_read(wn, self->node, self->sum, &value));
		EXPECT_GE(value, n->added);
		EXPECT_LE(value, n->began);
		/* Of what it was lent only what it spent is gone. */
		ASSERT_EQ(0, wn_counter_read(wn, self->node, self->escrow, &value));
		EXPECT_LE(value, RIGHTS - n->spent);
		EXPECT_GE(value, RIGHTS - n->spending);
		EXPECT_EQ((__s64)value, wn_cell_rights(wn, self->node, self->escrow));
		/* Each round's own: at most one apart. */
		EXPECT_LE(n->began - n->added, (uint64_t)round);
		EXPECT_LT(100 * (uint64_t)round, n->added);
	}
	TH_LOG("%llu adds by %d that were killed", (unsigned long long)n->added, ROUNDS);
	/* And all of it is there for who lives. */
	EXPECT_FALSE(WN_RES_IS_ERROR(wn_create(wn, 0, "later")));
}

WT_MAIN
