/* SPDX-License-Identifier: MIT */
/*
 * What clients may do by capabilities, written as naively as it can be: every grant is
 * kept for ever with the one above it, and what may be done is found by walking up.
 * What exists at a time (nodes, slots of tables) is looked up in the core.
 */
#ifndef WN_UNIT_LATTICE_H
#define WN_UNIT_LATTICE_H

#include "kmod/core/cap.h"
#include "world.h"

#define LATTICE_CLIENTS	4
#define LATTICE_CAPS	8
#define LATTICE_GRANTS	1024
#define LATTICE_NODES	64
#define LATTICE_CELLS	8
#define LATTICE_KEYS	6	/* of each cell, which are sets */
#define LATTICE_TOKENS	32

struct grant {
	const struct grant *up;	/* NULL: the client was opened with it, or by a free token */
	u64 handle, node, expires, badge;
	u32 rights, client, index, granter, depth;
	u32 quota[WN_QUOTAS];
	bool revoked;		/* itself, or its holder is gone */
};

struct made {
	u64 node;
	const struct grant *by;	/* NULL: nobody's quota */
};

struct made_cell {
	u64 handle, node;	/* 0: none */
	const struct grant *by;
	bool has[LATTICE_KEYS];
};

struct minted {
	struct wn_token token;
	const struct grant *by;	/* NULL: it is free */
	bool good;		/* nobody changed a bit of it */
};

struct lattice {
	struct world w;
	struct grant grants[LATTICE_GRANTS];
	u32 nr;
	struct grant *slots[LATTICE_CLIENTS][LATTICE_CAPS];
	bool open[LATTICE_CLIENTS];
	struct made made[LATTICE_NODES];
	struct made_cell cells[LATTICE_CELLS];
	struct minted tokens[LATTICE_TOKENS];
	u32 nr_tokens;		/* ever made */
	u32 epoch, oldest;	/* of keys */
};

void lattice_init(struct lattice *l);

/* Revoked, or one above it. */
bool lattice_is_dead(const struct grant *g);

/* Whether the engine still has it in its slot, live or on its way out. */
bool lattice_is_held(const struct lattice *l, const struct grant *g);

bool lattice_is_below(const struct grant *g, const struct grant *up);

bool lattice_node_lives(struct lattice *l, u64 node);

/*
 * What a use for these rights of a node (0: the capability's own) answers before the op
 * looks further; 0: go on.
 */
s64 lattice_may(struct lattice *l, u32 client, u32 index, u32 rights, u64 node);

/* The same for what is about no node: that one may be gone. */
s64 lattice_may_so(struct lattice *l, u32 client, u32 index, u32 rights);

/* What else each op answers: 0, or 1 for a handle, is good. */
s64 lattice_grant(struct lattice *l, u32 client, const struct wn_sqe *sqe,
		  const struct wn_grant *in);
s64 lattice_create(struct lattice *l, u32 client, u32 index, u64 node);
s64 lattice_cell_create(struct lattice *l, u32 client, u32 index, u64 node);
s64 lattice_cell_add(struct lattice *l, u32 client, u32 index, const struct made_cell *cell);
s64 lattice_mint(struct lattice *l, u32 client, u32 index, const struct wn_token_ask *ask);
s64 lattice_redeem(struct lattice *l, u32 client, const struct minted *m);
s64 lattice_epoch(struct lattice *l, u32 client, u32 index, u32 flags, u64 oldest);

/* That was done: a new one in the table of its client; NULL: its slot is in use. */
struct grant *lattice_add(struct lattice *l, const struct grant *new);

/* When the capability of a token ends that is redeemed now. */
u64 lattice_token_end(const struct lattice *l, const struct minted *m);

/* A client is gone. */
void lattice_close(struct lattice *l, u32 client);

#endif
