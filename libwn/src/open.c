// SPDX-License-Identifier: MIT
#include "internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "transport.h"

static void unmap(struct wn *wn)
{
	__u32 i;

	/* In a forked child there is nothing: the kernel did not copy the mappings. */
	if (wn->alive && *wn->alive)
		for (i = 0; i < wn->nr_regions; i++)
			if (wn->maps[i])
				wn->via->unmap(wn->file, &wn->regions[i], wn->maps[i]);
}

/* Where a region's address goes; NULL: not a region this library uses. */
static void point(struct wn *wn, __u32 type, void *map, __u64 bytes)
{
	switch (type) {
	case WN_REGION_USER_RING:
		wn->user = map;
		break;
	case WN_REGION_SQES:
		wn->sqes = map;
		break;
	case WN_REGION_KERN_RING:
		wn->kern = map;
		break;
	case WN_REGION_CQES:
		wn->cqes = map;
		break;
	case WN_REGION_INBOX:
		wn->inbox = map;
		break;
	case WN_REGION_PUBLIC:
		wn->pub = map;
		break;
	case WN_REGION_SLOTS:
		wn->slots = map;
		wn->slot_bytes = bytes;
		break;
	case WN_REGION_ALL_SLOTS:
		wn->all_slots = map;
		wn->all_slots_bytes = bytes;
		break;
	case WN_REGION_ARENA_IN:
		wn_arena_init(&wn->in, map, bytes);
		break;
	case WN_REGION_ARENA_OUT:
		wn_arena_init(&wn->out, map, bytes);
		break;
	}
}

static int map_regions(struct wn *wn)
{
	__u32 i;

	for (i = 0; i < wn->nr_regions; i++) {
		const struct wn_region *r = &wn->regions[i];
		void *map;
		int err = wn->via->map(wn->file, r, &map);

		if (err)
			return err;
		wn->maps[i] = map;
		point(wn, r->type, map, r->bytes);
	}
	/* An older module than this library may lack what we cannot do without. */
	if (!wn->user || !wn->sqes || !wn->kern || !wn->cqes)
		return -EOPNOTSUPP;
	return 0;
}

static int setup(struct wn *wn, const struct wn_params *params)
{
	struct wn_setup s;
	int err, i;

	memset(&s, 0, sizeof(s));
	s.size = sizeof(s);
	if (params) {
		s.sq_entries = params->sq_entries;
		s.cq_entries = params->cq_entries;
		s.arena_in = params->arena_in;
		s.arena_out = params->arena_out;
		for (i = 0; i < WN_PRIORITIES; i++)
			s.inbox_entries[i] = params->inbox_entries[i];
	}
	err = wn_call(wn, WN_IOC_SETUP, &s);
	if (err)
		return err;
	wn->sq_entries = s.sq_entries;
	wn->cq_entries = s.cq_entries;
	wn->client = s.client;
	memcpy(wn->inbox_entries, s.inbox_entries, sizeof(wn->inbox_entries));
	for (i = 1; i < WN_PRIORITIES; i++)
		wn->inbox_at[i] = wn->inbox_at[i - 1] + s.inbox_entries[i - 1];
	wn->nr_regions = s.nr_regions;
	memcpy(wn->regions, s.regions, sizeof(wn->regions));
	return 0;
}

static int check_params(const struct wn_params *params)
{
	size_t i;

	if (!params)
		return 0;
	if (params->flags & ~WN_OPEN_DISABLED)
		return -EINVAL;
	for (i = 0; i < sizeof(params->reserved) / sizeof(params->reserved[0]); i++)
		if (params->reserved[i])
			return -EINVAL;
	return 0;
}

/* Make a client of an open file, or close it. */
static int begin(struct wn *wn, const struct wn_file *file, const struct wn_params *params)
{
	int err;

	wn->via = file->via;
	wn->file = file->file;
	wn->fd = wn->via->fd(wn->file);
	err = setup(wn, params);
	if (!err)
		err = map_regions(wn);
	if (!err && !(params && params->flags & WN_OPEN_DISABLED))
		err = wn_enable(wn);
	if (err)
		wn_close(wn);
	return err;
}

WN_API int wn_open(struct wn *wn, const char *path, const struct wn_params *params)
{
	struct wn_file file;
	int err;

	memset(wn, 0, sizeof(*wn));
	wn->fd = -1;
	err = check_params(params);
	if (err)
		return err;
	wn->alive = wn_fork_word();
	if (!wn->alive)
		return -ENOMEM;
	err = wn_file_open(&file, path, O_RDWR);
	return err ? err : begin(wn, &file, params);
}

WN_API int wn_reopen(struct wn *wn)
{
	struct wn_params params = {
		.sq_entries = wn->sq_entries, .cq_entries = wn->cq_entries,
		.arena_in = wn->in.bytes, .arena_out = wn->out.bytes,
	};
	struct wn_file file = { .via = wn->via };
	struct wn fresh;
	int err;

	memcpy(params.inbox_entries, wn->inbox_entries, sizeof(params.inbox_entries));
	memset(&fresh, 0, sizeof(fresh));
	fresh.alive = wn_fork_word();
	if (!fresh.alive)
		return -ENOMEM;
	err = wn->via->again(wn->file, O_RDWR, &file.file);
	if (!err)
		err = begin(&fresh, &file, &params);
	if (err)
		return err;
	wn_close(wn);
	*wn = fresh;
	return 0;
}

WN_API void wn_close(struct wn *wn)
{
	if (wn->via) {
		unmap(wn);
		wn->via->close(wn->file);
	}
	free(wn->event_taken);
	memset(wn, 0, sizeof(*wn));
	wn->fd = -1;
}

WN_API int wn_restrict(struct wn *wn, __u64 ops[4])
{
	struct wn_restrict r;
	int err;

	if (!*wn->alive)
		return -EOWNERDEAD;
	memset(&r, 0, sizeof(r));
	r.size = sizeof(r);
	memcpy(r.ops, ops, sizeof(r.ops));
	err = wn_call(wn, WN_IOC_RESTRICT, &r);
	if (!err)
		memcpy(ops, r.ops, sizeof(r.ops));
	return err;
}

/*
 * In a forked child: the client was made by the parent and not enabled there.
 * The child becomes its owner, with mappings of its own.
 */
static int adopt(struct wn *wn)
{
	int err;

	wn->alive = wn_fork_word();
	if (!wn->alive)
		return -ENOMEM;
	memset(wn->maps, 0, sizeof(wn->maps));
	err = map_regions(wn);
	if (err)
		wn_close(wn);
	return err;
}

WN_API int wn_enable(struct wn *wn)
{
	struct wn_enable e = { .size = sizeof(e) };
	bool child = !*wn->alive;
	int err;

	err = wn_call(wn, WN_IOC_ENABLE, &e);
	if (!child)
		return err;
	return err == -EBUSY ? -EOWNERDEAD : err ? err : adopt(wn);
}
