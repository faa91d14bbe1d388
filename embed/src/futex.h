/* SPDX-License-Identifier: MIT */
/* Sleeping on a word until it is no longer what it was. */
#ifndef WN_EMBED_FUTEX_H
#define WN_EMBED_FUTEX_H

#include "kmod/core/core.h"

/* Of CLOCK_BOOTTIME; for ever. */
#define WN_EMBED_FOR_EVER	(~0ULL)

/* 0: woken, changed, or for no reason; -ETIME, -EINTR. shared: with other processes. */
int wn_embed_sleep(u32 *word, u32 seen, bool shared, u64 deadline);
/*
 * The same on any of several words, which others have mapped, too. Where the kernel
 * cannot, it comes back soon.
 */
struct wn_embed_word {
	u32 *at;
	u32 seen;
};

#define WN_EMBED_WORDS	128U

int wn_embed_sleep_any(const struct wn_embed_word *words, u32 nr, u64 deadline);

/* All who sleep on it. */
void wn_embed_wake(u32 *word, bool shared);

void wn_embed_look_at_clock(struct wn_now *now);

/* Of it the half by which things come due. */
u64 wn_embed_boottime(void);

/* A deadline by it, 0: none. Whether it passed; it, or so long from now if that is sooner. */
bool wn_embed_is_late(u64 deadline);
u64 wn_embed_sooner(u64 deadline, u64 ns);

#endif
