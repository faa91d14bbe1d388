/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Events to subtrees. How many nodes lie below one is not known, so they are not looked for
 * from there: a scan goes over the indexes of all nodes, between ops and a part at a time,
 * and from each node that is old enough and has a reader it climbs to see whether it lies
 * below. What is sent, by whom and how far the scan is lie in a promise (promise.h):
 *
 *	scanning --all indexes were seen--> over, or ready: how many readers had no room
 *	   |-------its node is gone, its capability is no good---> ready: the errno
 *	   |-------cancelled, its maker is gone-------------------> over
 *
 * A node gets it at most once. One that was there when the op was done, and still is when
 * the scan comes by, gets it if it lies below then, wherever it was between.
 */
#ifndef WN_CORE_SCATTER_H
#define WN_CORE_SCATTER_H

#include "list.h"
#include "port.h"

struct wn_core;
struct wn_now;
struct wn_promise;

/* One that was made begins to scan; it is for nodes created up to a stamp. */
void wn_scatter_begin(struct wn_core *core, struct wn_promise *promise, u64 upto);

/* A job of work.c: about so many steps; how many it took. */
u32 wn_scatter_slice(struct wn_core *core, u32 steps, const struct wn_now *now);

bool wn_scatter_waits(const struct wn_core *core);

#endif
