/* SPDX-License-Identifier: MIT */
/* Ends of lanes, wherever their pages come from. */
#ifndef WN_SRC_LANE_H
#define WN_SRC_LANE_H

#include "internal.h"

/*
 * Make an end ready whose maps lie in l->maps, to read and to write: 0, or -EPROTO
 * where the other side has written what cannot be. bytes is the ring's.
 */
int wn_lane_begin(struct wn_lane *l, __u64 bytes, bool produces);

/* Whether there is something to wake up for; the producer: so much room. */
bool wn_lane_look(struct wn_lane *l, __u64 room);

/*
 * Going to sleep: raise the flag, have the barrier come about, look again, sleep, lower
 * the flag. The barrier reaches publishers that do not fence, or it is false, and one
 * that does not must be looked at again soon: at wn_lane_nap().
 */
void wn_lane_raise(struct wn_lane *l);
bool wn_lane_barrier(void);
bool wn_lane_peer_fences(struct wn_lane *l);
void wn_lane_lower(struct wn_lane *l);
__u64 wn_lane_nap(__u64 deadline);

/* Until one of their producers rings, for lanes in memory: 0 or an error. sure: as above. */
int wn_lane_memory_sleep(struct wn_lane **lane, __u32 nr, __u64 deadline, bool sure);

/* ------------------------------------------------------------------ fans */

#define WN_LANE_K_HOLDS	1	/* a consumer that holds the producer back */
#define WN_LANE_K_LOSES	2	/* one that loses what it is too slow for */

/* What wn_lane_credit(), _heed(), _peer_fences() and _close() are to a fan's producer. */
bool wn_fan_credit(struct wn_lane *l, __u64 room);
int wn_fan_heed(struct wn_lane *l);
bool wn_fan_fences(struct wn_lane *l);
void wn_fan_forget(struct wn_lane *l);

static inline const struct wn_fan_state *wn_fan_state(const struct wn_lane *l)
{
	return (const void *)((const char *)l->state + WN_FAN_OFFSET);
}

/* A consumer of a fan: whether it has its seat still. Others always have. */
static inline bool wn_fan_seated(const struct wn_lane *l)
{
	const struct wn_fan_state *fan = wn_fan_state(l);

	if (!l->kind)
		return true;
	/* What was read of records until now was so before the seat is looked at. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&fan->seats, __ATOMIC_ACQUIRE) >> l->seat & 1 &&
	       __atomic_load_n(&fan->life[l->seat], __ATOMIC_ACQUIRE) == l->life;
}

/* What lies in its pages now is nothing of the lane's. */
static inline bool wn_lane_was_taken(const struct wn_lane *l)
{
	return __atomic_load_n(&l->state->flags, __ATOMIC_ACQUIRE) & WN_LANE_S_REVOKED ||
	       !wn_fan_seated(l);
}

/* Map what the module gave, or give it back; *l is empty then. */
int wn_lane_begin_at(struct wn_lane *l, struct wn *wn, __u32 lane, __u64 bytes,
		     const struct wn_region *regions, bool produces);

static inline void wn_lane_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

#endif
