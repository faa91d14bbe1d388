// SPDX-License-Identifier: MIT
#include "model_cell.h"

#include <string.h>

#include "kmod/core/form.h"
#include "model.h"

#define NONE WN_INDEX_NONE

/* Of a value or an item: what its record has no room for, in blocks of 56 bytes. */
static u32 blocks(u32 len)
{
	return len > 64 ? (len - 64 + 55) / 56 : 0;
}

static u32 rows_of(const struct model_cell *c)
{
	u32 n = c->has_row, i;

	if (c->rec.type == WN_CELL_ESCROW)
		n += 2;
	for (i = 0; i < MODEL_REPLICAS; i++)
		n += c->gave[i];
	return n;
}

u32 model_rows_used(const struct model *m)
{
	u32 n = 0;

	for (u32 i = 0; i < m->bounds.cells; i++)
		if (m->cells.at[i].used)
			n += m->cells.at[i].doomed ? m->cells.at[i].rows : rows_of(&m->cells.at[i]);
	return n;
}

u32 model_elems_used(const struct model *m)
{
	u32 n = 0;

	for (u32 i = 0; i < m->bounds.cells; i++)
		n += m->cells.at[i].used ? m->cells.at[i].nr_items : 0;
	return n;
}

u32 model_blocks_used(const struct model *m)
{
	u32 n = 0;

	for (u32 i = 0; i < m->bounds.cells; i++) {
		const struct model_cell *c = &m->cells.at[i];

		if (!c->used)
			continue;
		n += c->freed_value ? 0 : blocks(c->rec.len);
		for (u32 k = 0; k < c->nr_items; k++)
			n += blocks((u32)c->items[k].key_len + c->items[k].val_len);
	}
	return n;
}

static bool row_fits(const struct model *m, const struct model_cell *c)
{
	return c->has_row || model_rows_used(m) < m->cells.rows;
}

static u32 all_blocks(const struct model *m)
{
	return (u32)(m->bounds.slab_bytes + 55) / 56;
}

/* ------------------------------------------------------ create, destroy */

u32 model_cell_first(const struct model *m, u64 node, u64 below)
{
	u32 best = NONE;

	for (u32 i = 0; i < m->bounds.cells; i++) {
		const struct model_cell *c = &m->cells.at[i];

		if (c->used && !c->doomed && c->rec.node == node && c->order < below &&
		    (best == NONE || c->order > m->cells.at[best].order))
			best = i;
	}
	return best;
}

u32 model_cell_count(const struct model *m, u64 node)
{
	u32 n = 0;

	for (u32 i = 0; i < m->bounds.cells; i++)
		n += m->cells.at[i].used && !m->cells.at[i].doomed && m->cells.at[i].rec.node == node;
	return n;
}

struct wn_cell_rec model_cell_record(const struct model *m, u32 index)
{
	struct wn_cell_rec rec = m->cells.at[index].rec;

	rec.next = model_cell_first(m, rec.node, m->cells.at[index].order);
	return rec;
}

int model_cell_find(const struct model *m, u64 handle)
{
	for (u32 i = 0; i < m->bounds.cells; i++)
		if (m->cells.at[i].used && !m->cells.at[i].doomed && m->cells.at[i].rec.handle == handle)
			return (int)i;
	return -1;
}

static s64 create(struct model *m, const struct wn_sqe *sqe, u32 node)
{
	const u32 type = sqe->op_flags & 0xff, flags = sqe->op_flags >> 8;
	const u64 handle = m->nodes[node].rec.handle;
	u64 refill[8] = {}, generation;
	struct model_cell *c;
	u32 i;

	if (sqe->flags & WN_SQE_WIDE) {
		if (type != WN_CELL_ESCROW)
			return -EINVAL;
		memcpy(refill, sqe + 1, sizeof(refill));
		for (i = 3; i < 8; i++)
			if (refill[i])
				return -EINVAL;
	}
	if (model_depth(m, node) < 0)
		return -ESTALE;
	for (i = 0; i < m->bounds.cells; i++)
		if (m->cells.at[i].used && !m->cells.at[i].doomed &&
		    m->cells.at[i].rec.node == handle && m->cells.at[i].rec.id == sqe->w[0])
			return -EEXIST;
	if (model_cell_count(m, handle) >= WN_NODE_CELLS_MAX)
		return -ENOSPC;
	if (!type || type > WN_CELL_ORMAP || flags > WN_CELL_F_COUNTS ||
	    (flags && type != WN_CELL_ORMAP))
		return -EINVAL;
	if ((refill[0] || refill[1] || refill[2]) &&
	    (!refill[0] || !refill[1] || refill[1] > refill[2]))
		return -EINVAL;
	for (i = 0; i < m->bounds.cells && m->cells.at[i].used; i++)
		;
	if (i == m->bounds.cells)
		return -ENOSPC;
	if (type == WN_CELL_ESCROW && m->cells.rows - model_rows_used(m) < 2)
		return -ENOSPC;

	model_touch(m, node, model_stamp(m));
	c = &m->cells.at[i];
	generation = c->generation + 1;
	memset(c, 0, sizeof(*c));
	c->used = c->touched = true;
	c->generation = generation;
	c->order = ++m->cells.order;
	c->window = refill[0];
	c->amount = refill[1];
	c->most = refill[2];
	c->start = m->now.boottime;
	c->rec.handle = generation << WN_HANDLE_INDEX_BITS | i;
	c->rec.node = handle;
	c->rec.id = sqe->w[0];
	c->rec.type = type;
	c->rec.flags = flags;
	c->rec.version = 1;
	c->rec.hlc = m->hlc;
	return (s64)c->rec.handle;
}

