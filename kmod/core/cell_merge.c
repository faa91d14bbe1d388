// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Joining what comes from elsewhere. The bytes are gone through twice: first
 * whether they are a form at all, with no look at the state; then piece by piece
 * they are joined. Commutative, associative, idempotent: see docs/core.md.
 */
#include "cell_delta.h"

#include "clock.h"

/* A piece whose form was checked. */
struct piece {
	const u8 *body;
	u32 replica, form, nr;
	u64 from, to;
};

struct join {
	struct wn_cells *cells;
	struct wn_merge *merge;
	u32 index;
	u32 left;		/* changes that this call may still make */
	u8 type, flags;
	bool changed;
};

/* ---------------------------------------------------------------- form */

static bool fits(const struct join *j, u32 form)
{
	switch (j->type) {
	case WN_CELL_GCOUNTER:
	case WN_CELL_PNCOUNTER:
	case WN_CELL_ESCROW:
		return form == WN_PIECE_ROWS;
	case WN_CELL_LWW:
		return form == WN_PIECE_BYTES;
	}
	return form == WN_PIECE_ELEMS || form == WN_PIECE_RUNS;
}

static bool zeroes(const u8 *at, u32 bytes)
{
	u32 i;

	for (i = 0; i < bytes; i++)
		if (at[i])
			return false;
	return true;
}

/* The bytes of a value, of which the padding is zero. */
static const u8 *take_bytes(struct wn_reader *r, u32 len)
{
	const u8 *at = wn_form_take(r, wn_form_pad(len));

	return at && zeroes(at + len, wn_form_pad(len) - len) ? at : NULL;
}

static int check_rows(const struct join *j, struct wn_reader *r, const struct piece *p)
{
	const bool escrow = j->type == WN_CELL_ESCROW;
	u64 least = 0, b, n;
	bool own = false;
	const u8 *at;
	u32 i;

	if (!p->nr || p->nr > WN_REPLICAS_MAX || (!escrow && (p->nr > 1 || p->from)))
		return -EINVAL;
	for (i = 0; i < p->nr; i++) {
		at = wn_form_take(r, WN_PIECE_ROW);
		if (!at)
			return -EINVAL;
		b = wn_get_le64(at);
		n = wn_get_le64(at + 8);
		if (b < least || b > 0xffff || n <= p->from || n > p->to)
			return -EINVAL;
		if (b >= j->cells->replicas)
			return -E2BIG;
		least = b + 1;
		if (escrow ? b == p->replica : !b)
			own = n == p->to;
		else if (!escrow || wn_get_le64(at + 24))
			return -EINVAL;
		if (j->type == WN_CELL_GCOUNTER && wn_get_le64(at + 24))
			return -EINVAL;
	}
	return own ? 0 : -EINVAL;
}

static int check_value(struct wn_reader *r, const struct piece *p)
{
	if (p->from)
		return -EINVAL;
	if (p->nr > WN_CELL_BYTES_MAX)
		return -E2BIG;
	return take_bytes(r, p->nr) ? 0 : -EINVAL;
}

/* An element: -errno if it is none. */
static int read_elem(const struct join *j, struct wn_reader *r, u64 *dot, struct wn_item *item)
{
	const u8 *at = wn_form_take(r, WN_PIECE_ELEM);

	if (!at || wn_get_le32(at + 12))
		return -EINVAL;
	*dot = wn_get_le64(at);
	item->key_len = wn_get_le16(at + 8);
	item->val_len = wn_get_le16(at + 10);
	item->x = item->y = 0;
	if (j->type == WN_CELL_ORMAP) {
		at = wn_form_take(r, 16);
		if (!at)
			return -EINVAL;
		item->x = wn_get_le64(at);
		item->y = wn_get_le64(at + 8);
	}
	if ((u32)item->key_len + item->val_len > WN_CELL_BYTES_MAX)
		return -E2BIG;
	item->bytes = take_bytes(r, (u32)item->key_len + item->val_len);
	return item->bytes ? 0 : -EINVAL;
}

