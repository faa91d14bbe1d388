// SPDX-License-Identifier: MIT
/* Instances: options, limits, remount, what statfs tells, user namespaces. */
#include "common.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "harness.h"

FIXTURE(mount) {
	struct wt_mount m;
	char dir[32];		/* a second place, nothing mounted */
};

FIXTURE_SETUP(mount)
{
	ASSERT_EQ(0, wt_mount(&self->m, "max=5,size=64m,uid=54321,gid=54322,mode=640"));
	strcpy(self->dir, "/tmp/wn.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
}

FIXTURE_TEARDOWN(mount)
{
	umount2(self->dir, MNT_DETACH);
	rmdir(self->dir);
	wt_umount(&self->m);
}

TEST_F(mount, what_lies_in_it)
{
	struct stat st;
	struct dirent *e;
	DIR *dir = opendir(self->m.dir);
	int files = 0;

	ASSERT_NE(NULL, dir);
	while ((e = readdir(dir)))
		files += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	closedir(dir);
	EXPECT_EQ(2, files);

	ASSERT_EQ(0, stat(self->m.dir, &st));
	EXPECT_EQ(S_IFDIR | S_ISVTX | 0777, st.st_mode);
	EXPECT_EQ(54321, st.st_uid);
	EXPECT_EQ(54322, st.st_gid);
	EXPECT_EQ(3, st.st_nlink);
	ASSERT_EQ(0, stat(wt_path(&self->m, WN_FS_CONTROL), &st));
	EXPECT_EQ(S_IFREG | 0640, st.st_mode);
	EXPECT_EQ(54321, st.st_uid);
	EXPECT_EQ(54322, st.st_gid);
	ASSERT_EQ(0, stat(wt_path(&self->m, WN_FS_FEATURES), &st));
	EXPECT_EQ(S_IFDIR | 0555, st.st_mode);
}

TEST_F(mount, defaults)
{
	struct statfs fs;
	struct stat st;
	char path[128];

	ASSERT_EQ(0, wt_mount_on(self->dir, 0, NULL));
	snprintf(path, sizeof(path), "%s/control", self->dir);
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_EQ(S_IFREG | 0600, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
	EXPECT_EQ(0, st.st_gid);
	ASSERT_EQ(0, statfs(self->dir, &fs));
	EXPECT_GT(fs.f_files, 0);
	EXPECT_GT(fs.f_blocks, 0);
}

TEST_F(mount, statfs_tells)
{
	struct statfs fs;

	ASSERT_EQ(0, statfs(self->m.dir, &fs));
	EXPECT_EQ(WN_FS_MAGIC, fs.f_type);
	EXPECT_EQ(sysconf(_SC_PAGESIZE), fs.f_bsize);
	EXPECT_EQ(WN_NAME_MAX, fs.f_namelen);
	EXPECT_EQ((64 << 20) / sysconf(_SC_PAGESIZE), (long)fs.f_blocks);
	EXPECT_EQ(fs.f_blocks, fs.f_bfree);
	EXPECT_EQ(fs.f_blocks, fs.f_bavail);
	EXPECT_EQ(5, fs.f_files);
	EXPECT_EQ(5, fs.f_ffree);
	ASSERT_EQ(0, wt_create(&self->m, "d"));
	ASSERT_EQ(0, statfs(self->m.dir, &fs));
	EXPECT_EQ(4, fs.f_ffree);
	EXPECT_LT(fs.f_bfree, fs.f_blocks);
	ASSERT_EQ(0, unlink(wt_path(&self->m, "d")));
	ASSERT_EQ(0, statfs(self->m.dir, &fs));
	EXPECT_EQ(5, fs.f_ffree);
	EXPECT_EQ(fs.f_blocks, fs.f_bfree);
}

TEST_F(mount, bad_options)
{
	static const char * const bad[] = {
		"max=0", "max=", "max=-1", "max=many", "max=4294967296", "max",
		"size=0", "size=", "size=-1", "size=1x", "size=1m1", "size=k", "size",
		"size=99999999999999999999999", "size=18446744073709551616", "size=16777216t", "size=+",
		"mode=1000", "mode=1777", "mode=9", "mode=-1", "mode=",
		"uid=-1", "uid=4294967295", "uid=root", "gid=4294967295", "gid=",
		"color=red", "max=5,color", "uid=0,max=0",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, wt_mount_on(self->dir, 0, bad[i])) {
			TH_LOG("options %s", bad[i]);
			umount2(self->dir, MNT_DETACH);
		}
	}
}

TEST_F(mount, good_options)
{
	static const char * const good[] = {
		"max=1", "max=4294967295", "size=1", "size=4096k", "size=2g", "size=0x1000",
		"mode=0", "mode=0777", "uid=0,gid=0", "max=3,max=4",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(0, wt_mount_on(self->dir, 0, good[i])) TH_LOG("options %s", good[i]);
		EXPECT_EQ(0, umount2(self->dir, 0)) TH_LOG("options %s", good[i]);
	}
}

/* The options of the mount on dir, as /proc/self/mounts shows them. */
static const char *options_of(const char *dir, char *text, size_t size)
{
	char *line;

	if (wt_read_file("/proc/self/mounts", text, size) < 0)
		return "";
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, dir) && strstr(line, " " WN_FS_NAME " "))
			return line;
	return "";
}

