// SPDX-License-Identifier: MIT
#include "model.h"

#include <stdlib.h>
#include <string.h>

#define NONE WN_INDEX_NONE

int model_find(const struct model *m, u64 handle)
{
	for (u32 i = 0; i < m->bounds.nodes; i++)
		if (m->nodes[i].used && !m->nodes[i].destroyed && m->nodes[i].rec.handle == handle)
			return (int)i;
	return -1;
}

static u64 cell_handle(const struct model *m, u32 i)
{
	return m->nodes[i].generation << WN_HANDLE_INDEX_BITS | i;
}

static bool is_child(const struct model *m, u32 i, u32 parent)
{
	return m->nodes[i].used && m->nodes[i].rec.parent &&
	       m->nodes[i].rec.parent == cell_handle(m, parent);
}

/* The parent's child with the highest order below a limit. */
static u32 child_before(const struct model *m, u32 parent, u64 limit)
{
	u32 best = NONE;

	for (u32 i = 0; i < m->bounds.nodes; i++)
		if (is_child(m, i, parent) && m->nodes[i].order < limit &&
		    (best == NONE || m->nodes[i].order > m->nodes[best].order))
			best = i;
	return best;
}

static u32 nr_children(const struct model *m, u32 parent)
{
	u32 n = 0;

	for (u32 i = 0; i < m->bounds.nodes; i++)
		n += is_child(m, i, parent);
	return n;
}

static u32 parent_of(const struct model *m, u32 i)
{
	return m->nodes[i].rec.parent & WN_HANDLE_INDEX_MASK;
}

struct wn_node_rec model_record(const struct model *m, u32 i)
{
	struct wn_node_rec rec = m->nodes[i].rec;

	rec.nr_children = nr_children(m, i);
	rec.first_child = child_before(m, i, ~0ULL);
	rec.next = rec.parent ? child_before(m, parent_of(m, i), m->nodes[i].order) : NONE;
	rec.first_cell = model_cell_first(m, rec.handle, ~0ULL);
	rec.nr_cells = model_cell_count(m, rec.handle);
	return rec;
}

/* Levels up to the root, or -1: a destroyed node is in between. */
int model_depth(const struct model *m, u32 i)
{
	int n = 0;

	for (; m->nodes[i].rec.parent; i = parent_of(m, i))
		n++;
	return m->nodes[i].destroyed ? -1 : n;
}

static bool is_below(const struct model *m, u32 i, u32 top)
{
	while (i != top) {
		if (!m->nodes[i].rec.parent)
			return false;
		i = parent_of(m, i);
	}
	return true;
}

static int name_error(const u8 *name)
{
	u32 len = strnlen((const char *)name, 64);

	if (memchr(name, '/', len))
		return -EINVAL;
	if (len == 64)
		return -ENAMETOOLONG;
	if (!len || !strcmp((const char *)name, ".") || !strcmp((const char *)name, ".."))
		return -EINVAL;
	for (u32 i = len; i < 64; i++)
		if (name[i])
			return -EINVAL;
	return 0;
}

static u32 child_named(const struct model *m, u32 parent, const u8 *name)
{
	for (u32 i = 0; i < m->bounds.nodes; i++)
		if (is_child(m, i, parent) && !memcmp(m->nodes[i].rec.name, name, 64))
			return i;
	return NONE;
}

/* The next stamp: realtime in ms, or one more than the last. */
u64 model_stamp(struct model *m)
{
	const u64 at = m->now.realtime / 1000000 * 65536;

	m->hlc = at > m->hlc ? at : m->hlc + 1;
	return m->hlc;
}

void model_touch(struct model *m, u32 i, u64 hlc)
{
	m->nodes[i].rec.version++;
	m->nodes[i].rec.hlc = hlc;
}

static void link_to(struct model *m, u32 i, u32 parent)
{
	u32 h = m->nodes[i].height + 1;

	m->nodes[i].rec.parent = cell_handle(m, parent);
	m->nodes[i].order = ++m->order;
	for (; m->nodes[parent].height < h; h++, parent = parent_of(m, parent)) {
		m->nodes[parent].height = h;
		if (!m->nodes[parent].rec.parent)
			break;
	}
}

