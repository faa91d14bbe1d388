/* SPDX-License-Identifier: MIT */
/* One subject whose instructions are counted: done so many times, between two marks. */
#ifndef BENCH_QUICK_H
#define BENCH_QUICK_H

struct quick {
	const char *name;
	void (*begin)(void);	/* not counted; NULL */
	void (*run)(unsigned int n);
	unsigned int n;		/* times, of which one is what the figure is per */
	unsigned int round;	/* of them in a short round that is timed; 0: its time is not told */
};

/* Each ends with one without a name. */
extern const struct quick quick_core[], quick_libwn[];

/* Times of those in this list that have rounds, as ratios to a fixed loop. */
void quick_ratios(const struct quick *list);

void quick_die(const char *what) __attribute__((noreturn));

#endif
