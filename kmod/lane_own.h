/* SPDX-License-Identifier: GPL-2.0-only */
/* What lane_*.c and fan.c share: a lane, its ends, and what they have in common. */
#ifndef WN_LANE_OWN_H
#define WN_LANE_OWN_H

#include <linux/kref.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/worknode.h>

#include "charge.h"
#include "pages.h"
#include "region.h"

struct wn_client;
struct wn_domain;
struct wn_lane;

enum wn_lane_sides { WN_PRODUCER, WN_CONSUMER };
enum { WN_TO_READ, WN_TO_WRITE };

/* A side of a lane, or a seat of a fan, which is a consumer's. */
struct wn_lane_end {
	struct kref ref;		/* of its client, and of who waits; it holds the lane */
	struct wn_lane *lane;
	u32 side;
	struct wn_client *client;	/* under lane->lock and domain->lock; NULL: gone */
	u64 cap;			/* handle of what it has it by; 0: nothing; under domain->lock */
	wait_queue_head_t wait;
	bool woken;			/* and nobody waited for it yet */
	struct page *page[2][2];
	struct wn_pages front[2];
	struct wn_window window[2];

	/* A seat's alone. */
	u32 seat;
	u32 life;
	bool lost;			/* it is not the consumer's any more; under lane->lock */
	struct wn_pages own;		/* its page */
	struct wn_charge charge;
};

struct wn_lane {
	struct kref ref;		/* of each end */
	spinlock_t lock;		/* inside domain->lock */
	u32 number;
	u32 bytes;
	u64 node;
	u64 badge;
	struct wn_lane_state *state;	/* flags under lock */
	struct wn_lane_end end[2];	/* of a fan the first */
	struct list_head pending;	/* in the consumer's list; under domain->lock */
	u32 ends;			/* that may have windows; under domain->lock */
	struct wn_client *maker;	/* in whose share it counts; NULL: gone; under domain->lock */
	struct wn_pages control;	/* state, producer's, consumer's or what an empty seat shows */
	struct wn_pages data;
	struct wn_charge charge;

	/* A fan's alone. */
	struct wn_fan_state *fan;	/* NULL: it is none */
	struct wn_lane_end **seat;	/* fan->nr; written under lane->lock and domain->lock */
	struct wn_slot_pages pages;	/* of seats, as the producer sees them */
};

/* With no end yet: -ENOMEM, -EDQUOT, -ENOSPC, -EINTR. extra: bytes that count besides. */
struct wn_lane *wn_lane_new(struct wn_domain *domain, u32 bytes, u64 extra);
void wn_lane_put(struct wn_lane *lane);

/* The end begins: one reference, which holds the lane. Its pages are there by then. */
void wn_lane_end_init(struct wn_lane *lane, struct wn_lane_end *end, u32 side);
void wn_lane_end_put(struct wn_lane_end *end);

/* A client's end by the number of the lane, with a reference; or NULL. */
struct wn_lane_end *wn_lane_end_find(struct wn_client *client, unsigned long number);
/* The same for its call; or an error: it may not call, -ENOENT. */
struct wn_lane_end *wn_lane_end_get(struct wn_client *client, unsigned long number);

u32 wn_lane_window(const struct wn_lane *lane, int i);
int wn_lane_windows_open(struct wn_lane_end *end, struct wn_client *client);
void wn_lane_windows_close(struct wn_lane *lane, struct wn_client *client);
/* Where they are, or will be, for its client's program. */
void wn_lane_regions(const struct wn_lane_end *end, struct wn_region *regions);

/* A number for a new one, which counts in the client's share; and back. Under domain->lock. */
int wn_lane_enter(struct wn_lane *lane, struct wn_client *client);
void wn_lane_leave(struct wn_lane *lane, struct wn_domain *domain);

/* Something for a client that waits for any of its lanes. */
void wn_lane_tell(struct wn_client *client);
/* Under lane->lock: who sleeps at that end looks again. */
void wn_lane_wake_end(struct wn_lane_end *end);
/* The same, of all that the other side has. */
void wn_lane_wake_others(struct wn_lane_end *end);

/* What the client has of it is the scratch page from now on. Under domain->lock. */
void wn_lane_end_revoke(struct wn_lane_end *end);

/* The oldest record that is there still, as a fan's producer says. */
u64 wn_fan_floor(const struct wn_lane *lane);

/* Under domain->lock: the seat is free; its consumer is told nothing. */
void wn_fan_unseat(struct wn_lane_end *end);

#endif
