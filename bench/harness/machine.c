// SPDX-License-Identifier: MIT
#include "machine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#ifndef WN_VERSION
#define WN_VERSION "unknown"
#endif

static void first_line(const char *command, char *to, size_t size)
{
	/* Our own words. NOLINTNEXTLINE(cert-env33-c) */
	FILE *f = popen(command, "r");

	to[0] = 0;
	if (!f)
		return;
	if (!fgets(to, (int)size, f))
		to[0] = 0;
	to[strcspn(to, "\n")] = 0;
	pclose(f);
}

static void cpu_name(char *to, size_t size)
{
	first_line("sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1", to, size);
	if (!to[0])
		snprintf(to, size, "unknown CPU");
}

/* "kvm", "qemu", "uml", "none" */
static void virtual_name(char *to, size_t size)
{
	first_line("systemd-detect-virt --vm 2>/dev/null", to, size);
	if (to[0] && strcmp(to, "none"))
		return;
	first_line("grep -qw hypervisor /proc/cpuinfo && echo hypervisor || echo none", to, size);
}

static void commit(char *to, size_t size)
{
	const char *given = getenv("WN_COMMIT");

	if (given)
		snprintf(to, size, "%s", given);
	else
		first_line("git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown", to,
			   size);
}

double machine_load(void)
{
	double load = 0;

	return getloadavg(&load, 1) == 1 ? load : 0;
}

static void today(char *to, size_t size)
{
	const time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(to, size, "%Y-%m-%d %H:%M UTC", &tm);
}

void machine_line(FILE *to)
{
	char cpu[128], virt[64], rev[64], date[64];
	struct utsname u;

	cpu_name(cpu, sizeof(cpu));
	virtual_name(virt, sizeof(virt));
	commit(rev, sizeof(rev));
	today(date, sizeof(date));
	uname(&u);
	fprintf(to, "# %s, %ld CPUs, %s %s %s, virtual: %s, gcc %s, load %.2f\n", cpu,
		sysconf(_SC_NPROCESSORS_ONLN), u.sysname, u.release, u.machine, virt, __VERSION__,
		machine_load());
	fprintf(to, "# worknode %s, commit %s, %s\n", WN_VERSION, rev, date);
}

void machine_json(struct json *j)
{
	char text[128];
	struct utsname u;

	today(text, sizeof(text));
	json_text(j, "date", text);
	commit(text, sizeof(text));
	json_text(j, "commit", text);
	json_text(j, "version", WN_VERSION);
	json_open(j, "machine", '{');
	cpu_name(text, sizeof(text));
	json_text(j, "cpu", text);
	json_count(j, "cpus", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
	virtual_name(text, sizeof(text));
	json_text(j, "virtual", text);
	uname(&u);
	json_text(j, "kernel", u.release);
	json_text(j, "arch", u.machine);
	json_text(j, "compiler", "gcc " __VERSION__);
	json_real(j, "load", machine_load());
	json_close(j, '}');
}
