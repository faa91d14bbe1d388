// SPDX-License-Identifier: GPL-2.0-only
#include "revoke.h"
#include "main.h"

#include <linux/minmax.h>

#include "client.h"
#include "core/cap.h"
#include "domain.h"
#include "engine.h"
#include "lane.h"

/* Clients that are looked at and lanes that are taken in one hold of the lock. */
#define REVOKE_BUDGET	16U

void wn_revoke_init(struct wn_revoke *revoke)
{
	revoke->due = WN_NEVER;
}

static void look(struct wn_domain *domain, u32 number, const struct wn_now *now)
{
	struct wn_client *client = domain->clients[number];
	u64 until;
	bool may;

	if (!client)
		return;
	may = wn_caps_cover(domain->core, number, WN_RIGHT_READ, now->boottime, &until);
	if (may)
		domain->revoke.due = min(domain->revoke.due, until);
	wn_windows_share(&client->windows, client->space->i_mapping, may);
}

bool wn_revoke_run(struct wn_domain *domain, const struct wn_now *now)
{
	struct wn_revoke *revoke = &domain->revoke;
	u32 budget = REVOKE_BUDGET;
	int number;

	lockdep_assert_held(&domain->lock);

	if (now->boottime >= revoke->due) {
		/* Whose it was does not matter: it is found, and when the next one is due. */
		revoke->due = WN_NEVER;
		wn_caps_touch_all(domain->core);
	}
	for (; budget && (number = wn_caps_touched(domain->core)) >= 0; budget--) {
		look(domain, number, now);
		revoke->lane = 0;
		revoke->lanes = true;
	}
	if (budget && revoke->lanes)
		revoke->lanes = !wn_lanes_revoke(domain, now, &revoke->lane, &budget,
						 &revoke->due);
	revoke->busy = !budget || revoke->lanes;
	return !revoke->busy;
}

void wn_revoke_look(struct wn_client *client)
{
	struct wn_domain *domain = client->domain;
	struct wn_now now;

	mutex_lock(&domain->lock);
	wn_engine_now(&now);
	look(domain, client->number, &now);
	mutex_unlock(&domain->lock);
}
