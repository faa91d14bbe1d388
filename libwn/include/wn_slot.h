/* SPDX-License-Identifier: MIT */
/*
 * Counting and spending at the speed of memory: a word of this client's own page is
 * attached to a counter or an escrow, and adds are plain stores to it. <wn.h>
 * includes this.
 *
 *	wn_counter_attach(&c, wn, node, cell);
 *	wn_counter_add(&c, 1);			as often as you like
 *	wn_counter_detach(&c, NULL);
 *
 * A crash loses no add and counts none twice. What is added when the cell is gone, or
 * the slot was taken away, counts nowhere; detach tells how much had been taken.
 *
 * Threads: attach, take, give and detach as all calls on a client. Adds and spends
 * on one slot: one thread at a time; on different slots: any threads.
 */
#ifndef WN_SLOT_H
#define WN_SLOT_H

#include <errno.h>
#include <linux/worknode.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wn;

struct wn_counter {
	const volatile __u32 *alive; /* 0: this is a forked child, or it is not attached */
	__u64 *word;
	__u64 start;		/* what lay in the slot before */
	struct wn *wn;
	__u64 node;
	__u64 cell;
};

/*
 * 0; -EBUSY: this client has a slot of that cell; -ENXIO: it has no slot page; and what
 * <linux/worknode.h> says of ATTACH. The struct stays where it is until detached.
 */
int wn_counter_attach(struct wn_counter *c, struct wn *wn, __u64 node, __u64 cell);

/* 0; -ENXIO: not attached; -EOWNERDEAD: a forked child. A pncounter's n may be negative. */
static inline int wn_counter_add(struct wn_counter *c, __u64 n)
{
	if (!c->alive)
		return -ENXIO;
	if (!*c->alive)
		return -EOWNERDEAD;
	/* We are its only writer: no read-modify-write that others could see half of. */
	__atomic_store_n(c->word, __atomic_load_n(c->word, __ATOMIC_RELAXED) + n,
			 __ATOMIC_RELAXED);
	return 0;
}

/* *counted, unless NULL: what was added through the slot, and counts. 0 or an error. */
int wn_counter_detach(struct wn_counter *c, __u64 *counted);

/* An escrow's slot, and the rights that are at hand in it. */
struct wn_escrow {
	struct wn_counter slot;
	__u64 limit;		/* the slot may rise to this */
};

/* With no rights yet. */
int wn_escrow_attach(struct wn_escrow *e, struct wn *wn, __u64 node, __u64 cell);

/* So many more rights to hand; -EDQUOT: there are not so many. */
int wn_escrow_take(struct wn_escrow *e, __u64 n);

/* Rights at hand. */
static inline __u64 wn_escrow_left(const struct wn_escrow *e)
{
	if (!e->slot.alive || !*e->slot.alive)
		return 0;
	return e->limit - __atomic_load_n(e->slot.word, __ATOMIC_RELAXED);
}

/* Spend: 0; -EDQUOT: not so many are at hand, take some; as wn_counter_add(). */
static inline int wn_escrow_spend(struct wn_escrow *e, __u64 n)
{
	if (e->slot.alive && *e->slot.alive && wn_escrow_left(e) < n)
		return -EDQUOT;
	return wn_counter_add(&e->slot, n);
}

/* Rights at hand go back unspent; -EDQUOT: not so many are at hand. */
int wn_escrow_give(struct wn_escrow *e, __u64 n);

/* All that is unspent goes back. *spent, unless NULL: what was spent through the slot. */
int wn_escrow_detach(struct wn_escrow *e, __u64 *spent);

#ifdef __cplusplus
}
#endif

#endif
