// SPDX-License-Identifier: MIT
/* Counters with attached slots: what readers sum, and what becomes of it at each kind of end. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "shrink.h"
#include "tap.h"
#include "world.h"

#define CLIENTS 4
#define SLOTS 3
#define CELLS 5

static u64 pages[CLIENTS][SLOTS];

static struct wn_bounds bounds(void)
{
	struct wn_bounds b = world_bounds(8);

	b.cells = CELLS + 1;
	b.slots = SLOTS;
	b.replicas = 2;
	return b;
}

static void open_client(struct world *w, u32 client, bool page)
{
	const struct wn_core_open first = {
		.rights = WN_RIGHT_ALL, .slots = page ? pages[client] : NULL };

	if (wn_core_client_open(w->core, client, &first))
		tap_die("a client does not open");
}

static void begin(struct world *w)
{
	const struct wn_bounds b = bounds();
	u32 i;

	world_init(w, &b, 7);
	wn_core_client_close(w->core, 0);
	for (i = 0; i < CLIENTS; i++)
		open_client(w, i, true);
}

static s64 cell_new(struct world *w, u64 node, u8 type, u64 id)
{
	return world_op(w, 0, OP(.opcode = WN_OP_CELL_CREATE, .node = node, .w = { id },
				 .op_flags = WN_CELL_NEW(type, 0)), NULL);
}

static s64 cell_op(struct world *w, u32 client, u8 opcode, u64 cell)
{
	return world_op(w, client, OP(.opcode = opcode, .arg = cell), NULL);
}

static s64 add(struct world *w, u64 cell, u32 verb, u64 n)
{
	return world_op(w, 0, OP(.opcode = WN_OP_CELL_UPDATE, .arg = cell, .op_flags = verb,
				 .w = { n }), NULL);
}

/* As the uapi header tells a reader: one try. */
static bool read_once(const u8 *public, u64 cell, u64 (*slots)[SLOTS], u64 *sum)
{
	const struct wn_public *p = (const struct wn_public *)public;
	const struct wn_area *cells = &p->areas[WN_AREA_CELLS], *links = &p->areas[WN_AREA_SLOTS];
	const struct wn_cell_rec *rec = (const void *)(public + cells->offset +
						       wn_handle_index(cell) * (u64)cells->stride);
	const u32 seq = __atomic_load_n(&rec->seq, __ATOMIC_ACQUIRE);
	u32 name, i;

	if (seq & 1)
		return false;
	*sum = __atomic_load_n((const u64 *)&rec->value, __ATOMIC_ACQUIRE);
	name = __atomic_load_n((const wn_half *)rec->bytes, __ATOMIC_ACQUIRE);
	for (i = 0; name && i < links->count; i++) {
		const u32 client = wn_slot_client(name), slot = wn_slot_number(name);
		const wn_half *line = (const wn_half *)(public + links->offset +
							(u64)client * links->stride);

		if (client >= links->count || slot >= links->stride / 4 || slot >= SLOTS)
			return false;
		*sum += __atomic_load_n(&slots[client][slot], __ATOMIC_ACQUIRE);
		name = __atomic_load_n(&line[slot], __ATOMIC_ACQUIRE);
	}
	return !name && __atomic_load_n(&rec->seq, __ATOMIC_RELAXED) == seq;
}

static u64 sum_of(struct world *w, u64 cell)
{
	u64 sum;

	return read_once(w->public, cell, pages, &sum) ? sum : 0xdeadbeefdeadbeefULL;
}

/* ------------------------------------------------------------- errnos */

