/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The process that enabled a client: when it has exited the client dies, whoever
 * else holds its file. That is learned as a pidfd learns it, not from the closing of
 * files: the owner may have closed its own while a forked child holds one.
 *
 * exec keeps the process: with its descriptors closed, as they are unless somebody
 * cleared O_CLOEXEC, the client goes by its last close; else the new program owns it.
 */
#ifndef WN_OWNER_H
#define WN_OWNER_H

struct wn_client;

/* The caller's process is the owner from now on. */
void wn_owner_watch(struct wn_client *client);

/* Nobody looks any more; does nothing if nobody did. client->owner stays, for who shows it. */
void wn_owner_forget(struct wn_client *client);

#endif
