// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "opts.h"
#include "rights.h"
#include "session.h"
#include "stop.h"
#include "text.h"
#include "token.h"

static const char *const quotas[WN_QUOTA_KINDS] = { "nodes", "cells", "bytes", "caps" };

static void print_rights(FILE *to, __u32 mask)
{
	const char *sep = "";
	size_t i;

	if (mask == WN_RIGHT_ALL) {
		fputs("all", to);
		return;
	}
	for (i = 0; wn_rights[i]; i++) {
		if (!(mask >> i & 1))
			continue;
		fprintf(to, "%s%s", sep, wn_rights[i]);
		sep = ",";
	}
}

/* ns of boottime from now; 0: over, or never. */
static __u64 left(__u64 expires)
{
	const __u64 now = wn_deadline(0);

	return expires > now ? expires - now : 0;
}

static void json(struct wn_ctx *ctx, __u32 index, const struct wn_cap_info *info, const char *path)
{
	struct wn_json *j = &ctx->j;
	size_t i;

	wn_json_object(j, NULL);
	wn_json_u64(j, "index", index);
	wn_json_hex(j, "handle", info->handle);
	wn_json_string(j, "path", path);
	wn_json_hex(j, "node", info->node);
	wn_json_array(j, "rights");
	for (i = 0; wn_rights[i]; i++)
		if (info->rights >> i & 1)
			wn_json_string(j, NULL, wn_rights[i]);
	wn_json_close(j, ']');
	wn_json_hex(j, "badge", info->badge);
	wn_json_u64(j, "expires", info->expires);
	wn_json_u64(j, "depth", info->depth);
	wn_json_object(j, "quota");
	for (i = 0; i < WN_QUOTA_KINDS; i++)
		wn_json_u64(j, quotas[i], info->quota[i]);
	wn_json_close(j, '}');
	wn_json_object(j, "used");
	for (i = 0; i < WN_QUOTA_KINDS; i++)
		wn_json_u64(j, quotas[i], info->used[i]);
	wn_json_close(j, '}');
	wn_json_close(j, '}');
}

static void text(struct wn_ctx *ctx, __u32 index, const struct wn_cap_info *info, const char *path)
{
	FILE *to = ctx->out;
	size_t i;

	fprintf(to, "%-6u %-16s ", index, info->expires ? "" : "-");
	if (info->expires)
		fprintf(to, "%.1f s ", (double)left(info->expires) / 1e9);
	wn_text_safe(to, path, strlen(path));
	fputs("  ", to);
	print_rights(to, info->rights);
	if (info->badge)
		fprintf(to, "  badge %#llx", (unsigned long long)info->badge);
	for (i = 0; i < WN_QUOTA_KINDS; i++)
		if (info->quota[i])
			fprintf(to, "  %s %u of %u", quotas[i], info->used[i], info->quota[i]);
	fprintf(to, "  handle %#llx\n", (unsigned long long)info->handle);
}

static int ls(struct wn_ctx *ctx, int argc, char **argv)
{
	struct wn_domain_info info;
	struct wn_cap_info cap;
	char path[PATH_MAX];
	struct wn_opts o;
	int status, err;
	__u32 i;

	wn_opts_begin(&o, argc, argv);
	status = wn_opts_end(&o, 0, 0);
	if (!status)
		status = wn_session(ctx);
	if (!status)
		status = wn_session_path(ctx, ctx->name, path);
	if (status)
		return status;
	err = wn_domain_info(path, &info);
	if (err)
		return wn_fail("cannot look into", path, err);
	if (ctx->json) {
		wn_json_begin(&ctx->j, "cap.ls");
		wn_json_u64(&ctx->j, "client", ctx->wn.client);
		wn_json_array(&ctx->j, "caps");
	} else {
		fprintf(ctx->out, "%-6s %-16s %s\n", "INDEX", "EXPIRES IN", "PATH, RIGHTS");
	}
	for (i = 0; i < info.bounds.caps; i++) {
		err = wn_cap_read(&ctx->wn, (__u16)i, 0, &cap);
		/* None there, or one that is of no use any more. */
		if (err == -EACCES || err == -EKEYREVOKED || err == -EKEYEXPIRED)
			continue;
		if (err)
			return wn_fail("cannot read a capability", ctx->name, err);
		wn_session_path_of(ctx, cap.node, path, sizeof(path));
		if (ctx->json)
			json(ctx, i, &cap, path);
		else
			text(ctx, i, &cap, path);
	}
	if (ctx->json) {
		wn_json_close(&ctx->j, ']');
		wn_json_end(&ctx->j);
	}
	return WN_EXIT_OK;
}

/* A grant dies with who granted it: outside of a batch that is this program. */
static void hold(struct wn_ctx *ctx, __u64 ns)
{
	const __u64 end = ns ? wn_deadline(ns) : ~0ULL;

	fflush(ctx->out);
	wn_stop_begin();
	while (!wn_stopped() && wn_deadline(0) < end)
		wn_stop_sleep(end - wn_deadline(0) < 500000000 ? end - wn_deadline(0) : 500000000);
	wn_stop_end();
}

