// SPDX-License-Identifier: MIT
#include "eventfd.h"

#include <unistd.h>
#include <linux/worknode.h>

#include "arg.h"
#include "bell.h"
#include "client.h"

#define KINDS	2

void wn_embed_eventfds_init(struct wn_embed_eventfds *fds)
{
	int i;

	pthread_mutex_init(&fds->lock, NULL);
	for (i = 0; i < KINDS; i++)
		fds->bell[i] = -1;
}

static void take_out(struct wn_embed_eventfds *fds, int i)
{
	close(fds->bell[i]);
	__atomic_store_n(&fds->bell[i], -1, __ATOMIC_RELAXED);
}

void wn_embed_eventfds_end(struct wn_embed_eventfds *fds)
{
	int i;

	for (i = 0; i < KINDS; i++) {
		if (fds->bell[i] < 0)
			continue;
		wn_embed_bell_ring(fds->bell[i]);
		take_out(fds, i);
	}
	pthread_mutex_destroy(&fds->lock);
}

static bool has(const struct wn_embed_eventfds *fds, int i)
{
	return __atomic_load_n(&fds->bell[i], __ATOMIC_RELAXED) >= 0;
}

/* Under the lock. */
static void ring(struct wn_embed_eventfds *fds, u32 what)
{
	int i;

	for (i = 0; i < KINDS; i++)
		if (what & 1U << i && fds->bell[i] >= 0)
			wn_embed_bell_ring(fds->bell[i]);
}

void wn_embed_eventfds_tell(struct wn_embed_client *client, u32 what)
{
	struct wn_embed_eventfds *fds = &client->eventfds;
	const struct wn_user_ring *user = client->own[WN_REGION_USER_RING].addr;

	if (!has(fds, 0) && !has(fds, 1))
		return;
	if (READ_ONCE(user->flags) & WN_UR_F_NO_WAKEUP)
		return;
	pthread_mutex_lock(&fds->lock);
	ring(fds, what);
	pthread_mutex_unlock(&fds->lock);
}

static u32 lies_there(const struct wn_embed_client *client)
{
	return (wn_ring_published(&client->ring) ? WN_EVENTFD_COMPLETIONS : 0) |
	       (wn_inbox_unread(&client->inbox) ? WN_EVENTFD_EVENTS : 0);
}

/* Under the lock, as the next two: of those asked for, what is there. */
static u32 registered(const struct wn_embed_eventfds *fds, u32 which)
{
	return which & ((has(fds, 0) ? 1 : 0) | (has(fds, 1) ? 2 : 0));
}

/* All of them, or none. */
static int add(struct wn_embed_client *client, u32 which, int fd)
{
	struct wn_embed_eventfds *fds = &client->eventfds;
	int bell[KINDS] = { -1, -1 }, i;

	if (registered(fds, which))
		return -EBUSY;
	for (i = 0; i < KINDS; i++) {
		if (!(which & 1U << i))
			continue;
		bell[i] = wn_embed_bell_get(fd);
		if (bell[i] >= 0)
			continue;
		if (i && bell[0] >= 0)
			close(bell[0]);
		return bell[i];
	}
	for (i = 0; i < KINDS; i++)
		if (bell[i] >= 0)
			__atomic_store_n(&fds->bell[i], bell[i], __ATOMIC_RELAXED);
	/*
	 * C: what was published before is seen here, who publishes later sees the
	 * eventfd; pairs with B in enter.c.
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	ring(fds, which & lies_there(client));
	return 0;
}

static int remove_from(struct wn_embed_eventfds *fds, u32 which)
{
	int i;

	if (registered(fds, which) != which)
		return -ENOENT;
	for (i = 0; i < KINDS; i++)
		if (which & 1U << i)
			take_out(fds, i);
	return 0;
}

int wn_embed_eventfd(struct wn_embed_client *client, void *arg)
{
	struct wn_eventfd_args e = {};
	int caller = wn_embed_arg_get(&e, sizeof(e), sizeof(e), arg), err;

	if (caller < 0)
		return caller;
	if (!e.flags || e.flags & ~(WN_EVENTFD_COMPLETIONS | WN_EVENTFD_EVENTS) || e.reserved ||
	    e.fd < -1)
		return -EINVAL;
	if (wn_embed_client_state(client) != WN_EMBED_ENABLED)
		return -ENXIO;
	pthread_mutex_lock(&client->eventfds.lock);
	err = e.fd < 0 ? remove_from(&client->eventfds, e.flags) : add(client, e.flags, e.fd);
	pthread_mutex_unlock(&client->eventfds.lock);
	return err;
}
