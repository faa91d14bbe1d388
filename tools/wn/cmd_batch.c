// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "opts.h"
#include "progress.h"
#include "session.h"

#define WORDS_MAX	64

/*
 * Words as a shell has them: spaces part, quotes and backslashes hold together, # begins
 * what is not read. In place; the number of words, or -1: a quote is open, or too many.
 */
static int split(char *line, char **words)
{
	char *to, quote;
	int n = 0;

	for (;;) {
		line += strspn(line, " \t\n");
		if (!*line || *line == '#')
			return n;
		if (n == WORDS_MAX)
			return -1;
		words[n++] = line;
		quote = 0;
		for (to = line; *line && (quote || !strchr(" \t\n", *line)); line++) {
			if (quote ? *line == quote : *line == '"' || *line == '\'')
				quote = quote ? 0 : *line;
			else if (*line == '\\' && quote != '\'' && line[1])
				*to++ = *++line;
			else
				*to++ = *line;
		}
		if (quote)
			return -1;
		if (*line)
			line++;
		*to = 0;
	}
}

static int run_line(struct wn_ctx *ctx, char *line)
{
	char *words[WORDS_MAX + 1];
	int n = split(line, words);

	if (n < 0)
		return wn_usage("a quote is open, or there are more than 64 words", NULL);
	if (!n)
		return 0;
	words[n] = NULL;
	if (!strcmp(words[0], "batch"))
		return wn_usage("a batch has no batch in it", NULL);
	return wn_cmd_run(ctx, n, words);
}

static int run_file(struct wn_ctx *ctx, FILE *in, const char *name, bool keep_going)
{
	int status = 0, one;
	struct wn_progress p;
	unsigned int nr = 0;
	size_t room = 0;
	char *line = NULL;
	struct stat st;
	__u64 done = 0;
	ssize_t n;

	wn_progress_begin(&p, "bytes done:",
			  !fstat(fileno(in), &st) && S_ISREG(st.st_mode) ? (__u64)st.st_size : 0);
	while ((n = getline(&line, &room, in)) >= 0) {
		nr++;
		one = strlen(line) == (size_t)n ? run_line(ctx, line) :
		      wn_usage("a line holds a NUL", NULL);
		done += (__u64)n;
		wn_progress_at(&p, done);
		if (!one)
			continue;
		fprintf(stderr, "wn: %s, line %u\n", name, nr);
		if (!status)
			status = one;
		if (!keep_going)
			break;
	}
	wn_progress_end(&p);
	if (!status && ferror(in))
		status = wn_fail("cannot read", name, -errno);
	free(line);
	return status;
}

int cmd_batch(struct wn_ctx *ctx, int argc, char **argv)
{
	const char *name = "standard input";
	bool keep_going = false;
	struct wn_opts o;
	FILE *in = stdin;
	int status;

	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o))
		if (wn_opt_is(&o, "--keep-going") || wn_opt_is(&o, "-k"))
			keep_going = true;
	status = wn_opts_end(&o, 0, 1);
	if (status)
		return status;
	if (o.args && strcmp(o.arg[0], "-")) {
		name = o.arg[0];
		in = fopen(name, "re");
		if (!in)
			return wn_fail_text(errno == ENOENT ? WN_EXIT_NOT_THERE : WN_EXIT_FAILED,
					    "cannot read", name, strerror(errno));
	}
	/* Each command's output is its own document. */
	wn_stream(ctx);
	ctx->batch = true;
	status = run_file(ctx, in, name, keep_going);
	if (in != stdin)
		fclose(in);
	return status;
}
