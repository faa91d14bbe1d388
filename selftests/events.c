// SPDX-License-Identifier: MIT
/* Events by the library: sent, read in a fair order, waited for, handled by actors. */
#include "common.h"

#include <pthread.h>
#include <string.h>
#include <wn.h>

#include "harness.h"

#define IS_ERROR(res)	WN_RES_IS_ERROR(res)
#define SECOND		1000000000ULL

FIXTURE(events)
{
	struct wt_mount m;
	const char *path;
	struct wn wn, other;
	__u64 node;		/* read by wn, unless a test changes that */
	bool supported;
};

/* Whether this engine's clients have inboxes and can wait for them. */
static bool has_events(struct wn *wn, __u64 node)
{
	const struct wn_event *event;

	return wn_bind(wn, node, WN_POLICY_FAIL) == 0 &&
	       wn_wait_event(wn, &event, wn_deadline(1000)) == -ETIME;
}

FIXTURE_SETUP(events)
{
	__s64 node;

	ASSERT_EQ(0, wt_mount(&self->m, NULL));
	self->path = wt_path(&self->m, "events");
	ASSERT_EQ(0, wn_domain_create(self->path, 0600, NULL));
	ASSERT_EQ(0, wn_open(&self->wn, self->path, NULL));
	ASSERT_EQ(0, wn_open(&self->other, self->path, NULL));
	node = wn_create(&self->wn, 0, "node");
	ASSERT_FALSE(IS_ERROR(node));
	self->node = (__u64)node;
	self->supported = has_events(&self->wn, self->node);
}

FIXTURE_TEARDOWN(events)
{
	wn_close(&self->other);
	wn_close(&self->wn);
	wt_umount(&self->m);
}

#define NEED_EVENTS							\
	do {								\
		if (!self->supported)					\
			SKIP(return, "this engine delivers no events");	\
	} while (0)

TEST_F(events, there_and_back)
{
	struct wn *wn = &self->wn, *other = &self->other;
	const struct wn_event *event;
	__u64 clock;

	NEED_EVENTS;
	clock = wn_clock(wn);
	EXPECT_EQ(NULL, wn_peek_event(wn));
	EXPECT_EQ(0, wn_emit(other, self->node, 2, 77, "hello", 5));
	event = wn_peek_event(wn);
	ASSERT_NE(NULL, event);
	EXPECT_EQ(event, wn_peek_event(wn));
	EXPECT_EQ(self->node, event->node);
	EXPECT_EQ(77, event->type);
	EXPECT_EQ(2, event->priority);
	EXPECT_EQ(5, event->len);
	EXPECT_EQ(WN_EV_USER, event->kind);
	EXPECT_EQ(0, memcmp("hello", event->data, 6));
	EXPECT_LT(clock, event->hlc);
	wn_event_seen(wn);
	EXPECT_EQ(NULL, wn_peek_event(wn));
	wn_event_seen(wn);	/* of nothing: nothing */
	EXPECT_EQ(NULL, wn_peek_event(wn));

	EXPECT_EQ(-EINVAL, wn_emit(other, self->node, 4, 0, NULL, 0));
	EXPECT_EQ(-EINVAL, wn_emit(other, self->node, 0, 0, "x", 25));
	EXPECT_EQ(-EINVAL, wn_bind(other, self->node, 3));
	EXPECT_EQ(0, wn_unbind(wn, self->node));
	EXPECT_EQ(-ENOENT, wn_unbind(wn, self->node));
	EXPECT_EQ(-ENOLINK, wn_emit(other, self->node, 0, 0, NULL, 0));
}

