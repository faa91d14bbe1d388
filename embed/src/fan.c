// SPDX-License-Identifier: MIT
#include "fan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arg.h"
#include "client.h"
#include "enter.h"
#include "futex.h"
#include "kmod/core/cap.h"
#include "kmod/core/node.h"

/* How often who joins is put farther on, for the producer moves. It takes two, honestly. */
#define JOIN_TRIES	16

static u64 page_bytes(void)
{
	return (u64)sysconf(_SC_PAGESIZE);
}

u64 wn_embed_fan_floor(const struct wn_embed_lane *lane)
{
	const struct wn_fan_side *side = (void *)((u8 *)lane->fan->producer + WN_FAN_OFFSET);

	return READ_ONCE(side->floor);
}

static void ring(const struct wn_embed_lane *lane, enum wn_embed_side side)
{
	u32 *word = (u32 *)(void *)((u8 *)lane->state + WN_EMBED_FAN_WORD(side));

	__atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
	wn_embed_wake(word, true);
}

/* ------------------------------------------------------------------- seats */

static void free_seat(struct wn_embed_seat *seat)
{
	if (seat->side)
		munmap(seat->side, page_bytes());
	wn_embed_lane_close_file(seat->rw);
	wn_embed_lane_close_file(seat->ro);
	wn_embed_domain_give(seat->cost);
	free(seat);
}

static struct wn_embed_seat *new_seat(struct wn_embed_client *client, u64 most, int *err)
{
	struct wn_embed_seat *seat = calloc(1, sizeof(*seat));
	const u64 cost = sizeof(*seat) + page_bytes();

	*err = -ENOMEM;
	if (!seat)
		return NULL;
	seat->client = client;
	seat->rw = seat->ro = -1;
	if (most && !wn_embed_domain_take(cost, most)) {
		*err = -ENOSPC;
		free_seat(seat);
		return NULL;
	}
	seat->cost = most ? cost : 0;
	*err = wn_embed_lane_file(page_bytes(), &seat->rw, &seat->ro);
	if (!*err) {
		seat->side = wn_embed_map(seat->rw, 0, page_bytes(), true);
		*err = seat->side ? 0 : -ENOMEM;
	}
	if (*err) {
		free_seat(seat);
		return NULL;
	}
	return seat;
}

static void unseat(struct wn_embed_lane *lane, struct wn_embed_seat *seat)
{
	struct wn_embed_fan *fan = lane->fan;

	seat->cap = 0;
	if (fan->at[seat->number] != seat)
		return;
	fan->at[seat->number] = NULL;
	/* Release, and what its page says is nobody's by then. */
	wn_store_release(&fan->state->seats, fan->state->seats & ~(1ULL << seat->number));
	ring(lane, CONSUMER);
	ring(lane, PRODUCER);
	wn_embed_lane_tell(seat->client);
}

struct wn_embed_seat *wn_embed_fan_seat_of(const struct wn_embed_lane *lane,
					   const struct wn_embed_client *client)
{
	struct wn_embed_seat *seat = lane->fan ? lane->fan->joined : NULL;

	while (seat && seat->client != client)
		seat = seat->next;
	return seat;
}

void wn_embed_fan_tell(struct wn_embed_lane *lane)
{
	const struct wn_embed_seat *seat;

	for (seat = lane->fan->joined; seat; seat = seat->next)
		wn_embed_lane_tell(seat->client);
}

void wn_embed_fan_close(struct wn_embed_lane *lane, struct wn_embed_seat *seat)
{
	struct wn_embed_seat **at = &lane->fan->joined;

	if (!seat) {
		wn_embed_fan_tell(lane);
		return;
	}
	unseat(lane, seat);
	while (*at != seat)
		at = &(*at)->next;
	*at = seat->next;
	free_seat(seat);
}

void wn_embed_fan_revoke(struct wn_embed_lane *lane, struct wn_embed_domain *domain, u64 *due)
{
	struct wn_embed_seat *seat;

	for (seat = lane->fan->joined; seat; seat = seat->next)
		if (!wn_embed_lane_may_stay(domain, seat->client, seat->cap, due))
			unseat(lane, seat);
}

void wn_embed_fan_free(struct wn_embed_fan *fan)
{
	if (fan && fan->producer)
		munmap(fan->producer, page_bytes());
	free(fan);
}

/* ------------------------------------------------------------------- make */

/* Under the lock: the node that the caller may have a fan at. */
static int node_of(struct wn_embed_client *client, u32 index, u32 rights, u64 node,
		   const struct wn_cap **cap, u64 *handle)
{
	struct wn_core *core = client->domain->core;
	struct wn_now now;
	int at;

	at = wn_embed_ask(client->domain, client->number, index, rights, node, cap, &now);
	if (at < 0)
		return at;
	*handle = wn_node(core, (u32)at)->handle;
	return 0;
}

