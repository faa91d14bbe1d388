// SPDX-License-Identifier: MIT
/*
 * A host: a thread that takes connections and one for each of them, which does what is
 * asked in the engine of this process. Whoever connects is hostile: what he says is
 * bounded, what he shares with us cannot shrink, what he does not read blocks nobody
 * but him.
 */
#include <wn_embed.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "domain.h"
#include "file.h"
#include "wire.h"

#define HOST_API	__attribute__((visibility("default")))
#define STACK_BYTES	(256U << 10)
#define DEFAULT_BYTES	(1ULL << 30)
#define BACKLOG		128

struct wn_host {
	pthread_mutex_t lock;
	pthread_cond_t gone;		/* a connection went */
	struct connection *first;	/* under lock, as the next */
	u32 connections;
	u32 most_connections;
	u64 most_bytes;
	int sock;
	int stop[2];			/* a pipe: closed, it ends all */
	pthread_t thread;
	struct sockaddr_un at;
};

struct connection {
	struct wn_host *host;
	struct connection *next, **link;
	int sock;
	int owner_fd;			/* a pidfd; -1: not enabled yet */
	pid_t owner;
	int came;			/* a file that came with what is asked; -1 */
	struct wn_embed_file *file;
	struct wn_wire_ask ask;
	struct wn_wire_answer answer;
};

/* ---------------------------------------------------------------- packets */

/* Keep the first of them. */
static void take_files(struct connection *c, const struct cmsghdr *cmsg)
{
	const size_t n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	int fds[2];	/* more have no room below */
	size_t i;

	memcpy(fds, CMSG_DATA(cmsg), (n < 2 ? n : 2) * sizeof(int));
	for (i = 0; i < n && i < 2; i++) {
		if (c->came < 0)
			c->came = fds[i];
		else
			close(fds[i]);
	}
}

static void drop_file(struct connection *c)
{
	if (c->came >= 0)
		close(c->came);
	c->came = -1;
}

/* An ask and the process that sent it; 0: the end; below 0: again. */
static int receive(struct connection *c, pid_t *from)
{
	/* Of more files than one there is no room: the kernel drops them. */
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec body = { &c->ask, sizeof(c->ask) };
	struct msghdr msg = {
		.msg_iov = &body, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct ucred cred = {};
	struct cmsghdr *cmsg;
	bool known = false;
	ssize_t n;

	memset(&c->ask, 0, sizeof(c->ask));
	n = recvmsg(c->sock, &msg, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EINTR ? -EINTR : 0;
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET)
			continue;
		if (cmsg->cmsg_type == SCM_RIGHTS)
			take_files(c, cmsg);
		if (cmsg->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(&cred, CMSG_DATA(cmsg), sizeof(cred));
		known = true;
	}
	if (n < (ssize_t)WN_WIRE_HEAD(struct wn_wire_ask) || c->ask.bytes > WN_WIRE_BODY ||
	    !known)
		return 0;
	*from = cred.pid;
	return 1;
}

/*
 * Until its socket can do that (POLLIN, POLLOUT), or says that it is cut: *came. False:
 * its owner exited, or the host stops, which ends it whatever the other side does.
 */
static bool wait_for(const struct connection *c, short events, short *came)
{
	struct pollfd p[] = {
		{ .fd = c->sock, .events = events },
		{ .fd = c->host->stop[0] },
		{ .fd = c->owner_fd, .events = POLLIN },
	};

	while (poll(p, 3, -1) < 0)
		if (errno != EINTR)
			return false;
	*came = p[0].revents;
	return !p[1].revents && (c->owner_fd < 0 || !p[2].revents);
}

/* Who does not read waits for itself: not the host's stop, nor its owner's end, for it. */
static bool send_all(const struct connection *c, const struct msghdr *msg)
{
	short came;

	while (sendmsg(c->sock, msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || !wait_for(c, POLLOUT, &came))
			return false;
	}
	return true;
}

/*
 * Files on their way are counted against this process's user, for whomever they are: who
 * asks for more must have taken those of its last answer. Who keeps to one ask at a time has.
 */
static bool has_unread(const struct connection *c)
{
	int bytes;

	return !ioctl(c->sock, SIOCOUTQ, &bytes) && bytes > 0;
}

static bool reply(struct connection *c, const int *fds, u32 count)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(WN_WIRE_FDS * sizeof(int))];
	} control;
	struct iovec body = { &c->answer,
			      WN_WIRE_HEAD(struct wn_wire_answer) + c->answer.bytes };
	struct msghdr msg = { .msg_iov = &body, .msg_iovlen = 1 };

	if (count) {
		memset(&control, 0, sizeof(control));
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.head), fds, count * sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	return send_all(c, &msg);
}

/* ------------------------------------------------------------------- files */

