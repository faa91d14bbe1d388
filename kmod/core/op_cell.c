// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Ops on cells. Each checks all before it changes the first thing, but for the
 * merge, which goes on until something does not fit.
 */
#include "op_cell.h"

#include "cell_delta.h"
#include "clock.h"
#include "journal.h"
#include "node.h"
#include "tree.h"

/* Stamps from elsewhere may be so much ahead of our realtime. */
#define DRIFT_MS 60000ULL

/* One list looks at elements until it took so many steps. */
#define LIST_STEPS 8192

static u32 low32(u64 word)
{
	return (u32)word;
}

static u32 high32(u64 word)
{
	return (u32)(word >> 32);
}

/* It succeeded: the stamp that came is the clock's last. */
static void stamp(struct wn_call *call, u64 hlc)
{
	if (call->hlc)
		return;
	call->hlc = hlc;
	WN_TX_SET(call->core->tx, call->core->hlc, hlc);
}

/* A private copy of bytes that the client may still write to. */
static s64 fetch(const struct wn_call *call, u32 offset, u32 bytes, u8 *to)
{
	const struct wn_op_env *env = call->env;

	if (bytes > WN_DELTA_BYTES_MAX)
		return -E2BIG;
	if (!env->in)
		return -ENXIO;
	if (offset > env->in_bytes || bytes > env->in_bytes - offset)
		return -EINVAL;
	wn_input_bytes(call->core, to, env->in + offset, bytes);
	return 0;
}

/* ------------------------------------------------------ create, destroy */

static int check_id(const struct wn_call *call, u64 id)
{
	const struct wn_node_rec *node = wn_node(call->core, call->node);
	u32 at;

	for (at = node->first_cell; at != WN_INDEX_NONE; at = wn_cell(&call->core->cells, at)->next) {
		call->core->tx->steps++;
		if (wn_cell(&call->core->cells, at)->id == id)
			return -EEXIST;
	}
	return node->nr_cells >= WN_NODE_CELLS_MAX ? -ENOSPC : 0;
}

static s64 take_refill(const struct wn_call *call, struct wn_cell_new *new)
{
	u32 i;

	if (!call->data)
		return 0;
	if (new->type != WN_CELL_ESCROW)
		return -EINVAL;
	for (i = 3 * sizeof(u64); i < sizeof(struct wn_sqe); i++)
		if (call->data[i])
			return -EINVAL;
	new->window = wn_get_le64(call->data);
	new->amount = wn_get_le64(call->data + 8);
	new->most = wn_get_le64(call->data + 16);
	return 0;
}

s64 wn_op_cell_create(struct wn_call *call)
{
	const struct wn_sqe *sqe = call->sqe;
	struct wn_core *core = call->core;
	struct wn_cell_new new = {
		.node = wn_node(core, call->node)->handle,
		.id = sqe->w[0],
		.type = sqe->op_flags & 0xff,
		.flags = sqe->op_flags >> 8 & 0xff,
		.hlc = wn_call_coming(call),
		.next = wn_node(core, call->node)->first_cell,
		.boottime = call->env->now->boottime,
	};
	struct wn_cell_charge *charge;
	struct wn_node_rec *node;
	s64 res = take_refill(call, &new);

	if (res)
		return res;
	if (wn_tree_is_torn(core) && wn_tree_climb(core, call->node, WN_INDEX_NONE, NULL) < 0)
		return -ESTALE;
	res = check_id(call, new.id);
	if (res)
		return res;
	if (!wn_account_fits(core, call->cap->account, WN_QUOTA_CELLS, 1))
		return -EDQUOT;
	res = wn_cell_create(&core->cells, &new);
	if (WN_RES_IS_ERROR(res))
		return res;
	charge = &core->accounts.cells[wn_handle_index((u64)res)];
	wn_tx_save(core->tx, charge, 1);
	*charge = (struct wn_cell_charge){ .account = call->cap->account };
	wn_account_charge(core, charge->account, WN_QUOTA_CELLS, 1);
	wn_log_mark(core, call->node, WN_CHANGE_CELLS);
	wn_node_touch(core, call->node, wn_call_stamp(call));
	node = wn_node_edit(core, call->node, WN_NODE_LINKS);
	node->first_cell = wn_handle_index((u64)res);
	node->nr_cells++;
	return res;
}

