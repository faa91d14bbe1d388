// SPDX-License-Identifier: MIT
/* What an end of a lane does that is not inline: sleep, wake, end. */
#include "lane.h"

#include <linux/membarrier.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SPIN_MIN	16
#define SPIN_MAX	4096
#define NAP_NS		1000000	/* longest sleep where a wake could be missed */

static int membarrier(int cmd)
{
	int saved = errno, err;

	err = syscall(SYS_membarrier, cmd, 0, 0) ? -errno : 0;
	errno = saved;
	return err;
}

int wn_lane_begin(struct wn_lane *l, __u64 bytes, bool produces)
{
	const __u64 page = (__u64)sysconf(_SC_PAGESIZE);
	char *to_read = l->maps[0], *to_write = l->maps[1];

	l->alive = l->fit = wn_fork_word();
	if (!l->alive)
		return -ENOMEM;
	l->state = (const struct wn_lane_state *)(void *)to_read;
	l->peer = (const struct wn_lane_side *)(void *)(to_read + page);
	l->own = (struct wn_lane_side *)(void *)to_write;
	l->data = produces ? to_write + page : to_read + 2 * page;
	l->mask = bytes - 1;
	/* Who joined a fan begins where it was put. */
	l->pos = __atomic_load_n(&l->own->pos, __ATOMIC_RELAXED);
	l->limit = produces ? bytes : l->pos;
	l->produces = produces;
	l->spin = SPIN_MIN;
	/* A program goes on after exec without being registered: ask each time. */
	l->fences = membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) != 0;
	l->flags = l->fences ? WN_LANE_F_FENCES : 0;
	__atomic_store_n(&l->own->flags, l->flags, __ATOMIC_RELAXED);
	return 0;
}

/* What an end that is dead looks at in place of the fork's word. */
static const __u32 unfit;

static int end(struct wn_lane *l, int err)
{
	/* Nothing is mapped in a forked child. */
	if (!*l->alive)
		return -EOWNERDEAD;
	l->fit = &unfit;
	if (!l->error && !wn_fan_seated(l))
		l->error = -EKEYREVOKED;
	if (!l->error)
		l->error = __atomic_load_n(&l->state->flags, __ATOMIC_ACQUIRE) & WN_LANE_S_REVOKED ?
			-EKEYREVOKED : err;
	return l->error;
}

WN_API int wn_lane_broken(struct wn_lane *l)
{
	return end(l, -EPROTO);
}

WN_API int wn_lane_gone(struct wn_lane *l)
{
	return end(l, -ENOLINK);
}

WN_API int wn_lane_wake(struct wn_lane *l)
{
	if (!*l->alive || !l->via)
		return wn_lane_error(l);
	/* Release: who sees the bell sees what it was rung for. */
	__atomic_store_n(&l->own->bell, l->own->bell + 1, __ATOMIC_RELEASE);
	l->wakes++;
	return l->via->wake(l);
}

WN_API int wn_lane_heed(struct wn_lane *l)
{
	__u32 flags;
	int err = 0;

	if (!*l->fit)
		return wn_lane_error(l);
	flags = __atomic_load_n(&l->peer->flags, __ATOMIC_RELAXED);
	if (l->fan)
		return wn_fan_heed(l);
	/* Once for each of its sleeps. */
	if (flags & WN_LANE_F_SLEEPS && flags != l->woken) {
		l->woken = flags;
		err = wn_lane_wake(l);
	}
	return l->produces && wn_lane_ended(l) ? wn_lane_gone(l) : err;
}

/* ------------------------------------------------------ what comes seldom */

WN_API bool wn_lane_credit(struct wn_lane *l, __u64 room)
{
	const __u64 bytes = l->mask + 1, seen = l->limit - bytes;
	__u64 head, done;

	if (!*l->fit)
		return false;
	done = l->own->pos;
	/* Pairs with the consumer's release: it has read what lies below. */
	head = __atomic_load_n(&l->peer->pos, __ATOMIC_ACQUIRE);
	if (l->fan)
		return wn_fan_credit(l, room);
	if (head - seen > done - seen || head & 7) {
		wn_lane_broken(l);
		return false;
	}
	l->limit = head + bytes;
	if (l->limit - l->pos >= room)
		return true;
	if (wn_lane_ended(l))
		wn_lane_gone(l);
	return false;
}

