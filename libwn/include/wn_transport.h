/* SPDX-License-Identifier: MIT */
/*
 * Who is asked for domains. Usually that is the module, by its files; a path that
 * begins with a scheme ("embed:board") is for an engine that this process brought
 * along, which does the same by the same structs of <linux/worknode.h>. Programs
 * need nothing of this header; it is for those who write such engines.
 */
#ifndef WN_TRANSPORT_H
#define WN_TRANSPORT_H

#include <linux/worknode.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Each call may come from any thread at any time, and returns 0 or more, or
 * -errno; errno itself is left alone. In a forked child all but again and close
 * of what the parent opened return -EOWNERDEAD, or do what the module would.
 */
struct wn_transport {
	__u32 size;		/* of this struct */
	const char *scheme;	/* without its colon */

	/* Open a file: a domain, or "control" of an instance. path is behind the colon. */
	int (*open)(const char *path, int flags, void **file);
	/* Open a client's domain once more, named or not: where this is a forked child, for it. */
	int (*again)(void *file, int flags, void **to);
	/* In a forked child only what is the child's own is freed. */
	void (*close)(void *file);
	/* WN_IOC_*, as on the module's file. */
	int (*call)(void *file, unsigned long cmd, void *arg);
	/* Map a region that SETUP told of, for writing where its flags say so. */
	int (*map)(void *file, const struct wn_region *region, void **at);
	void (*unmap)(void *file, const struct wn_region *region, void *at);
	/* Remove a domain's name. */
	int (*remove)(const char *path);
	/* A descriptor to poll, which stays the file's; -ENOTTY: none. */
	int (*fd)(void *file);

	struct wn_transport *next; /* the library's */

	/*
	 * What map gave shows another page at this offset by now: a seat of a fan has another
	 * consumer. Show that, in place. NULL, or a struct that ends before: it does so by itself.
	 */
	int (*renew)(void *file, const struct wn_region *region, void *at, __u64 offset);
};

/*
 * From now on paths with t's scheme are t's, in this process and in children that
 * are forked later; there is no way back. -EEXIST: the scheme is taken; -EINVAL.
 */
int wn_transport_register(struct wn_transport *t);

#ifdef __cplusplus
}
#endif

#endif
