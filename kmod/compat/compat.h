/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything about kernel versions, included before any other header by the
 * build. The code is written for the newest kernel; what older ones lack is
 * filled in here, and nothing elsewhere asks for a version.
 */
#ifndef WN_COMPAT_H
#define WN_COMPAT_H

#include <linux/version.h>
#include <linux/fs.h>
#include <linux/mm.h>

/* 6.3: idmapped mounts have a type of their own. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define mnt_idmap user_namespace

static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/* 6.8: it always adds one. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#include <linux/eventfd.h>
#define eventfd_signal(ctx)	eventfd_signal(ctx, 1)
#endif

/* 6.6: accessors of the inode's times. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
/* Macros, for 6.1 takes some of these over from newer kernels now and then. */
static inline struct timespec64 wn_compat_init_ts(struct inode *inode)
{
	inode->i_mtime = inode->i_atime = inode->i_ctime = current_time(inode);
	return inode->i_ctime;
}
#define simple_inode_init_ts(inode)	wn_compat_init_ts(inode)

static inline struct timespec64 wn_compat_ctime(struct inode *inode)
{
	return inode->i_ctime = current_time(inode);
}
#define inode_set_ctime_current(inode)	wn_compat_ctime(inode)
#define inode_set_mtime_to_ts(inode, ts) ((inode)->i_mtime = (ts))
#endif

#endif
