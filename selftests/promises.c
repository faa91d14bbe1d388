// SPDX-License-Identifier: MIT
/*
 * By the library: work queues, timers, delayed events, calls, monitors, links, the
 * digest; each as the engine owes it, once and no more.
 */
#include "common.h"

#include <pthread.h>
#include <string.h>
#include <wn.h>

#include "harness.h"

#define IS_ERROR(res)	WN_RES_IS_ERROR(res)
#define SECOND		1000000000ULL
#define MS		1000000ULL

FIXTURE(promises)
{
	struct wt_mount m;
	const char *path;
	struct wn wn, other;
	__u64 node;		/* read by other */
};

FIXTURE_SETUP(promises)
{
	__s64 node;

	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->path = wt_path(&self->m, "promises");
	ASSERT_EQ(0, wn_domain_create(self->path, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->wn, self->path, NULL));
	ASSERT_EQ(0, wn_open(&self->other, self->path, NULL));
	node = wn_create(&self->wn, 0, "node");
	ASSERT_FALSE(IS_ERROR(node));
	self->node = (__u64)node;
	ASSERT_EQ(0, wn_bind(&self->other, self->node, WN_POLICY_FAIL));
}

FIXTURE_TEARDOWN(promises)
{
	wn_close(&self->other);
	wn_close(&self->wn);
	wt_umount(&self->m);
}

/* The next event, read; its kind, or an error. */
static int next(struct wn *wn, struct wn_event *event)
{
	const struct wn_event *at;
	int err = wn_wait_event(wn, &at, wn_deadline(5 * SECOND));

	*event = (struct wn_event){};
	if (err)
		return err;
	*event = *at;
	wn_event_seen(wn);
	return event->kind;
}

static bool is_silent(struct wn *wn)
{
	const struct wn_event *at;

	return wn_wait_event(wn, &at, wn_deadline(20 * MS)) == -ETIME;
}

/* ------------------------------------------------------------------ timers */

TEST_F(promises, timers)
{
	struct wn *wn = &self->wn, *other = &self->other;
	__u64 at = wn_deadline(20 * MS);
	struct wn_timer_told told;
	struct wn_event event;
	__s64 timer, i;

	timer = wn_timer(wn, self->node, 1 | WN_TIMER_MINE, at, 0, 55);
	ASSERT_FALSE(IS_ERROR(timer));
	ASSERT_EQ(WN_EV_TIMER, next(wn, &event));
	EXPECT_LE(at, wn_deadline(0));
	memcpy(&told, event.data, sizeof(told));
	EXPECT_EQ((__u64)timer, told.timer);
	EXPECT_EQ((__u64)timer, wn_event_promise(&event));
	EXPECT_EQ(0, wn_event_error(&event));
	EXPECT_EQ(at, told.due);
	EXPECT_EQ(1, told.count);
	EXPECT_EQ(55, event.trace);
	EXPECT_EQ(1, event.priority);
	EXPECT_EQ(-ESTALE, wn_cancel(wn, timer));

	/* To the node's reader, and again and again until it is cancelled. */
	timer = wn_timer(wn, self->node, 0, at, 2 * MS, 0);
	ASSERT_FALSE(IS_ERROR(timer));
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(WN_EV_TIMER, next(other, &event));
		memcpy(&told, event.data, sizeof(told));
		EXPECT_EQ(0, (told.due - at) % (2 * MS));
	}
	EXPECT_EQ(-ESTALE, wn_cancel(other, timer));
	EXPECT_EQ(0, wn_cancel(wn, timer));
	while (wn_peek_event(other))
		wn_event_seen(other);
	EXPECT_TRUE(is_silent(other));
	EXPECT_TRUE(is_silent(wn));

	EXPECT_EQ(-EINVAL, wn_timer(wn, self->node, 0, 0, 0, 0));
	EXPECT_EQ(-EINVAL, wn_timer(wn, self->node, 0, at, 1, 0));
	EXPECT_EQ(-EINVAL, wn_timer(wn, self->node, WN_TIMER_FLAGS + 1, at, 0, 0));
}

