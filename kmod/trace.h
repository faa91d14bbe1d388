/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: /sys/kernel/tracing/events/worknode/. Those of the core are reached
 * through its port (core/port_kernel.h), all others are called by the glue. While
 * nobody listens each costs a patched jump.
 *
 * What is traced is what was tried: an op of a group that fails is shown as applied with
 * -ECANCELED, and a fold or a capability's use in it is shown though it was taken back.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM worknode

#if !defined(WN_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define WN_TRACE_H

#include <linux/tracepoint.h>

#ifndef WN_TRACE_WHAT
#define WN_TRACE_WHAT
enum wn_trace_client { WN_TRACE_READY, WN_TRACE_ENABLED, WN_TRACE_DEAD, WN_TRACE_GONE };
enum wn_trace_domain { WN_TRACE_MADE, WN_TRACE_ENDED };
enum wn_trace_lane {
	WN_TRACE_CONNECTED, WN_TRACE_ACCEPTED, WN_TRACE_WOKEN,
	WN_TRACE_PRODUCER_WENT, WN_TRACE_CONSUMER_WENT, WN_TRACE_EVICTED,
};
enum wn_trace_poller { WN_TRACE_STARTED, WN_TRACE_ASLEEP, WN_TRACE_AWAKE, WN_TRACE_STOPPED };
enum wn_trace_wait {
	WN_TRACE_ENTER, WN_TRACE_POLL, WN_TRACE_EPOCH, WN_TRACE_EVENTFD, WN_TRACE_LANE,
};
#endif

#define wn_trace_show_client(what) __print_symbolic(what,	\
	{ WN_TRACE_READY, "ready" },				\
	{ WN_TRACE_ENABLED, "enabled" },			\
	{ WN_TRACE_DEAD, "dead" },				\
	{ WN_TRACE_GONE, "gone" })

#define wn_trace_show_domain(what) __print_symbolic(what,	\
	{ WN_TRACE_MADE, "made" },				\
	{ WN_TRACE_ENDED, "ended" })

#define wn_trace_show_lane(what) __print_symbolic(what,		\
	{ WN_TRACE_CONNECTED, "connected" },			\
	{ WN_TRACE_ACCEPTED, "accepted" },			\
	{ WN_TRACE_WOKEN, "woken" },				\
	{ WN_TRACE_PRODUCER_WENT, "producer-went" },		\
	{ WN_TRACE_CONSUMER_WENT, "consumer-went" },		\
	{ WN_TRACE_EVICTED, "evicted" })

#define wn_trace_show_poller(what) __print_symbolic(what,	\
	{ WN_TRACE_STARTED, "started" },			\
	{ WN_TRACE_ASLEEP, "asleep" },				\
	{ WN_TRACE_AWAKE, "awake" },				\
	{ WN_TRACE_STOPPED, "stopped" })

#define wn_trace_show_wait(what) __print_symbolic(what,		\
	{ WN_TRACE_ENTER, "enter" },				\
	{ WN_TRACE_POLL, "poll" },				\
	{ WN_TRACE_EPOCH, "epoch" },				\
	{ WN_TRACE_EVENTFD, "eventfd" },			\
	{ WN_TRACE_LANE, "lane" })

/* --------------------------------------------------------------- of ops */

/* A turn begins; so many entries wait. */
TRACE_EVENT(wn_submit,
	TP_PROTO(u64 domain, u32 client, u32 waiting),
	TP_ARGS(domain, client, waiting),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u32, client)
		__field(u32, waiting)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->client = client;
		__entry->waiting = waiting;
	),
	TP_printk("domain=%llu client=%u waiting=%u",
		  __entry->domain, __entry->client, __entry->waiting)
);

