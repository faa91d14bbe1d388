// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <limits.h>
#include <string.h>

#include "node.h"
#include "opts.h"
#include "session.h"
#include "stop.h"
#include "text.h"

/* ns between two looks for ^C: libwn's waits end by a signal, but it may come just before. */
#define LOOK	500000000ULL

static const char *const kinds[] = {
	"user", "down", "loss", "rescan", "change", "call", "reply", "timer", "lease", "cap", "audit",
};

static const struct {
	__u32 bit;
	const char *name;
} whats[] = {
	{ WN_CHANGE_TREE, "tree" }, { WN_CHANGE_FIELDS, "fields" }, { WN_CHANGE_CELLS, "cells" },
	{ WN_CHANGE_MOVED, "moved" }, { WN_CHANGE_STATE, "state" }, { WN_CHANGE_LIVE, "live" },
	{ WN_CHANGE_END, "end" },
};

#define WHATS	(sizeof(whats) / sizeof(whats[0]))

static const char *const audits[] = { "none", "granted", "refused", "expired", "revoked" };

struct watch {
	struct wn_ctx *ctx;
	__u64 count, timeout, priority;
	__u32 what;		/* WN_SUB_* */
	bool events;		/* be the node's reader */
	bool take;		/* also where another client is */
	__u16 cap;		/* that was granted for it; 0: none */
	__s64 sub;
	bool ended;		/* the node went */
};

static const char *kind_of(const struct wn_event *e)
{
	return e->kind < sizeof(kinds) / sizeof(kinds[0]) ? kinds[e->kind] : "unknown";
}

static void json(struct wn_ctx *ctx, const struct wn_event *e, const char *path)
{
	const struct wn_change *c = (const void *)e->data;
	const struct wn_audit_event *a = (const void *)e->data;
	struct wn_json *j = &ctx->j;
	size_t i;

	wn_json_begin(j, "watch");
	wn_json_string(j, "kind", kind_of(e));
	wn_json_string(j, "path", path);
	wn_json_hex(j, "node", e->node);
	wn_json_hex(j, "hlc", e->hlc);
	wn_json_u64(j, "ms", wn_hlc_ms(e->hlc));
	wn_json_u64(j, "priority", e->priority);
	wn_json_hex(j, "trace", e->trace);
	wn_json_hex(j, "badge", e->badge);
	switch (e->kind) {
	case WN_EV_CHANGE:
	case WN_EV_RESCAN:
		wn_json_array(j, "what");
		for (i = 0; i < WHATS; i++)
			if (c->what & whats[i].bit)
				wn_json_string(j, NULL, whats[i].name);
		wn_json_close(j, ']');
		wn_json_u64(j, "version", c->version);
		break;
	case WN_EV_AUDIT:
		wn_json_string(j, "what", a->what <= WN_AUDIT_REVOKED ? audits[a->what] : "unknown");
		wn_json_hex(j, "cap", a->handle);
		wn_json_u64(j, "client", a->client);
		wn_json_u64(j, "index", a->index);
		if (a->error)
			wn_json_string(j, "error", wn_errno_name(a->error));
		break;
	default:
		wn_json_u64(j, "type", e->type);
		wn_json_bytes(j, "data", e->data, e->len <= sizeof(e->data) ? e->len : 0);
	}
	wn_json_end(j);
}

static void text(struct wn_ctx *ctx, const struct wn_event *e, const char *path)
{
	const struct wn_change *c = (const void *)e->data;
	const struct wn_audit_event *a = (const void *)e->data;
	FILE *to = ctx->out;
	size_t i;

	wn_text_colour(to, ctx->colour, WN_DIM);
	wn_node_time(to, e->hlc);
	wn_text_plain(to, ctx->colour);
	fprintf(to, "  %-7s ", kind_of(e));
	wn_text_colour(to, ctx->colour, WN_CYAN);
	wn_text_safe(to, path, strlen(path));
	wn_text_plain(to, ctx->colour);
	switch (e->kind) {
	case WN_EV_CHANGE:
		for (i = 0; i < WHATS; i++)
			if (c->what & whats[i].bit)
				fprintf(to, " %s", whats[i].name);
		fprintf(to, " (version %llu)", (unsigned long long)c->version);
		break;
	case WN_EV_RESCAN:
		fputs(" changes were lost: wn query --since", to);
		fprintf(to, " %#llx", (unsigned long long)e->hlc);
		break;
	case WN_EV_AUDIT:
		fprintf(to, " %s capability %#llx of client %u",
			a->what <= WN_AUDIT_REVOKED ? audits[a->what] : "unknown",
			(unsigned long long)a->handle, a->client);
		if (a->error)
			fprintf(to, " %s", wn_errno_name(a->error));
		break;
	default:
		fprintf(to, " type %u ", e->type);
		wn_text_safe(to, (const char *)e->data, e->len <= sizeof(e->data) ? e->len : 0);
	}
	fputc('\n', to);
}

static void show(struct watch *w, const struct wn_event *at)
{
	const struct wn_event e = *at;
	char path[PATH_MAX];

	wn_event_seen(&w->ctx->wn);
	wn_session_path_of(w->ctx, e.node, path, sizeof(path));
	if (w->ctx->json)
		json(w->ctx, &e, path);
	else
		text(w->ctx, &e, path);
	if (e.kind == WN_EV_CHANGE && ((const struct wn_change *)(const void *)e.data)->what & WN_CHANGE_END)
		w->ended = true;
}

