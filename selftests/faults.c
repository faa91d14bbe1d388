// SPDX-License-Identifier: MIT
/*
 * Every allocation fails in turn: the n-th of a system call, for n = 1, 2, ...
 * until the call needs no more (/proc/self/fail-nth, kernels with fault
 * injection; copies from and to user space count, too). The call answers
 * -ENOMEM or -EFAULT, or succeeds in spite of it, and nothing is left behind.
 */
#include "common.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "harness.h"

#define NTH	"/proc/thread-self/fail-nth"
#define DEBUGFS	"/sys/kernel/debug"

FIXTURE(faults) {
	struct wt_mount m;
	struct wn_domain_create small;
	int nth;		/* of NTH */
};

/* Fail what may sleep, of any size, too. */
static bool prepare(void)
{
	return !wt_write_file(DEBUGFS "/failslab/ignore-gfp-wait", "N") &&
	       !wt_write_file(DEBUGFS "/fail_page_alloc/ignore-gfp-wait", "N") &&
	       !wt_write_file(DEBUGFS "/fail_page_alloc/ignore-gfp-highmem", "N") &&
	       !wt_write_file(DEBUGFS "/fail_page_alloc/min-order", "0");
}

FIXTURE_SETUP(faults)
{
	self->nth = wt_open(NTH, O_RDWR);
	ASSERT_GE(self->nth, 0);
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->small = wt_create_args(self->m.control, "d");
	self->small.bounds = wt_small;
}

FIXTURE_TEARDOWN(faults)
{
	wt_umount(&self->m);
}

static void fail(int fd, int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	/* The copying of this word can be what fails; then it is not asked for any more. */
	if (pwrite(fd, text, len, 0) != len && pwrite(fd, text, len, 0) != len)
		abort();
}

/* Whether the failure that was asked for came; none is asked for any more. */
static bool failed(int fd)
{
	char text[16] = "";
	bool came;

	/* If the copying of this answer failed, the call before it did not. */
	came = pread(fd, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;
	fail(fd, 0);
	return came;
}

#define MOST	20000	/* more failures than a call can have */

/*
 * Run call with its n-th allocation failing, for every n; check what holds
 * after a failure, undo after a success. Says how many there were.
 */
#define EACH(call, check, undo)							\
do {										\
	int nth, failures = 0;							\
	for (nth = 1; nth < MOST; nth++) {					\
		bool came;							\
		long err;							\
		fail(self->nth, nth);						\
		err = (call);							\
		came = failed(self->nth);					\
		ASSERT_TRUE(err >= 0 || (came && (err == -ENOMEM || err == -EFAULT))) \
			TH_LOG("%s: allocation %d: %ld", #call, nth, err);	\
		if (err < 0) {							\
			failures++;						\
			check;							\
		} else {							\
			undo;							\
		}								\
		if (!came)							\
			break;							\
	}									\
	TH_LOG("%s: %d allocations, %d failures", #call, nth - 1, failures);	\
	EXPECT_GT(failures, 0);							\
	EXPECT_LT(nth, MOST);							\
} while (0)

TEST_F(faults, mount)
{
	char dir[] = "/tmp/wn.XXXXXX";

	ASSERT_NE(NULL, mkdtemp(dir));
	EACH(wt_mount_on(dir, 0, "max=3,size=1m"), , {
		ASSERT_EQ(0, umount2(dir, 0));
	});
	EXPECT_EQ(0, rmdir(dir));
}

static long create(const struct wt_mount *m, struct wn_domain_create c)
{
	return wt_ioctl(m->control, WN_IOC_CREATE, &c);
}

TEST_F(faults, create)
{
	EACH(create(&self->m, self->small), {
		ASSERT_EQ(0, wt_used(&self->m));
		ASSERT_EQ(0, wt_fdinfo(self->m.control, "wn-domains"));
		ASSERT_EQ(-1, access(wt_path(&self->m, "d"), F_OK));
	}, {
		ASSERT_EQ(0, unlink(wt_path(&self->m, "d")));
	});
	EXPECT_EQ(0, wt_used(&self->m));
}

TEST_F(faults, open)
{
	const char *d = wt_path(&self->m, "d");
	long fd;

	ASSERT_EQ(0, create(&self->m, self->small));
	EACH((fd = wt_open(d, O_RDWR)), , {
		ASSERT_EQ(0, wt_info(fd).clients);
		close(fd);
	});
	EXPECT_EQ(0, unlink(d));
	EXPECT_EQ(0, wt_used(&self->m));
}

static long set_up(int fd)
{
	struct wn_setup s = { .size = sizeof(s) };

	return wt_ioctl(fd, WN_IOC_SETUP, &s);
}

TEST_F(faults, client)
{
	const char *d = wt_path(&self->m, "d");
	long long used;
	int fd;

	ASSERT_EQ(0, create(&self->m, self->small));
	used = wt_used(&self->m);
	fd = wt_open(d, O_RDWR);
	ASSERT_GE(fd, 0);
	EACH(set_up(fd), {
		ASSERT_EQ(0, wt_info(fd).clients);
		ASSERT_EQ(0, wt_info(fd).client_bytes);
		ASSERT_EQ(used, wt_used(&self->m));
	}, {
		ASSERT_EQ(1, wt_info(fd).clients);
		close(fd);
		ASSERT_EQ(used, wt_used(&self->m));
		fd = wt_open(d, O_RDWR);
		ASSERT_GE(fd, 0);
	});
	/* After all that, it is as good as new. */
	EXPECT_EQ(0, set_up(fd));
	close(fd);
}

static long map(int fd, const struct wn_region *r)
{
	void *p = wt_mmap(fd, r->offset, r->bytes, PROT_READ, MAP_SHARED);

	if (!wt_err(p))
		munmap(p, r->bytes);
	return wt_err(p);
}

/* What takes no memory never fails; what does unmaps cleanly. */
TEST_F(faults, use)
{
	struct wt_client c;
	int n;

	ASSERT_EQ(0, create(&self->m, self->small));
	ASSERT_EQ(0, wt_client_open(&c, wt_path(&self->m, "d"), 8, 8));
	EACH(map(c.fd, &c.s.regions[1]), , );
	/* Ops allocate nothing: only copying the argument can fail, before and after. */
	for (n = 1; n < 8; n++) {
		bool came;
		long ret;

		wt_sqe(&c, 0);
		wt_submit(&c, 1);
		fail(self->nth, n);
		ret = wt_enter(&c, 1, 1);
		came = failed(self->nth);
		ASSERT_TRUE(ret == 1 || (came && ret == -EFAULT)) TH_LOG("%d: %ld", n, ret);
		if (ret != 1) {		/* nothing was done, nothing lost */
			ASSERT_EQ(1, wt_enter(&c, 1, 1));
		}
		ASSERT_EQ(1, wt_cq_ready(&c));
		wt_cq_seen(&c, 1);
	}
	wt_client_close(&c);
}

TEST_F(faults, unlink)
{
	EACH(create(&self->m, self->small) ?: (unlink(wt_path(&self->m, "d")) ? -errno : 0), {
		/* The name may be there still; then it goes now. */
		unlink(wt_path(&self->m, "d"));
		ASSERT_EQ(0, wt_used(&self->m));
	}, );
	EXPECT_EQ(0, wt_fdinfo(self->m.control, "wn-domains"));
}

int main(int argc, char **argv)
{
	wt_need_module();
	if (access(NTH, W_OK))
		wt_skip_all("this kernel has no fault injection");
	if (!prepare())
		wt_skip_all("fault injection cannot be set up in " DEBUGFS);
	return test_harness_run(argc, argv);
}
