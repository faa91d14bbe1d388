/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The bounds of a domain: what they are by default, how far they may go, and
 * whether a set of them is one a domain can be made with.
 */
#ifndef WN_CORE_BOUNDS_H
#define WN_CORE_BOUNDS_H

#include <linux/worknode.h>

extern const struct wn_bounds wn_bounds_default;
extern const struct wn_bounds wn_bounds_limit;

/*
 * 0; -EINVAL: a zero, entries that are no power of two, an inbox without an
 * entry for each priority, less completions than submissions; -E2BIG: above the
 * limit.
 */
int wn_bounds_check(const struct wn_bounds *bounds);

#endif
