/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fans: lanes of one producer and many consumers, each with a seat. Who joins gets a
 * seat's page that nobody had before, and leaves it to nobody; the producer sees the
 * pages of all seats in one window, as clients see slot pages.
 */
#ifndef WN_FAN_H
#define WN_FAN_H

struct wn_client;

long wn_fan_make(struct wn_client *client, void __user *uarg);
long wn_fan_join(struct wn_client *client, void __user *uarg);
long wn_fan_evict(struct wn_client *client, void __user *uarg);

#endif
