// SPDX-License-Identifier: GPL-2.0-only
/* What the files of debugfs.c show: a line a thing, "key=value", a name last. */
#include "debugfs.h"
#include "main.h"

#include <linux/pid.h>
#include <linux/seq_file.h>
#include <linux/wait.h>

#include "client.h"
#include "core/cap.h"
#include "core/client.h"
#include "core/core.h"
#include "core/node.h"
#include "domain.h"
#include "engine.h"
#include "lane.h"

/* Names come from programs: what cannot be printed is escaped. */
static void print_name(struct seq_file *m, const u8 *name)
{
	seq_printf(m, " name=%*pE\n", (int)strnlen(name, WN_NAME_BYTES), name);
}

static void show_domain(struct seq_file *m, struct wn_domain *domain, u32 at)
{
	const struct wn_core *core = domain->core;
	struct wn_now now;

	wn_engine_now(&now);
	seq_printf(m, "id=%llu bytes=%llu client_bytes=%llu\n", domain->id, domain->bytes,
		   domain->client_bytes);
	seq_printf(m, "clients=%u/%u nodes=%u/%u lanes=%u/%u\n", domain->nr_clients,
		   domain->bounds.clients, wn_pool_count(&core->nodes), domain->bounds.nodes,
		   domain->nr_lanes, domain->bounds.lanes);
	seq_printf(m, "hlc=%llu epoch=%llu boottime=%llu\n", core->hlc, core->epoch, now.boottime);
	seq_printf(m, "mode=%s thread_wanted=%u idle_us=%llu\n",
		   domain->polled ? "polled" : "inline", READ_ONCE(domain->poller.wanted),
		   div_u64(READ_ONCE(domain->poller.idle_ns), NSEC_PER_USEC));
	if (domain->due == WN_NEVER)
		seq_puts(m, "work=none");
	else if (!domain->due)
		seq_puts(m, "work=queued");
	else
		seq_printf(m, "work=%llu", domain->due);
	seq_printf(m, " held=%u epoch_sleepers=%u\n", domain->held,
		   !list_empty(&domain->epochs.sleepers));
	seq_printf(m, "doomed_nodes=%u doomed_caps=%u dying_clients=%u\n",
		   core->doomed != WN_INDEX_NONE, core->caps.doomed != 0, core->deaths.first != 0);
}

static void show_stats(struct seq_file *m, struct wn_domain *domain, u32 at)
{
	static const char * const names[] = {
		[WN_STAT_SUBMITTED] = "submitted",
		[WN_STAT_COMPLETED] = "completed",
		[WN_STAT_REFUSED] = "refused",
		[WN_STAT_TURNS] = "turns",
		[WN_STAT_WAKEUPS] = "wakeups",
		[WN_STAT_CLIENTS] = "clients",
		[WN_STAT_DEATHS] = "deaths",
		[WN_STAT_CAP_GRANTED] = "cap_granted",
		[WN_STAT_CAP_REFUSED] = "cap_refused",
		[WN_STAT_CAP_EXPIRED] = "cap_expired",
		[WN_STAT_CAP_REVOKED] = "cap_revoked",
		[WN_STAT_DROPPED] = "dropped",
		[WN_STAT_TOKEN_MADE] = "token_made",
		[WN_STAT_TOKEN_REDEEMED] = "token_redeemed",
		[WN_STAT_TOKEN_REFUSED] = "token_refused",
	};
	const struct wn_core *core = domain->core;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i])
			seq_printf(m, "%s=%llu\n", names[i], (u64)core->public->stats[i]);
	/* The most steps that an op of an opcode took. */
	for (i = 0; i < WN_OP_COUNT; i++)
		if (wn_core_worst(core, i))
			seq_printf(m, "worst opcode=%u steps=%u\n", i, wn_core_worst(core, i));
}

