// SPDX-License-Identifier: MIT
#include "internal.h"

#include <string.h>

WN_API int wn_counter_attach(struct wn_counter *c, struct wn *wn, __u64 node, __u64 cell)
{
	struct wn_sqe sqe = {};
	__s64 slot;

	memset(c, 0, sizeof(*c));
	wn_prep_attach(&sqe, node, cell, 0);
	slot = wn_do(wn, &sqe, NULL, NULL);
	if (slot < 0)
		return (int)slot;
	if (!wn->slots || ((__u64)slot + 1) * sizeof(__u64) > wn->slot_bytes)
		return -EPROTO;
	c->wn = wn;
	c->node = node;
	c->cell = cell;
	c->word = &wn->slots[slot];
	c->start = __atomic_load_n(c->word, __ATOMIC_RELAXED);
	c->alive = wn->alive;
	wn->attached++;
	return 0;
}

/* The op that an attached slot's holder does: 0 and the value it answers. */
static int do_slot(const struct wn_counter *c, struct wn_sqe *sqe, __u64 *value)
{
	struct wn_cqe cqe;
	__s64 res;

	if (!c->alive)
		return -ENXIO;
	res = wn_do(c->wn, sqe, NULL, &cqe);
	if (WN_RES_IS_ERROR(res))
		return (int)res;
	*value = WN_CQE_VALUE(cqe.res, cqe.aux);
	return 0;
}

WN_API int wn_counter_detach(struct wn_counter *c, __u64 *counted)
{
	struct wn_sqe sqe = {};
	__u64 value;
	int err;

	wn_prep_detach(&sqe, c->node, c->cell, 0);
	err = do_slot(c, &sqe, &value);
	/* Where cell or slot is gone there is nothing left to detach. */
	if (err && err != -ESTALE && err != -ENOENT)
		return err;
	c->wn->attached--;
	c->alive = NULL;
	if (!err && counted)
		*counted = value - c->start;
	return err;
}

WN_API int wn_escrow_attach(struct wn_escrow *e, struct wn *wn, __u64 node, __u64 cell)
{
	int err = wn_counter_attach(&e->slot, wn, node, cell);

	e->limit = err ? 0 : e->slot.start;
	return err;
}

WN_API int wn_escrow_take(struct wn_escrow *e, __u64 n)
{
	struct wn_sqe sqe = {};

	wn_prep_escrow_take(&sqe, e->slot.node, e->slot.cell, n, 0);
	return do_slot(&e->slot, &sqe, &e->limit);
}

WN_API int wn_escrow_give(struct wn_escrow *e, __u64 n)
{
	struct wn_sqe sqe = {};
	int err;

	if (wn_escrow_left(e) < n)
		return e->slot.alive && !*e->slot.alive ? -EOWNERDEAD : -EDQUOT;
	/* Gone before the engine hears of it: nobody spends them meanwhile. */
	e->limit -= n;
	wn_prep_escrow_give(&sqe, e->slot.node, e->slot.cell, n, 0);
	err = do_slot(&e->slot, &sqe, &e->limit);
	if (err)
		e->limit += n;
	return err;
}

WN_API int wn_escrow_detach(struct wn_escrow *e, __u64 *spent)
{
	e->limit = 0;
	return wn_counter_detach(&e->slot, spent);
}
