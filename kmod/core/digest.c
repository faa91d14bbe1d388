// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "digest.h"

#include "core.h"

#define FAN	WN_DIRTY_BLOCK

static u32 blocks(u32 records)
{
	return (records + FAN - 1) / FAN;
}

/* Where each kind and each level begins; bits in all. */
static u32 plan(const struct wn_bounds *bounds, struct wn_digest *d)
{
	const u32 records[WN_DIRTY_KINDS] = {
		[WN_DIRTY_NODES] = bounds->nodes,
		[WN_DIRTY_CELLS] = bounds->cells,
		[WN_DIRTY_ROWS] = wn_cells_rows(bounds),
		[WN_DIRTY_ELEMS] = bounds->elems,
		[WN_DIRTY_TIMERS] = bounds->timers,
	};
	u32 i, n;

	for (i = 0; i < WN_DIRTY_KINDS; i++)
		d->base[i + 1] = d->base[i] + blocks(records[i]);
	n = d->base[WN_DIRTY_KINDS];
	for (i = 0; i < WN_DIGEST_LEVELS; i++) {
		d->count[i] = n;
		d->at[i + 1] = d->at[i] + (n + 63) / 64 * 64;
		d->levels = i + 1;
		if (n == 1)
			break;
		n = (n + FAN - 1) / FAN;
	}
	return d->at[d->levels];
}

u32 wn_digest_bits(const struct wn_bounds *bounds)
{
	struct wn_digest d = {};

	return plan(bounds, &d);
}

void wn_digest_init(struct wn_digest *digest, struct wn_tx *tx, const struct wn_bounds *bounds,
		    void *dirty, void *hash)
{
	u32 i;

	wn_memset(digest, 0, sizeof(*digest));
	plan(bounds, digest);
	digest->dirty = dirty;
	digest->hash = hash;
	tx->dirty = dirty;
	for (i = 0; i < WN_DIRTY_KINDS; i++)
		tx->dirty_base[i] = digest->base[i];
}

/* -------------------------------------------------------------- blocks */

static bool zeroes(const void *at, u32 words)
{
	const wn_word *word = at;
	u32 i;

	for (i = 0; i < words; i++)
		if (word[i])
			return false;
	return true;
}

/* A chain of the slab, all blocks of it. */
static void add_chain(struct wn_blake2s *b, const struct wn_slab *slab, u32 chain, u32 len)
{
	u32 part;

	for (; len; len -= part, chain = slab->blocks[chain].next) {
		part = len < WN_SLAB_BYTES ? len : WN_SLAB_BYTES;
		wn_blake2s_add(b, slab->blocks[chain].bytes, part);
	}
}

/* All of a record but its seq, which is the picture's; and its handle's generation. */
static bool add_node(struct wn_blake2s *b, const struct wn_core *core, u32 index)
{
	const struct wn_node_rec *rec =
		(const struct wn_node_rec *)core->tx->tables[WN_TABLE_NODES].truth + index;
	const u32 words = sizeof(*rec) / sizeof(u64) - 1;

	wn_blake2s_add(b, &rec->handle, words * (u32)sizeof(u64));
	wn_blake2s_add64(b, core->nodes.cells[index]);
	return !zeroes(&rec->handle, words);
}

static bool add_cell(struct wn_blake2s *b, const struct wn_core *core, u32 index)
{
	const struct wn_cells *cells = &core->cells;
	const struct wn_cell_rec *rec = wn_cell(cells, index);
	const struct wn_cell_own *own = &cells->own[index];
	const u32 words = sizeof(*rec) / sizeof(u64) - 1;

	wn_blake2s_add(b, &rec->type, sizeof(u32));
	wn_blake2s_add(b, &rec->handle, words * (u32)sizeof(u64));
	wn_blake2s_add(b, own, sizeof(*own));
	wn_blake2s_add64(b, cells->pool.cells[index]);
	if (rec->type == WN_CELL_LWW && rec->len > WN_CELL_INLINE && own->blocks != WN_INDEX_NONE)
		add_chain(b, &cells->slab, own->blocks, rec->len - WN_CELL_INLINE);
	return !zeroes(&rec->handle, words);
}

static bool add_row(struct wn_blake2s *b, const struct wn_core *core, u32 index)
{
	const struct wn_row *row = &core->cells.row[index];

	wn_blake2s_add(b, row, sizeof(*row));
	return !zeroes(row, sizeof(*row) / sizeof(u64));
}

/* Of an element that ended nothing counts; nor do its neighbours in lists. */
static bool add_elem(struct wn_blake2s *b, const struct wn_core *core, u32 index)
{
	const struct wn_elem *e = &core->cells.elems.at[index];
	const u32 len = (u32)e->key_len + e->val_len;

	wn_blake2s_add64(b, e->dot);
	if (!e->dot)
		return false;
	wn_blake2s_add64(b, (u64)e->cell << 32 | e->replica);
	wn_blake2s_add64(b, (u64)e->key_len << 32 | e->val_len);
	wn_blake2s_add64(b, e->x);
	wn_blake2s_add64(b, e->y);
	wn_blake2s_add(b, e->bytes, WN_ELEM_INLINE);
	if (len > WN_ELEM_INLINE)
		add_chain(b, &core->cells.slab, e->blocks, len - WN_ELEM_INLINE);
	return true;
}

