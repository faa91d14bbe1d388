// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Counters: each replica's sums only grow; the value is all of them together. */
#include "cell.h"

static bool overflows(u64 a, u64 b)
{
	return a + b < a;
}

int wn_cell_count(struct wn_cells *cells, u32 index, u64 plus, u64 minus, u64 hlc)
{
	struct wn_row *row = wn_row(cells, cells->own[index].mine);
	struct wn_cell_rec *rec;

	if (minus && wn_cell(cells, index)->type != WN_CELL_PNCOUNTER)
		return -EINVAL;
	if (!wn_row_fits(cells, row))
		return -ENOSPC;
	if (row && (overflows(row->x, plus) || overflows(row->y, minus)))
		return -E2BIG;
	row = wn_row_mine(cells, index);
	wn_row_edit(cells, row);
	row->n++;
	row->x += plus;
	row->y += minus;
	rec = wn_cell_touch(cells, index, hlc);
	rec->value += plus - minus;
	return 0;
}

int wn_cell_attach(struct wn_cells *cells, u32 index, u64 value, u64 hlc)
{
	struct wn_cell_rec *rec;

	/* The row is there from now on: the end of a slot cannot fail for want of one. */
	if (!wn_row_mine(cells, index))
		return -ENOSPC;
	rec = wn_cell_touch(cells, index, hlc);
	/* A reader's sum holds from the moment on that the slot is in the list. */
	rec->value -= value;
	rec->nr_slots++;
	return 0;
}

/*
 * What a slot counted for readers becomes a row's. A client that lets a growing
 * counter's slot fall, or a sum overflow, has counted nothing.
 */
static bool count_slot(struct wn_cells *cells, u32 index, u64 added, u64 hlc)
{
	if ((s64)added >= 0)
		return !wn_cell_count(cells, index, added, 0, hlc);
	return wn_cell(cells, index)->type == WN_CELL_PNCOUNTER &&
	       !wn_cell_count(cells, index, 0, 0 - added, hlc);
}

void wn_cell_detach(struct wn_cells *cells, u32 index, u64 start, u64 value, u64 hlc)
{
	struct wn_cell_rec *rec;

	(void)count_slot(cells, index, value - start, hlc);
	rec = wn_cell_touch(cells, index, hlc);
	rec->value += start;
	rec->nr_slots--;
}

u64 wn_cell_sample(struct wn_cells *cells, u32 index, u64 start, u64 value, u64 hlc)
{
	if (value == start || !count_slot(cells, index, value - start, hlc))
		return start;
	/* It is in the slot still, and readers add that. */
	wn_cell_edit(cells, index, WN_CELL_HEAD)->value -= value - start;
	return value;
}
