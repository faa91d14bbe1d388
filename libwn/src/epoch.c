// SPDX-License-Identifier: MIT
/* Waiting until something is not what it was. */
#include "transport.h"

static int wait(struct wn *wn, struct wn_epoch_wait *w, __u64 *seen)
{
	int err;

	w->size = sizeof(*w);
	w->seen = *seen;
	err = wn_call(wn, WN_IOC_WAIT_EPOCH, w);
	if (!err)
		*seen = w->epoch;
	return err;
}

WN_API int wn_wait_epoch(struct wn *wn, __u64 *seen, __u64 deadline)
{
	struct wn_epoch_wait w = { .deadline = deadline };
	__u64 now;

	if (!*wn->alive)
		return -EOWNERDEAD;
	/* Its lowest bit is set while the change that *seen knows not is written out. */
	now = wn_epoch(wn) & ~1ULL;
	if (!now || now == (*seen & ~1ULL))
		return wait(wn, &w, seen);
	*seen = now;
	return 0;
}

WN_API int wn_wait_node(struct wn *wn, __u16 cap, __u64 node, __u64 *version, __u64 deadline)
{
	struct wn_epoch_wait w = {
		.flags = WN_EPOCH_NODE, .node = node, .cap = cap, .deadline = deadline,
	};

	if (!*wn->alive)
		return -EOWNERDEAD;
	return wait(wn, &w, version);
}
