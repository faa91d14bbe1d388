// SPDX-License-Identifier: MIT
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

u64 world_random(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

struct wn_bounds world_bounds(u32 nodes)
{
	return (struct wn_bounds){
		.nodes = nodes, .children = 2000, .depth = 64, .cells = 1, .set_elems = 1,
		.elems = 1, .replicas = 1, .clients = 4, .caps = 8, .slots = 1,
		.sq_entries = 64, .cq_entries = 64, .inbox_entries = 4, .group_ops = 64,
		.idem_keys = 8, .lanes = 1, .subs = 1, .timers = 1, .log_records = 1,
		.backlog = 1, .slab_bytes = 4096,
	};
}

static void *zeroed(u64 bytes)
{
	void *mem = aligned_alloc(64, (bytes + 63) & ~63ULL);

	if (!mem) {
		printf("Bail out! no memory for a world\n");
		exit(1);
	}
	return memset(mem, 0, bytes);
}

void world_make(struct world *w, const struct wn_bounds *bounds, const struct wn_core_ident *ident)
{
	memset(w, 0, sizeof(*w));
	if (wn_core_size(bounds, &w->size)) {
		printf("Bail out! bounds without a size\n");
		exit(1);
	}
	w->public = zeroed(w->size.public_bytes);
	w->private = zeroed(w->size.private_bytes);
	w->out = zeroed(WORLD_OUT_BYTES);
	w->now = (struct wn_now){ .realtime = 1700000000000000000ULL, .boottime = 1000000000 };
	w->core = wn_core_init(w->public, w->private, bounds, ident);
	if (!w->core) {
		printf("Bail out! no core for these bounds\n");
		exit(1);
	}
}

void world_init(struct world *w, const struct wn_bounds *bounds, u64 seed)
{
	const struct wn_core_open first = { .rights = WN_RIGHT_ALL };
	const struct wn_core_ident ident = {
		.domain = 1,
		.name_key = { world_random(&seed), world_random(&seed) },
		.secret = { world_random(&seed), world_random(&seed) },
	};

	world_make(w, bounds, &ident);
	if (wn_core_client_open(w->core, 0, &first)) {
		printf("Bail out! no client for these bounds\n");
		exit(1);
	}
}

void world_deinit(struct world *w)
{
	free(w->public);
	free(w->private);
	free(w->out);
}

bool world_tells;

void world_say(const char *format, ...)
{
	va_list args;

	if (!world_tells)
		return;
	printf("#   ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

void world_say_op(u32 client, const struct wn_sqe *sqe, s64 res)
{
	world_say("%u: op %u flags %#x/%#x cap %u node %#llx arg %#llx w %#llx %#llx %#llx: %lld",
		  client, sqe->opcode, sqe->flags, sqe->op_flags, sqe->cap, sqe->node, sqe->arg,
		  sqe->w[0], sqe->w[1], sqe->w[2], res);
}

s64 world_op(struct world *w, u32 client, const struct wn_sqe *sqe, const void *data)
{
	const struct wn_op_env env = {
		.client = client, .now = &w->now, .out = w->out, .out_bytes = WORLD_OUT_BYTES,
	};
	struct wn_sqe slots[2] = { *sqe };

	if (data) {
		slots[0].flags |= WN_SQE_WIDE;
		memcpy(&slots[1], data, sizeof(slots[1]));
	}
	wn_op_apply(w->core, &env, slots, &w->last);
	world_say_op(client, sqe, w->last.res);
	return w->last.res;
}

void world_name(u8 data[64], const char *name)
{
	memset(data, 0, 64);
	memcpy(data, name, strnlen(name, 64));
}

s64 world_create(struct world *w, u64 parent, const char *name)
{
	u8 data[64];

	world_name(data, name);
	return world_op(w, 0, OP(.opcode = WN_OP_NODE_CREATE, .node = parent), data);
}

s64 world_lookup(struct world *w, u64 parent, const char *name)
{
	u8 data[64];

	world_name(data, name);
	return world_op(w, 0, OP(.opcode = WN_OP_LOOKUP, .node = parent), data);
}

static const void *area(const u8 *public, u32 which, u32 index)
{
	const struct wn_area *a = &((const struct wn_public *)public)->areas[which];

	return public + a->offset + (u64)index * a->stride;
}

bool world_read_once(const u8 *public, u32 index, struct wn_node_rec *rec)
{
	const wn_word *from = area(public, WN_AREA_NODES, index);
	const wn_half *seq = (const wn_half *)from;
	wn_word *to = (wn_word *)rec;
	u32 before, i;

	before = __atomic_load_n(seq, __ATOMIC_ACQUIRE);
	if (before & 1)
		return false;
	for (i = 0; i < sizeof(*rec) / sizeof(*to); i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_ACQUIRE);
	return __atomic_load_n(seq, __ATOMIC_RELAXED) == before;
}

bool world_read(const u8 *public, u32 index, struct wn_node_rec *rec)
{
	u32 try;

	for (try = 0; try < 1000000; try++)
		if (world_read_once(public, index, rec))
			return true;
	return false;
}

const struct wn_cell_rec *world_cell(const u8 *public, u32 index)
{
	return area(public, WN_AREA_CELLS, index);
}

/* SipHash-1-3, written down a second time, from the uapi header's words. */
static u64 rotate(u64 x, int n)
{
	return x << n | x >> (64 - n);
}

static void sip_round(u64 v[4])
{
	v[0] += v[1]; v[1] = rotate(v[1], 13); v[1] ^= v[0]; v[0] = rotate(v[0], 32);
	v[2] += v[3]; v[3] = rotate(v[3], 16); v[3] ^= v[2];
	v[0] += v[3]; v[3] = rotate(v[3], 21); v[3] ^= v[0];
	v[2] += v[1]; v[1] = rotate(v[1], 17); v[1] ^= v[2]; v[2] = rotate(v[2], 32);
}

static u64 sip(const u64 key[2], const u64 *words, u32 n)
{
	u64 v[4] = { key[0] ^ 0x736f6d6570736575ULL, key[1] ^ 0x646f72616e646f6dULL,
		     key[0] ^ 0x6c7967656e657261ULL, key[1] ^ 0x7465646279746573ULL };
	u32 i;

	for (i = 0; i < n; i++) {
		v[3] ^= words[i];
		sip_round(v);
		v[0] ^= words[i];
	}
	v[2] ^= 0xff;
	for (i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

u64 world_find(const u8 *public, u64 parent, const char *name)
{
	const struct wn_public *p = (const struct wn_public *)public;
	const size_t len = strlen(name);
	u64 words[10] = { parent }, hash;
	const struct wn_name_bucket *bucket;
	struct wn_node_rec rec;
	u32 n = 1, i, entry;

	for (i = 0; i < len; i++)
		words[1 + i / 8] |= (u64)(u8)name[i] << i % 8 * 8;
	n += (len + 7) / 8;
	hash = sip((const u64 *)p->name_key, words, n);
	bucket = area(public, WN_AREA_NAMES, hash & (p->areas[WN_AREA_NAMES].count - 1));
	for (i = 0; i < WN_NAME_ENTRIES; i++) {
		entry = __atomic_load_n(&bucket->entries[i], __ATOMIC_ACQUIRE);
		if (!entry)
			break;
		if (entry >> p->name_bits != (u32)(hash >> 32) << p->name_bits >> p->name_bits)
			continue;
		if (!world_read(public, (entry & ((1u << p->name_bits) - 1)) - 1, &rec))
			continue;
		if (rec.handle && rec.parent == parent && !strcmp((const char *)rec.name, name))
			return rec.handle;
	}
	return 0;
}
