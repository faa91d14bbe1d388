// SPDX-License-Identifier: MIT
/* The table of commands, and how one is run. */
#include "cmd.h"

#include <stdlib.h>
#include <string.h>

const struct wn_cmd wn_cmds[] = {
	{ "domain", "VERB ...", "make, list, show, remove domains", NULL, wn_domain_verbs },
	{ "tree", "[PATH] [--depth N] [--long]", "nodes below one", cmd_tree },
	{ "node", "VERB ...", "make, change, show nodes", NULL, wn_node_verbs },
	{ "cell", "VERB ...", "make, change, show cells (CRDTs)", NULL, wn_cell_verbs },
	{ "emit", "PATH [DATA] [--type N] [--priority N] [--trace N] [--children] [--in TIME]", "send an event to a node", cmd_emit },
	{ "watch", "[PATH] [--tree] [--fields] [--cells] [--state] [--events] [--take] [--audit] [--count N] "
	  "[--timeout TIME]", "changes and events as they come", cmd_watch },
	{ "query", "[PATH] [--type N] [--state N] [--tags BITS[/MASK]] [--owner N] [--prefix NAME] "
	  "[--since HLC [--cells]] [--count] [--max N]", "nodes that pass a filter", cmd_query },
	{ "cap", "VERB ...", "capabilities", NULL, wn_cap_verbs },
	{ "lane", "VERB ...", "lanes between clients", NULL, wn_lane_verbs },
	{ "stat", "[INTERVAL [COUNT]]", "counters of a domain, or their rates", cmd_stat },
	{ "top", "[--interval TIME] [--sort KEY] [--frames N]", "domains and clients, live", cmd_top },
	{ "trace", "[--event PATTERN] [--count N] [--timeout TIME] [--list]",
	  "what the module's tracepoints tell", cmd_trace },
	{ "doctor", "", "what is wrong on this host, and what to do", cmd_doctor },
	{ "metrics", "[--listen ADDRESS:PORT | --serve] [--idle TIME]",
	  "for Prometheus: on stdout, or by HTTP", cmd_metrics },
	{ "info", "", "what the module can do", cmd_info },
	{ "digest", "", "256 bits that are the same where the state is", cmd_digest },
	{ "batch", "[FILE] [--keep-going]", "commands, a line each, by one client", cmd_batch },
	{ "completion", "bash|zsh|fish", "a script for that shell", cmd_completion },
	{}
};

const struct wn_cmd *wn_cmd_find(const struct wn_cmd *table, const char *name)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}

void wn_stream(struct wn_ctx *ctx)
{
	if (ctx->out == stdout)
		return;
	fclose(ctx->out);
	ctx->out = stdout;
	ctx->j.to = stdout;
	setvbuf(stdout, NULL, _IOLBF, 0);
}

/*
 * With --json all or nothing: a document is written when the command is done, for half
 * of one is no JSON.
 */
static int run(struct wn_ctx *ctx, const struct wn_cmd *c, int argc, char **argv)
{
	char *text = NULL;
	size_t bytes = 0;
	int status;

	ctx->out = ctx->json ? open_memstream(&text, &bytes) : stdout;
	if (!ctx->out)
		return wn_fail("cannot run", c->name, -ENOMEM);
	ctx->keep = false;
	ctx->j = (struct wn_json){ .to = ctx->out };
	status = c->run(ctx, argc, argv);
	if (ctx->out != stdout) {
		fclose(ctx->out);
		ctx->out = stdout;
		if (!status || ctx->keep)
			fwrite(text, 1, bytes, stdout);
	}
	free(text);
	return status;
}

/* How a command is used: a line for each verb. */
static int usage(const struct wn_cmd *c)
{
	const struct wn_cmd *v;

	if (!c->verbs)
		printf("usage: wn [OPTIONS] %s%s%s\n       %s\n", c->name, *c->usage ? " " : "", c->usage,
		       c->help);
	for (v = c->verbs; v && v->name; v++)
		printf("usage: wn [OPTIONS] %s %s%s%s\n       %s\n", c->name, v->name,
		       *v->usage ? " " : "", v->usage, v->help);
	printf("the manual: wn-%s(1)\n", c->name);
	return WN_EXIT_OK;
}

int wn_cmd_run(struct wn_ctx *ctx, int argc, char **argv)
{
	const struct wn_cmd *c = wn_cmd_find(wn_cmds, argv[0]), *v;
	int status;

	if (!c)
		return wn_usage("no such command; wn --help lists them", argv[0]);
	if (argc == 2 && !strcmp(argv[1], "--help"))
		return usage(c);
	wn_usage_of(c->name, NULL, c->usage);
	if (!c->verbs) {
		status = run(ctx, c, argc, argv);
	} else if (argc < 2) {
		status = wn_usage("a verb is missing; wn --help lists them", NULL);
	} else {
		v = wn_cmd_find(c->verbs, argv[1]);
		if (v) {
			wn_usage_of(c->name, v->name, v->usage);
			status = run(ctx, v, argc - 1, argv + 1);
		} else {
			status = wn_usage("no such verb; wn --help lists them", argv[1]);
		}
	}
	wn_usage_of(NULL, NULL, "");
	return status;
}
