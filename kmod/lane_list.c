// SPDX-License-Identifier: GPL-2.0-only
#include "lane.h"
#include "main.h"

#include <linux/slab.h>

#include "client.h"
#include "core/cap.h"
#include "domain.h"
#include "engine.h"
#include "uarg.h"

/* Numbers that are looked at under one hold of the domain's lock. */
#define LOOKS	256U

static int collect(struct wn_client *client, struct wn_lane_list *l)
{
	struct wn_domain *domain = client->domain;
	u32 looks = LOOKS;
	struct wn_now now;
	u64 until;
	int err = 0;

	mutex_lock(&domain->lock);
	wn_engine_now(&now);
	/* Whose number it was may be another's by now: the caller may be dead. */
	if (domain->clients[client->number] != client)
		err = -ESHUTDOWN;
	else if (!wn_caps_cover(domain->core, client->number, WN_RIGHT_READ, now.boottime, &until))
		err = -EACCES;
	for (; !err && looks && l->next < domain->bounds.lanes && l->count < WN_LANE_LIST; looks--)
		l->count += wn_lane_look(domain, l->next++, &l->lanes[l->count]);
	mutex_unlock(&domain->lock);
	return err;
}

long wn_lane_list(struct wn_client *client, void __user *uarg)
{
	struct wn_lane_list *l = kzalloc(sizeof(*l), GFP_KERNEL);
	int usize, err;

	if (!l)
		return -ENOMEM;
	/* All of it, or what was left out of what is told would be lost. */
	usize = wn_uarg_get(l, sizeof(*l), sizeof(*l), uarg);
	err = usize < 0 ? usize : l->flags ? -EINVAL : wn_client_check_owner(client);
	if (!err) {
		l->count = 0;
		memset(l->lanes, 0, sizeof(l->lanes));
	}
	while (!err && l->next < client->domain->bounds.lanes && l->count < WN_LANE_LIST)
		err = collect(client, l);
	if (!err) {
		if (l->next >= client->domain->bounds.lanes)
			l->next = WN_LANE_ANY;
		err = wn_uarg_put(l, sizeof(*l), usize, uarg);
	}
	kfree(l);
	return err;
}
