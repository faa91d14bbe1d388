// SPDX-License-Identifier: MIT
/*
 * Deaths: on-death policies, monitors and links beside a naive tree, under random
 * creates, moves of time, slices and deaths. When all is quiet the nodes that are there
 * are those of the tree, each monitor has told once, and the number of the dead is free.
 */
#include <string.h>

#include "kmod/core/mail.h"
#include "kmod/core/node.h"
#include "kmod/core/work.h"
#include "shrink.h"
#include "tap.h"
#include "world.h"

#define CLIENTS 4
#define NODES 60
#define RING 64
#define OWED 64

static struct wn_user_ring user[CLIENTS];
static struct wn_kern_ring kern[CLIENTS];
static struct wn_event events[CLIENTS][WN_PRIORITIES * RING];
static struct wn_inbox inbox[CLIENTS];

static struct world w;
static u64 seed, downs[3], destroyed, orphaned, linked, early;
static bool open[CLIENTS], right = true;
static struct steps *playing;	/* the history; NULL: what is checked is none */

/* The naive tree; 0 is the root. */
static struct {
	bool there;
	u64 handle;
	u32 parent, owner, policy;
} node[NODES];

static struct {
	bool there;
	u64 handle;
	u32 maker, a, b;
} links[OWED];

static struct {
	bool there, told;
	u64 handle;
	u32 maker, node, why;	/* why: what is to be told; 0: nothing happened */
	bool owner;		/* its death counts, too */
} monitors[4096];
static u32 nr_monitors;

static u32 pick(u32 n)
{
	return (u32)(world_random(&seed) % n);
}

static void check(bool good, const char *what)
{
	if (good || !right)
		return;
	right = false;
	if (playing)
		steps_wrong(playing, "%s", what);
	else
		diag("%s", what);
}

static void listen(u32 c)
{
	u64 handle;
	u32 p, i;

	wn_mail_retry(w.core, c);
	wn_mail_pump(w.core, c, &inbox[c]);
	for (p = 0; p < WN_PRIORITIES; p++)
		while (user[c].inbox_head[p] != kern[c].inbox_tail[p]) {
			const struct wn_event *e =
				&events[c][p * RING + user[c].inbox_head[p]++ % RING];

			check(e->kind == WN_EV_DOWN, "only DOWN is sent");
			i = (u32)e->trace;
			memcpy(&handle, e->data, 8);
			check(monitors[i].handle == handle && monitors[i].maker == c &&
			      !monitors[i].told, "each tells once, its maker");
			check(monitors[i].why == e->type, "why");
			monitors[i].told = true;
			downs[e->type]++;
		}
	wn_mail_pump(w.core, c, &inbox[c]);
}

/* All the engine's work, so that the naive one may do all of its at once. */
static void settle(void)
{
	u32 i, c;

	for (i = 0; i < 1000 && wn_work_waits(w.core); i++) {
		wn_work_slice(w.core, &w.now);
		for (c = 0; c < CLIENTS; c++)
			if (open[c])
				listen(c);
	}
	check(i < 1000, "it comes to an end");
	for (c = 0; c < CLIENTS; c++)
		if (open[c])
			listen(c);
}

static void tell(u32 i, u32 why)
{
	if (monitors[i].there && !monitors[i].why)
		monitors[i].why = why;
}

/* Destroy a node of the tree, all below, and what is linked to any of these. */
static void model_destroy(u32 n)
{
	u32 i;

	if (!node[n].there)
		return;
	node[n].there = false;
	destroyed++;
	for (i = 1; i < NODES; i++)
		if (node[i].there && node[i].parent == n)
			model_destroy(i);
	for (i = 0; i < nr_monitors; i++)
		if (monitors[i].node == n)
			tell(i, WN_DOWN_NODE);
	for (i = 0; i < OWED; i++) {
		if (!links[i].there || (links[i].a != n && links[i].b != n))
			continue;
		links[i].there = false;
		linked++;
		model_destroy(links[i].a == n ? links[i].b : links[i].a);
	}
}

