// SPDX-License-Identifier: GPL-2.0-only
#include "pages.h"
#include "main.h"

#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

/*
 * RETRY_MAYFAIL: a caller that meets its cgroup's limit gets -ENOMEM, not the
 * OOM killer. NOWARN: that is an answer, not an event for the kernel's log.
 */
#define WN_GFP	(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

u64 wn_pages_cost(u64 bytes)
{
	u64 nr = DIV_ROUND_UP_ULL(bytes, PAGE_SIZE);

	return nr * PAGE_SIZE + nr * sizeof(struct page *);
}

void wn_pages_free(struct wn_pages *pages)
{
	unsigned long i;

	if (pages->addr)
		vunmap(pages->addr);
	for (i = 0; i < pages->nr; i++) {
		put_page(pages->page[i]);
		cond_resched();
	}
	kvfree(pages->page);
	*pages = (struct wn_pages){};
}

int wn_pages_alloc_unmapped(struct wn_pages *pages, u64 bytes)
{
	unsigned long want = DIV_ROUND_UP_ULL(bytes, PAGE_SIZE);
	int err = -ENOMEM;

	*pages = (struct wn_pages){};
	pages->page = kvmalloc_array(want, sizeof(*pages->page),
				     GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (!pages->page)
		return -ENOMEM;
	while (pages->nr < want) {
		struct page *page;

		if (fatal_signal_pending(current)) {
			err = -EINTR;
			goto err;
		}
		page = alloc_page(WN_GFP);
		if (!page)
			goto err;
		pages->page[pages->nr++] = page;
		cond_resched();
	}
	return 0;

err:
	wn_pages_free(pages);
	return err;
}

int wn_pages_alloc(struct wn_pages *pages, u64 bytes)
{
	int err = wn_pages_alloc_unmapped(pages, bytes);

	if (err)
		return err;
	pages->addr = vmap(pages->page, pages->nr, VM_MAP, PAGE_KERNEL);
	if (pages->addr)
		return 0;
	wn_pages_free(pages);
	return -ENOMEM;
}
