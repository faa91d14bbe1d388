/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The hybrid logical clock: realtime milliseconds in the high 48 bits, a count
 * in the low 16 that carries into them. Stamps of a domain strictly increase,
 * whatever the realtime clock does.
 */
#ifndef WN_CORE_CLOCK_H
#define WN_CORE_CLOCK_H

#include "port.h"

#define WN_CLOCK_SHIFT 16

/* Realtime as a stamp without count. */
static inline u64 wn_clock_at(u64 realtime_ns)
{
	return realtime_ns / 1000000 << WN_CLOCK_SHIFT;
}

/* The stamp that follows @last at @realtime_ns. */
static inline u64 wn_clock_next(u64 last, u64 realtime_ns)
{
	const u64 at = wn_clock_at(realtime_ns);

	return at > last ? at : last + 1;
}

/*
 * A stamp from elsewhere: stamps after it are greater. -EPROTO: it is further
 * ahead of our realtime than the drift bound, and *@last stays.
 */
static inline int wn_clock_merge(u64 *last, u64 remote, u64 realtime_ns, u64 drift_ms)
{
	const u64 remote_ms = remote >> WN_CLOCK_SHIFT;
	const u64 ms = realtime_ns / 1000000;

	if (remote_ms > ms && remote_ms - ms > drift_ms)
		return -EPROTO;
	if (remote > *last)
		*last = remote;
	return 0;
}

#endif
