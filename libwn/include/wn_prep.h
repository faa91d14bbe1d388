/* SPDX-License-Identifier: MIT */
/*
 * Filling submissions: a function for each op, whose meaning, results and errnos
 * <linux/worknode.h> tells. <wn.h> includes this.
 *
 * A function with a data argument is for entries of two slots, which
 * wn_get_sqe_wide() gives. What an op can be told besides (a version, a key that
 * makes it idempotent, a capability) is set afterwards by the wn_sqe_* below.
 */
#ifndef WN_PREP_H
#define WN_PREP_H

#include <linux/worknode.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ----------------------------------------------------- what any op takes */

/* Chain, group or silence it: WN_SQE_LINK, WN_SQE_ATOMIC, WN_SQE_QUIET. */
static inline void wn_sqe_flags(struct wn_sqe *sqe, __u8 flags)
{
	sqe->flags |= flags;
}

/* Only if the node's version is still this one: else -EAGAIN. */
static inline void wn_sqe_if_version(struct wn_sqe *sqe, __u64 version)
{
	sqe->flags |= WN_SQE_IF_VERSION;
	sqe->version = version;
}

/* Done once however often it is submitted under this key of this client. */
static inline void wn_sqe_idem(struct wn_sqe *sqe, __u64 key)
{
	sqe->flags |= WN_SQE_IDEM;
	sqe->w[2] = key;
}

/* Under another capability than the client's first. */
static inline void wn_sqe_cap(struct wn_sqe *sqe, __u16 cap)
{
	sqe->cap = cap;
}

/* A second slot's bytes; too long a name stays too long: -ENAMETOOLONG. */
static inline void wn_sqe_name(void *data, const char *name)
{
	char *to = (char *)data;
	unsigned int i;

	for (i = 0; i < WN_NAME_BYTES && name[i]; i++)
		to[i] = name[i];
	for (; i < WN_NAME_BYTES; i++)
		to[i] = 0;
}

static inline void wn_prep(struct wn_sqe *sqe, __u8 opcode, __u64 node, __u64 user_data)
{
	sqe->opcode = opcode;
	sqe->node = node;
	sqe->user_data = user_data;
}

static inline void wn_prep_wide(struct wn_sqe *sqe, __u8 opcode, __u64 node, __u64 user_data)
{
	wn_prep(sqe, opcode, node, user_data);
	sqe->flags |= WN_SQE_WIDE;
}

static inline void wn_prep_nop(struct wn_sqe *sqe, __u64 user_data)
{
	wn_prep(sqe, WN_OP_NOP, 0, user_data);
}

/* A NOP that completes with result: to try a program's error paths. */
static inline void wn_prep_nop_result(struct wn_sqe *sqe, __s64 result, __u64 user_data)
{
	wn_prep_nop(sqe, user_data);
	sqe->op_flags = WN_NOP_RESULT;
	sqe->w[0] = (__u64)result;
}

/* ----------------------------------------------------------------- nodes */

static inline void wn_prep_create(struct wn_sqe *sqe, void *data, __u64 parent, const char *name,
				  __u32 type, __u32 state, __u64 tags, __u64 user_data)
{
	wn_prep_wide(sqe, WN_OP_NODE_CREATE, parent, user_data);
	wn_sqe_name(data, name);
	sqe->w[0] = (__u64)state << 32 | type;
	sqe->w[1] = tags;
}

/* flags: WN_DESTROY_LEAF or 0. */
static inline void wn_prep_destroy(struct wn_sqe *sqe, __u64 node, __u32 flags, __u64 user_data)
{
	wn_prep(sqe, WN_OP_NODE_DESTROY, node, user_data);
	sqe->op_flags = flags;
}

static inline void wn_prep_move(struct wn_sqe *sqe, __u64 node, __u64 parent, __u64 user_data)
{
	wn_prep(sqe, WN_OP_NODE_MOVE, node, user_data);
	sqe->arg = parent;
}

static inline void wn_prep_rename(struct wn_sqe *sqe, void *data, __u64 node, const char *name,
				  __u64 user_data)
{
	wn_prep_wide(sqe, WN_OP_NODE_RENAME, node, user_data);
	wn_sqe_name(data, name);
}

static inline void wn_prep_set_type(struct wn_sqe *sqe, __u64 node, __u32 type, __u64 user_data)
{
	wn_prep(sqe, WN_OP_NODE_SET, node, user_data);
	sqe->op_flags = WN_SET_TYPE;
	sqe->w[0] = type;
}

