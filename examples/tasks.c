// SPDX-License-Identifier: MIT
/*
 * tasks DOMAIN [NR]: a board of tasks, by the calls that wait. Tasks are nodes
 * below "tasks"; a state says how far each is, a tag how urgent. Any process that
 * opens the domain sees and changes the same board.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"

enum { OPEN, DOING, DONE };

#define URGENT	1ULL

/*
 * Take a task: from open to doing, if nobody else took it since we looked. The
 * version makes it so without a lock: -EAGAIN means that somebody did.
 */
static __s64 take(struct wn *wn, __u64 task)
{
	struct wn_node_rec rec;
	struct wn_sqe sqe;
	int err = wn_node_read(wn, task, &rec);

	if (err || rec.state != OPEN)
		return err ? err : -EBUSY;
	memset(&sqe, 0, sizeof(sqe));
	wn_prep_set_state(&sqe, task, DOING, 0);
	wn_sqe_if_version(&sqe, rec.version);
	return wn_do(wn, &sqe, NULL, NULL);
}

static int count(struct wn *wn, __u64 board, const struct wn_filter *filter)
{
	struct wn_query_it it;
	int n = 0, err = wn_query_begin(wn, &it, board, filter);

	while (!err && wn_query_next(&it))
		n++;
	err = wn_query_end(&it);
	return err ? err : n;
}

int main(int argc, char **argv)
{
	const struct wn_filter urgent = {
		.flags = WN_FILTER_STATE | WN_FILTER_TAGS, .state = OPEN,
		.tags_mask = URGENT, .tags_value = URGENT,
	};
	const struct wn_filter doing = { .flags = WN_FILTER_STATE, .state = DOING };
	unsigned int nr = argc > 2 ? (unsigned int)atoi(argv[2]) : 10, i;
	__s64 board, task = 0, res;
	struct wn_node_rec rec;
	char name[32];
	struct wn wn;
	int err;

	if (argc < 2) {
		fprintf(stderr, "usage: tasks DOMAIN [NR]\n");
		return 2;
	}
	err = wn_open(&wn, argv[1], NULL);
	if (err)
		return board_fail("tasks", argv[1], err);
	board = board_node(&wn, 0, "tasks");
	if (WN_RES_IS_ERROR(board))
		return board_fail("tasks", "tasks", board);
	for (i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "task-%u", i);
		task = wn_create_as(&wn, (__u64)board, name, 0, OPEN, i % 3 ? 0 : URGENT);
		if (WN_RES_IS_ERROR(task))
			return board_fail("tasks", name, task);
	}
	res = take(&wn, (__u64)task);
	if (WN_RES_IS_ERROR(res))
		return board_fail("tasks", "take", res);
	if (take(&wn, (__u64)task) != -EBUSY)
		return board_fail("tasks", "taken twice", 0);
	err = wn_node_read(&wn, (__u64)task, &rec);
	if (err)
		return board_fail("tasks", "read", err);
	printf("%s: state %u, version %llu, last change %llu ms after it was made\n", rec.name,
	       rec.state, (unsigned long long)rec.version,
	       (unsigned long long)(wn_hlc_ms(rec.hlc) - wn_hlc_ms(rec.created)));
	if (wn.out.bytes)
		printf("%d urgent and open, %d being done\n", count(&wn, (__u64)board, &urgent),
		       count(&wn, (__u64)board, &doing));
	wn_close(&wn);
	return 0;
}
