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

	l->alive = wn_fork_word();
	if (!l->alive)
		return -ENOMEM;
	l->state = (const struct wn_lane_state *)(void *)to_read;
	l->peer = (const struct wn_lane_side *)(void *)(to_read + page);
	l->own = (struct wn_lane_side *)(void *)to_write;
	l->data = produces ? to_write + page : to_read + 2 * page;
	l->bytes = bytes;
	l->produces = produces;
	l->spin = SPIN_MIN;
	/* A program goes on after exec without being registered: ask each time. */
	l->fences = membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) != 0;
	l->flags = l->fences ? WN_LANE_F_FENCES : 0;
	__atomic_store_n(&l->own->flags, l->flags, __ATOMIC_RELAXED);
	return 0;
}

static int end(struct wn_lane *l, int err)
{
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
	/* Release: who sees the bell sees what it was rung for. */
	__atomic_store_n(&l->own->bell, l->own->bell + 1, __ATOMIC_RELEASE);
	l->wakes++;
	return l->via->wake(l);
}

/* Whether there is something to wake up for. */
static bool look(struct wn_lane *l, __u64 room)
{
	if (l->produces)
		return l->bytes - (l->pos - l->seen) >= room || wn_lane_credit(l, room) || l->error;
	return l->pos != l->seen || wn_lane_more(l) || l->error;
}

/* More looks the next time if these paid off, fewer if not. */
static bool spin(struct wn_lane *l, __u64 room)
{
	__u32 n;

	for (n = 0; n < l->spin; n++) {
		if (look(l, room)) {
			l->spin = n * 2 < l->spin ? l->spin : l->spin * 2;
			l->spin = l->spin > SPIN_MAX ? SPIN_MAX : l->spin;
			return true;
		}
#if defined(__x86_64__) || defined(__i386__)
		__builtin_ia32_pause();
#elif defined(__aarch64__)
		__asm__ volatile("yield");
#endif
	}
	l->spin = l->spin / 2 < SPIN_MIN ? SPIN_MIN : l->spin / 2;
	return false;
}

/* M: pairs with C in the publisher. Whether it reaches a publisher that does not fence. */
static bool barrier_everywhere(const struct wn_lane *l)
{
	if (!membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED))
		return true;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&l->peer->flags, __ATOMIC_RELAXED) & WN_LANE_F_FENCES;
}

static __u64 nap(__u64 deadline)
{
	__u64 soon = wn_deadline(NAP_NS);

	return deadline && deadline < soon ? deadline : soon;
}

static int sleep_once(struct wn_lane *l, __u64 room, __u64 deadline)
{
	__u32 bell = __atomic_load_n(&l->peer->bell, __ATOMIC_ACQUIRE);
	bool sure;
	int err = 0;

	l->flags = (l->flags + WN_LANE_F_COUNT) | WN_LANE_F_SLEEPS;
	__atomic_store_n(&l->own->flags, l->flags, __ATOMIC_RELAXED);
	sure = barrier_everywhere(l);
	if (!look(l, room)) {
		l->sleeps++;
		err = l->via->sleep(l, bell, sure ? deadline : nap(deadline));
		if (err == -ETIME && !sure && (!deadline || wn_deadline(0) < deadline))
			err = 0;
	}
	l->flags &= ~WN_LANE_F_SLEEPS;
	__atomic_store_n(&l->own->flags, l->flags, __ATOMIC_RELAXED);
	return err;
}

WN_API int wn_lane_wait(struct wn_lane *l, __u32 len, __u64 deadline)
{
	__u64 room = wn_lane_room(len);
	int err = wn_lane_error(l);

	if (!err && l->produces && room > l->bytes - (l->pos - l->done))
		err = -E2BIG;
	while (!err && !spin(l, room)) {
		err = sleep_once(l, room, deadline);
		/* What came at the last moment counts. */
		if (err && look(l, room))
			err = 0;
	}
	return err ? err : l->error;
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
	memset(l, 0, sizeof(*l));
	l->alive = wn_fork_word();
	l->error = -ESHUTDOWN;
}
