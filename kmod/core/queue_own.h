/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What queue.c and queue_work.c share, and nobody else calls. */
#ifndef WN_CORE_QUEUE_OWN_H
#define WN_CORE_QUEUE_OWN_H

#include "core.h"
#include "queue.h"

static inline struct wn_queue *wn_queue(const struct wn_core *core, u32 number)
{
	return &core->queues.queues[number - 1];
}

static inline struct wn_consumer *wn_consumer(const struct wn_core *core, u32 number)
{
	return &core->queues.consumers[number - 1];
}

static inline struct wn_job *wn_job(const struct wn_core *core, u32 number)
{
	return &core->queues.jobs[number - 1];
}

/* The number of the record that a link is in; 0: no link. */
static inline u32 wn_job_by(const struct wn_core *core, const struct wn_link *link)
{
	return link ? (u32)((const struct wn_job *)link - core->queues.jobs) + 1 : 0;
}

static inline u32 wn_consumer_by(const struct wn_core *core, const struct wn_link *mate)
{
	return mate ? (u32)((const struct wn_consumer *)mate - core->queues.consumers) + 1 : 0;
}

static inline u32 wn_job_first(const struct wn_core *core, const struct wn_link *list)
{
	return wn_job_by(core, wn_list_first(core->tx, list));
}

static inline u32 wn_consumer_first(const struct wn_core *core, const struct wn_link *list)
{
	return wn_consumer_by(core, wn_list_first(core->tx, list));
}

static inline u8 wn_job_priority(const struct wn_core *core, u32 number)
{
	return wn_mail_letter(&core->mail, number)->event.priority;
}

/* A job that is in no list any more ends, with its letter. */
void wn_job_drop(struct wn_core *core, u32 number);

/* Its lease ends without an ACK. */
void wn_job_give_back(struct wn_core *core, u32 number);

/* Put a consumer into another of its queue's lists, as the last. */
void wn_consumer_place(struct wn_core *core, u32 number, u8 where);

/* From now on nothing is its client's business; its leases end by and by. */
void wn_consumer_retire(struct wn_core *core, u32 number);

#endif
