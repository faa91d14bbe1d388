// SPDX-License-Identifier: GPL-2.0-only
#include "features.h"

#include <linux/worknode.h>

const struct wn_feature wn_features[] = {
	{ "domains", WN_FEAT_DOMAINS },
	{ "rings", WN_FEAT_RINGS },
	{ "nop", WN_FEAT_NOP },
	{ "arenas", WN_FEAT_ARENAS },
	{ "lanes", WN_FEAT_LANES },
	{ "poll", WN_FEAT_POLL },
	{ "classes", WN_FEAT_CLASSES },
	{ "handover", WN_FEAT_HANDOVER },
	{ "epoch", WN_FEAT_EPOCH },
	{ "eventfd", WN_FEAT_EVENTFD },
	{ "journal", WN_FEAT_JOURNAL },
	{ "fans", WN_FEAT_FANS },
	{},
};

u64 wn_features_mask(void)
{
	const struct wn_feature *f;
	u64 mask = 0;

	for (f = wn_features; f->name; f++)
		mask |= f->bit;
	return mask;
}
