// SPDX-License-Identifier: GPL-2.0-only
#include "domain.h"
#include "main.h"

#include <linux/random.h>
#include <linux/slab.h>

#include "class.h"
#include "client.h"
#include "core/bounds.h"
#include "core/client.h"
#include "core/core.h"
#include "core/journal.h"
#include "engine.h"
#include "recording.h"
#include "trace.h"
#include "uarg.h"

static atomic64_t last_id;

static bool clients_table_bytes(const struct wn_bounds *bounds, u64 *bytes)
{
	return !check_mul_overflow((u64)bounds->clients, (u64)(sizeof(struct wn_client *) + sizeof(struct page *)), bytes);
}

u64 wn_domain_cost(const struct wn_bounds *bounds)
{
	struct wn_core_size size;
	u64 bytes;

	if (wn_core_size(bounds, &size) || !clients_table_bytes(bounds, &bytes) ||
	    check_add_overflow(bytes, (u64)sizeof(struct wn_domain), &bytes) ||
	    check_add_overflow(bytes, (u64)array_size(bounds->lanes, sizeof(struct wn_lane *)),
			       &bytes) ||
	    check_add_overflow(bytes, wn_pages_cost(size.public_bytes), &bytes) ||
	    check_add_overflow(bytes, wn_pages_cost(size.private_bytes), &bytes))
		return 0;
	return bytes;
}

void wn_domain_free(struct wn_domain *domain)
{
	if (!domain)
		return;
	WARN_ON_ONCE(domain->nr_clients || domain->poller.task);
	wn_debugfs_end(domain);
	wn_engine_end(domain);
	if (domain->core)
		trace_wn_domain(domain->id, WN_TRACE_ENDED, domain->bytes);
	wn_recording_end(domain);
	wn_pages_free(&domain->private);
	wn_pages_free(&domain->public);
	kvfree(domain->slots.page);
	kvfree(domain->lanes);
	kvfree(domain->clients);
	wn_charge_give(&domain->charge);
	mutex_destroy(&domain->lock);
	kfree(domain);
}

struct wn_domain *wn_domain_new(const struct wn_bounds *bounds, u32 journal_kb, kuid_t uid,
				struct wn_budget *mount)
{
	const u64 recorded = journal_kb ? wn_recording_bytes(bounds, journal_kb) : 0;
	struct wn_core_ident ident = {};
	struct wn_core_size size;
	struct wn_domain *domain;
	int err;

	/* All arithmetic and all limits come before the first byte is taken. */
	err = wn_bounds_check(bounds);
	if (err)
		return ERR_PTR(err);
	err = wn_core_size(bounds, &size);
	if (err)
		return ERR_PTR(err);

