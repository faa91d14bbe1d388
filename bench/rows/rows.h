/* SPDX-License-Identifier: MIT */
/* All rows, in the order in which they are listed. */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include "../harness/bench.h"

extern const struct bench_row row_pool, row_dispatch, row_events, row_counter, row_tasks, row_worst;
extern const struct bench_row row_bytes, row_signal, row_bulk, row_crowd, row_sustained10;
extern const struct bench_row row_finality, row_attest, row_metrics, row_ipc, row_safe, row_footprint;
extern const struct bench_row row_mixes, row_picoseconds, row_replication, row_at_rest, row_cores;
extern const struct bench_row row_scope, row_curve_nodes, row_curve_children, row_curve_set;
extern const struct bench_row row_curve_clients, row_curve_lanes, row_curve_writers, row_curve_batch;
extern const struct bench_row row_curve_throughput;
extern const struct bench_row row_sustained60, row_sustained300, row_tracing, row_http, row_polling;
/* By their names only. */
extern const struct bench_row row_hidden_whole, row_hidden_lossy;

#endif