/* Whether an element is one that its type can have. */
static bool is_sane(const struct join *j, const struct wn_item *item)
{
	switch (j->type) {
	case WN_CELL_ORSET:
		return !item->val_len;
	case WN_CELL_MVREG:
		return !item->key_len;
	case WN_CELL_EWFLAG:
		return !item->key_len && !item->val_len;
	}
	return j->flags & WN_CELL_F_COUNTS ? !item->val_len : item->x && !item->y;
}

static int check_elems(const struct join *j, struct wn_reader *r, const struct piece *p)
{
	u64 last = p->from, dot;
	struct wn_item item;
	u32 i;
	int err;

	/* Each takes bytes: a count that lies ends at the end of the form. */
	for (i = 0; i < p->nr; i++) {
		err = read_elem(j, r, &dot, &item);
		if (err)
			return err;
		if (dot <= last || dot > p->to || !is_sane(j, &item))
			return -EINVAL;
		last = dot;
	}
	return 0;
}

static int check_runs(struct wn_reader *r, const struct piece *p)
{
	u64 pos = p->from;
	const u8 *at;
	u32 i;

	for (i = 0; i < p->nr; i++) {
		at = wn_form_take(r, WN_PIECE_RUN);
		if (!at || !wn_get_le32(at + 4) || (i && !wn_get_le32(at)))
			return -EINVAL;
		pos += (u64)wn_get_le32(at) + wn_get_le32(at + 4);
		if (pos > p->to)
			return -EINVAL;
	}
	return 0;
}

/* Read the head of the next piece and check all of it. */
static int next(const struct join *j, struct wn_reader *r, struct piece *p)
{
	const u8 *at = wn_form_take(r, WN_PIECE_HEAD);

	if (!at)
		return -EINVAL;
	p->replica = wn_get_le16(at);
	p->form = wn_get_le16(at + 2);
	p->nr = wn_get_le32(at + 4);
	p->from = wn_get_le64(at + 8);
	p->to = wn_get_le64(at + 16);
	p->body = r->at;
	if (!fits(j, p->form) || p->from >= p->to)
		return -EINVAL;
	if (p->replica >= j->cells->replicas)
		return -E2BIG;
	if (p->to > WN_DOT_MAX && j->type != WN_CELL_LWW)
		return -E2BIG;
	switch (p->form) {
	case WN_PIECE_ROWS:
		return check_rows(j, r, p);
	case WN_PIECE_BYTES:
		return check_value(r, p);
	case WN_PIECE_ELEMS:
		return check_elems(j, r, p);
	}
	return check_runs(r, p);
}

static int check_form(const struct join *j, struct wn_reader r, int pieces)
{
	struct piece p, last = {};
	int i, err;

	for (i = 0; i < pieces; i++) {
		err = next(j, &r, &p);
		if (err)
			return err;
		if (i && (p.form < last.form ||
			  (p.form == last.form && p.replica <= last.replica)))
			return -EINVAL;
		last = p;
	}
	return r.at == r.end ? 0 : -EINVAL;
}

/* ------------------------------------------------------------ counters */

static void raise(u64 *word, u64 to)
{
	if (to > *word)
		*word = to;
}

