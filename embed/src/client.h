/* SPDX-License-Identifier: MIT */
/* A client: one open of a domain, from new over ready to enabled, as in the module. */
#ifndef WN_EMBED_CLIENT_H
#define WN_EMBED_CLIENT_H

#include "domain.h"
#include "eventfd.h"
#include "kmod/core/inbox.h"
#include "kmod/core/op.h"
#include "kmod/core/ring.h"
#include "kmod/core/turn.h"

enum wn_embed_state {
	WN_EMBED_NEW,
	WN_EMBED_READY,
	WN_EMBED_ENABLED,
};

struct wn_embed_client {
	struct wn_embed_domain *domain;
	pthread_mutex_t setup;		/* one setup, restrict or enable at a time */
	enum wn_embed_state state;	/* stored with release under setup */

	u32 first_rights;		/* of its first capability */

	/* From ready on. */
	u32 number;
	u64 bytes;
	struct wn_embed_memory own[WN_REGION_TABLE]; /* by type; public is the domain's */
	struct wn_ring ring;		/* under domain->lock, as the three below */
	struct wn_turn turn;		/* of its ring */
	u64 allowed[WN_OP_WORDS];
	struct wn_inbox inbox;

	/*
	 * What waiters sleep on: it changes with whatever they may wait for. Of a client that
	 * is another process both lie in its rings' pages, behind what the ABI has there.
	 */
	bool remote;
	u32 *news;
	u32 *waiters;		/* not to be trusted: it only saves wakes */
	u32 own_words[2];
	struct wn_embed_eventfds eventfds;
	bool epoch_asked;	/* another process waits for the next change; under domain->lock */

	/* Counted up when there is a lane to accept, or one of its lanes ended. */
	u32 *lane_news;
	u32 lanes_made;			/* that count in its share; under domain->lock */
};

/* Where they lie in the engine's and in the client's page. */
#define WN_EMBED_WORD	2048
#define WN_EMBED_LANE_WORD	2112	/* in the engine's, as the next */
#define WN_EMBED_EPOCH_WORD	2176

/* Take the domain over; NULL: no memory, it was put. */
struct wn_embed_client *wn_embed_client_new(struct wn_embed_domain *domain, bool remote);
void wn_embed_client_free(struct wn_embed_client *client);

/* WN_IOC_SETUP, RESTRICT, ENABLE. */
int wn_embed_client_setup(struct wn_embed_client *client, void *arg);
int wn_embed_client_restrict(struct wn_embed_client *client, void *arg);
int wn_embed_client_enable(struct wn_embed_client *client, void *arg);

/* The memory of a region, or NULL. */
const struct wn_embed_memory *wn_embed_client_region(const struct wn_embed_client *client, u32 type);

static inline enum wn_embed_state wn_embed_client_state(const struct wn_embed_client *client)
{
	return __atomic_load_n(&client->state, __ATOMIC_ACQUIRE);
}

#endif
