// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "cell.h"

wn_static_assert(sizeof(struct wn_cell_rec) == 2 * 8 * WN_LINE_WORDS);
wn_static_assert(__builtin_offsetof(struct wn_cell_rec, bytes) == 8 * WN_LINE_WORDS);
wn_static_assert(sizeof(struct wn_row) == 32);

#define ROWS_A_CELL 4

/* One for each cell that only this host changes, a few for each with others. */
u32 wn_cells_rows(const struct wn_bounds *bounds)
{
	const u32 each = bounds->replicas < ROWS_A_CELL ? bounds->replicas : ROWS_A_CELL;

	/* Escrow has two of its own. */
	return bounds->cells * each + 2;
}

u32 wn_cells_blocks(const struct wn_bounds *bounds)
{
	return (u32)((bounds->slab_bytes + WN_SLAB_BYTES - 1) / WN_SLAB_BYTES);
}

int wn_cells_init(struct wn_cells *cells, struct wn_tx *tx, const struct wn_bounds *bounds,
		  const struct wn_cells_memory *memory, const u64 secret[2], u32 replica)
{
	if (bounds->replicas > WN_REPLICAS_MAX || replica >= bounds->replicas)
		return -EINVAL;
	wn_memset(cells, 0, sizeof(*cells));
	cells->tx = tx;
	cells->own = memory->own;
	cells->row = memory->rows;
	cells->finger = memory->finger;
	cells->secret[0] = secret[0];
	cells->secret[1] = secret[1];
	cells->nr_cells = bounds->cells;
	cells->nr_rows = wn_cells_rows(bounds);
	cells->replicas = bounds->replicas;
	cells->replica = replica;
	cells->set_elems = bounds->set_elems;
	cells->rows_free = WN_INDEX_NONE;
	cells->doomed = cells->last_doomed = WN_INDEX_NONE;
	wn_elems_init(&cells->elems, memory->elems, memory->heads, bounds->elems);
	wn_slab_init(&cells->slab, memory->blocks, wn_cells_blocks(bounds));
	return wn_pool_init(&cells->pool, memory->pool, bounds->cells);
}

/* What a new cell of each type may have; flags and refill of others are zero. */
static int check_new(const struct wn_cell_new *new)
{
	const bool refills = new->window || new->amount || new->most;

	if (new->type > WN_CELL_ORMAP || !(wn_cell_types() & 1ULL << new->type))
		return -EINVAL;
	if (new->flags & ~WN_CELL_F_COUNTS || (new->flags && new->type != WN_CELL_ORMAP))
		return -EINVAL;
	if (refills && (new->type != WN_CELL_ESCROW || !new->window || !new->amount ||
			new->amount > new->most))
		return -EINVAL;
	return 0;
}

s64 wn_cell_create(struct wn_cells *cells, const struct wn_cell_new *new)
{
	const u32 local = new->type == WN_CELL_ESCROW ? 2 : 0;
	struct wn_cell_rec *rec;
	struct wn_cell_own *own;
	struct wn_row *row;
	int err = check_new(new);
	u64 handle;
	u32 index, seq;

	if (err)
		return err;
	if (wn_pool_is_full(&cells->pool) || cells->nr_rows - cells->rows_used < local)
		return -ENOSPC;
	handle = wn_tx_alloc(cells->tx, &cells->pool);
	index = wn_handle_index(handle);
	own = &cells->own[index];
	wn_tx_save(cells->tx, own, sizeof(*own) / sizeof(u64));
	wn_memset(own, 0, sizeof(*own));
	own->rows = own->mine = own->blocks = own->doomed = WN_INDEX_NONE;
	rec = wn_cell_edit(cells, index, WN_CELL_HEAD | WN_CELL_VALUE);
	seq = rec->seq;
	wn_memset(rec, 0, sizeof(*rec));
	rec->seq = seq;
	rec->handle = handle;
	rec->node = new->node;
	rec->id = new->id;
	rec->type = new->type;
	rec->flags = new->flags;
	rec->version = 1;
	rec->hlc = new->hlc;
	rec->next = new->next;
	if (!local)
		return (s64)handle;
	row = wn_row_get(cells, index, WN_ROW_LOCAL, WN_ROW_START);
	row->n = new->boottime;
	row = wn_row_get(cells, index, WN_ROW_LOCAL, WN_ROW_WINDOW);
	row->n = new->window;
	row->x = new->amount;
	row->y = new->most;
	return (s64)handle;
}

