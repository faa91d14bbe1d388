/* SPDX-License-Identifier: MIT */
/* As much of an HTTP server as examples need, on one listener for many processes. */
#ifndef EXAMPLE_HTTP_H
#define EXAMPLE_HTTP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HTTP_TICK_MS	10	/* how often is now and then */
#define HTTP_HEAD_MAX	2048	/* bytes of a request; see sscanf() below */

/* What a server does: a status for a path (without its first /); and something now and then. */
struct http_site {
	int (*answer)(struct http_site *site, const char *path);
	void (*tick)(struct http_site *site);
};

struct http_conn {
	int fd;
	size_t len;		/* bytes of a request that is not whole yet */
	char head[HTTP_HEAD_MAX + 1];
};

/* A listener on this host's own address for all who fork from here, or -errno. */
static inline int http_listen(unsigned short port)
{
	const struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, err;

	if (fd < 0)
		return -errno;
	if (!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) &&
	    !bind(fd, (const struct sockaddr *)&at, sizeof(at)) && !listen(fd, 1024))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Nothing is kept for a client that does not read its answers. */
static inline int http_send(const struct http_conn *c, int status)
{
	char t[80];
	int len = snprintf(t, sizeof(t), "HTTP/1.1 %d \r\nContent-Length: 4\r\n\r\n%d\n", status, status);

	return send(c->fd, t, (size_t)len, MSG_NOSIGNAL) == len ? 0 : -EPIPE;
}

/* Answer what is whole of what came. Below zero: the connection is over. */
static inline int http_answer(struct http_site *site, struct http_conn *c)
{
	char path[HTTP_HEAD_MAX], *end;
	size_t used;
	int err = 0;

	c->head[c->len] = 0;
	while (!err && (end = strstr(c->head, "\r\n\r\n"))) {
		*end = 0;
		used = (size_t)(end - c->head) + 4;
		if (sscanf(c->head, "GET /%2047s HTTP/1.", path) == 1)
			err = http_send(c, site->answer(site, path));
		else	/* It may have a body, which would look like a request. */
			err = http_send(c, 405) ? -EPIPE : -EPROTO;
		c->len -= used;
		memmove(c->head, c->head + used, c->len + 1);
	}
	if (!err && c->len == HTTP_HEAD_MAX)
		err = http_send(c, 431) ? -EPIPE : -E2BIG;
	return err;
}

static inline void http_accept(int epoll, int listener)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct http_conn *c;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;		/* another was faster */
	c = malloc(sizeof(*c));
	if (c) {
		*c = (struct http_conn){ .fd = fd };
		event.data.ptr = c;
	}
	if (!c || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) {
		free(c);
		close(fd);
	}
}

static inline void http_read(struct http_site *site, struct http_conn *c)
{
	ssize_t n = read(c->fd, c->head + c->len, HTTP_HEAD_MAX - c->len);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	c->len += n > 0 ? (size_t)n : 0;
	if (n > 0 && !http_answer(site, c))
		return;
	close(c->fd);		/* which takes it out of the epoll set */
	free(c);
}

static inline long long http_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Serve until that is impossible: -errno. */
static inline int http_serve(struct http_site *site, int listener)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE }, events[64];
	int epoll = epoll_create1(EPOLL_CLOEXEC), n, i;
	long long ticked = http_ms();

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event))
		return -errno;
	for (;;) {
		n = epoll_wait(epoll, events, 64, HTTP_TICK_MS);
		if (n < 0 && errno != EINTR)
			return -errno;
		for (i = 0; i < n; i++) {
			if (events[i].data.ptr)
				http_read(site, events[i].data.ptr);
			else
				http_accept(epoll, listener);
		}
		if (http_ms() - ticked >= HTTP_TICK_MS) {
			ticked = http_ms();
			site->tick(site);
		}
	}
}

#endif
