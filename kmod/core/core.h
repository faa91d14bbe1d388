/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A domain's core: all of its meaning, in two memories that are handed in.
 *
 *   public   read by every client with the right, written by the engine alone:
 *            struct wn_public and the tables it points to
 *   private  never mapped: the pool's bitmaps, and struct wn_core itself
 *
 * The caller lets one thread at a time in. Nothing here allocates, locks,
 * sleeps or reads a clock: the time is handed in, once a turn.
 */
#ifndef WN_CORE_CORE_H
#define WN_CORE_CORE_H

#include <linux/worknode.h>

#include "pool.h"
#include "port.h"

struct wn_now {
	u64 realtime;		/* ns since 1970 */
	u64 boottime;		/* ns since boot, suspend included */
};

struct wn_core {
	struct wn_public *public;
	struct wn_bounds bounds;
	struct wn_pool nodes;
};

/* Who the domain is: nothing of it may come from a client. */
struct wn_core_ident {
	u64 domain;		/* unique id */
};

struct wn_core_size {
	u64 public_bytes;
	u64 private_bytes;
};

/* Memory for checked bounds; -EOVERFLOW never happens below the hard limits. */
int wn_core_size(const struct wn_bounds *bounds, struct wn_core_size *size);

/*
 * Lay a domain out in zeroed memory of that size, 8-aligned. Returns the core,
 * which lies in the private memory, or NULL if the bounds are not valid.
 */
struct wn_core *wn_core_init(void *public, void *private, const struct wn_bounds *bounds,
			     const struct wn_core_ident *ident);

/* Add to one of the public counters. */
void wn_core_count(struct wn_core *core, u32 stat, u64 n);

#endif