TEST_F(promises, later)
{
	struct wn *wn = &self->wn, *other = &self->other;
	__u64 at = wn_deadline(20 * MS);
	const char text[] = "0123456789abcdef0123456";
	struct wn_event event;
	__s64 one, two;

	one = wn_emit_at(wn, self->node, 3, 7, text, sizeof(text), at);
	two = wn_emit_at(wn, self->node, 3, 8, NULL, 0, at);
	ASSERT_FALSE(IS_ERROR(one) || IS_ERROR(two));
	EXPECT_EQ(0, wn_cancel(wn, two));
	ASSERT_EQ(WN_EV_USER, next(other, &event));
	EXPECT_LE(at, wn_deadline(0));
	EXPECT_EQ(7, event.type);
	EXPECT_EQ(sizeof(text), event.len);
	EXPECT_EQ(0, memcmp(text, event.data, sizeof(text)));
	EXPECT_TRUE(is_silent(other));
	/* Whom it cannot reach: the sender is told. */
	EXPECT_EQ(0, wn_unbind(other, self->node));
	one = wn_emit_at(wn, self->node, 0, 7, NULL, 0, wn_deadline(MS));
	ASSERT_EQ(WN_EV_TIMER, next(wn, &event));
	EXPECT_EQ(-ENOLINK, wn_event_error(&event));
	EXPECT_EQ((__u64)one, wn_event_promise(&event));
	EXPECT_EQ(-EINVAL, wn_emit_at(wn, self->node, 0, 0, NULL, 0, 0));
	EXPECT_EQ(-EINVAL, wn_emit_at(wn, self->node, 4, 0, NULL, 0, at));
	EXPECT_EQ(-EINVAL, wn_emit_at(wn, self->node, 0, 0, text, 25, at));
}

/* ------------------------------------------------------------------- calls */

/* Answers with the number it was called with and one more, as type 9. */
static void *serve(void *arg)
{
	struct wn *wn = arg;
	struct wn_event event;
	unsigned int len;
	__u64 n;

	while (next(wn, &event) == WN_EV_CALL) {
		memcpy(&n, wn_event_payload(&event, &len), sizeof(n));
		if (len != sizeof(n))
			break;
		n++;
		if (wn_reply(wn, wn_event_promise(&event), 9, &n, sizeof(n)) || n == 1000)
			break;
	}
	return NULL;
}

TEST_F(promises, calls)
{
	struct wn *wn = &self->wn;
	struct wn_event event;
	pthread_t thread;
	unsigned int len;
	__u64 n, got;
	__s64 call;

	ASSERT_EQ(0, pthread_create(&thread, NULL, serve, &self->other));
	for (n = 0; n < 1000; n++) {
		call = wn_call_begin(wn, self->node, n % 4, 5, &n, sizeof(n),
				     wn_deadline(5 * SECOND), n + 3);
		ASSERT_FALSE(IS_ERROR(call));
		ASSERT_EQ(0, wn_call_wait(wn, call, &event));
		memcpy(&got, wn_event_payload(&event, &len), sizeof(got));
		ASSERT_EQ(n + 1, got);
		ASSERT_EQ(sizeof(got), len);
		ASSERT_EQ(9, event.type);
		ASSERT_EQ(n + 3, event.trace);
		ASSERT_EQ((__u64)call, wn_event_promise(&event));
	}
	pthread_join(thread, NULL);
	EXPECT_EQ(NULL, wn_peek_event(wn));
}

