// SPDX-License-Identifier: MIT
/*
 * What the benchmarks rest on: histograms against a sorted array, the count of what was
 * lost, came twice or out of order against streams that were spoilt on purpose; medians,
 * ratios, verdicts and exponents of made-up figures, as they are written. TAP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/run.h"
#include "support/sequence.h"

#define VALUES 20000u

static int failures, tests;

static void ok(bool fine, const char *what)
{
	printf("%sok %d %s\n", fine ? "" : "not ", ++tests, what);
	failures += !fine;
}

static uint64_t draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Not below the true one, and at most 1/128 above it. */
static bool is_near(const struct hist *h, const uint64_t *sorted, double q)
{
	uint64_t at = (uint64_t)(q * VALUES), truth, told = hist_percentile(h, q);

	if ((double)at < q * VALUES)
		at++;
	truth = sorted[at ? at - 1 : 0];
	return told >= truth && told - truth <= truth / 128;
}

static void histograms(void)
{
	static struct hist one, two, sum;
	static uint64_t values[VALUES];
	uint64_t seed = 88172645463325252ULL;
	bool near = true, ordered = true, back = true;

	for (uint32_t i = 0; i < VALUES; i++) {
		/* All sizes: from 1 bit to 60. */
		values[i] = draw(&seed) >> (4 + draw(&seed) % 59);
		hist_add(i % 2 ? &one : &two, values[i]);
	}
	hist_merge(&sum, &one);
	hist_merge(&sum, &two);
	qsort(values, VALUES, sizeof(values[0]), by_value);
	for (int i = 1; i < 1000; i++)
		near &= is_near(&sum, values, i / 1000.);
	ok(near && is_near(&sum, values, 1), "percentiles are those of the sorted values, to 1/128");
	ok(sum.count == VALUES && sum.max == values[VALUES - 1], "two histograms are added up");
	for (uint32_t i = 0; i + 1 < HIST_BUCKETS; i++)
		ordered &= hist_value(i) < hist_value(i + 1);
	ok(ordered, "buckets are in order");
	for (uint32_t i = 0; i < HIST_BUCKETS; i++)
		back &= hist_index(hist_value(i)) == i &&
			(i + 1 == HIST_BUCKETS || hist_index(hist_value(i) + 1) == i + 1);
	ok(back, "a bucket's highest value is in it, one more is in the next");
	hist_clear(&sum);
	ok(!hist_percentile(&sum, .5), "an empty one has no percentile");
}

/* The numbers of a stream, with an end of -1. */
static struct bench_sample counted(const int *numbers, uint64_t sent)
{
	struct bench_sample s = { 0 };
	struct sequence q = { 0 };

	for (; *numbers >= 0; numbers++)
		sequence_saw(&q, (uint64_t)*numbers);
	sequence_end(&q, sent, &s);
	return s;
}

static void sequences(void)
{
	struct bench_sample s;

	s = counted((const int[]){ 0, 1, 2, 3, -1 }, 4);
	ok(!s.lost && !s.duplicated && !s.reordered && s.ops == 4, "all in order: nothing to tell");
	s = counted((const int[]){ 0, 1, 3, -1 }, 4);
	ok(s.lost == 1 && !s.duplicated && !s.reordered, "one is lost within");
	s = counted((const int[]){ 0, 1, -1 }, 4);
	ok(s.lost == 2 && !s.duplicated && !s.reordered, "two are lost at the end");
	s = counted((const int[]){ 0, 1, 1, 2, 3, -1 }, 4);
	ok(!s.lost && s.duplicated == 1 && !s.reordered, "one comes twice");
	s = counted((const int[]){ 0, 2, 1, 3, -1 }, 4);
	ok(!s.lost && !s.duplicated && s.reordered == 1, "two change places");
}

/* ------------------------------------------------- rows of made-up figures */

/* What each call of a side gives; the first warms up. */
struct made_up {
	const double *values;
	unsigned int next;
	const char *missing;
};

static void made_up(struct bench_sample *s, const void *arg)
{
	struct made_up *m = (struct made_up *)arg;

	s->missing = m->missing;
	s->value = m->values[m->next++ % 4];
	s->ops = 1;
}

static void compare(const void *arg)
{
	static const double three[] = { 999, 5, 1, 3 }, nine[] = { 999, 12, 6, 9 };
	struct made_up ours = { three, 0, NULL }, theirs = { nine, 0, NULL };
	struct made_up away = { nine, 0, "that package" };
	const bool more = *(const bool *)arg;

	bench_compare(&(struct bench_compare){
		.id = "made-up", .what = "figures", .unit = "ns", .engine = "none", .where = "nowhere",
		.more = more,
		.sides = {
			{ .name = "ours", .run = made_up, .arg = &ours },
			{ .name = "theirs", .run = made_up, .arg = &theirs },
			{ .name = "away", .run = made_up, .arg = &away },
			{ .name = "not built", .missing = "another" },
		},
		.checks = {
			{ .what = "as claimed", .figure = 3 },
			{ .what = "within the bar", .figure = more ? 4 : 2, .bar = 3 },
			{ .what = "neither", .figure = more ? 5 : 1, .bar = more ? 4 : 2 },
			{ .what = "a ratio", .against = 1, .figure = more ? 1. / 3 : 3 },
			{ .what = "to one that is away", .against = 2, .figure = 3 },
		},
	});
}

