// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "cell_delta.h"

/* A delta on its way out. */
struct out {
	struct wn_cells *cells;
	const struct wn_vv *since;
	struct wn_writer w;
	u32 index, pieces, steps;
	u8 type;
};

/* Where to go on: 0 or 1 << 48 | runs << 49 | replica << 50 | from. */
#define CURSOR_SET	(1ULL << 48)
#define CURSOR_RUNS	(1ULL << 49)

static u64 cursor_make(bool runs, u32 replica, u64 from)
{
	return CURSOR_SET | (runs ? CURSOR_RUNS : 0) | (u64)replica << 50 | from;
}

static void put_piece(u8 *at, u32 replica, u32 form, u32 nr, u64 from, u64 to)
{
	wn_put_le16(at, (u16)replica);
	wn_put_le16(at + 2, (u16)form);
	wn_put_le32(at + 4, nr);
	wn_put_le64(at + 8, from);
	wn_put_le64(at + 16, to);
}

static bool leaves(const struct out *o, const struct wn_row *row)
{
	return row->a != WN_ROW_LOCAL && row->n > o->since->n[row->a];
}

/* All rows of one replica that changed; -ENOBUFS: no room, and nothing was written. */
static int put_rows(struct out *o, const struct wn_row *first)
{
	const bool escrow = o->type == WN_CELL_ESCROW;
	const u32 a = first->a;
	const struct wn_row *row;
	u32 nr = 0;
	u64 to = 0;
	u8 *at, *head;

	for (row = first; row && row->a == a; row = wn_row(o->cells, row->next)) {
		o->cells->tx->steps++;
		if (leaves(o, row)) {
			nr++;
			to = row->n > to ? row->n : to;
		}
	}
	if (wn_form_room(&o->w) < WN_PIECE_HEAD + nr * WN_PIECE_ROW)
		return -ENOBUFS;
	head = wn_form_give(&o->w, WN_PIECE_HEAD);
	put_piece(head, a, WN_PIECE_ROWS, nr, escrow ? o->since->n[a] : 0, to);
	for (row = first; row && row->a == a; row = wn_row(o->cells, row->next)) {
		if (!leaves(o, row))
			continue;
		at = wn_form_give(&o->w, WN_PIECE_ROW);
		wn_put_le64(at, row->b);
		wn_put_le64(at + 8, row->n);
		wn_put_le64(at + 16, row->x);
		wn_put_le64(at + 24, row->y);
	}
	o->pieces++;
	return 0;
}

static int rows(struct out *o, u64 *cursor)
{
	const u32 begin = *cursor ? *cursor >> 50 & 0xff : 0;
	const struct wn_row *row = wn_row(o->cells, o->cells->own[o->index].rows);

	*cursor = 0;
	while (row && row->a != WN_ROW_LOCAL) {
		const u32 a = row->a;
		bool any = false;

		if (a >= begin && leaves(o, row))
			any = true;
		/* Of escrow any row of the replica may have changed. */
		if (a >= begin && !any && o->type == WN_CELL_ESCROW) {
			const struct wn_row *own = wn_row_find(o->cells, o->index, a, a);

			any = own && leaves(o, own);
		}
		if (any && put_rows(o, row)) {
			if (!o->pieces)
				return -ENOBUFS;
			*cursor = cursor_make(false, a, 0);
			return 0;
		}
		while (row && row->a == a)
			row = wn_row(o->cells, row->next);
	}
	return 0;
}

static int value(struct out *o)
{
	const struct wn_cell_own *own = &o->cells->own[o->index];
	const u32 len = wn_cell(o->cells, o->index)->len;
	u8 *at;

	if (!own->stamp || o->since->n[own->replica] >= own->stamp)
		return 0;
	if (wn_form_room(&o->w) < WN_PIECE_HEAD + wn_form_pad(len))
		return -ENOBUFS;
	put_piece(wn_form_give(&o->w, WN_PIECE_HEAD), own->replica, WN_PIECE_BYTES, len, 0,
		  own->stamp);
	at = wn_form_give(&o->w, wn_form_pad(len));
	wn_cell_value(o->cells, o->index, at);
	wn_memset(at + len, 0, wn_form_pad(len) - len);
	o->pieces++;
	return 0;
}

static u32 elem_bytes(const struct out *o, const struct wn_elem *e)
{
	return WN_PIECE_ELEM + (o->type == WN_CELL_ORMAP ? 16 : 0) +
	       wn_form_pad((u32)e->key_len + e->val_len);
}

static void put_elem(struct out *o, const struct wn_elem *e)
{
	const u32 len = (u32)e->key_len + e->val_len;
	u8 *at = wn_form_give(&o->w, WN_PIECE_ELEM);

	wn_put_le64(at, e->dot);
	wn_put_le16(at + 8, e->key_len);
	wn_put_le16(at + 10, e->val_len);
	wn_put_le32(at + 12, 0);
	if (o->type == WN_CELL_ORMAP) {
		at = wn_form_give(&o->w, 16);
		wn_put_le64(at, e->x);
		wn_put_le64(at + 8, e->y);
	}
	at = wn_form_give(&o->w, wn_form_pad(len));
	wn_elem_get(o->cells, e, at);
	wn_memset(at + len, 0, wn_form_pad(len) - len);
}

