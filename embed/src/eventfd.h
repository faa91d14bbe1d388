/* SPDX-License-Identifier: MIT */
/* The eventfds that a client wants told, as in the module. */
#ifndef WN_EMBED_EVENTFD_H
#define WN_EMBED_EVENTFD_H

#include <pthread.h>

#include "kmod/core/port.h"

struct wn_embed_client;

struct wn_embed_eventfds {
	pthread_mutex_t lock;	/* below the domain's */
	int bell[2];		/* in the order of WN_EVENTFD_*; -1: none */
};

void wn_embed_eventfds_init(struct wn_embed_eventfds *fds);
/* Tell them of the client's end, and let go. */
void wn_embed_eventfds_end(struct wn_embed_eventfds *fds);

/* Something was put where what (WN_EVENTFD_*) says; behind a full barrier. */
void wn_embed_eventfds_tell(struct wn_embed_client *client, u32 what);

/* WN_IOC_EVENTFD. */
int wn_embed_eventfd(struct wn_embed_client *client, void *arg);

#endif
