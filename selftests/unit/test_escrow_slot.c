// SPDX-License-Identifier: MIT
/* Escrow: rights lent to clients' slots, spent there, and where they are after each kind of end. */
#include <string.h>

#include "shrink.h"
#include "tap.h"
#include "world.h"

#define CLIENTS 4
#define WINDOW 1000
#define AMOUNT 7
#define MOST 60

static u64 pages[CLIENTS][2];

static void open_client(struct world *w, u32 client)
{
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL, .slots = pages[client] };

	if (wn_core_client_open(w->core, client, &first))
		tap_die("a client does not open");
}

static u64 begin(struct world *w, bool refill)
{
	struct wn_bounds b = world_bounds(4);
	u8 data[64] = {};
	u32 i;
	s64 res;

	b.cells = 2;
	b.slots = 2;
	b.replicas = 4;
	world_init(w, &b, 9);
	wn_core_client_close(w->core, 0);
	for (i = 0; i < CLIENTS; i++)
		open_client(w, i);
	wn_put_le64(data, WINDOW);
	wn_put_le64(data + 8, AMOUNT);
	wn_put_le64(data + 16, MOST);
	res = world_op(w, 0, OP(.opcode = WN_OP_CELL_CREATE, .op_flags = WN_CELL_ESCROW),
		       refill ? data : NULL);
	if (WN_RES_IS_ERROR(res))
		tap_die("no escrow");
	return (u64)res;
}

static s64 op(struct world *w, u32 client, u8 opcode, u64 cell, u64 n)
{
	return world_op(w, client, OP(.opcode = opcode, .arg = cell, .w = { n }), NULL);
}

static s64 update(struct world *w, u64 cell, u32 verb, u64 n)
{
	return world_op(w, 0, OP(.opcode = WN_OP_CELL_UPDATE, .op_flags = verb, .arg = cell,
				 .w = { n }), NULL);
}

static u64 rights(struct world *w, u64 cell)
{
	return (u64)world_op(w, 0, OP(.opcode = WN_OP_CELL_READ, .arg = cell,
				      .op_flags = WN_CELL_READ_RIGHTS), NULL);
}

/* What a reader makes of record and slots; nobody writes meanwhile. */
static u64 left(struct world *w, u64 cell)
{
	const struct wn_public *p = w->core->public;
	const struct wn_area *cells = &p->areas[WN_AREA_CELLS], *links = &p->areas[WN_AREA_SLOTS];
	const struct wn_cell_rec *rec = (const void *)(w->public + cells->offset +
						       wn_handle_index(cell) * (u64)cells->stride);
	u32 name = *(const wn_half *)rec->bytes;
	u64 value = rec->value;

	for (; name; name = ((const wn_half *)(w->public + links->offset + (u64)links->stride *
					       wn_slot_client(name)))[wn_slot_number(name)])
		value -= pages[wn_slot_client(name)][wn_slot_number(name)];
	return (s64)value < 0 ? 0 : value;
}

static void test_plain(void)
{
	struct world w;
	const u64 cell = begin(&w, false);
	s64 res;

	ok(update(&w, cell, WN_CELL_ADD, 100) > 0 && rights(&w, cell) == 100, "100 rights");
	ok(op(&w, 1, WN_OP_ESCROW_TAKE, cell, 1) == -ENOENT, "rights go to a slot only");
	pages[1][0] = 5;
	ok(op(&w, 1, WN_OP_ATTACH, cell, 0) == 0 && left(&w, cell) == 100, "a slot that holds 5");
	ok(op(&w, 1, WN_OP_ESCROW_TAKE, cell, 101) == -EDQUOT, "more than there are");
	ok(op(&w, 1, WN_OP_ESCROW_TAKE, cell, 40) == 45, "may rise to 45");
	ok(rights(&w, cell) == 60 && left(&w, cell) == 100, "lent is not spent");
	pages[1][0] += 15;
	ok(left(&w, cell) == 85, "15 are spent, without an op");
	ok(op(&w, 1, WN_OP_ESCROW_GIVE, cell, 26) == -EDQUOT, "what is spent cannot be given back");
	ok(op(&w, 1, WN_OP_ESCROW_GIVE, cell, 5) == 40 && rights(&w, cell) == 65, "5 come back");
	ok(op(&w, 1, WN_OP_ESCROW_TAKE, cell, 10) == 50 && left(&w, cell) == 85,
	   "10 more, and what was spent is the cell's");
	pages[1][0] = 1000;
	res = op(&w, 1, WN_OP_DETACH, cell, 0);
	ok(WN_CQE_VALUE(res, w.last.aux) == 1000 && left(&w, cell) == 55 && rights(&w, cell) == 55,
	   "a slot that says more than was lent spent what was lent");
	pages[1][0] = 0;
	ok(op(&w, 1, WN_OP_ATTACH, cell, 0) == 0 && op(&w, 1, WN_OP_ESCROW_TAKE, cell, 30) == 30,
	   "30 again");
	pages[1][0] = 10;
	wn_core_client_close(w.core, 1);
	ok(left(&w, cell) == 45 && rights(&w, cell) == 45, "a dead client's 20 return");
	open_client(&w, 1);
	wn_core_client_close(w.core, 1);
	ok(left(&w, cell) == 45 && rights(&w, cell) == 45, "and once only");
	world_deinit(&w);
}

