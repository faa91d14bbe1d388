// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* A register that keeps the value with the highest (stamp, replica). */
#include "cell.h"

static u32 extra(u32 len)
{
	return len > WN_CELL_INLINE ? len - WN_CELL_INLINE : 0;
}

int wn_cell_lww_take(struct wn_cells *cells, u32 index, const u8 *bytes, u32 len, u64 stamp,
		     u32 replica)
{
	const u32 had = extra(wn_cell(cells, index)->len), inlined = len - extra(len);
	struct wn_cell_own *own = &cells->own[index];
	struct wn_cell_rec *rec;

	if (wn_slab_need(extra(len)) >
	    cells->slab.count - cells->slab.used + wn_slab_need(had))
		return -ENOSPC;
	wn_tx_save(cells->tx, own, sizeof(*own) / sizeof(u64));
	wn_slab_drop(cells->tx, &cells->slab, own->blocks, had);
	own->blocks = wn_slab_put(cells->tx, &cells->slab, bytes + inlined, extra(len));
	own->stamp = stamp;
	own->replica = replica;
	rec = wn_cell_edit(cells, index, WN_CELL_HEAD | WN_CELL_VALUE);
	rec->len = len;
	rec->value = stamp;
	wn_memcpy(rec->bytes, bytes, inlined);
	wn_memset(rec->bytes + inlined, 0, WN_CELL_INLINE - inlined);
	return 0;
}

int wn_cell_write(struct wn_cells *cells, u32 index, const u8 *bytes, u32 len, u64 hlc)
{
	int err;

	if (len > WN_CELL_BYTES_MAX)
		return -E2BIG;
	/* The clock is ahead of every stamp that was merged. */
	if (wn_bug_on(hlc <= cells->own[index].stamp))
		return -EINVAL;
	err = wn_cell_lww_take(cells, index, bytes, len, hlc, cells->replica);
	if (!err)
		wn_cell_touch(cells, index, hlc);
	return err;
}

u32 wn_cell_value(const struct wn_cells *cells, u32 index, u8 *to)
{
	const struct wn_cell_rec *rec = wn_cell(cells, index);
	const u32 inlined = rec->len - extra(rec->len);

	wn_memcpy(to, rec->bytes, inlined);
	wn_slab_get(&cells->slab, cells->own[index].blocks, to + inlined, extra(rec->len));
	return rec->len;
}
