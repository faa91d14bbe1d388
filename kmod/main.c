// SPDX-License-Identifier: GPL-2.0-only
#include "main.h"

#include <linux/module.h>

#include "charge.h"
#include "debugfs.h"
#include "engine.h"
#include "fs.h"
#include "selftest.h"

static int __init wn_init(void)
{
	int err;

	err = wn_selftest();
	if (err)
		return err;
	err = wn_engine_init();
	if (err)
		return err;
	wn_debugfs_init();
	err = wn_fs_init();
	if (err) {
		wn_debugfs_exit();
		wn_engine_exit();
	}
	return err;
}

static void __exit wn_exit(void)
{
	wn_fs_exit();
	wn_debugfs_exit();
	wn_engine_exit();
	wn_charge_exit();
}

module_init(wn_init);
module_exit(wn_exit);

MODULE_DESCRIPTION("Worknode: shared state with one writer a page");
MODULE_AUTHOR("The Worknode authors");
MODULE_VERSION(WN_VERSION);
MODULE_LICENSE("GPL");
