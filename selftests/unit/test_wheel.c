// SPDX-License-Identifier: MIT
/*
 * The wheel beside a list of deadlines: random adds, deletions, jumps of time and
 * slices, in transactions of which a third is rolled back. Nothing comes early, and
 * all that is due has come when a call says that it is through.
 */
#include <stdlib.h>
#include <string.h>

#include "kmod/core/wheel.h"
#include "tap.h"
#include "world.h"

#define ENTRIES 200
#define ROUNDS 60000

/* The head is as in the core: offset 0 names nothing, so the wheel is not there. */
static struct memory {
	u64 nothing;
	struct wn_wheel wheel;
	struct wn_due due[ENTRIES];
} m, before;

static u64 log_words[1 << 14];
static u32 edits[64];
static struct wn_tx tx;

/* The naive one. */
static struct {
	u64 at;
	bool in;
} list[ENTRIES], list_before[ENTRIES];

static u64 seed, now, fired;
static bool right = true;

static void check(bool good, const char *what)
{
	if (!good && right) {
		diag("%s: seed %#llx now %#llx", what, tap_seed(), now);
		right = false;
	}
}

/* Near, far, past, and the ends of slots. */
static u64 some_time(void)
{
	const u64 far = world_random(&seed) >> (1 + world_random(&seed) % 63);
	u64 at;

	switch (world_random(&seed) % 8) {
	case 0: return world_random(&seed) % (now + 1);
	case 1: return now;
	case 2: return ~0ULL - world_random(&seed) % 3;
	case 3: return (now + far) & ~(WN_TICK - 1);
	}
	at = now + far;
	return at < now ? ~0ULL : at;
}

static u64 tick_end(u64 at)
{
	const u64 up = at + WN_TICK - 1;

	return up < at ? ~0ULL & ~(WN_TICK - 1) : up & ~(WN_TICK - 1);
}

static void toggle(void)
{
	const u32 i = (u32)(world_random(&seed) % ENTRIES);

	check(wn_wheel_has(&m.due[i]) == list[i].in, "whether it is in");
	if (list[i].in) {
		wn_wheel_del(&m.wheel, &m.due[i]);
	} else {
		list[i].at = some_time();
		wn_wheel_add(&m.wheel, &m.due[i], list[i].at, WN_DUE_PROMISE, i);
	}
	list[i].in = !list[i].in;
}

static void check_next(void)
{
	const u64 next = wn_wheel_next(&m.wheel);
	u64 first = WN_NEVER;
	u32 i;

	for (i = 0; i < ENTRIES; i++)
		if (list[i].in && tick_end(list[i].at) < first)
			first = tick_end(list[i].at);
	check(next <= first, "it wakes in time");
	check((next == WN_NEVER) == (first == WN_NEVER), "it never wakes for nothing");
}

static void advance(void)
{
	const u32 given = 1 + (u32)(world_random(&seed) % 40);
	struct wn_due *due;
	u32 steps = given, i;

	while ((due = wn_wheel_take(&m.wheel, now, &steps))) {
		i = due->who;
		check(due == &m.due[i] && due->kind == WN_DUE_PROMISE && list[i].in, "which it is");
		check(due->at == list[i].at && due->at <= now, "never early");
		check(!wn_wheel_has(due), "it is out");
		list[i].in = false;
		fired++;
	}
	check(steps <= given, "bounded");
	for (i = 0; steps && i < ENTRIES; i++)
		if (list[i].in && tick_end(list[i].at) <= now && now < ~0ULL - 2 * WN_TICK)
			check(false, "at most a tick late");
	if (steps)
		check(wn_wheel_next(&m.wheel) > now || now > ~0ULL - 2 * WN_TICK, "next is later");
}

static void jump(void)
{
	const u64 to = now + (world_random(&seed) >> (4 + world_random(&seed) % 60));

	now = to < now ? now : to;
}

