/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The change log: which nodes changed, in the order of the commits. It is private
 * and bounded: the oldest record is written over, and who read too slowly finds
 * that out by comparing numbers. Subscriptions (sub.h) are its readers; while there
 * is none, nothing is written.
 *
 * An op says what it does to a node by wn_log_mark(); the commit turns the marks
 * into records, a rollback forgets them. A node's change joins its last record as
 * long as no reader has begun with that one; otherwise it is a new record, and the
 * old one names it.
 */
#ifndef WN_CORE_LOG_H
#define WN_CORE_LOG_H

#include <linux/worknode.h>

#include "port.h"

struct wn_core;

/* What changed, a bit each in marks: WN_CHANGE_* of the uapi header. */
#define WN_LOG_KINDS	4
#define WN_LOG_TOUCHED	(1u << 7)	/* a mark only: the node's version grew */

struct wn_log_rec {
	u64 node;		/* handle */
	u64 version;		/* of the node, behind the change */
	u64 hlc;		/* the domain's clock then */
	u64 next;		/* number of the node's next record; 0: this is its last */
	u64 last[WN_LOG_KINDS];	/* the node's last record with that kind, this one included */
};

struct wn_log {
	struct wn_log_rec *records;
	u8 *marks;		/* scratch, by node: WN_CHANGE_*, WN_LOG_TOUCHED */
	u64 head;		/* number of the next record; the first is 1 */
	u64 read;		/* records from here on: no reader has begun with them */
	u32 mask;
	u32 readers;
};

u32 wn_log_capacity(u32 records);	/* a power of two, so many or more */
void wn_log_init(struct wn_log *log, void *zeroed, void *marks, u32 records);

/* Within a transaction: the node changes in these ways. */
void wn_log_mark(struct wn_core *core, u32 index, u32 what);

/* Of wn_core_commit() and wn_core_rollback(), before the transaction forgets its edits. */
void wn_log_commit(struct wn_core *core);
void wn_log_forget(struct wn_core *core);

/* The record of a number below head; NULL: written over. */
static inline const struct wn_log_rec *wn_log_at(const struct wn_log *log, u64 number)
{
	if (!number || log->head - number > (u64)log->mask + 1)
		return NULL;
	return &log->records[number & log->mask];
}

/* A node's last record, if it has one that is still there. */
const struct wn_log_rec *wn_log_of(const struct wn_core *core, u32 index);

#endif
