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
bool wn_lane_peer_fences(const struct wn_lane *l);
void wn_lane_lower(struct wn_lane *l);
__u64 wn_lane_nap(__u64 deadline);

/* Until one of their producers rings, for lanes in memory: 0 or an error. sure: as above. */
int wn_lane_memory_sleep(struct wn_lane **lane, __u32 nr, __u64 deadline, bool sure);

static inline void wn_lane_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

#endif
