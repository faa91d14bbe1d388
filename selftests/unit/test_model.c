// SPDX-License-Identifier: MIT
/*
 * Random histories beside the naive model: same results, same errors, same
 * contents, and what was refused changed no bit. WN_SEED= repeats a run.
 */
#include "history.h"

#include <string.h>

#include "tap.h"

/* Ten million ops where that is fast: what the others look for shows in fewer. */
#define STEPS 2000
#if defined(__SANITIZE_ADDRESS__) || defined(WN_QUICK)
#define HISTORIES 120
#elif defined(__i386__)
#define HISTORIES 400
#else
#define HISTORIES 2200
#endif

static bool run(u32 nodes, u32 children, u32 depth, u64 histories)
{
	struct steps steps = { .play = history_play, .nr = STEPS };
	u64 seed = tap_seed(), i;

	history_bounds = world_bounds(nodes);
	history_bounds.children = children;
	history_bounds.depth = depth;
	history_bounds.cells = nodes / 4 < MODEL_CELLS ? nodes / 4 : MODEL_CELLS;
	history_bounds.set_elems = 6;
	history_bounds.elems = 24;
	history_bounds.replicas = MODEL_REPLICAS;
	history_bounds.slab_bytes = 1024;
	for (i = 0; i < histories; i++)
		if (!steps_hold(&steps, world_random(&seed)))
			return false;
	return true;
}

int main(void)
{
	static const struct { int err; const char *name; } errors[] = {
		{ EEXIST, "EEXIST" }, { ENOENT, "ENOENT" }, { EACCES, "EACCES" },
		{ ESTALE, "ESTALE" }, { EINVAL, "EINVAL" }, { ENOSPC, "ENOSPC" },
		{ EDQUOT, "EDQUOT" }, { ELOOP, "ELOOP" }, { EBUSY, "EBUSY" }, { EAGAIN, "EAGAIN" },
		{ ENOTEMPTY, "ENOTEMPTY" }, { EKEYEXPIRED, "EKEYEXPIRED" }, { ENXIO, "ENXIO" },
		{ ENAMETOOLONG, "ENAMETOOLONG" }, { ECANCELED, "ECANCELED" },
		{ ENOBUFS, "ENOBUFS" }, { E2BIG, "E2BIG" }, { EOPNOTSUPP, "EOPNOTSUPP" },
	};
	const struct history_sums *sums = &history_sums;
	u32 i, missing = 0;
	u64 n;

	tap_plan(4);
	n = HISTORIES * tap_rounds();
	ok(run(40, 10, 64, n), "40 nodes");
	ok(run(60, 60, 5, n), "60 nodes, 5 levels");
	ok(run(MODEL_NODES, 2000, 64, n / 4), "256 nodes");
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		diag("%10llu %s", sums->by_errno[errors[i].err], errors[i].name);
		if (!sums->by_errno[errors[i].err])
			diag("never seen: %s", errors[i].name);
		missing += !sums->by_errno[errors[i].err];
	}
	ok(!missing, "every error came up");
	diag("%llu ops, %llu refused", sums->ops, sums->refused);
	return tap_done();
}
