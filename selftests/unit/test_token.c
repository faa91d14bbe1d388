// SPDX-License-Identifier: MIT
/* Tokens: what was signed is known again; what was not, in any bit, is refused and counted. */
#include <string.h>

#include "kmod/core/blake2s.h"
#include "kmod/core/token.h"
#include "tap.h"
#include "world.h"

#define ROUNDS	200000

static u8 in[WN_TOKENS_MAX * 64];
static struct world w;
static u64 seed;

static s64 op(u32 client, const struct wn_sqe *sqe)
{
	const struct wn_op_env env = {
		.client = client, .now = &w.now, .out = w.out, .out_bytes = WORLD_OUT_BYTES,
		.in = in, .in_bytes = sizeof(in),
	};

	wn_op_apply(w.core, &env, sqe, &w.last);
	return w.last.res;
}

static u64 stat(u32 which)
{
	return w.core->public->stats[which];
}

static s64 make(u32 client, u32 cap, const struct wn_token_ask *asks, u32 n, struct wn_token *to)
{
	s64 res;

	memcpy(in, asks, n * sizeof(*asks));
	res = op(client, OP(.opcode = WN_OP_TOKEN_MAKE, .cap = (u16)cap,
			    .w = { (u64)n * sizeof(*to) << 32, (u64)n << 32 }));
	if (!WN_RES_IS_ERROR(res))
		memcpy(to, w.out, n * sizeof(*to));
	return res;
}

static s64 make_one(u32 client, u32 cap, u64 node, u32 rights, u32 flags, u64 expires,
		    struct wn_token *to)
{
	const struct wn_token_ask ask = {
		.node = node, .rights = rights, .flags = flags, .expires = expires,
	};

	return make(client, cap, &ask, 1, to);
}

static s64 redeem(u32 client, const struct wn_token *tokens, u32 n, struct wn_token_got *got)
{
	s64 res;

	memcpy(in, tokens, n * sizeof(*tokens));
	res = op(client, OP(.opcode = WN_OP_TOKEN_REDEEM,
			    .w = { (u64)n * sizeof(*got) << 32, (u64)n << 32 }));
	if (!WN_RES_IS_ERROR(res))
		memcpy(got, w.out, n * sizeof(*got));
	return res;
}

/* What becomes of one; and the capability is given up again. */
static s64 redeem_one(u32 client, const struct wn_token *token)
{
	struct wn_token_got got = {};
	const s64 res = redeem(client, token, 1, &got);

	if (res < 0)
		return res;
	if (!WN_RES_IS_ERROR(got.res)) {
		op(client, OP(.opcode = WN_OP_CAP_REVOKE, .cap = (u16)got.index));
		while (wn_core_slice(w.core, 100))
			;
		return 0;
	}
	return res ? -EIO : got.res;
}

static s64 grant(u32 client, u32 cap, u64 node, u32 to, u32 rights, u64 expires)
{
	const struct wn_grant g = { .rights = rights, .expires = expires };

	return world_op(&w, client, OP(.opcode = WN_OP_CAP_GRANT, .cap = (u16)cap, .node = node,
				       .arg = to), &g);
}

/* ------------------------------------------------------------------ life */

