/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a domain holds, for whoever looks for the fault in a running host: readable dumps,
 * for root alone, below debugfs. Nothing depends on it: without debugfs there is none.
 *
 *	worknode/<st_dev of the mount>/<domain>/	while it has a name
 *	worknode/deleted/<id>/				afterwards, until its last client closes
 *
 * A file goes before what it shows: debugfs waits for who reads it at that moment, and
 * who has it open reads -EIO from then on.
 */
#ifndef WN_DEBUGFS_H
#define WN_DEBUGFS_H

#include <linux/types.h>

struct dentry;
struct seq_file;
struct wn_domain;
struct wn_mount;

/* One file: what is shown in pieces, none for longer than a few of them. */
struct wn_dump {
	const char *name;
	u32 (*count)(const struct wn_domain *domain);	/* constant; NULL: one piece */
	void (*show)(struct seq_file *m, struct wn_domain *domain, u32 at); /* domain->lock held */
};

#define WN_DUMPS	10

extern const struct wn_dump wn_dumps[WN_DUMPS];

struct wn_debugfs {
	struct dentry *dir;
	struct wn_debugfs_file {
		struct wn_domain *domain;
		const struct wn_dump *dump;
	} file[WN_DUMPS];
};

void wn_debugfs_init(void);
void wn_debugfs_exit(void);

void wn_debugfs_mount(struct wn_mount *mount, dev_t dev);
void wn_debugfs_unmount(struct wn_mount *mount);

/* The domain got its name, or lost it: under the lock of the directory that it is in. */
void wn_debugfs_link(struct wn_domain *domain, const struct wn_mount *mount, const char *name);
void wn_debugfs_unlink(struct wn_domain *domain);

/* Before anything of it goes. */
void wn_debugfs_end(struct wn_domain *domain);

#endif