static void unlink_from_parent(struct model *m, u32 i)
{
	const u32 parent = parent_of(m, i);

	m->nodes[i].rec.parent = 0;
	if (!nr_children(m, parent))
		m->nodes[parent].height = 0;
}

/* A node goes: nobody is charged for it any more, and its cells go with it. */
static void drop(struct model *m, u32 i)
{
	struct model_node *n = &m->nodes[i];

	model_cells_doom(m, n->rec.handle);
	if (n->life && m->clients[n->client].life == n->life)
		m->clients[n->client].caps[n->cap].used_nodes--;
}

static s64 create(struct model *m, u32 client, struct model_cap *cap, u32 parent,
		  const struct wn_sqe *sqe, const u8 *name)
{
	const u32 asked = sqe->op_flags;
	u32 tier = m->nodes[parent].rec.tier, i;
	struct model_node *n;
	u64 generation;

	if (name_error(name))
		return name_error(name);
	if (asked && asked - 1 > tier)
		return -EINVAL;
	if (asked)
		tier = asked - 1;
	if (model_depth(m, parent) < 0)
		return -ESTALE;
	if (child_named(m, parent, name) != NONE)
		return -EEXIST;
	if ((u32)model_depth(m, parent) + 1 > m->bounds.depth ||
	    nr_children(m, parent) + 1 > m->bounds.children)
		return -ENOSPC;
	for (i = 0; i < m->bounds.nodes && m->nodes[i].used; i++)
		;
	if (i == m->bounds.nodes)
		return -ENOSPC;
	if (cap->quota_nodes && cap->used_nodes == cap->quota_nodes)
		return -EDQUOT;

	model_stamp(m);
	cap->used_nodes++;
	n = &m->nodes[i];
	generation = n->generation + 1;
	*n = (struct model_node){
		.used = true, .generation = generation, .life = m->clients[client].life,
		.client = client, .cap = sqe->cap,
		.rec = { .handle = generation << WN_HANDLE_INDEX_BITS | i, .version = 1,
			 .hlc = m->hlc, .created = m->hlc, .type = (u32)sqe->w[0],
			 .state = sqe->w[0] >> 32, .tags = sqe->w[1], .owner = client,
			 .tier = tier, .first_cell = NONE },
	};
	memcpy(n->rec.name, name, 64);
	link_to(m, i, parent);
	model_touch(m, parent, m->hlc);
	return (s64)n->rec.handle;
}

static s64 destroy(struct model *m, u32 i, const struct wn_sqe *sqe, bool grouped)
{
	const u32 parent = parent_of(m, i);

	if (grouped && !sqe->op_flags)
		return -EINVAL;
	if (i == 0)
		return -EBUSY;
	if (model_depth(m, i) < 0)
		return -ESTALE;
	if (sqe->op_flags && nr_children(m, i))
		return -ENOTEMPTY;
	drop(m, i);
	unlink_from_parent(m, i);
	if (nr_children(m, i)) {
		m->nodes[i].destroyed = true;
		m->doomed[m->nr_doomed++] = i;
	} else {
		m->nodes[i].used = false;
	}
	model_touch(m, parent, model_stamp(m));
	return 0;
}

static int reach(const struct model *m, const struct model_cap *cap, u64 handle)
{
	int i = model_find(m, handle ? handle : cap->node), top;

	if (i < 0 || !handle || cap->node == m->nodes[0].rec.handle)
		return i;
	top = model_find(m, cap->node);
	return top >= 0 && is_below(m, (u32)i, (u32)top) ? i : -1;
}

