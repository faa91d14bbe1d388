/* SPDX-License-Identifier: MIT */
/*
 * A domain's recording: the core's journal and its way out, as in the module. In two
 * halves of a size; the core writes to one, the other is whoever takes out's.
 */
#ifndef WN_EMBED_RECORDING_H
#define WN_EMBED_RECORDING_H

#include <pthread.h>
#include <linux/worknode.h>

#include "kmod/core/journal.h"
#include "memory.h"

struct wn_embed_domain;

struct wn_embed_recording {
	struct wn_journal journal;	/* under the domain's lock */
	struct wn_embed_memory half[2];
	u32 half_bytes;			/* 0: there is none */

	pthread_mutex_t lock;		/* one takes out at a time; outside the domain's */
	u32 out;			/* which half is the reader's */
	u32 taken, used;		/* bytes of it */
	u64 position;
};

/* Of so many KB, or as many as the bounds need, both halves; 0: too many. */
u64 wn_embed_recording_bytes(const struct wn_bounds *bounds, u32 kb);

/* bytes: 0: none. The core is as wn_core_init() left it. 0 or -ENOMEM. */
int wn_embed_recording_begin(struct wn_embed_domain *domain, u64 bytes,
			     const struct wn_core_ident *ident);
void wn_embed_recording_end(struct wn_embed_domain *domain);

/* WN_IOC_JOURNAL, but for the name. */
int wn_embed_recording_take(struct wn_embed_domain *domain, struct wn_journal_take *t);

#endif
