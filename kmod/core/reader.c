// SPDX-License-Identifier: GPL-2.0-only OR MIT
#include "reader.h"

#include "cap.h"
#include "core.h"
#include "node.h"

int wn_reader_of(struct wn_core *core, u32 index, const struct wn_now *now)
{
	const struct wn_node_own *own = &core->own[index];

	if (!own->reader)
		return -ENOLINK;
	if (own->reader_cap == WN_READER_QUEUE)
		return (int)(core->bounds.clients + own->reader - 1);
	return wn_cap_lasts(core, own->reader_cap, now) ? (int)own->reader - 1 : -ENOLINK;
}

s64 wn_reader_check(const struct wn_core *core, u32 reader, const struct wn_event *event, u32 n,
		    u32 flags)
{
	const u32 clients = core->bounds.clients;

	return reader < clients ? wn_mail_check(core, reader, event, n, flags) :
				  wn_queue_check(core, reader - clients + 1, event, n, flags);
}

void wn_reader_post(struct wn_core *core, u32 reader, const struct wn_event *event, u32 flags)
{
	const u32 clients = core->bounds.clients;

	if (reader < clients)
		wn_mail_post(core, reader, event, flags);
	else
		wn_queue_post(core, reader - clients + 1, event);
}

s64 wn_reader_send(struct wn_core *core, u32 index, const struct wn_event *event, u32 flags,
		   const struct wn_now *now)
{
	const int reader = wn_reader_of(core, index, now);
	s64 err;

	if (reader < 0)
		return reader;
	err = wn_reader_check(core, (u32)reader, event, 1, flags);
	if (!err)
		wn_reader_post(core, (u32)reader, event, flags);
	return err;
}
