/* SPDX-License-Identifier: MIT */
/*
 * Lanes between two clients of a domain, as kmod/lane.c makes them: a file for the
 * state, which clients may only read, and one for each side, which its side alone may
 * write. The engine makes them and tells of ends; what goes through them it never
 * sees, and who waits does so in its own process (lane_view.h).
 */
#ifndef WN_EMBED_LANE_H
#define WN_EMBED_LANE_H

#include "kmod/core/port.h"

struct wn_embed_client;
struct wn_embed_domain;
struct wn_embed_lane;

/* Under the domain's lock. */
struct wn_embed_lanes {
	struct wn_embed_lane **at;	/* bounds.lanes entries, by number */
	u64 last_turn;			/* of connects: the oldest is accepted first */
	u64 due;			/* when the first of their capabilities expires; WN_NEVER */
};

/* Where a window's pages come from: files in a row. */
struct wn_embed_part {
	int fd;				/* the taker closes it */
	u32 writable;
	u64 offset;
	u64 bytes;
};

#define WN_EMBED_PARTS	4		/* of one window */

/* WN_IOC_LANE_CONNECT, ACCEPT, CLOSE. most: 0, or what all that is hosted may take. */
int wn_embed_lane_connect(struct wn_embed_client *client, u64 most, void *arg);
int wn_embed_lane_accept(struct wn_embed_client *client, void *arg);
int wn_embed_lane_close(struct wn_embed_client *client, unsigned long number);

/* WN_IOC_LANE_LIST. */
int wn_embed_lane_list(struct wn_embed_client *client, void *arg);

/* Who of a fan's consumers it is: its seat, and in which life. */
#define WN_EMBED_WHO(seat, life)	((u64)(life) << 32 | (seat))

/*
 * What a window of a lane of the client's is made of: how many; -EINVAL; -EMFILE. *who:
 * WN_EMBED_WHO, 0 where it is no fan's consumer.
 */
int wn_embed_lane_parts(struct wn_embed_client *client, u32 type,
			struct wn_embed_part parts[WN_EMBED_PARTS], u64 *who);

/* What its producer sees of a seat of a fan: 1; -ENOENT: nobody has it; -EINVAL; -EMFILE. */
int wn_embed_lane_seat_part(struct wn_embed_client *client, u32 type, u64 number,
			    struct wn_embed_part *part);

/* The client goes: all its ends do. Before its number is free. */
void wn_embed_lanes_end(struct wn_embed_client *client);

/*
 * Under the domain's lock: lanes of whose producer the capability is gone, or expired by
 * now, say so; what is due next is in domain->lanes. What another process has mapped it
 * keeps; libwn does not touch it any more.
 */
void wn_embed_lanes_revoke(struct wn_embed_domain *domain);

#endif
