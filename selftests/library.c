// SPDX-License-Identifier: MIT
/* The library against the module: its calls, its errnos, its rules about fork. */
#include "common.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/wait.h>
#include <wn.h>

#include "harness.h"

FIXTURE(libwn)
{
	struct wt_mount m;
	const char *path;
	struct wn wn;
};

FIXTURE_SETUP(libwn)
{
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->path = wt_path(&self->m, "lib");
	ASSERT_EQ(0, wn_domain_create(self->path, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->wn, self->path, NULL));
}

FIXTURE_TEARDOWN(libwn)
{
	wn_close(&self->wn);
	wt_umount(&self->m);
}

static __u64 boottime_in(__s64 ns)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (__u64)((__s64)t.tv_sec * 1000000000 + t.tv_nsec + ns);
}

TEST_F(libwn, batch_comes_back_in_order)
{
	const struct wn_cqe *cqe;
	unsigned int i;

	for (i = 0; i < 100; i++)
		wn_prep_nop_result(wn_get_sqe(&self->wn), i % 2 ? -EPROTO : (__s64)i, i);
	ASSERT_EQ(100, wn_submit_and_wait(&self->wn, 100, 0));
	for (i = 0; i < 100; i++) {
		cqe = wn_peek_cqe(&self->wn);
		ASSERT_NE(NULL, cqe);
		EXPECT_EQ(i, cqe->user_data);
		EXPECT_EQ(i % 2 ? -EPROTO : (__s64)i, cqe->res);
		wn_cqe_seen(&self->wn);
	}
	EXPECT_EQ(NULL, wn_peek_cqe(&self->wn));
	EXPECT_EQ(50, self->wn.kern->refused);
}

/* Round the rings several times: positions are masked, slots are reused. */
TEST_F(libwn, wraps)
{
	const struct wn_cqe *cqe;
	__u64 i;

	for (i = 0; i < 3 * 512 + 7; i++) {
		wn_prep_nop(wn_get_sqe(&self->wn), i);
		ASSERT_EQ(1, wn_submit(&self->wn));
		ASSERT_EQ(0, wn_wait_cqe(&self->wn, &cqe, 0));
		ASSERT_EQ(i, cqe->user_data);
		wn_cqe_seen(&self->wn);
	}
}

TEST_F(libwn, full_ring_gives_null)
{
	const __u64 until = boottime_in(5000000000);
	const struct wn_sqe *sqe;
	__u32 i;

	for (i = 0; i < self->wn.sq_entries; i++)
		ASSERT_NE(NULL, wn_get_sqe(&self->wn));
	EXPECT_EQ(NULL, wn_get_sqe(&self->wn));
	EXPECT_EQ((int)self->wn.sq_entries, wn_submit(&self->wn));
	/* A polling thread may be behind. */
	while (!(sqe = wn_get_sqe(&self->wn)) && boottime_in(0) < until)
		sched_yield();
	EXPECT_NE(NULL, sqe);
}

/* Nothing is lost while nobody reads: entries wait in the submission ring. */
TEST_F(libwn, unread_completions_hold_entries_back)
{
	const __u64 all = self->wn.sq_entries + self->wn.cq_entries;
	const struct wn_cqe *cqe;
	__u64 sent = 0, got = 0, until = boottime_in(5000000000);
	struct wn_sqe *sqe;

	while ((sqe = wn_get_sqe(&self->wn)) || wn_submit(&self->wn) > 0 ||
	       (sent < all && boottime_in(0) < until)) {
		if (sqe)
			wn_prep_nop(sqe, sent++);
		else
			sched_yield();	/* a polling thread may be behind */
		ASSERT_LE(sent, all);
	}
	EXPECT_EQ(all, sent);
	while (got < sent) {
		ASSERT_EQ(0, wn_wait_cqe(&self->wn, &cqe, boottime_in(5000000000)));
		ASSERT_EQ(got, cqe->user_data);
		wn_cqe_seen(&self->wn);
		got++;
	}
}

