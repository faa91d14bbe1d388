// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "op.h"

#include "client.h"
#include "journal.h"
#include "node.h"

/* Fields of an entry that may be other than zero. */
#define ARG	(1u << 0)
#define W0	(1u << 1)
#define W1	(1u << 2)
#define W2	(1u << 3)
#define NODE	(1u << 4)	/* node names a node, 0 the capability's own */
#define CAP	(1u << 5)	/* cap names a capability, as with NODE */

enum wide { NARROW, WIDE, EITHER };

struct wn_op_def {
	s64 (*apply)(struct wn_call *call);
	u8 flags;		/* WN_SQE_* that make sense with it */
	u8 fields;
	u16 rights;
	u32 op_flags;
	u32 steps;		/* bound */
	enum wide wide;
	bool late;		/* it may fail after a change, so it needs the log */
};

/* Flags that the turn sees to. */
#define CHAIN	(WN_SQE_LINK | WN_SQE_QUIET)
#define LOOK	(CHAIN | WN_SQE_IF_VERSION)
#define CHANGE	(CHAIN | WN_SQE_IF_VERSION | WN_SQE_ATOMIC | WN_SQE_IDEM)

/*
 * What every op may take: the walks of two scope checks, one more up to the
 * root, the chains of an idempotency key that is looked for and of one that goes.
 */
#define WALK	(WN_DEPTH_MAX + 1)
#define KEYS	(2 * 1024)
#define ABOVE	(WN_CAP_DEPTH + 2)
#define COMMON	(2 * WALK + KEYS + 8 * ABOVE)

/*
 * Cells: the elements of a key, each in a chain, and all rows of an escrow a few
 * times. Replication: twice over all elements of a cell, and over its rows.
 */
#define CELL		(WN_REPLICAS_MAX * (4 * WN_ELEM_CHAIN + WN_REPLICAS_MAX) + \
			 8 * WN_REPLICAS_MAX * (WN_REPLICAS_MAX + 1) + 4096)
#define REPLICATE	(2 * 20000 + WN_REPLICAS_MAX * (4 * WN_ELEM_CHAIN + WN_REPLICAS_MAX) + \
			 (4 * WN_REPLICAS_MAX + 16) * WN_REPLICAS_MAX * (WN_REPLICAS_MAX + 1))

/* The one op that looks at no state; wn_op_apply() has a short way for it. */
static inline s64 do_nop(const struct wn_sqe *sqe)
{
	if (sqe->cap)
		return -EINVAL;
	if (!(sqe->op_flags & WN_NOP_RESULT))
		return sqe->w[0] ? -EINVAL : 0;
	return (s64)sqe->w[0];
}

static s64 op_nop(struct wn_call *call)
{
	return do_nop(call->sqe);
}

/* Slots: the list of a cell's, and the rows of an escrow a few times. */
#define SLOTS	(2 * 1024 + CELL)

