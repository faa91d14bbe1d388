/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Transactions: one op, or one atomic group, happens whole or not at all.
 *
 *	closed --first change--> open --commit-----> closed, the picture painted
 *				      --rollback---> closed, as it was, bit for bit
 *
 * Private memory holds the truth. All that is state there changes through the
 * calls below, each of which puts the old words on the undo log first. Records
 * of the tables have a picture in public memory as well; it is painted by the
 * commit and by nothing else, and never read back.
 *
 * A commit cannot fail, so an op may find out at any point that it cannot go on;
 * but see wn_tx_begin().
 */
#ifndef WN_CORE_TX_H
#define WN_CORE_TX_H

#include "pool.h"
#include "port.h"

#define WN_LINE_WORDS	8	/* 64 bytes: what changed of a record is tracked by the line */

/* The most that one op puts on the log, and the most records that it edits. */
#define WN_TX_OP_WORDS	384
#define WN_TX_REPLICA_WORDS 32	/* more, for each replica that may have added the same element */
#define WN_TX_MERGE_WORDS 24576	/* of one merge, which is in no group */
#define WN_TX_OP_EDITS	12

enum {
	WN_TABLE_NODES,
	WN_TABLE_NAMES,
	WN_TABLE_CELLS,
	WN_TABLE_SLOTS,
	WN_TABLES
};

/* What the digest is made of (digest.h), marked by the block of so many records. */
enum {
	WN_DIRTY_NODES,
	WN_DIRTY_CELLS,
	WN_DIRTY_ROWS,
	WN_DIRTY_ELEMS,
	WN_DIRTY_TIMERS,	/* promises that wait for a time */
	WN_DIRTY_KINDS
};

#define WN_DIRTY_BLOCK 16u

struct wn_table {
	wn_word *truth;
	wn_word *picture;
	u8 *marks;		/* lines of each record that the transaction changed */
	u32 words;		/* of a record: some lines, at most seven */
	bool sequenced;		/* it begins with u32 seq */
};

struct wn_tx {
	wn_word *base;		/* of private memory */
	u64 *log;		/* old words, each run of them below its header */
	u32 log_used, log_room;
	u32 *edits;		/* records with marks: table << 24 | index */
	u32 nr_edits, edits_room;
	u32 steps;		/* of the op that runs */
	u32 spent;		/* by the ops of this turn */
	u64 shown;		/* the domain's clock as readers see it */
	u64 begun;		/* transactions, and whatever else may leave work behind */
	u64 quiet;		/* see wn_work_is_quiet() */
	u64 quiet_until;
	u32 nr_open;		/* records that were marked by wn_tx_open() */
	bool logged;		/* it can be rolled back */
	u64 *dirty;		/* a bit for each block; NULL: nobody asks */
	u32 dirty_base[WN_DIRTY_KINDS];	/* its first block */
	struct wn_table tables[WN_TABLES];
	u64 idle;		/* see wn_work_rests() */
	u64 idle_until;
};

/* A record changed, or may have: records of tables are marked by the commit. */
static inline void wn_tx_dirty(struct wn_tx *tx, u32 kind, u32 index)
{
	const u32 block = tx->dirty_base[kind] + index / WN_DIRTY_BLOCK;

	if (likely(tx->dirty))
		tx->dirty[block / 64] |= 1ULL << block % 64;
}

void wn_tx_init(struct wn_tx *tx, void *base, u64 *log, u32 *edits, u32 ops);

/*
 * Open a transaction. Without a log it cannot be rolled back: for a single op
 * that changes nothing before it knows that it will succeed.
 */
static inline void wn_tx_begin(struct wn_tx *tx, bool logged)
{
	tx->logged = logged;
	tx->begun++;
}

void wn_tx_log(struct wn_tx *tx, const void *at, u32 words);

/* Save so many words from @at on, which lies in private memory, 8-aligned. */
static inline void wn_tx_save(struct wn_tx *tx, const void *at, u32 words)
{
	if (tx->logged)
		wn_tx_log(tx, at, words);
}

/* Words that hold something at @at: two if it may begin in the middle of one. */
static __always_inline u32 wn_tx_span(unsigned long at, u32 bytes, u32 aligned)
{
	return aligned >= bytes ? 1 : (u32)((at & 7) + bytes + 7) / 8;
}

/* Assign to something that is state, of 8 bytes or less, in private memory. */
#define WN_TX_SET(tx, lvalue, value)						\
	do {									\
		const unsigned long at_ = (unsigned long)&(lvalue);		\
										\
		wn_tx_save((tx), (const void *)(at_ & ~7UL),			\
			   wn_tx_span(at_, sizeof(lvalue),			\
				      _Alignof(__typeof__(lvalue))));		\
		(lvalue) = (value);						\
	} while (0)

void wn_tx_log_lines(struct wn_tx *tx, u32 table, u32 index, u32 lines);

/* The truth of a record, of which these lines (bits) may be written until the commit. */
static inline void *wn_tx_edit(struct wn_tx *tx, u32 table, u32 index, u32 lines)
{
	const struct wn_table *t = &tx->tables[table];
	const u8 marks = t->marks[index];

	tx->steps++;
	if (lines & ~marks) {
		if (tx->logged)
			wn_tx_log_lines(tx, table, index, lines & ~marks);
		/* There is room for the most that a whole group can edit. */
		if (!marks && likely(!wn_bug_on(tx->nr_edits == tx->edits_room)))
			tx->edits[tx->nr_edits++] = table << 24 | index;
		t->marks[index] = marks | lines;
	}
	return t->truth + (u64)index * t->words;
}

#define WN_TX_OPEN 0x80u		/* beside the lines of a record's marks: its seq is odd already */

/*
 * Readers see from now on, and until the end of the transaction, that this
 * sequenced record is being written: for one whose value hangs on what others
 * store meanwhile. What is loaded after it was loaded behind the odd seq.
 */
void wn_tx_open(struct wn_tx *tx, u32 table, u32 index);

/* As the pool's; taken back by a rollback. The pool lies in private memory. */
u64 wn_tx_alloc(struct wn_tx *tx, struct wn_pool *pool) __must_check;
int wn_tx_free(struct wn_tx *tx, struct wn_pool *pool, u64 handle) __must_check;

static inline bool wn_tx_changed(const struct wn_tx *tx)
{
	return tx->log_used || tx->nr_edits;
}

/* Paint what changed, record by record, and forget the log. */
void wn_tx_commit(struct wn_tx *tx);
void wn_tx_rollback(struct wn_tx *tx);

#endif
