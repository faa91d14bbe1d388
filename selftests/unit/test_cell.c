// SPDX-License-Identifier: MIT
/*
 * Every type of cell on two to five replicas, with partitions, and deltas that are
 * lost, repeated, late, cut and made for somebody else; then a full merge: all are
 * the same, byte by byte, and what the type is defined to be. Whenever two are compared
 * their merge digests are the same where they are, and only there.
 */
#include "replicas.h"
#include "shrink.h"
#include "tap.h"

/* Of one type. */
static u64 ops, missed, partial, compared[2];

/* Of one history, whatever of its steps is left. */
static struct {
	u32 type, replicas, keys;
} this;

static void history(struct steps *s)
{
	const struct replica_type *type = &replica_types[this.type];
	const struct wn_bounds bounds = replicas_bounds();
	struct replicas rs;

	replicas_init(&rs, this.replicas, type->type, type->flags, &bounds, 5);
	rs.keys = this.keys ? this.keys : rs.keys;
	while (steps_next(s, &rs.seed)) {
		replicas_history(&rs, 1);
		if (rs.what[0])
			steps_wrong(s, "%s: %s", type->name, rs.what);
	}
	rs.seed = 5;
	if (!s->wrong && !replicas_settle(&rs))
		steps_wrong(s, "%s, at the end: %s", type->name, rs.what);
	ops += rs.ops;
	missed += rs.missed;
	partial += rs.partial;
	compared[0] += rs.compared[0];
	compared[1] += rs.compared[1];
	replicas_deinit(&rs);
}

static bool run(u32 type, u64 seed)
{
	struct steps steps = { .play = history, .nr = (u32)(300 + seed % 700) };

	this.type = type;
	this.replicas = (u32)(2 + seed % 4);
	/* Many keys: more elements than one merge takes. */
	this.keys = seed % 3 ? 0 : 250;
	return steps_hold(&steps, seed);
}

int main(void)
{
	u64 i, seed;
	u32 type;
	bool good;

	tap_plan(REPLICA_TYPES);
	seed = tap_seed();
	for (type = 0; type < REPLICA_TYPES; type++) {
		ops = missed = partial = compared[0] = compared[1] = 0;
		good = true;
		for (i = 0; i < 12 * tap_rounds() && good; i++)
			good = run(type, world_random(&seed));
		ok(good && compared[0] && compared[1],
		   "%s: %llu ops, %llu deltas out of order, %llu in parts; %llu digests differ, %llu do not",
		   replica_types[type].name, ops, missed, partial, compared[0], compared[1]);
	}
	return tap_done();
}
