/* SPDX-License-Identifier: MIT */
/*
 * What the storms share: how long one goes on, and where its dice fall.
 *
 * WN_SEED repeats a run as far as the scheduler lets it, WN_ROUNDS sets its length.
 */
#ifndef WN_TEST_STORM_H
#define WN_TEST_STORM_H

#include "common.h"

struct ws_dice {
	uint64_t state;
};

/* Of WN_SEED, or of the clock; said aloud. */
struct ws_dice ws_seed(const char *test);
/* Another's own, by number. */
struct ws_dice ws_dice_of(const struct ws_dice *dice, uint32_t number);
uint32_t ws_any(struct ws_dice *dice, uint32_t below);

/* 64 bits that say which number it was, even summed up with others. */
uint64_t ws_hash(uint64_t n);

/*
 * How long: WN_ROUNDS; full with WN_STORM=full, as the step "storms" of make check-all
 * has it; else what fits beside all other tests, with a kernel that watches itself less.
 */
uint32_t ws_rounds(uint32_t full, uint32_t quick, uint32_t watched);

/* Zeroed memory that children share. */
void *ws_shared(size_t bytes);

void ws_sleep_us(uint32_t us);

/* Whether cond comes true in a minute. */
#define WS_EVENTUALLY(cond)						\
	({								\
		bool came_ = false;					\
		int tries_;						\
		/* NOLINTNEXTLINE(bugprone-infinite-loop) */		\
		for (tries_ = 0; tries_ < 6000 && !came_; tries_++) {	\
			came_ = (cond);					\
			if (!came_)					\
				ws_sleep_us(10000);			\
		}							\
		came_;							\
	})

#endif
