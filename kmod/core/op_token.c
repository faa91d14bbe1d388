// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* Ops on tokens: make them, redeem them, end what a key has signed. */
#include "op.h"

#include "client.h"
#include "journal.h"
#include "node.h"
#include "token.h"

wn_static_assert(sizeof(struct wn_token_ask) == 32 && sizeof(struct wn_token_got) == 16);
wn_static_assert(WN_TOKENS_MAX * sizeof(struct wn_token) <= WN_DELTA_BYTES_MAX);

/*
 * A private copy of what w[1] names, so many of this size, which the client may still
 * write to; and where the answers go, so many of that size.
 */
static s64 fetch(struct wn_call *call, u32 size, u32 answer, u32 *n, u8 **out)
{
	const struct wn_op_env *env = call->env;
	const u64 from = call->sqe->w[1], to = call->sqe->w[0];
	const u32 offset = (u32)from;
	s64 err;

	*n = (u32)(from >> 32);
	if (!*n || *n > WN_TOKENS_MAX || offset % sizeof(u64))
		return -EINVAL;
	if (!env->in)
		return -ENXIO;
	if (offset > env->in_bytes || *n * size > env->in_bytes - offset)
		return -EINVAL;
	if ((to >> 32) < (u64)*n * answer)
		return -ENOBUFS;
	err = wn_call_room(call, (u32)to, *n * answer, out);
	if (err)
		return err;
	wn_input_bytes(call->core, call->core->delta, env->in + offset, *n * size);
	return 0;
}

/* ------------------------------------------------------------------ make */

static s64 make(struct wn_call *call, const struct wn_token_ask *ask, struct wn_token *token)
{
	const struct wn_cap *cap = call->cap;
	struct wn_core *core = call->core;
	int node;

	if (ask->reserved || ask->flags & ~WN_TOKEN_FREE || !ask->rights ||
	    ask->rights & ~WN_RIGHT_ALL || (ask->flags && !ask->expires))
		return -EINVAL;
	if (ask->rights & ~cap->rights ||
	    (ask->flags && (!(cap->rights & WN_RIGHT_ADMIN) || !wn_cap_is_whole(core, cap))))
		return -EACCES;
	node = wn_cap_reach(core, call->env->client, cap, ask->node);
	if (node < 0)
		return node;
	*token = (struct wn_token){
		.cap = wn_cap_handle(core, cap),
		.node = wn_node(core, (u32)node)->handle,
		.expires = ask->expires,
		.rights = ask->rights | ask->flags,
	};
	wn_token_sign(core, token);
	return 0;
}

s64 wn_op_token_make(struct wn_call *call)
{
	struct wn_token token;
	struct wn_token_ask ask;
	u32 n, i;
	u8 *out;
	s64 err = fetch(call, sizeof(ask), sizeof(token), &n, &out);

	if (err)
		return err;
	for (i = 0; !err && i < n; i++) {
		wn_memcpy(&ask, call->core->delta + i * sizeof(ask), sizeof(ask));
		err = make(call, &ask, &token);
		if (!err)
			wn_memcpy(out + i * sizeof(token), &token, sizeof(token));
	}
	if (err) {
		/* Of those that were made before it nothing is left to be read. */
		wn_memset(out, 0, (i - 1) * sizeof(token));
		return err;
	}
	wn_core_count(call->core, WN_STAT_TOKEN_MADE, n);
	return n;
}

/* ---------------------------------------------------------------- redeem */

/* Its end as boottime, which is no later than the parent's: 0: never. */
static u64 end_of(const struct wn_token *token, const struct wn_cap *parent,
		  const struct wn_now *now)
{
	u64 end = 0;

	if (token->expires && wn_add_overflow(now->boottime, token->expires - now->realtime, &end))
		end = ~0ULL;
	if (parent && parent->expires && (!end || end > parent->expires))
		end = parent->expires;
	return end;
}

