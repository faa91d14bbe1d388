/* SPDX-License-Identifier: MIT */
/* All rows, in the order in which they are listed. A file of rows ends its own with one without a name. */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include "../harness/bench.h"

extern const struct bench_row row_pool, row_dispatch, row_events, row_counter, row_tasks;

#endif
