/* SPDX-License-Identifier: MIT */
/*
 * Many lanes, one reader: the consumer's ends of lanes as one source of records, each
 * with its turn. <wn.h> includes this.
 *
 *	wn_lane_set_init(&set, wn, 0);
 *	wn_lane_set_add(&set, &lane);			of the lanes that it accepted
 *	for (;;) {
 *		while ((p = wn_lane_set_next(&set, &from, &len)))
 *			... read len bytes, which stay until the next call ...
 *		if (from)
 *			... it ended: wn_lane_error(from); take it out ...
 *		else if (wn_lane_set_wait(&set, 0))
 *			...
 *	}
 *
 * Threads: a set and the lanes in it belong to one thread at a time.
 */
#ifndef WN_LANE_SET_H
#define WN_LANE_SET_H

#include "wn_lane.h"

#ifdef __cplusplus
extern "C" {
#endif

#define WN_LANE_SET_BUDGET	16u	/* records of one lane in a row, unless init says another number */

/* Fields are the library's. */
struct wn_lane_set {
	struct wn_lane **lane;
	__u32 nr, max;
	__u32 at;		/* whose turn it is */
	__u32 left;		/* records it may still give in this turn */
	__u32 budget;
	__u32 taken;		/* records of it that were not consumed yet */
	struct wn *wn;
	__u64 sleeps;		/* system calls, counted */
	__u64 reserved[4];
};

/*
 * An empty set. wn: the client whose lanes these will be; NULL: lanes in memory of the
 * program's own. budget: records of one lane before the next has its turn; 0: as above.
 */
void wn_lane_set_init(struct wn_lane_set *set, struct wn *wn, __u32 budget);

/* Give back what was peeked at and forget the lanes, which stay open. */
void wn_lane_set_end(struct wn_lane_set *set);

/* 0; -EINVAL: no consumer's end, or another client's; -EEXIST; -ENOMEM. */
int wn_lane_set_add(struct wn_lane_set *set, struct wn_lane *l);

/* 0 or -ENOENT. What was peeked at of it is consumed. */
int wn_lane_set_del(struct wn_lane_set *set, struct wn_lane *l);

/*
 * The next record, its lane and length. NULL and no lane: there is none now; NULL and
 * a lane: that one is dead, and comes again until it is taken out. What was returned
 * before is given back, once for the records of a turn.
 */
const void *wn_lane_set_next(struct wn_lane_set *set, struct wn_lane **from, __u32 *len);

/*
 * Wait until there may be something: 0, also when the client has another lane to
 * accept; -ETIME: deadline, as with wn_lane_wait(); -EINTR; -EOWNERDEAD, -ESHUTDOWN;
 * -EINVAL: it is empty, and of no client.
 */
int wn_lane_set_wait(struct wn_lane_set *set, __u64 deadline);

/*
 * Have the client's fd say when there is something, as wn_lane_arm() does for each, by one
 * barrier for all: 1, 0, -EAGAIN, -EOPNOTSUPP as there; -EOWNERDEAD.
 */
int wn_lane_set_arm(struct wn_lane_set *set);

#ifdef __cplusplus
}
#endif

#endif