TEST_F(libwn, deadline)
{
	const struct wn_cqe *cqe;
	__u64 at = boottime_in(20000000);

	EXPECT_EQ(-ETIME, wn_wait_cqe(&self->wn, &cqe, at));
	EXPECT_GE(boottime_in(0), at);
	EXPECT_EQ(-ETIME, wn_submit_and_wait(&self->wn, 1, at));
	/* More than can ever lie there: refused, and nothing was published. */
	wn_prep_nop(wn_get_sqe(&self->wn), 1);
	EXPECT_EQ(-EINVAL, wn_submit_and_wait(&self->wn, self->wn.cq_entries + 1, at));
	EXPECT_EQ(1, wn_submit(&self->wn));
}

/* A name without a slash is a domain of the usual instance, never a file here. */
TEST_F(libwn, bare_names)
{
	struct wn_domain_info info;
	char dir[] = "/tmp/wnbare.XXXXXX";
	int fd;

	ASSERT_NE(NULL, mkdtemp(dir));
	ASSERT_EQ(0, chdir(dir));
	fd = open("board-of-nobody", O_CREAT | O_WRONLY, 0600);
	ASSERT_GE(fd, 0);
	close(fd);
	EXPECT_EQ(-ENOENT, wn_domain_remove("board-of-nobody"));
	EXPECT_EQ(-ENOENT, wn_domain_info("board-of-nobody", &info));
	EXPECT_EQ(0, access("board-of-nobody", F_OK));
	EXPECT_EQ(0, unlink("board-of-nobody"));
	EXPECT_EQ(0, chdir("/"));
	rmdir(dir);
}

TEST_F(libwn, restricted)
{
	const struct wn_cqe *cqe;
	__u64 none[4] = {}, all[4] = { ~0ULL, ~0ULL, ~0ULL, ~0ULL };

	EXPECT_EQ(0, wn_restrict(&self->wn, all));
	EXPECT_EQ(1ULL << WN_OP_NOP, all[0] & 1ULL << WN_OP_NOP);
	EXPECT_EQ(0, wn_restrict(&self->wn, none));
	/* It only shrinks. */
	memset(all, 0xff, sizeof(all));
	EXPECT_EQ(0, wn_restrict(&self->wn, all));
	EXPECT_EQ(0, all[0] | all[1] | all[2] | all[3]);

	wn_prep_nop(wn_get_sqe(&self->wn), 1);
	EXPECT_EQ(1, wn_submit(&self->wn));
	ASSERT_EQ(0, wn_wait_cqe(&self->wn, &cqe, 0));
	EXPECT_EQ(-EPERM, cqe->res);
}

/* What a forked child gets from a client of its parent, call by call. */
static int use_inherited(void *arg)
{
	struct wn *wn = arg;
	const struct wn_cqe *cqe;
	__u64 ops[4] = {};

	if (wn_get_sqe(wn) || wn_peek_cqe(wn) || wn_sq_room(wn))
		return 1;
	wn_cqe_seen(wn);	/* does nothing, and does not die */
	if (wn_submit(wn) != -EOWNERDEAD || wn_submit_and_wait(wn, 1, 0) != -EOWNERDEAD)
		return 2;
	if (wn_wait_cqe(wn, &cqe, 0) != -EOWNERDEAD || wn_restrict(wn, ops) != -EOWNERDEAD)
		return 3;
	if (wn_enable(wn) != -EOWNERDEAD)
		return 4;
	wn_close(wn);
	return 0;
}

TEST_F(libwn, fork)
{
	struct wn copy = self->wn;
	const struct wn_cqe *cqe;

	EXPECT_EQ(0, wt_in_child(0, use_inherited, &copy));
	/* The parent's client never noticed. */
	wn_prep_nop(wn_get_sqe(&self->wn), 9);
	EXPECT_EQ(1, wn_submit(&self->wn));
	ASSERT_EQ(0, wn_wait_cqe(&self->wn, &cqe, 0));
	EXPECT_EQ(9, cqe->user_data);
}

