/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that is mapped to user space: single pages, zeroed, charged to the
 * memory cgroup of the caller, and mapped in a row for the kernel. A page is
 * never handed to a second user: freeing drops our reference, and a page that
 * somebody has pinned returns to the kernel when the last pin goes.
 */
#ifndef WN_PAGES_H
#define WN_PAGES_H

#include <linux/types.h>

struct page;

struct wn_pages {
	struct page **page;
	void *addr;
	unsigned long nr;
};

/* bytes > 0; -ENOMEM, or -EINTR for a caller that is being killed. */
int wn_pages_alloc(struct wn_pages *pages, u64 bytes);
/* The same, not mapped for the kernel: addr is NULL. */
int wn_pages_alloc_unmapped(struct wn_pages *pages, u64 bytes);
void wn_pages_free(struct wn_pages *pages);

/* What an allocation of so many bytes takes, array included. */
u64 wn_pages_cost(u64 bytes);

#endif
