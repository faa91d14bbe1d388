// SPDX-License-Identifier: MIT
#include "run.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is running, and where it is written. */
static struct {
	struct json json;
	unsigned int runs;
	bool brief;
	enum bench_verdict verdict;
	bool any;
	bool faulty;
	bool results;		/* the row that is open has some */
} at;

static const char *const verdicts[] = { "beaten", "met", "missed", "pending", "not applicable" };

struct figure {
	double median, least, most;
};

unsigned int bench_runs(void)
{
	return at.runs;
}

bool bench_short(void)
{
	return at.brief;
}

double bench_scale(double work)
{
	return at.brief ? work / 20 : work;
}

void bench_die(const char *what)
{
	fprintf(stderr, "wnbench: %s\n", what);
	exit(1);
}

static struct figure middle(double *values, unsigned int n)
{
	qsort(values, n, sizeof(*values), ascending);
	return (struct figure){ values[n / 2], values[0], values[n - 1] };
}

/* The next result of the row that is open. */
static void result(const char *kind)
{
	if (!at.results)
		json_open(&at.json, "results", '[');
	at.results = true;
	json_open(&at.json, NULL, '{');
	json_text(&at.json, "kind", kind);
}

static enum bench_verdict judge(const struct bench_check *c, double value, bool more)
{
	const double bar = c->bar > 0 ? c->bar : c->figure;

	if (more ? value >= c->figure : value <= c->figure)
		return BENCH_BEATEN;
	if (more ? value >= bar : value <= bar)
		return BENCH_MET;
	return BENCH_MISSED;
}

static void check(const struct bench_check *c, double value, bool more)
{
	const enum bench_verdict v = judge(c, value, more);

	printf("    %-52s claim %10.4g  bar %10.4g  here %10.4g  %s\n", c->what, c->figure,
	       c->bar > 0 ? c->bar : c->figure, value, verdicts[v]);
	json_open(&at.json, NULL, '{');
	json_text(&at.json, "what", c->what);
	json_real(&at.json, "claim", c->figure);
	json_real(&at.json, "bar", c->bar > 0 ? c->bar : c->figure);
	json_real(&at.json, "here", value);
	json_text(&at.json, "verdict", verdicts[v]);
	json_close(&at.json, '}');
	if (!at.any || v > at.verdict)
		at.verdict = v;
	at.any = true;
}

static void percentiles(const struct hist *h)
{
	static const struct {
		const char *name;
		double q;
	} marks[] = {
		{ "p50", .5 }, { "p90", .9 }, { "p99", .99 }, { "p999", .999 }, { "p9999", .9999 },
	};
	uint64_t seen = 0;

	json_open(&at.json, "percentiles", '{');
	for (unsigned int i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		json_count(&at.json, marks[i].name, hist_percentile(h, marks[i].q));
	json_count(&at.json, "max", h->max);
	json_count(&at.json, "count", h->count);
	json_close(&at.json, '}');
	/* Each bucket that something lies in: the whole of it can be drawn. */
	json_open(&at.json, "cdf", '[');
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		if (!h->bucket[i])
			continue;
		seen += h->bucket[i];
		json_open(&at.json, NULL, '[');
		json_count(&at.json, NULL, hist_value(i) < h->max ? hist_value(i) : h->max);
		json_real(&at.json, NULL, (double)seen / (double)h->count);
		json_close(&at.json, ']');
	}
	json_close(&at.json, ']');
}

static void faults(const char *side, const struct bench_sample *sum)
{
	json_count(&at.json, "ops", sum->ops);
	json_count(&at.json, "lost", sum->lost);
	json_count(&at.json, "duplicated", sum->duplicated);
	json_count(&at.json, "reordered", sum->reordered);
	if (!sum->lost && !sum->duplicated && !sum->reordered)
		return;
	at.faulty = true;
	fprintf(stderr, "wnbench: %s: of %llu: %llu lost, %llu twice, %llu out of order\n", side,
		(unsigned long long)sum->ops, (unsigned long long)sum->lost,
		(unsigned long long)sum->duplicated, (unsigned long long)sum->reordered);
}

static void add_up(struct bench_sample *sum, const struct bench_sample *s)
{
	sum->ops += s->ops;
	sum->lost += s->lost;
	sum->duplicated += s->duplicated;
	sum->reordered += s->reordered;
}

