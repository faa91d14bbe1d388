/* SPDX-License-Identifier: MIT */
/*
 * The names of this process's domains. All of it lies in pages that the kernel
 * empties in forked children, where zeroes mean: nothing made yet. So a child
 * begins anew, whatever lock another thread of its parent held.
 */
#ifndef WN_EMBED_SPACE_H
#define WN_EMBED_SPACE_H

#include <pthread.h>

#include "kmod/core/port.h"

struct wn_embed_domain;

struct wn_embed_space {
	pthread_mutex_t lock;
	u64 life;		/* of this process; never 0 and never the parent's */
	u64 last_id;		/* under lock, as the list */
	struct wn_embed_domain *first;
};

/* Once, before all else: 0 or -ENOMEM. */
int wn_embed_space_init(void);

struct wn_embed_space *wn_embed_space_lock(void);
void wn_embed_space_unlock(struct wn_embed_space *space);

/* Which process this is: a thing made in another life is not to be touched. */
u64 wn_embed_life(void);

#endif
