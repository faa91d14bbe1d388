// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Sets, maps, multi-value registers, flags: elements with dots, and no tombstones.
 * To add is to make a dot and to end those that it replaces; to remove is to end
 * dots. What is not here but lies below the known number of its replica has ended;
 * what lies above has not been heard of. So an add that a remove had not seen stays.
 */
#include "cell.h"

/* What an item of each type may be. */
static int check_item(const struct wn_cell_rec *rec, const struct wn_item *item)
{
	const u32 len = (u32)item->key_len + item->val_len;

	if (len > WN_CELL_BYTES_MAX)
		return -E2BIG;
	switch (rec->type) {
	case WN_CELL_ORSET:
		return item->val_len ? -EINVAL : 0;
	case WN_CELL_ORMAP:
		return rec->flags & WN_CELL_F_COUNTS && item->val_len ? -EINVAL : 0;
	case WN_CELL_MVREG:
		return item->key_len ? -EINVAL : 0;
	case WN_CELL_EWFLAG:
		return len ? -EINVAL : 0;
	}
	return -EINVAL;
}

static void hash(const struct wn_cells *cells, u32 index, struct wn_item *item)
{
	item->hash = wn_elem_hash(cells, index, item->bytes, item->key_len);
}

/* End all elements of a key, at most one for each replica. */
static void kill_all(struct wn_cells *cells, u32 elem)
{
	u32 next;

	for (; elem != WN_INDEX_NONE; elem = next) {
		next = wn_elem_same(cells, elem);
		wn_elem_kill(cells, wn_row_of(cells, &cells->elems.at[elem]), elem);
	}
}

static u32 count_same(const struct wn_cells *cells, u32 elem)
{
	u32 n = 0;

	for (; elem != WN_INDEX_NONE; elem = wn_elem_same(cells, elem))
		n++;
	return n;
}

/* A new dot of this replica after @leaving of its key have gone: 0 or what forbids it. */
static int check_dot(const struct wn_cells *cells, u32 index, const struct wn_item *item,
		     u32 leaving)
{
	const struct wn_row *mine = wn_row(cells, cells->own[index].mine);

	if (!wn_row_fits(cells, mine))
		return -ENOSPC;
	if (mine && mine->n == WN_DOT_MAX)
		return -E2BIG;
	return wn_elem_fits(cells, index, item, leaving);
}

static void put(struct wn_cells *cells, u32 index, const struct wn_item *item, u64 hlc)
{
	struct wn_row *mine = wn_row_mine(cells, index);

	wn_row_edit(cells, mine);
	mine->n++;
	wn_elem_put(cells, index, mine, mine->n, item);
	wn_cell_touch(cells, index, hlc);
}

int wn_cell_put(struct wn_cells *cells, u32 index, struct wn_item *item, u64 hlc)
{
	const struct wn_cell_rec *rec = wn_cell(cells, index);
	int err = check_item(rec, item);
	u32 first;

	if (err)
		return err;
	if (rec->flags & WN_CELL_F_COUNTS)
		return -EINVAL;
	hash(cells, index, item);
	item->x = rec->type == WN_CELL_ORMAP ? hlc : 0;
	item->y = 0;
	first = wn_elem_find(cells, index, item);
	err = check_dot(cells, index, item, count_same(cells, first));
	if (err)
		return err;
	kill_all(cells, first);
	put(cells, index, item, hlc);
	return 0;
}

int wn_cell_remove(struct wn_cells *cells, u32 index, struct wn_item *item, u64 hlc)
{
	int err = check_item(wn_cell(cells, index), item);
	u32 first;

	if (err)
		return err;
	hash(cells, index, item);
	first = wn_elem_find(cells, index, item);
	if (first == WN_INDEX_NONE)
		return -ENOENT;
	kill_all(cells, first);
	wn_cell_touch(cells, index, hlc);
	return 0;
}

/* This replica's element of a key. */
static u32 find_mine(const struct wn_cells *cells, u32 index, const struct wn_item *item)
{
	u32 at;

	for (at = wn_elem_find(cells, index, item); at != WN_INDEX_NONE;
	     at = wn_elem_same(cells, at))
		if (cells->elems.at[at].replica == cells->replica)
			return at;
	return WN_INDEX_NONE;
}

int wn_cell_map_count(struct wn_cells *cells, u32 index, struct wn_item *item, u64 plus,
		      u64 minus, u64 hlc)
{
	const struct wn_cell_rec *rec = wn_cell(cells, index);
	int err = check_item(rec, item);
	const struct wn_elem *had;
	u32 at;

	if (err)
		return err;
	if (!(rec->flags & WN_CELL_F_COUNTS))
		return -EINVAL;
	hash(cells, index, item);
	item->x = plus;
	item->y = minus;
	at = find_mine(cells, index, item);
	if (at != WN_INDEX_NONE) {
		had = &cells->elems.at[at];
		item->x += had->x;
		item->y += had->y;
		if (item->x < plus || item->y < minus)
			return -E2BIG;
	}
	err = check_dot(cells, index, item, at != WN_INDEX_NONE);
	if (err)
		return err;
	if (at != WN_INDEX_NONE)
		wn_elem_kill(cells, wn_row_mine(cells, index), at);
	put(cells, index, item, hlc);
	return 0;
}

u32 wn_cell_get(const struct wn_cells *cells, u32 index, struct wn_item *item)
{
	const struct wn_elem *e, *best;
	u32 at, found;

	hash(cells, index, item);
	found = wn_elem_find(cells, index, item);
	if (wn_cell(cells, index)->flags & WN_CELL_F_COUNTS)
		return found;
	for (at = found; at != WN_INDEX_NONE; at = wn_elem_same(cells, at)) {
		e = &cells->elems.at[at];
		best = &cells->elems.at[found];
		if (e->x > best->x || (e->x == best->x && e->replica > best->replica))
			found = at;
	}
	return found;
}

u64 wn_cell_map_sum(const struct wn_cells *cells, u32 elem)
{
	u64 sum = 0;

	for (; elem != WN_INDEX_NONE; elem = wn_elem_same(cells, elem))
		sum += cells->elems.at[elem].x - cells->elems.at[elem].y;
	return sum;
}
