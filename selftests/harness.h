/* SPDX-License-Identifier: MIT */
/* The kernel's harness as the tests use it; once in a program, after common.h. */
#ifndef WN_TEST_HARNESS_H
#define WN_TEST_HARNESS_H

/* Set-ups of fixtures are extern and not declared. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

#include "../kselftest_harness.h"

/*
 * A limit against hangs, not a measure: kernels that watch themselves run
 * many times slower in an emulator.
 */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 240

/* In a test of what a caller's own turns do. */
#define WT_INLINE(why)	do { if (wt_is_polling()) SKIP(return, "polling: " why); } while (0)

#define WT_MAIN						\
	int main(int argc, char **argv)			\
	{						\
		wt_need_module();			\
		return test_harness_run(argc, argv);	\
	}

#endif
