/* SPDX-License-Identifier: MIT */
/* A fan, who may have seats of it, and records of which it is seen whether they are whole. */
#ifndef WN_SELFTESTS_FAN_FIXTURE_H
#define WN_SELFTESTS_FAN_FIXTURE_H

#include "common.h"

#include <wn.h>

#define WT_FAN_BYTES	16384u
#define WT_FAN_SEATS	4
#define WT_FAN_PATIENT	60000000000ull

struct wt_fan {
	struct wt_mount m;
	const char *d;			/* the domain's path */
	struct wn p, c[WT_FAN_SEATS + 1];	/* one more than there are seats */
	struct wn_lane out, in[WT_FAN_SEATS + 1];
	__u64 node;			/* made by the producer */
};

/* The clients and the node, no fan yet: 0, or -errno; then wt_fan_close() has nothing to do. */
int wt_fan_open(struct wt_fan *f);
void wt_fan_close(struct wt_fan *f);

/* out; in[i], by the right that every client has. */
int wt_fan_make(struct wt_fan *f, __u32 flags);
int wt_fan_join(struct wt_fan *f, int i, __u32 flags);

/* Who has files can map them as it likes; an engine in a process has none. */
bool wt_fan_has_files(const struct wt_fan *f);

/* Record n: its length and all of it follow from n. */
uint32_t wt_fan_len(uint64_t n);
int wt_fan_put(struct wn_lane *l, uint64_t n);
int wt_fan_put_or_wait(struct wn_lane *l, uint64_t n);

/* The number of the next record; -EBADMSG if it is not whole. */
int64_t wt_fan_take(struct wn_lane *l, __u64 *lost);
int64_t wt_fan_take_or_wait(struct wn_lane *l, __u64 *lost);

#endif
