/* SPDX-License-Identifier: MIT */
/* How a cell is shown. */
#ifndef WN_CELL_H
#define WN_CELL_H

#include "cmd.h"

extern const char *const wn_cell_types[]; /* names by WN_CELL_*, NULL behind them */

const char *wn_cell_type(const struct wn_cell_rec *rec);

/* What a cell holds; status: 0, or after a message where one does not know it. */
struct wn_cell_value {
	__u64 number;		/* counters, escrow, size of a set */
	char bytes[WN_CELL_BYTES_MAX];
	int len;		/* lww: of bytes; -1: never written */
	__u64 hlc;		/* lww: its stamp */
	bool on;		/* ewflag */
};

int wn_cell_value(struct wn_ctx *ctx, __u64 node, const struct wn_cell_rec *rec,
		  struct wn_cell_value *v);

void wn_cell_json(struct wn_ctx *ctx, const char *key, const struct wn_cell_rec *rec,
		  const struct wn_cell_value *v);
void wn_cell_text(struct wn_ctx *ctx, const struct wn_cell_rec *rec,
		  const struct wn_cell_value *v);

/* The keys and values: each as a member of an array, or a line. */
int wn_cell_members(struct wn_ctx *ctx, __u64 node, const struct wn_cell_rec *rec);

#endif