static const struct wn_op_def ops[] = {
	[WN_OP_NOP] = {
		op_nop, CHAIN | WN_SQE_ATOMIC, W0, 0, WN_NOP_RESULT, COMMON, NARROW },
	[WN_OP_NODE_CREATE] = {
		wn_op_node_create, CHANGE, NODE | W0 | W1, WN_RIGHT_CREATE,
		WN_CREATE_FLAGS | WN_CREATE_DEATH_FLAGS, COMMON + 3 * WALK + 64, WIDE },
	[WN_OP_NODE_DESTROY] = {
		wn_op_node_destroy, CHANGE, NODE, WN_RIGHT_DESTROY,
		WN_DESTROY_LEAF, COMMON + WALK + 64, NARROW },
	[WN_OP_NODE_MOVE] = {
		wn_op_node_move, CHANGE, NODE | ARG, WN_RIGHT_WRITE | WN_RIGHT_CREATE,
		0, COMMON + 3 * WALK + 64, NARROW },
	[WN_OP_NODE_RENAME] = {
		wn_op_node_rename, CHANGE, NODE, WN_RIGHT_WRITE, 0, COMMON + WALK + 64, WIDE },
	[WN_OP_NODE_SET] = {
		wn_op_node_set, CHANGE, NODE | ARG | W0 | W1, WN_RIGHT_WRITE,
		WN_SET_FLAGS, COMMON + 64, EITHER },
	[WN_OP_NODE_READ] = {
		wn_op_node_read, LOOK, NODE | W0, WN_RIGHT_READ, 0, COMMON + 64, NARROW },
	[WN_OP_LOOKUP] = {
		wn_op_lookup, LOOK | WN_SQE_ATOMIC, NODE, WN_RIGHT_READ, 0, COMMON + 64, WIDE },
	[WN_OP_QUERY] = {
		wn_op_query, LOOK, NODE | ARG | W0 | W1 | W2, WN_RIGHT_READ, 0,
		COMMON + WN_QUERY_STEPS + WALK + 64, WIDE },
	[WN_OP_CELL_CREATE] = {
		wn_op_cell_create, CHANGE, NODE | W0, WN_RIGHT_CREATE,
		0xffff, COMMON + WALK + WN_NODE_CELLS_MAX + 64, EITHER },
	[WN_OP_CELL_DESTROY] = {
		wn_op_cell_destroy, CHANGE, NODE | ARG, WN_RIGHT_DESTROY,
		0, COMMON + WN_NODE_CELLS_MAX + 64, NARROW },
	[WN_OP_CELL_UPDATE] = {
		wn_op_cell_update, CHANGE, NODE | ARG | W0 | W1, WN_RIGHT_WRITE,
		0xff, COMMON + CELL, EITHER },
	[WN_OP_CELL_READ] = {
		wn_op_cell_read, LOOK, NODE | ARG | W0 | W1 | W2, WN_RIGHT_READ,
		0xff, COMMON + CELL, EITHER },
	[WN_OP_CELL_DELTA] = {
		wn_op_cell_delta, LOOK, NODE | ARG | W0 | W1 | W2, WN_RIGHT_READ,
		0, COMMON + REPLICATE, NARROW },
	[WN_OP_CELL_MERGE] = {
		wn_op_cell_merge, CHANGE & ~WN_SQE_ATOMIC, NODE | ARG | W0,
		WN_RIGHT_WRITE | WN_RIGHT_ADMIN, 0, COMMON + REPLICATE, NARROW, true },
	[WN_OP_SUBSCRIBE] = {
		wn_op_subscribe, CHANGE & ~WN_SQE_ATOMIC, NODE | ARG, WN_RIGHT_READ,
		WN_SUB_FLAGS, COMMON + 64, NARROW },
	[WN_OP_UNSUBSCRIBE] = {
		wn_op_unsubscribe, CHAIN | WN_SQE_IDEM, ARG, 0, 0, COMMON + 64, NARROW },
	[WN_OP_EMIT] = {
		wn_op_emit, CHANGE, NODE | ARG | W0 | W1, WN_RIGHT_EMIT,
		WN_EMIT_FLAGS | WN_EMIT_AT, COMMON + 64, EITHER },
	[WN_OP_EMIT_CHILDREN] = {
		wn_op_emit_children, CHANGE & ~WN_SQE_ATOMIC, NODE | ARG | W0 | W1, WN_RIGHT_EMIT,
		WN_EMIT_FLAGS, COMMON + 3 * 2000 * ABOVE + 64, EITHER },
	[WN_OP_EMIT_SUBTREE] = {
		wn_op_emit_subtree, CHANGE & ~WN_SQE_ATOMIC, NODE | ARG | W0 | W1, WN_RIGHT_EMIT,
		WN_EMIT_FLAGS, COMMON + 64, EITHER },
	[WN_OP_BIND] = {
		wn_op_bind, CHANGE, NODE | W0 | W1, WN_RIGHT_READ, WN_BIND_FLAGS,
		COMMON + WALK + 2 * WN_QUEUES_CLIENT_MAX + 64, NARROW },
	[WN_OP_CALL] = {
		wn_op_call, CHANGE, NODE | ARG | W0 | W1, WN_RIGHT_EMIT,
		WN_EMIT_FLAGS, COMMON + 64, EITHER },
	[WN_OP_REPLY] = {
		wn_op_reply, CHAIN | WN_SQE_ATOMIC | WN_SQE_IDEM, ARG | W0, 0,
		WN_REPLY_FLAGS, COMMON + 64, EITHER },
	[WN_OP_CANCEL] = {
		wn_op_cancel, CHAIN | WN_SQE_ATOMIC | WN_SQE_IDEM, ARG, 0, 0, COMMON + 64, NARROW },
	[WN_OP_TIMER] = {
		wn_op_timer, CHANGE, NODE | ARG | W0 | W1, WN_RIGHT_READ,
		WN_TIMER_FLAGS, COMMON + 64, NARROW },
	[WN_OP_MONITOR] = {
		wn_op_monitor, CHANGE, NODE | ARG | W0, WN_RIGHT_READ,
		WN_MONITOR_FLAGS, COMMON + WALK + 64, NARROW },
	[WN_OP_DEMONITOR] = {
		wn_op_demonitor, CHAIN | WN_SQE_ATOMIC | WN_SQE_IDEM, ARG, 0, 0,
		COMMON + 64, NARROW },
	[WN_OP_UNBIND] = {
		wn_op_unbind, CHANGE, NODE, WN_RIGHT_READ, WN_UNBIND_QUEUE,
		COMMON + WN_QUEUES_CLIENT_MAX + 64, NARROW },
	[WN_OP_ATTACH] = {
		wn_op_attach, CHANGE, NODE | ARG, WN_RIGHT_ATTACH, 0, COMMON + SLOTS, NARROW },
	[WN_OP_DETACH] = {
		wn_op_detach, CHANGE, NODE | ARG, WN_RIGHT_ATTACH, 0, COMMON + SLOTS, NARROW },
	[WN_OP_ESCROW_TAKE] = {
		wn_op_escrow_take, CHANGE, NODE | ARG | W0, WN_RIGHT_ATTACH, 0,
		COMMON + SLOTS, NARROW },
	[WN_OP_ESCROW_GIVE] = {
		wn_op_escrow_give, CHANGE, NODE | ARG | W0, WN_RIGHT_ATTACH, 0,
		COMMON + SLOTS, NARROW },
	[WN_OP_CAP_GRANT] = {
		wn_op_cap_grant, CHANGE, NODE | ARG, WN_RIGHT_GRANT, 0, COMMON + 4096 + 64, WIDE },
	[WN_OP_CAP_REVOKE] = {
		wn_op_cap_revoke, CHANGE & ~WN_SQE_IF_VERSION, CAP | ARG, 0, 0, COMMON + 64,
		NARROW },
	[WN_OP_CAP_READ] = {
		wn_op_cap_read, CHAIN, CAP | ARG | W0, 0, 0, COMMON + 64, NARROW },
	[WN_OP_TOKEN_MAKE] = {
		wn_op_token_make, CHAIN, CAP | W0 | W1, WN_RIGHT_GRANT, 0,
		COMMON + WN_TOKENS_MAX * (WALK + 8), NARROW },
	[WN_OP_TOKEN_REDEEM] = {
		wn_op_token_redeem, CHAIN, W0 | W1, 0, 0,
		COMMON + WN_TOKENS_MAX * (4096 + WALK + 64), NARROW },
	[WN_OP_TOKEN_EPOCH] = {
		wn_op_token_epoch, CHAIN | WN_SQE_IDEM, CAP | W0, WN_RIGHT_ADMIN, WN_EPOCH_NEXT,
		COMMON, NARROW },
	[WN_OP_SAMPLE] = {
		wn_op_sample, LOOK, NODE | ARG | W0, WN_RIGHT_READ | WN_RIGHT_WRITE,
		WN_SAMPLE_ALL, COMMON + 16 * 1024, NARROW },
	[WN_OP_DIGEST] = {
		wn_op_digest, LOOK, NODE | W0, WN_RIGHT_READ,
		WN_DIGEST_MERGE, COMMON + REPLICATE + 4 * 4096, NARROW },
	[WN_OP_ACK] = {
		wn_op_ack, CHANGE, NODE | ARG, WN_RIGHT_READ, 0,
		COMMON + WN_QUEUES_CLIENT_MAX + WN_CREDIT_MAX + 64, NARROW },
	[WN_OP_NACK] = {
		wn_op_nack, CHANGE, NODE | ARG, WN_RIGHT_READ, 0,
		COMMON + WN_QUEUES_CLIENT_MAX + WN_CREDIT_MAX + 64, NARROW },
};

