/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Names, and the index that finds a child by its parent's handle and its name.
 * Readers have a picture of it; struct wn_name_bucket in the uapi header tells
 * the hash and the form of an entry.
 */
#ifndef WN_CORE_NAMES_H
#define WN_CORE_NAMES_H

#include <linux/worknode.h>

#include "port.h"

struct wn_core;

/* A name, checked, and where it belongs below a parent. */
struct wn_name {
	u64 words[WN_NAME_BYTES / 8];
	u64 hash;		/* with the parent */
	u32 len;
};

/* Buckets for so many nodes: a power of two. */
u32 wn_names_buckets(u32 nodes);

/* Low bits of an entry. */
u32 wn_names_bits(u32 nodes);

/* Take over NUL-padded bytes. -EINVAL, -ENAMETOOLONG. */
int wn_name_take(struct wn_name *name, const u8 bytes[WN_NAME_BYTES]);

/* Look below a parent from now on. */
void wn_name_hash(const struct wn_core *core, struct wn_name *name, u64 parent);

/* The index of the parent's child of that name (hashed for it), or WN_INDEX_NONE. */
u32 wn_names_find(struct wn_core *core, const struct wn_name *name, u64 parent);

/* Whether there is room for it, once @leaving, a node or WN_INDEX_NONE, is removed. */
bool wn_names_fit(struct wn_core *core, const struct wn_name *name, u32 leaving);

/* There is room. The node's hash is set. */
void wn_names_insert(struct wn_core *core, const struct wn_name *name, u32 index);

/* By the node's hash. */
void wn_names_remove(struct wn_core *core, u32 index);

#endif
