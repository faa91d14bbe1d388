/* SPDX-License-Identifier: MIT */
/*
 * A process's ends of lanes, for waiting and waking, which nobody needs the engine for:
 * who sleeps on a lane sleeps on the other side's bell and on the engine's flags, both
 * in pages that it may only read. As in the module a wake stays until it was waited for.
 */
#ifndef WN_EMBED_LANE_VIEW_H
#define WN_EMBED_LANE_VIEW_H

#include <pthread.h>
#include <linux/worknode.h>

#include "lane.h"

struct wn_embed_lane_view;

struct wn_embed_lane_views {
	pthread_mutex_t lock;
	struct wn_embed_lane_view *first;	/* under lock, as the next */
	u32 seen;				/* of the client's word, by who waited for any */
};

void wn_embed_lane_views_init(struct wn_embed_lane_views *views);
void wn_embed_lane_views_end(struct wn_embed_lane_views *views);

/*
 * Map what a window is made of, and keep what waiting needs of it. who: as of
 * wn_embed_lane_parts(). The files are closed. 0, -ENOMEM, -EPROTO.
 */
int wn_embed_lane_view_map(struct wn_embed_lane_views *views, const struct wn_region *region,
			   const struct wn_embed_part *parts, int count, u64 who, void **to);

/* The page at that offset of a window is another from now on. The file is closed. */
int wn_embed_lane_view_renew(void *map, u64 offset, const struct wn_embed_part *part);

/* The program closes that lane. */
void wn_embed_lane_view_drop(struct wn_embed_lane_views *views, unsigned long number);

/*
 * WN_IOC_LANE_WAIT, WAKE. news: the client's word, which says that there is one to accept.
 * sock: the host's connection; -1: the engine is in this process. WAKE: 1: only the engine
 * can, for who is to wake looks at no page of ours.
 */
int wn_embed_lane_view_wait(struct wn_embed_lane_views *views, u32 *news, int sock, void *arg);
int wn_embed_lane_view_wake(struct wn_embed_lane_views *views, unsigned long number);

#endif
