// SPDX-License-Identifier: MIT
/*
 * Live configuration: who sets a key is done at once, who watches is told.
 *
 *	config DOMAIN set KEY VALUE
 *	config DOMAIN get KEY
 *	config DOMAIN watch		all that is there, then each change, until SIGTERM
 *
 * A key is a node with a register that the last writer wins. A watcher that reads too
 * slowly is never told anything that is not so: it looks up what a key is now, and if it
 * missed too much it is told to look at all of them.
 */
#include "board.h"

#include <string.h>

#define VALUE	1	/* the register's id on its node */
#define IT_IS	(WN_SUB_TREE | WN_SUB_CELLS | WN_SUB_STATE)

/* A key as it is now, or nothing if it has no value (any more): 0 or an error. */
static __s64 show(struct wn *wn, __u64 key)
{
	char value[WN_CELL_BYTES_MAX];
	struct wn_node_rec rec;
	__s64 cell, len;
	int err = wn_node_read(wn, key, &rec);

	if (err)
		return err == -ESTALE ? 0 : err;
	cell = wn_cell_find(wn, key, VALUE);
	if (WN_RES_IS_ERROR(cell))
		return cell == -ENOENT || cell == -ESTALE ? 0 : cell;
	len = wn_lww_read(wn, key, (__u64)cell, value, sizeof(value), NULL);
	if (len <= 0)
		return len == -ESTALE ? 0 : len;
	board_print((const char *)rec.name, sizeof(rec.name));
	printf(" = ");
	board_print(value, (size_t)len);
	putchar('\n');
	return 0;
}

static __s64 show_all(struct wn *wn, __u64 board)
{
	__u64 keys[2000];	/* as many as a node can have */
	int n = wn_children(wn, board, keys, 2000), i;
	__s64 err = n < 0 ? n : 0;

	for (i = 0; !err && i < n; i++)
		err = show(wn, keys[i]);
	return err;
}

static __s64 watch(struct wn *wn, __u64 board)
{
	__s64 err = wn_subscribe(wn, board, IT_IS, 0);
	struct wn_change change;
	struct wn_event event;

	err = WN_RES_IS_ERROR(err) ? err : 0;
	while (!err) {
		err = board_event(wn, &event, WN_ENTER_NO_DEADLINE);
		if (err)
			break;
		memcpy(&change, event.data, sizeof(change));
		if (event.kind == WN_EV_RESCAN)
			err = show_all(wn, board);
		else if (event.kind == WN_EV_CHANGE && change.what & WN_CHANGE_END)
			err = -(__s64)change.error;
		else if (event.kind == WN_EV_CHANGE && change.what & WN_CHANGE_LIVE)
			printf("-- live\n");
		else if (event.kind == WN_EV_CHANGE && event.node != board)
			err = show(wn, event.node);
		fflush(stdout);
	}
	return err;
}

static __s64 set(struct wn *wn, __u64 board, const char *key, const char *value)
{
	__s64 node = board_node(wn, board, key), cell, res;

	if (WN_RES_IS_ERROR(node))
		return node;
	cell = board_cell(wn, (__u64)node, VALUE, WN_CELL_LWW);
	if (WN_RES_IS_ERROR(cell))
		return cell;
	res = wn_cell_put(wn, (__u64)node, (__u64)cell, WN_CELL_SET, NULL, 0, value,
			  (unsigned int)strlen(value));
	return WN_RES_IS_ERROR(res) ? res : 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";
	__s64 board, key, err;
	struct wn wn;

	if (!(argc == 5 && !strcmp(what, "set")) && !(argc == 4 && !strcmp(what, "get")) &&
	    !(argc == 3 && !strcmp(what, "watch"))) {
		fprintf(stderr, "usage: config DOMAIN set KEY VALUE | get KEY | watch\n");
		return 2;
	}
	err = wn_open(&wn, argv[1], NULL);
	if (err)
		return board_fail("config", argv[1], err);
	board = board_node(&wn, 0, "config");
	if (WN_RES_IS_ERROR(board)) {
		err = board;
	} else if (argc == 5) {
		err = set(&wn, (__u64)board, argv[3], argv[4]);
	} else if (argc == 4) {
		key = wn_lookup(&wn, (__u64)board, argv[3]);
		err = WN_RES_IS_ERROR(key) ? key : show(&wn, (__u64)key);
	} else {
		err = watch(&wn, (__u64)board);
	}
	wn_close(&wn);
	return err ? board_fail("config", argc > 3 ? argv[3] : what, err) : 0;
}
