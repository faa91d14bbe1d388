// SPDX-License-Identifier: MIT
/* Instances that a process of their own hosts: the test and its children are its clients. */
#include "../common.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <wn_embed.h>

/* Who wants a polling thread here starts it: polled.c. */
bool wt_is_polling(void)
{
	return false;
}

bool wt_is_embedded(void)
{
	return false;
}

bool wt_is_hosted(void)
{
	return true;
}

void wt_need_module(void)
{
	if (wn_embed_init(0))
		wt_skip_all("the engine does not start");
}

int wt_mount_on(const char *dir, unsigned long flags, const char *options)
{
	return -ENODEV;
}

/* Until it is killed. */
static void host(const char *path, int ready)
{
	struct wn_host *host;
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	err = wn_host_start(&host, path, 0, 0);
	if (write(ready, &err, sizeof(err)) != sizeof(err) || err)
		_exit(1);
	close(ready);
	for (;;)
		pause();
}

/* control: the host's pid. */
int wt_mount(struct wt_mount *m, const char *options)
{
	int ready[2], err = -ESRCH;
	char path[32] = "/tmp/wn.XXXXXX";

	m->control = -1;
	if (options || !mkdtemp(path) || pipe(ready))
		return options ? -ENODEV : -errno;
	strcat(path, "/s");
	snprintf(m->dir, sizeof(m->dir), "host:%.20s", path);
	fflush(NULL);
	m->control = fork();
	if (m->control < 0)
		return -errno;
	if (!m->control)
		host(path, ready[1]);
	close(ready[1]);
	if (read(ready[0], &err, sizeof(err)) != sizeof(err))
		err = -ESRCH;
	close(ready[0]);
	return err;
}

void wt_umount(struct wt_mount *m)
{
	char path[32];

	kill(m->control, SIGKILL);
	waitpid(m->control, NULL, 0);
	snprintf(path, sizeof(path), "%s", m->dir + strlen("host:"));
	unlink(path);
	path[strlen(path) - 2] = 0;
	rmdir(path);
}
