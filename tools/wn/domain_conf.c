// SPDX-License-Identifier: MIT
#include "domain_conf.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "text.h"

/* The words around it are gone. */
static char *trim(char *s)
{
	char *end;

	s += strspn(s, " \t");
	end = s + strlen(s);
	while (end > s && strchr(" \t\r\n", end[-1]))
		*--end = 0;
	return s;
}

static bool user_of(const char *s, uid_t *uid)
{
	const struct passwd *p = getpwnam(s);
	__u64 n;

	if (p)
		*uid = p->pw_uid;
	else if (wn_text_number(s, (uid_t)-2, &n))
		*uid = (uid_t)n;
	else
		return false;
	return true;
}

static bool group_of(const char *s, gid_t *gid)
{
	const struct group *g = getgrnam(s);
	__u64 n;

	if (g)
		*gid = g->gr_gid;
	else if (wn_text_number(s, (gid_t)-2, &n))
		*gid = (gid_t)n;
	else
		return false;
	return true;
}

static const char *profile(struct wn_ctx *ctx, struct wn_domain_conf *conf, const char *value)
{
	static const char *const profiles[] = { "default", "large", NULL };
	const int which = wn_text_word(value, profiles);
	struct wn_bounds_query q;

	if (which < 0)
		return "profiles are default and large";
	if (wn_bounds(ctx->mount, which ? WN_BOUNDS_LIMIT : WN_BOUNDS_DEFAULT, &q))
		return "the module cannot be asked for bounds";
	conf->bounds = q.bounds;
	return NULL;
}

static const char *set(struct wn_ctx *ctx, struct wn_domain_conf *conf, const char *key,
		       const char *value)
{
	unsigned int i;
	__u64 n;

	if (!strcmp(key, "name")) {
		if (!*value || strlen(value) > WN_NAME_MAX || strchr(value, '/'))
			return "a domain's name has 1 to 63 bytes and no slash";
		strcpy(conf->name, value);
		return NULL;
	}
	if (!strcmp(key, "mode"))
		return wn_text_mode(value, &conf->mode) ? NULL : "mode wants octal permission bits";
	if (!strcmp(key, "owner"))
		return user_of(value, &conf->owner) ? NULL : "there is no such user";
	if (!strcmp(key, "group"))
		return group_of(value, &conf->group) ? NULL : "there is no such group";
	if (!strcmp(key, "profile"))
		return profile(ctx, conf, value);
	for (i = 0; wn_bound_name(i); i++) {
		if (strcmp(key, wn_bound_name(i)))
			continue;
		if (!wn_text_number(value, wn_bound_max(i), &n) || !n)
			return "a bound is a number above 0";
		wn_bound_set(&conf->bounds, i, n);
		return NULL;
	}
	return "there is no such key; wn domain show lists the bounds";
}

/* "KEY = VALUE", a comment, or nothing. */
static const char *line_of(struct wn_ctx *ctx, struct wn_domain_conf *conf, char *line)
{
	char *eq;

	line[strcspn(line, "#")] = 0;
	line = trim(line);
	if (!*line)
		return NULL;
	eq = strchr(line, '=');
	if (!eq)
		return "a line is written KEY = VALUE";
	*eq = 0;
	return set(ctx, conf, trim(line), trim(eq + 1));
}

/* Without folder and .conf. */
static void name_of(const char *file, char name[WN_NAME_BYTES])
{
	const char *slash = strrchr(file, '/');
	size_t len;

	file = slash ? slash + 1 : file;
	len = strlen(file);
	if (len > 5 && !strcmp(file + len - 5, ".conf"))
		len -= 5;
	snprintf(name, WN_NAME_BYTES, "%.*s", len > WN_NAME_MAX ? WN_NAME_MAX : (int)len, file);
}

int wn_domain_conf_read(struct wn_ctx *ctx, const char *file, struct wn_domain_conf *conf)
{
	char *line = NULL, where[320];
	const char *bad = NULL;
	unsigned int nr = 0;
	size_t room = 0;
	FILE *f;

	memset(conf, 0, sizeof(*conf));
	conf->mode = 0660;
	conf->owner = (uid_t)-1;
	conf->group = (gid_t)-1;
	snprintf(conf->file, sizeof(conf->file), "%s", file);
	name_of(file, conf->name);
	bad = profile(ctx, conf, "default");
	if (bad)
		return wn_fail_text(WN_EXIT_NO_MODULE, "cannot apply", ctx->mount, bad);
	f = fopen(file, "re");
	if (!f)
		return wn_fail_text(errno == ENOENT ? WN_EXIT_NOT_THERE : WN_EXIT_NOT_ALLOWED,
				    "cannot read", file, strerror(errno));
	while (!bad && getline(&line, &room, f) >= 0) {
		nr++;
		bad = line_of(ctx, conf, line);
	}
	if (!bad && ferror(f)) {
		bad = "it cannot be read";
		nr++;
	}
	free(line);
	fclose(f);
	if (!bad)
		return 0;
	snprintf(where, sizeof(where), "%s, line %u", conf->file, nr);
	return wn_fail_text(WN_EXIT_USAGE, "cannot apply", where, bad);
}
