// SPDX-License-Identifier: MIT
/* A client's way: setup, restrict, enable. Order, bad input, the region table. */
#include "common.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

FIXTURE(setup) {
	struct wt_mount m;
	const char *d;
	int fd;
};

FIXTURE_SETUP(setup)
{
	struct wn_domain_create c;

	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	c = wt_create_args(self->m.control, "d");
	c.bounds.clients = 3;
	c.bounds.sq_entries = 64;
	c.bounds.cq_entries = 128;
	c.bounds.inbox_entries = 64;
	ASSERT_EQ(0, wt_ioctl(self->m.control, WN_IOC_CREATE, &c));
	self->d = wt_path(&self->m, "d");
	self->fd = wt_open(self->d, O_RDWR);
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(setup)
{
	close(self->fd);
	wt_umount(&self->m);
}

#define SETUP(...)	wt_ioctl(self->fd, WN_IOC_SETUP, &(struct wn_setup){	\
				.size = sizeof(struct wn_setup), __VA_ARGS__ })
#define ENABLE(...)	wt_ioctl(self->fd, WN_IOC_ENABLE, &(struct wn_enable){	\
				.size = sizeof(struct wn_enable), __VA_ARGS__ })
#define RESTRICT(...)	wt_ioctl(self->fd, WN_IOC_RESTRICT, &(struct wn_restrict){	\
				.size = sizeof(struct wn_restrict), __VA_ARGS__ })
#define ENTER(...)	wt_ioctl(self->fd, WN_IOC_ENTER, &(struct wn_enter){	\
				.size = sizeof(struct wn_enter), __VA_ARGS__ })

TEST_F(setup, bad_input)
{
	struct wn_setup s = { .size = sizeof(s) };
	struct wn_domain_info before = wt_info(self->fd), after;
	int i;

	for (i = 0; i < 32; i++)
		EXPECT_EQ(-EINVAL, SETUP(.flags = 1U << i));
	EXPECT_EQ(-E2BIG, SETUP(.arena_in = WN_ARENA_MAX + 1));
	EXPECT_EQ(-E2BIG, SETUP(.arena_out = ~0ULL));
	EXPECT_EQ(-EINVAL, SETUP(.sq_entries = 3));
	EXPECT_EQ(-EINVAL, SETUP(.cq_entries = 100));
	EXPECT_EQ(-EINVAL, SETUP(.inbox_entries = { 0, 0, 0, 3 }));
	EXPECT_EQ(-EINVAL, SETUP(.sq_entries = 32, .cq_entries = 16));
	EXPECT_EQ(-E2BIG, SETUP(.sq_entries = 128));
	EXPECT_EQ(-E2BIG, SETUP(.sq_entries = 0x80000000, .cq_entries = 0x80000000));
	EXPECT_EQ(-E2BIG, SETUP(.cq_entries = 256));
	EXPECT_EQ(-E2BIG, SETUP(.inbox_entries = { 64, 1, 1, 1 }));
	/* A sum that would be zero in 32 bits. */
	EXPECT_EQ(-E2BIG, SETUP(.inbox_entries = { 0x80000000, 0x80000000, 1, 1 }));
	s.size = sizeof(s) - 8;
	EXPECT_EQ(-EINVAL, wt_ioctl(self->fd, WN_IOC_SETUP, &s));
	EXPECT_EQ(-EFAULT, wt_ioctl(self->fd, WN_IOC_SETUP, NULL));

	after = wt_info(self->fd);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	EXPECT_EQ(0, SETUP());
}

