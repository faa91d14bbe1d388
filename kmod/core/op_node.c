// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Ops that change nodes. What the table in op.c promises is checked already.
 * Each checks all before it changes the first thing: alone, it is not logged.
 */
#include "op.h"

#include "client.h"
#include "names.h"
#include "node.h"
#include "tree.h"

static u32 low32(u64 word)
{
	return (u32)word;
}

static u32 high32(u64 word)
{
	return (u32)(word >> 32);
}

/* The tier that a new child of @above has, or a weaker one that is asked for. */
static int tier_below(const struct wn_node_rec *above, u32 flags)
{
	const u32 asked = flags & WN_CREATE_FLAGS;

	if (!asked)
		return above->tier;
	return asked - 1 > above->tier ? -EINVAL : (int)asked - 1;
}

/* A new record; what is not named is zero. */
static void fill(struct wn_call *call, u64 handle, const struct wn_name *name, int tier)
{
	const u32 index = wn_handle_index(handle);
	const struct wn_sqe *sqe = call->sqe;
	struct wn_node_own *own = &call->core->own[index];
	struct wn_node_rec *rec = wn_node_edit(call->core, index, WN_NODE_HEAD | WN_NODE_LINKS |
							  WN_NODE_NAME);
	const u32 seq = rec->seq;
	wn_word *words = (wn_word *)rec;
	u32 i;

	wn_tx_save(call->core->tx, own, sizeof(*own) / sizeof(u64));
	*own = (struct wn_node_own){ .prev = WN_INDEX_NONE, .next_doomed = WN_INDEX_NONE };
	own->owner_life = call->core->clients[call->env->client].life;
	/* Word by word: what compilers make of so large an initialiser is slower. */
	for (i = 0; i < 2 * WN_LINE_WORDS; i++)
		words[i] = 0;
	for (i = 0; i < WN_LINE_WORDS; i++)
		words[2 * WN_LINE_WORDS + i] = name->words[i];
	rec->seq = seq;
	rec->handle = handle;
	rec->version = 1;
	rec->hlc = call->hlc;
	rec->type = low32(sqe->w[0]);
	rec->state = high32(sqe->w[0]);
	rec->tags = sqe->w[1];
	rec->owner = call->env->client;
	rec->tier = tier;
	rec->first_child = WN_INDEX_NONE;
	rec->next = WN_INDEX_NONE;
	rec->first_cell = WN_INDEX_NONE;
	rec->created = call->hlc;
	wn_log_mark(call->core, index, WN_CHANGE_TREE | WN_CHANGE_FIELDS | WN_LOG_TOUCHED);
}

/* Its owner's death will bring it something. */
static void bequeath(struct wn_call *call, u32 index, u8 policy)
{
	struct wn_core_client *owner = &call->core->clients[call->env->client];

	call->core->own[index].on_death = policy;
	WN_TX_SET(call->core->tx, owner->bequests, owner->bequests + 1);
}

s64 wn_op_node_create(struct wn_call *call)
{
	const u8 on_death = call->sqe->op_flags >> WN_CREATE_ON_DEATH_SHIFT & 3;
	struct wn_core *core = call->core;
	const struct wn_node_rec *above = wn_node(core, call->node);
	const u64 parent = above->handle;
	struct wn_name name;
	int err, tier, depth;
	u64 handle;
	u32 index;

	err = wn_name_take(&name, call->data);
	if (err)
		return err;
	if (on_death > WN_DEATH_DESTROY)
		return -EINVAL;
	tier = tier_below(above, call->sqe->op_flags);
	if (tier < 0)
		return tier;
	depth = wn_tree_climb(core, call->node, WN_INDEX_NONE, NULL);
	if (depth < 0)
		return depth;
	wn_name_hash(core, &name, parent);
	if (wn_names_find(core, &name, parent) != WN_INDEX_NONE)
		return -EEXIST;
	if ((u32)depth >= core->bounds.depth || above->nr_children >= core->bounds.children)
		return -ENOSPC;
	if (wn_pool_is_full(&core->nodes) || !wn_names_fit(core, &name, WN_INDEX_NONE))
		return -ENOSPC;
	if (!wn_account_fits(core, call->cap->account, WN_QUOTA_NODES, 1))
		return -EDQUOT;

	handle = wn_tx_alloc(core->tx, &core->nodes);
	index = wn_handle_index(handle);
	wn_call_stamp(call);
	fill(call, handle, &name, tier);
	if (on_death)
		bequeath(call, index, on_death);
	core->own[index].account = call->cap->account;
	wn_account_charge(core, call->cap->account, WN_QUOTA_NODES, 1);
	wn_names_insert(core, &name, index);
	wn_tree_link(core, index, call->node);
	wn_facet_add(core->tx, &core->types, low32(call->sqe->w[0]), index);
	wn_facet_add(core->tx, &core->states, high32(call->sqe->w[0]), index);
	wn_changed_note(core->tx, &core->changed, index, call->hlc);
	wn_node_touch(core, call->node, call->hlc);
	return (s64)handle;
}

