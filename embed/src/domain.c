// SPDX-License-Identifier: MIT
#include "domain.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "arg.h"
#include "client.h"
#include "enter.h"
#include "epoch.h"
#include "kmod/core/bounds.h"
#include "kmod/core/client.h"
#include "space.h"

u64 wn_embed_domain_cost(const struct wn_bounds *bounds)
{
	struct wn_core_size size;

	if (wn_core_size(bounds, &size))
		return 0;
	return sizeof(struct wn_embed_domain) +
	       (u64)bounds->clients * sizeof(struct wn_embed_client *) +
	       (u64)bounds->lanes * sizeof(struct wn_embed_lane *) +
	       wn_embed_memory_cost(size.public_bytes) + wn_embed_memory_cost(size.private_bytes);
}

/* Bytes of all domains that are for others, too. */
static u64 hosted_bytes;

bool wn_embed_domain_take(u64 bytes, u64 most)
{
	if (__atomic_add_fetch(&hosted_bytes, bytes, __ATOMIC_RELAXED) <= most)
		return true;
	wn_embed_domain_give(bytes);
	return false;
}

void wn_embed_domain_give(u64 bytes)
{
	__atomic_sub_fetch(&hosted_bytes, bytes, __ATOMIC_RELAXED);
}

static bool charge(struct wn_embed_domain *domain, u64 most)
{
	if (!most)
		return true;
	domain->hosted = wn_embed_domain_take(domain->bytes, most);
	return domain->hosted;
}

static int alloc_slots(struct wn_embed_domain *domain)
{
	const u32 clients = domain->bounds.clients;

	/* Who could write to one page of a file could write to all of it. */
	if (domain->hosted)
		return wn_embed_memory_alloc_pieces(&domain->slots, domain->slot_bytes, clients);
	return wn_embed_memory_alloc(&domain->slots, domain->slot_bytes * clients, true, true);
}

static void destroy(struct wn_embed_domain *domain)
{
	wn_embed_service_stop(domain);
	wn_embed_recording_end(domain);
	wn_embed_memory_free(&domain->private);
	wn_embed_memory_free(&domain->slots);
	wn_embed_memory_free(&domain->public);
	if (domain->hosted)
		wn_embed_domain_give(domain->bytes);
	wn_embed_poller_destroy(&domain->poller);
	pthread_mutex_destroy(&domain->table);
	pthread_mutex_destroy(&domain->lock);
	free(domain->lanes.at);
	free(domain->clients);
	free(domain->name);
	free(domain);
}

static int new(struct wn_embed_domain **to, const char *name, const struct wn_bounds *bounds,
	       u32 journal_kb, u64 id, u64 most)
{
	const u64 recorded = journal_kb ? wn_embed_recording_bytes(bounds, journal_kb) : 0;
	struct wn_core_ident ident = { .domain = id };
	struct wn_embed_domain *domain;
	struct wn_core_size size;
	int err = -ENOMEM;

	domain = calloc(1, sizeof(*domain));
	if (!domain)
		return err;
	pthread_mutex_init(&domain->lock, NULL);
	pthread_mutex_init(&domain->table, NULL);
	wn_embed_poller_init(&domain->poller);
	domain->id = id;
	domain->holders = 1;
	domain->bounds = *bounds;
	domain->bytes = wn_embed_domain_cost(bounds) + recorded;
	domain->rights[WN_CLASS_OWNER] = WN_CLASS_DEFAULT_OWNER;
	domain->rights[WN_CLASS_GROUP] = WN_CLASS_DEFAULT_GROUP;
	domain->rights[WN_CLASS_OTHER] = WN_CLASS_DEFAULT_OTHER;
	domain->slot_bytes = wn_embed_memory_cost((u64)bounds->slots * sizeof(u64));
	if (!charge(domain, most)) {
		err = -ENOSPC;
		goto err;
	}
	domain->name = strdup(name);
	domain->clients = calloc(bounds->clients, sizeof(struct wn_embed_client *));
	domain->lanes.at = calloc(bounds->lanes ?: 1, sizeof(struct wn_embed_lane *));
	domain->lanes.due = WN_NEVER;
	if (!domain->name || !domain->clients || !domain->lanes.at || !domain->bytes || wn_core_size(bounds, &size) ||
	    wn_embed_memory_alloc(&domain->public, size.public_bytes, true, false) ||
	    alloc_slots(domain) ||
	    wn_embed_memory_alloc(&domain->private, size.private_bytes, false, false))
		goto err;
	/* So few bytes come whole, or not at all. */
	if (getrandom(ident.name_key, sizeof(ident.name_key), 0) < 0 ||
	    getrandom(ident.secret, sizeof(ident.secret), 0) < 0)
		goto err;
	domain->core = wn_core_init(domain->public.addr, domain->private.addr, bounds, &ident);
	if (!domain->core || wn_embed_recording_begin(domain, recorded, &ident))
		goto err;
	*to = domain;
	return 0;
err:
	destroy(domain);
	return err;
}

