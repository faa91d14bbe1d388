/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * SipHash-1-3 over 64-bit words: a keyed hash whose outcome cannot be steered
 * by those who do not know the key.
 */
#ifndef WN_CORE_HASH_H
#define WN_CORE_HASH_H

#include "port.h"

struct wn_hash {
	u64 v0, v1, v2, v3;
};

static __always_inline u64 wn_rol64(u64 x, u32 n)
{
	return x << n | x >> (64 - n);
}

static __always_inline void wn_hash_round(struct wn_hash *h)
{
	h->v0 += h->v1;
	h->v2 += h->v3;
	h->v1 = wn_rol64(h->v1, 13) ^ h->v0;
	h->v3 = wn_rol64(h->v3, 16) ^ h->v2;
	h->v0 = wn_rol64(h->v0, 32);
	h->v2 += h->v1;
	h->v0 += h->v3;
	h->v1 = wn_rol64(h->v1, 17) ^ h->v2;
	h->v3 = wn_rol64(h->v3, 21) ^ h->v0;
	h->v2 = wn_rol64(h->v2, 32);
}

static __always_inline struct wn_hash wn_hash_begin(const u64 key[2])
{
	return (struct wn_hash){
		.v0 = key[0] ^ 0x736f6d6570736575ULL,
		.v1 = key[1] ^ 0x646f72616e646f6dULL,
		.v2 = key[0] ^ 0x6c7967656e657261ULL,
		.v3 = key[1] ^ 0x7465646279746573ULL,
	};
}

static __always_inline void wn_hash_word(struct wn_hash *h, u64 word)
{
	h->v3 ^= word;
	wn_hash_round(h);
	h->v0 ^= word;
}

static __always_inline u64 wn_hash_end(struct wn_hash *h)
{
	h->v2 ^= 0xff;
	wn_hash_round(h);
	wn_hash_round(h);
	wn_hash_round(h);
	return h->v0 ^ h->v1 ^ h->v2 ^ h->v3;
}

#endif