s64 wn_op_cell_destroy(struct wn_call *call)
{
	struct wn_core *core = call->core;
	struct wn_cells *cells = &core->cells;
	const int index = wn_call_cell(call);
	struct wn_node_rec *node;
	struct wn_cell_rec *rec;
	u32 at, next;

	if (index < 0)
		return index;
	next = wn_cell(cells, (u32)index)->next;
	wn_log_mark(core, call->node, WN_CHANGE_CELLS);
	wn_node_touch(core, call->node, wn_call_stamp(call));
	node = wn_node_edit(core, call->node, WN_NODE_LINKS);
	node->nr_cells--;
	if (node->first_cell == (u32)index) {
		node->first_cell = next;
	} else {
		for (at = node->first_cell; wn_cell(cells, at)->next != (u32)index;
		     at = wn_cell(cells, at)->next)
			core->tx->steps++;
		wn_cell_edit(cells, at, WN_CELL_HEAD)->next = next;
	}
	rec = wn_cell_edit(cells, (u32)index, WN_CELL_HEAD);
	rec->handle = 0;
	rec->next = WN_INDEX_NONE;
	wn_cells_doom(cells, (u32)index);
	return 0;
}

/* -------------------------------------------------------------- update */

/* Key and value that an op comes with, in private memory. */
static s64 take_item(struct wn_call *call, struct wn_item *item)
{
	const u64 where = call->sqe->w[1];
	u32 len, i;
	s64 err;

	*item = (struct wn_item){ .key_len = (u16)where, .val_len = (u16)(where >> 16) };
	len = (u32)item->key_len + item->val_len;
	if (len > WN_CELL_BYTES_MAX)
		return -E2BIG;
	if (!call->data) {
		item->bytes = call->core->delta;
		err = len ? fetch(call, high32(where), len, call->core->delta) : 0;
		return err ? err : len ? 0 : high32(where) ? -EINVAL : 0;
	}
	if (len > sizeof(struct wn_sqe) || high32(where))
		return -EINVAL;
	for (i = len; i < sizeof(struct wn_sqe); i++)
		if (call->data[i])
			return -EINVAL;
	item->bytes = call->data;
	return 0;
}

static int update_counter(struct wn_call *call, u32 index, u32 verb, u64 hlc)
{
	const u64 n = call->sqe->w[0];
	struct wn_cells *cells = &call->core->cells;

	if (call->data || call->sqe->w[1])
		return -EINVAL;
	if (verb == WN_CELL_ADD)
		return wn_cell_count(cells, index, n, 0, hlc);
	if (verb != WN_CELL_SUB || wn_cell(cells, index)->type == WN_CELL_GCOUNTER)
		return -EINVAL;
	return wn_cell_count(cells, index, 0, n, hlc);
}

static int update_escrow(struct wn_call *call, u32 index, u32 verb, u64 hlc)
{
	const u64 n = call->sqe->w[0], to = call->sqe->w[1], boot = call->env->now->boottime;
	struct wn_cells *cells = &call->core->cells;

	if (call->data || (to && verb != WN_CELL_TRANSFER))
		return -EINVAL;
	switch (verb) {
	case WN_CELL_ADD:
		return wn_escrow_make(cells, index, n, hlc, boot);
	case WN_CELL_SUB:
		return wn_escrow_spend(cells, index, n, hlc, boot);
	case WN_CELL_TRANSFER:
		return to > 0xffff ? -EINVAL :
			wn_escrow_transfer(cells, index, (u32)to, n, hlc, boot);
	}
	return -EINVAL;
}

static int update_elems(struct wn_call *call, u32 index, u32 verb, struct wn_item *item,
			u64 hlc)
{
	struct wn_cells *cells = &call->core->cells;
	const struct wn_cell_rec *rec = wn_cell(cells, index);
	const u64 n = call->sqe->w[0];

	if (rec->flags & WN_CELL_F_COUNTS && verb == WN_CELL_ADD)
		return wn_cell_map_count(cells, index, item, n, 0, hlc);
	if (rec->flags & WN_CELL_F_COUNTS && verb == WN_CELL_SUB)
		return wn_cell_map_count(cells, index, item, 0, n, hlc);
	if (n)
		return -EINVAL;
	if (verb == WN_CELL_REMOVE)
		return item->val_len ? -EINVAL : wn_cell_remove(cells, index, item, hlc);
	if (verb != (rec->type == WN_CELL_ORSET ? WN_CELL_ADD : WN_CELL_SET))
		return -EINVAL;
	return wn_cell_put(cells, index, item, hlc);
}

