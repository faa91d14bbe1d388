// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "replay.h"

#include "bounds.h"
#include "client.h"
#include "journal.h"
#include "op.h"
#include "reap.h"
#include "work.h"

/* No time is later: beyond it sums of times could leave 64 bits. */
#define TIME_MAX	(1ULL << 62)

/* Blocks of BLAKE2s that one call hashes. */
#define HASHES		1024

/* A record whose head was checked. */
struct record {
	const u8 *body;
	u32 bytes, body_bytes, arg, kind, client, flags;
	s64 result;
	struct wn_now now;
};

/* --------------------------------------------------------------- reads */

static const u8 *take(struct wn_replay *r, u64 name, u32 len)
{
	const u8 *at = r->at;

	if (r->wrong || (u64)(r->end - at) < sizeof(u64) + (u64)len || wn_get_le64(at) != name) {
		r->wrong = true;
		return NULL;
	}
	r->at += sizeof(u64) + len;
	return at + sizeof(u64);
}

void wn_replay_bytes(struct wn_replay *replay, void *to, u32 len)
{
	const u8 *at = take(replay, WN_READ_BYTES | len, wn_form_pad(len));

	if (at)
		wn_memcpy(to, at, len);
	else
		wn_memset(to, 0, len);
}

u64 wn_replay_word(struct wn_replay *replay, u64 name, u64 known)
{
	const u8 *at;

	if (replay->over)
		return known;
	at = take(replay, name, sizeof(u64));
	return at ? wn_get_le64(at) : 0;
}

/* ---------------------------------------------------------------- head */

/* 0: there is not a whole one. */
static int read_head(const u8 *bytes, u32 len, struct record *r)
{
	if (len < WN_INPUT_HEAD)
		return 0;
	r->bytes = wn_get_le32(bytes + WN_INPUT_AT_BYTES);
	r->body_bytes = wn_get_le32(bytes + WN_INPUT_AT_BODY);
	if (r->bytes < WN_INPUT_HEAD || r->bytes % sizeof(u64) || r->body_bytes % sizeof(u64) ||
	    r->body_bytes > r->bytes - WN_INPUT_HEAD)
		return -EINVAL;
	if (len < r->bytes)
		return 0;
	r->body = bytes + WN_INPUT_HEAD;
	r->arg = wn_get_le32(bytes + WN_INPUT_AT_ARG);
	r->kind = bytes[WN_INPUT_AT_KIND];
	r->flags = bytes[WN_INPUT_AT_FLAGS];
	r->client = wn_get_le16(bytes + WN_INPUT_AT_CLIENT);
	r->result = (s64)wn_get_le64(bytes + WN_INPUT_AT_RESULT);
	r->now.realtime = wn_get_le64(bytes + WN_INPUT_AT_REALTIME);
	r->now.boottime = wn_get_le64(bytes + WN_INPUT_AT_BOOTTIME);
	if (r->now.realtime > TIME_MAX || r->now.boottime > TIME_MAX)
		return -EINVAL;
	if (r->flags & ~(r->kind == WN_INPUT_OPEN ? WN_INPUT_F_SLOTS : 0))
		return -EINVAL;
	return 1;
}

int wn_replay_read_begin(const u8 *bytes, u32 len, struct wn_bounds *bounds,
			 struct wn_core_ident *ident)
{
	wn_half *bound = (wn_half *)bounds;
	struct record r;
	const u8 *at;
	u32 i;

	if (read_head(bytes, len, &r) <= 0 || r.kind != WN_INPUT_BEGIN ||
	    r.body_bytes != WN_INPUT_BEGIN_BYTES)
		return -EINVAL;
	if (wn_get_le32(r.body) != WN_INPUT_FORM)
		return -EPROTO;
	wn_memset(bounds, 0, sizeof(*bounds));
	for (i = 0; i < sizeof(*bounds) / sizeof(u32) - 2; i++)
		bound[i] = wn_get_le32(r.body + WN_INPUT_BOUNDS + i * sizeof(u32));
	at = r.body + WN_INPUT_IDENT;
	bounds->slab_bytes = wn_get_le64(at - sizeof(u64));
	*ident = (struct wn_core_ident){
		.domain = wn_get_le64(at),
		.name_key = { wn_get_le64(at + 8), wn_get_le64(at + 16) },
		.secret = { wn_get_le64(at + 24), wn_get_le64(at + 32) },
		.replica = wn_get_le32(r.body + 4),
	};
	if (ident->replica >= bounds->replicas)
		return -EINVAL;
	return wn_bounds_check(bounds);
}

