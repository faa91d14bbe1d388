// SPDX-License-Identifier: GPL-2.0-only
#include "setup.h"
#include "main.h"

#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "client.h"
#include "core/bounds.h"
#include "domain.h"
#include "owner.h"
#include "trace.h"
#include "uarg.h"
#include "wait.h"

/* One line a region: everything about a client's own memory is said here. */
struct piece {
	u32 type;
	struct wn_pages *pages;
	u64 bytes;
	bool writable;
};

#define PIECES	8

static void plan(struct wn_client_memory *m, const struct wn_setup *s, struct piece *piece)
{
	u64 inbox = 0;
	int i;

	for (i = 0; i < WN_PRIORITIES; i++)
		inbox += s->inbox_entries[i];
	*piece++ = (struct piece){ WN_REGION_USER_RING, &m->user_ring,
				   sizeof(struct wn_user_ring), true };
	*piece++ = (struct piece){ WN_REGION_SQES, &m->sqes,
				   array_size(s->sq_entries, sizeof(struct wn_sqe)), true };
	*piece++ = (struct piece){ WN_REGION_KERN_RING, &m->kern_ring,
				   sizeof(struct wn_kern_ring), false };
	*piece++ = (struct piece){ WN_REGION_CQES, &m->cqes,
				   array_size(s->cq_entries, sizeof(struct wn_cqe)), false };
	*piece++ = (struct piece){ WN_REGION_INBOX, &m->inbox,
				   array_size(inbox, sizeof(struct wn_event)), false };
	*piece++ = (struct piece){ WN_REGION_SLOTS, &m->slots, PAGE_SIZE, true };
	*piece++ = (struct piece){ WN_REGION_ARENA_IN, &m->arena_in, s->arena_in, true };
	*piece++ = (struct piece){ WN_REGION_ARENA_OUT, &m->arena_out, s->arena_out, false };
}

static u64 cost(const struct piece *pieces)
{
	u64 bytes = sizeof(struct wn_client);
	int i;

	for (i = 0; i < PIECES; i++)
		bytes += wn_pages_cost(pieces[i].bytes);
	return bytes;
}

static void free_pieces(const struct piece *pieces)
{
	int i;

	for (i = PIECES - 1; i >= 0; i--)
		wn_pages_free(pieces[i].pages);
}

static int alloc_pieces(const struct piece *pieces)
{
	int i, err;

	for (i = 0; i < PIECES; i++) {
		err = wn_pages_alloc(pieces[i].pages, pieces[i].bytes);
		if (err) {
			free_pieces(pieces);
			return err;
		}
	}
	return 0;
}

static void init_ring(struct wn_client *client, const struct wn_setup *s)
{
	struct wn_client_memory *m = &client->memory;
	struct wn_kern_ring *kern = m->kern_ring.addr;

	wn_ring_init(&client->ring, m->user_ring.addr, kern, m->sqes.addr, s->sq_entries,
		     m->cqes.addr, s->cq_entries);
	wn_inbox_init(&client->inbox, m->user_ring.addr, kern, m->inbox.addr, s->inbox_entries);
	/* No thread polls: whoever submits enters. */
	wn_ring_flag(&client->ring, WN_KR_F_NEED_WAKEUP, true);
	/* No restriction; what the module does not know is refused as unknown, not as forbidden. */
	memset(client->allowed, 0xff, sizeof(client->allowed));
	client->turn = (struct wn_turn){
		.ring = &client->ring,
		.env = {
			.allowed = client->allowed,
			.out = m->arena_out.addr,
			.out_bytes = m->arena_out.nr << PAGE_SHIFT,
			.in = m->arena_in.addr,
			.in_bytes = m->arena_in.nr << PAGE_SHIFT,
		},
		.takes_back = true,
	};
}

static void open_windows(struct wn_client *client, const struct wn_window *at)
{
	int i;

	down_write(&client->windows.lock);
	for (i = 0; i < WN_REGION_TABLE; i++)
		client->windows.at[i] = at[i];
	up_write(&client->windows.lock);
}

/*
 * Take memory and a number, answer the caller, publish last: when the answer
 * cannot be written the client is as new as before.
 */
static int setup_locked(struct wn_client *client, struct wn_setup *s, int usize,
			void __user *uarg)
{
	struct wn_domain *domain = client->domain;
	struct wn_window at[WN_REGION_TABLE] = {};
	struct piece pieces[PIECES];
	int i, err;

	lockdep_assert_held(&client->setup);

	if (client->state != WN_CLIENT_NEW)
		return client->state == WN_CLIENT_DEAD ? -ESHUTDOWN : -EBUSY;
	plan(&client->memory, s, pieces);
	s->bytes = cost(pieces);
	err = wn_charge_take(&client->charge, wn_charge_payer(), domain->mount, s->bytes);
	if (err)
		return err;
	err = alloc_pieces(pieces);
	if (err)
		goto err_charge;
	init_ring(client, s);
	err = wn_domain_join(domain, client, s->bytes);
	if (err < 0)
		goto err_pieces;
	s->client = err;

	for (i = 0; i < PIECES; i++)
		at[pieces[i].type] = (struct wn_window){
			.nr = pieces[i].pages->nr,
			.pages = pieces[i].pages,
			.writable = pieces[i].writable,
		};
	at[WN_REGION_PUBLIC] = (struct wn_window){
		.nr = domain->public.nr, .pages = &domain->public, .shared = true,
		.denied = !(client->first_rights & WN_RIGHT_READ),
	};
	at[WN_REGION_ALL_SLOTS] = (struct wn_window){
		.nr = domain->slots.nr, .slots = &domain->slots, .shared = true,
		.denied = !(client->first_rights & WN_RIGHT_READ),
	};
	s->nr_regions = wn_windows_table(at, s->regions);
	err = wn_uarg_put(s, sizeof(*s), usize, uarg);
	if (err)
		goto err_join;

	client->number = client->turn.env.client = s->client;
	client->bytes = s->bytes;
	open_windows(client, at);
	/* It may have been granted something since it is in the table. */
	wn_revoke_look(client);
	wn_domain_count(domain, WN_STAT_CLIENTS);
	smp_store_release(&client->state, WN_CLIENT_READY);
	trace_wn_client(domain->id, client->number, WN_TRACE_READY, 0);
	wn_poller_client_came(domain);
	return 0;

err_join:
	wn_domain_leave(domain, client, s->client, s->bytes);
	/* The others may have gone meanwhile: then it was the last. */
	wn_poller_client_went(domain);
err_pieces:
	free_pieces(pieces);
err_charge:
	wn_charge_give(&client->charge);
	return err;
}

