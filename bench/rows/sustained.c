// SPDX-License-Identifier: MIT
/*
 * Row 11: the same work for 10, 60 and 300 seconds: nodes made, changed, destroyed, events
 * sent and read, counters raised, 16 ops at a time. Throughput and the 99th percentile of
 * a batch's time each second; drift is the last third's median against the first's, of
 * ops a second of the thread's own time; memory is what the process holds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../support/domain.h"
#include "rows.h"

#define JOBS	512u
#define SECONDS_MAX 300u

static struct wn wn;
static uint64_t board, cell, jobs[JOBS];

static uint64_t resident(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void begin(void)
{
	domain_make("embed:sustained", NULL);
	client_open(&wn, "embed:sustained", NULL);
	board = good(wn_create(&wn, 0, "board"), "wn_create");
	good(wn_bind(&wn, board, WN_POLICY_FAIL), "wn_bind");
	cell = good(wn_cell_create(&wn, board, 1, WN_CELL_PNCOUNTER, 0), "wn_cell_create");
	for (unsigned int i = 0; i < JOBS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "job-%u", i);
		jobs[i] = good(wn_create(&wn, board, name), name);
	}
}

static void made(unsigned int slot)
{
	const struct wn_cqe *cqe;
	unsigned int seen = 0;
	__u32 pos;

	good(wn_submit(&wn), "wn_submit");
	wn_for_each_cqe(&wn, pos, cqe) {
		const __u64 res = good(cqe->res, "an op");

		if (cqe->user_data == 1)
			jobs[slot] = res;
		seen++;
	}
	if (seen != 16)
		bench_die("sustained: completions are missing");
	wn_cq_advance(&wn, seen);
}

static uint64_t told;		/* events that came, in their order */

static void batch(uint64_t n)
{
	const unsigned int slot = (unsigned int)(n % JOBS);
	const struct wn_event *event;
	struct wn_sqe *sqe;
	uint64_t word;
	void *data = NULL;
	char name[32];

	snprintf(name, sizeof(name), "job-%u", slot);
	wn_prep_destroy(wn_get_sqe(&wn), jobs[slot], 0, 0);
	sqe = wn_get_sqe_wide(&wn, &data);
	wn_prep_create(sqe, data, board, name, 1, 0, 0, 1);
	for (unsigned int i = 0; i < 8; i++)
		wn_prep_set_state(wn_get_sqe(&wn), jobs[(slot + 1 + i) % JOBS], (__u32)n, 0);
	for (unsigned int i = 0; i < 3; i++)
		wn_prep_emit_word(wn_get_sqe(&wn), board, 0, 1, n * 3 + i, 0);
	for (unsigned int i = 0; i < 3; i++)
		wn_prep_cell_count(wn_get_sqe(&wn), board, cell, WN_CELL_ADD, 1, 0);
	made(slot);
	while ((event = wn_peek_event(&wn))) {
		__builtin_memcpy(&word, event->data, sizeof(word));
		if (word != told++)
			bench_die("sustained: an event was lost, or came out of order");
		wn_event_seen(&wn);
	}
}

static void run(const void *arg)
{
	const unsigned int seconds = bench_short() ? 2 : *(const unsigned int *)arg;
	static struct bench_second each[SECONDS_MAX];
	static struct hist h;
	uint64_t n = 0;
	__u64 count;
	char id[16];

	begin();
	told = 0;
	for (; n < JOBS; n++)
		batch(n);
	for (unsigned int s = 0; s < seconds; s++) {
		const uint64_t from = wall_ns(), spent = cpu_ns();
		uint64_t now = from, before, ops = 0;

		hist_clear(&h);
		while (now - from < 1000000000) {
			before = now;
			batch(n++);
			now = wall_ns();
			hist_add(&h, now - before);
			ops += 16;
		}
		each[s] = (struct bench_second){
			.rate = (double)ops / (double)(now - from) * 1e9,
			.cpu_rate = (double)ops / (double)(cpu_ns() - spent) * 1e9,
			.p99 = hist_percentile(&h, .99), .rss = resident(),
		};
	}
	good(wn_counter_read(&wn, board, cell, &count), "wn_counter_read");
	if (told != n * 3 || count != n * 3)
		bench_die("sustained: events or adds are missing");
	snprintf(id, sizeof(id), "%us", seconds);
	bench_seconds(id, "nodes, events, counters, 16 ops a submission", "embedded, inline", "CPU 0",
		      each, seconds);
	wn_close(&wn);
	domain_drop("embed:sustained");
}

static const unsigned int ten = 10, sixty = 60, long_run = 300;

const struct bench_row row_sustained10 = {
	.name = "11", .system = "INOS", .claim = "sustained load 10 s stable", .run = run, .arg = &ten,
	.seconds = 11,
};

const struct bench_row row_sustained60 = {
	.name = "11-60", .system = "INOS", .claim = "sustained load 60 s stable", .run = run, .arg = &sixty,
	.seconds = 61,
};

const struct bench_row row_sustained300 = {
	.name = "11-300", .system = "INOS", .claim = "sustained load 300 s stable", .run = run,
	.arg = &long_run, .seconds = 301,
};
