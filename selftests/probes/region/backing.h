/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory of a region: an array of pages, each held by one reference of
 * the array, whatever they came from. The caller of backing_new() is charged.
 */
#ifndef WN_PROBE_BACKING_H
#define WN_PROBE_BACKING_H

#include <linux/types.h>

struct file;
struct page;
struct vfsmount;

struct backing {
	unsigned int kind;
	unsigned int npages;
	struct page **pages;
	void *vaddr;		/* the kernel's view of the first pages */
	struct file *shmem;
	pgoff_t shmem_next;	/* no index of the object is used twice */
	struct vfsmount *mnt;
};

struct backing *backing_new(unsigned int kind, unsigned int npages, bool may_kill);
void backing_free(struct backing *b);
unsigned int backing_kernel_2m(const struct backing *b);

/*
 * A page for a slot that changes hands, and the end of the one it replaces
 * (or of one that was never put to use). Neither is in b->vaddr.
 */
struct page *backing_page_new(struct backing *b);
void backing_page_free(struct backing *b, struct page *page);

#endif
