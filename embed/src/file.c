// SPDX-License-Identifier: MIT
/* The transport: files of libwn, which are clients or an instance's control. */
#include "file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wn_embed.h>
#include <wn_transport.h>

#include "control.h"
#include "enter.h"
#include "epoch.h"
#include "fan.h"
#include "remote.h"
#include "space.h"

#define EMBED_API __attribute__((visibility("default")))

/*
 * A path is an instance, a slash and a name; a name alone lies in the instance
 * without a name. Instances need not be made. *name: where the name begins.
 */
static char *split(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');

	*name = slash ? slash + 1 : path;
	return strndup(path, slash ? (size_t)(slash - path) : 0);
}

static int with_domain(const char *instance, const char *name, struct wn_embed_file *file)
{
	struct wn_embed_domain *domain;
	char *path;

	if (asprintf(&path, "%s/%s", instance, name) < 0)
		return -ENOMEM;
	domain = wn_embed_domain_get(path);
	free(path);
	if (!domain)
		return -ENOENT;
	/* Whose slots are one file cannot be shared out. */
	if (file->most && !domain->hosted) {
		wn_embed_domain_put(domain);
		return -EACCES;
	}
	file->client = wn_embed_client_new(domain, file->most);
	return file->client ? 0 : -ENOMEM;
}

int wn_embed_file_open(const char *path, int flags, u64 most, struct wn_embed_file **to)
{
	const int access = flags & O_ACCMODE;
	const char *name;
	struct wn_embed_file *file;
	char *instance;
	int err = 0;

	instance = split(path, &name);
	file = instance ? calloc(1, sizeof(*file) + strlen(instance) + 1) : NULL;
	if (!file) {
		free(instance);
		return -ENOMEM;
	}
	file->life = wn_embed_life();
	file->most = most;
	file->readable = access != O_WRONLY;
	file->writable = access != O_RDONLY;
	memcpy(file->instance, instance, strlen(instance) + 1);
	if (!*name)
		err = -EINVAL;
	else if (strlen(name) > WN_NAME_MAX)
		err = -ENAMETOOLONG;
	else if (strcmp(name, WN_FS_CONTROL))
		err = with_domain(instance, name, file);
	free(instance);
	wn_embed_lane_views_init(&file->views);
	if (err)
		free(file);
	else
		*to = file;
	return err;
}

static bool is_foreign(const struct wn_embed_file *file)
{
	return file->life != wn_embed_life();
}

void wn_embed_file_close(struct wn_embed_file *file)
{
	/* A child's copy of the structs is all that there is in the child. */
	if (file->client && !is_foreign(file))
		wn_embed_client_free(file->client);
	if (!is_foreign(file))
		wn_embed_lane_views_end(&file->views);
	free(file);
}

int wn_embed_file_again(struct wn_embed_file *file, int flags, struct wn_embed_file **to)
{
	const int access = flags & O_ACCMODE;
	struct wn_embed_file *new;

	/* A child has no such domain. */
	if (is_foreign(file))
		return -EOWNERDEAD;
	if (!file->client)
		return -ENOTTY;
	new = calloc(1, sizeof(*new) + 1);
	if (!new)
		return -ENOMEM;
	new->life = file->life;
	new->most = file->most;
	wn_embed_lane_views_init(&new->views);
	new->readable = access != O_WRONLY;
	new->writable = access != O_RDONLY;
	wn_embed_domain_hold(file->client->domain);
	new->client = wn_embed_client_new(file->client->domain, file->most);
	if (!new->client) {
		free(new);
		return -ENOMEM;
	}
	*to = new;
	return 0;
}