#define WN_OPS	(sizeof(ops) / sizeof(ops[0]))

/* Of an opcode that was checked; the clamp is for speculation past that check. */
static const struct wn_op_def *def_of(u8 opcode)
{
	return &ops[wn_index_nospec(opcode, WN_OPS)];
}

void wn_op_supported(u64 bits[WN_OP_WORDS])
{
	u32 i;

	for (i = 0; i < WN_OP_WORDS; i++)
		bits[i] = 0;
	for (i = 0; i < WN_OPS; i++)
		if (ops[i].apply)
			bits[i / 64] |= 1ULL << (i % 64);
}

static inline bool is_open(const struct wn_core *core, const struct wn_op_env *env)
{
	return env->client < core->bounds.clients &&
	       wn_core_client_is_open(&core->clients[env->client]);
}

static inline bool allowed(const struct wn_op_env *env, u8 opcode)
{
	return !env->allowed || env->allowed[opcode / 64] & (1ULL << (opcode % 64));
}

/* Whether a field that the op does not use, @field of its row, is not zero. */
static inline bool stray(const struct wn_op_def *op, u64 value, u8 field)
{
	return unlikely(value) && !(op->fields & field);
}

/* What can be said without a look at the state; 0, and *def is the op's row. */
static __always_inline s64 check(const struct wn_core *core, const struct wn_op_env *env,
				 const struct wn_sqe *sqe, bool grouped,
				 const struct wn_op_def **def)
{
	const u8 flags = sqe->flags;
	const struct wn_op_def *op;

	if (unlikely(!is_open(core, env)))
		return -ENXIO;
	if (unlikely(!allowed(env, sqe->opcode)))
		return -EPERM;
	if (unlikely(sqe->opcode >= WN_OPS))
		return -EOPNOTSUPP;
	op = def_of(sqe->opcode);
	*def = op;
	if (unlikely(!op->apply))
		return -EOPNOTSUPP;
	if (unlikely(sqe->op_flags & ~op->op_flags))
		return -EINVAL;
	if (unlikely(flags & ~(op->flags | WN_SQE_WIDE)) ||
	    (flags & WN_SQE_WIDE ? op->wide == NARROW : op->wide == WIDE) ||
	    (grouped && !(op->flags & WN_SQE_ATOMIC)))
		return -EINVAL;
	if (stray(op, sqe->node, NODE) || stray(op, sqe->arg, ARG) || stray(op, sqe->w[0], W0) ||
	    stray(op, sqe->w[1], W1) ||
	    (stray(op, sqe->w[2], W2) && !(flags & WN_SQE_IDEM)) ||
	    (unlikely(sqe->version) && !(flags & WN_SQE_IF_VERSION)))
		return -EINVAL;
	return 0;
}

