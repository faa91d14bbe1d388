// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http.h"
#include "metrics.h"
#include "opts.h"
#include "session.h"
#include "stop.h"
#include "text.h"

/* What systemd hands over begins here. */
#define FIRST_FD	3
#define SOCKETS		8

static int document(void *arg, const char *path, FILE *to)
{
	struct wn_ctx *ctx = arg;
	int err;

	if (!strcmp(path, "/metrics")) {
		/* Of a module that is gone the text says so: that is no failed scrape. */
		wn_metrics(ctx, to);
		return 200;
	}
	if (!strcmp(path, "/healthz")) {
		fputs("ok\n", to);
		return 200;
	}
	if (!strcmp(path, "/readyz")) {
		err = wn_metrics_ready(ctx);
		fprintf(to, "%s\n", err ? wn_strerror(err) : "ready");
		return err ? 503 : 200;
	}
	fputs("there are /metrics, /healthz, /readyz\n", to);
	return 404;
}

/* Sockets that were handed to this process, and to no other: how many. */
static int handed(int *sockets)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	__u64 p, n, i;

	if (!pid || !fds || !wn_text_number(pid, ~0U, &p) || p != (__u64)getpid() ||
	    !wn_text_number(fds, SOCKETS, &n))
		return 0;
	for (i = 0; i < n; i++)
		sockets[i] = FIRST_FD + (int)i;
	return (int)n;
}

static int serve(struct wn_ctx *ctx, const char *listen, __u64 idle)
{
	int sockets[SOCKETS], n = 0, err;

	if (listen) {
		sockets[0] = wn_http_listen(listen);
		if (sockets[0] == -EINVAL)
			return wn_usage("--listen wants ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH", listen);
		if (sockets[0] < 0)
			return wn_fail_text(WN_EXIT_FAILED, "cannot listen", listen,
					    strerror(-sockets[0]));
		n = 1;
	} else {
		n = handed(sockets);
		if (!n)
			return wn_usage("--serve wants sockets of systemd; without them --listen ADDRESS:PORT",
					NULL);
	}
	wn_stop_begin();
	err = wn_http_serve(sockets, n, idle, document, ctx);
	wn_stop_end();
	if (listen && !strncmp(listen, "unix:", 5))
		unlink(listen + 5);
	return err ? wn_fail_text(WN_EXIT_FAILED, "cannot serve", listen ? listen : "LISTEN_FDS",
				  strerror(-err)) : 0;
}

int cmd_metrics(struct wn_ctx *ctx, int argc, char **argv)
{
	const char *listen = NULL;
	bool handed_over = false;
	__u64 idle = 0;
	struct wn_opts o;
	int status, err;

	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o)) {
		if (wn_opt_is(&o, "--serve"))
			handed_over = true;
		else if (!wn_opt_string(&o, "--listen", &listen))
			wn_opt_time(&o, "--idle", &idle);
	}
	status = wn_opts_end(&o, 0, 0);
	if (!status && listen && handed_over)
		status = wn_usage("--listen and --serve exclude each other", NULL);
	if (!status && idle && !listen && !handed_over)
		status = wn_usage("--idle goes with --listen or --serve", NULL);
	if (!status && ctx->json)
		status = wn_usage("metrics speak the format of Prometheus; wn stat --json is for JSON", NULL);
	if (!status)
		status = wn_session_engine(ctx);
	if (status)
		return status;
	if (listen || handed_over)
		return serve(ctx, listen, idle);
	err = wn_metrics(ctx, ctx->out);
	return err ? wn_fail("cannot ask the module", ctx->mount, err) : WN_EXIT_OK;
}
