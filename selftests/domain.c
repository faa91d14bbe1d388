// SPDX-License-Identifier: MIT
/* Domains are files: create, list, govern by mode, remove. Names and bounds. */
#include "common.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>

#include "harness.h"

FIXTURE(domain) {
	struct wt_mount m;
};

FIXTURE_SETUP(domain)
{
	umask(022);
	ASSERT_EQ(0, wt_mount(&self->m, "mode=666"));
}

FIXTURE_TEARDOWN(domain)
{
	wt_umount(&self->m);
}

static bool listed(const char *dir, const char *name)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool found = false;

	while (d && (e = readdir(d)))
		found |= !strcmp(e->d_name, name);
	if (d)
		closedir(d);
	return found;
}

TEST_F(domain, is_a_file)
{
	struct wn_domain_create c = wt_create_args(self->m.control, "d");
	struct wn_domain_info info;
	struct stat st;
	int fd;

	c.mode = 0777;
	ASSERT_EQ(0, wt_ioctl(self->m.control, WN_IOC_CREATE, &c));
	EXPECT_TRUE(listed(self->m.dir, "d"));
	ASSERT_EQ(0, stat(wt_path(&self->m, "d"), &st));
	EXPECT_EQ(S_IFREG | 0755, st.st_mode);		/* the umask applied */
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(1, st.st_nlink);
	fd = wt_open(wt_path(&self->m, "d"), O_RDONLY);
	ASSERT_GE(fd, 0);
	info = wt_info(fd);
	EXPECT_GT(info.id, 0);
	EXPECT_EQ(st.st_size, (off_t)info.bytes);
	EXPECT_EQ(st.st_size / 512, st.st_blocks);
	EXPECT_EQ((long long)info.bytes, wt_fdinfo(self->m.control, "wn-bytes"));
	EXPECT_EQ(0, memcmp(&c.bounds, &info.bounds, sizeof(c.bounds)));
	close(fd);
	EXPECT_EQ(0, unlink(wt_path(&self->m, "d")));
	EXPECT_FALSE(listed(self->m.dir, "d"));
	EXPECT_EQ(0, wt_used(&self->m));
}

TEST_F(domain, info)
{
	struct wn_domain_info a, b, bad = { .size = sizeof(bad), .flags = 1 };
	int fa, fb;

	ASSERT_EQ(0, wt_create(&self->m, "a"));
	ASSERT_EQ(0, wt_create(&self->m, "b"));
	fa = wt_open(wt_path(&self->m, "a"), O_RDWR);
	fb = wt_open(wt_path(&self->m, "b"), O_RDWR);
	ASSERT_GE(fa, 0);
	ASSERT_GE(fb, 0);
	a = wt_info(fa);
	b = wt_info(fb);
	EXPECT_LT(a.id, b.id);
	EXPECT_EQ(0, a.clients);	/* opened, not set up */
	EXPECT_EQ(0, a.client_bytes);
	EXPECT_EQ(a.bytes, b.bytes);
	EXPECT_EQ(-EINVAL, wt_ioctl(fa, WN_IOC_INFO, &bad));
	bad.flags = 0;
	bad.size = sizeof(bad) - 8;
	EXPECT_EQ(-EINVAL, wt_ioctl(fa, WN_IOC_INFO, &bad));
	close(fa);
	close(fb);
}

/* ---------------------------------------------------------------- names */

static int create_named(int control, const char *name, size_t len)
{
	struct wn_domain_create c = wt_create_args(control, "");

	c.bounds = wt_small;
	memcpy(c.name, name, len);
	return wt_ioctl(control, WN_IOC_CREATE, &c);
}

TEST_F(domain, good_names)
{
	char longest[WN_NAME_BYTES];
	const char *good[] = { "d", "...", ".hidden", "a b\tc", "-rf", "zürich☕", "\x80\xff", longest };
	size_t i;

	memset(longest, 'n', WN_NAME_MAX);
	longest[WN_NAME_MAX] = 0;
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(0, create_named(self->m.control, good[i], strlen(good[i])))
			TH_LOG("name %s", good[i]);
		EXPECT_TRUE(listed(self->m.dir, good[i])) TH_LOG("name %s", good[i]);
		EXPECT_EQ(-EEXIST, create_named(self->m.control, good[i], strlen(good[i])))
			TH_LOG("name %s", good[i]);
	}
}