u64 wn_call_stamp(struct wn_call *call)
{
	if (!call->hlc)
		call->hlc = wn_core_stamp(call->core, call->env->now);
	return call->hlc;
}

/* The client's key was answered before: the same again. */
static s64 answer_again(const struct wn_idem *known, const struct wn_sqe *sqe,
			struct wn_op_result *result)
{
	if (known->opcode != sqe->opcode)
		return -EINVAL;
	result->hlc = known->hlc;
	result->aux = known->aux;
	result->flags = WN_CQE_AGAIN;
	return known->res;
}

static noinline void remember(struct wn_call *call, struct wn_idem_ring *ring, s64 res)
{
	const struct wn_idem answer = {
		.key = call->sqe->w[2],
		.res = res,
		.hlc = call->hlc ? call->hlc : call->core->hlc,
		.aux = call->aux,
		.opcode = call->sqe->opcode,
	};

	wn_idem_add(call->core, ring, &answer);
}

/* From here on an error may come with changes: the caller rolls back. */
static __always_inline s64 run(struct wn_call *call, const struct wn_op_def *op,
			       struct wn_op_result *result)
{
	struct wn_core *core = call->core;
	const struct wn_sqe *sqe = call->sqe;
	struct wn_idem_ring *idem = NULL;
	s64 res;
	int at;

	if (op->fields & (NODE | CAP)) {
		call->cap = wn_cap_use(core, call->env->client, sqe->cap, op->rights,
				       call->env->now, &res);
		if (unlikely(!call->cap))
			return res;
	}
	if (unlikely(sqe->flags & WN_SQE_IDEM)) {
		const struct wn_idem *known;

		idem = &core->clients[call->env->client].idem;
		known = wn_idem_find(core, idem, sqe->w[2]);
		if (known)
			return answer_again(known, sqe, result);
	}
	if (op->fields & NODE) {
		at = wn_cap_reach(core, call->env->client, call->cap, sqe->node);
		if (unlikely(at < 0))
			return at;
		call->node = (u32)at;
		if (sqe->flags & WN_SQE_IF_VERSION &&
		    wn_node(core, call->node)->version != sqe->version)
			return -EAGAIN;
	}
	res = op->apply(call);
	if (unlikely(idem) && !WN_RES_IS_ERROR(res))
		remember(call, idem, res);
	return res;
}

/* One op of a transaction, which was checked. */
static __always_inline bool apply(struct wn_core *core, const struct wn_op_env *env,
				  const struct wn_op_def *op, const struct wn_sqe *slots,
				  struct wn_op_result *result, bool grouped)
{
	struct wn_call call;
	u32 *worst = &core->worst[slots->opcode];
	s64 res;

