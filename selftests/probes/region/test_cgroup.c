// SPDX-License-Identifier: MIT
/* Who pays for a region, and what a full memory cgroup does to its maker. */
#define _GNU_SOURCE
#include "tests.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "client.h"
#include "tap.h"

#define MB	(1UL << 20)
#define NPAGES	(64 * MB / PAGE)

#define LINES	64

struct stat_line {
	char name[40];
	long long value;
};

static int read_stat(const char *group, struct stat_line *l)
{
	FILE *f = fopen(cgroup_file(group, "memory.stat"), "re");
	int n = 0;

	must(f);
	while (n < LINES && fscanf(f, "%39s %lld", l[n].name, &l[n].value) == 2)
		n++;
	fclose(f);
	return n;
}

/* The lines of memory.stat that moved by a megabyte or more. */
static void stat_diff(char *out, size_t size, const struct stat_line *a, const struct stat_line *b,
		      int n)
{
	size_t used = 0;
	int i;

	out[0] = 0;
	for (i = 0; i < n; i++) {
		long d = (b[i].value - a[i].value) / (long long)MB;

		if (d && used < size)
			used += snprintf(out + used, size - used, " %s %+ld MB", a[i].name, d);
	}
}

/* Runs make, and touch, in a child inside the group; the parent keeps the fd. */
static int make_inside(const char *group, struct client *c, unsigned int backing,
		       unsigned int flags, bool touch)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct probe_make m = { .flags = flags };
		int err = 0;

		if (!cgroup_enter(group))
			_exit(255);
		if (touch) {
			unsigned char *p = client_map(c, 0, NPAGES, PROT_READ | PROT_WRITE);
			unsigned long i;

			if (p == MAP_FAILED)
				_exit(254);
			for (i = 0; i < NPAGES; i++)
				p[i * PAGE] = 1;
			fact("cgroup %s: a process of %s that touched all has RssFile %lu MB, RssShmem %lu MB, VmPTE %lu kB",
			     backing_name[backing], group,
			     (unsigned long)file_number("/proc/self/status", "RssFile:") / 1024,
			     (unsigned long)file_number("/proc/self/status", "RssShmem:") / 1024,
			     (unsigned long)file_number("/proc/self/status", "VmPTE:"));
			fact("cgroup %s: %s/memory.current with it mapped %ld kB",
			     backing_name[backing], group, cgroup_kb(group));
			fflush(stdout);
		} else {
			err = client_make(c, backing, NPAGES, &m);
		}
		_exit(-err);
	}
	must(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status))
		return -1000 - WTERMSIG(status);
	return -WEXITSTATUS(status);
}

/* Where /proc/meminfo could show a region besides that free memory shrank. */
static long meminfo_kb(void)
{
	static const char *const lines[] = {
		"Cached:", "AnonPages:", "Shmem:", "Slab:", "Unevictable:", "VmallocUsed:",
		"KernelStack:", "Percpu:",
	};
	long most = 0;
	unsigned int i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		most += file_number("/proc/meminfo", lines[i]);
	return most;
}

/* Per-cpu stocks and statistics are given back or summed up a little later. */
static void settle(void)
{
	sleep(3);
}

static void charging(unsigned int backing)
{
	struct stat_line a[LINES], b[LINES];
	struct client c = client_open(BY_INODE), other;
	long before, made, mapped, freed, visible;
	char diff[512];
	int n;

	cgroup_new("p/maker");
	cgroup_new("p/other");
	n = read_stat("p/maker", a);
	before = cgroup_kb("p/maker");
	visible = meminfo_kb();
	must(!make_inside("p/maker", &c, backing, 0, false));
	settle();
	visible = meminfo_kb() - visible;
	made = cgroup_kb("p/maker") - before;
	read_stat("p/maker", b);
	stat_diff(diff, sizeof(diff), a, b, n);
	fact("cgroup %s: 65536 kB made inside: maker's memory.current %+ld kB, memory.stat%s; of it in any line of meminfo: %s",
	     backing_name[backing], made, diff, visible > 60000 ? "yes" : "no");
	tap_ok(made >= 65536 && made < 65536 + 1536, "cgroup: making %s charges the maker",
	       backing_name[backing]);

	other = client_joiner(BY_INODE, &c, PROBE_INSERT, 0);
	must(!make_inside("p/other", &other, backing, 0, true));
	mapped = cgroup_kb("p/maker") - before - made;
	fact("cgroup %s: when another group's process maps and touches all: maker %+ld kB, other afterwards %ld kB",
	     backing_name[backing], mapped, cgroup_kb("p/other"));
	tap_ok(labs(mapped) < 256 && cgroup_kb("p/other") < 4096,
	       "cgroup: mapping %s charges the other group nothing but page tables",
	       backing_name[backing]);

	/* The maker's group goes while the region lives on. */
	cgroup_remove("p/maker");
	sleep(1);
	fact("cgroup %s: maker's group removed, region alive: dying groups %lu, parent's memory.current %ld kB",
	     backing_name[backing],
	     (unsigned long)file_number(cgroup_file("p", "cgroup.stat"), "nr_dying_descendants"),
	     cgroup_kb("p"));

	client_close(&other);
	client_close(&c);
	settle();
	freed = cgroup_kb("p");
	fact("cgroup %s: freed: parent's memory.current %ld kB, dying groups %lu",
	     backing_name[backing], freed,
	     (unsigned long)file_number(cgroup_file("p", "cgroup.stat"), "nr_dying_descendants"));
	tap_ok(freed < 4096, "cgroup: freeing %s returns the charge", backing_name[backing]);
	cgroup_remove("p/other");
}

static void limit(unsigned int backing, unsigned int flags)
{
	struct client c = client_open(BY_INODE);
	unsigned long kills, max;
	long left;
	int r;

	cgroup_new("p/maker");
	must(file_write(cgroup_file("p/maker", "memory.max"), "16M"));
	r = make_inside("p/maker", &c, backing, flags, false);
	sleep(1);
	kills = file_number(cgroup_file("p/maker", "memory.events"), "oom_kill ");
	max = file_number(cgroup_file("p/maker", "memory.events"), "max ");
	left = cgroup_kb("p/maker");
	fact("cgroup %s%s: 64 MB under memory.max 16 MB: %s, oom_kill %lu, max %lu, left charged %ld kB",
	     backing_name[backing], flags & PROBE_MAKE_OOM ? " (plain GFP_KERNEL)" : "",
	     r < -1000 ? "killed" : err_name(r), kills, max, left);
	if (flags & PROBE_MAKE_OOM)
		tap_ok(r == -1000 - SIGKILL && kills == 1,
		       "cgroup: %s with plain GFP_KERNEL gets its maker killed",
		       backing_name[backing]);
	else
		tap_ok(r == -ENOMEM && !kills && left < 1024,
		       "cgroup: %s above memory.max is -ENOMEM, kills nobody, leaves nothing",
		       backing_name[backing]);
	client_close(&c);
	cgroup_remove("p/maker");
}

void test_cgroup(void)
{
	static const unsigned int backings[] = { PROBE_PAGES, PROBE_SHMEM, PROBE_VMALLOC_HUGE };
	unsigned int i;

	if (!cgroup_setup()) {
		tap_skip("no cgroup2 with a memory controller", "cgroup: charging");
		return;
	}
	for (i = 0; i < 3; i++) {
		charging(backings[i]);
		limit(backings[i], 0);
		limit(backings[i], PROBE_MAKE_OOM);
	}
	cgroup_teardown();
}
