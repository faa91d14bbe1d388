// SPDX-License-Identifier: MIT
#include "bell.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/aio_abi.h>

#define AT_ONCE	64

/*
 * Kernel AIO adds one to an eventfd at the end of a read, here of nothing, which ends
 * before io_submit() does.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t life;		/* in whose memory the context is: not in a forked child's */
static aio_context_t context;
static int nothing = -1;	/* an empty file */

/* Under the lock. */
static int init(void)
{
	if (life == getpid())
		return 0;
	if (nothing < 0)
		nothing = memfd_create("worknode-bell", MFD_CLOEXEC);
	context = 0;
	if (nothing < 0 || syscall(SYS_io_setup, AT_ONCE, &context))
		return -ENOTTY;
	life = getpid();
	return 0;
}

static int is_eventfd(int fd)
{
	char path[32], what[32] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, what, sizeof(what) - 1) < 0)
		return -EBADF;
	return strcmp(what, "anon_inode:[eventfd]") ? -EINVAL : 0;
}

int wn_embed_bell_get(int fd)
{
	int saved = errno, err;

	pthread_mutex_lock(&lock);
	err = init();
	pthread_mutex_unlock(&lock);
	err = err ? err : is_eventfd(fd);
	if (!err) {
		err = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (err < 0)
			err = -errno;
	}
	errno = saved;
	return err;
}

void wn_embed_bell_ring(int bell)
{
	struct io_event ended[AT_ONCE];
	struct iocb read = {
		.aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = (__u32)nothing,
		.aio_flags = IOCB_FLAG_RESFD, .aio_resfd = (__u32)bell,
	}, *list = &read;
	struct timespec none = {};
	int saved = errno;

	pthread_mutex_lock(&lock);
	while (syscall(SYS_io_submit, context, 1, &list) < 0 && errno == EAGAIN)
		/* What ended lies there until there is no room for more. */
		if (syscall(SYS_io_getevents, context, 0, AT_ONCE, ended, &none) <= 0)
			break;
	pthread_mutex_unlock(&lock);
	errno = saved;
}
