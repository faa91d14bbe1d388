// SPDX-License-Identifier: MIT
/* What may be held: by a mount, a user, the module, a memory cgroup. */
#include "common.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "harness.h"

#define PARAM(name)	"/sys/module/worknode/parameters/" name
#define CGROUP		"/sys/fs/cgroup"

FIXTURE(limits) {
	struct wt_mount m;
	long long bytes;	/* of a default domain */
	char user_bytes[32], max_bytes[32];
	char group[64];		/* a memory cgroup, or empty */
};

FIXTURE_SETUP(limits)
{
	struct wn_bounds_query q = { .size = sizeof(q) };

	ASSERT_LT(0, wt_read_file(PARAM("user_bytes"), self->user_bytes, 32));
	ASSERT_LT(0, wt_read_file(PARAM("max_bytes"), self->max_bytes, 32));
	ASSERT_EQ(0, wt_mount(&self->m, "mode=666,max=4"));
	ASSERT_EQ(0, wt_ioctl(self->m.control, WN_IOC_BOUNDS, &q));
	self->bytes = q.bytes;
}

FIXTURE_TEARDOWN(limits)
{
	wt_write_file(PARAM("user_bytes"), self->user_bytes);
	wt_write_file(PARAM("max_bytes"), self->max_bytes);
	wt_umount(&self->m);
	if (self->group[0])
		rmdir(self->group);
}

static void set_param(const char *path, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	wt_write_file(path, text);
}

static long set_up(int fd)
{
	struct wn_setup s = { .size = sizeof(s) };

	return wt_ioctl(fd, WN_IOC_SETUP, &s);
}

TEST_F(limits, domains_of_a_mount)
{
	static const char * const names[] = { "a", "b", "c", "d" };
	size_t i;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, wt_create(&self->m, names[i]));
	EXPECT_EQ(-ENOSPC, wt_create(&self->m, "e"));
	EXPECT_EQ(0, unlink(wt_path(&self->m, "b")));
	EXPECT_EQ(0, wt_create(&self->m, "e"));
	EXPECT_EQ(-ENOSPC, wt_create(&self->m, "b"));
}

TEST_F(limits, bytes_of_a_mount)
{
	char options[64];
	int fd;

	/* Two domains and half a client. */
	snprintf(options, sizeof(options), "size=%lld", 2 * self->bytes + 20000);
	ASSERT_EQ(0, mount(NULL, self->m.dir, NULL, MS_REMOUNT, options));
	EXPECT_EQ(0, wt_create(&self->m, "a"));
	EXPECT_EQ(0, wt_create(&self->m, "b"));
	EXPECT_EQ(-ENOSPC, wt_create(&self->m, "c"));
	fd = wt_open(wt_path(&self->m, "a"), O_RDWR);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(-ENOSPC, set_up(fd));
	EXPECT_EQ(0, wt_info(fd).clients);
	EXPECT_EQ(2 * self->bytes, wt_fdinfo(self->m.control, "wn-bytes"));
	EXPECT_EQ(0, unlink(wt_path(&self->m, "b")));
	EXPECT_EQ(0, set_up(fd));
	close(fd);
	EXPECT_EQ(self->bytes, wt_fdinfo(self->m.control, "wn-bytes"));
	snprintf(options, sizeof(options), "size=%lld", 2 * self->bytes - 1);
	ASSERT_EQ(0, mount(NULL, self->m.dir, NULL, MS_REMOUNT, options));
	EXPECT_EQ(-ENOSPC, wt_create(&self->m, "b"));
	snprintf(options, sizeof(options), "size=%lld", 2 * self->bytes);
	ASSERT_EQ(0, mount(NULL, self->m.dir, NULL, MS_REMOUNT, options));
	EXPECT_EQ(0, wt_create(&self->m, "b"));
}

static int create_a(void *m)
{
	return wt_create(m, "a");
}

static int create_b(void *m)
{
	return wt_create(m, "b");
}

static int create_c(void *m)
{
	return wt_create(m, "c");
}

static int set_up_c(void *m)
{
	int fd = wt_open(wt_path(m, "c"), O_RDWR);

	return fd < 0 ? fd : set_up(fd);
}

TEST_F(limits, bytes_of_a_user)
{
	/* One domain and half a client each. */
	set_param(PARAM("user_bytes"), self->bytes + 20000);
	EXPECT_EQ(0, wt_in_child(WT_ID, create_a, &self->m));
	EXPECT_EQ(-EDQUOT, wt_in_child(WT_ID, create_b, &self->m));
	EXPECT_EQ(0, wt_in_child(WT_OTHER, create_c, &self->m));
	EXPECT_EQ(-EDQUOT, wt_in_child(WT_OTHER, create_b, &self->m));
	/* A client is paid by who sets it up. */
	ASSERT_EQ(0, chmod(wt_path(&self->m, "c"), 0666));
	EXPECT_EQ(-EDQUOT, wt_in_child(WT_OTHER, set_up_c, &self->m));
	EXPECT_EQ(-EDQUOT, wt_in_child(WT_ID, set_up_c, &self->m));
	EXPECT_EQ(0, wt_in_child(WT_ID + 7, set_up_c, &self->m));
	EXPECT_EQ(2 * self->bytes, wt_fdinfo(self->m.control, "wn-bytes"));
	/* What was given back can be used again, also if root removed it. */
	EXPECT_EQ(0, unlink(wt_path(&self->m, "a")));
	EXPECT_EQ(0, wt_in_child(WT_ID, create_b, &self->m));
}

