// SPDX-License-Identifier: MIT
#include "transport.h"

#include <time.h>

int wn_enter_for(struct wn *wn, __u32 flags, __u32 min_complete, __u64 deadline)
{
	struct wn_enter e = {
		.size = sizeof(e),
		.flags = flags,
		.to_submit = wn->sq_entries,
		.min_complete = min_complete,
		.deadline = deadline,
	};

	return wn_call(wn, WN_IOC_ENTER, &e);
}

int wn_enter(struct wn *wn, __u32 to_submit, __u32 min_complete, __u64 deadline)
{
	struct wn_enter e = {
		.size = sizeof(e),
		.to_submit = to_submit,
		.min_complete = min_complete,
		.deadline = deadline,
	};
	int ret = -ENOTTY;

	/* The short way, unless the module is older than it. */
	if (!min_complete)
		ret = wn_call(wn, WN_IOC_SUBMIT, (void *)(unsigned long)to_submit);
	return ret == -ENOTTY ? wn_call(wn, WN_IOC_ENTER, &e) : ret;
}

/* Publish what was prepared; returns how many slots that were. */
static __u32 publish(struct wn *wn)
{
	__u32 n = wn->sq_tail - wn->sq_submitted;

	/* Pairs with the engine's acquire: the entries are written. */
	WN_STORE_RELEASE(&wn->user->sq_tail, wn->sq_tail);
	wn->sq_submitted = wn->sq_tail;
	return n;
}

/*
 * Whether nobody would see what was published: nobody polls, and there is
 * something new or something that waited for room in the completion ring. The fence stands between our
 * store of the tail and our look at the flag; the engine has one between its
 * store of the flag and its last look at the tail. Without either both could
 * look too early and the entries would lie there unseen.
 */
static bool need_enter(const struct wn *wn, __u32 published)
{
	__u32 flags;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	flags = __atomic_load_n(&wn->kern->flags, __ATOMIC_RELAXED);
	return flags & WN_KR_F_NEED_WAKEUP && (published || flags & WN_KR_F_CQ_FULL);
}

WN_API int wn_submit(struct wn *wn)
{
	return wn_submit_and_wait(wn, 0, WN_ENTER_NO_DEADLINE);
}

WN_API int wn_submit_and_wait(struct wn *wn, unsigned int nr, __u64 deadline)
{
	__u32 n;
	int ret;

	if (!*wn->alive)
		return -EOWNERDEAD;
	/* Refused before anything is handed over, or the refusal would look like progress. */
	if (nr > wn->cq_entries - wn->cq_own)
		return -EINVAL;
	n = publish(wn);
	if (!nr && !need_enter(wn, n))
		return (int)n;
	/* What the library left in the ring is not what they wait for. */
	ret = wn_enter(wn, wn->sq_entries, nr ? nr + wn->cq_own : 0, deadline);
	/* What is published will be taken: that is progress. */
	return ret < 0 && !n ? ret : (int)n;
}

WN_API int wn_wait_cqe(struct wn *wn, const struct wn_cqe **cqe, __u64 deadline)
{
	int ret;

	if (!*wn->alive)
		return -EOWNERDEAD;
	while (!(*cqe = wn_peek_cqe(wn))) {
		ret = wn_enter(wn, wn->sq_entries, 1, deadline);
		if (ret < 0)
			return ret;
	}
	return 0;
}

WN_API int wn_wait_cqe_timeout(struct wn *wn, const struct wn_cqe **cqe, __u64 ns)
{
	return wn_wait_cqe(wn, cqe, wn_deadline(ns));
}

WN_API __u64 wn_deadline(__u64 ns)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (__u64)t.tv_sec * 1000000000 + (__u64)t.tv_nsec + ns;
}
