// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "core.h"

#include "bounds.h"
#include "cap.h"
#include "cell_delta.h"
#include "client.h"
#include "clock.h"
#include "idem.h"
#include "journal.h"
#include "names.h"
#include "node.h"
#include "op.h"
#include "token.h"

#define LINE 64u

/* Where everything lies: cache lines from its memory's start, in the order of the memory. */
struct layout {
	/* public */
	u32 header, node_pictures, name_pictures, cell_pictures, slot_pictures;
	/* private, state */
	u32 core, nodes, own, pool, names, types, states, changed, clients, caps, keys, heads;
	u32 cells, cell_own, cell_pool, cell_rows, elems, elem_heads, blocks;
	u32 log_records, subs, sub_pool, accounts, cell_charges;
	u32 letters, boxes, waiting, held;
	u32 promises, promise_pool;
	u32 slots, slot_own, slot_used;
	u32 jobs, consumers, queues, of_client, awake, asleep, queue_pool, consumer_pool;
	u32 scratch;
	/* private, scratch */
	u32 tx, log, edits, node_marks, name_marks, group, results, reach, worst, epoch, shares;
	u32 cell_marks, finger, vector, delta, log_marks, planned, slot_marks, refused, audit, key;
	u32 dirty, hashes, touched;
	u32 merged, merged_hashes, merged_good, merged_cells, merged_way, merged_heap;
	u64 public_bytes, private_bytes;
	bool overflow;
};

/* Cut the next piece of so many entries; every piece is aligned to a cache line. */
static u32 cut(struct layout *l, u64 *total, u64 entries, u64 bytes)
{
	const u64 at = *total / LINE;
	u64 size, padded;

	if (wn_mul_overflow(entries, bytes, &size) ||
	    wn_add_overflow(size, (u64)(LINE - 1), &padded) ||
	    wn_add_overflow(*total, padded & ~(u64)(LINE - 1), total))
		l->overflow = true;
	/* The hard limits are far below that. */
	if (at >> 32)
		l->overflow = true;
	return (u32)at;
}

static void *place(u8 *memory, u32 lines)
{
	return memory + (u64)lines * LINE;
}

/* A group of ops of any kind, or one merge. */
static u64 log_words(const struct wn_bounds *b)
{
	const u64 group = (u64)b->group_ops * (WN_TX_OP_WORDS + WN_TX_REPLICA_WORDS * b->replicas);

	return group > WN_TX_MERGE_WORDS ? group : WN_TX_MERGE_WORDS;
}

