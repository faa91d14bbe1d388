// SPDX-License-Identifier: MIT
#include "internal.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "path.h"
#include "transport.h"

/* One ioctl on the file at a path. */
static int on_file(const char *path, int flags, unsigned long cmd, void *arg)
{
	struct wn_file file;
	int err;

	err = wn_file_open(&file, path, flags);
	if (err)
		return err;
	err = wn_file_call(&file, cmd, arg);
	wn_file_close(&file);
	return err;
}

/* One on the control file of an instance. */
static int on_control(const char *mount, int flags, unsigned long cmd, void *arg)
{
	char path[WN_PATH_BYTES];
	int err = wn_path_control(path, mount ? mount : WN_FS_PATH);

	return err ? err : on_file(path, flags, cmd, arg);
}

WN_API int wn_query(const char *mount, struct wn_query *q)
{
	memset(q, 0, sizeof(*q));
	q->size = sizeof(*q);
	return on_control(mount, O_RDONLY, WN_IOC_QUERY, q);
}

WN_API int wn_bounds(const char *mount, unsigned int which, struct wn_bounds_query *q)
{
	memset(q, 0, sizeof(*q));
	q->size = sizeof(*q);
	q->which = which;
	return on_control(mount, O_RDONLY, WN_IOC_BOUNDS, q);
}

WN_API int wn_domain_create(const char *path, unsigned int mode, const struct wn_bounds *bounds)
{
	return wn_domain_create_journaled(path, mode, bounds, 0);
}

WN_API int wn_domain_create_journaled(const char *path, unsigned int mode,
				      const struct wn_bounds *bounds, unsigned int journal_kb)
{
	struct wn_domain_create c;
	char mount[WN_PATH_BYTES];
	const char *name;
	int err;

	memset(&c, 0, sizeof(c));
	err = wn_path_split(path, mount, &name);
	if (err)
		return err;
	if (strlen(name) > WN_NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(c.name, name, strlen(name));
	c.mode = mode;
	c.journal_kb = journal_kb;
	/* Without bounds: a struct that ends before them, so that all are defaults. */
	c.size = offsetof(struct wn_domain_create, bounds);
	if (bounds) {
		c.bounds = *bounds;
		c.size = sizeof(c);
	}
	return on_control(mount, O_RDWR, WN_IOC_CREATE, &c);
}

static int classes(const char *path, struct wn_class_table *t, int flags)
{
	char mount[WN_PATH_BYTES];
	const char *name;
	int err;

	t->size = sizeof(*t);
	err = wn_path_split(path, mount, &name);
	if (err)
		return err;
	if (strlen(name) > WN_NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(t->name, name, strlen(name));
	return on_control(mount, flags, WN_IOC_CLASSES, t);
}

WN_API int wn_domain_classes(const char *path, __u32 rights[WN_CLASSES])
{
	struct wn_class_table t = {};
	int err = classes(path, &t, O_RDONLY);

	if (!err)
		memcpy(rights, t.rights, sizeof(t.rights));
	return err;
}

WN_API int wn_domain_set_classes(const char *path, const __u32 rights[WN_CLASSES])
{
	struct wn_class_table t = { .flags = WN_CLASSES_SET };

	memcpy(t.rights, rights, sizeof(t.rights));
	return classes(path, &t, O_RDWR);
}

WN_API __s64 wn_domain_journal(const char *path, void *to, size_t bytes, struct wn_journal_take *info)
{
	struct wn_journal_take t = {};
	char mount[WN_PATH_BYTES];
	const char *name;
	int err;

	t.size = sizeof(t);
	t.addr = (__u64)(uintptr_t)to;
	t.bytes = bytes < INT_MAX ? (__u32)bytes : INT_MAX;
	err = wn_path_split(path, mount, &name);
	if (err)
		return err;
	if (strlen(name) > WN_NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(t.name, name, strlen(name));
	err = on_control(mount, O_RDWR, WN_IOC_JOURNAL, &t);
	if (err)
		return err;
	if (info)
		*info = t;
	return t.bytes;
}

WN_API int wn_domain_info(const char *path, struct wn_domain_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return on_file(path, O_RDONLY, WN_IOC_INFO, info);
}

WN_API int wn_domain_remove(const char *path)
{
	return wn_file_remove(path);
}
