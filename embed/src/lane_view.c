// SPDX-License-Identifier: MIT
#include "lane_view.h"

#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arg.h"
#include "fan.h"
#include "futex.h"
#include "memory.h"

/* Mapped a second time, so that the program's unmapping wakes nobody by a fault. */
struct wn_embed_lane_view {
	struct wn_embed_lane_view *next;
	u32 number;
	u32 refs;		/* the list's, and of each who waits; under lock, as the next */
	u64 who;		/* of a fan's consumers; 0: none */
	u32 rung[2];		/* the bells when it was last waited for */
	u32 rung_any[2];	/* and when any was */
	bool told_any;		/* those who wait for any know that it is over */
	struct wn_lane_state *state;	/* to read */
	struct wn_lane_side *peer;	/* the same */
	struct wn_lane_side *own;	/* to read, too: a word to wake by */
};

void wn_embed_lane_views_init(struct wn_embed_lane_views *views)
{
	*views = (struct wn_embed_lane_views){ .first = NULL };
	pthread_mutex_init(&views->lock, NULL);
}

static void unmap_page(void *at)
{
	if (at)
		munmap(at, (size_t)sysconf(_SC_PAGESIZE));
}

static void put(struct wn_embed_lane_view *v)
{
	if (--v->refs)
		return;
	unmap_page(v->state);
	unmap_page(v->peer);
	unmap_page(v->own);
	free(v);
}

void wn_embed_lane_views_end(struct wn_embed_lane_views *views)
{
	struct wn_embed_lane_view *v;

	while ((v = views->first)) {
		views->first = v->next;
		put(v);
	}
	pthread_mutex_destroy(&views->lock);
}

/* ------------------------------------------------------------------- maps */

static struct wn_embed_lane_view *find(struct wn_embed_lane_views *views, unsigned long number)
{
	struct wn_embed_lane_view *v;

	for (v = views->first; v && v->number != number; v = v->next)
		;
	return v;
}

static bool keep(struct wn_embed_lane_views *views, u32 number, bool writes, u64 who,
		 const struct wn_embed_part *parts)
{
	const u64 page = (u64)sysconf(_SC_PAGESIZE);
	struct wn_embed_lane_view *v;
	bool kept;

	pthread_mutex_lock(&views->lock);
	v = find(views, number);
	if (!v) {
		v = calloc(1, sizeof(*v));
		if (v) {
			v->number = number;
			v->refs = 1;
			v->who = who;
			v->next = views->first;
			views->first = v;
		}
	}
	if (v && writes && !v->own) {
		v->own = wn_embed_map(parts[0].fd, 0, page, false);
	} else if (v && !writes && !v->state) {
		v->state = wn_embed_map(parts[0].fd, 0, page, false);
		v->peer = wn_embed_map(parts[1].fd, 0, page, false);
	}
	kept = v && (writes ? v->own : v->state && v->peer ? v->own ?: (void *)v : NULL);
	pthread_mutex_unlock(&views->lock);
	return kept;
}

int wn_embed_lane_view_map(struct wn_embed_lane_views *views, const struct wn_region *region,
			   const struct wn_embed_part *parts, int count, u64 who, void **to)
{
	const bool writes = region->flags & WN_REGION_F_WRITE;
	u64 bytes = 0, at = 0;
	int i, err = -EPROTO;
	u8 *row = NULL;

	for (i = 0; i < count; i++)
		bytes += parts[i].bytes;
	if (count >= (writes ? 1 : 2) && bytes == region->bytes) {
		row = wn_embed_map_row(bytes, 1);
		err = row ? 0 : -ENOMEM;
	}
	for (i = 0; i < count; i++) {
		if (!err && !wn_embed_map_part(row + at, parts[i].fd, parts[i].offset,
					       parts[i].bytes, writes))
			err = -ENOMEM;
		at += parts[i].bytes;
	}
	if (!err && !keep(views, (region->type - WN_REGION_LANES) / 2, writes, who, parts))
		err = -ENOMEM;
	for (i = 0; i < count; i++)
		close(parts[i].fd);
	if (err && row)
		munmap(row, bytes);
	else if (!err)
		*to = row;
	return err;
}

