/* SPDX-License-Identifier: MIT */
/*
 * What every benchmark needs: clocks, memory, a place on a CPU, the middle of some
 * figures. Programs that are linked with the core get its report from here, too.
 */
#ifndef BENCH_TIMING_H
#define BENCH_TIMING_H

#include <stddef.h>
#include <stdint.h>

/* CPU time of this thread: what others do in between is not counted. */
uint64_t cpu_ns(void);

/* Time that passed, for what waits or has two sides. */
uint64_t wall_ns(void);

/* For qsort() of doubles. */
int ascending(const void *a, const void *b);

/*
 * Zeroed pages straight from the kernel, there at once. Ends the program when there
 * are none. Given back by unmapped().
 */
void *zeroed(size_t bytes);
void unmapped(void *mem, size_t bytes);

/* This thread to one CPU; below zero where that is refused. */
int pin_to(int cpu);

/* Where it was at first: children and threads begin where who makes them is. */
void unpin(void);

#endif