static int join_rows(struct join *j, const struct piece *p)
{
	const bool escrow = j->type == WN_CELL_ESCROW;
	struct wn_cells *cells = j->cells;
	const struct wn_row *own = wn_row_find(cells, j->index, p->replica,
					       escrow ? p->replica : 0);
	const u8 *at = p->body;
	struct wn_cell_rec *rec;
	struct wn_row *row;
	u64 had_x, had_y;
	u32 i, b;

	if (p->from > (own ? own->n : 0))
		return -EAGAIN;
	if (p->to <= (own ? own->n : 0))
		return 0;
	if (p->replica == cells->replica)
		return -EPROTO;
	if (p->nr > j->left)
		return 1;
	j->left -= p->nr;
	j->changed = true;
	for (i = 0; i < p->nr; i++, at += WN_PIECE_ROW) {
		b = (u32)wn_get_le64(at);
		row = wn_row_get(cells, j->index, p->replica, b);
		if (!row)
			return -ENOSPC;
		wn_row_edit(cells, row);
		had_x = row->x;
		had_y = row->y;
		raise(&row->n, wn_get_le64(at + 8));
		raise(&row->x, wn_get_le64(at + 16));
		raise(&row->y, wn_get_le64(at + 24));
		if (!escrow || b == p->replica) {
			rec = wn_cell_edit(cells, j->index, WN_CELL_HEAD);
			rec->value += (row->x - had_x) - (row->y - had_y);
		} else if (b == cells->replica) {
			u64 *rights = &cells->own[j->index].rights;

			if (*rights + (row->x - had_x) < *rights)
				return -E2BIG;
			WN_TX_SET(cells->tx, *rights, *rights + (row->x - had_x));
		}
	}
	return 0;
}

/* The stamp of a value from elsewhere: all that is written here later is above it. */
static int see(struct join *j, u64 stamp)
{
	struct wn_merge *merge = j->merge;

	return wn_clock_merge(&merge->clock, stamp, merge->realtime, merge->drift_ms);
}

static int join_value(struct join *j, const struct piece *p)
{
	const struct wn_cell_own *own = &j->cells->own[j->index];

	if (see(j, p->to))
		return -EPROTO;
	if (p->to < own->stamp || (p->to == own->stamp && p->replica <= own->replica))
		return 0;
	j->changed = true;
	return wn_cell_lww_take(j->cells, j->index, p->body, p->nr, p->to, p->replica);
}

/* ------------------------------------------------------------ elements */

static u64 dot_of(const struct join *j, u32 elem)
{
	return j->cells->elems.at[elem].dot;
}

/* It has ended elsewhere; where to go on. */
static u32 end(struct join *j, struct wn_row *row, u32 elem)
{
	const u32 after = j->cells->elems.at[elem].next;

	wn_elem_kill(j->cells, row, elem);
	j->changed = true;
	j->left--;
	return after;
}

/* An element that is new here. Its replica ended its own one of the same key. */
static int add(struct join *j, struct wn_row *row, u64 dot, struct wn_item *item)
{
	struct wn_cells *cells = j->cells;
	u32 at;
	int err;

	if (j->type == WN_CELL_ORMAP && !(j->flags & WN_CELL_F_COUNTS)) {
		if (see(j, item->x))
			return -EPROTO;
	}
	item->hash = wn_elem_hash(cells, j->index, item->bytes, item->key_len);
	for (at = wn_elem_find(cells, j->index, item); at != WN_INDEX_NONE;
	     at = wn_elem_same(cells, at))
		if (cells->elems.at[at].replica == row->a)
			break;
	err = wn_elem_fits(cells, j->index, item, at != WN_INDEX_NONE);
	if (err)
		return err;
	if (at != WN_INDEX_NONE)
		wn_elem_kill(cells, row, at);
	wn_elem_put(cells, j->index, row, dot, item);
	j->changed = true;
	j->left--;
	return 0;
}

/* All dots of a row up to @to are known from now on. */
static void know(struct join *j, struct wn_row *row, u64 to)
{
	if (to <= row->n)
		return;
	wn_row_edit(j->cells, row);
	row->n = to;
	j->changed = true;
}

