// SPDX-License-Identifier: MIT
/*
 * A storm of signals: with WN_ITIMER_US=n every process of a test is interrupted each n
 * microseconds by a handler that does nothing. A call that a signal ended before it did
 * anything (-EINTR) may be made again, and then nothing is lost or done twice.
 */
#include "common.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* By default it is ignored: what a test executes need not know of it. */
#define SIGNAL	SIGWINCH

static long period_us;
static unsigned long interrupted;

static void handle(int sig)
{
	__atomic_add_fetch(&interrupted, 1, __ATOMIC_RELAXED);
}

bool wt_is_stormy(void)
{
	return period_us;
}

unsigned long wt_interruptions(void)
{
	return __atomic_load_n(&interrupted, __ATOMIC_RELAXED);
}

/* Timers are not inherited. */
static void arm(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGNAL };
	const struct itimerspec each = {
		.it_interval.tv_nsec = period_us * 1000,
		.it_value.tv_nsec = period_us * 1000,
	};
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &ev, &timer) || timer_settime(timer, 0, &each, NULL))
		abort();
}

static void __attribute__((constructor)) begin(void)
{
	struct sigaction act = { .sa_handler = handle, .sa_flags = SA_RESTART };
	const char *us = getenv("WN_ITIMER_US");

	period_us = us ? strtol(us, NULL, 10) : 0;
	if (period_us <= 0 || period_us >= 1000000) {
		period_us = 0;
		return;
	}
	sigaction(SIGNAL, &act, NULL);
	pthread_atfork(NULL, NULL, arm);
	arm();
}
