// SPDX-License-Identifier: MIT
/* Mapped regions: exactly what the table says, and nothing more by any way. */
#include "common.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/uio.h>

#include "harness.h"

FIXTURE(region) {
	struct wt_mount m;
	const char *d;
	int fd;
	struct wn_setup s;
	uint64_t page;
};

FIXTURE_SETUP(region)
{
	struct wn_enable e = { .size = sizeof(e) };

	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	ASSERT_EQ(0, wt_create(&self->m, "d"));
	self->d = wt_path(&self->m, "d");
	self->fd = wt_open(self->d, O_RDWR);
	ASSERT_GE(self->fd, 0);
	self->s.size = sizeof(self->s);
	ASSERT_EQ(0, wt_ioctl(self->fd, WN_IOC_SETUP, &self->s));
	ASSERT_EQ(0, wt_ioctl(self->fd, WN_IOC_ENABLE, &e));
	self->page = sysconf(_SC_PAGESIZE);
}

FIXTURE_TEARDOWN(region)
{
	close(self->fd);
	wt_umount(&self->m);
}

#define RW	(PROT_READ | PROT_WRITE)

/* The errno of a mapping that is undone if it comes about. */
static long try(int fd, uint64_t offset, uint64_t bytes, int prot, int flags)
{
	void *p = wt_mmap(fd, offset, bytes, prot, flags);

	if (!wt_err(p))
		munmap(p, bytes);
	return wt_err(p);
}

TEST_F(region, as_the_table_says)
{
	uint32_t i;

	for (i = 0; i < self->s.nr_regions; i++) {
		const struct wn_region *r = &self->s.regions[i];
		bool w = r->flags & WN_REGION_F_WRITE;
		uint64_t p = self->page, o = r->offset, b = r->bytes;
		int fd = self->fd;

		EXPECT_EQ(0, try(fd, o, b, PROT_READ, MAP_SHARED));
		EXPECT_EQ(0, try(fd, o, b, PROT_NONE, MAP_SHARED));
		EXPECT_EQ(0, try(fd, o, b, PROT_READ, MAP_SHARED | MAP_POPULATE));
		EXPECT_EQ(w ? 0 : -EACCES, try(fd, o, b, RW, MAP_SHARED));
		EXPECT_EQ(w ? 0 : -EACCES, try(fd, o, b, PROT_WRITE, MAP_SHARED));
		/* Files of a mount without exec: the kernel itself says EPERM. */
		EXPECT_EQ(-EPERM, try(fd, o, b, PROT_READ | PROT_EXEC, MAP_SHARED));
		EXPECT_EQ(-EINVAL, try(fd, o, b, PROT_READ, MAP_PRIVATE));
		EXPECT_EQ(-EINVAL, try(fd, o, b, RW, MAP_PRIVATE));
		EXPECT_EQ(-EINVAL, try(fd, o + p, b, PROT_READ, MAP_SHARED));
		EXPECT_EQ(-EINVAL, try(fd, o, b + p, PROT_READ, MAP_SHARED));
		EXPECT_EQ(-EINVAL, try(fd, o, 2 * b, PROT_READ, MAP_SHARED));
		if (b > p) {
			EXPECT_EQ(-EINVAL, try(fd, o, b - p, PROT_READ, MAP_SHARED));
			EXPECT_EQ(-EINVAL, try(fd, o + p, b - p, PROT_READ, MAP_SHARED));
		}
	}
}

TEST_F(region, no_such_region)
{
	uint32_t type;

	for (type = 0; type < 2 * WN_REGION_TABLE; type++) {
		if (wt_region(&self->s, type))
			continue;
		EXPECT_EQ(-EINVAL, try(self->fd, WN_REGION_OFFSET(type), self->page, PROT_READ,
				       MAP_SHARED)) {
			TH_LOG("type %u", type);
		}
	}
	/* High bits that must not be cut off. */
	EXPECT_NE(0, try(self->fd, 1ULL << 43, self->page, PROT_READ, MAP_SHARED));
	EXPECT_NE(0, try(self->fd, 1ULL << 62, self->page, PROT_READ, MAP_SHARED));
	EXPECT_NE(0, try(self->fd, -self->page, self->page, PROT_READ, MAP_SHARED));
}

