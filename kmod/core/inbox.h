/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The engine's end of a client's inbox: four rings of events, one a priority, whose
 * entries lie one after the other in one array, those of priority 0 first.
 *
 * As with ring.h the engine's positions are its own, what it loads from the user
 * page is hostile, and a client that writes nonsense there harms itself. A published
 * entry is not touched again before its reader's head passes it.
 *
 *   I  wn_inbox_publish stores inbox_tail (release) after the events
 *   J  client loads inbox_tail (acquire) before it reads them
 *   K  client stores inbox_head (release) after it has read them
 *   L  wn_inbox_room loads inbox_head (acquire) before their entries are written
 * I pairs with J, K with L. Where a reader sleeps on a full inbox:
 *   M  wn_mail_pump sets WN_KR_F_BACKLOG, full fence, looks at the heads again
 *   N  client stores inbox_head, full fence, looks at WN_KR_F_BACKLOG
 * One of the two sees the other's store, so none waits for room that is there.
 */
#ifndef WN_CORE_INBOX_H
#define WN_CORE_INBOX_H

#include <linux/worknode.h>

#include "port.h"

struct wn_inbox {
	const struct wn_user_ring *user;
	struct wn_kern_ring *kern;
	struct wn_event *events[WN_PRIORITIES];
	u32 entries[WN_PRIORITIES];	/* powers of two */
	u32 tail[WN_PRIORITIES];	/* the truth; kern->inbox_tail is its picture */
};

/* The shared parts are zeroed pages; fills in the constants the client reads. */
void wn_inbox_init(struct wn_inbox *inbox, const struct wn_user_ring *user,
		   struct wn_kern_ring *kern, struct wn_event *events,
		   const u32 entries[WN_PRIORITIES]);

/* Events of a priority that can be put now. */
u32 wn_inbox_room(const struct wn_inbox *inbox, u32 priority);

/* Events that lie in the inbox, unread, by what is published: for onlookers. */
u32 wn_inbox_unread(const struct wn_inbox *inbox);

/* Put one; the caller has made sure of room. Unseen until published. */
void wn_inbox_put(struct wn_inbox *inbox, u32 priority, const struct wn_event *event);

void wn_inbox_publish(struct wn_inbox *inbox);

#endif
