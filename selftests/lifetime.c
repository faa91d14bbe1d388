// SPDX-License-Identifier: MIT
/* Ends of life: unmounting, unloading, killed clients, many clients, races. */
#include "common.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "harness.h"

FIXTURE(lifetime) {
	struct wt_mount m;
	const char *d;
	int fd;			/* of d, never set up */
	long long used;		/* by the domain alone */
};

FIXTURE_SETUP(lifetime)
{
	struct wn_domain_create c;

	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	c = wt_create_args(self->m.control, "d");
	c.bounds.clients = 128;
	ASSERT_EQ(0, wt_ioctl(self->m.control, WN_IOC_CREATE, &c));
	self->d = strdup(wt_path(&self->m, "d"));
	self->fd = wt_open(self->d, O_RDWR);
	ASSERT_GE(self->fd, 0);
	self->used = wt_used(&self->m);
}

FIXTURE_TEARDOWN(lifetime)
{
	close(self->fd);
	wt_umount(&self->m);
}

/* Nothing of any client is left. */
#define EXPECT_NO_CLIENTS()					\
do {								\
	EXPECT_EQ(0, wt_info(self->fd).clients);		\
	EXPECT_EQ(0, wt_info(self->fd).client_bytes);		\
	EXPECT_EQ(self->used, wt_used(&self->m));		\
} while (0)

/* ------------------------------------------------- unmounting, unloading */

static int unload(void)
{
	return syscall(SYS_delete_module, "worknode", O_NONBLOCK) ? -errno : 0;
}

TEST_F(lifetime, umount_while_open)
{
	EXPECT_EQ(-EBUSY, umount2(self->m.dir, 0) ? -errno : 0);
	close(self->m.control);
	EXPECT_EQ(-EBUSY, umount2(self->m.dir, 0) ? -errno : 0);	/* a domain is open */
	close(self->fd);
	EXPECT_EQ(0, umount2(self->m.dir, 0) ? -errno : 0);		/* domains end with it */
}

TEST_F(lifetime, umount_while_mapped)
{
	struct wn_setup s = { .size = sizeof(s) };
	void *p;

	ASSERT_EQ(0, wt_ioctl(self->fd, WN_IOC_SETUP, &s));
	p = wt_mmap(self->fd, s.regions[0].offset, s.regions[0].bytes, PROT_READ, MAP_SHARED);
	ASSERT_EQ(0, wt_err(p));
	close(self->fd);
	close(self->m.control);
	EXPECT_EQ(-EBUSY, umount2(self->m.dir, 0) ? -errno : 0);
	munmap(p, s.regions[0].bytes);
	EXPECT_EQ(0, umount2(self->m.dir, 0) ? -errno : 0);
}

TEST_F(lifetime, lazy_umount)
{
	struct wt_client c;

	ASSERT_EQ(0, wt_client_open(&c, self->d, 0, 0));
	ASSERT_EQ(0, umount2(self->m.dir, MNT_DETACH));
	/* The tree is out of sight; who is in it goes on. */
	EXPECT_EQ(-ENOENT, wt_open(self->d, O_RDWR));
	EXPECT_EQ(0, wt_nop(&c, 1));
	EXPECT_EQ(1, wt_info(self->fd).clients);
	EXPECT_EQ(0, wt_create(&self->m, "more"));
	EXPECT_EQ(-EAGAIN, unload());
	close(self->m.control);
	close(self->fd);
	EXPECT_EQ(0, wt_nop(&c, 2));
	EXPECT_EQ(-EAGAIN, unload());
	wt_client_close(&c);
}

TEST_F(lifetime, unload_while_in_use)
{
	struct wn_query q = { .size = sizeof(q) };

	/* The kernel says EWOULDBLOCK, which is EAGAIN. */
	EXPECT_EQ(-EAGAIN, unload());
	close(self->fd);
	EXPECT_EQ(-EAGAIN, unload());		/* mounted, control open */
	EXPECT_EQ(0, wt_ioctl(self->m.control, WN_IOC_QUERY, &q));
	close(self->m.control);
	EXPECT_EQ(-EAGAIN, unload());		/* mounted */
}

/* -------------------------------------------------------- clients that die */

/* Open, work for ever. */
static void run_client(const char *path)
{
	struct wt_client c;

	if (wt_client_open(&c, path, 0, 0))
		_exit(1);
	for (;;)
		if (wt_nop(&c, 1))
			_exit(2);
}

TEST_F(lifetime, killed)
{
	unsigned int seed = time(NULL), round;
	int status;
	pid_t pid;

	TH_LOG("seed %u", seed);
	for (round = 0; round < 40; round++) {
		pid = fork();
		ASSERT_GE(pid, 0);
		if (!pid)
			run_client(self->d);
		usleep(rand_r(&seed) % 20000);
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFSIGNALED(status)) TH_LOG("exited with %d", WEXITSTATUS(status));
	}
	EXPECT_NO_CLIENTS();
}

