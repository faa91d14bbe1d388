// SPDX-License-Identifier: MIT
/* Ops on nodes, each with its answer. */
#include "internal.h"

WN_API __s64 wn_create_as(struct wn *wn, __u64 parent, const char *name, __u32 type, __u32 state,
			  __u64 tags)
{
	struct wn_sqe sqe = {}, data;

	wn_prep_create(&sqe, &data, parent, name, type, state, tags, 0);
	return wn_do(wn, &sqe, &data, NULL);
}

WN_API __s64 wn_create(struct wn *wn, __u64 parent, const char *name)
{
	return wn_create_as(wn, parent, name, 0, 0, 0);
}

WN_API __s64 wn_destroy(struct wn *wn, __u64 node)
{
	struct wn_sqe sqe = {};

	wn_prep_destroy(&sqe, node, 0, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API __s64 wn_move(struct wn *wn, __u64 node, __u64 parent)
{
	struct wn_sqe sqe = {};

	wn_prep_move(&sqe, node, parent, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API __s64 wn_rename(struct wn *wn, __u64 node, const char *name)
{
	struct wn_sqe sqe = {}, data;

	wn_prep_rename(&sqe, &data, node, name, 0);
	return wn_do(wn, &sqe, &data, NULL);
}

WN_API __s64 wn_set_type(struct wn *wn, __u64 node, __u32 type)
{
	struct wn_sqe sqe = {};

	wn_prep_set_type(&sqe, node, type, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API __s64 wn_set_state(struct wn *wn, __u64 node, __u32 state)
{
	struct wn_sqe sqe = {};

	wn_prep_set_state(&sqe, node, state, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API __s64 wn_set_tags(struct wn *wn, __u64 node, __u64 tags)
{
	struct wn_sqe sqe = {};

	wn_prep_set_tags(&sqe, node, WN_SET_TAGS, tags, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API __s64 wn_set_word(struct wn *wn, __u64 node, unsigned int n, __u64 value)
{
	struct wn_sqe sqe = {};

	wn_prep_set_word(&sqe, node, n, value, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

WN_API __s64 wn_find(struct wn *wn, __u64 parent, const char *name)
{
	struct wn_sqe sqe = {}, data;

	wn_prep_lookup(&sqe, &data, parent, name, 0);
	return wn_do(wn, &sqe, &data, NULL);
}
