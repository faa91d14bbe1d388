/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The port in the kernel: names only, every meaning is the kernel's own. What
 * is promised is listed in port.h; include that, never this.
 */
#ifndef WN_CORE_PORT_KERNEL_H
#define WN_CORE_PORT_KERNEL_H

#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/prefetch.h>
#include <linux/string.h>
#include <linux/tracepoint-defs.h>
#include <linux/types.h>
#include <asm/barrier.h>
#include <asm/byteorder.h>

#define wn_load_acquire(p) smp_load_acquire(p)
#define wn_store_release(p, v) smp_store_release(p, v)
#define wn_fence() smp_mb()

#define wn_index_nospec(index, size) array_index_nospec(index, size)

#define wn_prefetch(p) prefetchw(p)

#define wn_add_overflow(a, b, r) check_add_overflow(a, b, r)
#define wn_mul_overflow(a, b, r) check_mul_overflow(a, b, r)

static __always_inline u32 wn_ffs64(u64 x)
{
	return __ffs64(x);
}

static __always_inline u32 wn_fls64(u64 x)
{
	return fls64(x) - 1;
}

#define wn_cpu_to_le16(v) cpu_to_le16(v)
#define wn_cpu_to_le32(v) cpu_to_le32(v)
#define wn_cpu_to_le64(v) cpu_to_le64(v)
#define wn_le16_to_cpu(v) le16_to_cpu(v)
#define wn_le32_to_cpu(v) le32_to_cpu(v)
#define wn_le64_to_cpu(v) le64_to_cpu(v)

#define wn_memcpy(to, from, n) memcpy(to, from, n)
#define wn_memmove(to, from, n) memmove(to, from, n)
#define wn_memset(to, byte, n) memset(to, byte, n)
#define wn_memcmp(a, b, n) memcmp(a, b, n)

/* Once per place: what hostile input might reach must not flood the log. */
#define wn_bug_on(cond) WARN_ON_ONCE(cond)

/* The tracepoints themselves are trace.h's: their headers are too much for every file. */
DECLARE_TRACEPOINT(wn_apply);
DECLARE_TRACEPOINT(wn_audit);
DECLARE_TRACEPOINT(wn_cap_use);
DECLARE_TRACEPOINT(wn_complete);
DECLARE_TRACEPOINT(wn_deliver);
DECLARE_TRACEPOINT(wn_fold);
DECLARE_TRACEPOINT(wn_refuse);

void wn_trace_op_on(const struct wn_core *core, u32 client, const struct wn_sqe *sqe,
		    const struct wn_op_result *result, bool posted);
void wn_trace_cap_on(const struct wn_core *core, u32 client, u32 index, u32 rights, u64 node,
		     s64 err);
void wn_trace_audit_on(const struct wn_core *core, u32 client, u32 index, u64 node, u32 what,
		       u32 err);
void wn_trace_event_on(const struct wn_core *core, u32 client, const struct wn_event *event);
void wn_trace_fold_on(const struct wn_core *core, u32 client, u32 slot, u32 cell, u64 value);

#define wn_trace_ops()                                                            \
	(tracepoint_enabled(wn_apply) || tracepoint_enabled(wn_complete) ||       \
	 tracepoint_enabled(wn_refuse))

#define wn_trace_op(core, client, sqe, result, posted)                            \
	do {                                                                      \
		if (wn_trace_ops())                                               \
			wn_trace_op_on(core, client, sqe, result, posted);        \
	} while (0)

#define wn_trace_cap(core, client, index, rights, node, err)                      \
	do {                                                                      \
		if (tracepoint_enabled(wn_cap_use))                               \
			wn_trace_cap_on(core, client, index, rights, node, err);  \
	} while (0)

#define wn_trace_audit(core, client, index, node, what, err)                      \
	do {                                                                      \
		if (tracepoint_enabled(wn_audit))                                 \
			wn_trace_audit_on(core, client, index, node, what, err);  \
	} while (0)

#define wn_trace_event(core, client, event)                                       \
	do {                                                                      \
		if (tracepoint_enabled(wn_deliver))                               \
			wn_trace_event_on(core, client, event);                   \
	} while (0)

#define wn_trace_fold(core, client, slot, cell, value)                            \
	do {                                                                      \
		if (tracepoint_enabled(wn_fold))                                  \
			wn_trace_fold_on(core, client, slot, cell, value);        \
	} while (0)

#endif
