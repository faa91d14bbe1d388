/* SPDX-License-Identifier: MIT */
/* Files of the module, or of an engine in this process. */
#ifndef WN_SRC_TRANSPORT_H
#define WN_SRC_TRANSPORT_H

#include <wn_transport.h>

#include "internal.h"

/* The module's own, for paths without a scheme. */
extern const struct wn_transport wn_transport_kernel;

/* Whose path it is; *rest: the path as they know it. */
const struct wn_transport *wn_transport_of(const char *path, const char **rest);

struct wn_file {
	const struct wn_transport *via;
	void *file;
};

/* A domain or a control file. A name alone lies in the usual instance. */
int wn_file_open(struct wn_file *file, const char *path, int flags);
int wn_file_remove(const char *path);

static inline int wn_file_call(const struct wn_file *file, unsigned long cmd, void *arg)
{
	return file->via->call(file->file, cmd, arg);
}

static inline void wn_file_close(const struct wn_file *file)
{
	file->via->close(file->file);
}

/* On a client's own file. */
static inline int wn_call(const struct wn *wn, unsigned long cmd, void *arg)
{
	return wn->via->call(wn->file, cmd, arg);
}

/* A page of what was mapped is another's by now. */
static inline int wn_renew(const struct wn *wn, const struct wn_region *region, void *at,
			   __u64 offset)
{
	const struct wn_transport *via = wn->via;

	return via->size >= sizeof(*via) && via->renew ?
	       via->renew(wn->file, region, at, offset) : 0;
}

/* WN_IOC_ENTER, or the short way. */
int wn_enter_for(struct wn *wn, __u32 flags, __u32 min_complete, __u64 deadline);
int wn_enter(struct wn *wn, __u32 to_submit, __u32 min_complete, __u64 deadline);

#endif
