// SPDX-License-Identifier: MIT
#include "internal.h"

#include <limits.h>
#include <string.h>

/* Indexes of nodes are dense: the lowest bits spread them. */
static struct wn_actor **bucket(struct wn_loop *loop, __u64 node)
{
	return &loop->actors[node % WN_LOOP_BUCKETS];
}

static struct wn_actor **find(struct wn_loop *loop, __u64 node)
{
	struct wn_actor **at = bucket(loop, node);

	while (*at && (*at)->node != node)
		at = &(*at)->next;
	return at;
}

WN_API void wn_loop_init(struct wn_loop *loop, struct wn *wn)
{
	memset(loop, 0, sizeof(*loop));
	loop->wn = wn;
}

WN_API int wn_loop_add(struct wn_loop *loop, struct wn_actor *actor)
{
	struct wn_actor **at = find(loop, actor->node);

	if (!actor->node || !actor->handle)
		return -EINVAL;
	if (*at)
		return -EEXIST;
	actor->next = NULL;
	*at = actor;
	return 0;
}

WN_API int wn_loop_remove(struct wn_loop *loop, struct wn_actor *actor)
{
	struct wn_actor **at = find(loop, actor->node);

	if (*at != actor)
		return -ENOENT;
	*at = actor->next;
	return 0;
}

static int handle_event(struct wn_loop *loop, const struct wn_event *event)
{
	struct wn_actor *actor = *find(loop, event->node);
	wn_event_fn *fn = actor ? actor->handle : loop->other;
	int err = 0;

	if (fn)
		err = fn(loop, actor, event);
	else
		loop->dropped++;
	return err < 0 ? err : 0;
}

static int handle_cqe(struct wn_loop *loop, const struct wn_cqe *cqe)
{
	int err = 0;

	if (loop->completed)
		err = loop->completed(loop, cqe, loop->completed_arg);
	else
		loop->dropped++;
	return err < 0 ? err : 0;
}

/*
 * At most so many at a time, completions and events by turns: neither can keep the
 * other, or wn_loop_stop(), waiting.
 */
#define BATCH	256

static int drain(struct wn_loop *loop)
{
	const struct wn_event *event;
	struct wn_cqe cqe;
	int n = 0, err = 0;

	while (!err && n < BATCH && !__atomic_load_n(&loop->stop, __ATOMIC_RELAXED)) {
		const struct wn_cqe *first = wn_peek_cqe(loop->wn);

		event = wn_peek_event(loop->wn);
		if (!first && !event)
			break;
		/* Seen before it is handled: a handler may wait for completions itself. */
		if (first) {
			cqe = *first;
			wn_cqe_seen(loop->wn);
			err = handle_cqe(loop, &cqe);
			n++;
		}
		if (event && !err) {
			struct wn_event copy = *event;

			wn_event_seen(loop->wn);
			err = handle_event(loop, &copy);
			n++;
		}
	}
	return err ? err : n;
}

WN_API int wn_loop_once(struct wn_loop *loop, __u64 deadline)
{
	int n = drain(loop), err;

	if (n || __atomic_load_n(&loop->stop, __ATOMIC_RELAXED))
		return n;
	err = wn_submit(loop->wn);
	if (err < 0)
		return err;
	err = wn_wait_any(loop->wn, deadline);
	return err ? err : drain(loop);
}

WN_API int wn_loop_run(struct wn_loop *loop)
{
	int err = 0;

	while (!__atomic_load_n(&loop->stop, __ATOMIC_RELAXED)) {
		err = wn_loop_once(loop, WN_ENTER_NO_DEADLINE);
		if (err < 0 && err != -EINTR)
			return err;
	}
	__atomic_store_n(&loop->stop, 0, __ATOMIC_RELAXED);
	return 0;
}

WN_API void wn_loop_stop(struct wn_loop *loop)
{
	__atomic_store_n(&loop->stop, 1, __ATOMIC_RELAXED);
}
