// SPDX-License-Identifier: MIT
#include "futex.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static u64 clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (u64)t.tv_sec * 1000000000 + (u64)t.tv_nsec;
}

u64 wn_embed_boottime(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

bool wn_embed_is_late(u64 deadline)
{
	return deadline && wn_embed_boottime() >= deadline;
}

u64 wn_embed_sooner(u64 deadline, u64 ns)
{
	const u64 then = wn_embed_boottime() + ns;

	return deadline && deadline < then ? deadline : then;
}

void wn_embed_look_at_clock(struct wn_now *now)
{
	now->realtime = clock_ns(CLOCK_REALTIME);
	now->boottime = wn_embed_boottime();
}

static int futex(u32 *word, int op, bool shared, u32 value, const struct timespec *until)
{
	int saved = errno, err;

	err = syscall(SYS_futex, word, op | (shared ? 0 : FUTEX_PRIVATE_FLAG), value, until, NULL,
		      FUTEX_BITSET_MATCH_ANY) < 0 ? -errno : 0;
	errno = saved;
	return err;
}

/* Futexes know no clock that runs during suspend: late by that, never early. */
static struct timespec monotonic(u64 deadline)
{
	const u64 boot = wn_embed_boottime();
	const u64 at = clock_ns(CLOCK_MONOTONIC) + (deadline > boot ? deadline - boot : 0);

	return (struct timespec){ .tv_sec = (time_t)(at / 1000000000),
				  .tv_nsec = (long)(at % 1000000000) };
}

int wn_embed_sleep(u32 *word, u32 seen, bool shared, u64 deadline)
{
	/* No struct timespec has more; by then all will have changed. */
	const bool timed = deadline < LLONG_MAX / 2;
	struct timespec until;
	int err;

	if (timed)
		until = monotonic(deadline);
	err = futex(word, FUTEX_WAIT_BITSET, shared, seen, timed ? &until : NULL);
	if (err == -ETIMEDOUT)
		return wn_embed_boottime() >= deadline ? -ETIME : 0;
	return err == -EINTR ? err : 0;
}

/* The kernel's struct of that name, which older headers lack. */
struct waiter {
	u64 value;
	u64 address;
	u32 flags;
	u32 reserved;
};

#define WAITER_32	2
#ifndef SYS_futex_waitv
#define SYS_futex_waitv	449
#endif

int wn_embed_sleep_any(const struct wn_embed_word *words, u32 nr, u64 deadline)
{
	const struct timespec nap = { .tv_nsec = 1000000 }, at = monotonic(deadline);
	const s64 until[2] = { at.tv_sec, at.tv_nsec };	/* of 64 bits in 32-bit programs, too */
	struct waiter waiters[WN_EMBED_WORDS];
	int saved = errno, err = 0;
	u32 i;

	for (i = 0; i < nr; i++)
		waiters[i] = (struct waiter){
			.value = words[i].seen, .address = (unsigned long)words[i].at,
			.flags = WAITER_32,
		};
	if (syscall(SYS_futex_waitv, waiters, nr, 0, until, CLOCK_MONOTONIC) < 0)
		err = -errno;
	if (err == -ENOSYS) {
		nanosleep(&nap, NULL);
		err = -ETIMEDOUT;
	}
	errno = saved;
	if (err == -ETIMEDOUT)
		return -ETIME;
	return err == -EINTR ? err : 0;
}

void wn_embed_wake(u32 *word, bool shared)
{
	futex(word, FUTEX_WAKE_BITSET, shared, INT_MAX, NULL);
}
