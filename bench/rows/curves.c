// SPDX-License-Identifier: MIT
/*
 * What an op costs against the size of the world: nodes, children, clients, lanes,
 * elements of a set, attached writers, ops a submission. The exponent of each curve is
 * held against what the design says. "Hot" curves touch the same few records, so that
 * what grows is the algorithm's; the one of any node shows what memory costs besides.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/domain.h"
#include "rows.h"

#define HOT	64u
#define BATCH	16u

static struct wn wn;
static uint64_t *handles;
static unsigned int count;
static uint64_t cell, node;

static void make_nodes(unsigned int n, unsigned int branch)
{
	char name[32];
	unsigned int i, k;

	if (!branch)
		bench_die("a tree of no branches");
	handles = zeroed(n * sizeof(*handles));
	for (i = 0; i < n; ) {
		const unsigned int now = n - i < BATCH ? n - i : BATCH;
		const struct wn_cqe *cqe;
		__u32 pos;

		for (k = 0; k < now; k++) {
			void *data = NULL;
			struct wn_sqe *sqe = wn_get_sqe_wide(&wn, &data);
			const unsigned int at = i + k;

			snprintf(name, sizeof(name), "node-%u", at);
			wn_prep_create(sqe, data, at < branch ? node : handles[at % branch], name, 0, 0,
				       0, at);
			/* Parents come before their children. */
			if (at < branch)
				break;
		}
		good(wn_submit(&wn), "wn_submit");
		wn_for_each_cqe(&wn, pos, cqe) {
			handles[cqe->user_data] = good(cqe->res, "create");
			i++;
		}
		wn_cq_advance(&wn, 32);
	}
	count = n;
}

static void open_domain(const struct wn_bounds *b)
{
	domain_make("embed:curve", b);
	client_open(&wn, "embed:curve", NULL);
	node = good(wn_create(&wn, 0, "curve"), "wn_create");
}

static void close_domain(void)
{
	if (handles)
		unmapped(handles, count * sizeof(*handles));
	handles = NULL;
	wn_close(&wn);
	domain_drop("embed:curve");
}

/* ----------------------------------------------------------------- nodes */

static void nodes_begin(const void *arg, double x)
{
	struct wn_bounds b = domain_bounds();

	b.nodes = (unsigned int)x;
	open_domain(&b);
	/* Room for the root, what they hang on, and one more. */
	make_nodes((unsigned int)x - 8, 200);
}

static void any_end(const void *arg, double x)
{
	close_domain();
}

/* How far apart the nodes are that are touched: all of them, or the same few. */
static void sets(struct bench_sample *s, unsigned int among)
{
	const unsigned int n = (unsigned int)bench_scale(200000) / BATCH * BATCH;
	uint32_t seed = 1;
	uint64_t start = cpu_ns();

	for (unsigned int i = 0; i < n; i += BATCH) {
		for (unsigned int k = 0; k < BATCH; k++) {
			seed = seed * 1664525u + 1013904223u;
			wn_prep_set_word(wn_get_sqe(&wn), handles[(seed >> 8) % among], 1, i, k);
		}
		submit_and_check(&wn, BATCH);
	}
	s->value = (double)(cpu_ns() - start) / n;
}

static void hot_sets(struct bench_sample *s, const void *arg)
{
	sets(s, HOT);
}

static void any_sets(struct bench_sample *s, const void *arg)
{
	sets(s, count);
}

static void pairs(struct bench_sample *s, const void *arg)
{
	const unsigned int n = (unsigned int)bench_scale(50000);
	uint64_t start = cpu_ns();

	for (unsigned int i = 0; i < n; i++) {
		const uint64_t made = good(wn_create(&wn, node, "pair"), "wn_create");

		good(wn_destroy(&wn, made), "wn_destroy");
	}
	s->value = (double)(cpu_ns() - start) / n / 2;
}

static void lookups(struct bench_sample *s, const void *arg)
{
	const unsigned int n = (unsigned int)bench_scale(200000);
	static char names[HOT][32];
	uint64_t start;

	for (unsigned int i = 0; i < HOT; i++)
		snprintf(names[i], sizeof(names[i]), "node-%u", i);
	start = cpu_ns();
	for (unsigned int i = 0; i < n; i++)
		if ((uint64_t)wn_lookup(&wn, node, names[i % HOT]) != handles[i % HOT])
			bench_die("a name leads elsewhere");
	s->value = (double)(cpu_ns() - start) / n;
}

