// SPDX-License-Identifier: MIT
#include "arg.h"

#include <string.h>

#define ARG_MAX_BYTES	4096U

int wn_embed_arg_get(void *arg, u32 size, u32 min, const void *from)
{
	const u8 *bytes = from;
	u32 caller, i;

	memcpy(&caller, from, sizeof(caller));
	if (caller < min || caller > ARG_MAX_BYTES || caller % 8)
		return -EINVAL;
	for (i = size; i < caller; i++)
		if (bytes[i])
			return -E2BIG;
	memcpy(arg, from, caller < size ? caller : size);
	return (int)caller;
}

void wn_embed_arg_put(void *arg, u32 size, u32 caller, void *to)
{
	memcpy(arg, &size, sizeof(size));
	memcpy(to, arg, caller < size ? caller : size);
}
