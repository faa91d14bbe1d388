/* SPDX-License-Identifier: MIT */
/*
 * Ops as some program might make them, drawn at random: of all kinds, most of them on what
 * is there. Clients draw from what all of them met.
 */
#ifndef WN_TEST_ANYOP_H
#define WN_TEST_ANYOP_H

#include <stdint.h>
#include <linux/worknode.h>

#define ANYOP_KNOWN	64

/* Handles of one kind, the last ones, of cells with node and type; the last store wins. */
struct anyop_known {
	uint64_t at[ANYOP_KNOWN], node[ANYOP_KNOWN];
	uint32_t type[ANYOP_KNOWN];
	uint32_t n;
};

struct anyop_shared {
	struct anyop_known nodes, cells, caps, promises, subs;
	uint32_t clients;	/* numbers of them */
};

struct anyop {
	struct anyop_shared *shared;
	uint64_t seed;
	uint64_t calls, lease_node, lease;	/* of events that came to this one */
};

uint64_t anyop_random(uint64_t *seed);
uint32_t anyop_below(struct anyop *a, uint32_t n);

/* Two slots; the second counts where WN_SQE_WIDE is set. out_bytes: of the arena. */
void anyop_draw(struct anyop *a, struct wn_sqe slots[2], uint32_t out_bytes);

/* What came of it. */
void anyop_learn(struct anyop *a, const struct wn_sqe *sqe, int64_t res);
void anyop_event(struct anyop *a, const struct wn_event *event);

#endif