	domain = kzalloc(sizeof(*domain), GFP_KERNEL_ACCOUNT);
	if (!domain)
		return ERR_PTR(-ENOMEM);
	mutex_init(&domain->lock);
	spin_lock_init(&domain->table);
	init_rwsem(&domain->slots.lock);
	wn_poller_init(&domain->poller);
	wn_revoke_init(&domain->revoke);
	wn_epochs_init(&domain->epochs);
	wn_engine_begin(domain);
	wn_classes_init(domain);
	domain->bounds = *bounds;
	domain->mount = mount;
	domain->bytes = wn_domain_cost(bounds);
	err = -EOVERFLOW;
	if (!domain->bytes ||
	    (recorded && check_add_overflow(domain->bytes, wn_recording_cost(recorded),
					    &domain->bytes)))
		goto err;
	err = wn_charge_take(&domain->charge, uid, mount, domain->bytes);
	if (err)
		goto err;
	err = -ENOMEM;
	domain->clients = kvcalloc(bounds->clients, sizeof(*domain->clients),
				   GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	domain->slots.page = kvcalloc(bounds->clients, sizeof(*domain->slots.page),
				      GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	domain->lanes = kvcalloc(bounds->lanes, sizeof(*domain->lanes),
				 GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!domain->clients || !domain->slots.page || !domain->lanes)
		goto err;
	domain->slots.nr = bounds->clients;
	err = wn_pages_alloc(&domain->public, size.public_bytes);
	if (err)
		goto err;
	err = wn_pages_alloc(&domain->private, size.private_bytes);
	if (err)
		goto err;

	domain->id = atomic64_inc_return(&last_id);
	ident.domain = domain->id;
	get_random_bytes(ident.name_key, sizeof(ident.name_key));
	get_random_bytes(ident.secret, sizeof(ident.secret));
	domain->core = wn_core_init(domain->public.addr, domain->private.addr, bounds, &ident);
	err = -EINVAL;
	if (WARN_ON_ONCE(!domain->core))
		goto err;
	err = recorded ? wn_recording_begin(domain, recorded, &ident) : 0;
	memzero_explicit(&ident, sizeof(ident));
	if (err)
		goto err;
	trace_wn_domain(domain->id, WN_TRACE_MADE, domain->bytes);
	return domain;

err:
	wn_domain_free(domain);
	return ERR_PTR(err);
}

/* Another page lies at a client's place from now on; who mapped the old one faults it in. */
static void show_slots(struct wn_domain *domain, u32 number, struct page *page)
{
	u32 i;

	lockdep_assert_held(&domain->lock);

	down_write(&domain->slots.lock);
	domain->slots.page[number] = page;
	for (i = 0; i < domain->bounds.clients; i++)
		if (domain->clients[i])
			wn_region_unmap_slots(domain->clients[i]->space->i_mapping, number);
	up_write(&domain->slots.lock);
}

static void enter(struct wn_domain *domain, u32 number, struct wn_client *client)
{
	lockdep_assert_held(&domain->lock);

	spin_lock(&domain->table);
	domain->clients[number] = client;
	spin_unlock(&domain->table);
}

int wn_domain_join(struct wn_domain *domain, struct wn_client *client, u64 bytes)
{
	const struct wn_core_open first = {
		.rights = client->first_rights,
		.slots = client->memory.slots.addr,
	};
	int number = -ENOSPC, err;
	u32 i;

	mutex_lock(&domain->lock);
	for (i = 0; i < domain->bounds.clients; i++) {
		if (domain->clients[i])
			continue;
		err = wn_core_client_open(domain->core, i, &first);
		if (err == -ENOBUFS) {
			number = err;
			break;
		}
		/* What its last holder granted may still be on its way out: another number. */
		if (err)
			continue;
		enter(domain, i, client);
		wn_ring_flag(&client->ring, WN_KR_F_NEED_WAKEUP, !domain->polled);
		domain->nr_clients++;
		domain->client_bytes += bytes;
		show_slots(domain, i, client->memory.slots.page[0]);
		number = i;
		break;
	}
	mutex_unlock(&domain->lock);
	return number;
}

void wn_domain_leave(struct wn_domain *domain, struct wn_client *client, u32 number, u64 bytes)
{
	mutex_lock(&domain->lock);
	wn_core_client_close(domain->core, number);
	wn_ring_flag(&client->ring, WN_KR_F_DEAD, true);
	show_slots(domain, number, NULL);
	/*
	 * Who is not in the table is not told of slot pages that go: so it sees none from here
	 * on, whoever may have its windows mapped and outlive it.
	 */
	wn_windows_share(&client->windows, client->space->i_mapping, false);
	enter(domain, number, NULL);
	domain->nr_clients--;
	domain->client_bytes -= bytes;
	wn_epochs_end(domain, client);
	wn_engine_settle(domain);
	mutex_unlock(&domain->lock);
}

void wn_domain_count(struct wn_domain *domain, u32 stat)
{
	mutex_lock(&domain->lock);
	wn_core_count(domain->core, stat, 1);
	mutex_unlock(&domain->lock);
}

long wn_domain_info(struct wn_domain *domain, void __user *uarg)
{
	struct wn_domain_info info = {};
	int usize;

	usize = wn_uarg_get(&info, sizeof(info), sizeof(info), uarg);
	if (usize < 0)
		return usize;
	if (info.flags)
		return -EINVAL;
	info.id = domain->id;
	info.bytes = domain->bytes;
	info.bounds = domain->bounds;
	mutex_lock(&domain->lock);
	info.client_bytes = domain->client_bytes;
	info.clients = domain->nr_clients;
	info.nodes = wn_pool_count(&domain->core->nodes);
	mutex_unlock(&domain->lock);
	return wn_uarg_put(&info, sizeof(info), usize, uarg);
}
