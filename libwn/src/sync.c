// SPDX-License-Identifier: MIT
/* One op and its answer, or a group of them. */
#include "transport.h"

#include <string.h>

/*
 * Whether the completions of n more ops find room however long the program goes
 * on not reading: each slot that waits makes one completion at most.
 */
static bool has_room(struct wn *wn, __u32 n)
{
	__u32 waiting, unread;
	int tries;

	for (tries = 0;; tries++) {
		/* The head first: what is taken between the two looks is counted twice, not never. */
		waiting = wn->sq_tail - WN_LOAD_ACQUIRE(&wn->kern->sq_head);
		unread = WN_LOAD_ACQUIRE(&wn->kern->cq_tail) - wn->cq_head;
		if (n > wn->cq_entries || unread > wn->cq_entries - n)
			return false;
		if (waiting + unread <= wn->cq_entries - n)
			return true;
		/* Perhaps a polling thread completed some and has yet to say that it took them. */
		if (tries || wn_enter(wn, wn->sq_entries, 0, WN_ENTER_NO_DEADLINE) < 0)
			return false;
	}
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

/* The next of them from a position on, which moves behind it. */
static int wait_for_own(struct wn *wn, __u32 *from, struct wn_cqe *cqe)
{
	__u32 tail;
	int ret;

	for (;;) {
		tail = WN_LOAD_ACQUIRE(&wn->kern->cq_tail);
		for (; *from != tail; ++*from) {
			if (wn->cqes[*from & (wn->cq_entries - 1)].user_data != WN_USER_DATA_OWN)
				continue;
			take(wn, (*from)++, cqe);
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
	if (!has_room(wn, 1))
		return -EBUSY;
	from = WN_LOAD_ACQUIRE(&wn->kern->cq_tail);
	err = put(wn, sqe, data);
	if (!err) {
		err = wn_submit(wn);
		err = err < 0 ? err : wait_for_own(wn, &from, &got);
	}
	if (err)
		return err;
	if (cqe)
		*cqe = got;
	return got.res;
}

/* How many ops lie in n slots; -EINVAL: not so many as a group can have, or half a one. */
static int count_ops(const struct wn_sqe *slots, unsigned int n)
{
	unsigned int i, ops = 0;

	for (i = 0; i < n; i++, ops++) {
		if (slots[i].flags & (WN_SQE_QUIET | WN_SQE_LINK))
			return -EINVAL;
		i += !!(slots[i].flags & WN_SQE_WIDE);
	}
	return ops && i == n ? (int)ops : -EINVAL;
}

/* The slots into the ring, where there is room for them; all but the last op ATOMIC. */
static void put_group(struct wn *wn, const struct wn_sqe *slots, unsigned int n)
{
	struct wn_sqe *to;
	unsigned int i;

	for (i = 0; i < n; i++) {
		to = wn_get_sqe(wn);
		*to = slots[i];
		to->user_data = WN_USER_DATA_OWN;
		to->flags &= (__u8)~WN_SQE_ATOMIC;
		if (i + 1 + !!(slots[i].flags & WN_SQE_WIDE) < n)
			to->flags |= WN_SQE_ATOMIC;
		if (slots[i].flags & WN_SQE_WIDE) {
			to = wn_get_sqe(wn);
			*to = slots[++i];
		}
	}
}

WN_API __s64 wn_do_group(struct wn *wn, const struct wn_sqe *slots, unsigned int n,
			 struct wn_cqe *cqes)
{
	const int ops = count_ops(slots, n);
	struct wn_cqe got;
	__s64 res = 0;
	__u32 from;
	int err, i;

	if (!*wn->alive)
		return -EOWNERDEAD;
	if (ops < 0)
		return ops;
	if (n > wn->sq_entries)
		return -E2BIG;
	if (!has_room(wn, (__u32)ops))
		return -EBUSY;
	err = wn_sq_room(wn) < n ? wn_submit(wn) : 0;
	if (err < 0 || wn_sq_room(wn) < n)
		return err < 0 ? err : -EAGAIN;
	from = WN_LOAD_ACQUIRE(&wn->kern->cq_tail);
	put_group(wn, slots, n);
	err = wn_submit(wn);
	for (i = 0; err >= 0 && i < ops; i++) {
		err = wait_for_own(wn, &from, &got);
		if (err)
			break;
		/* The one that did not go says why; the others were cancelled with it. */
		if (WN_RES_IS_ERROR(got.res) && (!res || res == -ECANCELED))
			res = got.res;
		if (cqes)
			cqes[i] = got;
	}
	return err < 0 ? err : res;
}
