// SPDX-License-Identifier: MIT
/* Ops on work queues, each with its answer. */
#include "internal.h"

WN_API __s64 wn_bind_queue(struct wn *wn, __u64 node, const struct wn_queue *queue)
{
	struct wn_sqe sqe = {};

	wn_prep_bind_queue(&sqe, node, queue, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API __s64 wn_unbind_queue(struct wn *wn, __u64 node)
{
	struct wn_sqe sqe = {};

	wn_prep_unbind_queue(&sqe, node, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API __s64 wn_ack(struct wn *wn, __u64 node, __u64 hlc)
{
	struct wn_sqe sqe = {};

	wn_prep_ack(&sqe, node, hlc, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API __s64 wn_nack(struct wn *wn, __u64 node, __u64 hlc)
{
	struct wn_sqe sqe = {};

	wn_prep_nack(&sqe, node, hlc, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}
