/* SPDX-License-Identifier: MIT */
/*
 * Fans: lanes with many consumers, as kmod/fan.c has them. Who joins gets a file of its
 * own for its seat, which the producer maps in place of the one before when it sees that
 * the seat has another life. So a page has one writer here, too, though nobody can take
 * back what another process has mapped.
 *
 * Sleepers have words in the state's page, that the engine alone counts up: WN_EMBED_FAN_WORD.
 */
#ifndef WN_EMBED_FAN_H
#define WN_EMBED_FAN_H

#include "lane_own.h"

/* Of the producer: a consumer woke it, or went; of all consumers: one lost its seat. */
#define WN_EMBED_FAN_WORD(side)	(2048 + 64 * (side))

struct wn_embed_seat {
	struct wn_embed_seat *next;	/* in the fan's list */
	struct wn_embed_client *client;
	u64 cap;			/* handle of what it reads by; 0: it has no seat any more */
	u64 cost;
	u32 number;			/* of the seat */
	u32 life;
	int rw, ro;
	struct wn_lane_side *side;	/* the engine's mapping, to put it where it begins */
};

struct wn_embed_fan {
	struct wn_fan_state *state;
	struct wn_lane_side *producer;	/* mapped to read */
	struct wn_embed_seat *joined;	/* who did not close it yet, with a seat or without */
	struct wn_embed_seat *at[WN_FAN_SEATS];
};

/* WN_IOC_FAN_MAKE, JOIN, EVICT. most: 0, or what all that is hosted may take. */
int wn_embed_fan_make(struct wn_embed_client *client, u64 most, void *arg);
int wn_embed_fan_join(struct wn_embed_client *client, u64 most, void *arg);
int wn_embed_fan_evict(struct wn_embed_client *client, void *arg);

/* WN_IOC_LANE_WAKE by a consumer, which cannot do it by itself. */
int wn_embed_fan_wake(struct wn_embed_client *client, unsigned long number);

/* Under the domain's lock, as all below: one closes it; NULL: the producer did. */
void wn_embed_fan_close(struct wn_embed_lane *lane, struct wn_embed_seat *seat);

/*
 * Those who lost the capability that they read by lose their seats. When the first of the
 * others will: *due, if that is sooner.
 */
void wn_embed_fan_revoke(struct wn_embed_lane *lane, struct wn_embed_domain *domain, u64 *due);

/* All of it was taken back from its producer: each who joined hears of it. */
void wn_embed_fan_tell(struct wn_embed_lane *lane);

/* Who of the fan's that client is; or NULL. */
struct wn_embed_seat *wn_embed_fan_seat_of(const struct wn_embed_lane *lane,
					   const struct wn_embed_client *client);

/* The oldest record that is there still, as its producer says. */
u64 wn_embed_fan_floor(const struct wn_embed_lane *lane);

void wn_embed_fan_free(struct wn_embed_fan *fan);

#endif
