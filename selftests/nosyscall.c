// SPDX-License-Identifier: MIT
/*
 * A million adds, reads and look-ups each without a system call: a process that would
 * be killed at its first one does them, and lives to say so.
 */
#include "common.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <wn.h>

#include "harness.h"
#include "storm.h"

#define IS_ERROR(res)	WN_RES_IS_ERROR(res)

FIXTURE(nosyscall)
{
	struct wt_mount m;
	char path[64];
	struct wn wn;
	__u64 node, cell;
};

FIXTURE_SETUP(nosyscall)
{
	__s64 res;

	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	strcpy(self->path, wt_path(&self->m, "quiet"));
	ASSERT_EQ(0, wn_domain_create(self->path, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->wn, self->path, NULL));
	res = wn_create(&self->wn, 0, "node");
	ASSERT_FALSE(IS_ERROR(res));
	self->node = (__u64)res;
	res = wn_cell_create(&self->wn, self->node, 1, WN_CELL_GCOUNTER, 0);
	ASSERT_FALSE(IS_ERROR(res));
	self->cell = (__u64)res;
}

FIXTURE_TEARDOWN(nosyscall)
{
	wn_close(&self->wn);
	wt_umount(&self->m);
}

/* From now on none but exit(2), which is how the result is told. */
static int forbid(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog prog = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) ? -errno : 0;
}

/* What a child does in silence; its value, 128 + signal, or 99: it could not be forbidden. */
static int in_silence(FIXTURE_DATA(nosyscall) *self, int (*fn)(FIXTURE_DATA(nosyscall) *self,
							       struct wn *wn,
							       struct wn_counter *counter))
{
	struct wn_counter counter;
	struct wn wn;
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		if (wn_open(&wn, self->path, NULL) ||
		    wn_counter_attach(&counter, &wn, self->node, self->cell))
			_exit(98);
		if (forbid())
			_exit(99);
		syscall(SYS_exit, fn(self, &wn, &counter));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 97;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int speak(FIXTURE_DATA(nosyscall) *self, struct wn *wn, struct wn_counter *counter)
{
	syscall(SYS_getppid);
	return 0;
}

static uint32_t rounds;

static int add(FIXTURE_DATA(nosyscall) *self, struct wn *wn, struct wn_counter *counter)
{
	uint32_t i;

	for (i = 0; i < rounds; i++)
		if (wn_counter_add(counter, 1))
			return 1;
	return 0;
}

static int look(FIXTURE_DATA(nosyscall) *self, struct wn *wn, struct wn_counter *counter)
{
	struct wn_node_rec rec;
	__u64 value, epoch = wn_epoch(wn);
	uint32_t i;

	for (i = 0; i < rounds; i++) {
		if (wn_node_read(wn, self->node, &rec) || rec.handle != self->node)
			return 1;
		if (wn_counter_read(wn, self->node, self->cell, &value) || value != rounds)
			return 2;
		if (wn_lookup(wn, 0, "node") != (__s64)self->node)
			return 3;
		if (wn_epoch(wn) != epoch || wn_peek_event(wn) || wn_peek_cqe(wn))
			return 4;
	}
	return 0;
}

TEST_F_TIMEOUT(nosyscall, a_million, 600)
{
	int silenced;
	__u64 value;

	if (wt_is_embedded())
		SKIP(return, "clients are processes");
	rounds = ws_rounds(1000000, 1000000, 20000);
	/* Who makes one is seen. */
	silenced = in_silence(self, speak);
	if (silenced == 99)
		SKIP(return, "this kernel has no seccomp filters");
	ASSERT_EQ(128 + SIGSYS, silenced);
	ASSERT_EQ(0, in_silence(self, add));
	/* The child's end folds what it added. */
	EXPECT_TRUE(WS_EVENTUALLY(!wn_counter_read(&self->wn, self->node, self->cell, &value) &&
				  value == rounds));
	EXPECT_EQ(0, in_silence(self, look));
}

WT_MAIN
