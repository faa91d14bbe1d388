/* SPDX-License-Identifier: MIT */
/* A Redis server of the benchmark's own, without persistence, on a unix socket and CPU 1. */
#ifndef BENCH_REDIS_H
#define BENCH_REDIS_H

/* Where it listens; begun at the first call. NULL: there is no redis-server. */
const char *redis_socket(void);

#endif