/* What all values take, in whole elements and blocks. */
static u64 footprint(const struct wn_cells *cells)
{
	return cells->elems.used * sizeof(struct wn_elem) + cells->slab.used * 64;
}

/* Whether a value fits, beside the one that it may replace: all that it will be charged. */
static bool affords(const struct wn_call *call, u32 index, const struct wn_item *item)
{
	const struct wn_cells *cells = &call->core->cells;
	const struct wn_cell_charge *charge = &call->core->accounts.cells[index];
	const u32 len = (u32)item->key_len + item->val_len;
	u32 bytes;

	if (!charge->account)
		return true;
	/* A register's value lies in the cell itself, as far as it fits. */
	if (wn_cell(cells, index)->type == WN_CELL_LWW)
		bytes = wn_slab_need(len > WN_CELL_INLINE ? len - WN_CELL_INLINE : 0) * 64;
	else
		bytes = (u32)sizeof(struct wn_elem) +
			wn_slab_need(len > WN_ELEM_INLINE ? len - WN_ELEM_INLINE : 0) * 64;
	return wn_account_fits(call->core, charge->account, WN_QUOTA_BYTES, bytes);
}

/* An op on the cell made all values take so much more, or less. */
static void settle(struct wn_core *core, u32 index, u64 before)
{
	struct wn_cell_charge *charge = &core->accounts.cells[index];
	const s64 more = (s64)(footprint(&core->cells) - before);

	if (!charge->account || !more)
		return;
	WN_TX_SET(core->tx, charge->bytes, (u32)(charge->bytes + more));
	wn_account_charge(core, charge->account, WN_QUOTA_BYTES, more);
}

s64 wn_op_cell_update(struct wn_call *call)
{
	const u64 before = footprint(&call->core->cells);
	const u32 verb = call->sqe->op_flags;
	const u64 hlc = wn_call_coming(call);
	const int index = wn_call_cell(call);
	struct wn_item item;
	s64 err;

	if (index < 0)
		return index;
	switch (wn_cell(&call->core->cells, (u32)index)->type) {
	case WN_CELL_GCOUNTER:
	case WN_CELL_PNCOUNTER:
		err = update_counter(call, (u32)index, verb, hlc);
		break;
	case WN_CELL_ESCROW:
		err = update_escrow(call, (u32)index, verb, hlc);
		break;
	case WN_CELL_LWW:
		err = take_item(call, &item);
		if (!err && (verb != WN_CELL_SET || call->sqe->w[0] || item.key_len))
			err = -EINVAL;
		if (!err && !affords(call, (u32)index, &item))
			err = -EDQUOT;
		if (!err)
			err = wn_cell_write(&call->core->cells, (u32)index, item.bytes,
					    item.val_len, hlc);
		break;
	default:
		err = take_item(call, &item);
		if (!err && verb != WN_CELL_REMOVE && !affords(call, (u32)index, &item))
			err = -EDQUOT;
		if (!err)
			err = update_elems(call, (u32)index, verb, &item, hlc);
	}
	if (err)
		return err;
	settle(call->core, (u32)index, before);
	stamp(call, hlc);
	return (s64)wn_cell(&call->core->cells, (u32)index)->version;
}

/* ---------------------------------------------------------------- read */

/* One key with its value as readers get it; -ENOBUFS. */
static s64 show(const struct wn_cells *cells, u32 index, u32 elem, struct wn_writer *w)
{
	const struct wn_elem *e = &cells->elems.at[elem];
	const u32 len = (u32)e->key_len + e->val_len;
	struct wn_cell_item item = {
		.key_len = e->key_len,
		.val_len = e->val_len,
		.value = wn_cell(cells, index)->flags & WN_CELL_F_COUNTS ?
			wn_cell_map_sum(cells, elem) : e->x,
	};
	u8 *at;

	if (wn_form_room(w) < sizeof(item) + wn_form_pad(len))
		return -ENOBUFS;
	wn_memcpy(wn_form_give(w, sizeof(item)), &item, sizeof(item));
	at = wn_form_give(w, wn_form_pad(len));
	wn_elem_get(cells, e, at);
	wn_memset(at + len, 0, wn_form_pad(len) - len);
	return 0;
}

