/* SPDX-License-Identifier: MIT */
/*
 * Lanes: records from one process to another without a system call, as
 * <linux/worknode.h> tells under "lanes". <wn.h> includes this.
 *
 *	producer				consumer
 *	p = wn_lane_reserve(l, len);		while ((p = wn_lane_peek(l, &len)))
 *	... write len bytes ...				... read len bytes ...
 *	wn_lane_commit(l);			wn_lane_consume(l);
 *
 * Both work on batches: commit publishes all that was reserved since the last one,
 * consume gives back all that was peeked at, and each wakes a sleeper at most once.
 * NULL means "nothing yet" (full, empty) while wn_lane_error() is 0.
 *
 * The other side is not trusted: what it wrote is loaded once and checked here. But
 * bytes of a record stay its to write: copy what you check before you use it.
 *
 * Threads: a struct wn_lane is one end and belongs to one thread at a time.
 * Fork: in the child an end is dead: NULL, -EOWNERDEAD.
 */
#ifndef WN_LANE_H
#define WN_LANE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/worknode.h>

#ifdef __cplusplus
extern "C" {
#endif

struct wn;
struct wn_fan;
struct wn_lane;

/* How a sleeper sleeps and is woken; the library's. */
struct wn_lane_via {
	int (*sleep)(struct wn_lane *l, __u32 bell, __u64 deadline);
	int (*wake)(struct wn_lane *l);
	void (*close)(struct wn_lane *l);
};

/* One end of a lane. Fields are for the inline functions below, not for programs. */
struct wn_lane {
	const volatile __u32 *fit;	/* 0: a forked child's, or one with an error */
	char *data;		/* bytes of it, twice */
	__u64 mask;		/* bytes - 1; they are a power of two */
	__u64 pos;		/* of the next record; ahead of own->pos by a batch */
	__u64 limit;		/* as far as pos may go by what the peer said last, and was right */
	struct wn_lane_side *own;
	const struct wn_lane_side *peer;
	const struct wn_lane_state *state;
	__u32 fences;		/* not registered for membarrier: fence before the look */
	__u32 produces;
	__s32 error;		/* that ended it */
	__u32 woken;		/* the peer's flags when it was last woken */
	__u32 flags;		/* own->flags */
	__u32 spin;		/* looks before sleeping, as they paid off lately */
	__u32 lane;		/* its number in the domain */
	__u32 kind;		/* of a fan: <wn_fan.h> */
	const volatile __u32 *alive;	/* 0 in a forked child */
	const struct wn_lane_via *via;
	struct wn *wn;
	struct wn_region regions[2]; /* to read, to write */
	void *maps[2];
	__u64 sleeps;		/* system calls, counted */
	__u64 wakes;
	struct wn_fan *fan;	/* of a fan's producer */
	__u32 seat, life;	/* of a fan's consumer */
	__u64 next;		/* number of the record that comes next, where it can lose some */
	__u64 reserved[5];
};

#define WN_LANE_HEADER	((__u64)sizeof(struct wn_lane_rec))

/* Bytes of the ring that a record of so many bytes takes. */
static inline __u64 wn_lane_room(__u32 len)
{
	return ((__u64)len + WN_LANE_HEADER + 7) & ~7ULL;
}

/* The header before a record's bytes. */
static inline struct wn_lane_rec *wn_lane_rec(void *record)
{
	return (struct wn_lane_rec *)record - 1;
}

/* The peer wrote nonsense, or lost its pages: what this end is worth from now on. Below zero. */
int wn_lane_broken(struct wn_lane *l);
/* The lane ended, and all that came through was read. Below zero. */
int wn_lane_gone(struct wn_lane *l);
/* Wake the peer: 0 or an error. */
int wn_lane_wake(struct wn_lane *l);
/* Look what the consumer gave back: whether there is room for so many bytes now. */
bool wn_lane_credit(struct wn_lane *l, __u64 room);
/* Look what the producer published: whether there is more now. */
bool wn_lane_more(struct wn_lane *l);
/* wn_lane_peek() where what comes next is no plain record. */
const void *wn_lane_step(struct wn_lane *l, __u32 *len);
/* The peer has something to say by its flags, or the lane ended: 0 or an error. */
int wn_lane_heed(struct wn_lane *l);

/* Why this end is dead, or 0. */
static inline int wn_lane_error(const struct wn_lane *l)
{
	return *l->alive ? l->error : -EOWNERDEAD;
}

/* Whether the other side, or who gave the lane, has ended it; or a fork did. */
static inline bool wn_lane_ended(const struct wn_lane *l)
{
	__u32 gone = WN_LANE_S_REVOKED |
		(l->produces ? WN_LANE_S_CONSUMER_GONE : WN_LANE_S_PRODUCER_GONE);

	if (!*l->alive)
		return true;
	return __atomic_load_n(&l->state->flags, __ATOMIC_ACQUIRE) & gone ||
		__atomic_load_n(&l->peer->flags, __ATOMIC_ACQUIRE) & WN_LANE_F_CLOSED;
}

/*
 * Store the own position; then what the peer's flags are, as far as they matter. Of an
 * end that is dead nothing is stored, and wn_lane_heed() says why.
 */
static inline __u32 wn_lane_publish_at(struct wn_lane *l, __u64 pos)
{
	if (__builtin_expect(!*l->fit, 0))
		return WN_LANE_F_CLOSED;
	__atomic_store_n(&l->own->pos, pos, __ATOMIC_RELEASE);
	/* C: no more than this where the sleeper pays: pairs with M in lane.c. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (__builtin_expect(l->fences, 0))
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&l->peer->flags, __ATOMIC_RELAXED) &
		(WN_LANE_F_SLEEPS | WN_LANE_F_CLOSED);
}

static inline __u32 wn_lane_publish(struct wn_lane *l)
{
	return wn_lane_publish_at(l, l->pos);
}

/* ------------------------------------------------------------- producer */

/*
 * Room for a record, to be filled before the next commit; or NULL: the lane is full,
 * len is more than it can ever hold, or this end is dead.
 */
static inline void *wn_lane_reserve(struct wn_lane *l, __u32 len)
{
	const struct wn_lane_rec head = { len, 0, 0 };
	const __u64 room = wn_lane_room(len);
	struct wn_lane_rec *rec;

	if (__builtin_expect(!*l->fit, 0))
		return NULL;
	if (__builtin_expect(l->limit - l->pos < room, 0) && !wn_lane_credit(l, room))
		return NULL;
	rec = (struct wn_lane_rec *)(void *)(l->data + (l->pos & l->mask));
	*rec = head;
	l->pos += room;
	return rec + 1;
}

/*
 * Publish what was reserved. 0, or why this end is dead: -ENOLINK: the consumer is
 * gone; -EKEYREVOKED; -EPROTO; -EOWNERDEAD.
 */
static inline int wn_lane_commit(struct wn_lane *l)
{
	const __u32 gone = WN_LANE_S_REVOKED | WN_LANE_S_CONSUMER_GONE;

	/* The first of them tells of a dead end, which has no state to look at. */
	if (__builtin_expect(wn_lane_publish(l), 0) ||
	    __builtin_expect(__atomic_load_n(&l->state->flags, __ATOMIC_RELAXED) & gone, 0))
		return wn_lane_heed(l);
	return 0;
}

/* ------------------------------------------------------------- consumer */

/*
 * The next record and its length, or NULL: there is none, or this end is dead. It
 * stays until the next consume; the one after it comes with the next call.
 */
static inline const void *wn_lane_peek(struct wn_lane *l, __u32 *len)
{
	const struct wn_lane_rec *rec;
	union {
		__u64 once;
		struct wn_lane_rec rec;
	} head;
	__u64 room;

	if (__builtin_expect(!*l->fit, 0))
		return NULL;
	if (l->pos == l->limit && !wn_lane_more(l))
		return NULL;
	rec = (const struct wn_lane_rec *)(const void *)(l->data + (l->pos & l->mask));
	/* Once: it may change under us. Positions are multiples of 8: 8 bytes are there. */
	head.once = __atomic_load_n((const __u64 *)(const void *)rec, __ATOMIC_RELAXED);
	room = wn_lane_room(head.rec.len);
	/* Nothing at all: perhaps it is a page of nobody's, for the lane was taken back. */
	if (__builtin_expect(room > l->limit - l->pos || head.rec.flags & WN_LANE_REC_VOID ||
			     !head.once, 0))
		return wn_lane_step(l, len);
	l->pos += room;
	*len = head.rec.len;
	return rec + 1;
}

/* The application's type of a record that was peeked at. */
static inline __u16 wn_lane_type(const void *record)
{
	return __atomic_load_n(&((const struct wn_lane_rec *)record - 1)->type, __ATOMIC_RELAXED);
}

/* Give back all that was peeked at. 0 or why this end is dead, but for -ENOLINK. */
static inline int wn_lane_consume(struct wn_lane *l)
{
	int err = 0;

	if (__builtin_expect(wn_lane_publish(l), 0)) {
		err = wn_lane_heed(l);
		if (err == -ENOLINK)
			err = 0;
	}
	return err;
}

/* ----------------------------------------------------------------- both */

/*
 * Forget what was reserved and not committed; or have the next peek begin anew with
 * the first record that was not consumed.
 */
static inline void wn_lane_rewind(struct wn_lane *l)
{
	if (*l->fit)
		l->pos = l->own->pos;
}

/*
 * Wait for a record of any length (consumer; len is 0), or for room for one of len
 * bytes: first by looking, for a time that adapts, then asleep. 0; -ETIME: deadline,
 * absolute ns of CLOCK_BOOTTIME, 0 for none; -EINTR; -E2BIG: len is more than the lane
 * can hold besides what is reserved; or why this end is dead.
 */
int wn_lane_wait(struct wn_lane *l, __u32 len, __u64 deadline);

/*
 * The same for who sleeps elsewhere, in epoll or poll: 1: it is there already; 0: not yet,
 * and when it is, or the lane ends, the client's fd says so once, by POLLIN and POLLMSG,
 * until wn_lanes_wait() takes that; -EAGAIN: not yet, and that may not be told (there is no
 * membarrier here): look again in a millisecond; -EOPNOTSUPP: there is no fd, as in memory
 * and with embed: and host:; else the errors of wn_lane_wait(). It stays so, whatever is
 * read or written meanwhile, until it was told, or this call says 1, or somebody waits.
 */
int wn_lane_arm(struct wn_lane *l, __u32 len);

/* Tell the other side, which reads what was committed first; unmap. */
void wn_lane_close(struct wn_lane *l);

/* ------------------------------------------------ between two clients */

/*
 * A lane to the client that reads the events of a node, which this one produces for.
 * cap: 0 for the first capability, node: 0 for its own. The errors of
 * WN_IOC_LANE_CONNECT. The client stays open until after wn_lane_close().
 */
int wn_lane_connect(struct wn *wn, struct wn_lane *l, __u64 node, __u32 cap, __u32 bytes);

/*
 * The oldest lane that somebody made to this client; *from, unless NULL: who, by what
 * node. Waits until the deadline (0: none; 1: not at all) with -ETIME, -EINTR.
 */
int wn_lane_accept(struct wn *wn, struct wn_lane *l, struct wn_lane_accept *from,
		   __u64 deadline);

/* Wait until any lane of the client was woken or can be accepted. What poll tells too. */
int wn_lanes_wait(struct wn *wn, __u64 deadline);

/*
 * Which lanes the domain has, for who may READ all of it: up to WN_LANE_LIST a call, how
 * many. list->next is where it begins, 0 at first, and becomes where the next call goes on,
 * WN_LANE_ANY when that was all. -EACCES; -ENOTTY: nobody here can tell.
 */
int wn_lanes(struct wn *wn, struct wn_lane_list *list);

/* -------------------------------------------------- without a module */

/*
 * A lane in memory of this program's own: between threads, or with processes that it
 * gives descriptors to. Pages have one writer here, too, but nobody tells of a
 * death, and nothing can be taken back.
 */
struct wn_lane_fds {
	int producer[2];	/* the producer's end: to write, to read the other's */
	int consumer[2];	/* the consumer's */
};

/* bytes: a power of two, WN_LANE_BYTES_MIN to _MAX. 0; -EINVAL; what memfd_create says. */
int wn_lane_make(struct wn_lane_fds *fds, __u32 bytes);
void wn_lane_fds_close(struct wn_lane_fds *fds);

/*
 * Map one end; fds may be closed then. -EPROTO: these are no descriptors of
 * wn_lane_make(), and could be cut short under us.
 */
int wn_lane_map(struct wn_lane *l, const int fds[2], bool produces);

#ifdef __cplusplus
}
#endif

#endif