/* One that waits for its time: who made it is in it, whether that client lives is not. */
static bool add_promise(struct wn_blake2s *b, const struct wn_core *core, u32 index)
{
	const struct wn_promise *p = &core->promises.at[index];

	if (!wn_wheel_has(&p->due))
		return false;
	wn_blake2s_add64(b, wn_pool_handle(&core->promises.pool, index));
	wn_blake2s_add64(b, p->due.at);
	wn_blake2s_add64(b, p->period);
	wn_blake2s_add64(b, (u64)p->kind << 32 | (u64)p->mine << 16 | p->client);
	wn_blake2s_add(b, &p->event, sizeof(p->event));
	return true;
}

static bool add_record(struct wn_blake2s *b, const struct wn_core *core, u32 kind, u32 index)
{
	switch (kind) {
	case WN_DIRTY_NODES:
		return index < core->bounds.nodes && add_node(b, core, index);
	case WN_DIRTY_CELLS:
		return index < core->bounds.cells && add_cell(b, core, index);
	case WN_DIRTY_ROWS:
		return index < core->cells.nr_rows && add_row(b, core, index);
	case WN_DIRTY_TIMERS:
		return index < core->bounds.timers && add_promise(b, core, index);
	}
	return index < core->bounds.elems && add_elem(b, core, index);
}

/*
 * One block of records. Where no record was ever used the hash is zero, so that
 * it does not matter whether a block was looked at.
 */
static u32 hash_block(const struct wn_core *core, u32 block, u8 *to)
{
	const struct wn_digest *d = &core->digest;
	struct wn_blake2s b;
	bool used = false;
	u32 kind = 0, i;

	while (block >= d->base[kind + 1])
		kind++;
	wn_blake2s_begin(&b, NULL, 0);
	wn_blake2s_add64(&b, (u64)kind << 32 | block);
	for (i = 0; i < FAN; i++)
		used |= add_record(&b, core, kind, (block - d->base[kind]) * FAN + i);
	wn_blake2s_end(&b, to);
	if (!used)
		wn_memset(to, 0, WN_BLAKE2S_BYTES);
	return b.blocks;
}

/* One hash of the levels above. */
static u32 hash_hashes(const struct wn_digest *d, u32 level, u32 index, u8 *to)
{
	const u8 *from = d->hash + (u64)(d->at[level - 1] + index * FAN) * WN_BLAKE2S_BYTES;
	const u32 below = d->count[level - 1] - index * FAN;
	const u32 bytes = (below < FAN ? below : FAN) * WN_BLAKE2S_BYTES;
	struct wn_blake2s b;

	if (zeroes(from, bytes / sizeof(u64))) {
		wn_memset(to, 0, WN_BLAKE2S_BYTES);
		return 1;
	}
	wn_blake2s_begin(&b, NULL, 0);
	wn_blake2s_add64(&b, (u64)level << 56 | index);
	wn_blake2s_add(&b, from, bytes);
	wn_blake2s_end(&b, to);
	return b.blocks;
}

/* ---------------------------------------------------------------- tree */

static bool level_slice(struct wn_core *core, u32 level, u32 *budget)
{
	struct wn_digest *d = &core->digest;
	u32 word, bit, index, cost;

	for (word = d->at[level] / 64; word < d->at[level + 1] / 64; word++) {
		while (d->dirty[word]) {
			if (!*budget)
				return false;
			bit = word * 64 + wn_ffs64(d->dirty[word]);
			index = bit - d->at[level];
			cost = level ? hash_hashes(d, level, index,
						   d->hash + (u64)bit * WN_BLAKE2S_BYTES) :
				hash_block(core, index, d->hash + (u64)bit * WN_BLAKE2S_BYTES);
			*budget -= cost < *budget ? cost : *budget;
			d->dirty[word] &= d->dirty[word] - 1;
			if (level + 1 < d->levels) {
				index = d->at[level + 1] + index / FAN;
				d->dirty[index / 64] |= 1ULL << index % 64;
			}
		}
	}
	return true;
}

bool wn_digest_slice(struct wn_core *core, u32 *budget)
{
	u32 level;

	for (level = 0; level < core->digest.levels; level++)
		if (!level_slice(core, level, budget))
			return false;
	return true;
}

static void add_pool(struct wn_blake2s *b, const struct wn_pool *pool)
{
	wn_blake2s_add64(b, (u64)pool->used << 32 | pool->high);
	wn_blake2s_add64(b, pool->retired);
}

void wn_digest_state(const struct wn_core *core, u8 digest[WN_BLAKE2S_BYTES])
{
	static const char name[16] = "worknode state 2";
	const struct wn_digest *d = &core->digest;
	const struct wn_cells *cells = &core->cells;
	struct wn_blake2s b;

	wn_blake2s_begin(&b, name, sizeof(name));
	wn_blake2s_add(&b, d->hash + (u64)d->at[d->levels - 1] * WN_BLAKE2S_BYTES,
		       WN_BLAKE2S_BYTES);
	wn_blake2s_add64(&b, core->hlc);
	wn_blake2s_add64(&b, core->root);
	wn_blake2s_add64(&b, (u64)core->doomed << 32 | core->last_doomed);
	wn_blake2s_add64(&b, core->reaping);
	add_pool(&b, &core->nodes);
	add_pool(&b, &cells->pool);
	wn_blake2s_add64(&b, cells->rows_used);
	wn_blake2s_add64(&b, (u64)cells->rows_free << 32 | cells->rows_fresh);
	wn_blake2s_add64(&b, cells->elems.used);
	wn_blake2s_add64(&b, (u64)cells->elems.free << 32 | cells->elems.fresh);
	wn_blake2s_add64(&b, cells->slab.used);
	wn_blake2s_add64(&b, (u64)cells->slab.free << 32 | cells->slab.fresh);
	wn_blake2s_add64(&b, (u64)cells->doomed << 32 | cells->last_doomed);
	wn_blake2s_end(&b, digest);
}
