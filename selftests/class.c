// SPDX-License-Identifier: MIT
/* First capabilities: what an opener may do follows from its class and the domain's table. */
#include "common.h"

#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <linux/capability.h>
#include <wn.h>

#include "harness.h"

FIXTURE(class)
{
	struct wt_mount m;
	const char *path;
};

FIXTURE_SETUP(class)
{
	ASSERT_EQ(0, wt_mount(&self->m, "mode=0666"));
	self->path = wt_path(&self->m, "d");
	ASSERT_EQ(0, wt_create(&self->m, "d"));
	ASSERT_EQ(0, chmod(self->path, 0666));
	ASSERT_EQ(0, chown(self->path, WT_ID, WT_ID));
}

FIXTURE_TEARDOWN(class)
{
	wt_umount(&self->m);
}

/* The rights of a client that is opened now, or an error. */
static int rights_of(struct wn *wn)
{
	struct wn_cap_info info;
	int err = wn_cap_read(wn, 0, 0, &info);

	return err ? err : (int)info.rights;
}

static int rights_now(void *path)
{
	struct wn wn;
	int res = wn_open(&wn, path, NULL);

	if (res)
		return res;
	res = rights_of(&wn);
	wn_close(&wn);
	return res;
}

/* Another user whose second group is the domain's. */
static int rights_in_group(void *path)
{
	const gid_t group = WT_ID;

	if (setgroups(1, &group) || setresgid(WT_OTHER, WT_OTHER, WT_OTHER) ||
	    setresuid(WT_OTHER, WT_OTHER, WT_OTHER))
		return -errno;
	return rights_now(path);
}

/* Another user who keeps all that root may. */
static int rights_of_privileged(void *path)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (prctl(PR_SET_KEEPCAPS, 1) || setgroups(0, NULL) ||
	    setresgid(WT_OTHER, WT_OTHER, WT_OTHER) || setresuid(WT_OTHER, WT_OTHER, WT_OTHER) ||
	    syscall(SYS_capget, &head, data))
		return -errno;
	data[0].effective = data[0].permitted;
	data[1].effective = data[1].permitted;
	if (syscall(SYS_capset, &head, data))
		return -errno;
	/* It is: it may open what its mode forbids. */
	if (chmod(path, 0600))
		return -errno;
	return rights_now(path);
}

TEST_F(class, default_rights_by_class)
{
	void *path = (void *)self->path;

	EXPECT_EQ(WN_CLASS_DEFAULT_OWNER, wt_in_child(WT_ID, rights_now, path));
	EXPECT_EQ(WN_CLASS_DEFAULT_OTHER, wt_in_child(WT_OTHER, rights_now, path));
	EXPECT_EQ(WN_CLASS_DEFAULT_GROUP, wt_in_child(0, rights_in_group, path));
	EXPECT_EQ(WN_RIGHT_ALL, WN_CLASS_DEFAULT_OWNER);
	EXPECT_EQ(0, (WN_CLASS_DEFAULT_GROUP | WN_CLASS_DEFAULT_OTHER) & WN_RIGHT_ADMIN);
}

TEST_F(class, mode_says_who_may_open)
{
	void *path = (void *)self->path;

	ASSERT_EQ(0, chmod(self->path, 0660));
	EXPECT_EQ(-EACCES, wt_in_child(WT_OTHER, rights_now, path));
	EXPECT_EQ(WN_CLASS_DEFAULT_GROUP, wt_in_child(0, rights_in_group, path));
	ASSERT_EQ(0, chmod(self->path, 0600));
	EXPECT_EQ(-EACCES, wt_in_child(0, rights_in_group, path));
	EXPECT_EQ(WN_CLASS_DEFAULT_OWNER, wt_in_child(WT_ID, rights_now, path));
	/* The owner's bits are the owner's, whatever others have. */
	ASSERT_EQ(0, chmod(self->path, 0066));
	EXPECT_EQ(-EACCES, wt_in_child(WT_ID, rights_now, path));
	EXPECT_EQ(WN_CLASS_DEFAULT_OTHER, wt_in_child(WT_OTHER, rights_now, path));
}

/* Root is no owner here; and who may open all files is no more than another, either. */
TEST_F(class, privilege_adds_nothing)
{
	EXPECT_EQ(WN_CLASS_DEFAULT_OTHER, rights_now((void *)self->path));
	EXPECT_EQ(WN_CLASS_DEFAULT_OTHER, wt_in_child(0, rights_of_privileged, (void *)self->path));
	ASSERT_EQ(0, chown(self->path, 0, 0));
	EXPECT_EQ(WN_CLASS_DEFAULT_OWNER, rights_now((void *)self->path));
}