static inline void wn_prep_set_state(struct wn_sqe *sqe, __u64 node, __u32 state, __u64 user_data)
{
	wn_prep(sqe, WN_OP_NODE_SET, node, user_data);
	sqe->op_flags = WN_SET_STATE;
	sqe->w[0] = (__u64)state << 32;
}

/* how: WN_SET_TAGS, WN_SET_TAGS_ADD or WN_SET_TAGS_DEL. */
static inline void wn_prep_set_tags(struct wn_sqe *sqe, __u64 node, __u32 how, __u64 tags,
				    __u64 user_data)
{
	wn_prep(sqe, WN_OP_NODE_SET, node, user_data);
	sqe->op_flags = how;
	sqe->w[1] = tags;
}

static inline void wn_prep_set_word(struct wn_sqe *sqe, __u64 node, unsigned int n, __u64 value,
				    __u64 user_data)
{
	wn_prep(sqe, WN_OP_NODE_SET, node, user_data);
	sqe->op_flags = WN_SET_USER_WORD(n);
	sqe->arg = value;
}

/* All four user words. */
static inline void wn_prep_set_words(struct wn_sqe *sqe, void *data, __u64 node,
				     const __u64 words[4], __u64 user_data)
{
	wn_prep_wide(sqe, WN_OP_NODE_SET, node, user_data);
	__builtin_memset(data, 0, sizeof(struct wn_sqe));
	__builtin_memcpy(data, words, 4 * sizeof(words[0]));
}

/* out: offset in the arena to the client, from wn_out_alloc(). */
static inline void wn_prep_read(struct wn_sqe *sqe, __u64 node, __u32 out, __u64 user_data)
{
	wn_prep(sqe, WN_OP_NODE_READ, node, user_data);
	sqe->w[0] = out;
}

static inline void wn_prep_lookup(struct wn_sqe *sqe, void *data, __u64 parent, const char *name,
				  __u64 user_data)
{
	wn_prep_wide(sqe, WN_OP_LOOKUP, parent, user_data);
	wn_sqe_name(data, name);
}

/* cursor and until: 0 to begin with, then from the struct wn_found before. */
static inline void wn_prep_query(struct wn_sqe *sqe, void *data, __u64 node,
				 const struct wn_filter *filter, __u32 out, __u32 max,
				 __u64 cursor, __u64 until, __u64 user_data)
{
	wn_prep_wide(sqe, WN_OP_QUERY, node, user_data);
	__builtin_memcpy(data, filter, sizeof(*filter));
	sqe->arg = cursor;
	sqe->w[0] = out;
	sqe->w[1] = max;
	sqe->w[2] = until;
}

/* ----------------------------------------------------------------- cells */

static inline void wn_prep_cell(struct wn_sqe *sqe, __u8 opcode, __u64 node, __u64 cell,
				__u64 user_data)
{
	wn_prep(sqe, opcode, node, user_data);
	sqe->arg = cell;
}

/* type: WN_CELL_*; flags: WN_CELL_F_*. */
static inline void wn_prep_cell_create(struct wn_sqe *sqe, __u64 node, __u64 id, __u8 type,
				       __u8 flags, __u64 user_data)
{
	wn_prep(sqe, WN_OP_CELL_CREATE, node, user_data);
	sqe->op_flags = WN_CELL_NEW(type, flags);
	sqe->w[0] = id;
}

/* An escrow that is refilled: each window of so many ns, so many rights, up to most. */
static inline void wn_prep_escrow_create(struct wn_sqe *sqe, void *data, __u64 node, __u64 id,
					 __u64 window, __u64 rights, __u64 most, __u64 user_data)
{
	__u64 words[8] = { window, rights, most };

	wn_prep_cell_create(sqe, node, id, WN_CELL_ESCROW, 0, user_data);
	sqe->flags |= WN_SQE_WIDE;
	__builtin_memcpy(data, words, sizeof(words));
}

static inline void wn_prep_cell_destroy(struct wn_sqe *sqe, __u64 node, __u64 cell,
					__u64 user_data)
{
	wn_prep_cell(sqe, WN_OP_CELL_DESTROY, node, cell, user_data);
}

