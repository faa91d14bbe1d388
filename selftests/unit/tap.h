/* SPDX-License-Identifier: MIT */
/*
 * What a unit test prints with: TAP 13. One test_<noun>.c is one program and
 * includes this once.
 *
 *	int main(void)
 *	{
 *		tap_plan(2);
 *		ok(1 + 1 == 2, "sums");
 *		ok(wn_x(tap_seed()) == 0, "x holds from seed %#llx", tap_seed());
 *		return tap_done();
 *	}
 *
 * From the environment: WN_SEED, where random histories begin (else new every
 * time; printed, so that a failure can be had again), and WN_ROUNDS, how many
 * times as much random work as usual.
 *
 * tap_done() gives what main returns: 1 unless each planned check was made and
 * held, and no broken invariant was reported that the test did not ask for. 4:
 * everything was skipped.
 */
#ifndef WN_UNIT_TAP_H
#define WN_UNIT_TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "kmod/core/port.h"

static struct {
	int planned, made, failed, skipped;
	int reports; /* by the core, not yet asked for */
	u64 seed;
	u64 rounds;
} tap;

__attribute__((__format__(__printf__, 1, 2))) static inline void diag(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
}

static inline void tap_die(const char *what)
{
	printf("Bail out! %s\n", what);
	exit(1);
}

static inline u64 tap_number(const char *name, u64 otherwise)
{
	const char *text = getenv(name);
	char *end;
	u64 value;

	if (!text || !*text)
		return otherwise;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || *end) {
		printf("# %s=%s\n", name, text);
		tap_die("WN_SEED and WN_ROUNDS are numbers, as 42 or 0x2a");
	}
	return value;
}

static inline void tap_plan(int checks)
{
	u64 fresh = 1;

	/* So that nothing is lost, or printed twice, when a test dies. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getrandom(&fresh, sizeof(fresh), 0) != sizeof(fresh))
		diag("no random seed from the kernel: the usual one");
	tap.planned = checks;
	tap.seed = tap_number("WN_SEED", fresh);
	tap.rounds = tap_number("WN_ROUNDS", 1);
	printf("TAP version 13\n1..%d\n", checks);
	diag("WN_SEED=%#llx WN_ROUNDS=%llu", tap.seed, tap.rounds);
}

static inline u64 tap_seed(void)
{
	return tap.seed;
}

static inline u64 tap_rounds(void)
{
	return tap.rounds;
}

/* Gives @held back, so that a test can say more or stop. */
__attribute__((__format__(__printf__, 4, 5))) static inline bool
tap_ok(const char *file, int line, bool held, const char *format, ...)
{
	va_list args;

	tap.made++;
	tap.failed += !held;
	printf("%sok %d - ", held ? "" : "not ", tap.made);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	if (!held)
		diag("at %s:%d, WN_SEED=%#llx WN_ROUNDS=%llu", file, line, tap.seed, tap.rounds);
	return held;
}

#define ok(cond, ...) tap_ok(__FILE__, __LINE__, !!(cond), __VA_ARGS__)

static inline void skip(const char *what, const char *why)
{
	tap.made++;
	tap.skipped++;
	printf("ok %d - %s # SKIP %s\n", tap.made, what, why);
}

/* The core reports here what it finds broken. */
void wn_port_report(const char *file, int line, const char *what)
{
	tap.reports++;
	diag("reported at %s:%d: %s", file, line, what);
}

/* How many reports came since the last call; the caller wanted them. */
static inline int tap_reports(void)
{
	const int reports = tap.reports;

	tap.reports = 0;
	return reports;
}

/* Tell how often each of these errors came; how many never did. */
static inline int tap_missing(const u64 *by_errno, const int *errors, unsigned int n)
{
	int missing = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		diag("%10llu %s", by_errno[errors[i]], strerrorname_np(errors[i]));
		missing += !by_errno[errors[i]];
	}
	return missing;
}

static inline int tap_done(void)
{
	if (tap.made != tap.planned)
		diag("%d checks made, %d planned", tap.made, tap.planned);
	if (tap.reports)
		diag("%d reports of a broken invariant that nobody asked for", tap.reports);
	if (tap.failed)
		diag("%d of %d failed", tap.failed, tap.made);
	if (tap.failed || tap.reports || tap.made != tap.planned)
		return 1;
	return tap.made && tap.skipped == tap.made ? 4 : 0;
}

#endif