TEST_F(region, no_upgrade_by_mprotect)
{
	uint32_t i;

	for (i = 0; i < self->s.nr_regions; i++) {
		const struct wn_region *r = &self->s.regions[i];
		bool w = r->flags & WN_REGION_F_WRITE;
		void *p = wt_mmap(self->fd, r->offset, r->bytes, PROT_READ, MAP_SHARED);

		ASSERT_EQ(0, wt_err(p));
#define PROTECT(prot)	(mprotect(p, r->bytes, prot) ? -errno : 0)
		EXPECT_EQ(w ? 0 : -EACCES, PROTECT(RW));
		EXPECT_EQ(w ? 0 : -EACCES, PROTECT(PROT_WRITE));
		EXPECT_EQ(-EACCES, PROTECT(PROT_READ | PROT_EXEC));
		EXPECT_EQ(-EACCES, PROTECT(PROT_EXEC));
		EXPECT_EQ(0, PROTECT(PROT_NONE));
		EXPECT_EQ(w ? 0 : -EACCES, PROTECT(RW));
		EXPECT_EQ(0, PROTECT(PROT_READ));
		munmap(p, r->bytes);
	}
}

TEST_F(region, no_growth_by_mremap)
{
	uint32_t i;

	for (i = 0; i < self->s.nr_regions; i++) {
		const struct wn_region *r = &self->s.regions[i];
		void *p = wt_mmap(self->fd, r->offset, r->bytes, PROT_READ, MAP_SHARED), *q;

		ASSERT_EQ(0, wt_err(p));
		q = mremap(p, r->bytes, 2 * r->bytes, MREMAP_MAYMOVE);
		EXPECT_EQ(MAP_FAILED, q);
		EXPECT_EQ(EFAULT, errno);
		/* Old size 0 would make a second mapping. */
		q = mremap(p, 0, 2 * r->bytes, MREMAP_MAYMOVE);
		EXPECT_EQ(MAP_FAILED, q);
		/* Moving it as it is does no harm. */
		q = mremap(p, r->bytes, r->bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
			   (char *)p + (1 << 24));
		ASSERT_NE(MAP_FAILED, q);
		EXPECT_EQ(0, mprotect(q, r->bytes, PROT_READ));
		munmap(q, r->bytes);
	}
}

