// SPDX-License-Identifier: MIT
/* The user-space port keeps what port.h promises. */
#include <string.h>

#include "kmod/core/port.h"
#include "tap.h"

static u64 random_state;

static u64 next_random(void)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return random_state ^ random_state >> 29;
}

static void test_clamp(void)
{
	static const u32 sizes[] = { 1, 2, 63, 64, 0x7fffffff, 0x80000000, 0xffffffff };
	bool in = true, out = true;

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		const u32 size = sizes[s];
		const u32 tries[] = { 0, 1, size / 2, size - 1, size, size + 1, 0x7fffffff,
				      0x80000000, 0xffffffff, (u32)next_random() };

		for (size_t t = 0; t < sizeof(tries) / sizeof(tries[0]); t++) {
			const u32 got = wn_index_nospec(tries[t], size);

			if (tries[t] < size)
				in = in && got == tries[t];
			else
				out = out && got == 0;
		}
	}
	ok(in, "wn_index_nospec leaves an index alone that is in bounds");
	ok(out, "wn_index_nospec makes 0 of one that is not");
}

static void test_bits(void)
{
	bool low = true, high = true;

	for (u32 bit = 0; bit < 64; bit++) {
		const u64 one = 1ULL << bit, rest = next_random();

		low = low && wn_ffs64(one) == bit && wn_ffs64((rest & ~(one - 1)) | one) == bit;
		high = high && wn_fls64(one) == bit && wn_fls64((rest & (one - 1)) | one) == bit;
	}
	ok(low, "wn_ffs64 finds the lowest bit, above bit 31 too");
	ok(high, "wn_fls64 finds the highest bit, above bit 31 too");
}

static void test_overflow(void)
{
	const u64 big = ~0ULL;
	u64 sum;
	u32 small;

	ok(!wn_add_overflow(big - 1, 1ULL, &sum) && sum == big && wn_add_overflow(big, 1ULL, &sum),
	   "wn_add_overflow");
	ok(!wn_mul_overflow(1ULL << 32, (1ULL << 32) - 1, &sum) && sum == (big << 32) &&
		   wn_mul_overflow(1ULL << 32, 1ULL << 32, &sum),
	   "wn_mul_overflow");
	ok(wn_mul_overflow(0x10000u, 0x10000u, &small), "wn_mul_overflow at 32 bits");
}

static void test_bytes(void)
{
	/* At every alignment: byte forms have none. */
	u8 bytes[32], expected[8] = { 0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01 };
	bool put = true, get = true;

	for (size_t at = 0; at < 8; at++) {
		wn_put_le64(bytes + at, 0x0102030405060708ULL);
		put = put && !memcmp(bytes + at, expected, 8);
		get = get && wn_get_le64(bytes + at) == 0x0102030405060708ULL &&
		      wn_get_le32(bytes + at) == 0x05060708 && wn_get_le16(bytes + at) == 0x0708;
		wn_put_le32(bytes + at, 0x05060708);
		wn_put_le16(bytes + at + 8, 0x0708);
		put = put && !memcmp(bytes + at, expected, 4) && !memcmp(bytes + at + 8, expected, 2);
	}
	ok(put, "wn_put_le*: least byte first, at any address");
	ok(get, "wn_get_le* reads it back");
}

static void test_once(void)
{
	u64 word = 1;
	u64 *p = &word;

	WRITE_ONCE(word, 0x1122334455667788ULL);
	ok(READ_ONCE(word) == 0x1122334455667788ULL && READ_ONCE(p) == &word,
	   "READ_ONCE and WRITE_ONCE carry 64 bits and pointers");
	wn_store_release(p, 7);
	ok(wn_load_acquire(p) == 7 && word == 7, "a release is seen by an acquire");
}

static void test_report(void)
{
	int value = 3;

	ok(!wn_bug_on(value != 3) && tap_reports() == 0, "wn_bug_on says nothing when all is well");
	ok(wn_bug_on(value == 3) && tap_reports() == 1, "wn_bug_on reports, and goes on");
}

int main(void)
{
	tap_plan(13);
	random_state = tap_seed();
	test_clamp();
	test_bits();
	test_overflow();
	test_bytes();
	test_once();
	test_report();
	return tap_done();
}