static int become_fan(struct wn_embed_lane *lane, const struct wn_fan_make *m)
{
	lane->fan = calloc(1, sizeof(*lane->fan));
	if (!lane->fan)
		return -ENOMEM;
	lane->fan->state = (void *)((u8 *)lane->state + WN_FAN_OFFSET);
	lane->fan->producer = wn_embed_map(lane->ro[PRODUCER], 0, page_bytes(), false);
	if (!lane->fan->producer)
		return -ENOMEM;
	lane->fan->state->nr = m->seats;
	lane->fan->state->flags = m->flags;
	return 0;
}

/* Under the lock. */
static int begin(struct wn_embed_lane *lane, struct wn_embed_client *client, struct wn_fan_make *m)
{
	const struct wn_cap *cap;
	int err = node_of(client, m->cap, WN_RIGHT_EMIT, m->node, &cap, &lane->node);

	if (!err)
		err = wn_embed_lane_enter(lane, client);
	if (err)
		return err;
	m->lane = lane->number;
	lane->cap = wn_cap_handle(client->domain->core, cap);
	wn_embed_lane_expires(client->domain, cap);
	lane->end[PRODUCER] = client;
	*lane->state = (struct wn_lane_state){
		.lane = lane->number, .bytes = lane->bytes,
		.producer = client->number, .consumer = ~0U,
	};
	wn_embed_lane_regions(lane, PRODUCER, m->regions);
	return 0;
}

int wn_embed_fan_make(struct wn_embed_client *client, u64 most, void *arg)
{
	struct wn_fan_make m = {};
	int caller = wn_embed_arg_get(&m, sizeof(m), sizeof(m), arg), err;
	const struct wn_cap *cap;
	struct wn_embed_lane *lane;
	u64 handle;

	if (caller < 0)
		return caller;
	if (m.flags & ~WN_FAN_HOLDS || !m.bytes || m.bytes & (m.bytes - 1) ||
	    m.bytes > WN_LANE_BYTES_MAX || m.bytes < WN_LANE_BYTES_MIN ||
	    m.bytes < page_bytes() || !m.seats || m.seats > WN_FAN_SEATS)
		return -EINVAL;
	if (wn_embed_client_state(client) != WN_EMBED_ENABLED)
		return -ENXIO;
	memset(m.regions, 0, sizeof(m.regions));
	/* Who may not have it takes no memory. */
	pthread_mutex_lock(&client->domain->lock);
	err = node_of(client, m.cap, WN_RIGHT_EMIT, m.node, &cap, &handle);
	pthread_mutex_unlock(&client->domain->lock);
	if (err)
		return err;
	lane = wn_embed_lane_new(m.bytes, m.seats, most, &err);
	if (!lane)
		return err;
	err = become_fan(lane, &m);
	if (!err) {
		pthread_mutex_lock(&client->domain->lock);
		err = begin(lane, client, &m);
		pthread_mutex_unlock(&client->domain->lock);
	}
	if (err)
		wn_embed_lane_free(lane);
	else
		wn_embed_arg_put(&m, sizeof(m), (u32)caller, arg);
	return err;
}

/* ------------------------------------------------------------------- join */

/* Under the lock: the fan at that node, by number or the first. */
static struct wn_embed_lane *find(struct wn_embed_domain *domain, u32 number, u64 handle)
{
	const bool any = number == WN_LANE_ANY;
	struct wn_embed_lane *lane;
	u32 i;

	for (i = any ? 0 : number; i < domain->bounds.lanes; i++) {
		lane = domain->lanes.at[i];
		if (lane && lane->fan && lane->end[PRODUCER] && lane->node == handle &&
		    !(lane->state->flags & WN_LANE_S_REVOKED))
			return lane;
		if (!any)
			break;
	}
	return NULL;
}

/*
 * Where it begins. J: pairs with F of the producer, which stores its floor, fences, and
 * then looks at seats: it sees this one, or we see its floor.
 */
static int place(struct wn_embed_lane *lane, struct wn_embed_seat *seat, bool newest)
{
	struct wn_fan_state *state = lane->fan->state;
	u64 at, floor = wn_embed_fan_floor(lane);
	int tries;

	for (tries = 0; tries < JOIN_TRIES; tries++) {
		/* Acquire: records below it are there for who is told of it. */
		at = newest ? wn_load_acquire(&lane->fan->producer->pos) : floor;
		if (at & 7)
			return -EPROTO;
		WRITE_ONCE(seat->side->pos, at);
		/* Its file first, so that who sees its life gets that. */
		wn_store_release(&state->life[seat->number], seat->life);
		wn_store_release(&state->seats, state->seats | 1ULL << seat->number);
		wn_fence();	/* J */
		floor = wn_embed_fan_floor(lane);
		if ((s64)(floor - at) <= 0)
			return 0;
	}
	return -EAGAIN;
}

