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

static u64 steps[STEPS];
static struct history h;

static bool run(const char *name, u32 nodes, u32 children, u32 depth, u64 histories)
{
	u64 seed = tap_seed(), i;
	u32 k;

	for (i = 0; i < histories; i++) {
		h.bounds = world_bounds(nodes);
		h.bounds.children = children;
		h.bounds.depth = depth;
		h.bounds.cells = nodes / 4 < MODEL_CELLS ? nodes / 4 : MODEL_CELLS;
		h.bounds.set_elems = 6;
		h.bounds.elems = 24;
		h.bounds.replicas = MODEL_REPLICAS;
		h.bounds.slab_bytes = 1024;
		h.steps = steps;
		h.nr_steps = STEPS;
		for (k = 0; k < STEPS; k++)
			steps[k] = world_random(&seed);
		if (history_run(&h, false))
			continue;
		diag("%s, history %llu, step %u: %s", name, i, h.failed_at, h.what);
		history_shrink(&h);
		diag("shrunk to %u steps:", h.nr_steps);
		history_run(&h, true);
		diag("%s", h.what);
		return false;
	}
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
	u32 i, missing = 0;
	u64 n;

	tap_plan(4);
	n = HISTORIES * tap_rounds();
	ok(run("wide", 40, 10, 64, n), "40 nodes");
	ok(run("deep", 60, 60, 5, n), "60 nodes, 5 levels");
	ok(run("large", MODEL_NODES, 2000, 64, n / 4), "256 nodes");
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		diag("%10llu %s", h.by_errno[errors[i].err], errors[i].name);
		if (!h.by_errno[errors[i].err])
			diag("never seen: %s", errors[i].name);
		missing += !h.by_errno[errors[i].err];
	}
	ok(!missing, "every error came up");
	diag("%llu ops, %llu refused", h.ops, h.refused);
	return tap_done();
}