/* A name of this host's instance, and nothing else. */
static int path_of(const struct connection *c, char **path)
{
	const char *name = (const char *)c->ask.body;

	if (!c->ask.bytes || strnlen(name, c->ask.bytes) != c->ask.bytes - 1 ||
	    strchr(name, '/'))
		return -EINVAL;
	return asprintf(path, "%s/%s", c->host->at.sun_path, name) < 0 ? -ENOMEM : 0;
}

static int open_by_name(struct connection *c)
{
	struct wn_embed_file *file = NULL;
	char *path;
	int err = c->file ? -EBUSY : path_of(c, &path);

	if (err)
		return err;
	err = wn_embed_file_open(path, (int)c->ask.value, c->host->most_bytes, &file);
	free(path);
	/* Others look for it. */
	pthread_mutex_lock(&c->host->lock);
	c->file = file;
	pthread_mutex_unlock(&c->host->lock);
	return err;
}

/* The domain of another connection, which may have no name any more. */
static int open_again(struct connection *c)
{
	struct wn_host *host = c->host;
	struct connection *other;
	int err = -ENOENT;

	if (c->file)
		return -EBUSY;
	pthread_mutex_lock(&host->lock);
	for (other = host->first; other; other = other->next)
		if (other->file && other->file->client &&
		    other->file->client->domain->id == c->ask.value)
			break;
	if (other)
		err = wn_embed_file_again(other->file, (int)c->ask.arg, &c->file);
	pthread_mutex_unlock(&host->lock);
	return err;
}

static int remove_name(struct connection *c)
{
	char *path;
	int err = path_of(c, &path);

	if (err)
		return err;
	err = wn_embed_file_remove(path);
	free(path);
	return err;
}

/* ------------------------------------------------------------------- calls */

