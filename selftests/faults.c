// SPDX-License-Identifier: MIT
/*
 * Every allocation fails in turn, of what makes mounts, domains and clients. The call answers
 * -ENOMEM or -EFAULT, or succeeds in spite of it, and nothing is left behind.
 * (What clients ask for then: faults_client.)
 */
#include "common.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "harness.h"
#include "faulty.h"

FIXTURE(faults) {
	struct wt_mount m;
	struct wn_domain_create small;
	int nth;		/* wt_fault_open() */
};

FIXTURE_SETUP(faults)
{
	self->nth = wt_fault_open();
	ASSERT_GE(self->nth, 0);
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->small = wt_create_args(self->m.control, "d");
	self->small.bounds = wt_small;
}

FIXTURE_TEARDOWN(faults)
{
	wt_umount(&self->m);
}

TEST_F(faults, mount)
{
	char dir[] = "/tmp/wn.XXXXXX";

	ASSERT_NE(NULL, mkdtemp(dir));
	WT_EACH_FAULT(wt_mount_on(dir, 0, "max=3,size=1m"), , {
		ASSERT_EQ(0, umount2(dir, 0));
	});
	EXPECT_EQ(0, rmdir(dir));
}

static long create(const struct wt_mount *m, struct wn_domain_create c)
{
	return wt_ioctl(m->control, WN_IOC_CREATE, &c);
}

static void create_again_and_again(struct __test_metadata *_metadata, FIXTURE_DATA(faults) *self)
{
	WT_EACH_FAULT(create(&self->m, self->small), {
		ASSERT_EQ(0, wt_used(&self->m));
		ASSERT_EQ(0, wt_fdinfo(self->m.control, "wn-domains"));
		ASSERT_EQ(-1, access(wt_path(&self->m, "d"), F_OK));
	}, {
		ASSERT_EQ(0, unlink(wt_path(&self->m, "d")));
	});
	EXPECT_EQ(0, wt_used(&self->m));
}

TEST_F(faults, create)
{
	create_again_and_again(_metadata, self);
}

/* Two halves of a journal more, which hold the domain's keys and are wiped. */
TEST_F(faults, create_with_a_journal)
{
	self->small.journal_kb = 16;
	create_again_and_again(_metadata, self);
}

TEST_F(faults, open)
{
	const char *d = wt_path(&self->m, "d");
	long fd;

	ASSERT_EQ(0, create(&self->m, self->small));
	WT_EACH_FAULT((fd = wt_open(d, O_RDWR)), , {
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
	WT_EACH_FAULT(set_up(fd), {
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

/* A client that could not be enabled is as it was: it can be, by anybody. */
TEST_F(faults, enable)
{
	const char *d = wt_path(&self->m, "d");
	struct wt_client c;
	long long used;

	ASSERT_EQ(0, create(&self->m, self->small));
	used = wt_used(&self->m);
	ASSERT_EQ(0, wt_client_prepare(&c, d, 8, 8));
	WT_EACH_FAULT(wt_client_enable(&c), {
		ASSERT_EQ(-ENXIO, wt_enter(&c, 0, 0));
		ASSERT_EQ(1, wt_info(c.fd).clients);
	}, {
		ASSERT_EQ(-EBUSY, wt_client_enable(&c));
		ASSERT_EQ(0, wt_nop(&c, nth));
		wt_client_close(&c);
		ASSERT_EQ(used, wt_used(&self->m));
		ASSERT_EQ(0, wt_client_prepare(&c, d, 8, 8));
	});
	wt_client_close(&c);
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
	WT_EACH_FAULT(map(c.fd, &c.s.regions[1]), , );
	/* Ops allocate nothing: only copying the argument can fail, before and after. */
	for (n = 1; n < 8; n++) {
		bool came;
		long ret;

		wt_sqe(&c, 0);
		wt_submit(&c, 1);
		wt_fault(self->nth, n);
		ret = wt_enter(&c, 1, 1);
		came = wt_fault_came(self->nth);
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
	WT_EACH_FAULT(create(&self->m, self->small) ?: (unlink(wt_path(&self->m, "d")) ? -errno : 0), {
		/* The name may be there still; then it goes now. */
		unlink(wt_path(&self->m, "d"));
		ASSERT_EQ(0, wt_used(&self->m));
	}, );
	EXPECT_EQ(0, wt_fdinfo(self->m.control, "wn-domains"));
}

WT_FAULT_MAIN