/* Whether structure may change here: not the root, not below a destroyed node. */
static int check_fixed(struct wn_call *call)
{
	if (wn_node(call->core, call->node)->handle == call->core->root)
		return -EBUSY;
	if (wn_tree_is_torn(call->core) &&
	    wn_tree_climb(call->core, call->node, WN_INDEX_NONE, NULL) < 0)
		return -ESTALE;
	return 0;
}

s64 wn_op_node_destroy(struct wn_call *call)
{
	const bool leaf = call->sqe->op_flags & WN_DESTROY_LEAF;
	struct wn_core *core = call->core;
	const struct wn_node_rec *rec = wn_node(core, call->node);
	int err;

	if (call->grouped && !leaf)
		return -EINVAL;
	err = check_fixed(call);
	if (err)
		return err;
	if (leaf && rec->nr_children)
		return -ENOTEMPTY;
	wn_tree_destroy(core, call->node, wn_call_stamp(call));
	return 0;
}

s64 wn_op_node_move(struct wn_call *call)
{
	struct wn_core *core = call->core;
	const struct wn_node_rec *rec = wn_node(core, call->node), *above;
	const u32 from = wn_handle_index(rec->parent);
	struct wn_name name;
	bool below = false;
	int err, to, depth;
	u64 version;

	err = check_fixed(call);
	if (err)
		return err;
	to = wn_cap_reach(core, call->env->client, call->cap, call->sqe->arg);
	if (to < 0)
		return to;
	above = wn_node(core, (u32)to);
	depth = wn_tree_climb(core, (u32)to, call->node, &below);
	if (depth < 0)
		return depth;
	if (below)
		return -ELOOP;
	if (rec->tier > above->tier)
		return -EINVAL;
	err = wn_name_take(&name, rec->name);
	if (wn_bug_on(err))
		return err;
	wn_name_hash(core, &name, above->handle);
	if ((u32)to != from) {
		if (wn_names_find(core, &name, above->handle) != WN_INDEX_NONE)
			return -EEXIST;
		if ((u32)depth + 1 + core->own[call->node].height > core->bounds.depth ||
		    above->nr_children >= core->bounds.children ||
		    !wn_names_fit(core, &name, call->node))
			return -ENOSPC;
		wn_names_remove(core, call->node);
		wn_names_insert(core, &name, call->node);
	}
	wn_tree_unlink(core, call->node);
	wn_tree_link(core, call->node, (u32)to);
	wn_log_mark(core, call->node, WN_CHANGE_MOVED);
	++*core->tree_epoch;
	wn_call_stamp(call);
	wn_node_touch(core, from, call->hlc);
	if ((u32)to != from)
		wn_node_touch(core, (u32)to, call->hlc);
	wn_node_edit(core, call->node, WN_NODE_LINKS)->moved = call->hlc;
	version = wn_node_touch(core, call->node, call->hlc)->version;
	return (s64)version;
}

