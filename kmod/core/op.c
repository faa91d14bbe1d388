// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "op.h"

typedef s64 (*wn_op_fn)(struct wn_core *core, const struct wn_sqe *sqe,
			const struct wn_sqe *data, const struct wn_now *now);

static s64 op_nop(struct wn_core *core, const struct wn_sqe *sqe, const struct wn_sqe *data,
		  const struct wn_now *now)
{
	(void)core, (void)now;
	if (data || sqe->op_flags & ~WN_NOP_RESULT || sqe->cap || sqe->node || sqe->arg ||
	    sqe->version || sqe->w[1] || sqe->w[2])
		return -EINVAL;
	if (!(sqe->op_flags & WN_NOP_RESULT))
		return sqe->w[0] ? -EINVAL : 0;
	return (s64)sqe->w[0];
}

struct wn_op_def {
	wn_op_fn apply;
	u8 flags;		/* WN_SQE_* that make sense with it */
};

/* Flags that the turn sees to, for every op. */
#define WN_OP_CHAIN	(WN_SQE_LINK | WN_SQE_QUIET | WN_SQE_WIDE)

static const struct wn_op_def ops[] = {
	[WN_OP_NOP] = { op_nop, WN_OP_CHAIN },
};

#define WN_OPS	(sizeof(ops) / sizeof(ops[0]))

void wn_op_supported(u64 bits[WN_OP_WORDS])
{
	u32 i;

	for (i = 0; i < WN_OP_WORDS; i++)
		bits[i] = 0;
	for (i = 0; i < WN_OPS; i++)
		if (ops[i].apply)
			bits[i / 64] |= 1ULL << (i % 64);
}

s64 wn_op_apply(struct wn_core *core, const struct wn_sqe *sqe, const struct wn_sqe *data,
		const struct wn_now *now)
{
	const struct wn_op_def *op;

	if (sqe->opcode >= WN_OPS)
		return -EOPNOTSUPP;
	op = &ops[wn_index_nospec(sqe->opcode, WN_OPS)];
	if (!op->apply)
		return -EOPNOTSUPP;
	if (sqe->flags & ~op->flags)
		return -EINVAL;
	return op->apply(core, sqe, data, now);
}
