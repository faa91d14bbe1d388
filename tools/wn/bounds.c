// SPDX-License-Identifier: MIT
#include "bounds.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "fail.h"

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

static bool is_power_of_two(__u32 v)
{
	return v && (v & (v - 1)) == 0;
}

/* What else is asked of the rings. */
static const char *ring_fault(const struct wn_bounds *b)
{
	if (!is_power_of_two(b->sq_entries))
		return "sq_entries is not a power of two";
	if (!is_power_of_two(b->cq_entries))
		return "cq_entries is not a power of two";
	if (!is_power_of_two(b->inbox_entries))
		return "inbox_entries is not a power of two";
	if (b->inbox_entries < WN_PRIORITIES)
		return "inbox_entries is below 4, one for each priority";
	if (b->cq_entries < b->sq_entries)
		return "cq_entries is below sq_entries: each op has one completion";
	return NULL;
}

/* What the engine found, as a sentence; false: it was none of them. */
static bool find_fault(const char *mount, const struct wn_bounds *b, char *text, size_t size)
{
	const char *fault = ring_fault(b);
	struct wn_bounds_query most;
	unsigned int i;
	__u64 v, limit;

	if (wn_bounds(mount, WN_BOUNDS_LIMIT, &most))
		return false;
	for (i = 0; i < BOUNDS; i++) {
		v = wn_bound_get(b, i);
		limit = wn_bound_get(&most.bounds, i);
		if (v && v <= limit)
			continue;
		snprintf(text, size, "%s is %llu: from 1 to %llu can be asked for", bounds[i].name,
			 (unsigned long long)v, (unsigned long long)limit);
		return true;
	}
	if (fault)
		snprintf(text, size, "%s", fault);
	return fault;
}

int wn_bounds_fail(const char *mount, const struct wn_bounds *b, const char *what,
		   const char *where, int err)
{
	char text[160];

	if ((err == -E2BIG || err == -EINVAL) && find_fault(mount, b, text, sizeof(text)))
		return wn_fail_because(what, where, err, text);
	return wn_fail(what, where, err);
}
