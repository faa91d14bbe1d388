// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "opts.h"
#include "stop.h"
#include "text.h"

/* The module's tracepoints, through an instance of tracefs of our own: what others trace
 * stays as it is. */
#define TRACEFS	"/sys/kernel/tracing"
#define EVENTS	"events/worknode"

struct trace {
	struct wn_ctx *ctx;
	const char *tracefs;
	char instance[PATH_MAX];
	bool made;
	__u64 count, timeout, seen;
};

static int write_file(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];
	int fd, err = 0;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int is_event(const struct dirent *d)
{
	return d->d_name[0] != '.' && d->d_type == DT_DIR;
}

/* Each event that the pattern fits: listed, or switched on. How many, or -errno. */
static int each_event(struct trace *t, const char *pattern, bool list)
{
	struct dirent **found;
	char path[PATH_MAX];
	int n, i, fit = 0, err = 0;

	if (snprintf(path, sizeof(path), "%s/" EVENTS, t->instance) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	n = scandir(path, &found, is_event, alphasort);
	if (n < 0)
		return -errno;
	if (list && t->ctx->json)
		wn_json_array(&t->ctx->j, "events");
	for (i = 0; i < n; i++) {
		const char *name = found[i]->d_name;

		if (!err && (!pattern || !fnmatch(pattern, name, 0))) {
			fit++;
			snprintf(path, sizeof(path), EVENTS "/%s/enable", name);
			if (!list)
				err = write_file(t->instance, path, "1");
			else if (t->ctx->json)
				wn_json_string(&t->ctx->j, NULL, name);
			else
				fprintf(t->ctx->out, "%s\n", name);
		}
		free(found[i]);
	}
	free(found);
	if (list && t->ctx->json)
		wn_json_close(&t->ctx->j, ']');
	return err ? err : fit;
}

/* "  comm-12  [001] d..1.  12.345: name: a=1 b=2": its parts, in place; false: no event. */
struct parts {
	char *comm, *pid, *cpu, *time, *event, *rest;
};

static bool take_apart(char *line, struct parts *p)
{
	char *bracket, *dash, *colon, *space;

	bracket = strchr(line, '[');
	while (bracket && (bracket == line || bracket[-1] != ' ' || !strchr("0123456789", bracket[1])))
		bracket = strchr(bracket + 1, '[');
	if (!bracket)
		return false;
	/* Names of programs may hold anything, a dash, too: the pid is behind the last. */
	bracket[-1] = 0;
	for (dash = bracket - 2; dash > line && *dash == ' '; dash--)
		*dash = 0;
	dash = strrchr(line, '-');
	if (!dash)
		return false;
	*dash = 0;
	p->comm = line + strspn(line, " ");
	p->pid = dash + 1;
	p->cpu = bracket + 1;
	space = strchr(p->cpu, ']');
	if (!space)
		return false;
	*space = 0;
	/* Flags, then the time up to a colon, the event up to the next. */
	colon = strstr(space + 1, ": ");
	if (!colon)
		return false;
	*colon = 0;
	p->time = strrchr(space + 1, ' ');
	if (!p->time)
		return false;
	p->time++;
	p->event = colon + 2;
	colon = strchr(p->event, ':');
	if (!colon)
		return false;
	*colon = 0;
	p->rest = colon + 1;
	p->rest += strspn(p->rest, " ");
	return true;
}

static void json(struct wn_json *j, struct parts *p)
{
	char *word, *eq, *next = p->rest;

	wn_json_begin(j, "trace");
	wn_json_string(j, "event", p->event);
	wn_json_string(j, "time", p->time);
	wn_json_u64(j, "cpu", strtoul(p->cpu, NULL, 10));
	wn_json_string(j, "comm", p->comm);
	wn_json_u64(j, "pid", strtoul(p->pid, NULL, 10));
	wn_json_object(j, "fields");
	while ((word = strsep(&next, " "))) {
		eq = strchr(word, '=');
		if (!eq)
			continue;
		*eq = 0;
		wn_json_string(j, word, eq + 1);
	}
	wn_json_close(j, '}');
	wn_json_end(j);
}

static void show(struct trace *t, char *line)
{
	struct wn_ctx *ctx = t->ctx;
	struct parts p;

	line[strcspn(line, "\n")] = 0;
	if (!take_apart(line, &p)) {
		/* "CPU:1 [LOST 5 EVENTS]": not to be passed over. */
		if (*line && *line != '#')
			wn_fail_text(0, "trace", "tracefs says", line);
		return;
	}
	t->seen++;
	if (ctx->json) {
		json(&ctx->j, &p);
		return;
	}
	fprintf(ctx->out, "%s  cpu %-3lu ", p.time, strtoul(p.cpu, NULL, 10));
	wn_text_colour(ctx->out, ctx->colour, WN_CYAN);
	fprintf(ctx->out, "%-18s ", p.event);
	wn_text_plain(ctx->out, ctx->colour);
	wn_text_safe(ctx->out, p.rest, strlen(p.rest));
	wn_text_colour(ctx->out, ctx->colour, WN_DIM);
	fputs("  ", ctx->out);
	wn_text_safe(ctx->out, p.comm, strlen(p.comm));
	fprintf(ctx->out, "(%s)", p.pid);
	wn_text_plain(ctx->out, ctx->colour);
	fputc('\n', ctx->out);
}

/* Lines until so many were seen, the time passed, or ^C. 0 or -errno. */
static int follow(struct trace *t, int fd)
{
	const __u64 end = t->timeout ? wn_deadline(t->timeout) : ~0ULL;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[8192], *line, *next;
	size_t have = 0;
	ssize_t n;

	while (t->seen < t->count && !wn_stopped() && wn_deadline(0) < end) {
		if (poll(&p, 1, 100) <= 0)
			continue;
		n = read(fd, buf + have, sizeof(buf) - 1 - have);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return 0;
		have += (size_t)n;
		buf[have] = 0;
		for (line = buf; (next = strchr(line, '\n')) && t->seen < t->count; line = next) {
			*next++ = 0;
			show(t, line);
		}
		have -= (size_t)(line - buf);
		memmove(buf, line, have);
		/* A line that is longer than all that there can be is no event. */
		if (have == sizeof(buf) - 1)
			have = 0;
		fflush(t->ctx->out);
	}
	return 0;
}

static int open_pipe(const struct trace *t)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/trace_pipe", t->instance) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int run(struct trace *t, const char *pattern)
{
	int fd, n, err;

	n = each_event(t, pattern, false);
	if (n < 0)
		return wn_fail_text(WN_EXIT_NO_MODULE, "cannot trace", t->instance, n == -ENOENT ?
				    "the module's tracepoints are not there: is it loaded? (ENOENT)" :
				    strerror(-n));
	if (!n)
		return wn_fail_text(WN_EXIT_NOT_THERE, "cannot trace", pattern,
				    "no event has that name; wn trace --list shows them");
	fd = open_pipe(t);
	if (fd < 0)
		return wn_fail("cannot trace", t->instance, fd);
	wn_stream(t->ctx);
	wn_stop_begin();
	err = follow(t, fd);
	wn_stop_end();
	close(fd);
	if (err)
		return wn_fail("cannot go on tracing", t->instance, err);
	if (t->count != ~0ULL && t->seen < t->count && !wn_stopped())
		return wn_fail_text(WN_EXIT_TIME, "traced in vain", t->instance,
				    "the time passed before so much had come");
	return WN_EXIT_OK;
}

/* An instance of our own, or, with --list, what is there. */
static int begin(struct trace *t, bool list)
{
	char dir[PATH_MAX / 2];

	snprintf(t->instance, sizeof(t->instance), "%s", t->tracefs);
	if (access(t->tracefs, R_OK | X_OK))
		return wn_fail_text(errno == ENOENT ? WN_EXIT_NO_MODULE : WN_EXIT_NOT_ALLOWED,
				    "cannot trace", t->tracefs, errno == ENOENT ?
				    "tracefs is not mounted: mount -t tracefs nodev " TRACEFS :
				    "only root may trace");
	if (list)
		return 0;
	if (snprintf(dir, sizeof(dir), "%s/instances/wn-%d", t->tracefs, (int)getpid()) >=
	    (int)sizeof(dir))
		return wn_fail("cannot trace", t->tracefs, -ENAMETOOLONG);
	if (mkdir(dir, 0700)) {
		/* A kernel without instances has one trace for all. */
		if (errno == ENOENT)
			return 0;
		return wn_fail_text(errno == EACCES || errno == EPERM ? WN_EXIT_NOT_ALLOWED : WN_EXIT_FAILED,
				    "cannot make an instance of tracefs", dir, strerror(errno));
	}
	t->made = true;
	strcpy(t->instance, dir);
	return 0;
}

int cmd_trace(struct wn_ctx *ctx, int argc, char **argv)
{
	struct trace t = { .ctx = ctx, .tracefs = TRACEFS, .count = ~0ULL };
	const char *pattern = NULL;
	bool list = false;
	struct wn_opts o;
	int status, n;

	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o)) {
		if (wn_opt_is(&o, "--list"))
			list = true;
		else if (!wn_opt_string(&o, "--event", &pattern) &&
			 !wn_opt_string(&o, "--tracefs", &t.tracefs) &&
			 !wn_opt_number(&o, "--count", ~0ULL - 1, &t.count))
			wn_opt_time(&o, "--timeout", &t.timeout);
	}
	status = wn_opts_end(&o, 0, 0);
	if (!status && ctx->embed)
		status = wn_fail_text(WN_EXIT_NO_MODULE, "cannot trace", "-e",
				      "tracepoints are the module's; the engine in this process has none");
	if (!status)
		status = begin(&t, list);
	if (status)
		return status;
	if (!list) {
		status = run(&t, pattern);
		if (t.made)
			rmdir(t.instance);
		return status;
	}
	if (ctx->json)
		wn_json_begin(&ctx->j, "trace.list");
	n = each_event(&t, pattern, true);
	if (n < 0)
		return wn_fail_text(WN_EXIT_NO_MODULE, "cannot list tracepoints", t.tracefs, n == -ENOENT ?
				    "the module's are not there: is it loaded? (ENOENT)" : strerror(-n));
	if (ctx->json)
		wn_json_end(&ctx->j);
	return WN_EXIT_OK;
}
