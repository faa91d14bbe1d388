// SPDX-License-Identifier: MIT
#include "lane.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arg.h"
#include "client.h"
#include "enter.h"
#include "fan.h"
#include "futex.h"
#include "kmod/core/cap.h"
#include "kmod/core/client.h"
#include "kmod/core/node.h"
#include "kmod/core/reader.h"

static u64 page_bytes(void)
{
	return (u64)sysconf(_SC_PAGESIZE);
}

/* ------------------------------------------------------------------- files */

/* Who has the one that reads cannot open it anew to write, unless he is its owner. */
int wn_embed_lane_file(u64 bytes, int *rw, int *ro)
{
	char path[32];

	*rw = wn_embed_memory_file(bytes);
	if (*rw < 0 || fcntl(*rw, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK))
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *rw);
	*ro = open(path, O_RDONLY | O_CLOEXEC);
	return *ro < 0 || fchmod(*rw, 0) ? -ENOMEM : 0;
}

void wn_embed_lane_close_file(int fd)
{
	if (fd >= 0)
		close(fd);
}

void wn_embed_lane_free(struct wn_embed_lane *lane)
{
	int side;

	for (side = 0; side < 2; side++) {
		wn_embed_lane_close_file(lane->rw[side]);
		wn_embed_lane_close_file(lane->ro[side]);
	}
	wn_embed_fan_free(lane->fan);
	wn_embed_memory_free(&lane->control);
	wn_embed_domain_give(lane->cost);
	free(lane);
}

struct wn_embed_lane *wn_embed_lane_new(u32 bytes, u32 seats, u64 most, int *err)
{
	struct wn_embed_lane *lane = calloc(1, sizeof(*lane));
	const u64 page = page_bytes();
	const u64 size[2] = { page + bytes, (seats ?: 1) * page };
	int side;

	*err = -ENOMEM;
	if (!lane)
		return NULL;
	lane->rw[0] = lane->rw[1] = lane->ro[0] = lane->ro[1] = -1;
	lane->control.fd = -1;
	lane->bytes = bytes;
	if (most) {
		const u64 cost = sizeof(*lane) + page + size[PRODUCER] + size[CONSUMER] +
				 (seats ? sizeof(struct wn_embed_fan) : 0);

		if (!wn_embed_domain_take(cost, most)) {
			*err = -ENOSPC;
			wn_embed_lane_free(lane);
			return NULL;
		}
		lane->cost = cost;
	}
	*err = wn_embed_memory_alloc_file(&lane->control, sizeof(struct wn_lane_state), false);
	for (side = 0; side < 2 && !*err; side++)
		*err = wn_embed_lane_file(size[side], &lane->rw[side], &lane->ro[side]);
	if (*err) {
		wn_embed_lane_free(lane);
		return NULL;
	}
	lane->state = lane->control.addr;
	return lane;
}

/* ----------------------------------------------------------------- windows */

static bool has_data(enum wn_embed_side side, int i)
{
	return (i == TO_WRITE) == (side == PRODUCER);
}

/* Pages before the data. */
static u32 front(const struct wn_embed_lane *lane, enum wn_embed_side side, int i)
{
	if (i == TO_WRITE)
		return 1;
	return lane->fan && side == PRODUCER ? 1 + lane->fan->state->nr : 2;
}

void wn_embed_lane_regions(const struct wn_embed_lane *lane, enum wn_embed_side side,
			   struct wn_region *regions)
{
	int i;

	for (i = 0; i < 2; i++) {
		const u32 type = wn_embed_lane_window(lane, i);

		regions[i] = (struct wn_region){
			.type = type,
			.flags = i == TO_WRITE ? WN_REGION_F_WRITE : 0,
			.offset = WN_REGION_OFFSET(type),
			.bytes = front(lane, side, i) * page_bytes() +
				 (has_data(side, i) ? 2 * (u64)lane->bytes : 0),
		};
	}
}

struct wn_embed_lane *wn_embed_lane_find(struct wn_embed_client *client, unsigned long number,
					 enum wn_embed_side *side, struct wn_embed_seat **seat)
{
	struct wn_embed_domain *domain = client->domain;
	struct wn_embed_lane *lane;

	*seat = NULL;
	if (number >= domain->bounds.lanes)
		return NULL;
	lane = domain->lanes.at[number];
	if (!lane)
		return NULL;
	*seat = wn_embed_fan_seat_of(lane, client);
	if (lane->end[PRODUCER] != client && !*seat &&
	    (lane->end[CONSUMER] != client || !lane->accepted))
		return NULL;
	*side = lane->end[PRODUCER] == client ? PRODUCER : CONSUMER;
	return lane;
}

