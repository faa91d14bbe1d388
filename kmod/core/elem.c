// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "elem.h"

#include "cell.h"
#include "hash.h"

wn_static_assert(sizeof(struct wn_elem) == 128);

static struct wn_elem *elem_at(const struct wn_cells *cells, u32 index)
{
	return &cells->elems.at[index];
}

static u32 extra(u32 len)
{
	return len > WN_ELEM_INLINE ? len - WN_ELEM_INLINE : 0;
}

static u32 inlined(u32 len)
{
	return len - extra(len);
}

u32 wn_elem_heads(u32 elems)
{
	return elems <= 1 ? 1 : 2u << wn_fls64(elems - 1);
}

void wn_elems_init(struct wn_elems *elems, void *at, void *heads, u32 count)
{
	u32 i;

	elems->at = at;
	elems->heads = heads;
	elems->mask = wn_elem_heads(count) - 1;
	elems->count = count;
	elems->used = 0;
	elems->free = WN_INDEX_NONE;
	elems->fresh = 0;
	for (i = 0; i <= elems->mask; i++)
		elems->heads[i] = WN_INDEX_NONE;
}

u32 wn_elem_hash(const struct wn_cells *cells, u32 cell, const u8 *key, u32 len)
{
	struct wn_hash h = wn_hash_begin(cells->secret);
	u64 tail = 0;

	wn_hash_word(&h, (u64)cell << 32 | len);
	for (; len >= sizeof(u64); len -= sizeof(u64), key += sizeof(u64))
		wn_hash_word(&h, wn_get_le64(key));
	if (len) {
		wn_memcpy(&tail, key, len);
		wn_hash_word(&h, wn_get_le64(&tail));
	}
	return (u32)wn_hash_end(&h);
}

static bool has_key(const struct wn_cells *cells, const struct wn_elem *e, u32 cell,
		    const struct wn_item *item)
{
	return e->hash == item->hash && e->cell == cell && e->key_len == item->key_len &&
	       !wn_memcmp(e->bytes, item->bytes, inlined(e->key_len)) &&
	       (e->key_len <= WN_ELEM_INLINE ||
		wn_slab_equal(&cells->slab, e->blocks, item->bytes + WN_ELEM_INLINE,
			      extra(e->key_len)));
}

/* Of two elements, block by block. */
static bool same_key(const struct wn_cells *cells, const struct wn_elem *a,
		     const struct wn_elem *b)
{
	u32 left = extra(a->key_len), from_a = a->blocks, from_b = b->blocks, part;

	if (a->hash != b->hash || a->cell != b->cell || a->key_len != b->key_len ||
	    wn_memcmp(a->bytes, b->bytes, inlined(a->key_len)))
		return false;
	for (; left; left -= part) {
		const struct wn_slab_block *block = &cells->slab.blocks[from_a];

		part = left < WN_SLAB_BYTES ? left : WN_SLAB_BYTES;
		if (!wn_slab_equal(&cells->slab, from_b, block->bytes, part))
			return false;
		from_a = block->next;
		from_b = cells->slab.blocks[from_b].next;
	}
	return true;
}

u32 wn_elem_find(const struct wn_cells *cells, u32 cell, const struct wn_item *item)
{
	u32 at = cells->elems.heads[item->hash & cells->elems.mask];

	while (at != WN_INDEX_NONE && !has_key(cells, elem_at(cells, at), cell, item)) {
		cells->tx->steps++;
		at = elem_at(cells, at)->chain;
	}
	return at;
}

u32 wn_elem_same(const struct wn_cells *cells, u32 elem)
{
	const struct wn_elem *e = elem_at(cells, elem);
	u32 at = e->chain;

	while (at != WN_INDEX_NONE && !same_key(cells, e, elem_at(cells, at))) {
		cells->tx->steps++;
		at = elem_at(cells, at)->chain;
	}
	return at;
}

int wn_elem_fits(const struct wn_cells *cells, u32 cell, const struct wn_item *item, u32 leaving)
{
	u32 at = cells->elems.heads[item->hash & cells->elems.mask], chain = 0;

	for (; at != WN_INDEX_NONE; at = elem_at(cells, at)->chain)
		chain++;
	if (chain - leaving >= WN_ELEM_CHAIN ||
	    cells->own[cell].elems - leaving >= cells->set_elems ||
	    cells->elems.used - leaving >= cells->elems.count ||
	    !wn_slab_fits(&cells->slab, extra((u32)item->key_len + item->val_len)))
		return -ENOSPC;
	return 0;
}

static u32 take(struct wn_cells *cells)
{
	struct wn_elems *elems = &cells->elems;
	u32 at = elems->free;

	wn_tx_save(cells->tx, &elems->used, 2);
	elems->used++;
	if (at == WN_INDEX_NONE)
		return elems->fresh++;
	elems->free = elems->at[at].next;
	return at;
}

