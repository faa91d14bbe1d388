// SPDX-License-Identifier: MIT
/* Facets beside a plain array, at sizes where every level of the bitmap counts. */
#include <stdlib.h>
#include <string.h>

#include "kmod/core/facet.h"
#include "tap.h"
#include "world.h"

#define MAX 20000u

static u64 log_words[WN_TX_OP_WORDS];
static u32 edits[WN_TX_OP_EDITS];

/* Values that fall into buckets of their own, so that the answer is exact. */
static bool run(u32 capacity, u64 seed, u64 steps)
{
	static u32 value_of[MAX];
	const u64 bytes = wn_facet_bytes(capacity);
	u64 *mem = calloc(1, bytes), *copy = malloc(bytes);
	struct wn_facet facet;
	struct wn_tx tx = {};
	bool good = mem && copy;
	u32 i, counts[4] = {};

	if (!good)
		tap_die("no memory");
	memset(value_of, 0xff, sizeof(value_of));
	wn_facet_init(&facet, mem, capacity);
	wn_tx_init(&tx, mem, log_words, edits, 1);
	wn_tx_begin(&tx, true);
	for (; steps && good; steps--) {
		const u32 at = (u32)(world_random(&seed) % capacity), value = world_random(&seed) % 4;
		const bool undo = world_random(&seed) % 64 == 0;
		const u32 from = (u32)(world_random(&seed) % (capacity + 1));

		if (undo)
			memcpy(copy, mem, bytes);
		/* Few in the last bucket: whole words and their words are empty. */
		if (value_of[at] != ~0u) {
			wn_facet_remove(&tx, &facet, value_of[at], at);
			if (!undo) {
				counts[value_of[at]]--;
				value_of[at] = ~0u;
			}
		} else if (value < 3 || world_random(&seed) % 512 == 0) {
			wn_facet_add(&tx, &facet, value, at);
			if (!undo) {
				counts[value]++;
				value_of[at] = value;
			}
		}
		if (undo) {
			wn_tx_rollback(&tx);
			good = !memcmp(copy, mem, bytes);
		} else {
			wn_tx_commit(&tx);
		}
		for (i = from; i < capacity && value_of[i] != value; i++)
			;
		good = good && wn_facet_next(&facet, value, from) == i &&
		       wn_facet_count(&facet, value) == counts[value];
	}
	free(mem);
	free(copy);
	return good;
}

int main(void)
{
	tap_plan(5);
	ok(run(1, tap_seed(), 1000 * tap_rounds()), "of one node");
	ok(run(64, tap_seed(), 20000 * tap_rounds()), "one word");
	ok(run(65, tap_seed(), 20000 * tap_rounds()), "two words");
	ok(run(4097, tap_seed(), 100000 * tap_rounds()), "three levels, just so");
	ok(run(MAX, tap_seed(), 100000 * tap_rounds()), "of %u nodes", MAX);
	return tap_done();
}
