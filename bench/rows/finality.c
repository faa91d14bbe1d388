// SPDX-License-Identifier: MIT
/*
 * Rows 12 and 21: whether an op is applied, read from the mapped state: the clock has
 * passed the op's stamp. One acquire load; a block of 1,000 of them, too.
 */
#include "../support/domain.h"
#include "rows.h"

#define BLOCK	1000u

static struct wn wn;
static uint64_t stamps[BLOCK], node;

static void prepare(void)
{
	struct wn_cqe cqe;
	struct wn_sqe sqe;

	domain_make("embed:finality", NULL);
	client_open(&wn, "embed:finality", NULL);
	node = good(wn_create(&wn, 0, "final"), "wn_create");
	for (unsigned int i = 0; i < BLOCK; i++) {
		__builtin_memset(&sqe, 0, sizeof(sqe));
		wn_prep_set_word(&sqe, node, 0, i, 0);
		good(wn_do(&wn, &sqe, NULL, &cqe), "set");
		stamps[i] = cqe.hlc;
	}
}

static bool is_applied(uint64_t stamp)
{
	return wn_clock(&wn) >= stamp;
}

static void check_one(struct bench_sample *s, const void *arg)
{
	const unsigned int blocks = (unsigned int)bench_scale(4000);
	uint64_t final = 0, start = cpu_ns();

	for (unsigned int b = 0; b < blocks; b++)
		for (unsigned int i = 0; i < BLOCK; i++) {
			final += is_applied(stamps[i]);
			bench_opaque(final);
		}
	s->value = (double)(cpu_ns() - start) / blocks / BLOCK;
	s->ops = (uint64_t)blocks * BLOCK;
	s->lost = s->ops - final;
}

static void check_block(struct bench_sample *s, const void *arg)
{
	const unsigned int blocks = (unsigned int)bench_scale(4000);
	uint64_t final = 0, start = cpu_ns();

	for (unsigned int b = 0; b < blocks; b++) {
		/* One look at the clock does for all that are held against it. */
		const uint64_t clock = wn_clock(&wn);

		for (unsigned int i = 0; i < BLOCK; i++)
			final += clock >= stamps[i];
		bench_opaque(final);
	}
	s->value = (double)(cpu_ns() - start) / blocks;
	s->ops = (uint64_t)blocks * BLOCK;
	s->lost = s->ops - final;
}

static void run(const void *arg)
{
	const struct bench_compare one = {
		.id = "one", .what = "is this op applied", .unit = "ns", .engine = "none: mapped state",
		.where = "CPU 0",
		.sides = { { .name = "clock >= stamp", .run = check_one } },
		.checks = { { .what = "one check", .figure = 23 } },
	};
	const struct bench_compare block = {
		.id = "block", .what = "are these 1,000 ops applied", .unit = "ns",
		.engine = "none: mapped state", .where = "CPU 0",
		.sides = { { .name = "clock >= stamps", .run = check_block } },
		.checks = { { .what = "1,000 blocks", .figure = 1045 } },
	};

	prepare();
	bench_compare(&one);
	bench_compare(&block);
	bench_note("\"Durable\" waits for the journal: this is \"applied\".");
	wn_close(&wn);
	domain_drop("embed:finality");
}

const struct bench_row row_finality = {
	.name = "12", .system = "BIZRA NODE0",
	.claim = "finality check 23 ns, 43.7M checks/s; 1,000 blocks 1,045 ns", .run = run, .seconds = 2,
};

const struct bench_row row_picoseconds = {
	.name = "21", .system = "BIZRA NODE0",
	.claim = "finality 0.79 ps through FFI, 1.26 billion ops/s",
	.out_of_scope = "impossible: a cycle of a 4 GHz CPU is 250 ps, so 0.79 ps is a loop that the "
			"compiler removed; 1.26 billion/s would be 0.79 ns, which one load from the "
			"first-level cache can come near to. Row 12 has what a check costs.",
};
