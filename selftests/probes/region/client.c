// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

const char *const backing_name[] = {
	[PROBE_PAGES] = "pages", [PROBE_SHMEM] = "shmem", [PROBE_PAGES_HUGE] = "pages-huge",
	[PROBE_SHMEM_HUGE] = "shmem-huge", [PROBE_VMALLOC_HUGE] = "vmalloc-huge",
};

const char *const insert_name[] = {
	[PROBE_RETURN] = "return", [PROBE_LOCKED] = "locked", [PROBE_INSERT] = "insert",
	[PROBE_AROUND] = "around", [PROBE_MMAP] = "mmap", [PROBE_PFN] = "pfn",
	[PROBE_PFN_AROUND] = "pfn-around", [PROBE_PFN_HUGE] = "pfn-huge",
};

struct client client_open(enum device dev)
{
	const char *path = dev == BY_INODE ? "/dev/wn_probe_inode" : "/dev/wn_probe_window";
	struct client c = { .fd = open(path, O_RDWR | O_CLOEXEC) };

	must(c.fd >= 0);
	return c;
}

int client_make(struct client *c, unsigned int backing, unsigned int npages, struct probe_make *m)
{
	struct probe_make own = {};

	if (!m)
		m = &own;
	m->backing = backing;
	m->npages = npages;
	return ioctl(c->fd, PROBE_IOC_MAKE, m) ? -errno : 0;
}

void client_join(struct client *c, const struct client *peer)
{
	__s32 fd = peer->fd;

	must(!ioctl(c->fd, PROBE_IOC_JOIN, &fd));
}

void client_view(struct client *c, unsigned int insert, unsigned int flags)
{
	struct probe_view v = { .insert = insert, .flags = flags };

	must(!ioctl(c->fd, PROBE_IOC_VIEW, &v));
	c->base = v.base;
}

void *client_map(struct client *c, unsigned int first, unsigned int count, int prot)
{
	return mmap(NULL, count * PAGE, prot, MAP_SHARED, c->fd, (c->base + first) * PAGE);
}

void client_close(struct client *c)
{
	close(c->fd);
	c->fd = -1;
}

struct client client_maker(enum device dev, unsigned int backing, unsigned int npages,
			   unsigned int insert, unsigned int flags)
{
	struct client c = client_open(dev);
	int err = client_make(&c, backing, npages, NULL);

	errno = -err;
	must(!err);
	client_view(&c, insert, flags);
	return c;
}

struct client client_joiner(enum device dev, const struct client *peer, unsigned int insert,
			    unsigned int flags)
{
	struct client c = client_open(dev);

	client_join(&c, peer);
	client_view(&c, insert, flags);
	return c;
}

struct probe_revoke client_revoke(const struct client *c, unsigned int first, unsigned int count)
{
	struct probe_revoke r = { .client = c->fd, .first = first, .count = count };

	must(!ioctl(c->fd, PROBE_IOC_REVOKE, &r));
	return r;
}

int client_take(struct client *c, unsigned int first, unsigned int count, unsigned int policy,
		uint64_t *ns)
{
	struct probe_take t = { .first = first, .count = count, .policy = policy };
	int err = ioctl(c->fd, PROBE_IOC_TAKE, &t) ? -errno : 0;

	if (ns)
		*ns = t.ns;
	return err;
}

uint64_t client_peek(struct client *c, unsigned int index, unsigned int *refs)
{
	struct probe_word w = { .index = index };

	must(!ioctl(c->fd, PROBE_IOC_PEEK, &w));
	if (refs)
		*refs = w.refs;
	return w.value;
}

void client_poke(struct client *c, unsigned int index, uint64_t value)
{
	struct probe_word w = { .index = index, .value = value };

	must(!ioctl(c->fd, PROBE_IOC_POKE, &w));
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t median(uint64_t *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n / 2];
}

const char *err_name(int err)
{
	return err ? strerrorname_np(abs(err)) : "ok";
}

uint64_t file_number(const char *path, const char *key)
{
	size_t n = strlen(key);
	unsigned long long v;
	uint64_t sum = 0;
	char line[512];
	FILE *f = fopen(path, "re");

	must(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, n) && sscanf(line + n, " %llu", &v) == 1)
			sum += v;
	fclose(f);
	return sum;
}

bool file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text);
}
