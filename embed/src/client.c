// SPDX-License-Identifier: MIT
#include "client.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arg.h"
#include "kmod/core/bounds.h"

struct piece {
	u32 type;
	u64 bytes;
	bool writable;
};

#define PIECES	7

static void plan(const struct wn_setup *s, struct piece *piece)
{
	u64 inbox = 0;
	int i;

	for (i = 0; i < WN_PRIORITIES; i++)
		inbox += s->inbox_entries[i];
	*piece++ = (struct piece){ WN_REGION_USER_RING, sizeof(struct wn_user_ring), true };
	*piece++ = (struct piece){ WN_REGION_SQES, (u64)s->sq_entries * sizeof(struct wn_sqe),
				   true };
	*piece++ = (struct piece){ WN_REGION_KERN_RING, sizeof(struct wn_kern_ring), false };
	*piece++ = (struct piece){ WN_REGION_CQES, (u64)s->cq_entries * sizeof(struct wn_cqe),
				   false };
	*piece++ = (struct piece){ WN_REGION_INBOX, inbox * sizeof(struct wn_event), false };
	*piece++ = (struct piece){ WN_REGION_ARENA_IN, s->arena_in, true };
	*piece++ = (struct piece){ WN_REGION_ARENA_OUT, s->arena_out, false };
}

const struct wn_embed_memory *wn_embed_client_region(const struct wn_embed_client *client, u32 type)
{
	const struct wn_embed_memory *m;

	if (type >= WN_REGION_TABLE)
		return NULL;
	if ((type == WN_REGION_PUBLIC || type == WN_REGION_ALL_SLOTS) &&
	    !(client->first_rights & WN_RIGHT_READ))
		return NULL;
	m = type == WN_REGION_PUBLIC ? &client->domain->public : &client->own[type];
	return m->bytes ? m : NULL;
}

static u32 table(const struct wn_embed_client *client, struct wn_region *regions)
{
	u32 type, n = 0;

	for (type = 0; type < WN_REGION_TABLE; type++) {
		const struct wn_embed_memory *m = wn_embed_client_region(client, type);

		if (m)
			regions[n++] = (struct wn_region){
				.type = type,
				.flags = m->writable ? WN_REGION_F_WRITE : 0,
				.offset = WN_REGION_OFFSET(type),
				.bytes = m->bytes,
			};
	}
	return n;
}

static void free_memory(struct wn_embed_client *client)
{
	u32 type;

	for (type = 0; type < WN_REGION_TABLE; type++)
		wn_embed_memory_free(&client->own[type]);
}

static void init_ring(struct wn_embed_client *client, const struct wn_setup *s)
{
	struct wn_kern_ring *kern = client->own[WN_REGION_KERN_RING].addr;

	wn_ring_init(&client->ring, client->own[WN_REGION_USER_RING].addr, kern,
		     client->own[WN_REGION_SQES].addr, s->sq_entries,
		     client->own[WN_REGION_CQES].addr, s->cq_entries);
	wn_inbox_init(&client->inbox, client->own[WN_REGION_USER_RING].addr, kern,
		      client->own[WN_REGION_INBOX].addr, s->inbox_entries);
	memset(client->allowed, 0xff, sizeof(client->allowed));
	client->lane_news = (u32 *)((u8 *)kern + WN_EMBED_LANE_WORD);
	if (client->remote) {
		client->news = (u32 *)((u8 *)kern + WN_EMBED_WORD);
		client->waiters = (u32 *)((u8 *)client->own[WN_REGION_USER_RING].addr +
					  WN_EMBED_WORD);
	}
}

static void init_turn(struct wn_embed_client *client)
{
	client->turn = (struct wn_turn){
		.ring = &client->ring,
		.env = {
			.allowed = client->allowed,
			.client = client->number,
			.out = client->own[WN_REGION_ARENA_OUT].addr,
			.out_bytes = (u32)client->own[WN_REGION_ARENA_OUT].bytes,
			.in = client->own[WN_REGION_ARENA_IN].addr,
			.in_bytes = (u32)client->own[WN_REGION_ARENA_IN].bytes,
		},
		.takes_back = true,
	};
}

