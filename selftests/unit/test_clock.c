// SPDX-License-Identifier: MIT
/* The hybrid logical clock: strictly increasing, whatever realtime does. */
#include "kmod/core/clock.h"
#include "tap.h"
#include "world.h"

#define MS 1000000ULL

int main(void)
{
	u64 last = 0, seed, i, realtime = 1700000000000 * MS;
	bool grows = true, follows = true;

	tap_plan(9);
	seed = tap_seed();
	for (i = 0; i < 1000000; i++) {
		const u64 jump = world_random(&seed) % (5 * MS), next = wn_clock_next(last, realtime);

		grows = grows && next > last;
		follows = follows && next >= wn_clock_at(realtime);
		last = next;
		realtime += world_random(&seed) % 3 ? jump : -jump;
	}
	ok(grows, "a million stamps under a clock that jumps");
	ok(follows, "none behind realtime");
	last = wn_clock_at(realtime) | 0xffff;
	ok(wn_clock_next(last, realtime) == wn_clock_at(realtime) + 0x10000, "the count carries");
	ok(wn_clock_next(0, 0) == 1, "from nothing");

	last = 5;
	realtime = 1000 * MS;
	ok(!wn_clock_merge(&last, wn_clock_at(1500 * MS), realtime, 500) &&
	   last == wn_clock_at(1500 * MS), "a stamp at the drift bound");
	ok(wn_clock_next(last, realtime) == last + 1, "and what follows is greater");
	ok(wn_clock_merge(&last, wn_clock_at(1501 * MS), realtime, 500) == -EPROTO &&
	   last == wn_clock_at(1500 * MS), "one beyond it");
	ok(!wn_clock_merge(&last, 7, realtime, 500) && last == wn_clock_at(1500 * MS), "an old one");
	ok(wn_clock_merge(&last, ~0ULL, realtime, 500) == -EPROTO, "the end of time");
	return tap_done();
}
