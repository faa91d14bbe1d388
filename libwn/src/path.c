// SPDX-License-Identifier: MIT
#include "path.h"
#include "internal.h"
#include "transport.h"

#include <stdio.h>
#include <string.h>

int wn_path_control(char path[WN_PATH_BYTES], const char *mount)
{
	int n = snprintf(path, WN_PATH_BYTES, "%s/%s", mount, WN_FS_CONTROL);

	return n < WN_PATH_BYTES ? 0 : -ENAMETOOLONG;
}

int wn_path_split(const char *path, char mount[WN_PATH_BYTES], const char **name)
{
	const char *slash = strrchr(path, '/'), *rest;
	size_t len = slash ? (size_t)(slash - path) : 0;

	/* Of another engine's path the scheme is a mount enough. */
	wn_transport_of(path, &rest);
	*name = slash ? slash + 1 : rest;
	if (!**name)
		return -EINVAL;
	if (len >= WN_PATH_BYTES || (size_t)(rest - path) >= WN_PATH_BYTES)
		return -ENAMETOOLONG;
	if (!slash && rest > path) {
		memcpy(mount, path, (size_t)(rest - path));
		mount[rest - path] = 0;
		return 0;
	}
	if (!slash) {
		memcpy(mount, WN_FS_PATH, sizeof(WN_FS_PATH));
		return 0;
	}
	memcpy(mount, path, len);
	mount[len] = 0;
	if (!len)
		memcpy(mount, "/", 2);
	return 0;
}

int wn_path_domain(char full[WN_PATH_BYTES], const char *path)
{
	bool name = !strchr(path, '/');
	int n;

	if (!*path)
		return -EINVAL;
	if (name && strlen(path) > WN_NAME_MAX)
		return -ENAMETOOLONG;
	n = snprintf(full, WN_PATH_BYTES, "%s%s", name ? WN_FS_PATH "/" : "", path);
	return n < WN_PATH_BYTES ? 0 : -ENAMETOOLONG;
}