static void run_nodes(const void *arg)
{
	static const double at[] = { 1000, 3000, 10000, 30000, 100000, 200000 };
	const struct {
		const char *id, *what;
		bench_fn *run;
		double slack;
	} each[] = {
		{ "nodes-set-hot", "NODE_SET of 64 nodes, over and over", hot_sets, .06 },
		{ "nodes-pair", "a node created and destroyed, per op", pairs, .06 },
		{ "nodes-lookup", "wn_lookup of 64 names, in mapped state", lookups, .06 },
		/* From the first-level cache to memory: a factor of 10 over 200 times as many nodes. */
		{ "nodes-set-any", "NODE_SET of any node: what memory costs besides", any_sets, .45 },
	};

	for (unsigned int i = 0; i < 4; i++)
		bench_curve(&(struct bench_curve){
			.id = each[i].id, .what = each[i].what, .x = "nodes", .unit = "ns",
			.engine = i == 2 ? "none: mapped state" : "embedded, inline", .where = "CPU 0",
			.points = 6, .at = at, .run = each[i].run, .begin = nodes_begin, .end = any_end,
			.apart = true, .slack = each[i].slack });
}

/* -------------------------------------------------------------- children */

static void children_begin(const void *arg, double x)
{
	struct wn_bounds b = domain_bounds();

	open_domain(&b);
	make_nodes((unsigned int)x, (unsigned int)x);
}

static void run_children(const void *arg)
{
	static const double at[] = { 1, 10, 100, 500, 1000, 1900 };

	bench_curve(&(struct bench_curve){
		.id = "children-pair", .what = "a child more and gone again, per op", .x = "children",
		.unit = "ns", .engine = "embedded, inline", .where = "CPU 0", .points = 6, .at = at,
		.run = pairs, .begin = children_begin, .end = any_end, .apart = true, .slack = .05 });
}

/* -------------------------------------------------------------- elements */

static void set_begin(const void *arg, double x)
{
	struct wn_bounds b = domain_bounds();
	char key[32];

	b.set_elems = 20000;
	b.elems = 32768;
	open_domain(&b);
	cell = good(wn_cell_create(&wn, node, 1, WN_CELL_ORSET, 0), "wn_cell_create");
	for (unsigned int i = 0; i < (unsigned int)x; i++) {
		snprintf(key, sizeof(key), "element-%08u", i);
		good(wn_cell_put(&wn, node, cell, WN_CELL_ADD, key, 16, NULL, 0), "put");
	}
	count = 0;
}

static void set_adds(struct bench_sample *s, const void *arg)
{
	const unsigned int n = (unsigned int)bench_scale(40000);
	const struct bench_point *p = arg;
	const unsigned int among = p->x < HOT ? (unsigned int)p->x : HOT;
	char key[32];
	uint64_t start = cpu_ns();

	for (unsigned int i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "element-%08u", i % among);
		good(wn_cell_put(&wn, node, cell, WN_CELL_ADD, key, 16, NULL, 0), "put");
	}
	s->value = (double)(cpu_ns() - start) / n;
}

static void run_set(const void *arg)
{
	static const double at[] = { 10, 100, 1000, 5000, 19000 };

	bench_curve(&(struct bench_curve){
		.id = "set-add", .what = "an element added again, of 64, in a set", .x = "elements",
		.unit = "ns", .engine = "embedded, inline", .where = "CPU 0", .points = 5, .at = at,
		.run = set_adds, .begin = set_begin, .end = any_end, .apart = true, .slack = .06 });
}

/* --------------------------------------------------------------- clients */

#define CLIENTS	100u

static struct wn clients[CLIENTS];

static void clients_begin(const void *arg, double x)
{
	/* Rings of one submission: larger ones of a hundred clients leave the caches. */
	const struct wn_params params = { .sq_entries = BATCH, .cq_entries = 2 * BATCH };
	struct wn_bounds b = domain_bounds();

	b.clients = 128;
	domain_make("embed:curve", &b);
	for (unsigned int i = 0; i < (unsigned int)x; i++)
		client_open(&clients[i], "embed:curve", &params);
	node = good(wn_create(&clients[0], 0, "curve"), "wn_create");
}

