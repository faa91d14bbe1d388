// SPDX-License-Identifier: MIT
/* The client's end of its inbox, and ops on events with their answers. */
#include "transport.h"

#include <stdlib.h>

/* Of so many events one is of a lower priority that waits. */
#define FAIR	16U

static __u32 slot(const struct wn *wn, unsigned int p, __u32 pos)
{
	return wn->inbox_at[p] + (pos & (wn->inbox_entries[p] - 1));
}

static bool waits(const struct wn *wn, unsigned int p)
{
	/* Pairs with the engine's release: the event is written. */
	return wn->inbox_head[p] != WN_LOAD_ACQUIRE(&wn->kern->inbox_tail[p]);
}

static int highest(const struct wn *wn)
{
	int p;

	for (p = WN_PRIORITIES - 1; p >= 0; p--)
		if (waits(wn, (unsigned int)p))
			return p;
	return -1;
}

/* A waiting priority below top, each in its turn; or -1. */
static int lower(const struct wn *wn, int top)
{
	int i, p;

	for (i = 1; i <= top; i++) {
		p = (int)((wn->event_turn + (unsigned int)i) % (unsigned int)top);
		if (waits(wn, (unsigned int)p))
			return p;
	}
	return -1;
}

/* Whose turn it is; or -1: the inbox is empty. */
static int choose(struct wn *wn)
{
	int top = highest(wn), low;

	if (top <= 0)
		return top;
	low = lower(wn, top);
	if (low < 0) {
		wn->event_run = 0;
		return top;
	}
	if (++wn->event_run < FAIR)
		return top;
	wn->event_run = 0;
	wn->event_turn = (__u32)low;
	return low;
}

/*
 * Whether events wait behind the inbox for the room that we freed. The fence stands
 * between our stores of the heads and the look at the flag; the engine's stands
 * between its store of the flag and its last look at the heads.
 */
static bool has_backlog(const struct wn *wn)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&wn->kern->flags, __ATOMIC_RELAXED) & WN_KR_F_BACKLOG;
}

static void step(struct wn *wn, unsigned int p)
{
	const __u32 at = slot(wn, p, wn->inbox_head[p]);

	if (wn->event_taken)
		wn->event_taken[at / 64] &= ~(1ULL << at % 64);
	/* Pairs with the engine's acquire: we have read it. */
	WN_STORE_RELEASE(&wn->user->inbox_head[p], ++wn->inbox_head[p]);
}

static bool is_taken(const struct wn *wn, unsigned int p, __u32 pos)
{
	const __u32 at = slot(wn, p, pos);

	return wn->event_taken && wn->event_taken[at / 64] >> at % 64 & 1;
}

/* Step over what wn_call_wait() took, but not under what is looked at. */
static void step_over_taken(struct wn *wn)
{
	unsigned int p;

	for (p = 0; wn->event_taken && p < WN_PRIORITIES; p++)
		while (waits(wn, p) && is_taken(wn, p, wn->inbox_head[p]))
			step(wn, p);
}

WN_API const struct wn_event *wn_peek_event(struct wn *wn)
{
	int p;

	if (!*wn->alive || !wn->inbox)
		return NULL;
	if (wn->event_peeked) {
		p = (int)wn->event_peeked - 1;
	} else {
		step_over_taken(wn);
		p = choose(wn);
		if (p < 0 && has_backlog(wn) && wn_enter_for(wn, 0, 0, 0) >= 0)
			p = choose(wn);
		if (p < 0)
			return NULL;
		wn->event_peeked = (__u32)p + 1;
	}
	return &wn->inbox[slot(wn, (unsigned int)p, wn->inbox_head[p])];
}

WN_API void wn_event_seen(struct wn *wn)
{
	__u32 p = wn->event_peeked - 1;

	if (!*wn->alive || !wn->event_peeked)
		return;
	wn->event_peeked = 0;
	step(wn, p);
}

/* Wait until more than so many completions and events lie there. */
static int wait_beyond(struct wn *wn, __u32 have, __u64 deadline)
{
	int ret;

	/* More than the ring can hold cannot be waited for: the completions are in the way. */
	if (have >= wn->cq_entries)
		return -EBUSY;
	ret = wn_enter_for(wn, WN_ENTER_EVENTS, have + 1, deadline);
	return ret < 0 ? ret : 0;
}

WN_API int wn_wait_event(struct wn *wn, const struct wn_event **event, __u64 deadline)
{
	__u32 unread;
	int err;

	if (!*wn->alive)
		return -EOWNERDEAD;
	if (!wn->inbox)
		return -EOPNOTSUPP;
	while (!(*event = wn_peek_event(wn))) {
		/* Completions that lie there already are not what is waited for. */
		unread = WN_LOAD_ACQUIRE(&wn->kern->cq_tail) - wn->cq_head;
		err = wait_beyond(wn, unread, deadline);
		if (err)
			return err;
	}
	return 0;
}

