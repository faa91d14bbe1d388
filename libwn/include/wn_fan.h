/* SPDX-License-Identifier: MIT */
/*
 * Fans: lanes of one producer and many consumers, of whom each reads every record, as
 * <linux/worknode.h> tells under "fans". <wn.h> includes this.
 *
 *	wn_fan_make(&wn, &l, node, 0, 65536, 8, flags);	wn_fan_join(&wn, &l, node, 0, 0);
 *	wn_fan_put(&l, bytes, len, type);		n = wn_fan_read(&l, buf, size, &type, &lost);
 *	wn_lane_commit(&l);				if (n == -EAGAIN) wn_lane_wait(&l, 0, 0);
 *
 * Ends of fans are ends of lanes: commit, wait, error, close, and poll are the same.
 *
 * With WN_FAN_HOLDS nothing is lost: the slowest consumer holds the producer back, which
 * may evict it. There wn_lane_reserve() and wn_lane_peek() are for who does not want to
 * copy. Without it nobody waits for anybody: who is too slow is cut off, goes on with
 * what is there, and is told how many records it lost.
 *
 * A consumer whose positions are nonsense is evicted by itself.
 */
#ifndef WN_FAN_H
#define WN_FAN_H

#include "wn_lane.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The producer's end. cap: 0 for the first capability, node: 0 for its own; the errors of
 * WN_IOC_FAN_MAKE, -ENOMEM. The client stays open until after wn_lane_close().
 */
int wn_fan_make(struct wn *wn, struct wn_lane *l, __u64 node, __u32 cap, __u32 bytes,
		__u32 seats, __u32 flags);

/*
 * One record, copied; wn_lane_commit() publishes it. 0; -EAGAIN: a consumer holds it
 * back; -E2BIG: it can never be; -EINVAL: a consumer's end; or why this end is dead.
 */
int wn_fan_put(struct wn_lane *l, const void *bytes, __u32 len, __u16 type);

/* The same, published at once, with what was put before: the errors of both. */
int wn_fan_send(struct wn_lane *l, const void *bytes, __u32 len, __u16 type);

/*
 * The consumer that is farthest behind: its seat, and how many bytes that is; -ENOENT:
 * there is none; -EINVAL: not a fan's producer.
 */
int wn_fan_slowest(struct wn_lane *l, __u32 *seat, __u64 *behind);

/* Take a seat back: its consumer gets -EKEYREVOKED. -ENOENT; -EINVAL. */
int wn_fan_evict(struct wn_lane *l, __u32 seat);

/* A consumer's end. flags: WN_FAN_NEWEST; the errors of WN_IOC_FAN_JOIN. */
int wn_fan_join(struct wn *wn, struct wn_lane *l, __u64 node, __u32 cap, __u32 flags);

/*
 * The next record, copied: its length. *type, *lost, unless NULL: its type, and how many
 * records were lost before it. -EAGAIN: there is none yet; -EMSGSIZE: it has more than
 * size bytes, and is still the next; -EINVAL: a producer's end; or why this end is dead.
 * Where nobody waits it may be called again and again while the producer is faster.
 */
__s64 wn_fan_read(struct wn_lane *l, void *to, __u32 size, __u16 *type, __u64 *lost);

#ifdef __cplusplus
}
#endif

#endif