TEST_F(domain, bad_names)
{
	char full[WN_NAME_BYTES];
	static const struct { const char *name; size_t len; int err; } bad[] = {
		{ "", 0, -EINVAL }, { ".", 1, -EINVAL }, { "..", 2, -EINVAL },
		{ "/", 1, -EINVAL }, { "a/b", 3, -EINVAL }, { "/a", 2, -EINVAL }, { "a/", 2, -EINVAL },
		{ "a\0b", 3, -EINVAL }, { "\0a", 2, -EINVAL },
		{ "control", 7, -EEXIST }, { "features", 8, -EEXIST },
	};
	struct wn_domain_create c;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(bad[i].err, create_named(self->m.control, bad[i].name, bad[i].len))
			TH_LOG("name %zu: %s", i, bad[i].name);
	}
	memset(full, 'n', sizeof(full));
	EXPECT_EQ(-ENAMETOOLONG, create_named(self->m.control, full, sizeof(full)));
	c = wt_create_args(self->m.control, "a");
	c.name[WN_NAME_BYTES - 1] = 'x';
	EXPECT_EQ(-EINVAL, wt_ioctl(self->m.control, WN_IOC_CREATE, &c));
	EXPECT_EQ(0, wt_used(&self->m));
}

/* --------------------------------------------------- struct and bounds */

TEST_F(domain, bad_create)
{
	struct wn_domain_create good = wt_create_args(self->m.control, "d"), c;
	int bit, fd;

	for (bit = 0; bit < 32; bit++) {
		c = good;
		c.flags = 1U << bit;
		EXPECT_EQ(-EINVAL, wt_ioctl(self->m.control, WN_IOC_CREATE, &c));
		c = good;
		c.journal_kb = WN_JOURNAL_KB_MAX | 1U << bit;
		if (c.journal_kb == WN_JOURNAL_KB_MAX)
			c.journal_kb++;
		EXPECT_EQ(-E2BIG, wt_ioctl(self->m.control, WN_IOC_CREATE, &c));
		c = good;
		c.mode = 1U << bit;
		EXPECT_EQ(bit < 9 ? 0 : -EINVAL, wt_ioctl(self->m.control, WN_IOC_CREATE, &c));
		unlink(wt_path(&self->m, "d"));
	}
	c = good;
	c.size = offsetof(struct wn_domain_create, bounds) - 8;
	EXPECT_EQ(-EINVAL, wt_ioctl(self->m.control, WN_IOC_CREATE, &c));
	EXPECT_EQ(-EFAULT, wt_ioctl(self->m.control, WN_IOC_CREATE, NULL));
	/* Creating is writing. */
	fd = wt_open(wt_path(&self->m, WN_FS_CONTROL), O_RDONLY);
	ASSERT_GE(fd, 0);
	c = good;
	EXPECT_EQ(-EBADF, wt_ioctl(fd, WN_IOC_CREATE, &c));
	close(fd);
	EXPECT_FALSE(listed(self->m.dir, "d"));
	EXPECT_EQ(0, wt_used(&self->m));
}

TEST_F(domain, older_caller)
{
	struct wn_domain_create c = wt_create_args(self->m.control, "old");
	struct wn_bounds def = c.bounds, got;
	int fd;

	/* It knows two bounds; what lies behind its struct is not looked at. */
	memset(&c.bounds, 0, sizeof(c.bounds));
	c.bounds.nodes = 100;
	c.bounds.children = 10;
	c.size = offsetof(struct wn_domain_create, bounds) + 8;
	ASSERT_EQ(0, wt_ioctl(self->m.control, WN_IOC_CREATE, &c));
	EXPECT_EQ(sizeof(c), c.size);
	fd = wt_open(wt_path(&self->m, "old"), O_RDONLY);
	ASSERT_GE(fd, 0);
	got = wt_info(fd).bounds;
	close(fd);
	def.nodes = 100;
	def.children = 10;
	EXPECT_EQ(0, memcmp(&def, &got, sizeof(def)));
	/* One that knows none. */
	c = wt_create_args(self->m.control, "older");
	memset(&c.bounds, 0, sizeof(c.bounds));
	c.size = offsetof(struct wn_domain_create, bounds);
	EXPECT_EQ(0, wt_ioctl(self->m.control, WN_IOC_CREATE, &c));
}