static void print_side(const struct bench_compare *c, unsigned int i, const struct figure *f,
		       const struct figure *ours, const struct hist *h)
{
	const double ratio = c->more ? ours->median / f->median : f->median / ours->median;

	printf("    %-44s %12.2f %-7s (%.2f .. %.2f)", c->sides[i].name, f->median, c->unit, f->least,
	       f->most);
	if (i)
		printf("  %.2fx", ratio);
	if (h)
		printf("  p50 %llu p99 %llu p99.9 %llu max %llu",
		       (unsigned long long)hist_percentile(h, .5),
		       (unsigned long long)hist_percentile(h, .99),
		       (unsigned long long)hist_percentile(h, .999), (unsigned long long)h->max);
	putchar('\n');
}

static double stat_of(const struct figure *f, const struct hist *h, enum bench_stat stat)
{
	if (stat == BENCH_MEDIAN)
		return f->median;
	if (!h)
		bench_die("a check of a percentile, and no histogram");
	if (stat == BENCH_WORST)
		return (double)h->max;
	return (double)hist_percentile(h, stat == BENCH_P50 ? .5 : .99);
}

struct taken {
	double values[BENCH_RUNS_MAX];
	struct figure figure;
	struct bench_sample sum;
	struct hist *hist;
	const char *missing;
};

static void take(const struct bench_side *side, struct taken *t, unsigned int run, bool count)
{
	struct bench_sample s = { .hist = count ? t->hist : NULL };

	side->run(&s, side->arg);
	if (s.missing)
		t->missing = s.missing;
	if (!count || t->missing)
		return;
	t->values[run] = s.value;
	add_up(&t->sum, &s);
}

void bench_compare(const struct bench_compare *c)
{
	static struct taken taken[BENCH_SIDES_MAX];
	unsigned int n, i, run;

	for (n = 0; n < BENCH_SIDES_MAX && c->sides[n].name; n++) {
		memset(&taken[n], 0, sizeof(taken[n]));
		taken[n].missing = c->sides[n].missing;
		if (c->sides[n].hist)
			taken[n].hist = calloc(1, sizeof(struct hist));
		if (!taken[n].missing)
			take(&c->sides[n], &taken[n], 0, false);
	}
	for (run = 0; run < at.runs; run++)
		for (i = 0; i < n; i++)
			if (!taken[i].missing)
				take(&c->sides[i], &taken[i], run, true);
	printf("  %s [%s; %s]\n", c->what, c->engine, c->where);
	result("comparison");
	json_text(&at.json, "id", c->id);
	json_text(&at.json, "what", c->what);
	json_text(&at.json, "unit", c->unit);
	json_text(&at.json, "engine", c->engine);
	json_text(&at.json, "where", c->where);
	json_text(&at.json, "better", c->more ? "more" : "less");
	json_open(&at.json, "sides", '[');
	for (i = 0; i < n; i++) {
		struct taken *t = &taken[i];

		json_open(&at.json, NULL, '{');
		json_text(&at.json, "name", c->sides[i].name);
		if (!i || c->sides[i].ours)
			json_flag(&at.json, "ours", true);
		if (t->missing) {
			printf("    %-44s missing: %s\n", c->sides[i].name, t->missing);
			json_text(&at.json, "missing", t->missing);
			json_close(&at.json, '}');
			continue;
		}
		t->figure = middle(t->values, at.runs);
		print_side(c, i, &t->figure, &taken[0].figure, t->hist);
		json_real(&at.json, "median", t->figure.median);
		json_real(&at.json, "min", t->figure.least);
		json_real(&at.json, "max", t->figure.most);
		json_count(&at.json, "runs", at.runs);
		if (i && !taken[0].missing)
			json_real(&at.json, "ratio", c->more ?
				  taken[0].figure.median / t->figure.median :
				  t->figure.median / taken[0].figure.median);
		faults(c->sides[i].name, &t->sum);
		if (t->hist)
			percentiles(t->hist);
		json_close(&at.json, '}');
	}
	json_close(&at.json, ']');
	json_open(&at.json, "checks", '[');
	for (i = 0; i < BENCH_CHECKS_MAX && c->checks[i].what && !taken[0].missing; i++) {
		const struct bench_check *k = &c->checks[i];
		const double ours = stat_of(&taken[0].figure, taken[0].hist, k->stat);
		double theirs;

		if (!k->against) {
			check(k, ours, c->more);
			continue;
		}
		if (taken[k->against].missing)
			continue;
		theirs = stat_of(&taken[k->against].figure, taken[k->against].hist, k->stat);
		check(k, c->more ? ours / theirs : theirs / ours, true);
	}
	json_close(&at.json, ']');
	json_close(&at.json, '}');
	for (i = 0; i < n; i++)
		free(taken[i].hist);
	fflush(stdout);
}

