/* SPDX-License-Identifier: MIT */
#ifndef WN_SRC_CELLS_H
#define WN_SRC_CELLS_H

#include "internal.h"

/*
 * CELL_READ of bytes, with so much room in the arena: its result; at most size
 * bytes of it are stored.
 */
__s64 wn_cell_fetch(struct wn *wn, __u64 node, __u64 cell, __u32 what, void *to,
		    unsigned int size, unsigned int room);

#endif
