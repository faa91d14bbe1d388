// SPDX-License-Identifier: MIT
/* Handles: what goes in comes out, and nothing valid is 0. */
#include "kmod/core/handle.h"
#include "tap.h"

static const u64 generations[] = { 0, 1, 2, 0xffffff, 0x1000000, WN_HANDLE_GENERATION_MAX - 1,
				   WN_HANDLE_GENERATION_MAX };
static const u32 indexes[] = { 0, 1, 63, 64, 0x7fffff, 0x800000, WN_INDEX_NONE - 1, WN_INDEX_NONE };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int main(void)
{
	bool parts = true, distinct = true;
	u64 all[COUNT(generations) * COUNT(indexes)];
	size_t n = 0;

	tap_plan(5);
	for (size_t g = 0; g < COUNT(generations); g++) {
		for (size_t i = 0; i < COUNT(indexes); i++) {
			const u64 handle = wn_handle_make(generations[g], indexes[i]);

			parts = parts && wn_handle_generation(handle) == generations[g] &&
				wn_handle_index(handle) == indexes[i];
			for (size_t k = 0; k < n; k++)
				distinct = distinct && all[k] != handle;
			all[n++] = handle;
		}
	}
	ok(parts, "generation and index come out as they went in");
	ok(distinct, "no two handles are alike");
	ok(wn_handle_make(1, 0) != 0, "the first handle of the first cell is not 0");
	ok(wn_handle_make(5, 7) == 0x0000000005000007ULL, "the layout is the one of the header");
	ok(WN_HANDLE_GENERATION_MAX == 0xffffffffffULL && WN_INDEX_NONE == 0xffffff,
	   "40 bits of generation, 24 of index");
	return tap_done();
}
