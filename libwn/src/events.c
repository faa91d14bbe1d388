// SPDX-License-Identifier: MIT
/* The client's end of its inbox, and ops on events with their answers. */
#include "transport.h"

/* Of so many events one is of a lower priority that waits. */
#define FAIR	16U

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

WN_API const struct wn_event *wn_peek_event(struct wn *wn)
{
	int p;

	if (!*wn->alive || !wn->inbox)
		return NULL;
	if (wn->event_peeked) {
		p = (int)wn->event_peeked - 1;
	} else {
		p = choose(wn);
		if (p < 0 && has_backlog(wn) && wn_enter_for(wn, 0, 0, 0) >= 0)
			p = choose(wn);
		if (p < 0)
			return NULL;
		wn->event_peeked = (__u32)p + 1;
	}
	return &wn->inbox[wn->inbox_at[p] + (wn->inbox_head[p] & (wn->inbox_entries[p] - 1))];
}

WN_API void wn_event_seen(struct wn *wn)
{
	__u32 p = wn->event_peeked - 1;

	if (!*wn->alive || !wn->event_peeked)
		return;
	wn->event_peeked = 0;
	/* Pairs with the engine's acquire: we have read it. */
	WN_STORE_RELEASE(&wn->user->inbox_head[p], ++wn->inbox_head[p]);
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

static __s64 emit(struct wn *wn, __u64 node, bool children, unsigned int priority, __u32 type,
		  const void *bytes, unsigned int len)
{
	struct wn_sqe sqe = {}, data;

	if (priority >= WN_PRIORITIES || len > sizeof(((struct wn_event *)0)->data))
		return -EINVAL;
	wn_prep_emit(&sqe, &data, node, priority, type, bytes, (__u8)len, 0);
	if (children)
		wn_sqe_to_children(&sqe);
	return wn_do(wn, &sqe, &data, NULL);
}

WN_API __s64 wn_emit(struct wn *wn, __u64 node, unsigned int priority, __u32 type,
		     const void *bytes, unsigned int len)
{
	return emit(wn, node, false, priority, type, bytes, len);
}

WN_API __s64 wn_emit_children(struct wn *wn, __u64 node, unsigned int priority, __u32 type,
			      const void *bytes, unsigned int len)
{
	return emit(wn, node, true, priority, type, bytes, len);
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
