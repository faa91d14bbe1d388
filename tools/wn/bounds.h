/* SPDX-License-Identifier: MIT */
/* A domain's bounds by name. */
#ifndef WN_BOUNDS_H
#define WN_BOUNDS_H

#include <wn.h>

/* The name of the nth, NULL behind the last. */
const char *wn_bound_name(unsigned int n);
/* The most that its field holds. */
__u64 wn_bound_max(unsigned int n);
__u64 wn_bound_get(const struct wn_bounds *b, unsigned int n);
void wn_bound_set(struct wn_bounds *b, unsigned int n, __u64 value);
/* wn_fail() for a domain that was refused, with the bound that it was refused for. */
int wn_bounds_fail(const char *mount, const struct wn_bounds *b, const char *what,
		   const char *where, int err);

#endif
