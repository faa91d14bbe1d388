/* SPDX-License-Identifier: MIT */
/*
 * Replicas of one cell, each a domain with memories of its own, a network between
 * them that loses, repeats and reorders, and what the cell should hold in the end.
 */
#ifndef WN_UNIT_REPLICAS_H
#define WN_UNIT_REPLICAS_H

#include "kmod/core/cell_delta.h"
#include "world.h"

#define REPLICAS_MAX	6
#define MESSAGES	24
#define FORM_BYTES	(96 * 1024)
#define ORACLE_DOTS	4096

/* Every type of cell there is. */
#define REPLICA_TYPES	9

extern const struct replica_type {
	const char *name;
	u8 type, flags;
} replica_types[REPLICA_TYPES];

struct replica {
	struct world w;
	struct wn_cells *cells;
	u32 at;			/* the cell */
	u64 version;		/* of the cell, when that was last looked at */
	u64 now;		/* its own clock's, which is not the others' */
	u8 *before;		/* of private memory */
	bool refused;		/* by the last call */
};

struct message {
	u32 to, len;
	bool may_miss;		/* it was made for somebody who knows more */
	u8 *bytes;
};

/* Every dot ever made, and whether anybody that saw it ended it. */
struct oracle_dot {
	u32 replica;
	u64 n;
	struct wn_elem elem;	/* as it was put */
	u8 bytes[WN_CELL_BYTES_MAX];
	bool ended;
};

struct oracle {
	u64 plus[REPLICAS_MAX], minus[REPLICAS_MAX];
	u64 stamp;
	u32 replica, len;
	u8 value[WN_CELL_BYTES_MAX];
	struct oracle_dot *dots;
	u32 nr_dots;
};

struct replicas {
	struct replica r[REPLICAS_MAX];
	u32 n;
	u8 type, flags;
	u64 seed;
	u32 keys;		/* how many there are */
	struct message net[MESSAGES];
	u32 in_flight;
	bool cut[REPLICAS_MAX][REPLICAS_MAX];
	struct oracle oracle;
	u64 ops, joined, missed, partial;
	u64 compared[2];	/* digests of two that are not the same, and that are */
	char what[200];		/* went wrong; empty: nothing */
};

struct wn_bounds replicas_bounds(void);
void replicas_init(struct replicas *rs, u32 n, u8 type, u8 flags, const struct wn_bounds *bounds,
		   u64 seed);
void replicas_deinit(struct replicas *rs);

/* One replica, of whose number nothing comes. */
void replica_init(struct replica *r, u32 number, u8 type, u8 flags,
		  const struct wn_bounds *bounds, u64 seed);
void replica_deinit(struct replica *r);

/* Around a call that changes: an error is rolled back, and must leave no trace. */
void replica_begin(struct replica *r);
bool replica_end(struct replica *r, int err);

/* One op of the type; then what the oracle makes of it. */
void replicas_op(struct replicas *rs, u32 who);

/* Ops, and messages that are sent, lost, repeated, late. */
void replicas_history(struct replicas *rs, u32 steps);

/* Everything to everybody; then all are the same and what the oracle says. */
bool replicas_settle(struct replicas *rs);

/* The whole state as bytes; its length. */
u32 replica_encode(struct replica *r, u8 *to);

/* Join a form; the last result of wn_cell_merge(). */
int replica_join(struct replica *r, const u8 *bytes, u32 len);

/* Lists, counts and index of a cell fit together; NULL, or what does not. */
const char *replica_check(const struct replica *r);

struct wn_item item_of(const char *key, const char *value);

/* As text of its own, in calls. */
int replica_put(struct replica *r, const char *key, const char *value);
int replica_remove(struct replica *r, const char *key);
bool replica_has(struct replica *r, const char *key);

#endif
