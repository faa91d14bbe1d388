// SPDX-License-Identifier: MIT
#include "process.h"

#include <dirent.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void gauge(FILE *to, const char *name, const char *type, const char *help, double value)
{
	fprintf(to, "# HELP process_%s %s\n# TYPE process_%s %s\nprocess_%s %.15g\n", name, help,
		name, type, name, value);
}

/* proc_pid_stat(5): what stands behind the name, which may hold anything but a last ')'. */
static void print_stat(FILE *to)
{
	unsigned long long user, system, started, bytes;
	const double hz = (double)sysconf(_SC_CLK_TCK);
	struct timespec now, up;
	char text[1024];
	const char *behind;
	long threads, pages;
	size_t got = 0;
	FILE *f;

	f = fopen("/proc/self/stat", "re");
	if (f) {
		got = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[got] = 0;
	behind = strrchr(text, ')');
	if (!behind || hz <= 0 ||
	    sscanf(behind + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d "
		   "%*d %ld %*d %llu %llu %ld", &user, &system, &threads, &started, &bytes,
		   &pages) != 6)
		return;
	gauge(to, "cpu_seconds_total", "counter", "CPU time, in user space and in the kernel.",
	      (double)(user + system) / hz);
	gauge(to, "threads", "gauge", "Threads.", (double)threads);
	gauge(to, "virtual_memory_bytes", "gauge", "Addresses that are mapped.", (double)bytes);
	gauge(to, "resident_memory_bytes", "gauge", "Memory that is held.",
	      (double)pages * (double)sysconf(_SC_PAGESIZE));
	/* Counted from the machine's start, suspended time included, as this clock is. */
	if (!clock_gettime(CLOCK_REALTIME, &now) && !clock_gettime(CLOCK_BOOTTIME, &up))
		gauge(to, "start_time_seconds", "gauge", "When it began, since 1970.",
		      (double)(now.tv_sec - up.tv_sec) + (double)started / hz);
}

static void print_fds(FILE *to)
{
	struct rlimit limit;
	DIR *dir = opendir("/proc/self/fd");
	int fds = 0;

	if (dir) {
		/* ".", "..", and the directory's own are none of them. */
		while (readdir(dir))
			fds++;
		closedir(dir);
		gauge(to, "open_fds", "gauge", "Descriptors that are open.", fds - 3);
	}
	if (!getrlimit(RLIMIT_NOFILE, &limit))
		gauge(to, "max_fds", "gauge", "Descriptors that may be.", (double)limit.rlim_cur);
}

void wn_process_metrics(FILE *to)
{
	print_stat(to);
	print_fds(to);
}
