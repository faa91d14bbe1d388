/* SPDX-License-Identifier: MIT */
/*
 * A bar on stderr for what takes longer than two seconds, where that is a terminal and
 * the output is not going there, too.
 */
#ifndef WN_PROGRESS_H
#define WN_PROGRESS_H

#include <stdbool.h>
#include <linux/types.h>

struct wn_progress {
	const char *what;
	__u64 total;		/* 0: not known */
	__u64 begun, shown;	/* ns */
	__u64 looked;		/* at was this when the clock was looked at */
	bool on, any;
};

void wn_progress_begin(struct wn_progress *p, const char *what, __u64 total);
void wn_progress_at(struct wn_progress *p, __u64 at);
/* The line is gone. */
void wn_progress_end(struct wn_progress *p);

#endif