/* A history goes to the end of time, then another begins. */
static void restart(void)
{
	u32 i;

	memset(&m, 0, sizeof(m));
	memset(list, 0, sizeof(list));
	wn_tx_init(&tx, &m, log_words, edits, 64);
	tx.log_room = sizeof(log_words) / sizeof(log_words[0]);
	wn_wheel_init(&m.wheel, &tx);
	now = world_random(&seed) >> (2 + world_random(&seed) % 60);
	for (i = 0; i < 20; i++)
		toggle();
}

static void history(u64 rounds)
{
	u64 i, n;

	restart();
	for (i = 0; i < rounds && right; i++) {
		before = m;
		memcpy(list_before, list, sizeof(list));
		tx.logged = true;
		for (n = world_random(&seed) % 12; n; n--)
			toggle();
		if (world_random(&seed) % 3 == 0)
			advance();
		check_next();
		if (world_random(&seed) % 3) {
			wn_tx_commit(&tx);
		} else {
			wn_tx_rollback(&tx);
			memcpy(list, list_before, sizeof(list));
			check(!memcmp(&m, &before, sizeof(m)), "a rollback brings back every bit");
		}
		tx.logged = false;
		if (world_random(&seed) % 2)
			advance();
		check_next();
		if (world_random(&seed) % 3 == 0)
			jump();
		if (world_random(&seed) % 300 == 0)
			restart();
	}
}

/* One timer, looked after as the kernel's glue does it: how often it wakes. */
static void wakes(void)
{
	const u64 hour = 3600ULL * 1000000000;
	u32 n = 0, steps = 1000;
	struct wn_due *due = NULL;
	u64 next;

	restart();
	memset(&m, 0, sizeof(m));
	wn_wheel_init(&m.wheel, &tx);
	wn_wheel_add(&m.wheel, &m.due[0], hour, WN_DUE_PROMISE, 0);
	wn_wheel_add(&m.wheel, &m.due[1], hour, WN_DUE_PROMISE, 1);
	wn_wheel_del(&m.wheel, &m.due[0]);
	check(wn_wheel_next(&m.wheel) != WN_NEVER, "one is left");
	wn_wheel_del(&m.wheel, &m.due[1]);
	ok(wn_wheel_next(&m.wheel) == WN_NEVER, "nobody wakes for what was taken out");
	wn_wheel_add(&m.wheel, &m.due[0], 12345 + hour, WN_DUE_PROMISE, 0);
	for (now = 12345; !due && n < 100; n++) {
		next = wn_wheel_next(&m.wheel);
		check(next >= now, "it looks ahead");
		now = next;
		due = wn_wheel_take(&m.wheel, now, &steps);
	}
	ok(due && n <= WN_WHEEL_LEVELS && now >= 12345 + hour && now < 12345 + hour + WN_TICK,
	   "an hour in %u wakes and %u steps, %llu ns late", n, 1000 - steps,
	   now - 12345 - hour);
}

/* After a long sleep all are due: work is by entries, not by time. */
static void sleeper(void)
{
	u32 i, n = 0, steps, calls = 0;

	restart();
	memset(&m, 0, sizeof(m));
	wn_wheel_init(&m.wheel, &tx);
	for (i = 0; i < ENTRIES; i++)
		wn_wheel_add(&m.wheel, &m.due[i], (u64)i * 77777777777ULL, WN_DUE_PROMISE, i);
	while (wn_wheel_next(&m.wheel) != WN_NEVER && calls < 1000) {
		steps = 10;
		while (wn_wheel_take(&m.wheel, 1ULL << 62, &steps))
			n++;
		calls++;
	}
	ok(n == ENTRIES && calls < ENTRIES, "all of %u after a leap, in %u calls of 10 steps", n, calls);
}

int main(void)
{
	tap_plan(5);
	seed = tap_seed();
	history(ROUNDS * tap_rounds());
	ok(right, "as the list says, %llu came due", fired);
	ok(fired > 1000, "and it was not idle");
	wakes();
	sleeper();
	return tap_done();
}
