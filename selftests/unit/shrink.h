/* SPDX-License-Identifier: MIT */
/*
 * Random histories that can be shrunk. A history is a list of seeds, one a step; what a
 * step does follows from its seed and the state that it meets, so that a list with steps
 * left out is a history too. One that fails is done again and again with less of it, and
 * what is left is told op by op.
 *
 *	static void play(struct steps *s)
 *	{
 *		begin();
 *		while (steps_next(s, &rng))
 *			one();		// steps_wrong(s, ...) where something is not as it should be
 *		end();
 *	}
 *
 *	steps.play = play;
 *	held = steps_hold_all(&steps, seed, 100);
 *
 * The end of a history is checked in play() too, whatever the steps were.
 */
#ifndef WN_UNIT_SHRINK_H
#define WN_UNIT_SHRINK_H

#include "world.h"

#define STEPS_MOST 4096

struct steps {
	void (*play)(struct steps *s);
	u32 nr;			/* of a whole history */
	bool thorough;		/* for play(): it failed, now look harder */
	bool verbose;		/* say what is done */

	/* Not for who fills in the above. */
	const u64 *seeds;
	u32 count;		/* of those seeds */
	u32 at;			/* the step that comes next */
	bool wrong;
	char what[256];		/* was wrong first */
};

/* The seed of the next step; false: it was the last, or something is wrong. */
bool steps_next(struct steps *s, u64 *rng);

/* Something is wrong: the first such thing counts. */
__attribute__((__format__(__printf__, 2, 3))) void steps_wrong(struct steps *s,
							       const char *format, ...);

/* A history as it comes from a seed. Prints a shrunk one if it fails. */
bool steps_hold(struct steps *s, u64 seed);

/* So many histories, of seeds that follow each other, up to the first that fails. */
bool steps_hold_all(struct steps *s, u64 seed, u64 histories);

#endif
