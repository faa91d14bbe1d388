// SPDX-License-Identifier: MIT
#include "tap.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tests, failed, skipped;

void tap_ok(bool ok, const char *fmt, ...)
{
	va_list ap;

	failed += !ok;
	printf("%sok %d - ", ok ? "" : "not ", ++tests);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void tap_skip(const char *why, const char *fmt, ...)
{
	va_list ap;

	skipped++;
	printf("ok %d - ", ++tests);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf(" # SKIP %s\n", why);
}

void fact(const char *fmt, ...)
{
	va_list ap;

	printf("# fact ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

int tap_done(void)
{
	printf("1..%d\n# %d passed, %d failed, %d skipped\n", tests, tests - failed - skipped,
	       failed, skipped);
	return failed ? 1 : 0;
}

void must_(bool ok, const char *what, const char *file, int line)
{
	if (ok)
		return;
	printf("Bail out! %s:%d: %s: %s\n", file, line, what, strerror(errno));
	fflush(stdout);
	exit(1);
}
