/* SPDX-License-Identifier: MIT */
/*
 * What goes to stderr when something is refused, and with which status wn ends. A
 * message says what was to be done, where, why not, and what to do about it.
 */
#ifndef WN_FAIL_H
#define WN_FAIL_H

/* Exit statuses, as wn(1) lists them. 4 is not used: test runners take it for a skip. */
#define WN_EXIT_OK		0
#define WN_EXIT_FAILED		1	/* for another reason than those below */
#define WN_EXIT_USAGE		2	/* the command line makes no sense */
#define WN_EXIT_NOT_THERE	3	/* no such instance, domain, node, cell, capability */
#define WN_EXIT_NOT_ALLOWED	5	/* mode bits, rights, restrictions */
#define WN_EXIT_BOUND		6	/* a bound or quota is reached */
#define WN_EXIT_CONFLICT	7	/* taken, in use, changed meanwhile, has children */
#define WN_EXIT_NO_MODULE	8	/* no module, or it cannot do this */
#define WN_EXIT_TIME		9	/* the time given passed */

/* "wn: what: where: why (errno)"; the status that err stands for. */
int wn_fail(const char *what, const char *where, int err);

/* The same with words of ours in place of the errno's. */
int wn_fail_because(const char *what, const char *where, int err, const char *why);

/* The same where there is better advice than the errno's. */
int wn_fail_text(int status, const char *what, const char *where, const char *text);

/* A wrong command line: the text and, if a command runs, how it is used. WN_EXIT_USAGE. */
int wn_usage(const char *text, const char *what);

/* The command that runs, for wn_usage(); verb may be NULL. */
void wn_usage_of(const char *cmd, const char *verb, const char *usage);

/* "EACCES" of -EACCES. */
const char *wn_errno_name(int err);

#endif
