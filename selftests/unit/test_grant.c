// SPDX-License-Identifier: MIT
/* Grants one by one: how deep, how many, what quotas count, who is told, what is folded. */
#include <string.h>

#include "kmod/core/cap.h"
#include "kmod/core/cell.h"
#include "kmod/core/work.h"
#include "tap.h"
#include "tell.h"
#include "world.h"

#define NODES	48

static s64 grant(struct world *w, u32 cap, u64 node, const struct wn_grant *in)
{
	return world_op(w, 0, OP(.opcode = WN_OP_CAP_GRANT, .cap = (u16)cap, .node = node), in);
}

static void test_deep(void)
{
	struct wn_bounds bounds = world_bounds(NODES);
	const struct wn_grant all = { .rights = WN_RIGHT_ALL };
	struct world w;
	u64 handle = 0;
	u32 i, cap = 0;
	s64 res = 1;

	bounds.caps = 32;
	world_init(&w, &bounds, tap_seed());
	for (i = 0; i < WN_CAP_DEPTH && res > 0; i++, cap = w.last.aux) {
		res = grant(&w, cap, 0, &all);
		if (!i)
			handle = (u64)res;
	}
	ok(res > 0 && grant(&w, cap, 0, &all) == -ENOSPC, "sixteen in a row, no more");
	ok(!world_op(&w, 0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = handle), NULL) &&
	   world_op(&w, 0, OP(.opcode = WN_OP_NODE_SET, .cap = (u16)cap, .op_flags = WN_SET_TAGS), NULL) ==
	   -EKEYREVOKED, "the last goes with the first, before any slice");
	ok(wn_core_slice(w.core, 3) && !wn_core_slice(w.core, 1000) &&
	   w.core->clients[0].caps_used == 1, "then it is freed");
	ok(world_op(&w, 0, OP(.opcode = WN_OP_NODE_SET, .cap = (u16)cap, .op_flags = WN_SET_TAGS), NULL) ==
	   -EKEYREVOKED, "and still says why");
	wn_caps_publish(w.core);
	ok(w.core->public->stats[WN_STAT_CAP_GRANTED] == 16 &&
	   w.core->public->stats[WN_STAT_CAP_REVOKED] == 16 &&
	   w.core->public->stats[WN_STAT_CAP_REFUSED] == 2, "counted");
	for (i = 1; i < 32; i++)
		res = grant(&w, 0, 0, &all);
	ok(res > 0 && grant(&w, 0, 0, &all) == -ENOSPC, "a table has an end");
	world_deinit(&w);
}

static void test_cells(void)
{
	struct wn_bounds bounds = world_bounds(NODES);
	const struct wn_grant two = { .rights = WN_RIGHT_ALL, .cells = 2, .bytes = 300 };
	u64 cell[2], used;
	struct world w;
	u8 key[64] = "a";
	u32 cap;

	bounds.cells = 8;
	bounds.elems = bounds.set_elems = 16;
	world_init(&w, &bounds, tap_seed());
	ok(grant(&w, 0, 0, &two) > 0, "a quota of cells");
	cap = w.last.aux;
	cell[0] = (u64)world_op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .cap = (u16)cap, .w = { 1 },
					  .op_flags = WN_CELL_ORSET), NULL);
	cell[1] = (u64)world_op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .cap = (u16)cap, .w = { 2 },
					  .op_flags = WN_CELL_GCOUNTER), NULL);
	ok(!WN_RES_IS_ERROR(cell[1]) &&
	   world_op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .cap = (u16)cap, .w = { 3 },
			      .op_flags = WN_CELL_GCOUNTER), NULL) == -EDQUOT &&
	   world_op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .w = { 3 }, .op_flags = WN_CELL_GCOUNTER),
		    NULL) > 0, "reached; not by others");
	used = 0;
	for (key[0] = 'a'; key[0] < 'd'; key[0]++)
		used += world_op(&w, 0, OP(.opcode = WN_OP_CELL_UPDATE, .arg = cell[0],
					   .op_flags = WN_CELL_ADD, .w = { 0, WN_CELL_ITEM(1, 0, 0) }), key) > 0;
	ok(used == 2 && w.last.res == -EDQUOT, "bytes are the cell's, whoever writes");
	key[0] = 'a';
	ok(world_op(&w, 0, OP(.opcode = WN_OP_CELL_UPDATE, .arg = cell[0], .op_flags = WN_CELL_REMOVE,
			      .w = { 0, WN_CELL_ITEM(1, 0, 0) }), key) > 0 &&
	   world_op(&w, 0, OP(.opcode = WN_OP_CELL_UPDATE, .arg = cell[0], .op_flags = WN_CELL_ADD,
			      .w = { 0, WN_CELL_ITEM(1, 0, 0) }), key) > 0, "and come back");
	ok(!world_op(&w, 0, OP(.opcode = WN_OP_CELL_DESTROY, .cap = (u16)cap, .arg = cell[0]), NULL) &&
	   world_op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .cap = (u16)cap, .w = { 4 },
			      .op_flags = WN_CELL_GCOUNTER), NULL) == -EDQUOT &&
	   !wn_core_slice(w.core, 1000) &&
	   world_op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .cap = (u16)cap, .w = { 4 },
			      .op_flags = WN_CELL_GCOUNTER), NULL) > 0, "as cells do, once they are free");
	world_deinit(&w);
}

