/* SPDX-License-Identifier: GPL-2.0-only */
/* The control file of a mount, and the ioctls that every file of ours knows. */
#ifndef WN_CONTROL_H
#define WN_CONTROL_H

#include <linux/fs.h>

extern const struct file_operations wn_control_fops;

/* WN_IOC_QUERY and WN_IOC_BOUNDS; -ENOTTY for any other. */
long wn_query_ioctl(unsigned int cmd, void __user *uarg);

/* The name of a domain, NUL-padded: its length, -EINVAL or -ENAMETOOLONG. */
int wn_control_check_name(const u8 *name);

#endif
