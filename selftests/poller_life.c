// SPDX-License-Identifier: MIT
/*
 * The life of a polling thread: with the clients, on its CPU while there is that CPU, asleep
 * with the machine, and no more of them than the host allows.
 */
#include "common.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>

#include "harness.h"

#define PARAM	"/sys/module/worknode/parameters/pollers"
#define CPU1	"/sys/devices/system/cpu/cpu1/online"
#define POWER	"/sys/power/"

/* Within twenty seconds. */
#define EVENTUALLY(condition) ({					\
		int tries_ = 2000;					\
									\
		while (!(condition) && --tries_)			\
			usleep(10000);					\
		tries_ > 0;						\
	})

FIXTURE(poller_life)
{
	struct wt_mount m;
	struct wt_client c;
	char param[16], comm[32];
};

FIXTURE_SETUP(poller_life)
{
	const char *d;

	ASSERT_LT(0, wt_read_file(PARAM, self->param, sizeof(self->param)));
	ASSERT_EQ(0, wt_write_file(PARAM, "1"));
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	d = wt_path(&self->m, "d");
	ASSERT_EQ(0, wt_create(&self->m, "d"));
	ASSERT_EQ(0, wt_client_open(&self->c, d, 0, 0));
	snprintf(self->comm, sizeof(self->comm), "wn-poll/%llu",
		 (unsigned long long)wt_info(self->c.fd).id);
	self->comm[15] = 0;
}

FIXTURE_TEARDOWN(poller_life)
{
	wt_client_close(&self->c);
	wt_umount(&self->m);
	wt_write_file(PARAM, self->param);
}

#define POLL(client, ...) wt_ioctl((client)->fd, WN_IOC_POLL, &(struct wn_poll_args){	\
		.size = sizeof(struct wn_poll_args), __VA_ARGS__ })

/* Fields of /proc/PID/stat by their numbers in proc(5), from 3 on; -1. */
static long long field(int pid, int number)
{
	char path[64], text[1024], *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (wt_read_file(path, text, sizeof(text)) < 0)
		return -1;
	at = strrchr(text, ')');
	for (number -= 2; at && number > 0; number--)
		at = strchr(at + 1, ' ');
	return at ? strtoll(at, NULL, 10) : -1;
}

#define STIME		15
#define PROCESSOR	39

/* Where it may run: only there. The kernel leaves out CPUs that are off: then nowhere. */
static bool is_bound(int pid, int cpu)
{
	cpu_set_t set;

	return !sched_getaffinity(pid, sizeof(set), &set) && CPU_COUNT(&set) == 1 &&
	       CPU_ISSET(cpu, &set);
}

/* One there and back, whoever takes it. */
static int nop(struct wt_client *c, uint64_t user_data)
{
	uint64_t seen;
	long n;

	wt_sqe(c, 0)->user_data = user_data;
	wt_submit(c, 1);
	n = wt_enter(c, 1, 1);
	if (n < 0)
		return (int)n;
	if (wt_cq_ready(c) != 1)
		return -EPROTO;
	seen = wt_cqe(c, 0).user_data;
	wt_cq_seen(c, 1);
	return seen == user_data ? 0 : -EPROTO;
}

/* That it takes an entry without being asked. */
static bool serves(struct wt_client *c)
{
	bool served;

	if (!EVENTUALLY(!wt_needs_wakeup(c->kern)))
		return false;
	wt_sqe(c, 0);
	wt_submit(c, 1);
	served = EVENTUALLY(wt_cq_ready(c));
	wt_cq_seen(c, wt_cq_ready(c));
	return served;
}

