// SPDX-License-Identifier: MIT
/* Audit: each grant, refusal, expiry and revocation is told once, to those with ADMIN. */
#include <string.h>

#include "kmod/core/cap.h"
#include "kmod/core/work.h"
#include "tap.h"
#include "tell.h"
#include "world.h"

static struct wn_event mail[4096];
static u32 used, taken, room;

static s64 deliver(struct wn_core *core, u32 client, const struct wn_event *event)
{
	(void)core;
	/* Only the auditor is listened to here. */
	if (client != 0)
		return 0;
	if (used - taken >= room)
		return -ENOBUFS;
	mail[used++] = *event;
	return 0;
}

static bool heard(struct world *w, u32 what, u32 error, u32 client, u32 index)
{
	struct wn_audit_event event;
	u32 i;

	for (i = 0; i < 100 && wn_work_waits(w->core); i++)
		wn_work_slice(w->core, &w->now);
	if (taken == used)
		return false;
	memcpy(&event, mail[taken].data, sizeof(event));
	if (mail[taken++].kind == WN_EV_AUDIT && event.what == what && event.error == error &&
	    event.client == client && event.index == index && !event.reserved)
		return true;
	diag("kind %u what %u error %u client %u index %u", mail[taken - 1].kind, event.what,
	     event.error, event.client, event.index);
	return false;
}

static bool silent(struct world *w)
{
	u32 i;

	for (i = 0; i < 100 && wn_work_waits(w->core); i++)
		wn_work_slice(w->core, &w->now);
	return taken == used;
}

static s64 set(struct world *w, u32 client, u32 cap)
{
	return world_op(w, client, OP(.opcode = WN_OP_NODE_SET, .cap = (u16)cap,
				      .op_flags = WN_SET_TAGS), NULL);
}

static s64 subscribe(struct world *w, u32 client, u32 cap, u64 node, u32 flags)
{
	return world_op(w, client, OP(.opcode = WN_OP_SUBSCRIBE, .cap = (u16)cap, .node = node,
				      .op_flags = flags), NULL);
}

static s64 tokens(struct world *w, u32 client, u8 opcode, const void *in, u32 each, u32 n, u32 out)
{
	const struct wn_op_env env = {
		.client = client, .now = &w->now, .out = w->out, .out_bytes = WORLD_OUT_BYTES,
		.in = in, .in_bytes = n * each,
	};

	wn_op_apply(w->core, &env, OP(.opcode = opcode,
				      .w = { (u64)n * out << 32, (u64)n << 32 }), &w->last);
	return w->last.res;
}

/* Of one op: a refusal is told first, what was granted before and after it in that order. */
static bool mixed_redeem(struct world *w)
{
	const struct wn_token_ask asks[3] = {
		{ .rights = WN_RIGHT_READ }, { .rights = WN_RIGHT_READ }, { .rights = WN_RIGHT_READ },
	};
	struct wn_token token[3];
	struct wn_token_got got[3];

	if (tokens(w, 0, WN_OP_TOKEN_MAKE, asks, sizeof(asks[0]), 3, sizeof(token[0])) != 3)
		return false;
	memcpy(token, w->out, sizeof(token));
	((u8 *)&token[1])[sizeof(token[1]) - 1] ^= 1;
	if (tokens(w, 1, WN_OP_TOKEN_REDEEM, token, sizeof(token[0]), 3, sizeof(got[0])) != 2)
		return false;
	memcpy(got, w->out, sizeof(got));
	return got[1].res == -EBADMSG && heard(w, WN_AUDIT_REFUSED, EBADMSG, 1, ~0U) &&
	       heard(w, WN_AUDIT_GRANTED, 0, 1, got[0].index) &&
	       heard(w, WN_AUDIT_GRANTED, 0, 1, got[2].index) && silent(w);
}

