/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain's recording: the core's journal (core/journal.h) in memory of the domain, and
 * its way out. Asked for when the domain is made; who made none pays nothing.
 *
 * It is in two halves of a size. The core writes to one; the other is whoever takes the
 * journal out's, from the moment on when the halves changed places. So what is copied to
 * user space is copied without domain->lock, and a bad address takes nothing out.
 */
#ifndef WN_RECORDING_H
#define WN_RECORDING_H

#include <linux/types.h>

struct file;
struct wn_bounds;
struct wn_core_ident;
struct wn_domain;

/* Of so many KB, at least as many as the bounds need, both halves: 0: too many. */
u64 wn_recording_bytes(const struct wn_bounds *bounds, u32 kb);

/* What they cost. */
u64 wn_recording_cost(u64 bytes);

/* The core is as wn_core_init() left it for this ident. */
int wn_recording_begin(struct wn_domain *domain, u64 bytes, const struct wn_core_ident *ident);
void wn_recording_end(struct wn_domain *domain);

/* WN_IOC_JOURNAL, on control. */
long wn_recording_ioctl(struct file *control, void __user *uarg);

#endif
