/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The engine's end of a client's submission and completion rings.
 *
 * The engine keeps its own positions; what it stores in the kern page is only
 * for the reader. What it loads from the user page is hostile: loaded once,
 * clamped to the ring's size, and at worst the client harms itself.
 *
 * Barriers, both ends named:
 *   A  client stores sq_tail (release) after its entries
 *   B  wn_ring_pending loads sq_tail (acquire) before they are read
 *   C  client stores cq_head (release) after it has read completions
 *   D  wn_ring_room loads cq_head (acquire) before their slots are written
 *   E  wn_ring_publish stores cq_tail (release) after the completions
 *   F  client loads cq_tail (acquire) before it reads them
 *   G  wn_ring_publish stores sq_head (release) after the entries were copied
 *   H  client loads sq_head (acquire) before it fills their slots again
 * A pairs with B, C with D, E with F, G with H.
 */
#ifndef WN_CORE_RING_H
#define WN_CORE_RING_H

#include <linux/worknode.h>

#include "port.h"

#define WN_RING_CHAIN_BROKEN	1u	/* a linked entry failed */
#define WN_RING_GROUP_BROKEN	2u	/* what comes belongs to a group that was refused */

struct wn_ring {
	const struct wn_user_ring *user;
	struct wn_kern_ring *kern;
	const struct wn_sqe *sqes;
	struct wn_cqe *cqes;
	u32 sq_entries;		/* powers of two */
	u32 cq_entries;
	u32 sq_head;		/* the truth; kern->sq_head is its picture */
	u32 cq_tail;
	u64 refused;
	bool left;		/* the last turn left entries to the next one */
	u32 broken;		/* WN_RING_*_BROKEN: the next entry is cancelled */
	u64 held;		/* revocation that completions wait for; 0: none */
};

/* The shared parts are zeroed pages; fills in the constants the client reads. */
void wn_ring_init(struct wn_ring *ring, const struct wn_user_ring *user,
		  struct wn_kern_ring *kern, const struct wn_sqe *sqes, u32 sq_entries,
		  struct wn_cqe *cqes, u32 cq_entries);

/* Entries that wait to be taken, at most sq_entries. */
u32 wn_ring_pending(const struct wn_ring *ring);

/* Completions that can be posted now. */
u32 wn_ring_room(const struct wn_ring *ring);

/* Completions that lie in the ring, unread. */
u32 wn_ring_unread(const struct wn_ring *ring);

/* The same, of what is published: for those who wait and are not the engine. */
u32 wn_ring_published(const struct wn_ring *ring);

/* Entries that wait, by the published head: for onlookers. */
u32 wn_ring_waiting(const struct wn_ring *ring);

/* Copy a pending slot, so many ahead of the next, out of the client's reach. */
static inline void wn_ring_peek(const struct wn_ring *ring, u32 ahead, struct wn_sqe *copy)
{
	const struct wn_sqe *slot =
		&ring->sqes[(ring->sq_head + ahead) & (ring->sq_entries - 1)];
	const wn_word *from = (const wn_word *)slot;
	wn_word *to = (wn_word *)copy;

	/* Each word once: the client may rewrite the slot at any moment. */
	to[0] = READ_ONCE(from[0]);
	to[1] = READ_ONCE(from[1]);
	to[2] = READ_ONCE(from[2]);
	to[3] = READ_ONCE(from[3]);
	to[4] = READ_ONCE(from[4]);
	to[5] = READ_ONCE(from[5]);
	to[6] = READ_ONCE(from[6]);
	to[7] = READ_ONCE(from[7]);
}

wn_static_assert(sizeof(struct wn_sqe) == 8 * sizeof(wn_word));

/* The node that a slot so many ahead seems to name: for a guess, of which nothing hangs. */
static inline u64 wn_ring_glance(const struct wn_ring *ring, u32 ahead)
{
	return READ_ONCE(ring->sqes[(ring->sq_head + ahead) & (ring->sq_entries - 1)].node);
}

/* Step over slots: they are taken. */
static inline void wn_ring_advance(struct wn_ring *ring, u32 slots)
{
	ring->sq_head += slots;
}

/* Write a completion; the caller has made sure of room. Unseen until published. */
static inline void wn_ring_post(struct wn_ring *ring, const struct wn_cqe *cqe)
{
	ring->cqes[ring->cq_tail & (ring->cq_entries - 1)] = *cqe;
	ring->cq_tail++;
	if (WN_RES_IS_ERROR(cqe->res))
		ring->refused++;
}

/* Show the client what was taken and posted since the last time. */
void wn_ring_publish(struct wn_ring *ring);

/* Set or clear WN_KR_F_* bits. */
static inline void wn_ring_flag(struct wn_ring *ring, u32 flag, bool on)
{
	const u32 old = ring->kern->flags;	/* ours: we are its only writer */
	const u32 new = on ? old | flag : old & ~flag;

	if (new != old)
		WRITE_ONCE(ring->kern->flags, new);
}

#endif
