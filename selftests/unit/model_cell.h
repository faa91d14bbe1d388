/* SPDX-License-Identifier: MIT */
/*
 * Cells of a single replica, as naively as the nodes of model.h: an array of cells,
 * each with its items in the order in which they came. What others contribute is
 * the matter of replicas.h.
 */
#ifndef WN_UNIT_MODEL_CELL_H
#define WN_UNIT_MODEL_CELL_H

#include "world.h"

#define MODEL_CELLS 32
#define MODEL_ITEMS 8
#define MODEL_REPLICAS 4
#define MODEL_IN_BYTES 256	/* of the arena from the client */

struct model;

struct model_item {
	u64 dot, x, y;
	u16 key_len, val_len;
	u8 bytes[MODEL_IN_BYTES];
};

struct model_cell {
	bool used, doomed;
	bool has_row;		/* something of this replica is known */
	bool freed_value;	/* of a doomed lww: its long bytes */
	bool touched;		/* by the op or the group that runs */
	u64 generation;
	u64 order;		/* on the node: the highest comes first */
	u64 n;			/* changes of this replica */
	u64 plus, minus;	/* counters; escrow: made and used */
	u64 rights, start, window, amount, most;
	u64 given[MODEL_REPLICAS];
	u32 rows;		/* that are left of a doomed one */
	bool gave[MODEL_REPLICAS];
	u32 nr_items;
	struct wn_cell_rec rec;	/* but seq, next */
	u8 value[MODEL_IN_BYTES];
	struct model_item items[MODEL_ITEMS];
};

struct model_cells {
	struct model_cell at[MODEL_CELLS];
	u32 doomed[MODEL_CELLS], nr_doomed;
	u64 order;
	u32 rows;		/* there are, in all */
};

void model_cells_init(struct model *m);

/* Ops of cells on node i. They check first: an error has changed nothing. */
s64 model_cell_op(struct model *m, const struct wn_sqe *sqe, u32 i);

/* What was done is final: nodes whose cells changed have its stamp. */
void model_cells_commit(struct model *m);

/* The node is gone; one step of freeing what it had, false: there is nothing. */
void model_cells_doom(struct model *m, u64 node);
bool model_cells_step(struct model *m);

/* The index of a live cell, or -1. */
int model_cell_find(const struct model *m, u64 handle);

/* The node's newest cell, WN_INDEX_NONE: none; how many it has. */
u32 model_cell_first(const struct model *m, u64 node, u64 below);
u32 model_cell_count(const struct model *m, u64 node);

struct wn_cell_rec model_cell_record(const struct model *m, u32 index);

/* What is in use of all that cells share. */
u32 model_rows_used(const struct model *m);
u32 model_elems_used(const struct model *m);
u32 model_blocks_used(const struct model *m);

#endif
