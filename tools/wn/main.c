// SPDX-License-Identifier: MIT
/* wn: look at and work with Worknode domains. One file a command. */
#include "cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <wn.h>

static const struct wn_cmd cmds[] = {
	{ "domain", "create|ls|show|rm [NAME] ...", "make, list, show, remove domains", cmd_domain },
	{ "query", "", "what the module can do", cmd_query },
};

#define CMDS	(sizeof(cmds) / sizeof(cmds[0]))

int wn_fail(const char *what, const char *where, int err)
{
	fprintf(stderr, "wn: %s: %s: %s (%s)\n", what, where, wn_strerror(err), strerror(-err));
	return WN_EXIT_FAILED;
}

int wn_usage(const char *cmd, const char *usage, const char *text)
{
	fprintf(stderr, "wn: %s\nusage: wn [-m DIR] [--json] %s %s\n", text, cmd, usage);
	return WN_EXIT_USAGE;
}

void wn_json_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void help(FILE *to)
{
	size_t i;

	fprintf(to, "usage: wn [-m DIR] [--json] COMMAND ...\n\n");
	for (i = 0; i < CMDS; i++)
		fprintf(to, "  %-8s %-32s %s\n", cmds[i].name, cmds[i].usage, cmds[i].help);
	fprintf(to, "\n"
		"  -m DIR   the instance: where worknodefs is mounted (" WN_FS_PATH ")\n"
		"  --json   output for machines\n"
		"  --version, --help\n\n"
		"exit status: 0 done, 1 refused (the message says why), 2 wrong command line\n");
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "mount", required_argument, NULL, 'm' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{}
	};
	struct wn_options opt = { .mount = WN_FS_PATH };
	size_t i;
	int c;

	while ((c = getopt_long(argc, argv, "+m:hV", longs, NULL)) != -1) {
		switch (c) {
		case 'm':
			opt.mount = optarg;
			break;
		case 'j':
			opt.json = true;
			break;
		case 'h':
			help(stdout);
			return WN_EXIT_OK;
		case 'V':
			puts("wn " WN_VERSION);
			return WN_EXIT_OK;
		default:
			help(stderr);
			return WN_EXIT_USAGE;
		}
	}
	if (optind == argc) {
		help(stderr);
		return WN_EXIT_USAGE;
	}
	for (i = 0; i < CMDS; i++)
		if (!strcmp(argv[optind], cmds[i].name))
			return cmds[i].run(&opt, argc - optind, argv + optind);
	fprintf(stderr, "wn: %s: no such command; wn --help lists them\n", argv[optind]);
	return WN_EXIT_USAGE;
}
