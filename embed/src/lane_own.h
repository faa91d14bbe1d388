/* SPDX-License-Identifier: MIT */
/* What lane.c and fan.c share: a lane, and what both kinds of it have in common. */
#ifndef WN_EMBED_LANE_OWN_H
#define WN_EMBED_LANE_OWN_H

#include <linux/worknode.h>

#include "lane.h"
#include "memory.h"

struct wn_cap;
struct wn_embed_fan;
struct wn_embed_seat;

enum wn_embed_side { PRODUCER, CONSUMER };
enum { TO_READ, TO_WRITE };

struct wn_embed_lane {
	u32 number;
	u32 bytes;
	u64 node;
	u64 badge;
	u64 cap;			/* handle of the producer's; 0: nobody's any more */
	u64 cost;
	u64 turn;
	struct wn_embed_client *end[2];	/* NULL: gone; of a fan the first */
	struct wn_embed_client *maker;	/* in whose share it counts; NULL: gone */
	bool accepted;
	struct wn_lane_state *state;
	struct wn_embed_memory control;	/* the state's page */
	int rw[2], ro[2];		/* a file for each side; of a fan the second is zeroes */
	struct wn_embed_fan *fan;	/* NULL: it is none */
};

static inline u32 wn_embed_lane_window(const struct wn_embed_lane *lane, int i)
{
	return WN_REGION_LANES + 2 * lane->number + (u32)i;
}

/*
 * One that nobody has yet. seats: 0, or how many empty pages a fan's producer sees.
 * NULL: *err.
 */
struct wn_embed_lane *wn_embed_lane_new(u32 bytes, u32 seats, u64 most, int *err);
void wn_embed_lane_free(struct wn_embed_lane *lane);

/* A file that one may write, and the same to read, for who is not its owner; or -1. */
int wn_embed_lane_file(u64 bytes, int *rw, int *ro);
void wn_embed_lane_close_file(int fd);

/* Under the domain's lock, as all below: a number for it, in the client's share. */
int wn_embed_lane_enter(struct wn_embed_lane *lane, struct wn_embed_client *client);

/* Its end is gone already: what of the lane nobody has any more goes, too. */
void wn_embed_lane_leave(struct wn_embed_lane *lane, struct wn_embed_domain *domain);

/* The client's lane of that number, which end, and which of a fan's; or NULL. */
struct wn_embed_lane *wn_embed_lane_find(struct wn_embed_client *client, unsigned long number,
					 enum wn_embed_side *side, struct wn_embed_seat **seat);

void wn_embed_lane_regions(const struct wn_embed_lane *lane, enum wn_embed_side side,
			   struct wn_region *regions);

/* A lane, or a seat of a fan, is had by that capability from now on. */
void wn_embed_lane_expires(struct wn_embed_domain *domain, const struct wn_cap *cap);

/*
 * Whether it may still, who has it by that one; until when: *due, if that is sooner. A dead
 * one's is not revoked, it ends.
 */
bool wn_embed_lane_may_stay(const struct wn_embed_domain *domain,
			    const struct wn_embed_client *client, u64 cap, u64 *due);

/* Something for a client that waits for any lane. */
void wn_embed_lane_tell(struct wn_embed_client *client);

#endif