/* Monitors of nodes that go with their owner hear of the node, others of the owner. */
static void model_death(u32 c)
{
	u32 i;

	open[c] = false;
	for (i = 0; i < nr_monitors; i++) {
		if (monitors[i].maker == c && !monitors[i].told)
			monitors[i].there = false;
	}
	for (i = 1; i < NODES; i++) {
		if (!node[i].there || node[i].owner != c)
			continue;
		if (node[i].policy == WN_DEATH_DESTROY)
			model_destroy(i);
		else if (node[i].policy == WN_DEATH_ORPHAN)
			orphaned++;
	}
	for (i = 0; i < nr_monitors; i++)
		if (monitors[i].owner && node[monitors[i].node].owner == c)
			tell(i, WN_DOWN_CLIENT);
	for (i = 0; i < OWED; i++)
		if (links[i].maker == c)
			links[i].there = false;
	for (i = 1; i < NODES; i++)
		if (node[i].owner == c) {
			node[i].owner = node[i].policy == WN_DEATH_ORPHAN ? WN_OWNER_NONE : c + 100;
			node[i].policy = 0;
		}
}

static void client_open(u32 c)
{
	const u32 entries[WN_PRIORITIES] = { RING, RING, RING, RING };
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL };

	check(!wn_core_client_open(w.core, c, &first), "the number of the dead is free");
	memset(&user[c], 0, sizeof(user[c]));
	memset(&kern[c], 0, sizeof(kern[c]));
	wn_inbox_init(&inbox[c], &user[c], &kern[c], events[c], entries);
	open[c] = true;
}

static void create(u32 c, u32 n)
{
	u8 data[64];
	char name[8] = { 'a' + n % 26, 'a' + n / 26 };
	u32 parent;
	s64 res;

	do
		parent = pick(n);
	while (!node[parent].there);
	node[n].policy = pick(3);
	world_name(data, name);
	res = world_op(&w, c, OP(.opcode = WN_OP_NODE_CREATE, .node = node[parent].handle,
				 .op_flags = WN_CREATE_ON_DEATH(node[n].policy)), data);
	check(!WN_RES_IS_ERROR(res), "create");
	node[n].there = true;
	node[n].handle = res;
	node[n].parent = parent;
	node[n].owner = c;
}

static u32 some_node(void)
{
	u32 n;

	do
		n = pick(NODES);
	while (!node[n].there);
	return n;
}

static void monitor(u32 c)
{
	const u32 n = some_node();
	s64 res;

	if (nr_monitors == 4096)
		return;
	res = world_op(&w, c, OP(.opcode = WN_OP_MONITOR, .node = node[n].handle,
				 .arg = nr_monitors, .op_flags = pick(4)), NULL);
	if (WN_RES_IS_ERROR(res)) {
		check(res == -ENOSPC, "only room lacks");
		return;
	}
	monitors[nr_monitors].there = true;
	monitors[nr_monitors].handle = res;
	monitors[nr_monitors].maker = c;
	monitors[nr_monitors].node = n;
	monitors[nr_monitors++].owner = n && node[n].owner < CLIENTS;
}

static void demonitor(u32 c)
{
	const u32 i = nr_monitors ? pick(nr_monitors) : 0;
	s64 res;

	if (!nr_monitors || monitors[i].maker != c)
		return;
	res = world_op(&w, c, OP(.opcode = WN_OP_DEMONITOR, .arg = monitors[i].handle), NULL);
	check(res == (monitors[i].there && !monitors[i].why ? 0 : -ESTALE), "demonitor");
	monitors[i].there = false;
}

