/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * BLAKE2s (RFC 7693) with 32 bytes of outcome: what digests are made of. Not in
 * the fast path of any op. The kernel has one, user space would need a library;
 * this is the same code in both, so that a digest cannot differ by where it was
 * computed.
 */
#ifndef WN_CORE_BLAKE2S_H
#define WN_CORE_BLAKE2S_H

#include "port.h"

#define WN_BLAKE2S_BYTES 32
#define WN_BLAKE2S_BLOCK 64

struct wn_blake2s {
	u32 h[8];
	u64 bytes;		/* compressed so far */
	u32 used;		/* of the block */
	u32 blocks;		/* compressed, since it was begun: what it cost */
	u8 block[WN_BLAKE2S_BLOCK];
};

/* A key of at most 32 bytes; none: NULL, 0. */
void wn_blake2s_begin(struct wn_blake2s *b, const void *key, u32 key_bytes);
void wn_blake2s_add(struct wn_blake2s *b, const void *bytes, u32 len);
void wn_blake2s_add64(struct wn_blake2s *b, u64 word);
void wn_blake2s_end(struct wn_blake2s *b, u8 digest[WN_BLAKE2S_BYTES]);

#endif
