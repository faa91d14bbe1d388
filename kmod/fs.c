// SPDX-License-Identifier: GPL-2.0-only
#include "fs.h"
#include "main.h"

#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/fsnotify.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/statfs.h>
#include <linux/user_namespace.h>
#include <linux/worknode.h>

#include "client.h"
#include "control.h"
#include "debugfs.h"
#include "domain.h"
#include "features.h"
#include "mount.h"

static bool userns_mounts;
module_param(userns_mounts, bool, 0444);
MODULE_PARM_DESC(userns_mounts, "let user namespaces mount instances of their own");

static struct wn_mount *mount_of(struct super_block *sb)
{
	return sb->s_fs_info;
}

struct wn_budget *wn_fs_budget(struct super_block *sb)
{
	return &mount_of(sb)->budget;
}

/* -------------------------------------------------------------- inodes */

/* A file of ours has no size to change: O_TRUNC and truncate are refused. */
static int setattr(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	if (attr->ia_valid & ATTR_SIZE)
		return -EPERM;
	return simple_setattr(idmap, dentry, attr);
}

static const struct inode_operations file_iops = {
	.setattr = setattr,
};

static struct inode *make_inode(struct super_block *sb, umode_t mode)
{
	struct inode *inode = new_inode(sb);

	if (!inode)
		return NULL;
	inode->i_ino = get_next_ino();
	inode->i_mode = mode;
	inode->i_uid = mount_of(sb)->uid;
	inode->i_gid = mount_of(sb)->gid;
	inode->i_op = &file_iops;
	simple_inode_init_ts(inode);
	return inode;
}

/* Put a new inode under a name; both lie in the cache until unlinked. */
static int add(struct dentry *dir, const char *name, struct inode *inode)
{
	struct dentry *dentry;

	if (!inode)
		return -ENOMEM;
	dentry = d_alloc_name(dir, name);
	if (!dentry) {
		iput(inode);
		return -ENOMEM;
	}
	d_add(dentry, inode);
	return 0;
}

static int feature_show(struct seq_file *m, void *unused)
{
	seq_puts(m, "1\n");
	return 0;
}

static int feature_open(struct inode *inode, struct file *file)
{
	return single_open(file, feature_show, NULL);
}

static const struct file_operations feature_fops = {
	.owner = THIS_MODULE,
	.open = feature_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};

static int add_features(struct super_block *sb)
{
	struct inode *inode = make_inode(sb, S_IFDIR | 0555);
	const struct wn_feature *f;
	struct dentry *dir;
	int err = 0;

	if (!inode)
		return -ENOMEM;
	inode->i_op = &simple_dir_inode_operations;
	inode->i_fop = &simple_dir_operations;
	set_nlink(inode, 2);
	dir = d_alloc_name(sb->s_root, WN_FS_FEATURES);
	if (!dir) {
		iput(inode);
		return -ENOMEM;
	}
	d_add(dir, inode);
	inc_nlink(d_inode(sb->s_root));

	for (f = wn_features; f->name && !err; f++) {
		inode = make_inode(sb, S_IFREG | 0444);
		if (inode)
			inode->i_fop = &feature_fops;
		err = add(dir, f->name, inode);
	}
	return err;
}

static int add_control(struct super_block *sb)
{
	struct inode *inode = make_inode(sb, S_IFREG | mount_of(sb)->mode);

	if (inode)
		inode->i_fop = &wn_control_fops;
	return add(sb->s_root, WN_FS_CONTROL, inode);
}

/* ------------------------------------------------------------- domains */

static bool is_domain(struct inode *inode)
{
	return inode->i_fop == &wn_client_fops;
}

static bool reserve_domain(struct wn_mount *mount)
{
	int domains = atomic_read(&mount->domains);

	/* A remount may have lowered the limit below what is there. */
	do {
		if ((u32)domains >= READ_ONCE(mount->max))
			return false;
	} while (!atomic_try_cmpxchg(&mount->domains, &domains, domains + 1));
	return true;
}

static struct inode *domain_inode(struct super_block *sb, struct wn_domain *domain, umode_t mode)
{
	struct inode *inode = make_inode(sb, S_IFREG | mode);

	if (!inode)
		return NULL;
	inode->i_uid = current_fsuid();
	inode->i_gid = current_fsgid();
	inode->i_fop = &wn_client_fops;
	inode->i_private = domain;
	/* So that ls and du tell what it holds. */
	inode->i_size = domain->bytes;
	inode->i_blocks = domain->bytes >> 9;
	return inode;
}

/* Under the directory's lock: the name is free, and is the inode's from now on. */
static int link_domain(struct dentry *root, const char *name, int len, struct inode *inode)
{
	struct inode *dir = d_inode(root);
	struct dentry *dentry;

	dentry = lookup_one_len(name, root, len);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	if (d_really_is_positive(dentry)) {
		dput(dentry);
		return -EEXIST;
	}
	d_instantiate(dentry, inode);	/* keeps our reference on the dentry */
	wn_debugfs_link(inode->i_private, mount_of(root->d_sb), dentry->d_name.name);
	inode_set_mtime_to_ts(dir, inode_set_ctime_current(dir));
	fsnotify_create(dir, dentry);
	return 0;
}