static void curved(struct bench_sample *s, const void *arg)
{
	const struct bench_point *p = arg;

	s->value = 2 * p->x;
}

static void curve(const void *arg)
{
	static const double at[] = { 1, 10, 100 };

	bench_curve(&(struct bench_curve){
		.id = "line", .what = "a line", .x = "x", .unit = "ns", .engine = "none",
		.where = "nowhere", .points = 3, .at = at, .run = curved,
		.expected = *(const double *)arg, .slack = .1 });
}

static void seconds(const void *arg)
{
	static const struct bench_second each[] = {
		{ 100, 100, 1, 5000 }, { 100, 100, 1, 6000 }, { 90, 90, 1, 6000 }, { 80, 80, 1, 7000 },
	};

	bench_seconds("4s", "a second each", "none", "nowhere", each, 4);
}

/* The row's JSON; what it says to people goes nowhere. */
static char *told(const struct bench_row *row)
{
	static char text[65536];
	FILE *json = tmpfile();
	int out;
	size_t n;

	fflush(stdout);
	out = dup(1);
	if (!json || out < 0 || !freopen("/dev/null", "w", stdout))
		exit(1);
	run_begin(json, 3, false);
	run_row(row);
	run_end();
	fflush(stdout);
	dup2(out, 1);
	close(out);
	rewind(json);
	n = fread(text, 1, sizeof(text) - 1, json);
	text[n] = 0;
	fclose(json);
	return text;
}

/* Each of these, in this order. */
static bool has(const char *text, const char *const *parts)
{
	for (; *parts; parts++) {
		text = strstr(text, *parts);
		if (!text) {
			printf("# there is no %s\n", *parts);
			return false;
		}
		text += strlen(*parts);
	}
	return true;
}

#define HAS(row, ...) has(told(row), (const char *const[]){ __VA_ARGS__, NULL })

static void rows(void)
{
	static const bool less = false, more = true;
	static const double one = 1, none = 0;
	const struct bench_row lower = { .name = "less", .claim = "", .run = compare, .arg = &less };
	const struct bench_row higher = { .name = "more", .claim = "", .run = compare, .arg = &more };
	const struct bench_row straight = { .name = "line", .claim = "", .run = curve, .arg = &one };
	const struct bench_row steep = { .name = "steep", .claim = "", .run = curve, .arg = &none };
	const struct bench_row slow = { .name = "slow", .claim = "", .run = seconds };
	const struct bench_row later = { .name = "later", .claim = "", .pending = "a stage" };
	const struct bench_row never = { .name = "never", .claim = "", .out_of_scope = "a reason" };
	static const char *const unknown[] = { "to one that is away", NULL };

	ok(HAS(&lower, "\"ours\": true", "\"median\": 3,", "\"min\": 1,", "\"max\": 5,", "\"runs\": 3"),
	   "median, least, most; the run that warms up is not among them");
	ok(HAS(&lower, "\"median\": 9,", "\"ratio\": 3,"), "less is better: theirs by ours");
	ok(HAS(&higher, "\"median\": 9,", "\"ratio\": 0.333333,"), "more is better: ours by theirs");
	ok(HAS(&lower, "\"missing\": \"that package\"", "\"missing\": \"another\""),
	   "sides that are not here say why");
	ok(!has(told(&lower), unknown), "and nothing is held against them");
	ok(HAS(&lower, "as claimed", "beaten", "within the bar", "met", "neither", "missed", "a ratio",
	       "\"claim\": 3,", "\"here\": 3,", "beaten", "\"verdict\": \"missed\""),
	   "verdicts, and the row's is the worst of them");
	ok(HAS(&higher, "as claimed", "beaten", "within the bar", "met", "neither", "missed", "a ratio",
	       "beaten", "\"verdict\": \"missed\""), "the same where more is better");
	ok(HAS(&straight, "\"exponent\": 1,", "\"verdict\": \"met\"", "\"x\": 100", "\"median\": 200"),
	   "a line's exponent is 1, and may be");
	ok(HAS(&steep, "\"exponent\": 1,", "\"verdict\": \"missed\""), "it is not to be where 0 is expected");
	ok(HAS(&slow, "\"drift\": -0.2,", "\"growth\": 1000,", "\"here\": 0.2,", "missed", "\"here\": 1000,", "met"),
	   "drift and growth of a sustained run");
	ok(HAS(&later, "\"reason\": \"a stage\"", "\"verdict\": \"pending\""), "a row of a later stage");
	ok(HAS(&never, "\"verdict\": \"not applicable\""), "a row that is out of scope");
}

int main(void)
{
	puts("TAP version 13");
	histograms();
	sequences();
	rows();
	printf("1..%d\n", tests);
	return failures ? 1 : 0;
}
