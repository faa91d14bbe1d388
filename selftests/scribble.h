/* SPDX-License-Identifier: MIT */
/* Threads that write at random into all that a client may write. */
#ifndef WN_SELFTESTS_SCRIBBLE_H
#define WN_SELFTESTS_SCRIBBLE_H

#include <wn.h>

#include "storm.h"

#define WS_WINDOWS	8

struct ws_window {
	uint32_t *at;
	uint32_t words;
	bool entries;		/* of submissions: some nearly good ones, too */
};

/* What may be written: a table for several threads. */
struct ws_windows {
	struct ws_window window[WS_WINDOWS];
	uint32_t nr;
	/* Handles that entries name now and then: its own, and another's; and by what. */
	uint64_t node[2], cell[2];
	uint32_t cap;
};

void ws_windows_of(struct ws_windows *w, const struct wn *wn);
void ws_windows_add(struct ws_windows *w, void *at, uint64_t bytes, bool entries);

struct ws_scribbler {
	const struct ws_windows *windows;
	struct ws_dice dice;
	uint64_t stores;
	uint32_t stop;
};

/* A thread: until stop. */
void *ws_scribble(void *scribbler);

#endif
