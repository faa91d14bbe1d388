// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "tap.h"

#define ROOT	"/tmp/wn-probe-cgroup"

const char *cgroup_file(const char *group, const char *file)
{
	static char path[4][256];
	static int n;

	n = (n + 1) % 4;
	snprintf(path[n], sizeof(path[n]), ROOT "/%s/%s", group, file);
	return path[n];
}

bool cgroup_setup(void)
{
	mkdir(ROOT, 0755);
	if (mount("cgroup2", ROOT, "cgroup2", 0, NULL) && errno != EBUSY)
		return false;
	if (!file_write(ROOT "/cgroup.subtree_control", "+memory"))
		return false;
	cgroup_new("p");
	must(file_write(cgroup_file("p", "cgroup.subtree_control"), "+memory"));
	return true;
}

void cgroup_teardown(void)
{
	cgroup_remove("p");
	umount2(ROOT, MNT_DETACH);
}

void cgroup_new(const char *group)
{
	must(!mkdir(cgroup_file(group, ""), 0755));
}

/* The last process may be gone for us and not yet for its group. */
void cgroup_remove(const char *group)
{
	int i, err = -1;

	for (i = 0; i < 100 && err; i++) {
		err = rmdir(cgroup_file(group, ""));
		if (err)
			usleep(20000);
	}
	must(!err);
}

bool cgroup_enter(const char *group)
{
	return file_write(cgroup_file(group, "cgroup.procs"), "0");
}

long cgroup_kb(const char *group)
{
	return file_number(cgroup_file(group, "memory.current"), "") / 1024;
}
