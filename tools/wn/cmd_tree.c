// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "node.h"
#include "opts.h"
#include "progress.h"
#include "session.h"
#include "text.h"

/* All nodes below one, by (parent, name): a node's children lie side by side. */
struct forest {
	struct wn_node_rec *recs;
	size_t n, room;
};

static int by_parent(const void *a, const void *b)
{
	const struct wn_node_rec *x = a, *y = b;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	return memcmp(x->name, y->name, WN_NAME_BYTES);
}

/* One query finds all: it needs no more rights than READ over the subtree. */
static int gather(struct wn_ctx *ctx, __u64 node, struct forest *f)
{
	const struct wn_node_rec *rec;
	struct wn_progress p;
	struct wn_query_it it;
	int err, end;

	wn_progress_begin(&p, "reading nodes", 0);
	err = wn_query_begin(&ctx->wn, &it, node, NULL);
	while (!err && (rec = wn_query_next(&it))) {
		if (f->n == f->room) {
			size_t room = f->room ? 2 * f->room : 256;
			void *more = realloc(f->recs, room * sizeof(*f->recs));

			if (!more) {
				err = -ENOMEM;
				break;
			}
			f->recs = more;
			f->room = room;
		}
		f->recs[f->n++] = *rec;
		wn_progress_at(&p, f->n);
	}
	end = wn_query_end(&it);
	wn_progress_end(&p);
	if (!err && !end && f->n)
		qsort(f->recs, f->n, sizeof(*f->recs), by_parent);
	return err ? err : end;
}

static size_t first_child(const struct forest *f, __u64 parent)
{
	size_t low = 0, high = f->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (f->recs[mid].parent < parent)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct walk {
	struct wn_ctx *ctx;
	const struct forest *f;
	__u64 depth;		/* levels to show */
	bool long_;
	char path[WN_DEPTH_MAX * WN_NAME_BYTES + PATH_MAX];
	char lines[4 * WN_DEPTH_MAX * 4 + 16]; /* the branches that go on */
};

static void show_one(struct walk *w, const struct wn_node_rec *rec, bool top)
{
	struct wn_ctx *ctx = w->ctx;

	if (ctx->json) {
		wn_node_json(ctx, NULL, w->path, rec);
		return;
	}
	wn_text_colour(ctx->out, ctx->colour && rec->nr_children, WN_BOLD);
	if (top)
		wn_text_safe(ctx->out, w->path, strlen(w->path));
	else
		wn_text_safe(ctx->out, (const char *)rec->name,
			     strnlen((const char *)rec->name, WN_NAME_MAX));
	wn_text_plain(ctx->out, ctx->colour && rec->nr_children);
	if (w->long_) {
		fputs("  ", ctx->out);
		wn_text_colour(ctx->out, ctx->colour, WN_DIM);
		wn_node_text(ctx, rec);
		wn_text_plain(ctx->out, ctx->colour);
	}
	fputc('\n', ctx->out);
}

/* As deep as the tree, which is bounded. */
static void walk(struct walk *w, const struct wn_node_rec *rec, unsigned int level)
{
	const size_t at = strlen(w->path), lines = strlen(w->lines);
	size_t i = first_child(w->f, rec->handle);
	const struct wn_node_rec *child;
	bool last;

	if (level >= w->depth || level > WN_DEPTH_MAX)
		return;
	for (; i < w->f->n && w->f->recs[i].parent == rec->handle; i++) {
		child = &w->f->recs[i];
		last = i + 1 == w->f->n || w->f->recs[i + 1].parent != rec->handle;
		if (!w->ctx->json)
			fprintf(w->ctx->out, "%s%s", w->lines, last ? "`-- " : "|-- ");
		snprintf(w->path + at, sizeof(w->path) - at, "%s%.63s",
			 at && w->path[at - 1] == '/' ? "" : "/", (const char *)child->name);
		show_one(w, child, false);
		strcpy(w->lines + lines, last ? "    " : "|   ");
		walk(w, child, level + 1);
		w->lines[lines] = 0;
		w->path[at] = 0;
	}
}

int cmd_tree(struct wn_ctx *ctx, int argc, char **argv)
{
	struct walk *w = NULL;
	struct forest f = {};
	struct wn_node_rec rec;
	__u64 depth = WN_DEPTH_MAX, node;
	const char *path;
	bool long_ = false;
	struct wn_opts o;
	int status, err;

	wn_opts_begin(&o, argc, argv);
	while (wn_opts_next(&o)) {
		if (wn_opt_is(&o, "--long") || wn_opt_is(&o, "-l"))
			long_ = true;
		else
			wn_opt_number(&o, "--depth", WN_DEPTH_MAX, &depth);
	}
	status = wn_opts_end(&o, 0, 1);
	path = o.args ? o.arg[0] : "/";
	if (!status)
		status = wn_session_node(ctx, path, &node);
	if (status)
		return status;
	err = gather(ctx, node, &f);
	if (!err)
		err = wn_node_read(&ctx->wn, node, &rec);
	w = err ? NULL : calloc(1, sizeof(*w));
	if (!w) {
		free(f.recs);
		return wn_fail("cannot read the tree", path, err ? err : -ENOMEM);
	}
	*w = (struct walk){ .ctx = ctx, .f = &f, .depth = depth, .long_ = long_ };
	wn_session_path_of(ctx, node, w->path, PATH_MAX);
	if (ctx->json) {
		wn_json_begin(&ctx->j, "tree");
		wn_json_string(&ctx->j, "domain", ctx->name);
		wn_json_array(&ctx->j, "nodes");
	}
	show_one(w, &rec, true);
	walk(w, &rec, 0);
	if (ctx->json) {
		wn_json_close(&ctx->j, ']');
		wn_json_end(&ctx->j);
	}
	free(w);
	free(f.recs);
	return WN_EXIT_OK;
}