/* Where the domain of that name hangs, or the end of the list. */
static struct wn_embed_domain **find(struct wn_embed_space *space, const char *name)
{
	struct wn_embed_domain **at = &space->first;

	while (*at && strcmp((*at)->name, name))
		at = &(*at)->next;
	return at;
}

int wn_embed_domain_create(const char *name, const struct wn_bounds *bounds, u32 journal_kb,
			   u64 most)
{
	struct wn_embed_space *space;
	struct wn_embed_domain **at;
	int err = wn_bounds_check(bounds);

	if (!err && journal_kb && !wn_embed_recording_bytes(bounds, journal_kb))
		err = -E2BIG;
	if (err)
		return err;
	space = wn_embed_space_lock();
	at = find(space, name);
	err = *at ? -EEXIST : new(at, name, bounds, journal_kb, space->last_id + 1, most);
	if (!err)
		space->last_id++;
	wn_embed_space_unlock(space);
	return err;
}

struct wn_embed_domain *wn_embed_domain_get(const char *name)
{
	struct wn_embed_space *space = wn_embed_space_lock();
	struct wn_embed_domain *domain = *find(space, name);

	if (domain)
		domain->holders++;
	wn_embed_space_unlock(space);
	return domain;
}

void wn_embed_domain_hold(struct wn_embed_domain *domain)
{
	struct wn_embed_space *space = wn_embed_space_lock();

	domain->holders++;
	wn_embed_space_unlock(space);
}

void wn_embed_domain_put(struct wn_embed_domain *domain)
{
	struct wn_embed_space *space = wn_embed_space_lock();
	const bool last = !--domain->holders;

	wn_embed_space_unlock(space);
	if (last)
		destroy(domain);
}

int wn_embed_domain_remove(const char *name)
{
	struct wn_embed_space *space = wn_embed_space_lock();
	struct wn_embed_domain **at = find(space, name), *domain = *at;

	if (domain)
		*at = domain->next;
	wn_embed_space_unlock(space);
	if (!domain)
		return -ENOENT;
	wn_embed_domain_put(domain);
	return 0;
}

/* With the lock held. */
static void enter(struct wn_embed_domain *domain, u32 number, struct wn_embed_client *client)
{
	pthread_mutex_lock(&domain->table);
	domain->clients[number] = client;
	pthread_mutex_unlock(&domain->table);
}

int wn_embed_domain_join(struct wn_embed_domain *domain, struct wn_embed_client *client, u64 bytes)
{
	struct wn_core_open first = { .rights = client->first_rights };
	int number = -ENOSPC, err;
	u32 i;

	pthread_mutex_lock(&domain->lock);
	for (i = 0; number == -ENOSPC && i < domain->bounds.clients; i++) {
		/* What another left in its slots counts nowhere. */
		first.slots = (const u64 *)((u8 *)domain->slots.addr + i * domain->slot_bytes);
		if (domain->clients[i])
			continue;
		err = wn_core_client_open(domain->core, i, &first);
		if (err == -ENOBUFS)
			number = err;
		/* A number that died lately may not be ready for another life. */
		if (err)
			continue;
		enter(domain, i, client);
		wn_ring_flag(&client->ring, WN_KR_F_NEED_WAKEUP, !domain->polled);
		domain->nr_clients++;
		domain->client_bytes += bytes;
		wn_core_count(domain->core, WN_STAT_CLIENTS, 1);
		number = (int)i;
	}
	pthread_mutex_unlock(&domain->lock);
	return number;
}

void wn_embed_domain_leave(struct wn_embed_domain *domain, u32 number, u64 bytes)
{
	pthread_mutex_lock(&domain->lock);
	wn_core_client_close(domain->core, number);
	enter(domain, number, NULL);
	/* What others have by rights that it granted. */
	wn_embed_revoke_lanes(domain);
	domain->nr_clients--;
	domain->client_bytes -= bytes;
	wn_core_count(domain->core, WN_STAT_DEATHS, 1);
	wn_embed_epoch_look(domain);
	wn_embed_service_kick(domain);
	pthread_mutex_unlock(&domain->lock);
}

int wn_embed_domain_info(struct wn_embed_domain *domain, void *arg)
{
	struct wn_domain_info info = {};
	int caller = wn_embed_arg_get(&info, sizeof(info), sizeof(info), arg);

	if (caller < 0)
		return caller;
	if (info.flags)
		return -EINVAL;
	info.id = domain->id;
	info.bytes = domain->bytes;
	info.bounds = domain->bounds;
	pthread_mutex_lock(&domain->lock);
	info.client_bytes = domain->client_bytes;
	info.clients = domain->nr_clients;
	info.nodes = wn_pool_count(&domain->core->nodes);
	pthread_mutex_unlock(&domain->lock);
	wn_embed_arg_put(&info, sizeof(info), (u32)caller, arg);
	return 0;
}
