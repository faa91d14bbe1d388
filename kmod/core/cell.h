/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Cells: replicated data that hangs on nodes. Each is in three parts:
 *
 *   struct wn_cell_rec   a record that readers have a picture of: what it is, and
 *                        its value as far as that has a fixed size
 *   struct wn_cell_own   the engine's alone
 *   rows                 what each replica contributed, a sorted list (struct wn_row)
 *
 * and, of sets and the like, elements (elem.h). Nothing here knows of nodes or ops:
 * a store of cells stands on a transaction and its memory alone.
 *
 *	free --create--> live --doom--> doomed --slice, slice, ...--> free
 *
 * Calls give 0 or -errno. After an error of a call that says "rolled back" the
 * caller must roll back; all others have changed nothing then.
 */
#ifndef WN_CORE_CELL_H
#define WN_CORE_CELL_H

#include <linux/worknode.h>

#include "elem.h"
#include "pool.h"
#include "slab.h"
#include "tx.h"
#include "vv.h"

/* Lines of struct wn_cell_rec. */
#define WN_CELL_HEAD	1u
#define WN_CELL_VALUE	2u

/*
 * A row: what replica @a contributed (for escrow: what it gave to @b). x and y only
 * grow, and only @a changes them; n is the number of the change. Rows with @a
 * WN_ROW_LOCAL are this host's own and never leave it.
 *
 *   gcounter   x: its sum
 *   pncounter  x: what it added; y: what it took away
 *   escrow     (a, a) x: rights it made; y: rights it used up. (a, b) x: given to b
 *   sets ...   head, tail, live: its elements; n: all of its dots up to it are known
 */
struct wn_row {
	u32 next;		/* in the order of (a, b) */
	u16 a, b;
	u64 n;
	union {
		struct {
			u64 x, y;
		};
		struct {
			u32 head, tail;
			u64 live;
		};
	};
};

#define WN_ROW_LOCAL	0xffff
#define WN_ROW_WINDOW	0xffff	/* (LOCAL, WINDOW) n: ns, 0: none; x: rights a window; y: at most */
#define WN_ROW_START	0xfffe	/* (LOCAL, START) n: boottime; x: held by all holders together */

struct wn_cell_own {
	u32 rows;		/* the first, or WN_INDEX_NONE */
	u32 mine;		/* this replica's, or WN_INDEX_NONE */
	u32 elems;		/* of all rows */
	u32 blocks;		/* of a long value, beyond what is in the record */
	u32 doomed;		/* destroyed after it */
	u16 replica;		/* lww: that wrote the value */
	u16 reserved;
	u64 stamp;		/* lww: of the value; 0: there is none */
	u64 rights;		/* escrow: that this replica can spend or give */
};

struct wn_cells {
	/* Constant. */
	struct wn_tx *tx;
	struct wn_cell_own *own;	/* by index */
	struct wn_row *row;
	u32 *finger;			/* scratch: where wn_elem_seek() was last */
	u64 secret[2];
	u32 nr_cells, nr_rows;
	u32 replicas, replica;		/* how many there can be; which one this is */
	u32 set_elems;

	/* State. */
	struct wn_pool pool;
	struct wn_elems elems;
	struct wn_slab slab;
	u64 rows_used;			/* saved together with the two below */
	u32 rows_free, rows_fresh;
	u32 doomed, last_doomed;	/* first cells of chains that are to be freed */
};

/* Memory of a store; each part zeroed and aligned to a cache line. */
struct wn_cells_memory {
	void *own, *pool, *rows, *elems, *heads, *blocks, *finger;
};

u32 wn_cells_rows(const struct wn_bounds *bounds);
u32 wn_cells_blocks(const struct wn_bounds *bounds);

/* The table WN_TABLE_CELLS of @tx holds the records. */
int wn_cells_init(struct wn_cells *cells, struct wn_tx *tx, const struct wn_bounds *bounds,
		  const struct wn_cells_memory *memory, const u64 secret[2], u32 replica);