/* Counters: n more or less. escrow: n rights made or spent. how: WN_CELL_ADD, SUB. */
static inline void wn_prep_cell_count(struct wn_sqe *sqe, __u64 node, __u64 cell, __u32 how,
				      __u64 n, __u64 user_data)
{
	wn_prep_cell(sqe, WN_OP_CELL_UPDATE, node, cell, user_data);
	sqe->op_flags = how;
	sqe->w[0] = n;
}

/* escrow: n rights go to another replica. */
static inline void wn_prep_cell_transfer(struct wn_sqe *sqe, __u64 node, __u64 cell, __u64 n,
					 __u32 replica, __u64 user_data)
{
	wn_prep_cell_count(sqe, node, cell, WN_CELL_TRANSFER, n, user_data);
	sqe->w[1] = replica;
}

/* Key and value in a second slot; more than 64 bytes together do not fit: -EINVAL. */
static inline void wn_sqe_item(struct wn_sqe *sqe, void *data, const void *key, __u16 key_len,
			       const void *val, __u16 val_len)
{
	sqe->flags |= WN_SQE_WIDE;
	sqe->w[1] = WN_CELL_ITEM(key_len, val_len, 0);
	__builtin_memset(data, 0, sizeof(struct wn_sqe));
	if ((__u32)key_len + val_len > sizeof(struct wn_sqe))
		return;
	if (key_len)
		__builtin_memcpy(data, key, key_len);
	if (val_len)
		__builtin_memcpy((char *)data + key_len, val, val_len);
}

/* Sets, maps, registers, flags: what CELL_UPDATE tells of how. n: of maps that count. */
static inline void wn_prep_cell_item(struct wn_sqe *sqe, void *data, __u64 node, __u64 cell,
				     __u32 how, __u64 n, const void *key, __u16 key_len,
				     const void *val, __u16 val_len, __u64 user_data)
{
	wn_prep_cell_count(sqe, node, cell, how, n, user_data);
	wn_sqe_item(sqe, data, key, key_len, val, val_len);
}

/* The same with key and value at an offset in the arena, from wn_in_alloc(). */
static inline void wn_prep_cell_bulk(struct wn_sqe *sqe, __u64 node, __u64 cell, __u32 how,
				     __u64 n, __u32 in, __u16 key_len, __u16 val_len,
				     __u64 user_data)
{
	wn_prep_cell_count(sqe, node, cell, how, n, user_data);
	sqe->w[1] = WN_CELL_ITEM(key_len, val_len, in);
}

/* what: WN_CELL_READ_REC, VALUE, LIST (with its cursor), VECTOR, RIGHTS (out and room 0). */
static inline void wn_prep_cell_read(struct wn_sqe *sqe, __u64 node, __u64 cell, __u32 what,
				     __u32 out, __u32 room, __u64 cursor, __u64 user_data)
{
	wn_prep_cell(sqe, WN_OP_CELL_READ, node, cell, user_data);
	sqe->op_flags = what;
	sqe->w[0] = (__u64)room << 32 | out;
	sqe->w[1] = cursor;
}

/* What lies at a key. */
static inline void wn_prep_cell_read_key(struct wn_sqe *sqe, void *data, __u64 node, __u64 cell,
					 const void *key, __u16 key_len, __u32 out, __u32 room,
					 __u64 user_data)
{
	wn_prep_cell_read(sqe, node, cell, WN_CELL_READ_KEY, out, room, 0, user_data);
	wn_sqe_item(sqe, data, key, key_len, (void *)0, 0);
}

/* in, vector_bytes: a vector in the arena from the client; 0 bytes: all is wanted. */
static inline void wn_prep_delta(struct wn_sqe *sqe, __u64 node, __u64 cell, __u32 out,
				 __u32 room, __u64 cursor, __u32 in, __u32 vector_bytes,
				 __u64 user_data)
{
	wn_prep_cell(sqe, WN_OP_CELL_DELTA, node, cell, user_data);
	sqe->w[0] = (__u64)room << 32 | out;
	sqe->w[1] = cursor;
	sqe->w[2] = (__u64)vector_bytes << 32 | (vector_bytes ? in : 0);
}

static inline void wn_prep_merge(struct wn_sqe *sqe, __u64 node, __u64 cell, __u32 in,
				 __u32 bytes, __u64 user_data)
{
	wn_prep_cell(sqe, WN_OP_CELL_MERGE, node, cell, user_data);
	sqe->w[0] = (__u64)bytes << 32 | in;
}

/* ----------------------------------------------------------------- slots */

