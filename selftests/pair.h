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

/*
 * In a domain "d" of so many lanes (0: as usual) of the module's two that may do all: one to
 * produce, and one that reads what comes to a node, *node. 0 or -errno, which ends the test.
 */
int wt_ends_open(const struct wt_mount *m, __u32 lanes, struct wn *p, struct wn *c, __u64 *node);
/* A lane of so many bytes from one to the other, by that node. */
int wt_ends_connect(struct wn *from, struct wn *to, __u64 node, __u32 bytes, struct wn_lane *p,
		    struct wn_lane *c);

/* A number over a lane between two: 0; the number; or an error, -EAGAIN: no room, none yet. */
int wt_pair_send(struct wn_lane *l, __u32 n);
__s64 wt_pair_take(struct wn_lane *l);

#endif