static void test_life(u64 node, u64 out)
{
	struct wn_token_got got[2];
	struct wn_token token, two[2];
	const struct wn_token_ask asks[2] = {
		{ .node = node, .rights = WN_RIGHT_READ }, { .node = out, .rights = WN_RIGHT_EMIT },
	};
	struct wn_cap *cap;
	s64 mine;
	u32 index;

	ok(make_one(0, 0, node, WN_RIGHT_READ | WN_RIGHT_WRITE, 0, 0, &token) == 1 &&
	   token.node == node && token.epoch == 1, "made");
	ok(redeem(1, &token, 1, got) == 1 && !WN_RES_IS_ERROR(got[0].res) &&
	   got[0].rights == (WN_RIGHT_READ | WN_RIGHT_WRITE), "redeemed");
	cap = &w.core->clients[1].caps[got[0].index];
	ok(cap->node == node && cap->rights == got[0].rights && cap->depth == 1 && cap->given,
	   "a capability as it says");
	ok(world_op(&w, 1, OP(.opcode = WN_OP_NODE_SET, .cap = (u16)got[0].index,
			      .op_flags = WN_SET_TAGS), NULL) > 0 &&
	   world_op(&w, 1, OP(.opcode = WN_OP_NODE_SET, .cap = (u16)got[0].index, .node = out,
			      .op_flags = WN_SET_TAGS), NULL) == -ESTALE, "that holds, and no more");
	ok(make(0, 0, asks, 2, two) == 2 && redeem(1, two, 2, got) == 2 &&
	   w.core->clients[1].caps[got[1].index].node == out, "two at once");
	ok(memcmp(two[0].tag, two[1].tag, 32), "each its own tag");
	two[0].node = out;
	ok(redeem(1, two, 2, got) == 1 && got[0].res == -EBADMSG && !WN_RES_IS_ERROR(got[1].res),
	   "a bad one among good ones");
	ok(stat(WN_STAT_TOKEN_MADE) == 3 && stat(WN_STAT_TOKEN_REDEEMED) == 4 &&
	   stat(WN_STAT_TOKEN_REFUSED) == 1, "counted");

	/* Below what it was made under. */
	mine = grant(0, 0, node, 0, WN_RIGHT_READ | WN_RIGHT_GRANT, 0);
	index = w.last.aux;
	ok(make_one(0, index, 0, WN_RIGHT_WRITE, 0, 0, &token) == -EACCES &&
	   make_one(0, index, out, WN_RIGHT_READ, 0, 0, &token) == -ESTALE &&
	   make_one(0, index, 0, WN_RIGHT_READ, 0, 0, &token) == 1, "not more than it allows");
	ok(redeem(1, &token, 1, got) == 1, "good while that is there");
	world_op(&w, 0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = (u64)mine), NULL);
	ok(redeem_one(1, &token) == -EKEYREVOKED &&
	   world_op(&w, 1, OP(.opcode = WN_OP_CAP_READ, .cap = (u16)got[0].index), NULL) ==
		   -EKEYREVOKED, "and nothing after it, with all that came of it");
	while (wn_core_slice(w.core, 100))
		;
	ok(redeem_one(1, &token) == -EKEYREVOKED, "nor later");
}

/* ------------------------------------------------------------------ time */

static void test_time(u64 node)
{
	const u64 second = 1000000000;
	struct wn_token token, late;
	struct wn_token_got got;
	const struct wn_cap *cap;
	u32 index;

	make_one(0, 0, node, WN_RIGHT_READ, 0, w.now.realtime + second, &token);
	ok(redeem(1, &token, 1, &got) == 1, "before its end");
	cap = &w.core->clients[1].caps[got.index];
	ok(cap->expires == w.now.boottime + second, "what comes of it ends then, too");
	w.now.realtime += second - 1;
	ok(redeem_one(1, &token) == 0, "still");
	w.now.realtime++;
	ok(redeem_one(1, &token) == -EKEYEXPIRED, "expired");
	w.now.realtime -= 10 * second;
	ok(redeem_one(1, &token) == 0, "a clock that is set back gives time");
	w.now.realtime += 9 * second;
	ok(cap->expires == w.now.boottime + second, "but to nothing that was redeemed");
	make_one(0, 0, node, WN_RIGHT_READ, 0, ~0ULL, &late);
	ok(redeem(1, &late, 1, &got) == 1 &&
	   w.core->clients[1].caps[got.index].expires > w.now.boottime, "the end of time");
	grant(0, 0, node, 0, WN_RIGHT_READ | WN_RIGHT_GRANT, w.now.boottime + 5);
	index = w.last.aux;
	make_one(0, index, 0, WN_RIGHT_READ, 0, 0, &token);
	ok(redeem(1, &token, 1, &got) == 1 &&
	   w.core->clients[1].caps[got.index].expires == w.now.boottime + 5,
	   "no later than the one above");
	w.now.boottime += 5;
	ok(redeem_one(1, &token) == -EKEYEXPIRED, "which has expired");
}

/* ----------------------------------------------------------------- epochs */

static s64 epoch(u32 flags, u64 oldest)
{
	return op(0, OP(.opcode = WN_OP_TOKEN_EPOCH, .op_flags = flags, .w = { oldest }));
}

static void test_epochs(u64 node)
{
	struct wn_token first, second;

	make_one(0, 0, node, WN_RIGHT_READ, 0, 0, &first);
	ok(epoch(0, 0) == 1 && w.last.aux == 1 && epoch(WN_EPOCH_NEXT, 0) == 2 && w.last.aux == 1,
	   "a new key");
	make_one(0, 0, node, WN_RIGHT_READ, 0, 0, &second);
	ok(second.epoch == 2 && memcmp(first.tag, second.tag, 32), "signs the next");
	ok(redeem_one(1, &first) == 0 && redeem_one(1, &second) == 0, "both are good");
	ok(epoch(0, 3) == -EINVAL && epoch(0, 2) == 2, "the first has an end");
	ok(redeem_one(1, &first) == -EKEYREVOKED && redeem_one(1, &second) == 0, "and its tokens");
	first.tag[0] ^= 1;
	ok(redeem_one(1, &first) == -EBADMSG, "of a forged one no more is said");
	ok(epoch(0, 1) == -EINVAL, "it does not come back");
	first.epoch = 3;
	ok(redeem_one(1, &first) == -EBADMSG, "a key that is not there yet");
	ok(op(1, OP(.opcode = WN_OP_TOKEN_EPOCH)) == -EACCES, "for who may");
	ok(epoch(WN_EPOCH_NEXT, 3) == 3 && redeem_one(1, &second) == -EKEYREVOKED, "all at once");
}

