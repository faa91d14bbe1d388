// SPDX-License-Identifier: MIT
#include "internal.h"

#include <string.h>
#include <unistd.h>

#include "path.h"

/* One ioctl on the control file of an instance. */
static int on_control(const char *mount, int flags, unsigned long cmd, void *arg)
{
	char path[WN_PATH_BYTES];
	int fd, err;

	err = wn_path_control(path, mount ? mount : WN_FS_PATH);
	if (err)
		return err;
	fd = wn_open_file(path, flags);
	if (fd < 0)
		return fd;
	err = wn_ioctl(fd, cmd, arg);
	close(fd);
	return err;
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
	/* Without bounds: a struct that ends before them, so that all are defaults. */
	c.size = offsetof(struct wn_domain_create, bounds);
	if (bounds) {
		c.bounds = *bounds;
		c.size = sizeof(c);
	}
	return on_control(mount, O_RDWR, WN_IOC_CREATE, &c);
}

WN_API int wn_domain_info(const char *path, struct wn_domain_info *info)
{
	char full[WN_PATH_BYTES];
	int fd, err;

	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	err = wn_path_domain(full, path);
	if (err)
		return err;
	fd = wn_open_file(full, O_RDONLY);
	if (fd < 0)
		return fd;
	err = wn_ioctl(fd, WN_IOC_INFO, info);
	close(fd);
	return err;
}

WN_API int wn_domain_remove(const char *path)
{
	char full[WN_PATH_BYTES];
	int saved = errno, err;

	err = wn_path_domain(full, path);
	if (!err && unlink(full))
		err = -errno;
	errno = saved;
	return err;
}
