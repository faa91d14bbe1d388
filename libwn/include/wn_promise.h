/* SPDX-License-Identifier: MIT */
/*
 * What the engine owes a client later: timers, delayed events, calls and their
 * replies, monitors, links. <linux/worknode.h> tells each op's meaning, results and
 * errnos; each ends with one event in an inbox. <wn.h> includes this.
 *
 * wn_prep_* fill submissions; those with a data argument are for entries of two
 * slots. The others submit their op and wait for its answer, as in <wn_sync.h>.
 * Times are CLOCK_BOOTTIME in ns, absolute: wn_deadline() makes one.
 *
 * Threads: as all calls on a client, one at a time.
 */
#ifndef WN_PROMISE_H
#define WN_PROMISE_H

#include <wn_prep.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wn;

/* ------------------------------------------------ later, or again and again */

/* flags: a priority, WN_TIMER_MINE; period: 0 for once. wn_sqe_trace() may follow. */
static inline void wn_prep_timer(struct wn_sqe *sqe, __u64 node, __u32 flags, __u64 deadline,
				 __u64 period, __u64 user_data)
{
	wn_prep(sqe, WN_OP_TIMER, node, user_data);
	sqe->op_flags = flags;
	sqe->w[0] = deadline;
	sqe->w[1] = period;
}

/* As wn_prep_emit(), to the reader that node has at that time. */
static inline void wn_prep_emit_at(struct wn_sqe *sqe, void *data, __u64 node,
				   unsigned int priority, __u32 type, const void *bytes, __u8 len,
				   __u64 at, __u64 user_data)
{
	wn_prep_emit(sqe, data, node, priority, type, bytes, len, user_data);
	sqe->op_flags |= WN_EMIT_AT;
	__builtin_memcpy((char *)data + 24, &at, sizeof(at));
}

/* A timer, a delayed event or a call of this client. */
static inline void wn_prep_cancel(struct wn_sqe *sqe, __u64 handle, __u64 user_data)
{
	wn_prep(sqe, WN_OP_CANCEL, 0, user_data);
	sqe->arg = handle;
}

/* Handles; 0. trace: what the events bear. */
__s64 wn_timer(struct wn *wn, __u64 node, __u32 flags, __u64 deadline, __u64 period, __u64 trace);
__s64 wn_emit_at(struct wn *wn, __u64 node, unsigned int priority, __u32 type, const void *bytes,
		 unsigned int len, __u64 at);
__s64 wn_cancel(struct wn *wn, __u64 handle);

/* ----------------------------------------------------------------- calls */

#define WN_CALL_BYTES	16	/* of a call's payload, and of a reply's */

/* The payload of a second slot: too long is refused by the engine. */
static inline void wn_sqe_payload(struct wn_sqe *sqe, void *data, const void *bytes, __u8 len)
{
	sqe->op_flags |= (__u32)len << 8;
	__builtin_memset(data, 0, sizeof(struct wn_sqe));
	if (len && len <= WN_CALL_BYTES)
		__builtin_memcpy(data, bytes, len);
}

/* To node's reader, who owes a reply before the deadline. wn_sqe_trace() may follow. */
static inline void wn_prep_call(struct wn_sqe *sqe, void *data, __u64 node, unsigned int priority,
				__u32 type, const void *bytes, __u8 len, __u64 deadline,
				__u64 user_data)
{
	wn_prep_wide(sqe, WN_OP_CALL, node, user_data);
	sqe->op_flags = WN_EMIT(priority, 0);
	sqe->w[0] = type;
	sqe->w[1] = deadline;
	wn_sqe_payload(sqe, data, bytes, len);
}

/* call: its handle, wn_event_promise() of the event. */
static inline void wn_prep_reply(struct wn_sqe *sqe, void *data, __u64 call, __u32 type,
				 const void *bytes, __u8 len, __u64 user_data)
{
	wn_prep_wide(sqe, WN_OP_REPLY, 0, user_data);
	sqe->arg = call;
	sqe->w[0] = type;
	wn_sqe_payload(sqe, data, bytes, len);
}

/* The call's handle; its reply comes as an event, or wn_call_wait() gets it. */
__s64 wn_call_begin(struct wn *wn, __u64 node, unsigned int priority, __u32 type,
		    const void *bytes, unsigned int len, __u64 deadline, __u64 trace);
__s64 wn_reply(struct wn *wn, __u64 call, __u32 type, const void *bytes, unsigned int len);

/*
 * Wait for the end of a call of this client, whose reply was not read yet, and take
 * it out of the inbox into *reply; other events stay as they are. 0, or how the call
 * ended instead: -ETIME, -ECANCELED, -ENOLINK; or, and then its reply comes as any
 * event: -EBUSY: events or completions are in the way, read some first; -ENOMEM;
 * -ESHUTDOWN; -EOWNERDEAD. Signals do not end the wait, the call's deadline does.
 */
int wn_call_wait(struct wn *wn, __u64 call, struct wn_event *reply);

/* -------------------------------------------------------- monitors, links */

static inline void wn_prep_monitor(struct wn_sqe *sqe, __u64 node, unsigned int priority,
				   __u64 user_data)
{
	wn_prep(sqe, WN_OP_MONITOR, node, user_data);
	/* What is no priority is refused, and not taken for a link. */
	sqe->op_flags = priority < WN_PRIORITIES ? priority : ~0U;
}

static inline void wn_prep_link(struct wn_sqe *sqe, __u64 node, __u64 other, __u64 user_data)
{
	wn_prep(sqe, WN_OP_MONITOR, node, user_data);
	sqe->op_flags = WN_MONITOR_LINK;
	sqe->w[0] = other;
}

static inline void wn_prep_demonitor(struct wn_sqe *sqe, __u64 handle, __u64 user_data)
{
	wn_prep(sqe, WN_OP_DEMONITOR, 0, user_data);
	sqe->arg = handle;
}

/* Be told by WN_EV_DOWN when node goes or who made it dies. Handle. */
__s64 wn_monitor(struct wn *wn, __u64 node, unsigned int priority, __u64 trace);
/* When one of the two goes so does the other. Handle. */
__s64 wn_link(struct wn *wn, __u64 node, __u64 other);
/* Of either. 0. */
__s64 wn_demonitor(struct wn *wn, __u64 handle);

/* ---------------------------------------------------- what the events say */

/* The handle in a WN_EV_CALL, REPLY, TIMER or DOWN; and in whatever has an error. */
static inline __u64 wn_event_promise(const struct wn_event *event)
{
	__u64 handle;

	__builtin_memcpy(&handle, event->data, sizeof(handle));
	return handle;
}

/* 0, or -errno: it ended otherwise than was asked for. */
static inline int wn_event_error(const struct wn_event *event)
{
	return event->flags & WN_EV_F_ERROR ? -(int)event->type : 0;
}

/* A call's or reply's payload and its length. */
static inline const void *wn_event_payload(const struct wn_event *event, unsigned int *len)
{
	*len = event->len > sizeof(__u64) ? event->len - (unsigned int)sizeof(__u64) : 0;
	return event->data + sizeof(__u64);
}

#ifdef __cplusplus
}
#endif

#endif
