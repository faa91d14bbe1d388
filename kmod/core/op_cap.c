// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Ops on capabilities: hand on, take back, look at. */
#include "client.h"
#include "mail.h"
#include "node.h"
#include "op.h"

wn_static_assert(sizeof(struct wn_grant) == sizeof(struct wn_sqe));

static u32 clamp32(u64 n)
{
	return n > 0xffffffff ? 0xffffffff : (u32)n;
}

s64 wn_cap_check_grant(const struct wn_cap *cap, const struct wn_grant *in)
{
	if (in->reserved[0] || in->reserved[1] || in->reserved[2] || !in->rights ||
	    in->rights & ~WN_RIGHT_ALL)
		return -EINVAL;
	/* Who gave itself another badge would speak for others. */
	if (in->rights & ~cap->rights || (in->badge && cap->badge && in->badge != cap->badge) ||
	    (in->expires && cap->expires && in->expires > cap->expires))
		return -EACCES;
	return 0;
}

/* What is granted, as far as it says itself; never more than @cap is. */
static s64 take_grant(const struct wn_call *call, struct wn_cap_grant *grant)
{
	const struct wn_cap *cap = call->cap;
	struct wn_grant in;
	s64 err;

	wn_memcpy(&in, call->data, sizeof(in));
	err = wn_cap_check_grant(cap, &in);
	if (err)
		return err;
	*grant = (struct wn_cap_grant){
		.node = wn_node(call->core, call->node)->handle,
		.expires = in.expires ? in.expires : cap->expires,
		.badge = in.badge ? in.badge : cap->badge,
		.rights = in.rights,
		.quota = {
			[WN_QUOTA_NODES] = in.nodes,
			[WN_QUOTA_CELLS] = in.cells,
			[WN_QUOTA_BYTES] = clamp32(in.bytes),
			[WN_QUOTA_CAPS] = in.caps,
		},
	};
	return 0;
}

/* Tell who got it, if there is a way to. */
static s64 tell(struct wn_call *call, u32 client, u32 index, const struct wn_cap_grant *grant)
{
	const struct wn_cap_event what = {
		.index = index,
		.rights = grant->rights,
		.expires = grant->expires,
	};
	struct wn_event event = {
		.node = grant->node,
		.hlc = call->core->hlc,
		.badge = call->cap->badge,
		.kind = WN_EV_CAP,
		.len = sizeof(what),
	};

	if (client == call->env->client)
		return 0;
	wn_memcpy(event.data, &what, sizeof(what));
	return wn_mail_tell(call->core, client, &event);
}

s64 wn_op_cap_grant(struct wn_call *call)
{
	const u64 to = call->sqe->arg;
	struct wn_core *core = call->core;
	u32 client = call->env->client;
	struct wn_cap_grant grant;
	int slot;
	s64 err;

	err = take_grant(call, &grant);
	if (err)
		return err;
	if (to > core->bounds.clients)
		return -ENXIO;
	if (to) {
		client = wn_index_nospec((u32)to - 1, core->bounds.clients);
		if (!wn_core_client_is_open(&core->clients[client]))
			return -ENXIO;
	}
	if (wn_cap_has_quota(&grant) && !wn_account_is_left(core, call->env->client))
		return -ENOSPC;
	err = wn_cap_fits(core, call->cap, client, call->env->client);
	if (err)
		return err;
	slot = wn_cap_slot(core, client);
	if (slot < 0)
		return slot;
	err = tell(call, client, (u32)slot, &grant);
	if (err)
		return err;
	wn_cap_add(core, call->cap, client, (u32)slot, &grant);
	wn_audit_note(core, &core->clients[client].caps[slot], client, (u32)slot, WN_AUDIT_GRANTED);
	call->aux = (u32)slot;
	return (s64)wn_cap_handle(core, &core->clients[client].caps[slot]);
}

/* What arg names: 0: the capability itself; one below it. NULL: none that it may know of. */
static struct wn_cap *named(struct wn_call *call)
{
	struct wn_cap *cap;

	if (!call->sqe->arg)
		return call->cap;
	cap = wn_cap_find(call->core, call->sqe->arg);
	return cap && wn_cap_is_below(call->core, cap, call->cap) ? cap : NULL;
}

s64 wn_op_cap_revoke(struct wn_call *call)
{
	struct wn_cap *cap = named(call);

	if (!cap)
		return -ESTALE;
	/* To give up one's own takes no right. */
	if (cap != call->cap && !(call->cap->rights & WN_RIGHT_REVOKE))
		return -EACCES;
	wn_cap_doom(call->core, cap);
	return 0;
}

s64 wn_op_cap_read(struct wn_call *call)
{
	const struct wn_cap *cap = named(call);
	const struct wn_op_env *env = call->env;
	const u64 offset = call->sqe->w[0];
	struct wn_core *core = call->core;
	struct wn_cap_info info = {};

	if (!cap)
		return -ESTALE;
	if (!env->out)
		return -ENXIO;
	if (offset % sizeof(u64))
		return -EINVAL;
	if (offset > env->out_bytes || sizeof(info) > env->out_bytes - offset)
		return -ENOBUFS;
	info.handle = wn_cap_handle(core, cap);
	info.node = cap->node;
	info.expires = cap->expires;
	info.badge = cap->badge;
	info.rights = cap->rights;
	info.depth = cap->depth;
	if (cap->owns_account) {
		const struct wn_account *a = &core->accounts.at[cap->account - 1];

		wn_memcpy(info.quota, a->quota, sizeof(info.quota));
		wn_memcpy(info.used, a->used, sizeof(info.used));
	}
	wn_memcpy(env->out + offset, &info, sizeof(info));
	return sizeof(info);
}