void wn_elem_put(struct wn_cells *cells, u32 cell, struct wn_row *row, u64 dot,
		 const struct wn_item *item)
{
	const u32 len = (u32)item->key_len + item->val_len;
	const bool known = wn_elem_find(cells, cell, item) != WN_INDEX_NONE;
	u32 *head = &cells->elems.heads[item->hash & cells->elems.mask];
	struct wn_tx *tx = cells->tx;
	struct wn_elem *e;
	u32 at;

	if (wn_bug_on(cells->elems.used == cells->elems.count))
		return;
	at = take(cells);
	e = elem_at(cells, at);
	wn_tx_dirty(tx, WN_DIRTY_ELEMS, at);
	wn_tx_dirty(tx, WN_DIRTY_CELLS, cell);
	wn_row_edit(cells, row);
	wn_tx_save(tx, e, sizeof(*e) / sizeof(u64));
	e->dot = dot;
	e->cell = cell;
	e->replica = row->a;
	e->key_len = item->key_len;
	e->val_len = item->val_len;
	e->reserved = 0;
	e->reserved1 = 0;
	e->x = item->x;
	e->y = item->y;
	e->hash = item->hash;
	e->chain = *head;
	e->prev = row->tail;
	e->next = WN_INDEX_NONE;
	wn_memcpy(e->bytes, item->bytes, inlined(len));
	wn_memset(e->bytes + inlined(len), 0, WN_ELEM_INLINE - inlined(len));
	e->blocks = wn_slab_put(tx, &cells->slab, item->bytes + inlined(len), extra(len));

	WN_TX_SET(tx, *head, at);
	if (row->tail == WN_INDEX_NONE)
		row->head = at;
	else
		WN_TX_SET(tx, elem_at(cells, row->tail)->next, at);
	row->tail = at;
	row->live++;
	WN_TX_SET(tx, cells->own[cell].elems, cells->own[cell].elems + 1);
	if (!known)
		wn_cell_edit(cells, cell, WN_CELL_HEAD)->value++;
}

/* Out of the chain; whether others of its key stay. */
static bool unchain(struct wn_cells *cells, u32 elem)
{
	struct wn_elem *e = elem_at(cells, elem);
	u32 *link = &cells->elems.heads[e->hash & cells->elems.mask];
	bool others = false;
	u32 at;

	for (at = *link; at != WN_INDEX_NONE; at = elem_at(cells, at)->chain) {
		cells->tx->steps++;
		if (elem_at(cells, at)->chain == elem)
			link = &elem_at(cells, at)->chain;
		if (at != elem && same_key(cells, e, elem_at(cells, at)))
			others = true;
	}
	WN_TX_SET(cells->tx, *link, e->chain);
	return others;
}

void wn_elem_kill(struct wn_cells *cells, struct wn_row *row, u32 elem)
{
	struct wn_elem *e = elem_at(cells, elem);
	const u32 cell = e->cell;
	struct wn_tx *tx = cells->tx;

	wn_tx_dirty(tx, WN_DIRTY_ELEMS, elem);
	wn_tx_dirty(tx, WN_DIRTY_CELLS, cell);
	if (!unchain(cells, elem))
		wn_cell_edit(cells, cell, WN_CELL_HEAD)->value--;
	wn_row_edit(cells, row);
	if (e->prev == WN_INDEX_NONE)
		row->head = e->next;
	else
		WN_TX_SET(tx, elem_at(cells, e->prev)->next, e->next);
	if (e->next == WN_INDEX_NONE)
		row->tail = e->prev;
	else
		WN_TX_SET(tx, elem_at(cells, e->next)->prev, e->prev);
	row->live--;
	WN_TX_SET(tx, cells->own[cell].elems, cells->own[cell].elems - 1);
	wn_slab_drop(tx, &cells->slab, e->blocks, extra((u32)e->key_len + e->val_len));
	wn_tx_save(tx, &cells->elems.used, 2);
	cells->elems.used--;
	WN_TX_SET(tx, e->next, cells->elems.free);
	WN_TX_SET(tx, e->dot, 0);
	cells->elems.free = elem;
}

/* Where the last walk ended, if that is in this row and not too far. */
static u32 finger(const struct wn_cells *cells, u32 cell, const struct wn_row *row, u64 from)
{
	const u32 at = *cells->finger;
	const struct wn_elem *e = elem_at(cells, at);

	return e->dot && e->dot <= from && e->cell == cell && e->replica == row->a ?
		at : row->head;
}

u32 wn_elem_seek(struct wn_cells *cells, u32 cell, const struct wn_row *row, u64 from)
{
	u32 at, prev;

	if (row->tail == WN_INDEX_NONE || elem_at(cells, row->tail)->dot <= from)
		return WN_INDEX_NONE;
	if (row->n - from < from) {
		/* Nearer to the end. */
		at = row->tail;
		for (prev = at; prev != WN_INDEX_NONE && elem_at(cells, prev)->dot > from;
		     prev = elem_at(cells, prev)->prev) {
			cells->tx->steps++;
			at = prev;
		}
		return at;
	}
	for (at = finger(cells, cell, row, from); elem_at(cells, at)->dot <= from;
	     at = elem_at(cells, at)->next) {
		cells->tx->steps++;
		*cells->finger = at;
	}
	return at;
}

void wn_elem_get(const struct wn_cells *cells, const struct wn_elem *elem, u8 *to)
{
	const u32 len = (u32)elem->key_len + elem->val_len;

	wn_memcpy(to, elem->bytes, inlined(len));
	wn_slab_get(&cells->slab, elem->blocks, to + inlined(len), extra(len));
}
