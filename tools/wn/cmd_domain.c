// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <limits.h>
#include <string.h>

#include "bounds.h"
#include "opts.h"
#include "progress.h"
#include "session.h"
#include "text.h"

/* --NODES 100 and the like. */
static bool bound_option(struct wn_opts *o, struct wn_bounds *b)
{
	char name[32];
	unsigned int i;
	__u64 v;

	for (i = 0; wn_bound_name(i); i++) {
		snprintf(name, sizeof(name), "--%s", wn_bound_name(i));
		v = wn_bound_get(b, i);
		if (!wn_opt_number(o, name, wn_bound_max(i), &v))
			continue;
		wn_bound_set(b, i, v);
		return true;
	}
	return false;
}

static int create(struct wn_ctx *ctx, int argc, char **argv)
{
	static const char *const profiles[] = { "default", "large", NULL };
	const char *mode_text = "660";
	struct wn_bounds_query q;
	int profile = 0, status, err;
	struct wn_ticker ticker;
	unsigned int mode;
	char path[PATH_MAX];
	struct wn_opts o;
	bool may_be = false;

	status = wn_session_engine(ctx);
	if (status)
		return status;
	/* The profile first, whatever the order: other options change it. */
	for (err = 1; err + 1 < argc && strcmp(argv[err], "--profile"); err++)
		;
	if (err + 1 < argc)
		profile = wn_text_word(argv[err + 1], profiles);
	err = wn_bounds(ctx->mount, profile == 1 ? WN_BOUNDS_LIMIT : WN_BOUNDS_DEFAULT, &q);
	if (err)
		return wn_fail("cannot ask for bounds", ctx->mount, err);
	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o)) {
		if (wn_opt_is(&o, "--exists-ok"))
			may_be = true;
		else if (!wn_opt_string(&o, "--mode", &mode_text) &&
			 !wn_opt_word(&o, "--profile", profiles, &profile))
			bound_option(&o, &q.bounds);
	}
	status = wn_opts_end(&o, 1, 1);
	if (status)
		return status;
	if (!wn_text_mode(mode_text, &mode))
		return wn_usage("--mode wants octal permission bits", mode_text);
	status = wn_session_path(ctx, o.arg[0], path);
	if (status)
		return status;
	/* Its memory is taken and zeroed now: of the large profile 1.2 GB. */
	wn_ticker_begin(&ticker, "making the domain, seconds:");
	err = wn_domain_create(path, mode, &q.bounds);
	wn_ticker_end(&ticker);
	if (err == -EEXIST && may_be)
		err = 0;
	else if (!err && ctx->embed)
		wn_session_made(o.arg[0]);
	if (err)
		return wn_bounds_fail(ctx->mount, &q.bounds, "cannot create", path, err);
	if (ctx->json) {
		wn_json_begin(&ctx->j, "domain.create");
		wn_json_string(&ctx->j, "name", o.arg[0]);
		wn_json_end(&ctx->j);
	}
	return WN_EXIT_OK;
}

static void json_domain(struct wn_json *j, const char *name, const struct wn_domain_info *info)
{
	wn_json_string(j, "name", name);
	wn_json_u64(j, "id", info->id);
	wn_json_u64(j, "bytes", info->bytes);
	wn_json_u64(j, "client_bytes", info->client_bytes);
	wn_json_u64(j, "clients", info->clients);
	wn_json_u64(j, "nodes", info->nodes);
}

/* One of the list; what cannot be looked into is listed, too. */
static int list_one(struct wn_ctx *ctx, const char *name)
{
	struct wn_domain_info info;
	char path[PATH_MAX];
	int status, err;

	status = wn_session_path(ctx, name, path);
	if (status)
		return status;
	err = wn_domain_info(path, &info);
	if (err == -ENOENT)	/* removed since it was listed */
		return 0;
	if (ctx->json) {
		wn_json_object(&ctx->j, NULL);
		if (err) {
			wn_json_string(&ctx->j, "name", name);
			wn_json_string(&ctx->j, "error", wn_errno_name(err));
		} else {
			json_domain(&ctx->j, name, &info);
		}
		wn_json_close(&ctx->j, '}');
		return 0;
	}
	if (err)
		return wn_fail("cannot look into", path, err);
	fprintf(ctx->out, "%-24s %8u %8u %12llu\n", name, info.clients, info.nodes,
		(unsigned long long)(info.bytes + info.client_bytes));
	return 0;
}

