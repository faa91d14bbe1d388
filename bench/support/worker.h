/* SPDX-License-Identifier: MIT */
/* A client that does short rounds of ops of all kinds, and reads every answer. */
#ifndef BENCH_WORKER_H
#define BENCH_WORKER_H

#include <stdint.h>
#include <wn.h>

#define WORKER_ROUND	16u	/* ops of a round */

struct worker {
	struct wn wn;
	uint64_t board, good, bad;
};

/* number: of those on this domain. */
void worker_open(struct worker *w, const char *domain, unsigned int number);
void worker_close(struct worker *w);

/* An error is counted as bad, and is the row's failure, not the program's. */
void worker_rounds(struct worker *w, unsigned int rounds);

#endif
