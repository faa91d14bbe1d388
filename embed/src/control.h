/* SPDX-License-Identifier: MIT */
/* What is asked without a domain: ioctls on a control file. */
#ifndef WN_EMBED_CONTROL_H
#define WN_EMBED_CONTROL_H

#include "kmod/core/port.h"

/* WN_IOC_QUERY, BOUNDS: on any file; -ENOTTY for all else. */
int wn_embed_query(bool hosted, unsigned long cmd, void *arg);

/*
 * These, and WN_IOC_CREATE in the instance, if it is writable. most: 0, or as of
 * wn_embed_domain_create().
 */
int wn_embed_control(const char *instance, bool writable, u64 most, unsigned long cmd, void *arg);

#endif
