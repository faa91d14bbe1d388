/* SPDX-License-Identifier: MIT */
/* How a node is shown. */
#ifndef WN_NODE_H
#define WN_NODE_H

#include "cmd.h"

extern const char *const wn_tiers[];	/* names by WN_TIER_*, NULL behind them */

/* Its record as a member of the document. */
void wn_node_json(struct wn_ctx *ctx, const char *key, const char *path,
		  const struct wn_node_rec *rec);

/* "type 3, state 1, ...": what of it is not nothing. */
void wn_node_text(struct wn_ctx *ctx, const struct wn_node_rec *rec);

/* A stamp as local time. */
void wn_node_time(FILE *to, __u64 hlc);

#endif