/* An op and its result, in the order of the domain. */
TRACE_EVENT(wn_apply,
	TP_PROTO(u64 domain, u32 client, u8 opcode, u64 node, s64 res, u64 hlc),
	TP_ARGS(domain, client, opcode, node, res, hlc),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u64, node)
		__field(s64, res)
		__field(u64, hlc)
		__field(u32, client)
		__field(u8, opcode)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->node = node;
		__entry->res = res;
		__entry->hlc = hlc;
		__entry->client = client;
		__entry->opcode = opcode;
	),
	TP_printk("domain=%llu client=%u opcode=%u node=%#llx res=%lld hlc=%llu",
		  __entry->domain, __entry->client, __entry->opcode, __entry->node,
		  __entry->res, __entry->hlc)
);

/* Those of them that failed. */
TRACE_EVENT(wn_refuse,
	TP_PROTO(u64 domain, u32 client, u8 opcode, u64 node, s64 err),
	TP_ARGS(domain, client, opcode, node, err),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u64, node)
		__field(u32, client)
		__field(s32, err)
		__field(u8, opcode)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->node = node;
		__entry->client = client;
		__entry->err = err;
		__entry->opcode = opcode;
	),
	TP_printk("domain=%llu client=%u opcode=%u node=%#llx err=%d",
		  __entry->domain, __entry->client, __entry->opcode, __entry->node, __entry->err)
);

/* A completion was put into the ring: of all, but those that ask for none. */
TRACE_EVENT(wn_complete,
	TP_PROTO(u64 domain, u32 client, u64 user_data, s64 res),
	TP_ARGS(domain, client, user_data, res),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u64, user_data)
		__field(s64, res)
		__field(u32, client)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->user_data = user_data;
		__entry->res = res;
		__entry->client = client;
	),
	TP_printk("domain=%llu client=%u user_data=%#llx res=%lld",
		  __entry->domain, __entry->client, __entry->user_data, __entry->res)
);

/* A capability was asked for rights: err 0, or why not. node 0: there is none there. */
TRACE_EVENT(wn_cap_use,
	TP_PROTO(u64 domain, u32 client, u32 index, u32 rights, u64 node, s64 err),
	TP_ARGS(domain, client, index, rights, node, err),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u64, node)
		__field(u32, client)
		__field(u32, index)
		__field(u32, rights)
		__field(s32, err)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->node = node;
		__entry->client = client;
		__entry->index = index;
		__entry->rights = rights;
		__entry->err = err;
	),
	TP_printk("domain=%llu client=%u cap=%u rights=%#x node=%#llx err=%d",
		  __entry->domain, __entry->client, __entry->index, __entry->rights,
		  __entry->node, __entry->err)
);

/* WN_AUDIT_*: also while no subscriber is told of them. */
TRACE_EVENT(wn_audit,
	TP_PROTO(u64 domain, u32 client, u32 index, u64 node, u32 what, u32 err),
	TP_ARGS(domain, client, index, node, what, err),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u64, node)
		__field(u32, client)
		__field(u32, index)
		__field(u32, what)
		__field(u32, err)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->node = node;
		__entry->client = client;
		__entry->index = index;
		__entry->what = what;
		__entry->err = err;
	),
	TP_printk("domain=%llu client=%u cap=%u is=%s node=%#llx err=%u",
		  __entry->domain, __entry->client, __entry->index,
		  __print_symbolic(__entry->what,
				   { WN_AUDIT_GRANTED, "granted" },
				   { WN_AUDIT_REFUSED, "refused" },
				   { WN_AUDIT_EXPIRED, "expired" },
				   { WN_AUDIT_REVOKED, "revoked" }),
		  __entry->node, __entry->err)
);

/* ------------------------------------------------- of what ops brought about */

/* An event was put into a client's inbox. */
TRACE_EVENT(wn_deliver,
	TP_PROTO(u64 domain, u32 client, u8 kind, u8 priority, u64 node, u64 trace, u64 hlc),
	TP_ARGS(domain, client, kind, priority, node, trace, hlc),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u64, node)
		__field(u64, trace)
		__field(u64, hlc)
		__field(u32, client)
		__field(u8, kind)
		__field(u8, priority)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->node = node;
		__entry->trace = trace;
		__entry->hlc = hlc;
		__entry->client = client;
		__entry->kind = kind;
		__entry->priority = priority;
	),
	TP_printk("domain=%llu client=%u kind=%u priority=%u node=%#llx trace=%#llx hlc=%llu",
		  __entry->domain, __entry->client, __entry->kind, __entry->priority,
		  __entry->node, __entry->trace, __entry->hlc)
);

