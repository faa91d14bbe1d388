// SPDX-License-Identifier: MIT
/* Asking what the module can do: sizes, unknown numbers, bounds, features/. */
#include "common.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "harness.h"

FIXTURE(query) {
	struct wt_mount m;
	int fd;
};

FIXTURE_SETUP(query)
{
	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->fd = self->m.control;
}

FIXTURE_TEARDOWN(query)
{
	wt_umount(&self->m);
}

/* A query at the start of bytes that a test may lay out. */
union room {
	struct wn_query q;
	uint8_t bytes[8192];
};

#define KNOWN	((uint32_t)sizeof(struct wn_query))

TEST_F(query, exact)
{
	struct wn_query q = { .size = sizeof(q) };

	ASSERT_EQ(0, wt_ioctl(self->fd, WN_IOC_QUERY, &q));
	EXPECT_LE(KNOWN, q.size);
	EXPECT_EQ(WN_ABI_VERSION, q.abi);
	EXPECT_EQ(WN_LAYOUT_VERSION, q.layout);
	EXPECT_EQ(sysconf(_SC_PAGESIZE), (long)q.page_size);
	EXPECT_EQ(WN_FEAT_DOMAINS, q.features & WN_FEAT_DOMAINS);
	EXPECT_EQ(WN_FEAT_RINGS, q.features & WN_FEAT_RINGS);
	EXPECT_EQ(WN_FEAT_NOP, q.features & WN_FEAT_NOP);
	EXPECT_EQ(1, q.ops[WN_OP_NOP / 64] >> (WN_OP_NOP % 64) & 1);
	EXPECT_EQ(0, q.flags);
	EXPECT_EQ(0, q.reserved);
	EXPECT_EQ(0, q.version[sizeof(q.version) - 1]);
	EXPECT_NE(0, q.version[0]);
}

TEST_F(query, shorter)
{
	struct wn_query whole = { .size = sizeof(whole) };
	union room r;
	uint32_t size;

	ASSERT_EQ(0, wt_ioctl(self->fd, WN_IOC_QUERY, &whole));
	for (size = 8; size < KNOWN; size += 8) {
		memset(&r, 0xaa, sizeof(r));
		r.q.size = size;
		r.q.flags = 0;
		ASSERT_EQ(0, wt_ioctl(self->fd, WN_IOC_QUERY, &r.q)) TH_LOG("size %u", size);
		EXPECT_EQ(whole.size, r.q.size);
		EXPECT_EQ(0, memcmp(&whole, &r, size)) TH_LOG("size %u", size);
		EXPECT_EQ(0xaa, r.bytes[size]) TH_LOG("wrote behind the caller's %u", size);
	}
}

TEST_F(query, longer)
{
	union room r = {};

	/* A newer program on this module: what we do not know must be zero. */
	r.q.size = 4096;
	ASSERT_EQ(0, wt_ioctl(self->fd, WN_IOC_QUERY, &r.q));
	EXPECT_GE(r.q.size, KNOWN);
	EXPECT_LT(r.q.size, 4096);
	EXPECT_EQ(WN_ABI_VERSION, r.q.abi);

	memset(&r, 0, sizeof(r));
	r.q.size = 4096;
	r.bytes[4095] = 1;
	EXPECT_EQ(-E2BIG, wt_ioctl(self->fd, WN_IOC_QUERY, &r.q));
	EXPECT_EQ(4096, r.q.size);
	EXPECT_EQ(0, r.q.abi);		/* nothing was written */
}

TEST_F(query, bad_sizes)
{
	static const uint32_t bad[] = {
		0, 1, 4, 7, 9, 12, KNOWN - 1, KNOWN + 1, KNOWN + 4, 4097, 4104, 8192,
		0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff,
	};
	union room r;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		memset(&r, 0, sizeof(r));
		r.q.size = bad[i];
		EXPECT_EQ(-EINVAL, wt_ioctl(self->fd, WN_IOC_QUERY, &r.q))
			TH_LOG("size %u", bad[i]);
	}
}

