// SPDX-License-Identifier: MIT
#include "bounds.h"

#include <limits.h>

#define BOUND(field)	{ #field, offsetof(struct wn_bounds, field), \
			  sizeof(((struct wn_bounds *)0)->field) == 8 }

static const struct {
	const char *name;
	size_t at;
	bool wide;		/* 64 bits */
} bounds[] = {
	BOUND(nodes), BOUND(children), BOUND(depth), BOUND(cells), BOUND(set_elems),
	BOUND(elems), BOUND(replicas), BOUND(clients), BOUND(caps), BOUND(slots),
	BOUND(sq_entries), BOUND(cq_entries), BOUND(inbox_entries), BOUND(group_ops),
	BOUND(idem_keys), BOUND(lanes), BOUND(subs), BOUND(timers), BOUND(log_records),
	BOUND(backlog), BOUND(slab_bytes),
};

#define BOUNDS	(sizeof(bounds) / sizeof(bounds[0]))

const char *wn_bound_name(unsigned int n)
{
	return n < BOUNDS ? bounds[n].name : NULL;
}

__u64 wn_bound_max(unsigned int n)
{
	return bounds[n].wide ? ~0ULL : UINT_MAX;
}

__u64 wn_bound_get(const struct wn_bounds *b, unsigned int n)
{
	const char *at = (const char *)b + bounds[n].at;

	return bounds[n].wide ? *(const __u64 *)(const void *)at : *(const __u32 *)(const void *)at;
}

void wn_bound_set(struct wn_bounds *b, unsigned int n, __u64 value)
{
	char *at = (char *)b + bounds[n].at;

	if (bounds[n].wide)
		*(__u64 *)(void *)at = value;
	else
		*(__u32 *)(void *)at = (__u32)value;
}
