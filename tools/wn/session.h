/* SPDX-License-Identifier: MIT */
/*
 * A command's way to its domain and nodes. Each of these returns 0 or, after a
 * message, the status to end with.
 */
#ifndef WN_SESSION_H
#define WN_SESSION_H

#include "cmd.h"

/* ctx->wn becomes a client of the domain that is meant, unless it is one. */
int wn_session(struct wn_ctx *ctx);

/* Give it up. */
void wn_session_end(struct wn_ctx *ctx);

/* The engine that is meant can be asked: with -e it is made, and the demo domain. */
int wn_session_engine(struct wn_ctx *ctx);

/* A domain's path, PATH_MAX bytes. */
int wn_session_path(struct wn_ctx *ctx, const char *name, char *path);

/* Names of the domains of an instance, sorted: how many, or -errno. Free each, and all. */
int wn_session_names(struct wn_ctx *ctx, char ***names);
void wn_session_free(char **names, int n);

/* -e: names that come and go; the kernel's are files. */
void wn_session_made(const char *name);
void wn_session_removed(const char *name);

/*
 * The node at a path ("/projects/alpha", "projects/alpha", "/": the root; "0x..": a
 * handle). The session begins with it, if need be; so with all that look for a node.
 */
int wn_session_node(struct wn_ctx *ctx, const char *path, __u64 *node);

/* Its parent, which must be there, and its own name. */
int wn_session_parent(struct wn_ctx *ctx, const char *path, __u64 *parent, const char **name);

/* A node's path, from the root; cut off at the front where it is longer than bytes. */
void wn_session_path_of(struct wn_ctx *ctx, __u64 node, char *path, size_t bytes);

/* The cell of a node whose id is written so. */
int wn_session_cell(struct wn_ctx *ctx, const char *path, const char *id, __u64 *node,
		    struct wn_cell_rec *rec);

/* An op under --cap: its result. data: its second slot, or NULL. */
__s64 wn_session_do(struct wn_ctx *ctx, struct wn_sqe *sqe, const void *data,
		    struct wn_cqe *cqe);

#endif