void bench_fact(const struct bench_fact *f)
{
	printf("  %-46s %12.2f %s\n", f->what, f->value, f->unit);
	result("fact");
	json_text(&at.json, "id", f->id);
	json_text(&at.json, "what", f->what);
	json_text(&at.json, "unit", f->unit);
	json_real(&at.json, "value", f->value);
	json_open(&at.json, "checks", '[');
	if (f->check.what)
		check(&f->check, f->value, f->more);
	json_close(&at.json, ']');
	json_close(&at.json, '}');
}

void bench_note(const char *text)
{
	printf("  note: %s\n", text);
	result("note");
	json_text(&at.json, "text", text);
	json_close(&at.json, '}');
}

/* Of the line through (log x, log y): what power of x the cost is. */
static double exponent(const double *x, const double *y, unsigned int n)
{
	double sx = 0, sy = 0, sxx = 0, sxy = 0;

	for (unsigned int i = 0; i < n; i++) {
		const double lx = log(x[i]), ly = log(y[i]);

		sx += lx;
		sy += ly;
		sxx += lx * lx;
		sxy += lx * ly;
	}
	return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}

#define POINTS_MAX	16

/* to: NULL: to warm up. */
static void curve_run(const struct bench_curve *c, unsigned int i, double *to)
{
	const struct bench_point p = { .arg = c->arg, .x = c->at[i] };
	struct bench_sample s = { 0 };

	c->run(&s, &p);
	if (to)
		*to = s.value;
}

void bench_curve(const struct bench_curve *c)
{
	static double values[POINTS_MAX][BENCH_RUNS_MAX];
	struct figure figures[POINTS_MAX];
	double y[POINTS_MAX], e;
	unsigned int i, run;
	bool fast;

	if (c->points > POINTS_MAX)
		bench_die("a curve of too many points");
	if (c->apart) {
		for (i = 0; i < c->points; i++) {
			c->begin(c->arg, c->at[i]);
			curve_run(c, i, NULL);
			for (run = 0; run < at.runs; run++)
				curve_run(c, i, &values[i][run]);
			c->end(c->arg, c->at[i]);
		}
	} else {
		for (i = 0; i < c->points; i++)
			curve_run(c, i, NULL);
		for (run = 0; run < at.runs; run++)
			for (i = 0; i < c->points; i++)
				curve_run(c, i, &values[i][run]);
	}
	for (i = 0; i < c->points; i++) {
		figures[i] = middle(values[i], at.runs);
		y[i] = figures[i].median;
	}
	e = exponent(c->at, y, c->points);
	fast = c->more ? e < c->expected - c->slack : e > c->expected + c->slack;
	printf("  %s [%s; %s]\n", c->what, c->engine, c->where);
	result("curve");
	json_text(&at.json, "id", c->id);
	json_text(&at.json, "what", c->what);
	json_text(&at.json, "x", c->x);
	json_text(&at.json, "unit", c->unit);
	json_text(&at.json, "engine", c->engine);
	json_text(&at.json, "where", c->where);
	json_real(&at.json, "exponent", e);
	json_real(&at.json, "expected", c->expected);
	json_real(&at.json, "slack", c->slack);
	json_text(&at.json, "verdict", fast ? "missed" : "met");
	json_open(&at.json, "points", '[');
	for (i = 0; i < c->points; i++) {
		printf("    %-20s %10.0f %12.2f %s (%.2f .. %.2f)\n", c->x, c->at[i],
		       figures[i].median, c->unit, figures[i].least, figures[i].most);
		json_open(&at.json, NULL, '{');
		json_real(&at.json, "x", c->at[i]);
		json_real(&at.json, "median", figures[i].median);
		json_real(&at.json, "min", figures[i].least);
		json_real(&at.json, "max", figures[i].most);
		json_close(&at.json, '}');
	}
	printf("    exponent %.3f, expected %.2f, %s\n", e, c->expected,
	       fast ? "WORSE THAN IT SHOULD BE" : "as it should be");
	json_close(&at.json, ']');
	json_close(&at.json, '}');
	if (!at.any || (fast ? BENCH_MISSED : BENCH_MET) > at.verdict)
		at.verdict = fast ? BENCH_MISSED : BENCH_MET;
	at.any = true;
	fflush(stdout);
}