static s64 move(struct model *m, const struct model_cap *cap, u32 i, const struct wn_sqe *sqe)
{
	const u32 from = parent_of(m, i);
	int to;

	if (i == 0)
		return -EBUSY;
	if (model_depth(m, i) < 0)
		return -ESTALE;
	to = reach(m, cap, sqe->arg);
	if (to < 0 || model_depth(m, (u32)to) < 0)
		return -ESTALE;
	if (is_below(m, (u32)to, i))
		return -ELOOP;
	if (m->nodes[i].rec.tier > m->nodes[to].rec.tier)
		return -EINVAL;
	if ((u32)to != from) {
		if (child_named(m, (u32)to, m->nodes[i].rec.name) != NONE)
			return -EEXIST;
		if ((u32)model_depth(m, (u32)to) + 1 + m->nodes[i].height > m->bounds.depth ||
		    nr_children(m, (u32)to) + 1 > m->bounds.children)
			return -ENOSPC;
	}
	unlink_from_parent(m, i);
	link_to(m, i, (u32)to);
	model_stamp(m);
	model_touch(m, from, m->hlc);
	if ((u32)to != from)
		model_touch(m, (u32)to, m->hlc);
	model_touch(m, i, m->hlc);
	m->nodes[i].rec.moved = m->hlc;
	return (s64)m->nodes[i].rec.version;
}

static s64 rename_to(struct model *m, const struct model_cap *cap, u32 i, const u8 *name)
{
	u32 other;

	if (i == 0)
		return -EBUSY;
	if (model_depth(m, i) < 0)
		return -ESTALE;
	if (m->nodes[i].rec.handle == cap->node)
		return -EACCES;
	if (name_error(name))
		return name_error(name);
	other = child_named(m, parent_of(m, i), name);
	if (other != NONE && other != i)
		return -EEXIST;
	if (other == NONE) {
		memcpy(m->nodes[i].rec.name, name, 64);
		model_touch(m, i, model_stamp(m));
	}
	return (s64)m->nodes[i].rec.version;
}

static s64 set(struct model *m, u32 i, const struct wn_sqe *sqe, const u8 *data)
{
	struct wn_node_rec *rec = &m->nodes[i].rec;
	const u32 f = sqe->op_flags;
	int tags = !!(f & WN_SET_TAGS) + !!(f & WN_SET_TAGS_ADD) + !!(f & WN_SET_TAGS_DEL);
	u32 b;

	if (tags > 1 || (!f && !data) || (f & WN_SET_USER && data))
		return -EINVAL;
	if (((u32)sqe->w[0] && !(f & WN_SET_TYPE)) || (sqe->w[0] >> 32 && !(f & WN_SET_STATE)) ||
	    (sqe->w[1] && !tags) || (sqe->arg && !(f & WN_SET_USER)) ||
	    (f & 0x300 && !(f & WN_SET_USER)))
		return -EINVAL;
	for (b = 32; data && b < 64; b++)
		if (data[b])
			return -EINVAL;
	if (f & WN_SET_TYPE)
		rec->type = (u32)sqe->w[0];
	if (f & WN_SET_STATE)
		rec->state = sqe->w[0] >> 32;
	if (f & WN_SET_TAGS)
		rec->tags = sqe->w[1];
	if (f & WN_SET_TAGS_ADD)
		rec->tags |= sqe->w[1];
	if (f & WN_SET_TAGS_DEL)
		rec->tags &= ~sqe->w[1];
	if (f & WN_SET_USER)
		rec->user[f >> 8] = sqe->arg;
	if (data)
		memcpy(rec->user, data, 32);
	model_touch(m, i, model_stamp(m));
	return (s64)rec->version;
}

static struct wn_node_rec shown(const struct model *m, const struct model_cap *cap, u32 i)
{
	struct wn_node_rec rec = model_record(m, i);

	if (rec.handle == cap->node) {
		rec.parent = 0;
		rec.next = NONE;
	}
	return rec;
}

static s64 room(const struct wn_sqe *sqe, u64 bytes)
{
	if (sqe->w[0] % 8)
		return -EINVAL;
	return sqe->w[0] > WORLD_OUT_BYTES || WORLD_OUT_BYTES - sqe->w[0] < bytes ? -ENOBUFS : 0;
}

