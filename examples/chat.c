// SPDX-License-Identifier: MIT
/*
 * chat DOMAIN NAME: an event loop by epoll. The program waits for its input and for its
 * inbox in one place, as it could wait for sockets, timers and children besides. What it
 * does with them is in chat.h; chat_uring.c is the same by io_uring.
 */
#include "chat.h"

#include <sys/epoll.h>
#include <unistd.h>

/* What can be read of the input. */
static __s64 type(struct chat *c)
{
	char bytes[256];
	const ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

	return n < 0 ? -errno : chat_typed(c, bytes, (size_t)n);
}

static __s64 loop(struct chat *c)
{
	struct epoll_event typed = { .events = EPOLLIN, .data.fd = STDIN_FILENO };
	struct epoll_event told = { .events = EPOLLPRI, .data.fd = c->wn.fd }, got;
	int epoll = epoll_create1(EPOLL_CLOEXEC), n;
	__s64 err = 0;

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &typed) ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, c->wn.fd, &told))
		err = -errno;
	while (!err) {
		n = epoll_wait(epoll, &got, 1, -1);
		if (n < 0)
			err = errno == EINTR ? 0 : -errno;
		else if (got.data.fd == STDIN_FILENO)
			err = type(c);
		else if (got.events & EPOLLHUP)
			err = -ESHUTDOWN;
		else
			chat_hear(c);
	}
	close(epoll);
	return err;
}

int main(int argc, char **argv)
{
	return chat_run(argc, argv, loop);
}
