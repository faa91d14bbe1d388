// SPDX-License-Identifier: MIT
#include "preload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The dynamic linker only warns of a library that is not there. */
static int is_there(const char *library)
{
	char command[128];

	snprintf(command, sizeof(command), "/sbin/ldconfig -p | grep -q '%s'", library);
	/* Our own words. NOLINTNEXTLINE(cert-env33-c) */
	return !system(command);
}

double preload_run(const char *library, const char *kind, const char *n)
{
	char text[64] = "";
	int fds[2], status;
	ssize_t got;
	pid_t pid;

	if (library && !is_there(library))
		return -1;
	if (pipe(fds))
		return -1;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		if (library)
			setenv("LD_PRELOAD", library, 1);
		dup2(fds[1], 1);
		close(fds[0]);
		execl("/proc/self/exe", "wnbench", "--malloc", kind, n, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	got = read(fds[0], text, sizeof(text) - 1);
	close(fds[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status || got <= 0)
		return -1;
	return atof(text);
}