void bench_seconds(const char *id, const char *what, const char *engine, const char *where,
		   const struct bench_second *s, unsigned int n)
{
	double t[4096], first = 0, last = 0, low, high, mid;
	const unsigned int part = n / 3 ? n / 3 : 1;
	int64_t growth = 0;

	if (!n || n > sizeof(t) / sizeof(t[0]))
		bench_die("seconds: too many or none");
	for (unsigned int i = 0; i < part; i++)
		t[i] = s[i].cpu_rate;
	/*
	 * Medians of the first and the last third: drift is what is left without the spread.
	 * By the thread's own time: whom else the machine serves meanwhile is no drift.
	 */
	qsort(t, part, sizeof(*t), ascending);
	first = t[part / 2];
	for (unsigned int i = 0; i < part; i++)
		t[i] = s[n - part + i].cpu_rate;
	qsort(t, part, sizeof(*t), ascending);
	last = t[part / 2];
	for (unsigned int i = 0; i < n; i++)
		t[i] = s[i].rate;
	qsort(t, n, sizeof(*t), ascending);
	low = t[0];
	high = t[n - 1];
	mid = t[n / 2];
	/* The first second fills what is filled once. */
	if (n > 1)
		growth = (int64_t)s[n - 1].rss - (int64_t)s[1].rss;
	printf("  %s [%s; %s]: %u s, %.4g ops/s a second (%.4g .. %.4g), drift %+.2f %%, memory %+lld bytes\n",
	       what, engine, where, n, mid, low, high, 100 * (last - first) / first, (long long)growth);
	result("sustained");
	json_text(&at.json, "id", id);
	json_text(&at.json, "what", what);
	json_text(&at.json, "engine", engine);
	json_text(&at.json, "where", where);
	json_count(&at.json, "seconds", n);
	json_real(&at.json, "median", mid);
	json_real(&at.json, "min", low);
	json_real(&at.json, "max", high);
	json_real(&at.json, "drift", (last - first) / first);
	json_real(&at.json, "growth", (double)growth);
	json_open(&at.json, "checks", '[');
	check(&(struct bench_check){ .what = "slower at the end than at the beginning, share",
				     .figure = .02, .bar = .05 },
	      last < first ? (first - last) / first : 0, false);
	check(&(struct bench_check){ .what = "memory growth behind the first second, bytes",
				     .figure = 0, .bar = 65536 }, (double)growth, false);
	json_close(&at.json, ']');
	json_open(&at.json, "each", '[');
	for (unsigned int i = 0; i < n; i++) {
		json_open(&at.json, NULL, '{');
		json_real(&at.json, "rate", s[i].rate);
		json_real(&at.json, "cpu_rate", s[i].cpu_rate);
		json_count(&at.json, "p99", s[i].p99);
		json_count(&at.json, "rss", s[i].rss);
		json_close(&at.json, '}');
	}
	json_close(&at.json, ']');
	json_close(&at.json, '}');
}

void run_begin(FILE *json, unsigned int runs, bool brief)
{
	at.json.to = json;
	at.runs = runs;
	at.brief = brief;
	machine_line(stdout);
	json_open(&at.json, NULL, '{');
	json_count(&at.json, "schema", 1);
	machine_json(&at.json);
	json_count(&at.json, "runs", runs);
	json_open(&at.json, "rows", '[');
}

static const char *limited;

static void too_long(int signal)
{
	static const char what[] = ": it hangs\n";

	if (write(2, limited, strlen(limited)) < 0 || write(2, what, sizeof(what) - 1) < 0)
		_exit(2);
	_exit(1);
}

void run_row(const struct bench_row *row)
{
	at.any = false;
	at.verdict = BENCH_MET;
	at.results = false;
	printf("\n%s  %s%s%s\n", row->name, row->system ? row->system : "",
	       row->system ? ": " : "", row->claim);
	json_open(&at.json, NULL, '{');
	json_text(&at.json, "name", row->name);
	json_text(&at.json, "system", row->system ? row->system : "");
	json_text(&at.json, "claim", row->claim);
	if (row->run) {
		/* A side that waits for what does not come would hold up all: ten times what it takes. */
		limited = row->name;
		signal(SIGALRM, too_long);
		alarm(120 + 10 * row->seconds);
		row->run(row->arg);
		alarm(0);
	}
	if (at.results)
		json_close(&at.json, ']');
	if (row->pending || row->out_of_scope) {
		at.verdict = row->pending ? BENCH_PENDING : BENCH_NONE;
		at.any = true;
		json_text(&at.json, "reason", row->pending ? row->pending : row->out_of_scope);
		printf("  %s: %s\n", verdicts[at.verdict],
		       row->pending ? row->pending : row->out_of_scope);
	}
	if (at.any)
		printf("  => %s\n", verdicts[at.verdict]);
	json_text(&at.json, "verdict", at.any ? verdicts[at.verdict] : "measured");
	json_close(&at.json, '}');
	fflush(stdout);
}

bool run_end(void)
{
	json_close(&at.json, ']');
	json_real(&at.json, "load_after", machine_load());
	json_text(&at.json, "faults", at.faulty ? "yes" : "none");
	json_close(&at.json, '}');
	return !at.faulty;
}
