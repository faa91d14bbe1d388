/* SPDX-License-Identifier: MIT */
/* Room in an arena: 64 parts, the lowest that are free in a row. */
#ifndef WN_SRC_ARENA_H
#define WN_SRC_ARENA_H

#include "internal.h"

void wn_arena_init(struct wn_arena *arena, void *at, __u64 bytes);
int wn_arena_alloc(struct wn_arena *arena, __u32 bytes, __u32 *offset);
void wn_arena_free(struct wn_arena *arena, __u32 offset, __u32 bytes);

#endif
