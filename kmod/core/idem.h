/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Idempotency keys: the last ones under which a client's ops succeeded, with
 * the answers. An op that failed changed nothing and is not remembered.
 */
#ifndef WN_CORE_IDEM_H
#define WN_CORE_IDEM_H

#include "core.h"

struct wn_idem {
	u64 key;
	s64 res;
	u64 hlc;
	u32 aux;
	u32 opcode;
	u32 next;		/* in its chain, index + 1; 0: the last */
	u32 reserved;
};

struct wn_idem_ring {
	struct wn_idem *keys;	/* bounds.idem_keys, the oldest is overwritten */
	u32 *heads;		/* chains, a power of two of them; index + 1 */
	u32 at;			/* the next to be written */
	u32 used;
};

u32 wn_idem_heads(u32 keys);

/* What was answered to a key, or NULL. */
const struct wn_idem *wn_idem_find(const struct wn_core *core, const struct wn_idem_ring *ring,
				   u64 key);

/* Remember an answer; the key is not there yet. */
void wn_idem_add(struct wn_core *core, struct wn_idem_ring *ring, const struct wn_idem *answer);

void wn_idem_clear(struct wn_core *core, struct wn_idem_ring *ring);

#endif