/* The obvious: what is here, what each holds and has spent, in numbers. */
struct naive {
	u64 here, held[CLIENTS], used[CLIENTS];
	bool attached[CLIENTS], open[CLIENTS];
	u64 start[CLIENTS];	/* of the slot */
	u64 windows;		/* boottime of the last refill */
	u64 window, spent;	/* the one that it is, and in it */
	u64 first, total;	/* the first one, and in all */
};

/* A right is spent: in its slot or by an op, whenever that is told to the cell. */
static void spend(struct naive *n, u64 boottime, u64 amount)
{
	if (n->window != boottime / WINDOW)
		n->spent = 0;
	n->window = boottime / WINDOW;
	n->spent += amount;
	n->total += amount;
}

/* However many die: in a window at most twice the number, over all what the windows made. */
static bool is_fair(const struct naive *n, u64 boottime)
{
	return n->spent <= 2 * MOST && n->total <= (boottime / WINDOW - n->first) * AMOUNT;
}

static void refill(struct naive *n, u64 boottime)
{
	u64 all = n->here, i, made;

	for (i = 0; i < CLIENTS; i++)
		all += n->held[i];
	made = (boottime - n->windows) / WINDOW * AMOUNT;
	n->windows += (boottime - n->windows) / WINDOW * WINDOW;
	if (all + made > MOST)
		made = all > MOST ? 0 : MOST - all;
	n->here += made;
}

static u64 naive_left(const struct naive *n)
{
	u64 all = n->here, i;

	for (i = 0; i < CLIENTS; i++)
		all += n->held[i] - n->used[i];
	return all;
}

/* What was spent is told to the cell. */
static void settle(struct naive *n, u32 who)
{
	n->held[who] -= n->used[who];
	n->start[who] += n->used[who];
	n->used[who] = 0;
}

static void end(struct naive *n, u32 who)
{
	n->here += n->held[who] - n->used[who];
	n->held[who] = n->used[who] = 0;
	n->attached[who] = false;
}

static bool step(struct world *w, struct naive *n, u64 cell, u64 *rng)
{
	const u32 who = world_random(rng) % CLIENTS, what = world_random(rng) % 16;
	const u64 amount = world_random(rng) % 30;
	s64 res;

	if (!n->open[who]) {
		if (what)
			return true;
		pages[who][0] = pages[who][1] = amount;
		open_client(w, who);
		return n->open[who] = true;
	}
	switch (what) {
	case 0 ... 4:
		if (n->used[who] + amount > n->held[who])
			return true;
		n->used[who] += amount;
		spend(n, w->now.boottime, amount);
		pages[who][0] += amount;
		return true;
	case 5 ... 6:
		res = op(w, who, WN_OP_ATTACH, cell, 0);
		if (n->attached[who])
			return res == -EBUSY;
		refill(n, w->now.boottime);
		n->attached[who] = true;
		n->start[who] = pages[who][0];
		return !res;
	case 7 ... 9:
		res = op(w, who, WN_OP_ESCROW_TAKE, cell, amount);
		if (!n->attached[who])
			return res == -ENOENT;
		if (res == -EDQUOT)
			return rights(w, cell) < amount;
		refill(n, w->now.boottime);
		if (amount > n->here)
			return false;
		n->here -= amount;
		n->held[who] += amount;
		settle(n, who);
		return (u64)res == n->start[who] + n->held[who];
	case 10 ... 11:
		res = op(w, who, WN_OP_ESCROW_GIVE, cell, amount);
		if (!n->attached[who])
			return res == -ENOENT;
		if (n->used[who] + amount > n->held[who])
			return res == -EDQUOT;
		n->held[who] -= amount;
		n->here += amount;
		return (u64)res == n->start[who] + n->held[who];
	case 12:
		res = op(w, who, WN_OP_DETACH, cell, 0);
		if (!n->attached[who])
			return res == -ENOENT;
		end(n, who);
		return (u64)res == pages[who][0];
	case 13:
		w->now.boottime += amount * 60;
		world_say("it is %llu", w->now.boottime);
		return true;
	case 14:
		res = update(w, cell, WN_CELL_SUB, amount);
		if (res == -EDQUOT)
			return rights(w, cell) < amount;
		refill(n, w->now.boottime);
		n->here -= amount;
		spend(n, w->now.boottime, amount);
		return res > 0 && (s64)n->here >= 0;
	default:
		if (amount > 5 || !who)	/* who asks stays */
			return true;
		wn_core_client_close(w->core, who);
		world_say("client %u closes", who);
		end(n, who);
		n->open[who] = false;
		return true;
	}
}

