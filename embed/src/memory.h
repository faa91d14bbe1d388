/* SPDX-License-Identifier: MIT */
/*
 * Memory that the engine and clients see, each through a mapping of its own:
 * a sealed memfd, of which nobody can get a writable mapping any more once it is
 * made, unless clients may write it.
 */
#ifndef WN_EMBED_MEMORY_H
#define WN_EMBED_MEMORY_H

#include "kmod/core/port.h"

struct wn_embed_memory {
	void *addr;		/* the engine's mapping */
	u64 bytes;		/* whole pages; 0: there is none */
	int fd;			/* -1: of this process alone, or in pieces */
	int *fds;		/* NULL, or a file for each piece, in a row */
	u64 piece;		/* bytes of one */
	bool writable;		/* by clients */
	bool part;		/* of another one, which frees it */
	u64 offset;		/* where it begins in the file */
};

/* What so many bytes take: whole pages. */
u64 wn_embed_memory_cost(u64 bytes);

/* Zeroed. shared: clients can have a view. 0 or -ENOMEM. */
int wn_embed_memory_alloc(struct wn_embed_memory *m, u64 bytes, bool shared, bool writable);
/*
 * The same for clients to write a piece each and to read all: count files of so many
 * bytes, whole pages. Only their owner can open them anew.
 */
int wn_embed_memory_alloc_pieces(struct wn_embed_memory *m, u64 bytes, u32 count);
/* A file also where views are the engine's own mapping. */
int wn_embed_memory_alloc_file(struct wn_embed_memory *m, u64 bytes, bool writable);
void wn_embed_memory_free(struct wn_embed_memory *m);

/* A file of so many bytes, not sealed yet; below 0: none. */
int wn_embed_memory_file(u64 bytes);

/* Whole pages of another one, for clients to write or to read; of pieces one, or all. */
struct wn_embed_memory wn_embed_memory_part(const struct wn_embed_memory *m, u64 offset, u64 bytes,
					    bool writable);

/* A client's view; NULL: no memory. */
void *wn_embed_memory_view(const struct wn_embed_memory *m);
void wn_embed_memory_unview(const struct wn_embed_memory *m, void *view);

/*
 * A file's pages, or NULL; those of files in a row, bytes each. A forked child does not
 * get them.
 */
void *wn_embed_map(int fd, u64 offset, u64 bytes, bool writable);
void *wn_embed_map_row(u64 bytes, u32 count);
bool wn_embed_map_part(void *at, int fd, u64 offset, u64 bytes, bool writable);
bool wn_embed_map_at(void *at, int fd, u64 bytes, bool writable);

/* Views are the engine's own mapping from now on: before the first alloc. */
void wn_embed_memory_flat(void);

#endif
