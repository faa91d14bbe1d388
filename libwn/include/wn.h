/* SPDX-License-Identifier: MIT */
/*
 * libwn: programs that share live state through Worknode.
 *
 * Every call returns 0, a count or a handle, or -errno; wn_strerror() says
 * what to do about an error. errno itself is left alone. NULL from "get a slot"
 * means that the ring is full.
 *
 * Threads: a struct wn belongs to one thread at a time. Give each thread a
 * client of its own; where threads must share one, the program's own lock goes
 * around each call. Calls on no client (wn_query, wn_domain_*) may be made by
 * any thread at any time.
 *
 * Fork: a client belongs to the process that opened it. In a forked child every
 * call on it returns -EOWNERDEAD (slots: NULL); wn_close() is allowed there, and
 * only frees memory. wn_reopen() gives the child a client of its own.
 */
#ifndef WN_H
#define WN_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/worknode.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------- module and domains */

/*
 * What the module can do. mount: path of an instance, NULL for /dev/worknode.
 * Sets q->size itself.
 */
int wn_query(const char *mount, struct wn_query *q);

/* Default bounds and hard limits: which is WN_BOUNDS_*. */
int wn_bounds(const char *mount, unsigned int which, struct wn_bounds_query *q);

/*
 * Make a domain, a file at path; here as in all calls a name without a slash
 * lies in /dev/worknode. bounds: NULL for the defaults; else all fields
 * are looked at, so begin with what wn_bounds() gives. The umask applies to mode.
 */
int wn_domain_create(const char *path, unsigned int mode, const struct wn_bounds *bounds);

/*
 * The same with a journal, in so many KB of memory or as many as it needs: all that its
 * engine is told is written down from the first on, to be taken out by wn_domain_journal().
 */
int wn_domain_create_journaled(const char *path, unsigned int mode, const struct wn_bounds *bounds,
			       unsigned int journal_kb);

/*
 * Take the next bytes out of a domain's journal, at most as many: how many, 0: none for
 * now. info: NULL, or told from where on, how many are left, whether it is full. By the
 * owner, or with CAP_FOWNER (-EPERM), for the keys are in it. -ENODATA: it has none.
 */
__s64 wn_domain_journal(const char *path, void *to, size_t bytes, struct wn_journal_take *info);

/* What a domain holds. */
int wn_domain_info(const char *path, struct wn_domain_info *info);

/*
 * What those who open a domain may do: WN_RIGHT_* of a client's first capability, by
 * WN_CLASS_*. set: by the owner, or with CAP_FOWNER (-EPERM); it holds for later opens.
 */
int wn_domain_classes(const char *path, __u32 rights[WN_CLASSES]);
int wn_domain_set_classes(const char *path, const __u32 rights[WN_CLASSES]);

/* Remove a domain's name; it ends with its last client. */
int wn_domain_remove(const char *path);

/* ---------------------------------------------------------------- client */

/* How a client is set up; all zero is a good choice. */
struct wn_params {
	__u32 sq_entries;	/* powers of two; 0 takes the default */
	__u32 cq_entries;
	__u32 inbox_entries[WN_PRIORITIES];
	__u32 flags;		/* WN_OPEN_* */
	__u32 arena_in;		/* bytes, up to WN_ARENA_MAX */
	__u32 arena_out;
	__u32 reserved[3];	/* 0 */
};

/*
 * Stop before enable: wn_restrict() and wn_enable() follow. Until then the
 * client can be handed to a child, which enables it.
 */
#define WN_OPEN_DISABLED	(1U << 0)

struct wn_transport;

struct wn_arena {
	char *at;
	__u32 bytes;
	__u32 part;		/* bytes of one of 64 */
	__u64 used;		/* parts, a bit each */
};

