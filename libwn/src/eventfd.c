// SPDX-License-Identifier: MIT
#include "transport.h"

static int call(struct wn *wn, __u32 what, int fd)
{
	struct wn_eventfd_args e = { .size = sizeof(e), .flags = what, .fd = fd };

	return *wn->alive ? wn_call(wn, WN_IOC_EVENTFD, &e) : -EOWNERDEAD;
}

WN_API int wn_eventfd_add(struct wn *wn, __u32 what, int fd)
{
	/* To the engine it would mean to take one out. */
	return fd < 0 ? -EBADF : call(wn, what, fd);
}

WN_API int wn_eventfd_remove(struct wn *wn, __u32 what)
{
	return call(wn, what, -1);
}
