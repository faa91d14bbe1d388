/* SPDX-License-Identifier: MIT */
/*
 * The least of an HTTP server: GET and HEAD of a few documents, made anew for each
 * request. Whoever connects is not trusted: requests are short and must come within
 * seconds, connections are few, and none waits for another.
 */
#ifndef WN_HTTP_H
#define WN_HTTP_H

#include <stdio.h>
#include <linux/types.h>

/* Writes the document of a path to a file: its HTTP status, 404 where there is none. */
typedef int wn_http_fn(void *arg, const char *path, FILE *to);

/* A listening socket for "ADDR:PORT", "[ADDR]:PORT", "unix:PATH", or -errno. */
int wn_http_listen(const char *where);

/*
 * Serve on nr sockets until wn_stopped(), or until nobody came for idle ns (0: for
 * ever). 0 or -errno.
 */
int wn_http_serve(const int *sockets, int nr, __u64 idle, wn_http_fn *document, void *arg);

#endif