static void doom(struct model *m, u32 i)
{
	struct model_cell *c = &m->cells.at[i];

	c->rows = rows_of(c);
	c->doomed = true;
	m->cells.doomed[m->cells.nr_doomed++] = i;
}

/* The cell before it links to the one behind it from now on. */
static void destroy(struct model *m, u32 i)
{
	u32 before = NONE, k;

	for (k = 0; k < m->bounds.cells; k++)
		if (model_cell_first(m, m->cells.at[i].rec.node, m->cells.at[k].order) == i)
			before = m->cells.at[k].used && !m->cells.at[k].doomed &&
				 m->cells.at[k].rec.node == m->cells.at[i].rec.node ? k : before;
	if (before != NONE)
		m->cells.at[before].touched = true;
	doom(m, i);
}

void model_cells_commit(struct model *m)
{
	for (u32 i = 0; i < m->bounds.cells; i++) {
		struct model_cell *c = &m->cells.at[i];
		const int node = c->touched && c->used && !c->doomed ?
			model_find(m, c->rec.node) : -1;

		if (node >= 0)
			m->nodes[node].cells_hlc = m->hlc;
		c->touched = false;
	}
}

void model_cells_doom(struct model *m, u64 node)
{
	u32 i;

	while ((i = model_cell_first(m, node, ~0ULL)) != NONE)
		doom(m, i);
}

bool model_cells_step(struct model *m)
{
	struct model_cell *c = &m->cells.at[m->cells.doomed[0]];

	if (!m->cells.nr_doomed)
		return false;
	if (c->nr_items) {
		c->nr_items--;
		memmove(&c->items[0], &c->items[1], c->nr_items * sizeof(c->items[0]));
	} else if (c->rows) {
		c->rows--;
	} else if (blocks(c->rec.len) && !c->freed_value) {
		c->freed_value = true;
	} else {
		c->used = false;
		m->cells.nr_doomed--;
		memmove(&m->cells.doomed[0], &m->cells.doomed[1],
			m->cells.nr_doomed * sizeof(m->cells.doomed[0]));
	}
	return true;
}

/* -------------------------------------------------------------- update */

static s64 take_item(const struct model *m, const struct wn_sqe *sqe, struct model_item *item)
{
	const u32 offset = sqe->w[1] >> 32;
	const u8 *from = (const u8 *)(sqe + 1);
	u32 len, i;

	memset(item, 0, sizeof(*item));
	item->key_len = (u16)sqe->w[1];
	item->val_len = (u16)(sqe->w[1] >> 16);
	len = (u32)item->key_len + item->val_len;
	if (len > WN_CELL_BYTES_MAX)
		return -E2BIG;
	if (sqe->flags & WN_SQE_WIDE) {
		if (len > 64 || offset)
			return -EINVAL;
		for (i = len; i < 64; i++)
			if (from[i])
				return -EINVAL;
	} else {
		if (len ? offset > MODEL_IN_BYTES || len > MODEL_IN_BYTES - offset : offset)
			return -EINVAL;
		from = m->in + offset;
	}
	if (len)
		memcpy(item->bytes, from, len);
	return 0;
}

/* Where the item with this key is, or -1. */
static int find_key(const struct model_cell *c, const struct model_item *item)
{
	for (u32 i = 0; i < c->nr_items; i++)
		if (c->items[i].key_len == item->key_len &&
		    !memcmp(c->items[i].bytes, item->bytes, item->key_len))
			return (int)i;
	return -1;
}