static void show_memory(struct seq_file *m, struct wn_domain *domain, u32 at)
{
	const struct wn_core *core = domain->core;
	const struct wn_cells *cells = &core->cells;

	seq_printf(m, "public bytes=%lu\n", domain->public.nr << PAGE_SHIFT);
	seq_printf(m, "private bytes=%lu state=%llu\n", domain->private.nr << PAGE_SHIFT,
		   core->state_bytes);
	seq_printf(m, "clients bytes=%llu\n", domain->client_bytes);
	seq_printf(m, "nodes used=%u of=%u retired=%u\n", wn_pool_count(&core->nodes),
		   wn_pool_capacity(&core->nodes), wn_pool_retired(&core->nodes));
	seq_printf(m, "cells used=%u of=%u\n", wn_pool_count(&cells->pool), cells->nr_cells);
	seq_printf(m, "rows used=%llu of=%u\n", cells->rows_used, cells->nr_rows);
	seq_printf(m, "slab_blocks used=%llu of=%u\n", cells->slab.used, cells->slab.count);
	seq_printf(m, "letters used=%llu of=%u\n", core->mail.used, core->mail.capacity);
	seq_printf(m, "subs used=%u of=%u\n", wn_pool_count(&core->subs.pool),
		   wn_pool_capacity(&core->subs.pool));
	seq_printf(m, "promises used=%u of=%u ready=%u\n", wn_pool_count(&core->promises.pool),
		   wn_pool_capacity(&core->promises.pool), core->promises.nr_ready);
	seq_printf(m, "queues used=%u of=%u consumers=%u\n",
		   wn_pool_count(&core->queues.queue_pool),
		   wn_pool_capacity(&core->queues.queue_pool),
		   wn_pool_count(&core->queues.consumer_pool));
	seq_printf(m, "accounts used=%llu of=%u\n", core->accounts.used, core->accounts.capacity);
	seq_printf(m, "log records=%u head=%llu readers=%u\n", core->log.mask + 1, core->log.head,
		   core->log.readers);
}

static u32 count_clients(const struct wn_domain *domain)
{
	return domain->bounds.clients;
}

static void show_client(struct seq_file *m, struct wn_domain *domain, u32 at)
{
	static const char * const states[] = { "new", "ready", "enabled", "dead" };
	const struct wn_core_client *own = &domain->core->clients[at];
	struct wn_client *client = domain->clients[at];
	enum wn_client_state state;

	if (!client) {
		/* What it left is still being taken apart. */
		if (own->dying)
			seq_printf(m, "client=%u state=dying promises=%u\n", at, own->promises);
		return;
	}
	/* Acquire: what it promises is there; its owner stays while it is in the table. */
	state = smp_load_acquire(&client->state);
	seq_printf(m, "client=%u state=%s pid=%d", at, states[state],
		   state == WN_CLIENT_ENABLED ? pid_nr(client->owner) : 0);
	seq_printf(m, " sq=%u/%u cq=%u/%u refused=%llu held=%u", wn_ring_pending(&client->ring),
		   client->ring.sq_entries, wn_ring_unread(&client->ring),
		   client->ring.cq_entries, client->ring.refused, client->ring.held != 0);
	seq_printf(m, " flags=%#x sleeps=%u inbox=%u backlog=%u credit=%u",
		   client->ring.kern->flags, waitqueue_active(&client->wait),
		   wn_inbox_unread(&client->inbox), domain->core->mail.boxes[at].count,
		   wn_mail_credit(domain->core, at));
	seq_printf(m, " caps=%u given=%u subs=%u promises=%u lanes=%u\n", own->caps_used,
		   own->caps_given, own->subs, own->promises, client->lanes.made);
}

static u32 count_lanes(const struct wn_domain *domain)
{
	return domain->bounds.lanes;
}

static void show_lane(struct seq_file *m, struct wn_domain *domain, u32 at)
{
	struct wn_lane_info i;

	if (!wn_lane_look(domain, at, &i))
		return;
	seq_printf(m, "lane=%u producer=%u consumer=%u node=%#llx bytes=%u fill=%u", i.lane,
		   i.producer, i.consumer, i.node, i.bytes, i.fill);
	seq_printf(m, "%s%s%s%s%s%s\n", i.flags & WN_LANE_I_ACCEPTED ? " accepted" : " pending",
		   i.flags & WN_LANE_I_PRODUCER_GONE ? " producer-gone" : "",
		   i.flags & WN_LANE_I_CONSUMER_GONE ? " consumer-gone" : "",
		   i.flags & WN_LANE_I_REVOKED ? " revoked" : "",
		   i.flags & WN_LANE_I_PRODUCER_SLEEPS ? " producer-sleeps" : "",
		   i.flags & WN_LANE_I_CONSUMER_SLEEPS ? " consumer-sleeps" : "");
}

static u32 count_nodes(const struct wn_domain *domain)
{
	return domain->bounds.nodes;
}

static void show_node(struct seq_file *m, struct wn_domain *domain, u32 at)
{
	const struct wn_core *core = domain->core;
	const struct wn_node_rec *node = wn_node(core, at);
	const struct wn_node_own *own = &core->own[at];

	if (!node->handle)
		return;
	seq_printf(m, "node=%#llx parent=%#llx children=%u cells=%u type=%u state=%u tier=%u",
		   (u64)node->handle, (u64)node->parent, node->nr_children, node->nr_cells,
		   node->type, node->state, node->tier);
	seq_printf(m, " version=%llu hlc=%llu owner=%u", (u64)node->version, (u64)node->hlc,
		   node->owner);
	if (wn_queue_of(core, at))
		seq_printf(m, " queue=%u", wn_queue_of(core, at) - 1);
	else if (own->reader)
		seq_printf(m, " reader=%u", own->reader - 1);
	print_name(m, node->name);
}

