/* SPDX-License-Identifier: MIT */
/* The transport "host": domains that another process serves. */
#ifndef WN_EMBED_REMOTE_H
#define WN_EMBED_REMOTE_H

struct wn_transport;

extern struct wn_transport wn_embed_remote;

#endif
