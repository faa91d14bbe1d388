/* SPDX-License-Identifier: MIT */
/*
 * A domain to test in: a core in memory of its own, with its time and the arena
 * that queries answer into.
 */
#ifndef WN_UNIT_WORLD_H
#define WN_UNIT_WORLD_H

#include "kmod/core/client.h"
#include "kmod/core/op.h"
#include "kmod/core/reap.h"

#define WORLD_OUT_BYTES (sizeof(struct wn_found) + WN_QUERY_MAX * sizeof(struct wn_node_rec))

struct world {
	struct wn_core *core;
	struct wn_core_size size;
	u8 *public, *private;
	struct wn_now now;
	u8 *out;		/* WORLD_OUT_BYTES */
	struct wn_op_result last;
};

/* Small in everything: nodes as given, 4 clients with 8 capabilities. */
struct wn_bounds world_bounds(u32 nodes);

/* Exits when memory is short. Client 0 is open, with all rights over the root. */
void world_init(struct world *w, const struct wn_bounds *bounds, u64 seed);

/* The same for an ident, and without a client. */
void world_make(struct world *w, const struct wn_bounds *bounds, const struct wn_core_ident *ident);
void world_deinit(struct world *w);

/*
 * While it is set each op that world_op() does is told, with its result; and what else
 * tests have to say of what they do. For histories that failed.
 */
extern bool world_tells;
__attribute__((__format__(__printf__, 1, 2))) void world_say(const char *format, ...);
void world_say_op(u32 client, const struct wn_sqe *sqe, s64 res);

/* Apply an op as a client; data: 64 bytes for a wide one, or NULL. */
s64 world_op(struct world *w, u32 client, const struct wn_sqe *sqe, const void *data);

#define OP(...) (&(const struct wn_sqe){ __VA_ARGS__ })

/* What tests do most, as client 0. A name may be longer than allowed. */
s64 world_create(struct world *w, u64 parent, const char *name);
s64 world_lookup(struct world *w, u64 parent, const char *name);
void world_name(u8 data[64], const char *name);

/* A record as a reader without locks sees it; false: it is being written. */
bool world_read_once(const u8 *public, u32 index, struct wn_node_rec *rec);

/* The same with many tries; false: none succeeded. */
bool world_read(const u8 *public, u32 index, struct wn_node_rec *rec);

/* A cell's picture while nobody changes it. */
const struct wn_cell_rec *world_cell(const u8 *public, u32 index);

/* Look a name up in public memory alone, as libwn would: a handle or 0. */
u64 world_find(const u8 *public, u64 parent, const char *name);

/* Splitmix64. */
u64 world_random(u64 *state);

#endif
