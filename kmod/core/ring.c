// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "ring.h"

void wn_ring_init(struct wn_ring *ring, const struct wn_user_ring *user,
		  struct wn_kern_ring *kern, const struct wn_sqe *sqes, u32 sq_entries,
		  struct wn_cqe *cqes, u32 cq_entries)
{
	*ring = (struct wn_ring){
		.user = user,
		.kern = kern,
		.sqes = sqes,
		.cqes = cqes,
		.sq_entries = sq_entries,
		.cq_entries = cq_entries,
	};
	kern->sq_entries = sq_entries;
	kern->cq_entries = cq_entries;
}

static u32 pending(const struct wn_ring *ring, u32 head)
{
	const u32 tail = wn_load_acquire(&ring->user->sq_tail);	/* B */
	const u32 n = tail - head;

	return n <= ring->sq_entries ? n : ring->sq_entries;
}

u32 wn_ring_pending(const struct wn_ring *ring)
{
	return pending(ring, ring->sq_head);
}

u32 wn_ring_waiting(const struct wn_ring *ring)
{
	return pending(ring, READ_ONCE(ring->kern->sq_head));
}

static u32 unread(const struct wn_ring *ring, u32 tail)
{
	const u32 head = wn_load_acquire(&ring->user->cq_head);	/* D */
	const u32 n = tail - head;

	/* A head beyond the tail, or too far behind it: a full ring, nothing worse. */
	return n <= ring->cq_entries ? n : ring->cq_entries;
}

u32 wn_ring_unread(const struct wn_ring *ring)
{
	return unread(ring, ring->cq_tail);
}

u32 wn_ring_published(const struct wn_ring *ring)
{
	return unread(ring, wn_load_acquire(&ring->kern->cq_tail));
}

u32 wn_ring_room(const struct wn_ring *ring)
{
	return ring->cq_entries - wn_ring_unread(ring);
}

void wn_ring_publish(struct wn_ring *ring)
{
	struct wn_kern_ring *kern = ring->kern;

	WRITE_ONCE(kern->refused, ring->refused);
	wn_store_release(&kern->cq_tail, ring->cq_tail);	/* E */
	wn_store_release(&kern->sq_head, ring->sq_head);	/* G */
}
