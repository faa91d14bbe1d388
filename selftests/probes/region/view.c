// SPDX-License-Identifier: GPL-2.0-only
#include "view.h"

#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pfn_t.h>
#include <linux/slab.h>

#include "backing.h"
#include "compat.h"

/* Makes a race that lasts nanoseconds last as long as a test needs. */
static void stall(struct client *c, unsigned int point)
{
	if (READ_ONCE(c->stall) != point)
		return;
	WRITE_ONCE(c->stall, PROBE_STALL_NONE);
	complete(&c->stalled);
	wait_for_completion_timeout(&c->resume, 5 * HZ);
}

/* A revoked client keeps a page to scribble on, so that it need not crash. */
static struct page *client_page(const struct client *c, pgoff_t index)
{
	if (index - c->revoked_first < c->revoked_count)
		return c->scratch;
	return c->region->backing->pages[index];
}

static vm_fault_t insert_result(int err)
{
	if (err == -ENOMEM)
		return VM_FAULT_OOM;
	return err && err != -EBUSY ? VM_FAULT_SIGBUS : VM_FAULT_NOPAGE;
}

/* What of the mapping lies in the same page table as addr: 512 pages at most. */
static unsigned long around(struct vm_area_struct *vma, unsigned long addr, unsigned long *start)
{
	unsigned long end = min(vma->vm_end, (addr & PMD_MASK) + PMD_SIZE);

	*start = max(vma->vm_start, addr & PMD_MASK);
	return (end - *start) >> PAGE_SHIFT;
}

static vm_fault_t pfn_around(struct client *c, struct vm_area_struct *vma, unsigned long addr)
{
	unsigned long start, i, n = around(vma, addr, &start);
	pgoff_t index = vma->vm_pgoff - c->base + ((start - vma->vm_start) >> PAGE_SHIFT);
	vm_fault_t ret = VM_FAULT_NOPAGE;

	for (i = 0; i < n && ret == VM_FAULT_NOPAGE; i++)
		ret = vmf_insert_pfn(vma, start + (i << PAGE_SHIFT),
				     page_to_pfn(client_page(c, index + i)));
	return ret;
}

static int insert_around(struct client *c, struct vm_area_struct *vma, unsigned long addr)
{
	unsigned long start, i, left, n = around(vma, addr, &start);
	pgoff_t index = vma->vm_pgoff - c->base + ((start - vma->vm_start) >> PAGE_SHIFT);
	struct page **pages;
	int err;

	pages = kmalloc_array(n, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		pages[i] = client_page(c, index + i);
	left = n;
	err = vm_insert_pages(vma, start, pages, &left);
	kfree(pages);
	/* Something is there already, so this is not the first fault: only ours. */
	if (err == -EBUSY) {
		index = vma->vm_pgoff - c->base + ((addr - vma->vm_start) >> PAGE_SHIFT);
		err = vm_insert_page(vma, addr, client_page(c, index));
	}
	return err;
}

static vm_fault_t view_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct client *c = vma->vm_private_data;
	pgoff_t index = vmf->pgoff - c->base;
	vm_fault_t ret = VM_FAULT_SIGBUS;
	struct page *page;

	down_read(&c->lock);
	down_read(&c->region->lock);
	if (index >= c->region->backing->npages)
		goto out;
	page = client_page(c, index);

	switch (c->insert) {
	case PROBE_RETURN:
	case PROBE_LOCKED:
		get_page(page);
		ret = 0;
		if (c->insert == PROBE_LOCKED) {
			lock_page(page);
			ret = VM_FAULT_LOCKED;
		}
		vmf->page = page;
		up_read(&c->region->lock);
		up_read(&c->lock);
		stall(c, PROBE_STALL_FAULT);
		return ret;
	case PROBE_AROUND:
		stall(c, PROBE_STALL_FAULT);
		ret = insert_result(insert_around(c, vma, vmf->address));
		break;
	case PROBE_PFN_AROUND:
		stall(c, PROBE_STALL_FAULT);
		ret = pfn_around(c, vma, vmf->address);
		break;
	case PROBE_PFN:
	case PROBE_PFN_HUGE:
		stall(c, PROBE_STALL_FAULT);
		ret = vmf_insert_pfn(vma, vmf->address, page_to_pfn(page));
		break;
	default:
		stall(c, PROBE_STALL_FAULT);
		ret = insert_result(vm_insert_page(vma, vmf->address, page));
	}
out:
	up_read(&c->region->lock);
	up_read(&c->lock);
	return ret;
}

static vm_fault_t view_mkwrite(struct vm_fault *vmf)
{
	lock_page(vmf->page);
	return VM_FAULT_LOCKED;
}

/* Huge special PMDs: 6.12 asks for them, 6.1 does not in such a mapping. */
static vm_fault_t huge_pfn(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct client *c = vma->vm_private_data;
	unsigned long addr = vmf->address & PMD_MASK;
	pgoff_t index = vma->vm_pgoff - c->base + ((addr - vma->vm_start) >> PAGE_SHIFT);
	vm_fault_t ret = VM_FAULT_FALLBACK;
	struct page *page;

	if (addr < vma->vm_start || addr + PMD_SIZE > vma->vm_end)
		return ret;
	down_read(&c->lock);
	down_read(&c->region->lock);
	page = client_page(c, index);
	if (c->insert == PROBE_PFN_HUGE && !c->revoked_count &&
	    IS_ALIGNED(page_to_pfn(page), PMD_SIZE >> PAGE_SHIFT))
		ret = vmf_insert_pfn_pmd(vmf, page_to_pfn_t(page), vmf->flags & FAULT_FLAG_WRITE);
	up_read(&c->region->lock);
	up_read(&c->lock);
	return ret;
}

