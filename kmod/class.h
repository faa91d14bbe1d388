/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Classes of those who open a domain: its owner, of its group, or another, as for
 * mode bits; and what each may do. Privilege makes nobody more than that: who has
 * CAP_FOWNER can change the table, which is seen.
 */
#ifndef WN_CLASS_H
#define WN_CLASS_H

#include <linux/types.h>

struct file;
struct inode;
struct wn_domain;

/* The table of a new domain. */
void wn_classes_init(struct wn_domain *domain);

/* Who may change the table, as for chmod: who may can have any right. */
bool wn_class_may_set(const struct inode *inode);

/* Rights of the first capability of a client that the caller opens now. */
u32 wn_class_rights(const struct inode *inode);

/* WN_IOC_CLASSES, on control. */
long wn_classes_ioctl(struct file *file, void __user *uarg);

#endif