WN_API bool wn_lane_more(struct wn_lane *l)
{
	bool ended = false;
	__u64 tail, most;

	if (!*l->fit)
		return false;
	/* All that can lie ahead: a ring beyond what was given back. */
	most = l->own->pos + l->mask + 1 - l->limit;
	for (;;) {
		/* Pairs with the producer's release: the records below are written. */
		tail = __atomic_load_n(&l->peer->pos, __ATOMIC_ACQUIRE);
		if (tail != l->limit)
			break;
		/* What came before the end counts: look again behind it. */
		if (ended) {
			wn_lane_gone(l);
			return false;
		}
		ended = wn_lane_ended(l) || !wn_fan_seated(l);
		if (!ended)
			return false;
	}
	/* Also where an engine in user space could not take back what lies there. */
	if (wn_lane_was_taken(l)) {
		wn_lane_gone(l);
		return false;
	}
	/* Who can lose records reads them otherwise: a look, no more. */
	if (l->kind == WN_LANE_K_LOSES)
		return true;
	if (tail - l->limit > most || tail & 7) {
		wn_lane_broken(l);
		return false;
	}
	l->limit = tail;
	return true;
}

/* Over records that were given up, to one that was not or to nonsense. */
WN_API const void *wn_lane_step(struct wn_lane *l, __u32 *len)
{
	const struct wn_lane_rec *rec;
	union {
		__u64 once;
		struct wn_lane_rec rec;
	} head;
	const __u64 from = l->pos;
	__u64 room;

	if (l->kind == WN_LANE_K_LOSES)
		return NULL;
	/* A ring of nothing but void ones is enough of them: others wait, too. */
	while (*l->fit && l->pos - from <= l->mask && (l->pos != l->limit || wn_lane_more(l))) {
		rec = (const struct wn_lane_rec *)(const void *)(l->data + (l->pos & l->mask));
		head.once = __atomic_load_n((const __u64 *)(const void *)rec, __ATOMIC_RELAXED);
		room = wn_lane_room(head.rec.len);
		if (room > l->limit - l->pos) {
			wn_lane_broken(l);
			break;
		}
		if (!head.once && wn_lane_was_taken(l)) {
			wn_lane_gone(l);
			break;
		}
		l->pos += room;
		if (!(head.rec.flags & WN_LANE_REC_VOID)) {
			*len = head.rec.len;
			return rec + 1;
		}
		/* Nobody will consume it who was not given anything: its room is free. */
		if (l->pos - room == l->own->pos && wn_lane_publish(l))
			wn_lane_heed(l);
	}
	return NULL;
}

/* --------------------------------------------------------------- sleeping */

bool wn_lane_look(struct wn_lane *l, __u64 room)
{
	if (l->produces)
		return l->limit - l->pos >= room || wn_lane_credit(l, room) || l->error;
	return l->pos != l->limit || wn_lane_more(l) || l->error;
}

/* More looks the next time if these paid off, fewer if not. */
static bool spin(struct wn_lane *l, __u64 room)
{
	__u32 n;

	for (n = 0; n < l->spin; n++) {
		if (wn_lane_look(l, room)) {
			l->spin = n * 2 < l->spin ? l->spin : l->spin * 2;
			l->spin = l->spin > SPIN_MAX ? SPIN_MAX : l->spin;
			return true;
		}
		wn_lane_relax();
	}
	l->spin = l->spin / 2 < SPIN_MIN ? SPIN_MIN : l->spin / 2;
	return false;
}

void wn_lane_raise(struct wn_lane *l)
{
	l->flags = (l->flags + WN_LANE_F_COUNT) | WN_LANE_F_SLEEPS;
	__atomic_store_n(&l->own->flags, l->flags, __ATOMIC_RELAXED);
}

