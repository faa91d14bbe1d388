// SPDX-License-Identifier: GPL-2.0-only
#include "region.h"
#include "main.h"

#include <linux/mm.h>
#include <linux/nospec.h>

#define TYPE_SHIFT	(WN_REGION_SHIFT - PAGE_SHIFT)	/* of a page offset */

void wn_windows_init(struct wn_windows *windows)
{
	init_rwsem(&windows->lock);
	xa_init(&windows->lanes);
}

void wn_windows_destroy(struct wn_windows *windows)
{
	WARN_ON_ONCE(!xa_empty(&windows->lanes));
	xa_destroy(&windows->lanes);
	if (windows->lane_scratch)
		put_page(windows->lane_scratch);
	if (windows->lane_blank)
		put_page(windows->lane_blank);
}

struct wn_region wn_window_region(const struct wn_window *window, u32 type)
{
	return (struct wn_region){
		.type = type,
		.flags = window->writable ? WN_REGION_F_WRITE : 0,
		.offset = WN_REGION_OFFSET(type),
		.bytes = (u64)window->nr << PAGE_SHIFT,
	};
}

u32 wn_windows_table(const struct wn_window *at, struct wn_region *table)
{
	u32 type, n = 0;

	for (type = 0; type < WN_REGION_TABLE; type++) {
		if (!at[type].nr || at[type].denied)
			continue;
		table[n++] = wn_window_region(&at[type], type);
	}
	return n;
}

/* The client's. A vma's own word says which lane's window it was made of. */
static struct wn_windows *windows_of(const struct vm_area_struct *vma)
{
	return vma->vm_file->f_mapping->host->i_private;
}

/* The window that a page offset lies in, or NULL. */
static const struct wn_window *find(struct wn_windows *windows, pgoff_t pgoff)
{
	unsigned long type = pgoff >> TYPE_SHIFT;

	if (type >= WN_REGION_LANES)
		return xa_load(&windows->lanes, type - WN_REGION_LANES);
	type = array_index_nospec(type, WN_REGION_TABLE);
	return windows->at[type].nr ? &windows->at[type] : NULL;
}

static vm_fault_t insert(struct vm_fault *vmf, bool shared, struct page *page)
{
	int err;

	if (shared)
		return vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(page));
	err = vm_insert_page(vmf->vma, vmf->address, page);
	if (!err || err == -EBUSY)	/* another thread was first */
		return VM_FAULT_NOPAGE;
	return err == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
}

/*
 * In place of a lane's page that went. What can be written is the client's scratch page;
 * what can only be read shows zeroes for ever, or one who has the first would write to
 * one who was given the second.
 */
static vm_fault_t insert_nothing(struct vm_fault *vmf, const struct wn_windows *windows)
{
	const unsigned long flags = vmf->vma->vm_flags;

	if (flags & VM_MAYWRITE)
		return insert(vmf, flags & VM_PFNMAP, windows->lane_scratch);
	if (flags & VM_PFNMAP)
		return insert(vmf, true, ZERO_PAGE(vmf->address));
	return insert(vmf, false, windows->lane_blank);
}

static struct page *page_of(const struct wn_window *window, unsigned long index)
{
	unsigned long front = window->pages->nr;

	if (index < front)
		return window->pages->page[array_index_nospec(index, front)];
	/* find() and fault() have looked: the rest is the ring, twice. */
	index = (index - front) % window->ring->nr;
	return window->ring->page[index];
}

static vm_fault_t fill(struct vm_fault *vmf, const struct wn_windows *windows,
		       const struct wn_window *window, unsigned long index)
{
	struct wn_slot_pages *slots = window->slots;
	unsigned long front;
	vm_fault_t ret;

	if (windows->scratch && window != &windows->at[windows->keep])
		return insert(vmf, window->shared, windows->scratch);
	if (window->denied)
		return insert(vmf, true, ZERO_PAGE(vmf->address));
	if (window->revoked && (index || window->writable))
		return insert_nothing(vmf, windows);
	front = slots && window->pages ? window->pages->nr : 0;
	if (!slots || index < front)
		return insert(vmf, window->shared, page_of(window, index));
	index -= front;
	down_read(&slots->lock);
	ret = insert(vmf, window->shared, slots->page[index] ?: ZERO_PAGE(vmf->address));
	up_read(&slots->lock);
	return ret;
}

/*
 * The page table entry is made under the lock. Were the page handed to the
 * caller instead, it could be mapped after its window was taken away and unmapped.
 */
static vm_fault_t fault(struct vm_fault *vmf)
{
	struct wn_windows *windows = windows_of(vmf->vma);
	unsigned long index = vmf->pgoff & ((1UL << TYPE_SHIFT) - 1);
	const struct wn_window *window;
	vm_fault_t ret = VM_FAULT_SIGBUS;

	down_read(&windows->lock);
	window = find(windows, vmf->pgoff);
	if (window && window->ticket != (unsigned long)vmf->vma->vm_private_data)
		window = NULL;
	if (window && index < window->nr)
		ret = fill(vmf, windows, window, array_index_nospec(index, window->nr));
	else if (vmf->pgoff >> TYPE_SHIFT >= WN_REGION_LANES && windows->lane_scratch)
		/* It was there when it was mapped. */
		ret = insert_nothing(vmf, windows);
	up_read(&windows->lock);
	return ret;
}