#ifdef HAVE_HUGE_FAULT_ORDER
static vm_fault_t view_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	return order == PMD_SHIFT - PAGE_SHIFT ? huge_pfn(vmf) : VM_FAULT_FALLBACK;
}
#else
static vm_fault_t view_huge_fault(struct vm_fault *vmf, enum page_entry_size size)
{
	return size == PE_SIZE_PMD ? huge_pfn(vmf) : VM_FAULT_FALLBACK;
}
#endif

static const struct vm_operations_struct view_ops = {
	.fault = view_fault,
	.huge_fault = view_huge_fault,
};

static const struct vm_operations_struct view_ops_mkwrite = {
	.fault = view_fault,
	.page_mkwrite = view_mkwrite,
};

static int insert_at_mmap(struct client *c, struct vm_area_struct *vma)
{
	unsigned long n = vma_pages(vma);
	int err;

	down_read(&c->lock);
	down_read(&c->region->lock);
	err = vm_insert_pages(vma, vma->vm_start,
			      c->region->backing->pages + vma->vm_pgoff - c->base, &n);
	up_read(&c->region->lock);
	up_read(&c->lock);
	return err;
}

int view_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct client *c = file->private_data;
	struct region *r = smp_load_acquire(&c->region);
	pgoff_t index = vma->vm_pgoff - c->base;
	int err;

	if (!r || !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (index >= r->backing->npages || vma_pages(vma) > r->backing->npages - index)
		return -EINVAL;

	vm_flags_set(vma, VM_DONTEXPAND);
	vm_flags_clear(vma, VM_MAYEXEC);
	if (!(c->flags & PROBE_VIEW_FORK))
		vm_flags_set(vma, VM_DONTCOPY);
	if (!(c->flags & PROBE_VIEW_DUMP))
		vm_flags_set(vma, VM_DONTDUMP);
	if (!(vma->vm_flags & VM_WRITE) && !(c->flags & PROBE_VIEW_MAYWRITE))
		vm_flags_clear(vma, VM_MAYWRITE);
	if (c->flags & PROBE_VIEW_IO)
		vm_flags_set(vma, VM_IO);
	/*
	 * Not for the first two kinds: with VM_MIXEDMAP the kernel would not drop
	 * the reference of a huge page that it inserts itself.
	 */
	if (c->insert >= PROBE_PFN)
		vm_flags_set(vma, VM_PFNMAP | VM_IO);
	else if (c->insert >= PROBE_INSERT)
		vm_flags_set(vma, VM_MIXEDMAP);
	c->mapped = true;
	vma->vm_private_data = c;
	vma->vm_ops = c->flags & PROBE_VIEW_MKWRITE ? &view_ops_mkwrite : &view_ops;

	if (c->insert == PROBE_MMAP) {
		err = insert_at_mmap(c, vma);
		if (err)
			return err;
		stall(c, PROBE_STALL_MMAP);
	}
	return 0;
}

static void unmap(struct client *c, unsigned int first, unsigned int count)
{
	unmap_mapping_range(c->mapping, (loff_t)(c->base + first) << PAGE_SHIFT,
			    (loff_t)count << PAGE_SHIFT, 1);
}

/*
 * Every fault that saw the window unrevoked has its page inserted before the
 * lock is had, hence unmapped here. With PROBE_LOCKED it still may be on its
 * way, but holds the lock of the page.
 */
void view_revoke(struct client *c, struct probe_revoke *r)
{
	u64 t0 = ktime_get_ns(), t1;
	unsigned int i;

	down_write(&c->lock);
	t1 = ktime_get_ns();
	c->revoked_first = r->first;
	c->revoked_count = r->count;
	if (c->insert != PROBE_LOCKED)
		unmap(c, r->first, r->count);
	up_write(&c->lock);

	if (c->insert == PROBE_LOCKED) {
		for (i = 0; i < r->count; i++) {
			struct page *page = c->region->backing->pages[r->first + i];

			lock_page(page);
			unlock_page(page);
		}
		unmap(c, r->first, r->count);
	}
	r->lock_ns = t1 - t0;
	r->unmap_ns = ktime_get_ns() - t1;
}

/* Slots change hands: what the new owner gets, every reader gets too. */
int view_take(struct client *c, struct probe_take *t)
{
	struct region *r = c->region;
	struct page **fresh = NULL;
	struct client *peer;
	unsigned int i;
	u64 t0;
	int err = 0;

	if (t->policy == PROBE_FRESH) {
		fresh = kvcalloc(t->count, sizeof(*fresh), GFP_KERNEL);
		if (!fresh)
			return -ENOMEM;
		for (i = 0; i < t->count; i++) {
			fresh[i] = backing_page_new(r->backing);
			if (!fresh[i]) {
				err = -ENOMEM;
				goto out;
			}
		}
	}

	t0 = ktime_get_ns();
	down_write(&r->lock);
	for (i = 0; i < t->count; i++) {
		struct page **slot = &r->backing->pages[t->first + i];

		if (fresh)
			swap(*slot, fresh[i]);
		else
			clear_highpage(*slot);
	}
	if (fresh)
		list_for_each_entry(peer, &r->clients, node)
			unmap(peer, t->first, t->count);
	up_write(&r->lock);
	t->ns = ktime_get_ns() - t0;
out:
	for (i = 0; fresh && i < t->count; i++)
		if (fresh[i])
			backing_page_free(r->backing, fresh[i]);
	kvfree(fresh);
	return err;
}
