// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "turn.h"

#include "node.h"
#include "work.h"

/* One entry, or the entries of one group, copied out of the client's reach. */
struct batch {
	struct wn_sqe *slots;	/* two for each op */
	u32 ops;
	u32 taken;		/* slots of the ring */
	s64 err;		/* that it fails with, whatever is in it */
};

struct count {
	u32 taken, done, refused;
};

static bool has(const struct wn_sqe *sqe, u8 flag)
{
	return sqe->flags & flag;
}

/* The second slot of the entry that was copied last; -EINVAL: it was never submitted. */
static s64 peek_wide(const struct wn_ring *ring, struct batch *b, u32 pending)
{
	struct wn_sqe *slots = b->slots + 2 * b->ops;

	b->taken++;
	b->ops++;
	if (!has(slots, WN_SQE_WIDE))
		return 0;
	if (b->taken == pending)
		return -EINVAL;
	wn_ring_peek(ring, b->taken, &slots[1]);
	b->taken++;
	return 0;
}

static s64 peek(const struct wn_ring *ring, struct batch *b, u32 pending)
{
	wn_ring_peek(ring, b->taken, b->slots + 2 * b->ops);
	return peek_wide(ring, b, pending);
}

/*
 * The next batch of those that wait, whose first slot is copied. What cannot be a
 * group is its first entry alone, with an error; the rest of it is then cancelled
 * entry by entry.
 */
static void collect(const struct wn_core *core, const struct wn_ring *ring, u32 pending,
		    struct batch *b)
{
	u32 first;

	b->ops = 0;
	b->taken = 0;
	b->err = peek_wide(ring, b, pending);
	if (!b->err && ring->broken)
		b->err = -ECANCELED;
	first = b->taken;
	while (!b->err && has(b->slots + 2 * (b->ops - 1), WN_SQE_ATOMIC)) {
		if (b->ops == core->bounds.group_ops || b->ops == ring->cq_entries)
			b->err = -E2BIG;
		else if (b->taken == pending)
			b->err = -EINVAL;
		else
			b->err = peek(ring, b, pending);
	}
	if (b->err) {
		b->ops = 1;
		b->taken = first;
	}
}

static void apply(struct wn_core *core, const struct wn_op_env *env, const struct batch *b)
{
	if (b->err)
		core->results[0] = (struct wn_op_result){ .res = b->err, .hlc = core->hlc };
	else if (has(b->slots, WN_SQE_ATOMIC))
		wn_op_apply_group(core, env, b->slots, b->ops, core->results);
	else
		wn_op_apply(core, env, b->slots, core->results);
}

/* Whether an op has a completion. */
static inline bool is_posted(const struct wn_sqe *sqe, const struct wn_op_result *result)
{
	return WN_RES_IS_ERROR(result->res) || !has(sqe, WN_SQE_QUIET);
}

/* Complete one op; whether it failed. */
static inline bool post(struct wn_ring *ring, const struct wn_sqe *sqe,
			const struct wn_op_result *result, struct count *count)
{
	const struct wn_cqe cqe = {
		.user_data = sqe->user_data,
		.res = result->res,
		.hlc = result->hlc,
		.flags = result->flags,
		.aux = result->aux,
	};
	const bool failed = WN_RES_IS_ERROR(result->res);

	if (!is_posted(sqe, result))
		return false;
	wn_ring_post(ring, &cqe);
	count->done++;
	count->refused += failed;
	return failed;
}

static void post_batch(struct wn_core *core, const struct wn_op_env *env, struct wn_ring *ring,
		       const struct batch *b, struct count *count)
{
	const struct wn_sqe *last = b->slots + 2 * (b->ops - 1);
	bool failed = false;
	u32 i;

	for (i = 0; i < b->ops; i++) {
		const struct wn_sqe *sqe = b->slots + 2 * i;
		const struct wn_op_result *result = &core->results[i];

		failed |= post(ring, sqe, result, count);
		wn_trace_op(core, env->client, sqe, result, is_posted(sqe, result));
	}
	ring->broken = failed && has(last, WN_SQE_LINK) ? WN_RING_CHAIN_BROKEN : 0;
	/* A whole group ends with an entry without the flag. */
	if (has(last, WN_SQE_ATOMIC))
		ring->broken |= WN_RING_GROUP_BROKEN;
}