long wn_client_setup(struct wn_client *client, void __user *uarg)
{
	struct wn_setup s = {};
	int usize, err;

	usize = wn_uarg_get(&s, sizeof(s), sizeof(s), uarg);
	if (usize < 0)
		return usize;
	if (s.flags)
		return -EINVAL;
	err = wn_bounds_fit_setup(&client->domain->bounds, &s, PAGE_SIZE);
	if (err)
		return err;
	memset(s.regions, 0, sizeof(s.regions));
	if (mutex_lock_killable(&client->setup))	/* held across copies to user space */
		return -EINTR;
	err = setup_locked(client, &s, usize, uarg);
	mutex_unlock(&client->setup);
	return err;
}

long wn_client_restrict(struct wn_client *client, void __user *uarg)
{
	struct wn_domain *domain = client->domain;
	struct wn_restrict r = {};
	u64 known[WN_OP_WORDS];
	int usize, err, i;

	usize = wn_uarg_get(&r, sizeof(r), sizeof(r), uarg);
	if (usize < 0)
		return usize;
	if (r.flags)
		return -EINVAL;
	err = wn_client_check_user(client);
	if (err)
		return err;
	/* A bad address restricts nothing. */
	if (wn_uarg_try(&r, sizeof(r), usize, uarg))
		return -EFAULT;
	wn_op_supported(known);
	mutex_lock(&domain->lock);
	for (i = 0; i < WN_OP_WORDS; i++) {
		client->allowed[i] &= r.ops[i];
		r.ops[i] = client->allowed[i] & known[i];
	}
	mutex_unlock(&domain->lock);
	return wn_uarg_put(&r, sizeof(r), usize, uarg);
}

long wn_client_enable(struct wn_client *client, void __user *uarg)
{
	struct wn_enable e = {};
	int usize, err;

	usize = wn_uarg_get(&e, sizeof(e), sizeof(e), uarg);
	if (usize < 0)
		return usize;
	if (e.flags)
		return -EINVAL;
	if (mutex_lock_killable(&client->setup))
		return -EINTR;
	if (client->state == WN_CLIENT_NEW)
		err = -ENXIO;
	else if (client->state != WN_CLIENT_READY)
		err = client->state == WN_CLIENT_DEAD ? -ESHUTDOWN : -EBUSY;
	else
		err = wn_uarg_put(&e, sizeof(e), usize, uarg);
	if (!err) {
		wn_owner_watch(client);
		smp_store_release(&client->state, WN_CLIENT_ENABLED);
		trace_wn_client(client->domain->id, client->number, WN_TRACE_ENABLED,
				pid_nr(client->owner));
	}
	mutex_unlock(&client->setup);
	return err;
}

/* What nobody needs to be told of a death. */
static void free_rest(struct wn_client_memory *m)
{
	wn_pages_free(&m->arena_out);
	wn_pages_free(&m->arena_in);
	wn_pages_free(&m->slots);
	wn_pages_free(&m->inbox);
	wn_pages_free(&m->cqes);
	wn_pages_free(&m->sqes);
}

/*
 * Of its memory two pages stay until the file goes: the kern ring tells who still
 * maps it that the client is dead, the user ring is the scratch page, for of that
 * nothing is read any more but positions, by pollers.
 */
static void die(struct wn_client *client)
{
	struct wn_client_memory *m = &client->memory;

	lockdep_assert_held(&client->setup);

	smp_store_release(&client->state, WN_CLIENT_DEAD);
	trace_wn_client(client->domain->id, client->number, WN_TRACE_DEAD, pid_nr(client->owner));
	wn_domain_leave(client->domain, client, client->number, client->bytes);
	wn_domain_count(client->domain, WN_STAT_DEATHS);
	wn_lanes_end(client);
	wn_poller_client_went(client->domain);
	wn_windows_close(&client->windows, client->space->i_mapping, m->user_ring.page[0],
			 WN_REGION_KERN_RING);
	free_rest(m);
	wn_charge_shrink(&client->charge, sizeof(*client) + 2 * wn_pages_cost(PAGE_SIZE));
	wn_wake(client, EPOLLERR | EPOLLHUP | EPOLLIN | EPOLLPRI);
	wn_eventfds_end(client);
}

void wn_client_die(struct wn_client *client)
{
	mutex_lock(&client->setup);
	if (client->state == WN_CLIENT_READY || client->state == WN_CLIENT_ENABLED)
		die(client);
	mutex_unlock(&client->setup);
}

void wn_client_unset(struct wn_client *client)
{
	wn_client_die(client);
	if (client->state == WN_CLIENT_NEW)
		return;
	trace_wn_client(client->domain->id, client->number, WN_TRACE_GONE, 0);
	wn_pages_free(&client->memory.kern_ring);
	wn_pages_free(&client->memory.user_ring);
	wn_charge_give(&client->charge);
}
