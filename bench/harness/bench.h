/* SPDX-License-Identifier: MIT */
/*
 * How a claim is settled. A *row* is a claim (or a curve, or a sustained run). It makes
 * *comparisons*: a few *sides* that do the same work, ours first. All sides run once to
 * warm up, then in turn, run after run, so that what disturbs one disturbs the others;
 * the figure is the median of the runs, with the least and the most. *Checks* hold the
 * figure, or its ratio to another side, against what was claimed:
 *
 *	beaten	at least as good as the figure that was claimed
 *	met	within the bar that was set
 *	missed	neither
 *
 * A row is as good as its worst check. What was lost, came twice or out of order is
 * counted by the sides, and fails the whole program.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "../timing.h"
#include "hist.h"

#define BENCH_RUNS_MAX	101
#define BENCH_SIDES_MAX	10
#define BENCH_CHECKS_MAX 8

/* What one run of one side gives. */
struct bench_sample {
	double value;		/* per op, in the comparison's unit */
	struct hist *hist;	/* for each op's time in ns; NULL: nobody asked */
	uint64_t ops;		/* done; of messages: sent */
	uint64_t lost;
	uint64_t duplicated;
	uint64_t reordered;
	const char *missing;	/* it could not be done: why */
};

typedef void bench_fn(struct bench_sample *s, const void *arg);

struct bench_side {
	const char *name;
	bench_fn *run;
	const void *arg;
	const char *missing;	/* it is not here: what to install, or why */
	bool hist;		/* it records each op */
	bool ours;		/* another way of ours, not an alternative; the first always is */
};

/* The figure itself, or of all that the runs' histograms hold. */
enum bench_stat { BENCH_MEDIAN, BENCH_P50, BENCH_P99, BENCH_WORST };

struct bench_check {
	const char *what;
	enum bench_stat stat;
	unsigned int against;	/* 0: the figure itself; else its ratio to this side */
	double figure;		/* claimed */
	double bar;		/* that was set; 0: the figure */
};

struct bench_compare {
	const char *id;
	const char *what;
	const char *unit;	/* "ns", "MB/s", ... */
	const char *engine;	/* "core", "embedded, inline", ... */
	const char *where;	/* "CPU 0", ... */
	bool more;		/* more is better */
	struct bench_side sides[BENCH_SIDES_MAX];
	struct bench_check checks[BENCH_CHECKS_MAX];
};

/* One figure that needs no runs: a size, a count of steps. */
struct bench_fact {
	const char *id;
	const char *what;
	const char *unit;
	double value;
	bool more;
	struct bench_check check;	/* what: NULL: none */
};

enum bench_verdict { BENCH_BEATEN, BENCH_MET, BENCH_MISSED, BENCH_PENDING, BENCH_NONE };

struct bench_row {
	const char *name;	/* "1", "curve-nodes" */
	const char *system;	/* that claimed; NULL: nobody */
	const char *claim;
	void (*run)(const void *arg);
	const void *arg;
	const char *pending;	/* not yet measured: why; run is NULL */
	const char *out_of_scope; /* never to be: why; run is NULL */
	unsigned int seconds;	/* about; those that take longer than 60 are run by name only */
};

/* In the row that runs. */
void bench_compare(const struct bench_compare *c);
void bench_fact(const struct bench_fact *f);
void bench_note(const char *text);

/*
 * A curve: cost at x, for each of several x, by runs that are interleaved over all x.
 * expected: the exponent that it may have (0: constant), slack: by how much more.
 */
struct bench_curve {
	const char *id;
	const char *what;
	const char *x;
	const char *unit;
	const char *engine;
	const char *where;
	unsigned int points;
	const double *at;
	bench_fn *run;		/* arg: const struct bench_point * */
	const void *arg;
	void (*begin)(const void *arg, double x);	/* before all runs at x; NULL */
	void (*end)(const void *arg, double x);
	bool apart;		/* all runs at one x, then the next: what begin() makes is large */
	bool more;
	double expected;
	double slack;
};

struct bench_point {
	const void *arg;
	double x;
};

void bench_curve(const struct bench_curve *c);

/* A figure a second, for sustained runs. */
struct bench_second {
	double rate;		/* ops a second */
	double cpu_rate;	/* the same, of the time that the thread ran */
	uint64_t p99;		/* ns */
	uint64_t rss;		/* bytes that the process holds */
};

void bench_seconds(const char *id, const char *what, const char *engine, const char *where,
		   const struct bench_second *s, unsigned int n);

unsigned int bench_runs(void);
bool bench_short(void);		/* --short: a tenth of the work, to see that all runs */
double bench_scale(double work); /* work, or less of it */

void bench_die(const char *what) __attribute__((noreturn));

/* What the compiler must believe to be used, or changed. */
#define bench_opaque(x)	__asm__ volatile("" : "+r"(x) : : "memory")

static inline void bench_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

#endif