static inline void wn_prep_attach(struct wn_sqe *sqe, __u64 node, __u64 cell, __u64 user_data)
{
	wn_prep_cell(sqe, WN_OP_ATTACH, node, cell, user_data);
}

static inline void wn_prep_detach(struct wn_sqe *sqe, __u64 node, __u64 cell, __u64 user_data)
{
	wn_prep_cell(sqe, WN_OP_DETACH, node, cell, user_data);
}

static inline void wn_prep_escrow_take(struct wn_sqe *sqe, __u64 node, __u64 cell, __u64 n,
				       __u64 user_data)
{
	wn_prep_cell(sqe, WN_OP_ESCROW_TAKE, node, cell, user_data);
	sqe->w[0] = n;
}

static inline void wn_prep_escrow_give(struct wn_sqe *sqe, __u64 node, __u64 cell, __u64 n,
				       __u64 user_data)
{
	wn_prep_cell(sqe, WN_OP_ESCROW_GIVE, node, cell, user_data);
	sqe->w[0] = n;
}

static inline void wn_prep_sample(struct wn_sqe *sqe, __u64 node, __u64 cell, __u64 user_data)
{
	wn_prep_cell(sqe, WN_OP_SAMPLE, node, cell, user_data);
}

/* All counters: cursor 0 to begin with, then the result before, until that is 0. */
static inline void wn_prep_sample_all(struct wn_sqe *sqe, __u64 cursor, __u64 user_data)
{
	wn_prep(sqe, WN_OP_SAMPLE, 0, user_data);
	sqe->op_flags = WN_SAMPLE_ALL;
	sqe->w[0] = cursor;
}

/* ---------------------------------------------------------------- digest */

/* To an offset in the arena, with WN_DIGEST_BYTES of room. Result 1: the same again. */
static inline void wn_prep_digest(struct wn_sqe *sqe, __u32 out, __u64 user_data)
{
	wn_prep(sqe, WN_OP_DIGEST, 0, user_data);
	sqe->w[0] = (__u64)WN_DIGEST_BYTES << 32 | out;
}

/* That of a node's subtree which is the same at all replicas; as above. */
static inline void wn_prep_digest_merge(struct wn_sqe *sqe, __u64 node, __u32 out, __u64 user_data)
{
	wn_prep(sqe, WN_OP_DIGEST, node, user_data);
	sqe->op_flags = WN_DIGEST_MERGE;
	sqe->w[0] = (__u64)WN_DIGEST_BYTES << 32 | out;
}

/* ---------------------------------------------------------- capabilities */

/* Below cap, over node; to: 0: this client, else another's number + 1. */
static inline void wn_prep_cap_grant(struct wn_sqe *sqe, void *data, __u16 cap, __u64 node,
				     __u64 to, const struct wn_grant *grant, __u64 user_data)
{
	wn_prep_wide(sqe, WN_OP_CAP_GRANT, node, user_data);
	sqe->cap = cap;
	sqe->arg = to;
	__builtin_memset(data, 0, sizeof(struct wn_sqe));
	__builtin_memcpy(data, grant, sizeof(*grant));
}

/* grant: what CAP_GRANT answered; 0: cap itself is given up. */
static inline void wn_prep_cap_revoke(struct wn_sqe *sqe, __u16 cap, __u64 grant, __u64 user_data)
{
	wn_prep(sqe, WN_OP_CAP_REVOKE, 0, user_data);
	sqe->cap = cap;
	sqe->arg = grant;
}

static inline void wn_prep_cap_read(struct wn_sqe *sqe, __u16 cap, __u64 grant, __u32 out,
				    __u64 user_data)
{
	wn_prep(sqe, WN_OP_CAP_READ, 0, user_data);
	sqe->cap = cap;
	sqe->arg = grant;
	sqe->w[0] = out;
}

/* ---------------------------------------------------------------- events */

/* policy: WN_POLICY_*. */
static inline void wn_prep_bind(struct wn_sqe *sqe, __u64 node, __u32 policy, __u64 user_data)
{
	wn_prep(sqe, WN_OP_BIND, node, user_data);
	sqe->op_flags = WN_BIND_POLICY(policy);
}

static inline void wn_prep_unbind(struct wn_sqe *sqe, __u64 node, __u64 user_data)
{
	wn_prep(sqe, WN_OP_UNBIND, node, user_data);
}