static int sit(struct wn_embed_lane *lane, struct wn_embed_seat *seat, bool newest)
{
	struct wn_embed_fan *fan = lane->fan;
	int err;

	/* 0 is nobody's. */
	seat->life = fan->state->life[seat->number] + 1 ?: 1;
	seat->next = fan->joined;
	fan->joined = seat;
	fan->at[seat->number] = seat;
	err = place(lane, seat, newest);
	if (err) {
		fan->joined = seat->next;
		unseat(lane, seat);
	}
	return err;
}

/* Under the lock. */
static int join(struct wn_embed_client *client, struct wn_embed_seat *seat, struct wn_fan_join *j)
{
	struct wn_embed_domain *domain = client->domain;
	struct wn_embed_lane *lane;
	const struct wn_cap *cap;
	u64 handle;
	int err = node_of(client, j->cap, WN_RIGHT_READ, j->node, &cap, &handle);

	if (err)
		return err;
	lane = find(domain, j->lane, handle);
	if (!lane)
		return -ENOENT;
	if (lane->end[PRODUCER] == client)
		return -EINVAL;
	while (seat->number < lane->fan->state->nr && lane->fan->at[seat->number])
		seat->number++;
	if (seat->number == lane->fan->state->nr)
		return -ENOSPC;
	if (wn_embed_fan_seat_of(lane, client))
		return -EEXIST;
	seat->cap = wn_cap_handle(domain->core, cap);
	wn_embed_lane_expires(domain, cap);
	err = sit(lane, seat, j->flags & WN_FAN_NEWEST);
	if (err)
		return err;
	j->lane = lane->number;
	j->bytes = lane->bytes;
	j->seat = seat->number;
	j->life = seat->life;
	j->fan = lane->fan->state->flags;
	j->producer = lane->state->producer;
	wn_embed_lane_regions(lane, CONSUMER, j->regions);
	return 0;
}

int wn_embed_fan_join(struct wn_embed_client *client, u64 most, void *arg)
{
	struct wn_fan_join j = {};
	int caller = wn_embed_arg_get(&j, sizeof(j), sizeof(j), arg), err;
	struct wn_embed_seat *seat;

	if (caller < 0)
		return caller;
	if (j.flags & ~WN_FAN_NEWEST || j.reserved)
		return -EINVAL;
	if (wn_embed_client_state(client) != WN_EMBED_ENABLED)
		return -ENXIO;
	memset(j.regions, 0, sizeof(j.regions));
	seat = new_seat(client, most, &err);
	if (!seat)
		return err;
	pthread_mutex_lock(&client->domain->lock);
	err = join(client, seat, &j);
	pthread_mutex_unlock(&client->domain->lock);
	if (err)
		free_seat(seat);
	else
		wn_embed_arg_put(&j, sizeof(j), (u32)caller, arg);
	return err;
}

/* --------------------------------------------------------- evict and wake */

int wn_embed_fan_evict(struct wn_embed_client *client, void *arg)
{
	struct wn_fan_evict e = {};
	int caller = wn_embed_arg_get(&e, sizeof(e), sizeof(e), arg), err = -ENOENT;
	struct wn_embed_seat *own, *seat;
	struct wn_embed_lane *lane;
	enum wn_embed_side side;

	if (caller < 0)
		return caller;
	if (e.flags || e.reserved)
		return -EINVAL;
	if (wn_embed_client_state(client) != WN_EMBED_ENABLED)
		return -ENXIO;
	pthread_mutex_lock(&client->domain->lock);
	lane = wn_embed_lane_find(client, e.lane, &side, &own);
	if (lane && (!lane->fan || side != PRODUCER || e.seat >= lane->fan->state->nr)) {
		err = -EINVAL;
	} else if (lane) {
		seat = lane->fan->at[e.seat];
		if (seat && seat->life == e.life) {
			unseat(lane, seat);
			err = 0;
		}
	}
	pthread_mutex_unlock(&client->domain->lock);
	return err;
}

int wn_embed_fan_wake(struct wn_embed_client *client, unsigned long number)
{
	struct wn_embed_lane *lane;
	struct wn_embed_seat *seat;
	enum wn_embed_side side;

	if (wn_embed_client_state(client) != WN_EMBED_ENABLED)
		return -ENXIO;
	pthread_mutex_lock(&client->domain->lock);
	lane = wn_embed_lane_find(client, number, &side, &seat);
	if (lane && lane->fan)
		ring(lane, !side);
	pthread_mutex_unlock(&client->domain->lock);
	return lane ? 0 : -ENOENT;
}