TEST_F(setup, answer_cannot_be_written)
{
	long page = sysconf(_SC_PAGESIZE);
	struct wn_setup *s = mmap(NULL, page, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long long used = wt_used(&self->m);

	ASSERT_NE(MAP_FAILED, s);
	s->size = sizeof(*s);
	ASSERT_EQ(0, mprotect(s, page, PROT_READ));
	/* As new as before: no number taken, no memory, and it can still be set up. */
	EXPECT_EQ(-EFAULT, wt_ioctl(self->fd, WN_IOC_SETUP, s));
	EXPECT_EQ(0, wt_info(self->fd).clients);
	EXPECT_EQ(used, wt_used(&self->m));
	EXPECT_EQ(-ENXIO, ENABLE());
	EXPECT_EQ(0, SETUP());
	((void)mprotect(s, page, PROT_READ | PROT_WRITE));
	*(struct wn_enable *)s = (struct wn_enable){ .size = sizeof(struct wn_enable) };
	ASSERT_EQ(0, mprotect(s, page, PROT_READ));
	EXPECT_EQ(-EFAULT, wt_ioctl(self->fd, WN_IOC_ENABLE, s));
	EXPECT_EQ(-ENXIO, ENTER());
	EXPECT_EQ(0, ENABLE());
}

TEST_F(setup, order)
{
	struct pollfd p = { .fd = self->fd, .events = POLLIN };

	/* new */
	EXPECT_EQ(-ENXIO, ENABLE());
	EXPECT_EQ(-ENXIO, RESTRICT());
	EXPECT_EQ(-ENXIO, ENTER());
	EXPECT_EQ(-ENXIO, wt_err(wt_mmap(self->fd, 0, 4096, PROT_READ, MAP_SHARED)));
	EXPECT_EQ(1, TEMP_FAILURE_RETRY(poll(&p, 1, 0)));
	EXPECT_EQ(POLLERR, p.revents);
	/* ready */
	EXPECT_EQ(0, SETUP());
	EXPECT_EQ(-EBUSY, SETUP());
	EXPECT_EQ(-ENXIO, ENTER());
	EXPECT_EQ(-ENXIO, ENTER(.to_submit = 1, .min_complete = 1));
	EXPECT_EQ(0, RESTRICT(.ops = { 1 }));
	/* enabled */
	EXPECT_EQ(0, ENABLE());
	EXPECT_EQ(-EBUSY, ENABLE());
	EXPECT_EQ(-EBUSY, SETUP());
	EXPECT_EQ(0, RESTRICT(.ops = { 1 }));
	EXPECT_EQ(0, ENTER());
	EXPECT_EQ(0, TEMP_FAILURE_RETRY(poll(&p, 1, 0)));
}

TEST_F(setup, bad_structs)
{
	struct wn_enable e = { .size = 0 };
	struct wn_restrict r = { .size = sizeof(r) - 8 };
	struct wn_enter n = { .size = sizeof(n) - 8 };
	struct { struct wn_enter n; uint64_t more; } longer = {
		.n.size = sizeof(longer), .more = 1,
	};
	int bit;

	ASSERT_EQ(0, SETUP());
	EXPECT_EQ(-EINVAL, wt_ioctl(self->fd, WN_IOC_RESTRICT, &r));
	EXPECT_EQ(-EINVAL, wt_ioctl(self->fd, WN_IOC_ENABLE, &e));
	for (bit = 0; bit < 32; bit++) {
		EXPECT_EQ(-EINVAL, RESTRICT(.flags = 1U << bit));
		EXPECT_EQ(-EINVAL, ENABLE(.flags = 1U << bit));
	}
	ASSERT_EQ(0, ENABLE());
	EXPECT_EQ(-EINVAL, wt_ioctl(self->fd, WN_IOC_ENTER, &n));
	for (bit = 0; bit < 32; bit++) {
		EXPECT_EQ(1U << bit & WN_ENTER_EVENTS ? 0 : -EINVAL, ENTER(.flags = 1U << bit));
		EXPECT_EQ(-EINVAL, ENTER(.reserved = 1U << bit));
	}
	EXPECT_EQ(-EINVAL, ENTER(.deadline = 1ULL << 63));
	EXPECT_EQ(-EINVAL, ENTER(.min_complete = 129));
	EXPECT_EQ(-E2BIG, wt_ioctl(self->fd, WN_IOC_ENTER, &longer));
	longer.more = 0;
	EXPECT_EQ(0, wt_ioctl(self->fd, WN_IOC_ENTER, &longer));
	EXPECT_EQ(-EFAULT, wt_ioctl(self->fd, WN_IOC_ENTER, NULL));
	EXPECT_EQ(-EFAULT, wt_ioctl(self->fd, WN_IOC_RESTRICT, NULL));
}

TEST_F(setup, an_answer_that_cannot_be_written_restricts_nothing)
{
	struct wn_restrict none = { .size = sizeof(none) }, *at, all = none;

	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, at);
	*at = none;
	ASSERT_EQ(0, mprotect(at, 4096, PROT_READ));
	ASSERT_EQ(0, SETUP());
	EXPECT_EQ(-EFAULT, wt_ioctl(self->fd, WN_IOC_RESTRICT, at));
	memset(all.ops, 0xff, sizeof(all.ops));
	ASSERT_EQ(0, wt_ioctl(self->fd, WN_IOC_RESTRICT, &all));
	EXPECT_NE(0, all.ops[0]);
	munmap(at, 4096);
}

TEST_F(setup, needs_both_modes)
{
	static const int modes[] = { O_RDONLY, O_WRONLY };
	struct wn_setup s;
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		fd = wt_open(self->d, modes[i]);
		ASSERT_GE(fd, 0);
		s = (struct wn_setup){ .size = sizeof(s) };
		EXPECT_EQ(-EBADF, wt_ioctl(fd, WN_IOC_SETUP, &s));
		EXPECT_EQ(3, wt_info(fd).bounds.clients);
		close(fd);
	}
	fd = wt_open(self->d, O_PATH);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EBADF, wt_ioctl(fd, WN_IOC_SETUP, &s));
	close(fd);
}

