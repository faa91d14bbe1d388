/* SPDX-License-Identifier: MIT */
/*
 * Work queues, written as naively as they can be: arrays of jobs and consumers, and lists of
 * their numbers that are moved up and down. What may be held by whom is counted each time.
 *
 * Which queue is next, and which consumer's leases are looked at, is the engine's choice and
 * no part of the meaning: the model is told of it, does the one step, and says in the end
 * whether something is left that could be done.
 */
#ifndef WN_UNIT_MODEL_QUEUE_H
#define WN_UNIT_MODEL_QUEUE_H

#include "world.h"

#define QM_CLIENTS	5
#define QM_NODES	7
#define QM_QUEUES	QM_CLIENTS
#define QM_CONSUMERS	(4 * QM_CLIENTS)
#define QM_LETTERS	40	/* bounds.backlog */
#define QM_RING		4	/* entries of an inbox, of each priority */
#define QM_GRANTS	512

struct qm_list {
	u8 at[QM_LETTERS];
	u32 n;
};

/* A capability that was ever had; it is nobody's when its client's life is over. */
struct qm_grant {
	u64 handle, expires;
	u32 client, life, index;
	bool revoked;
};

/* An event on its way, in a backlog or as a job. */
struct qm_letter {
	struct wn_event event;
	int grant;		/* it was sent under; -1: nobody's */
	u32 tries;
	u64 deadline;
	bool used;
};

struct qm_consumer {
	u32 client, credit;
	int grant;
	struct qm_list leases;	/* letters */
	bool used;
};

enum qm_where { QM_READY, QM_BUSY, QM_GOING };

struct qm_queue {
	u64 node, dead;		/* handles; node 0: destroyed */
	u64 lease;
	u32 number;		/* the engine's for it; 0: not known yet */
	u32 limit, served, passed;
	bool used, stuck;
	struct qm_list waiting[WN_PRIORITIES], beyond;		/* letters */
	struct qm_list consumers[3];
};

struct qm_node {
	u64 handle;		/* 0: none */
	int queue;		/* index, or -1 */
	int reader, grant;	/* client with an inbox, or -1 */
};

struct qm_box {
	struct qm_list backlog[WN_PRIORITIES];			/* letters */
	struct wn_event ring[WN_PRIORITIES][QM_RING];
	u32 in_ring[WN_PRIORITIES];
	u32 life;		/* odd: open */
};

struct model_queue {
	u64 now, dropped;
	struct qm_box boxes[QM_CLIENTS];
	struct qm_node nodes[QM_NODES];		/* the newest last */
	struct qm_queue queues[QM_QUEUES];
	struct qm_consumer consumers[QM_CONSUMERS];
	struct qm_letter letters[QM_LETTERS];
	struct qm_grant grants[QM_GRANTS];
	u32 nr_grants;
};

struct qm_terms {
	u64 lease, dead;
	u32 tries, credit;
};

/* What a use of a capability answers before the op looks further. */
s64 qm_may(const struct model_queue *m, int grant);
bool qm_lasts(const struct model_queue *m, int grant);

/* Ops on nodes that are there: 0 or an errno; to all nodes: how many, or an errno. */
s64 qm_emit(struct model_queue *m, int grant, u32 node, const struct wn_event *event);
s64 qm_emit_all(struct model_queue *m, int grant, const struct wn_event *event);
s64 qm_bind_queue(struct model_queue *m, u32 client, int grant, u32 node,
		  const struct qm_terms *terms);
s64 qm_bind(struct model_queue *m, u32 client, int grant, u32 node);
s64 qm_unbind(struct model_queue *m, u32 client, u32 node);
s64 qm_end(struct model_queue *m, u32 node);
s64 qm_settle(struct model_queue *m, u32 client, u32 node, u64 stamp, bool done);
void qm_destroy(struct model_queue *m, u32 node);
void qm_close(struct model_queue *m, u32 client);

/* The engine's number of a node's queue. */
void qm_name(struct model_queue *m, u32 node, u32 number);
struct qm_queue *qm_by_number(struct model_queue *m, u32 number);

/* A step of a queue; stamp: what a new event gets. */
void qm_step(struct model_queue *m, struct qm_queue *q, u64 stamp);

/* Leases of this consumer that are over end. */
void qm_due(struct model_queue *m, struct qm_queue *q, u32 client);

/* Something from the engine to a client, if it has room. */
bool qm_tell(struct model_queue *m, u32 client, const struct wn_event *event);

void qm_pump(struct model_queue *m, u32 client);
u32 qm_credit(const struct model_queue *m, u32 client);

/* NULL: nothing can be done now; or what could be. */
const char *qm_rest(const struct model_queue *m);

#endif