/* What it hangs below, as far as that is still to be looked for; NULL: it is free. */
static s64 find_parent(struct wn_call *call, const struct wn_token *token, struct wn_cap **parent)
{
	struct wn_core *core = call->core;
	struct wn_cap *cap;
	int node;

	*parent = NULL;
	if (token->rights & WN_TOKEN_FREE)
		return wn_node_find(core, token->node) < 0 ? -ESTALE : 0;
	cap = wn_cap_find(core, token->cap);
	if (!cap)
		return -EKEYREVOKED;
	if (cap->expires && call->env->now->boottime >= cap->expires)
		return -EKEYEXPIRED;
	node = wn_cap_reach(core, (u32)(cap - core->caps.at) / core->bounds.caps, cap, token->node);
	if (node < 0)
		return node;
	*parent = cap;
	return 0;
}

static s64 redeem(struct wn_call *call, const struct wn_token *token, u32 *index)
{
	const struct wn_now *now = call->env->now;
	const u32 client = call->env->client;
	struct wn_core *core = call->core;
	struct wn_cap_grant grant;
	struct wn_cap *parent;
	s64 err = wn_token_check(core, token);
	int slot;

	if (err)
		return err;
	if (token->expires && now->realtime >= token->expires)
		return -EKEYEXPIRED;
	err = find_parent(call, token, &parent);
	if (err)
		return err;
	grant = (struct wn_cap_grant){
		.node = token->node,
		.expires = end_of(token, parent, now),
		.badge = parent ? parent->badge : 0,
		.rights = token->rights & WN_RIGHT_ALL,
	};
	err = wn_cap_fits(core, parent, client, call->env->client);
	if (err)
		return err;
	slot = wn_cap_slot(core, client);
	if (slot < 0)
		return slot;
	wn_cap_add(core, parent, client, (u32)slot, &grant);
	wn_audit_note(core, &core->clients[client].caps[slot], client, (u32)slot, WN_AUDIT_GRANTED);
	*index = (u32)slot;
	return (s64)wn_cap_handle(core, &core->clients[client].caps[slot]);
}

s64 wn_op_token_redeem(struct wn_call *call)
{
	const u32 client = call->env->client;
	struct wn_core *core = call->core;
	struct wn_token_got got;
	struct wn_token token;
	u32 n, i, good = 0;
	u8 *out;
	s64 err = fetch(call, sizeof(token), sizeof(got), &n, &out);

	if (err)
		return err;
	for (i = 0; i < n; i++) {
		wn_memcpy(&token, core->delta + i * sizeof(token), sizeof(token));
		got = (struct wn_token_got){};
		got.res = redeem(call, &token, &got.index);
		if (WN_RES_IS_ERROR(got.res)) {
			wn_cap_refused(core, client, (u32)-got.res);
		} else {
			got.rights = token.rights & WN_RIGHT_ALL;
			good++;
		}
		wn_memcpy(out + i * sizeof(got), &got, sizeof(got));
	}
	wn_core_count(core, WN_STAT_TOKEN_REDEEMED, good);
	wn_core_count(core, WN_STAT_TOKEN_REFUSED, n - good);
	return good;
}

/* ------------------------------------------------------------------ keys */

s64 wn_op_token_epoch(struct wn_call *call)
{
	const bool next = call->sqe->op_flags & WN_EPOCH_NEXT;
	struct wn_caps *caps = &call->core->caps;
	const u64 oldest = call->sqe->w[0];

	if (!wn_cap_is_whole(call->core, call->cap))
		return -EACCES;
	if (oldest && (oldest < caps->oldest || oldest > (u64)caps->epoch + next))
		return -EINVAL;
	if (next && caps->epoch == ~0u)
		return -ENOSPC;
	if (next)
		WN_TX_SET(call->core->tx, caps->epoch, caps->epoch + 1);
	if (oldest)
		WN_TX_SET(call->core->tx, caps->oldest, (u32)oldest);
	call->aux = caps->oldest;
	return caps->epoch;
}
