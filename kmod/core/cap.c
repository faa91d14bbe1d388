// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "cap.h"

#include "client.h"
#include "node.h"

struct wn_cap *wn_cap_use(struct wn_core *core, u32 client, u32 index, u32 rights,
			  const struct wn_now *now, s64 *err)
{
	struct wn_cap *cap;

	*err = -EACCES;
	if (index >= core->bounds.caps)
		return NULL;
	index = wn_index_nospec(index, core->bounds.caps);
	cap = &core->clients[client].caps[index];
	if (!cap->node)
		return NULL;
	if (cap->expires && now->boottime >= cap->expires) {
		*err = -EKEYEXPIRED;
		return NULL;
	}
	return (cap->rights & rights) == rights ? cap : NULL;
}

/* Whether @below is an ancestor of a node or itself: at most WN_DEPTH_MAX parents. */
static bool walk(struct wn_core *core, u64 node, u64 below)
{
	u32 i;

	for (i = 0; node && i <= WN_DEPTH_MAX; i++) {
		if (node == below)
			return true;
		core->tx->steps++;
		/* The handle of one that was destroyed stays its children's parent. */
		if (wn_node_find(core, node) < 0)
			return false;
		node = wn_node(core, wn_handle_index(node))->parent;
	}
	return false;
}

int wn_cap_reach(struct wn_core *core, u32 client, const struct wn_cap *cap, u64 handle)
{
	struct wn_reach *known;
	int index;

	index = wn_node_find(core, handle ? handle : cap->node);
	if (index < 0 || !handle || wn_cap_is_whole(core, cap))
		return index;
	known = &core->reach[client * WN_REACH_ENTRIES + (u32)index % WN_REACH_ENTRIES];
	if (known->node == handle && known->below == cap->node &&
	    known->epoch == *core->tree_epoch)
		return index;
	if (wn_node_find(core, cap->node) < 0 || !walk(core, handle, cap->node))
		return -ESTALE;
	*known = (struct wn_reach){ handle, cap->node, *core->tree_epoch };
	return index;
}

void wn_cap_put(struct wn_core *core, u32 client, u32 index, const struct wn_cap *cap)
{
	core->clients[client].caps[index] = *cap;
}

void wn_cap_charge(struct wn_core *core, u32 client, struct wn_cap *cap, u32 node)
{
	struct wn_node_own *own = &core->own[node];

	WN_TX_SET(core->tx, cap->used_nodes, cap->used_nodes + 1);
	own->life = core->clients[client].life;
	own->client = client;
	own->cap = cap - core->clients[client].caps;
}

void wn_cap_uncharge(struct wn_core *core, u32 node)
{
	const struct wn_node_own *own = &core->own[node];
	struct wn_core_client *client;
	struct wn_cap *cap;

	if (!own->life)
		return;
	client = &core->clients[own->client];
	if (client->life != own->life)
		return;
	cap = &client->caps[own->cap];
	if (!wn_bug_on(!cap->used_nodes))
		WN_TX_SET(core->tx, cap->used_nodes, cap->used_nodes - 1);
}
