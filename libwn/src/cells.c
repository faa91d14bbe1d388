// SPDX-License-Identifier: MIT
/* Ops on cells, each with its answer. */
#include "cells.h"

#include <string.h>

#include "arena.h"

WN_API __s64 wn_cell_create(struct wn *wn, __u64 node, __u64 id, __u8 type, __u8 flags)
{
	struct wn_sqe sqe = {};

	wn_prep_cell_create(&sqe, node, id, type, flags, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API __s64 wn_cell_destroy(struct wn *wn, __u64 node, __u64 cell)
{
	struct wn_sqe sqe = {};

	wn_prep_cell_destroy(&sqe, node, cell, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

static __s64 count(struct wn *wn, __u64 node, __u64 cell, __u32 how, __u64 n)
{
	struct wn_sqe sqe = {};

	wn_prep_cell_count(&sqe, node, cell, how, n, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API __s64 wn_cell_add(struct wn *wn, __u64 node, __u64 cell, __u64 n)
{
	return count(wn, node, cell, WN_CELL_ADD, n);
}

WN_API __s64 wn_cell_sub(struct wn *wn, __u64 node, __u64 cell, __u64 n)
{
	return count(wn, node, cell, WN_CELL_SUB, n);
}

WN_API __s64 wn_cell_rights(struct wn *wn, __u64 node, __u64 cell)
{
	struct wn_sqe sqe = {};

	wn_prep_cell_read(&sqe, node, cell, WN_CELL_READ_RIGHTS, 0, 0, 0, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

/*
 * Do an op whose key and value are too long for its second slot: in the arena, and
 * free again when it is done, for the engine has its own copy then.
 */
static __s64 do_bulk(struct wn *wn, struct wn_sqe *sqe, const void *key, unsigned int key_len,
		     const void *val, unsigned int val_len)
{
	__u32 in;
	__s64 res = wn_in_alloc(wn, key_len + val_len, &in);

	if (res)
		return res;
	if (key_len)
		memcpy(wn_in(wn, in), key, key_len);
	if (val_len)
		memcpy((char *)wn_in(wn, in) + key_len, val, val_len);
	sqe->w[1] = WN_CELL_ITEM(key_len, val_len, in);
	res = wn_do(wn, sqe, NULL, NULL);
	wn_in_free(wn, in, key_len + val_len);
	return res;
}

static __s64 do_item(struct wn *wn, struct wn_sqe *sqe, const void *key, unsigned int key_len,
		     const void *val, unsigned int val_len)
{
	struct wn_sqe data;

	if (key_len > WN_CELL_BYTES_MAX || val_len > WN_CELL_BYTES_MAX - key_len)
		return -E2BIG;
	if (key_len + val_len > sizeof(data))
		return do_bulk(wn, sqe, key, key_len, val, val_len);
	wn_sqe_item(sqe, &data, key, (__u16)key_len, val, (__u16)val_len);
	return wn_do(wn, sqe, &data, NULL);
}

WN_API __s64 wn_cell_put(struct wn *wn, __u64 node, __u64 cell, __u32 how, const void *key,
			 unsigned int key_len, const void *val, unsigned int val_len)
{
	struct wn_sqe sqe = {};

	wn_prep_cell_count(&sqe, node, cell, how, 0, 0);
	return do_item(wn, &sqe, key, key_len, val, val_len);
}

#define ITEM_ROOM (sizeof(struct wn_cell_item) + WN_CELL_BYTES_MAX)

WN_API __s64 wn_cell_get(struct wn *wn, __u64 node, __u64 cell, const void *key,
			 unsigned int key_len, void *val, unsigned int size)
{
	const struct wn_cell_item *item;
	struct wn_sqe sqe = {};
	__u32 out;
	__s64 res = wn_out_alloc(wn, ITEM_ROOM, &out);

	if (res)
		return res;
	wn_prep_cell_read(&sqe, node, cell, WN_CELL_READ_KEY, out, ITEM_ROOM, 0, 0);
	res = do_item(wn, &sqe, key, key_len, NULL, 0);
	if (res == 1) {
		item = wn_out(wn, out);
		res = item->val_len;
		if (res && size)
			memcpy(val, (const char *)(item + 1) + item->key_len,
			       size < item->val_len ? size : item->val_len);
	}
	wn_out_free(wn, out, ITEM_ROOM);
	return res;
}

WN_API __s64 wn_cell_has(struct wn *wn, __u64 node, __u64 cell, const void *key,
			 unsigned int key_len)
{
	__s64 res = wn_cell_get(wn, node, cell, key, key_len, NULL, 0);

	return res == -ENOENT ? 0 : res < 0 ? res : 1;
}

__s64 wn_cell_fetch(struct wn *wn, __u64 node, __u64 cell, __u32 what, void *to,
		    unsigned int size, unsigned int room)
{
	struct wn_sqe sqe = {};
	__u32 out;
	__s64 res = wn_out_alloc(wn, room, &out);

	if (res)
		return res;
	wn_prep_cell_read(&sqe, node, cell, what, out, room, 0, 0);
	res = wn_do(wn, &sqe, NULL, NULL);
	if (res > 0)
		memcpy(to, wn_out(wn, out), size < res ? size : (unsigned int)res);
	wn_out_free(wn, out, room);
	return res;
}

/* ---------------------------------------------------------- replication */

/* Bytes of the longest vector: a count, then two numbers for each of the most replicas. */
#define VECTOR_ROOM 2048

WN_API __s64 wn_vector(struct wn *wn, __u64 node, __u64 cell, void *vector, unsigned int size)
{
	return wn_cell_fetch(wn, node, cell, WN_CELL_READ_VECTOR, vector, size, VECTOR_ROOM);
}

/* Put bytes into the arena for the time of an op. */
static __s64 lend(struct wn *wn, const void *bytes, unsigned int n, __u32 *in)
{
	int err = wn_in_alloc(wn, n, in);

	if (!err && n)
		memcpy(wn_in(wn, *in), bytes, n);
	return err;
}

WN_API __s64 wn_delta(struct wn *wn, __u64 node, __u64 cell, const void *vector,
		      unsigned int vector_bytes, void *delta, unsigned int size, __u64 *cursor)
{
	const __u32 room = sizeof(struct wn_cell_told) + size;
	const struct wn_cell_told *told;
	struct wn_sqe sqe = {};
	__u32 out, in;
	__s64 res;

	if (size > WN_DELTA_BYTES_MAX || vector_bytes > WN_DELTA_BYTES_MAX)
		return -E2BIG;
	res = wn_out_alloc(wn, room, &out);
	if (res)
		return res;
	res = lend(wn, vector, vector_bytes, &in);
	if (res)
		goto out;
	wn_prep_delta(&sqe, node, cell, out, room, *cursor, in, vector_bytes, 0);
	res = wn_do(wn, &sqe, NULL, NULL);
	if (res >= 0) {
		told = wn_out(wn, out);
		res = told->bytes;
		memcpy(delta, told + 1, told->bytes);
		*cursor = told->cursor;
	}
	wn_in_free(wn, in, vector_bytes);
out:
	wn_out_free(wn, out, room);
	return res;
}

WN_API __s64 wn_merge(struct wn *wn, __u64 node, __u64 cell, const void *delta,
		      unsigned int bytes)
{
	struct wn_sqe sqe = {};
	__u32 in;
	__s64 res;

	if (bytes > WN_DELTA_BYTES_MAX)
		return -E2BIG;
	res = lend(wn, delta, bytes, &in);
	if (res)
		return res;
	wn_prep_merge(&sqe, node, cell, in, bytes, 0);
	/* A part a call; each makes progress, so it ends. */
	do
		res = wn_do(wn, &sqe, NULL, NULL);
	while (res == 1);
	wn_in_free(wn, in, bytes);
	return res;
}
