/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The bounds of a domain: what they are by default, how far they may go, and
 * whether a set of them is one a domain can be made with.
 */
#ifndef WN_CORE_BOUNDS_H
#define WN_CORE_BOUNDS_H

#include <linux/worknode.h>

#include "port.h"

extern const struct wn_bounds wn_bounds_default;
extern const struct wn_bounds wn_bounds_limit;

/*
 * 0; -EINVAL: a zero, entries that are no power of two, an inbox without an
 * entry for each priority, less completions than submissions; -E2BIG: above the
 * limit.
 */
int wn_bounds_check(const struct wn_bounds *bounds);

/*
 * What a client asks for at its setup: defaults for zeroes, then held against the
 * bounds; arenas are rounded up to pages of @page bytes, a power of two. 0; -EINVAL:
 * entries that are no power of two, less completions than submissions; -E2BIG: above
 * the bounds. After an error @s is in between.
 */
int wn_bounds_fit_setup(const struct wn_bounds *bounds, struct wn_setup *s, u32 page);

#endif
