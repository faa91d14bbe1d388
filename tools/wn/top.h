/* SPDX-License-Identifier: MIT */
/* What top shows: a frame is all domains and clients at a moment. */
#ifndef WN_TOP_H
#define WN_TOP_H

#include "clients.h"
#include "cmd.h"
#include "sample.h"

/* By what domains are sorted; names are in wn_top_keys. */
enum wn_top_key { WN_TOP_OPS, WN_TOP_REFUSED, WN_TOP_CLIENTS, WN_TOP_NODES, WN_TOP_BYTES,
		  WN_TOP_LATENCY, WN_TOP_NAME };

extern const char *const wn_top_keys[];

struct wn_top_row {
	char name[WN_NAME_BYTES];
	struct wn_sample s;
	bool fresh;		/* seen for the first time: there are no rates */
	double ops, refused, changes, wakeups;
};

struct wn_frame {
	struct wn_top_row *rows;
	int n;
	struct wn_client_row *clients;
	int nr_clients;
};

/* Take a frame; before: the one before, for the rates, or NULL. 0 or -errno. */
int wn_frame_take(struct wn_ctx *ctx, const char *root, const struct wn_frame *before,
		  struct wn_frame *f);
void wn_frame_free(struct wn_frame *f);
void wn_frame_sort(struct wn_frame *f, enum wn_top_key key, bool backwards);

/* The same line for screen and paper; more than bytes are cut off. */
void wn_top_head(char *line, size_t bytes);
void wn_top_line(const struct wn_top_row *row, char *line, size_t bytes);
void wn_top_client_head(char *line, size_t bytes);
void wn_top_client_line(const struct wn_client_row *row, char *line, size_t bytes);

/* On the terminal until q: an exit status. */
int wn_top_screen(struct wn_ctx *ctx, const char *root, __u64 interval, enum wn_top_key key,
		  __u64 frames);

#endif
