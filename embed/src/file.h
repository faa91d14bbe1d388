/* SPDX-License-Identifier: MIT */
/* Files of the engine in this process: clients, or an instance's control. */
#ifndef WN_EMBED_FILE_H
#define WN_EMBED_FILE_H

#include "client.h"
#include "lane_view.h"

struct wn_embed_file {
	u64 life;			/* of the process that opened it */
	u64 most;			/* opened for another process: as of wn_embed_domain_create() */
	bool readable, writable;
	struct wn_embed_client *client;	/* NULL: a control file */
	struct wn_embed_lane_views views; /* of lanes, where it is this process's */
	char instance[];		/* of a control file */
};

/* As struct wn_transport has them. most: 0: for this process. */
int wn_embed_file_open(const char *path, int flags, u64 most, struct wn_embed_file **to);
int wn_embed_file_call(struct wn_embed_file *file, unsigned long cmd, void *arg);
void wn_embed_file_close(struct wn_embed_file *file);
int wn_embed_file_remove(const char *path);

/* One more of the same domain. */
int wn_embed_file_again(struct wn_embed_file *file, int flags, struct wn_embed_file **to);

/* A region's memory, once it is set up; or NULL. */
const struct wn_embed_memory *wn_embed_file_memory(const struct wn_embed_file *file, u32 type);

#endif