static void test_errnos(void)
{
	struct world w;
	s64 cell, lww, all[SLOTS];
	u8 value[64];
	u32 i;

	begin(&w);
	cell = cell_new(&w, 0, WN_CELL_GCOUNTER, 1);
	lww = cell_new(&w, 0, WN_CELL_LWW, 2);
	ok(cell_op(&w, 1, WN_OP_ATTACH, lww) == -EINVAL, "only counters and escrows have slots");
	for (i = 0; i < sizeof(value); i += 4)
		wn_put_le32(value + i, wn_slot_name(1, 0));
	ok(world_op(&w, 0, OP(.opcode = WN_OP_CELL_UPDATE, .op_flags = WN_CELL_SET, .arg = (u64)lww,
			      .w = { 0, WN_CELL_ITEM(0, 64, 0) }), value) > 0 &&
	   cell_op(&w, 1, WN_OP_DETACH, lww) == -EINVAL &&
	   cell_op(&w, 1, WN_OP_SAMPLE, lww) == -EINVAL &&
	   cell_op(&w, 1, WN_OP_ESCROW_TAKE, lww) == -EINVAL &&
	   cell_op(&w, 1, WN_OP_ESCROW_GIVE, lww) == -EINVAL,
	   "a value that looks like a list of slots is none");
	ok(cell_op(&w, 1, WN_OP_DETACH, cell) == -ENOENT, "nothing to detach");
	ok(cell_op(&w, 1, WN_OP_ATTACH, cell) == 0, "the first slot");
	ok(cell_op(&w, 1, WN_OP_ATTACH, cell) == -EBUSY, "one slot of a cell");
	ok(cell_op(&w, 1, WN_OP_ATTACH, cell + (1 << 24)) == -ESTALE, "no such cell");
	for (i = 0; i < SLOTS; i++) {
		all[i] = cell_new(&w, 0, WN_CELL_PNCOUNTER, 10 + i);
		if (i < SLOTS - 1)
			ok(cell_op(&w, 1, WN_OP_ATTACH, all[i]) == i + 1, "slot %u", i + 1);
	}
	ok(cell_op(&w, 1, WN_OP_ATTACH, all[SLOTS - 1]) == -ENOSPC, "no slot is free");
	ok(cell_op(&w, 1, WN_OP_ESCROW_TAKE, cell) == -EINVAL, "a counter has no rights");
	wn_core_client_close(w.core, 2);
	open_client(&w, 2, false);
	ok(cell_op(&w, 2, WN_OP_ATTACH, cell) == -ENXIO, "a client without a page");
	wn_cap_put(w.core, 3, 1, &(struct wn_core_open){ .node = w.core->root,
						   .rights = WN_RIGHT_ALL & ~WN_RIGHT_ATTACH });
	ok(world_op(&w, 3, OP(.opcode = WN_OP_ATTACH, .cap = 1, .arg = cell), NULL) == -EACCES,
	   "the right ATTACH");
	world_deinit(&w);
}

/* A slot's value may look like an error: it is told in two halves. */
static void test_value(void)
{
	struct world w;
	s64 cell, res;

	begin(&w);
	cell = cell_new(&w, 0, WN_CELL_PNCOUNTER, 1);
	pages[1][0] = 5;
	ok(cell_op(&w, 1, WN_OP_ATTACH, cell) == 0 && sum_of(&w, cell) == 0,
	   "what lay in the slot counts nothing");
	pages[1][0] = (u64)-3;
	ok(sum_of(&w, cell) == (u64)-8, "readers see a store at once");
	res = cell_op(&w, 1, WN_OP_DETACH, cell);
	ok(!WN_RES_IS_ERROR(res) && WN_CQE_VALUE(res, w.last.aux) == (u64)-3,
	   "detach tells the value that it took");
	pages[1][0] = 77;
	ok(sum_of(&w, cell) == (u64)-8, "what is stored later counts nowhere");
	world_deinit(&w);
}

/* ---------------------------------------------------- against a model */

struct naive {
	struct {
		s64 handle;
		u8 type;
		u64 sum;	/* as readers should see it */
		bool attached[CLIENTS];
		u8 slot[CLIENTS];
	} cell[CELLS];
	bool open[CLIENTS];
};

static void naive_death(struct naive *n, u32 client)
{
	u32 i;

	for (i = 0; i < CELLS; i++)
		n->cell[i].attached[client] = false;
}

static bool same(struct world *w, const struct naive *n)
{
	u32 i;

	for (i = 0; i < CELLS; i++)
		if (n->cell[i].handle && sum_of(w, n->cell[i].handle) != n->cell[i].sum) {
			world_say("cell %u: %lld, want %lld", i,
				  (long long)sum_of(w, n->cell[i].handle), (long long)n->cell[i].sum);
			return false;
		}
	return true;
}

