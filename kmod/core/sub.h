/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Subscriptions: cursors over the change log, moved between ops.
 *
 *	state --all told--> live <--told-- rescan
 *			     |----overflow---^
 *	any --the node or the right to see it is gone--> ending --told--> free
 *
 * Those to the audit only go from record to record. A live one reads the log in laps. A lap is what the log holds when it begins; in it
 * only the last record of each node counts, and tells of all of that node's changes
 * in the lap. So each change is told once, however slow the reader is, and there is
 * nothing to remember by node. In the state phase a node that has a record which
 * will be told later is left to that record: no gap, no double.
 */
#ifndef WN_CORE_SUB_H
#define WN_CORE_SUB_H

#include "pool.h"
#include "port.h"

struct wn_core;
struct wn_now;

struct wn_sub {
	u64 node;		/* whose subtree; a handle */
	u64 trace;
	u64 life;		/* of the client */
	u64 cap_id;		/* that the slot held */
	u64 since;		/* every change up to this stamp was told */
	u64 fixed;		/* the clock when the lap began */
	u64 start;		/* of the log's records when it subscribed */
	u64 lap, at, end;	/* the lap is [lap, end), the cursor in it */
	u32 scan;		/* the state phase's next index; WN_INDEX_NONE: over */
	u16 client, cap;
	u8 kinds;		/* WN_SUB_* of what it wants */
	u8 priority;
	u8 rescan;		/* it overflowed, and was not told yet */
	u8 audit;		/* of nothing but that: at is a number of audit.h */
	u32 ended;		/* errno, above zero, and was not told yet */
};

struct wn_subs {
	struct wn_sub *subs;
	struct wn_pool pool;
	u64 settled;		/* the log's head when the last whole round began */
	u64 audited;		/* that of the audit, then */
	u32 turn;		/* whose turn it is, an index */
	u32 stuck;		/* subscriptions that were last seen without room for an event */
	bool poked;		/* one came since the round began, or has more to tell */
	struct {
		u64 log, audit;	/* the heads when it began */
		u32 left;	/* visits; 0: none has begun */
		u32 stuck;	/* so far */
		bool busy;	/* one visited had more to tell than its share */
	} round;
};

int wn_subs_init(struct wn_subs *subs, void *records, void *pool, u32 capacity);

/* A new one, of which node, trace, scan, client, cap, cap_id, kinds, priority, audit are set: 0: no room. */
u64 wn_sub_add(struct wn_core *core, const struct wn_sub *new);
void wn_sub_drop(struct wn_core *core, u32 index);

/* Whether wn_sub_slice() could do something without a reader's help. */
bool wn_sub_has_work(const struct wn_core *core);

/*
 * Tell subscribers what they are owed: about so many steps, to the end of a round
 * over all at most. A round may take many slices. Returns the steps taken.
 */
u32 wn_sub_slice(struct wn_core *core, u32 steps, const struct wn_now *now);

/* End all of a client that went, for about so many steps; false: more is left. */
bool wn_sub_client_gone(struct wn_core *core, u32 client, u32 *steps);

#endif
