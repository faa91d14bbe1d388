// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "inbox.h"

void wn_inbox_init(struct wn_inbox *inbox, const struct wn_user_ring *user,
		   struct wn_kern_ring *kern, struct wn_event *events,
		   const u32 entries[WN_PRIORITIES])
{
	u32 p;

	inbox->user = user;
	inbox->kern = kern;
	for (p = 0; p < WN_PRIORITIES; p++) {
		inbox->events[p] = events;
		inbox->entries[p] = entries[p];
		inbox->tail[p] = 0;
		kern->inbox_entries[p] = entries[p];
		events += entries[p];
	}
}

static u32 unread(const struct wn_inbox *inbox, u32 priority, u32 tail)
{
	const u32 head = wn_load_acquire(&inbox->user->inbox_head[priority]);	/* L */
	const u32 n = tail - head;

	/* A head beyond the tail, or too far behind it: a full ring, nothing worse. */
	return n <= inbox->entries[priority] ? n : inbox->entries[priority];
}

u32 wn_inbox_room(const struct wn_inbox *inbox, u32 priority)
{
	return inbox->entries[priority] - unread(inbox, priority, inbox->tail[priority]);
}

u32 wn_inbox_unread(const struct wn_inbox *inbox)
{
	u32 p, n = 0;

	for (p = 0; p < WN_PRIORITIES; p++)
		n += unread(inbox, p, wn_load_acquire(&inbox->kern->inbox_tail[p]));
	return n;
}

void wn_inbox_put(struct wn_inbox *inbox, u32 priority, const struct wn_event *event)
{
	const u32 at = inbox->tail[priority]++;

	inbox->events[priority][at & (inbox->entries[priority] - 1)] = *event;
}

void wn_inbox_publish(struct wn_inbox *inbox)
{
	u32 p;

	for (p = 0; p < WN_PRIORITIES; p++)
		wn_store_release(&inbox->kern->inbox_tail[p], inbox->tail[p]);	/* I */
}