/* Who enables a client is its owner: with that process it ends. */
static int adopt(struct connection *c, pid_t from)
{
	const int fd = (int)syscall(SYS_pidfd_open, from, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = wn_embed_file_call(c->file, WN_IOC_ENABLE, c->answer.body);
	if (err) {
		close(fd);
		return err;
	}
	c->owner = from;
	c->owner_fd = fd;
	return 0;
}

static bool is_stranger(const struct connection *c, pid_t from)
{
	return c->owner_fd >= 0 && c->owner != from;
}

static bool needs_owner(unsigned int nr)
{
	return nr == _IOC_NR(WN_IOC_ENTER) || nr == _IOC_NR(WN_IOC_LANE_CONNECT) ||
	       nr == _IOC_NR(WN_IOC_LANE_ACCEPT) || nr == _IOC_NR(WN_IOC_LANE_LIST) ||
	       (nr >= _IOC_NR(WN_IOC_FAN_MAKE) && nr <= _IOC_NR(WN_IOC_FAN_EVICT)) ||
	       nr == _IOC_NR(WN_IOC_EVENTFD) || nr == _IOC_NR(WN_IOC_WAIT_EPOCH) ||
	       nr == _IOC_NR(WN_IOC_POLL);
}

/* A descriptor is one of this process's: the one that came, and never what it says. */
static int name_file(const struct connection *c)
{
	struct wn_eventfd_args *e = (void *)c->answer.body;

	if (c->ask.bytes < sizeof(*e) || e->fd < 0)
		return 0;
	e->fd = c->came;
	return c->came < 0 ? -EBADF : 0;
}

static int call(struct connection *c, pid_t from)
{
	const unsigned long cmd = (unsigned long)c->ask.value;
	const unsigned int nr = _IOC_NR(cmd);

	if (!c->file)
		return -ENXIO;
	/* A number, where the command says that it takes no struct. */
	if (_IOC_DIR(cmd) == _IOC_NONE || _IOC_TYPE(cmd) != WN_IOC_MAGIC) {
		if (cmd != WN_IOC_SUBMIT && cmd != WN_IOC_LANE_CLOSE && cmd != WN_IOC_LANE_WAKE)
			return -ENOTTY;
		if (is_stranger(c, from))
			return -EOWNERDEAD;
		return c->file->client ?
		       wn_embed_file_call(c->file, cmd, (void *)(unsigned long)c->ask.arg) : -ENOTTY;
	}
	if (nr == _IOC_NR(WN_IOC_SUBMIT))
		return -ENOTTY;
	/* In a whole body, zeroed behind what came: a size that is a lie finds zeroes. */
	memcpy(c->answer.body, c->ask.body, WN_WIRE_BODY);
	c->answer.bytes = c->ask.bytes;
	if (nr == _IOC_NR(WN_IOC_ENABLE) && c->file->client)
		return c->owner_fd >= 0 ? -EBUSY : adopt(c, from);
	if (needs_owner(nr) && is_stranger(c, from))
		return -EOWNERDEAD;
	if (nr == _IOC_NR(WN_IOC_EVENTFD)) {
		const int err = name_file(c);

		if (err)
			return err;
	}
	return wn_embed_file_call(c->file, cmd, c->answer.body);
}

/* -------------------------------------------------------------------- maps */

/* What may only be read goes out read-only, beyond what its seals say. */
static int file_for(const struct wn_embed_memory *m, int fd)
{
	char path[32];

	if (m->writable)
		return fcntl(fd, F_DUPFD_CLOEXEC, 3);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool send_files(struct connection *c, const struct wn_embed_memory *m)
{
	u32 done = 0, n, i;
	int fds[WN_WIRE_FDS];
	bool sent = true;

	while (sent && done < c->answer.files) {
		for (n = 0; n < WN_WIRE_FDS && done + n < c->answer.files; n++) {
			fds[n] = file_for(m, m->fds ? m->fds[done + n] : m->fd);
			if (fds[n] < 0)
				break;
		}
		/* Who does not get all of it gets the end. */
		sent = n == WN_WIRE_FDS || done + n == c->answer.files;
		sent = sent && reply(c, fds, n);
		for (i = 0; i < n; i++)
			close(fds[i]);
		done += n;
	}
	return sent;
}

static bool answer_map(struct connection *c, pid_t from)
{
	const struct wn_embed_memory *m = NULL;

	c->answer = (struct wn_wire_answer){ .ret = -EINVAL };
	if (is_stranger(c, from))
		c->answer.ret = -EOWNERDEAD;
	else if (c->file && c->ask.value < WN_REGION_TABLE)
		m = wn_embed_file_memory(c->file, (u32)c->ask.value);
	if (!m || (m->fd < 0 && !m->fds))
		return reply(c, NULL, 0);
	c->answer.ret = 0;
	c->answer.files = m->fds ? (u32)(m->bytes / m->piece) : 1;
	c->answer.value = m->fds ? m->piece : m->bytes;
	c->answer.offset = m->offset;
	c->answer.writable = m->writable;
	return send_files(c, m);
}

static bool answer_lane(struct connection *c, pid_t from)
{
	struct wn_embed_part parts[WN_EMBED_PARTS];
	struct wn_wire_part *body = (void *)c->answer.body;
	int fds[WN_EMBED_PARTS], n = -EINVAL, i;
	bool sent;

	c->answer = (struct wn_wire_answer){ .ret = -EINVAL };
	if (is_stranger(c, from))
		n = -EOWNERDEAD;
	else if (c->file && c->file->client && c->ask.value <= ~0U && c->ask.arg)
		n = wn_embed_lane_seat_part(c->file->client, (u32)c->ask.value, c->ask.arg - 1,
					    parts);
	else if (c->file && c->file->client && c->ask.value <= ~0U)
		n = wn_embed_lane_parts(c->file->client, (u32)c->ask.value, parts,
					&c->answer.value);
	c->answer.ret = n < 0 ? n : 0;
	for (i = 0; i < n; i++) {
		body[i] = (struct wn_wire_part){ parts[i].offset, parts[i].bytes };
		fds[i] = parts[i].fd;
		c->answer.files++;
		c->answer.bytes += sizeof(*body);
		c->answer.writable = parts[i].writable;
	}
	sent = reply(c, fds, c->answer.files);
	for (i = 0; i < n; i++)
		close(fds[i]);
	return sent;
}

/* ------------------------------------------------------------- connections */

static bool answer(struct connection *c, pid_t from)
{
	struct wn_wire_answer *a = &c->answer;

	if ((c->ask.what == WN_WIRE_MAP || c->ask.what == WN_WIRE_LANE) && has_unread(c))
		return false;
	if (c->ask.what == WN_WIRE_MAP)
		return answer_map(c, from);
	if (c->ask.what == WN_WIRE_LANE)
		return answer_lane(c, from);
	*a = (struct wn_wire_answer){ .ret = -EINVAL };
	switch (c->ask.what) {
	case WN_WIRE_OPEN:
		a->ret = open_by_name(c);
		if (!a->ret && c->file->client)
			a->value = c->file->client->domain->id;
		break;
	case WN_WIRE_AGAIN:
		a->ret = open_again(c);
		break;
	case WN_WIRE_CALL:
		a->ret = call(c, from);
		break;
	case WN_WIRE_REMOVE:
		a->ret = remove_name(c);
		break;
	}
	return reply(c, NULL, 0);
}

/* Until it hangs up, its owner exits, or the host stops. */
static void talk(struct connection *c)
{
	short came;
	pid_t from;
	int n;

	while (wait_for(c, POLLIN, &came)) {
		/* What was asked before it was cut is done. */
		if (!(came & POLLIN))
			return;
		n = receive(c, &from);
		if (n > 0 && !answer(c, from))
			n = 0;
		drop_file(c);
		if (!n)
			return;
	}
}

static void *serve(void *arg)
{
	struct connection *c = arg;
	struct wn_host *host = c->host;
	struct wn_embed_file *file;

	talk(c);
	pthread_mutex_lock(&host->lock);
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	file = c->file;
	pthread_mutex_unlock(&host->lock);
	/* Nobody finds it any more. */
	if (file)
		wn_embed_file_close(file);
	if (c->owner_fd >= 0)
		close(c->owner_fd);
	close(c->sock);
	free(c);
	pthread_mutex_lock(&host->lock);
	host->connections--;
	pthread_cond_broadcast(&host->gone);
	pthread_mutex_unlock(&host->lock);
	return NULL;
}

/* The program's signals are for its own threads. */
static int start(pthread_t *thread, void *(*fn)(void *arg), void *arg, bool detached)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	if (detached)
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	err = pthread_create(thread, &attr, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -err;
}

static void take(struct wn_host *host, int sock)
{
	struct connection *c = calloc(1, sizeof(*c));
	const int yes = 1;
	pthread_t thread;
	bool fits;

	if (!c || setsockopt(sock, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes))) {
		free(c);
		close(sock);
		return;
	}
	c->host = host;
	c->sock = sock;
	c->owner_fd = -1;
	c->came = -1;
	pthread_mutex_lock(&host->lock);
	fits = host->connections < host->most_connections && !start(&thread, serve, c, true);
	/* serve() takes it off the list under the lock, which we hold. */
	if (fits) {
		c->next = host->first;
		c->link = &host->first;
		if (c->next)
			c->next->link = &c->next;
		host->first = c;
		host->connections++;
	}
	pthread_mutex_unlock(&host->lock);
	if (!fits) {
		free(c);
		close(sock);
	}
}

static void *listen_for(void *arg)
{
	struct wn_host *host = arg;
	struct pollfd p[] = {
		{ .fd = host->sock, .events = POLLIN },
		{ .fd = host->stop[0] },
	};
	int sock;

	while (!p[1].revents) {
		if (poll(p, 2, -1) <= 0 || !(p[0].revents & POLLIN))
			continue;
		sock = accept4(host->sock, NULL, NULL, SOCK_CLOEXEC);
		if (sock >= 0)
			take(host, sock);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
			poll(&p[1], 1, 10);	/* until somebody goes */
	}
	return NULL;
}

/* -------------------------------------------------------------- start, stop */

/* A client has a dozen files: as many as the hard limit allows. */
static u32 make_room(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r))
		return 64;
	r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r))
		return 64;
	return r.rlim_max > 65536 ? 4096 : (u32)r.rlim_max / 16;
}