static int layout(struct layout *l, const struct wn_bounds *b)
{
	const u32 buckets = wn_names_buckets(b->nodes);
	const u64 lines = (u64)b->clients * wn_slot_lines(b->slots);
	u64 *at;

	wn_memset(l, 0, sizeof(*l));
	at = &l->public_bytes;
	l->header = cut(l, at, 1, sizeof(struct wn_public));
	l->node_pictures = cut(l, at, b->nodes, sizeof(struct wn_node_rec));
	l->name_pictures = cut(l, at, buckets, sizeof(struct wn_name_bucket));
	l->cell_pictures = cut(l, at, b->cells, sizeof(struct wn_cell_rec));
	l->slot_pictures = cut(l, at, lines, sizeof(struct wn_slot_line));

	at = &l->private_bytes;
	l->core = cut(l, at, 1, sizeof(struct wn_core));
	l->nodes = cut(l, at, b->nodes, sizeof(struct wn_node_rec));
	l->own = cut(l, at, b->nodes, sizeof(struct wn_node_own));
	l->pool = cut(l, at, 1, wn_pool_bytes(b->nodes));
	l->names = cut(l, at, buckets, sizeof(struct wn_name_bucket));
	l->types = cut(l, at, 1, wn_facet_bytes(b->nodes));
	l->states = cut(l, at, 1, wn_facet_bytes(b->nodes));
	l->changed = cut(l, at, 1, wn_changed_bytes(b->nodes));
	l->clients = cut(l, at, b->clients, sizeof(struct wn_core_client));
	l->caps = cut(l, at, (u64)b->clients * b->caps, sizeof(struct wn_cap));
	l->keys = cut(l, at, (u64)b->clients * b->idem_keys, sizeof(struct wn_idem));
	l->heads = cut(l, at, (u64)b->clients * wn_idem_heads(b->idem_keys), sizeof(u32));
	l->cells = cut(l, at, b->cells, sizeof(struct wn_cell_rec));
	l->cell_own = cut(l, at, b->cells, sizeof(struct wn_cell_own));
	l->cell_pool = cut(l, at, 1, wn_pool_bytes(b->cells));
	l->cell_rows = cut(l, at, wn_cells_rows(b), sizeof(struct wn_row));
	l->elems = cut(l, at, b->elems, sizeof(struct wn_elem));
	l->elem_heads = cut(l, at, wn_elem_heads(b->elems), sizeof(u32));
	l->blocks = cut(l, at, wn_cells_blocks(b), sizeof(struct wn_slab_block));
	l->log_records = cut(l, at, wn_log_capacity(b->log_records), sizeof(struct wn_log_rec));
	l->subs = cut(l, at, b->subs, sizeof(struct wn_sub));
	l->sub_pool = cut(l, at, 1, wn_pool_bytes(b->subs));
	l->accounts = cut(l, at, wn_accounts_count(b), sizeof(struct wn_account));
	l->cell_charges = cut(l, at, b->cells, sizeof(struct wn_cell_charge));
	l->promises = cut(l, at, b->timers, sizeof(struct wn_promise));
	l->promise_pool = cut(l, at, 1, wn_pool_bytes(b->timers));
	l->letters = cut(l, at, b->backlog, sizeof(struct wn_letter));
	l->boxes = cut(l, at, b->clients, sizeof(struct wn_box));
	l->waiting = cut(l, at, 1, wn_mail_waiting_bytes(b->clients));
	l->held = cut(l, at, wn_mail_held_count(b->clients), sizeof(u32));
	l->slots = cut(l, at, lines, sizeof(struct wn_slot_line));
	l->slot_own = cut(l, at, (u64)b->clients * b->slots, sizeof(struct wn_slot_own));
	l->slot_used = cut(l, at, (u64)b->clients * wn_slot_words(b->slots), sizeof(u64));
	l->jobs = cut(l, at, b->backlog, sizeof(struct wn_job));
	l->consumers = cut(l, at, wn_queues_consumers(b), sizeof(struct wn_consumer));
	l->queues = cut(l, at, b->clients, sizeof(struct wn_queue));
	l->of_client = cut(l, at, b->clients, sizeof(struct wn_link));
	l->awake = cut(l, at, 1, wn_mail_waiting_bytes(b->clients));
	l->asleep = cut(l, at, 1, wn_mail_waiting_bytes(b->clients));
	l->queue_pool = cut(l, at, 1, wn_pool_bytes(b->clients));
	l->consumer_pool = cut(l, at, 1, wn_pool_bytes(wn_queues_consumers(b)));

	l->scratch = (u32)(*at / LINE);
	l->tx = cut(l, at, 1, sizeof(struct wn_tx));
	l->log = cut(l, at, log_words(b), sizeof(u64));
	l->edits = cut(l, at, b->group_ops, WN_TX_OP_EDITS * sizeof(u32));
	l->node_marks = cut(l, at, b->nodes, 1);
	l->name_marks = cut(l, at, buckets, 1);
	l->group = cut(l, at, b->group_ops, 2 * sizeof(struct wn_sqe));
	l->results = cut(l, at, b->group_ops, sizeof(struct wn_op_result));
	l->reach = cut(l, at, (u64)b->clients * WN_REACH_ENTRIES, sizeof(struct wn_reach));
	l->shares = cut(l, at, (u64)b->clients + 1, sizeof(struct wn_journal_share));
	l->worst = cut(l, at, WN_OP_COUNT, sizeof(u32));
	l->epoch = cut(l, at, 1, sizeof(u64));
	l->cell_marks = cut(l, at, b->cells, 1);
	l->slot_marks = cut(l, at, lines, 1);
	l->dirty = cut(l, at, wn_digest_bits(b) / 64, sizeof(u64));
	l->hashes = cut(l, at, wn_digest_bits(b), WN_BLAKE2S_BYTES);
	l->finger = cut(l, at, 1, sizeof(u32));
	l->vector = cut(l, at, 1, sizeof(struct wn_vv));
	l->delta = cut(l, at, 1, WN_DELTA_BYTES_MAX);
	l->log_marks = cut(l, at, b->nodes, 1);
	l->refused = cut(l, at, 2, sizeof(u64));
	l->key = cut(l, at, 1, sizeof(struct wn_token_key));
	l->audit = cut(l, at, 1, sizeof(struct wn_audit));
	l->planned = cut(l, at, b->clients, sizeof(u32));
	l->merged = cut(l, at, 1, sizeof(struct wn_merged));
	l->merged_hashes = cut(l, at, b->nodes, WN_BLAKE2S_BYTES);
	l->merged_good = cut(l, at, b->nodes, 1);
	l->merged_cells = cut(l, at, b->cells, sizeof(struct wn_merged_cell));
	l->merged_way = cut(l, at, WN_DEPTH_MAX + 1, sizeof(struct wn_merged_step));
	l->merged_heap = cut(l, at, b->children, sizeof(u32));
	l->touched = cut(l, at, 1 + ((u64)b->clients + 63) / 64, sizeof(u64));
	return l->overflow ? -EOVERFLOW : 0;
}

