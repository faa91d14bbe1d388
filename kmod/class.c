// SPDX-License-Identifier: GPL-2.0-only
#include "class.h"
#include "main.h"

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/worknode.h>

#include "control.h"
#include "domain.h"
#include "fs.h"
#include "uarg.h"

void wn_classes_init(struct wn_domain *domain)
{
	domain->rights[WN_CLASS_OWNER] = WN_CLASS_DEFAULT_OWNER;
	domain->rights[WN_CLASS_GROUP] = WN_CLASS_DEFAULT_GROUP;
	domain->rights[WN_CLASS_OTHER] = WN_CLASS_DEFAULT_OTHER;
}

static u32 class_of_caller(const struct inode *inode)
{
	if (uid_eq(current_fsuid(), inode->i_uid))
		return WN_CLASS_OWNER;
	return in_group_p(inode->i_gid) ? WN_CLASS_GROUP : WN_CLASS_OTHER;
}

u32 wn_class_rights(const struct inode *inode)
{
	const struct wn_domain *domain = inode->i_private;

	/* One word: a table that is being set is seen before or after, not half. */
	return READ_ONCE(domain->rights[class_of_caller(inode)]);
}

bool wn_class_may_set(const struct inode *inode)
{
	return uid_eq(current_fsuid(), inode->i_uid) ||
	       ns_capable(inode->i_sb->s_user_ns, CAP_FOWNER);
}

static int set(struct inode *inode, const u32 *rights)
{
	struct wn_domain *domain = inode->i_private;
	int i, err = 0;

	/* Against a chown meanwhile, and others who set. */
	inode_lock(inode);
	if (!wn_class_may_set(inode))
		err = -EPERM;
	for (i = 0; !err && i < WN_CLASSES; i++)
		WRITE_ONCE(domain->rights[i], rights[i]);
	inode_unlock(inode);
	return err;
}

static int check(const struct wn_class_table *t)
{
	int i;

	if (t->flags & ~WN_CLASSES_SET || t->reserved)
		return -EINVAL;
	for (i = 0; t->flags & WN_CLASSES_SET && i < WN_CLASSES; i++)
		if (t->rights[i] & ~WN_RIGHT_ALL)
			return -EINVAL;
	return wn_control_check_name(t->name);
}

long wn_classes_ioctl(struct file *file, void __user *uarg)
{
	struct wn_class_table t = {};
	struct inode *inode;
	int usize, len, err = 0, i;

	usize = wn_uarg_get(&t, sizeof(t), sizeof(t), uarg);
	if (usize < 0)
		return usize;
	len = check(&t);
	if (len < 0)
		return len;
	if (t.flags & WN_CLASSES_SET) {
		if (!(file->f_mode & FMODE_WRITE))
			return -EBADF;
		/* A bad address changes nothing. */
		if (wn_uarg_try(&t, sizeof(t), usize, uarg))
			return -EFAULT;
	}
	inode = wn_fs_get_domain(file_inode(file)->i_sb, (const char *)t.name, len);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	if (t.flags & WN_CLASSES_SET) {
		err = set(inode, t.rights);
	} else {
		const struct wn_domain *domain = inode->i_private;

		for (i = 0; i < WN_CLASSES; i++)
			t.rights[i] = READ_ONCE(domain->rights[i]);
	}
	iput(inode);
	return err ? err : wn_uarg_put(&t, sizeof(t), usize, uarg);
}
