// SPDX-License-Identifier: MIT
#include "recording.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "domain.h"
#include "enter.h"
#include "kmod/core/mail.h"

u64 wn_embed_recording_bytes(const struct wn_bounds *bounds, u32 kb)
{
	const u64 least = 2 * wn_embed_memory_cost(wn_journal_bytes_min(bounds));
	const u64 asked = 2 * wn_embed_memory_cost((u64)kb << 9);

	if (kb > WN_JOURNAL_KB_MAX)
		return 0;
	return asked > least ? asked : least;
}

int wn_embed_recording_begin(struct wn_embed_domain *domain, u64 bytes,
			     const struct wn_core_ident *ident)
{
	struct wn_embed_recording *r = &domain->recording;

	if (!bytes)
		return 0;
	if (wn_embed_memory_alloc(&r->half[0], bytes / 2, false, false) ||
	    wn_embed_memory_alloc(&r->half[1], bytes / 2, false, false))
		return -ENOMEM;
	pthread_mutex_init(&r->lock, NULL);
	r->half_bytes = (u32)(bytes / 2);
	r->out = 1;
	wn_journal_begin(domain->core, &r->journal, r->half[0].addr, r->half_bytes, ident);
	return 0;
}

void wn_embed_recording_end(struct wn_embed_domain *domain)
{
	struct wn_embed_recording *r = &domain->recording;

	wn_embed_memory_free(&r->half[0]);
	wn_embed_memory_free(&r->half[1]);
	if (r->half_bytes)
		pthread_mutex_destroy(&r->lock);
}

/* What was put off for want of room is done now. */
static void go_on(struct wn_embed_domain *domain)
{
	u32 i;

	for (i = 0; i < domain->bounds.clients; i++)
		if (domain->clients[i])
			wn_mail_retry(domain->core, i);
	wn_embed_deliver(domain);
	wn_embed_service_kick(domain);
}

/* The reader's half is empty: it becomes the core's, and what that wrote the reader's. */
static void swap_halves(struct wn_embed_domain *domain)
{
	struct wn_embed_recording *r = &domain->recording;
	const bool put_off = wn_journal_puts_off(domain->core);

	r->used = r->journal.used;
	r->taken = 0;
	if (!r->used)
		return;
	wn_journal_swap(&r->journal, r->half[r->out].addr);
	r->out = !r->out;
	if (put_off)
		go_on(domain);
}

static void tell(struct wn_embed_domain *domain, struct wn_journal_take *t)
{
	struct wn_embed_recording *r = &domain->recording;

	t->left = r->used - r->taken + r->journal.used;
	t->state = wn_journal_puts_off(domain->core) ? WN_JOURNAL_FULL : 0;
	if (r->journal.broken)
		t->state |= WN_JOURNAL_BROKEN;
}

int wn_embed_recording_take(struct wn_embed_domain *domain, struct wn_journal_take *t)
{
	struct wn_embed_recording *r = &domain->recording;

	if (!r->half_bytes)
		return -ENODATA;
	pthread_mutex_lock(&r->lock);
	if (t->bytes && r->taken == r->used) {
		pthread_mutex_lock(&domain->lock);
		swap_halves(domain);
		pthread_mutex_unlock(&domain->lock);
	}
	if (t->bytes > r->used - r->taken)
		t->bytes = r->used - r->taken;
	if (t->bytes)	/* else there may be no address */
		memcpy((void *)(uintptr_t)t->addr, (u8 *)r->half[r->out].addr + r->taken,
		       t->bytes);
	t->position = r->position;
	r->taken += t->bytes;
	r->position += t->bytes;
	pthread_mutex_lock(&domain->lock);
	tell(domain, t);
	pthread_mutex_unlock(&domain->lock);
	pthread_mutex_unlock(&r->lock);
	return 0;
}