static void link_two(u32 c)
{
	const u32 a = some_node(), b = some_node();
	u32 i = 0;
	s64 res;

	while (i < OWED && links[i].there)
		i++;
	if (i == OWED)
		return;
	res = world_op(&w, c, OP(.opcode = WN_OP_MONITOR, .node = node[a].handle,
				 .op_flags = WN_MONITOR_LINK, .w = { node[b].handle }), NULL);
	if (!a || !b)
		check(res == -EBUSY, "not the root");
	else if (a == b)
		check(res == -ELOOP, "not itself");
	else
		check(!WN_RES_IS_ERROR(res) || res == -ENOSPC, "link");
	if (WN_RES_IS_ERROR(res))
		return;
	links[i].there = true;
	links[i].handle = res;
	links[i].maker = c;
	links[i].a = a;
	links[i].b = b;
	if (pick(4) == 0) {
		check(!world_op(&w, c, OP(.opcode = WN_OP_DEMONITOR, .arg = res), NULL), "unlink");
		links[i].there = false;
	}
}

static void compare(void)
{
	u32 i, there = 0;

	for (i = 0; i < NODES; i++) {
		const int at = wn_node_find(w.core, node[i].handle);

		there += node[i].there;
		check((at >= 0) == node[i].there, "the same nodes are there");
		if (at >= 0 && i && node[i].owner == WN_OWNER_NONE)
			check(wn_node(w.core, (u32)at)->owner == WN_OWNER_NONE, "orphans");
	}
	check(wn_pool_count(&w.core->nodes) == there, "and no others");
	for (i = 0; i < nr_monitors; i++)
		check(!monitors[i].there || !monitors[i].why == !monitors[i].told,
		      "each is told of what happened");
	for (i = 0; i < CLIENTS; i++)
		check(!w.core->clients[i].dying, "all are buried");
}

static void step(void)
{
	const u32 c = pick(CLIENTS), n = 1 + pick(NODES - 1);

	if (!open[c]) {
		client_open(c);
		return;
	}
	switch (pick(16)) {
	case 0:
		if (pick(3) == 0) {
			wn_core_client_close(w.core, c);
			check(wn_core_client_open(w.core, c, &(struct wn_core_open){}) == -EBUSY ||
			      ++early, "dying or dead");
			if (wn_core_client_is_open(&w.core->clients[c]))
				wn_core_client_close(w.core, c);
			model_death(c);
		}
		break;
	case 1:
		if (node[n].there) {
			check(!world_op(&w, c, OP(.opcode = WN_OP_NODE_DESTROY,
						  .node = node[n].handle), NULL), "destroy");
			model_destroy(n);
		}
		break;
	case 2: case 3: case 4:
		monitor(c);
		break;
	case 5:
		demonitor(c);
		break;
	case 6:
		link_two(c);
		break;
	default:
		if (!node[n].there)
			create(c, n);
	}
	settle();
	if (right)
		compare();
}

/* What a dead client leaves is taken apart in slices, each bounded; meanwhile it is dying. */
static void slices(void)
{
	struct wn_bounds b = world_bounds(3000);
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL };
	u32 i, n = 0, calls = 0;
	char name[8];
	u8 data[64];

	b.timers = 2000;
	world_init(&w, &b, seed);
	check(!wn_core_client_open(w.core, 1, &first), "open");
	for (i = 0; i < 900; i++) {
		snprintf(name, sizeof(name), "%u", i);
		world_name(data, name);
		n += !WN_RES_IS_ERROR(world_op(&w, 1, OP(.opcode = WN_OP_NODE_CREATE,
				.op_flags = WN_CREATE_ON_DEATH(WN_DEATH_DESTROY)), data));
		n += !WN_RES_IS_ERROR(world_op(&w, 1, OP(.opcode = WN_OP_TIMER, .w = { ~0ULL },
				.op_flags = WN_TIMER_MINE), NULL));
	}
	wn_core_client_close(w.core, 1);
	ok(n == 1800 && wn_work_waits(w.core) &&
	   wn_core_client_open(w.core, 1, &first) == -EBUSY &&
	   world_op(&w, 1, OP(.opcode = WN_OP_NODE_SET, .w = { 0, 1 },
			      .op_flags = WN_SET_TAGS), NULL) == -ENXIO, "dying, and nobody");
	for (; wn_work_waits(w.core) && calls < 100; calls++) {
		const u32 before = wn_pool_count(&w.core->nodes) + w.core->promises.pool.used;

		wn_work_slice(w.core, &w.now);
		check(before - wn_pool_count(&w.core->nodes) - w.core->promises.pool.used <=
		      WN_WORK_STEPS, "a bounded part");
	}
	ok(right && calls > 1 && wn_pool_count(&w.core->nodes) == 1 && !w.core->promises.pool.used &&
	   wn_core_next_deadline(w.core) == WN_NEVER &&
	   !wn_core_client_open(w.core, 1, &first), "buried in %u slices", calls);
	world_deinit(&w);
}