static int exit_as_is(void *path)
{
	struct wt_client c[3];
	int i;

	for (i = 0; i < 3; i++)
		if (wt_client_open(&c[i], path, 0, 0))
			return -EPROTO;
	return wt_nop(&c[0], 1);
}

TEST_F(lifetime, exit_without_cleanup)
{
	EXPECT_EQ(0, wt_in_child(0, exit_as_is, (void *)self->d));
	EXPECT_NO_CLIENTS();
}

static int exec_with_fd(void *path)
{
	struct wt_client c;

	if (wt_client_open(&c, path, 0, 0) || fcntl(c.fd, F_SETFD, 0))
		return -EPROTO;
	execl("/bin/true", "true", NULL);
	return -errno;
}

TEST_F(lifetime, exec)
{
	/* The new program's mappings are its own; -ESRCH: no answer came back. */
	EXPECT_EQ(-ESRCH, wt_in_child(0, exec_with_fd, (void *)self->d));
	EXPECT_NO_CLIENTS();
}

TEST_F(lifetime, removed_with_everything)
{
	struct wt_client c;

	ASSERT_EQ(0, wt_client_open(&c, self->d, 0, 0));
	EXPECT_EQ(0, unlink(self->d));
	close(self->fd);
	close(c.fd);
	/* Four mappings hold the last of it. */
	EXPECT_GT(wt_used(&self->m), 0);
	c.fd = -1;
	wt_client_close(&c);
	EXPECT_EQ(0, wt_used(&self->m));
	self->fd = -1;
}

/* -------------------------------------------------------------- many */

#define MANY	100

TEST_F(lifetime, many_clients)
{
	static struct wt_client c[MANY];
	int i;

	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, wt_client_open(&c[i], self->d, 8, 8)) TH_LOG("client %d", i);
		EXPECT_EQ(i, c[i].s.client);
	}
	EXPECT_EQ(MANY, wt_info(self->fd).clients);
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0, wt_nop(&c[i], i)) TH_LOG("client %d", i);
	for (i = 0; i < MANY; i++)
		wt_client_close(&c[i]);
	EXPECT_NO_CLIENTS();
}

static void one_of_many(const char *path)
{
	struct wt_client c;
	int i;

	if (wt_client_open(&c, path, 8, 8))
		_exit(1);
	for (i = 0; i < 20; i++)
		if (wt_nop(&c, i))
			_exit(2);
	_exit(0);
}

TEST_F(lifetime, many_processes)
{
	int i, status, bad = 0;

	for (i = 0; i < MANY; i++) {
		pid_t pid = fork();

		ASSERT_GE(pid, 0);
		if (!pid)
			one_of_many(self->d);
	}
	for (i = 0; i < MANY; i++) {
		ASSERT_LT(0, wait(&status));
		bad += !!status;
	}
	EXPECT_EQ(0, bad);
	EXPECT_NO_CLIENTS();
}

/* --------------------------------------------------------------- races */

static void *set_up(void *fd)
{
	struct wn_setup s = { .size = sizeof(s) };

	return (void *)wt_ioctl((int)(long)fd, WN_IOC_SETUP, &s);
}

static void *enable(void *fd)
{
	struct wn_enable e = { .size = sizeof(e) };

	return (void *)wt_ioctl((int)(long)fd, WN_IOC_ENABLE, &e);
}

/* Run fn twice at once: one wins, the other is told so. */
static bool one_wins(void *(*fn)(void *), int fd)
{
	void *a, *b;
	pthread_t t;

	pthread_create(&t, NULL, fn, (void *)(long)fd);
	a = fn((void *)(long)fd);
	pthread_join(t, &b);
	return (a == NULL && b == (void *)-EBUSY) || (b == NULL && a == (void *)-EBUSY);
}

TEST_F(lifetime, racing_setup)
{
	int round, fd;

	for (round = 0; round < 200; round++) {
		fd = wt_open(self->d, O_RDWR);
		ASSERT_GE(fd, 0);
		ASSERT_TRUE(one_wins(set_up, fd));
		ASSERT_EQ(1, wt_info(fd).clients);
		ASSERT_TRUE(one_wins(enable, fd));
		close(fd);
	}
	EXPECT_NO_CLIENTS();
}