TEST_F(setup, region_table)
{
	static const uint32_t writable[] = {
		WN_REGION_USER_RING, WN_REGION_SQES, WN_REGION_SLOTS, WN_REGION_ARENA_IN,
	};
	static const uint32_t readable[] = {
		WN_REGION_KERN_RING, WN_REGION_CQES, WN_REGION_INBOX, WN_REGION_PUBLIC,
		WN_REGION_ARENA_OUT, WN_REGION_ALL_SLOTS,
	};
	struct wn_setup s = {
		.size = sizeof(s), .sq_entries = 16, .cq_entries = 32, .inbox_entries = { 1, 2, 4, 8 },
	};
	uint64_t page = sysconf(_SC_PAGESIZE), sum = 0;
	const struct wn_region *r;
	uint32_t i, j;

	ASSERT_EQ(0, wt_ioctl(self->fd, WN_IOC_SETUP, &s));
	EXPECT_EQ(sizeof(s), s.size);
	EXPECT_EQ(16, s.sq_entries);
	EXPECT_EQ(32, s.cq_entries);
	EXPECT_EQ(8, s.inbox_entries[3]);
	EXPECT_EQ(0, s.client);
	ASSERT_EQ(ARRAY_SIZE(writable) + ARRAY_SIZE(readable), s.nr_regions);
	for (i = 0; i < s.nr_regions; i++) {
		r = &s.regions[i];
		EXPECT_EQ(WN_REGION_OFFSET(r->type), r->offset);
		EXPECT_GT(r->bytes, 0);
		EXPECT_EQ(0, r->bytes % page);
		for (j = 0; j < i; j++)
			EXPECT_NE(r->type, s.regions[j].type);
		if (r->type != WN_REGION_PUBLIC && r->type != WN_REGION_ALL_SLOTS)
			sum += r->bytes;
	}
	for (; i < WN_REGION_TABLE; i++) {
		r = &s.regions[i];
		EXPECT_EQ(0, r->type | r->flags | r->offset | r->bytes);
	}
	for (i = 0; i < ARRAY_SIZE(writable); i++) {
		ASSERT_NE(NULL, wt_region(&s, writable[i]));
		EXPECT_EQ(WN_REGION_F_WRITE, wt_region(&s, writable[i])->flags);
	}
	for (i = 0; i < ARRAY_SIZE(readable); i++) {
		ASSERT_NE(NULL, wt_region(&s, readable[i]));
		EXPECT_EQ(0, wt_region(&s, readable[i])->flags);
	}
	EXPECT_GE(wt_region(&s, WN_REGION_SQES)->bytes, 16 * sizeof(struct wn_sqe));
	EXPECT_GE(wt_region(&s, WN_REGION_CQES)->bytes, 32 * sizeof(struct wn_cqe));
	EXPECT_GE(wt_region(&s, WN_REGION_INBOX)->bytes, 15 * sizeof(struct wn_event));
	/* What it costs is at least what can be mapped of its own. */
	EXPECT_GE(s.bytes, sum);
	EXPECT_EQ(s.bytes, wt_info(self->fd).client_bytes);
}

TEST_F(setup, defaults)
{
	struct wn_setup s = { .size = sizeof(s) };
	int fd, i;

	/* Small bounds: as much as they allow. */
	ASSERT_EQ(0, wt_ioctl(self->fd, WN_IOC_SETUP, &s));
	EXPECT_EQ(64, s.sq_entries);
	EXPECT_EQ(128, s.cq_entries);
	for (i = 0; i < WN_PRIORITIES; i++)
		EXPECT_EQ(16, s.inbox_entries[i]);
	/* Default bounds. */
	ASSERT_EQ(0, wt_create(&self->m, "e"));
	fd = wt_open(wt_path(&self->m, "e"), O_RDWR);
	ASSERT_GE(fd, 0);
	s = (struct wn_setup){ .size = sizeof(s) };
	ASSERT_EQ(0, wt_ioctl(fd, WN_IOC_SETUP, &s));
	EXPECT_EQ(256, s.sq_entries);
	EXPECT_EQ(512, s.cq_entries);
	for (i = 0; i < WN_PRIORITIES; i++)
		EXPECT_EQ(64, s.inbox_entries[i]);
	close(fd);
}