int wn_core_size(const struct wn_bounds *bounds, struct wn_core_size *size)
{
	struct layout l;

	if (layout(&l, bounds))
		return -EOVERFLOW;
	size->public_bytes = l.public_bytes;
	size->private_bytes = l.private_bytes;
	return 0;
}

static void init_mail(struct wn_core *core, const struct layout *l, void *base)
{
	const struct wn_mail_parts parts = {
		.letters = place(base, l->letters),
		.boxes = place(base, l->boxes),
		.waiting = place(base, l->waiting),
		.planned = place(base, l->planned),
		.held = place(base, l->held),
	};

	wn_mail_init(&core->mail, &parts, core->bounds.backlog);
}

static void init_tx(struct wn_core *core, const struct layout *l, u8 *public, u8 *private)
{
	struct wn_tx *tx = place(private, l->tx);

	wn_tx_init(tx, private, place(private, l->log), place(private, l->edits),
		   core->bounds.group_ops);
	tx->log_room = (u32)log_words(&core->bounds);
	tx->tables[WN_TABLE_NODES] = (struct wn_table){
		.truth = place(private, l->nodes),
		.picture = place(public, l->node_pictures),
		.marks = place(private, l->node_marks),
		.words = sizeof(struct wn_node_rec) / sizeof(u64),
		.sequenced = true,
	};
	tx->tables[WN_TABLE_NAMES] = (struct wn_table){
		.truth = place(private, l->names),
		.picture = place(public, l->name_pictures),
		.marks = place(private, l->name_marks),
		.words = sizeof(struct wn_name_bucket) / sizeof(u64),
	};
	tx->tables[WN_TABLE_CELLS] = (struct wn_table){
		.truth = place(private, l->cells),
		.picture = place(public, l->cell_pictures),
		.marks = place(private, l->cell_marks),
		.words = sizeof(struct wn_cell_rec) / sizeof(u64),
		.sequenced = true,
	};
	tx->tables[WN_TABLE_SLOTS] = (struct wn_table){
		.truth = place(private, l->slots),
		.picture = place(public, l->slot_pictures),
		.marks = place(private, l->slot_marks),
		.words = sizeof(struct wn_slot_line) / sizeof(u64),
	};
	core->tx = tx;
	wn_wheel_init(&core->wheel, tx);
}

static void init_clients(struct wn_core *core, const struct layout *l, u8 *private)
{
	const struct wn_bounds *b = &core->bounds;
	u32 i;

	core->clients = place(private, l->clients);
	core->caps.at = place(private, l->caps);
	core->caps.refused = place(private, l->refused);
	core->caps.touched = place(private, l->touched);
	core->caps.key = place(private, l->key);
	core->caps.epoch = core->caps.oldest = 1;
	core->audit = place(private, l->audit);
	for (i = 0; i < b->clients; i++) {
		struct wn_core_client *client = &core->clients[i];

		client->caps = (struct wn_cap *)place(private, l->caps) + (u64)i * b->caps;
		client->idem.keys = (struct wn_idem *)place(private, l->keys) + (u64)i * b->idem_keys;
		client->idem.heads = (u32 *)place(private, l->heads) +
				     (u64)i * wn_idem_heads(b->idem_keys);
	}
}