TEST_F(mount, remount)
{
	static char text[65536];
	struct statfs fs;
	const char *line;

	ASSERT_EQ(0, wt_create(&self->m, "a"));
	ASSERT_EQ(0, mount(NULL, self->m.dir, NULL, MS_REMOUNT, "max=1,size=96m"));
	ASSERT_EQ(0, statfs(self->m.dir, &fs));
	EXPECT_EQ(1, fs.f_files);
	EXPECT_EQ(0, fs.f_ffree);
	EXPECT_EQ((96 << 20) / sysconf(_SC_PAGESIZE), (long)fs.f_blocks);
	EXPECT_EQ(-ENOSPC, wt_create(&self->m, "b"));

	line = options_of(self->m.dir, text, sizeof(text));
	EXPECT_NE(NULL, strstr(line, "max=1,")) TH_LOG("%s", line);
	EXPECT_NE(NULL, strstr(line, "size=100663296,")) TH_LOG("%s", line);
	EXPECT_NE(NULL, strstr(line, "mode=640,")) TH_LOG("%s", line);
	EXPECT_NE(NULL, strstr(line, "uid=54321,gid=54322")) TH_LOG("%s", line);

	/* What is not named stays; who owns what is fixed. */
	ASSERT_EQ(0, mount(NULL, self->m.dir, NULL, MS_REMOUNT, "max=9"));
	ASSERT_EQ(0, statfs(self->m.dir, &fs));
	EXPECT_EQ((96 << 20) / sysconf(_SC_PAGESIZE), (long)fs.f_blocks);
	EXPECT_EQ(-1, mount(NULL, self->m.dir, NULL, MS_REMOUNT, "uid=0,max=7"));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, mount(NULL, self->m.dir, NULL, MS_REMOUNT, "mode=600"));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, mount(NULL, self->m.dir, NULL, MS_REMOUNT, "max=7,size=0"));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, statfs(self->m.dir, &fs));
	EXPECT_EQ(9, fs.f_files);	/* a bad remount changes nothing */
}

TEST_F(mount, smaller_than_held)
{
	struct statfs fs;

	/* Limits may fall below what is held: nothing is lost, nothing more fits. */
	ASSERT_EQ(0, wt_create(&self->m, "a"));
	ASSERT_EQ(0, wt_create(&self->m, "b"));
	ASSERT_EQ(0, mount(NULL, self->m.dir, NULL, MS_REMOUNT, "max=1,size=1"));
	ASSERT_EQ(0, statfs(self->m.dir, &fs));
	EXPECT_EQ(0, fs.f_bfree);
	EXPECT_EQ(0, fs.f_ffree);
	EXPECT_EQ(0, unlink(wt_path(&self->m, "a")));
	EXPECT_EQ(-ENOSPC, wt_create(&self->m, "a"));
	EXPECT_EQ(0, unlink(wt_path(&self->m, "b")));
	EXPECT_EQ(-ENOSPC, wt_create(&self->m, "a"));	/* size= still says no */
	ASSERT_EQ(0, mount(NULL, self->m.dir, NULL, MS_REMOUNT, "size=64m"));
	EXPECT_EQ(0, wt_create(&self->m, "a"));
}

