/* SPDX-License-Identifier: MIT */
/*
 * A bar on stderr for what takes longer than two seconds, where that is a terminal and
 * the output is not going there, too.
 */
#ifndef WN_PROGRESS_H
#define WN_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <linux/types.h>

struct wn_progress {
	const char *what;
	__u64 total;		/* 0: not known */
	__u64 begun, shown;	/* ns */
	__u64 looked;		/* at was this when the clock was looked at */
	bool on, any;
	bool timed;		/* it is asked each now and then only */
};

void wn_progress_begin(struct wn_progress *p, const char *what, __u64 total);
void wn_progress_at(struct wn_progress *p, __u64 at);
/* The line is gone. */
void wn_progress_end(struct wn_progress *p);

/* The same of one call that says nothing until it is done: the seconds that it takes, by a thread. */
struct wn_ticker {
	struct wn_progress p;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool over;
	bool runs;
};

void wn_ticker_begin(struct wn_ticker *t, const char *what);
void wn_ticker_end(struct wn_ticker *t);

#endif