TEST_F(region, no_other_page_by_remap_file_pages)
{
	const struct wn_region *from = wt_region(&self->s, WN_REGION_USER_RING);
	void *p = wt_mmap(self->fd, from->offset, from->bytes, RW, MAP_SHARED);

	ASSERT_EQ(0, wt_err(p));
	/* A writable mapping turned towards the engine's page. */
	EXPECT_EQ(-1, remap_file_pages(p, self->page, 0,
				       WN_REGION_OFFSET(WN_REGION_KERN_RING) / self->page, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, remap_file_pages(p, self->page, 0, 1, 0));
	EXPECT_EQ(EINVAL, errno);
	munmap(p, from->bytes);
}

TEST_F(region, read_implies_exec)
{
	const struct wn_region *r = wt_region(&self->s, WN_REGION_KERN_RING);

	/* Programs with an executable stack can use it like all others. */
	ASSERT_NE(-1, personality(READ_IMPLIES_EXEC));
	EXPECT_EQ(0, try(self->fd, r->offset, r->bytes, PROT_READ, MAP_SHARED));
	personality(0);
}

/* ----------------------------------------------------- faults on purpose */

static sigjmp_buf trap;

static void caught(int sig)
{
	siglongjmp(trap, sig);
}

/* The signal that a store (or load) raises, 0 if none. */
static int signal_of(volatile uint32_t *at, bool store)
{
	struct sigaction sa = { .sa_handler = caught }, segv, bus;
	int sig;

	sigaction(SIGSEGV, &sa, &segv);
	sigaction(SIGBUS, &sa, &bus);
	sig = sigsetjmp(trap, 1);
	if (!sig) {
		if (store)
			*at = 1;
		else
			(void)*at;
	}
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	return sig;
}

TEST_F(region, read_only_means_it)
{
	uint32_t i;

	for (i = 0; i < self->s.nr_regions; i++) {
		const struct wn_region *r = &self->s.regions[i];
		bool w = r->flags & WN_REGION_F_WRITE;
		char *p = wt_mmap(self->fd, r->offset, r->bytes, w ? RW : PROT_READ, MAP_SHARED);

		ASSERT_EQ(0, wt_err(p));
		/* First and last word, in both ways of writing: stores, and the kernel's. */
		EXPECT_EQ(0, signal_of((uint32_t *)p, false));
		EXPECT_EQ(0, signal_of((uint32_t *)(p + r->bytes - 4), false));
		EXPECT_EQ(w ? 0 : SIGSEGV, signal_of((uint32_t *)p, true));
		EXPECT_EQ(w ? 0 : SIGSEGV, signal_of((uint32_t *)(p + r->bytes - 4), true));
		munmap(p, r->bytes);
	}
}

/* /proc/self/mem writes by force where the program may not; not here. */
TEST_F(region, no_write_by_force)
{
	const struct wn_region *r = wt_region(&self->s, WN_REGION_KERN_RING);
	struct wn_kern_ring *k = wt_mmap(self->fd, r->offset, r->bytes, PROT_READ, MAP_SHARED);
	uint32_t entries, evil = 0xdead;
	int mem = wt_open("/proc/self/mem", O_RDWR);

	ASSERT_EQ(0, wt_err(k));
	ASSERT_GE(mem, 0);
	entries = k->sq_entries;
	EXPECT_GT(0, pwrite(mem, &evil, 4, (off_t)(uintptr_t)&k->sq_entries));
	EXPECT_EQ(entries, k->sq_entries);
	close(mem);
	munmap(k, r->bytes);
}

/* ---------------------------------------------------- fork and lifetime */

static int touch(void *at)
{
	return signal_of(at, false);
}

struct attempt {
	int fd;
	uint64_t offset, bytes;
};

static int map_it(void *arg)
{
	const struct attempt *a = arg;

	return try(a->fd, a->offset, a->bytes, PROT_READ, MAP_SHARED);
}

TEST_F(region, forked_child_has_none)
{
	uint32_t i;

	for (i = 0; i < self->s.nr_regions; i++) {
		const struct wn_region *r = &self->s.regions[i];
		struct attempt a = { self->fd, r->offset, r->bytes };
		void *p = wt_mmap(self->fd, r->offset, r->bytes, PROT_READ, MAP_SHARED);

		ASSERT_EQ(0, wt_err(p));
		EXPECT_EQ(0, touch(p));
		EXPECT_EQ(SIGSEGV, wt_in_child(0, touch, p));
		EXPECT_EQ(-EOWNERDEAD, wt_in_child(0, map_it, &a));
		EXPECT_EQ(0, touch(p));
		munmap(p, r->bytes);
	}
}

TEST_F(region, outlives_close)
{
	const struct wn_region *r = wt_region(&self->s, WN_REGION_USER_RING);
	int fd = wt_open(self->d, O_RDWR);
	uint32_t *p;

	ASSERT_GE(fd, 0);
	p = wt_mmap(self->fd, r->offset, r->bytes, RW, MAP_SHARED);
	ASSERT_EQ(0, wt_err(p));
	close(self->fd);
	EXPECT_EQ(1, wt_info(fd).clients);	/* the mapping holds the file */
	EXPECT_EQ(0, signal_of(p, true));
	EXPECT_EQ(1, *p);
	EXPECT_EQ(0, signal_of(p + 1000, true));	/* not touched before */
	munmap(p, r->bytes);
	EXPECT_EQ(0, wt_info(fd).clients);
	EXPECT_EQ(0, wt_info(fd).client_bytes);
	self->fd = fd;
}

TEST_F(region, part_can_be_unmapped)
{
	const struct wn_region *r = wt_region(&self->s, WN_REGION_SQES);
	char *p = wt_mmap(self->fd, r->offset, r->bytes, RW, MAP_SHARED);

	ASSERT_EQ(0, wt_err(p));
	ASSERT_GT(r->bytes, self->page);
	EXPECT_EQ(0, munmap(p, self->page));
	EXPECT_EQ(SIGSEGV, signal_of((uint32_t *)p, false));
	EXPECT_EQ(0, signal_of((uint32_t *)(p + self->page), true));
	EXPECT_EQ(0, munmap(p + self->page, r->bytes - self->page));
}

/* ------------------------------------------------------------ contents */

static bool zero(const char *p, uint64_t bytes)
{
	while (bytes && !*p)
		p++, bytes--;
	return !bytes;
}

TEST_F(region, fresh_and_zeroed)
{
	struct wn_setup s;
	uint32_t i;
	int round;
	char *p;

	/* Rounds: what one client wrote, the next must not find. */
	for (round = 0; round < 8; round++) {
		int fd = wt_open(self->d, O_RDWR);

		ASSERT_GE(fd, 0);
		s = (struct wn_setup){ .size = sizeof(s) };
		ASSERT_EQ(0, wt_ioctl(fd, WN_IOC_SETUP, &s));
		for (i = 0; i < s.nr_regions; i++) {
			const struct wn_region *r = &s.regions[i];
			bool w = r->flags & WN_REGION_F_WRITE;

			if (r->type == WN_REGION_PUBLIC || r->type == WN_REGION_KERN_RING)
				continue;
			/* It shows the slots that were filled a moment ago; death.c has its test. */
			if (r->type == WN_REGION_ALL_SLOTS)
				continue;
			p = wt_mmap(fd, r->offset, r->bytes, w ? RW : PROT_READ, MAP_SHARED);
			ASSERT_EQ(0, wt_err(p));
			EXPECT_TRUE(zero(p, r->bytes)) TH_LOG("type %u round %d", r->type, round);
			if (w)
				memset(p, 0xa5, r->bytes);
			munmap(p, r->bytes);
		}
		close(fd);
	}
}

TEST_F(region, kern_ring_constants)
{
	const struct wn_region *r = wt_region(&self->s, WN_REGION_KERN_RING);
	const char *k = wt_mmap(self->fd, r->offset, r->bytes, PROT_READ, MAP_SHARED);
	const struct wn_kern_ring *ring = (const void *)k;
	int i;

	ASSERT_EQ(0, wt_err(k));
	EXPECT_EQ(self->s.sq_entries, *(const uint32_t *)(k + WN_KR_SQ_ENTRIES));
	EXPECT_EQ(self->s.cq_entries, *(const uint32_t *)(k + WN_KR_CQ_ENTRIES));
	for (i = 0; i < WN_PRIORITIES; i++) {
		EXPECT_EQ(self->s.inbox_entries[i],
			  *(const uint32_t *)(k + WN_KR_INBOX_ENTRIES + 4 * i));
	}
	EXPECT_EQ(WN_KR_F_NEED_WAKEUP, *(const uint32_t *)(k + WN_KR_FLAGS));
	/* Nothing but what is documented, and nothing behind the struct. */
	EXPECT_EQ(0, ring->sq_head | ring->cq_tail | ring->refused);
	EXPECT_TRUE(zero(k + sizeof(*ring), r->bytes - sizeof(*ring)));
	munmap((void *)k, r->bytes);
}

TEST_F(region, public_state)
{
	const struct wn_region *r = wt_region(&self->s, WN_REGION_PUBLIC);
	const struct wn_public *p = wt_mmap(self->fd, r->offset, r->bytes, PROT_READ, MAP_SHARED);

	ASSERT_EQ(0, wt_err(p));
	EXPECT_EQ(WN_PUBLIC_MAGIC, p->magic);
	EXPECT_EQ(WN_LAYOUT_VERSION, p->layout);
	EXPECT_EQ(sizeof(*p), p->header_bytes);
	EXPECT_LE(p->bytes, r->bytes);
	EXPECT_EQ(wt_info(self->fd).id, p->domain);
	EXPECT_EQ(1, p->stats[WN_STAT_CLIENTS]);
	EXPECT_EQ(0, p->stats[WN_STAT_DEATHS]);
	EXPECT_TRUE(zero((const char *)p + p->bytes, r->bytes - p->bytes));
	munmap((void *)p, r->bytes);
}

WT_MAIN