static int lane_call(struct wn_embed_file *file, unsigned long cmd, void *arg)
{
	const unsigned long number = (unsigned long)arg;
	int ret;

	switch (_IOC_NR(cmd)) {
	case _IOC_NR(WN_IOC_LANE_CONNECT):
		return wn_embed_lane_connect(file->client, file->most, arg);
	case _IOC_NR(WN_IOC_LANE_ACCEPT):
		return wn_embed_lane_accept(file->client, arg);
	case _IOC_NR(WN_IOC_LANE_CLOSE):
		wn_embed_lane_view_drop(&file->views, number);
		return wn_embed_lane_close(file->client, number);
	case _IOC_NR(WN_IOC_LANE_LIST):
		return wn_embed_lane_list(file->client, arg);
	case _IOC_NR(WN_IOC_FAN_MAKE):
		return wn_embed_fan_make(file->client, file->most, arg);
	case _IOC_NR(WN_IOC_FAN_JOIN):
		return wn_embed_fan_join(file->client, file->most, arg);
	case _IOC_NR(WN_IOC_FAN_EVICT):
		return wn_embed_fan_evict(file->client, arg);
	}
	/* Who is another process waits for itself, and wakes, but where it asks us to. */
	if (file->most)
		return _IOC_NR(cmd) == _IOC_NR(WN_IOC_LANE_WAKE) ?
		       wn_embed_fan_wake(file->client, number) : -ENOTTY;
	if (wn_embed_client_state(file->client) != WN_EMBED_ENABLED)
		return -ENXIO;
	if (_IOC_NR(cmd) == _IOC_NR(WN_IOC_LANE_WAIT))
		return wn_embed_lane_view_wait(&file->views, file->client->lane_news, -1, arg);
	ret = wn_embed_lane_view_wake(&file->views, number);
	return ret > 0 ? wn_embed_fan_wake(file->client, number) : ret;
}

static bool is_lane_call(unsigned int nr)
{
	return (nr >= _IOC_NR(WN_IOC_LANE_CONNECT) && nr <= _IOC_NR(WN_IOC_LANE_LIST)) ||
	       (nr >= _IOC_NR(WN_IOC_FAN_MAKE) && nr <= _IOC_NR(WN_IOC_FAN_EVICT));
}

int wn_embed_file_call(struct wn_embed_file *file, unsigned long cmd, void *arg)
{
	if (is_foreign(file))
		return -EOWNERDEAD;
	if (!file->client)
		return wn_embed_control(file->instance, file->writable, file->most, cmd,
					arg);
	if (_IOC_TYPE(cmd) != WN_IOC_MAGIC)
		return -ENOTTY;
	if (is_lane_call(_IOC_NR(cmd)))
		return lane_call(file, cmd, arg);
	switch (_IOC_NR(cmd)) {
	case _IOC_NR(WN_IOC_SUBMIT):
		return wn_embed_submit(file->client, (unsigned long)arg);
	case _IOC_NR(WN_IOC_ENTER):
		return wn_embed_enter(file->client, arg);
	case _IOC_NR(WN_IOC_WAIT_EPOCH):
		return wn_embed_epoch_wait(file->client, arg);
	case _IOC_NR(WN_IOC_EVENTFD):
		return wn_embed_eventfd(file->client, arg);
	case _IOC_NR(WN_IOC_POLL):
		return wn_embed_poll(file->client, arg);
	case _IOC_NR(WN_IOC_INFO):
		return wn_embed_domain_info(file->client->domain, arg);
	case _IOC_NR(WN_IOC_SETUP):
		if (!file->readable || !file->writable)
			return -EBADF;
		return wn_embed_client_setup(file->client, arg);
	case _IOC_NR(WN_IOC_RESTRICT):
		return wn_embed_client_restrict(file->client, arg);
	case _IOC_NR(WN_IOC_ENABLE):
		return wn_embed_client_enable(file->client, arg);
	}
	return wn_embed_query(file->most, cmd, arg);
}

const struct wn_embed_memory *wn_embed_file_memory(const struct wn_embed_file *file, u32 type)
{
	if (!file->client || wn_embed_client_state(file->client) == WN_EMBED_NEW)
		return NULL;
	return wn_embed_client_region(file->client, type);
}

