/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clients, the regions they share, and what they see of them.
 *
 * Locks, outer to inner:
 *
 *   mmap_lock -> client->lock -> region->lock -> i_mmap_rwsem, page tables
 *
 * client->lock   shared: one page is looked up and inserted
 *                exclusive: a window of this client is revoked
 * region->lock   shared: pages[] is read; exclusive: a page is replaced
 */
#ifndef WN_PROBE_VIEW_H
#define WN_PROBE_VIEW_H

#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/rwsem.h>
#include <linux/types.h>

#include "probe.h"

struct address_space;
struct backing;
struct file;
struct inode;
struct page;
struct vm_area_struct;

struct region {
	struct kref ref;
	struct rw_semaphore lock;
	struct backing *backing;
	struct list_head clients;	/* under lock */
};

struct client {
	struct rw_semaphore lock;
	struct region *region;		/* set once */
	struct list_head node;
	struct address_space *mapping;
	struct inode *inode;		/* private one, or NULL */
	struct page *scratch;
	pgoff_t base;
	unsigned int insert;
	unsigned int flags;
	bool mapped;			/* insert and flags stand */
	unsigned int revoked_first;
	unsigned int revoked_count;

	unsigned int stall;
	struct completion stalled;
	struct completion resume;
};

int view_mmap(struct file *file, struct vm_area_struct *vma);
void view_revoke(struct client *c, struct probe_revoke *r);
int view_take(struct client *c, struct probe_take *t);

#endif
