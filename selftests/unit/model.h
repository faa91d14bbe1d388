/* SPDX-License-Identifier: MIT */
/*
 * What the core should do, written as naively as it can be: an array of nodes,
 * searched from one end to the other. No list, no index, no undo: an op checks
 * first, and before a group the whole model is copied.
 */
#ifndef WN_UNIT_MODEL_H
#define WN_UNIT_MODEL_H

#include "model_cell.h"
#include "world.h"

#define MODEL_NODES 256
#define MODEL_CLIENTS 4
#define MODEL_CAPS 8
#define MODEL_KEYS 8

struct model_node {
	bool used;		/* its cell is */
	bool destroyed;		/* but it waits for those below */
	u64 generation;		/* of its last use */
	u64 order;		/* children: the highest comes first */
	u64 cells_hlc;		/* when its cells changed last */
	u32 height;
	u64 life;
	u32 client, cap;	/* it is charged to, if life is the client's */
	struct wn_node_rec rec;	/* but seq, nr_children, first_child, next */
};

struct model_key {
	u64 key, hlc;
	s64 res;
	u32 opcode;
};

struct model_cap {
	u64 node, expires, badge;
	u32 rights, quota_nodes, used_nodes;
};

struct model_client {
	u64 life;		/* odd: open */
	struct model_cap caps[MODEL_CAPS];
	struct model_key keys[MODEL_KEYS]; /* the newest last */
	u32 nr_keys;
};

struct model {
	struct wn_bounds bounds;
	struct wn_now now;
	u64 hlc, order;
	u32 doomed[MODEL_NODES], nr_doomed;
	u32 reaping;		/* or WN_INDEX_NONE */
	struct model_client clients[MODEL_CLIENTS];
	struct model_node nodes[MODEL_NODES];
	struct model_cells cells;

	/* Not taken back: the arenas; what an op on cells answered with, in out. */
	u8 in[MODEL_IN_BYTES];
	u32 out_at, out_len;
	u8 out[WORLD_OUT_BYTES];
};

/* As much of a model as a group can change. */
void model_copy(struct model *to, const struct model *from);

/* With a root, and client 0 open as world_init() opens it. */
void model_init(struct model *m, const struct wn_bounds *bounds, const struct wn_now *now);

void model_op(struct model *m, u32 client, const struct wn_sqe *slots,
	      struct wn_op_result *result);
bool model_group(struct model *m, u32 client, const struct wn_sqe *slots, u32 n,
		 struct wn_op_result *results);
bool model_slice(struct model *m, u32 steps);
int model_open(struct model *m, u32 client, const struct wn_core_open *first);
void model_close(struct model *m, u32 client);

/* A node's record with all that follows from the others. */
struct wn_node_rec model_record(const struct model *m, u32 index);

/* The index of a live node, or -1. */
int model_find(const struct model *m, u64 handle);

/* For model_cell.c: levels up to the root or -1; the op's stamp; a change. */
int model_depth(const struct model *m, u32 i);
u64 model_stamp(struct model *m);
void model_touch(struct model *m, u32 i, u64 hlc);

#endif
