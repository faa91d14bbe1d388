// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "journal.h"

#include "client.h"
#include "replay.h"
#include "work.h"

static u32 larger(u32 a, u32 b)
{
	return a > b ? a : b;
}

u32 wn_journal_input_max(const struct wn_bounds *bounds)
{
	/* An update in a group reads a value or two slots. */
	const u32 group = bounds->group_ops * (u32)(2 * sizeof(struct wn_sqe) + 2 * sizeof(u64) +
						    WN_CELL_BYTES_MAX);
	const u32 merge = 2 * (u32)sizeof(struct wn_sqe) + sizeof(u64) + WN_DELTA_BYTES_MAX;
	/* One op, one slice, one death: as many slots at most. */
	const u32 words = larger(larger(bounds->clients, bounds->slots), 2 * WN_WORK_STEPS);
	/* With the digest that may follow it. */
	const u32 heads = 2 * WN_INPUT_HEAD + (u32)WN_INPUT_BEGIN_BYTES + WN_BLAKE2S_BYTES;

	return heads + larger(larger(group, merge), words * 2 * (u32)sizeof(u64));
}

/* A client's end: its slots, and what its first slice reads. */
static u32 close_max(const struct wn_bounds *bounds)
{
	return WN_INPUT_HEAD + (bounds->slots + 2 * WN_WORK_STEPS) * 2 * (u32)sizeof(u64);
}

/* One input, what may follow it in the same call, and the end of everybody. */
static u64 reserve(const struct wn_bounds *bounds)
{
	return 2 * (u64)wn_journal_input_max(bounds) + (u64)bounds->clients * close_max(bounds);
}

u64 wn_journal_bytes_min(const struct wn_bounds *bounds)
{
	return 2 * reserve(bounds);
}

/* -------------------------------------------------------------- shares */

bool wn_journal_has_share(struct wn_core *core, u32 client)
{
	struct wn_journal *j = core->journal;
	const struct wn_journal_share *share;

	if (!wn_journal_has_room(core))
		return false;
	/* What was done once has its room. */
	if (core->replay || client > core->bounds.clients)
		return true;
	share = &core->shares[client];
	if (share->since != j->total || share->bytes <= wn_journal_room(j) - j->reserve)
		return true;
	j->put_off = true;
	return false;
}

/* Whose share an input is of: bounds.clients of nobody's in particular; -1: of none. */
static int sharer(const struct wn_core *core, u32 kind, u32 client)
{
	switch (kind) {
	case WN_INPUT_OP:
	case WN_INPUT_GROUP:
	case WN_INPUT_ASK:
	case WN_INPUT_CAP:
	case WN_INPUT_RETRY:
		return (int)client;
	case WN_INPUT_OPEN:
	case WN_INPUT_CLOSE:
		return (int)core->bounds.clients;
	}
	return -1;
}

static void charge(struct wn_core *core, u32 kind, u32 client, u32 bytes)
{
	const int at = sharer(core, kind, client);
	struct wn_journal_share *share;

	if (at < 0 || (u32)at > core->bounds.clients)
		return;
	share = &core->shares[at];
	if (share->since != core->journal->total)
		*share = (struct wn_journal_share){ .since = core->journal->total };
	share->bytes += bytes;
}

/* ------------------------------------------------------------- records */

/* So many bytes of the record that is written, zero; or NULL: it is not, or not any more. */
static u8 *give(struct wn_journal *j, u32 len)
{
	u8 *at = j->bytes + j->used;

	if (!j->is_open || j->broken)
		return NULL;
	if (len > wn_journal_room(j)) {
		j->broken = true;
		j->used = j->open;
		return NULL;
	}
	wn_memset(at, 0, len);
	j->used += len;
	return at;
}

/* Of the head. */
static u8 *head(struct wn_journal *j)
{
	return j->is_open && !j->broken ? j->bytes + j->open : NULL;
}

void wn_journal_open(struct wn_core *core, u32 kind, u32 client, const struct wn_now *now)
{
	struct wn_journal *j = core->journal;
	u8 *at;

	wn_bug_on(j->is_open);
	j->is_open = true;
	j->open = j->used;
	at = give(j, WN_INPUT_HEAD);
	if (!at)
		return;
	at[WN_INPUT_AT_KIND] = (u8)kind;
	wn_put_le16(at + WN_INPUT_AT_CLIENT, (u16)client);
	wn_put_le64(at + WN_INPUT_AT_NUMBER, j->inputs);
	if (now) {
		wn_put_le64(at + WN_INPUT_AT_REALTIME, now->realtime);
		wn_put_le64(at + WN_INPUT_AT_BOOTTIME, now->boottime);
	}
}

void wn_journal_arg(struct wn_core *core, u32 flags, u32 arg)
{
	u8 *at = head(core->journal);

	if (!at)
		return;
	at[WN_INPUT_AT_FLAGS] = (u8)flags;
	wn_put_le32(at + WN_INPUT_AT_ARG, arg);
}

void wn_journal_put(struct wn_core *core, const void *bytes, u32 len)
{
	u8 *at = give(core->journal, wn_form_pad(len));

	if (at)
		wn_memcpy(at, bytes, len);
}

void wn_journal_body(struct wn_core *core)
{
	struct wn_journal *j = core->journal;
	u8 *at = head(j);

	if (at)
		wn_put_le32(at + WN_INPUT_AT_BODY, j->used - j->open - WN_INPUT_HEAD);
}

