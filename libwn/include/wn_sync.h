/* SPDX-License-Identifier: MIT */
/*
 * One op and its answer, for those who do not want to know about rings. <wn.h>
 * includes this.
 *
 * Each call submits what was prepared before it (which must not end within a chain
 * or a group), then its own op, and waits for that one alone: completions of others
 * stay where they are. Signals do not end the wait. Beyond the op's own errnos:
 *
 *   -EBUSY      completions fill the ring: read some first
 *   -EAGAIN     no room for submissions
 *   -ENOSPC     no room in an arena (a bound of the domain says the same)
 *   -EOWNERDEAD in a forked child
 *   -ESHUTDOWN  the client is dead
 *
 * Results are a handle, a version or a number where that is said, else 0; a handle
 * may have its top bit set: WN_RES_IS_ERROR() tells what is an error. parent and
 * node: 0 for the root (of a capability other than the first: its node).
 *
 * Threads: as all calls on a client, one at a time.
 */
#ifndef WN_SYNC_H
#define WN_SYNC_H

#include <linux/worknode.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wn;

/*
 * Any op: sqe as wn_prep_* fills it (zeroed before), data: its second slot or NULL.
 * user_data is the library's. *cqe, unless NULL: the whole completion. With
 * wn_sqe_idem() the same may be done again after any error, and is done once.
 */
__s64 wn_do(struct wn *wn, const struct wn_sqe *sqe, const void *data, struct wn_cqe *cqe);

/*
 * Several ops, all of them or none: slots as they would lie in the ring, a wide op in two,
 * each op as for wn_do(); n slots, of which a ring has room for. 0, or what went wrong
 * with the one op that did. *cqes, unless NULL: a completion for each op.
 */
__s64 wn_do_group(struct wn *wn, const struct wn_sqe *slots, unsigned int n, struct wn_cqe *cqes);

/* Nodes. Handle; 0; version; version. */
__s64 wn_create(struct wn *wn, __u64 parent, const char *name);
__s64 wn_create_as(struct wn *wn, __u64 parent, const char *name, __u32 type, __u32 state,
		   __u64 tags);
__s64 wn_destroy(struct wn *wn, __u64 node);
__s64 wn_move(struct wn *wn, __u64 node, __u64 parent);
__s64 wn_rename(struct wn *wn, __u64 node, const char *name);

/* One part of a node. Its version. */
__s64 wn_set_type(struct wn *wn, __u64 node, __u32 type);
__s64 wn_set_state(struct wn *wn, __u64 node, __u32 state);
__s64 wn_set_tags(struct wn *wn, __u64 node, __u64 tags);
__s64 wn_set_word(struct wn *wn, __u64 node, unsigned int n, __u64 value);

/* By the engine: the handle of a child. wn_lookup() does without it. */
__s64 wn_find(struct wn *wn, __u64 parent, const char *name);

/* Cells. Handle; 0; versions. */
__s64 wn_cell_create(struct wn *wn, __u64 node, __u64 id, __u8 type, __u8 flags);
__s64 wn_cell_destroy(struct wn *wn, __u64 node, __u64 cell);
__s64 wn_cell_add(struct wn *wn, __u64 node, __u64 cell, __u64 n);
__s64 wn_cell_sub(struct wn *wn, __u64 node, __u64 cell, __u64 n);

/*
 * With a key, a value or both, up to WN_CELL_BYTES_MAX bytes together: how is
 * WN_CELL_ADD (orset), WN_CELL_SET (lww, mvreg, ewflag, ormap), WN_CELL_REMOVE.
 * Those that are not there are NULL with length 0. Version.
 */
__s64 wn_cell_put(struct wn *wn, __u64 node, __u64 cell, __u32 how, const void *key,
		  unsigned int key_len, const void *val, unsigned int val_len);

/* The value at a key: its length, of which at most size bytes are stored. -ENOENT. */
__s64 wn_cell_get(struct wn *wn, __u64 node, __u64 cell, const void *key, unsigned int key_len,
		  void *val, unsigned int size);

/* Whether a key is in a set or map: 1, 0 or an error. */
__s64 wn_cell_has(struct wn *wn, __u64 node, __u64 cell, const void *key, unsigned int key_len);

/* escrow: rights that could be spent here and now. */
__s64 wn_cell_rights(struct wn *wn, __u64 node, __u64 cell);

/* Events: read those of a node (policy: WN_POLICY_*); send to its reader, up to 24 bytes. */
__s64 wn_bind(struct wn *wn, __u64 node, __u32 policy);
__s64 wn_unbind(struct wn *wn, __u64 node);
__s64 wn_emit(struct wn *wn, __u64 node, unsigned int priority, __u32 type, const void *bytes,
	      unsigned int len);
/* To the readers of all children, or none: how many. */
__s64 wn_emit_children(struct wn *wn, __u64 node, unsigned int priority, __u32 type,
		       const void *bytes, unsigned int len);
/* To the readers of node and of all below it, soon: a promise's handle. */
__s64 wn_emit_subtree(struct wn *wn, __u64 node, unsigned int priority, __u32 type,
		      const void *bytes, unsigned int len);

/*
 * Work queues: take part in node's, which is made if there is none; remove it. What
 * came by WN_EV_LEASE is done, or shall be done by another: node and hlc as there.
 */
__s64 wn_bind_queue(struct wn *wn, __u64 node, const struct wn_queue *queue);
__s64 wn_unbind_queue(struct wn *wn, __u64 node);
__s64 wn_ack(struct wn *wn, __u64 node, __u64 hlc);
__s64 wn_nack(struct wn *wn, __u64 node, __u64 hlc);

