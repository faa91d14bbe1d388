// SPDX-License-Identifier: MIT
#include "cmd.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <wn.h>

#define USAGE	"create NAME [--mode OCTAL] [--BOUND N]... | ls | show NAME | rm NAME..."

/* Bounds by name, as options of create and lines of show. */
#define BOUND(field)	{ #field, offsetof(struct wn_bounds, field) }

static const struct {
	const char *name;
	size_t offset;
} bounds[] = {
	BOUND(nodes), BOUND(children), BOUND(depth), BOUND(cells), BOUND(set_elems),
	BOUND(elems), BOUND(replicas), BOUND(clients), BOUND(caps), BOUND(slots),
	BOUND(sq_entries), BOUND(cq_entries), BOUND(inbox_entries), BOUND(group_ops),
	BOUND(idem_keys), BOUND(lanes), BOUND(subs), BOUND(timers), BOUND(log_records),
	BOUND(backlog),
};

#define BOUNDS	(sizeof(bounds) / sizeof(bounds[0]))

static __u32 *bound(struct wn_bounds *b, size_t i)
{
	return (__u32 *)((char *)b + bounds[i].offset);
}

static int path_of(char *path, const struct wn_options *opt, const char *name)
{
	if (!*name || strchr(name, '/'))
		return -EINVAL;
	return snprintf(path, PATH_MAX, "%s/%s", opt->mount, name) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static bool number(const char *s, int base, unsigned long long max, unsigned long long *v)
{
	char *end;

	errno = 0;
	*v = strtoull(s, &end, base);
	return *s >= '0' && *s <= '9' && !*end && !errno && *v <= max;
}

/* One option of create: 0, or an exit status. */
static int create_option(struct wn_bounds *b, unsigned int *mode, const char *name,
			 const char *value)
{
	unsigned long long v;
	size_t i;

	if (!value)
		return wn_usage("domain", USAGE, "an option lacks its value");
	if (!strcmp(name, "--mode")) {
		if (!number(value, 8, 0777, &v))
			return wn_usage("domain", USAGE, "--mode wants octal permission bits");
		*mode = (unsigned int)v;
		return 0;
	}
	if (!strcmp(name, "--slab_bytes")) {
		if (!number(value, 0, ULLONG_MAX, &v))
			return wn_usage("domain", USAGE, "a bound is a number");
		b->slab_bytes = v;
		return 0;
	}
	for (i = 0; i < BOUNDS; i++) {
		if (strncmp(name, "--", 2) || strcmp(name + 2, bounds[i].name))
			continue;
		if (!number(value, 0, UINT_MAX, &v))
			return wn_usage("domain", USAGE, "a bound is a number");
		*bound(b, i) = (__u32)v;
		return 0;
	}
	return wn_usage("domain", USAGE, "no such option; wn domain show lists the bounds");
}

static int create(const struct wn_options *opt, int argc, char **argv)
{
	struct wn_bounds_query q;
	char path[PATH_MAX];
	unsigned int mode = 0660;
	int err, i;

	if (argc < 2)
		return wn_usage("domain", USAGE, "create wants a name");
	err = path_of(path, opt, argv[1]);
	if (err)
		return wn_fail("cannot create", argv[1], err);
	err = wn_bounds(opt->mount, WN_BOUNDS_DEFAULT, &q);
	if (err)
		return wn_fail("cannot ask the module", opt->mount, err);
	for (i = 2; i < argc; i += 2) {
		err = create_option(&q.bounds, &mode, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
		if (err)
			return err;
	}
	err = wn_domain_create(path, mode, &q.bounds);
	return err ? wn_fail("cannot create", path, err) : WN_EXIT_OK;
}

static void show_line(const struct wn_options *opt, const char *name,
		      const struct wn_domain_info *info, const char *sep)
{
	if (opt->json) {
		printf("%s{\"name\":", sep);
		wn_json_string(name);
		printf(",\"id\":%llu,\"bytes\":%llu,\"client_bytes\":%llu,\"clients\":%u,\"nodes\":%u}",
		       (unsigned long long)info->id, (unsigned long long)info->bytes,
		       (unsigned long long)info->client_bytes, info->clients, info->nodes);
		return;
	}
	printf("%-24s %8u %8u %12llu\n", name, info->clients, info->nodes,
	       (unsigned long long)(info->bytes + info->client_bytes));
}

static bool is_ours(const char *name)
{
	return strcmp(name, ".") && strcmp(name, "..") && strcmp(name, WN_FS_CONTROL) &&
	       strcmp(name, WN_FS_FEATURES);
}

static int ls(const struct wn_options *opt)
{
	struct wn_domain_info info;
	struct dirent **names;
	char path[PATH_MAX];
	const char *sep = "";
	int n, i, err, status = WN_EXIT_OK;

	n = scandir(opt->mount, &names, NULL, alphasort);
	if (n < 0)
		return wn_fail("cannot list", opt->mount, -errno);
	if (opt->json)
		printf("[");
	else
		printf("%-24s %8s %8s %12s\n", "DOMAIN", "CLIENTS", "NODES", "BYTES");
	for (i = 0; i < n; i++) {
		const char *name = names[i]->d_name;

		if (is_ours(name) && !path_of(path, opt, name)) {
			err = wn_domain_info(path, &info);
			if (!err) {
				show_line(opt, name, &info, sep);
				sep = ",";
			} else if (err != -ENOENT) {	/* removed since it was listed */
				status = wn_fail("cannot look into", path, err);
			}
		}
		free(names[i]);
	}
	free(names);
	if (opt->json)
		printf("]\n");
	return status;
}

static int show(const struct wn_options *opt, const char *name)
{
	struct wn_domain_info info;
	char path[PATH_MAX];
	size_t i;
	int err;

	err = path_of(path, opt, name);
	if (!err)
		err = wn_domain_info(path, &info);
	if (err)
		return wn_fail("cannot show", name, err);
	if (opt->json) {
		show_line(opt, name, &info, "");
		printf("\n");
		return WN_EXIT_OK;
	}
	printf("domain    %s (id %llu)\n", name, (unsigned long long)info.id);
	printf("memory    %llu bytes, clients %llu bytes\n", (unsigned long long)info.bytes,
	       (unsigned long long)info.client_bytes);
	printf("clients   %u of %u\n", info.clients, info.bounds.clients);
	printf("nodes     %u of %u\n", info.nodes, info.bounds.nodes);
	printf("bounds   ");
	for (i = 0; i < BOUNDS; i++)
		printf(" %s=%u", bounds[i].name, *bound(&info.bounds, i));
	printf(" slab_bytes=%llu\n", (unsigned long long)info.bounds.slab_bytes);
	return WN_EXIT_OK;
}

static int rm(const struct wn_options *opt, int argc, char **argv)
{
	char path[PATH_MAX];
	int i, err, status = WN_EXIT_OK;

	for (i = 1; i < argc; i++) {
		err = path_of(path, opt, argv[i]);
		if (!err)
			err = wn_domain_remove(path);
		if (err)
			status = wn_fail("cannot remove", argv[i], err);
	}
	return status;
}

int cmd_domain(const struct wn_options *opt, int argc, char **argv)
{
	argc--;
	argv++;
	if (!argc)
		return wn_usage("domain", USAGE, "domain wants a verb");
	if (!strcmp(argv[0], "create"))
		return create(opt, argc, argv);
	if (!strcmp(argv[0], "ls") && argc == 1)
		return ls(opt);
	if (!strcmp(argv[0], "show") && argc == 2)
		return show(opt, argv[1]);
	if (!strcmp(argv[0], "rm") && argc > 1)
		return rm(opt, argc, argv);
	return wn_usage("domain", USAGE, "no such verb, or wrong arguments");
}
