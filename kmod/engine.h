/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine: whoever holds domain->lock and runs the core. That is the client
 * itself, inline, for its own ring; and a work item of the domain for what its ops
 * left to be done, for deaths, and for what comes due while nobody enters.
 */
#ifndef WN_ENGINE_H
#define WN_ENGINE_H

#include <linux/types.h>

struct wn_cap;
struct wn_client;
struct wn_domain;
struct wn_now;
struct work_struct;

int wn_engine_init(void);
void wn_engine_exit(void);

void wn_engine_now(struct wn_now *now);

/* A domain's work item: there, and gone for good. */
void wn_engine_begin(struct wn_domain *domain);
void wn_engine_end(struct wn_domain *domain);

/* Run it on our queue. */
void wn_engine_queue(struct work_struct *work);

/*
 * For a thread: whether it may be worth a turn, asked as often as one likes, for it keeps
 * nobody from the engine. A turn of the next client that has entries, from *next on; how many
 * were taken. And all clients are told whether they need to enter.
 */
bool wn_engine_look(struct wn_domain *domain);
u32 wn_engine_sweep(struct wn_domain *domain, u32 *next);
void wn_engine_need_wakeup(struct wn_domain *domain, bool need);

/* Take at most max of the client's entries; returns how many slots were taken. */
u32 wn_engine_run(struct wn_client *client, u32 max);

/* The client may have freed room for what waits behind its inbox. */
void wn_engine_collect(struct wn_client *client);

/* Under domain->lock, after a change that no turn made: see to what follows from it. */
void wn_engine_settle(struct wn_domain *domain);

/*
 * wn_cap_ask() at this moment, for what is no op; a refusal is told at once to who listens.
 * Under domain->lock.
 */
int wn_engine_ask(struct wn_domain *domain, u32 client, u32 index, u32 rights, u64 node,
		  const struct wn_cap **cap, struct wn_now *now);

/* Something is mapped until then (boottime; 0: for ever): it is looked at. Under domain->lock. */
void wn_engine_expires(struct wn_domain *domain, u64 at);

#endif
