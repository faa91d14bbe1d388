/* SPDX-License-Identifier: MIT */
/*
 * What the processes of taskboard.c share beside the domain: notes, in plain memory, of what
 * each was about to do and of what was acknowledged. They are the demo's witness; the board
 * itself needs none of them.
 */
#ifndef EXAMPLE_TASKBOARD_H
#define EXAMPLE_TASKBOARD_H

#include "board.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WORKERS		4U
#define LISTS		2U	/* of each worker: a node has 2,000 children at most */
#define NODES		16384

enum { NOTHING, CREATE, UPDATE, DELETE };

struct task {
	__u64 node, value;	/* as acknowledged */
	__u64 next;		/* what is asked for */
	__u32 exists;
	__u32 asked;		/* atomic: what lies between the two */
};

struct worker {
	__u32 number, tasks, ops, limit;
	__u32 done;		/* atomic: acknowledged */
	__u32 in_flight;	/* ops that the killed one never heard of; and that were done */
	__u32 applied;
	__u32 late[5];
	__u64 kinds[4], seed;
	__u64 lists[LISTS];
	const char *path;
	__u32 *ns;		/* of each op */
	struct task *task;
};

static inline __u64 board_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * 1000000000 + (__u64)ts.tv_nsec;
}

static inline __u32 board_random(struct worker *w, __u32 below)
{
	w->seed = w->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (__u32)(w->seed >> 33) % below;
}

static inline void task_name(char name[16], __u32 n)
{
	snprintf(name, 16, "task-%u", n);
}

/* What the board has of a task: its handle, 0: it is not there. *value: what it says. */
static inline __u64 task_look(struct wn *wn, const struct worker *w, __u32 n, __u64 *value)
{
	struct wn_node_rec rec;
	char name[16];
	__s64 node;

	task_name(name, n);
	node = wn_lookup(wn, w->lists[n % LISTS], name);
	if (WN_RES_IS_ERROR(node) || wn_node_read(wn, (__u64)node, &rec))
		return 0;
	*value = rec.user[0];
	return (__u64)node;
}

/* Note, do, note: who is killed between the two leaves one task of which either may be so. */
static inline __s64 task_do(struct wn *wn, struct worker *w, __u32 n, __u32 what, __u64 value)
{
	struct task *t = &w->task[n];
	struct wn_sqe sqe = { 0 };
	char name[16], data[64];
	__s64 res;

	t->next = value;
	__atomic_store_n(&t->asked, what, __ATOMIC_RELEASE);
	task_name(name, n);
	if (what == CREATE) {
		wn_prep_create(&sqe, data, w->lists[n % LISTS], name, 0, 0, 0, 0);
		res = wn_do(wn, &sqe, data, NULL);
	} else {
		res = what == DELETE ? wn_destroy(wn, t->node) : wn_set_word(wn, t->node, 0, value);
	}
	if (WN_RES_IS_ERROR(res))
		return res;
	if (what == CREATE)
		t->node = (__u64)res;
	t->value = what == UPDATE ? value : 0;
	t->exists = what != DELETE;
	__atomic_store_n(&t->asked, NOTHING, __ATOMIC_RELEASE);
	return 0;
}

/* A page of the tasks that say what this one does: how many, or an error. */
static inline __s64 task_query(struct wn *wn, struct worker *w)
{
	const struct wn_filter filter = { .flags = WN_FILTER_PREFIX, .prefix = "task-1" };
	struct wn_query_it it;
	int n = 0, err = wn_query_begin(wn, &it, w->lists[0], &filter);

	while (!err && n < 20 && wn_query_next(&it))
		n++;
	err = err ? err : wn_query_end(&it);
	return err ? err : n;
}

/* One op at random, of what can be done with that task. */
static inline __s64 task_any(struct wn *wn, struct worker *w)
{
	const __u32 n = board_random(w, w->tasks), what = board_random(w, 10);
	__u32 kind = UPDATE;
	__s64 res;

	if (what < 2) {
		kind = NOTHING;
		res = task_query(wn, w);
	} else if (!w->task[n].exists) {
		kind = CREATE;
		res = task_do(wn, w, n, CREATE, 0);
	} else if (what < 4) {
		kind = DELETE;
		res = task_do(wn, w, n, DELETE, 0);
	} else {
		res = task_do(wn, w, n, UPDATE, w->seed);
	}
	w->kinds[kind]++;
	return res;
}

/* Whoever takes the place of one that was killed finds out what became of its last op. */
static inline void task_settle(struct wn *wn, struct worker *w)
{
	__u64 value = 0, node;
	__u32 n;

	for (n = 0; n < w->tasks; n++) {
		struct task *t = &w->task[n];

		if (!t->asked)
			continue;
		w->in_flight++;
		node = task_look(wn, w, n, &value);
		if (t->asked == UPDATE ? node && value == t->next : !node == (t->asked == DELETE))
			w->applied++;
		t->node = node;
		t->exists = !!node;
		t->value = value;
		t->asked = NOTHING;
	}
}

static inline int worker_run(struct worker *w)
{
	struct wn wn;
	__u64 began;
	__s64 res = wn_open(&wn, w->path, NULL);

	if (res)
		return board_fail("taskboard", "open", res);
	task_settle(&wn, w);
	while (!res && w->done < w->limit) {
		began = board_now();
		res = task_any(&wn, w);
		if (WN_RES_IS_ERROR(res))
			return board_fail("taskboard", "op", res);
		res = 0;
		w->ns[w->done] = (__u32)(board_now() - began);
		__atomic_store_n(&w->done, w->done + 1, __ATOMIC_RELEASE);
	}
	/* It is to be killed, at whatever it does. */
	while (w->limit < w->ops)
		res = task_query(&wn, w);
	wn_close(&wn);
	return 0;
}

#endif
