// SPDX-License-Identifier: MIT
/*
 * Mounts, domains and clients come and go, some of them killed, while the module is
 * taken out and put back as often as it lets itself: refused while anything is in use,
 * and when nothing is it goes.
 */
#include "common.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "harness.h"
#include "storm.h"

#define USERS	6
#define ROUND	(4 * USERS)	/* users, of which the last go before others come */

static int unload(void)
{
	return syscall(SYS_delete_module, "worknode", O_NONBLOCK) ? -errno : 0;
}

static int load(const char *path)
{
	int fd = wt_open(path, O_RDONLY), err = 0;

	if (fd < 0)
		return fd;
	if (syscall(SYS_finit_module, fd, "", 0))
		err = -errno;
	close(fd);
	return err;
}

static int fail(const char *what, int err)
{
	printf("# %s: %s\n", what, strerror(-err));
	fflush(stdout);
	return err;
}

/* An instance, a domain, a client, an op; then all of it ends, in one way or another. */
static int use(struct ws_dice *dice)
{
	struct wn_domain_create d;
	struct wt_mount m;
	struct wt_client c;
	int err, i, way = (int)ws_any(dice, 4);

	err = wt_mount(&m, NULL);
	if (err)
		return err == -ENODEV ? 0 : fail("mount", err);	/* it is out just now */
	/* Small: what the dead held is given back a moment later, and quotas count it until then. */
	d = wt_create_args(m.control, "d");
	d.bounds = wt_small;
	err = (int)wt_ioctl(m.control, WN_IOC_CREATE, &d);
	if (err)
		return fail("create", err);
	err = wt_client_open(&c, wt_path(&m, "d"), 0, 0);
	if (err)
		return fail("open", err);
	for (i = 0; !err && i < 20; i++)
		err = (int)wt_nop(&c, (uint64_t)i);
	if (err)
		return fail("nop", err);
	if (way == 0)
		raise(SIGKILL);		/* with all of it open and mapped */
	if (way == 1)
		_exit(0);
	if (way == 2)
		umount2(m.dir, MNT_DETACH);	/* before the client goes */
	wt_client_close(&c);
	wt_umount(&m);
	return 0;
}

static pid_t begin(struct ws_dice dice)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(use(&dice) ? 1 : 0);
	}
	return pid;
}

static bool ended_well(int status)
{
	return !status || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* Wait for all of them; whether they ended well. */
static bool all_end(const pid_t *pids)
{
	bool good = true;
	int i, status;

	for (i = 0; i < USERS; i++)
		if (pids[i])
			good &= waitpid(pids[i], &status, 0) == pids[i] && ended_well(status);
	return good;
}

TEST(unload_storm)
{
	const uint32_t rounds = ws_rounds(2000, 200, 40);
	const char *path = getenv("WN_MODULE");
	uint32_t i, began, out = 0, refused = 0;
	pid_t pids[USERS] = {}, pid;
	struct ws_dice dice;
	int status, err;

	if (!path)
		SKIP(return, "WN_MODULE does not say which module to put back");
	dice = ws_seed("unload");
	for (began = 0; began < USERS; began++)
		pids[began] = begin(ws_dice_of(&dice, began));
	while (began < rounds) {
		err = unload();
		if (!err) {
			out++;
			ASSERT_EQ(0, load(path));
		} else {
			refused++;
			ASSERT_EQ(-EAGAIN, err);
		}
		pid = waitpid(-1, &status, WNOHANG);
		ASSERT_LE(0, pid);
		if (!pid) {
			ws_sleep_us(ws_any(&dice, 500));
			continue;
		}
		EXPECT_TRUE(ended_well(status));
		/* Where all is slow somebody is always there: now and then nobody is. */
		for (i = 0; i < USERS; i++)
			if (pids[i] == pid)
				pids[i] = 0;
		if (began % ROUND < USERS) {
			EXPECT_TRUE(all_end(pids));
			EXPECT_TRUE(WS_EVENTUALLY(!unload()));
			out++;
			ASSERT_EQ(0, load(path));
			memset(pids, 0, sizeof(pids));
		}
		for (i = 0; i < USERS; i++)
			if (!pids[i])
				pids[i] = begin(ws_dice_of(&dice, began++));
	}
	EXPECT_TRUE(all_end(pids));
	/* Mounts of the dead go a moment later. */
	EXPECT_TRUE(WS_EVENTUALLY(!unload()));
	EXPECT_EQ(-ENOENT, unload());
	EXPECT_EQ(0, load(path));
	TH_LOG("%u users: taken out %u times, refused %u times", began, out + 1, refused);
	EXPECT_LT(0, out);
	EXPECT_LT(0, refused);
}

WT_MAIN
