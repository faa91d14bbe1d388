/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A facet: which nodes have a value, say a state, in the order of their
 * indexes. Values fall into 64 buckets; each is a bitmap over all nodes with two
 * levels of summary above it, so that a rare value is found without a scan.
 * Small values each have a bucket of their own; the caller looks at the node.
 */
#ifndef WN_CORE_FACET_H
#define WN_CORE_FACET_H

#include "tx.h"

#define WN_FACET_BUCKETS 64

struct wn_facet {
	u64 *low;	/* a bit for each node, bucket after bucket */
	u64 *mid;	/* a bit for each word of low that is not 0 */
	u64 *top;	/* a word a bucket: a bit for each word of mid that is not 0 */
	u64 *count;	/* nodes in each bucket */
	u32 low_words, mid_words; /* of one bucket */
	u32 capacity;
};

u64 wn_facet_bytes(u32 capacity);
void wn_facet_init(struct wn_facet *facet, void *zeroed, u32 capacity);

void wn_facet_add(struct wn_tx *tx, struct wn_facet *facet, u32 value, u32 index);
void wn_facet_remove(struct wn_tx *tx, struct wn_facet *facet, u32 value, u32 index);

/* The first node at or after @from in the value's bucket, or the capacity. */
u32 wn_facet_next(const struct wn_facet *facet, u32 value, u32 from);

/* Nodes in the value's bucket. */
u64 wn_facet_count(const struct wn_facet *facet, u32 value);

#endif