TEST_F(mount, read_only)
{
	char path[128];
	int fd;

	ASSERT_EQ(0, wt_mount_on(self->dir, MS_RDONLY, NULL));
	snprintf(path, sizeof(path), "%s/control", self->dir);
	EXPECT_EQ(-EROFS, wt_open(path, O_RDWR));
	fd = wt_open(path, O_RDONLY);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EBADF, wt_create(&(struct wt_mount){ .control = fd }, "d"));
	close(fd);
	/* An instance whose control is open for writing does not become read-only. */
	EXPECT_EQ(-1, mount(NULL, self->m.dir, NULL, MS_REMOUNT | MS_RDONLY, NULL));
	EXPECT_EQ(EBUSY, errno);
}

TEST_F(mount, instances_are_separate)
{
	struct wt_mount other = {};
	struct stat here, there;

	ASSERT_EQ(0, wt_mount_on(self->dir, 0, "max=1"));
	snprintf(other.dir, sizeof(other.dir), "%s", self->dir);
	other.control = wt_open(wt_path(&other, WN_FS_CONTROL), O_RDWR);
	ASSERT_GE(other.control, 0);
	ASSERT_EQ(0, wt_create(&self->m, "same"));
	EXPECT_EQ(-1, stat(wt_path(&other, "same"), &there));
	EXPECT_EQ(ENOENT, errno);
	ASSERT_EQ(0, wt_create(&other, "same"));
	EXPECT_EQ(-ENOSPC, wt_create(&other, "more"));
	EXPECT_EQ(0, wt_create(&self->m, "more"));
	ASSERT_EQ(0, stat(wt_path(&self->m, "same"), &here));
	ASSERT_EQ(0, stat(wt_path(&other, "same"), &there));
	EXPECT_NE(here.st_dev, there.st_dev);
	EXPECT_EQ(-EXDEV, rename(wt_path(&self->m, "more"), wt_path(&other, "x")) ? -errno : 0);
	close(other.control);
	EXPECT_EQ(0, umount2(self->dir, 0));
	EXPECT_EQ(0, stat(wt_path(&self->m, "same"), &here));
}

/* ---------------------------------------------------- user namespaces */

/* As a user without privileges: a user namespace of one's own, and mount. */
static int mount_in_userns(void *dir)
{
	struct wt_mount m = {};
	struct stat st;
	int err;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return -ENOSYS;
	if (wt_write_file("/proc/self/setgroups", "deny") ||
	    wt_write_file("/proc/self/uid_map", "0 54321 1") ||
	    wt_write_file("/proc/self/gid_map", "0 54321 1"))
		return -ENOSYS;
	err = wt_mount_on(dir, 0, NULL);
	if (err)
		return err;
	/* It is its root's, who can do there what root does elsewhere. */
	snprintf(m.dir, sizeof(m.dir), "%s", (char *)dir);
	if (stat(wt_path(&m, WN_FS_CONTROL), &st) || st.st_uid || st.st_mode != (S_IFREG | 0600))
		return -EPROTO;
	m.control = wt_open(wt_path(&m, WN_FS_CONTROL), O_RDWR);
	if (m.control < 0)
		return m.control;
	err = wt_create(&m, "d");
	if (err)
		return err;
	err = wt_mount_on(dir, 0, "uid=1");	/* an id that is not mapped */
	if (err != -EINVAL)
		return -EPROTO;
	return 7;
}

TEST_F(mount, user_namespace)
{
	char value[16];
	int ret;

	ASSERT_LT(0, wt_read_file("/sys/module/worknode/parameters/userns_mounts", value,
				  sizeof(value)));
	/* The place must be theirs to mount on. */
	ASSERT_EQ(0, chown(self->dir, WT_ID, WT_ID));
	ret = wt_in_child(WT_ID, mount_in_userns, self->dir);
	if (ret == -ENOSYS)
		SKIP(return, "this kernel gives users no namespaces");
	TH_LOG("userns_mounts=%s", value);
	EXPECT_EQ(value[0] == 'Y' ? 7 : -EPERM, ret);
	/* It was mounted in a namespace that is gone. */
	EXPECT_EQ(0, rmdir(self->dir));
}

WT_MAIN
