// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "token.h"

#include "blake2s.h"
#include "core.h"

wn_static_assert(sizeof(struct wn_token) == 64);
wn_static_assert(WN_TOKEN_CLAIMS == 32 && sizeof(((struct wn_token *)0)->tag) == WN_BLAKE2S_BYTES);

/* What no other use of the secret hashes. */
static const u8 purpose[16] = "worknode token";

static const u8 *key_of(const struct wn_core *core, u32 epoch)
{
	struct wn_token_key *key = core->caps.key;
	struct wn_blake2s b;

	if (likely(epoch && key->epoch == epoch && key->secret[0] == core->secret[0] &&
		   key->secret[1] == core->secret[1]))
		return key->bytes;
	wn_blake2s_begin(&b, core->secret, sizeof(core->secret));
	wn_blake2s_add(&b, purpose, sizeof(purpose));
	wn_blake2s_add64(&b, epoch);
	wn_blake2s_end(&b, key->bytes);
	key->epoch = epoch;
	key->secret[0] = core->secret[0];
	key->secret[1] = core->secret[1];
	return key->bytes;
}

static void tag_of(struct wn_core *core, const struct wn_token *token, u8 tag[WN_BLAKE2S_BYTES])
{
	struct wn_blake2s b;

	wn_blake2s_begin(&b, key_of(core, token->epoch), WN_BLAKE2S_BYTES);
	wn_blake2s_add(&b, token, WN_TOKEN_CLAIMS);
	wn_blake2s_end(&b, tag);
	core->tx->steps += 4;	/* blocks */
}

void wn_token_sign(struct wn_core *core, struct wn_token *token)
{
	token->epoch = core->caps.epoch;
	tag_of(core, token, token->tag);
}

s64 wn_token_check(struct wn_core *core, const struct wn_token *token)
{
	u8 tag[WN_BLAKE2S_BYTES];
	u64 differs = 0;
	u32 i;

	tag_of(core, token, tag);
	/* All of it, whatever is found: no branch on a byte. */
	for (i = 0; i < sizeof(tag); i += sizeof(u64))
		differs |= wn_get_le64(tag + i) ^ wn_get_le64(token->tag + i);
	if (differs || token->epoch > core->caps.epoch)
		return -EBADMSG;
	return token->epoch < core->caps.oldest ? -EKEYREVOKED : 0;
}