/* A client. Fields are for the inline functions below, not for programs. */
struct wn {
	int fd;			/* to poll; below zero: there is none */
	const struct wn_transport *via;
	void *file;		/* as via knows it */
	const volatile __u32 *alive;	/* 0 in a forked child */
	struct wn_user_ring *user;
	const struct wn_kern_ring *kern;
	struct wn_sqe *sqes;
	const struct wn_cqe *cqes;
	const struct wn_event *inbox;
	const struct wn_public *pub;
	__u64 *slots;
	const __u64 *all_slots;	/* of each client, slot_bytes */
	__u64 slot_bytes;
	__u64 all_slots_bytes;
	__u32 attached;		/* slots that count now */
	__u32 reserved1;
	__u32 sq_entries;
	__u32 cq_entries;
	__u32 sq_tail;		/* slots handed out, not all of them submitted */
	__u32 sq_submitted;
	__u32 cq_head;
	__u32 cq_own;		/* completions of the library among those unread */
	__u32 client;		/* its number in the domain */
	__u32 inbox_entries[WN_PRIORITIES];
	__u32 inbox_at[WN_PRIORITIES];	/* where each priority begins */
	__u32 inbox_head[WN_PRIORITIES];
	__u32 event_peeked;	/* priority + 1 of the event that is looked at; 0: none */
	__u32 event_run;	/* events served in a row while lower ones waited */
	__u32 event_turn;	/* the lower priority that was served last */
	__u32 reserved0;
	struct wn_arena in;
	struct wn_arena out;
	__u64 *event_taken;	/* a bit for each slot of the inbox: it was read out of turn */
	__u64 reserved[15];
	__u32 nr_regions;
	struct wn_region regions[WN_REGION_TABLE];
	void *maps[WN_REGION_TABLE];
};

/* params: NULL for the defaults. On error *wn is closed and can be opened again. */
int wn_open(struct wn *wn, const char *path, const struct wn_params *params);
void wn_close(struct wn *wn);

/*
 * Begin anew with a client of this process's own on the same domain, with rings as
 * large: in a forked child, or after -ESHUTDOWN. Nothing of the old one stays: not
 * its number, handed-on capabilities, unsubmitted entries, unread completions. On
 * error *wn is as it was. -ENOENT: /proc is not mounted; -EOWNERDEAD: an engine in
 * the parent cannot be reached from here.
 */
int wn_reopen(struct wn *wn);

/* Only these opcodes from now on; ops is cut down to what is allowed now. */
int wn_restrict(struct wn *wn, __u64 ops[4]);
int wn_enable(struct wn *wn);

/* What to do about an error; never NULL, never to be freed. */
const char *wn_strerror(int err);

/* ----------------------------------------------------------- submissions */

#define WN_LOAD_ACQUIRE(p)	__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define WN_STORE_RELEASE(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELEASE)

/* Room for submissions; none in a forked child, where no ring is mapped. */
static inline __u32 wn_sq_room(const struct wn *wn)
{
	if (!*wn->alive)
		return 0;
	/* Pairs with the engine's release: it has copied what lay in those slots. */
	return wn->sq_entries - (wn->sq_tail - WN_LOAD_ACQUIRE(&wn->kern->sq_head));
}

/* The next free entry, zeroed, or NULL: the ring is full, or this is a forked child. */
static inline struct wn_sqe *wn_get_sqe(struct wn *wn)
{
	struct wn_sqe *sqe;

	if (!wn_sq_room(wn))
		return NULL;
	sqe = &wn->sqes[wn->sq_tail++ & (wn->sq_entries - 1)];
	__builtin_memset(sqe, 0, sizeof(*sqe));
	return sqe;
}

/*
 * The next two, for an entry of two slots: the second is *data, 64 bytes, zeroed.
 * Submitted together or, for lack of room, NULL and neither.
 */
static inline struct wn_sqe *wn_get_sqe_wide(struct wn *wn, void **data)
{
	struct wn_sqe *sqe;

	if (wn_sq_room(wn) < 2)
		return NULL;
	sqe = wn_get_sqe(wn);
	*data = wn_get_sqe(wn);
	return *data ? sqe : NULL;
}

/*
 * Hand over what was prepared; enters the kernel only if nobody polls. Returns
 * the number of slots handed over, or an error.
 */