static s64 group(struct world *w, u32 client, u8 opcode, u64 cell, bool fails)
{
	const struct wn_op_env env = { .client = client, .now = &w->now };
	struct wn_sqe slots[6] = {
		{ .opcode = WN_OP_CELL_UPDATE, .flags = WN_SQE_ATOMIC, .op_flags = WN_CELL_ADD,
		  .arg = cell, .w = { 1 } },
		{ },
		{ .opcode = opcode, .flags = WN_SQE_ATOMIC, .arg = cell },
		{ },
		{ .opcode = WN_OP_NOP, .op_flags = WN_NOP_RESULT, .w = { fails ? (u64)-EIO : 0 } },
	};
	struct wn_op_result results[3];
	static u8 before[1 << 20];
	const u64 bytes = w->core->state_bytes;

	if (bytes > sizeof(before))
		tap_die("a world too large to compare");
	memcpy(before, w->core, bytes);
	if (wn_op_apply_group(w->core, &env, slots, 3, results)) {
		world_say_op(client, &slots[2], results[1].res);
		return results[1].res;
	}
	if (memcmp(before, w->core, bytes))
		tap_die("a refused group left something");
	return -EIO;
}

static bool step(struct world *w, struct naive *n, u64 *rng)
{
	const u32 c = world_random(rng) % CELLS, who = world_random(rng) % CLIENTS;
	const u64 amount = world_random(rng) % 100;
	const u32 what = world_random(rng) % 32;
	bool failing;
	s64 res;

	if (!n->cell[c].handle) {
		n->cell[c].type = what & 1 ? WN_CELL_GCOUNTER : WN_CELL_PNCOUNTER;
		n->cell[c].handle = cell_new(w, 0, n->cell[c].type, c);
		n->cell[c].sum = 0;
		/* The one before it may wait for its end still. */
		if (n->cell[c].handle == -ENOSPC)
			n->cell[c].handle = 0;
		return true;
	}
	switch (what) {
	case 0 ... 11:	/* a store, counted where the slot is attached */
		if (!n->cell[c].attached[who])
			return true;
		failing = n->cell[c].type == WN_CELL_PNCOUNTER && what & 1;
		pages[who][n->cell[c].slot[who]] += failing ? 0 - amount : amount;
		n->cell[c].sum += failing ? 0 - amount : amount;
		return true;
	case 12 ... 13:	/* a store to a slot that may be nobody's */
		for (res = 0; res < CELLS; res++)
			if (n->cell[res].attached[who] && n->cell[res].slot[who] == c % SLOTS)
				return true;
		pages[who][c % SLOTS] = world_random(rng);
		return true;
	case 14 ... 15:
		n->cell[c].sum += amount;
		return add(w, n->cell[c].handle, WN_CELL_ADD, amount) > 0;
	case 16 ... 21:
		failing = what == 16;
		if (!n->open[who])
			return true;
		res = what < 18 ? group(w, who, WN_OP_ATTACH, n->cell[c].handle, failing) :
			cell_op(w, who, WN_OP_ATTACH, n->cell[c].handle);
		if (n->cell[c].attached[who] || WN_RES_IS_ERROR(res))
			return WN_RES_IS_ERROR(res);
		n->cell[c].sum += what == 17;
		n->cell[c].attached[who] = true;
		n->cell[c].slot[who] = (u8)res;
		return true;
	case 22 ... 26:
		failing = what == 22;
		if (!n->open[who])
			return true;
		res = what < 24 ? group(w, who, WN_OP_DETACH, n->cell[c].handle, failing) :
			cell_op(w, who, WN_OP_DETACH, n->cell[c].handle);
		if (!n->cell[c].attached[who] || failing)
			return WN_RES_IS_ERROR(res);
		n->cell[c].sum += what == 23;
		n->cell[c].attached[who] = false;
		return !WN_RES_IS_ERROR(res);
	case 27 ... 28:
		res = 0;
		do
			res = world_op(w, 0, OP(.opcode = WN_OP_SAMPLE, .op_flags = WN_SAMPLE_ALL,
						.w = { (u64)res }), NULL);
		while (res > 0);
		return !res && cell_op(w, 0, WN_OP_SAMPLE, n->cell[c].handle) > 0;
	case 29:	/* death, and somebody new */
		if (!who)
			return true;
		if (n->open[who]) {
			wn_core_client_close(w->core, who);
			world_say("client %u closes", who);
			naive_death(n, who);
			memset(pages[who], (int)amount, sizeof(pages[who]));
		} else {
			open_client(w, who, true);
		}
		n->open[who] = !n->open[who];
		return true;
	case 30:
		if (amount > 30)
			return true;
		res = cell_op(w, 0, WN_OP_CELL_DESTROY, n->cell[c].handle);
		memset(&n->cell[c], 0, sizeof(n->cell[c]));
		return !res;
	default:
		wn_core_slice(w->core, amount % 8);
		return true;
	}
}