static inline const struct wn_cell_rec *wn_cell(const struct wn_cells *cells, u32 index)
{
	return (const struct wn_cell_rec *)cells->tx->tables[WN_TABLE_CELLS].truth + index;
}

static inline struct wn_cell_rec *wn_cell_edit(struct wn_cells *cells, u32 index, u32 lines)
{
	return wn_tx_edit(cells->tx, WN_TABLE_CELLS, index, lines);
}

static inline struct wn_row *wn_row(const struct wn_cells *cells, u32 index)
{
	return index == WN_INDEX_NONE ? NULL : &cells->row[index];
}

/* The types there are, as bits: wn_query.cell_types. */
static inline u64 wn_cell_types(void)
{
	return ((1ULL << WN_CELL_ORMAP) - 1) << WN_CELL_GCOUNTER;
}

/* The index behind a handle, or -ESTALE. */
static inline int wn_cell_find(const struct wn_cells *cells, u64 handle)
{
	u32 index = wn_handle_index(handle);

	if (unlikely(index >= cells->nr_cells || !handle))
		return -ESTALE;
	index = wn_index_nospec(index, cells->nr_cells);
	return likely(wn_cell(cells, index)->handle == handle) ? (int)index : -ESTALE;
}

struct wn_cell_new {
	u64 node;		/* handle it hangs on, for readers */
	u64 id;			/* the application's name of it */
	u8 type;		/* WN_CELL_* */
	u8 flags;		/* WN_CELL_F_* */
	u64 hlc;
	u32 next;		/* the node's next cell, or WN_INDEX_NONE */
	u64 window, amount, most; /* escrow: its refill; else 0 */
	u64 boottime;
};

/* A cell without value: its handle. -EINVAL, -ENOSPC. */
s64 wn_cell_create(struct wn_cells *cells, const struct wn_cell_new *new);

/*
 * It and those that follow it by next are to be freed; their handles are stale once
 * they are, or at once for the one that is destroyed alone.
 */
void wn_cells_doom(struct wn_cells *cells, u32 first);

/* One step of freeing, a transaction of its own for the caller to commit; false: all done. */
bool wn_cells_step(struct wn_cells *cells);

/* The cell changed: its head, for the caller to go on. */
static inline struct wn_cell_rec *wn_cell_touch(struct wn_cells *cells, u32 index, u64 hlc)
{
	struct wn_cell_rec *rec = wn_cell_edit(cells, index, WN_CELL_HEAD);

	rec->version++;
	rec->hlc = hlc;
	return rec;
}

/* What is known of each replica's changes. */
void wn_cell_vector(const struct wn_cells *cells, u32 index, struct wn_vv *vv);

/* -- counters. gcounter: minus is 0 (-EINVAL). -E2BIG: a sum would overflow. -ENOSPC. */
int wn_cell_count(struct wn_cells *cells, u32 index, u64 plus, u64 minus, u64 hlc);

/*
 * A slot that holds @value begins or ends to count: readers add it to the record's
 * value. What was added since @start becomes this replica's for good at the end.
 */
int wn_cell_attach(struct wn_cells *cells, u32 index, u64 value, u64 hlc);
void wn_cell_detach(struct wn_cells *cells, u32 index, u64 start, u64 value, u64 hlc);

/* What was added since @start becomes this replica's now: where the next begins. */
u64 wn_cell_sample(struct wn_cells *cells, u32 index, u64 start, u64 value, u64 hlc);

/* -- lww. -E2BIG: too long; -ENOSPC: slab. */
int wn_cell_write(struct wn_cells *cells, u32 index, const u8 *bytes, u32 len, u64 hlc);

/* Copies a value out, at most WN_CELL_BYTES_MAX; its length. */
u32 wn_cell_value(const struct wn_cells *cells, u32 index, u8 *to);

