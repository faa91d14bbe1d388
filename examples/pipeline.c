// SPDX-License-Identifier: MIT
/*
 * A pipeline of actors, each a process, by calls and replies:
 *
 *	pipeline DOMAIN serve STAGES	until SIGTERM
 *	pipeline DOMAIN call COUNT	send numbers through all of them, in turn
 *
 * A stage adds one and calls the next; what that replies it replies. It keeps nothing: a
 * call bears the handle of the call that it is made for. One that is killed is replaced,
 * and who waits for it is told at once, all the way back: the caller tries again.
 */
#include "board.h"
#include "workers.h"

#include <stdlib.h>
#include <string.h>

#define FAILED		1		/* type of a reply: payload is an errno */
#define PATIENCE	5000000000ULL	/* ns */

struct stage {
	struct wn wn;
	unsigned int nr;
	__u64 nodes[WORKERS_MAX];
	struct wn_actor self;
	__u64 next;		/* 0: this is the last */
};

static int reply(struct wn *wn, __u64 call, __u32 type, __u64 number)
{
	const __s64 err = wn_reply(wn, call, type, &number, sizeof(number));

	return err == -ESTALE ? 0 : (int)err;	/* the caller waits no longer */
}

/* A call of the one before, or the reply of the one behind. */
static int handle(struct wn_loop *loop, struct wn_actor *actor, const struct wn_event *event)
{
	const struct stage *s = (const struct stage *)loop->arg;
	unsigned int len;
	__u64 number;
	__s64 res;

	memcpy(&number, wn_event_payload(event, &len), sizeof(number));
	if (event->kind == WN_EV_REPLY && wn_event_error(event))
		return reply(loop->wn, event->trace, FAILED, event->type);
	if (event->kind == WN_EV_REPLY)
		return reply(loop->wn, event->trace, event->type, number);
	if (event->kind != WN_EV_CALL || !actor || len != sizeof(number))
		return 0;
	number++;
	if (!s->next)
		return reply(loop->wn, wn_event_promise(event), 0, number);
	res = wn_call_begin(loop->wn, s->next, 0, 0, &number, sizeof(number),
			    wn_deadline(PATIENCE), wn_event_promise(event));
	return WN_RES_IS_ERROR(res) ?
	       reply(loop->wn, wn_event_promise(event), FAILED, (__u64)-res) : 0;
}

/* The first stage that nobody is, which has a node of its owner's below it; or an error. */
static __s64 claim(struct stage *s)
{
	unsigned int i;
	__s64 res;

	/* Whose place this is may have died a moment ago: its node goes soon. */
	for (i = 0; (res = board_claim(&s->wn, s->nodes[i], "owner")) == -EEXIST; i %= s->nr)
		if (++i == s->nr)
			board_nap(1000000);
	s->self = (struct wn_actor){ .node = s->nodes[i], .handle = handle };
	s->next = i + 1 < s->nr ? s->nodes[i + 1] : 0;
	return WN_RES_IS_ERROR(res) ? res : wn_bind(&s->wn, s->self.node, WN_POLICY_FAIL);
}

static int work(void *arg)
{
	struct stage *s = (struct stage *)arg;
	__s64 err = wn_reopen(&s->wn);
	struct wn_loop loop;

	err = err ? err : claim(s);
	wn_loop_init(&loop, &s->wn);
	loop.arg = s;
	/* Replies come by the node that was called, which is another's. */
	loop.other = handle;
	err = err ? err : wn_loop_add(&loop, &s->self);
	return board_fail("pipeline", "stage", err ? err : wn_loop_run(&loop));
}

/* One number through all stages: what came out, by *number; 0 or an error. */
static __s64 call(struct wn *wn, __u64 first, __u64 *number)
{
	__s64 call = wn_call_begin(wn, first, 0, 0, number, sizeof(*number),
				   wn_deadline(PATIENCE), 0), err;
	struct wn_event event;
	unsigned int len;

	if (WN_RES_IS_ERROR(call))
		return call;
	err = wn_call_wait(wn, (__u64)call, &event);
	if (err)
		return err;
	memcpy(number, wn_event_payload(&event, &len), sizeof(*number));
	return event.type == FAILED ? -(__s64)*number : 0;
}

/* Numbers in turn, each until it went through: 0 or an error. */
static __s64 call_all(struct wn *wn, __u64 first, __u64 count)
{
	__u64 sent = 0, got = 0, tries = 0;
	__s64 err;

	while (sent < count) {
		got = sent;
		err = call(wn, first, &got);
		if (!err)
			sent++;
		/* Somebody on the way died, or is not there yet. */
		else if (err != -ENOLINK || ++tries > 1000 || !board_nap(10000000))
			return err;
	}
	printf("%llu calls, %llu tried again, %llu became %llu\n", count, tries, sent - 1, got);
	return 0;
}

int main(int argc, char **argv)
{
	const bool serves = argc == 4 && !strcmp(argv[2], "serve");
	long n = argc == 4 ? atol(argv[3]) : 0;
	static struct stage s;
	char name[32];
	__s64 err;

	if (n < 1 || (serves ? n > WORKERS_MAX : strcmp(argv[2], "call"))) {
		fprintf(stderr, "usage: pipeline DOMAIN serve STAGES | call COUNT\n");
		return 2;
	}
	err = wn_open(&s.wn, argv[1], NULL);
	while (!err && s.nr < (serves ? (unsigned int)n : 1)) {
		snprintf(name, sizeof(name), "stage-%u", s.nr);
		err = board_node(&s.wn, 0, name);
		s.nodes[s.nr++] = (__u64)err;
		err = WN_RES_IS_ERROR(err) ? err : 0;
	}
	if (!err)
		err = serves ? workers_run(s.nr, work, &s) : call_all(&s.wn, s.nodes[0], (__u64)n);
	wn_close(&s.wn);
	return err ? board_fail("pipeline", argv[2], err) : 0;
}