TEST_F(events, to_children)
{
	struct wn *wn = &self->wn;
	const struct wn_event *event;
	__s64 a, b;

	NEED_EVENTS;
	a = wn_create(wn, self->node, "a");
	b = wn_create(wn, self->node, "b");
	ASSERT_FALSE(IS_ERROR(wn_create(wn, self->node, "deaf")));
	EXPECT_EQ(0, wn_bind(wn, a, WN_POLICY_FAIL));
	EXPECT_EQ(0, wn_bind(&self->other, b, WN_POLICY_FAIL));
	EXPECT_EQ(2, wn_emit_children(wn, self->node, 0, 1, NULL, 0));
	ASSERT_EQ(0, wn_wait_event(wn, &event, wn_deadline(SECOND)));
	EXPECT_EQ((__u64)a, event->node);
	ASSERT_EQ(0, wn_wait_event(&self->other, &event, wn_deadline(SECOND)));
	EXPECT_EQ((__u64)b, event->node);
}

TEST_F(events, to_subtree)
{
	struct wn *wn = &self->wn, *other = &self->other;
	const struct wn_event *event;
	__s64 a, b, res;

	NEED_EVENTS;
	a = wn_create(wn, self->node, "a");
	b = wn_create(wn, a, "b");
	EXPECT_EQ(0, wn_bind(other, b, WN_POLICY_FAIL));
	res = wn_emit_subtree(wn, self->node, 0, 1, "x", 1);
	if (res == -EOPNOTSUPP)
		SKIP(return, "this engine sends to no subtrees");
	EXPECT_LT(0, res);
	ASSERT_EQ(0, wn_wait_event(wn, &event, wn_deadline(SECOND)));
	EXPECT_EQ(self->node, event->node);
	EXPECT_EQ('x', event->data[0]);
	ASSERT_EQ(0, wn_wait_event(other, &event, wn_deadline(SECOND)));
	EXPECT_EQ((__u64)b, event->node);
	EXPECT_EQ(-ESTALE, wn_emit_subtree(wn, 1234567, 0, 1, NULL, 0));
	EXPECT_EQ(-EINVAL, wn_emit_subtree(wn, self->node, WN_PRIORITIES, 1, NULL, 0));
}

/* Higher first, each priority in its order, and no lower one left waiting for long. */
TEST_F(events, fairness)
{
	struct wn *wn = &self->wn;
	const struct wn_event *event;
	__u64 next[WN_PRIORITIES] = {};
	unsigned int since[WN_PRIORITIES] = {}, p, i;
	struct wn_sqe sqe;

	NEED_EVENTS;
	for (i = 0; i < 60; i++) {
		for (p = 0; p < WN_PRIORITIES; p++) {
			memset(&sqe, 0, sizeof(sqe));
			wn_prep_emit_word(&sqe, self->node, p, 0, i, 0);
			ASSERT_EQ(0, wn_do(&self->other, &sqe, NULL, NULL));
		}
	}
	for (i = 0; (event = wn_peek_event(wn)); i++) {
		p = event->priority;
		ASSERT_EQ(next[p], *(const __u64 *)event->data);
		next[p]++;
		wn_event_seen(wn);
		/* Any lower one that waits comes within 16 events. */
		since[0] = p < 3 ? 0 : since[0] + 1;
		if (next[3] < 60)
			ASSERT_GT(16, since[0]);
	}
	EXPECT_EQ(240, i);
	for (p = 0; p < WN_PRIORITIES; p++)
		EXPECT_EQ(60, next[p]);
}

/* More than the inbox holds: the rest waits behind it, is refused when that is full, none lost. */
TEST_F(events, backlog)
{
	struct wn *wn = &self->wn;
	const struct wn_event *event;
	__u64 sent = 0, got = 0;
	struct wn_sqe sqe;
	__s64 res;

	NEED_EVENTS;
	for (;;) {
		memset(&sqe, 0, sizeof(sqe));
		wn_prep_emit_word(&sqe, self->node, 0, 0, sent, 0);
		res = wn_do(&self->other, &sqe, NULL, NULL);
		if (res)
			break;
		sent++;
		ASSERT_GT(1000000, sent);
	}
	EXPECT_EQ(-ENOBUFS, res);
	EXPECT_LT(wn->inbox_entries[0], sent);
	/* One sender leaves room for others. */
	EXPECT_LT(0, wn_event_credit(wn));
	/* No wait: who finds the inbox empty asks for what is behind it. */
	while ((event = wn_peek_event(wn))) {
		ASSERT_EQ(got, *(const __u64 *)event->data);
		got++;
		wn_event_seen(wn);
	}
	EXPECT_EQ(sent, got);
	EXPECT_LT(0, wn_event_credit(wn));
}

