// SPDX-License-Identifier: MIT
#include "storm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/mman.h>

uint64_t ws_hash(uint64_t n)
{
	n += 0x9e3779b97f4a7c15ULL;
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9ULL;
	n = (n ^ n >> 27) * 0x94d049bb133111ebULL;
	return n ^ n >> 31;
}

struct ws_dice ws_seed(const char *test)
{
	const char *given = getenv("WN_SEED");
	struct timespec t;
	uint64_t seed;

	clock_gettime(CLOCK_REALTIME, &t);
	seed = given ? strtoull(given, NULL, 0) : (uint64_t)t.tv_nsec ^ (uint64_t)t.tv_sec << 20;
	seed &= 0xffffffff;
	printf("# %s: WN_SEED=%llu\n", test, (unsigned long long)seed);
	fflush(stdout);
	return (struct ws_dice){ ws_hash(seed) };
}

struct ws_dice ws_dice_of(const struct ws_dice *dice, uint32_t number)
{
	return (struct ws_dice){ ws_hash(dice->state + number) };
}

uint32_t ws_any(struct ws_dice *dice, uint32_t below)
{
	dice->state++;
	return below ? (uint32_t)(ws_hash(dice->state) >> 32) % below : 0;
}

uint32_t ws_rounds(uint32_t full, uint32_t quick, uint32_t watched)
{
	const char *given = getenv("WN_ROUNDS"), *vm = getenv("WN_VM"), *storm = getenv("WN_STORM");

	if (given)
		return (uint32_t)strtoul(given, NULL, 0);
	if (storm && !strcmp(storm, "full"))
		return full;
	return vm && (strstr(vm, "debug") || !strcmp(vm, "kcsan") || !strcmp(vm, "icount")) ?
	       watched : quick;
}

void *ws_shared(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

void ws_sleep_us(uint32_t us)
{
	const struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000L };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}