TEST_F(query, bad_addresses)
{
	long page = sysconf(_SC_PAGESIZE);
	char *two = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct wn_query *q;

	ASSERT_NE(MAP_FAILED, two);
	ASSERT_EQ(0, munmap(two + page, page));
	EXPECT_EQ(-EFAULT, wt_ioctl(self->fd, WN_IOC_QUERY, NULL));
	EXPECT_EQ(-EFAULT, wt_ioctl(self->fd, WN_IOC_QUERY, (void *)-8L));
	/* The size can be read, the rest not. */
	q = (struct wn_query *)(two + page - 8);
	q->size = sizeof(*q);
	EXPECT_EQ(-EFAULT, wt_ioctl(self->fd, WN_IOC_QUERY, q));
	/* A tail behind the known struct that is not there. */
	q = (struct wn_query *)(two + page - KNOWN);
	q->size = 4096;
	EXPECT_EQ(-EFAULT, wt_ioctl(self->fd, WN_IOC_QUERY, q));
	/* Readable, not writable. */
	q->size = sizeof(*q);
	ASSERT_EQ(0, mprotect(two, page, PROT_READ));
	EXPECT_EQ(-EFAULT, wt_ioctl(self->fd, WN_IOC_QUERY, q));
	munmap(two, page);
}

TEST_F(query, unknown_flags)
{
	struct wn_query q;
	int bit;

	for (bit = 0; bit < 32; bit++) {
		q = (struct wn_query){ .size = sizeof(q), .flags = 1U << bit };
		EXPECT_EQ(-EINVAL, wt_ioctl(self->fd, WN_IOC_QUERY, &q)) TH_LOG("bit %d", bit);
	}
}

TEST_F(query, unknown_ioctls)
{
	struct wn_query q = { .size = sizeof(q) };
	int fd, nr;

	ASSERT_EQ(0, wt_create(&self->m, "d"));
	fd = wt_open(wt_path(&self->m, "d"), O_RDWR);
	ASSERT_GE(fd, 0);
	for (nr = 0; nr < 256; nr++) {
		unsigned long other_type = _IOWR(WN_IOC_MAGIC ^ 1, nr, struct wn_query);
		unsigned long cmd = _IOWR(WN_IOC_MAGIC, nr, struct wn_query);
		bool known = nr <= 4 || nr == 8 || (nr >= 16 && nr <= 25) || (nr >= 32 && nr <= 47);

		EXPECT_EQ(-ENOTTY, wt_ioctl(fd, other_type, &q)) TH_LOG("nr %d", nr);
		EXPECT_EQ(-ENOTTY, wt_ioctl(self->fd, other_type, &q)) TH_LOG("nr %d", nr);
		if (known)
			continue;
		EXPECT_EQ(-ENOTTY, wt_ioctl(fd, cmd, &q)) TH_LOG("nr %d", nr);
		EXPECT_EQ(-ENOTTY, wt_ioctl(self->fd, cmd, &q)) TH_LOG("nr %d", nr);
	}
	/* Known, on the other kind of file. */
	EXPECT_EQ(-ENOTTY, wt_ioctl(fd, WN_IOC_CREATE, &q));
	EXPECT_EQ(-ENOTTY, wt_ioctl(fd, WN_IOC_CLASSES, &q));
	EXPECT_EQ(-ENOTTY, wt_ioctl(fd, WN_IOC_JOURNAL, &q));
	EXPECT_EQ(-ENOTTY, wt_ioctl(self->fd, WN_IOC_INFO, &q));
	EXPECT_EQ(-ENOTTY, wt_ioctl(self->fd, WN_IOC_SETUP, &q));
	EXPECT_EQ(-ENOTTY, wt_ioctl(self->fd, WN_IOC_RESTRICT, &q));
	EXPECT_EQ(-ENOTTY, wt_ioctl(self->fd, WN_IOC_ENABLE, &q));
	EXPECT_EQ(-ENOTTY, wt_ioctl(self->fd, WN_IOC_ENTER, &q));
	EXPECT_EQ(-ENOTTY, wt_ioctl(self->fd, WN_IOC_SUBMIT, NULL));
	close(fd);
}

TEST_F(query, number_selects)
{
	struct wn_query q = { .size = sizeof(q) };

	/* The size and direction in the number are an older or newer header's. */
	EXPECT_EQ(0, wt_ioctl(self->fd, _IOC(_IOC_NONE, WN_IOC_MAGIC, 0, 0), &q));
	q.flags = 0;
	q.size = sizeof(q);
	EXPECT_EQ(0, wt_ioctl(self->fd, _IOC(_IOC_READ, WN_IOC_MAGIC, 0, 4000), &q));
	EXPECT_EQ(WN_ABI_VERSION, q.abi);
}

TEST_F(query, any_file_and_mode)
{
	struct wn_query q = { .size = sizeof(q) };
	int fd;

	ASSERT_EQ(0, wt_create(&self->m, "d"));
	fd = wt_open(wt_path(&self->m, "d"), O_RDONLY);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, wt_ioctl(fd, WN_IOC_QUERY, &q));
	close(fd);
	fd = wt_open(wt_path(&self->m, WN_FS_CONTROL), O_RDONLY);
	ASSERT_GE(fd, 0);
	q = (struct wn_query){ .size = sizeof(q) };
	EXPECT_EQ(0, wt_ioctl(fd, WN_IOC_QUERY, &q));
	close(fd);
}

