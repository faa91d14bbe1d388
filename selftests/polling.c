// SPDX-License-Identifier: MIT
/*
 * Polling mode: with WORKNODE_POLL=1 each client that a test enables, by libwn or by hand,
 * asks for a polling thread of its domain. Then the same tests run with the engine in a
 * thread of its own, and must come to the same results. Linked with --wrap=ioctl: there is
 * one place where a client begins, whatever opened it.
 */
#include "common.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARAM	"/sys/module/worknode/parameters/pollers"

int __real_ioctl(int fd, unsigned long cmd, ...);
int __wrap_ioctl(int fd, unsigned long cmd, ...);

bool wt_is_polling(void)
{
	static int polling = -1;
	const char *poll;

	if (polling < 0) {
		poll = getenv("WORKNODE_POLL");
		polling = poll && *poll && strcmp(poll, "0");
	}
	return polling;
}

int wt_allow_polling(void)
{
	return wt_is_polling() ? wt_write_file(PARAM, "4096") : 0;
}

/* EBUSY: another has asked; EACCES: it may not ask, and shares the thread if there is one. */
static void ask(int fd)
{
	struct wn_poll_args p = { .size = sizeof(p), .idle_us = 200 };
	const int saved = errno;

	if (__real_ioctl(fd, WN_IOC_POLL, &p) && errno != EBUSY && errno != EACCES &&
	    errno != ESHUTDOWN && errno != EINTR)
		printf("# no polling thread: %s\n", strerror(errno));
	errno = saved;
}

int __wrap_ioctl(int fd, unsigned long cmd, ...)
{
	va_list args;
	void *arg;
	int ret;

	va_start(args, cmd);
	arg = va_arg(args, void *);
	va_end(args);
	ret = __real_ioctl(fd, cmd, arg);
	if (!ret && cmd == WN_IOC_ENABLE && wt_is_polling())
		ask(fd);
	return ret;
}