/* What a long value takes is more than its bytes: blocks have a head. */
static void test_bytes(void)
{
	struct wn_bounds bounds = world_bounds(NODES);
	struct wn_grant in = { .rights = WN_RIGHT_ALL };
	u8 arena[1000] = { 1 };
	const struct wn_account *account;
	u32 type, quota, over = 0, wrong = 0;
	struct world w;
	s64 res;

	bounds.elems = bounds.set_elems = 4;
	for (type = 0; type < 2; type++)
		for (quota = 900; quota < 1400; quota += 50) {
			const u64 takes = 17 * 64 + type * 128;	/* 936 bytes in blocks of 56 */

			in.bytes = quota;
			world_init(&w, &bounds, tap_seed());
			grant(&w, 0, 0, &in);
			res = world_op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .cap = 1,
						 .op_flags = type ? WN_CELL_MVREG : WN_CELL_LWW), NULL);
			wn_op_apply(w.core, &(struct wn_op_env){ .now = &w.now, .in = arena,
								 .in_bytes = sizeof(arena) },
				    OP(.opcode = WN_OP_CELL_UPDATE, .op_flags = WN_CELL_SET, .arg = (u64)res,
				       .w = { 0, WN_CELL_ITEM(0, sizeof(arena), 0) }), &w.last);
			wrong += WN_RES_IS_ERROR(res);
			wrong += takes > quota ? w.last.res != -EDQUOT : WN_RES_IS_ERROR(w.last.res);
			account = &w.core->accounts.at[w.core->clients[0].caps[1].account - 1];
			over += account->used[WN_QUOTA_BYTES] > quota;
			world_deinit(&w);
		}
	ok(!wrong && !over, "a value fits where all that it takes does");
}

/* A hostile one at its quota takes nothing from others. */
static void test_neighbours(void)
{
	struct wn_bounds bounds = world_bounds(NODES);
	const struct wn_core_open open = { .rights = WN_RIGHT_ALL, .quota_nodes = 3 };
	const struct wn_grant more = { .rights = WN_RIGHT_ALL, .nodes = 1000 };
	u32 i, made = 0, given = 0;
	struct world w;
	char name[8];
	u8 data[64];

	bounds.backlog = 64;
	world_init(&w, &bounds, tap_seed());
	wn_core_client_open(w.core, 1, &open);
	world_op(&w, 1, OP(.opcode = WN_OP_CAP_GRANT), &more);
	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "h%u", i);
		world_name(data, name);
		made += world_op(&w, 1, OP(.opcode = WN_OP_NODE_CREATE, .cap = i & 1), data) > 0;
		given += world_op(&w, 1, OP(.opcode = WN_OP_CAP_GRANT, .arg = 1), &more) > 0;
	}
	ok(made == 3 && world_create(&w, 0, "mine") > 0, "no more by handing on to oneself");
	ok(given == 4 && world_op(&w, 0, OP(.opcode = WN_OP_CAP_GRANT), &more) > 0,
	   "half of what is left of another's table");
	world_deinit(&w);
}

static struct wn_event last_told;
static u32 last_client;

static s64 hear(struct wn_core *core, u32 client, const struct wn_event *event)
{
	(void)core;
	last_client = client;
	last_told = *event;
	return 0;
}

/* What a revoked one stores from then on counts nowhere. */
static void test_slots(void)
{
	static u64 page[1];
	const struct wn_core_open open = { .rights = WN_RIGHT_ALL, .slots = page };
	const struct wn_grant attach = { .rights = WN_RIGHT_ATTACH, .expires = 1ULL << 60 };
	struct wn_bounds bounds = world_bounds(NODES);
	struct wn_cap_event event;
	struct world w;
	u64 cell, handle;

	bounds.cells = 2;
	world_init(&w, &bounds, tap_seed());
	wn_core_client_open(w.core, 1, &open);
	tell_by = hear;
	cell = (u64)world_op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .op_flags = WN_CELL_GCOUNTER), NULL);
	handle = (u64)world_op(&w, 0, OP(.opcode = WN_OP_CAP_GRANT, .arg = 2), &attach);
	memcpy(&event, last_told.data, sizeof(event));
	ok(last_client == 1 && last_told.kind == WN_EV_CAP && last_told.node == w.core->root &&
	   event.index == w.last.aux && event.rights == WN_RIGHT_ATTACH &&
	   event.expires == attach.expires, "who gets one is told");
	ok(!WN_RES_IS_ERROR(world_op(&w, 1, OP(.opcode = WN_OP_ATTACH, .cap = (u16)event.index,
					       .arg = cell), NULL)), "attached under it");
	page[0] = 5;
	world_op(&w, 0, OP(.opcode = WN_OP_CAP_REVOKE, .arg = handle), NULL);
	while (wn_core_slice(w.core, 1))
		;
	page[0] = 100;
	ok(wn_cell(&w.core->cells, wn_handle_index(cell))->value == 5 &&
	   !wn_cell(&w.core->cells, wn_handle_index(cell))->nr_slots, "folded when it is revoked");
	tell_by = NULL;
	world_deinit(&w);
}
/*
 * What is attached under capabilities is folded when they expire, by who comes when the core
 * says that there is something to do; and stays until then.
 */
