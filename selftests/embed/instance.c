// SPDX-License-Identifier: MIT
/* Instances of the engine that is linked with the test: no module, no root, no guest. */
#include "../common.h"

#include <stdio.h>
#include <unistd.h>
#include <wn_embed.h>

#ifdef __SANITIZE_THREAD__
#define FLAGS	WN_EMBED_FLAT	/* it knows memory by its address */
#else
#define FLAGS	0
#endif

/* Who wants a polling thread here starts it: polled.c. */
bool wt_is_polling(void)
{
	return false;
}

bool wt_is_embedded(void)
{
	return true;
}

bool wt_is_hosted(void)
{
	return false;
}

void wt_need_module(void)
{
	if (wn_embed_init(FLAGS))
		wt_skip_all("the engine does not start");
}

int wt_mount_on(const char *dir, unsigned long flags, const char *options)
{
	return -ENODEV;
}

int wt_mount(struct wt_mount *m, const char *options)
{
	static unsigned int last;

	m->control = -1;
	snprintf(m->dir, sizeof(m->dir), "embed:%u", last++);
	return options ? -ENODEV : 0;
}

void wt_umount(struct wt_mount *m)
{
}
