/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Regions: which page lies where in a client's address space. Each client has
 * an address space of its own behind its file, so that offsets are the same
 * constants for all and one client's windows can be taken away alone.
 */
#ifndef WN_REGION_H
#define WN_REGION_H

#include <linux/rwsem.h>
#include <linux/xarray.h>
#include <linux/worknode.h>

#include "pages.h"

struct address_space;
struct page;
struct vm_area_struct;

/*
 * A window shows one region. Its pages outlive the client's file, and a page that
 * is not shared belongs to this client alone and is never given to another: it may
 * be pinned (a registered buffer, vmsplice, O_DIRECT), the pin reaches nobody.
 *
 * A lane's pages have two clients, and live no longer than they both have a use for
 * them: an end that goes, or is taken away, ends the lane for the other side. What is
 * pinned then is of nobody, and the other side believed none of it before. But a fan
 * goes on without one of its consumers: what these read is shared.
 *
 * What is shared lives on when this client has lost its right to it, so it must
 * not be pinned: its page table entries are special, which every way of pinning
 * refuses. docs/decisions/0001-region-memory.md has the experiments.
 */
struct wn_window {
	unsigned long nr;		/* pages; 0: there is no such region */
	const struct wn_pages *pages;
	const struct wn_pages *ring;	/* behind pages, twice in a row; or NULL */
	struct wn_slot_pages *slots;	/* behind pages, or in their place: they change hands */
	bool writable;
	bool shared;
	unsigned long ticket;		/* of a lane's: what was mapped of another is not this */
	bool denied;			/* the client has no right to it now: reads as zeroes */
	bool revoked;			/* of a lane: its first page is left, to be read */
};

/*
 * The slot pages of all clients of a domain, by number. They change hands: under
 * lock, and with what was mapped unmapped.
 */
struct wn_slot_pages {
	struct rw_semaphore lock;
	struct page **page;		/* NULL: nobody's, reads as zeroes */
	u32 nr;
};

/*
 * lock: held shared by faults and mmap, exclusively by whoever changes a
 * window. It nests inside mmap_lock: no user memory is touched under it.
 */
struct wn_windows {
	struct rw_semaphore lock;
	struct page *scratch;		/* in place of all others once the client is dead */
	u32 keep;			/* but of this one */
	struct wn_window at[WN_REGION_TABLE];
	struct xarray lanes;		/* windows by type - WN_REGION_LANES */
	unsigned long tickets;		/* given to lanes' windows */
	struct page *lane_scratch;	/* in place of those that went; once there was one */
	struct page *lane_blank;	/* the same of those that can only be read: zeroes */
};

void wn_windows_init(struct wn_windows *windows);
void wn_windows_destroy(struct wn_windows *windows);

/* A lane's window, of a type from WN_REGION_LANES on: -ENOMEM. It is the caller's. */
int wn_windows_add(struct wn_windows *windows, u32 type, struct wn_window *window);
/*
 * What is mapped goes; who touches it again gets a scratch page, or zeroes if it may only
 * read, also when another window has that type by then.
 */
void wn_windows_remove(struct wn_windows *windows, struct address_space *space, u32 type);
/* Under windows->lock. NULL: there is none. */
const struct wn_window *wn_windows_lane(struct wn_windows *windows, u32 type);

/* A window as the uapi tells of it. */
struct wn_region wn_window_region(const struct wn_window *window, u32 type);

/*
 * The client is dead: what of its windows is mapped goes, and who touches it again
 * gets the scratch page, which nobody reads. The window keep stays as it is.
 */
void wn_windows_close(struct wn_windows *windows, struct address_space *space,
		      struct page *scratch, u32 keep);

/*
 * A lane's window: all but its first page, if that is to be read, is the scratch page or
 * zeroes from now on.
 */
void wn_windows_revoke(struct wn_windows *windows, struct address_space *space, u32 type,
		       struct wn_window *window);

/* Whether the client may see what is shared. What it had mapped stays, and reads as zeroes. */
void wn_windows_share(struct wn_windows *windows, struct address_space *space, bool may);

/* A page of a window. */
void wn_region_unmap_page(struct address_space *space, u32 type, u32 index);

/* A client's page in the window of all slot pages. */
void wn_region_unmap_slots(struct address_space *space, u32 number);

/* Fill the uapi table with what can be mapped; returns the number of entries. */
u32 wn_windows_table(const struct wn_window *at, struct wn_region *table);

/*
 * -EINVAL: no region at this offset, not its whole length, or not MAP_SHARED;
 * -EACCES: writable where it must not be, or executable (asked for by PROT_EXEC,
 * the VFS refuses that before us, with -EPERM: the mount is noexec).
 */
int wn_region_mmap(struct wn_windows *windows, struct vm_area_struct *vma);

#endif
