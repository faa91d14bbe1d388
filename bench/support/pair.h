/* SPDX-License-Identifier: MIT */
/* Two sides on a CPU each (or the same), as threads or as processes, that begin together. */
#ifndef BENCH_PAIR_H
#define BENCH_PAIR_H

#include <stddef.h>
#include <stdint.h>

struct pair {
	void (*here)(void *arg);	/* on CPU 0 */
	void (*there)(void *arg);	/* the other */
	void *arg;
	int cpu;			/* of the other */
};

/* ns from the moment that both were ready until here() has returned. */
double pair_threads(const struct pair *p);
double pair_processes(const struct pair *p);

/* Memory that forked children share, zeroed; unmapped() gives it back. */
void *shared_memory(size_t bytes);

#endif
