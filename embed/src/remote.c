// SPDX-License-Identifier: MIT
/*
 * A file of a host's: what is asked goes over the connection, what is mapped comes by
 * it as files. Waiting is done here, on a word that the host counts up.
 */
#include "remote.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <wn_transport.h>

#include "client.h"
#include "futex.h"
#include "lane_view.h"
#include "wire.h"

struct remote {
	pthread_mutex_t lock;		/* one ask at a time */
	pid_t life;
	int sock;
	u64 domain;
	u32 cq_entries;
	u32 inbox_entries[WN_PRIORITIES];
	struct wn_user_ring *user;	/* as it is mapped */
	struct wn_kern_ring *kern;
	struct wn_embed_lane_views views;
	char *path;			/* of the socket */
};

/* ---------------------------------------------------------------- packets */

/* fd goes along, where it is one. */
static int send_ask(int sock, const struct wn_wire_ask *ask, int fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = {} };
	struct iovec body = { (void *)ask, WN_WIRE_HEAD(struct wn_wire_ask) + ask->bytes };
	struct msghdr msg = { .msg_iov = &body, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(int));
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EBADF && fd >= 0 ? -EBADF : -ESHUTDOWN;
	return 0;
}

/* An answer with the files that come with it: how many; -ESHUTDOWN: the host is gone. */
static int receive(int sock, struct wn_wire_answer *answer, int *fds)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(WN_WIRE_FDS * sizeof(int))];
	} control;
	struct iovec body = { answer, sizeof(*answer) };
	struct msghdr msg = {
		.msg_iov = &body, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	ssize_t n;
	int files = 0;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < (ssize_t)WN_WIRE_HEAD(struct wn_wire_answer) || answer->bytes > WN_WIRE_BODY)
		return -ESHUTDOWN;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		files = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(c), (size_t)files * sizeof(int));
	}
	return files;
}

/* There and back: what the host says. No file is expected. errno is the program's. */
static int talk_with(struct remote *r, const struct wn_wire_ask *ask,
		     struct wn_wire_answer *answer, int fd)
{
	int fds[WN_WIRE_FDS], saved = errno, files = 0, err, ret = 0, i;

	answer->ret = -EPROTO;
	answer->bytes = 0;
	pthread_mutex_lock(&r->lock);
	err = send_ask(r->sock, ask, fd);
	if (!err) {
		files = receive(r->sock, answer, fds);
		err = files < 0 ? files : 0;
		ret = err ? err : answer->ret;
	}
	pthread_mutex_unlock(&r->lock);
	for (i = 0; i < files; i++)
		close(fds[i]);
	errno = saved;
	return err ? err : ret;
}

static int talk(struct remote *r, const struct wn_wire_ask *ask, struct wn_wire_answer *answer)
{
	return talk_with(r, ask, answer, -1);
}

/* --------------------------------------------------------- open and close */

static int dial(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int sock, err;

	if (!*path || strlen(path) >= sizeof(to.sun_path))
		return *path ? -ENAMETOOLONG : -ENOENT;
	memcpy(to.sun_path, path, strlen(path));
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	do
		err = connect(sock, (struct sockaddr *)&to, sizeof(to)) ? -errno : 0;
	while (err == -EINTR);
	if (err) {
		close(sock);
		return err;
	}
	return sock;
}

static void forget(struct remote *r)
{
	if (r->sock >= 0)
		close(r->sock);
	/* In a forked child its pages are not there. */
	if (r->life == getpid())
		wn_embed_lane_views_end(&r->views);
	pthread_mutex_destroy(&r->lock);
	free(r->path);
	free(r);
}

/* A connection on which nothing was asked yet; path: its first len bytes. */
static int connect_to(const char *path, size_t len, struct remote **to)
{
	struct remote *r = calloc(1, sizeof(*r));
	int saved = errno, err;

	if (!r)
		return -ENOMEM;
	pthread_mutex_init(&r->lock, NULL);
	wn_embed_lane_views_init(&r->views);
	r->life = getpid();
	r->path = strndup(path, len);
	r->sock = r->path ? dial(r->path) : -ENOMEM;
	err = r->sock < 0 ? r->sock : 0;
	if (err)
		forget(r);
	else
		*to = r;
	errno = saved;
	return err;
}

/* Ask by name: the last part of a path; what stands before it is the socket's. */
static int by_name(const char *path, u32 what, int flags, struct remote **to)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	struct wn_wire_ask ask = { .what = what, .value = (u32)flags };
	struct wn_wire_answer answer;
	int err;

	if (strlen(name) > WN_NAME_MAX)
		return -ENAMETOOLONG;
	ask.bytes = (u32)strlen(name) + 1;
	memcpy(ask.body, name, ask.bytes);
	err = connect_to(path, slash ? (size_t)(slash - path) : 0, to);
	if (err)
		return err;
	err = talk(*to, &ask, &answer);
	if (err)
		forget(*to);
	else
		(*to)->domain = answer.value;
	return err;
}

