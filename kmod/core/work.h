/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What is done between ops, a bounded part at a time: what ops leave to be done, what
 * deaths do, what comes due. A turn does a part at its end; where there are no turns
 * whoever holds the domain sees to it:
 *
 *	while wn_work_waits(): wn_work_slice(), then pump the mail that waits
 *	again at wn_core_next_deadline(), which any op or slice may have moved
 */
#ifndef WN_CORE_WORK_H
#define WN_CORE_WORK_H

#include "core.h"
#include "queue.h"
#include "scatter.h"
#include "sub.h"

/* Steps of one slice. */
#define WN_WORK_STEPS 512u

/* Whether there is anything to do without a reader's help; what comes due apart. */
static inline bool wn_work_waits(const struct wn_core *core)
{
	return core->doomed != WN_INDEX_NONE || core->cells.doomed != WN_INDEX_NONE ||
	       core->caps.doomed || wn_death_waits(&core->deaths) ||
	       wn_promise_waits(core) || wn_scatter_waits(core) || wn_sub_has_work(core) ||
	       wn_queue_has_work(core);
}

/*
 * Boottime from which on wn_work_slice() has something to do, in ns. 0: at once;
 * WN_NEVER: time alone brings nothing. It may lie before the first deadline: then a
 * slice makes it a later one, at most seven times over.
 */
static inline u64 wn_core_next_deadline(const struct wn_core *core)
{
	return wn_wheel_next(&core->wheel);
}

/* The same, and what a reader may have made room for, which is seen by trying. */
static inline bool wn_work_may_wait(const struct wn_core *core, const struct wn_now *now)
{
	return wn_work_waits(core) || core->subs.stuck ||
	       wn_core_next_deadline(core) <= now->boottime;
}

/*
 * Whether all is as it was when wn_work_settle() found nothing to do: no transaction
 * was begun since, and nothing came due. What costs a look at each noun is so looked
 * at once after each change, not once a turn.
 */
static inline bool wn_work_is_quiet(const struct wn_core *core, const struct wn_now *now)
{
	const struct wn_tx *tx = core->tx;

	return tx->begun == tx->quiet && now->boottime < tx->quiet_until;
}

/*
 * Whether there is nothing to do now but to deliver mail, as wn_work_may_wait() says; who
 * asks again before anything was begun gets the answer of the first time.
 */
bool wn_work_rests(struct wn_core *core, const struct wn_now *now);

/* Look whether all is quiet, mail too: true, and until when if nothing is begun. */
bool wn_work_settle(struct wn_core *core, const struct wn_now *now);

/* Until when, where it was: WN_NEVER, or a boottime. */
static inline u64 wn_work_quiet_until(const struct wn_core *core)
{
	return core->tx->quiet_until;
}

/* Do a part of it, which the end of a turn can afford; whether more is left. */
bool wn_work_slice(struct wn_core *core, const struct wn_now *now);

#endif