TEST_F(poller_life, while_there_are_clients)
{
	struct wt_client second;

	EXPECT_EQ(0, wt_thread(self->comm));
	ASSERT_EQ(0, wt_client_open(&second, wt_path(&self->m, "d"), 0, 0));
	EXPECT_EQ(0, wt_thread(self->comm));	/* nobody has asked */
	ASSERT_EQ(0, POLL(&second, .idle_us = 1000000));
	EXPECT_NE(0, wt_thread(self->comm));
	EXPECT_TRUE(serves(&self->c));
	EXPECT_TRUE(serves(&second));
	wt_client_close(&second);
	EXPECT_NE(0, wt_thread(self->comm));
	EXPECT_TRUE(serves(&self->c));
	ASSERT_EQ(0, POLL(&self->c, .flags = WN_POLL_STOP));
	EXPECT_EQ(0, wt_thread(self->comm));
	EXPECT_EQ(0, nop(&self->c, 1));
	ASSERT_EQ(0, POLL(&self->c, .idle_us = 1000000));
	EXPECT_NE(0, wt_thread(self->comm));
	wt_client_close(&self->c);
	EXPECT_EQ(0, wt_thread(self->comm));
	/* It is the domain that polls. */
	ASSERT_EQ(0, wt_client_open(&self->c, wt_path(&self->m, "d"), 0, 0));
	EXPECT_NE(0, wt_thread(self->comm));
	EXPECT_TRUE(serves(&self->c));
}

/* One for all domains, and its place is free when it has stopped. */
/* What cannot be answered was not done: neither a start nor a stop. */
TEST_F(poller_life, bad_address)
{
	const size_t bytes = (size_t)sysconf(_SC_PAGESIZE);
	struct wn_poll_args *p;

	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, p);
	POLL(&self->c, .flags = WN_POLL_STOP);	/* one that WORKNODE_POLL asked for */
	*p = (struct wn_poll_args){ .size = sizeof(*p) };
	mprotect(p, bytes, PROT_READ);
	EXPECT_EQ(-EFAULT, wt_ioctl(self->c.fd, WN_IOC_POLL, p));
	EXPECT_EQ(0, wt_thread(self->comm));
	ASSERT_EQ(0, POLL(&self->c, .flags = 0));
	mprotect(p, bytes, PROT_READ | PROT_WRITE);
	p->flags = WN_POLL_STOP;
	mprotect(p, bytes, PROT_READ);
	EXPECT_EQ(-EFAULT, wt_ioctl(self->c.fd, WN_IOC_POLL, p));
	EXPECT_NE(0, wt_thread(self->comm));
	munmap(p, bytes);
}

TEST_F(poller_life, no_more_than_the_host_allows)
{
	struct wt_client other;

	ASSERT_EQ(0, wt_create(&self->m, "e"));
	ASSERT_EQ(0, wt_client_open(&other, wt_path(&self->m, "e"), 0, 0));
	ASSERT_EQ(0, POLL(&self->c, .idle_us = 1000));
	EXPECT_EQ(-ENOSPC, POLL(&other, .idle_us = 1000));
	EXPECT_EQ(0, nop(&other, 1));
	wt_client_close(&self->c);
	EXPECT_EQ(0, POLL(&other, .idle_us = 1000));
	/* The domain wants a thread, there is none to be had: all is done inline. */
	ASSERT_EQ(0, wt_client_open(&self->c, wt_path(&self->m, "d"), 0, 0));
	EXPECT_EQ(0, wt_thread(self->comm));
	EXPECT_TRUE(wt_needs_wakeup(self->c.kern));
	EXPECT_EQ(0, nop(&self->c, 2));
	/* -1: half of the CPUs, none below four. */
	wt_client_close(&other);
	ASSERT_EQ(0, wt_write_file(PARAM, "-1"));
	EXPECT_EQ(sysconf(_SC_NPROCESSORS_ONLN) < 4 ? -ENOSPC : 0, POLL(&self->c, .idle_us = 1000));
}

TEST_F(poller_life, asleep_it_takes_no_time)
{
	long long before;
	int pid;

	ASSERT_EQ(0, POLL(&self->c, .idle_us = 100));
	pid = wt_thread(self->comm);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(EVENTUALLY(wt_needs_wakeup(self->c.kern)));
	usleep(100000);
	before = field(pid, STIME);
	ASSERT_LE(0, before);
	usleep(500000);
	EXPECT_EQ(before, field(pid, STIME));
}

