/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Tokens: claims that the domain has signed, and knows again.
 *
 * The tag is BLAKE2s of the claims, keyed. A key is made of the domain's secret and a
 * number, the epoch: an end to an epoch is an end to all that its key has signed.
 */
#ifndef WN_CORE_TOKEN_H
#define WN_CORE_TOKEN_H

#include <linux/worknode.h>

#include "port.h"

struct wn_core;

/* Scratch: a key that need not be made again. Epoch 0 is no epoch. */
struct wn_token_key {
	u64 secret[2];
	u64 epoch;
	u8 bytes[32];
};

/* Bytes that the tag covers: all before it. */
#define WN_TOKEN_CLAIMS	__builtin_offsetof(struct wn_token, tag)

/* The newest key's tag for the claims, and its epoch among them. */
void wn_token_sign(struct wn_core *core, struct wn_token *token);

/*
 * 0; -EBADMSG: this domain has not signed it; -EKEYREVOKED: by a key that is good no more.
 * The time it takes tells nothing about the tag that would have been right.
 */
s64 wn_token_check(struct wn_core *core, const struct wn_token *token);

#endif
