/* SPDX-License-Identifier: MIT */
/* Figures of another allocator: this program once more, with it in front of the C library's. */
#ifndef BENCH_PRELOAD_H
#define BENCH_PRELOAD_H

/* library: NULL: the C library's own. The figure that was printed, or -1: it is not there. */
double preload_run(const char *library, const char *kind, const char *n);

/* What that program does: rows/pool.c. */
int preload_main(int argc, char **argv);

#endif
