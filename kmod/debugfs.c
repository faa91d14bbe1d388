// SPDX-License-Identifier: GPL-2.0-only
#include "debugfs.h"
#include "main.h"

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "domain.h"
#include "mount.h"

/* Pieces that are shown under one hold of the domain's lock. */
#define SLICE	64U

static struct dentry *top, *deleted;

static u32 slices(const struct wn_debugfs_file *file)
{
	u32 count = file->dump->count ? file->dump->count(file->domain) : 1;

	return DIV_ROUND_UP(count, SLICE);
}

static void *start(struct seq_file *m, loff_t *pos)
{
	return *pos < slices(m->private) ? pos : NULL;
}

static void *next(struct seq_file *m, void *at, loff_t *pos)
{
	++*pos;
	return start(m, pos);
}

static void stop(struct seq_file *m, void *at)
{
}

/* What does not fit into the buffer is shown again, into a larger one. */
static int show(struct seq_file *m, void *pos)
{
	const struct wn_debugfs_file *file = m->private;
	struct wn_domain *domain = file->domain;
	u32 count = file->dump->count ? file->dump->count(domain) : 1;
	u32 at = *(loff_t *)pos * SLICE, end = min(count, at + SLICE);

	mutex_lock(&domain->lock);
	for (; at < end && !seq_has_overflowed(m); at++)
		file->dump->show(m, domain, at);
	mutex_unlock(&domain->lock);
	return 0;
}

static const struct seq_operations seq_ops = {
	.start = start,
	.next = next,
	.stop = stop,
	.show = show,
};

static int open(struct inode *inode, struct file *file)
{
	int err = seq_open(file, &seq_ops);

	if (!err)
		((struct seq_file *)file->private_data)->private = inode->i_private;
	return err;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.open = open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release,
};

/*
 * Errors need no answer: debugfs takes a directory that could not be made as one in
 * which nothing can be.
 */
static void add(struct wn_domain *domain, const char *name, struct dentry *parent)
{
	struct wn_debugfs *debugfs = &domain->debugfs;
	int i;

	debugfs->dir = debugfs_create_dir(name, parent);
	for (i = 0; i < WN_DUMPS; i++) {
		debugfs->file[i] = (struct wn_debugfs_file){ domain, &wn_dumps[i] };
		debugfs_create_file(wn_dumps[i].name, 0400, debugfs->dir, &debugfs->file[i],
				    &fops);
	}
}

void wn_debugfs_link(struct wn_domain *domain, const struct wn_mount *mount, const char *name)
{
	add(domain, name, mount->debugfs);
}

void wn_debugfs_unlink(struct wn_domain *domain)
{
	char name[24];

	debugfs_remove(domain->debugfs.dir);
	snprintf(name, sizeof(name), "%llu", domain->id);
	add(domain, name, deleted);
}

void wn_debugfs_end(struct wn_domain *domain)
{
	debugfs_remove(domain->debugfs.dir);
	domain->debugfs.dir = NULL;
}

void wn_debugfs_mount(struct wn_mount *mount, dev_t dev)
{
	char name[24];

	snprintf(name, sizeof(name), "%u:%u", MAJOR(dev), MINOR(dev));
	mount->debugfs = debugfs_create_dir(name, top);
}

void wn_debugfs_unmount(struct wn_mount *mount)
{
	debugfs_remove(mount->debugfs);
}

void wn_debugfs_init(void)
{
	top = debugfs_create_dir("worknode", NULL);
	deleted = debugfs_create_dir("deleted", top);
}

void wn_debugfs_exit(void)
{
	debugfs_remove(top);
}