WN_API int wn_wait_any(struct wn *wn, __u64 deadline)
{
	int err;

	if (!*wn->alive)
		return -EOWNERDEAD;
	/* A look that finds a completion leaves none of the library's in front of it. */
	while (!wn_peek_cqe(wn) && !wn_peek_event(wn)) {
		err = wait_beyond(wn, 0, deadline);
		if (err)
			return err;
	}
	return 0;
}

/* ------------------------------------------------------- out of their turn */

/* A bit for each slot: what is read only cannot be marked itself. */
static bool can_take(struct wn *wn)
{
	const __u32 slots = wn->inbox_at[WN_PRIORITIES - 1] + wn->inbox_entries[WN_PRIORITIES - 1];

	if (!wn->event_taken)
		wn->event_taken = calloc((slots + 63) / 64, sizeof(__u64));
	return wn->event_taken;
}

static bool is_reply(const struct wn_event *event, __u64 call)
{
	return event->kind == WN_EV_REPLY && wn_event_promise(event) == call;
}

/* Among those below tail: 0, or -ENOENT. */
static int take_reply(struct wn *wn, unsigned int p, __u32 tail, __u64 call,
		      struct wn_event *reply)
{
	__u32 pos, at;

	for (pos = wn->inbox_head[p]; pos != tail; pos++) {
		at = slot(wn, p, pos);
		if (!is_reply(&wn->inbox[at], call) || is_taken(wn, p, pos))
			continue;
		*reply = wn->inbox[at];
		wn->event_taken[at / 64] |= 1ULL << at % 64;
		if (!wn->event_peeked)
			step_over_taken(wn);
		return 0;
	}
	return -ENOENT;
}

WN_API int wn_call_wait(struct wn *wn, __u64 call, struct wn_event *reply)
{
	__u32 tail, n, have;
	unsigned int p;
	bool full;
	int err;

	if (!*wn->alive)
		return -EOWNERDEAD;
	if (!wn->inbox)
		return -EOPNOTSUPP;
	if (!can_take(wn))
		return -ENOMEM;
	for (;;) {
		full = false;
		have = WN_LOAD_ACQUIRE(&wn->kern->cq_tail) - wn->cq_head;
		for (p = 0; p < WN_PRIORITIES; p++) {
			/* Pairs with the engine's release: the events are written. */
			tail = WN_LOAD_ACQUIRE(&wn->kern->inbox_tail[p]);
			n = tail - wn->inbox_head[p];
			if (!take_reply(wn, p, tail, call, reply))
				return wn_event_error(reply);
			have += n;
			full |= n >= wn->inbox_entries[p];
		}
		/* It may wait behind the very one that is full. */
		err = full ? -EBUSY : wait_beyond(wn, have, WN_ENTER_NO_DEADLINE);
		if (err && err != -EINTR)
			return err;
	}
}

/* -------------------------------------------------------------------- ops */

WN_API __s64 wn_bind(struct wn *wn, __u64 node, __u32 policy)
{
	struct wn_sqe sqe = {};

	wn_prep_bind(&sqe, node, policy, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API __s64 wn_unbind(struct wn *wn, __u64 node)
{
	struct wn_sqe sqe = {};

	wn_prep_unbind(&sqe, node, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

static __s64 emit(struct wn *wn, __u64 node, void (*to)(struct wn_sqe *sqe),
		  unsigned int priority, __u32 type, const void *bytes, unsigned int len)
{
	struct wn_sqe sqe = {}, data;

	if (priority >= WN_PRIORITIES || len > sizeof(((struct wn_event *)0)->data))
		return -EINVAL;
	wn_prep_emit(&sqe, &data, node, priority, type, bytes, (__u8)len, 0);
	if (to)
		to(&sqe);
	return wn_do(wn, &sqe, &data, NULL);
}

WN_API __s64 wn_emit(struct wn *wn, __u64 node, unsigned int priority, __u32 type,
		     const void *bytes, unsigned int len)
{
	return emit(wn, node, NULL, priority, type, bytes, len);
}

WN_API __s64 wn_emit_children(struct wn *wn, __u64 node, unsigned int priority, __u32 type,
			      const void *bytes, unsigned int len)
{
	return emit(wn, node, wn_sqe_to_children, priority, type, bytes, len);
}

WN_API __s64 wn_emit_subtree(struct wn *wn, __u64 node, unsigned int priority, __u32 type,
			     const void *bytes, unsigned int len)
{
	return emit(wn, node, wn_sqe_to_subtree, priority, type, bytes, len);
}

WN_API __s64 wn_subscribe(struct wn *wn, __u64 node, __u32 what, __u64 trace)
{
	struct wn_sqe sqe = {};

	wn_prep_subscribe(&sqe, node, what, 0);
	wn_sqe_trace(&sqe, trace);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API __s64 wn_unsubscribe(struct wn *wn, __u64 sub)
{
	struct wn_sqe sqe = {};

	wn_prep_unsubscribe(&sqe, sub, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}