/* 0: done; 1: some is left. Ours and theirs are both in the order of the dots. */
static int join_elems(struct join *j, const struct piece *p, const u8 *bytes_end)
{
	struct wn_row *row = wn_row_find(j->cells, j->index, p->replica, 0);
	struct wn_reader r = { p->body, bytes_end };
	const u64 known = row ? row->n : 0;
	struct wn_item item;
	u32 i, ours;
	u64 dot;
	int err;

	if (p->from > known)
		return -EAGAIN;
	if (p->replica == j->cells->replica && p->to > known)
		return -EPROTO;
	row = row ? row : wn_row_get(j->cells, j->index, p->replica, 0);
	if (!row)
		return -ENOSPC;
	ours = wn_elem_seek(j->cells, j->index, row, p->from);
	for (i = 0; i < p->nr; i++) {
		err = read_elem(j, &r, &dot, &item);
		if (wn_bug_on(err))
			return err;
		while (ours != WN_INDEX_NONE && dot_of(j, ours) < dot) {
			if (!j->left)
				return 1;
			ours = end(j, row, ours);
		}
		if (ours != WN_INDEX_NONE && dot_of(j, ours) == dot)
			ours = j->cells->elems.at[ours].next;
		/* Known and not here: it has ended here. */
		if (dot <= known)
			continue;
		if (!j->left) {
			know(j, row, dot - 1);
			return 1;
		}
		err = add(j, row, dot, &item);
		if (err)
			return err;
		ours = WN_INDEX_NONE;
	}
	while (ours != WN_INDEX_NONE && dot_of(j, ours) <= p->to) {
		if (!j->left)
			return 1;
		ours = end(j, row, ours);
	}
	know(j, row, p->to);
	return 0;
}

static int join_runs(struct join *j, const struct piece *p)
{
	struct wn_row *row = wn_row_find(j->cells, j->index, p->replica, 0);
	u64 pos = p->from, live;
	u32 ours, i;

	if (!row || p->to > row->n)
		return -EAGAIN;
	ours = wn_elem_seek(j->cells, j->index, row, p->from);
	/* Once more at the end: all after the last run has ended. */
	for (i = 0; i <= p->nr && ours != WN_INDEX_NONE; i++) {
		const u8 *run = p->body + i * WN_PIECE_RUN;

		live = i < p->nr ? pos + wn_get_le32(run) + 1 : p->to + 1;
		while (ours != WN_INDEX_NONE && dot_of(j, ours) < live) {
			if (!j->left)
				return 1;
			ours = end(j, row, ours);
		}
		if (i == p->nr)
			break;
		pos = live - 1 + wn_get_le32(run + 4);
		while (ours != WN_INDEX_NONE && dot_of(j, ours) <= pos) {
			j->cells->tx->steps++;
			ours = j->cells->elems.at[ours].next;
		}
	}
	return 0;
}

int wn_cell_merge(struct wn_cells *cells, u32 index, const u8 *bytes, u32 len,
		  struct wn_merge *merge)
{
	const struct wn_cell_rec *rec = wn_cell(cells, index);
	struct join j = {
		.cells = cells,
		.merge = merge,
		.index = index,
		.left = WN_MERGE_DOTS,
		.type = rec->type,
		.flags = rec->flags,
	};
	struct wn_reader r;
	struct piece p;
	int pieces, i, err;

	pieces = wn_form_open(&r, bytes, len, j.type);
	if (pieces < 0)
		return pieces;
	err = check_form(&j, r, pieces);
	for (i = 0; i < pieces && !err; i++) {
		err = next(&j, &r, &p);
		if (wn_bug_on(err))
			return err;
		switch (p.form) {
		case WN_PIECE_ROWS:
			err = join_rows(&j, &p);
			break;
		case WN_PIECE_BYTES:
			err = join_value(&j, &p);
			break;
		case WN_PIECE_ELEMS:
			err = join_elems(&j, &p, r.end);
			break;
		case WN_PIECE_RUNS:
			err = join_runs(&j, &p);
			break;
		}
	}
	if (err >= 0 && j.changed)
		wn_cell_touch(cells, index, merge->hlc);
	return err;
}
