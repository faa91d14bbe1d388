// SPDX-License-Identifier: MIT
/* The module's files. A file is its descriptor. */
#include "transport.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static int fd_of(void *file)
{
	return (int)(intptr_t)file;
}

static int kernel_open(const char *path, int flags, void **file)
{
	int saved = errno, fd, err = 0;

	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		err = -errno;
	*file = (void *)(intptr_t)fd;
	errno = saved;
	return err;
}

/* By the descriptor that is there: the name may be gone or mean another by now. */
static int kernel_again(void *file, int flags, void **to)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd_of(file));
	return kernel_open(path, flags, to);
}

static void kernel_close(void *file)
{
	int saved = errno;

	close(fd_of(file));
	errno = saved;
}

static int kernel_call(void *file, unsigned long cmd, void *arg)
{
	int saved = errno, ret;

	ret = ioctl(fd_of(file), cmd, arg);
	if (ret < 0)
		ret = -errno;
	errno = saved;
	return ret;
}

static int kernel_map(void *file, const struct wn_region *region, void **at)
{
	int prot = PROT_READ | (region->flags & WN_REGION_F_WRITE ? PROT_WRITE : 0);
	int saved = errno, err = 0;

	*at = mmap64(NULL, region->bytes, prot, MAP_SHARED, fd_of(file), (off64_t)region->offset);
	if (*at == MAP_FAILED)
		err = -errno;
	errno = saved;
	return err;
}

static void kernel_unmap(void *file, const struct wn_region *region, void *at)
{
	munmap(at, region->bytes);
}

static int kernel_remove(const char *path)
{
	int saved = errno, err;

	err = unlink(path) ? -errno : 0;
	errno = saved;
	return err;
}

const struct wn_transport wn_transport_kernel = {
	.size = sizeof(wn_transport_kernel),
	.scheme = "",
	.open = kernel_open,
	.again = kernel_again,
	.close = kernel_close,
	.call = kernel_call,
	.map = kernel_map,
	.unmap = kernel_unmap,
	.remove = kernel_remove,
	.fd = fd_of,
};
