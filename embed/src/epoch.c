// SPDX-License-Identifier: MIT
#include "epoch.h"

#include <limits.h>

#include "arg.h"
#include "client.h"
#include "enter.h"
#include "futex.h"
#include "kmod/core/cap.h"
#include "kmod/core/node.h"

/* Other processes sleep on a word of their own each, and ask again when it changes. */
static void tell_others(struct wn_embed_domain *domain)
{
	u32 i;

	domain->epoch_asked = false;
	for (i = 0; i < domain->bounds.clients; i++) {
		struct wn_embed_client *client = domain->clients[i];
		u32 *word;

		if (!client || !client->epoch_asked)
			continue;
		client->epoch_asked = false;
		word = (u32 *)((u8 *)client->ring.kern + WN_EMBED_EPOCH_WORD);
		__atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
		wn_embed_wake(word, true);
	}
}

void wn_embed_epoch_look(struct wn_embed_domain *domain)
{
	if (domain->epoch_told == domain->core->epoch)
		return;
	domain->epoch_told = domain->core->epoch;
	if (domain->epoch_asked)
		tell_others(domain);
	if (!domain->epoch_waiters)
		return;
	__atomic_add_fetch(&domain->epoch_news, 1, __ATOMIC_SEQ_CST);
	wn_embed_wake(&domain->epoch_news, false);
}

/* Under the lock: what it is now. 0, or why the caller may not know. */
static int look(struct wn_embed_client *client, const struct wn_epoch_wait *w, u64 *epoch)
{
	struct wn_core *core = client->domain->core;
	const struct wn_cap *cap;
	struct wn_now now;
	int at;

	at = wn_embed_ask(client->domain, client->number, w->cap, WN_RIGHT_READ, w->node, &cap, &now);
	if (!cap)
		return at;
	if (!(w->flags & WN_EPOCH_NODE)) {
		*epoch = core->epoch;
		return wn_cap_is_whole(core, cap) ? 0 : -EACCES;
	}
	if (at < 0)
		return at;
	*epoch = wn_node(core, (u32)at)->version;
	return 0;
}

int wn_embed_epoch_wait(struct wn_embed_client *client, void *arg)
{
	struct wn_embed_domain *domain = client->domain;
	struct wn_epoch_wait w = {};
	int caller = wn_embed_arg_get(&w, sizeof(w), sizeof(w), arg), err, ended = 0;
	u32 news;

	if (caller < 0)
		return caller;
	if (w.flags & ~WN_EPOCH_NODE || w.reserved || w.deadline > LLONG_MAX ||
	    (w.node && !(w.flags & WN_EPOCH_NODE)))
		return -EINVAL;
	if (wn_embed_client_state(client) != WN_EMBED_ENABLED)
		return -ENXIO;
	if (!(w.flags & WN_EPOCH_NODE))
		w.seen &= ~1ULL;

	pthread_mutex_lock(&domain->lock);
	for (;;) {
		err = look(client, &w, &w.epoch);
		if (err || w.epoch != w.seen || ended)
			break;
		if (client->remote) {
			client->epoch_asked = domain->epoch_asked = true;
			ended = -EAGAIN;
			break;
		}
		domain->epoch_waiters++;
		news = __atomic_load_n(&domain->epoch_news, __ATOMIC_SEQ_CST);
		pthread_mutex_unlock(&domain->lock);
		ended = wn_embed_sleep(&domain->epoch_news, news, false,
				       w.deadline == WN_ENTER_NO_DEADLINE ? WN_EMBED_FOR_EVER :
									    w.deadline);
		pthread_mutex_lock(&domain->lock);
		domain->epoch_waiters--;
	}
	pthread_mutex_unlock(&domain->lock);
	/* A change that came in the last moment beats why the sleep ended. */
	if (!err && w.epoch == w.seen)
		err = ended;
	if (!err)
		wn_embed_arg_put(&w, sizeof(w), (u32)caller, arg);
	return err;
}
