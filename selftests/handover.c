// SPDX-License-Identifier: MIT
/* A capability as a file descriptor: passed on, redeemed, counted, taken back. */
#include "common.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <wn.h>

#include "harness.h"
#include "pair.h"

FIXTURE(handover)
{
	struct wt_pair p;
};

static const struct wn_grant look = { .rights = WN_RIGHT_READ };

FIXTURE_SETUP(handover)
{
	ASSERT_EQ(0, wt_pair_open(&self->p));
}

FIXTURE_TEARDOWN(handover)
{
	wt_pair_close(&self->p);
}

/* Whether the capability at an index lets its client look at its own node. */
static __s64 use(struct wn *wn, __u32 index)
{
	struct wn_cap_info info;

	return wn_cap_read(wn, (__u16)index, 0, &info);
}

TEST_F(handover, redeemed_as_often_as_was_said)
{
	struct wn_cap_info info;
	__u32 first, second;
	int fd;

	fd = wn_cap_export(&self->p.all, 0, self->p.node, &look, 2);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(2, wt_fdinfo(fd, "wn-uses"));
	EXPECT_FALSE(WN_RES_IS_ERROR(wn_cap_redeem(&self->p.other, fd, &first)));
	EXPECT_EQ(1, wt_fdinfo(fd, "wn-uses"));
	ASSERT_EQ(0, wn_cap_read(&self->p.other, (__u16)first, 0, &info));
	EXPECT_EQ(WN_RIGHT_READ, info.rights);
	EXPECT_EQ(self->p.node, info.node);
	EXPECT_EQ(1, info.depth);
	/* To itself, too: it is a grant like any other. */
	EXPECT_FALSE(WN_RES_IS_ERROR(wn_cap_redeem(&self->p.all, fd, &second)));
	EXPECT_EQ(-ENOKEY, wn_cap_redeem(&self->p.other, fd, NULL));
	close(fd);
	/* What came of it does not hang on the fd. */
	EXPECT_EQ(0, use(&self->p.other, first));
	EXPECT_EQ(0, use(&self->p.all, second));
}

/* The way it is meant: another process, a client of its own, the fd in a message. */
static int in_other_process(int sock, const char *path)
{
	char c, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &c, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct wn wn;
	__u32 index;
	int fd, err;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&msg))
		return -EPROTO;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	err = wn_open(&wn, path, NULL);
	if (err)
		return err;
	err = (int)use(&wn, 1);
	if (err != -EACCES)	/* nothing there yet */
		return -EPROTO;
	if (WN_RES_IS_ERROR(wn_cap_redeem(&wn, fd, &index)))
		return -EKEYREJECTED;
	err = (int)use(&wn, index);
	if (err)
		return err;
	/* The message's other end revokes now. */
	if (write(sock, "1", 1) != 1 || read(sock, &c, 1) != 1)
		return -EPIPE;
	if (wn_cap_redeem(&wn, fd, NULL) != -EKEYREVOKED)
		return -EPROTO;
	err = (int)use(&wn, index);
	wn_close(&wn);
	return err;
}

