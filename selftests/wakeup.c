// SPDX-License-Identifier: MIT
/*
 * Two processes send one event to and fro, each asleep while the other has it: a wake
 * that gets lost stops them for good, and the watchdog sees it. Inline and with a
 * polling thread.
 */
#include "common.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <wn.h>
#include <wn_transport.h>

#include "harness.h"
#include "storm.h"

#define IS_ERROR(res)	WN_RES_IS_ERROR(res)
#define WATCHDOG	30000000000ULL	/* ns without an event */
#define POLLERS		"/sys/module/worknode/parameters/pollers"

FIXTURE(wakeup)
{
	struct wt_mount m;
	char path[64], pollers[16];
	struct wn wn;
	__u64 node[2];		/* whose events each of the two reads */
};

FIXTURE_SETUP(wakeup)
{
	const char * const names[] = { "ping", "pong" };
	__s64 res;
	int i;

	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	strcpy(self->path, wt_path(&self->m, "wakeup"));
	ASSERT_EQ(0, wn_domain_create(self->path, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->wn, self->path, NULL));
	for (i = 0; i < 2; i++) {
		res = wn_create(&self->wn, 0, names[i]);
		ASSERT_FALSE(IS_ERROR(res));
		self->node[i] = (__u64)res;
	}
	ASSERT_EQ(0, wn_bind(&self->wn, self->node[0], WN_POLICY_FAIL));
	wt_read_file(POLLERS, self->pollers, sizeof(self->pollers));
}

FIXTURE_TEARDOWN(wakeup)
{
	wn_close(&self->wn);
	wt_write_file(POLLERS, self->pollers);
	wt_umount(&self->m);
}

/* Wait for the n-th and nothing else. */
static int await(struct wn *wn, __u32 n)
{
	const struct wn_event *event;
	const __u64 deadline = wn_deadline(WATCHDOG);
	int err;

	do
		err = wn_wait_event(wn, &event, deadline);
	while (err == -EINTR);
	if (err)
		return err;
	err = event->type == n ? 0 : -EPROTO;
	wn_event_seen(wn);
	return err;
}

/* Prepared and submitted: with a thread awake that is no system call. */
static int throw(struct wn *wn, __u64 node, __u32 n)
{
	struct wn_sqe *sqe = wn_get_sqe(wn);
	int ret;

	if (!sqe)
		return -EAGAIN;
	wn_prep_emit_word(sqe, node, 0, n, 0, 0);
	wn_sqe_flags(sqe, WN_SQE_QUIET);
	ret = wn_submit(wn);
	return ret < 0 ? ret : 0;
}

static int answer(FIXTURE_DATA(wakeup) *self, uint32_t rounds, int ready)
{
	struct wn wn;
	uint32_t n;
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	err = wn_open(&wn, self->path, NULL);
	if (!err)
		err = (int)wn_bind(&wn, self->node[1], WN_POLICY_FAIL);
	if (write(ready, &err, sizeof(err)) != sizeof(err))
		return 1;
	for (n = 0; n < rounds && !err; n++) {
		err = await(&wn, 2 * n);
		if (!err)
			err = throw(&wn, self->node[0], 2 * n + 1);
	}
	/* A thread may not have taken the last one yet, and what the dead submitted is dropped. */
	while (!err && wn_sq_room(&wn) != wn.sq_entries)
		ws_sleep_us(1000);
	wn_close(&wn);
	return err ? 2 : 0;
}

static void play(struct __test_metadata *_metadata, FIXTURE_DATA(wakeup) *self, uint32_t rounds)
{
	int ready[2], status, err = -EPROTO;
	__u64 start;
	uint32_t n;
	pid_t pid;

	ASSERT_EQ(0, pipe(ready));
	fflush(NULL);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(answer(self, rounds, ready[1]));
	ASSERT_EQ(sizeof(err), read(ready[0], &err, sizeof(err)));
	ASSERT_EQ(0, err);
	start = wn_deadline(0);
	for (n = 0; n < rounds; n++) {
		ASSERT_EQ(0, throw(&self->wn, self->node[1], 2 * n));
		ASSERT_EQ(0, await(&self->wn, 2 * n + 1)) TH_LOG("round %u", n);
	}
	start = wn_deadline(0) - start;
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	TH_LOG("%u rounds, %llu ns each", rounds, (unsigned long long)(rounds ? start / rounds : 0));
}

TEST_F_TIMEOUT(wakeup, nobody_polls, 1800)
{
	if (wt_is_embedded())
		SKIP(return, "clients are processes");
	play(_metadata, self, ws_rounds(1000000, 10000, 2000));
}

TEST_F_TIMEOUT(wakeup, polled, 1800)
{
	if (wt_is_embedded())
		SKIP(return, "clients are processes");
	WT_INLINE("so is the other test");
	if (!wt_is_hosted())
		ASSERT_EQ(0, wt_write_file(POLLERS, "2"));
	ASSERT_EQ(0, wn_poller_start(&self->wn, 100, -1));
	play(_metadata, self, ws_rounds(1000000, 10000, 2000));
}

TEST(signals_rain_if_they_shall)
{
	const unsigned long before = wt_interruptions();

	if (!wt_is_stormy())
		SKIP(return, "WN_ITIMER_US is not set");
	EXPECT_TRUE(WS_EVENTUALLY(wt_interruptions() > before + 10));
}

WT_MAIN