static int bind_to(struct wn_host *host, const char *path)
{
	if (!*path || strlen(path) >= sizeof(host->at.sun_path))
		return *path ? -ENAMETOOLONG : -EINVAL;
	host->at.sun_family = AF_UNIX;
	memcpy(host->at.sun_path, path, strlen(path));
	host->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (host->sock < 0)
		return -errno;
	if (bind(host->sock, (struct sockaddr *)&host->at, sizeof(host->at)) ||
	    listen(host->sock, BACKLOG))
		return -errno;
	return 0;
}

static void forget(struct wn_host *host)
{
	if (host->sock >= 0)
		close(host->sock);
	if (host->stop[0] >= 0)
		close(host->stop[0]);
	if (host->stop[1] >= 0)
		close(host->stop[1]);
	pthread_mutex_destroy(&host->lock);
	pthread_cond_destroy(&host->gone);
	free(host);
}

HOST_API int wn_host_start(struct wn_host **to, const char *path, unsigned int flags,
			   unsigned long long bytes)
{
	struct wn_host *host;
	int saved = errno, err = flags ? -EINVAL : wn_embed_init(0);

	if (err)
		return err;
	host = calloc(1, sizeof(*host));
	if (!host)
		return -ENOMEM;
	pthread_mutex_init(&host->lock, NULL);
	pthread_cond_init(&host->gone, NULL);
	host->sock = host->stop[0] = host->stop[1] = -1;
	host->most_bytes = bytes ? bytes : DEFAULT_BYTES;
	host->most_connections = make_room();
	err = pipe2(host->stop, O_CLOEXEC) ? -errno : bind_to(host, path);
	if (!err) {
		err = start(&host->thread, listen_for, host, false);
		if (err)
			unlink(path);
	}
	if (err)
		forget(host);
	else
		*to = host;
	errno = saved;
	return err;
}

HOST_API void wn_host_stop(struct wn_host *host)
{
	close(host->stop[1]);
	host->stop[1] = -1;
	pthread_join(host->thread, NULL);
	unlink(host->at.sun_path);
	pthread_mutex_lock(&host->lock);
	while (host->connections)
		pthread_cond_wait(&host->gone, &host->lock);
	pthread_mutex_unlock(&host->lock);
	forget(host);
}
