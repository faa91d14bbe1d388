/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions, written as naively as they can be: every change that was ever made is
 * kept, and for each subscription whether it was told of that one. What lies in a subtree is
 * found by walking up in the core's nodes each time.
 *
 * When somebody is told, and how much at once, is the engine's choice. What an event says,
 * that it says all up to then and nothing twice, that a rescan comes only where the log was
 * written over and what it leads to, and that nothing is left when the engine rests, is not.
 */
#ifndef WN_UNIT_MODEL_SUB_H
#define WN_UNIT_MODEL_SUB_H

#include "world.h"

#define SM_NODES	48
#define SM_SUBS		8
#define SM_CLIENTS	3
#define SM_CHANGES	4096
#define SM_TOUCHED	(1u << 7)	/* a kind: the node's record changed, not its cells alone */

struct sm_change {
	u64 node, version, hlc;
	u64 record;		/* of the log; 0: nobody subscribed */
	u32 kinds;		/* WN_CHANGE_*, SM_TOUCHED */
};

struct sm_sub {
	bool used, state, live, owed_rescan;
	bool lost;		/* another capability has its slot */
	u64 handle, node, since;
	u32 client, cap, kinds, errors;	/* a bit for each errno that it could have ended with */
	bool told[SM_CHANGES];
	bool may[SM_CHANGES];	/* or not: the node was out of sight since */
	u64 pending[SM_NODES];	/* nodes of the state, by index, that never were out of sight */
	u64 stated[SM_NODES];	/* whose state was told */
};

/* What a subscription is held by. */
struct sm_cap {
	u64 top, expires;
	bool revoked;
};

struct model_sub {
	struct world *w;
	u64 head;		/* of the log, before a commit */
	struct sm_change changes[SM_CHANGES];
	u32 nr_changes;
	struct sm_sub subs[SM_SUBS];
	struct sm_cap caps[SM_CLIENTS][8];
	struct { u32 sub; u64 since; } asked[SM_SUBS];	/* rescans, to be checked by a query */
	u32 nr_asked;
};

bool sm_covers(const struct model_sub *m, u64 top, u64 node);

/* The errno a subscription ends with now, or 0. */
u32 sm_why(const struct model_sub *m, const struct sm_sub *s);

/*
 * A commit changed a node in these ways, and that is told by this record of the log, or (0)
 * by none; read: what the log's readers had begun with before.
 */
const char *sm_note(struct model_sub *m, u64 node, u32 kinds, u64 record, u64 read);

/* To be called after whatever may put nodes in or out of sight. */
void sm_look(struct model_sub *m);

s64 sm_subscribe(struct model_sub *m, u32 client, u32 cap, u64 node, u32 flags, u32 *slot);
s64 sm_unsubscribe(struct model_sub *m, u32 client, u64 handle);
void sm_close(struct model_sub *m, u32 client);

/* An event is told: NULL, or what is wrong with that. */
const char *sm_tell(struct model_sub *m, u32 client, const struct wn_event *event);

/* Whether a query for changes since then finds this node. */
bool sm_finds(const struct model_sub *m, const struct sm_sub *s, u64 since, u64 node);

/* NULL: all was told; or what was not. */
const char *sm_rest(const struct model_sub *m);

#endif
