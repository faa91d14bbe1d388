// SPDX-License-Identifier: MIT
/*
 * quick: each subject between two marks of callgrind, which writes down what was counted
 * under the subject's name; bench/quick/run reads that. Without valgrind it only runs.
 * "quick ratios": times of some of them, as ratios to a loop that never changes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

#include "quick.h"

void quick_die(const char *what)
{
	fprintf(stderr, "quick: %s\n", what);
	exit(1);
}

static void all(const struct quick *q)
{
	for (; q->name; q++) {
		if (q->begin)
			q->begin();
		/* What is done for the first time only is not what an op costs. */
		q->run(q->n / 4);
		printf("%u\t%s\n", q->n, q->name);
		fflush(stdout);
		CALLGRIND_TOGGLE_COLLECT;
		q->run(q->n);
		CALLGRIND_TOGGLE_COLLECT;
		CALLGRIND_DUMP_STATS_AT(q->name);
		CALLGRIND_ZERO_STATS;
	}
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		if (strcmp(argv[1], "ratios"))
			quick_die("usage: quick [ratios]");
		quick_ratios(quick_libwn);
		return 0;
	}
	all(quick_core);
	all(quick_libwn);
	return 0;
}
