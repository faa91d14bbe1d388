/* SPDX-License-Identifier: MIT */
/*
 * Commands of wn. Each gets its own argv, argv[0] being its name, and returns
 * an exit status.
 */
#ifndef WN_CMD_H
#define WN_CMD_H

#include <stdbool.h>

/* Exit statuses, as wn --help lists them. */
#define WN_EXIT_OK	0
#define WN_EXIT_FAILED	1	/* the system refused; the message says what and why */
#define WN_EXIT_USAGE	2	/* the command line makes no sense */

struct wn_options {
	const char *mount;	/* -m: the instance */
	bool json;		/* --json */
};

struct wn_cmd {
	const char *name;
	const char *usage;	/* behind the name */
	const char *help;	/* a line */
	int (*run)(const struct wn_options *opt, int argc, char **argv);
};

int cmd_domain(const struct wn_options *opt, int argc, char **argv);
int cmd_query(const struct wn_options *opt, int argc, char **argv);

/* "wn: what: where: advice" to stderr; returns WN_EXIT_FAILED. */
int wn_fail(const char *what, const char *where, int err);

/* "wn: text" and the usage of a command to stderr; returns WN_EXIT_USAGE. */
int wn_usage(const char *cmd, const char *usage, const char *text);

/* Print a string as JSON, quotes included. */
void wn_json_string(const char *s);

#endif