#define BOUNDS	(offsetof(struct wn_bounds, slab_bytes) / 4)

TEST_F(domain, bad_bounds)
{
	struct wn_bounds_query limit = { .size = sizeof(limit), .which = WN_BOUNDS_LIMIT };
	const uint32_t *l = (const uint32_t *)&limit.bounds;
	struct wn_domain_create good = wt_create_args(self->m.control, "d"), c = good;
	uint32_t *b = (uint32_t *)&c.bounds;
	uint32_t *entries[] = { &c.bounds.sq_entries, &c.bounds.cq_entries, &c.bounds.inbox_entries };
	size_t i;

	ASSERT_EQ(0, wt_ioctl(self->m.control, WN_IOC_BOUNDS, &limit));
	for (i = 0; i < BOUNDS; i++) {
		c = good;
		b[i] = 0;
		EXPECT_EQ(-EINVAL, wt_ioctl(self->m.control, WN_IOC_CREATE, &c)) TH_LOG("bound %zu", i);
		c = good;
		b[i] = l[i] + 1;
		EXPECT_EQ(-E2BIG, wt_ioctl(self->m.control, WN_IOC_CREATE, &c)) TH_LOG("bound %zu", i);
		c = good;
		b[i] = UINT32_MAX;
		EXPECT_EQ(-E2BIG, wt_ioctl(self->m.control, WN_IOC_CREATE, &c)) TH_LOG("bound %zu", i);
	}
	c = good;
	c.bounds.slab_bytes = 0;
	EXPECT_EQ(-EINVAL, wt_ioctl(self->m.control, WN_IOC_CREATE, &c));
	c.bounds.slab_bytes = limit.bounds.slab_bytes + 1;
	EXPECT_EQ(-E2BIG, wt_ioctl(self->m.control, WN_IOC_CREATE, &c));
	c.bounds.slab_bytes = UINT64_MAX;
	EXPECT_EQ(-E2BIG, wt_ioctl(self->m.control, WN_IOC_CREATE, &c));
	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		c = good;
		*entries[i] = 24;
		EXPECT_EQ(-EINVAL, wt_ioctl(self->m.control, WN_IOC_CREATE, &c)) TH_LOG("%zu", i);
	}
	/* All at their largest, where products could overflow. */
	memset(&c.bounds, 0xff, sizeof(c.bounds));
	EXPECT_EQ(-E2BIG, wt_ioctl(self->m.control, WN_IOC_CREATE, &c));
	EXPECT_EQ(0, wt_used(&self->m));
	EXPECT_FALSE(listed(self->m.dir, "d"));
}

