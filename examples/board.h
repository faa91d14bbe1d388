/* SPDX-License-Identifier: MIT */
/* What more than one example does: what is found or made, events one by one. */
#ifndef EXAMPLE_BOARD_H
#define EXAMPLE_BOARD_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <wn.h>

/* Say what went wrong, where, and what to do about it: 1, for main() to return. */
static inline int board_fail(const char *program, const char *what, __s64 err)
{
	fprintf(stderr, "%s: %s: %s\n", program, what, wn_strerror((int)err));
	return 1;
}

/* What any program may have written, up to a NUL: no byte of it moves a cursor. */
static inline void board_print(const void *text, size_t len)
{
	const unsigned char *c = (const unsigned char *)text;

	for (; len && *c; len--, c++)
		putchar(*c >= ' ' && *c != 127 ? *c : '?');
}

/* For less than a second; then another try is due: true. */
static inline bool board_nap(long ns)
{
	const struct timespec nap = { .tv_nsec = ns };

	nanosleep(&nap, NULL);
	return true;
}

/* The node of that name, made if it is not there: its handle or an error. */
static inline __s64 board_node(struct wn *wn, __u64 parent, const char *name)
{
	__s64 node = wn_lookup(wn, parent, name);

	if (node == -ENOENT)
		node = wn_create(wn, parent, name);
	/* Somebody was faster. */
	return node == -EEXIST ? wn_lookup(wn, parent, name) : node;
}

/* A node that goes with this client; -EEXIST: somebody has it. Its handle or an error. */
static inline __s64 board_claim(struct wn *wn, __u64 parent, const char *name)
{
	struct wn_sqe sqe = { 0 };
	char data[64];

	wn_prep_create(&sqe, data, parent, name, 0, 0, 0, 0);
	sqe.op_flags |= WN_CREATE_ON_DEATH(WN_DEATH_DESTROY);
	return wn_do(wn, &sqe, data, NULL);
}

/* A node's cell of that id, made if it is not there. */
static inline __s64 board_cell(struct wn *wn, __u64 node, __u64 id, __u8 type)
{
	__s64 cell = wn_cell_find(wn, node, id);

	if (cell == -ENOENT)
		cell = wn_cell_create(wn, node, id, type, 0);
	return cell == -EEXIST ? wn_cell_find(wn, node, id) : cell;
}

/* The next event, a copy. Until the deadline, whatever signals come: 0 or an error. */
static inline int board_event(struct wn *wn, struct wn_event *event, __u64 deadline)
{
	const struct wn_event *at;
	int err;

	do
		err = wn_wait_event(wn, &at, deadline);
	while (err == -EINTR);
	if (!err) {
		*event = *at;
		wn_event_seen(wn);
	}
	return err;
}

#endif