static s64 read_key(struct wn_call *call, u32 index)
{
	struct wn_cells *cells = &call->core->cells;
	struct wn_writer w;
	struct wn_item item;
	u32 found;
	s64 err;

	if (!wn_cell_has_elems(wn_cell(cells, index)->type) || call->sqe->w[2])
		return -EINVAL;
	err = take_item(call, &item);
	if (err)
		return err;
	if (item.val_len)
		return -EINVAL;
	found = wn_cell_get(cells, index, &item);
	if (found == WN_INDEX_NONE)
		return -ENOENT;
	err = wn_call_room(call, low32(call->sqe->w[0]), high32(call->sqe->w[0]), &w.at);
	if (err)
		return err;
	w.end = w.at + high32(call->sqe->w[0]);
	err = show(cells, index, found, &w);
	return err ? err : 1;
}

/* Whether an element is the one that a list shows for its key. */
static bool is_shown(const struct wn_cells *cells, u32 index, u32 elem)
{
	u32 at = cells->elems.heads[cells->elems.at[elem].hash & cells->elems.mask], same;
	const struct wn_elem *e = &cells->elems.at[elem], *o;

	/* Of a multi-value register each. */
	if (wn_cell(cells, index)->type == WN_CELL_MVREG)
		return true;
	/* The first of the key in the chain: from there all others are found. */
	for (; at != elem; at = cells->elems.at[at].chain) {
		cells->tx->steps++;
		o = &cells->elems.at[at];
		if (o->hash != e->hash || o->cell != e->cell)
			continue;
		for (same = wn_elem_same(cells, at); same != WN_INDEX_NONE;
		     same = wn_elem_same(cells, same))
			if (same == elem)
				return false;
	}
	return true;
}

/* Of the elements of a key the one whose value counts. */
static u32 latest(const struct wn_cells *cells, u32 index, u32 first)
{
	const struct wn_elem *e, *best;
	u32 at, found = first;

	if (wn_cell(cells, index)->type != WN_CELL_ORMAP ||
	    wn_cell(cells, index)->flags & WN_CELL_F_COUNTS)
		return first;
	for (at = first; at != WN_INDEX_NONE; at = wn_elem_same(cells, at)) {
		e = &cells->elems.at[at];
		best = &cells->elems.at[found];
		if (e->x > best->x || (e->x == best->x && e->replica > best->replica))
			found = at;
	}
	return found;
}

/* Cursor: replica + 1 << 48 | dot that was looked at last. */
static s64 read_list(struct wn_call *call, u32 index)
{
	struct wn_cells *cells = &call->core->cells;
	u64 cursor = call->sqe->w[1], from = cursor & WN_DOT_MAX;
	const u32 bytes = high32(call->sqe->w[0]);
	struct wn_cell_list list = {};
	const struct wn_row *row;
	struct wn_writer w;
	u32 at;
	u8 *out;
	s64 err;

	if (!wn_cell_has_elems(wn_cell(cells, index)->type) || call->data || call->sqe->w[2])
		return -EINVAL;
	err = wn_call_room(call, low32(call->sqe->w[0]), bytes, &out);
	if (err)
		return err;
	if (bytes < sizeof(list))
		return -ENOBUFS;
	w.at = out + sizeof(list);
	w.end = out + bytes;
	for (row = wn_row(cells, cells->own[index].rows); row; row = wn_row(cells, row->next)) {
		if (row->a + 1u < cursor >> 48)
			continue;
		if (row->a + 1u > cursor >> 48)
			from = 0;
		for (at = wn_elem_seek(cells, index, row, from); at != WN_INDEX_NONE;
		     at = cells->elems.at[at].next) {
			list.cursor = (row->a + 1ULL) << 48 | (cells->elems.at[at].dot - 1);
			if (cells->tx->steps >= LIST_STEPS)
				goto out;
			cells->tx->steps++;
			if (!is_shown(cells, index, at))
				continue;
			err = show(cells, index, latest(cells, index, at), &w);
			if (err && !list.count)
				return err;
			if (err)
				goto out;
			list.count++;
		}
	}
	list.cursor = 0;
out:
	list.bytes = (u32)(w.at - out);
	wn_memcpy(out, &list, sizeof(list));
	return list.count;
}

