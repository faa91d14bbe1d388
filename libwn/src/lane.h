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

#endif