/* ---------------------------------------------------------------- rows */

static bool is_before(const struct wn_row *row, u32 a, u32 b)
{
	return row->a < a || (row->a == a && row->b < b);
}

/* The place of (a, b) in the order: the link that leads there. */
static u32 *row_link(const struct wn_cells *cells, u32 index, u32 a, u32 b)
{
	u32 *link = &cells->own[index].rows;

	while (*link != WN_INDEX_NONE && is_before(&cells->row[*link], a, b)) {
		cells->tx->steps++;
		link = &cells->row[*link].next;
	}
	return link;
}

struct wn_row *wn_row_find(const struct wn_cells *cells, u32 index, u32 a, u32 b)
{
	struct wn_row *row = wn_row(cells, *row_link(cells, index, a, b));

	return row && row->a == a && row->b == b ? row : NULL;
}

/* In escrow a replica's own row is that of what it gave to itself: what it made. */
static u32 own_b(const struct wn_cells *cells, u32 index, u32 a)
{
	return wn_cell(cells, index)->type == WN_CELL_ESCROW ? a : 0;
}

/* A row is put behind a link, or taken from there: what of cell and rows changes. */
static void mark_link(struct wn_cells *cells, u32 index, const u32 *link, u32 at)
{
	const unsigned long bytes = (unsigned long)link - (unsigned long)cells->row;

	wn_tx_dirty(cells->tx, WN_DIRTY_CELLS, index);
	wn_tx_dirty(cells->tx, WN_DIRTY_ROWS, at);
	if (link != &cells->own[index].rows)
		wn_tx_dirty(cells->tx, WN_DIRTY_ROWS, (u32)(bytes / sizeof(struct wn_row)));
}

static u32 take_row(struct wn_cells *cells)
{
	const u32 at = cells->rows_free;

	wn_tx_save(cells->tx, &cells->rows_used, 2);
	cells->rows_used++;
	if (at == WN_INDEX_NONE)
		return cells->rows_fresh++;
	cells->rows_free = cells->row[at].next;
	return at;
}

struct wn_row *wn_row_get(struct wn_cells *cells, u32 index, u32 a, u32 b)
{
	u32 *link = row_link(cells, index, a, b), at;
	struct wn_row *row = wn_row(cells, *link);

	if (row && row->a == a && row->b == b)
		return row;
	if (cells->rows_used == cells->nr_rows)
		return NULL;
	at = take_row(cells);
	row = &cells->row[at];
	wn_tx_save(cells->tx, row, sizeof(*row) / sizeof(u64));
	wn_memset(row, 0, sizeof(*row));
	row->next = *link;
	row->a = a;
	row->b = b;
	if (wn_cell_has_elems(wn_cell(cells, index)->type))
		row->head = row->tail = WN_INDEX_NONE;
	WN_TX_SET(cells->tx, *link, at);
	mark_link(cells, index, link, at);
	if (a == cells->replica && b == own_b(cells, index, a))
		WN_TX_SET(cells->tx, cells->own[index].mine, at);
	return row;
}

struct wn_row *wn_row_make_mine(struct wn_cells *cells, u32 index)
{
	return wn_row_get(cells, index, cells->replica, own_b(cells, index, cells->replica));
}

bool wn_row_fits(const struct wn_cells *cells, const struct wn_row *row)
{
	return row || cells->rows_used < cells->nr_rows;
}