static int ls(struct wn_ctx *ctx, int argc, char **argv)
{
	char **names;
	int n, i, one, status;
	struct wn_opts o;

	wn_opts_begin(&o, argc, argv);
	status = wn_opts_end(&o, 0, 0);
	if (!status)
		status = wn_session_engine(ctx);
	if (status)
		return status;
	n = wn_session_names(ctx, &names);
	if (n < 0)
		return wn_fail("cannot list domains", ctx->mount, n);
	if (ctx->json) {
		wn_json_begin(&ctx->j, "domain.ls");
		wn_json_array(&ctx->j, "domains");
	} else {
		fprintf(ctx->out, "%-24s %8s %8s %12s\n", "DOMAIN", "CLIENTS", "NODES", "BYTES");
	}
	for (i = 0; i < n; i++) {
		one = list_one(ctx, names[i]);
		if (one)
			status = one;
	}
	wn_session_free(names, n);
	if (ctx->json) {
		wn_json_close(&ctx->j, ']');
		wn_json_end(&ctx->j);
	}
	return status;
}

static void show_text(FILE *to, const char *name, const struct wn_domain_info *info)
{
	const struct wn_bounds *b = &info->bounds;
	unsigned int i;

	fprintf(to, "domain    %s (id %llu)\n", name, (unsigned long long)info->id);
	fprintf(to, "memory    %llu bytes, clients %llu bytes\n", (unsigned long long)info->bytes,
		(unsigned long long)info->client_bytes);
	fprintf(to, "clients   %u of %u\n", info->clients, b->clients);
	fprintf(to, "nodes     %u of %u\n", info->nodes, b->nodes);
	fprintf(to, "bounds   ");
	for (i = 0; wn_bound_name(i); i++)
		fprintf(to, " %s=%llu", wn_bound_name(i), (unsigned long long)wn_bound_get(b, i));
	fputc('\n', to);
}

static int show(struct wn_ctx *ctx, int argc, char **argv)
{
	struct wn_domain_info info;
	struct wn_json *j = &ctx->j;
	char path[PATH_MAX];
	struct wn_opts o;
	unsigned int i;
	int status, err;

	wn_opts_begin(&o, argc, argv);
	status = wn_opts_end(&o, 1, 1);
	if (!status)
		status = wn_session_engine(ctx);
	if (!status)
		status = wn_session_path(ctx, o.arg[0], path);
	if (status)
		return status;
	err = wn_domain_info(path, &info);
	if (err)
		return wn_fail("cannot show", path, err);
	if (!ctx->json) {
		show_text(ctx->out, o.arg[0], &info);
		return WN_EXIT_OK;
	}
	wn_json_begin(j, "domain.show");
	json_domain(j, o.arg[0], &info);
	wn_json_object(j, "bounds");
	for (i = 0; wn_bound_name(i); i++)
		wn_json_u64(j, wn_bound_name(i), wn_bound_get(&info.bounds, i));
	wn_json_close(j, '}');
	wn_json_end(j);
	return WN_EXIT_OK;
}

static int rm(struct wn_ctx *ctx, int argc, char **argv)
{
	int i, err, status;
	char path[PATH_MAX];
	struct wn_opts o;

	wn_opts_begin(&o, argc, argv);
	status = wn_opts_end(&o, 1, argc);
	if (!status)
		status = wn_session_engine(ctx);
	/* All names are looked at before the first domain goes. */
	for (i = 0; !status && i < o.args; i++)
		status = wn_session_path(ctx, o.arg[i], path);
	if (status)
		return status;
	for (i = 0; i < o.args; i++) {
		wn_session_path(ctx, o.arg[i], path);
		err = wn_domain_remove(path);
		if (err)
			status = wn_fail("cannot remove", path, err);
		else if (ctx->embed)
			wn_session_removed(o.arg[i]);
	}
	if (ctx->json) {
		wn_json_begin(&ctx->j, "domain.rm");
		wn_json_u64(&ctx->j, "removed", (__u64)o.args);
		wn_json_end(&ctx->j);
	}
	return status;
}

const struct wn_cmd wn_domain_verbs[] = {
	{ "create", "NAME [--mode OCTAL] [--profile default|large] [--exists-ok] [--BOUND N]...",
	  "make one", create },
	{ "ls", "", "list them", ls },
	{ "show", "NAME", "memory, clients, bounds", show },
	{ "apply", "FILE|DIR...", "make those that files describe", wn_domain_apply },
	{ "rm", "NAME...", "remove names; a domain ends with its last client", rm },
	{}
};