static int remote_open(const char *path, int flags, void **to)
{
	struct remote *r;
	int err = by_name(path, WN_WIRE_OPEN, flags, &r);

	if (!err)
		*to = r;
	return err;
}

static int remote_again(void *at, int flags, void **to)
{
	const struct remote *old = at;
	const struct wn_wire_ask ask = {
		.what = WN_WIRE_AGAIN, .value = old->domain, .arg = (u32)flags,
	};
	struct wn_wire_answer answer;
	struct remote *r;
	int err;

	/* In a forked child the old connection is the parent's. */
	err = connect_to(old->path, strlen(old->path), &r);
	if (err)
		return err;
	err = talk(r, &ask, &answer);
	if (err) {
		forget(r);
		return err;
	}
	r->domain = old->domain;
	*to = r;
	return 0;
}

static void remote_close(void *at)
{
	struct remote *r = at;

	/* Also where forked children hold it still. */
	if (r->life == getpid())
		shutdown(r->sock, SHUT_RDWR);
	forget(r);
}

static int remote_remove(const char *path)
{
	struct remote *r;
	int err = by_name(path, WN_WIRE_REMOVE, 0, &r);

	if (!err)
		forget(r);
	return err;
}

/* ------------------------------------------------------------------- calls */

/* The host is gone if it hung up; a wait looks that often. */
#define LOOK_NS	1000000000ULL

static bool is_gone(const struct remote *r)
{
	struct pollfd p = { .fd = r->sock };

	return poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLERR);
}

