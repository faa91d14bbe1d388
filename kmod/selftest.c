// SPDX-License-Identifier: GPL-2.0-only
#include "selftest.h"
#include "main.h"

#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/random.h>

#include "core/selftest.h"

int wn_selftest(void)
{
	struct wn_core_selftest test = {
		.bytes = WN_CORE_SELFTEST_BYTES,
		.seed = get_random_u64(),
	};
	int err;

	test.mem = kvzalloc(test.bytes, GFP_KERNEL);
	if (!test.mem)
		return -ENOMEM;
	err = wn_core_selftest(&test);
	kvfree(test.mem);
	if (err)
		pr_err("self test failed: %s (line %u, capacity %u, step %u, seed %llu)\n",
		       test.what ?: "no memory", test.line, test.capacity, test.step, test.seed);
	else
		pr_info("self test passed, seed %llu\n", test.seed);
	return err;
}