/* Two that die with much to leave: one after the other, whatever the steps of a slice. */
static void two_at_once(u32 steps)
{
	struct wn_bounds b = world_bounds(1000);
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL };
	u32 i, c, calls = 0, ends[3] = {};
	char name[8];
	u8 data[64];

	b.timers = 1000;
	world_init(&w, &b, seed);
	for (c = 1; c < 3; c++) {
		check(!wn_core_client_open(w.core, c, &first), "open");
		for (i = 0; i < 300; i++) {
			snprintf(name, sizeof(name), "%u", c * 1000 + i);
			world_name(data, name);
			world_op(&w, c, OP(.opcode = WN_OP_NODE_CREATE,
					   .op_flags = WN_CREATE_ON_DEATH(WN_DEATH_DESTROY)), data);
			world_op(&w, c, OP(.opcode = WN_OP_TIMER, .w = { ~0ULL },
					   .op_flags = WN_TIMER_MINE), NULL);
		}
	}
	wn_core_client_close(w.core, 1);
	wn_core_client_close(w.core, 2);
	for (calls = 1; wn_death_waits(&w.core->deaths) && calls < 10000; calls++) {
		check(wn_death_slice(w.core, steps, &w.now) <= steps, "no more than it may");
		for (c = 1; c < 3; c++)
			if (!ends[c] && !w.core->clients[c].dying)
				ends[c] = calls;
	}
	while (wn_core_slice(w.core, 100))
		;
	ok(right && ends[1] && ends[1] < ends[2] && wn_pool_count(&w.core->nodes) == 1 &&
	   !w.core->promises.pool.used && !wn_core_client_open(w.core, 2, &first) &&
	   !wn_core_client_open(w.core, 1, &first), "two by %u: buried at %u, %u", steps, ends[1],
	   ends[2]);
	world_deinit(&w);
}

static void history(struct steps *s)
{
	struct wn_bounds b = world_bounds(NODES);
	u32 i;

	playing = s;
	right = true;
	b.timers = OWED;
	b.backlog = 64;
	world_init(&w, &b, tap_seed());
	memset(node, 0, sizeof(node));
	memset(links, 0, sizeof(links));
	memset(monitors, 0, sizeof(monitors));
	memset(open, 0, sizeof(open));
	nr_monitors = 0;
	node[0].there = true;
	node[0].handle = w.core->root;
	wn_core_client_close(w.core, 0);
	for (i = 0; i < CLIENTS; i++)
		client_open(i);
	while (steps_next(s, &seed))
		step();
	playing = NULL;
	world_deinit(&w);
}

int main(void)
{
	struct steps steps = { .play = history, .nr = 3000 };

	tap_plan(7);
	right = steps_hold_all(&steps, tap_seed(), 40 * tap_rounds());
	ok(right, "the nodes that should be are there, each monitor told once");
	ok(downs[WN_DOWN_NODE] > 100 && downs[WN_DOWN_CLIENT] > 100 && destroyed > 100,
	   "%llu down with nodes, %llu with clients", downs[WN_DOWN_NODE], downs[WN_DOWN_CLIENT]);
	ok(linked && orphaned, "%llu links pulled, %llu orphans, %llu buried at once", linked,
	   orphaned, early);
	slices();
	two_at_once(1);
	two_at_once(7);
	return tap_done();
}