static int open_own(void *path)
{
	const struct wn_cqe *cqe = NULL;
	struct wn wn;
	int err = wn_open(&wn, path, NULL);

	if (err)
		return err;
	wn_prep_nop(wn_get_sqe(&wn), 5);
	err = wn_submit(&wn);
	if (err == 1)
		err = wn_wait_cqe(&wn, &cqe, 0);
	if (!err && (!cqe || cqe->user_data != 5))
		err = -EPROTO;
	wn_close(&wn);
	return err;
}

TEST_F(libwn, child_opens_its_own)
{
	if (wt_is_embedded())
		SKIP(return, "an engine in this process has no children");
	EXPECT_EQ(0, wt_in_child(0, open_own, (void *)self->path));
}

/*
 * Prepared and cut down by the parent, enabled by the child: its, not the
 * parent's. The entry that the parent prepared is there.
 */
static int enable_handed(void *arg)
{
	const struct wn_cqe *cqe;
	struct wn *wn = arg;
	int err = wn_enable(wn);

	if (err)
		return err;
	wn_prep_nop(wn_get_sqe(wn), 5);
	err = wn_submit_and_wait(wn, 2, 0);
	if (err != 2)
		return err < 0 ? err : -EPROTO;
	cqe = wn_peek_cqe(wn);
	if (!cqe || cqe->user_data != 1)
		return -EPROTO;
	wn_cqe_seen(wn);
	cqe = wn_peek_cqe(wn);
	return cqe && cqe->user_data == 5 ? 0 : -EPROTO;
}

TEST_F(libwn, handed_to_a_child)
{
	const struct wn_params disabled = { .flags = WN_OPEN_DISABLED };
	__u64 ops[4] = { 1ULL << WN_OP_NOP };
	struct wn wn;

	if (wt_is_embedded())
		SKIP(return, "an engine in this process has no children");

	ASSERT_EQ(0, wn_open(&wn, self->path, &disabled));
	wn_prep_nop(wn_get_sqe(&wn), 1);
	EXPECT_EQ(0, wn_restrict(&wn, ops));
	EXPECT_EQ(0, wt_in_child(0, enable_handed, &wn));
	/* Its owner has exited; it learns of it a moment later perhaps. */
	while (wn_enable(&wn) == -EBUSY)
		usleep(1000);
	EXPECT_EQ(-ESHUTDOWN, wn_enable(&wn));
	wn_close(&wn);
}

/* A child with a client of its own, though the name is gone; the parent's goes on. */
static int reopen_inherited(void *arg)
{
	const struct wn_cqe *cqe = NULL;
	struct wn *wn = arg;
	__u32 number = wn->client;
	int err = wn_reopen(wn);

	if (err)
		return err;
	if (wn->client == number || wn->sq_entries != 64 || wn->cq_entries != 128)
		return -EPROTO;
	wn_prep_nop(wn_get_sqe(wn), 5);
	err = wn_submit(wn);
	if (err == 1)
		err = wn_wait_cqe(wn, &cqe, 0);
	if (!err && (!cqe || cqe->user_data != 5))
		err = -EPROTO;
	wn_close(wn);
	return err;
}

TEST_F(libwn, reopen)
{
	const struct wn_params params = {
		.sq_entries = 64, .cq_entries = 128, .arena_in = 4096, .arena_out = 40000,
	};
	const struct wn_cqe *cqe;
	struct wn wn, copy;

	ASSERT_EQ(0, wn_open(&wn, self->path, &params));
	EXPECT_EQ(0, wn_domain_remove(self->path));
	copy = wn;
	EXPECT_EQ(wt_is_embedded() ? -EOWNERDEAD : 0, wt_in_child(0, reopen_inherited, &copy));
	/* In one's own process as well. */
	wn_prep_nop(wn_get_sqe(&wn), 1);
	EXPECT_EQ(0, wn_reopen(&wn));
	EXPECT_EQ(64, wn.sq_entries);
	EXPECT_EQ(64, wn_sq_room(&wn));
	EXPECT_EQ(4096, wn.in.bytes);
	EXPECT_EQ(40960, wn.out.bytes);
	wn_prep_nop(wn_get_sqe(&wn), 9);
	EXPECT_EQ(1, wn_submit(&wn));
	ASSERT_EQ(0, wn_wait_cqe(&wn, &cqe, 0));
	EXPECT_EQ(9, cqe->user_data);
	wn_close(&wn);
}