	call.core = core;
	call.env = env;
	call.sqe = slots;
	call.data = slots->flags & WN_SQE_WIDE ? (const u8 *)(slots + 1) : NULL;
	call.cap = NULL;
	call.hlc = 0;
	call.node = 0;
	call.aux = 0;
	call.grouped = grouped;
	core->tx->steps = 0;
	result->flags = 0;
	res = run(&call, op, result);
	result->res = res;
	core->tx->spent += core->tx->steps;
	if (unlikely(core->tx->steps > *worst)) {
		*worst = core->tx->steps;
		wn_bug_on(*worst > op->steps);
	}
	if (unlikely(result->flags & WN_CQE_AGAIN))
		return true;
	result->aux = call.aux;
	result->hlc = call.hlc ? call.hlc : core->hlc;
	return !WN_RES_IS_ERROR(res);
}

/* The answer where nothing was done. */
static inline void answer(const struct wn_core *core, struct wn_op_result *result, s64 res)
{
	*result = (struct wn_op_result){ .res = res, .hlc = core->hlc };
}

/* One op that was checked, as a transaction of its own. */
static noinline void apply_alone(struct wn_core *core, const struct wn_op_env *env,
				 const struct wn_op_def *op, const struct wn_sqe *slots,
				 struct wn_op_result *result)
{
	wn_tx_begin(core->tx, op->late);
	if (likely(apply(core, env, op, slots, result, false))) {
		if (wn_tx_changed(core->tx) || core->tx->shown != core->hlc ||
		    unlikely(core->audit->pending))
			wn_core_commit(core);
	} else {
		wn_core_rollback(core);
		answer(core, result, result->res);
	}
}

/* The same, written down; and of a digest that was read, what it was. */
static noinline void apply_noted(struct wn_core *core, const struct wn_op_env *env,
				 const struct wn_op_def *op, const struct wn_sqe *slots,
				 struct wn_op_result *result)
{
	const bool digest = slots->opcode == WN_OP_DIGEST && !slots->op_flags;
	u32 budget = 0;

	if (!wn_journal_has_share(core, env->client)) {
		answer(core, result, -ENOBUFS);
		return;
	}
	wn_journal_ops(core, WN_INPUT_OP, env, slots, 1);
	apply_alone(core, env, op, slots, result);
	/* How much of a digest was made already is no state. */
	wn_journal_close(core, slots->opcode == WN_OP_DIGEST && result->res == 1 ? 0 :
				result->res);
	/* Nothing is marked now, so it is at hand; in a replay its own record follows. */
	if (digest && !result->res && !core->replay)
		(void)wn_journal_digest(core, &budget);
}

void wn_op_apply(struct wn_core *core, const struct wn_op_env *env, const struct wn_sqe *slots,
		 struct wn_op_result *result)
{
	const struct wn_op_def *op;
	const s64 err = check(core, env, slots, false, &op);

	if (unlikely(err))
		answer(core, result, err);
	else if (slots->opcode == WN_OP_NOP)
		answer(core, result, do_nop(slots));
	else if (unlikely(core->journal))
		apply_noted(core, env, op, slots, result);
	else
		apply_alone(core, env, op, slots, result);
}

/* Nothing was done: @at failed with @err, the others went with it. */
static bool refuse_group(const struct wn_core *core, struct wn_op_result *results, u32 n,
			 u32 at, s64 err)
{
	u32 i;

	for (i = 0; i < n; i++)
		answer(core, &results[i], i == at ? err : -ECANCELED);
	return false;
}

bool wn_op_apply_group(struct wn_core *core, const struct wn_op_env *env,
		       const struct wn_sqe *slots, u32 n, struct wn_op_result *results)
{
	const struct wn_op_def *op;
	s64 err;
	u32 i;

	if (wn_bug_on(n > core->bounds.group_ops))
		return refuse_group(core, results, n, 0, -E2BIG);
	for (i = 0; i < n; i++) {
		err = check(core, env, &slots[2 * i], true, &op);
		if (err)
			return refuse_group(core, results, n, i, err);
	}
	if (unlikely(core->journal)) {
		if (!wn_journal_has_share(core, env->client))
			return refuse_group(core, results, n, 0, -ENOBUFS);
		wn_journal_ops(core, WN_INPUT_GROUP, env, slots, n);
	}
	wn_tx_begin(core->tx, true);
	for (i = 0; i < n; i++) {
		op = def_of(slots[2 * i].opcode);
		if (!apply(core, env, op, &slots[2 * i], &results[i], true))
			break;
	}
	err = i < n ? results[i].res : 0;
	if (err)
		wn_core_rollback(core);
	else
		wn_core_commit(core);
	if (unlikely(core->journal))
		wn_journal_close(core, err);
	return err ? refuse_group(core, results, n, i, err) : true;
}