static u32 count_caps(const struct wn_domain *domain)
{
	return domain->bounds.clients * domain->bounds.caps;
}

static void show_cap(struct seq_file *m, struct wn_domain *domain, u32 at)
{
	const struct wn_cap *cap = &domain->core->caps.at[at];

	if (cap->state == WN_CAP_FREE)
		return;
	seq_printf(m, "client=%u cap=%u state=%s", at / domain->bounds.caps,
		   at % domain->bounds.caps, cap->state == WN_CAP_LIVE ? "live" : "revoked");
	if (cap->state == WN_CAP_LIVE) {
		seq_printf(m, " rights=%#x node=%#llx badge=%#llx depth=%u given=%u account=%u",
			   cap->rights, cap->node, cap->badge, cap->depth, cap->given,
			   cap->account);
		if (cap->expires)
			seq_printf(m, " expires=%llu", cap->expires);
	}
	seq_putc(m, '\n');
}

static u32 count_subs(const struct wn_domain *domain)
{
	return domain->bounds.subs;
}

static void show_sub(struct seq_file *m, struct wn_domain *domain, u32 at)
{
	const struct wn_core *core = domain->core;
	const struct wn_sub *sub = &core->subs.subs[at];

	if (!wn_pool_handle(&core->subs.pool, at))
		return;
	seq_printf(m, "sub=%u client=%u cap=%u node=%#llx kinds=%#x priority=%u", at, sub->client,
		   sub->cap, sub->node, sub->kinds, sub->priority);
	if (sub->audit)
		seq_printf(m, " audit behind=%llu\n", core->audit->head - sub->at);
	else if (sub->ended)
		seq_printf(m, " ending err=%u\n", sub->ended);
	else if (sub->scan != WN_INDEX_NONE)
		seq_printf(m, " state next=%u\n", sub->scan);
	else
		seq_printf(m, " live behind=%llu%s\n", core->log.head - sub->at,
			   sub->rescan ? " rescan" : "");
}

static u32 count_queues(const struct wn_domain *domain)
{
	return wn_pool_capacity(&domain->core->queues.queue_pool);
}

static void show_queue(struct seq_file *m, struct wn_domain *domain, u32 at)
{
	const struct wn_queues *queues = &domain->core->queues;
	const struct wn_queue *queue = &queues->queues[at];

	if (!wn_pool_handle(&queues->queue_pool, at))
		return;
	seq_printf(m, "queue=%u node=%#llx dead=%#llx lease=%llu tries=%u", at, queue->node,
		   queue->dead, queue->lease, queue->tries);
	seq_printf(m, " jobs=%u ready_consumers=%u%s%s\n", queue->held, queue->nr_ready,
		   queues->asleep[at / 64] >> (at % 64) & 1 ? " asleep" : "",
		   queue->stuck ? " stuck" : "");
}

static u32 count_promises(const struct wn_domain *domain)
{
	return wn_pool_capacity(&domain->core->promises.pool);
}

static void show_promise(struct seq_file *m, struct wn_domain *domain, u32 at)
{
	static const char * const kinds[] = {
		[WN_PROMISE_TIMER] = "timer",
		[WN_PROMISE_EMIT] = "emit",
		[WN_PROMISE_SUBTREE] = "subtree",
		[WN_PROMISE_CALL] = "call",
		[WN_PROMISE_MONITOR] = "monitor",
		[WN_PROMISE_LINK] = "link",
	};
	const struct wn_promises *promises = &domain->core->promises;
	const struct wn_promise *p = &promises->at[at];

	if (!wn_pool_handle(&promises->pool, at))
		return;
	seq_printf(m, "promise=%u kind=%s client=%u node=%#llx", at,
		   p->kind < ARRAY_SIZE(kinds) && kinds[p->kind] ? kinds[p->kind] : "none",
		   p->client, (u64)p->event.node);
	if (p->due.at && p->due.at != WN_NEVER)
		seq_printf(m, " at=%llu", p->due.at);
	if (p->period)
		seq_printf(m, " period=%llu", p->period);
	seq_puts(m, p->ready ? " ready\n" : "\n");
}

const struct wn_dump wn_dumps[WN_DUMPS] = {
	{ "domain", NULL, show_domain },
	{ "stats", NULL, show_stats },
	{ "memory", NULL, show_memory },
	{ "clients", count_clients, show_client },
	{ "lanes", count_lanes, show_lane },
	{ "tree", count_nodes, show_node },
	{ "caps", count_caps, show_cap },
	{ "subs", count_subs, show_sub },
	{ "queues", count_queues, show_queue },
	{ "promises", count_promises, show_promise },
};
