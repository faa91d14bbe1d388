/* SPDX-License-Identifier: MIT */
/*
 * Buffers lent through a lane, as <linux/worknode.h> tells under "loans": for what is
 * too large to be copied and is not read in the order that it came. <wn.h> includes this.
 *
 *	producer				consumer
 *	p = wn_loans_get(s);			p = wn_loans_take(s, &len, &type);
 *	... write up to size bytes ...		... read len bytes, as long as need be ...
 *	wn_loans_send(s, p, len, type);		wn_loans_return(s, p);
 *	wn_lane_commit(s->lane);
 *
 * Both ends say the same size before anything goes through the lane, which then is for
 * loans alone: no reserve, peek, consume, rewind, and none in a set. NULL means "nothing
 * yet" (all are lent; none came) while wn_lane_error() is 0.
 *
 * The other side is not trusted: a buffer that is none, or not its to send or to give
 * back, ends the lane with -EPROTO. But bytes that were lent stay the producer's to
 * write: copy what you check before you use it.
 */
#ifndef WN_LOAN_H
#define WN_LOAN_H

#include "wn_lane.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One end. Fields are the library's, but for the first two. */
struct wn_loans {
	struct wn_lane *lane;
	__u32 size;		/* of a buffer */
	__u32 count;		/* of buffers, a power of two */
	__u64 back;		/* returns that were put down (consumer) or collected, times 8 */
	__u32 got;		/* buffers that the program has */
	__u32 nr_free;
	__u8 free[WN_LOANS_MAX];
	__u8 owner[WN_LOANS_MAX];	/* of each, as this end knows */
	__u64 reserved[4];
};

/*
 * Make loans of a lane that was not used yet; size: a power of two, of which the ring
 * holds WN_LOANS_MAX at most. 0 or -EINVAL.
 */
int wn_loans_begin(struct wn_loans *s, struct wn_lane *l, __u32 size);

/* ------------------------------------------------------------- producer */

/* A buffer to fill, or NULL. Its bytes are what they were. */
void *wn_loans_get(struct wn_loans *s);

/* Lend it, from the next commit on. 0; -EINVAL: not got, or len is above size; an error. */
int wn_loans_send(struct wn_loans *s, void *buffer, __u32 len, __u32 type);

/* It is not needed after all. 0 or -EINVAL. */
int wn_loans_put(struct wn_loans *s, void *buffer);

/* ------------------------------------------------------------- consumer */

/* The next one that was lent, its length and the application's type; or NULL. */
const void *wn_loans_take(struct wn_loans *s, __u32 *len, __u32 *type);

/* Give one back, in any order. 0; -EINVAL: not taken; an error. */
int wn_loans_return(struct wn_loans *s, const void *buffer);

/* ----------------------------------------------------------------- both */

/* Wait for a buffer to fill, or for one that was lent, as wn_lane_wait() does. */
int wn_loans_wait(struct wn_loans *s, __u64 deadline);

/* Have the client's fd say so, as wn_lane_arm() does. */
int wn_loans_arm(struct wn_loans *s);

#ifdef __cplusplus
}
#endif

#endif
