/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arguments of ioctls: structs that start with their size and grow at their
 * end. The rules are in the uapi header's first comment.
 */
#ifndef WN_UARG_H
#define WN_UARG_H

#include <linux/types.h>

/*
 * Read the caller's struct over what is in arg, so that fields behind the
 * caller's size keep what the callee put there. Returns the caller's size or
 * an error. min: size of the struct's first version.
 */
int wn_uarg_get(void *arg, u32 size, u32 min, const void __user *uarg);

/*
 * Write back what was read, before anything is done: -EFAULT: it could not be answered. So a
 * bad address changes nothing.
 */
int wn_uarg_try(const void *arg, u32 size, u32 usize, void __user *uarg);

/* Write back what both know; the first field becomes the kernel's size. */
int wn_uarg_put(void *arg, u32 size, u32 usize, void __user *uarg);

#endif