int wn_embed_lane_view_renew(void *map, u64 offset, const struct wn_embed_part *part)
{
	const bool done = wn_embed_map_part((u8 *)map + offset, part->fd, part->offset,
					    part->bytes, false);

	close(part->fd);
	return done ? 0 : -ENOMEM;
}

void wn_embed_lane_view_drop(struct wn_embed_lane_views *views, unsigned long number)
{
	struct wn_embed_lane_view **at, *v;

	pthread_mutex_lock(&views->lock);
	for (at = &views->first; *at && (*at)->number != number; at = &(*at)->next)
		;
	v = *at;
	if (v) {
		*at = v->next;
		/* Who sleeps there finds it gone. */
		if (v->peer)
			wn_embed_wake(&v->peer->bell, true);
		put(v);
	}
	pthread_mutex_unlock(&views->lock);
}

/* ---------------------------------------------------------- wait and wake */

#define OVER	(WN_LANE_S_PRODUCER_GONE | WN_LANE_S_CONSUMER_GONE | WN_LANE_S_REVOKED)
#define NAP_NS	1000000		/* where there are more words than the kernel takes */
#define LOOK_NS	1000000000	/* how often we look whether the host is there */

static u32 load(const u32 *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static const struct wn_fan_state *fan_of(const struct wn_embed_lane_view *v)
{
	const struct wn_fan_state *fan = (void *)((u8 *)v->state + WN_FAN_OFFSET);

	return fan->nr ? fan : NULL;
}

static bool is_over(const struct wn_embed_lane_view *v)
{
	const struct wn_fan_state *fan = fan_of(v);
	const u32 flags = load(&v->state->flags), seat = (u32)v->who % WN_FAN_SEATS;

	if (!fan)
		return flags & OVER;
	/* It goes on without consumers. */
	if (!v->who)
		return flags & WN_LANE_S_REVOKED;
	return flags & OVER || !(wn_load_acquire(&fan->seats) >> seat & 1) ||
	       load(&fan->life[seat]) != v->who >> 32;
}

/* What who sleeps there is woken by, besides the state's flags: one, of a fan's two. */
static u32 bells_of(const struct wn_embed_lane_view *v, const u32 *rung,
		    struct wn_embed_word *words, bool *told)
{
	const enum wn_embed_side side = v->who ? CONSUMER : PRODUCER;
	u32 n = 0, i;

	words[n++].at = &v->peer->bell;
	if (fan_of(v))
		words[n++].at = (u32 *)(void *)((u8 *)v->state + WN_EMBED_FAN_WORD(side));
	for (i = 0; i < n; i++) {
		words[i].seen = load(words[i].at);
		*told |= words[i].seen != rung[i];
	}
	return n;
}

/* The view with a reference; NULL: there is none, or it has no pages yet. */
static struct wn_embed_lane_view *get(struct wn_embed_lane_views *views, unsigned long number)
{
	struct wn_embed_lane_view *v;

	pthread_mutex_lock(&views->lock);
	v = find(views, number);
	if (v && v->state && v->peer && v->own)
		v->refs++;
	else
		v = NULL;
	pthread_mutex_unlock(&views->lock);
	return v;
}

static void give(struct wn_embed_lane_views *views, struct wn_embed_lane_view *v)
{
	pthread_mutex_lock(&views->lock);
	put(v);
	pthread_mutex_unlock(&views->lock);
}

/* A host that hung up tells of no end any more. */
static bool is_gone(int sock)
{
	struct pollfd p = { .fd = sock };

	return poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLERR);
}

static int wait_for(struct wn_embed_lane_views *views, unsigned long number, u64 deadline,
		    int sock)
{
	struct wn_embed_lane_view *v = get(views, number);
	struct wn_embed_word words[3];
	u32 flags, nr, i;
	int err = 0;
	bool told;

	if (!v)
		return -ENOENT;
	for (;;) {
		flags = load(&v->state->flags);
		told = false;
		nr = bells_of(v, v->rung, words, &told);
		for (i = 0; i < nr; i++)
			__atomic_store_n(&v->rung[i], words[i].seen, __ATOMIC_RELAXED);
		if (told || is_over(v)) {
			err = 0;
			break;
		}
		if (err == -EINTR || (err == -ETIME && wn_embed_is_late(deadline)))
			break;
		if (is_gone(sock)) {
			err = -ESHUTDOWN;
			break;
		}
		pthread_mutex_lock(&views->lock);
		err = find(views, number) == v ? 0 : -ENOENT;
		pthread_mutex_unlock(&views->lock);
		if (err)
			break;
		words[nr++] = (struct wn_embed_word){ &v->state->flags, flags };
		err = wn_embed_sleep_any(words, nr, wn_embed_sooner(deadline, LOOK_NS));
	}
	give(views, v);
	return err;
}

