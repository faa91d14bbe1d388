// SPDX-License-Identifier: MIT
/* A polling thread: ops without a system call, sleep and wake-up, start and stop. */
#include "common.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

#define PARAM	"/sys/module/worknode/parameters/pollers"

FIXTURE(poller)
{
	struct wt_mount m;
	struct wt_client c;
	char param[16];
};

FIXTURE_SETUP(poller)
{
	ASSERT_LT(0, wt_read_file(PARAM, self->param, sizeof(self->param)));
	ASSERT_EQ(0, wt_write_file(PARAM, "2"));
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	ASSERT_EQ(0, wt_create(&self->m, "d"));
	ASSERT_EQ(0, wt_client_open(&self->c, wt_path(&self->m, "d"), 0, 0));
}

FIXTURE_TEARDOWN(poller)
{
	wt_client_close(&self->c);
	wt_umount(&self->m);
	wt_write_file(PARAM, self->param);
}

#define POLL(...) wt_ioctl(self->c.fd, WN_IOC_POLL, &(struct wn_poll_args){	\
		.size = sizeof(struct wn_poll_args), __VA_ARGS__ })

/* Within ten seconds. */
static bool comes(struct wt_client *c, uint32_t completions)
{
	int i;

	for (i = 0; i < 10000 && wt_cq_ready(c) < completions; i++)
		usleep(1000);
	return wt_cq_ready(c) == completions;
}

TEST_F(poller, arguments_and_bounds)
{
	EXPECT_EQ(-EINVAL, POLL(.flags = 4));
	EXPECT_EQ(-EINVAL, POLL(.cpu = 1));
	EXPECT_EQ(-EINVAL, POLL(.flags = WN_POLL_CPU, .cpu = 1000000));
	EXPECT_EQ(-EINVAL, POLL(.idle_us = 1000001));
	ASSERT_EQ(0, wt_write_file(PARAM, "0"));
	EXPECT_EQ(-ENOSPC, POLL(.idle_us = 1));
	ASSERT_EQ(0, wt_write_file(PARAM, "1"));
	EXPECT_EQ(0, POLL(.flags = WN_POLL_CPU, .cpu = 0));
	EXPECT_EQ(-EBUSY, POLL(.idle_us = 1));
	EXPECT_EQ(0, POLL(.flags = WN_POLL_STOP));
	EXPECT_EQ(0, POLL(.flags = WN_POLL_STOP));
	EXPECT_TRUE(wt_needs_wakeup(self->c.kern));
}

TEST_F(poller, no_system_call)
{
	struct wt_client *c = &self->c;
	int i;

	ASSERT_EQ(0, POLL(.idle_us = 1000000));
	for (i = 0; i < 100 && wt_needs_wakeup(c->kern); i++)
		usleep(10000);
	for (i = 0; i < 20; i++) {
		wt_sqe(c, 0)->user_data = i;
		wt_submit(c, 1);
		ASSERT_FALSE(wt_needs_wakeup(c->kern));
		ASSERT_TRUE(comes(c, 1));
		EXPECT_EQ((uint64_t)i, wt_cqe(c, 0).user_data);
		wt_cq_seen(c, 1);
	}
}

/* By the protocol alone: whenever the flag is seen, enter. Nothing is ever left. */
TEST_F(poller, sleeps_and_is_woken)
{
	struct wt_client *c = &self->c;
	int i, entered = 0, seen_awake = 0;
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	ASSERT_EQ(0, POLL(.idle_us = 2000));
	for (i = 0; i < 2000; i++) {
		wt_sqe(c, 0)->user_data = i;
		wt_submit(c, 1);
		if (wt_needs_wakeup(c->kern)) {
			ASSERT_LE(0, wt_enter(c, 1, 0));
			entered++;
		} else {
			seen_awake++;
		}
		ASSERT_EQ(1, poll(&p, 1, 10000)) TH_LOG("op %d was left", i);
		ASSERT_EQ(1, wt_cq_ready(c));
		EXPECT_EQ((uint64_t)i, wt_cqe(c, 0).user_data);
		wt_cq_seen(c, 1);
		/* Long enough for it to fall asleep; the ops between are close enough. */
		if (i % 64 == 0)
			usleep(6000);
	}
	TH_LOG("entered %d times, awake %d times", entered, seen_awake);
	/* How often it is found awake is the scheduler's: no_system_call sees it awake. */
	EXPECT_LT(0, entered);
}

/* It goes with the last client, comes back with the next, and takes only enabled ones' ops. */
TEST_F(poller, first_and_last)
{
	const char *d = wt_path(&self->m, "d");
	struct wt_client c;
	int fd = wt_open(d, O_RDWR), i;

	ASSERT_EQ(0, POLL(.idle_us = 1000000));
	wt_client_close(&self->c);
	EXPECT_EQ(0, wt_info(fd).clients);
	ASSERT_EQ(0, wt_client_prepare(&c, d, 0, 0));
	for (i = 0; i < 100 && wt_needs_wakeup(c.kern); i++)
		usleep(10000);
	EXPECT_FALSE(wt_needs_wakeup(c.kern));
	wt_sqe(&c, 0);
	wt_submit(&c, 1);
	usleep(50000);
	EXPECT_EQ(0, wt_cq_ready(&c));
	ASSERT_EQ(0, wt_client_enable(&c));
	EXPECT_TRUE(comes(&c, 1));
	close(fd);
	self->c = c;
}

int main(int argc, char **argv)
{
	if (wt_is_polling())
		wt_skip_all("polling: it starts its threads itself");
	wt_need_module();
	return test_harness_run(argc, argv);
}
