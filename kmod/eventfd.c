// SPDX-License-Identifier: GPL-2.0-only
#include "eventfd.h"
#include "main.h"

#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/file.h>

#include "client.h"
#include "uarg.h"

/* What each is told of, in the order of WN_EVENTFD_*. */
static const __poll_t what[] = { EPOLLIN, EPOLLPRI };

void wn_eventfds_init(struct wn_eventfds *fds)
{
	spin_lock_init(&fds->lock);
}

bool wn_eventfds_signal(struct wn_eventfds *fds, __poll_t events)
{
	bool told = false;
	int i;

	spin_lock(&fds->lock);
	for (i = 0; i < ARRAY_SIZE(what); i++)
		if (fds->ctx[i] && events & what[i]) {
			eventfd_signal(fds->ctx[i]);
			told = true;
		}
	spin_unlock(&fds->lock);
	return told;
}

static void take_out(struct wn_eventfds *fds, u32 which)
{
	struct eventfd_ctx *old[ARRAY_SIZE(what)] = {};
	int i;

	spin_lock(&fds->lock);
	for (i = 0; i < ARRAY_SIZE(what); i++)
		if (which & 1U << i) {
			old[i] = fds->ctx[i];
			WRITE_ONCE(fds->ctx[i], NULL);
		}
	spin_unlock(&fds->lock);
	/* Not under the lock: the last one frees it. */
	for (i = 0; i < ARRAY_SIZE(what); i++)
		if (old[i])
			eventfd_ctx_put(old[i]);
}

void wn_eventfds_end(struct wn_client *client)
{
	lockdep_assert_held(&client->setup);

	take_out(&client->eventfds, WN_EVENTFD_COMPLETIONS | WN_EVENTFD_EVENTS);
}

/* Of those asked for, what is registered. client->setup is held: nobody changes it. */
static u32 registered(const struct wn_eventfds *fds, u32 which)
{
	u32 found = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(what); i++)
		if (fds->ctx[i])
			found |= 1U << i;
	return which & found;
}

/* What lies there already, of what the eventfds are told of. */
static __poll_t lies_there(const struct wn_client *client, u32 which)
{
	__poll_t there = 0;

	if (which & WN_EVENTFD_COMPLETIONS && wn_ring_published(&client->ring))
		there |= EPOLLIN;
	if (which & WN_EVENTFD_EVENTS && wn_inbox_unread(&client->inbox))
		there |= EPOLLPRI;
	return there;
}

static int add(struct wn_client *client, u32 which, int fd)
{
	struct wn_eventfds *fds = &client->eventfds;
	struct file *file;
	int i;

	if (registered(fds, which))
		return -EBUSY;
	file = eventfd_fget(fd);
	if (IS_ERR(file))
		return PTR_ERR(file);
	spin_lock(&fds->lock);
	for (i = 0; i < ARRAY_SIZE(what); i++)
		if (which & 1U << i)
			WRITE_ONCE(fds->ctx[i], eventfd_ctx_fileget(file));
	spin_unlock(&fds->lock);
	fput(file);
	/*
	 * C, as for pollers in wait.c: what was published before is seen here, who
	 * publishes later sees the eventfd.
	 */
	smp_mb();
	wn_eventfds_signal(fds, lies_there(client, which));
	return 0;
}

static int remove(struct wn_client *client, u32 which)
{
	if (registered(&client->eventfds, which) != which)
		return -ENOENT;
	take_out(&client->eventfds, which);
	return 0;
}

long wn_eventfd_ioctl(struct wn_client *client, void __user *uarg)
{
	struct wn_eventfd_args e = {};
	int usize, err;

	usize = wn_uarg_get(&e, sizeof(e), sizeof(e), uarg);
	if (usize < 0)
		return usize;
	if (!e.flags || e.flags & ~(WN_EVENTFD_COMPLETIONS | WN_EVENTFD_EVENTS) || e.reserved ||
	    e.fd < -1)
		return -EINVAL;
	if (mutex_lock_killable(&client->setup))
		return -EINTR;
	/* Under setup, so that it does not die meanwhile. */
	err = wn_client_check_owner(client);
	if (!err)
		err = e.fd < 0 ? remove(client, e.flags) : add(client, e.flags, e.fd);
	mutex_unlock(&client->setup);
	return err;
}