/* What who waits for any sleeps on: words, and the views that they are in, kept mapped. */
struct watch {
	struct wn_embed_word words[WN_EMBED_WORDS];
	struct wn_embed_lane_view *held[WN_EMBED_WORDS];
	u32 nr, nr_held;
	bool all;		/* there was room for the words of each */
};

/* Under the lock: whether it rang or ended since this was last asked; else it is watched. */
static bool watch_one(struct wn_embed_lane_view *v, struct watch *w)
{
	struct wn_embed_word bells[2];
	bool told = false;
	u32 n, i;

	n = bells_of(v, v->rung_any, bells, &told);
	told |= !v->told_any && is_over(v);
	v->told_any = is_over(v);
	for (i = 0; i < n; i++)
		v->rung_any[i] = bells[i].seen;
	if (v->told_any)
		return told;
	if (w->nr + n > WN_EMBED_WORDS) {
		w->all = false;
		return told;
	}
	for (i = 0; i < n; i++)
		w->words[w->nr++] = bells[i];
	v->refs++;
	w->held[w->nr_held++] = v;
	return told;
}

/* Whether there is something; looks at all in any case, so that each is told of once. */
static bool watch_all(struct wn_embed_lane_views *views, struct watch *w, u32 *news)
{
	struct wn_embed_lane_view *v;
	bool told;

	pthread_mutex_lock(&views->lock);
	w->words[0] = (struct wn_embed_word){ news, load(news) };
	w->nr = 1;
	w->nr_held = 0;
	w->all = true;
	told = w->words[0].seen != views->seen;
	views->seen = w->words[0].seen;
	for (v = views->first; v; v = v->next)
		if (v->peer && v->state)
			told |= watch_one(v, w);
	pthread_mutex_unlock(&views->lock);
	return told;
}

static void unwatch(struct wn_embed_lane_views *views, const struct watch *w)
{
	u32 i;

	pthread_mutex_lock(&views->lock);
	for (i = 0; i < w->nr_held; i++)
		put(w->held[i]);
	pthread_mutex_unlock(&views->lock);
}

static int wait_for_any(struct wn_embed_lane_views *views, u32 *news, u64 deadline, int sock)
{
	struct watch w;
	int err = 0;
	bool over;

	do {
		if (watch_all(views, &w, news)) {
			unwatch(views, &w);
			return 0;
		}
		if (is_gone(sock))
			err = -ESHUTDOWN;
		over = err == -EINTR || err == -ESHUTDOWN ||
		       (err == -ETIME && wn_embed_is_late(deadline));
		if (!over)
			err = wn_embed_sleep_any(w.words, w.nr,
						 wn_embed_sooner(deadline,
								 w.all ? LOOK_NS : NAP_NS));
		unwatch(views, &w);
	} while (!over);
	return err;
}

int wn_embed_lane_view_wait(struct wn_embed_lane_views *views, u32 *news, int sock, void *arg)
{
	struct wn_lane_wait w = {};
	int caller = wn_embed_arg_get(&w, sizeof(w), sizeof(w), arg);

	if (caller < 0)
		return caller;
	if (w.flags || w.reserved || w.deadline > LLONG_MAX)
		return -EINVAL;
	return w.lane == WN_LANE_ANY ? wait_for_any(views, news, w.deadline, sock) :
				       wait_for(views, w.lane, w.deadline, sock);
}

int wn_embed_lane_view_wake(struct wn_embed_lane_views *views, unsigned long number)
{
	struct wn_embed_lane_view *v = get(views, number);

	bool to_engine;

	if (!v)
		return -ENOENT;
	/* It was rung already, which is what they look at; a fan's producer at no consumer's. */
	to_engine = v->who;
	if (!to_engine)
		wn_embed_wake(&v->own->bell, true);
	give(views, v);
	return to_engine;
}
