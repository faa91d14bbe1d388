/* SPDX-License-Identifier: MIT */
/*
 * A domain as a file describes it: lines "key = value", # begins a comment.
 *
 *	name = board		the file's own, without .conf, unless given
 *	mode = 660
 *	owner = root		a name or a number; the caller, unless given
 *	group = worknode
 *	profile = default	or large; the bounds that the following lines change
 *	nodes = 20000		any bound
 */
#ifndef WN_DOMAIN_CONF_H
#define WN_DOMAIN_CONF_H

#include <sys/types.h>

#include "cmd.h"

struct wn_domain_conf {
	char name[WN_NAME_BYTES];
	char file[256];		/* that it was read from, for messages */
	unsigned int mode;
	uid_t owner;		/* -1: not given */
	gid_t group;
	struct wn_bounds bounds;
};

/* 0, or a status after a message that names file and line. */
int wn_domain_conf_read(struct wn_ctx *ctx, const char *file, struct wn_domain_conf *conf);

#endif