TEST_F(events, losses_are_told)
{
	struct wn *wn = &self->wn;
	const struct wn_event *event;
	__u64 got = 0, lost = 0, i;
	struct wn_sqe sqe;

	NEED_EVENTS;
	EXPECT_EQ(0, wn_bind(wn, self->node, WN_POLICY_DROP_OLDEST));
	for (i = 0; i < 20000; i++) {
		memset(&sqe, 0, sizeof(sqe));
		wn_prep_emit_word(&sqe, self->node, 0, 0, i, 0);
		ASSERT_EQ(0, wn_do(&self->other, &sqe, NULL, NULL));
	}
	while (!wn_wait_event(wn, &event, wn_deadline(SECOND / 20))) {
		if (event->kind == WN_EV_LOSS)
			lost += *(const __u64 *)event->data;
		else
			ASSERT_EQ(got++ + lost, *(const __u64 *)event->data);
		wn_event_seen(wn);
	}
	EXPECT_LT(0, lost);
	EXPECT_EQ(20000, got + lost);
}

/* A subscriber hears of each change once it is made, whoever made it. */
TEST_F(events, changes)
{
	struct wn *wn = &self->wn, *other = &self->other;
	const struct wn_event *event;
	const struct wn_change *change;
	unsigned int told = 0;
	char name[] = "n000";
	__s64 sub, made;
	int i;

	NEED_EVENTS;
	sub = wn_subscribe(wn, 0, WN_SUB_TREE | WN_SUB_STATE, 99);
	ASSERT_FALSE(IS_ERROR(sub));
	/* The root and the node, each as it is found; then that it is all. */
	while (!wn_wait_event(wn, &event, wn_deadline(SECOND))) {
		change = (const void *)event->data;
		ASSERT_EQ(WN_EV_CHANGE, event->kind);
		EXPECT_EQ(99, event->trace);
		EXPECT_EQ((__u64)sub, change->sub);
		told++;
		i = change->what & WN_CHANGE_LIVE;
		wn_event_seen(wn);
		if (i)
			break;
	}
	EXPECT_EQ(3, told);
	for (i = 0; i < 500; i++) {
		name[1] = (char)('0' + i / 100);
		name[2] = (char)('0' + i / 10 % 10);
		name[3] = (char)('0' + i % 10);
		made = wn_create(other, self->node, name);
		ASSERT_FALSE(IS_ERROR(made));
		/* Its own news among those of its parent. */
		do {
			ASSERT_EQ(0, wn_wait_event(wn, &event, wn_deadline(SECOND)));
			told = event->node == (__u64)made;
			wn_event_seen(wn);
		} while (!told);
	}
	EXPECT_EQ(0, wn_unsubscribe(wn, sub));
	EXPECT_EQ(-ESTALE, wn_unsubscribe(wn, sub));
}

/* ---- Two threads, each with a client, waiting for one another. */

struct player {
	const char *path;
	struct wn *wn;		/* of the first */
	__u64 own, peer;
	__u64 rounds, last;
	__u32 ready;
	int err;
};

static __s64 send(struct wn *wn, __u64 node, __u64 word)
{
	struct wn_sqe sqe = {};

	wn_prep_emit_word(&sqe, node, 0, 0, word, 0);
	return wn_do(wn, &sqe, NULL, NULL);
}

static int answer(struct wn_loop *loop, struct wn_actor *actor, const struct wn_event *event)
{
	struct player *p = actor->arg;
	__s64 err;

	p->last = *(const __u64 *)event->data;
	/* Who gets the last one does not answer: the other is gone by then. */
	err = p->last + 1 < p->rounds ? send(loop->wn, p->peer, p->last + 1) : 0;
	if (err)
		return (int)err;
	if (p->last + 2 >= p->rounds)
		wn_loop_stop(loop);
	return 0;
}

