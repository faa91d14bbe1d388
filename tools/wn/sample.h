/* SPDX-License-Identifier: MIT */
/* What a domain's counters say at a moment. */
#ifndef WN_SAMPLE_H
#define WN_SAMPLE_H

#include "cmd.h"

struct wn_stat_name {
	const char *name;	/* of the counter, for machines */
	const char *help;
};

/* By WN_STAT_*; the last has no name. */
extern const struct wn_stat_name wn_stat_names[];

struct wn_sample {
	__u64 at;		/* ns of boottime */
	__u64 stats[WN_STATS];
	__u64 changes;		/* applied, ever */
	__u64 latency;		/* ns from submission to completion of an op that does nothing; 0: not tried */
	struct wn_domain_info info;
};

/* In a session: 0 or -errno. */
int wn_sample_take(struct wn_ctx *ctx, struct wn_sample *s, bool latency);

/* The same of any domain, by a client that goes at once; without latency it is not enabled. */
int wn_sample_of(const char *path, struct wn_sample *s, bool latency);

/* Per second from a to b. */
double wn_sample_rate(__u64 a, __u64 b, const struct wn_sample *from, const struct wn_sample *to);

#endif
