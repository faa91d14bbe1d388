/* SPDX-License-Identifier: MIT */
/*
 * The tasks of row 5: 10,000 are there, then 100,000 ops in a fixed random order: create
 * 25, update 35, delete 15, query 25 of a hundred. The same for every engine; what the
 * queries find, added up, must be the same, too.
 */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

#include <stdint.h>

#include "../harness/bench.h"

#define TRACE_TASKS	10000u
#define TRACE_OPS	100000u
#define TRACE_IDS	(TRACE_TASKS + TRACE_OPS)

enum { TRACE_CREATE, TRACE_UPDATE, TRACE_DELETE, TRACE_QUERY };

struct trace_op {
	uint8_t what;
	uint32_t id;
	uint32_t value;		/* its state, of those created and updated */
};

struct trace {
	struct trace_op ops[TRACE_OPS];
	uint64_t found;		/* the states that queries find, added up */
	uint32_t left;		/* tasks at the end */
};

const struct trace *trace_get(void);

/* An engine found so much: what it should, or the program ends. */
void trace_hold(const char *engine, uint64_t found);

/* The state of a task that is there at the beginning. */
static inline uint32_t trace_first(uint32_t id)
{
	return id % 7;
}

#endif
