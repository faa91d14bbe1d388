/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * worknodefs: an instance is a mount. It holds control, features/ and one file
 * a domain. Names are kept in the dentry cache, as in other file systems that
 * have no disk: a dentry of ours holds a reference until it is unlinked.
 */
#ifndef WN_FS_H
#define WN_FS_H

#include <linux/types.h>

struct inode;
struct seq_file;
struct super_block;
struct wn_bounds;
struct wn_budget;

int wn_fs_init(void);
void wn_fs_exit(void);

/* Make a domain with a checked name; the caller becomes its owner. */
int wn_fs_create_domain(struct super_block *sb, const char *name, int len, umode_t mode,
			const struct wn_bounds *bounds, u32 journal_kb);

/* The inode of the domain of a checked name, with a reference; -ENOENT. */
struct inode *wn_fs_get_domain(struct super_block *sb, const char *name, int len);

/* What a mount's domains and clients may take. */
struct wn_budget *wn_fs_budget(struct super_block *sb);

/* For fdinfo: what is held and what is left. */
void wn_fs_show_usage(struct seq_file *m, struct super_block *sb);

#endif