static bool passes(const struct model *m, const struct wn_filter *f, u32 i, u32 top)
{
	const struct wn_node_rec *rec = &m->nodes[i].rec;

	return (!(f->flags & WN_FILTER_TYPE) || rec->type == f->type) &&
	       (!(f->flags & WN_FILTER_STATE) || rec->state == f->state) &&
	       (!(f->flags & WN_FILTER_TAGS) || (rec->tags & f->tags_mask) == f->tags_value) &&
	       (!(f->flags & WN_FILTER_OWNER) || rec->owner == f->owner) &&
	       (!(f->flags & WN_FILTER_SINCE) || rec->hlc > f->since ||
		(f->flags & WN_FILTER_CELLS && m->nodes[i].cells_hlc > f->since)) &&
	       !strncmp((const char *)rec->name, (const char *)f->prefix,
			strlen((const char *)f->prefix)) &&
	       /* While something waits to be freed, nothing of it is found. */
	       ((top == 0 && !m->nr_doomed) || (model_depth(m, i) >= 0 && is_below(m, i, top)));
}

static s64 query(struct model *m, const struct model_cap *cap, u32 top, const struct wn_sqe *sqe,
		 const u8 *data)
{
	struct wn_found found = {};
	struct wn_filter f;
	u32 i, len;

	memcpy(&f, data, sizeof(f));
	len = strnlen((const char *)f.prefix, 16);
	if (f.flags & ~WN_FILTER_FLAGS || f.reserved || (f.type && !(f.flags & WN_FILTER_TYPE)) ||
	    (f.state && !(f.flags & WN_FILTER_STATE)) ||
	    (f.owner && !(f.flags & WN_FILTER_OWNER)) ||
	    ((f.tags_mask || f.tags_value) && !(f.flags & WN_FILTER_TAGS)) ||
	    ((f.since || f.flags & WN_FILTER_CELLS) && !(f.flags & WN_FILTER_SINCE)) || len == 16 ||
	    !len != !(f.flags & WN_FILTER_PREFIX))
		return -EINVAL;
	for (i = len; i < 16; i++)
		if (f.prefix[i])
			return -EINVAL;
	if (sqe->w[1] < 1 || sqe->w[1] > 64 || sqe->arg > m->bounds.nodes ||
	    (!sqe->arg && sqe->w[2]))
		return -EINVAL;
	if (room(sqe, sizeof(found) + sqe->w[1] * sizeof(struct wn_node_rec)))
		return room(sqe, sizeof(found) + sqe->w[1] * sizeof(struct wn_node_rec));
	found.until = sqe->arg ? sqe->w[2] : m->hlc;
	for (i = (u32)sqe->arg; i < m->bounds.nodes && found.count < sqe->w[1]; i++) {
		struct wn_node_rec rec;

		if (!m->nodes[i].used || m->nodes[i].destroyed ||
		    m->nodes[i].rec.created > found.until || !passes(m, &f, i, top))
			continue;
		rec = shown(m, cap, i);
		memcpy(m->out + sqe->w[0] + sizeof(found) + found.count++ * sizeof(rec), &rec,
		       sizeof(rec));
	}
	found.cursor = i < m->bounds.nodes ? i : 0;
	memcpy(m->out + sqe->w[0], &found, sizeof(found));
	return found.count;
}