/* What deltas and digests see: the rows alone, once all was sampled. */
static bool exported(struct world *w, struct naive *n)
{
	u32 i;

	for (i = 0; i < CELLS; i++) {
		const struct wn_cells *cells = &w->core->cells;
		const struct wn_row *row;

		if (!n->cell[i].handle)
			continue;
		cell_op(w, 0, WN_OP_SAMPLE, n->cell[i].handle);
		row = wn_row(cells, cells->own[wn_handle_index(n->cell[i].handle)].mine);
		if ((row ? row->x - row->y : 0) != n->cell[i].sum)
			return false;
	}
	return true;
}

static void history(struct steps *s)
{
	struct naive n;
	struct world w;
	u64 rng;

	memset(&n, 0, sizeof(n));
	memset(n.open, 1, sizeof(n.open));
	begin(&w);
	while (steps_next(s, &rng)) {
		if (!step(&w, &n, &rng))
			steps_wrong(s, "an answer");
		if (!same(&w, &n))
			steps_wrong(s, "a reader's sum");
	}
	if (!s->wrong && !exported(&w, &n))
		steps_wrong(s, "what is sampled is not what readers sum");
	world_deinit(&w);
}

static void test_model(void)
{
	struct steps steps = { .play = history, .nr = 1500 };

	ok(steps_hold_all(&steps, tap_seed(), 40 * tap_rounds()),
	   "readers' sums after each of many steps, and what is sampled");
}

/* ------------------------------------------------------- while it runs */

static struct {
	struct world w;
	u64 cell;
	bool stop;
	u64 kept, fell;
	u64 slots[CLIENTS][SLOTS];
} race;

/*
 * The client itself: it adds and looks at once, so that two CPUs are enough. What was
 * true only grows, however often it attaches; so does each sum that it keeps.
 */
static void *client(void *arg)
{
	u64 last = 0, n = 0, sum;

	(void)arg;
	while (!__atomic_load_n(&race.stop, __ATOMIC_RELAXED)) {
		__atomic_store_n(&race.slots[1][0], ++n, __ATOMIC_RELAXED);
		/* It must not see its own store earlier than the engine can. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (!read_once(race.w.public, race.cell, race.slots, &sum))
			continue;
		race.fell += sum < last;
		last = sum;
		__atomic_store_n(&race.kept, race.kept + 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void test_race(void)
{
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL, .slots = race.slots[1] };
	u64 i, rounds = 100000 * tap_rounds();
	pthread_t thread;
	bool done = true;

	begin(&race.w);
	wn_core_client_close(race.w.core, 1);
	if (wn_core_client_open(race.w.core, 1, &first))
		tap_die("client");
	race.cell = (u64)cell_new(&race.w, 0, WN_CELL_GCOUNTER, 1);
	if (pthread_create(&thread, NULL, client, NULL))
		tap_die("thread");
	for (i = 0; i < rounds || __atomic_load_n(&race.kept, __ATOMIC_RELAXED) < 1000; i++) {
		done &= !WN_RES_IS_ERROR(cell_op(&race.w, 1, WN_OP_ATTACH, race.cell));
		done &= !WN_RES_IS_ERROR(cell_op(&race.w, 1, WN_OP_DETACH, race.cell));
		if (i % 64 == 63)
			sched_yield();
	}
	__atomic_store_n(&race.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	diag("%llu sums kept", race.kept);
	ok(done && !race.fell, "no kept sum is below an earlier one");
	world_deinit(&race.w);
}

int main(void)
{
	tap_plan(18);
	test_errnos();
	test_value();
	test_model();
	test_race();
	return tap_done();
}