static noinline int init_cells(struct wn_core *core, const struct layout *l, u8 *private, u32 replica)
{
	const struct wn_cells_memory memory = {
		.own = place(private, l->cell_own),
		.pool = place(private, l->cell_pool),
		.rows = place(private, l->cell_rows),
		.elems = place(private, l->elems),
		.heads = place(private, l->elem_heads),
		.blocks = place(private, l->blocks),
		.finger = place(private, l->finger),
	};

	core->vector = place(private, l->vector);
	core->delta = place(private, l->delta);
	return wn_cells_init(&core->cells, core->tx, &core->bounds, &memory, core->secret, replica);
}

static void init_merged(struct wn_core *core, const struct layout *l, u8 *private)
{
	core->merged = place(private, l->merged);
	wn_merged_init(core->merged, place(private, l->merged_hashes),
		       place(private, l->merged_good), place(private, l->merged_cells),
		       place(private, l->merged_way), place(private, l->merged_heap));
}

static noinline int init_queues(struct wn_core *core, const struct layout *l, u8 *private)
{
	const struct wn_queues_memory memory = {
		.jobs = place(private, l->jobs),
		.consumers = place(private, l->consumers),
		.queues = place(private, l->queues),
		.of_client = place(private, l->of_client),
		.awake = place(private, l->awake),
		.asleep = place(private, l->asleep),
		.queue_pool = place(private, l->queue_pool),
		.consumer_pool = place(private, l->consumer_pool),
	};

	return wn_queues_init(&core->queues, &memory, &core->bounds);
}

static void init_public(struct wn_core *core, const struct layout *l, u64 domain)
{
	const u32 buckets = core->name_mask + 1;
	struct wn_public *p = core->public;

	p->magic = WN_PUBLIC_MAGIC;
	p->layout = WN_LAYOUT_VERSION;
	p->header_bytes = sizeof(*p);
	p->bytes = l->public_bytes;
	p->domain = domain;
	p->root = core->root;
	p->name_key[0] = core->name_key[0];
	p->name_key[1] = core->name_key[1];
	p->name_bits = core->name_bits;
	p->areas[WN_AREA_NODES] = (struct wn_area){
		(u64)l->node_pictures * LINE, sizeof(struct wn_node_rec), core->bounds.nodes };
	p->areas[WN_AREA_NAMES] = (struct wn_area){
		(u64)l->name_pictures * LINE, sizeof(struct wn_name_bucket), buckets };
	p->areas[WN_AREA_CELLS] = (struct wn_area){
		(u64)l->cell_pictures * LINE, sizeof(struct wn_cell_rec), core->bounds.cells };
	p->areas[WN_AREA_SLOTS] = (struct wn_area){
		(u64)l->slot_pictures * LINE, wn_slot_lines(core->bounds.slots) *
		sizeof(struct wn_slot_line), core->bounds.clients };
}

static int make_root(struct wn_core *core)
{
	struct wn_node_rec *rec;

	core->root = wn_tx_alloc(core->tx, &core->nodes);
	if (!core->root)
		return -ENOSPC;
	core->own[0].prev = WN_INDEX_NONE;
	core->own[0].next_doomed = WN_INDEX_NONE;
	rec = wn_node_edit(core, 0, WN_NODE_HEAD | WN_NODE_LINKS | WN_NODE_NAME);
	rec->handle = core->root;
	rec->version = 1;
	rec->tier = WN_TIER_STRONG;
	rec->first_child = WN_INDEX_NONE;
	rec->next = WN_INDEX_NONE;
	rec->first_cell = WN_INDEX_NONE;
	wn_facet_add(core->tx, &core->types, 0, 0);
	wn_facet_add(core->tx, &core->states, 0, 0);
	wn_core_commit(core);
	return 0;
}

