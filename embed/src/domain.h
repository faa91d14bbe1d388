/* SPDX-License-Identifier: MIT */
/*
 * A domain of this process. Its name and each of its clients hold it; it ends with
 * the last of them. lock makes its holder the engine, as in the module.
 */
#ifndef WN_EMBED_DOMAIN_H
#define WN_EMBED_DOMAIN_H

#include <pthread.h>
#include <linux/worknode.h>

#include "kmod/core/core.h"
#include "lane.h"
#include "memory.h"
#include "poller.h"
#include "recording.h"
#include "service.h"

struct wn_embed_client;

struct wn_embed_domain {
	struct wn_embed_domain *next;	/* under the space's lock, as the two below */
	char *name;			/* NULL: removed */
	u32 holders;

	u64 id;
	struct wn_bounds bounds;
	u64 bytes;
	u32 rights[WN_CLASSES];		/* of those who open it; all here are its owner */
	bool hosted;			/* clients may be other processes */

	pthread_mutex_t lock;
	struct {			/* under lock */
		struct wn_core *core;
		struct wn_embed_client **clients; /* bounds.clients entries; changed under table, too */
		u32 nr_clients;
		u64 client_bytes;
		u64 epoch_told;		/* to those in epoch.c */
		u32 epoch_waiters;
		bool epoch_asked;	/* by a client that is another process */
		struct wn_embed_lanes lanes;
		u32 nr_lanes;		/* that have a number */
		bool polled;		/* a thread is awake: nobody needs to enter */
		bool held;		/* completions wait for a revocation, and that for room */
	};
	pthread_mutex_t table;		/* inside lock: for who only looks whether clients wait */
	struct wn_embed_poller poller;
	u32 epoch_news;			/* grows with the epoch, while somebody waits */

	struct wn_embed_memory public;
	struct wn_embed_memory slots;	/* pages of all clients, by number */
	u64 slot_bytes;			/* of one client */
	struct wn_embed_service service;
	struct wn_embed_memory private;
	struct wn_embed_recording recording;
};

/* What a domain of such bounds takes; 0: they are none. */
u64 wn_embed_domain_cost(const struct wn_bounds *bounds);

/*
 * 0; -EEXIST; -ENOMEM; what wn_bounds_check says; -E2BIG: journal_kb. most: 0, or it is for other processes,
 * too, of whose domains all together take no more bytes (-ENOSPC).
 */
int wn_embed_domain_create(const char *name, const struct wn_bounds *bounds, u32 journal_kb,
			   u64 most);
int wn_embed_domain_remove(const char *name);

/* Hold the domain of that name, or NULL; one that is held already; put it back. */
struct wn_embed_domain *wn_embed_domain_get(const char *name);
void wn_embed_domain_hold(struct wn_embed_domain *domain);
void wn_embed_domain_put(struct wn_embed_domain *domain);

/* What a client has besides, of those that all that is hosted may take. */
bool wn_embed_domain_take(u64 bytes, u64 most);
void wn_embed_domain_give(u64 bytes);

/* A number for a client and its slots: below bounds.clients, or -ENOSPC. */
int wn_embed_domain_join(struct wn_embed_domain *domain, struct wn_embed_client *client, u64 bytes);
void wn_embed_domain_leave(struct wn_embed_domain *domain, u32 number, u64 bytes);

/* WN_IOC_INFO. */
int wn_embed_domain_info(struct wn_embed_domain *domain, void *arg);

#endif