/* The reply is taken from among others, which stay, all and in their order. */
TEST_F(promises, a_reply_among_events)
{
	struct wn *wn = &self->wn, *other = &self->other;
	const struct wn_event *at;
	struct wn_event event;
	__s64 call[3];
	__u64 i, n = 0;

	ASSERT_EQ(0, wn_bind(wn, 0, WN_POLICY_FAIL));
	for (i = 0; i < 3; i++) {
		call[i] = wn_call_begin(wn, self->node, 0, 0, NULL, 0, wn_deadline(5 * SECOND), 0);
		ASSERT_FALSE(IS_ERROR(call[i]));
		ASSERT_EQ(WN_EV_CALL, next(other, &event));
		ASSERT_EQ((__u64)call[i], wn_event_promise(&event));
	}
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, wn_emit(other, 0, 0, (__u32)(2 * i), NULL, 0));
		ASSERT_EQ(0, wn_reply(other, call[i], (__u32)(100 + i), NULL, 0));
		ASSERT_EQ(0, wn_emit(other, 0, 0, (__u32)(2 * i + 1), NULL, 0));
	}
	EXPECT_EQ(-ESTALE, wn_reply(other, call[0], 0, NULL, 0));
	/* While one is looked at, too. */
	at = wn_peek_event(wn);
	ASSERT_NE(NULL, at);
	EXPECT_EQ(0, at->type);
	ASSERT_EQ(0, wn_call_wait(wn, call[2], &event));
	EXPECT_EQ(102, event.type);
	ASSERT_EQ(0, wn_call_wait(wn, call[0], &event));
	EXPECT_EQ(100, event.type);
	EXPECT_EQ(at, wn_peek_event(wn));
	while ((at = wn_peek_event(wn))) {
		if (at->kind == WN_EV_REPLY) {
			EXPECT_EQ((__u64)call[1], wn_event_promise(at));
		} else {
			EXPECT_EQ(n, at->type);
			n++;
		}
		wn_event_seen(wn);
	}
	EXPECT_EQ(6, n);
	EXPECT_EQ(wn->kern->inbox_tail[0], wn->user->inbox_head[0]);
	/* Nothing of it is left when the slots are used again. */
	for (i = 0; i < 300; i++) {
		ASSERT_EQ(0, wn_emit(other, 0, 0, (__u32)i, NULL, 0));
		ASSERT_EQ(WN_EV_USER, next(wn, &event));
		ASSERT_EQ(i, event.type);
	}
}

TEST_F(promises, calls_that_nobody_answers)
{
	struct wn *wn = &self->wn, *other = &self->other;
	__u64 at = wn_deadline(20 * MS);
	struct wn_event event;
	__s64 call;
	__u32 i;

	call = wn_call_begin(wn, self->node, 0, 0, NULL, 0, at, 0);
	EXPECT_EQ(-ETIME, wn_call_wait(wn, call, &event));
	EXPECT_LE(at, wn_deadline(0));
	call = wn_call_begin(wn, self->node, 0, 0, NULL, 0, wn_deadline(100 * SECOND), 0);
	EXPECT_EQ(0, wn_cancel(wn, call));
	EXPECT_EQ(-ECANCELED, wn_call_wait(wn, call, &event));
	/* A full inbox is said, not waited for: the end could be behind it. */
	ASSERT_EQ(0, wn_bind(wn, 0, WN_POLICY_FAIL));
	call = wn_call_begin(wn, self->node, 0, 0, NULL, 0, wn_deadline(100 * SECOND), 0);
	for (i = 0; i < wn->inbox_entries[0]; i++)
		ASSERT_EQ(0, wn_emit(other, 0, 0, 0, NULL, 0));
	EXPECT_EQ(-EBUSY, wn_call_wait(wn, call, &event));
	while (wn_peek_event(wn))
		wn_event_seen(wn);
	wn_close(other);
	EXPECT_EQ(-ENOLINK, wn_call_wait(wn, call, &event));
	EXPECT_EQ(-ENOLINK, wn_call_begin(wn, self->node, 0, 0, NULL, 0, wn_deadline(SECOND), 0));
	EXPECT_EQ(-EINVAL, wn_call_begin(wn, self->node, 0, 0, NULL, 17, wn_deadline(SECOND), 0));
	EXPECT_EQ(-EINVAL, wn_call_begin(wn, self->node, 4, 0, NULL, 0, wn_deadline(SECOND), 0));
	EXPECT_EQ(-EINVAL, wn_call_begin(wn, self->node, 0, 0, NULL, 0, 0, 0));
	ASSERT_EQ(0, wn_open(other, self->path, NULL));
}

/* ---------------------------------------------------------- monitors, links */

