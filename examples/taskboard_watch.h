/* SPDX-License-Identifier: MIT */
/* Who watches the board of taskboard.c: what it was told, for all to see. */
#ifndef EXAMPLE_TASKBOARD_WATCH_H
#define EXAMPLE_TASKBOARD_WATCH_H

#include "taskboard.h"

struct watch {
	__u64 changes, rescans;
	__u32 ready, ended;	/* atomic */
	__u64 handle[NODES], version[NODES];	/* as told last, by index */
};

static inline void watch_note(struct watch *watch, __u64 node, __u64 version)
{
	const __u64 at = node & WN_HANDLE_INDEX_MASK;

	if (at < NODES) {
		watch->handle[at] = node;
		watch->version[at] = version;
	}
}

/* It was too slow, and says so: all that is there is looked at once. */
static inline int watch_look_again(struct wn *wn, struct watch *watch)
{
	const struct wn_filter all = { .flags = 0 };
	const struct wn_node_rec *rec;
	struct wn_query_it it;
	int err = wn_query_begin(wn, &it, 0, &all);

	watch->rescans++;
	while (!err && (rec = wn_query_next(&it)))
		watch_note(watch, rec->handle, rec->version);
	return err ? err : wn_query_end(&it);
}

/* Until nothing comes any more after the end was said. */
static inline int watcher(const char *path, struct watch *watch)
{
	struct wn_change change;
	struct wn_event event;
	struct timespec ts;
	struct wn wn;
	__s64 res = wn_open(&wn, path, NULL);
	__u32 ended;

	if (!res)
		res = wn_subscribe(&wn, 0, WN_SUB_TREE | WN_SUB_FIELDS, 0);
	if (WN_RES_IS_ERROR(res))
		return board_fail("taskboard", "watch", res);
	__atomic_store_n(&watch->ready, 1, __ATOMIC_RELEASE);
	for (;;) {
		ended = __atomic_load_n(&watch->ended, __ATOMIC_ACQUIRE);
		clock_gettime(CLOCK_BOOTTIME, &ts);
		res = board_event(&wn, &event, (__u64)ts.tv_sec * 1000000000 +
				  (__u64)ts.tv_nsec + 300000000);
		if (res == -ETIME && ended)
			break;
		if (res == -ETIME)
			continue;
		if (res)
			return board_fail("taskboard", "watch", res);
		memcpy(&change, event.data, sizeof(change));
		if (event.kind == WN_EV_RESCAN && watch_look_again(&wn, watch))
			return 1;
		if (event.kind == WN_EV_CHANGE) {
			watch_note(watch, event.node, change.version);
			watch->changes++;
		}
	}
	wn_close(&wn);
	return 0;
}

#endif
