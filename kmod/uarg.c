// SPDX-License-Identifier: GPL-2.0-only
#include "uarg.h"
#include "main.h"

#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/uaccess.h>

#define WN_UARG_MAX	4096U	/* more than any struct will have */

int wn_uarg_get(void *arg, u32 size, u32 min, const void __user *uarg)
{
	u32 usize, known;
	int rest;

	if (get_user(usize, (const u32 __user *)uarg))
		return -EFAULT;
	if (usize < min || usize > WN_UARG_MAX || usize % 8)
		return -EINVAL;
	if (usize > size) {
		rest = check_zeroed_user(uarg + size, usize - size);
		if (rest < 0)
			return rest;
		if (!rest)
			return -E2BIG;
	}
	known = min(size, usize);
	/* The size was read before: what a racing writer puts there is not looked at. */
	if (copy_from_user(arg, uarg, known))
		return -EFAULT;
	*(u32 *)arg = usize;
	return usize;
}

int wn_uarg_try(const void *arg, u32 size, u32 usize, void __user *uarg)
{
	return copy_to_user(uarg, arg, min(size, usize)) ? -EFAULT : 0;
}

int wn_uarg_put(void *arg, u32 size, u32 usize, void __user *uarg)
{
	*(u32 *)arg = size;
	return wn_uarg_try(arg, size, usize, uarg);
}