void wn_lane_lower(struct wn_lane *l)
{
	l->flags &= ~WN_LANE_F_SLEEPS;
	__atomic_store_n(&l->own->flags, l->flags, __ATOMIC_RELAXED);
}

/* M: pairs with C in the publisher. */
bool wn_lane_barrier(void)
{
	if (!membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED))
		return true;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return false;
}

bool wn_lane_peer_fences(struct wn_lane *l)
{
	if (l->fan)
		return wn_fan_fences(l);
	return __atomic_load_n(&l->peer->flags, __ATOMIC_RELAXED) & WN_LANE_F_FENCES;
}

__u64 wn_lane_nap(__u64 deadline)
{
	__u64 soon = wn_deadline(NAP_NS);

	return deadline && deadline < soon ? deadline : soon;
}

/* The flag, and whether the other side will have seen it. */
static bool announce(struct wn_lane *l)
{
	wn_lane_raise(l);
	return wn_lane_barrier() || wn_lane_peer_fences(l);
}

static int sleep_once(struct wn_lane *l, __u64 room, __u64 deadline)
{
	__u32 bell = __atomic_load_n(&l->peer->bell, __ATOMIC_ACQUIRE);
	bool sure = announce(l);
	int err = 0;

	if (!wn_lane_look(l, room)) {
		l->sleeps++;
		err = l->via->sleep(l, bell, sure ? deadline : wn_lane_nap(deadline));
		if (err == -ETIME && !sure && (!deadline || wn_deadline(0) < deadline))
			err = 0;
	}
	wn_lane_lower(l);
	return err;
}

/* Why there will never be so much room, or nothing any more. */
static int hopeless(struct wn_lane *l, __u64 room)
{
	int err = wn_lane_error(l);
	__u64 done;

	if (err || !l->produces)
		return err;
	/* Acquire: of a page that is nobody's the flag behind it says so. */
	done = __atomic_load_n(&l->own->pos, __ATOMIC_ACQUIRE);
	if (room <= l->mask + 1 - (l->pos - done))
		return 0;
	return wn_lane_was_taken(l) ? wn_lane_gone(l) : -E2BIG;
}

WN_API int wn_lane_wait(struct wn_lane *l, __u32 len, __u64 deadline)
{
	__u64 room = wn_lane_room(len);
	int err = hopeless(l, room);

	while (!err && !spin(l, room)) {
		err = sleep_once(l, room, deadline);
		/* What came at the last moment counts. */
		if (err && wn_lane_look(l, room))
			err = 0;
	}
	return err ? err : l->error;
}

/* sleep_once() without the sleep: that is the caller's, elsewhere. */
WN_API int wn_lane_arm(struct wn_lane *l, __u32 len)
{
	const __u64 room = wn_lane_room(len);
	int err = hopeless(l, room);
	bool sure = true, there;

	if (!err && (!l->wn || l->wn->fd < 0))
		err = -EOPNOTSUPP;
	if (err)
		return err;
	there = wn_lane_look(l, room);
	if (!there) {
		sure = announce(l);
		there = wn_lane_look(l, room);
	}
	if (!there)
		return sure ? 0 : -EAGAIN;
	wn_lane_lower(l);
	return l->error ? l->error : 1;
}

WN_API void wn_lane_close(struct wn_lane *l)
{
	__u32 i;

	if (!l->via)
		return;
	if (*l->alive) {
		l->flags |= WN_LANE_F_CLOSED;
		__atomic_store_n(&l->own->flags, l->flags, __ATOMIC_RELEASE);
		/* Asleep or about to: a wake too many costs a look. */
		wn_lane_wake(l);
		for (i = 0; i < 2; i++)
			if (l->maps[i])
				munmap(l->maps[i], l->regions[i].bytes);
		l->via->close(l);
	}
	wn_fan_forget(l);
	memset(l, 0, sizeof(*l));
	l->alive = wn_fork_word();
	l->fit = &unfit;
	l->error = -ESHUTDOWN;
}
