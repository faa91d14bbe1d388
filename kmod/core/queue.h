/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Work queues: events to a node of which each goes to one of many consumers.
 *
 *	waiting --lease--> leased --ACK--> gone
 *	   ^                 |
 *	   '--NACK, end, death--'   beyond the limit: to the dead-letter node's reader
 *
 * A job is a letter (mail.h) that stays the queue's until it is acknowledged; the
 * consumer gets a copy. Ops put jobs in and take them out; who gets which is found
 * between ops, a step at a time, so an op never takes long and a lease begins when it
 * is given. A job is named by its node and stamp.
 *
 * A queue lives as long as its node, whoever consumes. Queues, consumers and jobs are
 * named by numbers, index + 1; a job has its letter's.
 */
#ifndef WN_CORE_QUEUE_H
#define WN_CORE_QUEUE_H

#include <linux/worknode.h>

#include "list.h"
#include "pool.h"
#include "wheel.h"

struct wn_core;
struct wn_now;

/* What a letter needs more as a job; by the letter's number. */
struct wn_job {
	struct wn_link link;	/* of those that wait or are dead; of a consumer's leases */
	u64 deadline;		/* boottime; of the lease */
	u16 queue;		/* 0: the letter is no job */
	u16 consumer;		/* that holds the lease; 0: none */
	u8 tries;		/* leases that ended without ACK */
	u8 reserved[3];
};

enum { WN_CONSUMER_READY, WN_CONSUMER_BUSY, WN_CONSUMER_GOING };

struct wn_consumer {
	struct wn_link mate;	/* of the queue's, in the list that where tells */
	struct wn_link sibling;	/* of the client's, unless it is going */
	struct wn_link leases;	/* list; the first ends first */
	struct wn_due due;	/* that a lease ends, then or later */
	u64 cap;		/* handle of that under which it consumes */
	u16 client;		/* index */
	u16 queue;
	u8 credit;		/* leases at a time */
	u8 leased;
	u8 where;
	u8 reserved;
};

struct wn_queue {
	u64 node;		/* handle; 0: destroyed, what is left is cleared up */
	u64 dead;		/* the dead-letter node's; 0: none */
	u64 lease;		/* ns */
	u64 pokes;		/* of the domain, when it was last tried in vain */
	struct wn_link waiting[WN_PRIORITIES];	/* lists */
	struct wn_link beyond;	/* list: jobs beyond the limit */
	struct wn_link consumers[3];	/* lists */
	u32 held;		/* jobs, leased ones too */
	u32 nr_ready;
	u32 passed;		/* consumers in a row whose backlog had no room */
	u8 tries;		/* the limit; 0: none */
	u8 served;
	u8 stuck;		/* the dead-letter node's reader had no room, or there is none */
	u8 reserved;
};

struct wn_queues {
	struct wn_job *jobs;
	struct wn_consumer *consumers;
	struct wn_queue *queues;
	struct wn_link *of_client;	/* lists of consumers */
	u64 *awake;		/* a bit for each queue: it may have something to do */
	u64 *asleep;		/* it has, when a backlog gets room or somebody binds */
	u32 words;		/* of each of the two */
	u32 turn;		/* the queue that is looked at first */
	struct wn_pool queue_pool, consumer_pool;
	u64 pokes;
};

/* How a queue is asked for; zero in a field: as it is. */
struct wn_queue_terms {
	u64 cap;		/* handle of the capability that the client is to consume under */
	const struct wn_now *now;
	u64 lease;
	u64 dead;
	u8 tries;
	u8 credit;		/* 0: only make it */
};

struct wn_queues_memory {
	void *jobs, *consumers, *queues, *of_client, *awake, *asleep, *queue_pool, *consumer_pool;
};

u32 wn_queues_consumers(const struct wn_bounds *bounds);
int wn_queues_init(struct wn_queues *queues, const struct wn_queues_memory *memory,
		   const struct wn_bounds *bounds);

/* The queue of a node, or 0. */
u32 wn_queue_of(const struct wn_core *core, u32 index);

/*
 * Make the node's queue if there is none, and the client a consumer of it. -EBUSY: the
 * node has a reader, or a queue on other terms, or the client consumes already by what it
 * may still use; -EINVAL:
 * terms that make no queue; -ENOSPC.
 */
s64 wn_queue_bind(struct wn_core *core, u32 index, u32 client, const struct wn_queue_terms *terms);

/* The client consumes no longer; its leases end. -ENOENT: it did not. */
s64 wn_queue_leave(struct wn_core *core, u32 queue, u32 client);

/* The queue goes if nobody consumes and nothing is in it; else -EBUSY. */
s64 wn_queue_end(struct wn_core *core, u32 index);

/*
 * Whether n events can be put in: 0, -ENOBUFS, -EOPNOTSUPP. And put one in. flags are
 * WN_MAIL_*: the engine's go within the queue's share, others within their sender's of it.
 */
s64 wn_queue_check(const struct wn_core *core, u32 queue, const struct wn_event *event, u32 n,
		   u32 flags);
void wn_queue_post(struct wn_core *core, u32 queue, const struct wn_event *event);

/* The client's lease of the job with this stamp ends: done, or not. -ESTALE: it has none. */
s64 wn_queue_settle(struct wn_core *core, u32 queue, u32 client, u64 stamp, bool done);

/* The node is destroyed, the client closes: a constant number of steps each. */
void wn_queue_node_gone(struct wn_core *core, u32 index);
void wn_queue_client_gone(struct wn_core *core, u32 client);

/* A backlog got room, or a node a reader: look again at who waited for that. */
void wn_queue_poke(struct wn_core *core);

/* A consumer's entry in the wheel is due: leases of it have ended, or it was too early. */
void wn_queue_due(struct wn_core *core, u32 consumer, const struct wn_now *now);

/* Give leases, clear up: about so many steps; returns those taken. */
u32 wn_queue_slice(struct wn_core *core, u32 steps, const struct wn_now *now);
bool wn_queue_has_work(const struct wn_core *core);

#endif