/* Elements of a row above @from. Returns up to where all was told; @from: nothing. */
static u64 elems(struct out *o, const struct wn_row *row, u64 from)
{
	const struct wn_elem *e;
	u8 *head;
	u32 at, nr = 0;
	u64 to = from;

	if (wn_form_room(&o->w) < WN_PIECE_HEAD || o->steps >= WN_DELTA_STEPS)
		return from;
	head = wn_form_give(&o->w, WN_PIECE_HEAD);
	for (at = wn_elem_seek(o->cells, o->index, row, from);; at = e->next) {
		if (at == WN_INDEX_NONE) {
			to = row->n;
			break;
		}
		e = &o->cells->elems.at[at];
		if (wn_form_room(&o->w) < elem_bytes(o, e) || o->steps >= WN_DELTA_STEPS) {
			/* It is true up to the one that has no room. */
			to = e->dot - 1;
			break;
		}
		put_elem(o, e);
		nr++;
		o->steps++;
		o->cells->tx->steps++;
	}
	if (to == from) {
		o->w.at = head;
		return from;
	}
	put_piece(head, row->a, WN_PIECE_ELEMS, nr, from, to);
	o->pieces++;
	return to;
}

/* Which of the dots in (from, end] live; as above. */
static u64 runs(struct out *o, const struct wn_row *row, u64 from, u64 end)
{
	const struct wn_elem *e;
	u64 pos = from, to = end, gap;
	u8 *head, *run = NULL;
	u32 at, nr = 0;

	if (wn_form_room(&o->w) < WN_PIECE_HEAD || o->steps >= WN_DELTA_STEPS)
		return from;
	head = wn_form_give(&o->w, WN_PIECE_HEAD);
	/* pos: all up to it is told. */
	for (at = wn_elem_seek(o->cells, o->index, row, from); at != WN_INDEX_NONE; at = e->next) {
		e = &o->cells->elems.at[at];
		if (e->dot > end)
			break;
		o->steps++;
		o->cells->tx->steps++;
		gap = e->dot - pos - 1;
		if (o->steps >= WN_DELTA_STEPS) {
			to = e->dot - 1;
			break;
		}
		if (run && !gap) {
			wn_put_le32(run + 4, wn_get_le32(run + 4) + 1);
		} else if (wn_form_room(&o->w) < WN_PIECE_RUN || gap > 0xffffffffULL) {
			to = e->dot - 1;
			break;
		} else {
			run = wn_form_give(&o->w, WN_PIECE_RUN);
			wn_put_le32(run, (u32)gap);
			wn_put_le32(run + 4, 1);
			nr++;
		}
		pos = e->dot;
	}
	if (to == from) {
		o->w.at = head;
		return from;
	}
	put_piece(head, row->a, WN_PIECE_RUNS, nr, from, to);
	o->pieces++;
	return to;
}

static u64 larger(u64 a, u64 b)
{
	return a > b ? a : b;
}

static u64 smaller(u64 a, u64 b)
{
	return a < b ? a : b;
}

/* One walk over the rows: what is new with its values, or what lives of the rest. */
static bool walk(struct out *o, bool is_runs, u64 *cursor)
{
	const u64 at = *cursor, begin_from = at & WN_DOT_MAX;
	const u32 begin = at >> 50 & 0xff;
	const struct wn_row *row;
	u64 from, end, told;

	for (row = wn_row(o->cells, o->cells->own[o->index].rows); row;
	     row = wn_row(o->cells, row->next)) {
		o->cells->tx->steps++;
		if (at && row->a < begin)
			continue;
		end = is_runs ? smaller(o->since->n[row->a], row->n) : row->n;
		from = is_runs ? 0 : o->since->n[row->a];
		if (at && row->a == begin)
			from = larger(from, begin_from);
		/* Of a row of which all lives there is nothing to be told. */
		if (from >= end || (is_runs && row->live == row->n))
			continue;
		told = is_runs ? runs(o, row, from, end) : elems(o, row, from);
		if (told < end) {
			*cursor = cursor_make(is_runs, row->a, told);
			return false;
		}
	}
	*cursor = 0;
	return true;
}

static int dots(struct out *o, u64 *cursor)
{
	if (!*cursor || !(*cursor & CURSOR_RUNS)) {
		if (!walk(o, false, cursor))
			return o->pieces ? 0 : -ENOBUFS;
		*cursor = CURSOR_SET | CURSOR_RUNS;
	}
	if (!walk(o, true, cursor))
		return o->pieces ? 0 : -ENOBUFS;
	return 0;
}

int wn_cell_delta(struct wn_cells *cells, u32 index, const struct wn_vv *since, u64 *cursor,
		  u8 *to, u32 room)
{
	struct out o = {
		.cells = cells,
		.since = since,
		.w = { to, to + room },
		.index = index,
		.type = wn_cell(cells, index)->type,
	};
	int err;

	if (*cursor && (!(*cursor & CURSOR_SET) || *cursor >> 50 >= WN_REPLICAS_MAX))
		return -EINVAL;
	if (room < WN_FORM_HEAD)
		return -ENOBUFS;
	wn_form_give(&o.w, WN_FORM_HEAD);
	if (wn_cell_has_elems(o.type))
		err = dots(&o, cursor);
	else if (o.type == WN_CELL_LWW)
		err = value(&o);
	else
		err = rows(&o, cursor);
	if (err)
		return err;
	wn_form_put_head(to, o.type, (u16)o.pieces, (u32)(o.w.at - to));
	return (int)(o.w.at - to);
}
