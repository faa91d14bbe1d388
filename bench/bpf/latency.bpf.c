// SPDX-License-Identifier: MIT
/*
 * How long ops take in the kernel, as a histogram for each opcode: from the turn's begin,
 * or the end of the op before it, to the op's own. Types are those of the module's BTF.
 */
#include "worknode.btf.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "latency.h"

#define CLIENTS	1024	/* bits of a client's number that count here */

/* The module's license decides what it may call: none of these is for GPL programs only. */
char LICENSE[] SEC("license") = "Dual MIT/GPL";

/*
 * A client has one turn at a time, so the two programs never meet here. Clients of two
 * domains that share a place spoil each other's first op of a turn, and no more.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CLIENTS);
	__type(key, u32);
	__type(value, u64);
} since SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LATENCY_OPS * LATENCY_SLOTS);
	__type(key, u32);
	__type(value, u64);
} counts SEC(".maps");

static __always_inline u64 *begun(u64 domain, u32 client)
{
	const u32 at = (client + (u32)domain * 61) % CLIENTS;

	return bpf_map_lookup_elem(&since, &at);
}

static __always_inline u32 log2_of(u64 v)
{
	u32 n = 0;

	if (v >> 32)
		return LATENCY_SLOTS - 1;
	if (v >> 16) {
		n += 16;
		v >>= 16;
	}
	if (v >> 8) {
		n += 8;
		v >>= 8;
	}
	if (v >> 4) {
		n += 4;
		v >>= 4;
	}
	if (v >> 2) {
		n += 2;
		v >>= 2;
	}
	return n + (u32)(v >> 1);
}

SEC("tp_btf/wn_submit")
int BPF_PROG(submit, u64 domain, u32 client, u32 waiting)
{
	u64 *at = begun(domain, client);

	if (at)
		*at = bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/wn_apply")
int BPF_PROG(apply, u64 domain, u32 client, u8 opcode, u64 node, s64 res, u64 hlc)
{
	const u64 now = bpf_ktime_get_ns();
	u64 *at = begun(domain, client), *count;
	u32 slot;

	if (!at || !*at)
		return 0;
	slot = opcode % LATENCY_OPS * LATENCY_SLOTS + log2_of(now - *at);
	*at = now;
	count = bpf_map_lookup_elem(&counts, &slot);
	if (count)
		++*count;
	return 0;
}