int wn_submit(struct wn *wn);

/*
 * The same, then wait until nr completions lie in the ring. deadline: absolute
 * ns of CLOCK_BOOTTIME, 0 for none. -ETIME, -EINTR only if nothing was handed over.
 */
int wn_submit_and_wait(struct wn *wn, unsigned int nr, __u64 deadline);

/* ----------------------------------------------------------- completions */

/*
 * user_data of completions that the library waits for itself (<wn_sync.h>); where
 * it could not take one out of the ring it is stepped over here.
 */
#define WN_USER_DATA_OWN	(~0ULL)

/* The completion at a position or behind it, which moves past the library's; or NULL. */
static inline const struct wn_cqe *wn_cqe_at(const struct wn *wn, __u32 *pos)
{
	const struct wn_cqe *cqe;
	__u32 tail;

	if (!*wn->alive)
		return NULL;
	/* Pairs with the engine's release: the completions are written. */
	tail = WN_LOAD_ACQUIRE(&wn->kern->cq_tail);
	for (; *pos != tail; ++*pos) {
		cqe = &wn->cqes[*pos & (wn->cq_entries - 1)];
		if (!wn->cq_own || cqe->user_data != WN_USER_DATA_OWN)
			return cqe;
	}
	return NULL;
}

/* Completions below pos are read: their slots are the engine's again. */
static inline void wn_cq_give(struct wn *wn, __u32 pos)
{
	/* A child that was forked before this has nothing to give back, and no ring. */
	if (!*wn->alive)
		return;
	for (; wn->cq_own && wn->cq_head != pos; wn->cq_head++)
		if (wn->cqes[wn->cq_head & (wn->cq_entries - 1)].user_data == WN_USER_DATA_OWN)
			wn->cq_own--;
	wn->cq_head = pos;
	/* Pairs with the engine's acquire: we have read them. */
	WN_STORE_RELEASE(&wn->user->cq_head, pos);
}

/* The next completion, or NULL. It stays until wn_cqe_seen(). */
static inline const struct wn_cqe *wn_peek_cqe(struct wn *wn)
{
	__u32 pos = wn->cq_head;
	const struct wn_cqe *cqe = wn_cqe_at(wn, &pos);

	if (pos != wn->cq_head)
		wn_cq_give(wn, pos);
	return cqe;
}

/* Give the slot of the completion that was peeked at back to the engine. */
static inline void wn_cqe_seen(struct wn *wn)
{
	wn_cq_give(wn, wn->cq_head + 1);
}

/*
 * All that lie there, without giving them back; pos is a __u32 of the caller's:
 *
 *	wn_for_each_cqe(wn, pos, cqe)
 *		n++;
 *	wn_cq_advance(wn, n);
 */
#define wn_for_each_cqe(wn, pos, cqe) \
	for ((pos) = (wn)->cq_head; ((cqe) = wn_cqe_at((wn), &(pos))); (pos)++)

/* Give back n completions at once. */
static inline void wn_cq_advance(struct wn *wn, unsigned int n)
{
	__u32 pos = wn->cq_head;

	for (; n && wn_cqe_at(wn, &pos); n--)
		pos++;
	if (pos != wn->cq_head)
		wn_cq_give(wn, pos);
}

/* Wait for the next completion; deadline as above. */
int wn_wait_cqe(struct wn *wn, const struct wn_cqe **cqe, __u64 deadline);

/* The same for at most so many ns from now. */
int wn_wait_cqe_timeout(struct wn *wn, const struct wn_cqe **cqe, __u64 ns);

/* The deadline that lies so many ns ahead. Any thread; async-signal-safe. */
__u64 wn_deadline(__u64 ns);

/* ---------------------------------------------------------------- events */

/*
 * The next event of this client's inbox, or NULL. Higher priorities come first, but
 * of 16 events one at least is of a lower one that waits; within a priority they
 * come in their order. It stays, and is what is peeked at, until wn_event_seen().
 * With an empty inbox this enters the kernel if events wait behind it.
 */