struct wn_core *wn_core_init(void *public, void *private, const struct wn_bounds *bounds,
			     const struct wn_core_ident *ident)
{
	struct wn_core *core = private;
	u8 *base = private;
	struct layout l;

	if (wn_bounds_check(bounds) || layout(&l, bounds))
		return NULL;
	core->public = public;
	core->bounds = *bounds;
	core->state_bytes = (u64)l.scratch * LINE;
	core->name_key[0] = ident->name_key[0];
	core->name_key[1] = ident->name_key[1];
	core->secret[0] = ident->secret[0];
	core->secret[1] = ident->secret[1];
	core->name_bits = wn_names_bits(bounds->nodes);
	core->name_mask = wn_names_buckets(bounds->nodes) - 1;
	core->doomed = core->last_doomed = core->reaping = WN_INDEX_NONE;
	if (wn_pool_init(&core->nodes, place(base, l.pool), bounds->nodes))
		return NULL;
	wn_facet_init(&core->types, place(base, l.types), bounds->nodes);
	wn_facet_init(&core->states, place(base, l.states), bounds->nodes);
	wn_changed_init(&core->changed, place(base, l.changed), bounds->nodes);
	wn_log_init(&core->log, place(base, l.log_records), place(base, l.log_marks), bounds->log_records);
	if (wn_subs_init(&core->subs, place(base, l.subs), place(base, l.sub_pool), bounds->subs))
		return NULL;
	if (wn_promises_init(&core->promises, place(base, l.promises),
			     place(base, l.promise_pool), bounds->timers))
		return NULL;
	wn_accounts_init(&core->accounts, place(base, l.accounts), place(base, l.cell_charges),
			 wn_accounts_count(bounds));
	core->own = place(base, l.own);
	core->group = place(base, l.group);
	core->results = place(base, l.results);
	core->reach = place(base, l.reach);
	core->shares = place(base, l.shares);
	core->worst = place(base, l.worst);
	core->tree_epoch = place(base, l.epoch);
	*core->tree_epoch = 1;
	init_clients(core, &l, base);
	init_mail(core, &l, base);
	init_tx(core, &l, public, base);
	init_merged(core, &l, base);
	wn_digest_init(&core->digest, core->tx, bounds, place(base, l.dirty),
		       place(base, l.hashes));
	wn_slots_init(&core->slots, place(base, l.slot_own), place(base, l.slot_used), bounds->slots);
	if (init_queues(core, &l, base) || init_cells(core, &l, base, ident->replica) || make_root(core))
		return NULL;
	init_public(core, &l, ident->domain);
	return core;
}

u64 wn_core_stamp(struct wn_core *core, const struct wn_now *now)
{
	WN_TX_SET(core->tx, core->hlc, wn_clock_next(core->hlc, now->realtime));
	return core->hlc;
}

/*
 * Odd epoch (relaxed), the records (release), the clock, even epoch (release):
 * a reader that sees the same even epoch before and after saw no half.
 */
void wn_core_commit(struct wn_core *core)
{
	struct wn_public *public = core->public;

	if (unlikely(core->audit->pending))
		wn_audit_commit(core->audit);
	if (!wn_tx_changed(core->tx)) {
		/* What is in no record, an event say, takes a stamp, too. */
		wn_store_release(&public->hlc, core->hlc);
		core->tx->shown = core->hlc;
		return;
	}
	wn_log_commit(core);
	WRITE_ONCE(public->epoch, core->epoch + 1);
	wn_tx_commit(core->tx);
	wn_store_release(&public->hlc, core->hlc);
	core->tx->shown = core->hlc;
	core->epoch += 2;
	wn_store_release(&public->epoch, core->epoch);
}

void wn_core_rollback(struct wn_core *core)
{
	wn_audit_forget(core->audit);
	if (!wn_tx_changed(core->tx))
		return;
	/* An op that promised to check first did not: what it did stays, whole or not. */
	if (wn_bug_on(!core->tx->logged)) {
		wn_core_commit(core);
		return;
	}
	wn_log_forget(core);
	wn_tx_rollback(core->tx);
	/* Scope checks may have looked at what is no more. */
	++*core->tree_epoch;
}

u32 wn_core_worst(const struct wn_core *core, u32 opcode)
{
	return opcode < WN_OP_COUNT ? core->worst[opcode] : 0;
}
