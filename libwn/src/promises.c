// SPDX-License-Identifier: MIT
/* Ops that make promises and end them, each with its answer. */
#include "internal.h"

#define DATA_BYTES	sizeof(((struct wn_event *)0)->data)

WN_API __s64 wn_timer(struct wn *wn, __u64 node, __u32 flags, __u64 deadline, __u64 period,
		      __u64 trace)
{
	struct wn_sqe sqe = {};

	wn_prep_timer(&sqe, node, flags, deadline, period, 0);
	wn_sqe_trace(&sqe, trace);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API __s64 wn_emit_at(struct wn *wn, __u64 node, unsigned int priority, __u32 type,
			const void *bytes, unsigned int len, __u64 at)
{
	struct wn_sqe sqe = {}, data;

	if (priority >= WN_PRIORITIES || len > DATA_BYTES)
		return -EINVAL;
	wn_prep_emit_at(&sqe, &data, node, priority, type, bytes, (__u8)len, at, 0);
	return wn_do(wn, &sqe, &data, NULL);
}

WN_API __s64 wn_cancel(struct wn *wn, __u64 handle)
{
	struct wn_sqe sqe = {};

	wn_prep_cancel(&sqe, handle, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API __s64 wn_call_begin(struct wn *wn, __u64 node, unsigned int priority, __u32 type,
			   const void *bytes, unsigned int len, __u64 deadline, __u64 trace)
{
	struct wn_sqe sqe = {}, data;

	if (priority >= WN_PRIORITIES || len > WN_CALL_BYTES)
		return -EINVAL;
	wn_prep_call(&sqe, &data, node, priority, type, bytes, (__u8)len, deadline, 0);
	wn_sqe_trace(&sqe, trace);
	return wn_do(wn, &sqe, &data, NULL);
}

WN_API __s64 wn_reply(struct wn *wn, __u64 call, __u32 type, const void *bytes, unsigned int len)
{
	struct wn_sqe sqe = {}, data;

	if (len > WN_CALL_BYTES)
		return -EINVAL;
	wn_prep_reply(&sqe, &data, call, type, bytes, (__u8)len, 0);
	return wn_do(wn, &sqe, &data, NULL);
}

WN_API __s64 wn_monitor(struct wn *wn, __u64 node, unsigned int priority, __u64 trace)
{
	struct wn_sqe sqe = {};

	wn_prep_monitor(&sqe, node, priority, 0);
	wn_sqe_trace(&sqe, trace);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API __s64 wn_link(struct wn *wn, __u64 node, __u64 other)
{
	struct wn_sqe sqe = {};

	wn_prep_link(&sqe, node, other, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API __s64 wn_demonitor(struct wn *wn, __u64 handle)
{
	struct wn_sqe sqe = {};

	wn_prep_demonitor(&sqe, handle, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}
