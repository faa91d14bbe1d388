// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "bounds.h"

const struct wn_bounds wn_bounds_default = {
	.nodes = 8192,
	.children = 2000,
	.depth = WN_DEPTH_MAX,
	.cells = 2048,
	.set_elems = 1024,
	.elems = 8192,
	.replicas = 16,
	.clients = 64,
	.caps = 256,
	.slots = 256,
	.sq_entries = 256,
	.cq_entries = 512,
	.inbox_entries = 256,
	.group_ops = 64,
	.idem_keys = 64,
	.lanes = 64,
	.subs = 64,
	.timers = 1024,
	.log_records = 4096,
	.backlog = 4096,
	.slab_bytes = 1 << 18,
};

const struct wn_bounds wn_bounds_limit = {
	.nodes = 200000,
	.children = 2000,
	.depth = WN_DEPTH_MAX,
	.cells = 400000,
	.set_elems = 20000,
	.elems = 1000000,
	.replicas = 64,
	.clients = 1024,
	.caps = 4096,
	.slots = 512,
	.sq_entries = 32768,
	.cq_entries = 32768,
	.inbox_entries = 32768,
	.group_ops = 64,
	.idem_keys = 1024,
	.lanes = 1024,
	.subs = 4096,
	.timers = 262144,
	.log_records = 262144,
	.backlog = 262144,
	.slab_bytes = 1 << 28,
};

static bool power_of_two(u32 v)
{
	return (v & (v - 1)) == 0;
}

/* All but the last field are u32: compared as one array, so that none is forgotten. */
#define WN_BOUNDS_U32	(sizeof(struct wn_bounds) / sizeof(u32) - 2)

wn_static_assert(__builtin_offsetof(struct wn_bounds, slab_bytes) == 4 * WN_BOUNDS_U32);

int wn_bounds_check(const struct wn_bounds *bounds)
{
	const u32 *have = (const u32 *)bounds, *limit = (const u32 *)&wn_bounds_limit;
	u32 i;

	for (i = 0; i < WN_BOUNDS_U32; i++)
		if (!have[i])
			return -EINVAL;
	if (!bounds->slab_bytes)
		return -EINVAL;
	for (i = 0; i < WN_BOUNDS_U32; i++)
		if (have[i] > limit[i])
			return -E2BIG;
	if (bounds->slab_bytes > wn_bounds_limit.slab_bytes)
		return -E2BIG;
	if (!power_of_two(bounds->sq_entries) || !power_of_two(bounds->cq_entries) ||
	    !power_of_two(bounds->inbox_entries) || bounds->inbox_entries < WN_PRIORITIES ||
	    bounds->cq_entries < bounds->sq_entries)
		return -EINVAL;
	return 0;
}

#define DEFAULT_ARENA	16384U

static u32 smaller(u32 a, u32 b)
{
	return a < b ? a : b;
}

static int fit_entries(const struct wn_bounds *bounds, struct wn_setup *s)
{
	const struct wn_bounds *usual = &wn_bounds_default;
	u64 inbox = 0;
	int i;

	if (!s->sq_entries)
		s->sq_entries = smaller(usual->sq_entries, bounds->sq_entries);
	if (!s->cq_entries)
		s->cq_entries = smaller(s->sq_entries > usual->cq_entries ? s->sq_entries :
					usual->cq_entries, bounds->cq_entries);
	for (i = 0; i < WN_PRIORITIES; i++) {
		if (!s->inbox_entries[i])
			s->inbox_entries[i] = smaller(usual->inbox_entries, bounds->inbox_entries) /
					      WN_PRIORITIES;
		if (!power_of_two(s->inbox_entries[i]))
			return -EINVAL;
		inbox += s->inbox_entries[i];
	}
	if (!power_of_two(s->sq_entries) || !power_of_two(s->cq_entries))
		return -EINVAL;
	if (s->sq_entries > bounds->sq_entries || s->cq_entries > bounds->cq_entries ||
	    inbox > bounds->inbox_entries)
		return -E2BIG;
	return s->cq_entries < s->sq_entries ? -EINVAL : 0;
}

int wn_bounds_fit_setup(const struct wn_bounds *bounds, struct wn_setup *s, u32 page)
{
	const int err = fit_entries(bounds, s);

	if (err)
		return err;
	if (!s->arena_in)
		s->arena_in = DEFAULT_ARENA;
	if (!s->arena_out)
		s->arena_out = DEFAULT_ARENA;
	if (s->arena_in > WN_ARENA_MAX || s->arena_out > WN_ARENA_MAX)
		return -E2BIG;
	s->arena_in = (s->arena_in + page - 1) & ~((u64)page - 1);
	s->arena_out = (s->arena_out + page - 1) & ~((u64)page - 1);
	return 0;
}
