/* SPDX-License-Identifier: GPL-2.0-only */
/* A client's way from new to enabled: the ioctls setup, restrict, enable. */
#ifndef WN_SETUP_H
#define WN_SETUP_H

struct wn_client;

long wn_client_setup(struct wn_client *client, void __user *uarg);
long wn_client_restrict(struct wn_client *client, void __user *uarg);
long wn_client_enable(struct wn_client *client, void __user *uarg);

/*
 * The client dies: its number, its slots and nearly all of its memory go back, who
 * waits on it is woken. Does nothing to one that is new, or dead.
 */
void wn_client_die(struct wn_client *client);

/* Take back what setup and enable took; does nothing to a new client. */
void wn_client_unset(struct wn_client *client);

#endif
