// SPDX-License-Identifier: MIT
/* Answers that come in parts. */
#include "internal.h"

#include <string.h>

/* Records that one call asks for: what fits in a small arena, too. */
#define FOUND_MAX	32U
#define FOUND_ROOM	((__u32)(sizeof(struct wn_found) + FOUND_MAX * sizeof(struct wn_node_rec)))
#define LIST_ROOM	8192U

WN_API int wn_query_begin(struct wn *wn, struct wn_query_it *it, __u64 node,
			  const struct wn_filter *filter)
{
	memset(it, 0, sizeof(*it));
	it->wn = wn;
	it->node = node;
	if (filter)
		it->filter = *filter;
	it->err = wn_out_alloc(wn, FOUND_ROOM, &it->out);
	/* Nothing to give back. */
	it->done = !!it->err;
	if (it->err)
		it->wn = NULL;
	return it->err;
}

static void query_more(struct wn_query_it *it)
{
	struct wn_sqe sqe = {}, data;
	const struct wn_found *found = wn_out(it->wn, it->out);
	__s64 res;

	wn_prep_query(&sqe, &data, it->node, &it->filter, it->out, FOUND_MAX, it->cursor,
		      it->until, 0);
	res = wn_do(it->wn, &sqe, &data, NULL);
	it->at = 0;
	it->count = 0;
	if (res < 0) {
		it->err = (__s32)res;
		it->done = 1;
		return;
	}
	it->count = found->count;
	it->cursor = found->cursor;
	it->until = found->until;
	it->done = !found->cursor;
}

WN_API const struct wn_node_rec *wn_query_next(struct wn_query_it *it)
{
	const struct wn_found *found;

	if (!it->wn || !*it->wn->alive)
		return NULL;
	while (it->at == it->count) {
		if (it->done)
			return NULL;
		query_more(it);
	}
	found = wn_out(it->wn, it->out);
	return (const struct wn_node_rec *)(found + 1) + it->at++;
}

WN_API int wn_query_end(struct wn_query_it *it)
{
	if (it->wn)
		wn_out_free(it->wn, it->out, FOUND_ROOM);
	it->wn = NULL;
	it->done = 1;
	return it->err;
}

WN_API int wn_cell_list_begin(struct wn *wn, struct wn_cell_it *it, __u64 node, __u64 cell)
{
	memset(it, 0, sizeof(*it));
	it->wn = wn;
	it->node = node;
	it->cell = cell;
	it->err = wn_out_alloc(wn, LIST_ROOM, &it->out);
	it->done = !!it->err;
	if (it->err)
		it->wn = NULL;
	return it->err;
}

static void list_more(struct wn_cell_it *it)
{
	const struct wn_cell_list *list = wn_out(it->wn, it->out);
	struct wn_sqe sqe = {};
	__s64 res;

	wn_prep_cell_read(&sqe, it->node, it->cell, WN_CELL_READ_LIST, it->out, LIST_ROOM,
			  it->cursor, 0);
	res = wn_do(it->wn, &sqe, NULL, NULL);
	it->at = sizeof(*list);
	it->count = 0;
	if (res < 0) {
		it->err = (__s32)res;
		it->done = 1;
		return;
	}
	it->count = list->count;
	it->cursor = list->cursor;
	it->done = !list->cursor;
}

WN_API const struct wn_cell_item *wn_cell_list_next(struct wn_cell_it *it, const void **key,
						    const void **val)
{
	const struct wn_cell_item *item;
	const char *bytes;

	if (!it->wn || !*it->wn->alive)
		return NULL;
	while (!it->count) {
		if (it->done)
			return NULL;
		list_more(it);
	}
	item = (const void *)((const char *)wn_out(it->wn, it->out) + it->at);
	bytes = (const char *)(item + 1);
	it->at += sizeof(*item) + (((__u32)item->key_len + item->val_len + 7) & ~7U);
	it->count--;
	if (key)
		*key = bytes;
	if (val)
		*val = bytes + item->key_len;
	return item;
}

WN_API int wn_cell_list_end(struct wn_cell_it *it)
{
	if (it->wn)
		wn_out_free(it->wn, it->out, LIST_ROOM);
	it->wn = NULL;
	it->done = 1;
	return it->err;
}
