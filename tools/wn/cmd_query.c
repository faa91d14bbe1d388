// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <limits.h>
#include <string.h>

#include "node.h"
#include "opts.h"
#include "progress.h"
#include "session.h"
#include "text.h"

struct wanted {
	struct wn_filter filter;
	__u64 max;
	bool count;
};

static void number(__u32 *to, struct wn_filter *f, __u32 flag, __u64 value)
{
	*to = (__u32)value;
	f->flags |= flag;
}

/* "--tags 5" all of these bits; "--tags 5/7" of the bits 7 these. */
static bool tags(struct wn_opts *o, struct wn_filter *f)
{
	const char *s = NULL, *slash;
	char value[32];

	if (!wn_opt_string(o, "--tags", &s))
		return false;
	if (!s)
		return true;
	slash = strchr(s, '/');
	snprintf(value, sizeof(value), "%.*s", slash ? (int)(slash - s) : 31, s);
	f->flags |= WN_FILTER_TAGS;
	if (!wn_text_number(value, ~0ULL, &f->tags_value) ||
	    (slash && !wn_text_number(slash + 1, ~0ULL, &f->tags_mask))) {
		o->bad = "--tags wants BITS or BITS/MASK";
		o->bad_what = s;
	} else if (!slash) {
		f->tags_mask = f->tags_value;
	}
	return true;
}

static void option(struct wn_opts *o, struct wanted *w)
{
	struct wn_filter *f = &w->filter;
	const char *prefix = NULL;
	__u64 v = 0;

	if (wn_opt_is(o, "--count"))
		w->count = true;
	else if (wn_opt_number(o, "--max", ~0ULL, &w->max))
		return;
	else if (wn_opt_number(o, "--type", UINT_MAX, &v))
		number(&f->type, f, WN_FILTER_TYPE, v);
	else if (wn_opt_number(o, "--state", UINT_MAX, &v))
		number(&f->state, f, WN_FILTER_STATE, v);
	else if (wn_opt_number(o, "--owner", UINT_MAX, &v))
		number(&f->owner, f, WN_FILTER_OWNER, v);
	else if (wn_opt_number(o, "--since", ~0ULL, &f->since))
		f->flags |= WN_FILTER_SINCE;
	else if (wn_opt_is(o, "--cells"))
		f->flags |= WN_FILTER_CELLS;
	else if (wn_opt_string(o, "--prefix", &prefix) && prefix) {
		f->flags |= WN_FILTER_PREFIX;
		if (strlen(prefix) > WN_PREFIX_MAX && !o->bad) {
			o->bad = "--prefix has at most 15 bytes";
			o->bad_what = prefix;
		}
		strncpy((char *)f->prefix, prefix, WN_PREFIX_MAX);
	} else {
		tags(o, f);
	}
}

static void show(struct wn_ctx *ctx, const struct wn_node_rec *rec)
{
	char path[PATH_MAX];

	wn_session_path_of(ctx, rec->handle, path, sizeof(path));
	if (ctx->json) {
		wn_node_json(ctx, NULL, path, rec);
		return;
	}
	wn_text_safe(ctx->out, path, strlen(path));
	fputs("  ", ctx->out);
	wn_text_colour(ctx->out, ctx->colour, WN_DIM);
	wn_node_text(ctx, rec);
	wn_text_plain(ctx->out, ctx->colour);
	fputc('\n', ctx->out);
}

int cmd_query(struct wn_ctx *ctx, int argc, char **argv)
{
	struct wanted w = { .max = ~0ULL };
	const struct wn_node_rec *rec;
	struct wn_progress p;
	struct wn_query_it it;
	struct wn_opts o;
	int status, err, end;
	__u64 node, n = 0;

	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o))
		option(&o, &w);
	status = wn_opts_end(&o, 0, 1);
	if (!status && w.filter.flags & WN_FILTER_CELLS && !(w.filter.flags & WN_FILTER_SINCE))
		status = wn_usage("--cells goes with --since", NULL);
	if (!status)
		status = wn_session_node(ctx, o.args ? o.arg[0] : "/", &node);
	if (status)
		return status;
	if (ctx->json) {
		wn_json_begin(&ctx->j, "query");
		wn_json_string(&ctx->j, "domain", ctx->name);
		wn_json_array(&ctx->j, "nodes");
	}
	wn_progress_begin(&p, "nodes found:", 0);
	err = wn_query_begin(&ctx->wn, &it, node, &w.filter);
	while (!err && n < w.max && (rec = wn_query_next(&it))) {
		n++;
		wn_progress_at(&p, n);
		if (!w.count)
			show(ctx, rec);
	}
	end = wn_query_end(&it);
	wn_progress_end(&p);
	err = err ? err : end;
	if (err)
		return wn_fail("cannot query", o.args ? o.arg[0] : "/", err);
	if (ctx->json) {
		wn_json_close(&ctx->j, ']');
		wn_json_u64(&ctx->j, "count", n);
		wn_json_hex(&ctx->j, "until", it.until);
		wn_json_end(&ctx->j);
	} else if (w.count) {
		fprintf(ctx->out, "%llu\n", (unsigned long long)n);
	}
	return WN_EXIT_OK;
}