static const struct vm_operations_struct vm_ops = {
	.fault = fault,
};

void wn_windows_close(struct wn_windows *windows, struct address_space *space,
		      struct page *scratch, u32 keep)
{
	down_write(&windows->lock);
	windows->scratch = scratch;
	windows->keep = keep;
	unmap_mapping_range(space, 0, 0, 1);
	up_write(&windows->lock);
}

static void unmap(struct address_space *space, u32 type)
{
	unmap_mapping_range(space, WN_REGION_OFFSET(type), 1ULL << WN_REGION_SHIFT, 1);
}

void wn_windows_revoke(struct wn_windows *windows, struct address_space *space, u32 type,
		       struct wn_window *window)
{
	down_write(&windows->lock);
	window->revoked = true;
	unmap(space, type);
	up_write(&windows->lock);
}

void wn_windows_share(struct wn_windows *windows, struct address_space *space, bool may)
{
	struct wn_window *at = windows->at;

	down_write(&windows->lock);
	if (at[WN_REGION_PUBLIC].denied == may) {
		at[WN_REGION_PUBLIC].denied = !may;
		at[WN_REGION_ALL_SLOTS].denied = !may;
		/*
		 * In this order: who sums slots looks at the record's seq behind them. Where
		 * slots read as zeroes the record does by then, and the sum is not believed.
		 */
		unmap(space, WN_REGION_PUBLIC);
		unmap(space, WN_REGION_ALL_SLOTS);
	}
	up_write(&windows->lock);
}

void wn_region_unmap_page(struct address_space *space, u32 type, u32 index)
{
	unmap_mapping_range(space, WN_REGION_OFFSET(type) + ((loff_t)index << PAGE_SHIFT),
			    PAGE_SIZE, 1);
}

void wn_region_unmap_slots(struct address_space *space, u32 number)
{
	wn_region_unmap_page(space, WN_REGION_ALL_SLOTS, number);
}

/* The client's first one: what its lanes show when they are gone. */
static bool has_nothings(struct wn_windows *windows)
{
	const gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN;

	if (!windows->lane_blank)
		windows->lane_blank = alloc_page(gfp);
	/* Last: where there is this one faults look for both. */
	if (windows->lane_blank && !windows->lane_scratch)
		windows->lane_scratch = alloc_page(gfp);
	return windows->lane_scratch;
}

int wn_windows_add(struct wn_windows *windows, u32 type, struct wn_window *window)
{
	int err = -ENOMEM;

	down_write(&windows->lock);
	window->ticket = ++windows->tickets;
	if (has_nothings(windows))
		err = xa_err(xa_store(&windows->lanes, type - WN_REGION_LANES, window,
				      GFP_KERNEL_ACCOUNT | __GFP_NOWARN));
	up_write(&windows->lock);
	return err;
}

void wn_windows_remove(struct wn_windows *windows, struct address_space *space, u32 type)
{
	down_write(&windows->lock);
	/* Faults insert under the lock: nothing of it comes back behind the unmapping. */
	if (xa_erase(&windows->lanes, type - WN_REGION_LANES))
		unmap(space, type);
	up_write(&windows->lock);
}

const struct wn_window *wn_windows_lane(struct wn_windows *windows, u32 type)
{
	lockdep_assert_held(&windows->lock);
	return xa_load(&windows->lanes, type - WN_REGION_LANES);
}

static int check(struct wn_windows *windows, struct vm_area_struct *vma)
{
	const struct wn_window *window = find(windows, vma->vm_pgoff);

	if (!window || vma->vm_pgoff & ((1UL << TYPE_SHIFT) - 1) ||
	    vma_pages(vma) != window->nr || !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC || (vma->vm_flags & VM_WRITE && !window->writable) ||
	    window->denied)
		return -EACCES;
	return 0;
}

int wn_region_mmap(struct wn_windows *windows, struct vm_area_struct *vma)
{
	struct wn_window window = {};
	int err;

	down_read(&windows->lock);
	err = check(windows, vma);
	if (!err)
		window = *find(windows, vma->vm_pgoff);
	up_read(&windows->lock);
	if (err)
		return err;

	/* What was not asked for now must not come by mprotect later. */
	vm_flags_clear(vma, VM_MAYEXEC | (window.writable ? 0 : VM_MAYWRITE));
	/* DONTCOPY keeps a forked child from writing by accident; no more is meant. */
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP | VM_DONTCOPY);
	/* How fault() will insert its pages. */
	vm_flags_set(vma, window.shared ? VM_PFNMAP : VM_MIXEDMAP);
	vma->vm_private_data = (void *)window.ticket;
	vma->vm_ops = &vm_ops;
	return 0;
}
