/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine: whoever holds domain->lock and runs the core. Today that is the
 * client itself, inline, for its own ring.
 */
#ifndef WN_ENGINE_H
#define WN_ENGINE_H

#include <linux/types.h>

struct wn_client;
struct wn_now;

void wn_engine_now(struct wn_now *now);

/* Take at most max of the client's entries; returns how many slots were taken. */
u32 wn_engine_run(struct wn_client *client, u32 max);

#endif