TEST_F(handover, sent_to_another_process)
{
	char c = 0, control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov = { &c, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control),
	};
	const struct wn_grant all = { .rights = WN_RIGHT_READ | WN_RIGHT_GRANT };
	int sock[2], fd, status;
	__u32 index;
	__s64 mine;
	pid_t pid;

	/* One of its own to export, so that it can be taken back alone. */
	mine = wn_cap_grant(&self->p.all, 0, self->p.node, 0, &all, &index);
	ASSERT_FALSE(WN_RES_IS_ERROR(mine));
	fd = wn_cap_export(&self->p.all, (__u16)index, 0, &look, 10);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		close(sock[0]);
		close(fd);
		_exit(in_other_process(sock[1], self->p.path) != -EKEYREVOKED);
	}
	close(sock[1]);
	CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
	CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
	CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &fd, sizeof(fd));
	ASSERT_EQ(1, sendmsg(sock[0], &msg, 0));
	ASSERT_EQ(1, read(sock[0], &c, 1));
	EXPECT_EQ(0, wn_cap_revoke(&self->p.all, 0, (__u64)mine));
	ASSERT_EQ(1, write(sock[0], &c, 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	close(sock[0]);
	close(fd);
}

TEST_F(handover, dies_with_its_granter)
{
	__u32 index;
	int fd;

	fd = wn_cap_export(&self->p.all, 0, self->p.node, &look, 5);
	ASSERT_GE(fd, 0);
	ASSERT_FALSE(WN_RES_IS_ERROR(wn_cap_redeem(&self->p.other, fd, &index)));
	wn_close(&self->p.all);
	EXPECT_EQ(-EKEYREVOKED, wn_cap_redeem(&self->p.other, fd, NULL));
	EXPECT_EQ(-EKEYREVOKED, use(&self->p.other, index));
	/* Nor is another who has its number the granter. */
	ASSERT_EQ(0, wn_open(&self->p.all, self->p.path, NULL));
	EXPECT_EQ(-EKEYREVOKED, wn_cap_redeem(&self->p.other, fd, NULL));
	close(fd);
}

TEST_F(handover, holds_the_mount_and_nothing_else)
{
	struct wn_domain_info info;
	int fd;

	fd = wn_cap_export(&self->p.all, 0, self->p.node, &look, 1);
	ASSERT_GE(fd, 0);
	wn_close(&self->p.all);
	wn_close(&self->p.other);
	ASSERT_EQ(0, wn_domain_info(self->p.path, &info));
	EXPECT_EQ(0, info.clients);
	EXPECT_EQ(0, wn_domain_remove(self->p.path));
	EXPECT_EQ(-1, umount2(self->p.m.dir, 0));
	EXPECT_EQ(EBUSY, errno);
	close(fd);
	ASSERT_EQ(0, wt_create(&self->p.m, "e"));
	ASSERT_EQ(0, wn_open(&self->p.all, wt_path(&self->p.m, "e"), NULL));
	ASSERT_EQ(0, wn_open(&self->p.other, wt_path(&self->p.m, "e"), NULL));
}

TEST_F(handover, refused)
{
	const struct wn_grant more = { .rights = WN_RIGHT_READ | WN_RIGHT_WRITE };
	const struct wn_grant bad = { .rights = WN_RIGHT_READ, .reserved = { 1 } };
	const struct wn_grant none = {};
	const struct wn_grant weak = { .rights = WN_RIGHT_READ | WN_RIGHT_GRANT };
	const struct wn_grant soon = { .rights = WN_RIGHT_READ, .expires = 1 };
	struct wn_cap_export e = {
		.size = sizeof(e), .uses = 1, .flags = 1, .grant = look,
	};
	struct wn_cap_redeem r = { .size = sizeof(r), .fd = -1 };
	struct wn *from = &self->p.all, *to = &self->p.other, other;
	__u64 ops[4];
	__u32 index;
	__s64 handle;
	int fd, pipes[2];

	EXPECT_EQ(-EINVAL, wn_cap_export(from, 0, 0, &look, 0));
	EXPECT_EQ(-EINVAL, wn_cap_export(from, 0, 0, &bad, 1));
	EXPECT_EQ(-EINVAL, wn_cap_export(from, 0, 0, &none, 1));
	EXPECT_EQ(-ESTALE, wn_cap_export(from, 0, 12345, &look, 1));
	EXPECT_EQ(-EACCES, wn_cap_export(from, 99, 0, &look, 1));
	EXPECT_EQ(-EACCES, wn_cap_export(from, 0xffff, 0, &look, 1));
	EXPECT_EQ(-EACCES, wn_cap_export(to, 0, 0, &look, 1));	/* no GRANT */
	EXPECT_EQ(-EINVAL, wt_ioctl(from->fd, WN_IOC_CAP_EXPORT, &e));
	e.flags = 0;
	e.reserved = 1;
	EXPECT_EQ(-EINVAL, wt_ioctl(from->fd, WN_IOC_CAP_EXPORT, &e));
	EXPECT_EQ(-EFAULT, wt_ioctl(from->fd, WN_IOC_CAP_EXPORT, (void *)8));
	handle = wn_cap_grant(from, 0, self->p.node, 0, &weak, &index);
	ASSERT_FALSE(WN_RES_IS_ERROR(handle));
	EXPECT_EQ(-EACCES, wn_cap_export(from, (__u16)index, 0, &more, 1));
	EXPECT_EQ(-ESTALE, wn_cap_export(from, (__u16)index, from->pub->root, &look, 1));
	ASSERT_EQ(0, wn_cap_revoke(from, 0, (__u64)handle));
	EXPECT_EQ(-EKEYREVOKED, wn_cap_export(from, (__u16)index, 0, &look, 1));

	ASSERT_EQ(0, pipe(pipes));
	EXPECT_EQ(-EBADF, wn_cap_redeem(to, -1, NULL));
	EXPECT_EQ(-EBADF, wn_cap_redeem(to, 9999, NULL));
	EXPECT_EQ(-EBADF, wn_cap_redeem(to, pipes[0], NULL));
	EXPECT_EQ(-EBADF, wn_cap_redeem(to, from->fd, NULL));
	EXPECT_EQ(-EBADF, wn_cap_redeem(to, self->p.m.control, NULL));
	r.flags = 1;
	EXPECT_EQ(-EINVAL, wt_ioctl(to->fd, WN_IOC_CAP_REDEEM, &r));
	r.flags = 0;
	r.reserved = 1;
	EXPECT_EQ(-EINVAL, wt_ioctl(to->fd, WN_IOC_CAP_REDEEM, &r));
	close(pipes[0]);
	close(pipes[1]);

	/* Another domain's client. */
	ASSERT_EQ(0, wt_create(&self->p.m, "e"));
	ASSERT_EQ(0, wn_open(&other, wt_path(&self->p.m, "e"), NULL));
	fd = wn_cap_export(from, 0, self->p.node, &look, 1);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EXDEV, wn_cap_redeem(&other, fd, NULL));
	wn_close(&other);
	/* None of the errors has used it up. */
	EXPECT_FALSE(WN_RES_IS_ERROR(wn_cap_redeem(to, fd, NULL)));
	close(fd);

	/* What is granted can be over before it is redeemed. */
	fd = wn_cap_export(from, 0, self->p.node, &soon, 1);
	ASSERT_GE(fd, 0);
	ASSERT_FALSE(WN_RES_IS_ERROR(wn_cap_redeem(to, fd, &index)));
	close(fd);

	/* A client that may not grant, may not so. */
	memset(ops, 0xff, sizeof(ops));
	ops[0] &= ~(1ULL << WN_OP_CAP_GRANT);
	fd = wn_cap_export(from, 0, self->p.node, &look, 1);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, wn_restrict(from, ops));
	EXPECT_EQ(-EPERM, wn_cap_export(from, 0, self->p.node, &look, 1));
	EXPECT_EQ(-EPERM, wn_cap_redeem(to, fd, NULL));
	close(fd);
}

