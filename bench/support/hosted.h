/* SPDX-License-Identifier: MIT */
/* An engine that is a process of its own, of which others are clients: a host. */
#ifndef BENCH_HOSTED_H
#define BENCH_HOSTED_H

#include <stddef.h>

/* From here on, until hosted_end() or this process's end. */
void hosted_begin(void);
void hosted_end(void);

/* "host:SOCKET/NAME", of which domain_make() and client_open() know what to do. */
const char *hosted_path(char *to, size_t bytes, const char *name);

#endif
