/* SPDX-License-Identifier: MIT */
/*
 * What is owed, written as naively as it can be: one array of promises, gone through from
 * one end to the other at each event that may end some. Time is in whole ticks of the wheel,
 * and all that is owed is delivered before the next step, so what somebody gets in a step is
 * a set: nothing else waits.
 */
#ifndef WN_UNIT_MODEL_PROMISE_H
#define WN_UNIT_MODEL_PROMISE_H

#include "world.h"

#define OWED_CLIENTS	3
#define OWED_NODES	6
#define OWED_MOST	20	/* bounds.timers */
#define OWED_EVENTS	64	/* to one client in one step */

enum owed_kind { OWED_NONE, OWED_TIMER, OWED_EMIT, OWED_CALL, OWED_MONITOR, OWED_LINK };

struct owed {
	enum owed_kind kind;
	u32 client;
	int peer;		/* client whose end ends it, or -1 */
	int node, other;	/* other: the second node of a link */
	u64 handle;
	u64 due, period;
	bool mine;
	struct wn_event event;	/* as it was asked for: trace, type, priority, payload */
};

struct owed_node {
	u64 handle;		/* 0: none */
	int reader, owner;	/* -1: nobody who lives */
};

struct model_promise {
	u64 now;
	bool open[OWED_CLIENTS];
	u32 rights[OWED_CLIENTS];
	struct owed_node nodes[OWED_NODES];
	struct owed at[OWED_MOST];
	struct wn_event got[OWED_CLIENTS][OWED_EVENTS];	/* in this step; hlc is 0 */
	u32 nr_got[OWED_CLIENTS];
};

/* Nothing came yet in this step. */
void owed_begin(struct model_promise *m);

/*
 * What an op answers: 0 for those that are named by a handle: *new says where it is to
 * be written.
 */
s64 owed_timer(struct model_promise *m, u32 client, int node, const struct wn_sqe *sqe,
	       struct owed **new);
s64 owed_emit_at(struct model_promise *m, u32 client, int node, const struct wn_sqe *sqe,
		 const void *data, struct owed **new);
s64 owed_call(struct model_promise *m, u32 client, int node, const struct wn_sqe *sqe,
	      const void *data, struct owed **new);
s64 owed_monitor(struct model_promise *m, u32 client, int node, const struct wn_sqe *sqe,
		 struct owed **new);
s64 owed_link(struct model_promise *m, u32 client, int node, int other, struct owed **new);
s64 owed_reply(struct model_promise *m, u32 client, const struct wn_sqe *sqe, const void *data);
s64 owed_cancel(struct model_promise *m, u32 client, u64 handle);
s64 owed_demonitor(struct model_promise *m, u32 client, u64 handle);

/* A new call comes to who answers, once its handle is known. */
void owed_ask(struct model_promise *m, const struct owed *call);

void owed_time(struct model_promise *m, u64 now);
void owed_destroy(struct model_promise *m, int node);
void owed_close(struct model_promise *m, u32 client);

/* How many are owed, of one client or (-1) of all. */
u32 owed_count(const struct model_promise *m, int client);

#endif
