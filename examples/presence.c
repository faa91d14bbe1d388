// SPDX-License-Identifier: MIT
/*
 * Who is there, known at once, however they go:
 *
 *	presence DOMAIN join NAME	until the input ends, or it is killed
 *	presence DOMAIN watch		who is there, who comes, who goes; until SIGTERM
 *
 * Who joins makes a node that goes when its client dies: nobody has to say goodbye, no
 * heartbeat has to be late. Watchers have a monitor on each, and a subscription for those
 * who come.
 */
#include "board.h"

#include <string.h>
#include <unistd.h>

#define MAX	256

struct watcher {
	struct wn wn;
	__u64 room;
	struct {
		__u64 node;	/* 0: nobody */
		char name[WN_NAME_BYTES];
	} who[MAX];
};

/* Where a node is among those that are watched, of 0 a free place; or -ENOSPC. */
static int place_of(const struct watcher *w, __u64 node)
{
	int i;

	for (i = 0; i < MAX; i++)
		if (w->who[i].node == node)
			return i;
	return -ENOSPC;
}

/* Those who are new: 0 or an error. */
static __s64 look(struct watcher *w)
{
	__u64 nodes[MAX];
	struct wn_node_rec rec;
	int n = wn_children(&w->wn, w->room, nodes, MAX), i, at;
	__s64 res;

	for (i = 0; i < n && i < MAX; i++) {
		if (place_of(w, nodes[i]) >= 0)
			continue;
		at = place_of(w, 0);
		if (at < 0)
			return at;
		/* Who is gone by now was never there. */
		if (wn_node_read(&w->wn, nodes[i], &rec))
			continue;
		res = wn_monitor(&w->wn, nodes[i], 0, 0);
		if (res == -ESTALE)
			continue;
		if (WN_RES_IS_ERROR(res))
			return res;
		w->who[at].node = nodes[i];
		memcpy(w->who[at].name, rec.name, WN_NAME_BYTES);
		board_print(rec.name, WN_NAME_BYTES);
		printf(" is there\n");
	}
	return n < 0 ? n : 0;
}

static __s64 watch(struct watcher *w)
{
	__s64 err = wn_subscribe(&w->wn, w->room, WN_SUB_TREE, 0);
	struct wn_event event;
	int at;

	/* Subscribed before the first look: nobody comes between the two. */
	err = WN_RES_IS_ERROR(err) ? err : look(w);
	while (!err) {
		fflush(stdout);
		err = board_event(&w->wn, &event, WN_ENTER_NO_DEADLINE);
		if (err)
			break;
		at = event.kind == WN_EV_DOWN ? place_of(w, event.node) : -1;
		if (at >= 0) {
			board_print(w->who[at].name, WN_NAME_BYTES);
			printf(" is gone\n");
			w->who[at].node = 0;
		}
		if (event.kind == WN_EV_CHANGE || event.kind == WN_EV_RESCAN)
			err = look(w);
	}
	return err;
}

static __s64 join(struct wn *wn, __u64 room, const char *name)
{
	__s64 node = board_claim(wn, room, name);
	char byte;

	if (WN_RES_IS_ERROR(node))
		return node;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	static struct watcher w;
	__s64 room, err;

	if (!(argc == 4 && !strcmp(argv[2], "join")) && !(argc == 3 && !strcmp(argv[2], "watch"))) {
		fprintf(stderr, "usage: presence DOMAIN join NAME | watch\n");
		return 2;
	}
	err = wn_open(&w.wn, argv[1], NULL);
	if (err)
		return board_fail("presence", argv[1], err);
	room = board_node(&w.wn, 0, "presence");
	w.room = (__u64)room;
	if (WN_RES_IS_ERROR(room))
		err = room;
	else
		err = argc == 4 ? join(&w.wn, w.room, argv[3]) : watch(&w);
	wn_close(&w.wn);
	return err ? board_fail("presence", argv[argc - 1], err) : 0;
}
