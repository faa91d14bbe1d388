// SPDX-License-Identifier: MIT
#include "arena.h"

#define PARTS	64U

void wn_arena_init(struct wn_arena *arena, void *at, __u64 bytes)
{
	*arena = (struct wn_arena){
		.at = at,
		/* Offsets in ops have 32 bits. */
		.bytes = bytes < 1U << 31 ? (__u32)bytes : 1U << 31,
	};
	/* Pages are a multiple of 512: parts are of 8. */
	arena->part = arena->bytes / PARTS;
}

/* So many parts in a row, from bit 0. */
static __u64 row(const struct wn_arena *arena, __u32 bytes, __u32 *parts)
{
	*parts = (bytes + arena->part - 1) / arena->part;
	if (!*parts)
		*parts = 1;
	return *parts >= PARTS ? ~0ULL : (1ULL << *parts) - 1;
}

int wn_arena_alloc(struct wn_arena *arena, __u32 bytes, __u32 *offset)
{
	__u32 parts, at;
	__u64 bits;

	if (!arena->part)
		return -ENXIO;
	if (bytes > arena->part * PARTS)
		return -E2BIG;
	bits = row(arena, bytes, &parts);
	for (at = 0; at + parts <= PARTS; at++) {
		if (arena->used & bits << at)
			continue;
		arena->used |= bits << at;
		*offset = at * arena->part;
		return 0;
	}
	return -ENOSPC;
}

void wn_arena_free(struct wn_arena *arena, __u32 offset, __u32 bytes)
{
	__u32 parts;

	if (arena->part && offset / arena->part < PARTS)
		arena->used &= ~(row(arena, bytes, &parts) << offset / arena->part);
}

WN_API int wn_in_alloc(struct wn *wn, __u32 bytes, __u32 *offset)
{
	return *wn->alive ? wn_arena_alloc(&wn->in, bytes, offset) : -EOWNERDEAD;
}

WN_API void wn_in_free(struct wn *wn, __u32 offset, __u32 bytes)
{
	wn_arena_free(&wn->in, offset, bytes);
}

WN_API int wn_out_alloc(struct wn *wn, __u32 bytes, __u32 *offset)
{
	return *wn->alive ? wn_arena_alloc(&wn->out, bytes, offset) : -EOWNERDEAD;
}

WN_API void wn_out_free(struct wn *wn, __u32 offset, __u32 bytes)
{
	wn_arena_free(&wn->out, offset, bytes);
}
