/* SPDX-License-Identifier: MIT */
/*
 * What the probe module and its test program say to each other.
 *
 * Each open of a device is one client. A client makes a region or joins that
 * of another client, says how its pages shall be inserted, and maps it: page
 * offset = base + index of the page. /dev/wn_probe_inode gives every client
 * an address_space of its own (base is always 0), /dev/wn_probe_window one
 * for all of them and a window of page offsets for each.
 */
#ifndef WN_REGION_PROBE_H
#define WN_REGION_PROBE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define PROBE_WINDOW	(1U << 16)	/* pages between two windows */

/* What backs a region. */
enum {
	PROBE_PAGES,		/* array of single pages, vmapped */
	PROBE_SHMEM,		/* pinned pages of a shmem object nobody gets */
	PROBE_PAGES_HUGE,	/* array over compound pages of 2 MB */
	PROBE_SHMEM_HUGE,	/* as shmem, on an own mount with huge=always */
	PROBE_VMALLOC_HUGE,	/* vmalloc_huge(): huge for the kernel only */
	PROBE_BACKINGS,
};

/* How a page gets into a mapping. */
enum {
	PROBE_RETURN,		/* .fault returns it, the core inserts it later */
	PROBE_LOCKED,		/* the same with the page locked, as filesystems do */
	PROBE_INSERT,		/* .fault inserts it under the client's lock */
	PROBE_AROUND,		/* as INSERT, but all pages of the mapping at once */
	PROBE_MMAP,		/* .mmap inserts all pages */
	PROBE_PFN,		/* as INSERT, as a special PTE without a reference */
	PROBE_PFN_AROUND,	/* the same, all pages of the mapping at once */
	PROBE_PFN_HUGE,		/* the same, by 2 MB where the kernel lets us */
	PROBE_INSERTS,
};

#define PROBE_MAKE_OOM		(1U << 0)	/* plain GFP_KERNEL: may kill */

#define PROBE_VIEW_IO		(1U << 0)	/* set VM_IO */
#define PROBE_VIEW_MAYWRITE	(1U << 1)	/* leave VM_MAYWRITE on read-only maps */
#define PROBE_VIEW_DUMP		(1U << 2)	/* leave VM_DONTDUMP out */
#define PROBE_VIEW_FORK		(1U << 3)	/* leave VM_DONTCOPY out */
#define PROBE_VIEW_MKWRITE	(1U << 4)	/* have a .page_mkwrite */

/* Whose page a taker gets. */
enum {
	PROBE_RECYCLE,		/* the same, zeroed */
	PROBE_FRESH,		/* a new one; the old leaves the region */
};

enum {
	PROBE_STALL_NONE,
	PROBE_STALL_FAULT,	/* in .fault: page looked up, not yet inserted */
	PROBE_STALL_MMAP,	/* in .mmap: pages inserted, mapping not yet linked */
};

struct probe_make {
	__u32 backing;
	__u32 npages;
	__u32 flags;
	__u32 kernel_2m;	/* out: huge mappings in the kernel's view */
	__u64 ns;		/* out */
};

struct probe_view {
	__u32 insert;
	__u32 flags;
	__u32 base;		/* out */
	__u32 pad;
};

struct probe_revoke {
	__s32 client;		/* file descriptor */
	__u32 first;
	__u32 count;
	__u32 pad;
	__u64 lock_ns;		/* out: waited for the lock */
	__u64 unmap_ns;		/* out: marked and unmapped */
};

struct probe_take {
	__u32 first;
	__u32 count;
	__u32 policy;
	__u32 pad;
	__u64 ns;		/* out */
};

struct probe_word {
	__u32 index;
	__u32 refs;		/* out: references of the page */
	__u64 value;
};

#define PROBE_IOC_MAKE		_IOWR('P', 1, struct probe_make)
#define PROBE_IOC_JOIN		_IOW('P', 2, __s32)
#define PROBE_IOC_VIEW		_IOWR('P', 3, struct probe_view)
#define PROBE_IOC_REVOKE	_IOWR('P', 4, struct probe_revoke)
#define PROBE_IOC_TAKE		_IOWR('P', 5, struct probe_take)
#define PROBE_IOC_PEEK		_IOWR('P', 6, struct probe_word)
#define PROBE_IOC_POKE		_IOWR('P', 7, struct probe_word)
#define PROBE_IOC_STALL		_IOW('P', 8, __u32)	/* arm */
#define PROBE_IOC_STALLED	_IO('P', 9)	/* wait until someone stalls */
#define PROBE_IOC_RESUME	_IO('P', 10)

#endif