static void add_part(struct wn_embed_part *parts, int *n, int fd, u64 offset, u64 bytes,
		     bool writable)
{
	parts[*n] = (struct wn_embed_part){
		.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3), .offset = offset, .bytes = bytes,
		.writable = writable,
	};
	++*n;
}

static int list_parts(const struct wn_embed_lane *lane, enum wn_embed_side side,
		      const struct wn_embed_seat *seat, int i, struct wn_embed_part *parts)
{
	const u64 page = page_bytes(), before = front(lane, side, i) * page;
	const enum wn_embed_side whose = i == TO_WRITE ? side : !side;
	const int fd = i == TO_READ ? lane->ro[whose] : seat ? seat->rw : lane->rw[whose];
	int n = 0, at;

	if (i == TO_READ)
		add_part(parts, &n, lane->control.fd, 0, page, false);
	/* Of a fan's seats: what they show until somebody has them. */
	add_part(parts, &n, fd, 0, i == TO_READ ? before - page : page, i == TO_WRITE);
	if (has_data(side, i)) {
		add_part(parts, &n, fd, page, lane->bytes, i == TO_WRITE);
		add_part(parts, &n, fd, page, lane->bytes, i == TO_WRITE);
	}
	for (at = 0; at < n && parts[at].fd >= 0; at++)
		;
	if (at == n)
		return n;
	for (at = 0; at < n; at++)
		wn_embed_lane_close_file(parts[at].fd);
	return -EMFILE;
}

int wn_embed_lane_parts(struct wn_embed_client *client, u32 type,
			struct wn_embed_part parts[WN_EMBED_PARTS], u64 *who)
{
	struct wn_embed_domain *domain = client->domain;
	struct wn_embed_seat *seat;
	struct wn_embed_lane *lane;
	enum wn_embed_side side;
	int n = -EINVAL;

	*who = 0;
	if (type < WN_REGION_LANES || wn_embed_client_state(client) != WN_EMBED_ENABLED)
		return -EINVAL;
	type -= WN_REGION_LANES;
	pthread_mutex_lock(&domain->lock);
	lane = wn_embed_lane_find(client, type / 2, &side, &seat);
	if (lane)
		n = list_parts(lane, side, seat, type % 2, parts);
	if (seat)
		*who = WN_EMBED_WHO(seat->number, seat->life);
	pthread_mutex_unlock(&domain->lock);
	return n;
}

int wn_embed_lane_seat_part(struct wn_embed_client *client, u32 type, u64 number,
			    struct wn_embed_part *part)
{
	struct wn_embed_domain *domain = client->domain;
	struct wn_embed_seat *seat;
	struct wn_embed_lane *lane;
	enum wn_embed_side side;
	int n = 0;

	if (type < WN_REGION_LANES || wn_embed_client_state(client) != WN_EMBED_ENABLED)
		return -EINVAL;
	type -= WN_REGION_LANES;
	pthread_mutex_lock(&domain->lock);
	lane = wn_embed_lane_find(client, type / 2, &side, &seat);
	if (!lane || !lane->fan || side != PRODUCER || type % 2 != TO_READ ||
	    number >= lane->fan->state->nr)
		n = -EINVAL;
	else if (lane->fan->at[number])
		add_part(part, &n, lane->fan->at[number]->ro, 0, page_bytes(), false);
	else
		n = -ENOENT;
	pthread_mutex_unlock(&domain->lock);
	return n == 1 && part->fd < 0 ? -EMFILE : n;
}

/* --------------------------------------------------------------------- end */

static void say(struct wn_embed_lane *lane, u32 flags)
{
	/* Release: what the gone side published is there for who sees this. */
	__atomic_fetch_or(&lane->state->flags, flags, __ATOMIC_RELEASE);
	/* They sleep on it besides the other side's bell. */
	wn_embed_wake(&lane->state->flags, true);
}

void wn_embed_lane_tell(struct wn_embed_client *client)
{
	__atomic_add_fetch(client->lane_news, 1, __ATOMIC_SEQ_CST);
	wn_embed_wake(client->lane_news, true);
}

