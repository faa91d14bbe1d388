/* SPDX-License-Identifier: MIT */
/* Domains of the engine in this process, and clients of them. Whatever fails ends the program. */
#ifndef BENCH_DOMAIN_H
#define BENCH_DOMAIN_H

#include <wn.h>

/* "embed:NAME"; bounds: NULL: the defaults. */
void domain_make(const char *path, const struct wn_bounds *bounds);
void domain_drop(const char *path);
/* Bounds to begin with, or the largest. */
struct wn_bounds domain_bounds(void);
struct wn_bounds domain_limits(void);

void client_open(struct wn *wn, const char *path, const struct wn_params *params);

/* A result that is no error. */
__u64 good(__s64 res, const char *what);

/* Submit all and read that many completions, each of which must be good. */
void submit_and_check(struct wn *wn, unsigned int completions);

#endif