/* --------------------------------------------------------------- kinds */

#define ARENAS	8u	/* bytes of a body before the slots */

/* -E2BIG: there is no room for answers. */
static int env_of(struct wn_core *core, const struct record *r, struct wn_op_env *env)
{
	const u32 out = wn_get_le32(r->body + 4);

	*env = (struct wn_op_env){ .client = r->client, .now = &r->now };
	env->in_bytes = wn_get_le32(r->body);
	/* It is read through wn_input_bytes() alone. */
	if (env->in_bytes != WN_INPUT_NO_ARENA)
		env->in = core->delta;
	if (out == WN_INPUT_NO_ARENA)
		return 0;
	if (out > core->replay->out_bytes)
		return -E2BIG;
	env->out = core->replay->out;
	env->out_bytes = out;
	return 0;
}

/* The next slots of a body to where ops have theirs; false: there are none. */
static bool take_slots(const struct record *r, u32 *at, struct wn_sqe *slots)
{
	if (r->body_bytes - *at < sizeof(*slots))
		return false;
	wn_memcpy(slots, r->body + *at, sizeof(*slots));
	*at += sizeof(*slots);
	if (!(slots->flags & WN_SQE_WIDE))
		return true;
	if (r->body_bytes - *at < sizeof(*slots))
		return false;
	wn_memcpy(slots + 1, r->body + *at, sizeof(*slots));
	*at += sizeof(*slots);
	return true;
}

static s64 do_op(struct wn_core *core, const struct record *r, bool *held)
{
	struct wn_op_result result;
	struct wn_op_env env;
	u32 at = ARENAS;
	int err;

	if (r->body_bytes < ARENAS || !take_slots(r, &at, core->group) || at != r->body_bytes)
		return -EINVAL;
	err = env_of(core, r, &env);
	if (err)
		return err;
	wn_op_apply(core, &env, core->group, &result);
	if (core->group->opcode == WN_OP_DIGEST && result.res == 1)
		result.res = 0;
	*held = result.res == r->result;
	return 0;
}

static s64 do_group(struct wn_core *core, const struct record *r, bool *held)
{
	u32 n, i, at = ARENAS;
	struct wn_op_env env;
	s64 res = 0;
	int err;

	if (r->body_bytes <= ARENAS)
		return -EINVAL;
	for (n = 0; at < r->body_bytes; n++)
		if (n == core->bounds.group_ops || !take_slots(r, &at, &core->group[2 * n]))
			return -EINVAL;
	err = env_of(core, r, &env);
	if (err)
		return err;
	if (!wn_op_apply_group(core, &env, core->group, n, core->results))
		for (i = 0; i < n; i++)
			if (core->results[i].res != -ECANCELED)
				res = core->results[i].res;
	*held = res == r->result;
	return 0;
}

/* A client that was open, with a table. */
static bool has_client(const struct wn_core *core, const struct record *r)
{
	return r->client < core->bounds.clients &&
	       wn_core_client_is_open(&core->clients[r->client]);
}

static s64 do_cap(struct wn_core *core, const struct record *r, bool *held)
{
	const struct wn_core_open first = {
		.node = wn_get_le64(r->body),
		.expires = wn_get_le64(r->body + 8),
		.badge = wn_get_le64(r->body + 16),
		.rights = wn_get_le32(r->body + 24),
		.quota_nodes = wn_get_le32(r->body + 28),
		/* Not looked at: slots are read through wn_input_word(). */
		.slots = r->flags & WN_INPUT_F_SLOTS ? core->tx->log : NULL,
	};
	const struct wn_cap *cap;

	if (r->kind == WN_INPUT_OPEN) {
		*held = wn_core_client_open(core, r->client, &first) == r->result;
		return 0;
	}
	if (!has_client(core, r) || r->arg >= core->bounds.caps || first.rights & ~WN_RIGHT_ALL)
		return -EINVAL;
	/* Only what nobody granted, and under which nothing was, is put there. */
	cap = &core->clients[r->client].caps[r->arg];
	if (cap->parent || cap->child || (cap->state == WN_CAP_REVOKED && cap->node))
		return -EINVAL;
	*held = wn_cap_put(core, r->client, r->arg, &first) == r->result;
	return 0;
}

