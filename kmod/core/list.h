/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Lists that are part of the state: rings of links in private memory, each with
 * its head, which change through the log and so roll back like all else.
 *
 * A link names others by their offset in private memory, in words: it means the
 * same wherever that memory lies. Zeroed memory is an empty list, or a link in none.
 * All calls are a few words; taking one off needs no look for its head.
 */
#ifndef WN_CORE_LIST_H
#define WN_CORE_LIST_H

#include "port.h"
#include "tx.h"

/* One word, so that to save it is to save one. */
struct wn_link {
	u32 next, prev;		/* 0: in no list */
} __attribute__((aligned(8)));

wn_static_assert(sizeof(struct wn_link) == sizeof(u64));

static inline u32 wn_link_name(const struct wn_tx *tx, const struct wn_link *link)
{
	return (u32)((const wn_word *)link - tx->base);
}

static inline struct wn_link *wn_link_at(const struct wn_tx *tx, u32 name)
{
	return (struct wn_link *)(tx->base + name);
}

static inline bool wn_link_is_in(const struct wn_link *link)
{
	return link->next;
}

static inline bool wn_list_is_empty(const struct wn_tx *tx, const struct wn_link *head)
{
	return !head->next || head->next == wn_link_name(tx, head);
}

/* The first of a list, or NULL. */
static inline struct wn_link *wn_list_first(const struct wn_tx *tx, const struct wn_link *head)
{
	return wn_list_is_empty(tx, head) ? NULL : wn_link_at(tx, head->next);
}

/* Let two follow each other; both are saved. */
static inline void wn_list_join(struct wn_link *left, struct wn_link *right, const struct wn_tx *tx)
{
	left->next = wn_link_name(tx, right);
	right->prev = wn_link_name(tx, left);
}

/* Add one, which is in no list, behind the last. */
static inline void wn_list_push(struct wn_tx *tx, struct wn_link *head, struct wn_link *link)
{
	struct wn_link *last;

	tx->steps++;
	wn_tx_save(tx, head, 1);
	if (!head->next)
		wn_list_join(head, head, tx);
	last = wn_link_at(tx, head->prev);
	wn_tx_save(tx, last, 1);
	wn_tx_save(tx, link, 1);
	wn_list_join(last, link, tx);
	wn_list_join(link, head, tx);
}

/* The last of a list, or NULL. */
static inline struct wn_link *wn_list_last(const struct wn_tx *tx, const struct wn_link *head)
{
	return wn_list_is_empty(tx, head) ? NULL : wn_link_at(tx, head->prev);
}

/* The one behind another of the list, or NULL. */
static inline struct wn_link *wn_list_next(const struct wn_tx *tx, const struct wn_link *head,
					   const struct wn_link *link)
{
	return link->next == wn_link_name(tx, head) ? NULL : wn_link_at(tx, link->next);
}

/* Add one before the first: in a ring that is behind the last of those that begin with it. */
static inline void wn_list_unshift(struct wn_tx *tx, struct wn_link *head, struct wn_link *link)
{
	struct wn_link *first = wn_list_first(tx, head);

	wn_list_push(tx, first ? first : head, link);
}

/* Take one off the list that it is in, if it is in one. */
static inline void wn_list_drop(struct wn_tx *tx, struct wn_link *link)
{
	struct wn_link *prev, *next;

	if (!wn_link_is_in(link))
		return;
	tx->steps++;
	prev = wn_link_at(tx, link->prev);
	next = wn_link_at(tx, link->next);
	wn_tx_save(tx, prev, 1);
	wn_tx_save(tx, next, 1);
	wn_tx_save(tx, link, 1);
	wn_list_join(prev, next, tx);
	link->next = link->prev = 0;
}

/* Move all of a list behind the last of another. */
static inline void wn_list_splice(struct wn_tx *tx, struct wn_link *from, struct wn_link *to)
{
	struct wn_link *first, *last, *end;

	if (wn_list_is_empty(tx, from))
		return;
	tx->steps++;
	wn_tx_save(tx, to, 1);
	if (!to->next)
		wn_list_join(to, to, tx);
	first = wn_link_at(tx, from->next);
	last = wn_link_at(tx, from->prev);
	end = wn_link_at(tx, to->prev);
	wn_tx_save(tx, from, 1);
	wn_tx_save(tx, first, 1);
	wn_tx_save(tx, last, 1);
	wn_tx_save(tx, end, 1);
	wn_list_join(end, first, tx);
	wn_list_join(last, to, tx);
	wn_list_join(from, from, tx);
}

#endif
