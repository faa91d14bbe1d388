// SPDX-License-Identifier: MIT
#include "common.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>

/* ------------------------------------------------------------ instances */

void wt_skip_all(const char *why)
{
	printf("TAP version 13\n1..0 # SKIP %s\n", why);
	exit(4);
}

const char *wt_path(const struct wt_mount *m, const char *name)
{
	static char path[8][320];
	static unsigned int next;
	char *p = path[next++ % 8];

	snprintf(p, sizeof(path[0]), "%s/%s", m->dir, name);
	return p;
}

/* ------------------------------------------------------- system calls */

long wt_ioctl(int fd, unsigned long cmd, void *arg)
{
	long ret;

	do
		ret = ioctl(fd, cmd, arg);
	while (ret < 0 && errno == EINTR && wt_is_stormy());
	return ret < 0 ? -errno : ret;
}

int wt_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

void *wt_mmap(int fd, uint64_t offset, uint64_t bytes, int prot, int flags)
{
	void *p = mmap(NULL, bytes, prot, flags, fd, (off_t)offset);

	return p == MAP_FAILED ? (void *)(long)-errno : p;
}

/* ------------------------------------------------------------- domains */

const struct wn_bounds wt_small = {
	.nodes = 8, .children = 8, .depth = 8, .cells = 8, .set_elems = 8, .elems = 8,
	.replicas = 8, .clients = 8, .caps = 8, .slots = 8, .sq_entries = 8, .cq_entries = 8,
	.inbox_entries = 8, .group_ops = 8, .idem_keys = 8, .lanes = 8, .subs = 8, .timers = 8,
	.log_records = 8, .backlog = 8, .slab_bytes = 64,
};

struct wn_domain_create wt_create_args(int control, const char *name)
{
	struct wn_bounds_query q = { .size = sizeof(q), .which = WN_BOUNDS_DEFAULT };
	struct wn_domain_create c = { .size = sizeof(c), .mode = 0600 };

	if (!wt_ioctl(control, WN_IOC_BOUNDS, &q))
		c.bounds = q.bounds;
	memcpy(c.name, name, strnlen(name, sizeof(c.name)));
	return c;
}

int wt_create(const struct wt_mount *m, const char *name)
{
	struct wn_domain_create c = wt_create_args(m->control, name);

	return wt_ioctl(m->control, WN_IOC_CREATE, &c);
}

struct wn_domain_info wt_info(int fd)
{
	struct wn_domain_info info = { .size = sizeof(info) };

	if (wt_ioctl(fd, WN_IOC_INFO, &info))
		memset(&info, 0, sizeof(info));
	return info;
}

/* ------------------------------------------------------------- clients */

const struct wn_region *wt_region(const struct wn_setup *s, uint32_t type)
{
	uint32_t i;

	for (i = 0; i < s->nr_regions && i < WN_REGION_TABLE; i++)
		if (s->regions[i].type == type)
			return &s->regions[i];
	return NULL;
}

void *wt_map(const struct wt_client *c, uint32_t type)
{
	const struct wn_region *r = wt_region(&c->s, type);
	int prot = PROT_READ;

	if (!r)
		return (void *)(long)-ENOENT;
	if (r->flags & WN_REGION_F_WRITE)
		prot |= PROT_WRITE;
	return wt_mmap(c->fd, r->offset, r->bytes, prot, MAP_SHARED);
}

void wt_unmap(const struct wt_client *c, uint32_t type, void *at)
{
	if (at && !wt_err(at))
		munmap(at, wt_region(&c->s, type)->bytes);
}

static int map(struct wt_client *c, uint32_t type, void **to)
{
	*to = wt_map(c, type);
	return wt_err(*to);
}

int wt_client_prepare(struct wt_client *c, const char *path, uint32_t sq, uint32_t cq)
{
	int err;

	*c = (struct wt_client){
		.s = { .size = sizeof(c->s), .sq_entries = sq, .cq_entries = cq },
	};
	c->fd = wt_open(path, O_RDWR);
	if (c->fd < 0)
		return c->fd;
	err = wt_ioctl(c->fd, WN_IOC_SETUP, &c->s);
	if (!err)
		err = map(c, WN_REGION_USER_RING, (void **)&c->user);
	if (!err)
		err = map(c, WN_REGION_SQES, (void **)&c->sqes);
	if (!err)
		err = map(c, WN_REGION_KERN_RING, (void **)&c->kern);
	if (!err)
		err = map(c, WN_REGION_CQES, (void **)&c->cqes);
	if (err)
		wt_client_close(c);
	return err;
}

int wt_client_enable(struct wt_client *c)
{
	struct wn_enable e = { .size = sizeof(e) };

	return wt_ioctl(c->fd, WN_IOC_ENABLE, &e);
}

int wt_client_open(struct wt_client *c, const char *path, uint32_t sq, uint32_t cq)
{
	int err = wt_client_prepare(c, path, sq, cq);

	if (err)
		return err;
	err = wt_client_enable(c);
	if (err)
		wt_client_close(c);
	return err;
}

void wt_client_close(struct wt_client *c)
{
	wt_unmap(c, WN_REGION_USER_RING, c->user);
	wt_unmap(c, WN_REGION_SQES, c->sqes);
	wt_unmap(c, WN_REGION_KERN_RING, c->kern);
	wt_unmap(c, WN_REGION_CQES, c->cqes);
	close(c->fd);
}

struct wn_sqe *wt_sqe(struct wt_client *c, uint32_t at)
{
	struct wn_sqe *sqe = &c->sqes[(c->user->sq_tail + at) & (c->s.sq_entries - 1)];

	memset(sqe, 0, sizeof(*sqe));
	return sqe;
}

