// SPDX-License-Identifier: MIT
#include "session.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <wn_embed.h>

#include "demo.h"
#include "text.h"

/* Domains of the engine in this process: nobody else lists them. */
static char **made;
static int nr_made;

void wn_session_made(const char *name)
{
	char **more = realloc(made, ((size_t)nr_made + 1) * sizeof(*made));

	if (!more)
		return;
	made = more;
	made[nr_made] = strdup(name);
	if (made[nr_made])
		nr_made++;
}

void wn_session_removed(const char *name)
{
	int i;

	for (i = 0; i < nr_made; i++) {
		if (strcmp(made[i], name))
			continue;
		free(made[i]);
		made[i] = made[--nr_made];
		return;
	}
}

int wn_session_engine(struct wn_ctx *ctx)
{
	static bool done;
	char path[PATH_MAX];
	int err;

	if (!ctx->embed || done)
		return 0;
	done = true;
	err = wn_embed_init(0);
	if (!err && !wn_session_path(ctx, WN_DEMO_NAME, path)) {
		err = wn_demo_make(path, ctx->live);
		wn_session_made(WN_DEMO_NAME);
	}
	return err ? wn_fail("cannot make the demo domain", WN_DEMO_NAME, err) : 0;
}

int wn_session_path(struct wn_ctx *ctx, const char *name, char *path)
{
	if (!*name || strchr(name, '/'))
		return wn_usage("a domain's name has no slash and is not empty", name);
	if (strlen(name) > WN_NAME_MAX)
		return wn_usage("a domain's name has at most 63 bytes", name);
	if (snprintf(path, PATH_MAX, "%s/%s", ctx->mount, name) >= PATH_MAX)
		return wn_fail("cannot name a domain", ctx->mount, -ENAMETOOLONG);
	return 0;
}

