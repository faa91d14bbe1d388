/* SPDX-License-Identifier: MIT */
/* The engine in the caller's thread, and waiting. */
#ifndef WN_EMBED_ENTER_H
#define WN_EMBED_ENTER_H

struct wn_embed_client;
struct wn_embed_domain;

/* WN_IOC_SUBMIT, WN_IOC_ENTER. */
int wn_embed_submit(struct wn_embed_client *client, unsigned long max);
int wn_embed_enter(struct wn_embed_client *client, void *arg);

/* Under the domain's lock: mail that waits goes out, its readers are woken. */
void wn_embed_deliver(struct wn_embed_domain *domain);

#endif