/* -- escrow. -EDQUOT: not so many rights; -ENOSPC: no row; -E2BIG: a sum would overflow. */
int wn_escrow_make(struct wn_cells *cells, u32 index, u64 rights, u64 hlc, u64 boottime);
int wn_escrow_spend(struct wn_cells *cells, u32 index, u64 rights, u64 hlc, u64 boottime);
int wn_escrow_transfer(struct wn_cells *cells, u32 index, u32 to, u64 rights, u64 hlc,
		       u64 boottime);

/* Rights in a client's hand: more, some unspent ones back, all back but those spent. */
int wn_escrow_take(struct wn_cells *cells, u32 index, u32 client, u64 rights, u64 hlc,
		   u64 boottime);
int wn_escrow_give(struct wn_cells *cells, u32 index, u32 client, u64 rights, u64 spent,
		   u64 hlc);
int wn_escrow_fold(struct wn_cells *cells, u32 index, u32 client, u64 spent, u64 hlc);

/* So many of them, or as many as are in its hand, were spent for good: how many. */
u64 wn_escrow_spent(struct wn_cells *cells, u32 index, u32 client, u64 spent, u64 hlc);
u64 wn_escrow_holds(const struct wn_cells *cells, u32 index, u32 client);

/* Rights that could be spent here and now; all that are left anywhere, as far as known. */
u64 wn_escrow_rights(const struct wn_cells *cells, u32 index, u64 boottime);
u64 wn_escrow_left(const struct wn_cells *cells, u32 index);

/*
 * -- sets and the like. Each new dot ends the elements that it replaces: orset, ormap:
 * those of the same key; mvreg, ewflag: all.
 */
int wn_cell_put(struct wn_cells *cells, u32 index, struct wn_item *item, u64 hlc);
int wn_cell_remove(struct wn_cells *cells, u32 index, struct wn_item *item, u64 hlc);

/* ormap of counters: add to this replica's part of a key. */
int wn_cell_map_count(struct wn_cells *cells, u32 index, struct wn_item *item, u64 plus,
		      u64 minus, u64 hlc);

/* The element that stands for a key, the latest (of counters the first), or WN_INDEX_NONE. */
u32 wn_cell_get(const struct wn_cells *cells, u32 index, struct wn_item *item);

/* ormap of counters: the sum of a key, from its first element on. */
u64 wn_cell_map_sum(const struct wn_cells *cells, u32 elem);

/* -- for cell_*.c */
struct wn_row *wn_row_find(const struct wn_cells *cells, u32 index, u32 a, u32 b);

/* The same, made if it is not there: NULL: no more rows. */
struct wn_row *wn_row_get(struct wn_cells *cells, u32 index, u32 a, u32 b);
struct wn_row *wn_row_make_mine(struct wn_cells *cells, u32 index);

static inline struct wn_row *wn_row_mine(struct wn_cells *cells, u32 index)
{
	struct wn_row *row = wn_row(cells, cells->own[index].mine);

	return likely(row) ? row : wn_row_make_mine(cells, index);
}

bool wn_row_fits(const struct wn_cells *cells, const struct wn_row *row);
void wn_row_drop(struct wn_cells *cells, u32 index, struct wn_row *row);

static inline void wn_row_edit(struct wn_cells *cells, struct wn_row *row)
{
	cells->tx->steps++;
	wn_tx_dirty(cells->tx, WN_DIRTY_ROWS, (u32)(row - cells->row));
	wn_tx_save(cells->tx, &row->n, 3);
}

static inline u32 wn_row_index(const struct wn_cells *cells, const struct wn_row *row)
{
	return (u32)(row - cells->row);
}

/* The row of an element. */
struct wn_row *wn_row_of(const struct wn_cells *cells, const struct wn_elem *elem);

/* Take over a value that won. */
int wn_cell_lww_take(struct wn_cells *cells, u32 index, const u8 *bytes, u32 len, u64 stamp,
		     u32 replica);

static inline bool wn_cell_has_elems(u8 type)
{
	return type == WN_CELL_ORSET || type == WN_CELL_MVREG || type == WN_CELL_EWFLAG ||
	       type == WN_CELL_ORMAP;
}

#endif
