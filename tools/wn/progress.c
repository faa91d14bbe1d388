// SPDX-License-Identifier: MIT
#include "progress.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define WAIT	2000000000ULL
#define EACH	200000000ULL
#define WIDTH	30

/* For tests: a terminal, and no patience. */
static bool forced(void)
{
	return getenv("WORKNODE_PROGRESS") != NULL;
}

static __u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (__u64)t.tv_sec * 1000000000 + (__u64)t.tv_nsec;
}

void wn_progress_begin(struct wn_progress *p, const char *what, __u64 total)
{
	*p = (struct wn_progress){ .what = what, .total = total };
	p->on = isatty(STDERR_FILENO) || forced();
	if (p->on)
		p->begun = now();
}

void wn_progress_at(struct wn_progress *p, __u64 at)
{
	__u64 t, full, i;

	/* The clock costs more than what is counted. */
	if (!p->on || (at - p->looked < 64 && at != p->total && !p->timed && !forced()))
		return;
	p->looked = at;
	t = now();
	if (!forced() && (t - p->begun < WAIT || t - p->shown < EACH))
		return;
	p->shown = t;
	p->any = true;
	fprintf(stderr, "\r%s ", p->what);
	if (p->total) {
		full = at < p->total ? at * WIDTH / p->total : WIDTH;
		fputc('[', stderr);
		for (i = 0; i < WIDTH; i++)
			fputc(i < full ? '#' : '.', stderr);
		fprintf(stderr, "] %llu of %llu", (unsigned long long)at,
			(unsigned long long)p->total);
	} else {
		fprintf(stderr, "%llu", (unsigned long long)at);
	}
}

void wn_progress_end(struct wn_progress *p)
{
	if (p->any)
		fputs(isatty(STDERR_FILENO) ? "\r\033[K" : "\n", stderr);
}

/* Each fifth of a second; nothing in the first two. */
static void *tick(void *arg)
{
	struct wn_ticker *t = arg;
	struct timespec next;
	__u64 at;

	pthread_mutex_lock(&t->lock);
	while (!t->over) {
		at = now();
		wn_progress_at(&t->p, (at - t->p.begun) / 1000000000);
		at += EACH;
		next.tv_sec = (time_t)(at / 1000000000);
		next.tv_nsec = (long)(at % 1000000000);
		pthread_cond_timedwait(&t->ended, &t->lock, &next);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

void wn_ticker_begin(struct wn_ticker *t, const char *what)
{
	pthread_condattr_t clock;
	sigset_t all, before;

	*t = (struct wn_ticker){ .over = false };
	wn_progress_begin(&t->p, what, 0);
	t->p.timed = true;
	if (!t->p.on)
		return;
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&t->ended, &clock);
	pthread_condattr_destroy(&clock);
	if (forced())
		wn_progress_at(&t->p, 0);
	/* Signals are for the thread that does the work. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	t->runs = !pthread_create(&t->thread, NULL, tick, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void wn_ticker_end(struct wn_ticker *t)
{
	if (t->runs) {
		pthread_mutex_lock(&t->lock);
		t->over = true;
		pthread_cond_signal(&t->ended);
		pthread_mutex_unlock(&t->lock);
		pthread_join(t->thread, NULL);
	}
	wn_progress_end(&t->p);
}