TEST_F(domain, smallest_and_largest)
{
	struct wn_bounds_query limit = { .size = sizeof(limit), .which = WN_BOUNDS_LIMIT };
	const uint32_t *l = (const uint32_t *)&limit.bounds;
	struct wn_domain_create small = wt_create_args(self->m.control, "d"), c;
	size_t i;
	long err;

	ASSERT_EQ(0, wt_ioctl(self->m.control, WN_IOC_BOUNDS, &limit));
	for (i = 0; i < BOUNDS; i++)
		((uint32_t *)&small.bounds)[i] = 1;
	small.bounds.slab_bytes = 1;
	small.bounds.inbox_entries = WN_PRIORITIES;
	c = small;
	EXPECT_EQ(0, wt_ioctl(self->m.control, WN_IOC_CREATE, &c));
	EXPECT_EQ(0, unlink(wt_path(&self->m, "d")));

	c = small;
	c.bounds.sq_entries = 2;
	EXPECT_EQ(-EINVAL, wt_ioctl(self->m.control, WN_IOC_CREATE, &c));

	/* Each at its limit, all others small: good, or too much memory for this machine. */
	for (i = 0; i <= BOUNDS; i++) {
		c = small;
		if (i < BOUNDS)
			((uint32_t *)&c.bounds)[i] = l[i];
		else
			c.bounds.slab_bytes = limit.bounds.slab_bytes;
		/* A completion ring is never the smaller one. */
		if (c.bounds.cq_entries < c.bounds.sq_entries)
			c.bounds.cq_entries = c.bounds.sq_entries;
		err = wt_ioctl(self->m.control, WN_IOC_CREATE, &c);
		EXPECT_TRUE(!err || err == -EDQUOT || err == -ENOSPC) {
			TH_LOG("bound %zu: %ld", i, err);
		}
		if (!err)
			unlink(wt_path(&self->m, "d"));
	}
	/* And all of them, whose size is told before. */
	c = small;
	c.bounds = limit.bounds;
	err = wt_ioctl(self->m.control, WN_IOC_CREATE, &c);
	TH_LOG("the largest domain has %llu bytes: %ld", (unsigned long long)limit.bytes, err);
	EXPECT_TRUE(!err || err == -EDQUOT || err == -ENOSPC);
	if (!err) {
		EXPECT_EQ((long long)limit.bytes, wt_fdinfo(self->m.control, "wn-bytes"));
		EXPECT_EQ(0, unlink(wt_path(&self->m, "d")));
	}
	EXPECT_EQ(0, wt_used(&self->m));
}

/* ------------------------------------------------------ who may do what */

static int create_theirs(void *m)
{
	return wt_create(m, "theirs");
}

static int open_rw(void *path)
{
	int fd = wt_open(path, O_RDWR);

	return fd < 0 ? fd : 0;
}

static int remove_it(void *path)
{
	return unlink(path) ? -errno : 0;
}

static int chmod_it(void *path)
{
	return chmod(path, 0666) ? -errno : 0;
}

static int chown_it(void *path)
{
	return chown(path, WT_OTHER, WT_OTHER) ? -errno : 0;
}

TEST_F(domain, owner_and_mode)
{
	char *d = (char *)wt_path(&self->m, "theirs");
	struct stat st;

	ASSERT_EQ(0, wt_in_child(WT_ID, create_theirs, &self->m));
	ASSERT_EQ(0, stat(d, &st));
	EXPECT_EQ(WT_ID, st.st_uid);
	EXPECT_EQ(WT_ID, st.st_gid);
	EXPECT_EQ(S_IFREG | 0600, st.st_mode);

	EXPECT_EQ(0, wt_in_child(WT_ID, open_rw, d));
	EXPECT_EQ(-EACCES, wt_in_child(WT_OTHER, open_rw, d));
	EXPECT_EQ(-EPERM, wt_in_child(WT_OTHER, chmod_it, d));
	EXPECT_EQ(-EPERM, wt_in_child(WT_OTHER, chown_it, d));
	EXPECT_EQ(-EPERM, wt_in_child(WT_OTHER, remove_it, d));	/* sticky */
	EXPECT_EQ(-EPERM, wt_in_child(WT_ID, chown_it, d));	/* only root gives away */
	EXPECT_EQ(0, wt_in_child(WT_ID, chmod_it, d));
	EXPECT_EQ(0, wt_in_child(WT_OTHER, open_rw, d));
	EXPECT_EQ(-EPERM, wt_in_child(WT_OTHER, remove_it, d));	/* mode does not matter */
	EXPECT_EQ(0, wt_in_child(0, chown_it, d));
	EXPECT_EQ(-EPERM, wt_in_child(WT_ID, remove_it, d));
	EXPECT_EQ(0, wt_in_child(WT_OTHER, remove_it, d));
	EXPECT_EQ(0, wt_used(&self->m));
}

TEST_F(domain, who_may_create)
{
	struct wt_mount theirs = { .control = -1 };

	/* The control file's mode decides, when it is opened. */
	ASSERT_EQ(0, chmod(wt_path(&self->m, WN_FS_CONTROL), 0600));
	EXPECT_EQ(-EACCES, wt_in_child(WT_ID, open_rw, (void *)wt_path(&self->m, WN_FS_CONTROL)));
	theirs.control = self->m.control;
	EXPECT_EQ(0, wt_in_child(WT_ID, create_theirs, &theirs));
}

