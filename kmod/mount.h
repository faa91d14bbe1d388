/* SPDX-License-Identifier: GPL-2.0-only */
/* A mount's options and sums, and the context that parses them. */
#ifndef WN_MOUNT_H
#define WN_MOUNT_H

#include <linux/atomic.h>
#include <linux/uidgid.h>

#include "charge.h"

struct fs_context;
struct dentry;
struct seq_file;

struct wn_mount {
	struct wn_budget budget;	/* size= */
	u32 max;			/* max=: domains at a time */
	atomic_t domains;
	kuid_t uid;			/* owner of the root and of what lies in it */
	kgid_t gid;
	umode_t mode;			/* of control */
	struct dentry *debugfs;
};

/* Context whose get_tree makes a super block with fill. */
int wn_mount_init_context(struct fs_context *fc,
			  int (*fill)(struct super_block *sb, struct fs_context *fc));
void wn_mount_show_options(struct seq_file *m, struct wn_mount *mount,
			   struct user_namespace *ns);

#endif