TEST_F(promises, monitors)
{
	struct wn *wn = &self->wn, *other = &self->other;
	struct wn_event event;
	__s64 node, monitor;

	node = wn_create(other, 0, "theirs");
	monitor = wn_monitor(wn, node, 2, 77);
	ASSERT_FALSE(IS_ERROR(monitor));
	EXPECT_EQ(0, wn_demonitor(wn, monitor));
	EXPECT_EQ(-ESTALE, wn_demonitor(wn, monitor));
	monitor = wn_monitor(wn, node, 2, 77);
	EXPECT_EQ(0, wn_destroy(other, node));
	ASSERT_EQ(WN_EV_DOWN, next(wn, &event));
	EXPECT_EQ(WN_DOWN_NODE, event.type);
	EXPECT_EQ((__u64)monitor, wn_event_promise(&event));
	EXPECT_EQ(77, event.trace);
	EXPECT_EQ(2, event.priority);
	EXPECT_EQ(-EINVAL, wn_monitor(wn, self->node, 4, 0));

	node = wn_create(other, 0, "theirs");
	ASSERT_FALSE(IS_ERROR(wn_monitor(wn, node, 0, 0)));
	wn_close(other);
	ASSERT_EQ(WN_EV_DOWN, next(wn, &event));
	EXPECT_EQ(WN_DOWN_CLIENT, event.type);
	EXPECT_EQ((__u64)node, event.node);
	ASSERT_EQ(0, wn_open(other, self->path, NULL));
}

TEST_F(promises, links)
{
	struct wn *wn = &self->wn;
	struct wn_event event;
	__s64 a, b, link;

	a = wn_create(wn, 0, "a");
	b = wn_create(wn, 0, "b");
	EXPECT_EQ(-ELOOP, wn_link(wn, a, a));
	EXPECT_EQ(-EBUSY, wn_link(wn, a, wn->pub->root));
	link = wn_link(wn, a, b);
	ASSERT_FALSE(IS_ERROR(link));
	EXPECT_EQ(0, wn_demonitor(wn, link));
	ASSERT_FALSE(IS_ERROR(wn_link(wn, a, b)));
	ASSERT_FALSE(IS_ERROR(wn_monitor(wn, b, 0, 0)));
	EXPECT_EQ(0, wn_destroy(wn, a));
	ASSERT_EQ(WN_EV_DOWN, next(wn, &event));
	EXPECT_EQ((__u64)b, event.node);
	EXPECT_EQ(-ENOENT, wn_find(wn, 0, "b"));
}

/* ------------------------------------------------------------------ queues */

TEST_F(promises, queues)
{
	struct wn *wn = &self->wn, *other = &self->other;
	struct wn_queue queue = { .lease = 10000 * MS, .tries = 1, .credit = 2 };
	struct wn_event event, again;
	__s64 work, dead;
	__u32 i;

	work = wn_create(wn, 0, "work");
	dead = wn_create(wn, 0, "dead");
	queue.dead = (__u64)dead;
	ASSERT_EQ(0, wn_bind(other, dead, WN_POLICY_FAIL));
	EXPECT_EQ(-ENOENT, wn_ack(wn, work, 1));
	ASSERT_EQ(0, wn_bind_queue(wn, work, &queue));
	EXPECT_EQ(-EBUSY, wn_bind_queue(wn, work, &queue));
	EXPECT_EQ(-EINVAL, wn_bind_queue(other, work, &(struct wn_queue){ .credit = 65 }));
	EXPECT_EQ(-EINVAL, wn_bind_queue(other, work, &(struct wn_queue){ .credit = 1 << 24 }));
	EXPECT_EQ(-EINVAL, wn_bind_queue(other, work, &(struct wn_queue){ .tries = 16 }));
	EXPECT_EQ(-EINVAL, wn_bind_queue(other, work, &(struct wn_queue){ .tries = 1 << 16 }));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, wn_emit(other, work, 0, i, NULL, 0));
	ASSERT_EQ(WN_EV_LEASE, next(wn, &event));
	EXPECT_EQ(0, event.type);
	EXPECT_EQ(0, wn_ack(wn, work, event.hlc));
	EXPECT_EQ(-ESTALE, wn_ack(wn, work, event.hlc));
	ASSERT_EQ(WN_EV_LEASE, next(wn, &event));
	EXPECT_EQ(1, event.type);
	EXPECT_EQ(-ESTALE, wn_nack(other, work, event.hlc));
	EXPECT_EQ(0, wn_nack(wn, work, event.hlc));
	/* It comes again, and when its tries are used up goes to the dead-letter node. */
	do {
		ASSERT_EQ(WN_EV_LEASE, next(wn, &again));
		if (again.type == 2) {
			EXPECT_EQ(0, wn_ack(wn, work, again.hlc));
		}
	} while (again.type == 2);
	EXPECT_EQ(1, again.type);
	EXPECT_EQ(event.hlc, again.hlc);
	EXPECT_EQ(1, WN_EV_TRIES(again.flags));
	EXPECT_EQ(0, wn_nack(wn, work, again.hlc));
	ASSERT_EQ(WN_EV_USER, next(other, &event));
	EXPECT_EQ(1, event.type);
	while (wn_peek_event(wn)) {
		again = *wn_peek_event(wn);
		wn_event_seen(wn);
		if (again.kind == WN_EV_LEASE && again.type == 2) {
			EXPECT_EQ(0, wn_ack(wn, work, again.hlc));
		}
	}
	EXPECT_EQ(-EBUSY, wn_unbind_queue(wn, work));
	EXPECT_EQ(0, wn_unbind(wn, work));
	EXPECT_EQ(0, wn_unbind_queue(wn, work));
	EXPECT_EQ(-ENOLINK, wn_emit(other, work, 0, 0, NULL, 0));
}

