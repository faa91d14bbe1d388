/* SPDX-License-Identifier: MIT */
/*
 * What is typed goes to all who are there, what they type is printed: the same for each kind
 * of event loop. An event has room for 24 bytes: longer lines come in pieces.
 */
#ifndef EXAMPLE_CHAT_H
#define EXAMPLE_CHAT_H

#include "board.h"

#include <string.h>

#define CHAT_PIECE	24

struct chat {
	struct wn wn;
	__u64 room, self;
	size_t len;		/* typed, and not said yet */
	char line[CHAT_PIECE];
};

/* To all of the room: 0 or an error. */
static inline __s64 chat_say(struct chat *c)
{
	struct wn_sqe slots[2] = { 0 };
	__s64 res;

	wn_prep_emit(&slots[0], &slots[1], c->room, 0, 0, c->line, (__u8)c->len, 0);
	wn_sqe_to_children(&slots[0]);
	/* Who says so, for others to look up. It is their word only: a badge would be proof. */
	wn_sqe_trace(&slots[0], c->self);
	res = wn_do(&c->wn, &slots[0], &slots[1], NULL);
	c->len = 0;
	/* Somebody does not read, and nobody was told: no reason to end. */
	if (res == -ENOBUFS)
		board_fail("chat", "not said", res);
	return WN_RES_IS_ERROR(res) && res != -ENOBUFS ? res : 0;
}

/* So many bytes came of the input: 0; -ENODATA: it has ended; an error. */
static inline __s64 chat_typed(struct chat *c, const char *bytes, size_t n)
{
	__s64 err = n ? 0 : -ENODATA;
	size_t i;

	for (i = 0; i < n && !err; i++) {
		if (bytes[i] != '\n')
			c->line[c->len++] = bytes[i];
		if (c->len == CHAT_PIECE || (c->len && bytes[i] == '\n'))
			err = chat_say(c);
	}
	return err;
}

/* All that lies in the inbox: poll tells of it as long as something does. */
static inline void chat_hear(struct chat *c)
{
	const struct wn_event *event;
	struct wn_node_rec who;

	while ((event = wn_peek_event(&c->wn))) {
		if (event->kind == WN_EV_USER && event->trace != c->self) {
			if (wn_node_read(&c->wn, event->trace, &who))
				strcpy((char *)who.name, "somebody");
			board_print(who.name, sizeof(who.name));
			printf(": ");
			board_print(event->data, event->len < CHAT_PIECE ? event->len : CHAT_PIECE);
			putchar('\n');
		}
		wn_event_seen(&c->wn);
	}
	fflush(stdout);
}

/* main(), around a loop that ends with -ENODATA when the input does. */
static inline int chat_run(int argc, char **argv, __s64 (*loop)(struct chat *c))
{
	static struct chat c;
	__s64 err, node;

	if (argc != 3) {
		fprintf(stderr, "usage: chat DOMAIN NAME\n");
		return 2;
	}
	err = wn_open(&c.wn, argv[1], NULL);
	if (err)
		return board_fail("chat", argv[1], err);
	/* An engine in a process has nothing to poll: there a thread waits for events. */
	node = c.wn.fd < 0 ? -EOPNOTSUPP : board_node(&c.wn, 0, "chat");
	c.room = (__u64)node;
	if (!WN_RES_IS_ERROR(node))
		node = board_claim(&c.wn, c.room, argv[2]);
	c.self = (__u64)node;
	err = WN_RES_IS_ERROR(node) ? node : wn_bind(&c.wn, c.self, WN_POLICY_DROP_OLDEST);
	err = err ? err : loop(&c);
	wn_close(&c.wn);
	return err && err != -ENODATA ? board_fail("chat", argv[2], err) : 0;
}

#endif
