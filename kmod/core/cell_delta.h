/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Deltas: what leaves a cell for its like elsewhere. A delta is a head (form.h) and
 * pieces. A piece speaks of one replica and an interval of its dots, (from, to]:
 *
 *   24   u16 replica, u16 form, u32 nr, u64 from, u64 to; then by form
 *
 *   ROWS    nr x 32: u16 b, u16 0, u32 0, u64 n, u64 x, u64 y. Rows of the replica
 *           that changed in the interval. A counter: one, b 0, from 0, to its n.
 *   BYTES   nr bytes, padded: a lww value with the stamp to; from 0.
 *   ELEMS   nr x { u64 dot, u16 key_len, u16 val_len, u32 0; of maps u64 x, u64 y;
 *           key and value, padded }: all elements of the interval that live, by dot.
 *   RUNS    nr x 8: u32 gap, u32 len: after gap dots that ended, len that live.
 *           The same for those who know all dots up to to.
 *
 * A piece is the whole truth about its interval at one replica at one time: what it
 * does not list has ended. It is joined only where all dots up to from are known, so
 * the known dots of a replica stay one interval from 1 on, and a vector says all.
 * Cut into pieces that are joined one after the other a state is joined as a whole.
 *
 * In one delta the pieces are in the order of (form, replica) and differ in that: so
 * values come before the end of those that they replace, and to join a delta is at
 * most two walks over a cell.
 */
#ifndef WN_CORE_CELL_DELTA_H
#define WN_CORE_CELL_DELTA_H

#include "cell.h"
#include "form.h"

#define WN_PIECE_ROWS	0
#define WN_PIECE_BYTES	1
#define WN_PIECE_ELEMS	2
#define WN_PIECE_RUNS	3

#define WN_PIECE_HEAD	24
#define WN_PIECE_ROW	32
#define WN_PIECE_RUN	8
#define WN_PIECE_ELEM	16	/* and 16 more in maps */

/* One call of wn_cell_delta() looks at so many elements. */
#define WN_DELTA_STEPS	4096

/* One call of wn_cell_merge() changes so many elements and rows. */
#define WN_MERGE_DOTS	64

wn_static_assert(WN_MERGE_DOTS >= WN_REPLICAS_MAX);

/*
 * What those who know @since do not know, or as much of it as there is room for.
 * *@cursor is 0 to begin with and 0 at the end; between the calls the cell may
 * change: what is told is true then. Bytes written, or -ENOBUFS: no room for one
 * piece with one element; -EINVAL: a cursor that never was.
 */
int wn_cell_delta(struct wn_cells *cells, u32 index, const struct wn_vv *since, u64 *cursor,
		  u8 *to, u32 room);

struct wn_merge {
	u64 hlc;		/* the domain's, for the cell's record */
	u64 realtime;		/* ns */
	u64 drift_ms;		/* stamps of values may be so much ahead of it */
	u64 clock;		/* the domain's; out: not below any stamp that was taken over */
};

/*
 * Join a delta, from bytes of anybody. 0: all of it; 1: as much as one call does,
 * call again with the same. To be rolled back after: -EINVAL: no such form; -E2BIG:
 * a bound of replicas or lengths; -ENOSPC: elements, rows, slab; -EAGAIN: dots before
 * it are not known here; -EPROTO: it knows more of this replica than itself, or a
 * stamp is too far ahead.
 */
int wn_cell_merge(struct wn_cells *cells, u32 index, const u8 *bytes, u32 len,
		  struct wn_merge *merge);

#endif