TEST_F(libwn, errors_of_open)
{
	struct wn_params bad = { .flags = 1U << 9 };
	struct wn_domain_info info;
	struct wn_bounds_query q;
	struct wn_query query;
	struct wn wn;

	EXPECT_EQ(-ENOENT, wn_open(&wn, wt_path(&self->m, "none"), NULL));
	EXPECT_EQ(-EINVAL, wn_open(&wn, self->path, &bad));
	bad = (struct wn_params){ .reserved = { 0, 0, 1 } };
	EXPECT_EQ(-EINVAL, wn_open(&wn, self->path, &bad));
	bad = (struct wn_params){ .sq_entries = 3 };
	EXPECT_EQ(-EINVAL, wn_open(&wn, self->path, &bad));
	bad = (struct wn_params){ .sq_entries = 512 };
	EXPECT_EQ(-E2BIG, wn_open(&wn, self->path, &bad));
	EXPECT_EQ(-ENOTTY, wn_open(&wn, "/dev/null", NULL));
	EXPECT_EQ(-EEXIST, wn_domain_create(self->path, 0600, NULL));
	EXPECT_EQ(-EINVAL, wn_domain_create("/tmp/", 0600, NULL));
	ASSERT_EQ(0, wn_bounds(self->m.dir, WN_BOUNDS_LIMIT, &q));
	q.bounds.nodes++;
	EXPECT_EQ(-E2BIG, wn_domain_create(wt_path(&self->m, "big"), 0600, &q.bounds));
	ASSERT_EQ(0, wn_query(self->m.dir, &query));
	EXPECT_EQ(WN_ABI_VERSION, query.abi);
	EXPECT_EQ(-ENOENT, wn_query("/nowhere", &query));
	/* Ours alone is open, and errno was never touched. */
	ASSERT_EQ(0, wn_domain_info(self->path, &info));
	EXPECT_EQ(1, info.clients);
	errno = 1234;
	EXPECT_EQ(-ENOENT, wn_open(&wn, wt_path(&self->m, "none"), NULL));
	EXPECT_EQ(1234, errno);
}

TEST_F(libwn, remove_and_info)
{
	struct wn_domain_info info;

	ASSERT_EQ(0, wn_domain_info(self->path, &info));
	EXPECT_EQ(self->wn.pub->domain, info.id);
	EXPECT_EQ(0, wn_domain_remove(self->path));
	EXPECT_EQ(-ENOENT, wn_domain_remove(self->path));
	EXPECT_EQ(-ENOENT, wn_domain_info(self->path, &info));
	EXPECT_EQ(-EPERM, wn_domain_remove(wt_path(&self->m, "control")));
}

TEST(every_errno_has_advice)
{
	const char *unknown = wn_strerror(4000);
	static const int named[] = {
		EINVAL, E2BIG, ENOSPC, EDQUOT, ENOMEM, EEXIST, ENOENT, ENAMETOOLONG, EACCES,
		EPERM, ESTALE, EBUSY, ENXIO, ENOTTY, EOPNOTSUPP, EAGAIN, ENOBUFS, ECANCELED,
		ETIME, EINTR, ENOLINK, EPROTO, EOWNERDEAD, EKEYREVOKED, EKEYEXPIRED,
		EHOSTDOWN, ESHUTDOWN,
	};
	size_t i;

	for (i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		EXPECT_STRNE(unknown, wn_strerror(named[i]));
		EXPECT_STREQ(wn_strerror(named[i]), wn_strerror(-named[i]));
	}
}

WT_MAIN