/* A CPU that goes takes nothing along: the thread goes on elsewhere, and comes back. */
TEST_F(poller_life, its_cpu_goes_and_comes)
{
	int pid, busy;

	if (access(CPU1, W_OK))
		SKIP(return, "no second CPU that can be switched off");
	/* Awake all the time, and mostly asleep. */
	for (busy = 0; busy < 2; busy++) {
		ASSERT_EQ(0, POLL(&self->c, .flags = WN_POLL_CPU, .cpu = 1,
				  .idle_us = busy ? 1000000 : 2000));
		pid = wt_thread(self->comm);
		ASSERT_LT(0, pid);
		EXPECT_TRUE(is_bound(pid, 1));
		EXPECT_EQ(0, nop(&self->c, 1));
		EXPECT_TRUE(EVENTUALLY(field(pid, PROCESSOR) == 1));
		ASSERT_EQ(0, wt_write_file(CPU1, "0"));
		EXPECT_EQ(pid, wt_thread(self->comm));
		EXPECT_EQ(0, nop(&self->c, 2));
		if (busy)
			EXPECT_TRUE(serves(&self->c));
		EXPECT_FALSE(is_bound(pid, 1));
		EXPECT_EQ(-EBUSY, POLL(&self->c, .idle_us = 1000));
		ASSERT_EQ(0, wt_write_file(CPU1, "1"));
		/* With the next that there is to do. */
		EXPECT_TRUE(EVENTUALLY(!nop(&self->c, 3) && is_bound(pid, 1)))
			TH_LOG("busy %d, on %lld", busy, field(pid, PROCESSOR));
		/* One that sleeps is there when it next runs, and others may do its work. */
		if (busy)
			EXPECT_TRUE(EVENTUALLY(!nop(&self->c, 4) && field(pid, PROCESSOR) == 1));
		ASSERT_EQ(0, POLL(&self->c, .flags = WN_POLL_STOP));
	}
	ASSERT_EQ(0, wt_write_file(CPU1, "0"));
	EXPECT_EQ(-EINVAL, POLL(&self->c, .flags = WN_POLL_CPU, .cpu = 1));
	EXPECT_EQ(0, wt_write_file(CPU1, "1"));
}

static long long number(const char *path)
{
	char text[32];

	return wt_read_file(path, text, sizeof(text)) < 0 ? -1 : strtoll(text, NULL, 10);
}

/*
 * All that runs is frozen before a machine sleeps. Whether its devices let it sleep then is
 * theirs: a guest's root often does not, and it goes on at once; if they do the clock wakes it.
 */
TEST_F(poller_life, freezes)
{
	const long long failed = number(POWER "suspend_stats/failed_freeze");
	const long long before = number(POWER "suspend_stats/success") +
				 number(POWER "suspend_stats/fail");
	char states[64];
	int busy;

	if (wt_read_file(POWER "state", states, sizeof(states)) < 0 || !strstr(states, "freeze") ||
	    failed < 0)
		SKIP(return, "this kernel cannot suspend to idle");
	for (busy = 0; busy < 2; busy++) {
		ASSERT_EQ(0, POLL(&self->c, .idle_us = busy ? 1000000 : 100));
		EXPECT_EQ(0, nop(&self->c, 1));
		wt_write_file("/sys/class/rtc/rtc0/wakealarm", "+3");
		EXPECT_NE(-EBUSY, wt_write_file(POWER "state", "freeze")) TH_LOG("busy %d", busy);
		EXPECT_EQ(failed, number(POWER "suspend_stats/failed_freeze"));
		EXPECT_EQ(before + busy + 1, number(POWER "suspend_stats/success") +
					     number(POWER "suspend_stats/fail"));
		EXPECT_EQ(0, nop(&self->c, 2));
		if (busy)
			EXPECT_TRUE(serves(&self->c));
		ASSERT_EQ(0, POLL(&self->c, .flags = WN_POLL_STOP));
		wt_write_file("/sys/class/rtc/rtc0/wakealarm", "0");
	}
}

int main(int argc, char **argv)
{
	if (wt_is_polling())
		wt_skip_all("polling: it starts its threads itself");
	wt_need_module();
	return test_harness_run(argc, argv);
}
