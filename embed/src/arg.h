/* SPDX-License-Identifier: MIT */
/* Structs that grow at their end, by the rule at the top of <linux/worknode.h>. */
#ifndef WN_EMBED_ARG_H
#define WN_EMBED_ARG_H

#include "kmod/core/port.h"

/*
 * Copy the caller's struct to arg, of size bytes with min in its first version and
 * zeroed or filled with defaults. Returns the caller's size, or -EINVAL, -E2BIG.
 */
int wn_embed_arg_get(void *arg, u32 size, u32 min, const void *from);

/* Copy back what the caller has room for. */
void wn_embed_arg_put(void *arg, u32 size, u32 caller, void *to);

#endif