/* Create, use and remove the same three names, against others that do so too. */
static void churn(const struct wt_mount *m, unsigned int seed)
{
	struct wn_domain_create d;
	struct wt_client c;
	char name[2] = "a";
	int i, err;

	for (i = 0; i < 300; i++) {
		name[0] = 'a' + rand_r(&seed) % 3;
		d = wt_create_args(m->control, name);
		d.bounds = wt_small;	/* the time shall go into names, not pages */
		err = wt_ioctl(m->control, WN_IOC_CREATE, &d);
		if (err && err != -EEXIST)
			_exit(1);
		err = wt_client_open(&c, wt_path(m, name), 8, 8);
		if (err && err != -ENOENT)
			_exit(2);
		if (rand_r(&seed) % 2 && unlink(wt_path(m, name)) && errno != ENOENT)
			_exit(3);
		if (!err) {
			if (wt_nop(&c, i))
				_exit(4);
			wt_client_close(&c);
		}
	}
	_exit(0);
}

TEST_F(lifetime, racing_names)
{
	unsigned int seed = time(NULL);
	int i, status;

	TH_LOG("seed %u", seed);
	for (i = 0; i < 4; i++) {
		pid_t pid = fork();

		ASSERT_GE(pid, 0);
		if (!pid)
			churn(&self->m, seed + i);
	}
	for (i = 0; i < 4; i++) {
		ASSERT_LT(0, wait(&status));
		EXPECT_EQ(0, status) TH_LOG("exit %d", WEXITSTATUS(status));
	}
	unlink(wt_path(&self->m, "a"));
	unlink(wt_path(&self->m, "b"));
	unlink(wt_path(&self->m, "c"));
	EXPECT_EQ(1, wt_fdinfo(self->m.control, "wn-domains"));
	EXPECT_NO_CLIENTS();
}

/* --------------------------------------------------------------- fdinfo */

TEST_F(lifetime, fdinfo)
{
	struct wn_domain_info info = wt_info(self->fd);
	struct wt_client c;
	char state[16];

	ASSERT_EQ(0, wt_fdinfo_word(self->fd, "wn-state", state, sizeof(state)));
	EXPECT_STREQ("new", state);
	EXPECT_EQ(-1, wt_fdinfo(self->fd, "wn-client"));
	EXPECT_EQ((long long)info.id, wt_fdinfo(self->fd, "wn-domain"));
	EXPECT_EQ((long long)info.bytes, wt_fdinfo(self->fd, "wn-domain-bytes"));
	EXPECT_EQ(128, wt_fdinfo(self->fd, "wn-clients-max"));
	EXPECT_EQ(0, wt_fdinfo(self->fd, "wn-clients"));

	ASSERT_EQ(0, wt_client_prepare(&c, self->d, 16, 32));
	ASSERT_EQ(0, wt_fdinfo_word(c.fd, "wn-state", state, sizeof(state)));
	EXPECT_STREQ("ready", state);
	ASSERT_EQ(0, wt_client_enable(&c));
	ASSERT_EQ(0, wt_fdinfo_word(c.fd, "wn-state", state, sizeof(state)));
	EXPECT_STREQ("enabled", state);
	EXPECT_EQ(0, wt_fdinfo(c.fd, "wn-client"));
	EXPECT_EQ(1, wt_fdinfo(c.fd, "wn-clients"));
	EXPECT_EQ((long long)c.s.bytes, wt_fdinfo(c.fd, "wn-bytes"));
	EXPECT_EQ(16, wt_fdinfo(c.fd, "wn-sq-entries"));
	EXPECT_EQ(32, wt_fdinfo(c.fd, "wn-cq-entries"));
	wt_sqe(&c, 0);
	wt_sqe(&c, 1);
	wt_submit(&c, 2);
	if (wt_is_polling()) {
		EXPECT_EQ(2, wt_enter(&c, 2, 2));
		EXPECT_EQ(0, wt_fdinfo(c.fd, "wn-sq-pending"));
		EXPECT_EQ(2, wt_fdinfo(c.fd, "wn-cq-unread"));
	} else {
		EXPECT_EQ(2, wt_fdinfo(c.fd, "wn-sq-pending"));
		EXPECT_EQ(1, wt_enter(&c, 1, 1));
		EXPECT_EQ(1, wt_fdinfo(c.fd, "wn-sq-pending"));
		EXPECT_EQ(1, wt_fdinfo(c.fd, "wn-cq-unread"));
	}

	EXPECT_EQ(1, wt_fdinfo(self->m.control, "wn-domains"));
	EXPECT_EQ((long long)(info.bytes + c.s.bytes), wt_fdinfo(self->m.control, "wn-bytes"));
	EXPECT_LT(0, wt_fdinfo(self->m.control, "wn-domains-max"));
	EXPECT_LT(0, wt_fdinfo(self->m.control, "wn-bytes-max"));
	wt_client_close(&c);
}

WT_MAIN
