/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Freeing what lay below destroyed nodes, a leaf at a time, then cells, an element at
 * a time, then what was granted under revoked capabilities.
 */
#ifndef WN_CORE_REAP_H
#define WN_CORE_REAP_H

#include "core.h"

/*
 * Take at most so many steps, each one level down, or one node or a part of a cell
 * freed, in an order that depends on nothing else: the first child first, the oldest destruction
 * first. Returns whether something is left.
 */
bool wn_core_slice(struct wn_core *core, u32 steps);

/* The same; returns the steps taken. */
u32 wn_reap_slice(struct wn_core *core, u32 steps);

#endif
