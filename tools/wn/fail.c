// SPDX-License-Identifier: MIT
#include "fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wn.h>

#include "text.h"

static const char *usage_cmd, *usage_verb, *usage_text;

static int status_of(int err)
{
	switch (-err) {
	case ENOENT:
	case ESTALE:
		return WN_EXIT_NOT_THERE;
	case EACCES:
	case EPERM:
	case EKEYREVOKED:
	case EKEYEXPIRED:
		return WN_EXIT_NOT_ALLOWED;
	case ENOSPC:
	case EDQUOT:
	case ENOMEM:
	case E2BIG:
	case ENOBUFS:
		return WN_EXIT_BOUND;
	case EEXIST:
	case EBUSY:
	case EAGAIN:
	case ENOTEMPTY:
	case ELOOP:
	case ENOLINK:
		return WN_EXIT_CONFLICT;
	case ENODEV:
	case ENOTTY:
	case EOPNOTSUPP:
		return WN_EXIT_NO_MODULE;
	case ETIME:
		return WN_EXIT_TIME;
	}
	return WN_EXIT_FAILED;
}

const char *wn_errno_name(int err)
{
	const char *name = strerrorname_np(abs(err));

	return name ? name : "an unknown error";
}

/* What was typed may hold anything: nothing of it reaches the terminal as control. */
static void say(const char *what, const char *where)
{
	fflush(stdout);
	fprintf(stderr, "wn: %s: ", what);
	wn_text_safe(stderr, where, strlen(where));
	fputs(": ", stderr);
}

int wn_fail(const char *what, const char *where, int err)
{
	return wn_fail_because(what, where, err, wn_strerror(err));
}

int wn_fail_because(const char *what, const char *where, int err, const char *why)
{
	say(what, where);
	fprintf(stderr, "%s (%s)\n", why, wn_errno_name(err));
	return status_of(err);
}

int wn_fail_text(int status, const char *what, const char *where, const char *text)
{
	say(what, where);
	fprintf(stderr, "%s\n", text);
	return status;
}

void wn_usage_of(const char *cmd, const char *verb, const char *usage)
{
	usage_cmd = cmd;
	usage_verb = verb;
	usage_text = usage;
}

int wn_usage(const char *text, const char *what)
{
	fflush(stdout);
	fprintf(stderr, "wn: %s", text);
	if (what) {
		fputs(": ", stderr);
		wn_text_safe(stderr, what, strlen(what));
	}
	fputc('\n', stderr);
	if (usage_cmd)
		fprintf(stderr, "usage: wn [OPTIONS] %s%s%s%s%s\nwn --help lists the options and commands\n",
			usage_cmd, usage_verb ? " " : "", usage_verb ? usage_verb : "",
			*usage_text ? " " : "", usage_text);
	return WN_EXIT_USAGE;
}
