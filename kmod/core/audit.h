/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Audit: grants, refused uses and revocations, for subscribers with the right ADMIN.
 * A bounded ring in scratch, as a change log is: who reads too slowly is told how many
 * are lost. While nobody listens, nothing is written.
 *
 * A grant or a revocation counts when it is committed; a refused use counts at once, for
 * it changes nothing that could be taken back.
 */
#ifndef WN_CORE_AUDIT_H
#define WN_CORE_AUDIT_H

#include <linux/worknode.h>

#include "port.h"

struct wn_cap;
struct wn_core;

#define WN_AUDIT_RECORDS	256u	/* a power of two */
#define WN_AUDIT_PENDING	64u	/* of one group */

struct wn_audit_rec {
	u64 node;		/* of the capability; 0: there is none */
	u64 handle;		/* of the capability; 0: there is none */
	u64 hlc;
	u32 what, error;	/* WN_AUDIT_*, errno above zero */
	u32 client, index;	/* whose, where in its table */
};

struct wn_audit {
	u64 head;		/* number of the next record */
	u32 listeners;
	u32 pending;		/* records behind head that a commit makes good */
	struct wn_audit_rec records[WN_AUDIT_RECORDS];
};

/* Of an op, which may be rolled back; of a refusal, where there may be no cap (NULL). */
void wn_audit_note(struct wn_core *core, const struct wn_cap *cap, u32 client, u32 index, u32 what);
void wn_audit_refusal(struct wn_core *core, const struct wn_cap *cap, u32 client, u32 index,
		      u32 error);

static inline void wn_audit_commit(struct wn_audit *audit)
{
	audit->head += audit->pending;
	audit->pending = 0;
}

static inline void wn_audit_forget(struct wn_audit *audit)
{
	audit->pending = 0;
}

/* The record of a number below head; NULL: written over. */
static inline const struct wn_audit_rec *wn_audit_at(const struct wn_audit *audit, u64 number)
{
	/* Those that wait for a commit are already written. */
	if (audit->head + audit->pending - number > WN_AUDIT_RECORDS)
		return NULL;
	return &audit->records[number % WN_AUDIT_RECORDS];
}

#endif