/* ------------------------------------------------------------------ free */

static void test_free(u64 node)
{
	const u64 soon = w.now.realtime + 1000000000;
	struct wn_token token, bound;
	struct wn_token_got got;

	ok(make_one(0, 0, node, WN_RIGHT_READ, WN_TOKEN_FREE, 0, &token) == -EINVAL,
	   "one that is free must end");
	wn_core_client_open(w.core, 2, &(struct wn_core_open){ .rights = WN_RIGHT_ALL });
	grant(2, 0, node, 0, WN_RIGHT_ALL, 0);
	ok(make_one(2, w.last.aux, node, WN_RIGHT_READ, WN_TOKEN_FREE, soon, &token) == -EACCES,
	   "and be made by who may do all");
	ok(make_one(2, 0, node, WN_RIGHT_READ, WN_TOKEN_FREE, soon, &token) == 1 &&
	   make_one(2, 0, node, WN_RIGHT_READ, 0, soon, &bound) == 1, "made");
	wn_core_client_close(w.core, 2);
	ok(redeem_one(1, &bound) == -EKEYREVOKED && redeem(1, &token, 1, &got) == 1,
	   "it outlives its maker, who else takes his along");
	ok(!w.core->clients[1].caps[got.index].depth &&
	   w.core->clients[1].caps[got.index].expires, "below nobody, for its time");
	op(1, OP(.opcode = WN_OP_CAP_REVOKE, .cap = (u16)got.index));
	while (wn_core_slice(w.core, 100))
		;
	ok(epoch(WN_EPOCH_NEXT, 4) == 4 && redeem_one(1, &token) == -EKEYREVOKED,
	   "its key's end is its own");
	bound.rights |= WN_TOKEN_FREE;
	ok(redeem_one(1, &bound) == -EBADMSG, "nobody frees one himself");
}

/* A domain with another secret, or after a restart with the same. */
static void test_elsewhere(u64 node)
{
	const u64 soon = w.now.realtime + 1000000000;
	const u64 secret[2] = { w.core->secret[0], w.core->secret[1] };
	struct wn_token token;

	make_one(0, 0, node, WN_RIGHT_READ, WN_TOKEN_FREE, soon, &token);
	w.core->secret[1]++;
	ok(redeem_one(1, &token) == -EBADMSG, "another domain does not know it");
	w.core->secret[0] = secret[0];
	w.core->secret[1] = secret[1];
	ok(redeem_one(1, &token) == 0, "the same does, whoever lived through it");
}

/* --------------------------------------------------------------- hostile */

static void test_malformed(u64 node)
{
	const struct wn_token_ask good = { .node = node, .rights = WN_RIGHT_READ };
	struct wn_token_ask asks[2] = { good, good };
	struct wn_token tokens[2];
	struct wn_token_got got[2];
	const u64 one = 1ULL << 32, room = 4096ULL << 32;

	memset(in, 0, sizeof(in));
	ok(op(0, OP(.opcode = WN_OP_TOKEN_MAKE, .w = { room, 0 })) == -EINVAL &&
	   op(0, OP(.opcode = WN_OP_TOKEN_MAKE, .w = { room, one * (WN_TOKENS_MAX + 1) })) == -EINVAL &&
	   op(0, OP(.opcode = WN_OP_TOKEN_MAKE, .w = { room, one | 4 })) == -EINVAL &&
	   op(0, OP(.opcode = WN_OP_TOKEN_MAKE, .w = { room, one | sizeof(in) })) == -EINVAL &&
	   op(0, OP(.opcode = WN_OP_TOKEN_MAKE, .w = { room, one | 0xfffffff8 })) == -EINVAL,
	   "how many, and where");
	ok(op(0, OP(.opcode = WN_OP_TOKEN_MAKE, .w = { 63ULL << 32, one })) == -ENOBUFS &&
	   op(0, OP(.opcode = WN_OP_TOKEN_MAKE, .w = { room | 0xfffffff8, one })) == -ENOBUFS &&
	   op(1, OP(.opcode = WN_OP_TOKEN_REDEEM, .w = { 15ULL << 32, one })) == -ENOBUFS, "no room");
	ok(world_op(&w, 0, OP(.opcode = WN_OP_TOKEN_MAKE, .w = { room, one }), NULL) == -ENXIO,
	   "no arena");
	asks[1].flags = 1;
	ok(make(0, 0, asks, 2, tokens) == -EINVAL, "a flag that there is not");
	asks[1] = good;
	asks[1].reserved = 1;
	memset(w.out, 0x55, 256);
	ok(make(0, 0, asks, 2, tokens) == -EINVAL && !((struct wn_token *)w.out)->node &&
	   w.out[64] == 0x55, "all or none: nothing is left of the first");
	asks[1].reserved = 0;
	asks[1].rights = 0;
	ok(make(0, 0, asks, 2, tokens) == -EINVAL, "no right");
	asks[1].rights = WN_RIGHT_ALL + 1;
	ok(make(0, 0, asks, 2, tokens) == -EINVAL, "a right that there is not");
	make(0, 0, &good, 1, tokens);
	tokens[1] = tokens[0];
	memset(tokens[1].tag + 16, 0, 16);
	ok(redeem(1, tokens, 2, got) == 1 && got[1].res == -EBADMSG, "a tag cut short");
	memset(&tokens[1], 0, sizeof(tokens[1]));
	ok(redeem(1, tokens, 2, got) == 1 && got[1].res == -EBADMSG, "nothing at all");
	ok(op(1, OP(.opcode = WN_OP_TOKEN_MAKE, .w = { room, one })) == -EACCES, "who may not grant");
}

