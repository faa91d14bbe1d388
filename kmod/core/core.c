// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "core.h"

#include "bounds.h"

/* Cut the next piece of so many bytes; every piece is aligned to a cache line. */
static bool cut(u64 *total, u64 bytes)
{
	u64 padded;

	return !wn_add_overflow(bytes, 63ULL, &padded) &&
	       !wn_add_overflow(*total, padded & ~63ULL, total);
}

int wn_core_size(const struct wn_bounds *bounds, struct wn_core_size *size)
{
	u64 public = 0, private = 0;

	if (!cut(&public, sizeof(struct wn_public)) ||
	    !cut(&private, sizeof(struct wn_core)) ||
	    !cut(&private, wn_pool_bytes(bounds->nodes)))
		return -EOVERFLOW;
	*size = (struct wn_core_size){ .public_bytes = public, .private_bytes = private };
	return 0;
}

struct wn_core *wn_core_init(void *public, void *private, const struct wn_bounds *bounds,
			     const struct wn_core_ident *ident)
{
	struct wn_core *core = private;
	struct wn_core_size size;
	u64 at = 0;

	if (wn_bounds_check(bounds) || wn_core_size(bounds, &size) ||
	    !cut(&at, sizeof(*core)))
		return NULL;
	core->public = public;
	core->bounds = *bounds;
	if (wn_pool_init(&core->nodes, (u8 *)private + at, bounds->nodes))
		return NULL;
	core->public->magic = WN_PUBLIC_MAGIC;
	core->public->layout = WN_LAYOUT_VERSION;
	core->public->header_bytes = sizeof(struct wn_public);
	core->public->bytes = size.public_bytes;
	core->public->domain = ident->domain;
	return core;
}

void wn_core_count(struct wn_core *core, u32 stat, u64 n)
{
	u64 *word = (u64 *)&core->public->stats[stat];

	/* A store that readers may see at any moment, whole; we are its only writer. */
	WRITE_ONCE(*word, *word + n);
}