static int open_to_write(void *path)
{
	return wt_open(path, O_RDWR);
}

/* Shells of any user probe so. */
static int open_to_read(void *path)
{
	int fd = wt_open(path, O_RDONLY);

	return fd < 0 ? fd : 0;
}

TEST_F(query, features_agree)
{
	static const struct { const char *name; uint64_t bit; } known[] = {
		{ "domains", WN_FEAT_DOMAINS }, { "rings", WN_FEAT_RINGS }, { "nop", WN_FEAT_NOP },
		{ "arenas", WN_FEAT_ARENAS }, { "poll", WN_FEAT_POLL },
	};
	struct wn_query q = { .size = sizeof(q) };
	DIR *dir = opendir(wt_path(&self->m, WN_FS_FEATURES));
	struct dirent *e;
	char path[64], text[16];
	int files = 0;
	size_t i;

	ASSERT_NE(NULL, dir);
	ASSERT_EQ(0, wt_ioctl(self->fd, WN_IOC_QUERY, &q));
	while ((e = readdir(dir)))
		files += e->d_name[0] != '.';
	closedir(dir);
	EXPECT_EQ(__builtin_popcountll(q.features), files);
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		snprintf(path, sizeof(path), "%s/features/%s", self->m.dir, known[i].name);
		ASSERT_EQ(!!(q.features & known[i].bit), wt_read_file(path, text, sizeof(text)) > 0);
		EXPECT_STREQ("1", text);
		EXPECT_EQ(-EACCES, wt_in_child(WT_ID, open_to_write, path));
		EXPECT_EQ(0, wt_in_child(WT_ID, open_to_read, path));
	}
}

TEST_F(query, bounds)
{
	struct wn_bounds_query def = { .size = sizeof(def), .which = WN_BOUNDS_DEFAULT };
	struct wn_bounds_query limit = { .size = sizeof(limit), .which = WN_BOUNDS_LIMIT };
	const uint32_t *d = (const uint32_t *)&def.bounds, *l = (const uint32_t *)&limit.bounds;
	struct wn_bounds_query q;
	size_t i;

	ASSERT_EQ(0, wt_ioctl(self->fd, WN_IOC_BOUNDS, &def));
	ASSERT_EQ(0, wt_ioctl(self->fd, WN_IOC_BOUNDS, &limit));
	for (i = 0; i < offsetof(struct wn_bounds, slab_bytes) / 4; i++) {
		EXPECT_GT(d[i], 0) TH_LOG("bound %zu", i);
		EXPECT_LE(d[i], l[i]) TH_LOG("bound %zu", i);
	}
	EXPECT_GT(def.bounds.slab_bytes, 0);
	EXPECT_LE(def.bounds.slab_bytes, limit.bounds.slab_bytes);
	EXPECT_EQ(8192, def.bounds.nodes);
	EXPECT_EQ(200000, limit.bounds.nodes);
	EXPECT_GT(def.bytes, 0);
	EXPECT_GT(limit.bytes, def.bytes);

	q = (struct wn_bounds_query){ .size = sizeof(q), .which = 2 };
	EXPECT_EQ(-EINVAL, wt_ioctl(self->fd, WN_IOC_BOUNDS, &q));
	q = (struct wn_bounds_query){ .size = sizeof(q), .flags = 1 };
	EXPECT_EQ(-EINVAL, wt_ioctl(self->fd, WN_IOC_BOUNDS, &q));
	q = (struct wn_bounds_query){ .size = sizeof(q), .reserved = 1 };
	EXPECT_EQ(-EINVAL, wt_ioctl(self->fd, WN_IOC_BOUNDS, &q));
	q = (struct wn_bounds_query){ .size = offsetof(struct wn_bounds_query, bounds) - 8 };
	EXPECT_EQ(-EINVAL, wt_ioctl(self->fd, WN_IOC_BOUNDS, &q));
	/* Only the first two bounds are asked for: the third word stays ours. */
	q = (struct wn_bounds_query){
		.size = offsetof(struct wn_bounds_query, bounds) + 8, .bounds.depth = 77,
	};
	EXPECT_EQ(0, wt_ioctl(self->fd, WN_IOC_BOUNDS, &q));
	EXPECT_EQ(def.bounds.nodes, q.bounds.nodes);
	EXPECT_EQ(77, q.bounds.depth);
}

WT_MAIN
