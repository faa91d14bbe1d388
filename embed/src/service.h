/* SPDX-License-Identifier: MIT */
/*
 * A domain's thread for what is done when nobody enters: what ops left to be done,
 * and what comes due. It is there from the first such thing on.
 */
#ifndef WN_EMBED_SERVICE_H
#define WN_EMBED_SERVICE_H

#include <pthread.h>

#include "kmod/core/port.h"

struct wn_embed_domain;

struct wn_embed_service {
	pthread_t thread;
	bool runs, stop;	/* under the domain's lock, as the next */
	u64 until;		/* it sleeps so long */
	u32 kicks;		/* it sleeps on this */
};

/* Under the domain's lock, after whatever can leave work: see to it that it is done. */
void wn_embed_service_kick(struct wn_embed_domain *domain);

/* The same, where nothing is to be done before that boottime; WN_NEVER: ever. */
void wn_embed_service_until(struct wn_embed_domain *domain, u64 next);

/* The last holder of the domain lets go. */
void wn_embed_service_stop(struct wn_embed_domain *domain);

#endif
