// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <string.h>

#include "opts.h"
#include "sample.h"
#include "session.h"
#include "stop.h"
#include "text.h"

#define PAGE	20	/* lines between two headings */

/* All that there is, since the domain was made. */
static void total(struct wn_ctx *ctx, const struct wn_sample *s)
{
	struct wn_json *j = &ctx->j;
	int i;

	if (!ctx->json) {
		fprintf(ctx->out, "%-12s %llu of %u\n", "clients now",
			(unsigned long long)s->info.clients, s->info.bounds.clients);
		fprintf(ctx->out, "%-12s %u of %u\n", "nodes", s->info.nodes, s->info.bounds.nodes);
		fprintf(ctx->out, "%-12s %llu\n", "bytes",
			(unsigned long long)(s->info.bytes + s->info.client_bytes));
		fprintf(ctx->out, "%-12s %llu\n", "changes", (unsigned long long)s->changes);
		for (i = 0; wn_stat_names[i].name; i++)
			fprintf(ctx->out, "%-12s %llu\t%s\n", wn_stat_names[i].name,
				(unsigned long long)s->stats[i], wn_stat_names[i].help);
		fprintf(ctx->out, "%-12s %.1f us\n", "latency", (double)s->latency / 1e3);
		return;
	}
	wn_json_begin(j, "stat");
	wn_json_string(j, "domain", ctx->name);
	wn_json_u64(j, "clients", s->info.clients);
	wn_json_u64(j, "nodes", s->info.nodes);
	wn_json_u64(j, "bytes", s->info.bytes);
	wn_json_u64(j, "client_bytes", s->info.client_bytes);
	wn_json_u64(j, "changes", s->changes);
	wn_json_u64(j, "latency_ns", s->latency);
	wn_json_object(j, "counters");
	for (i = 0; wn_stat_names[i].name; i++)
		wn_json_u64(j, wn_stat_names[i].name, s->stats[i]);
	wn_json_close(j, '}');
	wn_json_end(j);
}

static const int rates[] = {
	WN_STAT_SUBMITTED, WN_STAT_REFUSED, WN_STAT_TURNS, WN_STAT_WAKEUPS, WN_STAT_DEATHS,
	WN_STAT_CAP_REFUSED,
};

#define RATES	((int)(sizeof(rates) / sizeof(rates[0])))

static void interval(struct wn_ctx *ctx, const struct wn_sample *a, const struct wn_sample *b)
{
	struct wn_json *j = &ctx->j;
	double rate;
	int i;

	if (ctx->json) {
		wn_json_begin(j, "stat.interval");
		wn_json_string(j, "domain", ctx->name);
		wn_json_double(j, "seconds", (double)(b->at - a->at) / 1e9);
		wn_json_u64(j, "clients", b->info.clients);
		wn_json_u64(j, "nodes", b->info.nodes);
		wn_json_u64(j, "latency_ns", b->latency);
		wn_json_double(j, "changes", wn_sample_rate(a->changes, b->changes, a, b));
		wn_json_object(j, "rates");
	} else {
		fprintf(ctx->out, "%7u %8u %10.0f", b->info.clients, b->info.nodes,
			wn_sample_rate(a->changes, b->changes, a, b));
	}
	for (i = 0; i < RATES; i++) {
		rate = wn_sample_rate(a->stats[rates[i]], b->stats[rates[i]], a, b);
		if (ctx->json)
			wn_json_double(j, wn_stat_names[rates[i]].name, rate);
		else
			fprintf(ctx->out, " %11.0f", rate);
	}
	if (ctx->json) {
		wn_json_close(j, '}');
		wn_json_end(j);
	} else {
		fprintf(ctx->out, " %8.1f\n", (double)b->latency / 1e3);
	}
}

static void heading(struct wn_ctx *ctx)
{
	int i;

	fprintf(ctx->out, "%7s %8s %10s", "clients", "nodes", "changes/s");
	for (i = 0; i < RATES; i++)
		fprintf(ctx->out, " %9s/s", wn_stat_names[rates[i]].name);
	fprintf(ctx->out, " %8s\n", "us");
}

int cmd_stat(struct wn_ctx *ctx, int argc, char **argv)
{
	struct wn_sample a, b;
	__u64 ns = 0, count = ~0ULL, n;
	struct wn_opts o;
	int status, err;

	wn_opts_begin(&o, argc, argv);
	status = wn_opts_end(&o, 0, 2);
	if (!status && o.args && (!wn_text_time(o.arg[0], &ns) || ns < 10000000))
		status = wn_usage("the interval is a time of 10ms at least", o.arg[0]);
	if (!status && o.args > 1 && (!wn_text_number(o.arg[1], ~0ULL, &count) || !count))
		status = wn_usage("how often is a number, 1 at least", o.arg[1]);
	if (!status)
		status = wn_session(ctx);
	if (status)
		return status;
	err = wn_sample_take(ctx, &a, true);
	if (err)
		return wn_fail("cannot take counters", ctx->name, err);
	if (!o.args) {
		total(ctx, &a);
		return WN_EXIT_OK;
	}
	wn_stream(ctx);
	wn_stop_begin();
	for (n = 0; n < count; n++) {
		wn_stop_sleep(ns);
		if (wn_stopped() || ferror(ctx->out))
			break;
		err = wn_sample_take(ctx, &b, true);
		if (err)
			break;
		if (!ctx->json && !(n % PAGE))
			heading(ctx);
		interval(ctx, &a, &b);
		fflush(ctx->out);
		a = b;
	}
	wn_stop_end();
	return err ? wn_fail("cannot take counters", ctx->name, err) : WN_EXIT_OK;
}