static void history(struct steps *s)
{
	struct naive n;
	struct world w;
	const u64 cell = begin(&w, true);
	u64 rng;

	memset(&n, 0, sizeof(n));
	memset(n.open, 1, sizeof(n.open));
	n.windows = w.now.boottime;
	n.first = n.window = n.windows / WINDOW;
	while (steps_next(s, &rng)) {
		if (!step(&w, &n, cell, &rng))
			steps_wrong(s, "an answer");
		if (!is_fair(&n, w.now.boottime))
			steps_wrong(s, "%llu spent in a window, %llu in all", n.spent, n.total);
		/* Refill that is due shows at the next change. */
		if (left(&w, cell) != naive_left(&n))
			steps_wrong(s, "left %lld, want %lld", (long long)left(&w, cell),
				    (long long)naive_left(&n));
	}
	world_deinit(&w);
}

static void test_model(void)
{
	struct steps steps = { .play = history, .nr = 1500 };

	ok(steps_hold_all(&steps, tap_seed(), 60 * tap_rounds()),
	   "what is left, after each of many steps");
}

/* Slots that say anything at all. */
static void test_hostile(void)
{
	u64 rng = tap_seed(), i, made = 0, spent = 0;
	bool held = true;
	struct world w;
	const u64 cell = begin(&w, false);

	for (i = 0; i < 40000 * tap_rounds() && held; i++) {
		const u32 who = 1 + world_random(&rng) % (CLIENTS - 1);
		const u64 n = world_random(&rng) % 40;
		static const u8 ops[] = { WN_OP_ATTACH, WN_OP_DETACH, WN_OP_ESCROW_TAKE,
					  WN_OP_ESCROW_TAKE, WN_OP_ESCROW_GIVE };
		s64 res;

		pages[who][0] = world_random(&rng) >> world_random(&rng) % 64;
		if (world_random(&rng) % 8 == 0) {
			made += n;
			held = update(&w, cell, WN_CELL_ADD, n) > 0;
			continue;
		}
		if (world_random(&rng) % 8 == 0) {
			res = update(&w, cell, WN_CELL_SUB, n);
			spent += WN_RES_IS_ERROR(res) ? 0 : n;
		} else if (world_random(&rng) % 16 == 0) {
			wn_core_client_close(w.core, who);
			open_client(&w, who);
		} else {
			op(&w, who, ops[world_random(&rng) % 5], cell,
			   world_random(&rng) % 4 ? n : world_random(&rng));
		}
		held = spent <= made && rights(&w, cell) <= made - spent;
	}
	for (i = 1; i < CLIENTS; i++)
		wn_core_client_close(w.core, (u32)i);
	{
		const struct wn_row *mine = wn_row(&w.core->cells, w.core->cells.own[0].mine);

		ok(held && mine->x == made && mine->y <= made && mine->y >= spent &&
		   rights(&w, cell) == mine->x - mine->y && left(&w, cell) == rights(&w, cell),
		   "no slot makes rights or spends what it was not lent");
	}
	world_deinit(&w);
}

int main(void)
{
	tap_plan(16);
	test_plain();
	test_model();
	test_hostile();
	return tap_done();
}
