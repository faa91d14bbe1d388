// SPDX-License-Identifier: MIT
/* wn domain apply: domains that are to be there, as at boot. */
#include "cmd.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bounds.h"
#include "domain_conf.h"
#include "opts.h"
#include "progress.h"
#include "session.h"

struct plan {
	struct wn_domain_conf *confs;
	int n, room;
};

static int add_file(struct wn_ctx *ctx, struct plan *p, const char *file)
{
	int i, status;

	if (p->n == p->room) {
		int room = p->room ? 2 * p->room : 16;
		void *more = realloc(p->confs, (size_t)room * sizeof(*p->confs));

		if (!more)
			return wn_fail("cannot read", file, -ENOMEM);
		p->confs = more;
		p->room = room;
	}
	status = wn_domain_conf_read(ctx, file, &p->confs[p->n]);
	if (status)
		return status;
	for (i = 0; i < p->n; i++)
		if (!strcmp(p->confs[i].name, p->confs[p->n].name))
			return wn_fail_text(WN_EXIT_USAGE, "cannot apply", file,
					    "another file describes a domain of that name");
	p->n++;
	return 0;
}

static int is_conf(const struct dirent *d)
{
	const size_t len = strlen(d->d_name);

	return d->d_name[0] != '.' && len > 5 && !strcmp(d->d_name + len - 5, ".conf");
}

/* All *.conf of a folder, by name. */
static int add_dir(struct wn_ctx *ctx, struct plan *p, const char *dir)
{
	struct dirent **found;
	char path[PATH_MAX];
	int n, i, status = 0;

	n = scandir(dir, &found, is_conf, alphasort);
	if (n < 0)
		return wn_fail_text(WN_EXIT_NOT_THERE, "cannot read", dir, strerror(errno));
	for (i = 0; i < n; i++) {
		if (!status && snprintf(path, sizeof(path), "%s/%s", dir, found[i]->d_name) < PATH_MAX)
			status = add_file(ctx, p, path);
		free(found[i]);
	}
	free(found);
	return status;
}

static int add(struct wn_ctx *ctx, struct plan *p, const char *name)
{
	struct stat st;

	if (stat(name, &st))
		return wn_fail_text(WN_EXIT_NOT_THERE, "cannot read", name, strerror(errno));
	return S_ISDIR(st.st_mode) ? add_dir(ctx, p, name) : add_file(ctx, p, name);
}

/* What cannot be changed of a domain that is there is told. */
static void compare(const struct wn_domain_conf *c, const char *path)
{
	struct wn_domain_info info;
	unsigned int i;

	if (wn_domain_info(path, &info))
		return;
	for (i = 0; wn_bound_name(i); i++)
		if (wn_bound_get(&info.bounds, i) != wn_bound_get(&c->bounds, i))
			fprintf(stderr, "wn: %s: %s is %llu and stays so, not %llu: bounds are fixed when a domain is made\n",
				c->name, wn_bound_name(i),
				(unsigned long long)wn_bound_get(&info.bounds, i),
				(unsigned long long)wn_bound_get(&c->bounds, i));
}

/* Owner and mode; nobody but us gets at a new domain before. */
static int own(const struct wn_ctx *ctx, const struct wn_domain_conf *c, const char *path)
{
	if (ctx->embed)
		return 0;
	if ((c->owner != (uid_t)-1 || c->group != (gid_t)-1) && chown(path, c->owner, c->group))
		return -errno;
	return chmod(path, c->mode) ? -errno : 0;
}

static int apply(struct wn_ctx *ctx, const struct wn_domain_conf *c)
{
	struct wn_ticker ticker;
	char path[PATH_MAX];
	bool kept = false;
	int status = wn_session_path(ctx, c->name, path), err;

	if (status)
		return status;
	wn_ticker_begin(&ticker, "making a domain, seconds:");
	err = wn_domain_create(path, ctx->embed ? c->mode : 0600, &c->bounds);
	wn_ticker_end(&ticker);
	if (err && err != -EEXIST)
		return wn_bounds_fail(ctx->mount, &c->bounds, "cannot apply", c->file, err);
	if (err == -EEXIST) {
		kept = true;
		err = 0;
		compare(c, path);
	} else if (!err && ctx->embed) {
		wn_session_made(c->name);
	}
	if (!err)
		err = own(ctx, c, path);
	if (err)
		return wn_fail("cannot apply", c->file, err);
	if (ctx->json) {
		wn_json_object(&ctx->j, NULL);
		wn_json_string(&ctx->j, "name", c->name);
		wn_json_string(&ctx->j, "action", kept ? "kept" : "created");
		wn_json_close(&ctx->j, '}');
	} else {
		fprintf(ctx->out, "%s: %s\n", c->name, kept ? "kept" : "created");
	}
	return 0;
}

int wn_domain_apply(struct wn_ctx *ctx, int argc, char **argv)
{
	int status, one, i;
	struct plan p = {};
	struct wn_opts o;

	wn_opts_begin(&o, argc, argv);
	status = wn_opts_end(&o, 1, argc);
	if (!status)
		status = wn_session_engine(ctx);
	/* All is read before the first is made. */
	for (i = 0; !status && i < o.args; i++)
		status = add(ctx, &p, o.arg[i]);
	if (status) {
		free(p.confs);
		return status;
	}
	if (ctx->json) {
		wn_json_begin(&ctx->j, "domain.apply");
		wn_json_array(&ctx->j, "domains");
	}
	/* One that cannot be made keeps no other from being made. */
	for (i = 0; i < p.n; i++) {
		one = apply(ctx, &p.confs[i]);
		if (!status)
			status = one;
	}
	if (ctx->json) {
		wn_json_close(&ctx->j, ']');
		wn_json_end(&ctx->j);
	}
	free(p.confs);
	return status;
}
