// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "nbd.h"

#include <endian.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/nbd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define DEVICE	"/dev/nbd0"
#define SIZE	(2 << 20)

static bool all(ssize_t (*io)(int, void *, size_t), int fd, void *buf, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t r = io(fd, (char *)buf + done, n - done);

		if (r <= 0)
			return false;
		done += r;
	}
	return true;
}

static ssize_t put(int fd, void *buf, size_t n)
{
	return write(fd, buf, n);
}

static void serve(int sock, int seen, int go)
{
	static char data[SIZE];
	struct nbd_request q;
	char byte;

	while (all(read, sock, &q, sizeof(q))) {
		struct nbd_reply a = { .magic = htobe32(NBD_REPLY_MAGIC) };
		unsigned int type = be32toh(q.type) & 0xffff, len = be32toh(q.len);

		memcpy(a.handle, q.handle, sizeof(a.handle));
		if (type == NBD_CMD_DISC || len > sizeof(data))
			break;
		if (type == NBD_CMD_WRITE && !all(read, sock, data, len))
			break;
		if (type == NBD_CMD_READ && be64toh(q.from) >= NBD_HELD) {
			if (write(seen, "", 1) != 1 || read(go, &byte, 1) != 1)
				break;
		}
		if (!all(put, sock, &a, sizeof(a)))
			break;
		memset(data, NBD_BYTE, len);
		if (type == NBD_CMD_READ && !all(put, sock, data, len))
			break;
	}
	_exit(0);
}

bool nbd_start(struct nbd *n)
{
	int pair[2], seen[2], go[2], dev, i;

	dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (dev < 0 && !system("modprobe nbd >/dev/null 2>&1")) {
		for (i = 0; i < 50 && dev < 0; i++) {
			usleep(20000);
			dev = open(DEVICE, O_RDWR | O_CLOEXEC);
		}
	}
	if (dev < 0)
		return false;
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	must(!pipe(seen) && !pipe(go));
	n->seen = seen[0];
	n->go = go[1];
	n->server = fork();
	if (!n->server) {
		close(pair[0]);
		close(dev);
		serve(pair[1], seen[1], go[0]);
	}
	close(pair[1]);
	close(seen[1]);
	close(go[0]);
	must(!ioctl(dev, NBD_SET_BLKSIZE, 4096UL));
	must(!ioctl(dev, NBD_SET_SIZE_BLOCKS, SIZE / 4096UL));
	must(!ioctl(dev, NBD_SET_SOCK, (unsigned long)pair[0]));
	n->owner = fork();
	if (!n->owner) {
		ioctl(dev, NBD_DO_IT);
		_exit(0);
	}
	close(pair[0]);
	close(dev);
	/* The size is there only when the owner has got going. */
	for (i = 0; i < 100; i++) {
		unsigned long blocks = 0;

		n->fd = open(DEVICE, O_RDWR | O_DIRECT | O_CLOEXEC);
		must(n->fd >= 0);
		if (!ioctl(n->fd, BLKGETSIZE, &blocks) && blocks) {
			void *buf = aligned_alloc(4096, 4096);
			ssize_t r = pread(n->fd, buf, 4096, 0);

			free(buf);
			if (r == 4096)
				return true;
		}
		close(n->fd);
		usleep(20000);
	}
	nbd_stop(n);
	return false;
}

void nbd_stop(struct nbd *n)
{
	int status;

	ioctl(n->fd, NBD_DISCONNECT);
	close(n->fd);
	close(n->go);
	close(n->seen);
	kill(n->owner, SIGKILL);
	waitpid(n->owner, &status, 0);
	kill(n->server, SIGKILL);
	waitpid(n->server, &status, 0);
}
