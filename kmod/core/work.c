// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "work.h"

#include "journal.h"
#include "queue.h"
#include "reap.h"
#include "scatter.h"
#include "slot.h"

/* Time: what is due goes to the noun that asked for it. */
static u32 fire(struct wn_core *core, u32 steps, const struct wn_now *now)
{
	const u32 given = steps;
	struct wn_due *due;
	u32 taken;

	wn_tx_begin(core->tx, false);
	while ((due = wn_wheel_take(&core->wheel, now->boottime, &steps))) {
		switch (due->kind) {
		case WN_DUE_LEASE:
			wn_queue_due(core, due->who, now);
			break;
		case WN_DUE_PROMISE:
			wn_promise_due(core, due->who, now);
			break;
		case WN_DUE_CAP:
			taken = wn_slot_expire(core, due->who, now);
			steps -= taken < steps ? taken : steps;
			break;
		default:
			wn_bug_on(due->kind);
		}
		wn_core_commit(core);
	}
	return given - steps;
}

enum { TIME, BROKEN, TELL, DEATHS, REAP, SCANS, SUBS, QUEUES, JOBS };

/*
 * Each does a part of about so many steps, and says how many it took. (No table: that
 * nothing here calls itself shows in direct calls, scripts/core-static.)
 */
static u32 job(struct wn_core *core, u32 which, u32 steps, const struct wn_now *now)
{
	switch (which) {
	case TIME:
		return fire(core, steps, now);
	case BROKEN:
		return wn_promise_break(core, steps, now);
	case TELL:
		return wn_promise_tell(core, steps, now);
	case DEATHS:
		return wn_death_slice(core, steps, now);
	case REAP:
		return wn_reap_slice(core, steps);
	case SCANS:
		return wn_scatter_slice(core, steps, now);
	case SUBS:
		return wn_sub_slice(core, steps, now);
	case QUEUES:
		return wn_queue_slice(core, steps, now);
	}
	return 0;
}

bool wn_work_rests(struct wn_core *core, const struct wn_now *now)
{
	struct wn_tx *tx = core->tx;
	u64 next;

	if (tx->idle == tx->begun && now->boottime < tx->idle_until)
		return true;
	if (wn_work_waits(core) || core->subs.stuck)
		return false;
	next = wn_core_next_deadline(core);
	if (next <= now->boottime)
		return false;
	tx->idle = tx->begun;
	tx->idle_until = next;
	return true;
}

bool wn_work_settle(struct wn_core *core, const struct wn_now *now)
{
	struct wn_tx *tx = core->tx;

	if (!wn_work_rests(core, now) || wn_mail_waiting(core, 0) >= 0)
		return false;
	tx->quiet = tx->begun;
	tx->quiet_until = tx->idle_until;
	return true;
}

/*
 * One budget: each has its part of it first, so that none keeps the others waiting;
 * what they leave goes to who has more to do, in their order.
 */
bool wn_work_slice(struct wn_core *core, const struct wn_now *now)
{
	u32 left = WN_WORK_STEPS, taken, i;
	bool more;

	if (unlikely(core->journal)) {
		if (!wn_journal_has_room(core))
			return wn_work_waits(core);
		wn_journal_open(core, WN_INPUT_WORK, 0, now);
	}
	for (i = 0; i < 2 * JOBS && left; i++) {
		taken = job(core, i % JOBS, i < JOBS ? WN_WORK_STEPS / JOBS : left, now);
		left -= taken < left ? taken : left;
	}
	more = wn_work_waits(core);
	if (unlikely(core->journal))
		wn_journal_close(core, more);
	return more;
}
