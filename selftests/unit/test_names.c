// SPDX-License-Identifier: MIT
/* The name index: the hash against a known answer, a full bucket, a full domain. */
#include <string.h>

#include "kmod/core/bounds.h"
#include "kmod/core/hash.h"
#include "tap.h"
#include "world.h"

/* The bucket of a child's name, from public memory alone. */
static u32 bucket(const struct world *w, const char *name)
{
	const struct wn_public *p = (const struct wn_public *)w->public;
	struct wn_hash h = wn_hash_begin((const u64 *)p->name_key);
	u64 words[8] = {};
	u32 i;

	memcpy(words, name, strlen(name));
	wn_hash_word(&h, p->root);
	for (i = 0; i < (strlen(name) + 7) / 8; i++)
		wn_hash_word(&h, words[i]);
	return (u32)wn_hash_end(&h) & (p->areas[WN_AREA_NAMES].count - 1);
}

static void test_full_bucket(struct world *w)
{
	const u32 want = bucket(w, "x");
	u32 i, in = 0;
	s64 res = 0;
	u64 first = 0, outside, away;
	char name[16];
	u8 data[64];

	for (i = 0; i < 1000000 && in <= WN_NAME_ENTRIES; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		if (bucket(w, name) != want)
			continue;
		res = world_create(w, 0, name);
		in++;
		if (in == 1)
			first = (u64)res;
	}
	ok(in == WN_NAME_ENTRIES + 1 && res == -ENOSPC, "the 17th name of a bucket");
	ok(!world_lookup(w, 0, name) || world_lookup(w, 0, name) == -ENOENT, "is not there");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_DESTROY, .node = first), NULL) == 0 &&
	   world_create(w, 0, name) > 0 && world_lookup(w, 0, name) == w->last.res &&
	   world_find(w->public, w->core->root, name) == (u64)w->last.res,
	   "after one has gone it fits");
	/* Full again: of those in it one may have another name there, from outside none comes. */
	for (; i < 1000000; i++) {
		snprintf(name, sizeof(name), "n%u", i + 1);
		if (bucket(w, name) == want)
			break;
	}
	first = (u64)w->last.res;
	world_name(data, name);
	outside = (u64)world_create(w, 0, "outside");
	away = (u64)world_create(w, outside, name);
	ok(bucket(w, "outside") != want &&
	   world_op(w, 0, OP(.opcode = WN_OP_NODE_RENAME, .node = outside), data) == -ENOSPC &&
	   world_op(w, 0, OP(.opcode = WN_OP_NODE_MOVE, .node = away), NULL) == -ENOSPC &&
	   world_lookup(w, 0, name) == -ENOENT, "nor by a new name or place");
	ok(world_op(w, 0, OP(.opcode = WN_OP_NODE_RENAME, .node = first), data) > 0 &&
	   world_lookup(w, 0, name) == (s64)first, "but one of them may change");
}

/* All nodes there can be, found in the index and in public memory. */
static void test_full_domain(u32 nodes)
{
	struct wn_bounds bounds = world_bounds(nodes);
	u64 parents[200] = {};
	u32 i, made = 0, lost = 0;
	struct world w;
	char name[40];

	world_init(&w, &bounds, tap_seed());
	for (i = 1; i < nodes; i++) {
		const u64 parent = i < 200 ? 0 : parents[i % 200];
		s64 res;

		snprintf(name, sizeof(name), "%s%u", i % 3 ? "n" : "a-name-of-some-length-", i);
		res = world_create(&w, parent, name);
		if (WN_RES_IS_ERROR(res))
			break;
		made++;
		lost += world_lookup(&w, parent, name) != res;
		lost += world_find(w.public, parent ? parent : w.core->root, name) != (u64)res;
		if (i < 200)
			parents[i] = (u64)res;
	}
	ok(made == nodes - 1 && !lost, "%u nodes, all found", nodes);
	ok(world_create(&w, 0, "one-more") == -ENOSPC, "and no more");
	world_deinit(&w);
}

int main(void)
{
	const struct wn_bounds bounds = world_bounds(2000);
	struct world w;

	tap_plan(11);
	world_init(&w, &bounds, tap_seed());
	test_full_bucket(&w);
	world_deinit(&w);
	test_full_domain(2);
	test_full_domain(1000);
	test_full_domain(wn_bounds_limit.nodes);
	return tap_done();
}
