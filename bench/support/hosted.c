// SPDX-License-Identifier: MIT
#include "hosted.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wn_embed.h>

#include "../harness/bench.h"
#include "domain.h"

static char hosted[64];
static pid_t host;

/* The engine's process, until this one ends. */
static void serve(int ready)
{
	struct wn_host *h;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	unpin();
	if (wn_embed_init(0) || wn_host_start(&h, hosted + strlen("host:"), 0, 0))
		_exit(1);
	if (write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

void hosted_begin(void)
{
	int fds[2];
	char byte;

	snprintf(hosted, sizeof(hosted), "host:/tmp/wnbench-host-%d", (int)getpid());
	fflush(NULL);
	if (pipe(fds))
		bench_die("pipe");
	host = fork();
	if (!host)
		serve(fds[1]);
	close(fds[1]);
	if (host < 0 || read(fds[0], &byte, 1) != 1)
		bench_die("no host for the engine");
	close(fds[0]);
	good(wn_embed_init(0), "wn_embed_init");
}

void hosted_end(void)
{
	kill(host, SIGKILL);
	waitpid(host, NULL, 0);
	unlink(hosted + strlen("host:"));
}

const char *hosted_path(char *to, size_t bytes, const char *name)
{
	snprintf(to, bytes, "%s/%s", hosted, name);
	return to;
}
