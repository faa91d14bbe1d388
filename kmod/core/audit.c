// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "audit.h"

#include "cap.h"

static struct wn_audit_rec *fill(struct wn_core *core, u64 number, const struct wn_cap *cap,
				 u32 client, u32 index)
{
	struct wn_audit_rec *rec = &core->audit->records[number % WN_AUDIT_RECORDS];

	*rec = (struct wn_audit_rec){ .hlc = core->hlc, .client = client, .index = index };
	if (cap && cap->node) {
		rec->node = cap->node;
		rec->handle = wn_cap_handle(core, cap);
	}
	return rec;
}

void wn_audit_note(struct wn_core *core, const struct wn_cap *cap, u32 client, u32 index, u32 what)
{
	struct wn_audit *audit = core->audit;

	wn_trace_audit(core, client, index, cap->node, what, 0);
	if (!audit->listeners || wn_bug_on(audit->pending == WN_AUDIT_PENDING))
		return;
	fill(core, audit->head + audit->pending, cap, client, index)->what = what;
	audit->pending++;
}

void wn_audit_refusal(struct wn_core *core, const struct wn_cap *cap, u32 client, u32 index,
		      u32 error)
{
	const u32 what = error == EKEYEXPIRED ? WN_AUDIT_EXPIRED : WN_AUDIT_REFUSED;
	struct wn_audit *audit = core->audit;
	struct wn_audit_rec *rec;

	wn_trace_audit(core, client, index, cap ? cap->node : 0, what, error);
	if (!audit->listeners)
		return;
	core->tx->begun++;	/* also where no op asks: who listens is to be told */
	/*
	 * It happened, whatever becomes of the op: before what that was granted until now and
	 * gets at its commit. An op that redeems many tokens may be granted one, then refused one.
	 */
	if (audit->pending) {
		const u64 end = audit->head + audit->pending;
		u64 i;

		for (i = end; i > audit->head; i--)
			audit->records[i % WN_AUDIT_RECORDS] =
				audit->records[(i - 1) % WN_AUDIT_RECORDS];
	}
	rec = fill(core, audit->head++, cap, client, index);
	rec->what = what;
	rec->error = error;
}
