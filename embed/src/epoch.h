/* SPDX-License-Identifier: MIT */
/* Waiting until the domain's epoch, or a node's version, is not what it was. */
#ifndef WN_EMBED_EPOCH_H
#define WN_EMBED_EPOCH_H

struct wn_embed_client;
struct wn_embed_domain;

/* Under the lock, after what may have changed something. */
void wn_embed_epoch_look(struct wn_embed_domain *domain);

/*
 * WN_IOC_WAIT_EPOCH. For another process nobody sleeps here: -EAGAIN, and its word at
 * WN_EMBED_EPOCH_WORD will change. It read that before it asked.
 */
int wn_embed_epoch_wait(struct wn_embed_client *client, void *arg);

#endif
