/* SPDX-License-Identifier: MIT */
/*
 * Prints how many kHz this machine's time-stamp counter runs at. An emulated guest
 * sees the same counter, but on a busy host its own calibration may be wrong by
 * a factor of thirty, and then all of its timeouts are.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct reading {
	uint64_t ns, tsc, doubt;
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* Of many tries the one least disturbed. */
static struct reading look(void)
{
	struct reading best = { .doubt = UINT64_MAX };
	int i;

	for (i = 0; i < 1000; i++) {
		uint64_t before = now(), tsc = __rdtsc(), after = now();

		if (after - before < best.doubt)
			best = (struct reading){ before + (after - before) / 2, tsc, after - before };
	}
	return best;
}

int main(void)
{
	struct timespec pause = { .tv_nsec = 100000000 };
	struct reading a = look(), b;

	nanosleep(&pause, NULL);
	b = look();
	if (b.ns <= a.ns || b.tsc <= a.tsc)
		return 1;
	printf("%llu\n", (unsigned long long)((double)(b.tsc - a.tsc) * 1e6 / (double)(b.ns - a.ns)));
	return 0;
}