TEST_F(setup, clients_bound)
{
	struct wt_client c[3];
	struct wn_domain_info full;
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, wt_client_open(&c[i], self->d, 0, 0));
		EXPECT_EQ(i, c[i].s.client);
	}
	full = wt_info(self->fd);
	EXPECT_EQ(3, full.clients);
	EXPECT_EQ(-ENOSPC, SETUP());
	EXPECT_EQ(full.client_bytes, wt_info(self->fd).client_bytes);
	/* A number that became free is given again. */
	wt_client_close(&c[1]);
	EXPECT_EQ(0, SETUP());
	EXPECT_EQ(3, wt_info(self->fd).clients);
	EXPECT_EQ(1, wt_fdinfo(self->fd, "wn-client"));
	wt_client_close(&c[0]);
	wt_client_close(&c[2]);
	EXPECT_EQ(1, wt_info(self->fd).clients);
}

TEST_F(setup, restrictions_shrink)
{
	struct wn_query q = { .size = sizeof(q) };
	struct wn_restrict r = { .size = sizeof(r) };

	memset(r.ops, 0xff, sizeof(r.ops));
	ASSERT_EQ(0, wt_ioctl(self->fd, WN_IOC_QUERY, &q));
	ASSERT_EQ(0, SETUP());
	/* All is no restriction, and answers what there is. */
	ASSERT_EQ(0, wt_ioctl(self->fd, WN_IOC_RESTRICT, &r));
	EXPECT_EQ(0, memcmp(q.ops, r.ops, sizeof(q.ops)));
	memset(r.ops, 0, sizeof(r.ops));
	ASSERT_EQ(0, wt_ioctl(self->fd, WN_IOC_RESTRICT, &r));
	memset(r.ops, 0xff, sizeof(r.ops));
	ASSERT_EQ(0, wt_ioctl(self->fd, WN_IOC_RESTRICT, &r));
	EXPECT_EQ(0, r.ops[0] | r.ops[1] | r.ops[2] | r.ops[3]);
	ASSERT_EQ(0, ENABLE());
	memset(r.ops, 0xff, sizeof(r.ops));
	ASSERT_EQ(0, wt_ioctl(self->fd, WN_IOC_RESTRICT, &r));
	EXPECT_EQ(0, r.ops[0] | r.ops[1] | r.ops[2] | r.ops[3]);
}

/* ------------------------------------------------- handed to a child */

static int enable_and_nop(void *arg)
{
	struct wt_client *c = arg;
	int err = wt_client_enable(c);

	/* Mappings are not inherited: map in the process that uses them. */
	if (err)
		return err;
	c->user = wt_mmap(c->fd, WN_REGION_OFFSET(WN_REGION_USER_RING),
			  wt_region(&c->s, WN_REGION_USER_RING)->bytes,
			  PROT_READ | PROT_WRITE, MAP_SHARED);
	c->kern = wt_mmap(c->fd, WN_REGION_OFFSET(WN_REGION_KERN_RING),
			  wt_region(&c->s, WN_REGION_KERN_RING)->bytes, PROT_READ, MAP_SHARED);
	c->sqes = wt_mmap(c->fd, WN_REGION_OFFSET(WN_REGION_SQES),
			  wt_region(&c->s, WN_REGION_SQES)->bytes,
			  PROT_READ | PROT_WRITE, MAP_SHARED);
	c->cqes = wt_mmap(c->fd, WN_REGION_OFFSET(WN_REGION_CQES),
			  wt_region(&c->s, WN_REGION_CQES)->bytes, PROT_READ, MAP_SHARED);
	if (wt_err(c->user) || wt_err(c->kern) || wt_err(c->sqes) || wt_err(c->cqes))
		return -ENOMEM;
	return wt_nop(c, 5);
}

TEST_F(setup, handed_to_a_child)
{
	struct wn_restrict r = { .size = sizeof(r), .ops = { 1 } };
	struct wt_client c;

	/* A parent makes a ring, restricts it, and hands it over; the child is its owner. */
	ASSERT_EQ(0, wt_client_prepare(&c, self->d, 0, 0));
	ASSERT_EQ(0, wt_ioctl(c.fd, WN_IOC_RESTRICT, &r));
	EXPECT_EQ(0, wt_in_child(0, enable_and_nop, &c));
	/* It dies when the child ended, though we hold its file; a moment later perhaps. */
	while (wt_enter(&c, 1, 0) == -EOWNERDEAD)
		usleep(1000);
	EXPECT_EQ(-ESHUTDOWN, wt_enter(&c, 1, 0));
	EXPECT_EQ(-ESHUTDOWN, wt_ioctl(c.fd, WN_IOC_SUBMIT, (void *)1));
	EXPECT_EQ(-ESHUTDOWN, wt_ioctl(c.fd, WN_IOC_RESTRICT, &r));
	EXPECT_EQ(-ESHUTDOWN, wt_client_enable(&c));
	EXPECT_EQ(-ESHUTDOWN, wt_err(wt_mmap(c.fd, 0, 4096, PROT_READ, MAP_SHARED)));
	wt_client_close(&c);
	EXPECT_EQ(0, wt_info(self->fd).clients);
}

WT_MAIN