/* Others fill at most half of a table; the hand-over outlives the refusal. */
TEST_F(handover, full_table_uses_nothing_up)
{
	__u32 index, got[4096];
	__s64 res = 0;
	__u32 n = 0;
	int fd;

	fd = wn_cap_export(&self->p.all, 0, self->p.node, &look, 4096);
	ASSERT_GE(fd, 0);
	while (n < 4096 && !WN_RES_IS_ERROR(res = wn_cap_redeem(&self->p.other, fd, &index))) {
		got[n++] = index;
		while (wn_peek_event(&self->p.other))
			wn_event_seen(&self->p.other);
	}
	EXPECT_EQ(-ENOSPC, res);
	EXPECT_EQ(4096 - n, wt_fdinfo(fd, "wn-uses"));
	ASSERT_LT(0, n);
	ASSERT_EQ(0, wn_cap_revoke(&self->p.other, (__u16)got[0], 0));
	EXPECT_FALSE(WN_RES_IS_ERROR(wn_cap_redeem(&self->p.other, fd, NULL)));
	close(fd);
}

struct racer {
	const char *path;
	int fd, won;
};

static void *race(void *arg)
{
	struct racer *r = arg;
	struct wn wn;
	__s64 res;

	if (wn_open(&wn, r->path, NULL)) {
		r->won = -1;
		return NULL;
	}
	res = wn_cap_redeem(&wn, r->fd, NULL);
	r->won = res == -ENOKEY ? 0 : WN_RES_IS_ERROR(res) ? -1 : 1;
	wn_close(&wn);
	return NULL;
}

TEST_F(handover, single_use_is_one)
{
	struct racer racers[8];
	pthread_t threads[8];
	int i, round, fd, won;

	for (round = 0; round < 20; round++) {
		fd = wn_cap_export(&self->p.all, 0, self->p.node, &look, 1);
		ASSERT_GE(fd, 0);
		won = 0;
		for (i = 0; i < 8; i++) {
			racers[i] = (struct racer){ self->p.path, fd, 0 };
			ASSERT_EQ(0, pthread_create(&threads[i], NULL, race, &racers[i]));
		}
		for (i = 0; i < 8; i++) {
			pthread_join(threads[i], NULL);
			EXPECT_LE(0, racers[i].won);
			won += racers[i].won;
		}
		EXPECT_EQ(1, won);
		close(fd);
	}
}

WT_MAIN