/* Wide entries, groups, what follows a failure: all that the loop below does not see to. */
static noinline bool run_batch(struct wn_core *core, struct wn_ring *ring,
			       const struct wn_op_env *env, u32 pending, u32 room,
			       struct count *count)
{
	struct batch b = { .slots = core->group };

	collect(core, ring, pending - count->taken, &b);
	if (b.ops > room - count->done)
		return false;
	wn_ring_advance(ring, b.taken);
	count->taken += b.taken;
	apply(core, env, &b);
	post_batch(core, env, ring, &b, count);
	return true;
}

/*
 * The node that the next entry names is on its way into the cache while this one is done:
 * in a large domain the way there is most of what an op costs. A look, by which nothing is
 * decided: what the slot holds when its turn comes is another matter, and what is no
 * handle brings some other record. Few nodes are in the cache anyway.
 */
#define NEAR_NODES	1024u

static inline void foresee(const struct wn_core *core, const struct wn_ring *ring,
			   const struct wn_sqe *this)
{
	u32 index = wn_handle_index(wn_ring_glance(ring, has(this, WN_SQE_WIDE) ? 2 : 1));
	const struct wn_table *t = &core->tx->tables[WN_TABLE_NODES];

	if (unlikely(index >= core->bounds.nodes))
		return;
	index = wn_index_nospec(index, core->bounds.nodes);
	wn_prefetch(t->truth + (u64)index * t->words);
	wn_prefetch(t->truth + (u64)index * t->words + WN_LINE_WORDS);
	wn_prefetch(t->picture + (u64)index * t->words);
	wn_prefetch(&core->own[index]);
}

bool wn_turn_release(struct wn_core *core, struct wn_ring *ring)
{
	if (!ring->held || !wn_caps_are_freed(core, ring->held))
		return false;
	ring->held = 0;
	wn_ring_publish(ring);
	return true;
}

u32 wn_turn_run(struct wn_core *core, struct wn_turn *turn, u32 max,
		const struct wn_now *now)
{
	const struct wn_op_env *env = &turn->env;
	struct wn_ring *ring = turn->ring;
	const u32 pending = wn_ring_pending(ring);
	const u32 room = wn_ring_room(ring);
	const u64 branch = wn_caps_last_branch(core);
	struct count count = {};
	struct wn_op_result result;
	struct wn_sqe *slots = core->group;
	const u64 begun = core->tx->begun;
	const bool far = wn_pool_count(&core->nodes) > NEAR_NODES;
	bool full = false;

	turn->env.now = now;
	if (unlikely(ring->held))
		max = 0;
	core->tx->spent = 0;
	/* At most pending turns: each takes a slot. */
	while (count.taken < max && count.taken < pending &&
	       core->tx->spent < WN_TURN_STEPS && likely(wn_caps_last_branch(core) == branch)) {
		full = count.done == room;
		if (full)
			break;
		wn_ring_peek(ring, 0, slots);
		if (unlikely(far) && count.taken + 1 < pending)
			foresee(core, ring, slots);
		if (unlikely(slots->flags & (WN_SQE_WIDE | WN_SQE_ATOMIC) || ring->broken)) {
			full = !run_batch(core, ring, env, pending, room, &count);
			if (full)
				break;
			continue;
		}
		/* Most entries: one op in one slot. */
		wn_ring_advance(ring, 1);
		count.taken++;
		wn_op_apply(core, env, slots, &result);
		if (post(ring, slots, &result, &count) && has(slots, WN_SQE_LINK))
			ring->broken = WN_RING_CHAIN_BROKEN;
		wn_trace_op(core, env->client, slots, &result, is_posted(slots, &result));
	}
	ring->left = !full && count.taken < pending;
	if (!wn_work_is_quiet(core, now) && unlikely(!wn_work_rests(core, now)))
		wn_work_slice(core, now);
	wn_ring_flag(ring, WN_KR_F_CQ_FULL, full || (count.done == room && count.taken < pending));
	if (!count.taken)
		return 0;
	if (unlikely(wn_caps_last_branch(core) != branch) && turn->takes_back)
		ring->held = wn_caps_last_branch(core);
	else
		wn_ring_publish(ring);
	wn_core_count(core, WN_STAT_SUBMITTED, count.taken);
	wn_core_count(core, WN_STAT_COMPLETED, count.done);
	if (unlikely(count.refused))
		wn_core_count(core, WN_STAT_REFUSED, count.refused);
	wn_core_count(core, WN_STAT_TURNS, 1);
	if (core->tx->begun != begun)
		wn_caps_publish(core);
	return count.taken;
}
