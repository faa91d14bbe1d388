// SPDX-License-Identifier: MIT
/* Rows 7 and 18: what memory it takes, as the engine itself accounts for it. */
#include <stdio.h>

#include "../support/domain.h"
#include "rows.h"

#define CLIENTS	32

static double bytes_of(const struct wn_bounds *bounds)
{
	struct wn_domain_info info = { .size = sizeof(info) };

	domain_make("embed:memory", bounds);
	good(wn_domain_info("embed:memory", &info), "wn_domain_info");
	domain_drop("embed:memory");
	return (double)info.bytes;
}

static void per_node(const void *arg)
{
	struct wn_bounds few = domain_bounds(), many = domain_bounds(), large = domain_limits();
	struct wn_domain_info info = { .size = sizeof(info) };
	struct wn wn;

	few.nodes = 1000;
	many.nodes = 200000;
	bench_fact(&(struct bench_fact){
		.id = "node", .what = "a node more in a domain", .unit = "bytes",
		.value = (bytes_of(&many) - bytes_of(&few)) / 199000,
		.check = { .what = "about 1 KB a node", .figure = 1024 } });
	bench_fact(&(struct bench_fact){
		.id = "nodes", .what = "nodes in a domain, at most", .unit = "", .value = large.nodes,
		.more = true, .check = { .what = "nodes in a domain", .figure = 200000 } });
	bench_fact(&(struct bench_fact){
		.id = "domain", .what = "a domain of default bounds (8,192 nodes)", .unit = "bytes",
		.value = bytes_of(NULL) });
	domain_make("embed:memory", NULL);
	client_open(&wn, "embed:memory", NULL);
	good(wn_domain_info("embed:memory", &info), "wn_domain_info");
	bench_fact(&(struct bench_fact){
		.id = "client", .what = "a client of default rings and arenas", .unit = "bytes",
		.value = (double)info.client_bytes });
	wn_close(&wn);
	domain_drop("embed:memory");
}

static double resident(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%*u %lu", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return (double)pages * 4096;
}

static void whole(const void *arg)
{
	struct wn_domain_info info = { .size = sizeof(info) };
	const double before = resident();
	static struct wn clients[CLIENTS];

	domain_make("embed:memory", NULL);
	for (int i = 0; i < CLIENTS; i++)
		client_open(&clients[i], "embed:memory", NULL);
	good(wn_domain_info("embed:memory", &info), "wn_domain_info");
	bench_fact(&(struct bench_fact){
		.id = "charged", .what = "default domain with 32 clients, all that is charged (and locked)",
		.unit = "bytes", .value = (double)(info.bytes + info.client_bytes),
		.check = { .what = "baseline memory", .figure = 10e6 } });
	bench_fact(&(struct bench_fact){
		.id = "resident", .what = "resident in this process for it, before any op",
		.unit = "bytes", .value = resident() - before,
		.check = { .what = "baseline memory", .figure = 10e6 } });
	for (int i = 0; i < CLIENTS; i++)
		wn_close(&clients[i]);
	domain_drop("embed:memory");
	bench_note("The module locks what it charges from the beginning; here pages come when touched.");
}

const struct bench_row row_bytes = {
	.name = "7", .system = "WorknodeOS", .claim = "about 1 KB per node; 200,000 nodes in a domain",
	.run = per_node, .seconds = 1,
};

const struct bench_row row_footprint = {
	.name = "18", .system = "Safe shared-memory IPC", .claim = "< 10 MB baseline memory",
	.run = whole, .seconds = 1,
};