void wn_embed_lane_leave(struct wn_embed_lane *lane, struct wn_embed_domain *domain)
{
	if (lane->end[PRODUCER] || lane->end[CONSUMER] || (lane->fan && lane->fan->joined))
		return;
	domain->lanes.at[lane->number] = NULL;
	domain->nr_lanes--;
	if (lane->maker)
		lane->maker->lanes_made--;
	wn_embed_lane_free(lane);
}

/* Under the lock. */
static void close_end(struct wn_embed_lane *lane, enum wn_embed_side side,
		      struct wn_embed_seat *seat)
{
	struct wn_embed_domain *domain = (seat ? seat->client : lane->end[side])->domain;

	if (!seat) {
		lane->end[side] = NULL;
		say(lane, side == PRODUCER ? WN_LANE_S_PRODUCER_GONE : WN_LANE_S_CONSUMER_GONE);
		if (lane->end[!side])
			wn_embed_lane_tell(lane->end[!side]);
	}
	if (lane->fan)
		wn_embed_fan_close(lane, seat);
	wn_embed_lane_leave(lane, domain);
}

int wn_embed_lane_close(struct wn_embed_client *client, unsigned long number)
{
	struct wn_embed_lane *lane;
	struct wn_embed_seat *seat;
	enum wn_embed_side side;

	pthread_mutex_lock(&client->domain->lock);
	lane = wn_embed_lane_find(client, number, &side, &seat);
	if (lane)
		close_end(lane, side, seat);
	pthread_mutex_unlock(&client->domain->lock);
	return lane ? 0 : -ENOENT;
}

void wn_embed_lanes_end(struct wn_embed_client *client)
{
	struct wn_embed_domain *domain = client->domain;
	struct wn_embed_lane *lane;
	struct wn_embed_seat *seat;
	u32 number;

	pthread_mutex_lock(&domain->lock);
	for (number = 0; number < domain->bounds.lanes; number++) {
		lane = domain->lanes.at[number];
		if (!lane)
			continue;
		/* What others still hold of its making is in nobody's share. */
		if (lane->maker == client)
			lane->maker = NULL;
		seat = wn_embed_fan_seat_of(lane, client);
		if (lane->end[PRODUCER] == client)
			close_end(lane, PRODUCER, NULL);
		else if (seat || lane->end[CONSUMER] == client)
			close_end(lane, CONSUMER, seat);
	}
	pthread_mutex_unlock(&domain->lock);
}

/* All of it, from all who have it. */
static void take_back(struct wn_embed_lane *lane)
{
	int side;

	lane->cap = 0;
	say(lane, WN_LANE_S_REVOKED);
	for (side = 0; side < 2; side++)
		if (lane->end[side])
			wn_embed_lane_tell(lane->end[side]);
	if (lane->fan)
		wn_embed_fan_tell(lane);
}

void wn_embed_lane_expires(struct wn_embed_domain *domain, const struct wn_cap *cap)
{
	if (!cap->expires || cap->expires >= domain->lanes.due)
		return;
	domain->lanes.due = cap->expires;
	wn_embed_service_until(domain, cap->expires);
}

bool wn_embed_lane_may_stay(const struct wn_embed_domain *domain,
			    const struct wn_embed_client *client, u64 cap, u64 *due)
{
	const struct wn_cap *by;

	if (!cap || !client || domain->clients[client->number] != client)
		return true;
	by = wn_cap_find(domain->core, cap);
	if (!by || wn_embed_is_late(by->expires))
		return false;
	if (by->expires && by->expires < *due)
		*due = by->expires;
	return true;
}

void wn_embed_lanes_revoke(struct wn_embed_domain *domain)
{
	struct wn_embed_lane *lane;
	u64 due = WN_NEVER;
	u32 number;

	for (number = 0; number < domain->bounds.lanes; number++) {
		lane = domain->lanes.at[number];
		if (!lane)
			continue;
		if (!wn_embed_lane_may_stay(domain, lane->end[PRODUCER], lane->cap, &due))
			take_back(lane);
		if (lane->fan)
			wn_embed_fan_revoke(lane, domain, &due);
	}
	domain->lanes.due = due;
}

/* ----------------------------------------------------------------- connect */

/* Under the lock: whom the caller may connect to by that node, *handle; or an error. */
static int consumer_of(struct wn_embed_client *client, const struct wn_lane_connect *c,
		       struct wn_embed_client **peer, const struct wn_cap **cap, u64 *handle)
{
	struct wn_core *core = client->domain->core;
	struct wn_now now;
	int node, reader;

