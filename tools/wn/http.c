// SPDX-License-Identifier: MIT
#include "http.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <wn.h>

#include "stop.h"
#include "text.h"

#define SOCKETS		8
#define CONNS		32
#define REQUEST_MAX	4096
#define PATIENCE	5000000000ULL	/* ns for a request to come, and for an answer to go */

struct conn {
	int fd;			/* -1: free */
	__u64 deadline;
	size_t got;
	char request[REQUEST_MAX + 1];
	char *answer;		/* NULL: the request is not whole */
	size_t bytes, sent;
};

struct server {
	struct conn conns[CONNS];
	wn_http_fn *document;
	void *arg;
};

/* ------------------------------------------------------------- listening */

static int listen_unix(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, CONNS)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int listen_on(const struct addrinfo *a)
{
	const int on = 1;
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, CONNS)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int wn_http_listen(const char *where)
{
	const struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	const char *colon = strrchr(where, ':');
	struct addrinfo *found;
	char host[128];
	size_t len;
	__u64 port;
	int fd;

	if (!strncmp(where, "unix:", 5))
		return listen_unix(where + 5);
	if (!colon || colon == where || !colon[1])
		return -EINVAL;
	/* getaddrinfo() takes what is left of it in 16 bits. */
	if (colon[1] >= '0' && colon[1] <= '9' && !wn_text_number(colon + 1, 65535, &port))
		return -EINVAL;
	len = (size_t)(colon - where);
	if (*where == '[' && colon[-1] == ']') {
		where++;
		len -= 2;
	}
	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, where, len);
	host[len] = 0;
	if (getaddrinfo(host, colon + 1, &hints, &found))
		return -EINVAL;
	fd = listen_on(found);
	freeaddrinfo(found);
	return fd;
}

/* ---------------------------------------------------------- one request */

static const char *reason(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 408:
		return "Request Timeout";
	case 431:
		return "Request Header Fields Too Large";
	case 503:
		return "Service Unavailable";
	}
	return "Internal Server Error";
}

/* The method and path of a request line; the status of what is wrong with it, or 200. */
static int parse(char *request, bool *is_head, char **path)
{
	char *end = strpbrk(request, "\r\n"), *version;

	if (end)
		*end = 0;
	*is_head = !strncmp(request, "HEAD ", 5);
	*path = strchr(request, ' ');
	if (!*path || (*path)[1] != '/')
		return 400;
	++*path;
	version = strchr(*path, ' ');
	if (!version || strncmp(version, " HTTP/1.", 8))
		return 400;
	*version = 0;
	/* What is asked of the document is not looked at. */
	(*path)[strcspn(*path, "?#")] = 0;
	return *is_head || !strncmp(request, "GET ", 4) ? 200 : 405;
}

static void answer(struct server *s, struct conn *c, int status)
{
	char *path = NULL, *body = NULL;
	bool is_head = false;
	size_t bytes = 0;
	FILE *to;

	to = open_memstream(&body, &bytes);
	if (!to)
		return;
	if (status == 200)
		status = parse(c->request, &is_head, &path);
	if (status == 200)
		status = s->document(s->arg, path, to);
	else
		fprintf(to, "%d %s\n", status, reason(status));
	fclose(to);
	to = open_memstream(&c->answer, &c->bytes);
	if (to) {
		fprintf(to, "HTTP/1.1 %d %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
			"Content-Length: %zu\r\nConnection: close\r\n%s\r\n", status, reason(status),
			bytes, status == 405 ? "Allow: GET, HEAD\r\n" : "");
		if (!is_head)
			fwrite(body, 1, bytes, to);
		fclose(to);
	}
	free(body);
}

static void end(struct conn *c)
{
	close(c->fd);
	free(c->answer);
	c->answer = NULL;
	c->fd = -1;
}

/* ----------------------------------------------------------- connections */

static void take(struct server *s, int socket)
{
	struct conn *c;
	int i, fd;

	for (i = 0; i < CONNS; i++) {
		c = &s->conns[i];
		if (c->fd >= 0)
			continue;
		fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return;
		c->fd = fd;
		c->got = 0;
		c->sent = 0;
		c->answer = NULL;
		c->deadline = wn_deadline(PATIENCE);
	}
}

static void receive(struct server *s, struct conn *c)
{
	const ssize_t n = recv(c->fd, c->request + c->got, REQUEST_MAX - c->got, 0);

	if (n <= 0) {
		if (!n || (errno != EAGAIN && errno != EINTR))
			end(c);
		return;
	}
	c->got += (size_t)n;
	c->request[c->got] = 0;
	if (strlen(c->request) < c->got)
		answer(s, c, 400);
	else if (strstr(c->request, "\r\n\r\n") || strstr(c->request, "\n\n"))
		answer(s, c, 200);
	else if (c->got == REQUEST_MAX)
		answer(s, c, 431);
	else
		return;
	if (!c->answer)
		end(c);
	else
		c->deadline = wn_deadline(PATIENCE);
}

static void reply(struct conn *c)
{
	const ssize_t n = send(c->fd, c->answer + c->sent, c->bytes - c->sent, MSG_NOSIGNAL);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			end(c);
		return;
	}
	c->sent += (size_t)n;
	if (c->sent == c->bytes) {
		shutdown(c->fd, SHUT_WR);
		end(c);
	}
}

/* What poll is to look at; how many. */
static int interest(struct server *s, const int *sockets, int nr, struct pollfd *p)
{
	int i, n = 0, room = 0;

	for (i = 0; i < CONNS; i++)
		room += s->conns[i].fd < 0;
	for (i = 0; i < nr; i++)
		p[n++] = (struct pollfd){ .fd = room ? sockets[i] : -1, .events = POLLIN };
	for (i = 0; i < CONNS; i++)
		p[n++] = (struct pollfd){ .fd = s->conns[i].fd,
					  .events = s->conns[i].answer ? POLLOUT : POLLIN };
	return n;
}

int wn_http_serve(const int *sockets, int nr, __u64 idle, wn_http_fn *document, void *arg)
{
	struct pollfd p[SOCKETS + CONNS];
	__u64 now, last = wn_deadline(0);
	struct server *s;
	int i, n, err = 0;

	if (nr < 1 || nr > SOCKETS)
		return -EINVAL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->document = document;
	s->arg = arg;
	for (i = 0; i < CONNS; i++)
		s->conns[i].fd = -1;
	for (i = 0; i < nr; i++)
		fcntl(sockets[i], F_SETFL, fcntl(sockets[i], F_GETFL) | O_NONBLOCK);
	while (!wn_stopped()) {
		n = interest(s, sockets, nr, p);
		if (poll(p, (nfds_t)n, 250) < 0 && errno != EINTR) {
			err = -errno;
			break;
		}
		now = wn_deadline(0);
		for (i = 0; i < CONNS; i++) {
			struct conn *c = &s->conns[i];

			if (c->fd < 0)
				continue;
			last = now;
			if (p[nr + i].revents && c->answer)
				reply(c);
			else if (p[nr + i].revents)
				receive(s, c);
			if (c->fd >= 0 && now > c->deadline)
				end(c);
		}
		for (i = 0; i < nr; i++)
			if (p[i].revents & POLLIN) {
				take(s, sockets[i]);
				last = now;
			}
		if (idle && now - last > idle)
			break;
	}
	for (i = 0; i < CONNS; i++)
		if (s->conns[i].fd >= 0)
			end(&s->conns[i]);
	free(s);
	return err;
}
