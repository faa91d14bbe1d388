// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Ops on subscriptions. */
#include "client.h"
#include "node.h"
#include "op.h"
#include "tree.h"

#define KINDS	(WN_SUB_TREE | WN_SUB_FIELDS | WN_SUB_CELLS)

s64 wn_op_subscribe(struct wn_call *call)
{
	const u32 flags = call->sqe->op_flags, priority = flags >> 8;
	struct wn_core *core = call->core;
	const struct wn_sub new = {
		.node = wn_node(core, call->node)->handle,
		.trace = call->sqe->arg,
		.scan = flags & WN_SUB_STATE ? 0 : WN_INDEX_NONE,
		.client = call->env->client,
		.cap = call->sqe->cap,
		.cap_id = call->cap->id,
		.kinds = flags & KINDS,
		.priority = priority,
		.audit = !!(flags & WN_SUB_AUDIT),
	};
	u64 handle;

	if (new.audit ? new.kinds || flags & WN_SUB_STATE : !new.kinds)
		return -EINVAL;
	if (new.audit && (!wn_cap_is_whole(core, call->cap) || new.node != core->root ||
			  !(call->cap->rights & WN_RIGHT_ADMIN)))
		return -EACCES;
	if (priority > 1 && !(call->cap->rights & WN_RIGHT_PRIORITY))
		return -EACCES;
	if (wn_tree_is_torn(core) && wn_tree_climb(core, call->node, WN_INDEX_NONE, NULL) < 0)
		return -ESTALE;
	handle = wn_sub_add(core, &new);
	return handle ? (s64)handle : -ENOSPC;
}

s64 wn_op_unsubscribe(struct wn_call *call)
{
	struct wn_core *core = call->core;
	const struct wn_sub *sub;
	int index;

	index = wn_pool_lookup(&core->subs.pool, call->sqe->arg);
	if (index < 0)
		return index;
	sub = &core->subs.subs[index];
	if (sub->client != call->env->client ||
	    sub->life != core->clients[call->env->client].life)
		return -ESTALE;
	wn_sub_drop(core, (u32)index);
	return 0;
}