	node = wn_embed_ask(client->domain, client->number, c->cap, WN_RIGHT_EMIT, c->node, cap, &now);
	if (node < 0)
		return node;
	*handle = wn_node(core, (u32)node)->handle;	/* what 0 stands for */
	reader = wn_reader_of(core, (u32)node, &now);
	if (reader < 0 || (u32)reader >= core->bounds.clients ||
	    !client->domain->clients[reader])
		return -ENOLINK;
	*peer = client->domain->clients[reader];
	return *peer == client ? -EINVAL : 0;
}

/* Half of what is left to it, as in the module. */
static bool within_share(const struct wn_embed_domain *domain,
			 const struct wn_embed_client *client)
{
	const u32 mine = client->lanes_made;

	return mine + 1 <= (mine + domain->bounds.lanes - domain->nr_lanes + 1) / 2;
}

int wn_embed_lane_enter(struct wn_embed_lane *lane, struct wn_embed_client *client)
{
	struct wn_embed_domain *domain = client->domain;
	u32 number = 0;

	while (number < domain->bounds.lanes && domain->lanes.at[number])
		number++;
	if (number == domain->bounds.lanes)
		return -ENOSPC;
	if (!within_share(domain, client))
		return -EDQUOT;
	domain->lanes.at[number] = lane;
	domain->nr_lanes++;
	client->lanes_made++;
	lane->maker = client;
	lane->number = number;
	return 0;
}

/* Under the lock. */
static int enter(struct wn_embed_lane *lane, struct wn_embed_client *client,
		 struct wn_lane_connect *c)
{
	struct wn_embed_domain *domain = client->domain;
	struct wn_embed_client *peer = NULL;
	const struct wn_cap *cap;
	u64 node = 0;
	int err = consumer_of(client, c, &peer, &cap, &node);

	if (!err)
		err = wn_embed_lane_enter(lane, client);
	if (err)
		return err;
	c->lane = lane->number;
	lane->turn = ++domain->lanes.last_turn;
	lane->node = node;
	lane->badge = cap->badge;
	lane->cap = wn_cap_handle(domain->core, cap);
	wn_embed_lane_expires(domain, cap);
	lane->end[PRODUCER] = client;
	lane->end[CONSUMER] = peer;
	c->consumer = peer->number;
	*lane->state = (struct wn_lane_state){
		.lane = lane->number, .bytes = lane->bytes,
		.producer = client->number, .consumer = peer->number,
	};
	wn_embed_lane_regions(lane, PRODUCER, c->regions);
	wn_embed_lane_tell(peer);
	return 0;
}

int wn_embed_lane_connect(struct wn_embed_client *client, u64 most, void *arg)
{
	struct wn_lane_connect c = {};
	int caller = wn_embed_arg_get(&c, sizeof(c), sizeof(c), arg), err;
	struct wn_embed_client *peer;
	const struct wn_cap *cap;
	struct wn_embed_lane *lane;
	u64 node;

	if (caller < 0)
		return caller;
	if (c.flags || !c.bytes || c.bytes & (c.bytes - 1) || c.bytes > WN_LANE_BYTES_MAX ||
	    c.bytes < WN_LANE_BYTES_MIN || c.bytes < page_bytes())
		return -EINVAL;
	if (wn_embed_client_state(client) != WN_EMBED_ENABLED)
		return -ENXIO;
	memset(c.regions, 0, sizeof(c.regions));
	/* Who may not have it takes no memory. */
	pthread_mutex_lock(&client->domain->lock);
	err = consumer_of(client, &c, &peer, &cap, &node);
	pthread_mutex_unlock(&client->domain->lock);
	if (err)
		return err;
	lane = wn_embed_lane_new(c.bytes, 0, most, &err);
	if (!lane)
		return err;
	pthread_mutex_lock(&client->domain->lock);
	err = enter(lane, client, &c);
	pthread_mutex_unlock(&client->domain->lock);
	if (err)
		wn_embed_lane_free(lane);
	else
		wn_embed_arg_put(&c, sizeof(c), (u32)caller, arg);
	return err;
}

/* ------------------------------------------------------------------ accept */

/* Under the lock: the oldest that was not accepted yet. */
static struct wn_embed_lane *oldest(struct wn_embed_client *client)
{
	struct wn_embed_domain *domain = client->domain;
	struct wn_embed_lane *first = NULL;
	u32 number;

	for (number = 0; number < domain->bounds.lanes; number++) {
		struct wn_embed_lane *lane = domain->lanes.at[number];

		if (lane && lane->end[CONSUMER] == client && !lane->accepted &&
		    (!first || lane->turn < first->turn))
			first = lane;
	}
	return first;
}