void wn_row_drop(struct wn_cells *cells, u32 index, struct wn_row *row)
{
	u32 *link = row_link(cells, index, row->a, row->b);
	const u32 at = *link;

	WN_TX_SET(cells->tx, *link, row->next);
	mark_link(cells, index, link, wn_row_index(cells, row));
	wn_tx_save(cells->tx, &cells->rows_used, 2);
	cells->rows_used--;
	WN_TX_SET(cells->tx, row->next, cells->rows_free);
	cells->rows_free = at;
}

struct wn_row *wn_row_of(const struct wn_cells *cells, const struct wn_elem *elem)
{
	return elem->replica == cells->replica ? wn_row(cells, cells->own[elem->cell].mine) :
						 wn_row_find(cells, elem->cell, elem->replica, 0);
}

void wn_cell_vector(const struct wn_cells *cells, u32 index, struct wn_vv *vv)
{
	const struct wn_cell_own *own = &cells->own[index];
	const u8 type = wn_cell(cells, index)->type;
	const struct wn_row *row;

	wn_memset(vv, 0, sizeof(*vv));
	if (type == WN_CELL_LWW) {
		vv->n[own->replica] = own->stamp;
		return;
	}
	for (row = wn_row(cells, own->rows); row; row = wn_row(cells, row->next)) {
		cells->tx->steps++;
		if (row->a < WN_REPLICAS_MAX && (type != WN_CELL_ESCROW || row->a == row->b))
			vv->n[row->a] = row->n;
	}
}

/* ----------------------------------------------------------------- end */

void wn_cells_doom(struct wn_cells *cells, u32 first)
{
	if (first == WN_INDEX_NONE)
		return;
	cells->tx->steps++;
	wn_tx_dirty(cells->tx, WN_DIRTY_CELLS, first);
	WN_TX_SET(cells->tx, cells->own[first].doomed, WN_INDEX_NONE);
	if (cells->doomed == WN_INDEX_NONE) {
		WN_TX_SET(cells->tx, cells->doomed, first);
	} else {
		wn_tx_dirty(cells->tx, WN_DIRTY_CELLS, cells->last_doomed);
		WN_TX_SET(cells->tx, cells->own[cells->last_doomed].doomed, first);
	}
	WN_TX_SET(cells->tx, cells->last_doomed, first);
}

/* Nothing is left of a cell but its record: the next of its chain takes its place. */
static void finish(struct wn_cells *cells, u32 index)
{
	const u32 next = wn_cell(cells, index)->next, after = cells->own[index].doomed;
	u32 first = after;

	if (next != WN_INDEX_NONE) {
		wn_tx_dirty(cells->tx, WN_DIRTY_CELLS, next);
		WN_TX_SET(cells->tx, cells->own[next].doomed, after);
		first = next;
	}
	if (cells->last_doomed == index)
		WN_TX_SET(cells->tx, cells->last_doomed, next);
	WN_TX_SET(cells->tx, cells->doomed, first);
	wn_cell_edit(cells, index, WN_CELL_HEAD)->handle = 0;
	wn_bug_on(wn_tx_free(cells->tx, &cells->pool, wn_pool_handle(&cells->pool, index)));
}

bool wn_cells_step(struct wn_cells *cells)
{
	const u32 index = cells->doomed;
	struct wn_cell_own *own;
	struct wn_row *row;

	if (index == WN_INDEX_NONE)
		return false;
	wn_tx_dirty(cells->tx, WN_DIRTY_CELLS, index);
	own = &cells->own[index];
	row = wn_row(cells, own->rows);
	if (row && wn_cell_has_elems(wn_cell(cells, index)->type) && row->head != WN_INDEX_NONE) {
		wn_elem_kill(cells, row, row->head);
	} else if (row) {
		wn_row_drop(cells, index, row);
	} else if (own->blocks != WN_INDEX_NONE) {
		wn_slab_drop(cells->tx, &cells->slab, own->blocks,
			     wn_cell(cells, index)->len - WN_CELL_INLINE);
		WN_TX_SET(cells->tx, own->blocks, WN_INDEX_NONE);
	} else {
		finish(cells, index);
	}
	return true;
}
