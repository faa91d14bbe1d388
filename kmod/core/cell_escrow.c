// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Escrow: a number that never falls below zero, though each replica spends without
 * asking. What can be spent is divided into rights: a replica makes some, gives some
 * to another, uses some up; what it can still spend is
 *
 *	made by it + given to it - given by it - used by it
 *
 * Only the replica itself changes the last two and only while the sum stays at or
 * above zero; what others give it only grows. So the sum of what is left anywhere
 * is never negative, whatever was lost or came late on the way.
 *
 * On its host a replica lends rights to holders, one for each client (their slots):
 * they left the replica's hand, and are used up or come back.
 *
 * Refill is this replica's own doing: for each window of boottime that passed it
 * makes some rights, up to a number that lies unspent here.
 */
#include "cell.h"

static u64 smaller(u64 a, u64 b)
{
	return a < b ? a : b;
}

static bool overflows(u64 a, u64 b)
{
	return a + b < a;
}

static u64 held(const struct wn_cells *cells, u32 index)
{
	return wn_row_find(cells, index, WN_ROW_LOCAL, WN_ROW_START)->x;
}

/* Rights that the windows which passed since the last change would make. */
static u64 pending(const struct wn_cells *cells, u32 index, u64 boottime)
{
	const struct wn_row *start = wn_row_find(cells, index, WN_ROW_LOCAL, WN_ROW_START);
	const struct wn_row *window = wn_row_find(cells, index, WN_ROW_LOCAL, WN_ROW_WINDOW);
	const struct wn_row *mine = wn_row(cells, cells->own[index].mine);
	u64 here = cells->own[index].rights, room, windows;

	if (!window->n || boottime <= start->n)
		return 0;
	here = overflows(here, start->x) ? ~0ULL : here + start->x;
	room = window->y > here ? window->y - here : 0;
	if (mine)
		room = smaller(room, ~0ULL - mine->x);
	windows = (boottime - start->n) / window->n;
	return windows > room / window->x ? room : windows * window->x;
}

u64 wn_escrow_rights(const struct wn_cells *cells, u32 index, u64 boottime)
{
	return cells->own[index].rights + pending(cells, index, boottime);
}

/* What came from one replica may be newer than what it spends from another's. */
u64 wn_escrow_left(const struct wn_cells *cells, u32 index)
{
	const u64 left = wn_cell(cells, index)->value;

	return (s64)left < 0 ? 0 : left;
}

/* Rights come into this replica's hand (or, as a negative number, leave it). */
static void move(struct wn_cells *cells, u32 index, u64 rights)
{
	WN_TX_SET(cells->tx, cells->own[index].rights, cells->own[index].rights + rights);
}

/* This replica's row, its number raised: a change begins. */
static struct wn_row *begin(struct wn_cells *cells, u32 index)
{
	struct wn_row *mine = wn_row_mine(cells, index);

	wn_row_edit(cells, mine);
	mine->n++;
	return mine;
}

static void refill(struct wn_cells *cells, u32 index, u64 hlc, u64 boottime)
{
	struct wn_row *start = wn_row_find(cells, index, WN_ROW_LOCAL, WN_ROW_START);
	const struct wn_row *window = wn_row_find(cells, index, WN_ROW_LOCAL, WN_ROW_WINDOW);
	const u64 rights = pending(cells, index, boottime);

	if (!window->n || boottime <= start->n || boottime - start->n < window->n)
		return;
	wn_row_edit(cells, start);
	start->n += (boottime - start->n) / window->n * window->n;
	if (!rights)
		return;
	begin(cells, index)->x += rights;
	move(cells, index, rights);
	wn_cell_touch(cells, index, hlc)->value += rights;
}

/* Rows that are wanted: this replica's, and perhaps one more. */
static bool rows_fit(const struct wn_cells *cells, u32 index, const struct wn_row *other)
{
	const u32 want = !wn_row(cells, cells->own[index].mine) + !other;

	return cells->nr_rows - cells->rows_used >= want;
}

int wn_escrow_make(struct wn_cells *cells, u32 index, u64 rights, u64 hlc, u64 boottime)
{
	const struct wn_row *mine = wn_row(cells, cells->own[index].mine);
	const u64 here = wn_escrow_rights(cells, index, boottime);

	if (!wn_row_fits(cells, mine))
		return -ENOSPC;
	if (overflows(here, rights) ||
	    (mine && overflows(mine->x, rights + pending(cells, index, boottime))))
		return -E2BIG;
	refill(cells, index, hlc, boottime);
	begin(cells, index)->x += rights;
	move(cells, index, rights);
	wn_cell_touch(cells, index, hlc)->value += rights;
	return 0;
}

