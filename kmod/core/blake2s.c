// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "blake2s.h"

static const u32 iv[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

/* Which words of the block the ten rounds take. */
static const u8 order[10][16] = {
	{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
	{ 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
	{ 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 },
	{ 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
	{ 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 },
	{ 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
	{ 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 },
	{ 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
	{ 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 },
	{ 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 },
};

static __always_inline u32 ror(u32 x, u32 n)
{
	return x >> n | x << (32 - n);
}

static __always_inline void mix(u32 v[16], u32 a, u32 b, u32 c, u32 d, u32 x, u32 y)
{
	v[a] += v[b] + x;
	v[d] = ror(v[d] ^ v[a], 16);
	v[c] += v[d];
	v[b] = ror(v[b] ^ v[c], 12);
	v[a] += v[b] + y;
	v[d] = ror(v[d] ^ v[a], 8);
	v[c] += v[d];
	v[b] = ror(v[b] ^ v[c], 7);
}

static noinline void compress(struct wn_blake2s *b, const u8 *block, u32 len, bool last)
{
	u32 m[16], v[16], i;

	b->bytes += len;
	b->blocks++;
	for (i = 0; i < 16; i++)
		m[i] = wn_get_le32(block + 4 * i);
	for (i = 0; i < 8; i++) {
		v[i] = b->h[i];
		v[i + 8] = iv[i];
	}
	v[12] ^= (u32)b->bytes;
	v[13] ^= (u32)(b->bytes >> 32);
	if (last)
		v[14] = ~v[14];
	for (i = 0; i < 10; i++) {
		const u8 *s = order[i];

		mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
		mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
		mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
		mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
		mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
		mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
		mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
		mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
	}
	for (i = 0; i < 8; i++)
		b->h[i] ^= v[i] ^ v[i + 8];
}

void wn_blake2s_begin(struct wn_blake2s *b, const void *key, u32 key_bytes)
{
	u32 i;

	for (i = 0; i < 8; i++)
		b->h[i] = iv[i];
	b->h[0] ^= 0x01010000 | key_bytes << 8 | WN_BLAKE2S_BYTES;
	b->bytes = 0;
	b->used = 0;
	b->blocks = 0;
	if (!key_bytes)
		return;
	wn_memset(b->block, 0, sizeof(b->block));
	wn_memcpy(b->block, key, key_bytes);
	b->used = sizeof(b->block);
}

void wn_blake2s_add(struct wn_blake2s *b, const void *bytes, u32 len)
{
	const u8 *from = bytes;
	u32 part;

	/* The last block waits: it is compressed otherwise. */
	while (len) {
		if (b->used == sizeof(b->block)) {
			compress(b, b->block, sizeof(b->block), false);
			b->used = 0;
		}
		part = (u32)sizeof(b->block) - b->used;
		if (part > len)
			part = len;
		wn_memcpy(b->block + b->used, from, part);
		b->used += part;
		from += part;
		len -= part;
	}
}

void wn_blake2s_add64(struct wn_blake2s *b, u64 word)
{
	u8 bytes[8];

	wn_put_le64(bytes, word);
	wn_blake2s_add(b, bytes, sizeof(bytes));
}

void wn_blake2s_end(struct wn_blake2s *b, u8 digest[WN_BLAKE2S_BYTES])
{
	u32 i;

	wn_memset(b->block + b->used, 0, sizeof(b->block) - b->used);
	compress(b, b->block, b->used, true);
	for (i = 0; i < 8; i++)
		wn_put_le32(digest + 4 * i, b->h[i]);
}
