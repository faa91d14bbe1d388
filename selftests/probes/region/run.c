// SPDX-License-Identifier: MIT
/*
 * What can back region memory? Asks the probe module and prints TAP: tests
 * for what the decision rests on, facts for the figures it quotes.
 *
 *	run [futex|cgroup|revoke|race|huge|pins|flags ...]	(none: all)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tap.h"
#include "tests.h"

static const struct {
	const char *name;
	void (*run)(void);
} subjects[] = {
	{ "futex", test_futex },
	{ "cgroup", test_cgroup },
	{ "revoke", test_revoke },
	{ "race", test_race },
	{ "huge", test_huge },
	{ "pins", test_pins },
	{ "flags", test_flags },
};

static bool wanted(const char *name, char **argv)
{
	if (!*argv)
		return true;
	for (; *argv; argv++)
		if (!strcmp(*argv, name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	struct utsname u;
	size_t i;

	(void)argc;
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("TAP version 13");
	if (access("/dev/wn_probe_inode", R_OK | W_OK)) {
		printf("1..0 # SKIP /dev/wn_probe_inode: %s; insmod wn_probe_region.ko as root\n",
		       strerror(errno));
		return 4;
	}
	uname(&u);
	fact("kernel: %s", u.release);
	for (i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		if (wanted(subjects[i].name, argv + 1))
			subjects[i].run();
	return tap_done();
}