int wn_fs_create_domain(struct super_block *sb, const char *name, int len, umode_t mode,
			const struct wn_bounds *bounds, u32 journal_kb)
{
	struct wn_mount *mount = mount_of(sb);
	struct wn_domain *domain;
	struct inode *inode;
	int err;

	/* A caller whose ids mean nothing in this mount can own nothing in it. */
	if (!kuid_has_mapping(sb->s_user_ns, current_fsuid()) ||
	    !kgid_has_mapping(sb->s_user_ns, current_fsgid()))
		return -EOVERFLOW;
	if (!reserve_domain(mount))
		return -ENOSPC;
	domain = wn_domain_new(bounds, journal_kb, wn_charge_payer(), &mount->budget);
	if (IS_ERR(domain)) {
		atomic_dec(&mount->domains);
		return PTR_ERR(domain);
	}
	inode = domain_inode(sb, domain, mode);
	if (!inode) {
		wn_domain_free(domain);
		atomic_dec(&mount->domains);
		return -ENOMEM;
	}
	inode_lock(d_inode(sb->s_root));
	err = link_domain(sb->s_root, name, len, inode);
	inode_unlock(d_inode(sb->s_root));
	if (err)
		iput(inode);	/* its eviction frees the domain */
	return err;
}

struct inode *wn_fs_get_domain(struct super_block *sb, const char *name, int len)
{
	struct inode *inode = ERR_PTR(-ENOENT);
	struct dentry *dentry;

	dentry = lookup_positive_unlocked(name, sb->s_root, len);
	if (IS_ERR(dentry))
		return ERR_CAST(dentry);
	if (is_domain(d_inode(dentry)))
		inode = igrab(d_inode(dentry)) ?: ERR_PTR(-ENOENT);
	dput(dentry);
	return inode;
}

/* Domains go by rm; control and features/ stay. */
static int unlink(struct inode *dir, struct dentry *dentry)
{
	if (!is_domain(d_inode(dentry)))
		return -EPERM;
	wn_debugfs_unlink(d_inode(dentry)->i_private);
	return simple_unlink(dir, dentry);
}

static const struct inode_operations root_iops = {
	.lookup = simple_lookup,
	.unlink = unlink,
	.setattr = setattr,
};

/* --------------------------------------------------------- super block */

static void evict_inode(struct inode *inode)
{
	struct wn_domain *domain = is_domain(inode) ? inode->i_private : NULL;

	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	if (domain) {
		wn_domain_free(domain);
		atomic_dec(&mount_of(inode->i_sb)->domains);
	}
}

static int statfs(struct dentry *dentry, struct kstatfs *buf)
{
	struct wn_mount *mount = mount_of(dentry->d_sb);
	u64 used = wn_charge_used(&mount->budget), limit = READ_ONCE(mount->budget.limit);
	u32 domains = atomic_read(&mount->domains), max = READ_ONCE(mount->max);

	buf->f_type = WN_FS_MAGIC;
	buf->f_bsize = PAGE_SIZE;
	buf->f_namelen = WN_NAME_MAX;
	buf->f_blocks = limit >> PAGE_SHIFT;
	buf->f_bfree = limit > used ? (limit - used) >> PAGE_SHIFT : 0;
	buf->f_bavail = buf->f_bfree;
	buf->f_files = max;
	buf->f_ffree = max > domains ? max - domains : 0;
	buf->f_fsid = u64_to_fsid(huge_encode_dev(dentry->d_sb->s_dev));
	return 0;
}

void wn_fs_show_usage(struct seq_file *m, struct super_block *sb)
{
	struct wn_mount *mount = mount_of(sb);

	seq_printf(m, "wn-domains:\t%d\n", atomic_read(&mount->domains));
	seq_printf(m, "wn-domains-max:\t%u\n", READ_ONCE(mount->max));
	seq_printf(m, "wn-bytes:\t%llu\n", wn_charge_used(&mount->budget));
	seq_printf(m, "wn-bytes-max:\t%llu\n", READ_ONCE(mount->budget.limit));
}

static int show_options(struct seq_file *m, struct dentry *root)
{
	wn_mount_show_options(m, mount_of(root->d_sb), root->d_sb->s_user_ns);
	return 0;
}

/* All domains are gone, the device number is still ours. */
static void put_super(struct super_block *sb)
{
	wn_debugfs_unmount(mount_of(sb));
}

static const struct super_operations super_ops = {
	.put_super = put_super,
	.statfs = statfs,
	.evict_inode = evict_inode,
	.drop_inode = generic_delete_inode,
	.show_options = show_options,
};

static int fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct inode *root;
	int err;

	sb->s_blocksize = PAGE_SIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	sb->s_magic = WN_FS_MAGIC;
	sb->s_op = &super_ops;
	sb->s_time_gran = 1;
	sb->s_iflags |= SB_I_NODEV | SB_I_NOEXEC;

	/*
	 * Anyone may look names up; the sticky bit lets owners remove theirs and
	 * nobody else's. Nothing can be created here but through control.
	 */
	root = make_inode(sb, S_IFDIR | S_ISVTX | 0777);
	if (!root)
		return -ENOMEM;
	root->i_op = &root_iops;
	root->i_fop = &simple_dir_operations;
	set_nlink(root, 2);
	sb->s_root = d_make_root(root);
	if (!sb->s_root)
		return -ENOMEM;
	wn_debugfs_mount(mount_of(sb), sb->s_dev);
	err = add_control(sb);
	if (err)
		return err;
	return add_features(sb);
}

static int init_context(struct fs_context *fc)
{
	return wn_mount_init_context(fc, fill_super);
}

static void kill_sb(struct super_block *sb)
{
	struct wn_mount *mount = mount_of(sb);

	kill_litter_super(sb);
	kfree(mount);
}

static struct file_system_type fs_type = {
	.owner = THIS_MODULE,
	.name = WN_FS_NAME,
	.init_fs_context = init_context,
	.kill_sb = kill_sb,
};
MODULE_ALIAS_FS(WN_FS_NAME);

int wn_fs_init(void)
{
	if (userns_mounts)
		fs_type.fs_flags |= FS_USERNS_MOUNT;
	return register_filesystem(&fs_type);
}

void wn_fs_exit(void)
{
	unregister_filesystem(&fs_type);
}