/* What each op may carry: flags, op_flags, fields, rights; wide 0 never, 1 must, 2 may. */
static const struct {
	u32 opcode, flags, op_flags, wide, rights;
	const char *fields;
} forms[] = {
	{ WN_OP_NOP, WN_SQE_ATOMIC, 1, 0, 0, "0" },
	{ WN_OP_NODE_CREATE, WN_SQE_ATOMIC | WN_SQE_IF_VERSION | WN_SQE_IDEM, 3, 1,
	  WN_RIGHT_CREATE, "n01" },
	{ WN_OP_NODE_DESTROY, WN_SQE_ATOMIC | WN_SQE_IF_VERSION | WN_SQE_IDEM, 1, 0,
	  WN_RIGHT_DESTROY, "n" },
	{ WN_OP_NODE_MOVE, WN_SQE_ATOMIC | WN_SQE_IF_VERSION | WN_SQE_IDEM, 0, 0,
	  WN_RIGHT_WRITE | WN_RIGHT_CREATE, "na" },
	{ WN_OP_NODE_RENAME, WN_SQE_ATOMIC | WN_SQE_IF_VERSION | WN_SQE_IDEM, 0, 1,
	  WN_RIGHT_WRITE, "n" },
	{ WN_OP_NODE_SET, WN_SQE_ATOMIC | WN_SQE_IF_VERSION | WN_SQE_IDEM, 0x33f, 2,
	  WN_RIGHT_WRITE, "na01" },
	{ WN_OP_NODE_READ, WN_SQE_IF_VERSION, 0, 0, WN_RIGHT_READ, "n0" },
	{ WN_OP_LOOKUP, WN_SQE_ATOMIC | WN_SQE_IF_VERSION, 0, 1, WN_RIGHT_READ, "n" },
	{ WN_OP_QUERY, WN_SQE_IF_VERSION, 0, 1, WN_RIGHT_READ, "na012" },
	{ WN_OP_CELL_CREATE, WN_SQE_ATOMIC | WN_SQE_IF_VERSION | WN_SQE_IDEM, 0xffff, 2,
	  WN_RIGHT_CREATE, "n0" },
	{ WN_OP_CELL_DESTROY, WN_SQE_ATOMIC | WN_SQE_IF_VERSION | WN_SQE_IDEM, 0, 0,
	  WN_RIGHT_DESTROY, "na" },
	{ WN_OP_CELL_UPDATE, WN_SQE_ATOMIC | WN_SQE_IF_VERSION | WN_SQE_IDEM, 0xff, 2,
	  WN_RIGHT_WRITE, "na01" },
	{ WN_OP_CELL_READ, WN_SQE_IF_VERSION, 0xff, 2, WN_RIGHT_READ, "na012" },
};

static int form_of(u32 opcode)
{
	for (u32 i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].opcode == opcode)
			return (int)i;
	return -1;
}

static s64 form_error(const struct wn_sqe *sqe, bool grouped)
{
	const int f = form_of(sqe->opcode);
	const bool wide = sqe->flags & WN_SQE_WIDE;
	const char *has;

	if (f < 0)
		return -EOPNOTSUPP;
	has = forms[f].fields;
	if (sqe->flags & ~(forms[f].flags | WN_SQE_LINK | WN_SQE_QUIET | WN_SQE_WIDE) ||
	    sqe->op_flags & ~forms[f].op_flags || (forms[f].wide == 0 && wide) ||
	    (forms[f].wide == 1 && !wide) || (grouped && !(forms[f].flags & WN_SQE_ATOMIC)) ||
	    (sqe->node && !strchr(has, 'n')) || (sqe->arg && !strchr(has, 'a')) ||
	    (sqe->w[0] && !strchr(has, '0')) || (sqe->w[1] && !strchr(has, '1')) ||
	    (sqe->w[2] && !strchr(has, '2') && !(sqe->flags & WN_SQE_IDEM)) ||
	    (sqe->version && !(sqe->flags & WN_SQE_IF_VERSION)))
		return -EINVAL;
	return 0;
}

