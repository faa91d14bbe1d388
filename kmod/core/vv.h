/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Version vectors. A replica numbers its own changes of a cell 1, 2, 3 ... without
 * a gap; (replica, number) is a dot. A vector says of each replica how many of its
 * dots are known, so it is all that can be known at one place: dots arrive in
 * order, or not at all (cell_merge.c).
 */
#ifndef WN_CORE_VV_H
#define WN_CORE_VV_H

#include "port.h"

#define WN_REPLICAS_MAX	64
#define WN_DOT_MAX	((1ULL << 48) - 1)	/* the highest number of a dot */

struct wn_vv {
	u64 n[WN_REPLICAS_MAX];
};

/*
 * Its byte form: struct wn_form_head with type 0, then for each replica of which
 * something is known {u16 replica, u16 0, u32 0, u64 n}, replicas ascending.
 */
#define WN_VV_BYTES_MAX	(8 + 16 * WN_REPLICAS_MAX)

/* Bytes written, or -ENOBUFS. */
int wn_vv_encode(const struct wn_vv *vv, u8 *to, u32 room);

/*
 * From bytes that may come from anybody. 0; -EINVAL: no such form; -E2BIG: a
 * replica that cannot be here. *@vv holds something only after a 0.
 */
int wn_vv_decode(struct wn_vv *vv, const u8 *bytes, u32 len, u32 replicas);

/* Whether all that @b knows is known to @a. */
bool wn_vv_covers(const struct wn_vv *a, const struct wn_vv *b);

#endif
