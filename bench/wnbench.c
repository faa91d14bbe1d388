// SPDX-License-Identifier: MIT
/* wnbench LIST; wnbench RUN NAME...: the rows of the claims, curves, sustained runs. */
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/run.h"
#include "rows/rows.h"
#include "support/preload.h"

static const struct bench_row *const rows[] = {
	&row_pool, &row_dispatch, &row_events, &row_counter, &row_tasks, &row_worst, &row_bytes,
	&row_signal, &row_bulk, &row_crowd, &row_sustained10, &row_finality, &row_attest, &row_metrics,
	&row_ipc, &row_tracing, &row_safe, &row_footprint, &row_http,
	&row_polling, &row_mixes, &row_picoseconds, &row_replication,
	&row_at_rest, &row_cores, &row_scope,
	&row_curve_nodes, &row_curve_children, &row_curve_set, &row_curve_clients, &row_curve_lanes,
	&row_curve_writers, &row_curve_batch, &row_curve_throughput,
	&row_sustained60, &row_sustained300,
};

/* To try the harness: neither listed nor found by a pattern. */
static const struct bench_row *const hidden[] = { &row_hidden_whole, &row_hidden_lossy };

#define ROWS	(sizeof(rows) / sizeof(rows[0]))

#define HIDDEN	(sizeof(hidden) / sizeof(hidden[0]))

static const char usage[] =
	"usage: wnbench LIST\n"
	"       wnbench [--runs N] [--json FILE] [--short] RUN NAME...\n"
	"NAME is a row as LIST names it, a pattern of the shell ('curve-*'), or \"all\": those that\n"
	"take less than a minute each. --runs: 7 at least (7 when not given); --short: a twentieth\n"
	"of the work and 3 runs, to see that all works; its figures are worth nothing.\n";

static int list(void)
{
	for (size_t i = 0; i < ROWS; i++)
		printf("%-16s %4u s  %s%s%s\n", rows[i]->name, rows[i]->seconds,
		       rows[i]->system ? rows[i]->system : "", rows[i]->system ? ": " : "",
		       rows[i]->claim);
	return 0;
}

static bool is_asked(const struct bench_row *row, char **names)
{
	for (; *names; names++)
		if (!fnmatch(*names, row->name, 0) ||
		    (!strcmp(*names, "all") && row->seconds < 60))
			return true;
	return false;
}

/* Before anything runs: a name that fits none is a mistake. */
static int unknown(char **names)
{
	for (; *names; names++) {
		bool found = !strcmp(*names, "all");

		for (size_t i = 0; i < ROWS && !found; i++)
			found = !fnmatch(*names, rows[i]->name, 0);
		for (size_t i = 0; i < HIDDEN && !found; i++)
			found = !strcmp(*names, hidden[i]->name);
		if (!found) {
			fprintf(stderr, "wnbench: no row \"%s\"; wnbench LIST names them\n", *names);
			return 1;
		}
	}
	return 0;
}

static int run(char **names, const char *path, unsigned int runs, bool brief)
{
	FILE *json = NULL;
	bool fine;

	if (!*names || unknown(names)) {
		if (!*names)
			fputs(usage, stderr);
		return 2;
	}
	if (path && !(json = fopen(path, "w"))) {
		perror(path);
		return 1;
	}
	if (pin_to(0))
		printf("# not pinned: the spread is the scheduler's too\n");
	run_begin(json, runs, brief);
	for (size_t i = 0; i < ROWS; i++)
		if (is_asked(rows[i], names))
			run_row(rows[i]);
	for (; *names; names++)
		for (size_t i = 0; i < HIDDEN; i++)
			if (!strcmp(*names, hidden[i]->name))
				run_row(hidden[i]);
	fine = run_end();
	if (json && fclose(json)) {
		perror(path);
		return 1;
	}
	return fine ? 0 : 1;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "runs", required_argument, NULL, 'r' }, { "json", required_argument, NULL, 'j' },
		{ "short", no_argument, NULL, 's' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	unsigned int runs = 7;
	const char *json = NULL;
	bool brief = false;
	int o;

	if (argc > 1 && !strcmp(argv[1], "--malloc"))
		return preload_main(argc - 2, argv + 2);
	while ((o = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (o) {
		case 'r':
			runs = (unsigned int)atoi(optarg);
			break;
		case 'j':
			json = optarg;
			break;
		case 's':
			brief = true;
			break;
		default:
			fputs(usage, o == 'h' ? stdout : stderr);
			return o == 'h' ? 0 : 2;
		}
	}
	if (brief)
		runs = 3;
	if ((!brief && runs < 7) || runs > BENCH_RUNS_MAX || optind >= argc) {
		fputs(usage, stderr);
		return 2;
	}
	if (!strcmp(argv[optind], "LIST"))
		return list();
	if (!strcmp(argv[optind], "RUN"))
		return run(argv + optind + 1, json, runs, brief);
	fputs(usage, stderr);
	return 2;
}
