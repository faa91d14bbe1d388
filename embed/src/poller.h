/* SPDX-License-Identifier: MIT */
/*
 * A polling thread of a domain, opt-in, as in the module: it takes what clients submit
 * without a call, in the same turns under the same lock as they do themselves. It starts
 * with the first client, stops with the last, and sleeps when nothing came for a while.
 */
#ifndef WN_EMBED_POLLER_H
#define WN_EMBED_POLLER_H

#include <pthread.h>

#include "kmod/core/port.h"

struct wn_embed_client;
struct wn_embed_domain;

struct wn_embed_poller {
	pthread_mutex_t lock;	/* outside the domain's */
	pthread_t thread;
	bool runs, wanted;	/* under lock; wanted is looked at without, too */
	bool stop;
	int cpu;		/* -1: any */
	u64 idle_ns;
	u32 next;		/* the thread's own: whose turn it is */
	u32 kicks;		/* it sleeps on this */
	u32 asleep;
};

void wn_embed_poller_init(struct wn_embed_poller *poller);
void wn_embed_poller_destroy(struct wn_embed_poller *poller);

/* Neither with the domain's lock held. */
void wn_embed_poller_client_came(struct wn_embed_domain *domain);
void wn_embed_poller_client_went(struct wn_embed_domain *domain);

/* Somebody entered: there is something to do again. */
void wn_embed_poller_kick(struct wn_embed_domain *domain);

/* WN_IOC_POLL. */
int wn_embed_poll(struct wn_embed_client *client, void *arg);

#endif