/* Until so many were shown, the time passed, the node went, or ^C. */
static int follow(struct watch *w, const char *where)
{
	const __u64 end = w->timeout ? wn_deadline(w->timeout) : ~0ULL;
	const struct wn_event *e;
	__u64 n = 0, next;
	int err = 0;

	while (n < w->count && !w->ended && !wn_stopped()) {
		next = wn_deadline(LOOK);
		err = wn_wait_event(&w->ctx->wn, &e, next < end ? next : end);
		if (!err) {
			show(w, e);
			n++;
			continue;
		}
		fflush(w->ctx->out);
		if (ferror(w->ctx->out))
			break;
		if (err == -ETIME && wn_deadline(0) >= end)
			return w->count == ~0ULL ? 0 :
			       wn_fail_text(WN_EXIT_TIME, "watched in vain", where,
					    "the time passed before so much had come");
		if (err != -ETIME && err != -EINTR)
			return wn_fail("cannot go on watching", where, err);
	}
	return 0;
}

/*
 * Become the node's reader. With the right ADMIN that would take the place of whoever
 * reads there, and nobody wants that by just looking on: so it is done under a grant to
 * ourselves that lacks it.
 */
static __s64 bind_to(struct watch *w, __u64 node)
{
	const struct wn_grant grant = { .rights = WN_RIGHT_READ };
	struct wn_ctx *ctx = w->ctx;
	struct wn_sqe sqe = {};
	__u32 index;
	__s64 res;

	if (!w->take) {
		res = wn_cap_grant(&ctx->wn, ctx->cap, node, 0, &grant, &index);
		if (WN_RES_IS_ERROR(res))
			return res;
		w->cap = (__u16)index;
	}
	wn_prep_bind(&sqe, node, WN_POLICY_DROP_OLDEST, 0);
	wn_sqe_cap(&sqe, w->take ? ctx->cap : w->cap);
	return wn_do(&ctx->wn, &sqe, NULL, NULL);
}

static void end(struct watch *w, __u64 node)
{
	struct wn_sqe sqe = {};

	if (w->sub && !w->ended)
		wn_unsubscribe(&w->ctx->wn, (__u64)w->sub);
	if (w->events) {
		wn_prep_unbind(&sqe, node, 0);
		wn_sqe_cap(&sqe, w->take ? w->ctx->cap : w->cap);
		wn_do(&w->ctx->wn, &sqe, NULL, NULL);
	}
	if (w->cap)
		wn_cap_revoke(&w->ctx->wn, w->cap, 0);
}

static __s64 begin(struct watch *w, __u64 node)
{
	struct wn_sqe sqe = {};
	__s64 res;

	if (w->events) {
		res = bind_to(w, node);
		w->events = !res;
		if (res)
			return res;
	}
	if (!w->what)
		return 0;
	wn_prep_subscribe(&sqe, node, w->what | WN_SUB_PRIORITY(w->priority), 0);
	res = wn_session_do(w->ctx, &sqe, NULL, NULL);
	if (WN_RES_IS_ERROR(res))
		return res;
	w->sub = res;
	return 0;
}

int cmd_watch(struct wn_ctx *ctx, int argc, char **argv)
{
	struct watch w = { .ctx = ctx, .count = ~0ULL };
	const char *where;
	struct wn_opts o;
	int status;
	__u64 node;
	__s64 res;

	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o)) {
		if (wn_opt_is(&o, "--tree"))
			w.what |= WN_SUB_TREE;
		else if (wn_opt_is(&o, "--fields"))
			w.what |= WN_SUB_FIELDS;
		else if (wn_opt_is(&o, "--cells"))
			w.what |= WN_SUB_CELLS;
		else if (wn_opt_is(&o, "--state"))
			w.what |= WN_SUB_STATE;
		else if (wn_opt_is(&o, "--audit"))
			w.what |= WN_SUB_AUDIT;
		else if (wn_opt_is(&o, "--events"))
			w.events = true;
		else if (wn_opt_is(&o, "--take"))
			w.events = w.take = true;
		else if (!wn_opt_number(&o, "--count", ~0ULL - 1, &w.count))
			wn_opt_time(&o, "--timeout", &w.timeout);
	}
	status = wn_opts_end(&o, 0, 1);
	where = o.args ? o.arg[0] : "/";
	if (!status && w.what & WN_SUB_AUDIT && (w.what != WN_SUB_AUDIT || w.events))
		status = wn_usage("--audit goes alone", NULL);
	/* All changes, if nothing else was asked for. */
	if (w.what == WN_SUB_STATE || (!w.what && !w.events))
		w.what |= WN_SUB_TREE | WN_SUB_FIELDS | WN_SUB_CELLS;
	if (!status)
		status = wn_session_node(ctx, where, &node);
	if (status)
		return status;
	res = begin(&w, node);
	if (res) {
		end(&w, node);
		if (res == -EBUSY)
			return wn_fail_text(WN_EXIT_CONFLICT, "cannot watch events", where,
					    "another client reads them; --take takes its place (EBUSY)");
		return wn_fail("cannot watch", where, (int)res);
	}
	wn_stream(ctx);
	setvbuf(stdout, NULL, _IOLBF, 0);
	wn_stop_begin();
	status = follow(&w, where);
	wn_stop_end();
	/* In a batch the client goes on. */
	end(&w, node);
	return status;
}
