/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Ops: one entry point, one table. An op comes as a private copy of what the
 * client submitted; it is validated here and nowhere else. docs/core.md tells
 * the order of the checks and how an op is added.
 */
#ifndef WN_CORE_OP_H
#define WN_CORE_OP_H

#include "cap.h"
#include "core.h"

/* Who asks, and what is at hand for the answer. */
struct wn_op_env {
	u32 client;		/* its number */
	const u64 *allowed;	/* WN_OP_WORDS words: opcodes it may use; NULL: all */
	const struct wn_now *now;
	u8 *out;		/* the arena to the client, 8-aligned; NULL: none */
	u32 out_bytes;
	const u8 *in;		/* the arena from the client, who may write to it; NULL: none */
	u32 in_bytes;
};

struct wn_op_result {
	s64 res;		/* WN_RES_IS_ERROR or the opcode's own */
	u64 hlc;		/* of the change; else the clock as it is */
	u32 flags;		/* WN_CQE_* */
	u32 aux;
};

/* Opcodes this core knows. */
void wn_op_supported(u64 ops[WN_OP_WORDS]);

/* Apply one op; slots[1] is looked at with WN_SQE_WIDE. An error has changed nothing. */
void wn_op_apply(struct wn_core *core, const struct wn_op_env *env, const struct wn_sqe *slots,
		 struct wn_op_result *result);

/*
 * Apply an atomic group of at most bounds.group_ops ops, two slots each. True:
 * all of them. False: none; the one that failed has its error, the others
 * -ECANCELED.
 */
bool wn_op_apply_group(struct wn_core *core, const struct wn_op_env *env,
		       const struct wn_sqe *slots, u32 n, struct wn_op_result *results);

/* ---- for op_*.c: an op on its way. */

struct wn_call {
	struct wn_core *core;
	const struct wn_op_env *env;
	const struct wn_sqe *sqe;
	const u8 *data;		/* the second slot, or NULL */
	struct wn_cap *cap;
	u64 hlc;		/* its stamp, once it has one */
	u32 node;		/* index */
	u32 aux;
	bool grouped;
};

/* The op's stamp: the first call takes it. */
u64 wn_call_stamp(struct wn_call *call);

/* So many bytes of the arena to the client. */
static inline s64 wn_call_room(const struct wn_call *call, u64 offset, u64 bytes, u8 **at)
{
	const struct wn_op_env *env = call->env;

	if (!env->out)
		return -ENXIO;
	if (offset % sizeof(u64))
		return -EINVAL;
	if (offset > env->out_bytes || bytes > env->out_bytes - offset)
		return -ENOBUFS;
	*at = env->out + offset;
	return 0;
}

s64 wn_op_node_create(struct wn_call *call);
s64 wn_op_node_destroy(struct wn_call *call);
s64 wn_op_node_move(struct wn_call *call);
s64 wn_op_node_rename(struct wn_call *call);
s64 wn_op_node_set(struct wn_call *call);
s64 wn_op_node_read(struct wn_call *call);
s64 wn_op_lookup(struct wn_call *call);
s64 wn_op_query(struct wn_call *call);
s64 wn_op_cell_create(struct wn_call *call);
s64 wn_op_cell_destroy(struct wn_call *call);
s64 wn_op_cell_update(struct wn_call *call);
s64 wn_op_cell_read(struct wn_call *call);
s64 wn_op_cell_delta(struct wn_call *call);
s64 wn_op_cell_merge(struct wn_call *call);
s64 wn_op_subscribe(struct wn_call *call);
s64 wn_op_unsubscribe(struct wn_call *call);
s64 wn_op_emit(struct wn_call *call);
s64 wn_op_emit_children(struct wn_call *call);
s64 wn_op_emit_subtree(struct wn_call *call);
s64 wn_op_bind(struct wn_call *call);
s64 wn_op_unbind(struct wn_call *call);
s64 wn_op_attach(struct wn_call *call);
s64 wn_op_detach(struct wn_call *call);
s64 wn_op_escrow_take(struct wn_call *call);
s64 wn_op_escrow_give(struct wn_call *call);
s64 wn_op_sample(struct wn_call *call);
s64 wn_op_cap_grant(struct wn_call *call);
s64 wn_op_cap_revoke(struct wn_call *call);
s64 wn_op_cap_read(struct wn_call *call);
s64 wn_op_token_make(struct wn_call *call);
s64 wn_op_token_redeem(struct wn_call *call);
s64 wn_op_token_epoch(struct wn_call *call);
s64 wn_op_digest(struct wn_call *call);
s64 wn_op_ack(struct wn_call *call);
s64 wn_op_nack(struct wn_call *call);

s64 wn_op_call(struct wn_call *call);
s64 wn_op_reply(struct wn_call *call);
s64 wn_op_cancel(struct wn_call *call);
s64 wn_op_timer(struct wn_call *call);
s64 wn_op_monitor(struct wn_call *call);
s64 wn_op_demonitor(struct wn_call *call);

/* An EMIT that was checked, at a time of boottime: a handle. */
s64 wn_promise_emit(struct wn_call *call, const struct wn_event *event, u64 at);

/* To a node and all below it, by slices: a handle. */
s64 wn_promise_scatter(struct wn_call *call, const struct wn_event *event);

/* A record as the capability's holder may see it. */
void wn_node_show(const struct wn_core *core, const struct wn_cap *cap, u32 index,
		  struct wn_node_rec *to);

/* The bound on a query's steps, beyond the last node that it looks at. */
#define WN_QUERY_STEPS 2048

#endif