static void test_expiry(void)
{
	enum { SLOTS = 60, UNDER = 6 };
	static u64 page[SLOTS];
	const struct wn_core_open open = { .rights = WN_RIGHT_ALL, .slots = page };
	struct wn_grant in = { .rights = WN_RIGHT_ATTACH };
	struct wn_bounds bounds = world_bounds(NODES);
	u64 cell[SLOTS], ends[UNDER], begun, deadline, rng = tap_seed();
	u32 i, under[SLOTS], early = 0, late = 0, folded, wrong = 0, calls = 0;
	struct world w;

	bounds.cells = bounds.slots = SLOTS;
	world_init(&w, &bounds, rng);
	wn_core_client_close(w.core, 0);
	wn_core_client_open(w.core, 0, &open);
	begun = w.now.boottime;
	for (i = 0; i < UNDER; i++) {
		/* Never, not while the test runs, and at times of which two are close. */
		ends[i] = i == UNDER - 1 ? ends[i - 1] + 40000 :
			  i > 1 ? begun + 1000000 + world_random(&rng) % 50000000 : 1ULL << 59;
		in.expires = i ? ends[i] : 0;
		wrong += grant(&w, 0, 0, &in) <= 0 || w.last.aux != i + 1;
	}
	for (i = 0; i < SLOTS; i++) {
		struct wn_sqe slots[4] = { { .opcode = WN_OP_ATTACH, .flags = WN_SQE_ATOMIC },
					   {}, { .op_flags = WN_NOP_RESULT, .w = { (u64)-EIO } } };
		struct wn_op_result results[2];

		under[i] = (u32)(world_random(&rng) % UNDER);
		cell[i] = (u64)world_op(&w, 0, OP(.opcode = WN_OP_CELL_CREATE, .w = { i },
						  .op_flags = WN_CELL_GCOUNTER), NULL);
		/* Not done is as if it had never been asked for. */
		slots[0].arg = cell[i];
		slots[0].cap = (u16)(1 + world_random(&rng) % UNDER);
		wn_op_apply_group(w.core, &(struct wn_op_env){ .now = &w.now }, slots, 2, results);
		wrong += WN_RES_IS_ERROR(world_op(&w, 0, OP(.opcode = WN_OP_ATTACH, .arg = cell[i],
							    .cap = (u16)(under[i] + 1)), NULL));
	}
	for (i = 0; i < SLOTS; i++)
		page[i] = i + 1;
	while ((deadline = wn_core_next_deadline(w.core)) < begun + 60000000) {
		w.now.boottime = deadline > w.now.boottime ? deadline : w.now.boottime + 1;
		while (wn_work_waits(w.core) || wn_core_next_deadline(w.core) <= w.now.boottime) {
			wn_work_slice(w.core, &w.now);
			calls++;
		}
		for (i = folded = 0; i < SLOTS; i++) {
			const struct wn_cell_rec *rec = wn_cell(&w.core->cells, wn_handle_index(cell[i]));

			folded += !rec->nr_slots;
			early += !rec->nr_slots && w.now.boottime < ends[under[i]];
			late += rec->nr_slots && w.now.boottime >= ends[under[i]] + 65536;
			wrong += !rec->nr_slots && rec->value != i + 1;
		}
	}
	for (i = 0; i < SLOTS; i++)
		if (under[i] > 1)
			page[i] = 1000000;
	for (i = 0; i < SLOTS; i++)
		wrong += under[i] > 1 ? wn_cell(&w.core->cells, wn_handle_index(cell[i]))->value != i + 1 :
				    !wn_cell(&w.core->cells, wn_handle_index(cell[i]))->nr_slots;
	ok(!wrong && !early && !late && calls < 1000,
	   "what is attached is folded when its capability expires");
	wn_core_client_close(w.core, 0);
	ok(wn_core_next_deadline(w.core) == WN_NEVER, "and nothing is left to wait for");
	world_deinit(&w);
}

int main(void)
{
	tap_plan(19);
	test_slots();
	test_expiry();
	test_deep();
	test_cells();
	test_bytes();
	test_neighbours();
	return tap_done();
}