/* Be told of changes of node and below it: what is WN_SUB_*. The subscription's handle. */
__s64 wn_subscribe(struct wn *wn, __u64 node, __u32 what, __u64 trace);
__s64 wn_unsubscribe(struct wn *wn, __u64 sub);

/*
 * Capabilities: hand on a part of what cap allows, over node and below it. to: 0: this
 * client's table, else another's number + 1. The grant's handle; *index, unless NULL:
 * where it lies in the table, for wn_sqe_cap(). Revoking takes all that came of it.
 */
__s64 wn_cap_grant(struct wn *wn, __u16 cap, __u64 node, __u64 to, const struct wn_grant *grant,
		   __u32 *index);
/*
 * A grant to be made, as an fd that can be passed on, for so many uses: the fd, or -errno.
 * Who redeems it into a client of the domain: the handle; index as above. EBADF, EXDEV,
 * ENOKEY, EKEYREVOKED: see WN_IOC_CAP_REDEEM. Not in the embedded engine (ENOTTY).
 */
int wn_cap_export(struct wn *wn, __u16 cap, __u64 node, const struct wn_grant *grant, __u32 uses);
__s64 wn_cap_redeem(struct wn *wn, int fd, __u32 *index);
__s64 wn_cap_revoke(struct wn *wn, __u16 cap, __u64 grant);
int wn_cap_read(struct wn *wn, __u16 cap, __u64 grant, struct wn_cap_info *info);

/*
 * Tokens: capabilities as 64 bytes that can be sent and kept. n: WN_TOKENS_MAX at most, at
 * once. make: n or an error, and there are none. redeem: how many are good; of each
 * got->res is a handle or -errno. epoch: the newest key's number, *good, unless NULL, the
 * oldest's that is good; flags: WN_EPOCH_NEXT; oldest: 0: as it is.
 */
int wn_token_make(struct wn *wn, __u16 cap, const struct wn_token_ask *asks, unsigned int n,
		  struct wn_token *tokens);
int wn_token_redeem(struct wn *wn, const struct wn_token *tokens, unsigned int n,
		    struct wn_token_got *got);
__s64 wn_token_epoch(struct wn *wn, __u16 cap, __u32 flags, __u32 oldest, __u32 *good);

/*
 * What the slots of a counter hold becomes the cell's: its version; of all counters: 0.
 * The digest of the domain's state, in which what lies in slots has no part: 0.
 */
__s64 wn_sample(struct wn *wn, __u64 node, __u64 cell);
__s64 wn_sample_all(struct wn *wn);
int wn_digest(struct wn *wn, __u8 digest[WN_DIGEST_BYTES]);

/* The digest of a node's subtree that replicas compare. */
int wn_digest_merge(struct wn *wn, __u64 node, __u8 digest[WN_DIGEST_BYTES]);

/* ------------------------------------------------------------ iteration */

/*
 * The nodes below one that pass a filter:
 *
 *	wn_query_begin(wn, &it, node, &filter);
 *	while ((rec = wn_query_next(&it)))
 *		...
 *	err = wn_query_end(&it);
 *
 * A record is good until the next call. it.until, at the end, is what to ask for
 * changes since the next time (WN_FILTER_SINCE). begin takes room in the arena that
 * end gives back; after an error in begin both others may be called.
 */
struct wn_query_it {
	struct wn *wn;
	__u64 node;
	struct wn_filter filter;
	__u64 cursor;
	__u64 until;
	__u32 out;		/* the library's, as all below */
	__u32 count;
	__u32 at;
	__s32 err;
	__u32 done;
	__u32 reserved;
};

int wn_query_begin(struct wn *wn, struct wn_query_it *it, __u64 node,
		   const struct wn_filter *filter);
const struct wn_node_rec *wn_query_next(struct wn_query_it *it);
int wn_query_end(struct wn_query_it *it);

/* The keys of a set or map, the values of an mvreg: the same way. */
struct wn_cell_it {
	struct wn *wn;
	__u64 node;
	__u64 cell;
	__u64 cursor;
	__u32 out;		/* the library's, as all below */
	__u32 room;
	__u32 count;
	__u32 at;
	__s32 err;
	__u32 done;
};

int wn_cell_list_begin(struct wn *wn, struct wn_cell_it *it, __u64 node, __u64 cell);
/* The item; *key and *val, unless NULL: where its bytes lie. */
const struct wn_cell_item *wn_cell_list_next(struct wn_cell_it *it, const void **key,
					     const void **val);
int wn_cell_list_end(struct wn_cell_it *it);

/* ---------------------------------------------------------- replication */

/* What is known of each replica's changes: bytes, at most size stored. */
__s64 wn_vector(struct wn *wn, __u64 node, __u64 cell, void *vector, unsigned int size);

/*
 * What those who know vector (NULL with 0 bytes: nothing) do not: bytes stored, of
 * at most size, which is WN_DELTA_BYTES_MAX or less. *cursor: 0 to begin with; when
 * it is 0 again that was all. -ENOBUFS: size is too small for the next piece.
 */
__s64 wn_delta(struct wn *wn, __u64 node, __u64 cell, const void *vector,
	       unsigned int vector_bytes, void *delta, unsigned int size, __u64 *cursor);

/* Join one, whole. 0. */
__s64 wn_merge(struct wn *wn, __u64 node, __u64 cell, const void *delta, unsigned int bytes);

#ifdef __cplusplus
}
#endif

#endif