static s64 act(struct model *m, u32 client, const struct wn_sqe *sqe, struct model_cap *cap, u32 i,
	       bool grouped)
{
	const u8 *data = (const u8 *)(sqe + 1);
	struct wn_node_rec rec;
	u32 child;

	switch (sqe->opcode) {
	case WN_OP_NODE_CREATE:
		return create(m, client, cap, i, sqe, data);
	case WN_OP_NODE_DESTROY:
		return destroy(m, i, sqe, grouped);
	case WN_OP_NODE_MOVE:
		return move(m, cap, i, sqe);
	case WN_OP_NODE_RENAME:
		return rename_to(m, cap, i, data);
	case WN_OP_NODE_SET:
		return set(m, i, sqe, sqe->flags & WN_SQE_WIDE ? data : NULL);
	case WN_OP_NODE_READ:
		if (room(sqe, sizeof(rec)))
			return room(sqe, sizeof(rec));
		rec = shown(m, cap, i);
		memcpy(m->out + sqe->w[0], &rec, sizeof(rec));
		return sizeof(rec);
	case WN_OP_LOOKUP:
		if (name_error(data))
			return name_error(data);
		child = child_named(m, i, data);
		return child == NONE ? -ENOENT : (s64)m->nodes[child].rec.handle;
	case WN_OP_QUERY:
		return query(m, cap, i, sqe, data);
	case WN_OP_CELL_CREATE:
	case WN_OP_CELL_DESTROY:
	case WN_OP_CELL_UPDATE:
	case WN_OP_CELL_READ:
		return model_cell_op(m, sqe, i);
	}
	return -EOPNOTSUPP;
}

static void remember(struct model_client *c, u32 max, const struct model_key *key)
{
	if (c->nr_keys == max) {
		memmove(&c->keys[0], &c->keys[1], (max - 1) * sizeof(c->keys[0]));
		c->nr_keys--;
	}
	c->keys[c->nr_keys++] = *key;
}

/* Gives the answer; an error has changed nothing. */
static struct wn_op_result apply(struct model *m, u32 client, const struct wn_sqe *sqe,
				 bool grouped)
{
	struct model_client *c = &m->clients[client];
	const u64 before = m->hlc;
	struct model_cap *cap = NULL;
	int i = 0;
	s64 res = 0;

	if (sqe->opcode == WN_OP_NOP) {
		if (sqe->cap || (!sqe->op_flags && sqe->w[0]))
			return (struct wn_op_result){ .res = -EINVAL };
		return (struct wn_op_result){ .res = (s64)sqe->w[0], .hlc = before };
	}
	if (sqe->cap >= m->bounds.caps || !c->caps[sqe->cap].node)
		return (struct wn_op_result){ .res = -EACCES };
	cap = &c->caps[sqe->cap];
	if (cap->expires && cap->expires <= m->now.boottime)
		return (struct wn_op_result){ .res = -EKEYEXPIRED };
	if (forms[form_of(sqe->opcode)].rights & ~cap->rights)
		return (struct wn_op_result){ .res = -EACCES };
	for (u32 k = 0; sqe->flags & WN_SQE_IDEM && k < c->nr_keys; k++) {
		if (c->keys[k].key != sqe->w[2])
			continue;
		if (c->keys[k].opcode != sqe->opcode)
			return (struct wn_op_result){ .res = -EINVAL };
		return (struct wn_op_result){ .res = c->keys[k].res, .hlc = c->keys[k].hlc,
					      .flags = WN_CQE_AGAIN };
	}
	i = reach(m, cap, sqe->node);
	if (i < 0)
		return (struct wn_op_result){ .res = -ESTALE };
	if (sqe->flags & WN_SQE_IF_VERSION && m->nodes[i].rec.version != sqe->version)
		return (struct wn_op_result){ .res = -EAGAIN };
	res = act(m, client, sqe, cap, (u32)i, grouped);
	if (!WN_RES_IS_ERROR(res) && sqe->flags & WN_SQE_IDEM)
		remember(c, m->bounds.idem_keys, &(struct model_key){
			.key = sqe->w[2], .hlc = m->hlc, .res = res, .opcode = sqe->opcode });
	return (struct wn_op_result){ .res = res, .hlc = m->hlc };
}

static s64 entry_error(const struct model *m, u32 client, const struct wn_sqe *sqe, bool grouped)
{
	return m->clients[client].life % 2 ? form_error(sqe, grouped) : -ENXIO;
}