static int grant(struct wn_ctx *ctx, int argc, char **argv)
{
	__u64 to = ~0ULL, expires = 0, for_ = 0, badge = 0, n[WN_QUOTA_KINDS] = {}, node;
	const char *mask = "read";
	struct wn_grant g = {};
	struct wn_opts o;
	__u32 index = 0;
	int status;
	__s64 res;

	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o))
		if (!wn_opt_string(&o, "--rights", &mask) &&
		    !wn_opt_number(&o, "--to", 0xffffff, &to) &&
		    !wn_opt_time(&o, "--expires", &expires) &&
		    !wn_opt_number(&o, "--badge", ~0ULL, &badge) &&
		    !wn_opt_number(&o, "--nodes", UINT_MAX, &n[0]) &&
		    !wn_opt_number(&o, "--cells", UINT_MAX, &n[1]) &&
		    !wn_opt_number(&o, "--bytes", ~0ULL, &n[2]) &&
		    !wn_opt_number(&o, "--caps", UINT_MAX, &n[3]))
			wn_opt_time(&o, "--hold", &for_);
	status = wn_opts_end(&o, 1, 1);
	if (!status && !wn_rights_of(mask, &g.rights))
		status = wn_usage(WN_RIGHTS_HELP, mask);
	if (!status && to == ~0ULL && !ctx->batch)
		status = wn_usage("--to CLIENT: without a batch nobody else could use it", NULL);
	if (!status)
		status = wn_session_node(ctx, o.arg[0], &node);
	if (status)
		return status;
	g.expires = expires ? wn_deadline(expires) : 0;
	g.badge = badge;
	g.nodes = (__u32)n[0];
	g.cells = (__u32)n[1];
	g.bytes = n[2];
	g.caps = (__u32)n[3];
	res = wn_cap_grant(&ctx->wn, ctx->cap, node, to == ~0ULL ? 0 : to + 1, &g, &index);
	if (res == -ENXIO)
		return wn_fail_text(WN_EXIT_NOT_THERE, "cannot grant", o.arg[0],
				    "there is no client of that number (ENXIO)");
	if (WN_RES_IS_ERROR(res))
		return wn_fail("cannot grant", o.arg[0], (int)res);
	if (ctx->json) {
		wn_stream(ctx);
		wn_json_begin(&ctx->j, "cap.grant");
		wn_json_string(&ctx->j, "path", o.arg[0]);
		wn_json_hex(&ctx->j, "handle", (__u64)res);
		wn_json_u64(&ctx->j, "index", index);
		wn_json_end(&ctx->j);
	} else {
		fprintf(ctx->out, "handle %#llx, index %u\n", (unsigned long long)res, index);
	}
	if (!ctx->batch)
		hold(ctx, for_);
	return WN_EXIT_OK;
}

static int revoke(struct wn_ctx *ctx, int argc, char **argv)
{
	__u64 handle = 0, index = 0x10000;
	struct wn_cap_info info;
	const char *what;
	struct wn_opts o;
	int status, err;
	__s64 res;

	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o))
		wn_opt_number(&o, "--index", 0xffff, &index);
	status = wn_opts_end(&o, 0, 1);
	what = o.args ? o.arg[0] : "--index";
	if (!status && (o.args == 1) == (index < 0x10000))
		status = wn_usage("what is revoked is named by its handle, or by --index", NULL);
	if (!status && o.args && (!wn_text_number(o.arg[0], ~0ULL, &handle) || !handle))
		status = wn_usage("what is revoked is named by the handle that grant told", o.arg[0]);
	if (!status)
		status = wn_session(ctx);
	if (status)
		return status;
	if (!o.args) {
		err = wn_cap_read(&ctx->wn, (__u16)index, 0, &info);
		if (err)
			return wn_fail("cannot revoke", what, err);
		handle = info.handle;
	}
	res = wn_cap_revoke(&ctx->wn, ctx->cap, handle);
	if (res == -ESTALE)
		return wn_fail_text(WN_EXIT_NOT_THERE, "cannot revoke", what,
				    "this client granted nothing of that handle (ESTALE)");
	if (WN_RES_IS_ERROR(res))
		return wn_fail("cannot revoke", what, (int)res);
	if (ctx->json) {
		wn_json_begin(&ctx->j, "cap.revoke");
		wn_json_hex(&ctx->j, "handle", handle);
		wn_json_end(&ctx->j);
	}
	return WN_EXIT_OK;
}

const struct wn_cmd wn_cap_verbs[] = {
	{ "ls", "", "those of a client that opens the domain; in a batch, its own", ls },
	{ "grant", "PATH --to CLIENT [--rights R,...] [--expires TIME] [--badge N] [--nodes N] "
	  "[--cells N] [--bytes N] [--caps N] [--hold TIME]",
	  "hand on a part; lasts as long as this runs", grant },
	{ "revoke", "HANDLE | --index N", "in a batch: take it back, and all that came of it", revoke },
	{ "token", "PATH --expires TIME [--rights R,...] [--bound]",
	  "a capability that can be written down", wn_cap_token },
	{ "redeem", "[TOKEN]", "in a batch: what a token says, or the last that was made", wn_cap_redeem_token },
	{ "epoch", "[--next] [--oldest N]", "keys of tokens: a new one, and which are good", wn_cap_epoch },
	{}
};
