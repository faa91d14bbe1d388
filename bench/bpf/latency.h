/* SPDX-License-Identifier: MIT */
/* What the program in the kernel and the one that loads it share. */
#ifndef BENCH_BPF_LATENCY_H
#define BENCH_BPF_LATENCY_H

#define LATENCY_OPS	64	/* opcodes */
#define LATENCY_SLOTS	32	/* slot n: from 2^n ns on, below twice as much */

#endif