static void touch(struct model *m, struct model_cell *c)
{
	c->rec.version++;
	c->rec.hlc = m->hlc;
	c->touched = true;
}

static s64 done(struct model *m, struct model_cell *c)
{
	touch(m, c);
	return (s64)c->rec.version;
}

static s64 count(struct model *m, struct model_cell *c, const struct wn_sqe *sqe)
{
	const bool sub = sqe->op_flags == WN_CELL_SUB;
	const u64 n = sqe->w[0];

	if (sqe->flags & WN_SQE_WIDE || sqe->w[1] ||
	    (sub ? c->rec.type == WN_CELL_GCOUNTER : sqe->op_flags != WN_CELL_ADD))
		return -EINVAL;
	if (!row_fits(m, c))
		return -ENOSPC;
	if ((sub ? c->minus : c->plus) > ~0ULL - n)
		return -E2BIG;
	model_stamp(m);
	c->has_row = true;
	c->n++;
	*(sub ? &c->minus : &c->plus) += n;
	c->rec.value = c->plus - c->minus;
	return done(m, c);
}

/* Rights that whole windows since the last change would make. */
static u64 coming(const struct model *m, const struct model_cell *c)
{
	u64 room, all;

	if (!c->window || m->now.boottime <= c->start)
		return 0;
	room = c->most > c->rights ? c->most - c->rights : 0;
	if (room > ~0ULL - c->plus)
		room = ~0ULL - c->plus;
	if (wn_mul_overflow((m->now.boottime - c->start) / c->window, c->amount, &all))
		return room;
	return all > room ? room : all;
}

static void refill(struct model *m, struct model_cell *c)
{
	const u64 rights = coming(m, c);

	if (!c->window || m->now.boottime <= c->start)
		return;
	c->start += (m->now.boottime - c->start) / c->window * c->window;
	if (!rights)
		return;
	c->has_row = true;
	c->n++;
	c->plus += rights;
	c->rights += rights;
	c->rec.value += rights;
	touch(m, c);
}

static s64 escrow(struct model *m, struct model_cell *c, const struct wn_sqe *sqe)
{
	const u64 n = sqe->w[0], to = sqe->w[1], rights = c->rights + coming(m, c);
	const u32 verb = sqe->op_flags;
	u32 rows = !c->has_row;

	if (sqe->flags & WN_SQE_WIDE || (to && verb != WN_CELL_TRANSFER) ||
	    (verb != WN_CELL_ADD && verb != WN_CELL_SUB && verb != WN_CELL_TRANSFER))
		return -EINVAL;
	if (verb == WN_CELL_TRANSFER) {
		if (!to || to >= m->bounds.replicas)
			return -EINVAL;
		rows += !c->gave[to];
	}
	if (m->cells.rows - model_rows_used(m) < rows)
		return -ENOSPC;
	if (verb == WN_CELL_ADD) {
		if (n > ~0ULL - rights || (c->has_row && c->plus > ~0ULL - n - coming(m, c)))
			return -E2BIG;
	} else if (n > rights) {
		return -EDQUOT;
	} else if ((verb == WN_CELL_SUB && c->minus > ~0ULL - n) ||
		   (verb == WN_CELL_TRANSFER && c->given[to] > ~0ULL - n)) {
		return -E2BIG;
	}
	model_stamp(m);
	refill(m, c);
	c->has_row = true;
	c->n++;
	if (verb == WN_CELL_ADD) {
		c->plus += n;
		c->rights += n;
		c->rec.value += n;
		return done(m, c);
	}
	c->rights -= n;
	if (verb == WN_CELL_SUB) {
		c->minus += n;
		c->rec.value -= n;
	} else {
		c->gave[to] = true;
		c->given[to] += n;
	}
	return done(m, c);
}

static s64 write_value(struct model *m, struct model_cell *c, const struct wn_sqe *sqe)
{
	struct model_item item;
	s64 err = take_item(m, sqe, &item);

	if (err)
		return err;
	if (sqe->op_flags != WN_CELL_SET || sqe->w[0] || item.key_len)
		return -EINVAL;
	if (model_blocks_used(m) - blocks(c->rec.len) + blocks(item.val_len) > all_blocks(m))
		return -ENOSPC;
	c->rec.value = model_stamp(m);
	c->rec.len = item.val_len;
	memcpy(c->value, item.bytes, sizeof(c->value));
	memcpy(c->rec.bytes, item.bytes, sizeof(c->rec.bytes));
	return done(m, c);
}

