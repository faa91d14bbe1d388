// SPDX-License-Identifier: MIT
#include "opts.h"

#include <string.h>

#include "fail.h"
#include "text.h"

void wn_opts_begin(struct wn_opts *o, int argc, char **argv)
{
	*o = (struct wn_opts){ .argc = argc, .argv = argv, .known = true, .arg = argv + 1 };
}

static void mistake(struct wn_opts *o, const char *text, const char *what)
{
	if (o->bad)
		return;
	o->bad = text;
	o->bad_what = what;
}

const char *wn_opts_next(struct wn_opts *o)
{
	if (!o->known)
		mistake(o, "no such option", o->opt);
	while (++o->at < o->argc) {
		const char *s = o->argv[o->at];

		if (!strcmp(s, "--")) {
			while (++o->at < o->argc)
				o->arg[o->args++] = o->argv[o->at];
			break;
		}
		/* "-5" is a number. */
		if (s[0] == '-' && s[1] && (s[1] < '0' || s[1] > '9')) {
			o->opt = s;
			o->known = false;
			return s;
		}
		o->arg[o->args++] = o->argv[o->at];
	}
	o->known = true;
	return NULL;
}

bool wn_opt_is(struct wn_opts *o, const char *name)
{
	if (strcmp(o->opt, name))
		return false;
	o->known = true;
	return true;
}

bool wn_opt_string(struct wn_opts *o, const char *name, const char **value)
{
	const size_t n = strlen(name);

	/* "--depth=3" is as good as "--depth 3". */
	if (!strncmp(o->opt, name, n) && o->opt[n] == '=') {
		o->known = true;
		*value = o->opt + n + 1;
		return true;
	}
	if (!wn_opt_is(o, name))
		return false;
	if (o->at + 1 == o->argc) {
		mistake(o, "an option lacks its value", name);
		return true;
	}
	*value = o->argv[++o->at];
	return true;
}

bool wn_opt_number(struct wn_opts *o, const char *name, __u64 max, __u64 *value)
{
	const char *s = NULL;
	__u64 n;

	if (!wn_opt_string(o, name, &s))
		return false;
	if (!s)
		return true;
	if (wn_text_number(s, max, &n))
		*value = n;
	else
		mistake(o, "an option wants a number, and not so large a one", o->argv[o->at]);
	return true;
}

bool wn_opt_time(struct wn_opts *o, const char *name, __u64 *ns)
{
	const char *s = NULL;

	if (!wn_opt_string(o, name, &s))
		return false;
	if (s && !wn_text_time(s, ns))
		mistake(o, "an option wants a time like 1.5, 250ms, 10s, 5m", o->argv[o->at]);
	return true;
}

bool wn_opt_word(struct wn_opts *o, const char *name, const char *const *words, int *value)
{
	const char *s = NULL;
	int n;

	if (!wn_opt_string(o, name, &s))
		return false;
	if (!s)
		return true;
	n = wn_text_word(s, words);
	if (n < 0)
		mistake(o, "an option does not know this word", o->argv[o->at]);
	else
		*value = n;
	return true;
}

int wn_opts_end(struct wn_opts *o, int least, int most)
{
	/* Of a command without options none was looked at. */
	while (wn_opts_next(o))
		;
	if (!o->bad && o->args < least)
		mistake(o, "something is missing", NULL);
	if (!o->bad && o->args > most)
		mistake(o, "too many arguments", o->arg[most]);
	return o->bad ? wn_usage(o->bad, o->bad_what) : 0;
}
