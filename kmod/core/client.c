// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "client.h"

#include "journal.h"
#include "node.h"

static int open_client(struct wn_core *core, u32 number, const struct wn_core_open *first)
{
	struct wn_core_open cap = *first;
	struct wn_core_client *client;
	int err;
	u32 i;

	if (number >= core->bounds.clients || first->rights & ~WN_RIGHT_ALL)
		return -EINVAL;
	client = &core->clients[number];
	if (wn_core_client_is_open(client) || client->dying)
		return -EBUSY;
	for (i = 0; client->caps_used && i < core->bounds.caps; i++)
		if (client->caps[i].state != WN_CAP_FREE)
			return -EBUSY;
	cap.node = first->node ? first->node : core->root;
	if (wn_node_find(core, cap.node) < 0)
		return -ESTALE;
	err = wn_cap_place(core, number, 0, &cap);
	if (err)
		return err;
	client->first_id = core->caps.ids;
	client->subs = 0;
	client->accounts = 0;
	wn_mail_open(core, number);
	client->slots = first->slots;
	client->cap_hint = 1;
	client->life++;
	return 0;
}

int wn_core_client_open(struct wn_core *core, u32 number, const struct wn_core_open *first)
{
	int err;

	if (unlikely(core->journal)) {
		if (!wn_journal_has_share(core, core->bounds.clients))
			return -ENOBUFS;
		wn_journal_cap(core, WN_INPUT_OPEN, number, 0, first);
	}
	err = open_client(core, number, first);
	if (unlikely(core->journal))
		wn_journal_close(core, err);
	return err;
}

void wn_core_client_close(struct wn_core *core, u32 number)
{
	struct wn_core_client *client;
	u32 all = ~0u;

	if (number >= core->bounds.clients)
		return;
	client = &core->clients[number];
	if (!wn_core_client_is_open(client))
		return;
	if (unlikely(core->journal))
		wn_journal_open(core, WN_INPUT_CLOSE, number, NULL);
	wn_tx_begin(core->tx, false);
	wn_queue_client_gone(core, number);
	wn_mail_close(core, number);
	(void)wn_slot_client_gone(core, number, WN_SLOT_ANY_CAP, &all);
	wn_wheel_del(&core->wheel, &client->expiry);
	client->slots = NULL;
	client->life++;
	wn_caps_client_gone(core, number);
	wn_idem_clear(core, &client->idem);
	wn_death_add(core, number);
	if (unlikely(core->journal))
		wn_journal_close(core, 0);
}