static void drop_item(struct model_cell *c, int at)
{
	c->nr_items--;
	memmove(&c->items[at], &c->items[at + 1], (c->nr_items - (u32)at) * sizeof(c->items[0]));
}

static bool is_sane(const struct model_cell *c, const struct model_item *item)
{
	switch (c->rec.type) {
	case WN_CELL_ORSET:
		return !item->val_len;
	case WN_CELL_ORMAP:
		return !c->rec.flags || !item->val_len;
	case WN_CELL_MVREG:
		return !item->key_len;
	}
	return !item->key_len && !item->val_len;
}

static s64 change_items(struct model *m, struct model_cell *c, const struct wn_sqe *sqe)
{
	const u32 verb = sqe->op_flags;
	const bool counts = c->rec.flags && (verb == WN_CELL_ADD || verb == WN_CELL_SUB);
	struct model_item item;
	s64 err = take_item(m, sqe, &item);
	int at;

	if (err)
		return err;
	if (!is_sane(c, &item) || (sqe->w[0] && !counts))
		return -EINVAL;
	at = find_key(c, &item);
	if (verb == WN_CELL_REMOVE) {
		if (item.val_len)
			return -EINVAL;
		if (at < 0)
			return -ENOENT;
		model_stamp(m);
		drop_item(c, at);
		c->rec.value = c->nr_items;
		return done(m, c);
	}
	if (!counts && (c->rec.flags || verb != (c->rec.type == WN_CELL_ORSET ? WN_CELL_ADD : WN_CELL_SET)))
		return -EINVAL;
	if (counts) {
		item.x = at >= 0 ? c->items[at].x : 0;
		item.y = at >= 0 ? c->items[at].y : 0;
		if ((verb == WN_CELL_ADD ? item.x : item.y) > ~0ULL - sqe->w[0])
			return -E2BIG;
		*(verb == WN_CELL_ADD ? &item.x : &item.y) += sqe->w[0];
	}
	if (!row_fits(m, c) || c->nr_items - (at >= 0) >= m->bounds.set_elems ||
	    model_elems_used(m) - (at >= 0) >= m->bounds.elems ||
	    model_blocks_used(m) + blocks((u32)item.key_len + item.val_len) > all_blocks(m))
		return -ENOSPC;
	model_stamp(m);
	if (at >= 0)
		drop_item(c, at);
	c->has_row = true;
	item.dot = ++c->n;
	if (!counts && c->rec.type == WN_CELL_ORMAP)
		item.x = m->hlc;
	c->items[c->nr_items++] = item;
	c->rec.value = c->nr_items;
	return done(m, c);
}

static s64 update(struct model *m, struct model_cell *c, const struct wn_sqe *sqe)
{
	switch (c->rec.type) {
	case WN_CELL_GCOUNTER:
	case WN_CELL_PNCOUNTER:
		return count(m, c, sqe);
	case WN_CELL_ESCROW:
		return escrow(m, c, sqe);
	case WN_CELL_LWW:
		return write_value(m, c, sqe);
	}
	return change_items(m, c, sqe);
}

/* ---------------------------------------------------------------- read */

static s64 room(const struct wn_sqe *sqe)
{
	const u32 offset = (u32)sqe->w[0], bytes = sqe->w[0] >> 32;

	if (offset % 8)
		return -EINVAL;
	return offset > WORLD_OUT_BYTES || bytes > WORLD_OUT_BYTES - offset ? -ENOBUFS : 0;
}

/* Bytes of the answer, at most as many as it says there is room for. */
static s64 put(struct model *m, const struct wn_sqe *sqe, u32 at, const void *from, u32 len)
{
	const u32 offset = (u32)sqe->w[0], bytes = sqe->w[0] >> 32;

	if (at + len > bytes)
		return -ENOBUFS;
	memcpy(m->out + offset + at, from, len);
	if (m->out_len < at + len)
		m->out_len = at + len;
	m->out_at = offset;
	return 0;
}

static s64 show(struct model *m, const struct wn_sqe *sqe, u32 at, const struct model_cell *c,
		const struct model_item *item)
{
	const u32 len = (u32)item->key_len + item->val_len, padded = (len + 7) / 8 * 8;
	struct {
		struct wn_cell_item head;
		u8 bytes[MODEL_IN_BYTES];
	} shown = { .head = { .key_len = item->key_len, .val_len = item->val_len,
			      .value = c->rec.flags ? item->x - item->y : item->x } };

	memcpy(shown.bytes, item->bytes, len);
	return put(m, sqe, at, &shown, sizeof(shown.head) + padded) ? -ENOBUFS :
		(s64)(sizeof(shown.head) + padded);
}