/* ------------------------------------------------------------------ digest */

TEST_F(promises, digests)
{
	__u8 before[WN_DIGEST_BYTES], after[WN_DIGEST_BYTES];
	struct wn *wn = &self->wn, *other = &self->other;
	struct wn_counter counter;
	__s64 cell;

	cell = wn_cell_create(wn, self->node, 1, WN_CELL_GCOUNTER, 0);
	ASSERT_FALSE(IS_ERROR(cell));
	ASSERT_EQ(0, wn_counter_attach(&counter, wn, self->node, cell));
	ASSERT_EQ(0, wn_digest(wn, before));
	ASSERT_EQ(0, wn_digest(other, after));
	EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
	/* What lies in a slot has a part in it when it was sampled. */
	wn_counter_add(&counter, 5);
	ASSERT_EQ(0, wn_digest(wn, after));
	EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
	EXPECT_LT(0, wn_sample(wn, self->node, cell));
	ASSERT_EQ(0, wn_digest(wn, after));
	EXPECT_NE(0, memcmp(before, after, sizeof(before)));
	wn_counter_add(&counter, 5);
	ASSERT_EQ(0, wn_sample_all(other));
	ASSERT_EQ(0, wn_digest(wn, before));
	EXPECT_NE(0, memcmp(before, after, sizeof(before)));
	EXPECT_EQ(-ESTALE, wn_sample(wn, self->node, cell + 1));
}

/* The same things made in another order, under another name. */
TEST_F(promises, merge_digests)
{
	__u8 one[WN_DIGEST_BYTES], two[WN_DIGEST_BYTES];
	struct wn *wn = &self->wn;
	__s64 above[2], below, cell, cells[2];
	int i;

	for (i = 0; i < 2; i++) {
		above[i] = wn_create(wn, 0, i ? "east" : "west");
		ASSERT_FALSE(IS_ERROR(above[i]));
		below = wn_create(wn, above[i], i ? "a" : "b");
		ASSERT_FALSE(IS_ERROR(below));
		if (i) {
			below = wn_create_as(wn, above[i], "b", 7, 7, 7);
			ASSERT_FALSE(IS_ERROR(below));
		} else {
			ASSERT_FALSE(IS_ERROR(wn_create(wn, above[i], "a")));
		}
		cells[i] = wn_cell_create(wn, below, 1, WN_CELL_ORSET, 0);
		ASSERT_FALSE(IS_ERROR(cells[i]));
	}
	ASSERT_EQ(0, wn_digest_merge(wn, above[0], one));
	ASSERT_EQ(0, wn_digest_merge(wn, above[1], two));
	EXPECT_EQ(0, memcmp(one, two, sizeof(one)));
	cell = wn_cell_create(wn, above[0], 1, WN_CELL_PNCOUNTER, 0);
	ASSERT_FALSE(IS_ERROR(cell));
	ASSERT_EQ(0, wn_digest_merge(wn, above[0], one));
	EXPECT_NE(0, memcmp(one, two, sizeof(one)));
	cell = wn_cell_create(wn, above[1], 1, WN_CELL_PNCOUNTER, 0);
	ASSERT_FALSE(IS_ERROR(cell));
	ASSERT_EQ(0, wn_digest_merge(wn, above[1], two));
	EXPECT_EQ(0, memcmp(one, two, sizeof(one)));
	EXPECT_EQ(-ESTALE, wn_digest_merge(wn, 1ULL << 60, two));
}

WT_MAIN
