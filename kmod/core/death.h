/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The death of clients, a bounded part at a time.
 *
 *	open --wn_core_client_close--> dying --slices--> free
 *
 * From the first moment it is nobody any more: its ops are refused, nothing is sent to
 * it, its bindings and leases do not hold, its slots are folded. What it leaves behind
 * is then taken apart, noun by noun; until that is done its number has no next life.
 * Clients die in the order in which they were closed.
 */
#ifndef WN_CORE_DEATH_H
#define WN_CORE_DEATH_H

#include "port.h"

struct wn_core;
struct wn_now;

struct wn_deaths {
	u32 first, last;	/* clients + 1; 0: none */
	u32 noun;		/* whose turn it is with the first */
	u32 cursor;		/* of that noun; it begins at 0 */
};

static inline bool wn_death_waits(const struct wn_deaths *deaths)
{
	return deaths->first;
}

/* A client died: take it into the queue, and a part of the work at once. */
void wn_death_add(struct wn_core *core, u32 client);

/* A job of work.c: about so many steps; returns how many it took. */
u32 wn_death_slice(struct wn_core *core, u32 steps, const struct wn_now *now);

/* A node goes that has an on-death policy. */
void wn_death_node_gone(struct wn_core *core, u32 index);

#endif
