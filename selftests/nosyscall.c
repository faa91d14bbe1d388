// SPDX-License-Identifier: MIT
/*
 * A million adds, reads and look-ups each without a system call, and with a polling thread
 * a million ops and a million events, too: a process that would be killed at its first one
 * does them, and lives to say so.
 */
#include "common.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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

/* From now on this thread makes none but exit_group(2), which is how the result is told. */
static int forbid(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog prog = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) ? -errno : 0;
}

/* How a child did: its value, 128 + signal, or 97. */
static int ended(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 97;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* What a child does in silence; its value, 128 + signal, or 99: it could not be forbidden. */
static int in_silence(FIXTURE_DATA(nosyscall) *self, int (*fn)(FIXTURE_DATA(nosyscall) *self,
							       struct wn *wn,
							       struct wn_counter *counter))
{
	struct wn_counter counter;
	struct wn wn;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		if (wn_open(&wn, self->path, NULL) ||
		    wn_counter_attach(&counter, &wn, self->node, self->cell))
			_exit(98);
		if (forbid())
			_exit(99);
		syscall(SYS_exit_group, fn(self, &wn, &counter));
	}
	return ended(pid);
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

/* ------------------------------------------------------- with a polling thread */

#define PARAM	"/sys/module/worknode/parameters/pollers"
#define TRIES	5
#define ASLEEP	50	/* the thread slept: this CPU was somebody else's for a second */
#define FLIGHT	32u	/* of an inbox' 64 */

FIXTURE(nosyscall_polled)
{
	struct wt_mount m;
	char pollers[16];
	bool module;
};

FIXTURE_SETUP(nosyscall_polled)
{
	WT_INLINE("it starts its threads itself");
#ifdef __SANITIZE_THREAD__
	SKIP(return, "ThreadSanitizer makes system calls of its own");
#endif
	self->module = !wt_is_embedded() && !wt_is_hosted();
	if (self->module) {
		ASSERT_LT(0, wt_read_file(PARAM, self->pollers, sizeof(self->pollers)));
		ASSERT_EQ(0, wt_write_file(PARAM, "4"));
	}
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
}

FIXTURE_TEARDOWN(nosyscall_polled)
{
	wt_umount(&self->m);
	if (self->module)
		wt_write_file(PARAM, self->pollers);
}

/* Completions that came, in their order; false: one was not what it should be. */
static bool take(struct wn *wn, uint32_t *done)
{
	const struct wn_cqe *cqe;

	while ((cqe = wn_peek_cqe(wn))) {
		if (cqe->user_data != *done || IS_ERROR(cqe->res))
			return false;
		wn_cqe_seen(wn);
		++*done;
	}
	return true;
}

static int set(struct wn *wn, __u64 node)
{
	uint32_t sent = 0, done = 0;
	struct wn_node_rec rec;
	struct wn_sqe *sqe;

	while (done < rounds) {
		while (sent < rounds && sent - done < 4 * FLIGHT && (sqe = wn_get_sqe(wn))) {
			wn_prep_set_word(sqe, node, 0, sent + 1, sent);
			sent++;
		}
		/* Who submits then enters, as is right, and would be killed for it. */
		if (wt_needs_wakeup(wn->kern))
			return ASLEEP;
		if (wn_submit(wn) < 0)
			return 1;
		if (!take(wn, &done))
			return 2;
	}
	return wn_node_read(wn, node, &rec) || rec.user[0] != rounds ? 3 : 0;
}

/* To itself, by the engine in its thread: each comes, in order. */
static int emit(struct wn *wn, __u64 node)
{
	uint32_t sent = 0, done = 0, came = 0;
	const struct wn_event *event;
	struct wn_sqe *sqe;
	uint64_t word;

	while (came < rounds || done < rounds) {
		while (sent < rounds && sent - came < FLIGHT && sent - done < FLIGHT &&
		       (sqe = wn_get_sqe(wn))) {
			wn_prep_emit_word(sqe, node, 0, 7, sent, sent);
			sent++;
		}
		if (wt_needs_wakeup(wn->kern))
			return ASLEEP;
		if (wn_submit(wn) < 0)
			return 1;
		if (!take(wn, &done))
			return 2;
		while ((event = wn_peek_event(wn))) {
			memcpy(&word, event->data, sizeof(word));
			if (event->node != node || word != came)
				return 3;
			wn_event_seen(wn);
			came++;
		}
	}
	return 0;
}

static int speak_polled(struct wn *wn, __u64 node)
{
	syscall(SYS_getppid);
	return 0;
}

/* All of it in the child, whose the engine may be, too. */
static int in_silence_polled(const char *path, int (*fn)(struct wn *wn, __u64 node))
{
	struct wn wn;
	__s64 node;
	pid_t pid;
	int i;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		if (wn_domain_create(path, 0600, NULL) || wn_open(&wn, path, NULL))
			_exit(98);
		node = wn_create(&wn, 0, "node");
		if (IS_ERROR(node) || wn_bind(&wn, (__u64)node, WN_POLICY_FAIL))
			_exit(96);
		if (wn_poller_start(&wn, 1000000, -1))
			_exit(95);
		for (i = 0; i < 2000 && wt_needs_wakeup(wn.kern); i++)
			ws_sleep_us(10000);
		if (forbid())
			_exit(99);
		syscall(SYS_exit_group, fn(&wn, (__u64)node));
	}
	return ended(pid);
}

#ifdef __SANITIZE_ADDRESS__
#define QUICK	100000
#else
#define QUICK	1000000
#endif

/* One CPU is the thread's and ours in turns; emulated ones are slow. */
static uint32_t polled_rounds(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) < 2 ? ws_rounds(200000, 50000, 10000) :
						   ws_rounds(1000000, getenv("WN_VM") ? 50000 : QUICK,
							     20000);
}

static int with_a_thread(const struct wt_mount *m, int (*fn)(struct wn *wn, __u64 node))
{
	static unsigned int number;
	int tries, ret = ASLEEP;
	char name[24];

	rounds = polled_rounds();
	for (tries = 0; ret == ASLEEP && tries < TRIES; tries++) {
		snprintf(name, sizeof(name), "polled.%u", number++);
		ret = in_silence_polled(wt_path(m, name), fn);
	}
	printf("# %u rounds, %d tries\n", rounds, tries);
	return ret;
}

TEST_F_TIMEOUT(nosyscall_polled, a_million_ops, 600)
{
	int silenced = with_a_thread(&self->m, speak_polled);

	if (silenced == 99)
		SKIP(return, "this kernel has no seccomp filters");
	ASSERT_EQ(128 + SIGSYS, silenced);
	EXPECT_EQ(0, with_a_thread(&self->m, set));
}

TEST_F_TIMEOUT(nosyscall_polled, a_million_events, 600)
{
	int ret = with_a_thread(&self->m, emit);

	if (ret == 99)
		SKIP(return, "this kernel has no seccomp filters");
	EXPECT_EQ(0, ret);
}

WT_MAIN
