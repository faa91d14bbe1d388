// SPDX-License-Identifier: MIT
/*
 * A subject's time in units of a loop that never changes: multiplications of which each
 * needs the one before, so it runs in the core's own clock and touches no memory. Rounds
 * are of microseconds and taken in turn with the loop's; of many the least counts, which
 * nobody disturbed. What is left apart is told: the least of each of several parts of the run.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../timing.h"
#include "quick.h"

#define MULTIPLICATIONS	1000u
#define PARTS	16u
#define ROUNDS	500u		/* of a part */

static void reference(void)
{
	uint64_t x = 88172645463325253ULL;

	for (unsigned int i = 0; i < MULTIPLICATIONS; i++) {
		x *= 6364136223846793005ULL;
		__asm__ volatile("" : "+r"(x));
	}
}

/* Of so many rounds the least: ns of the subject's, of the loop's. */
static void least(const struct quick *q, double *ours, double *loop)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t from = wall_ns(), between, to;

		reference();
		between = wall_ns();
		q->run(q->round);
		to = wall_ns();
		if (!i || (double)(between - from) < *loop)
			*loop = (double)(between - from);
		if (!i || (double)(to - between) < *ours)
			*ours = (double)(to - between);
	}
	*loop /= MULTIPLICATIONS;
	*ours /= q->round;
}

static void ratio(const struct quick *q)
{
	double ours[PARTS], loop[PARTS], apart[PARTS], all_ours, all_loop;
	unsigned int p;

	if (q->begin)
		q->begin();
	q->run(q->round);
	for (p = 0; p < PARTS; p++) {
		least(q, &ours[p], &loop[p]);
		apart[p] = ours[p] / loop[p];
	}
	all_ours = ours[0];
	all_loop = loop[0];
	for (p = 1; p < PARTS; p++) {
		all_ours = ours[p] < all_ours ? ours[p] : all_ours;
		all_loop = loop[p] < all_loop ? loop[p] : all_loop;
	}
	qsort(apart, PARTS, sizeof(apart[0]), ascending);
	printf("%.2f\tratio: %s\t%.2f to %.2f\n", all_ours / all_loop, q->name, apart[0],
	       apart[PARTS - 1]);
}

void quick_ratios(const struct quick *list)
{
	pin_to(0);
	for (; list->name; list++)
		if (list->round)
			ratio(list);
}
