// SPDX-License-Identifier: MIT
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define WAIT	2000000000ULL
#define EACH	200000000ULL
#define WIDTH	30

/* For tests: a terminal, and no patience. */
static bool forced(void)
{
	return getenv("WORKNODE_PROGRESS") != NULL;
}

static __u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (__u64)t.tv_sec * 1000000000 + (__u64)t.tv_nsec;
}

void wn_progress_begin(struct wn_progress *p, const char *what, __u64 total)
{
	*p = (struct wn_progress){ .what = what, .total = total };
	p->on = isatty(STDERR_FILENO) || forced();
	if (p->on)
		p->begun = now();
}

void wn_progress_at(struct wn_progress *p, __u64 at)
{
	__u64 t, full, i;

	/* The clock costs more than what is counted. */
	if (!p->on || (at - p->looked < 64 && at != p->total && !forced()))
		return;
	p->looked = at;
	t = now();
	if (!forced() && (t - p->begun < WAIT || t - p->shown < EACH))
		return;
	p->shown = t;
	p->any = true;
	fprintf(stderr, "\r%s ", p->what);
	if (p->total) {
		full = at < p->total ? at * WIDTH / p->total : WIDTH;
		fputc('[', stderr);
		for (i = 0; i < WIDTH; i++)
			fputc(i < full ? '#' : '.', stderr);
		fprintf(stderr, "] %llu of %llu", (unsigned long long)at,
			(unsigned long long)p->total);
	} else {
		fprintf(stderr, "%llu", (unsigned long long)at);
	}
}

void wn_progress_end(struct wn_progress *p)
{
	if (p->any)
		fputs(isatty(STDERR_FILENO) ? "\r\033[K" : "\n", stderr);
}