int wn_embed_lane_accept(struct wn_embed_client *client, void *arg)
{
	struct wn_lane_accept a = {};
	int caller = wn_embed_arg_get(&a, sizeof(a), sizeof(a), arg);
	struct wn_embed_lane *lane;

	if (caller < 0)
		return caller;
	if (a.flags || a.reserved)
		return -EINVAL;
	if (wn_embed_client_state(client) != WN_EMBED_ENABLED)
		return -ENXIO;
	pthread_mutex_lock(&client->domain->lock);
	lane = oldest(client);
	if (lane) {
		lane->accepted = true;
		a.node = lane->node;
		a.badge = lane->badge;
		a.lane = lane->number;
		a.bytes = lane->bytes;
		a.producer = lane->state->producer;
		wn_embed_lane_regions(lane, CONSUMER, a.regions);
		say(lane, WN_LANE_S_ACCEPTED);
	}
	pthread_mutex_unlock(&client->domain->lock);
	if (!lane)
		return -EAGAIN;
	wn_embed_arg_put(&a, sizeof(a), (u32)caller, arg);
	return 0;
}

/* ------------------------------------------------------------------- list */

/* What a side says of itself, in a file that is not mapped here; zeroes if it cannot be read. */
static struct wn_lane_side says(const struct wn_embed_lane *lane, enum wn_embed_side side)
{
	struct wn_lane_side s = {};

	if (pread(lane->ro[side], &s, sizeof(s), 0) != sizeof(s))
		memset(&s, 0, sizeof(s));
	return s;
}

static struct wn_lane_info look(const struct wn_embed_lane *lane)
{
	const struct wn_lane_side consumer = says(lane, CONSUMER), producer = says(lane, PRODUCER);
	const u32 flags = lane->state->flags;
	/* Of a fan: what who joins can still read. */
	const u64 from = lane->fan ? wn_embed_fan_floor(lane) : consumer.pos;
	const u64 fill = producer.pos - from;

	return (struct wn_lane_info){
		.lane = lane->number,
		.flags = (flags & WN_LANE_S_ACCEPTED ? WN_LANE_I_ACCEPTED : 0) |
			 (flags & WN_LANE_S_PRODUCER_GONE ? WN_LANE_I_PRODUCER_GONE : 0) |
			 (flags & WN_LANE_S_CONSUMER_GONE ? WN_LANE_I_CONSUMER_GONE : 0) |
			 (flags & WN_LANE_S_REVOKED ? WN_LANE_I_REVOKED : 0) |
			 (producer.flags & WN_LANE_F_SLEEPS ? WN_LANE_I_PRODUCER_SLEEPS : 0) |
			 (consumer.flags & WN_LANE_F_SLEEPS ? WN_LANE_I_CONSUMER_SLEEPS : 0),
		.producer = lane->state->producer,
		.consumer = lane->state->consumer,
		.node = lane->node,
		.bytes = lane->bytes,
		.fill = (u32)(fill < lane->bytes ? fill : lane->bytes),
		.written = producer.pos,
	};
}

int wn_embed_lane_list(struct wn_embed_client *client, void *arg)
{
	struct wn_embed_domain *domain = client->domain;
	struct wn_lane_list l;
	int caller = wn_embed_arg_get(&l, sizeof(l), sizeof(l), arg), err = 0;
	struct wn_now now;
	u64 until;

	if (caller < 0)
		return caller;
	if (l.flags)
		return -EINVAL;
	if (wn_embed_client_state(client) != WN_EMBED_ENABLED)
		return -ENXIO;
	l.count = 0;
	memset(l.lanes, 0, sizeof(l.lanes));
	pthread_mutex_lock(&domain->lock);
	wn_embed_look_at_clock(&now);
	if (!wn_caps_cover(domain->core, client->number, WN_RIGHT_READ, now.boottime, &until))
		err = -EACCES;
	for (; !err && l.next < domain->bounds.lanes && l.count < WN_LANE_LIST; l.next++)
		if (domain->lanes.at[l.next])
			l.lanes[l.count++] = look(domain->lanes.at[l.next]);
	if (l.next >= domain->bounds.lanes)
		l.next = WN_LANE_ANY;
	pthread_mutex_unlock(&domain->lock);
	if (!err)
		wn_embed_arg_put(&l, sizeof(l), (u32)caller, arg);
	return err;
}