/* Each bit counts. And what is drawn at random is none. */
static void test_forged(u64 node)
{
	const u64 refused = stat(WN_STAT_TOKEN_REFUSED);
	const u32 used = w.core->clients[1].caps_used;
	struct wn_token token, forged;
	u32 bit, round, wrong = 0;
	u64 *words = (u64 *)&forged;

	make_one(0, 0, node, WN_RIGHT_READ, 0, 0, &token);
	for (bit = 0; bit < 512; bit++) {
		forged = token;
		((u8 *)&forged)[bit / 8] ^= 1 << bit % 8;
		wrong += redeem_one(1, &forged) != -EBADMSG;
	}
	ok(!wrong, "any bit that is changed");
	for (round = 0; round < ROUNDS; round++) {
		forged = token;
		words[world_random(&seed) % 8] = world_random(&seed);
		if (round % 2)
			words[world_random(&seed) % 8] ^= 1ULL << world_random(&seed) % 64;
		wrong += wn_token_check(w.core, &forged) != -EBADMSG;
	}
	ok(!wrong, "%u forgeries", ROUNDS);
	ok(stat(WN_STAT_TOKEN_REFUSED) == refused + 512 &&
	   w.core->clients[1].caps_used == used, "refused, counted, nothing given");
	ok(redeem_one(1, &token) == 0, "the right one is known all the while");
}

static void test_full_table(u64 node)
{
	struct wn_token token[8];
	struct wn_token_got got[8];
	u32 i, n = 0;
	s64 res;

	make_one(0, 0, node, WN_RIGHT_READ, 0, 0, &token[0]);
	for (i = 1; i < 8; i++)
		token[i] = token[0];
	do {
		res = redeem(1, token, 8, got);
		n += (u32)res;
	} while (res == 8);
	ok(res >= 0 && got[7].res == -ENOSPC && w.core->clients[1].caps_used == w.core->bounds.caps,
	   "a table that is full: %u more", n);
}

/* The tag is what it is said to be, computed here a second time. */
static void test_form(u64 node)
{
	u8 key[32], tag[32];
	const u8 purpose[16] = "worknode token";
	struct wn_blake2s b;
	struct wn_token token;

	make_one(0, 0, node, WN_RIGHT_READ, 0, 0, &token);
	wn_blake2s_begin(&b, w.core->secret, 16);
	wn_blake2s_add(&b, purpose, 16);
	wn_blake2s_add64(&b, token.epoch);
	wn_blake2s_end(&b, key);
	wn_blake2s_begin(&b, key, 32);
	wn_blake2s_add(&b, &token, 32);
	wn_blake2s_end(&b, tag);
	ok(!memcmp(tag, token.tag, 32), "keyed BLAKE2s of the claims");
}

int main(void)
{
	struct wn_bounds bounds = world_bounds(100);
	u64 node, out;

	tap_plan(56);
	bounds.caps = 64;
	bounds.backlog = 64;
	world_init(&w, &bounds, seed = tap_seed());
	node = (u64)world_create(&w, 0, "in");
	out = (u64)world_create(&w, 0, "out");
	wn_core_client_open(w.core, 1, &(struct wn_core_open){ .rights = WN_RIGHT_EMIT });
	test_life(node, out);
	test_time(node);
	test_epochs(node);
	test_free(node);
	test_elsewhere(node);
	test_malformed(node);
	test_forged(node);
	test_form(node);
	test_full_table(node);
	world_deinit(&w);
	return tap_done();
}
