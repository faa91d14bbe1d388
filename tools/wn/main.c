// SPDX-License-Identifier: MIT
/* wn: look at and work with Worknode domains. */
#include "cmd.h"

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session.h"
#include "text.h"

static void help(FILE *to)
{
	const struct wn_cmd *c, *v;

	fputs("usage: wn [OPTIONS] COMMAND ...\n       wn COMMAND --help\n\n", to);
	for (c = wn_cmds; c->name; c++) {
		if (!c->verbs)
			fprintf(to, "  %-18s %s\n", c->name, c->help);
		for (v = c->verbs; v && v->name; v++)
			fprintf(to, "  %-6s %-11s %s\n", c->name, v->name, v->help);
	}
	fputs("\n"
	      "  -m DIR          the instance: where worknodefs is mounted (" WN_FS_PATH ")\n"
	      "  -d NAME         the domain; needed where there are several\n"
	      "  -e              no module: a demo domain in this process; with --live it changes\n"
	      "  --json          output for machines; wn(1) has the schema\n"
	      "  --cap N         act under the capability at index N (0: the first)\n"
	      "  --color WHEN    auto, always, never\n"
	      "  --version, --help\n\n"
	      "Nodes are named by paths: /projects/alpha/task-17. The environment's WORKNODE_MOUNT and\n"
	      "WORKNODE_DOMAIN stand for -m and -d.\n\n"
	      "exit status: 0 done, 1 failed, 2 wrong command line, 3 not there, 5 not allowed,\n"
	      "6 a bound or quota, 7 a conflict, 8 no module, or not by it, 9 the time passed\n", to);
}

/* Options before the command: 0, or -1 to go on no further with *status. */
static int options(struct wn_ctx *ctx, int argc, char **argv, int *status)
{
	static const struct option longs[] = {
		{ "mount", required_argument, NULL, 'm' },
		{ "domain", required_argument, NULL, 'd' },
		{ "embed", no_argument, NULL, 'e' },
		{ "live", no_argument, NULL, 'l' },
		{ "json", no_argument, NULL, 'j' },
		{ "cap", required_argument, NULL, 'c' },
		{ "color", required_argument, NULL, 'C' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{}
	};
	static const char *const whens[] = { "auto", "always", "never", NULL };
	char bad[3];
	__u64 n;
	int c;

	opterr = 0;
	*status = WN_EXIT_USAGE;
	while ((c = getopt_long(argc, argv, "+:m:d:ehV", longs, NULL)) != -1) {
		switch (c) {
		case 'm':
			ctx->mount = optarg;
			break;
		case 'd':
			ctx->domain = optarg;
			break;
		case 'e':
			ctx->embed = true;
			break;
		case 'l':
			ctx->live = true;
			break;
		case 'j':
			ctx->json = true;
			break;
		case 'c':
			if (!wn_text_number(optarg, 0xffff, &n)) {
				wn_usage("--cap wants an index", optarg);
				return -1;
			}
			ctx->cap = (__u16)n;
			break;
		case 'C':
			if (wn_text_word(optarg, whens) < 0) {
				wn_usage("--color wants auto, always or never", optarg);
				return -1;
			}
			if (strcmp(optarg, "auto"))
				ctx->colour = !strcmp(optarg, "always");
			break;
		case 'h':
			help(stdout);
			*status = WN_EXIT_OK;
			return -1;
		case 'V':
			puts("wn " WN_VERSION);
			*status = WN_EXIT_OK;
			return -1;
		case ':':
			wn_usage("an option lacks its value", argv[optind - 1]);
			return -1;
		default:
			snprintf(bad, sizeof(bad), "-%c", optopt);
			wn_usage("no such option, or it takes no value",
				 optopt ? bad : argv[optind - 1]);
			return -1;
		}
	}
	if (ctx->live && !ctx->embed) {
		wn_usage("--live is for the demo domain: wn -e --live ...", NULL);
		return -1;
	}
	if (ctx->embed)
		ctx->mount = "embed:";
	if (ctx->embed && !ctx->domain)
		ctx->domain = "demo";
	return 0;
}

static const char *env(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

/* All that was said is out, or that is the error. */
static int flushed(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	/* Who reads no more, as head does, knows. */
	if (errno != EPIPE)
		fprintf(stderr, "wn: cannot write the output: %s\n", strerror(errno));
	return status ? status : WN_EXIT_FAILED;
}

/* By itself: on a terminal that has them, and whose user minds them not. */
static bool wants_colour(void)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (!none || !*none) && (!term || strcmp(term, "dumb"));
}

int main(int argc, char **argv)
{
	struct wn_ctx ctx = {
		.mount = env("WORKNODE_MOUNT", WN_FS_PATH),
		.domain = env("WORKNODE_DOMAIN", NULL),
		.colour = wants_colour(),
		.out = stdout,
	};
	int status;

	signal(SIGPIPE, SIG_IGN);
	if (options(&ctx, argc, argv, &status))
		return flushed(status);
	if (optind == argc) {
		help(stderr);
		return WN_EXIT_USAGE;
	}
	status = wn_cmd_run(&ctx, argc - optind, argv + optind);
	wn_session_end(&ctx);
	return flushed(status);
}
