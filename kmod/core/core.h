/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A domain's core: all of its meaning, in two memories that are handed in.
 *
 *   public   read by every client with the right, written by the engine alone:
 *            struct wn_public and the tables it points to
 *   private  never mapped: struct wn_core and all other state, then scratch
 *
 * The caller lets one thread at a time in. Nothing here allocates, locks,
 * sleeps or reads a clock: the time is handed in, once a turn. docs/core.md
 * has the whole.
 */
#ifndef WN_CORE_CORE_H
#define WN_CORE_CORE_H

#include <linux/worknode.h>

#include "account.h"
#include "audit.h"
#include "cell.h"
#include "changed.h"
#include "death.h"
#include "digest.h"
#include "facet.h"
#include "log.h"
#include "mail.h"
#include "merged.h"
#include "pool.h"
#include "port.h"
#include "promise.h"
#include "queue.h"
#include "sub.h"
#include "slot.h"
#include "tx.h"
#include "wheel.h"

#define WN_OP_WORDS	4	/* opcodes as bits: wn_query.ops */
#define WN_OP_COUNT	(WN_OP_MAX + 1)

struct wn_cap;
struct wn_core_client;
struct wn_idem;
struct wn_journal;
struct wn_journal_share;
struct wn_node_own;
struct wn_op_result;
struct wn_reach;
struct wn_replay;
struct wn_sub;
struct wn_token_key;

struct wn_now {
	u64 realtime;		/* ns since 1970 */
	u64 boottime;		/* ns since boot, suspend included */
};

struct wn_caps {
	struct wn_cap *at;	/* all clients' tables, one behind the other */
	u64 ids;		/* the last one given */
	u32 doomed, last_doomed; /* revoked, and not yet all free below: numbers + 1 */
	u32 reaping;		/* where wn_caps_step() is; 0: at no place */
	u32 reserved;
	u64 granted, revoked;	/* how many ever */
	u32 epoch, oldest;	/* of tokens' keys: the newest, the oldest that is good */
	u64 branches, freed;	/* roots of branches that were revoked; of them all free */
	u64 *refused;		/* scratch: uses that were refused, of them for being expired */
	struct wn_token_key *key; /* scratch: the one that was used last */
	u64 *touched;		/* scratch: [0]: whether there are any; clients whose table changed, a bit each */
};

struct wn_core {
	/* Constant. */
	struct wn_public *public;
	struct wn_bounds bounds;
	u64 name_key[2];	/* public: libwn looks names up */
	u64 secret[2];		/* for hashes of which nobody may know the outcome */
	u64 root;		/* handle */
	u64 state_bytes;	/* of private memory; scratch is behind them */
	u32 name_bits, name_mask;
	struct wn_node_own *own;	/* by node */
	struct wn_core_client *clients;	/* by number */

	/* State. */
	struct wn_pool nodes;
	struct wn_facet types, states;
	struct wn_changed changed;
	struct wn_cells cells;
	struct wn_log log;
	struct wn_subs subs;
	struct wn_mail mail;
	struct wn_slots slots;
	struct wn_caps caps;
	struct wn_accounts accounts;
	struct wn_queues queues;
	u64 hlc;		/* last stamp given */
	u64 epoch;		/* as readers see it: even */
	u32 doomed, last_doomed; /* destroyed nodes with others below, in their order */
	u32 reaping;		/* where wn_core_slice() is; WN_INDEX_NONE: at no place */
	struct wn_promises promises;
	struct wn_deaths deaths;
	struct wn_wheel wheel;

	/* Scratch. */
	struct wn_digest digest;
	struct wn_tx *tx;
	struct wn_sqe *group;		/* two for each op of a group */
	struct wn_op_result *results;	/* of a group */
	struct wn_reach *reach;		/* what scope checks found */
	u32 *worst;			/* steps, by opcode */
	struct wn_vv *vector;		/* of an op on cells */
	u8 *delta;			/* WN_DELTA_BYTES_MAX: the private copy of what is merged */
	struct wn_audit *audit;
	struct wn_merged *merged;
	u64 *tree_epoch;		/* grows when a node goes or moves; never falls */
	struct wn_journal_share *shares; /* of the journal: clients, and one */
	struct wn_journal *journal;	/* inputs are written there; NULL: nowhere */
	struct wn_replay *replay;	/* inputs come from there; NULL: from outside */
};

/* Who the domain is: nothing of it may come from a client. */
struct wn_core_ident {
	u64 domain;		/* unique id */
	u64 name_key[2];	/* random; readers see it */
	u64 secret[2];		/* random; nobody sees it */
	u32 replica;		/* number of this host's incarnation, below bounds.replicas */
	u32 reserved;
};

struct wn_core_size {
	u64 public_bytes;
	u64 private_bytes;
};

/* Memory for checked bounds; -EOVERFLOW never happens below the hard limits. */
int wn_core_size(const struct wn_bounds *bounds, struct wn_core_size *size);

/*
 * Lay a domain out in zeroed memory of that size, 8-aligned, better 64-aligned.
 * Returns the core, which lies in the private memory, or NULL if the bounds are
 * not valid. The domain has a root, and no client yet (client.h).
 */
struct wn_core *wn_core_init(void *public, void *private, const struct wn_bounds *bounds,
			     const struct wn_core_ident *ident);

/* Make the open transaction final, or as if it had never been. */
void wn_core_commit(struct wn_core *core);
void wn_core_rollback(struct wn_core *core);

/* The next stamp. Part of the transaction. */
u64 wn_core_stamp(struct wn_core *core, const struct wn_now *now);

/* Most steps that one op of an opcode took. */
u32 wn_core_worst(const struct wn_core *core, u32 opcode);

/* Add to one of the public counters. */
static inline void wn_core_count(struct wn_core *core, u32 stat, u64 n)
{
	u64 *word = (u64 *)&core->public->stats[stat];

	/* A store that readers may see at any moment, whole; we are its only writer. */
	WRITE_ONCE(*word, *word + n);
}

#endif