void wn_journal_close(struct wn_core *core, s64 result)
{
	struct wn_journal *j = core->journal;
	u8 *at = head(j);

	j->is_open = false;
	if (!at)
		return;
	wn_put_le64(at + WN_INPUT_AT_RESULT, (u64)result);
	wn_put_le32(at + WN_INPUT_AT_BYTES, j->used - j->open);
	charge(core, at[WN_INPUT_AT_KIND], wn_get_le16(at + WN_INPUT_AT_CLIENT),
	       j->used - j->open);
	j->inputs++;
}

/* --------------------------------------------------------------- kinds */

void wn_journal_begin(struct wn_core *core, struct wn_journal *journal, void *bytes, u32 size,
		      const struct wn_core_ident *ident)
{
	u8 body[WN_INPUT_BEGIN_BYTES] = {}, *at = body + WN_INPUT_IDENT;
	const wn_half *bound = (const wn_half *)&core->bounds;
	u32 i;

	*journal = (struct wn_journal){ .bytes = bytes, .size = size };
	/* Of bounds within the limits it is far below 4 GB. */
	journal->reserve = (u32)reserve(&core->bounds);
	core->journal = journal;
	wn_put_le32(body, WN_INPUT_FORM);
	wn_put_le32(body + 4, ident->replica);
	/* All of them are u32 but the last, which is u64. */
	for (i = 0; i < sizeof(struct wn_bounds) / sizeof(u32) - 2; i++)
		wn_put_le32(body + WN_INPUT_BOUNDS + i * sizeof(u32), bound[i]);
	wn_put_le64(at - sizeof(u64), core->bounds.slab_bytes);
	wn_put_le64(at, ident->domain);
	wn_put_le64(at + 8, ident->name_key[0]);
	wn_put_le64(at + 16, ident->name_key[1]);
	wn_put_le64(at + 24, ident->secret[0]);
	wn_put_le64(at + 32, ident->secret[1]);
	wn_journal_open(core, WN_INPUT_BEGIN, 0, NULL);
	wn_journal_put(core, body, sizeof(body));
	wn_journal_body(core);
	wn_journal_close(core, 0);
}

void wn_journal_end(struct wn_core *core)
{
	core->journal = NULL;
}

void wn_journal_ops(struct wn_core *core, u32 kind, const struct wn_op_env *env,
		    const struct wn_sqe *slots, u32 n)
{
	u8 arenas[8];
	u32 i;

	wn_put_le32(arenas, env->in ? env->in_bytes : WN_INPUT_NO_ARENA);
	wn_put_le32(arenas + 4, env->out ? env->out_bytes : WN_INPUT_NO_ARENA);
	wn_journal_open(core, kind, env->client, env->now);
	wn_journal_put(core, arenas, sizeof(arenas));
	for (i = 0; i < n; i++)
		wn_journal_put(core, &slots[2 * i], slots[2 * i].flags & WN_SQE_WIDE ?
			       2 * sizeof(*slots) : sizeof(*slots));
	wn_journal_body(core);
}

void wn_journal_cap(struct wn_core *core, u32 kind, u32 client, u32 index,
		    const struct wn_core_open *first)
{
	u8 body[WN_INPUT_CAP_BYTES];

	wn_put_le64(body, first->node);
	wn_put_le64(body + 8, first->expires);
	wn_put_le64(body + 16, first->badge);
	wn_put_le32(body + 24, first->rights);
	wn_put_le32(body + 28, first->quota_nodes);
	wn_journal_open(core, kind, client, NULL);
	wn_journal_arg(core, first->slots ? WN_INPUT_F_SLOTS : 0, index);
	wn_journal_put(core, body, sizeof(body));
	wn_journal_body(core);
}

void wn_journal_ask(struct wn_core *core, u32 client, u32 index, const u64 words[2],
		    const struct wn_now *now)
{
	u8 body[WN_INPUT_ASK_BYTES];

	wn_put_le64(body, words[0]);
	wn_put_le64(body + 8, words[1]);
	wn_journal_open(core, WN_INPUT_ASK, client, now);
	wn_journal_arg(core, 0, index);
	wn_journal_put(core, body, sizeof(body));
	wn_journal_body(core);
}

bool wn_journal_digest(struct wn_core *core, u32 *budget)
{
	u8 digest[WN_BLAKE2S_BYTES];

	if (!wn_digest_slice(core, budget))
		return false;
	if (!core->journal)
		return true;
	wn_digest_state(core, digest);
	wn_journal_open(core, WN_INPUT_DIGEST, 0, NULL);
	wn_journal_put(core, digest, sizeof(digest));
	wn_journal_body(core);
	wn_journal_close(core, 0);
	return true;
}

/* --------------------------------------------------------------- reads */

static void put_name(struct wn_core *core, u64 name)
{
	u8 *at = give(core->journal, sizeof(u64));

	if (at)
		wn_put_le64(at, name);
}

void wn_input_bytes(struct wn_core *core, void *to, const void *from, u32 len)
{
	if (likely(!core->replay))
		wn_memcpy(to, from, len);
	else
		wn_replay_bytes(core->replay, to, len);
	if (unlikely(core->journal)) {
		put_name(core, WN_READ_BYTES | len);
		wn_journal_put(core, to, len);
	}
}

u64 wn_input_word(struct wn_core *core, u64 name, u64 value)
{
	u8 *at;

	if (unlikely(core->replay))
		value = wn_replay_word(core->replay, name, value);
	if (unlikely(core->journal)) {
		put_name(core, name);
		at = give(core->journal, sizeof(u64));
		if (at)
			wn_put_le64(at, value);
	}
	return value;
}