void model_copy(struct model *to, const struct model *from)
{
	memcpy(to, from, offsetof(struct model, in));
}

void model_op(struct model *m, u32 client, const struct wn_sqe *slots, struct wn_op_result *result)
{
	const s64 err = entry_error(m, client, slots, false);

	*result = (struct wn_op_result){ .res = err, .hlc = m->hlc };
	m->out_len = 0;
	if (err)
		return;
	*result = apply(m, client, slots, false);
	if (WN_RES_IS_ERROR(result->res) && !(result->flags & WN_CQE_AGAIN))
		result->hlc = m->hlc;
	model_cells_commit(m);
}

bool model_group(struct model *m, u32 client, const struct wn_sqe *slots, u32 n,
		 struct wn_op_result *results)
{
	static struct model saved;
	u32 i, failed = n;
	s64 err = 0;

	for (i = 0; i < n && !err; i++) {
		err = entry_error(m, client, &slots[2 * i], true);
		if (err)
			failed = i;
	}
	model_copy(&saved, m);
	for (i = 0; i < n && !err; i++) {
		results[i] = apply(m, client, &slots[2 * i], true);
		/* An answer from a key may look like anything but is no failure. */
		if (!WN_RES_IS_ERROR(results[i].res))
			continue;
		err = results[i].res;
		failed = i;
	}
	if (!err) {
		model_cells_commit(m);
		return true;
	}
	model_copy(m, &saved);
	for (i = 0; i < n; i++)
		results[i] = (struct wn_op_result){ .res = i == failed ? err : -ECANCELED,
						    .hlc = m->hlc };
	return false;
}

bool model_slice(struct model *m, u32 steps)
{
	for (; steps && m->nr_doomed; steps--) {
		const u32 at = m->reaping == NONE ? m->doomed[0] : m->reaping;
		const u32 child = child_before(m, at, ~0ULL);

		if (child != NONE) {
			m->reaping = child;
		} else if (at == m->doomed[0]) {
			m->nodes[at].used = false;
			m->nr_doomed--;
			memmove(m->doomed, m->doomed + 1, m->nr_doomed * sizeof(m->doomed[0]));
			m->reaping = NONE;
		} else {
			m->reaping = parent_of(m, at);
			drop(m, at);
			unlink_from_parent(m, at);
			m->nodes[at].used = false;
		}
	}
	while (steps && model_cells_step(m))
		steps--;
	return m->nr_doomed || m->cells.nr_doomed;
}

int model_open(struct model *m, u32 client, const struct wn_core_open *first)
{
	struct model_client *c = &m->clients[client];
	const u64 node = first->node ? first->node : m->nodes[0].rec.handle;

	if (c->life % 2)
		return -EBUSY;
	if (model_find(m, node) < 0)
		return -ESTALE;
	c->caps[0] = (struct model_cap){ .node = node, .expires = first->expires,
				      .badge = first->badge, .rights = first->rights,
				      .quota_nodes = first->quota_nodes };
	c->life++;
	return 0;
}

void model_close(struct model *m, u32 client)
{
	const u64 life = m->clients[client].life;

	if (life % 2)
		m->clients[client] = (struct model_client){ .life = life + 1 };
}

void model_init(struct model *m, const struct wn_bounds *bounds, const struct wn_now *now)
{
	memset(m, 0, sizeof(*m));
	m->bounds = *bounds;
	m->now = *now;
	m->reaping = NONE;
	model_cells_init(m);
	/* So that keys that lie here or there are often the same. */
	for (u32 i = 0; i < MODEL_IN_BYTES; i++)
		m->in[i] = (u8)('a' + i / 32 % 3);
	m->nodes[0] = (struct model_node){
		.used = true, .generation = 1,
		.rec = { .handle = 1ULL << WN_HANDLE_INDEX_BITS, .version = 1,
			 .tier = WN_TIER_STRONG, .first_cell = NONE },
	};
	model_open(m, 0, &(struct wn_core_open){ .rights = WN_RIGHT_ALL });
}
