/* SPDX-License-Identifier: MIT */
/* TAP 13, and facts: lines "# fact NAME: VALUE" that the decision quotes. */
#ifndef WN_PROBE_TAP_H
#define WN_PROBE_TAP_H

#include <stdbool.h>

#define PRINTF(n) __attribute__((format(printf, n, n + 1)))

void tap_ok(bool ok, const char *fmt, ...) PRINTF(2);
void tap_skip(const char *why, const char *fmt, ...) PRINTF(2);
void fact(const char *fmt, ...) PRINTF(1);
int tap_done(void);

/* A step without which nothing after it means anything: says where, exits. */
void must_(bool ok, const char *what, const char *file, int line);
#define must(x) must_((x), #x, __FILE__, __LINE__)

#endif
