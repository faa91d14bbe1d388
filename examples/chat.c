// SPDX-License-Identifier: MIT
/*
 * chat DOMAIN NAME: an event loop by epoll. What is typed goes to all who are there, what
 * they type is printed: the program waits for its input and for its inbox in one place,
 * as it could wait for sockets, timers and children besides.
 *
 * An event has room for 24 bytes: longer lines come in pieces.
 */
#include "board.h"

#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define PIECE	24

struct chat {
	struct wn wn;
	__u64 room, self;
	size_t len;		/* typed, and not said yet */
	char line[PIECE];
};

/* To all of the room: 0 or an error. */
static __s64 say(struct chat *c)
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

/* What can be read of the input: 0; -ENODATA: it has ended; an error. */
static __s64 type(struct chat *c)
{
	char bytes[256];
	const ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));
	__s64 err = 0;
	ssize_t i;

	if (n <= 0)
		return n ? -errno : -ENODATA;
	for (i = 0; i < n && !err; i++) {
		if (bytes[i] != '\n')
			c->line[c->len++] = bytes[i];
		if (c->len == PIECE || (c->len && bytes[i] == '\n'))
			err = say(c);
	}
	return err;
}

/* All that lies in the inbox: poll tells of it as long as something does. */
static void hear(struct chat *c)
{
	const struct wn_event *event;
	struct wn_node_rec who;

	while ((event = wn_peek_event(&c->wn))) {
		if (event->kind == WN_EV_USER && event->trace != c->self) {
			if (wn_node_read(&c->wn, event->trace, &who))
				strcpy((char *)who.name, "somebody");
			board_print(who.name, sizeof(who.name));
			printf(": ");
			board_print(event->data, event->len < PIECE ? event->len : PIECE);
			putchar('\n');
		}
		wn_event_seen(&c->wn);
	}
	fflush(stdout);
}

static __s64 loop(struct chat *c)
{
	struct epoll_event typed = { .events = EPOLLIN, .data.fd = STDIN_FILENO };
	struct epoll_event told = { .events = EPOLLPRI, .data.fd = c->wn.fd }, got;
	int epoll = epoll_create1(EPOLL_CLOEXEC), n;
	__s64 err = 0;

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &typed) ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, c->wn.fd, &told))
		err = -errno;
	while (!err) {
		n = epoll_wait(epoll, &got, 1, -1);
		if (n < 0)
			err = errno == EINTR ? 0 : -errno;
		else if (got.data.fd == STDIN_FILENO)
			err = type(c);
		else if (got.events & EPOLLHUP)
			err = -ESHUTDOWN;
		else
			hear(c);
	}
	close(epoll);
	return err == -ENODATA ? 0 : err;
}

int main(int argc, char **argv)
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
	return err ? board_fail("chat", argv[2], err) : 0;
}
