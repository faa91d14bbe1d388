// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "work.h"

#include "reap.h"

bool wn_work_slice(struct wn_core *core, const struct wn_now *now)
{
	wn_core_slice(core, WN_REAP_TURN);
	wn_sub_slice(core, WN_SUB_TURN, now);
	return wn_work_waits(core);
}