static s64 read_list(struct model *m, const struct wn_sqe *sqe, const struct model_cell *c)
{
	const u64 replica = sqe->w[1] >> 48, from = replica ? sqe->w[1] & WN_DOT_MAX : 0;
	struct wn_cell_list list = {};
	u32 used = sizeof(list);
	s64 len;

	if (sqe->w[0] >> 32 < sizeof(list))
		return -ENOBUFS;
	for (u32 i = 0; c->has_row && replica <= 1 && i < c->nr_items; i++) {
		if (c->items[i].dot <= from)
			continue;
		len = show(m, sqe, used, c, &c->items[i]);
		if (len < 0 && !list.count)
			return len;
		if (len < 0) {
			list.cursor = 1ULL << 48 | (c->items[i].dot - 1);
			break;
		}
		used += (u32)len;
		list.count++;
	}
	list.bytes = used;
	put(m, sqe, 0, &list, sizeof(list));
	return list.count;
}

static s64 read_vector(struct model *m, const struct wn_sqe *sqe, const struct model_cell *c)
{
	const u64 n = c->rec.type == WN_CELL_LWW ? c->rec.value : c->n;
	const struct {
		u8 form, type;
		u16 entries;
		u32 bytes;
		u64 replica, n;
	} vector = { WN_FORM, 0, !!n, n ? 24 : 8, 0, n };

	return put(m, sqe, 0, &vector, vector.bytes) ? -ENOBUFS : (s64)vector.bytes;
}

static s64 read_cell(struct model *m, const struct wn_sqe *sqe, u32 index)
{
	const struct model_cell *c = &m->cells.at[index];
	const bool items = c->rec.type == WN_CELL_ORSET || c->rec.type >= WN_CELL_MVREG;
	const bool wide = sqe->flags & WN_SQE_WIDE;
	struct wn_cell_rec rec = model_cell_record(m, index);
	struct model_item item;
	u64 rights;
	s64 err;
	int at;

	switch (sqe->op_flags) {
	case WN_CELL_READ_KEY:
		if (!items || sqe->w[2])
			return -EINVAL;
		err = take_item(m, sqe, &item);
		if (err)
			return err;
		if (item.val_len)
			return -EINVAL;
		at = find_key(c, &item);
		if (at < 0)
			return -ENOENT;
		err = room(sqe);
		if (!err && show(m, sqe, 0, c, &c->items[at]) < 0)
			err = -ENOBUFS;
		return err ? err : 1;
	case WN_CELL_READ_LIST:
		if (!items || wide || sqe->w[2])
			return -EINVAL;
		err = room(sqe);
		return err ? err : read_list(m, sqe, c);
	}
	if (wide || sqe->w[1] || sqe->w[2])
		return -EINVAL;
	if (sqe->op_flags == WN_CELL_READ_RIGHTS) {
		if (c->rec.type != WN_CELL_ESCROW || sqe->w[0])
			return -EINVAL;
		rights = c->rights + coming(m, c);
		return rights >> 63 ? (s64)(~0ULL >> 1) : (s64)rights;
	}
	err = room(sqe);
	if (err)
		return err;
	switch (sqe->op_flags) {
	case WN_CELL_READ_REC:
		return put(m, sqe, 0, &rec, sizeof(rec)) ? -ENOBUFS : (s64)sizeof(rec);
	case WN_CELL_READ_VALUE:
		if (c->rec.type != WN_CELL_LWW)
			return -EINVAL;
		return put(m, sqe, 0, c->value, c->rec.len) ? -ENOBUFS : c->rec.len;
	case WN_CELL_READ_VECTOR:
		return read_vector(m, sqe, c);
	}
	return -EINVAL;
}

s64 model_cell_op(struct model *m, const struct wn_sqe *sqe, u32 i)
{
	int at;

	if (sqe->opcode == WN_OP_CELL_CREATE)
		return create(m, sqe, i);
	at = model_cell_find(m, sqe->arg);
	if (at < 0 || m->cells.at[at].rec.node != m->nodes[i].rec.handle)
		return -ESTALE;
	switch (sqe->opcode) {
	case WN_OP_CELL_DESTROY:
		destroy(m, (u32)at);
		model_touch(m, i, model_stamp(m));
		return 0;
	case WN_OP_CELL_UPDATE:
		return update(m, &m->cells.at[at], sqe);
	}
	return read_cell(m, sqe, (u32)at);
}

void model_cells_init(struct model *m)
{
	m->cells.rows = m->bounds.cells * (m->bounds.replicas < 4 ? m->bounds.replicas : 4) + 2;
}