s64 wn_op_node_rename(struct wn_call *call)
{
	struct wn_core *core = call->core;
	const struct wn_node_rec *rec = wn_node(core, call->node);
	struct wn_node_rec *edit;
	struct wn_name name;
	u32 found;
	int err;

	err = check_fixed(call);
	if (err)
		return err;
	if (rec->handle == call->cap->node)
		return -EACCES;
	err = wn_name_take(&name, call->data);
	if (err)
		return err;
	wn_name_hash(core, &name, rec->parent);
	found = wn_names_find(core, &name, rec->parent);
	if (found == call->node)
		return (s64)rec->version;
	if (found != WN_INDEX_NONE)
		return -EEXIST;
	if (!wn_names_fit(core, &name, call->node))
		return -ENOSPC;
	wn_names_remove(core, call->node);
	wn_names_insert(core, &name, call->node);
	wn_log_mark(core, call->node, WN_CHANGE_TREE);
	edit = wn_node_edit(core, call->node, WN_NODE_NAME);
	wn_memcpy(edit->name, name.words, sizeof(edit->name));
	return (s64)wn_node_touch(core, call->node, wn_call_stamp(call))->version;
}

#define SET_ANY_TAGS	(WN_SET_TAGS | WN_SET_TAGS_ADD | WN_SET_TAGS_DEL)
#define USER_WORDS	4

/* Whether the flags ask for something, and what they do not ask for is zero. */
static int check_set(const struct wn_call *call)
{
	const struct wn_sqe *sqe = call->sqe;
	const u32 flags = sqe->op_flags, tags = flags & SET_ANY_TAGS;
	u32 i;

	if ((!flags && !call->data) || tags & (tags - 1))
		return -EINVAL;
	if ((low32(sqe->w[0]) && !(flags & WN_SET_TYPE)) ||
	    (high32(sqe->w[0]) && !(flags & WN_SET_STATE)) || (sqe->w[1] && !tags))
		return -EINVAL;
	if (!(flags & WN_SET_USER) && (sqe->arg || flags >> 8))
		return -EINVAL;
	if (!call->data)
		return 0;
	if (flags & WN_SET_USER)
		return -EINVAL;
	for (i = USER_WORDS * sizeof(u64); i < sizeof(struct wn_sqe); i++)
		if (call->data[i])
			return -EINVAL;
	return 0;
}

static void set_facets(struct wn_call *call, const struct wn_node_rec *rec)
{
	const u32 flags = call->sqe->op_flags;
	const u32 type = low32(call->sqe->w[0]), state = high32(call->sqe->w[0]);
	struct wn_core *core = call->core;

	if (flags & WN_SET_TYPE && type != rec->type) {
		wn_facet_remove(core->tx, &core->types, rec->type, call->node);
		wn_facet_add(core->tx, &core->types, type, call->node);
	}
	if (flags & WN_SET_STATE && state != rec->state) {
		wn_facet_remove(core->tx, &core->states, rec->state, call->node);
		wn_facet_add(core->tx, &core->states, state, call->node);
	}
}

s64 wn_op_node_set(struct wn_call *call)
{
	const struct wn_sqe *sqe = call->sqe;
	const u32 flags = sqe->op_flags;
	struct wn_core *core = call->core;
	struct wn_node_rec *rec;
	int err = check_set(call);

	if (err)
		return err;
	set_facets(call, wn_node(core, call->node));
	wn_log_mark(core, call->node, WN_CHANGE_FIELDS);
	rec = wn_node_touch(core, call->node, wn_call_stamp(call));
	if (flags & WN_SET_TYPE)
		rec->type = low32(sqe->w[0]);
	if (flags & WN_SET_STATE)
		rec->state = high32(sqe->w[0]);
	if (flags & WN_SET_TAGS)
		rec->tags = sqe->w[1];
	if (flags & WN_SET_TAGS_ADD)
		rec->tags |= sqe->w[1];
	if (flags & WN_SET_TAGS_DEL)
		rec->tags &= ~sqe->w[1];
	if (flags & WN_SET_USER) {
		rec = wn_node_edit(core, call->node, WN_NODE_LINKS);
		rec->user[flags >> 8] = sqe->arg;
	} else if (call->data) {
		rec = wn_node_edit(core, call->node, WN_NODE_LINKS);
		wn_memcpy(rec->user, call->data, sizeof(rec->user));
	}
	return (s64)rec->version;
}
