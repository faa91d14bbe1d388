/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The core's test of itself, on scratch memory that is handed in: random calls
 * beside a naive model, from a seed that is handed in too. Debug modules run it
 * as they load, the unit tests run it at sizes that a module would not.
 *
 *	test.mem, .bytes, .seed		what to work with, set by the caller
 *	test.what, .line		what did not hold; NULL: nothing failed
 *	test.capacity, .step		and where that was
 *
 * 0: all held. -EIO: something did not, see above. -EINVAL: the memory is too
 * small or unaligned, nothing was tested.
 */
#ifndef WN_CORE_SELFTEST_H
#define WN_CORE_SELFTEST_H

#include "port.h"

/* Enough for wn_core_selftest(). */
#define WN_CORE_SELFTEST_BYTES (128u * 1024)

struct wn_core_selftest {
	void *mem;	/* aligned to 8 */
	u64 bytes;
	u64 seed;

	const char *what;
	u32 line;
	u32 capacity;
	u32 step;
};

/* Everything, at sizes that take a debug kernel well under a second. */
int wn_core_selftest(struct wn_core_selftest *test) __must_check;

/* The pool alone: one of @capacity cells, @steps random calls. */
int wn_pool_selftest(struct wn_core_selftest *test, u32 capacity, u32 steps) __must_check;

/* Memory that wn_pool_selftest() wants; 0: no such pool can be. */
u64 wn_pool_selftest_bytes(u32 capacity);

#endif