/* Each open is looked at by itself; what is open stays what it was. */
TEST_F(class, chown_is_for_later_opens)
{
	void *path = (void *)self->path;
	const __u32 none[WN_CLASSES] = { 0, 0, 0 };
	struct wn_setup s = { .size = sizeof(s) };
	struct wn wn;
	int fd;

	ASSERT_EQ(0, chown(self->path, 0, 0));
	ASSERT_EQ(0, wn_open(&wn, self->path, NULL));
	fd = wt_open(self->path, O_RDWR);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, chown(self->path, WT_OTHER, WT_ID));
	EXPECT_EQ(WN_RIGHT_ALL, rights_of(&wn));
	EXPECT_EQ(WN_CLASS_DEFAULT_OTHER, rights_now(path));
	EXPECT_EQ(WN_CLASS_DEFAULT_OWNER, wt_in_child(WT_OTHER, rights_now, path));
	EXPECT_EQ(WN_CLASS_DEFAULT_GROUP, wt_in_child(WT_ID, rights_now, path));
	wn_close(&wn);
	/* What counts is the open, not what follows. */
	ASSERT_EQ(0, wn_domain_set_classes(self->path, none));
	ASSERT_EQ(0, wt_ioctl(fd, WN_IOC_SETUP, &s));
	EXPECT_NE(NULL, wt_region(&s, WN_REGION_PUBLIC));
	close(fd);
}

static int opened_again(void *path)
{
	char link[64];
	struct wn wn;
	int fd, res;

	fd = wt_open(path, O_RDWR);
	if (fd < 0)
		return fd;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	/* The same file once more is another open. */
	res = wn_open(&wn, link, NULL);
	if (res)
		return res;
	res = rights_of(&wn);
	wn_close(&wn);
	close(fd);
	return res;
}

TEST_F(class, again_is_another_open)
{
	EXPECT_EQ(WN_CLASS_DEFAULT_OTHER, wt_in_child(WT_OTHER, opened_again, (void *)self->path));
	EXPECT_EQ(WN_CLASS_DEFAULT_OWNER, wt_in_child(WT_ID, opened_again, (void *)self->path));
}

static int set_table(void *path)
{
	const __u32 rights[WN_CLASSES] = { WN_RIGHT_READ, WN_RIGHT_READ | WN_RIGHT_WRITE, 0 };

	return wn_domain_set_classes(path, rights);
}

TEST_F(class, table_is_the_owners)
{
	void *path = (void *)self->path;
	__u32 rights[WN_CLASSES];

	ASSERT_EQ(0, wn_domain_classes(self->path, rights));
	EXPECT_EQ(WN_CLASS_DEFAULT_OWNER, rights[WN_CLASS_OWNER]);
	EXPECT_EQ(WN_CLASS_DEFAULT_GROUP, rights[WN_CLASS_GROUP]);
	EXPECT_EQ(WN_CLASS_DEFAULT_OTHER, rights[WN_CLASS_OTHER]);
	EXPECT_EQ(-EPERM, wt_in_child(WT_OTHER, set_table, path));
	EXPECT_EQ(WN_CLASS_DEFAULT_OTHER, wt_in_child(WT_OTHER, rights_now, path));
	EXPECT_EQ(0, wt_in_child(WT_ID, set_table, path));
	ASSERT_EQ(0, wn_domain_classes(self->path, rights));
	EXPECT_EQ(WN_RIGHT_READ, rights[WN_CLASS_OWNER]);
	EXPECT_EQ(WN_RIGHT_READ, wt_in_child(WT_ID, rights_now, path));
	EXPECT_EQ(WN_RIGHT_READ | WN_RIGHT_WRITE, wt_in_child(0, rights_in_group, path));
	EXPECT_EQ(0, wt_in_child(WT_OTHER, rights_now, path));
	/* By privilege it can be changed, which all see. */
	EXPECT_EQ(0, set_table(path));
	rights[WN_CLASS_OTHER] = WN_RIGHT_ALL;
	EXPECT_EQ(0, wn_domain_set_classes(self->path, rights));
	EXPECT_EQ(WN_RIGHT_ALL, rights_now(path));
}