static int setup(struct wn_embed_client *client, struct wn_setup *s)
{
	struct wn_embed_domain *domain = client->domain;
	struct piece pieces[PIECES];
	int i, number, err = 0;

	if (client->state != WN_EMBED_NEW)
		return -EBUSY;
	plan(s, pieces);
	s->bytes = sizeof(*client);
	for (i = 0; i < PIECES && !err; i++) {
		err = wn_embed_memory_alloc(&client->own[pieces[i].type], pieces[i].bytes, true,
					    pieces[i].writable);
		s->bytes += client->own[pieces[i].type].bytes;
	}
	if (err) {
		free_memory(client);
		return err;
	}
	init_ring(client, s);
	number = wn_embed_domain_join(client->domain, client, s->bytes);
	if (number < 0) {
		free_memory(client);
		return number;
	}
	s->client = client->number = (u32)number;
	client->own[WN_REGION_SLOTS] = wn_embed_memory_part(
		&domain->slots, client->number * domain->slot_bytes, domain->slot_bytes, true);
	client->own[WN_REGION_ALL_SLOTS] = wn_embed_memory_part(&domain->slots, 0,
								domain->slots.bytes, false);
	init_turn(client);
	s->nr_regions = table(client, s->regions);
	client->bytes = s->bytes;
	__atomic_store_n(&client->state, WN_EMBED_READY, __ATOMIC_RELEASE);
	wn_embed_poller_client_came(domain);
	return 0;
}

int wn_embed_client_setup(struct wn_embed_client *client, void *arg)
{
	struct wn_setup s = {};
	int caller = wn_embed_arg_get(&s, sizeof(s), sizeof(s), arg), err;

	if (caller < 0)
		return caller;
	if (s.flags)
		return -EINVAL;
	err = wn_bounds_fit_setup(&client->domain->bounds, &s,
				  (u32)sysconf(_SC_PAGESIZE));
	if (err)
		return err;
	memset(s.regions, 0, sizeof(s.regions));
	pthread_mutex_lock(&client->setup);
	err = setup(client, &s);
	pthread_mutex_unlock(&client->setup);
	if (!err)
		wn_embed_arg_put(&s, sizeof(s), (u32)caller, arg);
	return err;
}

int wn_embed_client_restrict(struct wn_embed_client *client, void *arg)
{
	struct wn_restrict r = {};
	u64 known[WN_OP_WORDS];
	int caller = wn_embed_arg_get(&r, sizeof(r), sizeof(r), arg), i;

	if (caller < 0)
		return caller;
	if (r.flags)
		return -EINVAL;
	if (wn_embed_client_state(client) == WN_EMBED_NEW)
		return -ENXIO;
	wn_op_supported(known);
	pthread_mutex_lock(&client->domain->lock);
	for (i = 0; i < WN_OP_WORDS; i++) {
		client->allowed[i] &= r.ops[i];
		r.ops[i] = client->allowed[i] & known[i];
	}
	pthread_mutex_unlock(&client->domain->lock);
	wn_embed_arg_put(&r, sizeof(r), (u32)caller, arg);
	return 0;
}

int wn_embed_client_enable(struct wn_embed_client *client, void *arg)
{
	struct wn_enable e = {};
	int caller = wn_embed_arg_get(&e, sizeof(e), sizeof(e), arg), err = 0;

	if (caller < 0)
		return caller;
	if (e.flags)
		return -EINVAL;
	pthread_mutex_lock(&client->setup);
	if (client->state == WN_EMBED_NEW)
		err = -ENXIO;
	else if (client->state == WN_EMBED_ENABLED)
		err = -EBUSY;
	else
		__atomic_store_n(&client->state, WN_EMBED_ENABLED, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&client->setup);
	if (!err)
		wn_embed_arg_put(&e, sizeof(e), (u32)caller, arg);
	return err;
}

struct wn_embed_client *wn_embed_client_new(struct wn_embed_domain *domain, bool remote)
{
	struct wn_embed_client *client = calloc(1, sizeof(*client));

	if (!client) {
		wn_embed_domain_put(domain);
		return NULL;
	}
	client->domain = domain;
	client->first_rights = __atomic_load_n(&domain->rights[WN_CLASS_OWNER], __ATOMIC_RELAXED);
	client->remote = remote;
	client->news = &client->own_words[0];
	client->waiters = &client->own_words[1];
	pthread_mutex_init(&client->setup, NULL);
	wn_embed_eventfds_init(&client->eventfds);
	return client;
}

void wn_embed_client_free(struct wn_embed_client *client)
{
	if (client->state != WN_EMBED_NEW) {
		wn_embed_domain_leave(client->domain, client->number, client->bytes);
		/* It is in no table any more: nobody connects to it. */
		wn_embed_lanes_end(client);
		wn_embed_poller_client_went(client->domain);
	}
	wn_embed_eventfds_end(&client->eventfds);
	free_memory(client);
	pthread_mutex_destroy(&client->setup);
	wn_embed_domain_put(client->domain);
	free(client);
}
