// SPDX-License-Identifier: MIT
/*
 * Loans: a lane whose positions count buffers, 8 for each, so that credit, waits, wakes
 * and ends are those of lanes. What is lent lies in a ring in the producer's page, what
 * was given back in one in the consumer's; neither can run over, for no more than all
 * buffers are out.
 */
#include "lane.h"

#include <string.h>

#define STEP	WN_LANE_HEADER

enum owner { HERE, GOT, THERE };	/* free, or not here; the program's; the peer's */

static void *rings(const struct wn_lane_side *side)
{
	return (char *)(unsigned long)side + WN_LOANS_OFFSET;
}

static __u32 slot(__u64 pos)
{
	return (__u32)(pos / STEP) & (WN_LOANS_MAX - 1);
}

static void *address(const struct wn_loans *s, __u32 buffer)
{
	return s->lane->data + (__u64)(buffer & (s->count - 1)) * s->size;
}

/* Its number, or count if it is none of ours or not the program's. */
static __u32 number(const struct wn_loans *s, const void *buffer)
{
	const __u64 at = (__u64)((const char *)buffer - s->lane->data);
	const __u64 n = at / s->size;

	return at % s->size || n >= s->count || s->owner[n] != GOT ? s->count : (__u32)n;
}

WN_API int wn_loans_begin(struct wn_loans *s, struct wn_lane *l, __u32 size)
{
	const __u64 bytes = l->mask + 1;
	__u32 i;

	memset(s, 0, sizeof(*s));
	if (l->via && !*l->alive)
		return -EOWNERDEAD;
	if (!l->via || l->kind || l->pos || size < STEP || size & (size - 1) || size > bytes ||
	    bytes / size > WN_LOANS_MAX)
		return -EINVAL;
	s->lane = l;
	s->size = size;
	s->count = (__u32)(bytes / size);
	l->mask = s->count * STEP - 1;
	l->limit = l->produces ? l->mask + 1 : 0;
	if (l->produces)
		for (i = 0; i < s->count; i++)
			s->free[s->nr_free++] = (__u8)i;
	return 0;
}

/* --------------------------------------------------------------- producer */

/* Take in what came back. Whether there is a free one now. */
static bool collect(struct wn_loans *s)
{
	struct wn_lane *l = s->lane;
	const __u32 *back = rings(l->peer);
	__u32 n;

	/* More room than the ring has: whatever the head is, it is looked at. */
	wn_lane_credit(l, l->mask + 2);
	for (; !l->error && s->back != l->limit - l->mask - 1; s->back += STEP) {
		/* Once, then by the copy. */
		n = __atomic_load_n(&back[slot(s->back)], __ATOMIC_RELAXED);
		if (n >= s->count || s->owner[n & (s->count - 1)] != THERE) {
			wn_lane_broken(l);
			return false;
		}
		n &= s->count - 1;
		s->owner[n] = HERE;
		s->free[s->nr_free++] = (__u8)n;
	}
	return s->nr_free;
}

WN_API void *wn_loans_get(struct wn_loans *s)
{
	__u32 n;

	if (!*s->lane->fit || !s->lane->produces || (!s->nr_free && !collect(s)))
		return NULL;
	n = s->free[--s->nr_free];
	s->owner[n] = GOT;
	s->got++;
	return address(s, n);
}

WN_API int wn_loans_put(struct wn_loans *s, void *buffer)
{
	const __u32 n = number(s, buffer);

	if (!*s->lane->alive)
		return -EOWNERDEAD;
	if (!s->lane->produces || n == s->count)
		return -EINVAL;
	s->owner[n] = HERE;
	s->free[s->nr_free++] = (__u8)n;
	s->got--;
	return 0;
}

WN_API int wn_loans_send(struct wn_loans *s, void *buffer, __u32 len, __u32 type)
{
	struct wn_lane *l = s->lane;
	struct wn_loan *loan = (struct wn_loan *)rings(l->own) + slot(l->pos);
	const __u32 n = number(s, buffer);

	if (!*l->fit)
		return wn_lane_error(l);
	if (!l->produces || n == s->count || len > s->size)
		return -EINVAL;
	*loan = (struct wn_loan){ .buffer = n, .len = len, .type = type };
	s->owner[n] = THERE;
	s->got--;
	l->pos += STEP;
	return 0;
}

/* --------------------------------------------------------------- consumer */

WN_API const void *wn_loans_take(struct wn_loans *s, __u32 *len, __u32 *type)
{
	struct wn_lane *l = s->lane;
	const struct wn_loan *loan = (const struct wn_loan *)rings(l->peer) + slot(l->pos);
	__u32 n;

	if (!*l->fit || l->produces || (l->pos == l->limit && !wn_lane_more(l)))
		return NULL;
	/* Each once: they may change under us. */
	n = __atomic_load_n(&loan->buffer, __ATOMIC_RELAXED);
	*len = __atomic_load_n(&loan->len, __ATOMIC_RELAXED);
	*type = __atomic_load_n(&loan->type, __ATOMIC_RELAXED);
	if (n >= s->count || *len > s->size || s->owner[n & (s->count - 1)] != HERE) {
		wn_lane_broken(l);
		return NULL;
	}
	n &= s->count - 1;
	s->owner[n] = GOT;
	s->got++;
	l->pos += STEP;
	return address(s, n);
}

WN_API int wn_loans_return(struct wn_loans *s, const void *buffer)
{
	struct wn_lane *l = s->lane;
	__u32 *back = rings(l->own);
	const __u32 n = number(s, buffer);

	if (!*l->alive)
		return -EOWNERDEAD;
	if (l->produces || n == s->count)
		return -EINVAL;
	s->owner[n] = HERE;
	s->got--;
	if (l->error)
		return l->error == -ENOLINK ? 0 : l->error;
	__atomic_store_n(&back[slot(s->back)], n, __ATOMIC_RELAXED);
	s->back += STEP;
	return wn_lane_publish_at(l, s->back) ? wn_lane_heed(l) : 0;
}

/* ------------------------------------------------------------------- both */

/* To wait for. Those that the program has are not lent, and yet not to be had. */
static __u32 wanted(const struct wn_loans *s)
{
	return s->lane->produces ? s->got * (__u32)STEP : 0;
}

WN_API int wn_loans_wait(struct wn_loans *s, __u64 deadline)
{
	return s->lane->produces && s->nr_free ? wn_lane_error(s->lane) :
		wn_lane_wait(s->lane, wanted(s), deadline);
}

WN_API int wn_loans_arm(struct wn_loans *s)
{
	if (!s->lane->produces || !s->nr_free)
		return wn_lane_arm(s->lane, wanted(s));
	return wn_lane_error(s->lane) ? wn_lane_error(s->lane) : 1;
}
