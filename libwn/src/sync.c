// SPDX-License-Identifier: MIT
/* One op and its answer. */
#include "transport.h"

#include <string.h>

/*
 * Whether the completion of one more op finds room however long the program goes
 * on not reading: each slot that waits makes one completion at most.
 */
static bool has_room(const struct wn *wn)
{
	/* The head first: what is taken between the two looks is counted twice, not never. */
	__u32 waiting = wn->sq_tail - WN_LOAD_ACQUIRE(&wn->kern->sq_head);
	__u32 unread = WN_LOAD_ACQUIRE(&wn->kern->cq_tail) - wn->cq_head;

	return waiting + unread < wn->cq_entries;
}

/* Slots for it: 0, -EAGAIN, or what submitting the others said. */
static int put(struct wn *wn, const struct wn_sqe *sqe, const void *data)
{
	struct wn_sqe *to;
	void *second = NULL;
	int ret;

	if (wn_sq_room(wn) < (data ? 2 : 1)) {
		ret = wn_submit(wn);
		if (ret < 0)
			return ret;
	}
	to = data ? wn_get_sqe_wide(wn, &second) : wn_get_sqe(wn);
	if (!to)
		return -EAGAIN;
	*to = *sqe;
	to->user_data = WN_USER_DATA_OWN;
	if (data) {
		to->flags |= WN_SQE_WIDE;
		memcpy(second, data, sizeof(*to));
	}
	return 0;
}

/* Take the completion at pos, or leave it for wn_peek_cqe() to step over. */
static void take(struct wn *wn, __u32 pos, struct wn_cqe *cqe)
{
	*cqe = wn->cqes[pos & (wn->cq_entries - 1)];
	wn->cq_own++;
	/* Also those of earlier calls that it was behind. */
	wn_peek_cqe(wn);
}

static int wait_for_own(struct wn *wn, __u32 from, struct wn_cqe *cqe)
{
	__u32 tail;
	int ret;

	for (;;) {
		tail = WN_LOAD_ACQUIRE(&wn->kern->cq_tail);
		for (; from != tail; from++) {
			if (wn->cqes[from & (wn->cq_entries - 1)].user_data != WN_USER_DATA_OWN)
				continue;
			take(wn, from, cqe);
			return 0;
		}
		ret = wn_enter(wn, wn->sq_entries, tail - wn->cq_head + 1, WN_ENTER_NO_DEADLINE);
		if (ret < 0 && ret != -EINTR)
			return ret;
	}
}

WN_API __s64 wn_do(struct wn *wn, const struct wn_sqe *sqe, const void *data, struct wn_cqe *cqe)
{
	struct wn_cqe got;
	__u32 from;
	int err;

	if (!*wn->alive)
		return -EOWNERDEAD;
	/* Its completion is what is waited for, even where it succeeds. */
	if (sqe->flags & (WN_SQE_QUIET | WN_SQE_LINK | WN_SQE_ATOMIC))
		return -EINVAL;
	if (!has_room(wn))
		return -EBUSY;
	from = WN_LOAD_ACQUIRE(&wn->kern->cq_tail);
	err = put(wn, sqe, data);
	if (!err) {
		err = wn_submit(wn);
		err = err < 0 ? err : wait_for_own(wn, from, &got);
	}
	if (err)
		return err;
	if (cqe)
		*cqe = got;
	return got.res;
}
