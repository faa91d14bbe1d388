// SPDX-License-Identifier: MIT
/* Fair fan-in: the consumer's ends of many lanes, looked at in turn and waited for at once. */
#include "lane.h"

#include <stdlib.h>
#include <string.h>

#define LOOKS	64	/* at all lanes, before sleeping */

WN_API void wn_lane_set_init(struct wn_lane_set *set, struct wn *wn, __u32 budget)
{
	memset(set, 0, sizeof(*set));
	set->wn = wn;
	set->budget = set->left = budget ? budget : WN_LANE_SET_BUDGET;
}

/* The one whose turn it was has given what it gives: let its producer have the room. */
static void give_back(struct wn_lane_set *set)
{
	if (set->taken)
		wn_lane_consume(set->lane[set->at]);
	set->taken = 0;
}

static void next_turn(struct wn_lane_set *set)
{
	give_back(set);
	set->at = set->at + 1 < set->nr ? set->at + 1 : 0;
	set->left = set->budget;
}

WN_API void wn_lane_set_end(struct wn_lane_set *set)
{
	give_back(set);
	free(set->lane);
	memset(set, 0, sizeof(*set));
}

static __u32 find(const struct wn_lane_set *set, const struct wn_lane *l)
{
	__u32 i;

	for (i = 0; i < set->nr && set->lane[i] != l; i++)
		;
	return i;
}

WN_API int wn_lane_set_add(struct wn_lane_set *set, struct wn_lane *l)
{
	const __u32 max = set->max ? 2 * set->max : 16;
	struct wn_lane **more;

	/* What may lose records is read by wn_fan_read(), which no set does. */
	if (l->produces || l->wn != set->wn || !l->via || l->kind == WN_LANE_K_LOSES)
		return -EINVAL;
	if (find(set, l) < set->nr)
		return -EEXIST;
	if (set->nr == set->max) {
		more = realloc(set->lane, max * sizeof(struct wn_lane *));
		if (!more)
			return -ENOMEM;
		set->lane = more;
		set->max = max;
	}
	set->lane[set->nr++] = l;
	return 0;
}

WN_API int wn_lane_set_del(struct wn_lane_set *set, struct wn_lane *l)
{
	const __u32 i = find(set, l);

	if (i == set->nr)
		return -ENOENT;
	if (i == set->at) {
		give_back(set);
		set->left = set->budget;
	}
	/* The order of the others stays, and so whose turn comes next. */
	memmove(set->lane + i, set->lane + i + 1, (set->nr - i - 1) * sizeof(struct wn_lane *));
	set->nr--;
	if (i < set->at)
		set->at--;
	if (set->at >= set->nr)
		set->at = 0;
	return 0;
}

WN_API const void *wn_lane_set_next(struct wn_lane_set *set, struct wn_lane **from, __u32 *len)
{
	const void *record;
	__u32 n;

	/* One more than there are: the one that began may have got a new budget by then. */
	for (n = 0; n <= set->nr && set->nr; n++) {
		struct wn_lane *l = set->lane[set->at];

		if (set->left) {
			record = wn_lane_peek(l, len);
			if (record) {
				set->left--;
				set->taken++;
				*from = l;
				return record;
			}
			if (wn_lane_error(l)) {
				next_turn(set);
				*from = l;
				return NULL;
			}
		}
		next_turn(set);
	}
	*from = NULL;
	return NULL;
}

/* ---------------------------------------------------------------- waiting */

static bool look(const struct wn_lane_set *set)
{
	__u32 i;

	for (i = 0; i < set->nr; i++)
		if (wn_lane_look(set->lane[i], 0))
			return true;
	return false;
}

/* All flags, by one barrier: whether all producers will have seen them. */
static bool raise_all(struct wn_lane_set *set)
{
	bool sure = true;
	__u32 i;

	for (i = 0; i < set->nr; i++)
		wn_lane_raise(set->lane[i]);
	/* M, as in lane.c. */
	if (!wn_lane_barrier())
		for (i = 0; i < set->nr; i++)
			sure &= wn_lane_peer_fences(set->lane[i]);
	return sure;
}

static void lower_all(struct wn_lane_set *set)
{
	__u32 i;

	for (i = 0; i < set->nr; i++)
		wn_lane_lower(set->lane[i]);
}

/* With all flags raised: what each would do alone, one sleep for all. */
static int sleep_once(struct wn_lane_set *set, __u64 deadline)
{
	bool sure = raise_all(set);
	__u64 soon;
	int err = 0;

	if (!look(set)) {
		soon = wn_lane_nap(deadline);
		set->sleeps++;
		if (set->wn)
			err = wn_lanes_wait(set->wn, sure ? deadline : soon);
		else
			err = wn_lane_memory_sleep(set->lane, set->nr, deadline, sure);
		if (err == -ETIME && (!deadline || wn_deadline(0) < deadline))
			err = 0;
	}
	lower_all(set);
	return err;
}

/* A parent's lanes, or its client. */
static bool is_inherited(const struct wn_lane_set *set)
{
	__u32 i;

	for (i = 0; i < set->nr; i++)
		if (!*set->lane[i]->alive)
			return true;
	return set->wn && !*set->wn->alive;
}

WN_API int wn_lane_set_wait(struct wn_lane_set *set, __u64 deadline)
{
	__u32 n;
	int err;

	if (!set->nr && !set->wn)
		return -EINVAL;
	if (is_inherited(set))
		return -EOWNERDEAD;
	give_back(set);
	for (n = 0; n < LOOKS; n++) {
		if (look(set))
			return 0;
		wn_lane_relax();
	}
	err = sleep_once(set, deadline);
	/* What came at the last moment counts. */
	return err && look(set) ? 0 : err;
}

WN_API int wn_lane_set_arm(struct wn_lane_set *set)
{
	bool sure = true, there;

	if (!set->wn || set->wn->fd < 0)
		return -EOPNOTSUPP;
	if (is_inherited(set))
		return -EOWNERDEAD;
	give_back(set);
	there = look(set);
	if (!there) {
		sure = raise_all(set);
		there = look(set);
	}
	if (there) {
		lower_all(set);
		return 1;
	}
	return sure ? 0 : -EAGAIN;
}
