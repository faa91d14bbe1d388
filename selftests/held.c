// SPDX-License-Identifier: MIT
#include "common.h"
#include "held.h"

#include <endian.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/fs.h>
#include <linux/nbd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define DEVICE	"/dev/nbd0"
#define PAGES	16
#define HELD_AT	(8 * WT_HELD_PAGE)	/* where ours go; the kernel looks for partitions, too */

static bool get(int fd, void *to, size_t bytes)
{
	return recv(fd, to, bytes, MSG_WAITALL) == (ssize_t)bytes;
}

static bool put(int fd, const void *from, size_t bytes)
{
	return send(fd, from, bytes, MSG_NOSIGNAL) == (ssize_t)bytes;
}

/* Until the device is given up. */
static void *serve(void *arg)
{
	static char data[PAGES * WT_HELD_PAGE];
	struct wt_held *h = arg;
	struct nbd_request q;
	char c;

	while (get(h->ours, &q, sizeof(q))) {
		struct nbd_reply a = { .magic = htobe32(NBD_REPLY_MAGIC) };
		const uint32_t type = be32toh(q.type) & 0xffff, len = be32toh(q.len);

		memcpy(a.handle, q.handle, sizeof(a.handle));
		if (type == NBD_CMD_DISC || len > sizeof(data))
			break;
		if (type == NBD_CMD_WRITE && !get(h->ours, data, len))
			break;
		if (type == NBD_CMD_READ && be64toh(q.from) == HELD_AT &&
		    __atomic_load_n(&h->armed, __ATOMIC_ACQUIRE) &&
		    (write(h->seen[1], "r", 1) != 1 || read(h->go[0], &c, 1) != 1))
			break;
		memset(data, WT_HELD_BYTE, sizeof(data));
		if (!put(h->ours, &a, sizeof(a)) ||
		    (type == NBD_CMD_READ && !put(h->ours, data, len)))
			break;
	}
	/* Its owner ends when it hears no more. */
	shutdown(h->ours, SHUT_RDWR);
	return NULL;
}

static void *own(void *arg)
{
	const struct wt_held *h = arg;

	ioctl(h->dev, NBD_DO_IT);
	return NULL;
}

static int open_device(void)
{
	int i, fd = wt_open(DEVICE, O_RDWR);

	/* NOLINTNEXTLINE(cert-env33-c): a word of ours, in a guest of ours */
	if (fd < 0 && !system("modprobe nbd >/dev/null 2>&1"))
		for (i = 0; i < 200 && fd < 0; i++) {
			usleep(10000);
			fd = wt_open(DEVICE, O_RDWR);
		}
	return fd < 0 ? -ENODEV : fd;
}

/* It has its size when its owner has got going. */
static int open_direct(void)
{
	uint64_t bytes = 0;
	int i, fd;

	for (i = 0; i < 1000; i++) {
		fd = wt_open(DEVICE, O_RDWR | O_DIRECT);
		if (fd < 0 || (!ioctl(fd, BLKGETSIZE64, &bytes) && bytes))
			return fd;
		close(fd);
		usleep(10000);
	}
	return -ETIME;
}

int wt_held_open(struct wt_held *h)
{
	int pair[2];

	memset(h, 0, sizeof(*h));
	h->dev = open_device();
	if (h->dev < 0)
		return h->dev;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) ||
	    pipe2(h->seen, O_CLOEXEC) || pipe2(h->go, O_CLOEXEC))
		return -errno;
	h->ours = pair[0];
	if (ioctl(h->dev, NBD_SET_BLKSIZE, (unsigned long)WT_HELD_PAGE) ||
	    ioctl(h->dev, NBD_SET_SIZE_BLOCKS, (unsigned long)PAGES) ||
	    ioctl(h->dev, NBD_SET_TIMEOUT, 120UL) ||
	    ioctl(h->dev, NBD_SET_SOCK, (unsigned long)pair[1]))
		return -errno;
	if (pthread_create(&h->server, NULL, serve, h) || pthread_create(&h->owner, NULL, own, h))
		return -EAGAIN;
	h->fd = open_direct();
	return h->fd < 0 ? h->fd : 0;
}

void wt_held_close(struct wt_held *h)
{
	int i;

	close(h->fd);
	ioctl(h->dev, NBD_DISCONNECT);
	pthread_join(h->owner, NULL);
	pthread_join(h->server, NULL);
	ioctl(h->dev, NBD_CLEAR_SOCK);
	close(h->dev);
	close(h->ours);
	for (i = 0; i < 2; i++) {
		close(h->seen[i]);
		close(h->go[i]);
	}
}

static void *reader(void *arg)
{
	struct wt_held *h = arg;
	ssize_t n = pread(h->fd, h->at, WT_HELD_PAGE, HELD_AT);

	h->got = n < 0 ? -errno : n;
	/* Of one that never came to the other end nobody else says that it is over. */
	if (h->got < 0)
		h->got = write(h->seen[1], "e", 1) == 1 ? h->got : -EIO;
	return NULL;
}

int wt_held_start(struct wt_held *h, void *at)
{
	char c;

	h->at = at;
	__atomic_store_n(&h->armed, true, __ATOMIC_RELEASE);
	if (pthread_create(&h->reader, NULL, reader, h) || read(h->seen[0], &c, 1) != 1)
		return -EIO;
	__atomic_store_n(&h->armed, false, __ATOMIC_RELEASE);
	if (c == 'r')
		return 0;
	pthread_join(h->reader, NULL);
	return (int)h->got;
}

long wt_held_finish(struct wt_held *h)
{
	if (write(h->go[1], "g", 1) != 1)
		return -EIO;
	pthread_join(h->reader, NULL);
	return h->got;
}

long wt_held_write(const struct wt_held *h, const void *at)
{
	ssize_t n = pwrite(h->fd, at, WT_HELD_PAGE, 0);

	return n < 0 ? -errno : n;
}
