// SPDX-License-Identifier: MIT
/* Reading public state where that takes more than one record, and the slow ways. */
#include "cells.h"

#include <string.h>

/* SipHash-1-3 as the uapi header gives it for names. */
struct sip {
	__u64 v0, v1, v2, v3;
};

static __u64 rotate(__u64 x, unsigned int n)
{
	return x << n | x >> (64 - n);
}

static void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static void sip_word(struct sip *s, __u64 word)
{
	s->v3 ^= word;
	sip_round(s);
	s->v0 ^= word;
}

/* name: NUL-padded to a multiple of 8. */
static __u64 name_hash(const struct wn_public *pub, __u64 parent, const char *name, size_t len)
{
	const __u64 *key = (const __u64 *)pub->name_key;
	struct sip s = {
		.v0 = key[0] ^ 0x736f6d6570736575ULL,
		.v1 = key[1] ^ 0x646f72616e646f6dULL,
		.v2 = key[0] ^ 0x6c7967656e657261ULL,
		.v3 = key[1] ^ 0x7465646279746573ULL,
	};
	size_t i, j;

	sip_word(&s, parent);
	for (i = 0; i < len; i += 8) {
		__u64 word = 0;

		for (j = 0; j < 8; j++)
			word |= (__u64)(unsigned char)name[i + j] << 8 * j;
		sip_word(&s, word);
	}
	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

static bool is_mapped(const struct wn *wn)
{
	return wn->pub && *wn->alive;
}

/* 0, or why public state cannot be read here. */
static int check_mapped(const struct wn *wn)
{
	if (!*wn->alive)
		return -EOWNERDEAD;
	return wn->pub ? 0 : -ENXIO;
}

/* The node that a handle of 0 means. */
static __u64 or_root(const struct wn *wn, __u64 node)
{
	return node ? node : wn->pub->root;
}

/*
 * A handle was not found. Where that is because public state was taken away, what the
 * engine says; it may still let us ask it.
 */
static int not_found(struct wn *wn, __u64 node)
{
	struct wn_node_rec rec;
	int err;

	if (wn_public_is_there(wn))
		return -ESTALE;
	err = wn_node_read_slow(wn, node, &rec);
	return err ? err : -ENXIO;
}

/* ------------------------------------------------------------- slow ways */

WN_API int wn_node_read_slow(struct wn *wn, __u64 node, struct wn_node_rec *rec)
{
	struct wn_sqe sqe = {};
	__u32 out;
	__s64 res = wn_out_alloc(wn, sizeof(*rec), &out);

	if (res)
		return (int)res;
	wn_prep_read(&sqe, node, out, 0);
	res = wn_do(wn, &sqe, NULL, NULL);
	if (res >= 0)
		memcpy(rec, wn_out(wn, out), sizeof(*rec));
	wn_out_free(wn, out, sizeof(*rec));
	return res < 0 ? (int)res : 0;
}

WN_API int wn_cell_read_slow(struct wn *wn, __u64 node, __u64 cell, struct wn_cell_rec *rec)
{
	__s64 res = wn_cell_fetch(wn, node, cell, WN_CELL_READ_REC, rec, sizeof(*rec),
				  sizeof(*rec));

	return res < 0 ? (int)res : 0;
}

/* Rounds of WN_READ_TRIES, with a turn of the engine between them. */
#define ROUNDS	64

/*
 * Before try number tries, from 0: 0, or why there is none. Where a round of them saw what was
 * half written, for the engine writes all the time or lost its CPU meanwhile, a NOP is answered
 * when that turn is over: all is whole then, unless the next one began.
 */
static int again(struct wn *wn, int tries)
{
	const struct wn_sqe nop = { .opcode = WN_OP_NOP };
	struct wn_cqe cqe = {};
	__s64 err;

	if (!tries || tries % WN_READ_TRIES)
		return 0;
	if (tries == ROUNDS * WN_READ_TRIES)
		return -EAGAIN;
	err = wn_do(wn, &nop, NULL, &cqe);
	/* That this client may do no NOP was an answer, too; one whose ring is full gets none. */
	if (cqe.user_data)
		return 0;
	return err == -EBUSY ? -EAGAIN : (int)err;
}

/* --------------------------------------------------------------- look-up */

/* A record, if it is the child that is looked for. -EAGAIN: it is being written. */
static __s64 match(const struct wn *wn, __u32 index, __u64 parent, const char *name)
{
	const void *at = wn_public_record(wn, WN_AREA_NODES, index);
	struct wn_node_rec rec;
	int tries, err = -EAGAIN;

	if (!at)
		return 0;
	for (tries = 0; err && tries < WN_READ_TRIES; tries++)
		err = wn_record_try(at, &rec, sizeof(rec));
	if (err)
		return err;
	/* A root has no parent, so it matches nothing. */
	if (!rec.handle || rec.parent != parent || memcmp(rec.name, name, WN_NAME_BYTES))
		return 0;
	return (__s64)rec.handle;
}

/* One pass over the bucket: a handle, 0, or -EAGAIN. */
static __s64 search(const struct wn *wn, __u64 hash, __u64 parent, const char *name)
{
	const __u32 bits = wn->pub->name_bits, count = wn->pub->areas[WN_AREA_NAMES].count;
	const __u32 tag = (__u32)(hash >> 32) << bits;
	const struct wn_name_bucket *bucket;
	__s64 found;
	__u32 entry;
	int i;

	bucket = wn_public_record(wn, WN_AREA_NAMES, (__u32)hash & (count - 1));
	if (!bucket)
		return -EAGAIN;
	for (i = 0; i < WN_NAME_ENTRIES; i++) {
		entry = WN_LOAD_ACQUIRE(&bucket->entries[i]);
		if (!entry)
			return 0;
		if (entry >> bits << bits != tag)
			continue;
		found = match(wn, (entry & ((1U << bits) - 1)) - 1, parent, name);
		if (found)
			return found;
	}
	return 0;
}

static __s64 check_name(const char *name, char padded[WN_NAME_BYTES], size_t *len)
{
	*len = strnlen(name, WN_NAME_BYTES);
	if (*len > WN_NAME_MAX)
		return -ENAMETOOLONG;
	if (!*len || memchr(name, '/', *len) || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	memset(padded, 0, WN_NAME_BYTES);
	memcpy(padded, name, *len);
	return 0;
}

/* Whether the parent is there, as the engine would say it. */
static bool is_there(const struct wn *wn, __u64 node)
{
	const __u32 *rec = wn_public_record(wn, WN_AREA_NODES, wn_handle_index(node));
	struct wn_node_rec copy;
	int tries;

	for (tries = 0; rec && tries < WN_READ_TRIES; tries++)
		if (!wn_record_try(rec, &copy, offsetof(struct wn_node_rec, parent)))
			return copy.handle == node;
	return false;
}

WN_API __s64 wn_lookup(struct wn *wn, __u64 parent, const char *name)
{
	char padded[WN_NAME_BYTES];
	__u64 epoch, hash;
	__s64 found;
	size_t len;
	int tries;

	found = check_name(name, padded, &len);
	if (found)
		return found;
	if (!is_mapped(wn))
		return wn_find(wn, parent, name);
	parent = or_root(wn, parent);
	hash = name_hash(wn->pub, parent, padded, len);
	for (tries = 0; tries < WN_READ_TRIES; tries++) {
		epoch = wn_epoch(wn);
		found = search(wn, hash, parent, padded);
		if (found == -EAGAIN)
			continue;
		/* Below a destroyed node names stay until the engine reaches them. */
		if (parent != wn->pub->root && !is_there(wn, parent))
			found = -ESTALE;
		if (found && found != -ESTALE)
			return found;
		if (epoch & 1)
			continue;
		/* Nothing was written meanwhile: the acquires above keep this look behind them. */
		if (__atomic_load_n(&wn->pub->epoch, __ATOMIC_RELAXED) == epoch)
			return found ? found : -ENOENT;
	}
	return wn_find(wn, parent, name);
}

WN_API __s64 wn_path_lookup(struct wn *wn, __u64 start, const char *path)
{
	__s64 node = (__s64)start;
	char name[WN_NAME_BYTES];
	struct wn_node_rec rec;
	size_t len;
	int err;

	if (!*wn->alive)
		return -EOWNERDEAD;
	for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
		len = strcspn(path, "/");
		if (len > WN_NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, path, len);
		name[len] = 0;
		node = wn_lookup(wn, (__u64)node, name);
		if (WN_RES_IS_ERROR(node))
			return node;
		path += len;
	}
	if (node)
		return node;
	if (wn->pub && wn_public_is_there(wn))
		return (__s64)wn->pub->root;
	err = wn_node_read_slow(wn, 0, &rec);
	return err ? err : (__s64)rec.handle;
}

/* ------------------------------------------------------------------ lists */

/*
 * A list of a node's records was read whole if the domain's epoch was even before
 * and after, and the node's version the same: no change is half written out, and
 * none that was written meanwhile touched the list, for that counts the version up.
 */
struct look {
	__u64 epoch;
	struct wn_node_rec rec;
};

static int look_begin(const struct wn *wn, __u64 node, struct look *look)
{
	const void *at = wn_public_record(wn, WN_AREA_NODES, wn_handle_index(node));

	look->epoch = wn_epoch(wn);
	if (!at)
		return -ESTALE;
	if (look->epoch & 1 || wn_record_try(at, &look->rec, sizeof(look->rec)))
		return -EAGAIN;
	return look->rec.handle == node ? 0 : -ESTALE;
}

static bool look_ends_well(const struct wn *wn, __u64 node, const struct look *look)
{
	struct look now;
	int tries;

	if (__atomic_load_n(&wn->pub->epoch, __ATOMIC_RELAXED) == look->epoch)
		return true;
	for (tries = 0; tries < WN_READ_TRIES; tries++)
		if (!look_begin(wn, node, &now))
			return now.rec.version == look->rec.version;
	return false;
}

static int list_children(const struct wn *wn, __u64 node, __u32 at, unsigned int n,
			 __u64 *handles, unsigned int max)
{
	const struct wn_node_rec *from;
	struct wn_node_rec rec;
	unsigned int i;

	for (i = 0; i < n; i++) {
		from = wn_public_record(wn, WN_AREA_NODES, at);
		if (!from || wn_record_try(from, &rec, offsetof(struct wn_node_rec, created)))
			return -EAGAIN;
		if (rec.parent != node)
			return -EAGAIN;
		if (i < max)
			handles[i] = rec.handle;
		at = rec.next;
	}
	return (int)n;
}

WN_API int wn_children(struct wn *wn, __u64 node, __u64 *handles, unsigned int max)
{
	int tries, err, n = check_mapped(wn);
	struct look look;

	if (n)
		return n;
	node = or_root(wn, node);
	for (tries = 0; !(err = again(wn, tries)); tries++) {
		n = look_begin(wn, node, &look);
		if (n == -ESTALE)
			return not_found(wn, node);
		if (n)
			continue;
		n = list_children(wn, node, look.rec.first_child, look.rec.nr_children, handles,
				  max);
		if (n >= 0 && look_ends_well(wn, node, &look))
			return n;
	}
	return err;
}

/* The cell with that id among those of a node: its handle, 0, or -EAGAIN. */
static __s64 pick_cell(const struct wn *wn, const struct wn_node_rec *node, __u64 id)
{
	const struct wn_cell_rec *from;
	struct wn_cell_rec rec;
	__u32 at = node->first_cell, i;

	for (i = 0; i < node->nr_cells; i++) {
		from = wn_public_record(wn, WN_AREA_CELLS, at);
		if (!from || wn_record_try(from, &rec, offsetof(struct wn_cell_rec, bytes)))
			return -EAGAIN;
		if (rec.node != node->handle)
			return -EAGAIN;
		if (rec.id == id)
			return (__s64)rec.handle;
		at = rec.next;
	}
	return 0;
}

WN_API __s64 wn_cell_find(struct wn *wn, __u64 node, __u64 id)
{
	struct look look;
	__s64 found = check_mapped(wn);
	int tries, err;

	if (found)
		return found;
	node = or_root(wn, node);
	for (tries = 0; !(err = again(wn, tries)); tries++) {
		found = look_begin(wn, node, &look);
		if (found == -ESTALE)
			return not_found(wn, node);
		if (found)
			continue;
		found = pick_cell(wn, &look.rec, id);
		if (found != -EAGAIN && look_ends_well(wn, node, &look))
			return found ? found : -ENOENT;
	}
	return err;
}

/* ----------------------------------------------------------------- values */

/* The sum of the slots that hang on a cell; false: what led there was torn. */
static bool sum_slots(const struct wn *wn, __u32 name, __u64 *sum)
{
	const struct wn_area *area = &wn->pub->areas[WN_AREA_SLOTS];
	const struct wn_slot_line *lines;
	__u32 n, client, slot;

	*sum = 0;
	for (n = 0; name; n++) {
		client = (name - 1) >> 16;
		slot = (name - 1) & 0xffff;
		lines = wn_public_record(wn, WN_AREA_SLOTS, client);
		/* A list that is longer than there are clients goes in a circle. */
		if (!lines || n == area->count ||
		    slot >= area->stride / sizeof(*lines) * WN_SLOT_LINE ||
		    (client + 1) * wn->slot_bytes > wn->all_slots_bytes ||
		    (slot + 1) * sizeof(__u64) > wn->slot_bytes)
			return false;
		*sum += WN_LOAD_ACQUIRE(&wn->all_slots[client * (wn->slot_bytes / 8) + slot]);
		name = WN_LOAD_ACQUIRE(&lines[slot / WN_SLOT_LINE].next[slot % WN_SLOT_LINE]);
	}
	return true;
}

static int value_of(const struct wn_cell_rec *rec, __u64 slots, __u64 *value)
{
	switch (rec->type) {
	case WN_CELL_GCOUNTER:
	case WN_CELL_PNCOUNTER:
		*value = rec->value + slots;
		return 0;
	case WN_CELL_ESCROW:
		*value = rec->value - slots;
		/* Others' news can show less than is spent already. */
		if (*value >> 63)
			*value = 0;
		return 0;
	}
	return -EINVAL;
}

/* Record and slots as they were at one moment: 0, or -EAGAIN. */
static int try_counter(const struct wn *wn, const struct wn_cell_rec *at, struct wn_cell_rec *rec,
		       __u64 *slots)
{
	const struct wn_cell_slots *list = (const void *)rec->bytes;

	*slots = 0;
	if (wn_record_try(at, rec, sizeof(*rec)))
		return -EAGAIN;
	/* What bytes are depends on the type. */
	if (!rec->nr_slots || !wn->all_slots ||
	    (rec->type != WN_CELL_GCOUNTER && rec->type != WN_CELL_PNCOUNTER &&
	     rec->type != WN_CELL_ESCROW))
		return 0;
	if (!sum_slots(wn, list->first, slots))
		return -EAGAIN;
	/* The same seq still: list, slots and record belong together. */
	return __atomic_load_n(&at->seq, __ATOMIC_RELAXED) == rec->seq ? 0 : -EAGAIN;
}

WN_API int wn_counter_read(struct wn *wn, __u64 node, __u64 cell, __u64 *value)
{
	const struct wn_cell_rec *at = wn_public_record(wn, WN_AREA_CELLS, wn_handle_index(cell));
	struct wn_cell_rec rec;
	int tries, err = -EAGAIN;
	__u64 slots = 0;

	/*
	 * Our own add must not be seen by us before the engine can see it, who folds the
	 * slot at this moment, perhaps.
	 */
	if (wn->attached)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (tries = 0; at && err == -EAGAIN; tries++) {
		err = again(wn, tries);
		if (err)
			return err;
		err = try_counter(wn, at, &rec, &slots);
	}
	if (!at)
		err = wn_cell_read_slow(wn, node, cell, &rec);
	if (err)
		return err;
	if (at && (!cell || rec.handle != cell || rec.node != or_root(wn, node)))
		return not_found(wn, node);
	if (rec.nr_slots && (!at || !wn->all_slots))
		return -ENXIO;
	return value_of(&rec, slots, value);
}

WN_API int wn_lww_read(struct wn *wn, __u64 node, __u64 cell, void *value, unsigned int size,
		       __u64 *hlc)
{
	struct wn_cell_rec rec;
	__s64 res = wn_cell_read(wn, node, cell, &rec);

	if (res)
		return (int)res;
	if (rec.type != WN_CELL_LWW)
		return -EINVAL;
	if (hlc)
		*hlc = rec.value;
	if (rec.len > WN_CELL_INLINE)
		return (int)wn_cell_fetch(wn, node, cell, WN_CELL_READ_VALUE, value, size,
					  WN_CELL_BYTES_MAX);
	memcpy(value, rec.bytes, size < rec.len ? size : rec.len);
	return rec.len;
}
