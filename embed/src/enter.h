/* SPDX-License-Identifier: MIT */
/* The engine in the caller's thread, and waiting. */
#ifndef WN_EMBED_ENTER_H
#define WN_EMBED_ENTER_H

#include "kmod/core/port.h"

struct wn_cap;
struct wn_embed_client;
struct wn_embed_domain;
struct wn_now;

/* WN_IOC_SUBMIT, WN_IOC_ENTER. */
int wn_embed_submit(struct wn_embed_client *client, unsigned long max);
int wn_embed_enter(struct wn_embed_client *client, void *arg);

/*
 * For a thread: whether it may be worth a turn, asked as often as one likes, for it keeps
 * nobody from the engine. A turn of the next client that has entries, from *next on; how
 * many were taken. And all clients are told whether they need to enter.
 */
bool wn_embed_look(struct wn_embed_domain *domain);
u32 wn_embed_sweep(struct wn_embed_domain *domain, u32 *next);
void wn_embed_need_wakeup(struct wn_embed_domain *domain, bool need);

/*
 * Under the domain's lock: wn_cap_ask() at this moment, for what is no op; a refusal is told
 * at once to who listens.
 */
int wn_embed_ask(struct wn_embed_domain *domain, u32 client, u32 index, u32 rights, u64 node,
		 const struct wn_cap **cap, struct wn_now *now);

/*
 * Under the domain's lock: mail that waits goes out, its readers are woken, and lanes
 * are taken from who lost the right to them; or these alone.
 */
void wn_embed_deliver(struct wn_embed_domain *domain);
void wn_embed_revoke_lanes(struct wn_embed_domain *domain);

#endif
