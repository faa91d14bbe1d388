/* SPDX-License-Identifier: MIT */
/*
 * Options of a command, which may stand anywhere behind its name; "--" ends them:
 *
 *	wn_opts_begin(&o, argc, argv);
 *	while ((opt = wn_opts_next(&o)))
 *		if (wn_opt_is(&o, "--long"))
 *			...
 *		else if (wn_opt_number(&o, "--depth", 64, &depth))
 *			...
 *	status = wn_opts_end(&o, 0, 1);
 *
 * A command without options leaves the loop out. What is no option is in o.arg, o.args
 * of them. The first mistake is told, once, by wn_opts_end().
 */
#ifndef WN_OPTS_H
#define WN_OPTS_H

#include <stdbool.h>
#include <linux/types.h>

struct wn_opts {
	int argc;
	char **argv;
	int at;
	const char *opt;	/* that is looked at */
	const char *bad;	/* what is wrong, and with what */
	const char *bad_what;
	bool known;
	int args;
	char **arg;		/* the front part of argv, as far as it is read */
};

void wn_opts_begin(struct wn_opts *o, int argc, char **argv);
const char *wn_opts_next(struct wn_opts *o);

/* True if that is the option; the value, if it was good, is stored. */
bool wn_opt_is(struct wn_opts *o, const char *name);
bool wn_opt_string(struct wn_opts *o, const char *name, const char **value);
bool wn_opt_number(struct wn_opts *o, const char *name, __u64 max, __u64 *value);
bool wn_opt_time(struct wn_opts *o, const char *name, __u64 *ns);
bool wn_opt_word(struct wn_opts *o, const char *name, const char *const *words, int *value);

/* 0, or WN_EXIT_USAGE after a message; so many arguments there must be. */
int wn_opts_end(struct wn_opts *o, int least, int most);

#endif
