/* SPDX-License-Identifier: MIT */
/*
 * What is told to clients goes where the test says, or on to their backlogs. The Makefile
 * lists the programs that this is for: it takes the linker's help.
 */
#ifndef WN_UNIT_TELL_H
#define WN_UNIT_TELL_H

#include "kmod/core/mail.h"

static s64 (*tell_by)(struct wn_core *core, u32 client, const struct wn_event *event);

s64 __real_wn_mail_tell(struct wn_core *core, u32 client, const struct wn_event *event);
s64 __wrap_wn_mail_tell(struct wn_core *core, u32 client, const struct wn_event *event);

s64 __wrap_wn_mail_tell(struct wn_core *core, u32 client, const struct wn_event *event)
{
	return (tell_by ? tell_by : __real_wn_mail_tell)(core, client, event);
}

#endif
