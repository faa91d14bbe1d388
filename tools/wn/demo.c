// SPDX-License-Identifier: MIT
#include "demo.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include <wn.h>

#define TASKS	20

enum { OPEN, DOING, DONE };

/* The first error stays. */
static __s64 made(__s64 res, int *err)
{
	if (WN_RES_IS_ERROR(res) && !*err)
		*err = (int)res;
	return WN_RES_IS_ERROR(res) ? 0 : res;
}

static __u64 node(struct wn *wn, __u64 parent, const char *name, __u32 type, int *err)
{
	return (__u64)made(wn_create_as(wn, parent, name, type, 0, 0), err);
}

static __u64 cell(struct wn *wn, __u64 at, __u64 id, __u8 type, __u8 flags, int *err)
{
	return (__u64)made(wn_cell_create(wn, at, id, type, flags), err);
}

/* A cell of each type. */
static void cells(struct wn *wn, __u64 at, int *err)
{
	__u64 c = cell(wn, at, 1, WN_CELL_GCOUNTER, 0, err);

	made(wn_cell_add(wn, at, c, 42), err);
	c = cell(wn, at, 2, WN_CELL_PNCOUNTER, 0, err);
	made(wn_cell_sub(wn, at, c, 7), err);
	c = cell(wn, at, 3, WN_CELL_LWW, 0, err);
	made(wn_cell_put(wn, at, c, WN_CELL_SET, NULL, 0, "green", 5), err);
	c = cell(wn, at, 4, WN_CELL_ORSET, 0, err);
	made(wn_cell_put(wn, at, c, WN_CELL_ADD, "ann", 3, NULL, 0), err);
	made(wn_cell_put(wn, at, c, WN_CELL_ADD, "bob", 3, NULL, 0), err);
	c = cell(wn, at, 5, WN_CELL_ESCROW, 0, err);
	made(wn_cell_add(wn, at, c, 1000), err);
	c = cell(wn, at, 6, WN_CELL_MVREG, 0, err);
	made(wn_cell_put(wn, at, c, WN_CELL_SET, NULL, 0, "v1", 2), err);
	c = cell(wn, at, 7, WN_CELL_EWFLAG, 0, err);
	made(wn_cell_put(wn, at, c, WN_CELL_SET, NULL, 0, NULL, 0), err);
	c = cell(wn, at, 8, WN_CELL_ORMAP, 0, err);
	made(wn_cell_put(wn, at, c, WN_CELL_SET, "colour", 6, "blue", 4), err);
	cell(wn, at, 9, WN_CELL_ORMAP, WN_CELL_F_COUNTS, err);
}

static int fill(struct wn *wn)
{
	__u64 projects, alpha;
	char name[32];
	int err = 0;
	__u32 i;

	projects = node(wn, 0, "projects", 1, &err);
	alpha = node(wn, projects, "alpha", 2, &err);
	node(wn, projects, "beta", 2, &err);
	for (i = 1; i <= TASKS; i++) {
		snprintf(name, sizeof(name), "task-%u", i);
		made(wn_create_as(wn, alpha, name, 3, i % 3, i % 5 ? 0 : 1), &err);
	}
	cells(wn, alpha, &err);
	node(wn, node(wn, 0, "services", 4, &err), "echo", 5, &err);
	return err;
}

/* ------------------------------------------------------------------ live */

struct life {
	struct wn wn;
	__u64 task[TASKS];
	__u64 alpha, counter, echo;
};

static void drain(struct wn *wn)
{
	while (wn_peek_event(wn))
		wn_event_seen(wn);
}

static void *live(void *arg)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	struct life *l = arg;
	__u32 i;

	for (i = 0;; i++) {
		wn_set_state(&l->wn, l->task[i % TASKS], i / TASKS % 3);
		wn_cell_add(&l->wn, l->alpha, l->counter, 1);
		wn_emit(&l->wn, l->echo, 0, i, &i, sizeof(i));
		drain(&l->wn);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static int begin_life(const char *path)
{
	static struct life l;
	pthread_attr_t attr;
	pthread_t thread;
	char name[48];
	int err, i;

	err = wn_open(&l.wn, path, NULL);
	if (err)
		return err;
	l.alpha = (__u64)wn_path_lookup(&l.wn, 0, "/projects/alpha");
	l.echo = (__u64)wn_path_lookup(&l.wn, 0, "/services/echo");
	l.counter = (__u64)wn_cell_find(&l.wn, l.alpha, 1);
	for (i = 0; i < TASKS; i++) {
		snprintf(name, sizeof(name), "/projects/alpha/task-%d", i + 1);
		l.task[i] = (__u64)wn_path_lookup(&l.wn, 0, name);
	}
	err = (int)wn_bind(&l.wn, l.echo, WN_POLICY_DROP_OLDEST);
	if (err < 0)
		return err;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	err = -pthread_create(&thread, &attr, live, &l);
	pthread_attr_destroy(&attr);
	return err;
}

int wn_demo_make(const char *path, bool is_live)
{
	struct wn wn;
	int err = wn_domain_create(path, 0600, NULL);

	if (!err)
		err = wn_open(&wn, path, NULL);
	if (err)
		return err;
	err = fill(&wn);
	wn_close(&wn);
	return err || !is_live ? err : begin_life(path);
}
