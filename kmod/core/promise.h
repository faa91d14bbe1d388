/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Promises: what the engine owes a client later. A timer, a delayed event, the end of a
 * call, word that a node went, and links, which are owed to a node.
 *
 *	held --its time, its node, its peer, a reply, a cancel--> ready --told--> free
 *	held --its maker takes it back, or is gone--------------------------------> free
 *	ready --of a timer with a period, told--> held
 *
 * A promise holds the event that it ends with. So there is always room for it: it
 * waits here until the receiver's backlog can take it, nothing is lost, and what
 * makes it ready takes it off all that could make it so again: it ends once.
 *
 * It is held in three lists, each of them taken apart a step at a time: of its maker, of
 * the node and of the client (peer) whose end ends it.
 */
#ifndef WN_CORE_PROMISE_H
#define WN_CORE_PROMISE_H

#include <linux/worknode.h>

#include "list.h"
#include "pool.h"
#include "port.h"
#include "wheel.h"

struct wn_core;
struct wn_now;

enum wn_promise_kind {
	WN_PROMISE_TIMER = 1,
	WN_PROMISE_EMIT,
	WN_PROMISE_SUBTREE,	/* scatter.h */
	WN_PROMISE_CALL,
	WN_PROMISE_MONITOR,
	WN_PROMISE_LINK,
};

struct wn_promise {
	struct wn_due due;
	struct wn_link held;	/* by its maker; ready: of the client that it goes to */
	struct wn_link node;	/* with others that the same node ends */
	struct wn_link peer;	/* with others that the same client's death ends, or of scans */
	u64 life;		/* of the maker */
	u64 peer_life;		/* of who may reply; of a scan: readers without room */
	u64 period;		/* ns; 0: once */
	u64 other;		/* of a link: its twin; of a scan: nodes up to this stamp */
	u64 cap_id;		/* that the maker's slot held */
	struct wn_event event;
	u16 client;		/* the maker */
	u16 peer_client;
	u8 kind;		/* WN_PROMISE_* */
	u8 mine;		/* of a timer: to the maker, not to the node's reader */
	u8 ready;
	u8 reserved;
	u16 cap;		/* under which it was made */
	u16 reserved2;
	u32 scan;		/* the next index */
};

struct wn_promises {
	struct wn_promise *at;	/* by index */
	struct wn_pool pool;
	struct wn_link broken;	/* their node went */
	struct wn_link scans;	/* those that go over all nodes */
	u32 nr_ready;
	u32 turn;		/* the client that is told next */
};

int wn_promises_init(struct wn_promises *promises, void *records, void *pool, u32 capacity);

/* Whether a client can make so many more: it holds no more than are left to others. */
bool wn_promise_fits(const struct wn_core *core, u32 client, u32 n);

/*
 * Make one that fits, like *new as to kind, mine, period, cap, cap_id and event; it hangs on
 * the event's node, which is there, and comes due at a time, or WN_NEVER. Its handle is the
 * first word of the event's data.
 */
u64 wn_promise_make(struct wn_core *core, u32 client, const struct wn_promise *new, u64 at);

/* It ends with a client, too. */
void wn_promise_await(struct wn_core *core, struct wn_promise *promise, u32 peer);

/* One that is held, or on its way and has a period, by its maker's word: or NULL. */
struct wn_promise *wn_promise_of(struct wn_core *core, u32 client, u64 handle);

/* One whose peer's reply is due: or NULL. */
struct wn_promise *wn_promise_asked(struct wn_core *core, u32 client, u64 handle);

/*
 * What its maker may do no longer of what made it: the errno, above zero, or 0. A right
 * that was enough then is enough now, for what a capability allows never changes.
 */
u32 wn_promise_barred(struct wn_core *core, const struct wn_promise *promise,
		      const struct wn_now *now);

/* Its event goes to its maker now. */
void wn_promise_keep(struct wn_core *core, struct wn_promise *promise);

/* It ends with an errno, above zero. */
void wn_promise_fail(struct wn_core *core, struct wn_promise *promise, u32 err, u64 hlc);

/* Its handle. */
u64 wn_promise_handle(const struct wn_core *core, const struct wn_promise *promise);

/* It is taken back. */
void wn_promise_free(struct wn_core *core, struct wn_promise *promise);

/* The node at an index goes, and is not used again before all are seen to. */
void wn_promise_node_gone(struct wn_core *core, u32 index);

/* Its time came. */
void wn_promise_due(struct wn_core *core, u32 index, const struct wn_now *now);

/* Jobs of work.c: end those whose node went; tell those that are ready. */
u32 wn_promise_break(struct wn_core *core, u32 steps, const struct wn_now *now);
u32 wn_promise_tell(struct wn_core *core, u32 steps, const struct wn_now *now);

/* Whether these have something to do. */
bool wn_promise_waits(const struct wn_core *core);

/* Handle of the capability that its event is sent under; 0: the engine says it. */
u64 wn_promise_cap(const struct wn_core *core, const struct wn_promise *promise);

/* All of a client that is dead; false: more is left. */
bool wn_promise_client_gone(struct wn_core *core, u32 client, u32 *budget,
			    const struct wn_now *now);

#endif
