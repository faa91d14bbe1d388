// SPDX-License-Identifier: MIT
/*
 * Pins outlive mappings. A client's own pages may be pinned: they leave service
 * with it and reach nobody. Pages that live on for others cannot be pinned.
 * (All ways of pinning, against every kind of page: selftests/probes/region.)
 */
#include "common.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "harness.h"

FIXTURE(pins)
{
	struct wt_mount m;
	const char *d;
	struct wt_client c;
	int pipe[2];
};

FIXTURE_SETUP(pins)
{
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	ASSERT_EQ(0, wt_create(&self->m, "d"));
	self->d = wt_path(&self->m, "d");
	ASSERT_EQ(0, wt_client_open(&self->c, self->d, 0, 0));
	ASSERT_EQ(0, pipe(self->pipe));
}

FIXTURE_TEARDOWN(pins)
{
	close(self->pipe[0]);
	close(self->pipe[1]);
	wt_client_close(&self->c);
	wt_umount(&self->m);
}

static void *map(const struct wt_client *c, uint32_t type, int prot)
{
	const struct wn_region *r = wt_region(&c->s, type);

	return wt_mmap(c->fd, r->offset, r->bytes, prot, MAP_SHARED);
}

/* Pin the first bytes of a page in a pipe: what vmsplice says. */
static long pin(int pipe, const void *page, size_t bytes)
{
	struct iovec iov = { (void *)page, bytes };
	ssize_t n = vmsplice(pipe, &iov, 1, 0);

	return n < 0 ? -errno : n;
}

TEST_F(pins, public_state_refuses)
{
	const volatile uint64_t *pub = map(&self->c, WN_REGION_PUBLIC, PROT_READ);
	char copy[16];

	ASSERT_EQ(0, wt_err((const void *)pub));
	EXPECT_EQ(WN_PUBLIC_MAGIC, pub[0]);	/* mapped by now */
	EXPECT_EQ(-EFAULT, pin(self->pipe[1], (const void *)pub, 16));
	/* To copy it is another matter. */
	EXPECT_EQ(16, write(self->pipe[1], (const void *)pub, 16));
	EXPECT_EQ(16, read(self->pipe[0], copy, 16));
	EXPECT_EQ(0, memcmp(copy, "WORKNODE", 8));
	munmap((void *)pub, wt_region(&self->c.s, WN_REGION_PUBLIC)->bytes);
}

/* A pinned page keeps what was in it; the next client's is another page. */
TEST_F(pins, own_page_never_reaches_the_next_client)
{
	char *slots = map(&self->c, WN_REGION_SLOTS, PROT_READ | PROT_WRITE);
	struct wt_client next;
	char *theirs, seen[16];
	uint32_t number = self->c.s.client;

	ASSERT_EQ(0, wt_err(slots));
	memcpy(slots, "before the death", 16);
	ASSERT_EQ(16, pin(self->pipe[1], slots, 16));
	munmap(slots, wt_region(&self->c.s, WN_REGION_SLOTS)->bytes);
	wt_client_close(&self->c);

	ASSERT_EQ(0, wt_client_open(&next, self->d, 0, 0));
	ASSERT_EQ(number, next.s.client);	/* the same place in the domain */
	theirs = map(&next, WN_REGION_SLOTS, PROT_READ | PROT_WRITE);
	ASSERT_EQ(0, wt_err(theirs));
	EXPECT_EQ(0, theirs[0]);
	memcpy(theirs, "secret of others", 16);
	ASSERT_EQ(16, read(self->pipe[0], seen, 16));
	EXPECT_EQ(0, memcmp(seen, "before the death", 16));
	munmap(theirs, wt_region(&next.s, WN_REGION_SLOTS)->bytes);
	self->c = next;
}

WT_MAIN
