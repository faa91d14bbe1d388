/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The core's only door to the outside.
 *
 * The core is compiled twice: into worknode.ko and into user-space programs.
 * A core file includes core headers, this one and <linux/worknode.h>, nothing
 * else. What the two worlds name alike keeps its kernel name here (u64,
 * READ_ONCE, likely); what differs gets a wn_ name with one meaning in both.
 *
 * Each of port_kernel.h and port_user.h gives:
 *
 *   u8 u16 u32 u64 s8 s16 s32 s64 bool, __le16 __le32 __le64, errno names
 *   likely unlikely __must_check __always_inline noinline fallthrough
 *   READ_ONCE(x) WRITE_ONCE(x, v)   one access the compiler neither splits nor repeats
 *   wn_load_acquire(p) wn_store_release(p, v)
 *   wn_fence()                      full: stores before it are seen before loads after it
 *   wn_index_nospec(i, n)           i where i < n, else 0, under speculation too;
 *                                   it follows a bound check and replaces none
 *   wn_prefetch(p)                  this line will be written soon: a hint, for any address
 *   wn_add_overflow(a, b, r) wn_mul_overflow(a, b, r)   true: *r is not to be used
 *   wn_ffs64(x) wn_fls64(x)         place of the lowest/highest set bit; x != 0
 *   wn_cpu_to_le16/32/64(v) wn_le16/32/64_to_cpu(v)
 *   wn_memcpy wn_memmove wn_memset wn_memcmp
 *   wn_bug_on(cond)                 reports a broken invariant and gives cond back:
 *                                   the caller refuses and goes on; it stops nothing
 *   wn_trace_op(core, client, sqe, result, posted)
 *   wn_trace_cap(core, client, index, rights, node, err)
 *   wn_trace_audit(core, client, index, node, what, err)
 *   wn_trace_event(core, client, event)
 *   wn_trace_fold(core, client, slot, cell, value)
 *                                   tell who watches the core at work, if anybody does:
 *                                   they change nothing, and cost next to nothing else
 *
 * Nothing here allocates, locks, sleeps, or reads a clock.
 */
#ifndef WN_CORE_PORT_H
#define WN_CORE_PORT_H

struct wn_core;
struct wn_event;
struct wn_op_result;
struct wn_sqe;

#ifdef __KERNEL__
#include "port_kernel.h"
#else
#include "port_user.h"
#endif

#define wn_static_assert(cond) _Static_assert(cond, #cond)

wn_static_assert(sizeof(u64) == 8 && sizeof(s64) == 8 && sizeof(u32) == 4 &&
		 sizeof(u16) == 2 && sizeof(u8) == 1 && sizeof(bool) == 1);

/* Words of memory that is otherwise used as the structs that it holds. */
typedef u64 __attribute__((__may_alias__)) wn_word;
typedef u32 __attribute__((__may_alias__)) wn_half;

/*
 * Little-endian fields of byte forms that may begin at any address. A copy of
 * known size is one load or store on the machines we run on, and it needs no
 * header whose name changed between kernels.
 */
static inline u16 wn_get_le16(const void *from)
{
	__le16 v;

	wn_memcpy(&v, from, sizeof(v));
	return wn_le16_to_cpu(v);
}

static inline u32 wn_get_le32(const void *from)
{
	__le32 v;

	wn_memcpy(&v, from, sizeof(v));
	return wn_le32_to_cpu(v);
}

static inline u64 wn_get_le64(const void *from)
{
	__le64 v;

	wn_memcpy(&v, from, sizeof(v));
	return wn_le64_to_cpu(v);
}

static inline void wn_put_le16(void *to, u16 value)
{
	const __le16 v = wn_cpu_to_le16(value);

	wn_memcpy(to, &v, sizeof(v));
}

static inline void wn_put_le32(void *to, u32 value)
{
	const __le32 v = wn_cpu_to_le32(value);

	wn_memcpy(to, &v, sizeof(v));
}

static inline void wn_put_le64(void *to, u64 value)
{
	const __le64 v = wn_cpu_to_le64(value);

	wn_memcpy(to, &v, sizeof(v));
}

#endif