/* A slot's value became its cell's, by detach, death or the cell's end. */
TRACE_EVENT(wn_fold,
	TP_PROTO(u64 domain, u32 client, u32 slot, u32 cell, u64 value),
	TP_ARGS(domain, client, slot, cell, value),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u64, value)
		__field(u32, client)
		__field(u32, slot)
		__field(u32, cell)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->value = value;
		__entry->client = client;
		__entry->slot = slot;
		__entry->cell = cell;
	),
	TP_printk("domain=%llu client=%u slot=%u cell=%u value=%llu",
		  __entry->domain, __entry->client, __entry->slot, __entry->cell,
		  __entry->value)
);

/* ------------------------------------------------------- sleep and wake-up */

/* want: completions and events, the epoch that was seen, or the lane. deadline 0: none. */
TRACE_EVENT(wn_sleep,
	TP_PROTO(u64 domain, u32 client, int what, u64 want, u64 deadline),
	TP_ARGS(domain, client, what, want, deadline),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u64, want)
		__field(u64, deadline)
		__field(u32, client)
		__field(int, what)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->want = want;
		__entry->deadline = deadline;
		__entry->client = client;
		__entry->what = what;
	),
	TP_printk("domain=%llu client=%u in=%s want=%llu deadline=%llu",
		  __entry->domain, __entry->client, wn_trace_show_wait(__entry->what),
		  __entry->want, __entry->deadline)
);

TRACE_EVENT(wn_wake,
	TP_PROTO(u64 domain, u32 client, int what),
	TP_ARGS(domain, client, what),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u32, client)
		__field(int, what)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->client = client;
		__entry->what = what;
	),
	TP_printk("domain=%llu client=%u in=%s",
		  __entry->domain, __entry->client, wn_trace_show_wait(__entry->what))
);

/* ---------------------------------------------------------------- of lives */

/* pid: of the owner, as the first namespace numbers it; 0: not enabled. */
TRACE_EVENT(wn_client,
	TP_PROTO(u64 domain, u32 client, int what, int pid),
	TP_ARGS(domain, client, what, pid),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u32, client)
		__field(int, what)
		__field(int, pid)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->client = client;
		__entry->what = what;
		__entry->pid = pid;
	),
	TP_printk("domain=%llu client=%u is=%s pid=%d",
		  __entry->domain, __entry->client, wn_trace_show_client(__entry->what),
		  __entry->pid)
);

TRACE_EVENT(wn_domain,
	TP_PROTO(u64 domain, int what, u64 bytes),
	TP_ARGS(domain, what, bytes),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u64, bytes)
		__field(int, what)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->bytes = bytes;
		__entry->what = what;
	),
	TP_printk("domain=%llu is=%s bytes=%llu",
		  __entry->domain, wn_trace_show_domain(__entry->what), __entry->bytes)
);

TRACE_EVENT(wn_lane,
	TP_PROTO(u64 domain, u32 client, u32 lane, int what),
	TP_ARGS(domain, client, lane, what),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u32, client)
		__field(u32, lane)
		__field(int, what)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->client = client;
		__entry->lane = lane;
		__entry->what = what;
	),
	TP_printk("domain=%llu client=%u lane=%u is=%s",
		  __entry->domain, __entry->client, __entry->lane,
		  wn_trace_show_lane(__entry->what))
);

TRACE_EVENT(wn_poller,
	TP_PROTO(u64 domain, int what),
	TP_ARGS(domain, what),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(int, what)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->what = what;
	),
	TP_printk("domain=%llu is=%s", __entry->domain, wn_trace_show_poller(__entry->what))
);

#endif

/* Beside this file, wherever that is: Kbuild gives its folder to the compiler. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