void wt_submit(struct wt_client *c, uint32_t n)
{
	__atomic_store_n(&c->user->sq_tail, c->user->sq_tail + n, __ATOMIC_RELEASE);
}

long wt_enter(struct wt_client *c, uint32_t to_submit, uint32_t min_complete)
{
	struct wn_enter e = {
		.size = sizeof(e), .to_submit = to_submit, .min_complete = min_complete,
	};
	long ret = wt_ioctl(c->fd, WN_IOC_ENTER, &e);
	uint32_t head, taken;

	/* Who is not the owner may not have the page that is looked at. */
	if (!wt_is_polling() || !to_submit || (ret < 0 && ret != -ETIME && ret != -EINTR))
		return ret;
	head = __atomic_load_n(&c->kern->sq_head, __ATOMIC_ACQUIRE);
	taken = head - c->seen;
	c->seen = head;
	return taken ? (long)taken : ret;
}

uint32_t wt_cq_ready(const struct wt_client *c)
{
	return __atomic_load_n(&c->kern->cq_tail, __ATOMIC_ACQUIRE) - c->user->cq_head;
}

struct wn_cqe wt_cqe(const struct wt_client *c, uint32_t at)
{
	return c->cqes[(c->user->cq_head + at) & (c->s.cq_entries - 1)];
}

void wt_cq_seen(struct wt_client *c, uint32_t n)
{
	__atomic_store_n(&c->user->cq_head, c->user->cq_head + n, __ATOMIC_RELEASE);
}

int64_t wt_op(struct wt_client *c, const struct wn_sqe *sqe, const void *wide)
{
	const uint32_t slots = wide ? 2 : 1;
	struct wn_sqe *slot = wt_sqe(c, 0);
	int64_t res;
	long n;

	*slot = *sqe;
	if (wide) {
		slot->flags |= WN_SQE_WIDE;
		memcpy(wt_sqe(c, 1), wide, sizeof(*slot));
	}
	wt_submit(c, slots);
	n = wt_enter(c, slots, 1);
	if (n < 0)
		return n;
	if ((uint32_t)n != slots || wt_cq_ready(c) != 1)
		return -EPROTO;
	res = wt_cqe(c, 0).res;
	wt_cq_seen(c, 1);
	return res;
}

long wt_nop(struct wt_client *c, uint64_t user_data)
{
	struct wn_cqe cqe;
	long n;

	wt_sqe(c, 0)->user_data = user_data;
	wt_submit(c, 1);
	n = wt_enter(c, 1, 1);
	if (n < 0)
		return n;
	if (n != 1 || wt_cq_ready(c) != 1)
		return -EPROTO;
	cqe = wt_cqe(c, 0);
	wt_cq_seen(c, 1);
	return cqe.user_data == user_data ? cqe.res : -EPROTO;
}

/* ---------------------------------------------------------------- others */

int wt_become(unsigned int id)
{
	if (setgroups(0, NULL) || setresgid(id, id, id) || setresuid(id, id, id))
		return -errno;
	/* As after a login's exec: one's own files in /proc are one's own. */
	if (prctl(PR_SET_DUMPABLE, 1))
		return -errno;
	return 0;
}

int wt_in_child(unsigned int id, int (*fn)(void *arg), void *arg)
{
	int status, value, pipe_fd[2];
	pid_t pid;

	if (pipe2(pipe_fd, O_CLOEXEC))
		return -errno;
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		value = id ? wt_become(id) : 0;
		if (!value)
			value = fn(arg);
		_exit(write(pipe_fd[1], &value, sizeof(value)) != sizeof(value));
	}
	close(pipe_fd[1]);
	if (read(pipe_fd[0], &value, sizeof(value)) != sizeof(value))
		value = -ESRCH;
	close(pipe_fd[0]);
	waitpid(pid, &status, 0);
	return value;
}

int wt_fdinfo_word(int fd, const char *key, char *word, size_t size)
{
	char path[64], text[4096], *line;
	size_t len = strlen(key);

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (wt_read_file(path, text, sizeof(text)) < 0)
		return -ENOENT;
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, key, len) || line[len] != ':')
			continue;
		snprintf(word, size, "%s", line + len + 1 + strspn(line + len + 1, "\t "));
		return 0;
	}
	return -ENOENT;
}

long long wt_fdinfo(int fd, const char *key)
{
	char word[64];

	return wt_fdinfo_word(fd, key, word, sizeof(word)) ? -1 : strtoll(word, NULL, 10);
}

int wt_read_file(const char *path, char *text, size_t size)
{
	int fd = wt_open(path, O_RDONLY);
	size_t have = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	while (have < size - 1 && (n = read(fd, text + have, size - 1 - have)) > 0)
		have += n;
	close(fd);
	while (have && text[have - 1] == '\n')
		have--;
	text[have] = 0;
	return have;
}

int wt_write_file(const char *path, const char *text)
{
	int fd = wt_open(path, O_WRONLY), err = 0;

	if (fd < 0)
		return fd;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err = -errno;
	close(fd);
	return err;
}

long long wt_used(const struct wt_mount *m)
{
	struct statfs st;

	if (statfs(m->dir, &st))
		return -errno;
	return (long long)(st.f_blocks - st.f_bfree) * st.f_bsize;
}

uint32_t wt_number(const char *env, uint32_t usual)
{
	const char *n = getenv(env);

	return n ? strtoul(n, NULL, 0) : usual;
}

int wt_thread(const char *comm)
{
	char path[300], text[32];
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	int pid = 0;

	while (proc && !pid && (entry = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (atoi(entry->d_name) && wt_read_file(path, text, sizeof(text)) > 0 &&
		    !strcmp(text, comm))
			pid = atoi(entry->d_name);
	}
	if (proc)
		closedir(proc);
	return pid;
}