static s64 read_rest(struct wn_call *call, u32 index, u32 what)
{
	struct wn_cells *cells = &call->core->cells;
	const struct wn_cell_rec *rec = wn_cell(cells, index);
	const u32 offset = low32(call->sqe->w[0]), bytes = high32(call->sqe->w[0]);
	u64 rights;
	s64 err;
	u8 *at;

	if (call->data || call->sqe->w[1] || call->sqe->w[2])
		return -EINVAL;
	if (what == WN_CELL_READ_RIGHTS) {
		if (rec->type != WN_CELL_ESCROW || call->sqe->w[0])
			return -EINVAL;
		rights = wn_escrow_rights(cells, index, call->env->now->boottime);
		return rights >> 63 ? (s64)(~0ULL >> 1) : (s64)rights;
	}
	err = wn_call_room(call, offset, bytes, &at);
	if (err)
		return err;
	switch (what) {
	case WN_CELL_READ_REC:
		if (bytes < sizeof(*rec))
			return -ENOBUFS;
		wn_memcpy(at, rec, sizeof(*rec));
		return sizeof(*rec);
	case WN_CELL_READ_VALUE:
		if (rec->type != WN_CELL_LWW)
			return -EINVAL;
		return bytes < rec->len ? -ENOBUFS : (s64)wn_cell_value(cells, index, at);
	case WN_CELL_READ_VECTOR:
		wn_cell_vector(cells, index, call->core->vector);
		return wn_vv_encode(call->core->vector, at, bytes);
	}
	return -EINVAL;
}

s64 wn_op_cell_read(struct wn_call *call)
{
	const u32 what = call->sqe->op_flags;
	const int index = wn_call_cell(call);

	if (index < 0)
		return index;
	if (what == WN_CELL_READ_KEY)
		return read_key(call, (u32)index);
	if (what == WN_CELL_READ_LIST)
		return read_list(call, (u32)index);
	return read_rest(call, (u32)index, what);
}

/* --------------------------------------------------------- replication */

s64 wn_op_cell_delta(struct wn_call *call)
{
	const struct wn_sqe *sqe = call->sqe;
	struct wn_core *core = call->core;
	const u32 bytes = high32(sqe->w[0]);
	struct wn_cell_told told = { .cursor = sqe->w[1] };
	const int index = wn_call_cell(call);
	u8 *out;
	s64 res;

	if (index < 0)
		return index;
	res = wn_call_room(call, low32(sqe->w[0]), bytes, &out);
	if (res)
		return res;
	if (bytes < sizeof(told))
		return -ENOBUFS;
	wn_memset(core->vector, 0, sizeof(*core->vector));
	if (sqe->w[2]) {
		res = fetch(call, low32(sqe->w[2]), high32(sqe->w[2]), core->delta);
		if (!res)
			res = wn_vv_decode(core->vector, core->delta, high32(sqe->w[2]),
					   core->cells.replicas);
		if (res)
			return res;
	}
	res = wn_cell_delta(&core->cells, (u32)index, core->vector, &told.cursor,
			    out + sizeof(told), bytes - (u32)sizeof(told));
	if (res < 0)
		return res;
	told.bytes = (u32)res;
	wn_memcpy(out, &told, sizeof(told));
	return res;
}

s64 wn_op_cell_merge(struct wn_call *call)
{
	const u64 where = call->sqe->w[0];
	struct wn_core *core = call->core;
	struct wn_merge merge = {
		.hlc = wn_call_coming(call),
		.realtime = call->env->now->realtime,
		.drift_ms = DRIFT_MS,
		.clock = call->core->hlc,
	};
	const int index = wn_call_cell(call);
	u64 before;
	s64 res;

	if (index < 0)
		return index;
	res = fetch(call, low32(where), high32(where), core->delta);
	if (res)
		return res;
	before = footprint(&core->cells);
	res = wn_cell_merge(&core->cells, (u32)index, core->delta, high32(where), &merge);
	if (res < 0)
		return res;
	wn_call_stamp(call);
	settle(core, (u32)index, before);
	/* Whatever is written here from now on is later than what was seen. */
	if (merge.clock > core->hlc)
		WN_TX_SET(core->tx, core->hlc, merge.clock);
	return res;
}
