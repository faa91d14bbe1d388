// SPDX-License-Identifier: MIT
#include "timing.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "kmod/core/port.h"

void wn_port_report(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: broken: %s\n", file, line, what);
	abort();
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t cpu_ns(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t wall_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void *zeroed(size_t bytes)
{
	void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (mem == MAP_FAILED) {
		perror("bench: no memory");
		exit(1);
	}
	return mem;
}

void unmapped(void *mem, size_t bytes)
{
	munmap(mem, bytes);
}

static cpu_set_t before;
static int pinned;

int pin_to(int cpu)
{
	cpu_set_t set;

	if (!pinned && !sched_getaffinity(0, sizeof(before), &before))
		pinned = 1;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

void unpin(void)
{
	if (pinned)
		sched_setaffinity(0, sizeof(before), &before);
}