static int play(struct player *p, struct wn *wn)
{
	struct wn_actor actor = { .node = p->own, .handle = answer, .arg = p };
	struct wn_loop loop;
	int err;

	wn_loop_init(&loop, wn);
	err = wn_loop_add(&loop, &actor);
	if (!err && wn_loop_add(&loop, &actor) != -EEXIST)
		err = -EPROTO;
	if (!err)
		err = (int)wn_bind(wn, p->own, WN_POLICY_FAIL);
	__atomic_store_n(&p->ready, 1, __ATOMIC_RELEASE);
	if (!err)
		err = wn_loop_run(&loop);
	if (!err)
		err = wn_loop_remove(&loop, &actor);
	return err;
}

static void *second(void *arg)
{
	struct player *p = arg;
	struct wn wn;

	p->err = wn_open(&wn, p->path, NULL);
	if (!p->err) {
		p->err = play(p, &wn);
		wn_close(&wn);
	}
	return NULL;
}

TEST_F(events, actors)
{
	struct wn *wn = &self->wn;
	struct player one = { .rounds = 2000 }, two = { .rounds = 2000, .path = self->path };
	pthread_t thread;

	NEED_EVENTS;
	one.own = two.peer = self->node;
	one.peer = two.own = (__u64)wn_create(wn, 0, "two");
	ASSERT_EQ(0, pthread_create(&thread, NULL, second, &two));
	while (!__atomic_load_n(&two.ready, __ATOMIC_ACQUIRE))
		;
	/* 0 goes to two, 1 comes back, ... */
	ASSERT_EQ(0, send(wn, one.peer, 0));
	one.err = play(&one, wn);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, one.err);
	EXPECT_EQ(0, two.err);
	EXPECT_EQ(1999, one.last);
	EXPECT_EQ(1998, two.last);
}

static int note(struct wn_loop *loop, struct wn_actor *actor, const struct wn_event *event)
{
	++*(unsigned int *)loop->arg;
	return actor ? 0 : -EXFULL;
}

static int noted(struct wn_loop *loop, const struct wn_cqe *cqe, void *arg)
{
	*(__u64 *)arg += cqe->user_data;
	return 0;
}

TEST_F(events, loops)
{
	struct wn_actor actor = { .node = self->node, .handle = note };
	struct wn *wn = &self->wn;
	unsigned int seen = 0;
	struct wn_loop loop;
	__u64 done = 0;
	__s64 deaf;
	int n;

	NEED_EVENTS;
	wn_loop_init(&loop, wn);
	loop.arg = &seen;
	loop.completed = noted;
	loop.completed_arg = &done;
	EXPECT_EQ(-EINVAL, wn_loop_add(&loop, &(struct wn_actor){ .node = 1 }));
	EXPECT_EQ(-ENOENT, wn_loop_remove(&loop, &actor));
	EXPECT_EQ(0, wn_loop_add(&loop, &actor));
	EXPECT_EQ(-ETIME, wn_loop_once(&loop, wn_deadline(1000)));
	deaf = wn_create(wn, 0, "deaf");
	EXPECT_EQ(0, wn_bind(wn, deaf, WN_POLICY_FAIL));
	EXPECT_EQ(0, wn_emit(wn, self->node, 0, 0, NULL, 0));
	EXPECT_EQ(0, wn_emit(wn, deaf, 0, 0, NULL, 0));
	wn_prep_nop(wn_get_sqe(wn), 5);
	EXPECT_LT(0, wn_submit(wn));
	n = wn_loop_once(&loop, wn_deadline(SECOND));
	/* A thread may take it later. */
	if (wt_is_polling() && n == 2)
		n += wn_loop_once(&loop, wn_deadline(SECOND));
	EXPECT_EQ(3, n);
	EXPECT_EQ(1, seen);
	EXPECT_EQ(5, done);
	EXPECT_EQ(1, loop.dropped);
	loop.other = note;
	EXPECT_EQ(0, wn_emit(wn, deaf, 0, 0, NULL, 0));
	EXPECT_EQ(-EXFULL, wn_loop_run(&loop));
	EXPECT_EQ(2, seen);
}

WT_MAIN