int wn_escrow_spend(struct wn_cells *cells, u32 index, u64 rights, u64 hlc, u64 boottime)
{
	struct wn_row *mine = wn_row(cells, cells->own[index].mine);

	if (!wn_row_fits(cells, mine))
		return -ENOSPC;
	if (rights > wn_escrow_rights(cells, index, boottime))
		return -EDQUOT;
	if (mine && overflows(mine->y, rights))
		return -E2BIG;
	refill(cells, index, hlc, boottime);
	begin(cells, index)->y += rights;
	move(cells, index, 0 - rights);
	wn_cell_touch(cells, index, hlc)->value -= rights;
	return 0;
}

int wn_escrow_transfer(struct wn_cells *cells, u32 index, u32 to, u64 rights, u64 hlc,
		       u64 boottime)
{
	struct wn_row *given, *mine;

	if (to >= cells->replicas || to == cells->replica)
		return -EINVAL;
	given = wn_row_find(cells, index, cells->replica, to);
	if (!rows_fit(cells, index, given))
		return -ENOSPC;
	if (rights > wn_escrow_rights(cells, index, boottime))
		return -EDQUOT;
	if (given && overflows(given->x, rights))
		return -E2BIG;
	refill(cells, index, hlc, boottime);
	mine = begin(cells, index);
	given = wn_row_get(cells, index, cells->replica, to);
	wn_row_edit(cells, given);
	given->n = mine->n;
	given->x += rights;
	move(cells, index, 0 - rights);
	wn_cell_touch(cells, index, hlc);
	return 0;
}

/* ------------------------------------------------------------- holders */

static void hold(struct wn_cells *cells, u32 index, u64 rights)
{
	struct wn_row *start = wn_row_find(cells, index, WN_ROW_LOCAL, WN_ROW_START);

	wn_row_edit(cells, start);
	start->x += rights;
}

int wn_escrow_take(struct wn_cells *cells, u32 index, u32 client, u64 rights, u64 hlc,
		   u64 boottime)
{
	struct wn_row *holder;

	if (client >= WN_ROW_START)
		return -EINVAL;
	holder = wn_row_find(cells, index, WN_ROW_LOCAL, client);
	if (!rows_fit(cells, index, holder))
		return -ENOSPC;
	if (rights > wn_escrow_rights(cells, index, boottime))
		return -EDQUOT;
	if (overflows(held(cells, index), rights))
		return -E2BIG;
	refill(cells, index, hlc, boottime);
	holder = wn_row_get(cells, index, WN_ROW_LOCAL, client);
	wn_row_edit(cells, holder);
	holder->x += rights;
	hold(cells, index, rights);
	move(cells, index, 0 - rights);
	wn_cell_touch(cells, index, hlc);
	return 0;
}

int wn_escrow_give(struct wn_cells *cells, u32 index, u32 client, u64 rights, u64 spent,
		   u64 hlc)
{
	struct wn_row *holder;

	holder = client < WN_ROW_START ? wn_row_find(cells, index, WN_ROW_LOCAL, client) : NULL;
	if (!holder || spent > holder->x || rights > holder->x - spent)
		return -EDQUOT;
	wn_row_edit(cells, holder);
	holder->x -= rights;
	hold(cells, index, 0 - rights);
	move(cells, index, rights);
	wn_cell_touch(cells, index, hlc);
	return 0;
}

u64 wn_escrow_holds(const struct wn_cells *cells, u32 index, u32 client)
{
	const struct wn_row *holder = wn_row_find(cells, index, WN_ROW_LOCAL, client);

	return holder ? holder->x : 0;
}

u64 wn_escrow_spent(struct wn_cells *cells, u32 index, u32 client, u64 spent, u64 hlc)
{
	struct wn_row *holder = wn_row_find(cells, index, WN_ROW_LOCAL, client);
	struct wn_row *mine = wn_row(cells, cells->own[index].mine);

	if (!holder || !mine)
		return 0;
	spent = smaller(smaller(spent, holder->x), ~0ULL - mine->y);
	if (!spent)
		return 0;
	wn_row_edit(cells, holder);
	holder->x -= spent;
	begin(cells, index)->y += spent;
	hold(cells, index, 0 - spent);
	wn_cell_touch(cells, index, hlc)->value -= spent;
	return spent;
}

int wn_escrow_fold(struct wn_cells *cells, u32 index, u32 client, u64 spent, u64 hlc)
{
	struct wn_row *holder, *mine;

	holder = client < WN_ROW_START ? wn_row_find(cells, index, WN_ROW_LOCAL, client) : NULL;
	if (!holder)
		return -EDQUOT;
	mine = wn_row(cells, cells->own[index].mine);
	if (!wn_row_fits(cells, mine))
		return -ENOSPC;
	/* A slot says what it likes; more than was lent was not spent. */
	spent = smaller(spent, holder->x);
	if (mine)
		spent = smaller(spent, ~0ULL - mine->y);
	begin(cells, index)->y += spent;
	hold(cells, index, 0 - holder->x);
	move(cells, index, holder->x - spent);
	wn_row_drop(cells, index, holder);
	wn_cell_touch(cells, index, hlc)->value -= spent;
	return 0;
}
