/* SPDX-License-Identifier: MIT */
/*
 * An event loop: a handler for each node whose events this client reads, one event
 * at a time, so that what a handler keeps needs no lock ("actors"). <wn.h> includes
 * this.
 *
 *	wn_loop_init(&loop, &wn);
 *	wn_loop_add(&loop, &actor);	actor.node, .handle and .arg are set
 *	wn_bind(&wn, actor.node, WN_POLICY_FAIL);
 *	err = wn_loop_run(&loop);	until wn_loop_stop() or an error
 *
 * Memory of actors is the program's, and stays where it is while it is added. A
 * handler may do all that a program may do with the client, also add and remove
 * actors, itself too, but not run the loop.
 *
 * Threads: a loop belongs to its client's thread; only wn_loop_stop() may come from
 * another or from a signal handler, and is seen when the wait ends next.
 */
#ifndef WN_LOOP_H
#define WN_LOOP_H

#include <linux/worknode.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wn;
struct wn_loop;
struct wn_actor;

/* Below zero: wn_loop_run() ends with it. Event and completion are copies, good until it returns. */
typedef int wn_event_fn(struct wn_loop *loop, struct wn_actor *actor,
			const struct wn_event *event);
typedef int wn_cqe_fn(struct wn_loop *loop, const struct wn_cqe *cqe, void *arg);

struct wn_actor {
	__u64 node;		/* a handle */
	wn_event_fn *handle;
	void *arg;		/* the program's */
	struct wn_actor *next;	/* the loop's */
};

#define WN_LOOP_BUCKETS	64

struct wn_loop {
	struct wn *wn;
	void *arg;		/* the program's */
	wn_event_fn *other;	/* events of nodes without an actor (then actor is NULL); NULL: dropped */
	wn_cqe_fn *completed;	/* completions; NULL: they are dropped */
	void *completed_arg;
	__u64 dropped;		/* events and completions that nobody took */
	__u32 stop;		/* the loop's, as all below */
	__u32 reserved;
	struct wn_actor *actors[WN_LOOP_BUCKETS];
};

void wn_loop_init(struct wn_loop *loop, struct wn *wn);

/* -EINVAL: no handler, no node; -EEXIST: the node has one; -ENOENT: it has none. */
int wn_loop_add(struct wn_loop *loop, struct wn_actor *actor);
int wn_loop_remove(struct wn_loop *loop, struct wn_actor *actor);

/*
 * All that lies there, once, after a wait until the deadline if that is nothing: how
 * many were handled; -ETIME, -EINTR, a handler's error.
 */
int wn_loop_once(struct wn_loop *loop, __u64 deadline);

/* Until wn_loop_stop() (0) or an error; signals do not end it. */
int wn_loop_run(struct wn_loop *loop);
void wn_loop_stop(struct wn_loop *loop);

#ifdef __cplusplus
}
#endif

#endif
