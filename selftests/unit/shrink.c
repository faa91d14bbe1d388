// SPDX-License-Identifier: MIT
#include "shrink.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* So often is a history done again at most: what takes long is told half shrunk. */
#define TRIES 20000

bool steps_next(struct steps *s, u64 *rng)
{
	if (s->wrong || s->at == s->count)
		return false;
	*rng = s->seeds[s->at++];
	if (s->verbose)
		printf("# step %u, %#llx\n", s->at - 1, *rng);
	return true;
}

void steps_wrong(struct steps *s, const char *format, ...)
{
	va_list args;

	if (s->wrong)
		return;
	s->wrong = true;
	va_start(args, format);
	vsnprintf(s->what, sizeof(s->what), format, args);
	va_end(args);
}

/* True: it held. */
static bool play(struct steps *s, const u64 *seeds, u32 count)
{
	s->seeds = seeds;
	s->count = count;
	s->at = 0;
	s->wrong = false;
	s->play(s);
	return !s->wrong;
}

/* Leave out what it does not need to fail; returns how many steps are left. */
static u32 shrink(struct steps *s, u64 *seeds, u32 n)
{
	static u64 fewer[STEPS_MOST];
	u32 chunk, at, before, tries = 0;

	/* What could not go before others went may go now. */
	do {
		before = n;
		for (chunk = n / 2; chunk; chunk /= 2) {
			for (at = 0; at + chunk <= n && tries < TRIES; tries++) {
				memcpy(fewer, seeds, at * sizeof(*fewer));
				memcpy(fewer + at, seeds + at + chunk,
				       (n - at - chunk) * sizeof(*fewer));
				if (play(s, fewer, n - chunk)) {
					at += chunk;
					continue;
				}
				n = s->at;
				memcpy(seeds, fewer, n * sizeof(*seeds));
			}
		}
	} while (n < before);
	return n;
}

bool steps_hold(struct steps *s, u64 seed)
{
	static u64 seeds[STEPS_MOST];
	u64 rng = seed;
	u32 i, n;

	s->thorough = s->verbose = false;
	for (i = 0; i < s->nr && i < STEPS_MOST; i++)
		seeds[i] = world_random(&rng);
	if (play(s, seeds, i))
		return true;
	n = s->at;
	printf("# history %#llx, step %u of %u: %s\n", seed, n - !!n, s->nr, s->what);
	/* Looking harder, it may fail sooner, and the same at each length. */
	s->thorough = true;
	if (!play(s, seeds, n))
		n = s->at;
	n = shrink(s, seeds, n);
	printf("# shrunk to %u steps:\n", n);
	s->verbose = world_tells = true;
	play(s, seeds, n);
	world_tells = false;
	printf("# %s\n", s->wrong ? s->what : "which did not fail again");
	return false;
}

bool steps_hold_all(struct steps *s, u64 seed, u64 histories)
{
	u64 i;

	for (i = 0; i < histories; i++)
		if (!steps_hold(s, seed + i))
			return false;
	/* Asked before tap_plan(), there are no rounds. */
	return histories;
}
