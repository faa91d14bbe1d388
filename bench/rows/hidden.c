// SPDX-License-Identifier: MIT
/*
 * Rows that no list names: the harness is tried with them. One loses a message of a
 * hundred each run, one loses none; what they did is the same but for that.
 */
#include "../support/sequence.h"
#include "rows.h"

#define MESSAGES 100u

static void pass(struct bench_sample *s, const void *arg)
{
	const uint64_t *lost = arg;
	struct sequence seq = { 0 };

	for (uint64_t i = 0; i < MESSAGES; i++)
		if (i != *lost)
			sequence_saw(&seq, i);
	sequence_end(&seq, MESSAGES, s);
	s->value = 1;
}

static void run(const void *arg)
{
	bench_compare(&(struct bench_compare){
		.id = "hidden", .what = "numbers passed on", .unit = "ns", .engine = "none", .where = "CPU 0",
		.sides = { { .name = "a hundred", .run = pass, .arg = arg } } });
}

static const uint64_t none = MESSAGES, one = 41;

const struct bench_row row_hidden_whole = {
	.name = "hidden-whole", .claim = "nothing is lost", .run = run, .arg = &none,
};

const struct bench_row row_hidden_lossy = {
	.name = "hidden-lossy", .claim = "one of a hundred is lost", .run = run, .arg = &one,
};
