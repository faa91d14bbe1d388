/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzers of the core share: bytes that are taken one after the other, and
 * an end with a word about what did not hold.
 */
#ifndef WN_FUZZ_H
#define WN_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kmod/core/port.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

struct fuzz {
	const u8 *at, *end;
};

static inline bool fuzz_has(const struct fuzz *f)
{
	return f->at < f->end;
}

/* Zeroes when there is nothing left. */
static inline u8 fuzz_byte(struct fuzz *f)
{
	return f->at < f->end ? *f->at++ : 0;
}

static inline u32 fuzz_half(struct fuzz *f)
{
	const u32 low = fuzz_byte(f);

	return low | (u32)fuzz_byte(f) << 8;
}

static inline void fuzz_bytes(struct fuzz *f, void *to, size_t n)
{
	const size_t there = (size_t)(f->end - f->at) < n ? (size_t)(f->end - f->at) : n;

	memset(to, 0, n);
	memcpy(to, f->at, there);
	f->at += there;
}

/* Mostly small, sometimes anything. */
static inline u64 fuzz_number(struct fuzz *f)
{
	const u8 small = fuzz_byte(f);
	u64 number;

	if (small < 0xf0)
		return small;
	if (small < 0xf8)
		return ~0ULL >> (small & 7);
	fuzz_bytes(f, &number, sizeof(number));
	return number;
}

static inline void fuzz_die(const char *what)
{
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}

#define FUZZ_CHECK(cond)                   \
	do {                               \
		if (!(cond))               \
			fuzz_die(#cond);   \
	} while (0)

#endif
