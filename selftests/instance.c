// SPDX-License-Identifier: MIT
/* Instances of the module; embed/instance.c has those of an engine in the test itself. */
#include "common.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mount.h>
#include <sys/stat.h>

bool wt_is_embedded(void)
{
	return false;
}

bool wt_is_hosted(void)
{
	return false;
}

void wt_need_module(void)
{
	char text[4096];

	if (wt_read_file("/proc/filesystems", text, sizeof(text)) < 0)
		wt_skip_all("/proc/filesystems cannot be read");
	if (!strstr(text, "\t" WN_FS_NAME "\n") && !strstr(text, "\t" WN_FS_NAME))
		wt_skip_all("worknode is not loaded: insmod worknode.ko");
	if (geteuid())
		wt_skip_all("needs root, to mount");
	if (wt_allow_polling())
		wt_skip_all("the module has no polling threads");
}

int wt_mount_on(const char *dir, unsigned long flags, const char *options)
{
	return mount("none", dir, WN_FS_NAME, flags, options) ? -errno : 0;
}

int wt_mount(struct wt_mount *m, const char *options)
{
	int err;

	m->control = -1;
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	snprintf(m->dir, sizeof(m->dir), "/tmp/wn.XXXXXX");
	if (!mkdtemp(m->dir))
		return -errno;
	/* Other users look in, too. */
	if (chmod(m->dir, 0755))
		return -errno;
	err = wt_mount_on(m->dir, 0, options);
	if (err) {
		rmdir(m->dir);
		return err;
	}
	m->control = wt_open(wt_path(m, WN_FS_CONTROL), O_RDWR);
	return m->control < 0 ? m->control : 0;
}

void wt_umount(struct wt_mount *m)
{
	close(m->control);
	umount2(m->dir, MNT_DETACH);
	rmdir(m->dir);
}