/* To node's reader: a payload type and, in slot two, len bytes, 24 at most (else -EINVAL). */
static inline void wn_prep_emit(struct wn_sqe *sqe, void *data, __u64 node, unsigned int priority,
				__u32 type, const void *bytes, __u8 len, __u64 user_data)
{
	wn_prep_wide(sqe, WN_OP_EMIT, node, user_data);
	sqe->op_flags = WN_EMIT(priority, len);
	sqe->w[0] = type;
	__builtin_memset(data, 0, sizeof(struct wn_sqe));
	if (len && len <= 24)
		__builtin_memcpy(data, bytes, len);
}

/* The same in one slot, with no more than one word. */
static inline void wn_prep_emit_word(struct wn_sqe *sqe, __u64 node, unsigned int priority,
				     __u32 type, __u64 word, __u64 user_data)
{
	wn_prep(sqe, WN_OP_EMIT, node, user_data);
	sqe->op_flags = WN_EMIT(priority, sizeof(word));
	sqe->w[0] = type;
	sqe->w[1] = word;
}

/* To the readers of node's children, all or none: behind one of the two above. */
static inline void wn_sqe_to_children(struct wn_sqe *sqe)
{
	sqe->opcode = WN_OP_EMIT_CHILDREN;
}

/* To the readers of node and of all below it, soon: the same. */
static inline void wn_sqe_to_subtree(struct wn_sqe *sqe)
{
	sqe->opcode = WN_OP_EMIT_SUBTREE;
}

/* What an event, a call or a subscription's events bear to be known by. */
static inline void wn_sqe_trace(struct wn_sqe *sqe, __u64 trace)
{
	sqe->arg = trace;
}

/* ----------------------------------------------------------- work queues */

/* A work queue: its terms, which who made it set, and this client's part in it. */
struct wn_queue {
	__u64 lease;		/* in ns; who comes to one that is there may say 0 */
	__u64 dead;		/* node whose reader gets what nobody acknowledged; with tries */
	__u32 tries;		/* redeliveries, WN_TRIES_MAX at most; 0: for ever */
	__u32 credit;		/* leases at a time, WN_CREDIT_MAX at most; 0: it is made only */
};

static inline void wn_prep_bind_queue(struct wn_sqe *sqe, __u64 node, const struct wn_queue *queue,
				      __u64 user_data)
{
	/* What is too much for its field stays too much: -EINVAL. */
	const __u32 tries = queue->tries <= WN_TRIES_MAX ? queue->tries : 2 * WN_TRIES_MAX;
	const __u32 credit = queue->credit <= WN_CREDIT_MAX ? queue->credit : WN_CREDIT_MAX + 1;

	wn_prep(sqe, WN_OP_BIND, node, user_data);
	sqe->op_flags = WN_BIND_QUEUE | WN_BIND_TRIES(tries) | WN_BIND_CREDIT(credit);
	sqe->w[0] = queue->lease;
	sqe->w[1] = queue->dead;
}

/* The queue goes, once it is empty and nobody consumes. wn_prep_unbind(): only we go. */
static inline void wn_prep_unbind_queue(struct wn_sqe *sqe, __u64 node, __u64 user_data)
{
	wn_prep(sqe, WN_OP_UNBIND, node, user_data);
	sqe->op_flags = WN_UNBIND_QUEUE;
}

/* node and hlc of a WN_EV_LEASE: it is done. */
static inline void wn_prep_ack(struct wn_sqe *sqe, __u64 node, __u64 hlc, __u64 user_data)
{
	wn_prep(sqe, WN_OP_ACK, node, user_data);
	sqe->arg = hlc;
}

/* Another one shall do it. */
static inline void wn_prep_nack(struct wn_sqe *sqe, __u64 node, __u64 hlc, __u64 user_data)
{
	wn_prep(sqe, WN_OP_NACK, node, user_data);
	sqe->arg = hlc;
}

/* --------------------------------------------------------- subscriptions */

/* what: WN_SUB_*. */
static inline void wn_prep_subscribe(struct wn_sqe *sqe, __u64 node, __u32 what, __u64 user_data)
{
	wn_prep(sqe, WN_OP_SUBSCRIBE, node, user_data);
	sqe->op_flags = what;
}

static inline void wn_prep_unsubscribe(struct wn_sqe *sqe, __u64 sub, __u64 user_data)
{
	wn_prep(sqe, WN_OP_UNSUBSCRIBE, 0, user_data);
	sqe->arg = sub;
}

#ifdef __cplusplus
}
#endif

#endif