static int is_domain(const struct dirent *d)
{
	return strcmp(d->d_name, ".") && strcmp(d->d_name, "..") &&
	       strcmp(d->d_name, WN_FS_CONTROL) && strcmp(d->d_name, WN_FS_FEATURES);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names_in(const char *dir, char ***names)
{
	struct dirent **found;
	int n, i, err = 0;

	n = scandir(dir, &found, is_domain, NULL);
	if (n < 0)
		return -errno;
	*names = calloc((size_t)n + 1, sizeof(**names));
	for (i = 0; i < n; i++) {
		if (*names)
			(*names)[i] = strdup(found[i]->d_name);
		if (!*names || !(*names)[i])
			err = -ENOMEM;
		free(found[i]);
	}
	free(found);
	if (err)
		wn_session_free(*names, n);
	return err ? err : n;
}

int wn_session_names(struct wn_ctx *ctx, char ***names)
{
	int i, n = nr_made;

	*names = NULL;
	if (!ctx->embed) {
		n = names_in(ctx->mount, names);
		if (n < 0)
			return n;
	} else {
		*names = calloc((size_t)n + 1, sizeof(**names));
		for (i = 0; *names && i < n; i++)
			(*names)[i] = strdup(made[i]);
		if (!*names)
			return -ENOMEM;
	}
	if (*names && n)
		qsort(*names, (size_t)n, sizeof(**names), by_name);
	return n;
}

void wn_session_free(char **names, int n)
{
	int i;

	for (i = 0; names && i < n; i++)
		free(names[i]);
	free(names);
}

/* The domain that is meant, if -d does not say it: the only one. */
static int choose(struct wn_ctx *ctx)
{
	char **names = NULL;
	int n, status = 0;

	if (ctx->domain) {
		if (strlen(ctx->domain) > WN_NAME_MAX)
			return wn_usage("a domain's name has at most 63 bytes", ctx->domain);
		strcpy(ctx->name, ctx->domain);
		return 0;
	}
	n = wn_session_names(ctx, &names);
	if (n < 0)
		return wn_fail("cannot list domains", ctx->mount, n);
	if (n == 1 && names)
		snprintf(ctx->name, sizeof(ctx->name), "%s", names[0]);
	else if (!n)
		status = wn_fail_text(WN_EXIT_NOT_THERE, "which domain", ctx->mount,
				      "there is none; make one by: wn domain create NAME");
	else
		status = wn_fail_text(WN_EXIT_USAGE, "which domain", ctx->mount,
				      "there are several: say -d NAME; wn domain ls lists them");
	wn_session_free(names, n);
	return status;
}

int wn_session(struct wn_ctx *ctx)
{
	char path[PATH_MAX];
	int status, err;

	if (ctx->open)
		return 0;
	status = wn_session_engine(ctx);
	if (!status)
		status = choose(ctx);
	if (!status)
		status = wn_session_path(ctx, ctx->name, path);
	if (status)
		return status;
	err = wn_open(&ctx->wn, path, NULL);
	if (err)
		return wn_fail("cannot open", path, err);
	ctx->open = true;
	return 0;
}

void wn_session_end(struct wn_ctx *ctx)
{
	if (ctx->open)
		wn_close(&ctx->wn);
	ctx->open = false;
}

__s64 wn_session_do(struct wn_ctx *ctx, struct wn_sqe *sqe, const void *data,
		    struct wn_cqe *cqe)
{
	wn_sqe_cap(sqe, ctx->cap);
	return wn_do(&ctx->wn, sqe, data, cqe);
}

static bool is_handle(const char *path, __u64 *node)
{
	return !strncmp(path, "0x", 2) && wn_text_number(path, ~0ULL, node) && *node;
}

int wn_session_node(struct wn_ctx *ctx, const char *path, __u64 *node)
{
	int status = wn_session(ctx), err;
	struct wn_node_rec rec;
	__s64 res;

	if (status)
		return status;
	if (is_handle(path, node)) {
		err = wn_node_read(&ctx->wn, *node, &rec);
		return err ? wn_fail("no such node", path, err) : 0;
	}
	if (!*path)
		return wn_usage("a path is empty; / is the root", NULL);
	res = wn_path_lookup(&ctx->wn, 0, path);
	if (res == -ENOENT)
		return wn_fail_text(WN_EXIT_NOT_THERE, "no such node", path,
				    "nothing has that path; wn tree shows what there is");
	if (WN_RES_IS_ERROR(res))
		return wn_fail("cannot find the node", path, (int)res);
	*node = (__u64)res;
	return 0;
}

int wn_session_parent(struct wn_ctx *ctx, const char *path, __u64 *parent, const char **name)
{
	const char *slash = strrchr(path, '/');
	char above[PATH_MAX];

	*name = slash ? slash + 1 : path;
	if (!**name)
		return wn_usage("a new node needs a name behind the last slash", path);
	if (strlen(*name) > WN_NAME_MAX)
		return wn_fail("cannot name a node", path, -ENAMETOOLONG);
	if ((size_t)(*name - path) >= sizeof(above))
		return wn_fail("cannot find the parent", path, -ENAMETOOLONG);
	/* "0x12/name": below a handle. */
	snprintf(above, sizeof(above), "%.*s", slash ? (int)(slash - path) : 0, path);
	return wn_session_node(ctx, *above ? above : "/", parent);
}

void wn_session_path_of(struct wn_ctx *ctx, __u64 node, char *path, size_t bytes)
{
	struct wn_node_rec rec;
	size_t at = bytes - 1, len;
	int up;

	path[at] = 0;
	for (up = 0; up <= WN_DEPTH_MAX; up++) {
		if (wn_node_read(&ctx->wn, node, &rec)) {
			/* It went meanwhile: its handle is what is left of it. */
			if (at == bytes - 1)
				snprintf(path, bytes, "%#llx", (unsigned long long)node);
			else
				memmove(path, path + at, bytes - at);
			return;
		}
		if (!rec.parent)
			break;
		len = strnlen((const char *)rec.name, WN_NAME_MAX);
		if (len + 1 > at)
			break;
		at -= len;
		memcpy(path + at, rec.name, len);
		path[--at] = '/';
		node = rec.parent;
	}
	if (at == bytes - 1)
		path[--at] = '/';
	memmove(path, path + at, bytes - at);
}

int wn_session_cell(struct wn_ctx *ctx, const char *path, const char *id, __u64 *node,
		    struct wn_cell_rec *rec)
{
	int status = wn_session_node(ctx, path, node), err;
	char where[PATH_MAX];
	__s64 cell;
	__u64 n;

	if (status)
		return status;
	if (!wn_text_number(id, ~0ULL, &n))
		return wn_usage("a cell's id is a number", id);
	snprintf(where, sizeof(where), "%s cell %s", path, id);
	cell = wn_cell_find(&ctx->wn, *node, n);
	if (cell == -ENOENT)
		return wn_fail_text(WN_EXIT_NOT_THERE, "no such cell", where,
				    "wn cell ls PATH lists those that there are");
	if (WN_RES_IS_ERROR(cell))
		return wn_fail("cannot find the cell", where, (int)cell);
	err = wn_cell_read(&ctx->wn, *node, (__u64)cell, rec);
	return err ? wn_fail("cannot read the cell", where, err) : 0;
}