const struct wn_event *wn_peek_event(struct wn *wn);

/* Its slot is the engine's again. */
void wn_event_seen(struct wn *wn);

/* Wait for the next one. 0; -ETIME, -EINTR, -ESHUTDOWN, -EOWNERDEAD. */
int wn_wait_event(struct wn *wn, const struct wn_event **event, __u64 deadline);

/* Wait until a completion or an event lies there: as wn_wait_event(). */
int wn_wait_any(struct wn *wn, __u64 deadline);

/*
 * Wait until the domain's epoch is not *seen (wn_epoch()), or a node's version not
 * *version, and store what it is; what differs already does so at once, so no change is
 * missed. Right: READ. Up to 64 threads may wait while another uses the client (more:
 * -ENOSPC from the module).
 * 0; -ETIME, -EINTR, -ESHUTDOWN, -EOWNERDEAD; -EACCES and the like; -ESTALE: no such node.
 */
int wn_wait_epoch(struct wn *wn, __u64 *seen, __u64 deadline);
int wn_wait_node(struct wn *wn, __u16 cap, __u64 node, __u64 *version, __u64 deadline);

/* Events that this client's backlog could take beyond the inbox. */
static inline __u32 wn_event_credit(const struct wn *wn)
{
	return *wn->alive ? __atomic_load_n(&wn->kern->credit, __ATOMIC_RELAXED) : 0;
}

/* -------------------------------------------------------------- polling */

/*
 * A thread of the engine takes what the clients of this domain submit, so that a submission
 * is no system call; it sleeps when nothing came for idle_us (0: 1000) and is woken by the next.
 * cpu: it stays on that; -1: any. From the domain's first client to its last, until it is
 * stopped. By a client whose first capability has ADMIN. -EACCES; -EBUSY: there is one; -EINVAL:
 * more than a second, no such CPU; -ENOSPC: the host has no room for one more.
 */
int wn_poller_start(struct wn *wn, unsigned int idle_us, int cpu);
int wn_poller_stop(struct wn *wn);

/* -------------------------------------------------------------- eventfds */

/*
 * Have an eventfd told when completions or events (what: WN_EVENTFD_*) lie there, and of
 * the client's death; at once if there is something. It is dropped when the client dies.
 * Any thread. 0; -EBUSY: there is one; -ENOENT: there is none; -EBADF, -EINVAL: fd is none;
 * -ENOTTY: this engine tells none.
 */
int wn_eventfd_add(struct wn *wn, __u32 what, int fd);
int wn_eventfd_remove(struct wn *wn, __u32 what);

/* ---------------------------------------------------------------- arenas */

/*
 * Bulk bytes to the engine (in) and to the client (out) go through two arenas. The
 * library takes room in them for its own calls, so programs ask for theirs: 0 and
 * *offset, a multiple of 8; -ENOSPC; -E2BIG: more than the arena has; -ENXIO: the
 * client has none; -EOWNERDEAD. Room is handed out in 64 equal parts.
 */
int wn_in_alloc(struct wn *wn, __u32 bytes, __u32 *offset);
void wn_in_free(struct wn *wn, __u32 offset, __u32 bytes);
int wn_out_alloc(struct wn *wn, __u32 bytes, __u32 *offset);
void wn_out_free(struct wn *wn, __u32 offset, __u32 bytes);

/* Where an offset lies. */
static inline void *wn_in(const struct wn *wn, __u32 offset)
{
	return wn->in.at + offset;
}

static inline const void *wn_out(const struct wn *wn, __u32 offset)
{
	return wn->out.at + offset;
}

#ifdef __cplusplus
}
#endif

#include <wn_lane.h>
#include <wn_lane_set.h>
#include <wn_fan.h>
#include <wn_loan.h>
#include <wn_prep.h>
#include <wn_promise.h>
#include <wn_read.h>
#include <wn_sync.h>
#include <wn_slot.h>
#include <wn_loop.h>

#endif
