/* SPDX-License-Identifier: GPL-2.0-only */
/* What this module can do: bits for WN_IOC_QUERY, names for features/. */
#ifndef WN_FEATURES_H
#define WN_FEATURES_H

#include <linux/types.h>

struct wn_feature {
	const char *name;
	u64 bit;
};

/* Ends with an entry without a name. */
extern const struct wn_feature wn_features[];

u64 wn_features_mask(void);

#endif
