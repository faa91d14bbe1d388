// SPDX-License-Identifier: MIT
/*
 * What a domain and its clients are refused for before anything begins: each bound one
 * at a time, from otherwise valid ones.
 */
#include <string.h>

#include "kmod/core/bounds.h"
#include "tap.h"
#include "world.h"

#define FIELDS (offsetof(struct wn_bounds, slab_bytes) / sizeof(u32))

static int with(u32 field, u32 value)
{
	struct wn_bounds b = wn_bounds_default;

	((u32 *)&b)[field] = value;
	return wn_bounds_check(&b);
}

static void test_fields(void)
{
	struct wn_bounds b = wn_bounds_default;
	const u32 *limit = (const u32 *)&wn_bounds_limit;
	bool zero = true, above = true;
	u32 i;

	ok(!wn_bounds_check(&wn_bounds_default) && !wn_bounds_check(&wn_bounds_limit),
	   "the default and the limit");
	for (i = 0; i < FIELDS; i++) {
		zero = zero && with(i, 0) == -EINVAL;
		above = above && with(i, limit[i] + 1) == -E2BIG && with(i, ~0U) == -E2BIG;
	}
	b.slab_bytes = 0;
	ok(zero && wn_bounds_check(&b) == -EINVAL, "zeroes");
	b.slab_bytes = wn_bounds_limit.slab_bytes + 1;
	ok(above && wn_bounds_check(&b) == -E2BIG, "above the limit");
}

static void test_rings(void)
{
	const u32 sq = offsetof(struct wn_bounds, sq_entries) / 4;
	const u32 cq = offsetof(struct wn_bounds, cq_entries) / 4;
	const u32 inbox = offsetof(struct wn_bounds, inbox_entries) / 4;

	ok(with(sq, 48) == -EINVAL && with(cq, 1000) == -EINVAL && with(inbox, 100) == -EINVAL,
	   "entries are powers of two");
	ok(with(inbox, WN_PRIORITIES / 2) == -EINVAL && !with(inbox, WN_PRIORITIES),
	   "an inbox has an entry for each priority");
	ok(with(cq, wn_bounds_default.sq_entries / 2) == -EINVAL &&
	   !with(cq, wn_bounds_default.sq_entries), "no less completions than submissions");
}

static void test_core(void)
{
	const struct wn_core_ident ident = { .replica = 1 };
	struct wn_bounds b = world_bounds(4);
	struct wn_core_size size = {};
	struct world w;

	world_init(&w, &b, 1);
	memset(w.public, 0, w.size.public_bytes);
	memset(w.private, 0, w.size.private_bytes);
	ok(!wn_core_init(w.public, w.private, &b, &ident), "no domain for a replica out of bounds");
	ok(!wn_core_size(&wn_bounds_limit, &size) && size.private_bytes > 1ULL << 29 &&
	   size.public_bytes < 1ULL << 32, "the large profile has a size");
	b.nodes = 0;
	ok(!wn_core_init(w.public, w.private, &b, &ident), "no domain without nodes");
	world_deinit(&w);
}

static void test_clients(void)
{
	const struct wn_bounds b = world_bounds(4);
	struct wn_core_open first = { .rights = WN_RIGHT_ALL };
	struct wn_op_result result;
	u64 bits[WN_OP_WORDS];
	struct world w;
	struct wn_op_env env = { .client = b.clients, .now = &w.now };

	world_init(&w, &b, 1);
	ok(wn_core_client_open(w.core, b.clients, &first) == -EINVAL &&
	   wn_core_client_open(w.core, ~0U, &first) == -EINVAL, "no such client");
	ok(wn_core_client_open(w.core, 0, &first) == -EBUSY, "open already");
	first.rights = WN_RIGHT_ALL + 1;
	ok(wn_core_client_open(w.core, 1, &first) == -EINVAL, "a right that is none");
	wn_core_client_close(w.core, b.clients);
	wn_core_client_close(w.core, 1);
	wn_op_apply(w.core, &env, OP(.opcode = WN_OP_LOOKUP, .flags = WN_SQE_WIDE), &result);
	ok(result.res == -ENXIO, "an op of no client");
	wn_op_supported(bits);
	ok(bits[0] & 1ULL << WN_OP_NODE_CREATE && bits[0] & 1ULL << WN_OP_CELL_MERGE &&
	   !(bits[3] >> 63), "what is supported is told");
	world_deinit(&w);
}

static void test_setup(void)
{
	struct wn_bounds b = wn_bounds_default;
	struct wn_setup s = {};

	ok(!wn_bounds_fit_setup(&b, &s, 4096) && s.sq_entries == 256 && s.cq_entries == 512 &&
	   s.inbox_entries[0] == 64 && s.inbox_entries[WN_PRIORITIES - 1] == 64 &&
	   s.arena_in == 16384 && s.arena_out == 16384, "a setup of zeroes gets the defaults");

	s = (struct wn_setup){ .arena_in = 1, .arena_out = WN_ARENA_MAX };
	ok(!wn_bounds_fit_setup(&b, &s, 65536) && s.arena_in == 65536 &&
	   s.arena_out == WN_ARENA_MAX, "arenas are rounded up to pages");
	s = (struct wn_setup){ .arena_in = WN_ARENA_MAX + 1ULL };
	ok(wn_bounds_fit_setup(&b, &s, 4096) == -E2BIG, "too large an arena");
	s = (struct wn_setup){ .arena_out = ~0ULL };
	ok(wn_bounds_fit_setup(&b, &s, 4096) == -E2BIG, "an arena that a rounding would wrap");

	b.sq_entries = b.cq_entries = 8;
	s = (struct wn_setup){};
	ok(!wn_bounds_fit_setup(&b, &s, 4096) && s.sq_entries == 8 && s.cq_entries == 8,
	   "defaults stay within the bounds");
	s = (struct wn_setup){ .sq_entries = 16 };
	ok(wn_bounds_fit_setup(&b, &s, 4096) == -E2BIG, "more entries than the bounds");
	s = (struct wn_setup){ .sq_entries = 3 };
	ok(wn_bounds_fit_setup(&b, &s, 4096) == -EINVAL, "entries that are no power of two");
	s = (struct wn_setup){ .sq_entries = 8, .cq_entries = 4 };
	ok(wn_bounds_fit_setup(&b, &s, 4096) == -EINVAL, "less completions than submissions");
	s = (struct wn_setup){ .inbox_entries = { 1u << 31, 1u << 31, 1u << 31, 1u << 31 } };
	ok(wn_bounds_fit_setup(&b, &s, 4096) == -E2BIG, "an inbox whose sum would wrap");
}

int main(void)
{
	tap_plan(23);
	test_fields();
	test_rings();
	test_core();
	test_clients();
	test_setup();
	return tap_done();
}