static void clients_end(const void *arg, double x)
{
	for (unsigned int i = 0; i < (unsigned int)x; i++)
		wn_close(&clients[i]);
	domain_drop("embed:curve");
}

static void round_robin(struct bench_sample *s, const void *arg)
{
	const struct bench_point *p = arg;
	const unsigned int among = (unsigned int)p->x;
	const unsigned int n = (unsigned int)bench_scale(20000);
	uint64_t start = cpu_ns();

	for (unsigned int i = 0; i < n; i++) {
		struct wn *c = &clients[i % among];

		for (unsigned int k = 0; k < BATCH; k++)
			wn_prep_set_word(wn_get_sqe(c), node, 0, i, k);
		submit_and_check(c, BATCH);
	}
	s->value = (double)(cpu_ns() - start) / n / BATCH;
}

static void run_clients(const void *arg)
{
	static const double at[] = { 1, 4, 16, 50, 100 };

	bench_curve(&(struct bench_curve){
		.id = "clients", .what = "an op, 16 a submission, clients in turn", .x = "clients",
		.unit = "ns", .engine = "embedded, inline", .where = "CPU 0", .points = 5, .at = at,
		.run = round_robin, .begin = clients_begin, .end = clients_end, .apart = true,
		.slack = .15 });
}

/* ----------------------------------------------------------------- lanes */

static struct wn_lane ends[CLIENTS][2];

static void lanes_begin(const void *arg, double x)
{
	for (unsigned int i = 0; i < (unsigned int)x; i++) {
		struct wn_lane_fds fds;

		good(wn_lane_make(&fds, 16384), "wn_lane_make");
		good(wn_lane_map(&ends[i][0], fds.producer, true), "wn_lane_map");
		good(wn_lane_map(&ends[i][1], fds.consumer, false), "wn_lane_map");
		wn_lane_fds_close(&fds);
	}
}

static void lanes_end(const void *arg, double x)
{
	for (unsigned int i = 0; i < (unsigned int)x; i++) {
		wn_lane_close(&ends[i][0]);
		wn_lane_close(&ends[i][1]);
	}
}

static void through_lanes(struct bench_sample *s, const void *arg)
{
	const struct bench_point *p = arg;
	const unsigned int among = (unsigned int)p->x;
	const unsigned int n = (unsigned int)bench_scale(40000);
	uint64_t start = cpu_ns();
	__u32 len;

	for (unsigned int i = 0; i < n; i++) {
		struct wn_lane *l = ends[i % among];

		for (unsigned int k = 0; k < BATCH; k++)
			memset(wn_lane_reserve(&l[0], 64), (int)k, 64);
		wn_lane_commit(&l[0]);
		for (unsigned int k = 0; k < BATCH; k++) {
			const char *from = wn_lane_peek(&l[1], &len);

			if (!from || from[63] != (char)k)
				bench_die("a record is missing");
		}
		wn_lane_consume(&l[1]);
	}
	s->value = (double)(cpu_ns() - start) / n / BATCH;
}

static void run_lanes(const void *arg)
{
	static const double at[] = { 1, 4, 16, 50, 100 };

	bench_curve(&(struct bench_curve){
		.id = "lanes", .what = "a record of 64 B, 16 at a time, lanes in turn", .x = "lanes",
		.unit = "ns", .engine = "lane, one thread", .where = "CPU 0", .points = 5, .at = at,
		.run = through_lanes, .begin = lanes_begin, .end = lanes_end, .apart = true, .slack = .15 });
}

/* --------------------------------------------------------------- writers */

static struct wn_counter slots[CLIENTS];

static void writers_begin(const void *arg, double x)
{
	clients_begin(arg, x);
	cell = good(wn_cell_create(&clients[0], node, 1, WN_CELL_PNCOUNTER, 0), "wn_cell_create");
	for (unsigned int i = 0; i < (unsigned int)x; i++)
		good(wn_counter_attach(&slots[i], &clients[i], node, cell), "attach");
}

