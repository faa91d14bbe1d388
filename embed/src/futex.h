/* SPDX-License-Identifier: MIT */
/* Sleeping on a word until it is no longer what it was. */
#ifndef WN_EMBED_FUTEX_H
#define WN_EMBED_FUTEX_H

#include "kmod/core/core.h"

/* Of CLOCK_BOOTTIME; for ever. */
#define WN_EMBED_FOR_EVER	(~0ULL)

/* 0: woken, changed, or for no reason; -ETIME, -EINTR. shared: with other processes. */
int wn_embed_sleep(u32 *word, u32 seen, bool shared, u64 deadline);
/* All who sleep on it. */
void wn_embed_wake(u32 *word, bool shared);

void wn_embed_look_at_clock(struct wn_now *now);

#endif
