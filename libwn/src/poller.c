// SPDX-License-Identifier: MIT
#include "transport.h"

static int call(struct wn *wn, struct wn_poll_args *p)
{
	return *wn->alive ? wn_call(wn, WN_IOC_POLL, p) : -EOWNERDEAD;
}

WN_API int wn_poller_start(struct wn *wn, unsigned int idle_us, int cpu)
{
	struct wn_poll_args p = {
		.size = sizeof(p),
		.flags = cpu < 0 ? 0 : WN_POLL_CPU,
		.idle_us = idle_us,
		.cpu = cpu < 0 ? 0 : (__u32)cpu,
	};

	return call(wn, &p);
}

WN_API int wn_poller_stop(struct wn *wn)
{
	struct wn_poll_args p = { .size = sizeof(p), .flags = WN_POLL_STOP };

	return call(wn, &p);
}