static s64 do_ask(struct wn_core *core, const struct record *r, bool *held)
{
	const struct wn_cap *cap;

	if (!has_client(core, r))
		return -EINVAL;
	*held = wn_cap_ask(core, r->client, r->arg, (u32)wn_get_le64(r->body),
			   wn_get_le64(r->body + 8), &r->now, &cap) == r->result;
	return 0;
}

static s64 do_digest(struct wn_core *core, const struct record *r, bool *held)
{
	u8 digest[WN_BLAKE2S_BYTES];
	u32 budget = HASHES;

	/* With a journal of its own it is noted there, too. */
	if (!wn_journal_digest(core, &budget))
		return -EAGAIN;
	wn_digest_state(core, digest);
	*held = !wn_memcmp(digest, r->body, sizeof(digest));
	return 0;
}

static s64 apply(struct wn_core *core, const struct record *r, bool *held)
{
	const u32 body = r->kind == WN_INPUT_ASK ? WN_INPUT_ASK_BYTES :
			 r->kind == WN_INPUT_OPEN || r->kind == WN_INPUT_CAP ? WN_INPUT_CAP_BYTES :
			 r->kind == WN_INPUT_DIGEST ? WN_BLAKE2S_BYTES : 0;

	if (r->kind != WN_INPUT_OP && r->kind != WN_INPUT_GROUP && r->kind != WN_INPUT_BEGIN &&
	    r->body_bytes != body)
		return -EINVAL;
	switch (r->kind) {
	case WN_INPUT_BEGIN:
		return core->replay->inputs ? -EINVAL : 0;
	case WN_INPUT_OP:
		return do_op(core, r, held);
	case WN_INPUT_GROUP:
		return do_group(core, r, held);
	case WN_INPUT_WORK:
		*held = wn_work_slice(core, &r->now) == r->result;
		return 0;
	case WN_INPUT_REAP:
		*held = wn_core_slice(core, r->arg) == r->result;
		return 0;
	case WN_INPUT_OPEN:
	case WN_INPUT_CAP:
		return do_cap(core, r, held);
	case WN_INPUT_CLOSE:
		if (!has_client(core, r))
			return -EINVAL;
		wn_core_client_close(core, r->client);
		return 0;
	case WN_INPUT_ASK:
		return do_ask(core, r, held);
	case WN_INPUT_PUMP:
		if (r->client >= core->bounds.clients)
			return -EINVAL;
		*held = wn_mail_pump(core, r->client, NULL) == r->result;
		return 0;
	case WN_INPUT_RETRY:
		if (r->client >= core->bounds.clients)
			return -EINVAL;
		wn_mail_retry(core, r->client);
		return 0;
	case WN_INPUT_DIGEST:
		return do_digest(core, r, held);
	}
	return -EINVAL;
}

/* ----------------------------------------------------------------- all */

void wn_replay_begin(struct wn_core *core, struct wn_replay *replay, void *out, u32 out_bytes)
{
	*replay = (struct wn_replay){ .out = out, .out_bytes = out_bytes };
	core->replay = replay;
}

s64 wn_replay_next(struct wn_core *core, const u8 *bytes, u32 len)
{
	struct wn_replay *replay = core->replay;
	bool held = true;
	struct record r;
	s64 err = read_head(bytes, len, &r);

	if (err <= 0)
		return err;
	if (wn_get_le64(bytes + WN_INPUT_AT_NUMBER) != replay->inputs)
		return -EPROTO;
	replay->at = r.body + r.body_bytes;
	replay->end = bytes + r.bytes;
	replay->wrong = false;
	err = apply(core, &r, &held);
	if (err)
		return err;
	if (!held || replay->wrong || replay->at != replay->end)
		return -EPROTO;
	replay->inputs++;
	return r.bytes;
}

void wn_replay_end(struct wn_core *core)
{
	u32 i;

	core->replay->over = true;
	for (i = 0; i < core->bounds.clients; i++)
		wn_core_client_close(core, i);
	core->replay = NULL;
}