TEST_F(limits, user_counts_over_mounts)
{
	struct wt_mount other;

	ASSERT_EQ(0, wt_mount(&other, "mode=666"));
	set_param(PARAM("user_bytes"), self->bytes);
	EXPECT_EQ(0, wt_in_child(WT_ID, create_a, &self->m));
	EXPECT_EQ(-EDQUOT, wt_in_child(WT_ID, create_a, &other));
	EXPECT_EQ(0, unlink(wt_path(&self->m, "a")));
	EXPECT_EQ(0, wt_in_child(WT_ID, create_a, &other));
	wt_umount(&other);
	EXPECT_EQ(0, wt_in_child(WT_ID, create_a, &self->m));	/* gone with the mount */
}

TEST_F(limits, bytes_of_the_module)
{
	set_param(PARAM("max_bytes"), 2 * self->bytes);
	EXPECT_EQ(0, wt_create(&self->m, "a"));
	EXPECT_EQ(0, wt_create(&self->m, "b"));
	EXPECT_EQ(-ENOSPC, wt_create(&self->m, "c"));
	set_param(PARAM("max_bytes"), 1);
	EXPECT_EQ(0, unlink(wt_path(&self->m, "a")));
	EXPECT_EQ(-ENOSPC, wt_create(&self->m, "a"));
	set_param(PARAM("max_bytes"), 3 * self->bytes);
	EXPECT_EQ(0, wt_create(&self->m, "a"));
}

/* ------------------------------------------------------- memory cgroup */

/* A number in the cgroup's file; key: of the line that begins so, or NULL. */
static long long group_number(const char *group, const char *file, const char *key)
{
	char path[128], text[4096], *at = text;

	snprintf(path, sizeof(path), "%s/%s", group, file);
	if (wt_read_file(path, text, sizeof(text)) < 0)
		return -1;
	if (key) {
		at = strstr(text, key);
		if (!at)
			return -1;
		at += strlen(key);
	}
	return strtoll(at, NULL, 10);
}

static bool make_group(char *group, size_t size)
{
	char path[128];

	snprintf(group, size, CGROUP "/wn-limits-%d", getpid());
	if (mkdir(group, 0755)) {
		group[0] = 0;
		return false;
	}
	snprintf(path, sizeof(path), "%s/memory.max", group);
	return !access(path, F_OK);
}

struct in_group {
	const struct wt_mount *m;
	const char *group;
	long long max;		/* memory.max, 0: no limit */
	struct wn_bounds bounds;
};

static int create_in_group(void *arg)
{
	struct in_group *g = arg;
	struct wn_domain_create c = wt_create_args(g->m->control, "big");
	char path[128], text[32];

	snprintf(path, sizeof(path), "%s/cgroup.procs", g->group);
	snprintf(text, sizeof(text), "%d", getpid());
	if (wt_write_file(path, text))
		return -ENOSYS;
	if (g->max) {
		snprintf(path, sizeof(path), "%s/memory.max", g->group);
		snprintf(text, sizeof(text), "%lld", g->max);
		if (wt_write_file(path, text))
			return -ENOSYS;
	}
	c.bounds = g->bounds;
	return wt_ioctl(g->m->control, WN_IOC_CREATE, &c);
}

#define MB	(1LL << 20)

/* Large enough to stand out from all that a cgroup is charged in passing. */
static struct wn_bounds large(int control)
{
	struct wn_bounds b = wt_create_args(control, "").bounds;

	b.nodes = 60000;
	return b;
}

TEST_F(limits, more_than_the_cgroup_has)
{
	struct in_group g = { .m = &self->m, .group = self->group, .max = 4 * MB };

	if (!make_group(self->group, sizeof(self->group)))
		SKIP(return, "no memory cgroup at " CGROUP);
	g.bounds = large(self->m.control);
	/* A clean no, and nobody is killed for it. */
	EXPECT_EQ(-ENOMEM, wt_in_child(0, create_in_group, &g));
	EXPECT_EQ(0, group_number(self->group, "memory.events", "oom_kill "));
	EXPECT_EQ(0, wt_used(&self->m));
	EXPECT_LT(group_number(self->group, "memory.current", NULL), 2 * MB);
	EXPECT_EQ(-1, access(wt_path(&self->m, "big"), F_OK));
}

TEST_F(limits, charged_to_the_cgroup)
{
	struct in_group g = { .m = &self->m, .group = self->group };
	long long bytes, held;

	if (!make_group(self->group, sizeof(self->group)))
		SKIP(return, "no memory cgroup at " CGROUP);
	g.bounds = large(self->m.control);
	ASSERT_EQ(0, wt_in_child(0, create_in_group, &g));
	bytes = wt_fdinfo(self->m.control, "wn-bytes");
	ASSERT_GT(bytes, 8 * MB);
	/* Its creator has exited; the domain is still on its bill. */
	held = group_number(self->group, "memory.current", NULL);
	TH_LOG("a domain of %lld bytes, charged %lld", bytes, held);
	EXPECT_GE(held, bytes - MB);
	EXPECT_LE(held, bytes + 4 * MB);
	ASSERT_EQ(0, unlink(wt_path(&self->m, "big")));
	EXPECT_LT(group_number(self->group, "memory.current", NULL), held - bytes + MB);
}

WT_MAIN
