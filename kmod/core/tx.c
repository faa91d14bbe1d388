// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "tx.h"

/* A run on the log: its words, then offset << 32 | kind << 16 | number of words. */
enum { WORDS, ALLOC, FREE };

#define WORDS_MAX 0xffffu

void wn_tx_init(struct wn_tx *tx, void *base, u64 *log, u32 *edits, u32 ops)
{
	tx->base = base;
	tx->log = log;
	tx->log_room = ops * WN_TX_OP_WORDS;
	tx->edits = edits;
	tx->edits_room = ops * WN_TX_OP_EDITS;
}

static u64 header(const struct wn_tx *tx, const void *at, u32 kind, u32 words)
{
	return (u64)((const wn_word *)at - tx->base) << 32 | kind << 16 | words;
}

void wn_tx_log(struct wn_tx *tx, const void *at, u32 words)
{
	u64 *to = tx->log + tx->log_used;
	const wn_word *from = at;
	u32 i;

	/* Never: the room is for the most that a whole group can save. */
	if (wn_bug_on(words >= tx->log_room - tx->log_used))
		return;
	for (i = 0; i < words; i++)
		to[i] = from[i];
	to[words] = header(tx, at, WORDS, words);
	tx->log_used += words + 1;
}

void wn_tx_log_lines(struct wn_tx *tx, u32 table, u32 index, u32 lines)
{
	const struct wn_table *t = &tx->tables[table];
	const wn_word *record = t->truth + (u64)index * t->words;

	for (; lines; lines &= lines - 1)
		wn_tx_log(tx, record + wn_ffs64(lines) * WN_LINE_WORDS, WN_LINE_WORDS);
}

static void note(struct wn_tx *tx, const struct wn_pool *pool, u32 kind, u64 handle)
{
	u64 *to = tx->log + tx->log_used;

	if (!tx->logged || wn_bug_on(tx->log_room - tx->log_used < 2))
		return;
	to[0] = handle;
	to[1] = header(tx, pool, kind, 1);
	tx->log_used += 2;
}

u64 wn_tx_alloc(struct wn_tx *tx, struct wn_pool *pool)
{
	const u64 handle = wn_pool_alloc(pool);

	tx->steps++;
	if (handle)
		note(tx, pool, ALLOC, handle);
	return handle;
}

int wn_tx_free(struct wn_tx *tx, struct wn_pool *pool, u64 handle)
{
	const int err = wn_pool_free(pool, handle);

	tx->steps++;
	if (!err)
		note(tx, pool, FREE, handle);
	return err;
}

/*
 * The one place that writes what readers see. A, an odd seq (relaxed), comes
 * before B, the words (each release), and these before C, the even seq
 * (release). The reader's acquire of a word that B wrote thus shows it A when
 * it looks at seq again; its acquire of C shows it all of B.
 */
static void paint(const struct wn_table *t, u32 index, u32 marks)
{
	u32 lines = marks & ~WN_TX_OPEN;
	wn_word *from = t->truth + (u64)index * t->words;
	wn_word *to = t->picture + (u64)index * t->words;
	/* seq is the first half of its word; the other half is data. */
	wn_half *truth = (wn_half *)from, *picture = (wn_half *)to, *other = picture + 1;
	const u32 seq = *truth;

	if (t->sequenced)
		WRITE_ONCE(*picture, seq + 1);					/* A */
	for (; lines; lines >>= 1, from += WN_LINE_WORDS, to += WN_LINE_WORDS) {
		if (!(lines & 1))
			continue;
		if ((wn_half *)to == picture && t->sequenced)
			wn_store_release(other, truth[1]);			/* B */
		else
			wn_store_release(&to[0], from[0]);
		wn_store_release(&to[1], from[1]);
		wn_store_release(&to[2], from[2]);
		wn_store_release(&to[3], from[3]);
		wn_store_release(&to[4], from[4]);
		wn_store_release(&to[5], from[5]);
		wn_store_release(&to[6], from[6]);
		wn_store_release(&to[7], from[7]);
	}
	if (t->sequenced) {
		*truth = seq + 2;
		wn_store_release(picture, seq + 2);				/* C */
	}
}

wn_static_assert(WN_LINE_WORDS == 8);

void wn_tx_open(struct wn_tx *tx, u32 table, u32 index)
{
	const struct wn_table *t = &tx->tables[table];
	const wn_half *truth = wn_tx_edit(tx, table, index, 1);

	if (t->marks[index] & WN_TX_OPEN)
		return;
	t->marks[index] |= WN_TX_OPEN;
	tx->nr_open++;
	WRITE_ONCE(*(wn_half *)(t->picture + (u64)index * t->words), *truth + 1);	/* A */
	/* As fence A of selftests/model/counter_slots.pml. */
	wn_fence();
}

/* Lists of slots belong to records that are open now, and are closed by their own paint. */
static noinline void paint_slots(struct wn_tx *tx)
{
	const struct wn_table *t = &tx->tables[WN_TABLE_SLOTS];
	u32 i;

	for (i = 0; i < tx->nr_edits; i++) {
		const u32 index = tx->edits[i] & WN_INDEX_NONE;

		if (tx->edits[i] >> 24 != WN_TABLE_SLOTS)
			continue;
		paint(t, index, t->marks[index]);
		t->marks[index] = 0;
	}
	tx->nr_open = 0;
}

/* Nothing of the picture changed: the seq of before is true again. */
static void close_record(const struct wn_table *t, u32 index)
{
	if (t->marks[index] & WN_TX_OPEN)
		wn_store_release((wn_half *)(t->picture + (u64)index * t->words),
				 *(wn_half *)(t->truth + (u64)index * t->words));
	t->marks[index] = 0;
}

void wn_tx_commit(struct wn_tx *tx)
{
	u32 i;

	if (unlikely(tx->nr_open))
		paint_slots(tx);
	for (i = 0; i < tx->nr_edits; i++) {
		const struct wn_table *t = &tx->tables[tx->edits[i] >> 24];
		const u32 index = tx->edits[i] & WN_INDEX_NONE;

		paint(t, index, t->marks[index]);
		t->marks[index] = 0;
		if (tx->edits[i] >> 24 == WN_TABLE_NODES)
			wn_tx_dirty(tx, WN_DIRTY_NODES, index);
		else if (tx->edits[i] >> 24 == WN_TABLE_CELLS)
			wn_tx_dirty(tx, WN_DIRTY_CELLS, index);
	}
	tx->nr_edits = 0;
	tx->log_used = 0;
}

void wn_tx_rollback(struct wn_tx *tx)
{
	u32 i, words;
	wn_word *at;
	u64 head;

	/* Each turn takes one run off the log. */
	while (tx->log_used) {
		head = tx->log[--tx->log_used];
		at = tx->base + (head >> 32);
		words = head & WORDS_MAX;
		tx->log_used -= words;
		switch (head >> 16 & 3) {
		case WORDS:
			for (i = 0; i < words; i++)
				at[i] = tx->log[tx->log_used + i];
			break;
		case ALLOC:
			wn_bug_on(wn_pool_undo_alloc((void *)at, tx->log[tx->log_used]));
			break;
		case FREE:
			wn_bug_on(wn_pool_undo_free((void *)at, tx->log[tx->log_used]));
			break;
		}
	}
	for (i = 0; i < tx->nr_edits; i++)
		close_record(&tx->tables[tx->edits[i] >> 24], tx->edits[i] & WN_INDEX_NONE);
	tx->nr_edits = 0;
	tx->nr_open = 0;
}