TEST_F(class, malformed)
{
	struct wn_class_table t = { .size = sizeof(t), .name = "d" }, bad = t;
	int control = wt_open(wt_path(&self->m, WN_FS_CONTROL), O_RDONLY);

	ASSERT_GE(control, 0);
	EXPECT_EQ(0, wt_ioctl(control, WN_IOC_CLASSES, &t));
	t.flags = WN_CLASSES_SET;
	EXPECT_EQ(-EBADF, wt_ioctl(control, WN_IOC_CLASSES, &t));
	EXPECT_EQ(0, wt_ioctl(self->m.control, WN_IOC_CLASSES, &t));
	bad.flags = 2;
	EXPECT_EQ(-EINVAL, wt_ioctl(self->m.control, WN_IOC_CLASSES, &bad));
	bad = t;
	bad.reserved = 1;
	EXPECT_EQ(-EINVAL, wt_ioctl(self->m.control, WN_IOC_CLASSES, &bad));
	bad = t;
	bad.rights[WN_CLASS_OTHER] = WN_RIGHT_ALL + 1;
	EXPECT_EQ(-EINVAL, wt_ioctl(self->m.control, WN_IOC_CLASSES, &bad));
	bad = t;
	memset(bad.name, 'x', sizeof(bad.name));
	EXPECT_EQ(-ENAMETOOLONG, wt_ioctl(self->m.control, WN_IOC_CLASSES, &bad));
	memcpy(bad.name, "a/b", 4);
	EXPECT_EQ(-EINVAL, wt_ioctl(self->m.control, WN_IOC_CLASSES, &bad));
	bad = t;
	memcpy(bad.name, "none", 5);
	EXPECT_EQ(-ENOENT, wt_ioctl(self->m.control, WN_IOC_CLASSES, &bad));
	memcpy(bad.name, WN_FS_CONTROL, sizeof(WN_FS_CONTROL));
	EXPECT_EQ(-ENOENT, wt_ioctl(self->m.control, WN_IOC_CLASSES, &bad));
	memset(bad.name, 0, sizeof(bad.name));
	memcpy(bad.name, WN_FS_FEATURES, sizeof(WN_FS_FEATURES));
	EXPECT_EQ(-ENOENT, wt_ioctl(self->m.control, WN_IOC_CLASSES, &bad));
	bad.size = 8;
	EXPECT_EQ(-EINVAL, wt_ioctl(self->m.control, WN_IOC_CLASSES, &bad));
	EXPECT_EQ(-EFAULT, wt_ioctl(self->m.control, WN_IOC_CLASSES, (void *)8));
	close(control);
}

/* Public state and the slot pages of all are for those who may read all. */
TEST_F(class, no_read_no_public_state)
{
	const __u32 rights[WN_CLASSES] = { WN_RIGHT_ALL & ~WN_RIGHT_READ, 0, WN_RIGHT_ALL };
	static const __u32 types[] = { WN_REGION_PUBLIC, WN_REGION_ALL_SLOTS };
	struct wt_client yes, no;
	unsigned int i;

	ASSERT_EQ(0, wt_client_open(&yes, self->path, 0, 0));
	ASSERT_EQ(0, wn_domain_set_classes(self->path, rights));
	ASSERT_EQ(0, chown(self->path, 0, 0));
	ASSERT_EQ(0, wt_client_open(&no, self->path, 0, 0));
	for (i = 0; i < 2; i++) {
		const struct wn_region *r = wt_region(&yes.s, types[i]);
		void *map;

		ASSERT_NE(NULL, r);
		EXPECT_EQ(NULL, wt_region(&no.s, types[i]));
		EXPECT_EQ(-EACCES, wt_err(wt_mmap(no.fd, r->offset, r->bytes, PROT_READ, MAP_SHARED)));
		map = wt_map(&yes, types[i]);
		ASSERT_EQ(0, wt_err(map));
		wt_unmap(&yes, types[i], map);
	}
	wt_client_close(&no);
	wt_client_close(&yes);
}

/* What such a client asks for goes through the ring, and says what its rights allow. */
TEST_F(class, reads_through_the_ring)
{
	__u32 rights[WN_CLASSES] = { WN_RIGHT_ALL & ~WN_RIGHT_READ, 0, 0 };
	const struct wn_grant look = { .rights = WN_RIGHT_READ };
	struct wn_node_rec rec;
	struct wn wn, all;
	__u32 index;
	__s64 node;

	ASSERT_EQ(0, chown(self->path, 0, 0));
	ASSERT_EQ(0, wn_open(&all, self->path, NULL));
	node = wn_create(&all, 0, "n");
	ASSERT_FALSE(WN_RES_IS_ERROR(node));
	ASSERT_EQ(0, wn_domain_set_classes(self->path, rights));
	ASSERT_EQ(0, wn_open(&wn, self->path, NULL));
	EXPECT_EQ(NULL, wn.pub);
	EXPECT_EQ(NULL, wn.all_slots);
	EXPECT_EQ(-EACCES, wn_node_read(&wn, (__u64)node, &rec));
	EXPECT_EQ(-EACCES, wn_lookup(&wn, 0, "n"));
	EXPECT_EQ(-ENXIO, wn_children(&wn, 0, NULL, 0));
	/* What it was not opened with it can be given. */
	ASSERT_FALSE(WN_RES_IS_ERROR(wn_cap_grant(&all, 0, (__u64)node, wn.client + 1, &look, &index)));
	EXPECT_EQ(-EACCES, wn_node_read(&wn, (__u64)node, &rec));
	wn_close(&wn);
	wn_close(&all);
}

WT_MAIN
