// SPDX-License-Identifier: MIT
#include "internal.h"

#include <fcntl.h>
#include <sys/ioctl.h>

int wn_ioctl(int fd, unsigned long cmd, void *arg)
{
	int saved = errno, ret;

	ret = ioctl(fd, cmd, arg);
	if (ret < 0)
		ret = -errno;
	errno = saved;
	return ret;
}

int wn_open_file(const char *path, int flags)
{
	int saved = errno, fd;

	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	errno = saved;
	return fd;
}
