// SPDX-License-Identifier: MIT
#include "stop.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

static volatile sig_atomic_t stopped;
static struct sigaction old_int, old_term;

static void on_signal(int signal)
{
	stopped = 1;
}

void wn_stop_begin(void)
{
	const struct sigaction act = { .sa_handler = on_signal };

	stopped = 0;
	sigaction(SIGINT, &act, &old_int);
	sigaction(SIGTERM, &act, &old_term);
}

bool wn_stopped(void)
{
	return stopped;
}

void wn_stop_end(void)
{
	sigaction(SIGINT, &old_int, NULL);
	sigaction(SIGTERM, &old_term, NULL);
}

void wn_stop_sleep(__u64 ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000) };

	if (!stopped)
		nanosleep(&t, NULL);
}
