// SPDX-License-Identifier: MIT
/* Lanes between clients of a domain. */
#include "lane.h"

#include <string.h>

#include "transport.h"

static int kernel_sleep(struct wn_lane *l, __u32 bell, __u64 deadline)
{
	struct wn_lane_wait w = { .size = sizeof(w), .lane = l->lane, .deadline = deadline };

	/* The module keeps a wake until it was waited for: the bell is not needed. */
	return wn_call(l->wn, WN_IOC_LANE_WAIT, &w);
}

static int kernel_wake(struct wn_lane *l)
{
	return wn_call(l->wn, WN_IOC_LANE_WAKE, (void *)(unsigned long)l->lane);
}

static void kernel_close(struct wn_lane *l)
{
	wn_call(l->wn, WN_IOC_LANE_CLOSE, (void *)(unsigned long)l->lane);
}

static const struct wn_lane_via kernel = {
	.sleep = kernel_sleep,
	.wake = kernel_wake,
	.close = kernel_close,
};

int wn_lane_begin_at(struct wn_lane *l, struct wn *wn, __u32 lane, __u64 bytes,
		     const struct wn_region *regions, bool produces)
{
	int i, err = 0;

	memset(l, 0, sizeof(*l));
	l->wn = wn;
	l->lane = lane;
	memcpy(l->regions, regions, sizeof(l->regions));
	for (i = 0; i < 2 && !err; i++)
		err = wn->via->map(wn->file, &l->regions[i], &l->maps[i]);
	if (err)
		l->maps[i - 1] = NULL;
	else
		err = wn_lane_begin(l, bytes, produces);
	if (!err) {
		l->via = &kernel;
		return 0;
	}
	for (i = 0; i < 2; i++)
		if (l->maps[i])
			wn->via->unmap(wn->file, &l->regions[i], l->maps[i]);
	kernel_close(l);
	memset(l, 0, sizeof(*l));
	return err;
}

WN_API int wn_lane_connect(struct wn *wn, struct wn_lane *l, __u64 node, __u32 cap, __u32 bytes)
{
	struct wn_lane_connect c = {
		.size = sizeof(c), .node = node, .cap = cap, .bytes = bytes,
	};
	int err;

	memset(l, 0, sizeof(*l));
	if (!*wn->alive)
		return -EOWNERDEAD;
	err = wn_call(wn, WN_IOC_LANE_CONNECT, &c);
	return err ? err : wn_lane_begin_at(l, wn, c.lane, c.bytes, c.regions, true);
}

WN_API int wn_lanes(struct wn *wn, struct wn_lane_list *list)
{
	int err;

	if (!*wn->alive)
		return -EOWNERDEAD;
	list->size = sizeof(*list);
	list->flags = 0;
	err = wn_call(wn, WN_IOC_LANE_LIST, list);
	return err ? err : (int)list->count;
}

WN_API int wn_lane_accept(struct wn *wn, struct wn_lane *l, struct wn_lane_accept *from,
			  __u64 deadline)
{
	struct wn_lane_accept a;
	int err;

	memset(l, 0, sizeof(*l));
	if (!*wn->alive)
		return -EOWNERDEAD;
	for (;;) {
		memset(&a, 0, sizeof(a));
		a.size = sizeof(a);
		err = wn_call(wn, WN_IOC_LANE_ACCEPT, &a);
		if (err != -EAGAIN)
			break;
		err = wn_lanes_wait(wn, deadline);
		if (err)
			return err;
	}
	if (!err && from)
		*from = a;
	return err ? err : wn_lane_begin_at(l, wn, a.lane, a.bytes, a.regions, false);
}

WN_API int wn_lanes_wait(struct wn *wn, __u64 deadline)
{
	struct wn_lane_wait w = { .size = sizeof(w), .lane = WN_LANE_ANY, .deadline = deadline };

	if (!*wn->alive)
		return -EOWNERDEAD;
	return wn_call(wn, WN_IOC_LANE_WAIT, &w);
}