/* ---------------------------------------------------- what is refused */

TEST_F(domain, refused)
{
	struct wt_mount *m = &self->m;
	char *d;
	int fd;

	ASSERT_EQ(0, wt_create(m, "d"));
	ASSERT_EQ(0, wt_create(m, "e"));
	d = strdup(wt_path(m, "d"));
#define REFUSED(err, call)	EXPECT_EQ(err, (call) < 0 ? -errno : 0)
	REFUSED(-EPERM, unlink(wt_path(m, WN_FS_CONTROL)));
	REFUSED(-EISDIR, unlink(wt_path(m, WN_FS_FEATURES)));
	REFUSED(-EPERM, rmdir(wt_path(m, WN_FS_FEATURES)));
	REFUSED(-EPERM, unlink(wt_path(m, "features/nop")));
	REFUSED(-EPERM, rename(d, wt_path(m, "f")));
	REFUSED(-EPERM, rename(d, wt_path(m, "e")));
	REFUSED(-EPERM, link(d, wt_path(m, "f")));
	REFUSED(-EPERM, symlink(d, wt_path(m, "f")));
	REFUSED(-EPERM, mkdir(wt_path(m, "f"), 0755));
	REFUSED(-EACCES, mknod(wt_path(m, "f"), S_IFREG | 0600, 0));
	REFUSED(-EPERM, mknod(wt_path(m, "f"), S_IFIFO | 0600, 0));
	REFUSED(-EACCES, open(wt_path(m, "f"), O_CREAT | O_RDWR, 0600));
	REFUSED(-EACCES, open(wt_path(m, "features/f"), O_CREAT | O_RDWR, 0600));
	REFUSED(-EPERM, truncate(d, 0));
	REFUSED(-EPERM, truncate(wt_path(m, WN_FS_CONTROL), 0));
	REFUSED(-EPERM, open(d, O_RDWR | O_TRUNC));
	REFUSED(-ENOTDIR, rmdir(d));

	fd = wt_open(d, O_RDWR);
	ASSERT_GE(fd, 0);
	REFUSED(-EPERM, ftruncate(fd, 4096));
	REFUSED(-EINVAL, read(fd, (char[8]){}, 8));
	REFUSED(-EINVAL, write(fd, "12345678", 8));
	REFUSED(-ESPIPE, lseek(fd, 0, SEEK_SET));
	close(fd);
	EXPECT_TRUE(listed(m->dir, "d"));
	EXPECT_TRUE(listed(m->dir, "e"));
	EXPECT_FALSE(listed(m->dir, "f"));
	free(d);
}

/* -------------------------------------------------------------- removal */

TEST_F(domain, removed_while_open)
{
	long long empty = wt_used(&self->m), both;
	struct wt_client c;

	ASSERT_EQ(0, wt_create(&self->m, "d"));
	ASSERT_EQ(0, wt_client_open(&c, wt_path(&self->m, "d"), 0, 0));
	both = wt_used(&self->m);
	EXPECT_GT(both, empty);
	EXPECT_EQ(1, wt_fdinfo(self->m.control, "wn-domains"));
	ASSERT_EQ(0, unlink(wt_path(&self->m, "d")));

	/* The name is free at once, the domain goes on without it. */
	EXPECT_EQ(-ENOENT, wt_open(wt_path(&self->m, "d"), O_RDWR));
	EXPECT_EQ(0, wt_nop(&c, 1));
	EXPECT_EQ(both, wt_used(&self->m));
	EXPECT_EQ(1, wt_fdinfo(self->m.control, "wn-domains"));
	ASSERT_EQ(0, wt_create(&self->m, "d"));
	EXPECT_EQ(2, wt_fdinfo(self->m.control, "wn-domains"));
	ASSERT_EQ(0, unlink(wt_path(&self->m, "d")));

	wt_client_close(&c);
	EXPECT_EQ(empty, wt_used(&self->m));
	EXPECT_EQ(0, wt_fdinfo(self->m.control, "wn-domains"));
	EXPECT_EQ(0, wt_fdinfo(self->m.control, "wn-bytes"));
}

WT_MAIN
