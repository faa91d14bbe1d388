// SPDX-License-Identifier: MIT
#include "anyop.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

uint64_t anyop_random(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

uint32_t anyop_below(struct anyop *a, uint32_t n)
{
	return (uint32_t)(anyop_random(&a->seed) % n);
}

static int one_in(struct anyop *a, uint32_t n)
{
	return !anyop_below(a, n);
}

static void learn(struct anyop_known *k, uint64_t handle, const struct wn_sqe *by)
{
	const uint32_t n = __atomic_fetch_add(&k->n, 1, __ATOMIC_RELAXED) % ANYOP_KNOWN;

	__atomic_store_n(&k->at[n], handle, __ATOMIC_RELAXED);
	__atomic_store_n(&k->node[n], by->node, __ATOMIC_RELAXED);
	__atomic_store_n(&k->type[n], by->op_flags & 0xff, __ATOMIC_RELAXED);
}

static uint64_t some(struct anyop *a, const struct anyop_known *k)
{
	return __atomic_load_n(&k->at[anyop_below(a, ANYOP_KNOWN)], __ATOMIC_RELAXED);
}

static uint64_t some_node(struct anyop *a)
{
	return one_in(a, 5) ? 0 : some(a, &a->shared->nodes);
}

static uint64_t soon(struct anyop *a, clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec + anyop_below(a, 1u << 24);
}

/* A key and a value beside the entry, of the lengths that w[1] says. */
static void some_item(struct anyop *a, struct wn_sqe *sqe, uint32_t klen, uint32_t vlen)
{
	sqe->flags |= WN_SQE_WIDE;
	sqe->w[1] = WN_CELL_ITEM(klen, vlen, 0);
	memset(sqe + 1, 'a' + (int)anyop_below(a, 6), klen + vlen);
}

static void update(struct anyop *a, struct wn_sqe *sqe, uint32_t type)
{
	sqe->op_flags = 1 + anyop_below(a, 2);
	switch (type) {
	case WN_CELL_GCOUNTER:
	case WN_CELL_PNCOUNTER:
	case WN_CELL_ESCROW:
		sqe->op_flags = type == WN_CELL_GCOUNTER ? WN_CELL_ADD : sqe->op_flags;
		sqe->w[0] = anyop_below(a, 40);
		return;
	}
	sqe->op_flags = one_in(a, 3) && type != WN_CELL_LWW ? WN_CELL_REMOVE :
			type == WN_CELL_ORSET ? WN_CELL_ADD : WN_CELL_SET;
	some_item(a, sqe, type == WN_CELL_ORSET || type == WN_CELL_ORMAP ? 1 + anyop_below(a, 3) : 0,
		  sqe->op_flags == WN_CELL_SET && type != WN_CELL_EWFLAG ? anyop_below(a, 9) : 0);
}

static void cell_op(struct anyop *a, struct wn_sqe *sqe)
{
	const struct anyop_known *k = &a->shared->cells;
	const uint32_t at = anyop_below(a, ANYOP_KNOWN);

	sqe->node = __atomic_load_n(&k->node[at], __ATOMIC_RELAXED);
	sqe->arg = __atomic_load_n(&k->at[at], __ATOMIC_RELAXED);
	switch (sqe->opcode) {
	case WN_OP_CELL_UPDATE:
		update(a, sqe, __atomic_load_n(&k->type[at], __ATOMIC_RELAXED));
		break;
	case WN_OP_CELL_READ:
		sqe->op_flags = anyop_below(a, 6);
		sqe->w[0] = (uint64_t)1024 << 32;
		break;
	case WN_OP_CELL_DELTA:
		sqe->w[0] = (uint64_t)4096 << 32;
		break;
	case WN_OP_CELL_MERGE:
		sqe->w[0] = (uint64_t)(8 * anyop_below(a, 100)) << 32;
		break;
	case WN_OP_ESCROW_TAKE:
	case WN_OP_ESCROW_GIVE:
		sqe->w[0] = anyop_below(a, 12);
		break;
	case WN_OP_SAMPLE:
		sqe->op_flags = WN_SAMPLE_ALL;
		sqe->node = sqe->arg = 0;
		break;
	}
}

static void mail_op(struct anyop *a, struct wn_sqe *sqe)
{
	const uint32_t len = anyop_below(a, 8);

	sqe->node = some_node(a);
	switch (sqe->opcode) {
	case WN_OP_EMIT:
	case WN_OP_EMIT_CHILDREN:
	case WN_OP_EMIT_SUBTREE:
		sqe->op_flags = anyop_below(a, 4) | len << 8;
		sqe->w[0] = anyop_below(a, 100);
		memset(&sqe->w[1], (int)anyop_below(a, 256), len);
		break;
	case WN_OP_BIND:
		sqe->op_flags = anyop_below(a, 3);
		if (one_in(a, 2)) {
			sqe->op_flags = WN_BIND_QUEUE | WN_BIND_CREDIT(anyop_below(a, 4));
			sqe->w[0] = 1 + anyop_below(a, 1u << 24);
		}
		break;
	case WN_OP_ACK:
	case WN_OP_NACK:
		sqe->node = a->lease_node;
		sqe->arg = a->lease;
		break;
	case WN_OP_CALL:
		sqe->op_flags = anyop_below(a, 4);
		sqe->w[1] = soon(a, CLOCK_BOOTTIME);
		break;
	case WN_OP_REPLY:
		sqe->node = 0;
		sqe->arg = a->calls;
		break;
	case WN_OP_CANCEL:
	case WN_OP_DEMONITOR:
		sqe->node = 0;
		sqe->arg = some(a, &a->shared->promises);
		break;
	case WN_OP_TIMER:
		sqe->op_flags = anyop_below(a, 4);
		sqe->w[0] = soon(a, CLOCK_BOOTTIME);
		break;
	case WN_OP_MONITOR:
		sqe->op_flags = anyop_below(a, 4);
		break;
	case WN_OP_SUBSCRIBE:
		sqe->op_flags = (1 + anyop_below(a, 7)) | (one_in(a, 2) ? WN_SUB_STATE : 0);
		break;
	case WN_OP_UNSUBSCRIBE:
		sqe->node = 0;
		sqe->arg = some(a, &a->shared->subs);
		break;
	}
}

static void cap_op(struct anyop *a, struct wn_sqe *sqe)
{
	struct wn_grant *grant = (struct wn_grant *)(sqe + 1);

	if (sqe->opcode != WN_OP_CAP_GRANT) {
		sqe->arg = some(a, &a->shared->caps);
		/* 0 would be its own: who revokes that is soon without any. */
		if (!sqe->arg && !one_in(a, 50))
			sqe->opcode = WN_OP_NOP;
		return;
	}
	sqe->flags |= WN_SQE_WIDE;
	sqe->node = some_node(a);
	sqe->arg = anyop_below(a, a->shared->clients + 1);
	grant->rights = one_in(a, 2) ? WN_RIGHT_ALL : 1 + anyop_below(a, WN_RIGHT_ALL);
	grant->expires = one_in(a, 5) ? soon(a, CLOCK_BOOTTIME) : 0;
	if (one_in(a, 3)) {
		grant->nodes = 1 + anyop_below(a, 5);
		grant->cells = 1 + anyop_below(a, 5);
	}
}

static void node_op(struct anyop *a, struct wn_sqe *sqe)
{
	sqe->node = some_node(a);
	switch (sqe->opcode) {
	case WN_OP_NODE_CREATE:
		sqe->op_flags = one_in(a, 5) ? WN_CREATE_ON_DEATH(anyop_below(a, 3)) : 0;
		sqe->w[0] = anyop_below(a, 4) | (uint64_t)anyop_below(a, 4) << 32;
		break;
	case WN_OP_NODE_DESTROY:
		sqe->node = some(a, &a->shared->nodes);
		sqe->op_flags = one_in(a, 3);
		break;
	case WN_OP_NODE_MOVE:
		sqe->arg = some_node(a);
		break;
	case WN_OP_NODE_SET:
		sqe->op_flags = WN_SET_STATE;
		sqe->w[0] = (uint64_t)anyop_below(a, 4) << 32;
		break;
	case WN_OP_QUERY:
		sqe->flags |= WN_SQE_WIDE;
		sqe->w[1] = 1 + anyop_below(a, 8);
		break;
	case WN_OP_CELL_CREATE:
		sqe->op_flags = 1 + anyop_below(a, WN_CELL_ORMAP);
		sqe->w[0] = anyop_below(a, 6);
		break;
	}
	if (sqe->opcode == WN_OP_NODE_CREATE || sqe->opcode == WN_OP_NODE_RENAME ||
	    sqe->opcode == WN_OP_LOOKUP) {
		sqe->flags |= WN_SQE_WIDE;
		snprintf((char *)(sqe + 1), 16, "n%u", anyop_below(a, 64));
	}
}

void anyop_draw(struct anyop *a, struct wn_sqe slots[2], uint32_t out_bytes)
{
	static const uint8_t opcodes[] = {
		WN_OP_NODE_CREATE, WN_OP_NODE_CREATE, WN_OP_NODE_CREATE, WN_OP_NODE_CREATE,
		WN_OP_NODE_DESTROY, WN_OP_NODE_MOVE, WN_OP_NODE_RENAME, WN_OP_NODE_SET,
		WN_OP_NODE_SET, WN_OP_NODE_READ, WN_OP_LOOKUP, WN_OP_QUERY, WN_OP_NOP,
		WN_OP_DIGEST, WN_OP_CELL_CREATE, WN_OP_CELL_CREATE, WN_OP_CELL_CREATE,
		WN_OP_CELL_DESTROY, WN_OP_CELL_UPDATE, WN_OP_CELL_UPDATE, WN_OP_CELL_UPDATE,
		WN_OP_CELL_READ, WN_OP_CELL_DELTA, WN_OP_CELL_MERGE, WN_OP_ATTACH, WN_OP_ATTACH,
		WN_OP_DETACH, WN_OP_ESCROW_TAKE, WN_OP_ESCROW_GIVE, WN_OP_SAMPLE, WN_OP_EMIT,
		WN_OP_EMIT, WN_OP_EMIT_CHILDREN, WN_OP_EMIT_SUBTREE, WN_OP_BIND, WN_OP_UNBIND,
		WN_OP_ACK, WN_OP_NACK, WN_OP_CALL, WN_OP_REPLY, WN_OP_CANCEL, WN_OP_TIMER,
		WN_OP_MONITOR, WN_OP_DEMONITOR, WN_OP_SUBSCRIBE, WN_OP_UNSUBSCRIBE,
		WN_OP_CAP_GRANT, WN_OP_CAP_REVOKE, WN_OP_CAP_READ, WN_OP_TOKEN_EPOCH,
	};
	struct wn_sqe *sqe = &slots[0];

	memset(slots, 0, 2 * sizeof(*slots));
	sqe->opcode = opcodes[anyop_below(a, sizeof(opcodes))];
	sqe->cap = one_in(a, 8) ? (uint16_t)anyop_below(a, 6) : 0;
	if (sqe->opcode == WN_OP_DIGEST) {
		sqe->w[0] = (uint64_t)out_bytes << 32;
		sqe->op_flags = one_in(a, 4) ? WN_DIGEST_MERGE : 0;
		sqe->node = sqe->op_flags ? some_node(a) : 0;
	} else if (sqe->opcode == WN_OP_TOKEN_EPOCH) {
		sqe->op_flags = one_in(a, 2) ? WN_EPOCH_NEXT : 0;
	} else if (sqe->opcode >= WN_OP_CAP_GRANT) {
		cap_op(a, sqe);
	} else if (sqe->opcode >= WN_OP_EMIT) {
		mail_op(a, sqe);
	} else if (sqe->opcode > WN_OP_CELL_CREATE) {
		cell_op(a, sqe);
	} else if (sqe->opcode != WN_OP_NOP) {
		node_op(a, sqe);
	}
	if (one_in(a, 12) && sqe->opcode != WN_OP_QUERY) {
		sqe->flags |= WN_SQE_IDEM;
		sqe->w[2] = anyop_below(a, 12);
	}
	if (one_in(a, 100))
		((uint8_t *)sqe)[anyop_below(a, 8)] ^= (uint8_t)(1u << anyop_below(a, 8));
}

void anyop_learn(struct anyop *a, const struct wn_sqe *sqe, int64_t res)
{
	if (WN_RES_IS_ERROR(res))
		return;
	switch (sqe->opcode) {
	case WN_OP_NODE_CREATE:
		learn(&a->shared->nodes, (uint64_t)res, sqe);
		break;
	case WN_OP_CELL_CREATE:
		learn(&a->shared->cells, (uint64_t)res, sqe);
		break;
	case WN_OP_CAP_GRANT:
		learn(&a->shared->caps, (uint64_t)res, sqe);
		break;
	case WN_OP_SUBSCRIBE:
		learn(&a->shared->subs, (uint64_t)res, sqe);
		break;
	case WN_OP_EMIT:
	case WN_OP_CALL:
	case WN_OP_TIMER:
	case WN_OP_MONITOR:
		if (res)
			learn(&a->shared->promises, (uint64_t)res, sqe);
		break;
	}
}

void anyop_event(struct anyop *a, const struct wn_event *event)
{
	if (event->kind == WN_EV_CALL)
		memcpy(&a->calls, event->data, sizeof(a->calls));
	if (event->kind == WN_EV_LEASE) {
		a->lease_node = event->node;
		a->lease = event->hlc;
	}
}
