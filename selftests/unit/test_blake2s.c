// SPDX-License-Identifier: MIT
/* BLAKE2s against RFC 7693: "abc", and the RFC's self test over all kinds of lengths and keys. */
#include <string.h>

#include "kmod/core/blake2s.h"
#include "tap.h"

static void hash(const void *key, u32 key_bytes, const void *in, u32 len, u8 out[32])
{
	struct wn_blake2s b;

	wn_blake2s_begin(&b, key, key_bytes);
	wn_blake2s_add(&b, in, len);
	wn_blake2s_end(&b, out);
}

static bool is(const u8 got[32], const char *hex)
{
	char text[65];
	u32 i;

	for (i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", got[i]);
	if (!strcmp(text, hex))
		return true;
	diag("got %s", text);
	return false;
}

/* The RFC's deterministic bytes (appendix E). */
static void fill(u8 *to, u32 len, u32 seed)
{
	u32 a = 0xDEAD4BAD * seed, b = 1, t, i;

	for (i = 0; i < len; i++) {
		t = a + b;
		a = b;
		b = t;
		to[i] = t >> 24;
	}
}

/*
 * The grand hash of the RFC's self test covers outcomes of 16, 20, 28 and 32
 * bytes; ours has 32 only, so that part was computed once with another
 * implementation (hashlib.blake2s).
 */
static void test_lengths(void)
{
	static const u32 lens[] = { 0, 3, 64, 65, 255, 1024 };
	struct wn_blake2s all;
	u8 in[1024], key[32], out[32];
	u32 i;

	wn_blake2s_begin(&all, NULL, 0);
	for (i = 0; i < 6; i++) {
		fill(in, lens[i], lens[i]);
		hash(NULL, 0, in, lens[i], out);
		wn_blake2s_add(&all, out, 32);
		fill(key, 32, 32);
		hash(key, 32, in, lens[i], out);
		wn_blake2s_add(&all, out, 32);
	}
	wn_blake2s_end(&all, out);
	ok(is(out, "caf4e0cc2111755c0b9672541eb947406ea171d4b62cb363cf80ab560214d804"), "lengths around a block, with and without key");
}

static void test_pieces(void)
{
	u64 seed = tap_seed();
	u8 in[512], once[32], parts[32];
	struct wn_blake2s b;
	bool same = true;
	u32 i, at, part;

	for (i = 0; i < sizeof(in); i++)
		in[i] = (u8)(i * 7);
	for (i = 0; i < 2000 * tap_rounds(); i++) {
		const u32 len = (u32)((seed = seed * 6364136223846793005ULL + 1) >> 33) % 513;

		hash(NULL, 0, in, len, once);
		wn_blake2s_begin(&b, NULL, 0);
		for (at = 0; at < len; at += part) {
			part = (u32)((seed = seed * 6364136223846793005ULL + 1) >> 33) % 130;
			if (part > len - at)
				part = len - at;
			wn_blake2s_add(&b, in + at, part);
		}
		wn_blake2s_end(&b, parts);
		same &= !memcmp(once, parts, 32);
	}
	ok(same, "cut anywhere the outcome is the same");
}

static void test_cost(void)
{
	struct wn_blake2s b;
	u8 out[32];

	wn_blake2s_begin(&b, NULL, 0);
	wn_blake2s_add(&b, (u8[128]){}, 128);
	wn_blake2s_end(&b, out);
	ok(b.blocks == 2, "two full blocks cost two");
}

int main(void)
{
	u8 out[32];

	tap_plan(5);
	hash(NULL, 0, "abc", 3, out);
	ok(is(out, "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"),
	   "RFC 7693, appendix B: abc");
	hash(NULL, 0, "", 0, out);
	ok(is(out, "69217a3079908094e11121d042354a7c1f55b6482ca1a51e1b250dfd1ed0eef9"), "nothing");
	test_lengths();
	test_pieces();
	test_cost();
	return tap_done();
}