static void writers_end(const void *arg, double x)
{
	for (unsigned int i = 0; i < (unsigned int)x; i++)
		good(wn_counter_detach(&slots[i], NULL), "detach");
	clients_end(arg, x);
}

static void adds(struct bench_sample *s, const void *arg)
{
	const unsigned int n = (unsigned int)bench_scale(2000000);
	uint64_t start = cpu_ns();

	for (unsigned int i = 0; i < n; i++) {
		wn_counter_add(&slots[0], 1);
		__asm__ volatile("" : : : "memory");
	}
	s->value = (double)(cpu_ns() - start) / n;
}

static void sums(struct bench_sample *s, const void *arg)
{
	const unsigned int n = (unsigned int)bench_scale(50000);
	uint64_t start = cpu_ns();
	__u64 value;

	for (unsigned int i = 0; i < n; i++)
		good(wn_counter_read(&clients[0], node, cell, &value), "wn_counter_read");
	s->value = (double)(cpu_ns() - start) / n;
}

static void run_writers(const void *arg)
{
	static const double at[] = { 1, 4, 16, 50, 100 };

	bench_curve(&(struct bench_curve){
		.id = "writers-add", .what = "an add, so many attached", .x = "attached writers",
		.unit = "ns", .engine = "embedded; no engine in an add", .where = "CPU 0", .points = 5,
		.at = at, .run = adds, .begin = writers_begin, .end = writers_end, .apart = true,
		.slack = .05 });
	bench_curve(&(struct bench_curve){
		.id = "writers-read", .what = "the sum read, so many attached", .x = "attached writers",
		.unit = "ns", .engine = "none: mapped state", .where = "CPU 0", .points = 5, .at = at,
		.run = sums, .begin = writers_begin, .end = writers_end, .apart = true, .expected = 1,
		.slack = .1 });
}

/* ----------------------------------------------------------------- batch */

static void batch_begin(const void *arg, double x)
{
	open_domain(NULL);
}

static void batch_end(const void *arg, double x)
{
	count = 0;
	close_domain();
}

static void batches(struct bench_sample *s, const void *arg)
{
	const struct bench_point *p = arg;
	const unsigned int size = (unsigned int)p->x;
	const unsigned int n = (unsigned int)bench_scale(200000) / size;
	uint64_t start = cpu_ns();

	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int k = 0; k < size; k++)
			wn_prep_set_word(wn_get_sqe(&wn), node, 0, i, k);
		submit_and_check(&wn, size);
	}
	s->value = (double)n * size / (double)(cpu_ns() - start) * 1e9;
}

static void run_batch(const void *arg)
{
	static const double at[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256 };

	bench_curve(&(struct bench_curve){
		.id = "batch", .what = "NODE_SET a second against ops a submission", .x = "ops a submission",
		.unit = "ops/s", .engine = "embedded, inline", .where = "CPU 0", .points = 9, .at = at,
		.run = batches, .begin = batch_begin, .end = batch_end, .apart = true, .more = true,
		.expected = 0, .slack = .05 });
}

const struct bench_row row_curve_nodes = {
	.name = "curve-nodes", .claim = "an op costs the same in a domain of 1,000 and of 200,000 nodes",
	.run = run_nodes, .seconds = 40,
};
const struct bench_row row_curve_children = {
	.name = "curve-children", .claim = "and with 1 child and with 1,900", .run = run_children, .seconds = 5,
};
const struct bench_row row_curve_set = {
	.name = "curve-set", .claim = "and in a set of 10 elements and of 19,000", .run = run_set, .seconds = 5,
};
const struct bench_row row_curve_clients = {
	.name = "curve-clients", .claim = "and with 1 client and with 100", .run = run_clients, .seconds = 5,
};
const struct bench_row row_curve_lanes = {
	.name = "curve-lanes", .claim = "and with 1 lane and with 100", .run = run_lanes, .seconds = 5,
};
const struct bench_row row_curve_writers = {
	.name = "curve-writers", .claim = "an add costs the same with 1 attached writer and with 100, a sum so many loads",
	.run = run_writers, .seconds = 5,
};
const struct bench_row row_curve_batch = {
	.name = "curve-batch", .claim = "throughput grows with ops a submission", .run = run_batch, .seconds = 5,
};