int main(void)
{
	struct wn_bounds bounds = world_bounds(20);
	const struct wn_core_open plain = { .rights = WN_RIGHT_ALL & ~WN_RIGHT_ADMIN };
	struct wn_grant in = { .rights = WN_RIGHT_WRITE };
	const struct wn_op_env env = { .client = 0 };
	struct wn_op_result results[2];
	struct wn_sqe slots[4] = { [2] = { .op_flags = WN_NOP_RESULT, .w = { (u64)-EIO } } };
	struct wn_op_env now = env;
	struct world w;
	u64 lost, below;
	s64 handle;
	u32 i, cap, events;

	tap_plan(12);
	bounds.subs = 4;
	world_init(&w, &bounds, tap_seed());
	tell_by = deliver;
	room = 4096;
	now.now = &w.now;
	wn_core_client_open(w.core, 1, &plain);
	below = (u64)world_create(&w, 0, "below");
	ok(subscribe(&w, 1, 0, 0, WN_SUB_AUDIT) == -EACCES &&
	   subscribe(&w, 0, 0, below, WN_SUB_AUDIT) == -EACCES &&
	   subscribe(&w, 0, 0, 0, WN_SUB_AUDIT | WN_SUB_TREE) == -EINVAL, "not for everybody");
	set(&w, 1, 5);
	ok(subscribe(&w, 0, 0, 0, WN_SUB_AUDIT) > 0 && silent(&w), "from now on");
	handle = world_op(&w, 0, OP(.opcode = WN_OP_CAP_GRANT, .arg = 2), &in);
	cap = w.last.aux;
	ok(handle > 0 && heard(&w, WN_AUDIT_GRANTED, 0, 1, cap) && silent(&w), "a grant");
	ok(set(&w, 1, cap) > 0 && silent(&w), "what is allowed is not told");
	ok(set(&w, 1, 6) == -EACCES && heard(&w, WN_AUDIT_REFUSED, EACCES, 1, 6) && silent(&w),
	   "a refusal");
	slots[0] = (struct wn_sqe){ .opcode = WN_OP_CAP_GRANT, .flags = WN_SQE_ATOMIC | WN_SQE_WIDE };
	memcpy(&slots[1], &in, sizeof(in));
	ok(!wn_op_apply_group(w.core, &now, slots, 2, results) && silent(&w), "not what was rolled back");
	slots[2] = (struct wn_sqe){ .opcode = WN_OP_NODE_SET, .cap = 6, .op_flags = WN_SET_TAGS };
	ok(!wn_op_apply_group(w.core, &now, slots, 2, results) &&
	   heard(&w, WN_AUDIT_REFUSED, EACCES, 0, 6) && silent(&w),
	   "but the refusal for which it was");
	ok(!world_op(&w, 0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = (u64)handle), NULL) &&
	   set(&w, 1, cap) == -EKEYREVOKED && heard(&w, WN_AUDIT_REFUSED, EKEYREVOKED, 1, cap) &&
	   heard(&w, WN_AUDIT_REVOKED, 0, 1, cap) && silent(&w), "a revocation, and a use of it");
	in.expires = w.now.boottime + 1;
	world_op(&w, 0, OP(.opcode = WN_OP_CAP_GRANT, .arg = 2), &in);
	cap = w.last.aux;
	w.now.boottime++;
	ok(set(&w, 1, cap) == -EKEYEXPIRED && heard(&w, WN_AUDIT_GRANTED, 0, 1, cap) &&
	   heard(&w, WN_AUDIT_EXPIRED, EKEYEXPIRED, 1, cap) && silent(&w), "an expired one");
	ok(mixed_redeem(&w), "tokens of which one is refused");
	room = 0;
	for (i = 0; i < WN_AUDIT_RECORDS + 10; i++)
		set(&w, 1, 6);
	silent(&w);
	room = 4096;
	wn_work_slice(w.core, &w.now);
	silent(&w);
	memcpy(&lost, mail[taken].data, sizeof(lost));
	events = used - taken;
	ok(mail[taken].kind == WN_EV_LOSS && lost == 10 && events == 1 + WN_AUDIT_RECORDS,
	   "who reads too slowly knows how many are lost");
	taken = used;
	wn_core_client_close(w.core, 0);
	ok(set(&w, 1, 6) == -EACCES && silent(&w) && !w.core->audit->listeners, "nobody listens");
	world_deinit(&w);
	return tap_done();
}
