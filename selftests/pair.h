/* SPDX-License-Identifier: MIT */
/* Two clients of one domain: one with all rights, one with none but those it is handed. */
#ifndef WN_SELFTESTS_PAIR_H
#define WN_SELFTESTS_PAIR_H

#include <wn.h>

#include "common.h"

struct wt_pair {
	struct wt_mount m;
	const char *path;	/* of the domain */
	struct wn all, other;
	__u64 node;		/* made by the first */
};

/* 0 or -errno; then wt_pair_close() has nothing to do. */
int wt_pair_open(struct wt_pair *pair);
void wt_pair_close(struct wt_pair *pair);

/* A number over a lane between two: 0; the number; or an error, -EAGAIN: no room, none yet. */
int wt_pair_send(struct wn_lane *l, __u32 n);
__s64 wt_pair_take(struct wn_lane *l);

#endif
