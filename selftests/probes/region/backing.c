// SPDX-License-Identifier: GPL-2.0-only
#include "backing.h"

#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#ifdef CONFIG_X86_64
#include <asm/pgtable_types.h>
#endif

#include "probe.h"

#define HUGE_PAGES (1U << (PMD_SHIFT - PAGE_SHIFT))
#define SHMEM_SPARE 16		/* the object is sparse, so many times the region */

/*
 * With plain GFP_KERNEL a full memory cgroup calls its OOM killer, and the
 * caller is the likeliest victim. __GFP_RETRY_MAYFAIL reclaims and then fails.
 */
static gfp_t region_gfp(bool may_kill)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN;

	return may_kill ? gfp : gfp | __GFP_RETRY_MAYFAIL;
}

static int fill_pages(struct backing *b, gfp_t gfp)
{
	unsigned int i;

	for (i = 0; i < b->npages; i++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		b->pages[i] = alloc_page(gfp);
		if (!b->pages[i])
			return -ENOMEM;
	}
	return 0;
}

static int fill_compound(struct backing *b, gfp_t gfp)
{
	unsigned int i, j;

	for (i = 0; i < b->npages; i += HUGE_PAGES) {
		struct page *head = alloc_pages(gfp | __GFP_COMP, PMD_SHIFT - PAGE_SHIFT);

		if (!head)
			return -ENOMEM;
		for (j = 0; j < HUGE_PAGES; j++) {
			b->pages[i + j] = nth_page(head, j);
			if (j)
				get_page(head);
		}
	}
	return 0;
}

static int fill_vmalloc(struct backing *b, gfp_t gfp)
{
	unsigned int i;

	b->vaddr = vmalloc_huge((unsigned long)b->npages << PAGE_SHIFT, gfp);
	if (!b->vaddr)
		return -ENOMEM;
	for (i = 0; i < b->npages; i++) {
		b->pages[i] = vmalloc_to_page(b->vaddr + ((unsigned long)i << PAGE_SHIFT));
		get_page(b->pages[i]);
	}
	return 0;
}

/* The mount that every kernel user of shmem shares takes huge= from sysfs only. */
static struct vfsmount *huge_mount(void)
{
	struct file_system_type *type = get_fs_type("tmpfs");
	char opts[] = "huge=always";
	struct vfsmount *mnt;

	if (!type)
		return ERR_PTR(-ENODEV);
	mnt = vfs_kern_mount(type, SB_KERNMOUNT, type->name, opts);
	module_put(type->owner);
	return mnt;
}

static gfp_t shmem_gfp(const struct backing *b, bool may_kill)
{
	return mapping_gfp_mask(b->shmem->f_mapping) | __GFP_NOWARN |
	       (may_kill ? 0 : __GFP_RETRY_MAYFAIL);
}

static int fill_shmem(struct backing *b, bool may_kill)
{
	loff_t size = ((loff_t)b->npages * SHMEM_SPARE) << PAGE_SHIFT;
	struct file *file;
	unsigned int i;

	if (b->kind == PROBE_SHMEM_HUGE) {
		struct vfsmount *mnt = huge_mount();

		if (IS_ERR(mnt))
			return PTR_ERR(mnt);
		b->mnt = mnt;
		file = shmem_file_setup_with_mnt(mnt, "wn_probe_region", size, VM_NORESERVE);
	} else {
		file = shmem_file_setup("wn_probe_region", size, VM_NORESERVE);
	}
	if (IS_ERR(file))
		return PTR_ERR(file);
	b->shmem = file;

	/* The references below pin the pages; spare reclaim the scanning of them. */
	mapping_set_unevictable(file->f_mapping);
	for (i = 0; i < b->npages; i++) {
		struct page *page;

		if (fatal_signal_pending(current))
			return -EINTR;
		page = shmem_read_mapping_page_gfp(file->f_mapping, i,
						   shmem_gfp(b, may_kill));
		if (IS_ERR(page))
			return PTR_ERR(page);
		b->pages[i] = page;
	}
	b->shmem_next = b->npages;
	return 0;
}

struct backing *backing_new(unsigned int kind, unsigned int npages, bool may_kill)
{
	gfp_t gfp = region_gfp(may_kill);
	struct backing *b;
	int err;

	b = kzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	if (!b)
		return ERR_PTR(-ENOMEM);
	b->kind = kind;
	b->npages = npages;
	if (kind == PROBE_PAGES_HUGE || kind == PROBE_SHMEM_HUGE)
		b->npages = round_up(npages, HUGE_PAGES);
	b->pages = kvcalloc(b->npages, sizeof(*b->pages), gfp);
	if (!b->pages) {
		kfree(b);
		return ERR_PTR(-ENOMEM);
	}

	switch (kind) {
	case PROBE_PAGES:
		err = fill_pages(b, gfp);
		break;
	case PROBE_PAGES_HUGE:
		err = fill_compound(b, gfp);
		break;
	case PROBE_VMALLOC_HUGE:
		err = fill_vmalloc(b, gfp);
		break;
	default:
		err = fill_shmem(b, may_kill);
	}
	if (!err && !b->vaddr) {
		b->vaddr = vmap(b->pages, b->npages, VM_MAP, PAGE_KERNEL);
		if (!b->vaddr)
			err = -ENOMEM;
	}
	if (err) {
		backing_free(b);
		return ERR_PTR(err);
	}
	return b;
}

void backing_free(struct backing *b)
{
	unsigned int i;

	if (b->vaddr && b->kind != PROBE_VMALLOC_HUGE)
		vunmap(b->vaddr);
	for (i = 0; i < b->npages; i++)
		if (b->pages[i])
			put_page(b->pages[i]);
	if (b->vaddr && b->kind == PROBE_VMALLOC_HUGE)
		vfree(b->vaddr);
	if (b->shmem)
		fput(b->shmem);
	if (b->mnt)
		kern_unmount(b->mnt);
	kvfree(b->pages);
	kfree(b);
}

/* How many huge mappings the kernel's own view consists of. */
unsigned int backing_kernel_2m(const struct backing *b)
{
	unsigned int n = 0;
#ifdef CONFIG_X86_64
	unsigned int i, level;

	for (i = 0; i < b->npages; i += HUGE_PAGES) {
		unsigned long addr = (unsigned long)b->vaddr + ((unsigned long)i << PAGE_SHIFT);

		if (lookup_address(addr, &level) && level == PG_LEVEL_2M)
			n++;
	}
#endif
	return n;
}

struct page *backing_page_new(struct backing *b)
{
	struct page *page;

	if (!b->shmem)
		return alloc_page(region_gfp(false));
	if (b->shmem_next >= (pgoff_t)b->npages * SHMEM_SPARE)
		return NULL;
	page = shmem_read_mapping_page_gfp(b->shmem->f_mapping, b->shmem_next++,
					   shmem_gfp(b, false));
	return IS_ERR(page) ? NULL : page;
}

void backing_page_free(struct backing *b, struct page *page)
{
	loff_t at = (loff_t)page->index << PAGE_SHIFT;

	put_page(page);
	if (b->shmem)
		shmem_truncate_range(file_inode(b->shmem), at, at + PAGE_SIZE - 1);
}
