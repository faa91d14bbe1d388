/* SPDX-License-Identifier: MIT */
/* Records between two processes by a lane, both sides looking, never sleeping. */
#ifndef BENCH_LANES_H
#define BENCH_LANES_H

#include "../harness/bench.h"

struct lane_run {
	unsigned int records;
	unsigned int bytes;	/* of a record, a multiple of 8: written and read in full */
	unsigned int batch;	/* for a commit and a consume */
	unsigned int ring;	/* bytes; 0: 64 KB */
};

/* value: ns a record. arg: const struct lane_run *. */
void lane_one_way(struct bench_sample *s, const void *arg);
/* value: MB/s. */
void lane_rate(struct bench_sample *s, const void *arg);
/* value: ns, there and back; each is recorded. */
void lane_round_trip(struct bench_sample *s, const void *arg);

#endif