static u32 acquire(const __u32 *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static u32 lying(const struct remote *r, u32 flags)
{
	u32 n = acquire(&r->kern->cq_tail) - r->user->cq_head;
	int i;

	for (i = 0; flags & WN_ENTER_EVENTS && i < WN_PRIORITIES; i++)
		n += acquire(&r->kern->inbox_tail[i]) - r->user->inbox_head[i];
	return n;
}

/* One sleep on a word that the host changes; now and then he is looked at, too. */
static int doze(const struct remote *r, u32 *word, u32 seen, u64 deadline)
{
	int err = wn_embed_sleep(word, seen, true, wn_embed_sooner(deadline, LOOK_NS));

	if (err != -ETIME || wn_embed_is_late(deadline))
		return err;
	return is_gone(r) ? -ESHUTDOWN : 0;
}

static int wait(struct remote *r, const struct wn_enter *e)
{
	u32 *news = (u32 *)((u8 *)r->kern + WN_EMBED_WORD);
	u32 *waiters = (u32 *)((u8 *)r->user + WN_EMBED_WORD);
	int err = 0;
	u32 seen;

	/* A: counted before news is looked at; pairs with B in enter.c. */
	__atomic_add_fetch(waiters, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		seen = __atomic_load_n(news, __ATOMIC_SEQ_CST);
		if (lying(r, e->flags) >= e->min_complete || err)
			break;
		err = doze(r, news, seen, e->deadline);
	}
	__atomic_sub_fetch(waiters, 1, __ATOMIC_RELAXED);
	return lying(r, e->flags) >= e->min_complete ? 0 : err;
}

static int ask_with(struct remote *r, unsigned long cmd, u64 arg, void *body, u32 bytes, int fd)
{
	struct wn_wire_ask ask = { .what = WN_WIRE_CALL, .value = cmd, .arg = arg, .bytes = bytes };
	struct wn_wire_answer answer;
	int ret;

	if (bytes)
		memcpy(ask.body, body, bytes);
	ret = talk_with(r, &ask, &answer, fd);
	/* What the host knows of it, as far as the caller has room. */
	if (ret >= 0 && bytes)
		memcpy(body, answer.body, bytes < answer.bytes ? bytes : answer.bytes);
	return ret;
}

static int ask_call(struct remote *r, unsigned long cmd, u64 arg, void *body, u32 bytes)
{
	return ask_with(r, cmd, arg, body, bytes, -1);
}

static u32 size_of(const void *arg)
{
	u32 size;

	memcpy(&size, arg, sizeof(size));
	/* Others are refused by the host. */
	return size > WN_WIRE_BODY || size < sizeof(size) ? sizeof(size) : size;
}

static int enter(struct remote *r, struct wn_enter *e)
{
	bool alone = e->size == sizeof(*e) && !(e->flags & ~WN_ENTER_EVENTS) && r->kern &&
		     r->user && e->min_complete <= r->cq_entries && e->min_complete;
	int taken = 0, err = 0;

	/* Nothing for the host to do: we only wait. */
	if (alone && acquire(&r->kern->sq_head) == r->user->sq_tail &&
	    !(acquire(&r->kern->flags) & WN_KR_F_BACKLOG) && !e->reserved &&
	    e->deadline <= LLONG_MAX)
		return wait(r, e);
	taken = ask_call(r, WN_IOC_ENTER, 0, e, size_of(e));
	if (taken >= 0 && alone) {
		err = wait(r, e);
		e->completed = lying(r, 0);
	}
	return taken ? taken : err;
}

/* Until the word is another one, or the deadline. */
static int sleep_on(const struct remote *r, u32 *word, u32 seen, u64 deadline)
{
	int err = 0;

	while (!err && acquire(word) == seen)
		err = doze(r, word, seen, deadline);
	return err;
}

/* The host looks, we sleep until it says that it is worth another look. */
static int wait_epoch(struct remote *r, struct wn_epoch_wait *to)
{
	const u32 size = size_of(to);
	struct wn_epoch_wait w;
	int err, ended = 0;
	u32 *word, seen;

	if (r->life != getpid())
		return -EOWNERDEAD;
	for (;;) {
		word = r->kern ? (u32 *)((u8 *)r->kern + WN_EMBED_EPOCH_WORD) : NULL;
		/* Before it looks: what changes from then on changes the word. */
		seen = word ? acquire(word) : 0;
		err = ask_call(r, WN_IOC_WAIT_EPOCH, 0, to, size);
		if (err != -EAGAIN)
			return err;
		if (ended)
			return ended;
		if (!word)
			return -ENXIO;
		/* The host took it, so there is as much of it. */
		memcpy(&w, to, sizeof(w));
		ended = sleep_on(r, word, seen, w.deadline);
	}
}

/* It is told by the host, who gets it with the message. */
static int eventfd_call(struct remote *r, struct wn_eventfd_args *e)
{
	const u32 size = size_of(e);

	if (r->life != getpid())
		return -EOWNERDEAD;
	return ask_with(r, WN_IOC_EVENTFD, 0, e, size, size < sizeof(*e) ? -1 : e->fd);
}

/* Waiting and waking, which is done here where it can be. */
static int lane_call(struct remote *r, unsigned long cmd, void *arg)
{
	u32 *news;
	int ret;

	if (r->life != getpid())
		return -EOWNERDEAD;
	if (!r->kern)
		return -ENXIO;
	news = (u32 *)((u8 *)r->kern + WN_EMBED_LANE_WORD);
	if (_IOC_NR(cmd) == _IOC_NR(WN_IOC_LANE_WAIT))
		return wn_embed_lane_view_wait(&r->views, news, r->sock, arg);
	ret = wn_embed_lane_view_wake(&r->views, (unsigned long)arg);
	return ret > 0 ? ask_call(r, cmd, (unsigned long)arg, NULL, 0) : ret;
}

static int remote_call(void *at, unsigned long cmd, void *arg)
{
	struct wn_setup *s = arg;
	struct remote *r = at;
	int err;

	if (_IOC_TYPE(cmd) != WN_IOC_MAGIC)
		return -ENOTTY;
	if (cmd == WN_IOC_LANE_WAIT || cmd == WN_IOC_LANE_WAKE)
		return lane_call(r, cmd, arg);
	if (cmd == WN_IOC_LANE_CLOSE && r->life == getpid())
		wn_embed_lane_view_drop(&r->views, (unsigned long)arg);
	if (_IOC_DIR(cmd) == _IOC_NONE)
		return ask_call(r, cmd, (unsigned long)arg, NULL, 0);
	if (_IOC_NR(cmd) == _IOC_NR(WN_IOC_ENTER))
		return enter(r, arg);
	if (_IOC_NR(cmd) == _IOC_NR(WN_IOC_WAIT_EPOCH))
		return wait_epoch(r, arg);
	if (_IOC_NR(cmd) == _IOC_NR(WN_IOC_EVENTFD))
		return eventfd_call(r, arg);
	err = ask_call(r, cmd, 0, arg, size_of(arg));
	if (!err && _IOC_NR(cmd) == _IOC_NR(WN_IOC_SETUP)) {
		r->cq_entries = s->cq_entries;
		memcpy(r->inbox_entries, s->inbox_entries, sizeof(r->inbox_entries));
	}
	return err;
}

/* -------------------------------------------------------------------- maps */

/* Files that came, from number on: put to their places, closed. */
static int place(u8 *at, const struct wn_wire_answer *head, u32 number, const int *fds, int count)
{
	int i, err = 0;

	for (i = 0; i < count; i++) {
		if (!err && (number + (u32)i >= head->files ||
			     !wn_embed_map_at(at + (number + (u32)i) * head->value, fds[i],
					      head->value, head->writable)))
			err = -ENOMEM;
		close(fds[i]);
	}
	return err;
}

static int receive_map(struct remote *r, const struct wn_region *region, void **to)
{
	struct wn_wire_answer head = { .ret = 0 }, next = { .ret = 0 };
	int fds[WN_WIRE_FDS], count, err;
	u8 *at = NULL;
	u32 have;

	count = receive(r->sock, &head, fds);
	if (count < 0 || head.ret)
		return count < 0 ? count : head.ret;
	if (head.files == 1 && count == 1) {
		at = wn_embed_map(fds[0], head.offset, region->bytes, head.writable);
		close(fds[0]);
		*to = at;
		return at ? 0 : -ENOMEM;
	}
	err = head.files && head.value * head.files == region->bytes ? 0 : -EPROTO;
	if (!err)
		at = wn_embed_map_row(head.value, head.files);
	if (!at && !err)
		err = -ENOMEM;
	have = 0;
	for (;;) {
		const int bad = place(at, &head, at ? have : head.files, fds, count);

		err = err ? err : bad;
		have += (u32)count;
		if (have >= head.files)
			break;
		count = receive(r->sock, &next, fds);
		if (count <= 0) {
			err = -ESHUTDOWN;
			break;
		}
	}
	if (err && at)
		munmap(at, region->bytes);
	*to = at;
	return err;
}

/* Files of a lane's window, in a row: how many, of at most as many. */
static int receive_parts(struct remote *r, struct wn_embed_part *parts, int most, u64 *who)
{
	struct wn_wire_answer head = { .ret = 0 };
	int fds[WN_WIRE_FDS], count = receive(r->sock, &head, fds), i;
	const struct wn_wire_part *body = (void *)head.body;
	bool right;

	if (count < 0)
		return count;
	right = !head.ret && count > 0 && count <= most &&
		head.bytes == (u32)count * sizeof(*body);
	for (i = 0; i < count; i++) {
		if (!right)
			close(fds[i]);
		else
			parts[i] = (struct wn_embed_part){
				.fd = fds[i], .offset = body[i].offset, .bytes = body[i].bytes,
			};
	}
	*who = head.value;
	if (!right)
		return head.ret ? head.ret : -EPROTO;
	return count;
}

static int receive_lane(struct remote *r, const struct wn_region *region, void **to)
{
	struct wn_embed_part parts[WN_EMBED_PARTS];
	u64 who;
	int count = receive_parts(r, parts, WN_EMBED_PARTS, &who);

	return count < 0 ? count :
	       wn_embed_lane_view_map(&r->views, region, parts, count, who, to);
}

static int remote_renew(void *at, const struct wn_region *region, void *map, __u64 offset)
{
	const u64 page = (u64)sysconf(_SC_PAGESIZE);
	const struct wn_wire_ask ask = {
		.what = WN_WIRE_LANE, .value = region->type, .arg = offset / page,
	};
	struct remote *r = at;
	int saved = errno, err;
	struct wn_embed_part part;
	u64 who;

	if (r->life != getpid())
		return -EOWNERDEAD;
	if (offset < page || offset >= region->bytes)
		return -EINVAL;
	pthread_mutex_lock(&r->lock);
	err = send_ask(r->sock, &ask, -1);
	if (!err)
		err = receive_parts(r, &part, 1, &who);
	pthread_mutex_unlock(&r->lock);
	if (err > 0)
		err = wn_embed_lane_view_renew(map, offset, &part);
	errno = saved;
	return err;
}

static int remote_map(void *at, const struct wn_region *region, void **to)
{
	const bool lane = region->type >= WN_REGION_LANES;
	const struct wn_wire_ask ask = {
		.what = lane ? WN_WIRE_LANE : WN_WIRE_MAP, .value = region->type,
	};
	struct remote *r = at;
	int saved = errno, err;

	pthread_mutex_lock(&r->lock);
	err = send_ask(r->sock, &ask, -1);
	if (!err)
		err = lane ? receive_lane(r, region, to) : receive_map(r, region, to);
	pthread_mutex_unlock(&r->lock);
	errno = saved;
	if (err)
		return err;
	if (region->type == WN_REGION_USER_RING)
		r->user = *to;
	if (region->type == WN_REGION_KERN_RING)
		r->kern = *to;
	return 0;
}

static void remote_unmap(void *at, const struct wn_region *region, void *map)
{
	munmap(map, region->bytes);
}

static int remote_fd(void *at)
{
	return -ENOTTY;
}

struct wn_transport wn_embed_remote = {
	.size = sizeof(wn_embed_remote),
	.scheme = "host",
	.open = remote_open,
	.again = remote_again,
	.close = remote_close,
	.call = remote_call,
	.map = remote_map,
	.unmap = remote_unmap,
	.remove = remote_remove,
	.fd = remote_fd,
	.renew = remote_renew,
};
