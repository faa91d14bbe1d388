/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The port in user space: for the embedded engine, the tests, fuzzers and
 * benchmarks. What is promised is listed in port.h; include that, never this.
 * It is as strict as the kernel's: a clamp here is a clamp, not a comment, for
 * the embedded engine serves hostile processes too.
 */
#ifndef WN_CORE_PORT_USER_H
#define WN_CORE_PORT_USER_H

#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * As in the kernel and in the uapi header: 64 bits are long long everywhere, and
 * naturally aligned in 32-bit programs too: one layout, and single-copy atomic.
 */
#define wn_natural __attribute__((__aligned__(8)))

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64 wn_natural;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64 wn_natural;

#ifndef likely
#define likely(x) __builtin_expect(!!(x), 1)
#endif
#ifndef unlikely
#define unlikely(x) __builtin_expect(!!(x), 0)
#endif
#ifndef __must_check
#define __must_check __attribute__((__warn_unused_result__))
#endif
#ifndef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#endif
#ifndef noinline
#define noinline __attribute__((__noinline__))
#endif
#ifndef fallthrough
#define fallthrough __attribute__((__fallthrough__))
#endif

/* Atomic rather than volatile, so that ThreadSanitizer knows what is meant. */
#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)
#define wn_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define wn_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define wn_fence() __atomic_thread_fence(__ATOMIC_SEQ_CST)

/* All ones where index < size, else 0, computed by data flow and never by a branch. */
static __always_inline unsigned long wn_index_mask(unsigned long index, unsigned long size)
{
	unsigned long mask;

#if defined(__x86_64__) || defined(__i386__)
	__asm__("cmp %1, %2\n\tsbb %0, %0" : "=r"(mask) : "r"(size), "r"(index) : "cc");
#elif defined(__aarch64__)
	__asm__ volatile("cmp %1, %2\n\tsbc %0, xzr, xzr\n\thint #20"
			 : "=r"(mask)
			 : "r"(index), "r"(size)
			 : "cc");
#else
	__asm__("" : "+r"(index));
	mask = ~(unsigned long)((long)(index | (size - 1 - index)) >>
				(sizeof(long) * 8 - 1));
#endif
	return mask;
}

#define wn_index_nospec(index, size) \
	((__typeof__(index))((index) & wn_index_mask((index), (size))))

#define wn_prefetch(p) __builtin_prefetch((p), 1)

#define wn_add_overflow(a, b, r) __builtin_add_overflow(a, b, r)
#define wn_mul_overflow(a, b, r) __builtin_mul_overflow(a, b, r)

static __always_inline u32 wn_ffs64(u64 x)
{
	return (u32)__builtin_ctzll(x);
}

static __always_inline u32 wn_fls64(u64 x)
{
	return 63 - (u32)__builtin_clzll(x);
}

#ifdef __CHECKER__
#define wn_force __attribute__((force))
#else
#define wn_force
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define wn_swap_le(bits, v) (v)
#else
#define wn_swap_le(bits, v) __builtin_bswap##bits(v)
#endif

#define wn_cpu_to_le16(v) ((wn_force __le16)(u16)wn_swap_le(16, v))
#define wn_cpu_to_le32(v) ((wn_force __le32)(u32)wn_swap_le(32, v))
#define wn_cpu_to_le64(v) ((wn_force __le64)(u64)wn_swap_le(64, v))
#define wn_le16_to_cpu(v) ((u16)wn_swap_le(16, (wn_force u16)(v)))
#define wn_le32_to_cpu(v) ((u32)wn_swap_le(32, (wn_force u32)(v)))
#define wn_le64_to_cpu(v) ((u64)wn_swap_le(64, (wn_force u64)(v)))

#define wn_memcpy(to, from, n) __builtin_memcpy(to, from, n)
#define wn_memmove(to, from, n) __builtin_memmove(to, from, n)
#define wn_memset(to, byte, n) __builtin_memset(to, byte, n)
#define wn_memcmp(a, b, n) __builtin_memcmp(a, b, n)

/*
 * The program around the core says what a broken invariant means to it: a test
 * fails, an embedded engine logs. The core holds no state of its own to do so.
 */
void wn_port_report(const char *file, int line, const char *what);

#define wn_bug_on(cond)                                            \
	({                                                         \
		const bool wn_bug_ = !!(cond);                     \
								   \
		if (unlikely(wn_bug_))                             \
			wn_port_report(__FILE__, __LINE__, #cond); \
		unlikely(wn_bug_);                                 \
	})

/* Nobody watches: functions, so that what is handed in is checked all the same. */
static inline void wn_trace_op(const struct wn_core *core, u32 client, const struct wn_sqe *sqe,
			       const struct wn_op_result *result, bool posted)
{
}

static inline void wn_trace_cap(const struct wn_core *core, u32 client, u32 index, u32 rights,
				u64 node, s64 err)
{
}

static inline void wn_trace_audit(const struct wn_core *core, u32 client, u32 index, u64 node,
				  u32 what, u32 err)
{
}

static inline void wn_trace_event(const struct wn_core *core, u32 client,
				  const struct wn_event *event)
{
}

static inline void wn_trace_fold(const struct wn_core *core, u32 client, u32 slot, u32 cell,
				 u64 value)
{
}

#endif
