/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Who reads a node's events: one client, or a work queue. For all that sends to a node.
 */
#ifndef WN_CORE_READER_H
#define WN_CORE_READER_H

#include "mail.h"
#include "queue.h"

/* wn_node_own.reader_cap where reader is a queue: no capability ever has that. */
#define WN_READER_QUEUE		(~0ULL)

/*
 * A client's number, or bounds.clients and more: a queue; -ENOLINK: nobody reads them, for
 * who reads by a capability that is revoked or over reads no more.
 */
int wn_reader_of(struct wn_core *core, u32 index, const struct wn_now *now);

/* wn_mail_check and wn_mail_post for what wn_reader_of() gave. */
s64 wn_reader_check(const struct wn_core *core, u32 reader, const struct wn_event *event, u32 n,
		    u32 flags);
void wn_reader_post(struct wn_core *core, u32 reader, const struct wn_event *event, u32 flags);

/* All three: 0, -ENOLINK, -ENOBUFS; -EOPNOTSUPP: a kind of event that no queue takes. */
s64 wn_reader_send(struct wn_core *core, u32 index, const struct wn_event *event, u32 flags,
		   const struct wn_now *now);

#endif