static int map_lane(struct wn_embed_file *file, const struct wn_region *region, void **to)
{
	struct wn_embed_part parts[WN_EMBED_PARTS];
	int n = -EINVAL;
	u64 who = 0;

	if (file->client)
		n = wn_embed_lane_parts(file->client, region->type, parts, &who);
	return n < 0 ? n : wn_embed_lane_view_map(&file->views, region, parts, n, who, to);
}

static int file_renew(void *at, const struct wn_region *region, void *map, __u64 offset)
{
	const u64 page = (u64)sysconf(_SC_PAGESIZE);
	struct wn_embed_file *file = at;
	struct wn_embed_part part;
	int n = -EINVAL;

	if (is_foreign(file))
		return -EOWNERDEAD;
	if (file->client && offset >= page && offset < region->bytes)
		n = wn_embed_lane_seat_part(file->client, region->type, offset / page - 1, &part);
	return n < 0 ? n : wn_embed_lane_view_renew(map, offset, &part);
}

static int file_map(void *at, const struct wn_region *region, void **to)
{
	const struct wn_embed_memory *m;

	if (is_foreign(at))
		return -EOWNERDEAD;
	if (region->type >= WN_REGION_LANES)
		return map_lane(at, region, to);
	m = wn_embed_file_memory(at, region->type);
	if (!m || region->bytes != m->bytes || region->offset != WN_REGION_OFFSET(region->type))
		return -EINVAL;
	if (region->flags & WN_REGION_F_WRITE && !m->writable)
		return -EACCES;
	*to = wn_embed_memory_view(m);
	return *to ? 0 : -ENOMEM;
}

static void file_unmap(void *at, const struct wn_region *region, void *map)
{
	const struct wn_embed_memory *m = NULL;

	if (!is_foreign(at) && region->type >= WN_REGION_LANES)
		munmap(map, region->bytes);
	else if (!is_foreign(at))
		m = wn_embed_file_memory(at, region->type);
	if (m)
		wn_embed_memory_unview(m, map);
}

int wn_embed_file_remove(const char *path)
{
	const char *name;
	char *instance = split(path, &name), *full = NULL;
	int err;

	if (!instance || asprintf(&full, "%s/%s", instance, name) < 0)
		err = -ENOMEM;
	else if (!strcmp(name, WN_FS_CONTROL) || !strcmp(name, WN_FS_FEATURES))
		err = -EPERM;
	else
		err = wn_embed_domain_remove(full);
	free(full);
	free(instance);
	return err;
}

static int file_fd(void *at)
{
	return -ENOTTY;
}

static int file_open(const char *path, int flags, void **to)
{
	return wn_embed_file_open(path, flags, 0, (struct wn_embed_file **)to);
}

static int file_again(void *at, int flags, void **to)
{
	return wn_embed_file_again(at, flags, (struct wn_embed_file **)to);
}

static int file_call(void *at, unsigned long cmd, void *arg)
{
	return wn_embed_file_call(at, cmd, arg);
}

static void file_close(void *at)
{
	wn_embed_file_close(at);
}

static struct wn_transport transport = {
	.size = sizeof(transport),
	.scheme = "embed",
	.open = file_open,
	.again = file_again,
	.close = file_close,
	.call = file_call,
	.map = file_map,
	.unmap = file_unmap,
	.remove = wn_embed_file_remove,
	.fd = file_fd,
	.renew = file_renew,
};

EMBED_API int wn_embed_init(unsigned int flags)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static bool done;
	int err = 0;

	if (flags & ~WN_EMBED_FLAT)
		return -EINVAL;
	pthread_mutex_lock(&lock);
	if (!done) {
		if (flags & WN_EMBED_FLAT)
			wn_embed_memory_flat();
		err = wn_embed_space_init();
		if (!err)
			err = wn_transport_register(&transport);
		if (!err)
			err = wn_transport_register(&wn_embed_remote);
		done = !err;
	}
	pthread_mutex_unlock(&lock);
	return err;
}

/* A broken invariant of the engine: said, and the op refused. */
void wn_port_report(const char *file, int line, const char *what)
{
	fprintf(stderr, "worknode: bug at %s:%d: %s\n", file, line, what);
}
