/* SPDX-License-Identifier: MIT */
/*
 * A block device whose other end is a thread of ours (nbd): a read of it is answered when
 * we say so. So direct I/O is under way for as long as we like, and its pages stay pinned,
 * while the memory that it goes to changes hands.
 */
#ifndef WN_SELFTESTS_HELD_H
#define WN_SELFTESTS_HELD_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#define WT_HELD_BYTE	0x5a	/* all that reads of it give */
#define WT_HELD_PAGE	4096

struct wt_held {
	int dev, fd;		/* the device; the same, O_DIRECT */
	int ours;		/* its other end */
	int seen[2], go[2];	/* a byte for each read that came, or ended by itself; and to answer it */
	pthread_t server, owner, reader;
	bool armed;		/* a read of ours is to come */
	void *at;		/* where it goes */
	long got;		/* what came of it */
};

/* 0; -ENODEV: this kernel has none; -errno. */
int wt_held_open(struct wt_held *h);
void wt_held_close(struct wt_held *h);

/* Read a page to there: 0, it is on its way; or why it is not: -EFAULT. */
int wt_held_start(struct wt_held *h, void *at);
/* Have it answered: how many bytes were read, or -errno. */
long wt_held_finish(struct wt_held *h);

/* Write a page from there: how many bytes, or -errno. */
long wt_held_write(const struct wt_held *h, const void *at);

#endif
