// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <string.h>
#include <unistd.h>

#include "opts.h"
#include "session.h"
#include "stop.h"
#include "top.h"

static void json_domain(struct wn_json *j, const struct wn_top_row *r)
{
	wn_json_object(j, NULL);
	wn_json_string(j, "name", r->name);
	wn_json_u64(j, "clients", r->s.info.clients);
	wn_json_u64(j, "nodes", r->s.info.nodes);
	wn_json_u64(j, "bytes", r->s.info.bytes + r->s.info.client_bytes);
	wn_json_u64(j, "latency_ns", r->s.latency);
	wn_json_bool(j, "fresh", r->fresh);
	wn_json_double(j, "ops", r->ops);
	wn_json_double(j, "changes", r->changes);
	wn_json_double(j, "refused", r->refused);
	wn_json_double(j, "wakeups", r->wakeups);
	wn_json_close(j, '}');
}

static void json_client(struct wn_json *j, const struct wn_client_row *r)
{
	wn_json_object(j, NULL);
	wn_json_string(j, "domain", r->domain);
	wn_json_u64(j, "client", r->number);
	wn_json_u64(j, "pid", (__u64)r->pid);
	wn_json_string(j, "program", r->comm);
	wn_json_string(j, "state", r->state);
	wn_json_u64(j, "bytes", r->bytes);
	wn_json_u64(j, "sq_entries", r->sq_entries);
	wn_json_u64(j, "sq_pending", r->sq_pending);
	wn_json_u64(j, "cq_entries", r->cq_entries);
	wn_json_u64(j, "cq_unread", r->cq_unread);
	wn_json_u64(j, "inbox_unread", r->inbox_unread);
	wn_json_close(j, '}');
}

static void print(struct wn_ctx *ctx, const struct wn_frame *f)
{
	char line[512];
	int i;

	if (ctx->json) {
		wn_json_begin(&ctx->j, "top");
		wn_json_array(&ctx->j, "domains");
		for (i = 0; i < f->n; i++)
			json_domain(&ctx->j, &f->rows[i]);
		wn_json_close(&ctx->j, ']');
		wn_json_array(&ctx->j, "clients");
		for (i = 0; i < f->nr_clients; i++)
			json_client(&ctx->j, &f->clients[i]);
		wn_json_close(&ctx->j, ']');
		wn_json_end(&ctx->j);
		return;
	}
	wn_top_head(line, sizeof(line));
	fprintf(ctx->out, "%s\n", line);
	for (i = 0; i < f->n; i++) {
		wn_top_line(&f->rows[i], line, sizeof(line));
		fprintf(ctx->out, "%s\n", line);
	}
	if (f->nr_clients) {
		wn_top_client_head(line, sizeof(line));
		fprintf(ctx->out, "\n%s\n", line);
	}
	for (i = 0; i < f->nr_clients; i++) {
		wn_top_client_line(&f->clients[i], line, sizeof(line));
		fprintf(ctx->out, "%s\n", line);
	}
}

static int paper(struct wn_ctx *ctx, const char *root, __u64 interval, enum wn_top_key key,
		 __u64 frames)
{
	struct wn_frame f, before = {};
	int err = 0;
	__u64 n;

	wn_stream(ctx);
	wn_stop_begin();
	for (n = 0; n < frames && !wn_stopped() && !ferror(ctx->out); n++) {
		if (n)
			wn_stop_sleep(interval);
		err = wn_frame_take(ctx, root, n ? &before : NULL, &f);
		if (err)
			break;
		wn_frame_sort(&f, key, false);
		if (n && !ctx->json)
			fputc('\n', ctx->out);
		print(ctx, &f);
		fflush(ctx->out);
		wn_frame_free(&before);
		before = f;
	}
	wn_stop_end();
	wn_frame_free(&before);
	return err ? wn_fail("cannot look at the domains", ctx->mount, err) : WN_EXIT_OK;
}

int cmd_top(struct wn_ctx *ctx, int argc, char **argv)
{
	__u64 interval = 1000000000, frames = 0;
	const char *root = "";
	int key = WN_TOP_OPS, status;
	struct wn_opts o;

	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o))
		if (!wn_opt_time(&o, "--interval", &interval) &&
		    !wn_opt_number(&o, "--frames", ~0ULL - 1, &frames) &&
		    !wn_opt_word(&o, "--sort", wn_top_keys, &key))
			wn_opt_string(&o, "--root", &root);
	status = wn_opts_end(&o, 0, 0);
	if (!status && interval < 10000000)
		status = wn_usage("--interval is 10ms at least", NULL);
	if (!status)
		status = wn_session_engine(ctx);
	if (status)
		return status;
	if (ctx->json || frames || !isatty(STDOUT_FILENO))
		return paper(ctx, root, interval, (enum wn_top_key)key, frames ? frames : 1);
	return wn_top_screen(ctx, root, interval, (enum wn_top_key)key, ~0ULL);
}
