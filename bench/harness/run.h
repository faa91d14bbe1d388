/* SPDX-License-Identifier: MIT */
/* The rows that were asked for, one after the other, to the terminal and as JSON. */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include "bench.h"
#include "json.h"
#include "machine.h"

/* json: NULL: none. */
void run_begin(FILE *json, unsigned int runs, bool brief);
void run_row(const struct bench_row *row);
/* Whether nothing was lost, came twice or out of order. */
bool run_end(void);

#endif
